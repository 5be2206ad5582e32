"""Adding a process as CONTRIBUTING.md describes, with an example process: no other change is needed.

An NBD in which a share of the customers leaves right after the first purchase and the others never leave: with omega
as the odds of leaving, L = (omega [x = 0] + NBD(x, T)) / (1 + omega).
"""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma, gammaln

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.estimators import persistence
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.processes import catalog
from clvmodels.processes.blocks import PURCHASE_RATE, PositiveBlock
from clvmodels.processes.contract import Future, History, PurchaseProcess, Score
from clvmodels.processes.coordinates import Parametrization

# ---- clvmodels/processes/tourist_nbd.py --------------------------------------------------------------------


class Parameters(NamedTuple):
    r: np.ndarray
    alpha: np.ndarray
    omega: np.ndarray


def log_active(p, x, T):
    counts = gammaln(p.r + x) - gammaln(p.r) + p.r * np.log(p.alpha) - (p.r + x) * np.log(p.alpha + T)
    return counts - np.log1p(p.omega)


def log_gone(p, x):
    return np.where(x == 0, -np.log1p(1 / p.omega), -np.inf)


def log_likelihood(p, x, T):
    return np.logaddexp(log_active(p, x, T), log_gone(p, x))


def probability_alive(p, x, T):
    return np.exp(log_active(p, x, T) - log_likelihood(p, x, T))


def score(p, x, T):
    alive = probability_alive(p, x, T)
    by_log_r = alive * p.r * (digamma(p.r + x) - digamma(p.r) + np.log(p.alpha / (p.alpha + T)))
    by_log_alpha = alive * (p.r - p.alpha * (p.r + x) / (p.alpha + T))
    by_log_omega = 1 / (1 + p.omega) - alive  # all of those who certainly left; of the others, those who may have
    slopes = np.broadcast_arrays(by_log_r, by_log_alpha, by_log_omega)
    return Score(log_likelihood(p, x, T), np.stack(slopes))


def starts(x, T):
    rate = max(np.sum(x), 0.5) / max(np.sum(T), 1e-300)
    return [Parameters(*map(np.float64, (r, r / rate / (1 + odds), odds))) for r, odds in ((0.5, 0.1), (2.0, 1.0))]


def posterior_means(p, x, T):
    alive = probability_alive(p, x, T)
    rate = alive * (p.r + x) / (p.alpha + T) + (1 - alive) * p.r / p.alpha
    return {"purchase_rate": rate, "dropout_probability": 1 - alive}


def like(*values):
    return np.broadcast_shapes(*map(np.shape, values))


def survival_if_active(p, h, x, T):
    return np.ones(like(*p, h, x, T))


def purchases_if_active(p, h, x, T):
    return (p.r + x) / (p.alpha + T) * h + np.zeros(like(*p))


def discounted_if_active(p, h, delta, x, T):
    return purchases_if_active(p, h if delta == 0 else -np.expm1(-delta * h) / delta, x, T)


def residual_if_active(p, x, T):
    return np.full(like(*p, x, T), np.inf)


def intensity_if_active(p, tau, x, T):
    return purchases_if_active(p, np.ones(np.shape(tau)), x, T)


def pmf_if_active(p, k, h, x, T):
    shape, z = p.r + x, h / (p.alpha + T)
    chosen = gammaln(shape + k) - gammaln(shape) - gammaln(np.add(k, 1.0)) - shape * np.log1p(z)
    share = np.where(z > 0, z / (1 + z), 0.0)
    return np.exp(chosen) * share**k + np.zeros(like(*p))


def sample_if_active(p, h, delta, x, T, active, generator):
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, active.shape)) / (p.alpha + T)
    count = generator.poisson(rate * h * active)
    who = np.repeat(np.arange(count.size), count.ravel())
    worth = np.bincount(who, np.exp(-delta * h * generator.random(who.size)), minlength=count.size)
    return Future(count.astype(float), worth.reshape(count.shape))


def simulate(p, T, generator):
    active = generator.random(len(T)) < 1 / (1 + p.omega)
    x = generator.poisson(generator.gamma(p.r, size=len(T)) / p.alpha * T * active)
    who = np.repeat(np.arange(len(T)), x)
    time = T[who] * generator.random(who.size)
    t_x = np.zeros(len(T))
    np.maximum.at(t_x, who, time)
    return History(x.astype(float), t_x, active, who, time)


def quantities(p):
    return {
        "mean purchase rate": p.r / p.alpha,
        "median time between purchases": p.alpha * np.expm1(np.log(2) / p.r),
        "mean dropout probability": p.omega / (1 + p.omega),
    }


PROCESS = PurchaseProcess(
    name="tourist_nbd",
    title="Tourist/NBD",
    source="tests of clvmodels",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            PURCHASE_RATE,
            PositiveBlock("omega", too_low="fit-no-dropout-nbd", too_high="fit-dropout-at-once-or-never"),
        ),
        unit_powers={"alpha": 1},
    ),
    statistics=("frequency", "T"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    state=("frequency", "T"),
    probability_alive=probability_alive,
    survival_if_active=survival_if_active,
    purchases_if_active=purchases_if_active,
    discounted_if_active=discounted_if_active,
    residual_if_active=residual_if_active,
    intensity_if_active=intensity_if_active,
    pmf_if_active=pmf_if_active,
    sample_if_active=sample_if_active,
    posterior_means=posterior_means,
    simulate=simulate,
    quantities=quantities,
    quantity_powers={
        "mean purchase rate": -1,
        "median time between purchases": 1,
        "mean dropout probability": 0,
    },
    moves={"purchase": ("log mean purchase rate", 1.0), "dropout": ("log omega", 1.0)},
)

# ---- clvmodels/estimators/purchases.py ---------------------------------------------------------------------


class TouristNBD(PurchaseModel):
    plain: ClassVar[PurchaseProcess] = PROCESS


# ---- what works without further code -----------------------------------------------------------------------


def covers_process(mark):
    """Return whether a mark runs a test for the new process; a value can be wrapped with marks of its own."""
    values = mark.args[1] if mark.name == "parametrize" else []
    return any(PROCESS in value.values if hasattr(value, "marks") else value is PROCESS for value in values)


def properties():
    """Return the tests of test_properties.py that discover the process in the registry."""
    spec = importlib.util.spec_from_file_location(
        "properties_of_one_more", Path(__file__).parent / "test_properties.py"
    )
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(catalog.PURCHASE_PROCESSES, PROCESS.name, PROCESS)
        spec.loader.exec_module(module)
        tests = [test for name, test in vars(module).items() if name.startswith("test_")]
        return [test for test in tests if any(map(covers_process, getattr(test, "pytestmark", [])))]


@pytest.fixture
def registered(monkeypatch):
    """Register the process, and the class under which persistence loads its models."""
    monkeypatch.setitem(catalog.PURCHASE_PROCESSES, PROCESS.name, PROCESS)
    monkeypatch.setitem(persistence.PURCHASE_MODELS, PROCESS.name, TouristNBD)


TRUTH = {"r": 1.2, "alpha": 6.0, "omega": 0.5}
UNTIL = {"calibration_end": "2021-06-30", "holdout_end": "2021-12-31"}


@pytest.fixture
def log(registered):
    spend = {"p": 6.0, "q": 4.0, "v": 15.0}
    return clv.simulate_log(4_000, TRUTH, spend, process="tourist_nbd", last_arrival="2020-12-31", random_state=3)


@pytest.fixture
def split(log):
    return clv.holdout_split(log, amount="amount", time_unit="week", **UNTIL)


@pytest.mark.slow
@pytest.mark.parametrize("test", properties(), ids=lambda test: test.__name__)
def test_it_has_the_properties_of_every_process(test):
    test(process=PROCESS)


@pytest.mark.slow
def test_a_fit_recovers_the_parameters_of_a_simulated_log(split):
    summary = TouristNBD().fit(split.calibration).summary()
    errors = summary["standard_error"]
    assert np.all(np.abs(summary["estimate"] - list(TRUTH.values())) < 5 * errors)
    assert list(summary["unit"]) == ["", "weeks", ""]


@pytest.mark.slow
def test_predictions_have_intervals_and_customers_have_a_value(split):
    rfm = split.calibration
    purchases, spend = TouristNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    each = purchases.expected_purchases(rfm, "184 days", interval=0.9)
    total = purchases.expected_purchases(rfm, "184 days", interval=0.9, by="total", total_interval="model")
    alive = purchases.probability_alive(rfm, interval=0.9)
    inside = each["expected_purchases_lower"].le(split.purchases) & each["expected_purchases_upper"].ge(split.purchases)
    assert inside.mean() > 0.9  # counts are whole numbers, so intervals cover more than their nominal share
    assert total["expected_purchases_lower"][0] < np.sum(split.purchases) < total["expected_purchases_upper"][0]
    assert np.all(alive["probability_alive_lower"] <= alive["probability_alive"])
    value = clv.lifetime_value(purchases, spend, rfm, horizon="12 months", annual_discount_rate=0.1, margin=0.3)
    assert np.all(np.isfinite(value["lifetime_value"]) & (value["lifetime_value"] > 0))
    near = purchases.discounted_purchases(rfm, "12 months", 0.1)["discounted_purchases"]
    assert np.all(purchases.dert(rfm, 0.1)["dert"] > near)
    units = purchases.quantities(rfm)["unit"]
    assert units["median time between purchases"] == "weeks"
    assert units["mean purchase rate"] == "per week"
    assert units["mean dropout probability"] == ""


@pytest.mark.slow
def test_a_loaded_model_predicts_the_same(split, tmp_path):
    rfm = split.calibration
    model = clv.CustomerModel(TouristNBD(), clv.GammaGamma()).fit(rfm)
    model.save(tmp_path / "model.json")
    again = clv.load(tmp_path / "model.json")
    assert isinstance(again.purchases, TouristNBD)
    assert again.probability_alive(rfm).equals(model.probability_alive(rfm))


@pytest.mark.acceptance
def test_validation_report_and_comparison_include_it(split, tmp_path):
    check = clv.validate(split, [TouristNBD()], clv.GammaGamma())
    bias = check.scores.set_index("forecaster").loc[TouristNBD().process.name, "bias"]
    assert abs(bias) < 0.1
    clv.write_report(check, tmp_path / "report.html")
    assert "Tourist/NBD" in (tmp_path / "report.html").read_text(encoding="utf-8")
    comparison = clv.compare(split, [clv.NBD(), TouristNBD(), clv.BGNBD()])
    assert comparison.table["title"][0] == "Tourist/NBD"
    assert "Customers drop out" in comparison.text


@pytest.mark.slow
def test_covariates_and_groups_improve_the_likelihood(split):
    rfm = split.calibration
    late = (np.median(rfm.T) > rfm.T).astype(float)
    rfm = rfm.with_columns(pd.DataFrame({"customer_id": rfm.customer_id.to_numpy(), "late": late}))
    shifted = TouristNBD(purchase="late", dropout="late").fit(rfm)
    grouped = TouristNBD(by="late", smallest_group=100).fit(rfm)
    whole = TouristNBD().fit(rfm)
    assert whole.fit_.log_likelihood < shifted.fit_.log_likelihood < grouped.fit_.log_likelihood
    assert shifted.probability_alive(rfm)["probability_alive"].between(0, 1).all()


@pytest.mark.slow
def test_the_command_line_accepts_its_name(log, tmp_path, monkeypatch):
    log.to_csv(tmp_path / "log.csv", index=False)
    table = tmp_path / "table.csv"
    words = ["clv", "compare", str(tmp_path / "log.csv"), "--models", "nbd,tourist_nbd", "--output", str(table)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    assert "Tourist/NBD" in table.read_text(encoding="utf-8")


def test_the_page_is_short_and_names_every_field():
    contributing = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    page = contributing.split("\n### A process\n")[1].split("\n### ")[0]
    assert page.count("\n") + 1 <= 60
    missing = [field.name for field in fields(PurchaseProcess) if f"`{field.name}`" not in page]
    assert missing == []

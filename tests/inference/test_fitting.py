"""Fits compared with published estimates and other software, and in regimes where others stop early or overflow."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.errors import FitFailed
from clvmodels.estimators.purchases import BGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.inference import fitting, objective
from clvmodels.inference.fitting import maximize
from clvmodels.inference.statistics import unique_rows
from clvmodels.processes import threads
from clvmodels.processes.bgnbd import PROCESS, Parameters
from clvmodels.processes.contract import Score
from clvmodels.processes.gamma_gamma import PROCESS as GAMMA_GAMMA
from clvmodels.transactions.summary import RFM, rfm_summary

REFERENCES = Path(__file__).parents[1] / "references"
BGNBD_REFERENCE, SPEND_REFERENCE, APPAREL = (
    json.loads((REFERENCES / f"{name}.json").read_text("utf-8"))
    for name in ("cdnow_bgnbd", "cdnow_gamma_gamma", "apparel_bgnbd_gamma_gamma")
)
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))


def cdnow(observation_end="1997-09-30", time_unit="week", log=None):
    log = load_cdnow(sample=True) if log is None else log
    return rfm_summary(log, amount="amount", time_unit=time_unit, observation_end=observation_end)


@pytest.fixture(scope="module")
def rfm():
    return cdnow()


@pytest.fixture(scope="module")
def fitted(rfm):
    return BGNBD().fit(rfm)


@pytest.fixture(scope="module")
def spend(rfm):
    return GammaGamma().fit(rfm)


@pytest.fixture(scope="module")
def apparel():
    path = SHARED_DATA / "clvtools_apparel_trans.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    columns = {"customer_id": "Id", "date": "Date", "amount": "Price"}
    return rfm_summary(pd.read_csv(path), **columns, time_unit="week", observation_end="2006-12-31")


# ---- published estimates -----------------------------------------------------------------------------------


def agrees(model, reference):
    """Compare parameters, log-likelihood and standard errors with the polished maximum of other software."""
    # The other optimizer stops on a flat top: up to 1e-5 of a standard error in the parameters, nothing in the value.
    assert model.parameters_ == pytest.approx(reference["polished_parameters"], rel=3e-5)
    assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-7)
    # Those of the reference are from finite differences of the value, slightly off the maximum.
    assert model.summary()["standard_error"].to_dict() == pytest.approx(reference["standard_errors"], rel=2e-4)
    return True


def test_bgnbd_on_cdnow(fitted):
    # Fader, Hardie & Lee (2005), Table 2: printed to three decimals, the log-likelihood to one.
    paper = BGNBD_REFERENCE["fader_hardie_lee_2005"]
    assert fitted.parameters_ == pytest.approx(paper["parameters"], abs=5e-4)
    assert fitted.fit_.log_likelihood == pytest.approx(paper["log_likelihood"], abs=0.05)
    # CLVTools' own tests: seven decimals, from a search that stopped 1e-5 standard errors away.
    assert fitted.parameters_ == pytest.approx(paper["finer_parameters"], rel=2e-5)
    assert fitted.fit_.log_likelihood == pytest.approx(paper["finer_log_likelihood"], abs=5e-4)
    assert agrees(fitted, BGNBD_REFERENCE["clvtools_to_1997_09_30"])
    assert fitted.fit_.status == "converged"


def test_the_covariance_on_cdnow(fitted):
    estimate = np.array(list(fitted.parameters_.values()))
    covariance = fitted.fit_.covariance * np.outer(estimate, estimate)
    # As for the standard errors; covariances of nearly independent parameters are small relative to those.
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert covariance / scale == pytest.approx(
        np.array(BGNBD_REFERENCE["clvtools_to_1997_09_30"]["covariance"]) / scale, abs=1e-4
    )


def test_criteria_on_cdnow(fitted):
    reference = BGNBD_REFERENCE["clvtools_to_1997_09_30"]
    assert fitted.fit_.aic == pytest.approx(reference["aic"], abs=1e-5)
    assert fitted.fit_.bic == pytest.approx(reference["bic"], abs=1e-5)


def test_bgnbd_on_cdnow_after_37_weeks():
    reference = BGNBD_REFERENCE["clvtools_37_weeks"]
    assert agrees(BGNBD().fit(cdnow(reference["observation_end"])), reference)


def test_gamma_gamma_on_cdnow(spend):
    # lifetimes' and CLVTools' tests: two decimals, the log-likelihood four.
    published = SPEND_REFERENCE["published"]
    assert spend.parameters_ == pytest.approx(published["parameters"], abs=5e-3)
    assert spend.fit_.log_likelihood == pytest.approx(published["log_likelihood"], abs=5e-5)
    assert agrees(spend, SPEND_REFERENCE["clvtools_to_1997_09_30"])
    assert spend.fit_.customers == 946
    assert spend.fit_.status == "converged"


def test_gamma_gamma_on_cdnow_after_37_weeks():
    assert agrees(GammaGamma().fit(cdnow("1997-09-17")), SPEND_REFERENCE["clvtools_37_weeks"])


@pytest.mark.shared_data
def test_bgnbd_on_apparel(apparel):
    reference = APPAREL["bgnbd"]
    model = BGNBD().fit(apparel)
    assert agrees(model, reference)
    first = np.searchsorted(apparel.customer_id.to_numpy(), reference["customer_id"])
    # Parameters 2e-5 apart give predictions about as far apart.
    alive = model.probability_alive(apparel)["probability_alive"].to_numpy()
    assert alive[first] == pytest.approx(reference["probability_alive"], rel=2e-5)
    expected = model.expected_purchases(apparel, reference["horizon_weeks"])["expected_purchases"].to_numpy()
    assert expected[first] == pytest.approx(reference["expected_purchases"], rel=2e-5)
    assert expected.sum() == pytest.approx(reference["total_expected_purchases"], rel=2e-5)


@pytest.mark.shared_data
def test_gamma_gamma_on_apparel(apparel):
    reference = APPAREL["gamma_gamma"]
    model = GammaGamma().fit(apparel)
    assert agrees(model, reference)
    first = np.searchsorted(apparel.customer_id.to_numpy(), reference["customer_id"])
    expected = model.expected_spend(apparel)["expected_spend"].to_numpy()
    assert expected[first] == pytest.approx(reference["expected_spend"], rel=2e-5)


# ---- the certificate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["fitted", "spend"])
def test_the_certificate_can_be_checked(which, request, rfm):
    """Gradient and Hessian at the maximum by differences of the log-likelihood itself, to fourth order."""
    model = request.getfixturevalue(which)
    fit, form, process = model.fit_, model.process.parametrization, model.process
    rows = (
        unique_rows([rfm.frequency, rfm.recency, rfm.T])
        if which == "fitted"
        else unique_rows([rfm.monetary_count[rfm.frequency > 0], rfm.monetary_value[rfm.frequency > 0]])
    )

    def value(u):
        p = process.Parameters(*form.parameters_at(u, fit.unit))
        return float(np.sum(rows.counts * process.log_likelihood(p, *rows.columns)))

    u, k, step = fit.coordinates, len(fit.coordinates), 5e-3
    unit = np.eye(k) * step
    assert value(u) == pytest.approx(fit.log_likelihood, rel=1e-13)
    for i in range(k):
        slopes = [(value(u + m * unit[i]) - value(u - m * unit[i])) / (2 * m * step) for m in (1, 2)]
        # Rounding of a value of 1e4 over the step, 1e-9, and the fifth derivative times step^4, 1e-6.
        assert (4 * slopes[0] - slopes[1]) / 3 == pytest.approx(0, abs=1e-5)
        for j in range(i + 1):
            bends = []
            for m in (1, 2):
                ahead, across = m * unit[i], m * unit[j]
                corners = value(u + ahead + across) - value(u + ahead - across)
                corners -= value(u - ahead + across) - value(u - ahead - across)
                bends.append(corners / (4 * (m * step) ** 2))
            expected = (4 * bends[0] - bends[1]) / 3
            # The same, over the square of the step: 1e-7 and 1e-4, of entries of 10 to 1,000.
            # The fit differences its scores at a step of 2e-6, which is good to about as much of its entries.
            assert fit.hessian[i, j] == pytest.approx(expected, rel=2e-5, abs=1e-3)
    assert np.array_equal(fit.hessian, fit.hessian.T)
    assert fit.definite
    assert np.all(np.linalg.eigvalsh(fit.hessian) < 0)
    assert fit.gradient_norm < 1e-6


def test_the_covariance_is_the_inverse_hessian_in_logarithms(fitted):
    fit, form = fitted.fit_, PROCESS.parametrization
    jacobian = form.jacobian(fit.coordinates)
    in_logs = np.linalg.inv(jacobian).T @ fit.hessian @ np.linalg.inv(jacobian)
    assert fit.covariance @ -in_logs == pytest.approx(np.eye(4), abs=1e-9)


def test_parameters_match_the_coordinates(fitted):
    fit, form = fitted.fit_, PROCESS.parametrization
    logs = form.to_logs(fit.coordinates) + form.log_scale(fit.unit)
    assert list(fit.parameters.values()) == pytest.approx(np.exp(logs), rel=1e-14)


# ---- what must not matter ----------------------------------------------------------------------------------


def same_fit(one, other, scaled=()):
    # Both fits stop within 1e-6 standard errors of the maximum.
    for name, value in one.parameters_.items():
        assert other.parameters_[name] == pytest.approx(value * dict(scaled).get(name, 1), rel=1e-6)
    assert other.summary()["standard_error"].drop([n for n, _ in scaled]).to_numpy() == pytest.approx(
        one.summary()["standard_error"].drop([n for n, _ in scaled]).to_numpy(), rel=1e-5
    )
    return True


@pytest.mark.slow
def test_days_and_weeks_give_the_same_fit(fitted, rfm):
    daily = cdnow(time_unit="day")
    days = BGNBD().fit(daily)
    assert same_fit(fitted, days, [("alpha", 7)])
    x = rfm.frequency.sum()
    assert days.fit_.log_likelihood == pytest.approx(fitted.fit_.log_likelihood - x * np.log(7), abs=1e-8)
    for horizon in ("39 weeks", "12 months"):
        weekly = fitted.expected_purchases(rfm, horizon)["expected_purchases"].to_numpy()
        assert days.expected_purchases(daily, horizon)["expected_purchases"].to_numpy() == pytest.approx(
            weekly, rel=1e-6
        )


@pytest.mark.slow
def test_cents_and_dollars_give_the_same_fit(spend, rfm):
    log = load_cdnow(sample=True)
    cents = cdnow(log=log.assign(amount=(log["amount"] * 100).round()))
    other = GammaGamma().fit(cents)
    assert same_fit(spend, other, [("v", 100)])
    expected = spend.expected_spend(rfm)["expected_spend"].to_numpy()
    assert other.expected_spend(cents)["expected_spend"].to_numpy() == pytest.approx(100 * expected, rel=1e-6)


def test_the_order_of_rows_does_not_matter(fitted, rfm):
    shuffled = rfm[np.random.default_rng(0).permutation(len(rfm))]
    other = BGNBD().fit(shuffled)
    assert other.parameters_ == fitted.parameters_
    assert np.array_equal(other.fit_.hessian, fitted.fit_.hessian)
    assert other.fit_.fingerprint == fitted.fit_.fingerprint


@pytest.mark.slow
def test_threads_and_repetition_do_not_matter(rfm, monkeypatch):
    monkeypatch.setattr(objective, "BLOCK", 200)
    fits = []
    for processors in (1, 2, 5, 2):
        monkeypatch.setattr(threads, "PROCESSORS", processors)
        monkeypatch.setattr(threads, "_helpers", cache(threads._Helpers))
        fits.append(BGNBD().fit(rfm).fit_)
    for fit in fits[1:]:
        assert fit.parameters == fits[0].parameters
        assert np.array_equal(fit.covariance, fits[0].covariance)


def test_a_search_on_a_sample_ends_at_the_maximum_of_all_rows(fitted, rfm, monkeypatch):
    monkeypatch.setattr(fitting, "SEARCH_ROWS", 100)
    assert same_fit(fitted, BGNBD().fit(rfm))


# ---- regimes -----------------------------------------------------------------------------------------------


def drawn(p, n, T, seed=0):
    generator = np.random.default_rng(seed)
    ages = np.round(T * generator.uniform(0.5, 1, n), 3)
    history = PROCESS.simulate(Parameters(*map(np.float64, p)), ages, generator)
    return history.x, history.t_x, ages


def one_timers():
    return np.zeros(500), np.zeros(500), np.linspace(20, 40, 500)


def no_dropout():
    """Purchases at gamma-distributed rates by customers who all bought on the last day."""
    generator = np.random.default_rng(1)
    T = np.linspace(30, 60, 2000)
    x = generator.poisson(generator.gamma(0.8, 1 / 5, 2000) * T).astype(float)
    return x, np.where(x > 0, T, 0.0), T


def like_clockwork():
    return np.full(300, 10.0), np.full(300, 38.0), np.full(300, 40.0)


def gone_at_once():
    """No customer has more than one repeat purchase in a long period."""
    x = (np.arange(900) % 3 > 0).astype(float)
    return x, np.where(x > 0, 0.1 + np.arange(900) % 10, 0.0), np.full(900, 50.0)


def all_or_nothing():
    """Two in five drop out at their first repeat purchase, the others never: only the most extreme Beta has this."""
    generator = np.random.default_rng(4)
    n, T = 2000, 60.0
    x = generator.poisson(0.3 * T, n).astype(float)
    t_x = np.where(x > 0, T * generator.beta(np.maximum(x, 1), 1), 0.0)
    leaves = (generator.random(n) < 0.4) & (x > 0)
    return np.where(leaves, 1.0, x), np.where(leaves, generator.uniform(0.1, 6, n), t_x), np.full(n, T)


# Each regime with the beginnings of the findings it must end with; none where it converges.
REGIMES = {
    "one-timers only": (one_timers(), ["there are no repeat purchases", "the data do not identify log r"]),
    "x in the thousands": (drawn((2.0, 0.02, 0.5, 400.0), 800, 100.0), []),
    "no dropout": (no_dropout(), ["no dropout is visible", "the data do not identify log (a + b)"]),
    "fast dropout": (drawn((2.0, 2.0, 20.0, 2.0), 3000, 60.0), []),
    "50 customers": (drawn((0.24, 4.4, 0.79, 2.4), 50, 39.0), []),
    "20 years": (drawn((0.24, 4.4, 0.79, 2.4), 3000, 1043.0), []),
    "like clockwork": (
        like_clockwork(),
        ["all customers buy at the same rate", "no dropout is visible", "the data do not identify"],
    ),
    "gone at once": (gone_at_once(), ["every customer drops out", "the data do not identify log (a + b)"]),
    "all or nothing": (all_or_nothing(), ["each customer drops out immediately or never"]),
    "one customer": (
        (np.array([3.0]), np.array([7.0]), np.array([20.0])),
        ["all customers buy at the same rate", "all customers are equally likely to drop out"],
    ),
    "one customer who bought once": (
        (np.zeros(1), np.zeros(1), np.array([20.0])),
        ["there are no repeat purchases", "the data do not identify"],
    ),
    "most just arrived": (
        (np.repeat([0.0, 1.0], [990, 10]), np.repeat([0.0, 3.0], [990, 10]), np.repeat([0.0, 5.0], [990, 10])),
        ["all customers buy at the same rate", "every customer drops out", "the data do not identify"],
    ),
}
each_regime = pytest.mark.parametrize("name", REGIMES)


def fit_regime(name):
    columns, starts = REGIMES[name]
    return maximize(PROCESS, unique_rows(columns), float(np.mean(columns[2]))), columns, starts


@pytest.mark.slow
@each_regime
def test_a_fit_converges_or_reports_its_boundary(name):
    fit, _, starts = fit_regime(name)
    assert fit.status == ("boundary" if starts else "converged")
    if starts:
        assert all(finding.severity == "caution" for finding in fit.findings)
        assert len(fit.findings) == len(starts), fit.message
        for finding, start in zip(fit.findings, starts, strict=True):
            assert finding.text.startswith(start), fit.message
    else:
        assert [finding.code for finding in fit.findings] == ["fit-converged"]
    assert fit.definite
    assert np.all(np.isfinite(fit.covariance))
    assert np.all(np.isfinite(list(fit.parameters.values())))


@pytest.mark.acceptance
@pytest.mark.slow
@each_regime
def test_no_other_start_finds_a_higher_maximum(name):
    """The maximum is compared with that of a simple search from 12 random starts."""
    fit, columns, _ = fit_regime(name)
    rows, form = unique_rows(columns), PROCESS.parametrization
    lower = [-np.inf if c.lower.at is None else c.lower.at for c in form.coordinates]
    upper = [60.0 if c.upper.at is None else c.upper.at for c in form.coordinates]
    generator = np.random.default_rng(0)

    def descend(u):
        p = Parameters(*form.parameters_at(u, fit.unit))
        value, gradient = PROCESS.score(p, *rows.columns)
        return -np.sum(rows.counts * value), -np.sum(rows.counts * gradient, axis=1) @ form.jacobian(u)

    best = np.inf
    for _ in range(12):
        start = generator.uniform([-4, -3, -6, -6], [4, 6, 6, 6])
        with np.errstate(over="ignore", invalid="ignore"):
            result = minimize(descend, start, jac=True, method="L-BFGS-B", bounds=list(zip(lower, upper, strict=True)))
        best = min(best, result.fun)
    # A boundary may cost search.INDISTINGUISHABLE for each coordinate moved to it.
    assert fit.log_likelihood >= -best - 0.04


@pytest.mark.slow
@each_regime
def test_predictions_are_finite_in_every_regime(name):
    fit, columns, _ = fit_regime(name)
    p = Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    for h in (1.0, 52.0, 5218.0):
        expected = PROCESS.expected_purchases(p, h, *columns)
        discounted = PROCESS.discounted_purchases(p, h, 0.1 / 52, *columns)
        assert np.all(np.isfinite(expected) & (expected >= 0))
        assert np.all(np.isfinite(discounted) & (discounted <= expected * (1 + 1e-9)))
    alive = PROCESS.probability_alive(p, *columns)
    assert np.all((alive >= 0) & (alive <= 1))


@pytest.mark.slow
def test_predictions_at_a_boundary_equal_those_of_the_simpler_model():
    """Without dropout, an NBD customer buys (r + x)/(alpha + T) times per week; without repeat purchases, never."""
    fit, (x, t_x, T), _ = fit_regime("no dropout")
    p = Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    # a/(a + b) ends at 1e-7, which costs that share of up to 60 purchases already made and 5 to come.
    assert PROCESS.expected_purchases(p, 10.0, x, t_x, T) == pytest.approx((p.r + x) / (p.alpha + T) * 10, rel=1e-4)
    assert PROCESS.probability_alive(p, x, t_x, T) == pytest.approx(np.ones(len(x)), abs=1e-6)
    fit, (x, t_x, T), _ = fit_regime("one-timers only")
    p = Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    assert np.all(PROCESS.expected_purchases(p, 52.0, x, t_x, T) < 1e-5)


@pytest.mark.slow
def test_the_unit_of_time_does_not_matter_at_a_boundary():
    for name in REGIMES:
        fit, (x, t_x, T), _ = fit_regime(name)
        other = maximize(PROCESS, unique_rows([x, t_x * 7, T * 7]), float(np.mean(T * 7)))
        assert other.findings == fit.findings, name
        for key, value in fit.parameters.items():
            # With fifty customers or fewer the likelihood is so flat that a search ends within 1e-4 standard errors.
            assert other.parameters[key] == pytest.approx(value * (7 if key == "alpha" else 1), rel=1e-3), (name, key)


@pytest.mark.slow
def test_parameters_that_are_not_estimated_have_no_standard_error():
    x, t_x, T = REGIMES["no dropout"][0]
    frame = pd.DataFrame({"customer_id": range(len(x)), "frequency": x.astype(int), "recency": t_x, "T": T})
    model = BGNBD().fit(RFM.from_frame(frame, time_unit="week"))
    table = model.summary()
    assert model.fit_.status == "boundary"
    assert "predictions equal those of the NBD model" in model.fit_.message
    assert np.all(np.isfinite(table.loc[["r", "alpha"]].drop(columns="unit").astype(float)))
    assert table.loc[["a", "b"], ["standard_error", "lower", "upper"]].isna().all(axis=None)
    assert np.all(np.isfinite(table["estimate"]))
    # Two parameters were estimated.
    assert model.fit_.aic == pytest.approx(4 - 2 * model.fit_.log_likelihood)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mean", "code"),
    [
        (np.full(200, 20.0), "fit-spend-equal"),
        (np.exp(np.random.default_rng(2).normal(3, 1, 200)), None),
        (np.array([12.5]), "fit-spend-equal"),
    ],
    ids=["all spend the same", "usual", "one customer"],
)
def test_regimes_of_spend(mean, code):
    count = 1.0 + np.arange(len(mean)) % 5
    fit = maximize(GAMMA_GAMMA, unique_rows([count, mean]), float(np.median(mean)))
    assert fit.status == ("converged" if code is None else "boundary")
    assert (code or "fit-converged") in [finding.code for finding in fit.findings]
    assert np.all(np.isfinite(fit.covariance))
    p = GAMMA_GAMMA.Parameters(**{key: np.float64(value) for key, value in fit.parameters.items()})
    assert np.all(np.isfinite(GAMMA_GAMMA.median_spend(p, count, mean)))
    assert np.all(GAMMA_GAMMA.expected_spend(p, count, mean) > 0)


# ---- failure -----------------------------------------------------------------------------------------------


def without_maximum(p, x, t_x, T):
    """Return a likelihood that grows with the purchase rate without end, which no real one does."""
    n = len(x)
    return Score(np.full(n, -np.log(p.alpha)), np.stack([np.zeros(n), -np.ones(n), np.zeros(n), np.zeros(n)]))


@pytest.mark.slow
def test_a_fit_without_a_maximum_says_what_to_do():
    rows = unique_rows(REGIMES["50 customers"][0])
    with pytest.raises(FitFailed, match=r"BG/NBD fit to 50 customers found no maximum.*more customers or a longer"):
        maximize(replace(PROCESS, score=without_maximum, totals=None), rows, 30.0)


def test_customer_numbers_match_the_references():
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    assert numbered[:3].tolist() == [4, 21, 50]

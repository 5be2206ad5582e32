"""Models of other packages as ours: the same predictions, honest uncertainty, refusals without unit and period."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.compat import lifetimes
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM

HERE = Path(__file__).parent
BGNBD = json.loads((HERE.parent / "references/cdnow_bgnbd.json").read_text("utf-8"))["clvtools_to_1997_09_30"]
PARETO = {"r": 0.5533, "alpha": 10.5776, "s": 0.6063, "beta": 11.6705}


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")


@pytest.mark.slow
def test_a_fitter_becomes_the_model_that_a_fit_would_give(rfm):
    exact = pd.DataFrame({name: rfm[name] for name in ("frequency", "recency", "T")})
    fitter = lifetimes.BetaGeoFitter().fit(*(exact[name] for name in exact))
    model, fitted = clv.from_lifetimes(fitter, rfm, time_unit="week"), clv.BGNBD().fit(rfm)
    same = ["estimate", "standard_error"]  # the ends of its intervals follow a ridge
    pd.testing.assert_frame_equal(model.summary()[same], fitted.summary()[same], rtol=1e-4)
    assert model.fit_.log_likelihood == pytest.approx(fitted.fit_.log_likelihood, abs=1e-9)
    assert model.fit_.findings == fitted.fit_.findings
    ours = model.expected_purchases(rfm, 39)["expected_purchases"].to_numpy()
    np.testing.assert_allclose(ours, fitter.predict(39, *(exact[name] for name in exact)), rtol=1e-9)


@pytest.mark.slow
def test_parameters_of_a_penalty_are_reported_as_not_a_maximum(rfm, tmp_path):
    model = clv.from_lifetimes({"r": 0.2, "alpha": 3.0, "a": 0.4, "b": 1.0}, rfm, time_unit="week", model="bgnbd")
    assert [finding.code for finding in model.fit_.findings] == ["fit-not-a-maximum"]
    assert str(model).startswith(f"{model.title}: parameters of another fit, ")
    assert "would be about" in model.fit_.message
    clv.CustomerModel(model).save(tmp_path / "model.json")
    assert clv.load(tmp_path / "model.json").purchases.fit_.findings == model.fit_.findings


@pytest.mark.slow
def test_a_converted_model_is_saved_and_gives_values(rfm, tmp_path):
    purchases = clv.from_btyd(list(PARETO.values()), rfm, model="pnbd", time_unit="week")
    spend = clv.from_btyd({"p": 6.25, "q": 3.744, "gamma": 15.447}, rfm, model="spend")
    clv.CustomerModel(purchases, spend).save(tmp_path / "model.json")
    loaded = clv.load(tmp_path / "model.json")
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35}
    value = clv.lifetime_value(purchases, spend, rfm, **terms)
    pd.testing.assert_frame_equal(clv.lifetime_value(loaded.purchases, loaded.spend, rfm, **terms), value)


@pytest.mark.slow
def test_the_spread_of_a_posterior_is_the_uncertainty(rfm):
    model = clv.from_pymc(HERE / "posterior.nc", rfm, time_unit="week")  # written by ArviZ 0.23.4
    draws = clv.compat.posteriors.read_posterior(HERE / "posterior.nc")[0]
    assert model.process.name == "bgnbd"  # from the stored model_type
    names = list(model.parameters_)
    spread = [np.log(draws[name]).std(ddof=1) for name in names]
    errors = model.summary()["standard_error"] / model.summary()["estimate"]
    np.testing.assert_allclose(errors, spread, rtol=1e-6)
    in_memory = SimpleNamespace(
        posterior={name: SimpleNamespace(values=values) for name, values in draws.items()},
        attrs={"model_type": "BG/NBD"},
    )
    assert clv.from_pymc(in_memory, rfm, time_unit="week").parameters_ == model.parameters_
    interval = model.expected_purchases(rfm, 39, interval=0.9, by="total", interval_for="mean")
    assert interval["expected_purchases_lower"][0] < interval["expected_purchases"][0]


def test_a_table_of_coefficients_of_r_is_read(rfm, tmp_path):
    table = pd.DataFrame({"Estimate": BGNBD["parameters"].values()}, index=BGNBD["parameters"])
    table.to_csv(tmp_path / "coefficients.csv")
    for given in (table, tmp_path / "coefficients.csv", table["Estimate"], BGNBD["parameters"]):
        model = clv.from_clvtools(given, rfm, model="bgnbd", time_unit="week")
        assert model.parameters_ == pytest.approx(BGNBD["parameters"])
    error = model.summary()["standard_error"].to_dict()
    assert error == pytest.approx(BGNBD["standard_errors"], rel=1e-3)  # whose Hessian is numeric


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda rfm: clv.from_btyd(PARETO, rfm, model="pnbd"), "time_unit= is required"),
        (lambda rfm: clv.from_btyd(PARETO, rfm, time_unit="week"), "model=None is not one of 'bgnbd'"),
        (lambda rfm: clv.from_btyd([1, 2], rfm, model="pnbd", time_unit="week"), "4 parameters r, alpha, s, beta"),
        (lambda rfm: clv.from_btyd([1, 2, -1, 1], rfm, model="pnbd", time_unit="week"), "finite and above 0"),
        (
            lambda rfm: clv.from_clvtools(PARETO | {"life.Gender": 0.1}, rfm, model="pnbd", time_unit="week"),
            "covariates are not converted",
        ),
        (
            lambda rfm: clv.from_clvtools(pd.DataFrame({"x": [1]}), rfm, model="pnbd", time_unit="week"),
            'needs the column "Estimate"',
        ),
        (lambda rfm: clv.from_lifetimes(PARETO, rfm, time_unit="week", model="paretonbd"), "Did you mean 'pareto_nbd'"),
        (lambda rfm: clv.from_lifetimes(object(), rfm, time_unit="week"), "is not a fitted model of lifetimes"),
        (lambda rfm: clv.from_lifetimes(lifetimes.BetaGeoFitter(), rfm, time_unit="week"), "has not been fitted"),
        (lambda rfm: clv.from_pymc(HERE / "conftest.py", rfm, time_unit="week"), "cannot be read as a netCDF"),
        (lambda rfm: clv.from_pymc(object(), rfm, time_unit="week"), "has no posterior"),
        (lambda rfm: clv.from_pymc({"r": [1.0]}, rfm, time_unit="week"), "model=None is not one of"),
        (
            lambda rfm: clv.from_pymc({"r": [1.0], "alpha": [[1, 2]]}, rfm, time_unit="week", model="nbd"),
            "one value per customer",
        ),
    ],
)
def test_what_is_missing_is_named(convert, message, rfm):
    with pytest.raises(InvalidOption, match=message):
        convert(rfm)


def test_another_unit_and_a_period_without_an_end_are_refused(rfm):
    with pytest.raises(ClockMismatch, match="rebuild it with time_unit='day'"):
        clv.from_btyd(PARETO, rfm, model="pnbd", time_unit="day")
    without_end = clv.RFM.from_frame(rfm.to_frame(), time_unit="week")
    with pytest.raises(InvalidOption, match="has no end of observation"):
        clv.from_btyd(PARETO, without_end, model="pnbd", time_unit="week")
    with pytest.raises(InvalidRFM, match="Expected an RFM"):
        clv.from_btyd(PARETO, rfm.to_frame(), model="pnbd", time_unit="week")

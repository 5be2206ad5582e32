"""Findings on fits and forecasts, each from certificates made for the case."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from clvmodels.datasets import load_cdnow
from clvmodels.estimators.purchases import BGNBD, MBGNBD, NBD
from clvmodels.estimators.regular import MBGCNBD
from clvmodels.language import as_text
from clvmodels.transactions.summary import rfm_summary
from clvmodels.validation.comparison.findings import (
    forecast_findings,
    likelihood_findings,
    name_of,
    sees_no_dropout,
)


@pytest.fixture(scope="module")
def rfm():
    return rfm_summary(load_cdnow(sample=True), time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def fitted(rfm):
    return {type(model).__name__: model.fit(rfm) for model in (BGNBD(), MBGNBD(), NBD())}


@pytest.fixture
def models(fitted):
    """Return copies, because tests replace the fit of a model."""
    return {name: copy(model) for name, model in fitted.items()}


def with_bic(model, bic):
    """Return the fitted model with its log-likelihood changed so that it has another BIC."""
    model.fit_ = replace(model.fit_, log_likelihood=model.fit_.log_likelihood - (bic - model.fit_.bic) / 2)
    return model


def with_k(model, k, bic):
    model.k_ = k
    return with_bic(model, bic)


def at_limit(model, coordinate, upper=False):
    """Return the fitted model as if the fit had ended at a limit of a coordinate."""
    place = [c.name for c in model.process.parametrization.coordinates].index(coordinate)
    limit = model.process.parametrization.coordinates[place]
    u, free = model.fit_.coordinates.copy(), model.fit_.free.copy()
    u[place], free[place] = (limit.upper if upper else limit.lower).at, False
    model.fit_ = replace(model.fit_, coordinates=u, free=free, status="boundary")
    return model


def text_of(*models):
    return as_text(likelihood_findings(models))


# ---- dropout -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (-13.0, "No dropout visible: NBD, a model without dropout, fits as well."),
        (1.9, "No dropout visible: NBD, a model without dropout, fits as well."),
        (4.0, "Customers seem to drop out: NBD, a model without dropout, fits somewhat worse (BIC 4.0 higher)."),
        (6.1, "Customers drop out: NBD, a model without dropout, fits far worse (BIC 6 higher)."),
    ],
)
def test_the_bic_of_nbd_shows_whether_customers_drop_out(models, gap, text):
    assert text_of(with_bic(models["BGNBD"], 1000.0), with_bic(models["NBD"], 1000.0 + gap)) == text


@pytest.mark.slow
def test_a_fit_at_the_limit_without_dropout(models):
    model = at_limit(models["BGNBD"], "logit mean dropout probability")
    assert sees_no_dropout(model)
    assert text_of(model) == "No dropout visible: the fit of BG/NBD ended at its limit without dropout."
    assert text_of(model, with_bic(models["NBD"], model.fit_.bic)).startswith("No dropout visible: NBD")
    assert sees_no_dropout(models["NBD"])
    assert not sees_no_dropout(models["MBGNBD"])


def test_a_fit_at_the_limit_of_certain_dropout(models):
    model = at_limit(models["BGNBD"], "logit mean dropout probability", upper=True)
    assert not sees_no_dropout(model)
    assert text_of(model).startswith(
        "The fit of BG/NBD ended at a limit: every customer drops out after the next purchase"
    )


def test_one_model_with_dropout_gives_no_finding(models):
    assert text_of(models["BGNBD"]) == ""


# ---- which is best -----------------------------------------------------------------------------------------


def test_which_fits_best(models):
    best, next_best = with_bic(models["MBGNBD"], 1000.0), with_bic(models["BGNBD"], 1063.0)
    assert text_of(next_best, best) == "MBG/NBD fits best, BG/NBD second (BIC 63 higher)."
    assert text_of(with_bic(next_best, 1001.9), best) == "MBG/NBD and BG/NBD fit equally well (BIC within 2)."


def test_other_limits_of_the_best(models):
    model = at_limit(models["NBD"], "log r", upper=True)
    assert text_of(model) == (
        "The fit of NBD ended at a limit: all customers buy at the same rate: r is indistinguishable from infinity."
    )


# ---- regular buying ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_regular_buying(models):
    chance, regular = with_bic(models["MBGNBD"], 1000.0), with_k(models["BGNBD"], 2, 900.0)
    assert text_of(chance, regular).startswith("k = 2: purchases are regular. BG/NBD, k = 2 fits best")
    assert text_of(chance, with_bic(regular, 998.5)).startswith(
        "No regularity visible: k = 2 fits no better than MBG/NBD."
    )
    assert name_of(regular) == "BG/NBD, k = 2"


def test_a_title_that_contains_k_does_not_repeat_it():
    fixed = MBGCNBD(k=2)
    fixed.k_ = 2
    assert name_of(fixed) == "MBG/CNBD-2"
    searched = MBGCNBD()
    searched.k_ = 3
    assert name_of(searched) == "MBG/CNBD-k (k = 3)"


def test_random_buying(models):
    assert text_of(with_k(models["MBGNBD"], 1, 900.0)) == "k = 1: purchases are not regular, but come at random times."


def test_regularity_is_not_mistaken_for_dropout(models):
    """A regular fit with dropout is far ahead of NBD: NBD is compared with models of random purchases, like itself."""
    regular = with_k(models["MBGNBD"], 3, 500.0)
    text = text_of(regular, with_bic(models["BGNBD"], 1000.0), with_bic(models["NBD"], 999.0))
    assert text.startswith(
        "No dropout visible: NBD, a model without dropout, fits as well. k = 3: purchases are regular."
    )


# ---- trade-offs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "names"),
    [((1, 3), "mean purchase rate and mean dropout probability"), ((0, 2), "r and a + b")],
)
def test_coordinates_that_trade_off_are_named(models, pair, names):
    correlation = np.eye(4)
    correlation[pair] = correlation[pair[::-1]] = -0.96
    model = models["MBGNBD"]
    model.fit_ = replace(model.fit_, hessian=-np.linalg.inv(correlation))
    assert text_of(model) == f"In MBG/NBD, {names} trade off: do not interpret either by itself."
    correlation[pair] = correlation[pair[::-1]] = -0.94
    model.fit_ = replace(model.fit_, hessian=-np.linalg.inv(correlation))
    assert text_of(model) == ""


# ---- forecasts ---------------------------------------------------------------------------------------------


def test_forecasts_that_differ_by_chance_are_called_equal(models):
    generator = np.random.default_rng(0)
    best = generator.uniform(0.2, 0.8, 400)
    noise = generator.normal(0, 0.2, 400)
    same, close, far = best * (1 - 5e-4), best * np.exp(noise - noise.mean() - 0.005), best * 0.9
    pair = [models["BGNBD"], models["NBD"]]
    # Differences of .005 with a standard error of .01, of .0005 without any, and of .1 without any.
    equal = "BG/NBD and NBD forecast the holdout period equally well; the total forecast by BG/NBD was 12.1% too low."
    assert as_text(forecast_findings(pair, [best, close], -0.121)) == equal
    assert as_text(forecast_findings(pair, [best, same], -0.121)) == equal
    assert as_text(forecast_findings(pair, [best, far], 0.05)) == (
        "BG/NBD forecast the holdout period best; the total forecast by BG/NBD was 5.0% too high."
    )
    assert as_text(forecast_findings(pair, [best, np.where(np.arange(400) == 7, 0.0, best)], np.nan)) == (
        "BG/NBD forecast the holdout period best."
    )
    assert as_text(forecast_findings(pair[:1], [best], 0.0)) == (
        "In the holdout period, the total forecast by BG/NBD was right."
    )

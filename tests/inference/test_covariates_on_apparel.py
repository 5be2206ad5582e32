"""Covariates against CLVTools, on the data of that package; and what CLVTools reports under regularization."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

TOLD = json.loads((Path(__file__).parents[1] / "references" / "apparel_covariates.json").read_text("utf-8"))
REFERENCE = TOLD["models"]
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
FORMULA = "Gender + Channel"
BOTH = {"purchase": FORMULA, "dropout": FORMULA}
CONSTRAINTS = {
    "pnbd_apparel_static": [],
    "pnbd_apparel_static_constrGender": ["Gender"],
    "pnbd_apparel_static_constrBoth": ["Gender", "Channel"],
}
REGULARIZED = {  # CLVTools' lambdas of dropout and of purchases
    "pnbd_apparel_static_reg_l0.001_t0.002": (0.001, 0.002),
    "pnbd_apparel_static_reg_l0.1_t0.2": (0.1, 0.2),
    "bgnbd_apparel_static_reg_l0.1_t0.2": (0.1, 0.2),
}


@pytest.fixture(scope="module")
def rfm():
    found = []
    for name in ("clvtools_apparel_trans.csv.gz", "clvtools_apparel_static_cov.csv.gz"):
        if not (SHARED_DATA / name).exists():
            pytest.skip(f"{name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
        found.append(pd.read_csv(SHARED_DATA / name))
    log, covariates = found
    columns = {"customer_id": "Id", "date": "Date", "amount": "Price", "time_unit": "week"}
    summary = clv.rfm_summary(log, **columns, observation_end="2006-12-31")
    return summary.with_columns(covariates.rename(columns={"Id": "customer_id"}))


def cell(rfm, gender, channel):
    columns = [rfm.attributes[name].to_numpy() for name in ("Gender", "Channel")]
    return rfm[(columns[0] == gender) & (columns[1] == channel)]


def model_of(name, **options):
    kind = clv.BGNBD(**BOTH, dropout_moves="spread", **options) if name.startswith("bg") else None
    return kind or clv.ParetoNBD(**BOTH, **options)


def at(model, parameters):
    """A fitted model's process and the parameters told by CLVTools, in their order."""
    return model.process, model.process.Parameters(*(np.float64(parameters[name]) for name in model.parameters_))


# ---- the maximum of the likelihood --------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_pareto_nbd_finds_the_maximum_of_clvtools(rfm, name):
    model = clv.ParetoNBD(**BOTH, equal=CONSTRAINTS[name]).fit(rfm)
    told = REFERENCE[name]
    assert model.fit_.status == "converged"
    assert model.fit_.log_likelihood == pytest.approx(told["polished_log_likelihood"], abs=1e-6)
    # Polished without derivatives, on a top so flat that 1e-6 of log-likelihood is 1e-3 of a standard error.
    errors = model.summary()["standard_error"]
    for parameter, value in told["polished_parameters"].items():
        assert abs(model.parameters_[parameter] - value) < 1e-3 * errors[parameter], parameter
    # Theirs are of the point their first search stopped at: up to .5 % away in a parameter.
    assert errors.to_dict() == pytest.approx(told["standard_errors"], rel=5e-3)


def test_ggompertz_nbd_is_pareto_nbd_where_age_does_not_count(rfm):
    """As without covariates on these data; CLVTools stops on the way there, at b = 1.4e-6."""
    told = REFERENCE["ggomnbd_apparel_static"]
    model = clv.GGompertzNBD(**BOTH).fit(rfm)
    simple = clv.ParetoNBD(**BOTH).fit(rfm)
    process, p = at(model, told["parameters"])
    assert np.sum(process.log_likelihood(p, *model._values(rfm, process.statistics))) == pytest.approx(
        told["log_likelihood"], abs=1e-5
    )  # its b lies where its own formula has lost digits
    assert model.fit_.status == "boundary"
    assert model.fit_.log_likelihood >= told["log_likelihood"]
    # At the limit, b = e^-12 in mean T, the log-likelihood still differs by so much.
    assert model.fit_.log_likelihood == pytest.approx(simple.fit_.log_likelihood, abs=1e-4)
    shared = [name for name in model.parameters_ if "." in name]
    assert [model.parameters_[name] for name in shared] == pytest.approx(
        [simple.parameters_[name] for name in shared], abs=1e-4
    )


def test_bgnbd_in_clvtools_form_ends_at_the_same_limit(rfm):
    """a and b go to infinity as Channel's coefficient goes to minus infinity: only the rest can be compared."""
    told = REFERENCE["bgnbd_apparel_static"]
    model = clv.BGNBD(**BOTH, dropout_moves="spread").fit(rfm)
    assert model.fit_.status == "boundary"
    # Theirs went on towards infinity, where ours holds that it can no longer be told from it.
    assert model.fit_.log_likelihood == pytest.approx(told["polished_log_likelihood"], abs=1e-3)
    for name in ("r", "alpha", "purchase.Gender", "purchase.Channel"):
        assert model.parameters_[name] == pytest.approx(told["polished_parameters"][name], abs=1e-3, rel=1e-3), name
    # The mean is what covariates do move, and what this form leaves alone: ours fits better, by less than a point.
    mean = clv.BGNBD(**BOTH).fit(rfm)
    assert mean.fit_.status == "converged"
    assert 0 < mean.fit_.log_likelihood - model.fit_.log_likelihood < 1


def test_the_likelihood_ratio_of_clvtools(rfm):
    told = TOLD["likelihood_ratio"]
    test = clv.likelihood_ratio_test(clv.ParetoNBD().fit(rfm), clv.ParetoNBD(**BOTH).fit(rfm))
    # Its fits stopped 2e-5 below the maximum.
    assert test.statistic == pytest.approx(told["statistic"], abs=2e-4)
    assert test.degrees_of_freedom == told["degrees_of_freedom"]
    assert test.p_value == pytest.approx(told["p_value"], rel=1e-4)


# ---- predictions at the parameters CLVTools found ------------------------------------------------------------


@pytest.mark.parametrize("name", [*CONSTRAINTS, "bgnbd_apparel_static", *REGULARIZED])
def test_predictions_of_clvtools_at_its_parameters(rfm, name):
    told = REFERENCE[name]
    model = model_of(name, equal=CONSTRAINTS.get(name, []))
    model._set_up_process(rfm)
    process = model.process
    p = process.Parameters(*(np.float64(told["parameters"][n]) for n in process.parametrization.names))
    columns = model._values(rfm, process.statistics)
    first = np.searchsorted(rfm.customer_id.to_numpy(), TOLD["customer_id"])
    alive = process.probability_alive(p, *columns)
    expected = process.expected_purchases(p, TOLD["horizon_weeks"], *columns)
    # Both from closed forms or quadratures good to 1e-9; theirs are 2F1, some digits of which cancel.
    assert alive[first] == pytest.approx(told["probability_alive"], rel=1e-7)
    assert alive.mean() == pytest.approx(told["mean_probability_alive"], rel=1e-7)
    assert expected[first] == pytest.approx(told["expected_purchases"], rel=1e-6)
    assert expected.sum() == pytest.approx(told["total_expected_purchases"], rel=1e-6)
    if "dert" in told:
        dert = process.discounted_residual(p, told["weekly_rate"], *columns)
        assert dert[first] == pytest.approx(told["dert"], rel=1e-6)
        assert dert.sum() == pytest.approx(told["total_dert"], rel=1e-6)
    for key, by_time in told["new_customers"].items():
        gender, channel = (float(part.split("=")[1]) for part in key.split(","))
        one = model._values(cell(rfm, gender, channel)[:1], process.statistics)[3:]
        for t, value in by_time.items():
            nothing = [np.zeros(1)] * 3
            found = process.expected_purchases(p, float(t), *nothing, *one)
            assert found == pytest.approx(value, rel=1e-6), (key, t)


def test_mean_purchases_of_new_customers_by_cell(rfm):
    model = clv.ParetoNBD(**BOTH).fit(rfm)
    for key, by_time in REFERENCE["pnbd_apparel_static"]["new_customers"].items():
        gender, channel = (float(part.split("=")[1]) for part in key.split(","))
        found = model.mean_purchases([float(t) for t in by_time], cell(rfm, gender, channel))
        # Their parameters are up to .2 % from the maximum.
        assert found == pytest.approx(list(by_time.values()), rel=5e-4)


# ---- regularization ------------------------------------------------------------------------------------------


def clvtools_priors(model, rfm, life, trans):
    """CLVTools maximizes mean log-likelihood - life |g_dropout|^2 - trans |g_purchase|^2, of coefficients a unit.

    A normal prior on the coefficient of a standardized column, g times its deviation, has the precision
    2 n lambda / deviation^2: that is the `l2` which would do the same.
    """
    model._set_up_process(rfm)
    covariates = model.design_.covariates
    strength = {"purchase": trans, "dropout": life}
    return {
        name: (0.0, deviation / np.sqrt(2 * len(rfm) * strength[name.split(".")[0]]))
        for name, deviation in zip(covariates.names, covariates.scale, strict=True)
    }


@pytest.mark.parametrize("name", REGULARIZED)
def test_clvtools_objective_under_regularization_and_what_it_reports_of_it(rfm, name):
    told, (life, trans) = REFERENCE[name], REGULARIZED[name]
    prior = clvtools_priors(model_of(name), rfm, life, trans)
    model = model_of(name, prior=prior).fit(rfm)
    n, coefficients = len(rfm), {key: value for key, value in model.parameters_.items() if "." in key}
    penalty = sum((life if key.startswith("dropout") else trans) * g**2 for key, g in coefficients.items())
    # The same optimum, to what their polishing without derivatives can tell.
    objective = model.fit_.log_likelihood / n - penalty
    assert objective == pytest.approx(told["polished_log_likelihood"], abs=1e-9)
    assert objective >= told["polished_log_likelihood"] - 1e-12
    errors = model.summary()["standard_error"]
    for parameter, value in told["polished_parameters"].items():
        assert abs(model.parameters_[parameter] - value) < 5e-3 * errors[parameter], parameter
    # What CLVTools calls logLik (and AIC and BIC with it) is this penalized mean: 600 times too small.
    assert told["log_likelihood"] == pytest.approx(objective, abs=1e-7)
    # Its standard errors come from the curvature of the mean: too large by the root of n, 24 here.
    theirs = np.array([told["standard_errors"][parameter] for parameter in model.parameters_])
    assert theirs / np.sqrt(n) == pytest.approx(errors.to_numpy(), rel=0.02)  # at the point where it stopped


def test_one_l2_is_one_lambda_for_columns_of_one_deviation(rfm):
    """`l2` is half a square of standardized coefficients, subtracted from the sum: the arithmetic of the above."""
    penalized = clv.ParetoNBD(**BOTH, l2=30.0).fit(rfm)
    deviations = dict(zip(penalized.design_.covariates.names, penalized.design_.covariates.scale, strict=True))
    priors = dict.fromkeys(deviations, (0.0, 30.0**-0.5))
    assert penalized.parameters_ == pytest.approx(clv.ParetoNBD(**BOTH, prior=priors).fit(rfm).parameters_, rel=1e-12)
    lambdas = {name: 30.0 * deviation**2 / (2 * len(rfm)) for name, deviation in deviations.items()}

    def objective(parameters):
        process, p = at(penalized, parameters)
        value = np.sum(process.log_likelihood(p, *penalized._values(rfm, process.statistics))) / len(rfm)
        return value - sum(strength * parameters[name] ** 2 for name, strength in lambdas.items())

    best = objective(penalized.parameters_)
    for name in penalized.parameters_:
        for step in (-0.02, 0.02):
            assert objective(penalized.parameters_ | {name: penalized.parameters_[name] * (1 + step)}) < best

"""Covariates compared with CLVTools on the data of that package, also with regularization."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

REPORTED = json.loads((Path(__file__).parents[1] / "references" / "apparel_covariates.json").read_text("utf-8"))
REFERENCE = REPORTED["models"]
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
    result = []
    for name in ("clvtools_apparel_trans.csv.gz", "clvtools_apparel_static_cov.csv.gz"):
        if not (SHARED_DATA / name).exists():
            pytest.skip(f"{name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
        result.append(pd.read_csv(SHARED_DATA / name))
    log, covariates = result
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
    """Return a fitted model's process and the parameters reported by CLVTools, in order."""
    return model.process, model.process.Parameters(*(np.float64(parameters[name]) for name in model.parameters_))


# ---- the maximum of the likelihood -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_pareto_nbd_finds_the_maximum_of_clvtools(rfm, name):
    model = clv.ParetoNBD(**BOTH, equal=CONSTRAINTS[name]).fit(rfm)
    reference = REFERENCE[name]
    assert model.fit_.status == "converged"
    assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-6)
    # Polished without derivatives, on a top so flat that 1e-6 of log-likelihood is 1e-3 of a standard error.
    errors = model.summary()["standard_error"]
    for parameter, value in reference["polished_parameters"].items():
        assert abs(model.parameters_[parameter] - value) < 1e-3 * errors[parameter], parameter
    # Those of CLVTools are at the end of its first search, where a parameter is up to .5 % off.
    assert errors.to_dict() == pytest.approx(reference["standard_errors"], rel=5e-3)


@pytest.mark.acceptance
def test_ggompertz_nbd_without_aging_equals_pareto_nbd(rfm):
    """The limit is the same as without covariates on these data; CLVTools stops before it, at b = 1.4e-6."""
    reference = REFERENCE["ggomnbd_apparel_static"]
    model = clv.GGompertzNBD(**BOTH).fit(rfm)
    simple = clv.ParetoNBD(**BOTH).fit(rfm)
    process, p = at(model, reference["parameters"])
    assert np.sum(process.log_likelihood(p, *model._values(rfm, process.statistics))) == pytest.approx(
        reference["log_likelihood"], abs=1e-5
    )  # at its b, the formula of CLVTools loses digits
    assert model.fit_.status == "boundary"
    assert model.fit_.log_likelihood >= reference["log_likelihood"]
    # At the limit, b = e^-12 in mean T, the log-likelihood still differs by this much.
    assert model.fit_.log_likelihood == pytest.approx(simple.fit_.log_likelihood, abs=1e-4)
    shared = [name for name in model.parameters_ if "." in name]
    assert [model.parameters_[name] for name in shared] == pytest.approx(
        [simple.parameters_[name] for name in shared], abs=1e-4
    )


@pytest.mark.slow
def test_bgnbd_in_clvtools_form_ends_at_the_same_limit(rfm):
    """a and b go to infinity as Channel's coefficient goes to minus infinity: only the rest can be compared."""
    reference = REFERENCE["bgnbd_apparel_static"]
    model = clv.BGNBD(**BOTH, dropout_moves="spread").fit(rfm)
    assert model.fit_.status == "boundary"
    # CLVTools continues toward infinity; our search stops at the limit that is indistinguishable from it.
    assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-3)
    for name in ("r", "alpha", "purchase.Gender", "purchase.Channel"):
        assert model.parameters_[name] == pytest.approx(reference["polished_parameters"][name], abs=1e-3, rel=1e-3), (
            name
        )
    # Covariates affect the mean, which this form does not shift: ours fits better, by less than a point.
    mean = clv.BGNBD(**BOTH).fit(rfm)
    assert mean.fit_.status == "converged"
    assert 0 < mean.fit_.log_likelihood - model.fit_.log_likelihood < 1


@pytest.mark.slow
def test_the_likelihood_ratio_of_clvtools(rfm):
    reference = REPORTED["likelihood_ratio"]
    test = clv.likelihood_ratio_test(clv.ParetoNBD().fit(rfm), clv.ParetoNBD(**BOTH).fit(rfm))
    # Its fits stopped 2e-5 below the maximum.
    assert test.statistic == pytest.approx(reference["statistic"], abs=2e-4)
    assert test.degrees_of_freedom == reference["degrees_of_freedom"]
    assert test.p_value == pytest.approx(reference["p_value"], rel=1e-4)


# ---- predictions at the parameters of CLVTools -------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CONSTRAINTS, "bgnbd_apparel_static", *REGULARIZED])
def test_predictions_of_clvtools_at_its_parameters(rfm, name):
    reference = REFERENCE[name]
    model = model_of(name, equal=CONSTRAINTS.get(name, []))
    model._set_up_process(rfm)
    process = model.process
    p = process.Parameters(*(np.float64(reference["parameters"][n]) for n in process.parametrization.names))
    columns = model._values(rfm, process.statistics)
    first = np.searchsorted(rfm.customer_id.to_numpy(), REPORTED["customer_id"])
    alive = process.probability_alive(p, *columns)
    expected = process.expected_purchases(p, REPORTED["horizon_weeks"], *columns)
    # Ours are closed forms or quadratures accurate to 1e-9; those of CLVTools use 2F1 and lose digits.
    assert alive[first] == pytest.approx(reference["probability_alive"], rel=1e-7)
    assert alive.mean() == pytest.approx(reference["mean_probability_alive"], rel=1e-7)
    assert expected[first] == pytest.approx(reference["expected_purchases"], rel=1e-6)
    assert expected.sum() == pytest.approx(reference["total_expected_purchases"], rel=1e-6)
    if "dert" in reference:
        rate, state = reference["weekly_rate"], process._state(columns)
        dert = alive * process.residual_discounted_if_active(p, rate, *state)
        assert dert[first] == pytest.approx(reference["dert"], rel=1e-6)
        assert dert.sum() == pytest.approx(reference["total_dert"], rel=1e-6)
    for key, by_time in reference["new_customers"].items():
        gender, channel = (float(part.split("=")[1]) for part in key.split(","))
        one = model._values(cell(rfm, gender, channel)[:1], process.statistics)[3:]
        for t, value in by_time.items():
            nothing = [np.zeros(1)] * 3
            result = process.expected_purchases(p, float(t), *nothing, *one)
            assert result == pytest.approx(value, rel=1e-6), (key, t)


@pytest.mark.slow
def test_mean_purchases_of_new_customers_by_cell(rfm):
    model = clv.ParetoNBD(**BOTH).fit(rfm)
    for key, by_time in REFERENCE["pnbd_apparel_static"]["new_customers"].items():
        gender, channel = (float(part.split("=")[1]) for part in key.split(","))
        result = model.mean_purchases([float(t) for t in by_time], cell(rfm, gender, channel))
        # The parameters of CLVTools are up to .2 % from the maximum.
        assert result == pytest.approx(list(by_time.values()), rel=5e-4)


# ---- regularization ----------------------------------------------------------------------------------------


def clvtools_priors(model, rfm, life, trans):
    """CLVTools maximizes mean log-likelihood - life |g_dropout|^2 - trans |g_purchase|^2, of coefficients per unit.

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


@pytest.mark.slow
@pytest.mark.parametrize("name", REGULARIZED)
def test_the_regularized_objective_of_clvtools(rfm, name):
    reference, (life, trans) = REFERENCE[name], REGULARIZED[name]
    prior = clvtools_priors(model_of(name), rfm, life, trans)
    model = model_of(name, prior=prior).fit(rfm)
    n, coefficients = len(rfm), {key: value for key, value in model.parameters_.items() if "." in key}
    penalty = sum((life if key.startswith("dropout") else trans) * g**2 for key, g in coefficients.items())
    # The same optimum, to the accuracy of their search without derivatives.
    objective = model.fit_.log_likelihood / n - penalty
    assert objective == pytest.approx(reference["polished_log_likelihood"], abs=1e-9)
    assert objective >= reference["polished_log_likelihood"] - 1e-12
    errors = model.summary()["standard_error"]
    for parameter, value in reference["polished_parameters"].items():
        assert abs(model.parameters_[parameter] - value) < 5e-3 * errors[parameter], parameter
    # What CLVTools calls logLik (and AIC and BIC with it) is this penalized mean: 600 times too small.
    assert reference["log_likelihood"] == pytest.approx(objective, abs=1e-7)
    # Its standard errors come from the curvature of the mean: too large by the root of n, 24 here.
    theirs = np.array([reference["standard_errors"][parameter] for parameter in model.parameters_])
    assert theirs / np.sqrt(n) == pytest.approx(errors.to_numpy(), rel=0.02)  # at the point where it stopped


@pytest.mark.slow
def test_l2_equals_lambda_of_clvtools_for_standardized_columns(rfm):
    """`l2` penalizes the sum with half the squared standardized coefficients, which converts to the lambdas above."""
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

"""Pareto/NBD compared with published numbers and the R packages CLVTools and BTYD, on CDNOW and CLVTools' apparel."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.datasets import dataset_path
from clvmodels.processes import pareto_nbd_totals
from clvmodels.processes.pareto_nbd import PROCESS, Parameters

REFERENCES = Path(__file__).parents[1] / "references"
CDNOW, APPAREL = (
    json.loads((REFERENCES / f"{name}.json").read_text("utf-8")) for name in ("cdnow_pareto_nbd", "apparel_pareto_nbd")
)
PUBLISHED, CLVTOOLS, BTYD = (CDNOW[name] for name in ("published", "clvtools_to_1997_09_30", "btyd"))
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
RATES = {"log(1.1)": np.log(1.1), "log(1.1)/52": np.log(1.1) / 52}


def parameters(values):
    return Parameters(**{name: np.float64(value) for name, value in values.items()})


def cdnow(end="1997-09-30", holdout_end="1998-06-30"):
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(log, amount="amount", time_unit="week", calibration_end=end, holdout_end=holdout_end)


@pytest.fixture(scope="module")
def split():
    return cdnow()


@pytest.fixture(scope="module")
def fitted(split):
    return clv.ParetoNBD().fit(split.calibration)


@pytest.fixture(scope="module")
def apparel():
    path = SHARED_DATA / "clvtools_apparel_trans.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    columns = {"customer_id": "Id", "date": "Date", "amount": "Price"}
    return clv.rfm_summary(pd.read_csv(path), **columns, time_unit="week", observation_end="2006-12-31")


def statistics(rfm):
    return rfm.frequency.astype(float), rfm.recency, rfm.T


def sample_rows(rfm, numbers):
    """Return the rows of customers with these numbers in the sample."""
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    return np.searchsorted(rfm.customer_id.to_numpy(), numbered[np.array(numbers) - 1])


def agrees(model, reference):
    """Compare the fit with the polished maximum of the package's objective."""
    # The package stops on a flat top, up to 1e-5 of a standard error away in the parameters; the value is the same.
    assert model.parameters_ == pytest.approx(reference["polished_parameters"], rel=3e-5)
    assert model.fit_.log_likelihood == pytest.approx(reference["polished_log_likelihood"], abs=1e-6)
    assert model.fit_.log_likelihood >= reference["log_likelihood"]
    # Those of the package are from finite differences of the value, where its search had stopped.
    assert model.summary()["standard_error"].to_dict() == pytest.approx(reference["standard_errors"], rel=2e-3)
    return True


def predictions_agree(reference, columns, first):
    """Compare predictions at the parameters of the package; only quadrature differs."""
    p = parameters(reference["parameters"])
    expected = PROCESS.expected_purchases(p, reference["horizon_weeks"], *columns)
    alive = PROCESS.probability_alive(p, *columns)
    # The 2F1 of the package is accurate to about 1e-9.
    assert expected[first] == pytest.approx(reference["expected_purchases"], rel=1e-8)
    assert alive[first] == pytest.approx(reference["probability_alive"], rel=1e-8)
    assert alive.mean() == pytest.approx(reference["mean_probability_alive"], rel=1e-8)
    assert expected.sum() == pytest.approx(reference["total_expected_purchases"], rel=1e-8)
    ten = PROCESS.expected_purchases(p, 10.0, *columns).sum()
    assert ten == pytest.approx(reference["total_expected_purchases_10_weeks"], rel=1e-8)
    for rate, delta in RATES.items():
        residual = alive * PROCESS.residual_discounted_if_active(p, delta, *PROCESS._state(columns))
        assert residual[first] == pytest.approx(reference["dert"][rate], rel=1e-8)
        assert residual.sum() == pytest.approx(reference["dert"]["totals"][rate], rel=1e-8)
    counts = np.array(reference["pmf"]["counts"])[:, None]
    pmf = PROCESS.new_customer_pmf(p, counts, columns[2])
    assert pmf.mean(axis=1) == pytest.approx(reference["pmf"]["mean_over_customers"], rel=1e-8)
    assert pmf[:, first[0]] == pytest.approx(reference["pmf"]["customer_1"], rel=1e-8)
    for t, value in reference["expected_repeat_purchases_of_a_new_customer"].items():
        # The reference included the first purchase, which was subtracted again: rounding of 1.
        assert PROCESS.mean_purchases(p, np.array([float(t)]))[0] == pytest.approx(value, rel=1e-8)
    return True


def likelihoods_agree(reference, columns):
    for place in reference["log_likelihood_at"]:
        total = np.sum(PROCESS.log_likelihood(parameters(place["parameters"]), *columns))
        assert total == pytest.approx(place["value"], abs=1e-6)  # a sum of 10,000 with different forms of 2F1
    return True


# ---- published ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fit_matches_published_estimates(fitted):
    # Printed to three decimals, the log-likelihood to one; the standard errors agree to 0.001.
    assert fitted.parameters_ == pytest.approx(PUBLISHED["parameters"], abs=5e-4)
    assert fitted.fit_.log_likelihood == pytest.approx(PUBLISHED["log_likelihood"], abs=0.05)
    errors = fitted.summary()["standard_error"].to_dict()
    assert errors == pytest.approx(PUBLISHED["standard_errors"], abs=1e-3)
    assert fitted.fit_.status == "converged"


@pytest.mark.slow
def test_predictions_match_published_values(fitted, split):
    rfm = split.calibration
    alive = PROCESS.probability_alive(parameters(fitted.parameters_), *statistics(rfm))
    quartiles = np.quantile(alive, [0, 0.25, 0.5, 0.75, 1])
    # Printed to four decimals, from parameters of three to five digits.
    published = PUBLISHED["probability_alive"]
    assert [*quartiles[:3], alive.mean(), *quartiles[3:]] == pytest.approx(published, abs=2e-4)
    expected = PROCESS.expected_purchases(parameters(fitted.parameters_), 39.0, *statistics(rfm))
    for x, value in enumerate(PUBLISHED["mean_holdout_purchases_by_frequency_0_to_5"]):
        assert expected[rfm.frequency == x].mean() == pytest.approx(value, abs=0.0051)
    assert expected.sum() / split.purchases.sum() - 1 == pytest.approx(PUBLISHED["holdout_bias"], abs=5e-4)
    one = PUBLISHED["expected_purchases"]
    columns = [np.array([float(one[name])]) for name in ("x", "t_x", "T")]
    result = PROCESS.expected_purchases(parameters(fitted.parameters_), one["horizon"], *columns)
    assert result[0] == pytest.approx(one["value"], abs=0.01)


# ---- CLVTools ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fit_matches_clvtools(fitted):
    assert agrees(fitted, CLVTOOLS)
    assert fitted.fit_.aic == pytest.approx(CLVTOOLS["aic"], abs=1e-5)
    assert fitted.fit_.bic == pytest.approx(CLVTOOLS["bic"], abs=1e-5)
    estimate = np.array(list(fitted.parameters_.values()))
    covariance = fitted.fit_.covariance * np.outer(estimate, estimate)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    # Covariances of nearly independent parameters are small relative to the standard errors.
    assert covariance / scale == pytest.approx(np.array(CLVTOOLS["covariance"]) / scale, abs=3e-3)


@pytest.mark.slow
def test_predictions_match_clvtools(split):
    rfm = split.calibration
    assert predictions_agree(CLVTOOLS, statistics(rfm), sample_rows(rfm, CLVTOOLS["sample_numbers"]))
    expected = PROCESS.expected_purchases(parameters(CLVTOOLS["parameters"]), 39.0, *statistics(rfm))
    assert np.mean(np.abs(expected - split.purchases)) == pytest.approx(CLVTOOLS["mae"], rel=1e-8)


@pytest.mark.slow
def test_fit_and_predictions_match_clvtools_after_37_weeks():
    reference = CDNOW["clvtools_37_weeks"]
    rfm = cdnow(reference["observation_end"]).calibration
    columns = statistics(rfm)
    assert agrees(clv.ParetoNBD().fit(rfm), reference)
    assert predictions_agree(reference, columns, sample_rows(rfm, reference["sample_numbers"]))
    assert likelihoods_agree(reference, columns)


@pytest.mark.slow
@pytest.mark.shared_data
def test_fit_and_predictions_match_clvtools_on_apparel(apparel):
    columns = statistics(apparel)
    first = np.searchsorted(apparel.customer_id.to_numpy(), APPAREL["sample_numbers"])
    assert agrees(clv.ParetoNBD().fit(apparel), APPAREL)
    assert predictions_agree(APPAREL, columns, first)
    assert likelihoods_agree(APPAREL, columns)


# ---- BTYD --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fit_matches_btyd(fitted, split):
    assert fitted.parameters_ == pytest.approx(BTYD["polished_parameters"], rel=3e-5)
    assert fitted.fit_.log_likelihood == pytest.approx(BTYD["polished_log_likelihood"], abs=1e-6)
    assert fitted.fit_.log_likelihood >= BTYD["log_likelihood"]
    assert likelihoods_agree(BTYD, statistics(split.calibration))


def test_predictions_match_btyd(split):
    rfm, p = split.calibration, parameters(BTYD["parameters"])
    columns = statistics(rfm)
    first = sample_rows(rfm, BTYD["sample_numbers"])
    expected = PROCESS.expected_purchases(p, 39.0, *columns)
    # BTYD computes 2F1, and U for DERT, by series that stop at about 1e-9.
    assert expected[first] == pytest.approx(BTYD["expected_purchases"], rel=1e-8)
    alive = PROCESS.probability_alive(p, *columns)
    assert alive[first] == pytest.approx(BTYD["probability_alive"], rel=1e-8)
    residual = alive * PROCESS.residual_discounted_if_active(p, np.log(1.1) / 52, *PROCESS._state(columns))
    assert residual[first] == pytest.approx(BTYD["dert"]["log(1.1)/52"], rel=1e-8)
    assert expected.sum() == pytest.approx(BTYD["holdout"]["total_predicted"], rel=1e-8)
    assert np.mean(np.abs(expected - split.purchases)) == pytest.approx(BTYD["holdout"]["mae"], rel=1e-8)
    rmse = np.sqrt(np.mean((expected - split.purchases) ** 2))
    assert rmse == pytest.approx(BTYD["holdout"]["rmse"], rel=1e-8)


def test_predictions_for_new_customers_match_btyd(split):
    p, T = parameters(BTYD["parameters"]), split.calibration.T
    for t, value in BTYD["expected_repeat_purchases_of_a_new_customer"].items():
        assert PROCESS.mean_purchases(p, np.array([float(t)]))[0] == pytest.approx(value, rel=1e-8)
    assert PROCESS.new_customer_pmf(p, np.arange(11), 39.0) == pytest.approx(BTYD["pmf_39"], rel=1e-8)
    # The cohort of 2,357 customers, who joined over twelve weeks.
    for end, value in BTYD["cumulative_repeat_purchases_of_the_cohort"].items():
        if end != "note":
            since = float(end) - (T.max() - T)
            assert PROCESS.mean_purchases(p, since).sum() == pytest.approx(value, rel=1e-8)


@pytest.mark.slow
def test_the_pmf_between_two_times_matches_simulated_customers():
    """The pmf of purchases between weeks 39 and 78 is that of a simulation; the pmf of BTYD is not."""
    p, n = parameters(BTYD["parameters"]), 400_000
    history = PROCESS.simulate(p, np.full(n, 78.0), np.random.default_rng(3))
    between = np.bincount(history.customer[history.time > 39], minlength=n)
    seen = np.mean(between == np.arange(6)[:, None], axis=1)
    # Rates and dropout are independent, so rates are as at the start, and dropout is as after 39 weeks.
    stays = PROCESS.survival(p, 39.0, *PROCESS._no_history((1,)))
    expected = stays * PROCESS.new_customer_pmf(p._replace(beta=p.beta + 39), np.arange(6), 39.0)
    expected[0] += 1 - stays[0]
    assert np.all(np.abs(seen - expected) < 5 * np.sqrt(expected * (1 - expected) / n))
    assert abs(seen[0] - BTYD["pmf_39_to_78_of_the_package"][0]) > 20 * np.sqrt(expected[0] * (1 - expected[0]) / n)


@pytest.mark.parametrize("furthest", [2.0, 6.0, 11.9])
def test_interpolated_totals_equal_the_sum_of_the_scores(furthest):
    generator = np.random.default_rng(int(furthest))
    T = np.ceil(generator.uniform(0, 40, 200) * 7) / 7
    x = generator.geometric(0.2, 200) - 1.0
    x[::50] = [2000, 300, 90, 60]
    t_x = np.where(x > 0, np.ceil(T * generator.uniform(size=200) * 7) / 7, 0.0).clip(max=T)
    weights = generator.integers(1, 5, 200).astype(float)
    for _ in range(8):
        u = generator.uniform(-furthest, furthest, 4)
        p = Parameters(*PROCESS.parametrization.parameters_at(u, 30.0))
        score = PROCESS.score(p, x, t_x, T)
        size = np.sum(weights * np.abs(score.gradient), axis=1)
        totals = PROCESS.totals(weights, x, t_x, T)(p, True)
        # Rounding of logarithms of e^12 times counts of 2,000, which cancel.
        assert totals.log_likelihood == pytest.approx(np.sum(weights * score.log_likelihood), rel=1e-10)
        assert np.all(
            np.abs(totals.gradient - np.sum(weights * score.gradient, axis=1)) <= 1e-10 * (size + np.max(size))
        )
        assert np.isfinite(totals.hessian).all()
        each = np.abs(totals.scores() - score.gradient)
        assert np.all(each <= 1e-10 * (1 + np.max(np.abs(score.gradient), axis=0)))


@pytest.mark.parametrize(("farthest", "count"), pareto_nbd_totals.ENOUGH_NODES.items())
def test_fewer_nodes_are_enough_for_scales_that_are_close(farthest, count):
    generator = np.random.default_rng(count)
    near, far = np.exp(generator.uniform(np.log(0.02), np.log(1e4), (2, 400)))
    sides = np.stack([near, far, np.exp(-generator.uniform(0, farthest, 400))])
    some, many = (pareto_nbd_totals._race(sides, nodes, False) for nodes in (count, 160))
    by_logs = np.stack([np.ones(400), near, far, np.ones(400)])
    # Rounding of about 1e-13 with any number of nodes, and up to 4e-13 in all.
    assert np.all(np.abs(some - many) * by_logs <= 5e-13 * np.maximum(1, np.abs(many) * by_logs))

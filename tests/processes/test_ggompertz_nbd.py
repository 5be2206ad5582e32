"""GGompertz/NBD compared with published numbers and the R package CLVTools, on CDNOW and on CLVTools' apparel log.

On both logs the likelihood has a ridge: b and beta decrease together toward the Pareto/NBD without changing it, and
other software stops somewhere along it. Compared are therefore the likelihood, r, alpha, s and beta/b, and everything
else at fixed parameters.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.datasets import dataset_path
from clvmodels.processes import ggompertz_nbd_totals
from clvmodels.processes.ggompertz_nbd import PROCESS, Parameters

REFERENCES = Path(__file__).parents[1] / "references"
CDNOW, APPAREL = (
    json.loads((REFERENCES / f"{name}.json").read_text("utf-8"))
    for name in ("cdnow_ggompertz_nbd", "apparel_ggompertz_nbd")
)
PUBLISHED, SHORTER = CDNOW["published"], CDNOW["clvtools_37_weeks"]
SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))


def parameters(values):
    return Parameters(**{name: np.float64(value) for name, value in values.items()})


def cdnow(end):
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=end)


@pytest.fixture(scope="module")
def rfm():
    return cdnow("1997-09-30")


@pytest.fixture(scope="module")
def apparel():
    path = SHARED_DATA / "clvtools_apparel_trans.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    columns = {"customer_id": "Id", "date": "Date", "amount": "Price"}
    return clv.rfm_summary(pd.read_csv(path), **columns, time_unit="week", observation_end="2006-12-31")


def statistics(rfm):
    return rfm.frequency.astype(float), rfm.recency, rfm.T


def lies_on_the_ridge(model, reference, log_likelihood, rel):
    """Check that a fit is at least as high as the reference, and equal in what the data identify."""
    estimates = model.parameters_
    # From the package's point on the ridge to the end, the likelihood changes by less than search.INDISTINGUISHABLE.
    assert log_likelihood - 1e-4 <= model.fit_.log_likelihood <= log_likelihood + 1e-2
    for name in ("r", "alpha", "s"):
        assert estimates[name] == pytest.approx(reference[name], rel=rel), name
    assert estimates["beta"] / estimates["b"] == pytest.approx(reference["beta"] / reference["b"], rel=3 * rel)
    assert model.fit_.status == "boundary"
    assert "predictions equal those of the Pareto/NBD model" in model.fit_.message
    return True


def predictions_agree(reference, columns, first):
    """Compare predictions at the parameters of the package."""
    p = parameters(reference["parameters"])
    expected = PROCESS.expected_purchases(p, reference["horizon_weeks"], *columns)
    alive = PROCESS.probability_alive(p, *columns)
    # The package integrates with GSL, accurate to about 1e-8; at b = 2e-6 its expected purchases are accurate to 3e-7.
    assert alive[first] == pytest.approx(reference["probability_alive"], rel=1e-7)
    assert alive.mean() == pytest.approx(reference["mean_probability_alive"], rel=1e-7)
    assert expected[first] == pytest.approx(reference["expected_purchases"], rel=1e-6)
    assert expected.sum() == pytest.approx(reference["total_expected_purchases"], rel=1e-6)
    ten = PROCESS.expected_purchases(p, 10.0, *columns).sum()
    assert ten == pytest.approx(reference["total_expected_purchases_10_weeks"], rel=1e-6)
    counts = np.array(reference["pmf"]["counts"])[:, None]
    pmf = PROCESS.new_customer_pmf(p, counts, columns[2])
    assert pmf.mean(axis=1) == pytest.approx(reference["pmf"]["mean_over_customers"], rel=1e-7)
    assert pmf[:, first[0]] == pytest.approx(reference["pmf"]["customer_1"], rel=1e-7)
    for t, value in reference["expected_repeat_purchases_of_a_new_customer"].items():
        assert PROCESS.mean_purchases(p, np.array([float(t)]))[0] == pytest.approx(value, rel=1e-6)
    for place in reference["log_likelihood_at"]:
        total = np.sum(PROCESS.log_likelihood(parameters(place["parameters"]), *columns))
        assert total == pytest.approx(place["value"], abs=1e-5)
    return True


@pytest.mark.acceptance
def test_the_fit_matches_published_estimates(rfm):
    model = clv.GGompertzNBD().fit(rfm)
    # The paper and CLVTools' tests print three to five digits of different points on the ridge.
    assert lies_on_the_ridge(model, PUBLISHED["clvtools_parameters"], PUBLISHED["log_likelihood"], rel=2e-2)
    assert lies_on_the_ridge(model, PUBLISHED["parameters"], PUBLISHED["log_likelihood"], rel=1e-1)
    pareto = clv.ParetoNBD().fit(rfm)
    # b ends at e^-12 in units of the mean T, not at 0.
    assert model.fit_.log_likelihood == pytest.approx(pareto.fit_.log_likelihood, abs=1e-5)
    assert pareto.parameters_["beta"] == pytest.approx(model.parameters_["beta"] / model.parameters_["b"], rel=1e-3)


@pytest.mark.acceptance
def test_fit_and_predictions_match_clvtools_after_37_weeks():
    rfm = cdnow(SHORTER["observation_end"])
    numbered = np.loadtxt(dataset_path("cdnow_sample.csv"), skiprows=1, dtype=np.int64)
    first = np.searchsorted(rfm.customer_id.to_numpy(), numbered[np.array(SHORTER["sample_numbers"]) - 1])
    model = clv.GGompertzNBD().fit(rfm)
    polished = SHORTER["polished_parameters"]
    assert lies_on_the_ridge(model, polished, SHORTER["polished_log_likelihood"], rel=2e-3)
    assert model.fit_.log_likelihood >= SHORTER["log_likelihood"]
    assert predictions_agree(SHORTER, statistics(rfm), first)


@pytest.mark.slow
@pytest.mark.shared_data
def test_fit_and_predictions_match_clvtools_on_apparel(apparel):
    first = np.searchsorted(apparel.customer_id.to_numpy(), APPAREL["sample_numbers"])
    model = clv.GGompertzNBD().fit(apparel)
    polished = APPAREL["polished_parameters"]
    assert lies_on_the_ridge(model, polished, APPAREL["polished_log_likelihood"], rel=2e-3)
    assert model.fit_.log_likelihood >= APPAREL["log_likelihood"]
    assert predictions_agree(APPAREL, statistics(apparel), first)


@pytest.mark.slow
@pytest.mark.parametrize(("furthest", "error"), [(2.0, 1e-12), (6.0, 1e-9), (11.9, 1e-6)])  # of quadrature: see race.py
@pytest.mark.parametrize("customers", [40, 600])  # few histories are computed one by one, many interpolated
def test_totals_equal_the_sum_of_the_scores_and_their_differences(customers, furthest, error):
    generator = np.random.default_rng(int(furthest))
    T = np.ceil(generator.uniform(0, 40, customers) * 7) / 7
    x = generator.geometric(0.3, customers) - 1.0
    x[:2] = [2000, 300]
    t_x = np.where(x > 0, np.ceil(T * generator.uniform(size=customers) * 7) / 7, 0.0).clip(max=T)
    weights = generator.integers(1, 5, customers).astype(float)
    totals = PROCESS.totals(weights, x, t_x, T)
    for _ in range(2):
        p = Parameters(*PROCESS.parametrization.parameters_at(generator.uniform(-furthest, furthest, 5), 30.0))
        score, total = PROCESS.score(p, x, t_x, T), totals(p, True)
        size = np.sum(weights * np.abs(score.gradient), axis=1)
        # Rounding of logarithms of e^12 times counts of 2,000, which cancel.
        assert total.log_likelihood == pytest.approx(np.sum(weights * score.log_likelihood), rel=1e-12)
        assert total.gradient == pytest.approx(np.sum(weights * score.gradient, axis=1), abs=error * np.max(size))
        largest = np.max(np.abs(score.gradient), axis=0)
        assert np.all(np.abs(total.scores() - score.gradient) <= error * (1 + largest))
        moved = [
            [totals(p._replace(**{name: getattr(p, name) * np.exp(step)}), False).gradient for step in (-1e-5, 1e-5)]
            for name in p._fields
        ]
        differences = np.array([(after - before) / 2e-5 for before, after in moved])
        # Central differences lose five of fifteen digits.
        assert total.hessian == pytest.approx(differences, abs=max(1e-8, error) * np.max(np.abs(differences)))


@pytest.mark.parametrize("least", [0.5, 0.1])
@pytest.mark.parametrize("farthest", [0.5, 2.0, 4.0])
def test_fewer_nodes_are_enough_for_close_scales_and_similar_customers(least, farthest):
    counts = ggompertz_nbd_totals.ENOUGH_YOUNG[farthest], ggompertz_nbd_totals.ENOUGH_OLD[least]
    generator = np.random.default_rng(int(10 * farthest + least))
    for s in np.exp(generator.uniform(np.log(least), np.log(50), 20)):
        p = np.exp(generator.uniform(np.log(0.02), np.log(300), 20))
        c = np.exp(generator.uniform(-8, 3, 20))
        a = c * np.exp(generator.uniform(-farthest, farthest, 20))
        some, many = (ggompertz_nbd_totals._sides(p, float(s), a, c, nodes, False) for nodes in (counts, (200, 200)))
        # Rounding of about 2e-13 with any number of nodes, and up to 4e-13 in all.
        assert np.all(np.abs(some - many) <= 5e-13 * np.maximum(1, np.abs(many)))


@pytest.mark.parametrize("horizon", [4.0, 39.0, 200.0])
def test_exceedances_are_sums_of_the_pmf_where_survival_ends_suddenly(horizon):
    p = Parameters(*map(np.asarray, (0.55, 10.6, 1.0, 3.0, 1000.0)))  # hardly anybody leaves before 6 weeks
    x, T = np.array([0.0, 2.0, 12.0, 30.0]), np.array([0.0, 8.0, 20.0, 30.0])
    beyond = 1 - PROCESS.pmf_if_active(p, np.zeros(()), horizon, x, T)
    for k, exceeded in enumerate(itertools.islice(PROCESS.exceedances(p, horizon, x, T), 12)):
        np.testing.assert_allclose(exceeded, beyond, atol=1e-8)  # up to 6e-2 with the nodes of a short horizon
        beyond = beyond - PROCESS.pmf_if_active(p, np.asarray(k + 1.0), horizon, x, T)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rates"), [(1, (0.8, 8.0)), (5, (0.8, 8.0)), (8, (0.8, 8.0)), (6, (2.0, 20.0))])
def test_where_hardly_anybody_leaves_its_maximum_is_not_below_that_of_pareto_nbd(seed, rates):
    """Pareto/NBD is a GGompertz/NBD without aging. There are several maxima at limits; three starts missed the highest.

    The tolerance is a tenth of a difference that counts in the search.
    """
    log = clv.simulate_log(300, dict(zip(("r", "alpha"), rates, strict=True)), process="nbd", random_state=seed)
    rfm = clv.rfm_summary(log, time_unit="week")
    pareto, twin = (model.fit(rfm).fit_.log_likelihood for model in (clv.ParetoNBD(), clv.GGompertzNBD()))
    assert twin > pareto - 1e-3

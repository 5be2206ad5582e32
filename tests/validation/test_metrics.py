"""The scores of a forecast, worked by hand and by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from clvmodels.validation.metrics import METRICS, bias, log_score, mae, normalized_gini, rmse, spearman
from clvmodels.validation.tables import score_table

some = settings(max_examples=80, derandomize=True)
small = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def arrays(*lists):
    return tuple(np.array(values, dtype=float) for values in lists)


# ---- by hand -----------------------------------------------------------------------------------------------


def test_errors_by_hand():
    actual, predicted = arrays([0, 1, 2, 5], [1, 1, 0, 4])
    assert bias(actual, predicted) == 6 / 8 - 1
    assert mae(actual, predicted) == (1 + 0 + 2 + 1) / 4
    assert rmse(actual, predicted) == np.sqrt((1 + 0 + 4 + 1) / 4)


def test_spearman_by_hand():
    # Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 * 4/(5 * 24).
    assert spearman(*arrays([10, 20, 30, 40, 50], [2, 1, 4, 3, 5])) == pytest.approx(0.8, rel=1e-14)
    # Ties at their mean rank: 1.5 1.5 3 4 against 1 2.5 2.5 4; deviations -1 -1 .5 1.5 and -1.5 0 0 1.5.
    found = spearman(*arrays([0, 0, 1, 2], [5, 6, 6, 9]))
    assert found == pytest.approx((1.5 + 2.25) / np.sqrt(4.5 * 4.5), rel=1e-14)


def test_gini_by_hand():
    # Best first, actual 3 0 1: captured 0 3/4 3/4 1 at 0 1/3 2/3 1. Twice the area less 1: 4/3 - 1 = 1/3.
    # The perfect order 3 1 0 captures 0 3/4 1 1: twice the area 3/2, less 1 = 1/2.
    assert normalized_gini(*arrays([0, 1, 3], [2, 1, 3])) == pytest.approx((1 / 3) / (1 / 2), rel=1e-14)
    assert normalized_gini(*arrays([0, 1, 3], [1, 2, 3])) == pytest.approx(1, rel=1e-14)
    assert normalized_gini(*arrays([0, 1, 3], [3, 2, 1])) == pytest.approx(-1, rel=1e-14)


def test_gini_of_ties_is_that_of_their_average():
    # 3 and 0 share a forecast: captured 0 then 3/4 at 2/3, as on a straight line: 3/4 * 2/3 + 7/4 * 1/3 - 1 = 1/12.
    assert normalized_gini(*arrays([0, 1, 3], [2, 1, 2])) == pytest.approx((1 / 12) / (1 / 2), rel=1e-13)


def test_log_score_by_hand():
    # Two customers, whose counts had been given 1/2 and 1/8: the mean of -log 2 and -3 log 2.
    assert log_score(np.array([0.5, 0.125])) == pytest.approx(-2 * np.log(2), rel=1e-15)
    assert log_score(np.ones(3)) == 0
    assert log_score(np.array([0.5, 0.0])) == -np.inf
    assert np.isnan(log_score(np.zeros(0)))


# ---- where nothing can be said -----------------------------------------------------------------------------


def test_constant_forecasts_rank_nobody():
    actual, constant = arrays([0, 1, 3, 2], [0.3, 0.3, 0.3, 0.3])
    assert normalized_gini(actual, constant) == 0.0
    assert np.isnan(spearman(actual, constant))
    assert bias(actual, constant) == pytest.approx(1.2 / 6 - 1)


def test_where_everybody_did_the_same_nobody_can_be_ranked():
    for same in ([0.0] * 5, [0.1] * 5, [3.0] * 5):
        actual, predicted = arrays(same, [1, 2, 3, 4, 5])
        assert np.isnan(normalized_gini(actual, predicted))
        assert np.isnan(normalized_gini(actual, np.ones(5)))
        assert np.isnan(spearman(actual, predicted))
    assert np.isnan(bias(np.zeros(5), np.ones(5)))
    assert mae(np.zeros(5), np.ones(5)) == rmse(np.zeros(5), np.ones(5)) == 1.0


def test_nobody_has_no_score():
    for name, score in METRICS.items():
        assert np.isnan(score(np.zeros(0), np.zeros(0))), name


# ---- properties --------------------------------------------------------------------------------------------


@some
@given(pairs=small, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_customers_does_not_matter(pairs, seed):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    order = np.random.default_rng(seed).permutation(len(actual))
    for name, score in METRICS.items():
        # Sums in another order differ in their last bits.
        assert score(actual[order], predicted[order]) == pytest.approx(
            score(actual, predicted), rel=1e-12, abs=1e-12, nan_ok=True
        ), name


@some
@given(pairs=small)
def test_ranks_alone_matter_to_ranking_scores(pairs):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    for score in (spearman, normalized_gini):
        moved = score(actual, 3 + np.exp(predicted))
        assert moved == pytest.approx(score(actual, predicted), rel=1e-12, abs=1e-12, nan_ok=True)


@some
@given(pairs=small)
def test_spearman_is_scipy_s(pairs):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    assume(len(actual) > 2 and np.ptp(actual) > 0 and np.ptp(predicted) > 0)
    assert spearman(actual, predicted) == pytest.approx(spearmanr(actual, predicted).statistic, abs=1e-12)


@some
@given(pairs=small)
def test_gini_is_the_mean_over_the_orders_of_ties(pairs):
    """Over both extreme orders of each tie, best and worst first, whose mean is that over all."""
    actual, predicted = arrays(*zip(*pairs, strict=True))
    assume(np.ptp(actual) > 0 and np.ptp(predicted) > 0)
    best = np.lexsort([-actual, -predicted])
    worst = np.lexsort([actual, -predicted])
    ranks = np.arange(len(actual), 0.0, -1)
    ends = [normalized_gini(actual[order], ranks) for order in (best, worst)]
    assert normalized_gini(actual, predicted) == pytest.approx(np.mean(ends), abs=1e-12)


@some
@given(pairs=small)
def test_gini_by_its_definition(pairs):
    """The Gini coefficient as the mean absolute difference of actuals, for the perfect ranking."""
    actual, _ = arrays(*zip(*pairs, strict=True))
    assume(np.ptp(actual) > 0)
    n = len(actual)
    coefficient = np.abs(actual[:, None] - actual).sum() / (2 * n**2 * actual.mean())
    assert normalized_gini(actual, actual) == pytest.approx(1)
    # Against a ranking by something else: the covariance form, 2 cov(actual, rank)/(n mean).
    ranks = np.argsort(np.argsort(actual, kind="stable")) + 1.0
    assert 2 * np.mean((actual - actual.mean()) * (ranks - ranks.mean())) / (n * actual.mean()) == pytest.approx(
        coefficient
    )
    assert normalized_gini(actual, -actual) == pytest.approx(-1)


# ---- the table ---------------------------------------------------------------------------------------------


def test_all_forecasts_are_scored_on_the_same_customers():
    actual = np.array([0.0, 2.0, 4.0])
    table = score_table(actual, {"a": np.array([1.0, np.nan, 4.0]), "b": np.array([0.0, 2.0, 4.0])}, "money")
    assert list(table["customers"]) == [2, 2]
    assert list(table["actual"]) == [4.0, 4.0]
    assert list(table["predicted"]) == [5.0, 4.0]
    assert list(table["mae"]) == [0.5, 0.0]
    assert list(table["quantity"]) == ["money", "money"]


def test_a_table_without_a_known_forecast_has_no_scores():
    table = score_table(np.ones(2), {"a": np.full(2, np.nan)}, "money")
    assert table.loc[0, "customers"] == 0
    assert table[list(METRICS)].isna().all(axis=None)

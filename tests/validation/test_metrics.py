"""The scores of a forecast, worked by hand and by their definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import poisson, spearmanr
from sklearn.metrics import brier_score_loss, mean_poisson_deviance
from sklearn.metrics import log_loss as sklearn_log_loss

from clvmodels.forecasts import ForecasterIdentity
from clvmodels.scores import crps_of_counts, crps_of_draws, poisson_deviance, randomized_pit
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts
from clvmodels.validation.tables.metrics import (
    HEADLINE,
    bias,
    brier,
    capture,
    coverage,
    decile_mape,
    deciles,
    lift,
    log_loss,
    log_score,
    mae,
    normalized_gini,
    rmse,
    spearman,
    width,
)
from clvmodels.validation.tables.ranking import decile_table, gain_table, lorenz_table, overlap_table
from clvmodels.validation.tables.tracking import score_table

FUNCTIONS = {name: metric.function for name, metric in HEADLINE.items()}
ONE = ForecasterIdentity("bgnbd", "BG/NBD", "process")


def ranked(actual, predicted):
    return QuantityForecasts("purchases", actual, [EvaluatedForecast(ONE, predicted)])


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
    correlation = spearman(*arrays([0, 0, 1, 2], [5, 6, 6, 9]))
    assert correlation == pytest.approx((1.5 + 2.25) / np.sqrt(4.5 * 4.5), rel=1e-14)


def test_gini_by_hand():
    # Best first, actual 3 0 1: captured 0 3/4 3/4 1 at 0 1/3 2/3 1. Twice the area less 1: 4/3 - 1 = 1/3.
    # The perfect order 3 1 0 captures 0 3/4 1 1: twice the area 3/2, less 1 = 1/2.
    assert normalized_gini(*arrays([0, 1, 3], [2, 1, 3])) == pytest.approx((1 / 3) / (1 / 2), rel=1e-14)
    assert normalized_gini(*arrays([0, 1, 3], [1, 2, 3])) == pytest.approx(1, rel=1e-14)
    assert normalized_gini(*arrays([0, 1, 3], [3, 2, 1])) == pytest.approx(-1, rel=1e-14)


def test_gini_averages_over_ties():
    # 3 and 0 share a forecast: captured 0 then 3/4 at 2/3, as on a straight line: 3/4 * 2/3 + 7/4 * 1/3 - 1 = 1/12.
    assert normalized_gini(*arrays([0, 1, 3], [2, 1, 2])) == pytest.approx((1 / 12) / (1 / 2), rel=1e-13)


def test_log_score_by_hand():
    # Two customers whose actual counts had the probabilities 1/2 and 1/8: the mean of -log 2 and -3 log 2.
    assert log_score(np.array([0.5, 0.125])) == pytest.approx(-2 * np.log(2), rel=1e-15)
    assert log_score(np.ones(3)) == 0
    assert log_score(np.array([0.5, 0.0])) == -np.inf
    assert np.isnan(log_score(np.zeros(0)))


# ---- undefined scores --------------------------------------------------------------------------------------


def test_weights_say_how_often_each_customer_counts():
    """Of the two draws, the first has customer 3 twice and not customer 1; the second only customer 2."""
    actual, predicted = arrays([4, 1, 2], [1, 2, 3])
    weights = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
    assert bias(actual, predicted, weights) == pytest.approx([8 / 5 - 1, 2 / 1 - 1], rel=1e-15)
    assert rmse(actual, predicted, weights) == pytest.approx([1, 1], rel=1e-15)
    # Customer 3 is ranked first: two thirds of the first draw, which did 4 of 5 purchases.
    assert capture(actual, predicted, weights, share=1 / 3) == pytest.approx([2 / 5, 1 / 3], rel=1e-15)
    # The order is perfect in the first draw; nobody differs in the second.
    assert normalized_gini(actual, predicted, weights) == pytest.approx([1, np.nan], rel=1e-14, nan_ok=True)
    assert log_score(np.array([0.5, 1.0, 0.25]), weights) == pytest.approx([-4 / 3 * np.log(2), 0], rel=1e-15)
    for metric in (bias, rmse, normalized_gini, capture, poisson_deviance):
        assert np.isnan(metric(np.zeros(0), np.zeros(0), np.zeros((2, 0)))).tolist() == [True, True], metric


def test_constant_forecasts_have_a_gini_of_zero():
    actual, constant = arrays([0, 1, 3, 2], [0.3, 0.3, 0.3, 0.3])
    assert normalized_gini(actual, constant) == 0.0
    assert np.isnan(spearman(actual, constant))
    assert bias(actual, constant) == pytest.approx(1.2 / 6 - 1)


def test_ranking_scores_are_undefined_where_all_actuals_are_equal():
    for same in ([0.0] * 5, [0.1] * 5, [3.0] * 5):
        actual, predicted = arrays(same, [1, 2, 3, 4, 5])
        assert np.isnan(normalized_gini(actual, predicted))
        assert np.isnan(normalized_gini(actual, np.ones(5)))
        assert np.isnan(spearman(actual, predicted))
    assert np.isnan(bias(np.zeros(5), np.ones(5)))
    assert mae(np.zeros(5), np.ones(5)) == rmse(np.zeros(5), np.ones(5)) == 1.0


def test_scores_of_no_customers_are_missing():
    for name, score in FUNCTIONS.items():
        assert np.isnan(score(np.zeros(0), np.zeros(0))), name


# ---- properties --------------------------------------------------------------------------------------------


@pytest.mark.slow
@some
@given(pairs=small, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_customers_does_not_matter(pairs, seed):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    order = np.random.default_rng(seed).permutation(len(actual))
    for name, score in FUNCTIONS.items():
        # Sums in another order differ in their last bits.
        assert score(actual[order], predicted[order]) == pytest.approx(
            score(actual, predicted), rel=1e-12, abs=1e-12, nan_ok=True
        ), name


@pytest.mark.slow
@some
@given(pairs=small)
def test_ranking_scores_depend_on_ranks_only(pairs):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    for score in (spearman, normalized_gini):
        moved = score(actual, 3 + np.exp(predicted))
        assert moved == pytest.approx(score(actual, predicted), rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.slow
@some
@given(pairs=small)
def test_spearman_agrees_with_scipy(pairs):
    actual, predicted = arrays(*zip(*pairs, strict=True))
    assume(len(actual) > 2 and np.ptp(actual) > 0 and np.ptp(predicted) > 0)
    assert spearman(actual, predicted) == pytest.approx(spearmanr(actual, predicted).statistic, abs=1e-12)


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_table_of_missing_forecasts_has_no_scores():
    table = score_table(np.ones(2), {"a": np.full(2, np.nan)}, "money")
    assert table.loc[0, "customers"] == 0
    assert table[list(HEADLINE)].isna().all(axis=None)


# ---- whole forecasts ---------------------------------------------------------------------------------------


def test_poisson_deviance_agrees_with_scikit_learn_and_is_infinite_for_a_forecast_of_zero():
    actual, predicted = arrays([0, 1, 2, 5], [0.5, 1, 0.25, 4])
    assert poisson_deviance(actual, predicted) == pytest.approx(mean_poisson_deviance(actual, predicted), rel=1e-14)
    assert poisson_deviance(actual, np.zeros(4)) == np.inf
    assert poisson_deviance(np.zeros(4), np.zeros(4)) == 0


def test_capture_is_shared_among_ties():
    actual = np.array([6.0, 2.0, *[0.0] * 18])
    ranked = np.arange(20.0)[::-1]
    assert capture(actual, ranked) == 1  # two of twenty are the top tenth
    assert lift(actual, ranked) == 10
    # Equal forecasts: the top tenth holds a tenth of the total, in any order of rows.
    assert capture(actual, np.ones(20)) == pytest.approx(0.1, rel=1e-14)
    # Three share the first place, and two of them are in the top tenth.
    assert capture(actual, np.array([1.0, 1.0, 1.0, *[0.0] * 17])) == pytest.approx(2 / 3, rel=1e-14)
    assert np.isnan(capture(np.zeros(3), np.ones(3)))


def test_deciles_are_tenths_from_the_top():
    assert deciles(np.arange(20.0)).tolist() == [10 - i // 2 for i in range(20)]
    assert set(deciles(np.ones(25))) == {5}  # all are equal: the middle place is the thirteenth of 25
    assert deciles(np.array([9.0, 8.0, 8.0, *np.arange(7.0)])).tolist() == [1, 2, 2, *range(10, 3, -1)]
    # Each of ten customers is a decile: off by 1/1, .5/2 and so on; those in which nothing happened are left out.
    actual = np.array([1.0, 2.0, *[0.0] * 8])
    assert decile_mape(actual, np.array([2.0, 2.5, *np.linspace(0.9, 0.1, 8)])) == pytest.approx(0.625, rel=1e-14)


@pytest.mark.slow
@some
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(0, 1000))
def test_deciles_keep_equal_forecasts_together_in_any_order_of_rows(values, seed):
    predicted = np.array(values, dtype=float)
    group, order = deciles(predicted), np.random.default_rng(seed).permutation(len(values))
    assert deciles(predicted[order]).tolist() == group[order].tolist()
    assert all(len(set(group[predicted == value])) == 1 for value in set(values))
    assert (np.diff(group[np.argsort(-predicted)]) >= 0).all()
    assert set(group) <= set(range(1, 11))


@pytest.mark.slow
@some
@given(pairs=small, seed=st.integers(0, 1000))
def test_tables_of_rankings_do_not_depend_on_the_order_of_rows(pairs, seed):
    actual, predicted = (np.array(values, dtype=float) for values in zip(*pairs, strict=True))
    order = np.random.default_rng(seed).permutation(len(actual))
    for table in (decile_table, overlap_table, gain_table, lorenz_table):
        one, other = (table(ranked(actual[rows], predicted[rows])) for rows in (slice(None), order))
        pd.testing.assert_frame_equal(one, other, rtol=1e-12, atol=1e-12)


def test_an_overlap_is_the_mean_over_the_orders_of_ties():
    """Ten of twenty tie for the first two places: each is inside with 1/5, and one of the best two is among them."""
    actual = np.array([3.0, 2.0, *[0.0] * 18])
    predicted = np.array([1.0, 0.0, *[1.0] * 9, *[0.0] * 9])
    row = overlap_table(ranked(actual, predicted)).set_index("top").loc[0.1]
    assert (row["customers"], row["overlap"]) == (2, pytest.approx(0.2 / 2))


def test_scores_of_probabilities_agree_with_scikit_learn():
    happened, chance = arrays([0, 1, 1, 0], [0.2, 0.7, 0.4, 0.1])
    assert brier(happened, chance) == pytest.approx(brier_score_loss(happened, chance), rel=1e-14)
    assert log_loss(happened, chance) == pytest.approx(sklearn_log_loss(happened, chance), rel=1e-12)
    assert log_loss(happened, np.zeros(4)) == np.inf


def test_crps_of_counts():
    # A certain forecast of 2 has the absolute error as its score, also for counts beyond the table.
    certain = np.array([0.0, 0.0, 1.0])
    for actual in (0, 2, 3, 9):
        assert crps_of_counts(np.array([float(actual)]), certain[:, None]) == pytest.approx([abs(actual - 2)])
    # P(0) = P(1) = 1/2 and 1 happened: (1/2)^2.
    assert crps_of_counts(np.array([1.0]), np.array([[0.5], [0.5]])) == pytest.approx([0.25])


def test_crps_of_draws_agrees_with_crps_of_counts():
    chances = poisson.pmf(np.arange(60), 4.0)[:, None]
    draws = np.random.default_rng(0).poisson(4.0, (200_000, 1)).astype(float)
    # Of 200,000 draws the mean of |X - y| has a standard error of about 4e-3.
    assert crps_of_draws(np.array([7.0]), draws) == pytest.approx(crps_of_counts(np.array([7.0]), chances), abs=0.02)
    few, actual = np.array([[0.0], [1.0], [5.0]]), np.array([2.0])
    # |X - y|: 2 1 3, mean 2; of pairs 1 5 4, mean 10/3, halved.
    assert crps_of_draws(actual, few) == pytest.approx([2 - 10 / 6])


def test_intervals_include_their_ends():
    actual, lower, upper = arrays([0, 1, 5, 9], [0, 0, 6, 2], [0, 3, 8, 9])
    assert coverage(actual, lower, upper) == 0.75
    assert width(lower, upper) == (0 + 3 + 2 + 7) / 4


def test_the_randomized_pit_of_a_right_forecast_is_uniform():
    generator = np.random.default_rng(1)
    actual = generator.poisson(0.7, 100_000)
    below, at = poisson.cdf(actual - 1, 0.7), poisson.pmf(actual, 0.7)
    counts, _ = np.histogram(randomized_pit(below, at, generator.random(100_000)), np.linspace(0, 1, 11))
    # Five standard errors of a tenth of 100,000 are 474.
    assert counts == pytest.approx(np.full(10, 10_000), abs=474)

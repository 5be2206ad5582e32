import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from clvmodels.scoring.gates.drift import binned, kolmogorov_smirnov, population_stability
from clvmodels.scoring.gates.run_statistics import MOST_VALUES, RunCounts

INTEGERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=300).map(lambda of: np.array(of, dtype=np.int64))


def test_psi_is_the_sum_of_its_definition():
    # By hand: shares (.5, .3, .2) against (.4, .4, .2).
    expected = -0.1 * math.log(0.8) + 0.1 * math.log(4 / 3)
    result = population_stability(np.array([50.0, 30.0, 20.0]), np.array([400.0, 400.0, 200.0]))
    assert result == pytest.approx(expected, rel=1e-12)


def test_an_empty_bin_is_large_and_finite():
    result = population_stability(np.array([50.0, 50.0]), np.array([100.0, 0.0]))
    assert math.isfinite(result)
    assert result > 1


@pytest.mark.slow
def test_psi_without_a_change_has_the_published_distribution():
    # Yurdakul & Naranjo (2020): chi-squared with k - 1 degrees of freedom times 1/n + 1/m; the mean of 2,000 draws
    # of it has a standard error of sqrt(2/9/2000) = 1 %, hence 5 %.
    generator = np.random.default_rng(0)
    n, m, k = 2_000, 5_000, 10
    result = [
        population_stability(generator.multinomial(n, [1 / k] * k), generator.multinomial(m, [1 / k] * k))
        for _ in range(2_000)
    ]
    assert np.mean(result) == pytest.approx((k - 1) * (1 / n + 1 / m), rel=0.05)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(INTEGERS, INTEGERS)
def test_ks_is_the_largest_difference_to_a_hundredth(a, b):
    result = kolmogorov_smirnov(RunCounts.of(a).quantiles(), RunCounts.of(b))
    at = np.union1d(a, b)
    below = [np.searchsorted(np.sort(of), at, side="right") / len(of) for of in (a, b)]
    exact = np.max(np.abs(below[0] - below[1]))
    assert exact - 0.01 - 1e-12 <= result <= exact + 1e-12  # less than a hundredth lies between two stored quantiles


def test_ks_is_that_of_scipy():
    generator = np.random.default_rng(1)
    a, b = generator.poisson(3, 500), generator.poisson(4, 700)  # few values, so every value is stored
    result = kolmogorov_smirnov(RunCounts.of(a).quantiles(), RunCounts.of(b))
    assert result == pytest.approx(ks_2samp(a, b).statistic, rel=1e-12)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(INTEGERS, INTEGERS)
def test_histograms_count_every_customer_and_bins_have_a_tenth(a, b):
    r, c = binned(RunCounts.of(a).quantiles(), RunCounts.of(b))
    assert (r.sum(), c.sum()) == (len(a), len(b))
    assert (r >= 0.1 * len(a)).all()
    same, again = binned(RunCounts.of(a).quantiles(), RunCounts.of(a))
    assert (same == again).all()


@pytest.mark.parametrize("last", [5, MOST_VALUES - 3, 2 * MOST_VALUES])
def test_counts_are_the_same_in_a_table_and_sorted(last):
    values = np.array([-3, 0, 5, 0, last], dtype=np.int64)
    counts, (expected, customers) = RunCounts.of(values), np.unique(values, return_counts=True)
    assert (counts.values.tolist(), counts.customers.tolist()) == (expected.tolist(), customers.tolist())
    assert len(RunCounts.of(values[:0]).values) == 0


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(INTEGERS, INTEGERS)
def test_counts_add_up(a, b):
    both, joined = RunCounts.of(a) + RunCounts.of(b), RunCounts.of(np.concatenate([a, b]))
    assert (both.values == joined.values).all()
    assert (both.customers == joined.customers).all()

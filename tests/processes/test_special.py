"""Special functions compared with mpmath where textbook formulas cancel or overflow."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from clvmodels.processes import special

TINY_TO_HUGE = (1e-300, 1e-12, 0.1, 1.0, 7.3, 9_999.0, 1e4, 10_001.0, 1e6, 1e12)
COUNTS = np.array([0.0, 1.0, 2.0, 3.0, 17.0, 1_000.0, 5_000.0])


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def exact(function, *arguments):
    """Apply an mpmath function to every element of arrays that broadcast, and round to doubles."""
    return np.vectorize(lambda *values: float(function(*map(mp.mpf, map(float, values)))), otypes=[float])(*arguments)


def rise(z, x):
    return mp.loggamma(z + x) - mp.loggamma(z)


def digamma_rise(z, x):
    return mp.digamma(z + x) - mp.digamma(z)


# ---- rising factorials -------------------------------------------------------------------------------------


@pytest.mark.parametrize("z", TINY_TO_HUGE)
def test_log_rise_of_a_shared_parameter(z):
    # A sum of 5,000 logarithms, each rounded relative to the running total.
    assert special.log_rise(z, COUNTS) == pytest.approx(exact(rise, z, COUNTS), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("z", TINY_TO_HUGE)
def test_log_rise_of_one_parameter_per_row(z):
    # Two log-gammas of up to 8e4 are subtracted below z = 1e4, so their rounding, 1e-11, remains.
    result = special.log_rise(np.full(len(COUNTS), z), COUNTS)
    assert result == pytest.approx(exact(rise, z, COUNTS), rel=2e-13, abs=3e-11)


@pytest.mark.parametrize("z", TINY_TO_HUGE[1:])  # 1/z^2 of the first value is infinite
def test_digamma_rise_of_a_shared_parameter(z):
    assert special.digamma_rise(z, COUNTS) == pytest.approx(exact(digamma_rise, z, COUNTS), rel=1e-13)


@pytest.mark.parametrize("z", [1e-100, 1e-5, 0.3, 7.0, 1e5])  # 1/z^2 of smaller ones is infinite
def test_trigamma_rise(z):
    expected = exact(lambda z, x: mp.psi(1, z + x) - mp.psi(1, z), z, COUNTS)
    assert special.trigamma_rise(z, COUNTS) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("z", TINY_TO_HUGE[1:])
def test_digamma_rise_of_one_parameter_per_row(z):
    # Two digammas of about 10 are subtracted below z = 1e4; above it, similar terms in 1/z.
    result = special.digamma_rise(np.full(len(COUNTS), z), COUNTS)
    assert result == pytest.approx(exact(digamma_rise, z, COUNTS), rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("function", [special.log_rise, special.digamma_rise])
def test_rises_accept_scalars_rows_and_draws(function):
    x = np.array([3.0, 0.0, 12.0, 12.0])
    draws = np.array([[0.2], [3.0], [2e4]])
    each = function(draws, x)
    assert each.shape == (3, 4)
    for row, z in zip(each, draws[:, 0], strict=True):
        assert row == pytest.approx(function(float(z), x), rel=1e-14)
        assert row == pytest.approx(function(np.full(4, z), x), rel=1e-10)
    assert function(0.5, np.zeros(2)).tolist() == [0.0, 0.0]
    assert function(0.5, np.zeros(0)).shape == (0,)


# ---- logistic forms ----------------------------------------------------------------------------------------

LOGITS = np.array([-np.inf, -1e300, -745.0, -40.0, -1.0, -1e-20, 0.0, 1e-20, 1.0, 40.0, 745.0, 1e300, np.inf])


def test_log1pexp():
    finite = np.abs(LOGITS) < 1e4
    result = special.log1pexp(LOGITS)
    assert result[finite] == pytest.approx(exact(lambda z: mp.log1p(mp.exp(z)), LOGITS[finite]), rel=1e-15, abs=2e-16)
    assert result[~finite].tolist() == [0.0, 0.0, 1e300, np.inf]


def test_logistic():
    finite = np.abs(LOGITS) < 700
    result = special.logistic(LOGITS)
    assert result[finite] == pytest.approx(exact(lambda z: 1 / (1 + mp.exp(-z)), LOGITS[finite]), rel=1e-15)
    assert result[[0, 1, -2, -1]].tolist() == [0.0, 0.0, 1.0, 1.0]


# ---- the beta distribution ---------------------------------------------------------------------------------


@pytest.mark.parametrize("a", TINY_TO_HUGE)
def test_log_beta(a):
    for b in TINY_TO_HUGE:
        expected = float(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + mp.mpf(b)))
        # Of two arguments just below 1e4, three log-gammas of up to 2e5 are added, with rounding of 1e-10. Above,
        # Stirling's series loses only the rounding of its largest term, about min(a, b) log(a + b).
        allowed = 1e-10 if max(a, b) < 1e4 else 1e-15 * min(a, b) * math.log(a + b)
        result = special.log_beta(np.array(a), np.array(b))
        assert float(result) == pytest.approx(expected, rel=1e-14, abs=max(allowed, 1e-14)), b


def mean_of_power(a, b, s):
    """Return E[(1 + s p)^-2.5] for p ~ Beta(a, b), by Euler's integral of 2F1."""
    return mp.hyp2f1(2.5, a, mp.mpf(a) + mp.mpf(b), -mp.mpf(s))


@pytest.mark.parametrize("steepness", [0.0, 1.0, 1e3, 1e8])
@pytest.mark.parametrize(("a", "b"), [(0.793, 2.426), (1e-3, 1e-3), (1e-6, 30.0), (30.0, 1e-6), (1.0, 1.0), (50, 2000)])
def test_beta_nodes_average_a_steep_function(a, b, steepness):
    s = steepness / 2.5

    def g(p):
        return (1 + s * p) ** -2.5

    count = special.beta_node_count(a, b, steepness)
    p, q, weight = special.beta_nodes(a, b, steepness, count)
    assert p.shape == q.shape == weight.shape == (count,)
    assert p + q == pytest.approx(np.ones(count), rel=1e-15)
    mean = a / (a + b)
    result = (1 - mean) * g(0) + mean * g(1) + float(np.sum(weight * (g(p) - q * g(0) - p * g(1))))
    # NODE_STEP is chosen for an error of 2e-11 of the larger value at the ends, which is g(0) = 1.
    assert result == pytest.approx(float(mean_of_power(a, b, s)), rel=1e-10, abs=5e-11)


@pytest.mark.parametrize(("a", "b"), [(2e4, 3e5), (1.6e5, 1.6e5), (3.0, 1e5)])
def test_beta_nodes_integrate_a_narrow_distribution(a, b):
    count = special.beta_node_count(a, b, 0.0)
    p, q, weight = special.beta_nodes(a, b, 0.0, count)
    # E[p (1 - p)] = ab/((a+b)(a+b+1)); weights are exponentials of terms of about a log b, hence the tolerance.
    assert float(np.sum(weight * p * q)) == pytest.approx(a * b / ((a + b) * (a + b + 1)), rel=1e-9)


def test_beta_nodes_of_many_distributions_equal_those_of_each():
    a, b = np.array([[0.2], [3.0]]), np.array([0.5, 40.0, 7.0])
    many = special.beta_nodes(a, b, 10.0, 60)
    for i in range(2):
        for j in range(3):
            one = special.beta_nodes(a[i, 0], b[j], 10.0, 60)
            for part, single in zip(many, one, strict=True):
                assert part[i, j].tolist() == single.tolist()


# ---- tables by count ---------------------------------------------------------------------------------------


def test_by_count_returns_the_values_of_the_function():
    x = np.array([4.0, 0.0, 4.0, 9.0])

    def function(x, z):
        return np.stack([special.log_rise(z, x), x * z])

    for z in (np.float64(0.7), np.full(4, 0.7), np.array([[0.7], [2.0]])):
        assert special.by_count(function, x, z) == pytest.approx(function(x, z), rel=1e-14)
    assert special.by_count(function, np.zeros(0), np.float64(0.7)).shape == (2, 0)


@pytest.mark.parametrize(
    ("value", "shared"),
    [(2.0, True), (np.float64(2), True), (np.ones((5, 1)), True), (np.ones(5), False), (np.ones((2, 5)), False)],
)
def test_is_shared(value, shared):
    assert special.is_shared(value) is shared


def test_many_discounted_times_are_drawn_from_their_mean_and_variance(monkeypatch):
    count, end, delta = np.full(20_000, 50), np.full(20_000, 3.0), 0.4
    exact = special.discounted_count(count, end, delta, np.random.default_rng(1))
    monkeypatch.setattr(special, "MANY_TIMES", 10)
    normal = special.discounted_count(count, end, delta, np.random.default_rng(2))
    spread = exact.std()
    # Standard errors of a mean and a standard deviation of 20,000 draws.
    assert normal.mean() == pytest.approx(exact.mean(), abs=5 * spread * np.sqrt(2 / 20_000))
    assert normal.std() == pytest.approx(spread, rel=5 / np.sqrt(20_000))
    monkeypatch.undo()
    most = special.discounted_count(np.array([10**12, 0]), np.array([2.0, 2.0]), delta, np.random.default_rng(3))
    assert most == pytest.approx([1e12 * -np.expm1(-0.8) / 0.8, 0.0], rel=1e-5)


def test_trigamma_from_tiny_to_huge():
    x = np.array([*TINY_TO_HUGE[1:], 0.5, 2.0, 11.5, 12.0, 300.0])
    assert special.trigamma(x) == pytest.approx(exact(lambda z: mp.psi(1, z), x), rel=1e-15)

"""Integrals of Pareto/NBD and GGompertz/NBD compared with mpmath: the race, its slopes, remaining life, the pmf.

The references are the integrals as defined, in log time by the trapezoidal rule, which converges exponentially for
functions that vanish at both ends, or the hypergeometric function where exponents are too small for that.
"""

from __future__ import annotations

from itertools import product

import mpmath as mp
import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from clvmodels.processes import ggompertz_nbd, pareto_nbd
from clvmodels.processes.dropout_time import mean_life
from clvmodels.processes.race import Remaining, race

DIGITS, CUT = 30, 45
STEP = 0.2  # in log time: an error of exp(-pi^2 / STEP) where nothing bends faster than exp(-exp(u))


def growth(z, B, b):
    """Return log(1 + e(z)/B)."""
    return mp.log1p((mp.expm1(b * z) / b if b else z) / B)


def hazard_over_s(z, B, b):
    return mp.exp(b * z) / (B + mp.expm1(b * z) / b) if b else 1 / (B + z)


def onset(s, B, b):
    """Return the time when a Gompertz hazard is noticeable, in units of 1/b: how sharply survival bends in log time."""
    return 1 + mp.log1p(b * B / max(s, 1))


def over_log_time(f, low, high, step):
    """Integrate f(z) dz for log z from low to high; f vanishes at both ends."""
    nodes = int((high - low) / step) + 1
    return step * mp.fsum(f(z) * z for z in (mp.exp(low + i * step) for i in range(nodes)))


def chance(purchase, shape, A, s, B, b=None):
    """Return the probability that the next purchase (or dropout) comes first, by the integral over its time."""
    shape, A, s, B = map(mp.mpf, (shape, A, s, B))
    low = mp.log(min(A, A / shape, B, B / s)) - CUT
    if b:
        b = mp.mpf(b)
        low = min(low, -mp.log(b) - CUT)
        high = mp.log(mp.log1p(b * B * mp.expm1(min(CUT / s, 10_000))) / b + max(CUT / s - 10_000, 0) / b)
        step = STEP / onset(s, B, b)
    else:
        high = mp.log(max(A, B)) + (CUT + abs(mp.log(A / B))) / (shape + s)
        step = mp.mpf(STEP)

    def density(z):
        rate = shape / (A + z) if purchase else s * hazard_over_s(z, B, b)
        return rate * mp.exp(-shape * mp.log1p(z / A) - s * growth(z, B, b))

    return over_log_time(density, low, high, step)


def chance_of_small_exponents(purchase, shape, A, s, B):
    """Return the probability without aging, by Euler's integral of 2F1; the series are slow for large exponents."""
    shape, A, s, B = map(mp.mpf, (shape, A, s, B))
    mine, other, ratio = (shape, s, A / B) if A <= B else (s, shape, B / A)
    first = mine / (mine + other) * mp.hyp2f1(other, 1, mine + other + 1, 1 - ratio)
    return first if purchase == (A <= B) else 1 - first


def side(purchase, shape, A, s, B, b=None):
    rest = None if b is None else np.float64(b)
    return race(purchase, np.array([shape]), np.array([A]), Remaining(np.float64(s), np.float64(B), rest, B, None))


def slopes(purchase, shape, A, s, B, b=None):
    """Return derivatives of the log probability by shape, A, s, B (and b at fixed B), by differences at 30 digits."""
    arguments = [mp.mpf(value) for value in (shape, A, s, B, *([b] if b else []))]
    derivatives = []
    for i, value in enumerate(arguments):
        step = value * mp.mpf(10) ** -8
        ends = [mp.log(chance(purchase, *arguments[:i], value + k * step, *arguments[i + 1 :])) for k in (1, -1)]
        derivatives.append(float((ends[0] - ends[1]) / (2 * step)))
    return np.array(derivatives)


def computed_slopes(purchase, shape, A, s, B, b=None):
    """Return the same derivatives from the fields of a `Side`."""
    terms = side(purchase, shape, A, s, B, b)
    by = [
        (1 / shape if purchase else 0) - terms.log_purchase[0],
        shape / A - (shape + purchase) * terms.per_age[0],
        (0 if purchase else 1 / s) - terms.log_growth[0],
        s / B - (s + (not purchase)) * terms.per_growth[0],
    ]
    return np.array(by if b is None else [*by, terms.by_b[0]])


# ---- the race ----------------------------------------------------------------------------------------------

SIZES = (1e-5, 0.3, 40.0, 5000.0, 1e5)


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.parametrize("ratio", [-18, -6, 0, 6, 18])
def test_the_race_without_aging_matches_mpmath(ratio):
    """Both probabilities, also the smaller, are exact for exponents of 1e-5 to 1e5 and scales that differ by e^18."""
    A, B = float(np.exp(ratio / 2)), float(np.exp(-ratio / 2))
    for shape, s, purchase in product(SIZES, SIZES, (True, False)):
        result = float(side(purchase, shape, A, s, B).log_chance[0])
        with mp.workdps(DIGITS + 20):  # digits are lost where a probability is one minus another of e^-18
            reference = chance_of_small_exponents if shape + s < 0.2 else chance
            expected = float(mp.log(reference(purchase, shape, A, s, B)))
        # Relative to the probability: exponents of 1e5 times rounding of logarithms, 1e-16.
        assert result == pytest.approx(expected, abs=3e-11), (shape, s, purchase)


@pytest.mark.slow
def test_the_two_references_agree():
    arguments = (0.6, 3.0, 0.7, 11.0)
    with mp.workdps(DIGITS):
        for purchase in (True, False):
            # Tails below e^-CUT, about 1e-19, are left out.
            difference = chance(purchase, *arguments) - chance_of_small_exponents(purchase, *arguments)
            assert abs(difference) < 1e-18
        assert chance(True, *arguments) + chance(False, *arguments) == pytest.approx(1, abs=1e-18)


# log b, log s, log of the initial rate of dropout; then the tolerance relative to the probability.
AGING = {
    "usual": (-3.0, -0.5, -0.5, 1e-12),
    "soon": (0.7, -0.7, 0.0, 1e-12),
    "late and alike": (3.0, 0.7, -2.3, 1e-12),
    # At coordinates of e^6 and e^-6 the nodes suffice for 1e-10 (race.NODES).
    "old and unlike": (6.0, -6.0, -6.0, 1e-9),
    "gone or never": (6.0, -6.0, 6.0, 1e-9),
    "sudden death": (6.0, 6.0, -6.0, 1e-9),
    "sudden, soon": (6.0, 6.0, 6.0, 1e-9),
    "hardly aging, alike": (-6.0, 6.0, -6.0, 1e-9),
    "hardly aging, soon": (-6.0, 6.0, 6.0, 1e-9),
    "hardly aging, unlike": (-6.0, -6.0, 6.0, 1e-9),
    "neither": (-6.0, -6.0, -6.0, 1e-9),
    # At the limits of the coordinates.
    "all at one age": (12.0, 12.0, -12.0, 1e-9),
    "only some, ever": (12.0, -12.0, 0.0, 1e-6),
    "like Pareto/NBD": (-12.0, -12.0, 0.0, 1e-6),
}


SLOW = ("sudden death", "late and alike", "old and unlike")  # mpmath needs many nodes


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in AGING]
)
def test_the_race_with_aging_matches_mpmath(name):
    *logs, tolerance = AGING[name]
    b, s, rate = map(float, np.exp(logs))
    for shape, A in ((np.exp(-6), 1.0), (0.6, 0.01), (5000.0, 30.0)):
        for purchase in (True, False):
            with mp.workdps(DIGITS):
                expected = float(mp.log(chance(purchase, shape, A, s, s / rate, b)))
            result = float(side(purchase, shape, A, s, s / rate, b).log_chance[0])
            assert result == pytest.approx(expected, abs=tolerance), (shape, purchase)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "arguments",
    [
        (0.6, 3.0, 0.7, 11.0),
        (1000.0, 1e-4, 0.01, 1e4),
        (0.1, 1e4, 1e4, 1e-3),
        (0.6, 3.0, 0.7, 11.0, 0.05),
        (30.0, 50.0, 0.7, 11.0, 0.5),
        (0.6, 3.0, 2.0, 100.0, 3.0),
        (5000.0, 3.0, 0.1, 0.5, 0.5),
        (0.05, 3.0, 0.05, 0.1, 5.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("purchase", [True, False])
def test_the_slopes_of_the_race_match_mpmath(purchase, arguments):
    with mp.workdps(DIGITS):
        expected = slopes(purchase, *arguments)
    # By the logarithm of each parameter, as in a score; at a step of 1e-8, differences are accurate to 1e-16.
    assert computed_slopes(purchase, *arguments) * arguments == pytest.approx(expected * arguments, abs=1e-11)


def test_rows_do_not_depend_on_each_other():
    """Rows are computed in chunks, and parameters may differ between rows."""
    generator = np.random.default_rng(0)
    shape, A, s, B, b = np.exp(generator.uniform(-3, 3, (5, 700)))
    together = race(True, shape, A, Remaining(s, B, b, B, None))
    for i in (0, 127, 128, 699):
        alone = race(True, shape[i : i + 1], A[i : i + 1], Remaining(s[i], B[i], b[i], B, None))
        assert [part[i] for part in together] == [part[0] for part in alone]


# ---- remaining life and the pmf ----------------------------------------------------------------------------

PROCESSES = {"pareto_nbd": pareto_nbd, "ggompertz_nbd": ggompertz_nbd}
# Coordinates log shape, log mean of purchases; (log b,) log s, log mean of dropout; then x and T, in mean T.
CUSTOMERS = {
    "pareto_nbd": [
        ((-0.6, 0.5, -0.5, 0.5), 2, 1.0),
        ((-3.0, 2.0, 3.0, -3.0), 0, 0.0),
        ((3.0, -2.0, -3.0, 3.0), 30, 2.0),
        ((-5.0, 1.2, 5.5, 4.1), 0, 0.1),
        ((0.5, 6.0, 0.0, -2.0), 3000, 1.0),
        ((6.0, 6.0, -6.0, 6.0), 1, 1.0),
        ((-6.0, -6.0, 6.0, -6.0), 5, 1.0),
    ],
    "ggompertz_nbd": [
        ((-0.6, 0.5, -3.0, -0.5, 0.5), 2, 1.0),
        ((-2.6, -0.4, 2.1, 1.1, -2.4), 1, 0.3),
        ((-0.4, -0.2, 1.7, 0.3, 0.9), 0, 0.5),
        ((2.5, -2.8, 2.1, 5.3, -3.5), 3, 0.0),
        ((-4.7, 2.8, 1.1, 1.9, -3.9), 1, 0.0),
        ((0.5, 6.0, 1.0, 0.0, -2.0), 3000, 1.0),
        ((6.0, 6.0, 6.0, -6.0, 6.0), 1, 1.0),
        ((-6.0, -6.0, 6.0, 6.0, -6.0), 5, 1.0),
        ((-6.0, 0.0, -6.0, 6.0, 6.0), 0, 0.1),
    ],
}
HORIZONS = (0.05, 3.0, 100.0)
CASES = [(name, *case, h) for name, cases in CUSTOMERS.items() for case in cases for h in HORIZONS]
each_case = pytest.mark.parametrize(("name", "u", "x", "T", "h"), CASES, ids=str)


def log_integral(log_f, h):
    """Return the log of the integral of f(z) dz from 0 to h, by 20 nodes per tenth of an e-fold, over 60 e-folds."""
    places, weights = np.polynomial.legendre.leggauss(20)
    starts = np.log(h) - 60 + np.arange(600) / 10
    u = (starts[:, None] + 0.05 * (1 + places)).ravel()
    parts = log_f(np.exp(u)) + u + np.log(np.tile(0.05 * weights, 600))
    return float(logsumexp(parts))


def naive(name, p, T):
    """Return log survival from T on and the log rate of dropout, by the formulas of the papers."""
    if name == "pareto_nbd":
        B = p.beta + T
        return lambda z: -p.s * np.log1p(z / B), lambda z: np.log(p.s) - np.log(B + z)
    later = (p.beta + np.expm1(p.b * T)) * np.exp(-p.b * T)  # beta of a customer at age T

    def log_survival(z):
        risen = np.expm1(np.minimum(p.b * z, 600.0)) / later
        return -p.s * (np.log1p(risen) + np.maximum(p.b * z - 600.0, 0.0))

    def log_hazard(z):
        aged = np.minimum(p.b * z, 600.0)
        return np.log(p.s * p.b) + aged - np.log(later + np.expm1(aged))

    return log_survival, log_hazard


def parameters(name, u):
    process = PROCESSES[name]
    return process.Parameters(*map(np.float64, process.PROCESS.parametrization.parameters_at(np.array(u), 1.0)))


@each_case
def test_mean_life_integrates_survival(name, u, x, T, h):
    p = parameters(name, u)
    log_survival, _ = naive(name, p, T)
    law = PROCESSES[name].remaining(p, np.float64(T))
    for delta in (0.0, 0.3):
        expected = log_integral(lambda z, delta=delta: log_survival(z) - delta * z, h)
        # Both integrals are computed in doubles, by at least 20 nodes.
        assert float(np.log(mean_life(law, np.float64(h), delta))) == pytest.approx(expected, abs=1e-11)


@each_case
def test_the_pmf_integrates_over_the_time_of_dropout(name, u, x, T, h):
    p, process = parameters(name, u), PROCESSES[name].PROCESS
    log_survival, log_hazard = naive(name, p, T)
    shape, age = p.r + x, p.alpha + T
    for k in (0, 1, 3, 40, 200):

        def log_counts(z, k=k):
            ways = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1)
            return ways - shape * np.log1p(z / age) - (k * np.log1p(age / z) if k else 0.0)

        stayed = log_counts(h) + log_survival(h)
        gone = log_integral(lambda z, log_counts=log_counts: log_survival(z) + log_hazard(z) + log_counts(z), h)
        expected = np.logaddexp(stayed, gone)
        result = process.pmf_if_active(p, np.array([k]), h, np.array([float(x)]), np.array([T]))[0]
        if expected < -650:
            assert result < 1e-280, k
        else:
            # Panels of 16 nodes (dropout_time.PANEL) are accurate to 1e-10; gamma functions of thousands, to 1e-12.
            assert np.log(result) == pytest.approx(expected, abs=1e-9), k

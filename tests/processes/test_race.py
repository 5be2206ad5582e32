"""Pareto/NBD's and GGompertz/NBD's integrals against mpmath: the race, its slopes, remaining life, the pmf.

All integrals are taken again as they are defined, in log time by the trapezoidal rule, which converges exponentially
for what vanishes at both ends; where exponents are too small for that, by the hypergeometric function.
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
STEP = 0.2  # of log time: an error of exp(-pi^2 / STEP) where nothing bends faster than exp(-exp(u))


def growth(z, B, b):
    """log(1 + e(z)/B)."""
    return mp.log1p((mp.expm1(b * z) / b if b else z) / B)


def hazard_over_s(z, B, b):
    return mp.exp(b * z) / (B + mp.expm1(b * z) / b) if b else 1 / (B + z)


def onset(s, B, b):
    """Time from when on a Gompertz hazard is felt, in units of 1/b: so much faster does survival bend in log time."""
    return 1 + mp.log1p(b * B / max(s, 1))


def over_log_time(f, low, high, step):
    """Integral of f(z) dz for log z from low to high; f falls to nothing on both ends."""
    nodes = int((high - low) / step) + 1
    return step * mp.fsum(f(z) * z for z in (mp.exp(low + i * step) for i in range(nodes)))


def chance(purchase, shape, A, s, B, b=None):
    """Chance that the next purchase (or dropout) comes first, by the integral over its time."""
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
    """The same without ageing, by Euler's integral of 2F1; of large exponents mpmath's series take minutes."""
    shape, A, s, B = map(mp.mpf, (shape, A, s, B))
    mine, other, ratio = (shape, s, A / B) if A <= B else (s, shape, B / A)
    first = mine / (mine + other) * mp.hyp2f1(other, 1, mine + other + 1, 1 - ratio)
    return first if purchase == (A <= B) else 1 - first


def side(purchase, shape, A, s, B, b=None):
    rest = None if b is None else np.float64(b)
    return race(purchase, np.array([shape]), np.array([A]), Remaining(np.float64(s), np.float64(B), rest, B, None))


def slopes(purchase, shape, A, s, B, b=None):
    """Derivatives of the log chance by shape, A, s, B (and b, B held fixed), by differences at 30 digits."""
    given = [mp.mpf(value) for value in (shape, A, s, B, *([b] if b else []))]
    found = []
    for i, value in enumerate(given):
        step = value * mp.mpf(10) ** -8
        ends = [mp.log(chance(purchase, *given[:i], value + k * step, *given[i + 1 :])) for k in (1, -1)]
        found.append(float((ends[0] - ends[1]) / (2 * step)))
    return np.array(found)


def told_slopes(purchase, shape, A, s, B, b=None):
    """Return the same from the derivatives of `Side`."""
    result = side(purchase, shape, A, s, B, b)
    by = [
        (1 / shape if purchase else 0) - result.log_purchase[0],
        shape / A - (shape + purchase) * result.per_age[0],
        (0 if purchase else 1 / s) - result.log_growth[0],
        s / B - (s + (not purchase)) * result.per_growth[0],
    ]
    return np.array(by if b is None else [*by, result.by_b[0]])


# ---- the race ----------------------------------------------------------------------------------------------

SIZES = (1e-5, 0.3, 40.0, 5000.0, 1e5)


@pytest.mark.parametrize("ratio", [-18, -6, 0, 6, 18])
def test_the_race_without_ageing(ratio):
    """The chances, and so the smaller one too, from exponents of 1e-5 to 1e5 and scales e^18 apart."""
    A, B = float(np.exp(ratio / 2)), float(np.exp(-ratio / 2))
    for shape, s, purchase in product(SIZES, SIZES, (True, False)):
        found = float(side(purchase, shape, A, s, B).log_chance[0])
        with mp.workdps(DIGITS + 20):  # where a chance is one less another of e^-18, digits go
            reference = chance_of_small_exponents if shape + s < 0.2 else chance
            expected = float(mp.log(reference(purchase, shape, A, s, B)))
        # Relative to the chance itself: exponents of 1e5 times rounding of logarithms, 1e-16.
        assert found == pytest.approx(expected, abs=3e-11), (shape, s, purchase)


def test_the_two_references_agree():
    given = (0.6, 3.0, 0.7, 11.0)
    with mp.workdps(DIGITS):
        for purchase in (True, False):
            # Tails below e^-CUT, about 1e-19, are left out.
            difference = chance(purchase, *given) - chance_of_small_exponents(purchase, *given)
            assert abs(difference) < 1e-18
        assert chance(True, *given) + chance(False, *given) == pytest.approx(1, abs=1e-18)


# log b, log s, log of the rate of dropout at first; then what the answer is good to, relative to the chance.
AGEING = {
    "usual": (-3.0, -0.5, -0.5, 1e-12),
    "soon": (0.7, -0.7, 0.0, 1e-12),
    "late and alike": (3.0, 0.7, -2.3, 1e-12),
    # At coordinates of e^6 and e^-6: nodes are enough for 1e-10 (race.NODES).
    "old and unlike": (6.0, -6.0, -6.0, 1e-9),
    "gone or never": (6.0, -6.0, 6.0, 1e-9),
    "sudden death": (6.0, 6.0, -6.0, 1e-9),
    "sudden, soon": (6.0, 6.0, 6.0, 1e-9),
    "hardly ageing, alike": (-6.0, 6.0, -6.0, 1e-9),
    "hardly ageing, soon": (-6.0, 6.0, 6.0, 1e-9),
    "hardly ageing, unlike": (-6.0, -6.0, 6.0, 1e-9),
    "neither": (-6.0, -6.0, -6.0, 1e-9),
    # At the limits of the coordinates.
    "all at one age": (12.0, 12.0, -12.0, 1e-9),
    "only some, ever": (12.0, -12.0, 0.0, 1e-6),
    "like Pareto/NBD": (-12.0, -12.0, 0.0, 1e-6),
}


@pytest.mark.parametrize("name", AGEING)
def test_the_race_with_ageing(name):
    *logs, allowed = AGEING[name]
    b, s, rate = map(float, np.exp(logs))
    for shape, A in ((np.exp(-6), 1.0), (0.6, 0.01), (5000.0, 30.0)):
        for purchase in (True, False):
            with mp.workdps(DIGITS):
                expected = float(mp.log(chance(purchase, shape, A, s, s / rate, b)))
            found = float(side(purchase, shape, A, s, s / rate, b).log_chance[0])
            assert found == pytest.approx(expected, abs=allowed), (shape, purchase)


@pytest.mark.parametrize(
    "given",
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
def test_the_slopes_of_the_race(purchase, given):
    with mp.workdps(DIGITS):
        expected = slopes(purchase, *given)
    # By the logarithm of each parameter, as in a score; at a step of 1e-8, differences are good to 1e-16.
    assert told_slopes(purchase, *given) * given == pytest.approx(expected * given, abs=1e-11)


def test_no_row_depends_on_the_others():
    """Rows are taken in chunks; parameters may differ from row to row."""
    generator = np.random.default_rng(0)
    shape, A, s, B, b = np.exp(generator.uniform(-3, 3, (5, 700)))
    together = race(True, shape, A, Remaining(s, B, b, B, None))
    for i in (0, 127, 128, 699):
        alone = race(True, shape[i : i + 1], A[i : i + 1], Remaining(s[i], B[i], b[i], B, None))
        assert [part[i] for part in together] == [part[0] for part in alone]


# ---- remaining life, and the pmf ----------------------------------------------------------------------------

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
    """Logarithm of the integral of f(z) dz from 0 to h, by 20 nodes in each tenth of an e-fold, the last 60 of them."""
    places, weights = np.polynomial.legendre.leggauss(20)
    starts = np.log(h) - 60 + np.arange(600) / 10
    u = (starts[:, None] + 0.05 * (1 + places)).ravel()
    parts = log_f(np.exp(u)) + u + np.log(np.tile(0.05 * weights, 600))
    return float(logsumexp(parts))


def naive(name, p, T):
    """Log survival from T on, and the log of the rate of dropout, as the papers have them."""
    if name == "pareto_nbd":
        B = p.beta + T
        return lambda z: -p.s * np.log1p(z / B), lambda z: np.log(p.s) - np.log(B + z)
    later = (p.beta + np.expm1(p.b * T)) * np.exp(-p.b * T)  # beta of somebody who is T old

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
def test_remaining_life_is_the_integral_of_survival(name, u, x, T, h):
    p = parameters(name, u)
    log_survival, _ = naive(name, p, T)
    law = PROCESSES[name].remaining(p, np.float64(T))
    for delta in (0.0, 0.3):
        expected = log_integral(lambda z, delta=delta: log_survival(z) - delta * z, h)
        # 20 nodes and more; both integrals are of doubles.
        assert float(np.log(mean_life(law, np.float64(h), delta))) == pytest.approx(expected, abs=1e-11)


@each_case
def test_the_pmf_is_the_integral_over_the_time_of_dropout(name, u, x, T, h):
    p, process = parameters(name, u), PROCESSES[name].PROCESS
    log_survival, log_hazard = naive(name, p, T)
    shape, age = p.r + x, p.alpha + T
    for k in (0, 1, 3, 40, 200):

        def log_counts(z, k=k):
            ways = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1)
            return ways - shape * np.log1p(z / age) - (k * np.log1p(age / z) if k else 0.0)

        stayed = log_counts(h) + log_survival(h)
        gone = log_integral(lambda z, result=log_counts: log_survival(z) + log_hazard(z) + result(z), h)
        expected = np.logaddexp(stayed, gone)
        found = process.pmf_if_active(p, np.array([k]), h, np.array([float(x)]), np.array([T]))[0]
        if expected < -650:
            assert found < 1e-280, k
        else:
            # Panels of 16 nodes (dropout_time.PANEL), good to 1e-10; gamma functions of thousands, to 1e-12.
            assert np.log(found) == pytest.approx(expected, abs=1e-9), k

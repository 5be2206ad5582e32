"""GGompertz/NBD's log-likelihood of a whole customer base, with its gradient and curvature.

See dropout_time_totals.py. With time measured in 1/b, the chance of one side of the race depends on four numbers:
p = r + x, s, a = b (alpha + t) and c = 1 + (beta - 1) exp(-bt); at given parameters, t alone moves a and c. Purchases
come with density (p/a) (1 + y/a)^-(p + 1), and P(dropout later than y) = (1 + (exp(y) - 1)/c)^-s.

As a function of complex t, a chance is analytic where neither a nor c is on the negative axis: in the strip
|Im t| < pi/b without the line from -d to the left, d being alpha, or the age at which c would vanish. The logarithm of
exp(bt) - exp(-bd) maps this region to a strip of half-width pi.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import polygamma

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.dropout_time_totals import Grid, Pairs, Rows, Term
from clvmodels.processes.race import SMALL_CHUNK, Remaining, nodes_with_aging
from clvmodels.processes.special import digamma_rise, log_rise

__all__ = ["totals"]

PANEL = 6.0  # length in the variable: quadrature at the nodes is the main cost, and long panels need the fewest nodes
FIRSTS = 5  # a log chance and its first derivatives, by p, s, log a and log c
SECONDS = tuple(itertools.combinations_with_replacement(range(4), 2))  # the order of its second derivatives


def totals(weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Any, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    weights, x, t_x, T : arrays (m,)
    """
    return Rows.of(_terms, weights, x, t_x, T).at


def _terms(p: Any, rows: Rows, curved: bool) -> list[Term]:
    both = (rows.last, rows.first)
    low, high = (_variable(p, np.array([pairs.ages[end] for pairs in both])) for end in (0, -1))
    grid = Grid.over(float(np.min(low)), float(np.max(high)), PANEL)
    if len(rows.purchases) * grid.panels * grid.nodes < sum(len(pairs.age) for pairs in both):
        tables = _tables(p, grid, rows.purchases, curved)
        chances = [
            grid.interpolate(table, pairs, _variable(p, pairs.ages)) for table, pairs in zip(tables, both, strict=True)
        ]
    else:  # for few pairs, or ages that are long compared to 1/b, there would be more nodes than pairs
        chances = [
            _chances(p, rows.purchases[each.bought], each.ages[each.age], curved)[i] for i, each in enumerate(both)
        ]
    return [_term(p, rows.purchases, pairs, chance) for pairs, chance in zip(both, chances, strict=True)]


def _tables(p: Any, grid: Grid, purchases: Array, curved: bool) -> list[list[Array]]:
    """Return the tables of each side's log chance and first derivatives, and of the second ones where `curved`."""
    ages, x = np.broadcast_arrays(_age(p, grid.places)[:, None, :], purchases[:, None])
    values = _chances(p, x.ravel(), ages.ravel(), curved)
    return grid.tables(values.reshape(*values.shape[:2], *ages.shape), FIRSTS)


def _singular(p: Any) -> float:
    """Return b times the distance from age 0 to the first age before it at which a chance is singular."""
    vanishes = -np.log1p(-p.beta) if p.beta < 1 else np.inf  # where c vanishes
    return float(min(p.b * p.alpha, vanishes))


def _variable(p: Any, t: Array) -> Array:
    """Return log(exp(bt) - exp(-bd)) without cancellation."""
    answer: Array = p.b * t + np.log(-np.expm1(-(p.b * t + _singular(p))))
    return answer


def _age(p: Any, variable: Array) -> Array:
    """Return the age t at which the variable has a value."""
    start = _singular(p)
    near = np.log1p(np.maximum(np.exp(np.minimum(variable, 1.0)) + np.expm1(-start), 0.0))
    age: Array = np.where(variable < 1.0, near, np.logaddexp(variable, -start)) / p.b
    return age


def _chances(p: Any, x: Array, t: Array, curved: bool) -> Array:
    """Return the log chance of each side with its derivatives, for histories of x and t (n,), (2, 5 or 15, n)."""
    passed = -p.b * t
    a, c = p.b * (p.alpha + t), p.beta * np.exp(passed) - np.expm1(passed)
    parts = [
        _sides((p.r + x)[i : i + SMALL_CHUNK], float(p.s), a[i : i + SMALL_CHUNK], c[i : i + SMALL_CHUNK], curved)
        for i in range(0, len(x), SMALL_CHUNK)
    ]
    return np.concatenate(parts, axis=-1)


def _sides(p: Array, s: float, a: Array, c: Array, curved: bool) -> Array:
    """Return the log chance that the purchase comes first, and that dropout does, with derivatives, (2, 5 or 15, n)."""
    each = np.full_like(a, s)
    law = Remaining(each[:, None], c[:, None], np.ones((len(a), 1)), c[:, None], None)
    nodes = nodes_with_aging(p, a, each, c, np.ones_like(a))
    y = nodes.m[:, None] * np.expm1(nodes.u)
    smaller = (a <= c)[:, None]
    w = np.where(smaller, nodes.u, np.log1p(y / a[:, None]))
    g, left, leaving = law.along(y)
    passed = 1 / (a[:, None] + y)
    kernel = np.exp(-p[:, None] * w - s * g) * (nodes.m[:, None] + y) * nodes.width
    columns = np.stack([w, g, y * passed, left], axis=1)
    answers = []
    for purchase, rate in ((True, p[:, None] * passed), (False, leaving)):
        weight = kernel * rate
        chance = np.sum(weight, axis=1)
        means = np.matmul(columns, weight[..., None])[..., 0] / chance[:, None]
        first = _first(purchase, p, s, means)
        rows = [np.log(chance), *first]
        if curved:
            squares = np.matmul(columns * weight[:, None, :], columns.swapaxes(1, 2)) / chance[:, None, None]
            rows += _second(purchase, p, s, means, squares)
        answers.append(np.stack(rows))
    return np.stack(answers)


def _first(purchase: bool, p: Array, s: float, means: Array) -> list[Array]:
    """Return derivatives of a log chance by p, s, log a and log c: means (n, 4) of those of the log integrand.

    With w, g the logs of 1 + y/a and 1 + (exp(y) - 1)/c, whose derivatives by log a and log c are -q = -y/(a + y) and
    -v = -(exp(y) - 1)/(c + exp(y) - 1), the log integrand is log(p/a) - (p + 1) w - s g where the purchase wins, and
    log(s/c) + y - p w - (s + 1) g where dropout does.
    """
    w, g, q, v = means.T
    if purchase:
        return [1 / p - w, -g, (p + 1) * q - 1, s * v]
    return [-w, 1 / s - g, p * q, (s + 1) * v - 1]


def _second(purchase: bool, p: Array, s: float, means: Array, squares: Array) -> list[Array]:
    """Return second derivatives of a log chance, in the order of SECONDS.

    They are the means of those of the log integrand, plus the covariances of its first ones: of -w, -g and multiples of
    q and v.
    """
    power, exponent = (p + 1, s) if purchase else (p, s + 1)
    scale = np.stack([-np.ones_like(p), -np.ones_like(p), power, np.full_like(p, exponent)])
    second = {(i, j): scale[i] * scale[j] * (squares[:, i, j] - means[:, i] * means[:, j]) for i, j in SECONDS}
    q, v = means[:, 2], means[:, 3]
    second[0, 2] += q
    second[1, 3] += v
    second[2, 2] -= power * (q - squares[:, 2, 2])
    second[3, 3] -= exponent * (v - squares[:, 3, 3])
    if purchase:
        second[0, 0] -= 1 / p**2
    else:
        second[1, 1] -= 1 / s**2
    return list(second.values())


def _term(p: Any, purchases: Array, pairs: Pairs, chance: Array) -> Term:
    """Return one term of each pair, from the log of its chance and its derivatives (5 or 15, m)."""
    x = purchases[pairs.bought]
    shape, t = p.r + x, pairs.ages
    passed, new = p.b * t, Remaining(p.s, p.beta / p.b, p.b, p.beta, None)
    left = np.exp(-passed)
    c = p.beta * left - np.expm1(-passed)
    of_age = np.stack(
        [
            -np.log1p(t / p.alpha),
            new.log_growth(t),
            p.alpha / (p.alpha + t),  # derivative of log a by log alpha; that by log b is 1
            passed * (1 - p.beta) * left / c,  # of log c by log b
            p.beta * left / c,  # of log c by log beta
            passed / c,  # of the growth by log b
            passed,
        ]
    )[:, pairs.age]
    log_bought, growth, u, k, v, faster, passed = of_age
    of_x = np.stack([log_rise(p.r, purchases), digamma_rise(p.r, purchases)])[:, pairs.bought]
    value, by_p, by_s, by_a, by_c = chance[:FIRSTS]
    log = of_x[0] - x * np.log(p.alpha) + shape * log_bought - p.s * growth + value
    slopes = np.stack(
        [
            p.r * (of_x[1] + log_bought + by_p),
            p.r - shape * u + u * by_a,
            -p.s * faster + by_a + k * by_c,
            p.s * (by_s - growth),
            p.s * (1 - v) + v * by_c,
        ]
    )
    if len(chance) == FIRSTS:
        return Term(log, slopes, None)
    pp, ps, pa, pc, ss, sa, sc, aa, ac, cc = chance[FIRSTS:]
    trigamma = (polygamma(1, p.r + purchases) - polygamma(1, p.r))[pairs.bought]
    bends = np.zeros((5, 5, len(log)))
    bends[0, 0] = slopes[0] + p.r**2 * (trigamma + pp)
    bends[1, 0] = p.r * (1 - u + u * pa)
    bends[2, 0] = p.r * (pa + k * pc)
    bends[3, 0] = p.r * p.s * ps
    bends[4, 0] = p.r * v * pc
    bends[1, 1] = u * (1 - u) * (by_a - shape) + u**2 * aa
    bends[2, 1] = u * (aa + k * ac)
    bends[3, 1] = u * p.s * sa
    bends[4, 1] = u * v * ac
    bends[2, 2] = -p.s * faster * (1 - k) + aa + 2 * k * ac + k**2 * cc + k * (1 - passed - k) * by_c
    bends[3, 2] = p.s * (sa + k * sc - faster)
    bends[4, 2] = p.s * faster * v + v * (ac + k * cc) - v * (passed + k) * by_c
    bends[3, 3] = slopes[3] + p.s**2 * ss
    bends[4, 3] = p.s * (1 - v) + p.s * v * sc
    bends[4, 4] = v * (1 - v) * (by_c - p.s) + v**2 * cc
    return Term(log, slopes, bends)

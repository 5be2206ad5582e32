"""Pareto/NBD's log-likelihood of a whole customer base, with its gradient and curvature.

See dropout_time_totals.py. The chance of one side of the race depends on three numbers alone: r + x, s, and the ratio
(alpha + t)/(beta + t). Its logarithm is analytic in the logarithm of that ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import polygamma

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.dropout_time_totals import Grid, Pairs, Rows, Term
from clvmodels.processes.race import CHUNK, nodes_without_aging
from clvmodels.processes.special import digamma_rise, log_rise

__all__ = ["totals"]

PANEL = 1.5  # length in the log ratio


def totals(weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Any, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    weights, x, t_x, T : arrays (m,)
    """
    return Rows.of(_terms, weights, x, t_x, T).at


def _terms(p: Any, rows: Rows, curved: bool) -> list[Term]:
    ends = [pairs.ages[end] for pairs in (rows.last, rows.first) for end in (0, -1)]
    ratio = _log_ratio(p, np.array(ends))
    grid = Grid.over(float(np.min(ratio)), float(np.max(ratio)), PANEL)
    chances = _chances(grid, p.r + rows.purchases, float(p.s), curved)
    return [
        _term(p, rows.purchases, pairs, grid.interpolate(chance, pairs, _log_ratio(p, pairs.ages)))
        for pairs, chance in zip((rows.last, rows.first), chances, strict=True)
    ]


def _chances(grid: Grid, shape: Array, s: float, curved: bool) -> list[list[Array]]:
    """Return the tables of each side's log chance and first derivatives, and of the second ones where `curved`."""
    ratios, shapes = np.broadcast_arrays(np.exp(grid.places)[:, None, :], shape[:, None])
    flat = ratios.ravel(), shapes.ravel()
    parts = [_sides(flat[1][i : i + CHUNK], s, flat[0][i : i + CHUNK], curved) for i in range(0, flat[0].size, CHUNK)]
    values = np.concatenate(parts, axis=-1)
    return grid.tables(values.reshape(*values.shape[:2], *ratios.shape), 4)


def _log_ratio(p: Any, t: Array) -> Array:
    """Return log((alpha + t)/(beta + t)), without cancellation where it is near 0."""
    off = (p.alpha - p.beta) / (p.beta + t)
    near = np.abs(off) < 0.5
    return np.where(near, np.log1p(np.where(near, off, 0.0)), np.log(p.alpha + t) - np.log(p.beta + t))


def _term(p: Any, purchases: Array, pairs: Pairs, chance: Array) -> Term:
    """Return a term of each pair, from its log chance and the derivatives by p, s and the log ratio (4 or 10, m)."""
    x = purchases[pairs.bought]
    shape, t = p.r + x, pairs.ages
    log_bought, log_kept, a, c = np.stack(
        [-np.log1p(t / p.alpha), -np.log1p(t / p.beta), p.alpha / (p.alpha + t), p.beta / (p.beta + t)]
    )[:, pairs.age]
    of_x = np.stack([log_rise(p.r, purchases), digamma_rise(p.r, purchases)])[:, pairs.bought]
    value, by_p, by_s, by_ratio = chance[:4]
    log = of_x[0] - x * np.log(p.alpha) + shape * log_bought + p.s * log_kept + value
    slopes = np.stack(
        [
            p.r * (of_x[1] + log_bought + by_p),
            p.r - a * (shape - by_ratio),
            p.s * (log_kept + by_s),
            p.s * (1 - c) - c * by_ratio,
        ]
    )
    if len(chance) == 4:
        return Term(log, slopes, None)
    pp, ps, p_ratio, ss, s_ratio, ratio_ratio = chance[4:]
    trigamma = (polygamma(1, p.r + purchases) - polygamma(1, p.r))[pairs.bought]
    bends = np.zeros((4, 4, len(log)))
    bends[0, 0] = slopes[0] + p.r**2 * (trigamma + pp)
    bends[1, 0] = p.r * (1 - a + a * p_ratio)
    bends[2, 0] = p.r * p.s * ps
    bends[3, 0] = -p.r * c * p_ratio
    bends[1, 1] = a * (1 - a) * (by_ratio - shape) + a**2 * ratio_ratio
    bends[2, 1] = a * p.s * s_ratio
    bends[3, 1] = -a * c * ratio_ratio
    bends[2, 2] = slopes[2] + p.s**2 * ss
    bends[3, 2] = p.s * (1 - c) - c * p.s * s_ratio
    bends[3, 3] = c**2 * ratio_ratio - c * (1 - c) * (p.s + by_ratio)
    return Term(log, slopes, bends)


def _sides(shape: Array, s: float, ratio: Array, curved: bool) -> Array:
    """Return the log chance that the purchase comes first, and that dropout does, with derivatives, (2, 4 or 10, n).

    Derivatives are by the exponent `shape`, by s, and by the log of A/B = ratio (n,); second ones in the order of the
    lower triangle by columns. Purchases come with density shape A^shape/(A+z)^(shape+1), dropout with s/(1+z)^(s+1).
    """
    A, B = ratio, np.ones_like(ratio)
    exponents = np.full_like(ratio, s)
    nodes = nodes_without_aging(shape, A, exponents, B)
    z = nodes.m[:, None] * np.expm1(nodes.u)
    log_far = np.log1p(z / nodes.M[:, None])
    smaller = (A <= B)[:, None]
    w, g = np.where(smaller, nodes.u, log_far), np.where(smaller, log_far, nodes.u)
    leaving = 1 / (1 + z)
    q = z * leaving
    kernel = np.exp(-shape[:, None] * w - s * g) * (nodes.m[:, None] + z) * nodes.width
    columns = [w, g, q, *((w * w, w * g, w * q, g * g, g * q, q * q) if curved else ())]
    far_end = np.log1p(np.expm1(nodes.end) * (nodes.m / nodes.M))
    ends = np.where(A <= B, nodes.end, far_end), np.where(A <= B, far_end, nodes.end)
    rest = np.exp(-shape * ends[0] - s * ends[1]) / (shape + s)
    beyond = _means_beyond(*ends, 1 / (shape + s), curved)
    answers = []
    for purchase, weight, tail in (
        (True, kernel * (shape[:, None] / (A[:, None] + z)), shape * rest),
        (False, kernel * (s * leaving), s * rest),
    ):
        chance = np.sum(weight, axis=1) + tail
        sums = [np.sum(weight * column, axis=1) + tail * mean for column, mean in zip(columns, beyond, strict=True)]
        answers.append(_derivatives(purchase, shape, s, np.log(chance), np.stack(sums) / chance))
    return np.stack(answers)


def _means_beyond(w: Array, g: Array, mean: Array, curved: bool) -> list[Array]:
    """Return the means of the columns beyond the ends w and g, where both grow by the same exponential time."""
    first = [w + mean, g + mean, np.ones_like(w)]
    if not curved:
        return first
    both = mean * mean
    ww, wg, gg = w * (w + 2 * mean) + 2 * both, w * g + (w + g) * mean + 2 * both, g * (g + 2 * mean) + 2 * both
    return [*first, ww, wg, first[0], gg, first[1], first[2]]


def _derivatives(purchase: bool, shape: Array, s: float, log_chance: Array, means: Array) -> Array:
    """Return the log of a chance with its derivatives, from means under its integrand.

    The derivative of the log of an integral is the mean of that of the log of its integrand; the second derivative adds
    the covariance. With w, g the logs of 1 + z/A and 1 + z/B, and q = z/(B + z), the log of the integrand is
    log p - p w - s g where the purchase wins, and log(s A/B) + (1 - p) w - (s + 1) g where dropout does.
    """
    w, g, q = means[:3]
    if purchase:
        first = [1 / shape - w, -g, -s * q]
        power = s
    else:
        first = [-w, 1 / s - g, 1 - (s + 1) * q]
        power = s + 1
    if len(means) == 3:
        return np.stack([log_chance, *first])
    ww, wg, wq, gg, gq, qq = means[3:]
    pp, ss = ww - w * w, gg - g * g
    second = [
        pp - 1 / shape**2 if purchase else pp,
        wg - w * g,
        power * (wq - w * q),
        ss if purchase else ss - 1 / s**2,
        power * (gq - g * q) - q,
        power * power * (qq - q * q) - power * (q - qq),
    ]
    return np.stack([log_chance, *first, *second])

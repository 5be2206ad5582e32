"""Pareto/NBD's log-likelihood of a whole customer base, with its gradient and curvature.

A customer's likelihood is a sum of two terms (see dropout_time.py): the next event after T is a purchase, or the next
event after t_x is dropout. Each holds the chance of one side of a race, which depends on three numbers alone: r + x,
s, and the ratio (alpha + t)/(beta + t). Its logarithm is analytic in the logarithm of that ratio, far from the real
axis, so few values of it are enough for all ages t: the chances and their derivatives are computed at Chebyshev nodes
for each distinct x, and interpolated. What is left to do per row is to mix the two terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import polygamma

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.race import CHUNK, nodes_without_aging
from clvmodels.processes.special import digamma_rise, log_rise, softplus

__all__ = ["totals"]

# The logarithm of a chance is analytic while the imaginary part of log((alpha + t)/(beta + t)) is below pi. Panels of
# this length, and this many digits in base e, keep the interpolation below the rounding of the quadrature.
PANEL, DIGITS = 1.5, 30.0
FEWEST_NODES = 6

Positions = npt.NDArray[np.intp]


def totals(weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Any, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    weights, x, t_x, T : arrays (m,)
    """
    purchases, count = np.unique(x, return_inverse=True)
    return _Rows(weights, purchases, _pairs(weights, count, T), _pairs(weights, count, t_x)).at


class _Pairs(NamedTuple):
    """Distinct pairs (x, t) in ascending order of x, then of t.

    bought, age (m,): positions of x and t among the distinct ones; ages: the distinct t; rows (n,): the pair of each
    row; weights (m,): how much all rows of a pair weigh.
    """

    bought: Positions
    age: Positions
    ages: Array
    rows: Positions
    weights: Array


def _pairs(weights: Array, count: Positions, t: Array) -> _Pairs:
    ages, age = np.unique(t, return_inverse=True)
    cells = (int(np.max(count)) + 1) * len(ages)
    code = count * len(ages) + age
    if cells <= 4 * len(t):  # without sorting
        taken = np.zeros(cells, dtype=bool)
        taken[code] = True
        codes, rows = np.flatnonzero(taken), (np.cumsum(taken) - 1)[code]
    else:
        codes, rows = np.unique(code, return_inverse=True)
    return _Pairs(codes // len(ages), codes % len(ages), ages, rows, _added_up(rows, weights, len(codes)))


def _added_up(positions: Positions, values: Array, size: int) -> Array:
    """Return the sums (size,) of values (n,) by position (n,)."""
    return np.bincount(positions, values, size).astype(float, copy=False)


class _Term(NamedTuple):
    """One term of the likelihood of each pair (m,): its logarithm, slopes (4, m), and, if requested, bends (4, 4, m).

    Derivatives are by the logarithms of r, alpha, s and beta. What both terms share is in both, since their weights
    sum to 1.
    """

    log: Array
    slopes: Array
    bends: Array | None


class _Rows(NamedTuple):
    """Weighted rows (n,), the distinct x (u,), and the pairs of x with the end of the period and the last purchase."""

    weights: Array
    purchases: Array
    last: _Pairs
    first: _Pairs

    def at(self, p: Any, curved: bool) -> Totals:
        """Return the sums over rows, and their second derivatives where `curved`."""
        one, other = self._terms(p, curved)
        i, j = self.last.rows, self.first.rows
        log_sum, share = softplus(np.take(one.log, i) - np.take(other.log, j))  # the latter: of the first term
        value = float(self.weights @ log_sum) + float(self.first.weights @ other.log)
        weight_of_one = self.weights * share
        in_one = _added_up(i, weight_of_one, len(one.log))
        in_other = _added_up(j, self.weights - weight_of_one, len(other.log))
        slopes = one.slopes @ in_one + other.slopes @ in_other
        if one.bends is None or other.bends is None:
            return Totals(value, slopes)
        bends = one.bends @ in_one + other.bends @ in_other
        apart = weight_of_one * (1 - share)
        at_one, at_other = _added_up(i, apart, len(one.log)), _added_up(j, apart, len(other.log))
        bends += (one.slopes * at_one) @ one.slopes.T + (other.slopes * at_other) @ other.slopes.T
        cross = np.stack([_added_up(i, apart * np.take(slope, j), len(one.log)) for slope in other.slopes])
        mixed = one.slopes @ cross.T
        bends -= mixed + mixed.T

        def scores() -> Array:
            each: Array = one.slopes[:, i] * share + other.slopes[:, j] * (1 - share)
            return each

        return Totals(value, slopes, np.tril(bends) + np.tril(bends, -1).T, scores)

    def _terms(self, p: Any, curved: bool) -> list[_Term]:
        ends = [pairs.ages[end] for pairs in (self.last, self.first) for end in (0, -1)]
        ratio = _log_ratio(p, np.array(ends))
        grid = _Grid.over(float(np.min(ratio)), float(np.max(ratio)))
        chances = grid.chances(p.r + self.purchases, float(p.s), curved)
        return [
            _term(p, self.purchases, pairs, grid.interpolate(chance, pairs, _log_ratio(p, pairs.ages)))
            for pairs, chance in zip((self.last, self.first), chances, strict=True)
        ]


def _log_ratio(p: Any, t: Array) -> Array:
    """log((alpha + t)/(beta + t)), without cancellation where it is near 0."""
    off = (p.alpha - p.beta) / (p.beta + t)
    near = np.abs(off) < 0.5
    return np.where(near, np.log1p(np.where(near, off, 0.0)), np.log(p.alpha + t) - np.log(p.beta + t))


def _term(p: Any, purchases: Array, pairs: _Pairs, chance: Array) -> _Term:
    """One term of each pair, from the log of its chance and its derivatives by p, s and the log ratio (4 or 10, m)."""
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
        return _Term(log, slopes, None)
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
    return _Term(log, slopes, bends)


class _Grid(NamedTuple):
    """Panels of the log ratio, from `low` on and each `length` long, with Chebyshev `nodes` in each."""

    low: float
    length: float
    panels: int
    nodes: int

    @classmethod
    def over(cls, low: float, high: float) -> _Grid:
        """Return the panels between two log ratios."""
        panels = max(1, int(np.ceil((high - low) / PANEL)))
        length = max((high - low) / panels, 1e-12)
        far = 2 * np.pi / length  # distance of the singularities from the middle, in half lengths
        return cls(low, length, panels, max(FEWEST_NODES, int(np.ceil(DIGITS / np.arcsinh(far))) + 2))

    def chances(self, shape: Array, s: float, curved: bool) -> list[list[Array]]:
        """Return Chebyshev coefficients (panels, u, nodes, k) of each side's log chance and first derivatives, k = 4.

        Those of the second derivatives, k = 6, follow where `curved`.
        """
        angle = np.pi * (np.arange(self.nodes) + 0.5) / self.nodes
        places = self.low + self.length * (np.arange(self.panels)[:, None] + 0.5 * (1 + np.cos(angle)))
        ratios, shapes = np.broadcast_arrays(np.exp(places)[:, None, :], shape[:, None])
        flat = ratios.ravel(), shapes.ravel()
        parts = [
            _sides(flat[1][i : i + CHUNK], s, flat[0][i : i + CHUNK], curved) for i in range(0, flat[0].size, CHUNK)
        ]
        waves = np.cos(np.outer(np.arange(self.nodes), angle)) * (2 / self.nodes)
        waves[0] *= 0.5
        values = np.concatenate(parts, axis=-1)
        tables = np.split(np.moveaxis(values.reshape(*values.shape[:2], *ratios.shape), 1, -1), [4], axis=-1)
        used = tables if curved else tables[:1]  # one by one: a product's last bits depend on the number of columns
        return [[waves @ np.ascontiguousarray(table[side]) for table in used] for side in range(2)]

    def interpolate(self, tables: list[Array], pairs: _Pairs, ratio: Array) -> Array:
        """Return the values (4 or 10, m) of pairs (m,), given the log ratios of their ages (ages,)."""
        place = (ratio - self.low) / self.length
        panels = np.clip(np.floor(place), 0, self.panels - 1).astype(np.intp)
        waves = _chebyshev(np.clip(2 * (place - panels) - 1, -1.0, 1.0), self.nodes)[pairs.age]
        panel = panels[pairs.age]  # monotone in t, so that the pairs of an x in a panel are neighbors
        starts = np.flatnonzero(np.diff(pairs.bought * self.panels + panel, prepend=-1))
        answers = [np.empty((len(waves), table.shape[-1])) for table in tables]
        for start, end in zip(starts, np.append(starts[1:], len(waves)), strict=True):
            cell = panel[start], pairs.bought[start]
            for table, answer in zip(tables, answers, strict=True):
                np.matmul(waves[start:end], table[cell], out=answer[start:end])
        return np.concatenate([answer.T for answer in answers])


def _chebyshev(place: Array, count: int) -> Array:
    """Return Chebyshev polynomials of degree 0 to count - 1 at places in [-1, 1], (m, count)."""
    waves = np.empty((len(place), count))
    waves[:, 0], waves[:, 1] = 1.0, place
    for k in range(2, count):
        waves[:, k] = 2 * place * waves[:, k - 1] - waves[:, k - 2]
    return waves


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

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

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.dropout_time_totals import Cells, Curve, Rows, Term, of_purchases
from clvmodels.processes.race import LARGEST_AGING, OLD_NODES, YOUNG_NODES, Remaining, nodes_with_aging

__all__ = ["totals"]

# Nodes that are enough before age counts, up to a distance of the logs of a and c, and after it, from an s on. For
# exponents of .02 to 300, log chances and derivatives then differ from those with 200 nodes each by at most 4e-13; but
# by 2e-11 where c is above e^3, as with the nodes used otherwise.
ENOUGH_YOUNG, ENOUGH_OLD = {0.5: 20, 2.0: 24, 4.0: 28}, {0.5: 32, 0.1: 40}
AT_ONCE = 256  # integrals computed at once, so that their nodes stay in the cache
FIRSTS = 5  # a log chance and its first derivatives, by p, s, log a and log c
SECONDS = tuple(itertools.combinations_with_replacement(range(4), 2))  # the order of its second derivatives


def totals(weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Any, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    weights, x, t_x, T : arrays (m,)
    """
    return Rows.of(_terms, weights, x, t_x, T).at


def _terms(p: Any, rows: Rows, curved: bool) -> list[_Term]:
    variable, both = _variable(p, rows.ages), (rows.last, rows.first)
    curve = Curve.over(variable)
    if len(rows.purchases) * curve.nodes < sum(len(cells.used) for cells in both):
        ages, x = np.broadcast_arrays(_age(p, curve.places), rows.purchases[:, None])
        values = _chances(p, x.ravel(), ages.ravel(), curved)
        values = values.reshape(*values.shape[:2], *ages.shape)
        sides = zip(both, rows.split(curve.cardinals(variable)), values, strict=True)
        chances = [cells.interpolate(cardinals, side, FIRSTS) for cells, cardinals, side in sides]
    else:  # for few cells, or ages that are long compared to 1/b, there would be more nodes than cells
        chances = [_one_by_one(p, rows.purchases, cells, curved, side) for side, cells in enumerate(both)]
    of_x = of_purchases(p, rows.purchases, curved)
    of_ages = rows.split(_of_ages(p, rows.ages))
    return [
        _Term(p, rows.purchases, cells, of_x, of_age, *chance)
        for cells, of_age, chance in zip(both, of_ages, chances, strict=True)
    ]


def _one_by_one(p: Any, purchases: Array, cells: Cells, curved: bool, side: int) -> tuple[Array, Array | None]:
    """Return the log chance of one side with its derivatives at the cells in use, and 0 elsewhere."""
    bought, age = cells.positions
    used = _chances(p, purchases[bought], cells.ages[age], curved)[side]
    values = np.zeros((len(used), cells.weights.size))
    values[:, cells.used] = used
    values = values.reshape(-1, *cells.weights.shape)
    return values[:FIRSTS], values[FIRSTS:] if curved else None


def _of_ages(p: Any, t: Array) -> Array:
    """Return what a term needs at each age, (7, n).

    These are the logs of the chances of having bought nothing and of not having left, the latter over s; the
    derivatives of log a by log alpha (that by log b is 1), and of log c by log b and by log beta; minus that of the
    second log by log b; and bt.
    """
    passed, new = p.b * t, Remaining(p.s, p.beta / p.b, p.b, p.beta, None)
    left = np.exp(-passed)
    c = p.beta * left - np.expm1(-passed)
    ratio = passed / c
    return np.stack(
        [
            -np.log1p(t / p.alpha),
            -new.log_growth(t),
            p.alpha / (p.alpha + t),
            (1 - p.beta) * left * ratio,
            p.beta * left / c,
            ratio,
            passed,
        ]
    )


class _Term(Term):
    """A term whose `of_age` are the two logs, and five more: see `_of_ages`."""

    def slopes(self) -> Array:
        p, x = self.p, self.cells.of_purchases(self.purchases)
        log_bought, log_kept, u, k, v, faster, _ = self.cells.of_ages(self.of_age)
        _, by_p, by_s, by_a, by_c = self.firsts
        return np.stack(
            [
                p.r * (self.cells.of_purchases(self.of_x[1]) + log_bought + by_p),
                p.r - u * (p.r + x - by_a),
                -p.s * faster + by_a + k * by_c,
                p.s * (log_kept + by_s),
                p.s * (1 - v) + v * by_c,
            ]
        )

    def sum_up(self, weights: Array) -> tuple[Array, Array | None]:
        p, (log_bought, log_kept, u, k, v, faster, passed) = self.p, self.of_age
        count, shape, by_p, by_s, by_a, by_c = self.sums_by_age(weights)
        by_x = self.cells.sum_ages(weights)
        slopes = np.array(
            [
                p.r * (by_x @ self.of_x[1] + count @ log_bought + by_p.sum()),
                p.r * count.sum() - u @ (shape - by_a),
                -p.s * (count @ faster) + by_a.sum() + k @ by_c,
                p.s * (count @ log_kept + by_s.sum()),
                p.s * (count @ (1 - v)) + v @ by_c,
            ]
        )
        if self.seconds is None:
            return slopes, None
        pp, ps, pa, pc, ss, sa, sc, aa, ac, cc = self.cells.sum_by_age(weights, self.seconds)
        bends = np.zeros((5, 5))
        bends[0, 0] = slopes[0] + p.r**2 * (by_x @ self.of_x[2] + np.sum(pp))
        bends[1, 0] = p.r * (np.sum(count) - u @ (count - pa))
        bends[2, 0] = p.r * (np.sum(pa) + k @ pc)
        bends[3, 0] = p.r * p.s * np.sum(ps)
        bends[4, 0] = p.r * (v @ pc)
        bends[1, 1] = (u * (1 - u)) @ (by_a - shape) + u**2 @ aa
        bends[2, 1] = u @ (aa + k * ac)
        bends[3, 1] = p.s * (u @ sa)
        bends[4, 1] = (u * v) @ ac
        bends[2, 2] = -p.s * (count @ (faster * (1 - k))) + np.sum(aa) + (2 * k) @ ac + k**2 @ cc
        bends[2, 2] += (k * (1 - passed - k)) @ by_c
        bends[3, 2] = p.s * (np.sum(sa) + k @ sc - count @ faster)
        bends[4, 2] = p.s * (count @ (faster * v)) + v @ (ac + k * cc) - (v * (passed + k)) @ by_c
        bends[3, 3] = slopes[3] + p.s**2 * np.sum(ss)
        bends[4, 3] = p.s * (count @ (1 - v) + v @ sc)
        bends[4, 4] = (v * (1 - v)) @ (by_c - p.s * count) + v**2 @ cc
        return slopes, bends


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
    blocks = [slice(i, i + AT_ONCE) for i in range(0, len(x), AT_ONCE)]
    distance = float(np.max(np.abs(np.log(a / c))))
    young = next((count for farthest, count in ENOUGH_YOUNG.items() if distance <= farthest), YOUNG_NODES)
    old = next((count for least, count in ENOUGH_OLD.items() if p.s >= least), OLD_NODES)
    parts = [_sides((p.r + x)[block], float(p.s), a[block], c[block], (young, old), curved) for block in blocks]
    return np.concatenate(parts, axis=-1)


def _sides(p: Array, s: float, a: Array, c: Array, counts: tuple[int, int], curved: bool) -> Array:
    """Return the log chance that the purchase comes first, and that dropout does, with derivatives, (2, 5 or 15, n).

    Derivatives are by p, s, log a and log c; `counts` are those of the nodes before and after age counts. With w, g the
    logs of 1 + y/a and 1 + (exp(y) - 1)/c, whose derivatives by log a and log c are -q = -y/(a + y) and
    -v = -(exp(y) - 1)/(c + exp(y) - 1), and E = exp(-p w - s g), the chances are p times the integral of E/(a + y), and
    s times that of E exp(y)/(c + exp(y) - 1). They add up to 1, so what one side gains the other loses, and each
    derivative is taken from the side on which it is one integral.
    """
    each = np.full_like(a, s)
    nodes = nodes_with_aging(p, a, each, c, np.ones_like(a), *counts)
    y = np.expm1(nodes.u)
    y *= nodes.m[:, None]
    after, near, old = y + nodes.m[:, None], (a <= c)[:, None], np.max(y) > LARGEST_AGING
    per_age = 1 / after if near.all() else 1 / (y + a[:, None])
    w = nodes.u if near.all() else np.where(near, nodes.u, np.log1p(y / a[:, None]))
    risen = np.expm1(np.minimum(y, LARGEST_AGING) if old else y)
    over = 1 / (risen + c[:, None])
    g = np.log1p(risen / c[:, None])
    if old:
        g += np.maximum(y - LARGEST_AGING, 0.0)
    v = risen * over
    leaving = np.add(over, v, out=over)
    kernel = p[:, None] * w
    kernel += s * g
    np.exp(np.negative(kernel, out=kernel), out=kernel)
    kernel *= nodes.width
    left = np.multiply(after, kernel, out=after)
    bought = kernel if near.all() else left * per_age
    left *= leaving
    q = np.multiply(y, per_age, out=per_age)
    one = np.ones(y.shape[1])  # a product is faster than a sum of short rows
    A, G, V = (np.vecdot(bought, each) for each in (one, g, v))
    B, W, Q = (np.vecdot(left, each) for each in (one, w, q))
    firsts = [
        [np.log(p * A), s * W / (p * A), -G / A, -s * Q / A, s * V / A],
        [np.log(s * B), -W / B, p * G / (s * B), p * Q / B, -p * V / B],
    ]
    if not curved:
        return np.array(firsts)
    columns = np.stack([w, g, q, v], axis=1)
    both = []
    for side, (weight, chance) in enumerate(((bought, A), (left, B))):
        means = np.matmul(columns, weight[..., None])[..., 0] / chance[:, None]
        squares = np.matmul(columns * weight[:, None, :], columns.swapaxes(1, 2)) / chance[:, None, None]
        both.append([*firsts[side], *_second(side == 0, p, s, means, squares)])
    return np.array(both)


def _second(purchase: bool, p: Array, s: float, means: Array, squares: Array) -> list[Array]:
    """Return second derivatives of a log chance, in the order of SECONDS.

    They are the means of those of the log integrand, plus the covariances of its first ones: -w, -g and, up to
    constants, (p + 1) q and s v where the purchase wins, p q and (s + 1) v where dropout does.
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

"""Pareto/NBD's log-likelihood of a whole customer base, with its gradient and curvature.

See dropout_time_totals.py. The chance of one side of the race depends on three numbers alone: r + x, s, and the ratio
(alpha + t)/(beta + t). Its logarithm is analytic in the logarithm of that ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.dropout_time_totals import Curve, Rows, Term, of_purchases
from clvmodels.processes.race import BEND_WIDTH, DROP, NODES, nodes_near_bend

__all__ = ["totals"]

FIRSTS = 4  # a log chance and its first derivatives, by p = r + x, s and the log ratio
AT_ONCE = 384  # integrals computed at once, so that their nodes stay in the cache
# Nodes that are enough up to a distance of the logs of the two scales: for exponents of .02 to 10,000, log chances and
# their derivatives by log exponents and the log ratio then differ from those with 160 nodes by at most 4e-13.
ENOUGH_NODES = {0.5: 20, 2.0: 24, 4.0: 28, 8.0: 32, 12.0: 36}
SWAPPED = [0, 2, 1, 3, 7, 5, 8, 4, 6, 9]  # log chance and derivatives, with the exponents p and s swapped
LARGEST = 600.0  # exp of which does not overflow
TURNED = np.array([1, 1, 1, -1, 1, 1, -1, 1, -1, 1.0])  # their signs, with the ratio turned upside down


def totals(weights: Array, x: Array, t_x: Array, T: Array) -> Callable[[Any, bool], Totals]:
    """Return the log-likelihood of weighted rows of histories as a function of parameters.

    Parameters
    ----------
    weights, x, t_x, T : arrays (m,)
    """
    return Rows.of(_terms, weights, x, t_x, T).at


def _terms(p: Any, rows: Rows, curved: bool) -> list[_Term]:
    ratio, A, B = _log_ratio(p, rows.ages), p.alpha + rows.ages, p.beta + rows.ages
    curve = Curve.over(ratio)
    chances = _chances(p, rows.purchases, curve.places, curved)
    logs = -np.log1p(rows.ages / p.alpha), -np.log1p(rows.ages / p.beta)
    of_age = np.stack([*logs, p.alpha / A, p.beta / B, rows.ages / B])
    of_x = of_purchases(p, rows.purchases, curved)
    sides = zip((rows.last, rows.first), rows.split(curve.cardinals(ratio)), rows.split(of_age), chances, strict=True)
    return [
        _Term(p, rows.purchases, cells, of_x, each, *cells.interpolate(cardinals, values, FIRSTS))
        for cells, cardinals, each, values in sides
    ]


def _log_ratio(p: Any, t: Array) -> Array:
    """Return log((alpha + t)/(beta + t)), without cancellation where it is near 0."""
    off = (p.alpha - p.beta) / (p.beta + t)
    if np.max(np.abs(off)) < 0.5:
        answer: Array = np.log1p(off)
        return answer
    near = np.abs(off) < 0.5
    return np.where(near, np.log1p(np.where(near, off, 0.0)), np.log(p.alpha + t) - np.log(p.beta + t))


class _Term(Term):
    """A term whose `of_age` are the two logs, alpha/(alpha + t), beta/(beta + t), and t/(beta + t)."""

    def slopes(self) -> Array:
        p, x = self.p, self.cells.of_purchases(self.purchases)
        log_bought, log_kept, a, c, left = self.cells.of_ages(self.of_age)
        _, by_p, by_s, by_ratio = self.firsts
        return np.stack(
            [
                p.r * (self.cells.of_purchases(self.of_x[1]) + log_bought + by_p),
                p.r - a * (p.r + x - by_ratio),
                p.s * (log_kept + by_s),
                p.s * left - c * by_ratio,
            ]
        )

    def sum_up(self, weights: Array) -> tuple[Array, Array | None]:
        p, (log_bought, log_kept, a, c, left) = self.p, self.of_age
        count, shape, by_p, by_s, by_ratio = self.sums_by_age(weights)
        by_x = self.cells.sum_ages(weights)
        slopes = np.array(
            [
                p.r * (by_x @ self.of_x[1] + count @ log_bought + by_p.sum()),
                p.r * count.sum() - a @ (shape - by_ratio),
                p.s * (count @ log_kept + by_s.sum()),
                p.s * (count @ left) - c @ by_ratio,
            ]
        )
        if self.seconds is None:
            return slopes, None
        pp, ps, p_ratio, ss, s_ratio, ratio_ratio = self.cells.sum_by_age(weights, self.seconds)
        bends = np.zeros((4, 4))
        bends[0, 0] = slopes[0] + p.r**2 * (by_x @ self.of_x[2] + np.sum(pp))
        bends[1, 0] = p.r * (np.sum(count) - a @ (count - p_ratio))
        bends[2, 0] = p.r * p.s * np.sum(ps)
        bends[3, 0] = -p.r * (c @ p_ratio)
        bends[1, 1] = (a * (1 - a)) @ (by_ratio - shape) + a**2 @ ratio_ratio
        bends[2, 1] = p.s * (a @ s_ratio)
        bends[3, 1] = -(a * c) @ ratio_ratio
        bends[2, 2] = slopes[2] + p.s**2 * np.sum(ss)
        bends[3, 2] = p.s * (count @ left - c @ s_ratio)
        bends[3, 3] = c**2 @ ratio_ratio - (c * left) @ (p.s * count + by_ratio)
        return slopes, bends


def _chances(p: Any, purchases: Array, log_ratios: Array, curved: bool) -> Array:
    """Return the log chance that the purchase comes first, and that dropout does, with derivatives, (2, 4 or 10, u, m).

    Derivatives are by the exponent r + x (u,), by s, and by the log ratio (m,); second ones in the order of the lower
    triangle by columns. With the smaller of alpha + t and beta + t as the unit of time, the purchase is the near side
    of the race if it has that scale.
    """
    near = p.alpha <= p.beta
    ratios, shapes = np.exp(log_ratios if near else -log_ratios), p.r + purchases
    shape, ratio = np.repeat(shapes, len(ratios)), np.tile(ratios, len(shapes))
    s = np.full_like(ratio, p.s)
    distance = float(np.max(np.abs(log_ratios)))
    count = next((count for farthest, count in ENOUGH_NODES.items() if distance <= farthest), NODES)
    sides = np.stack([shape, s, ratio] if near else [s, shape, ratio])
    blocks = [sides[:, i : i + AT_ONCE] for i in range(0, len(ratio), AT_ONCE)]
    values = np.concatenate([_race(block, count, curved) for block in blocks], axis=-1)
    if not near:
        rows = SWAPPED[: values.shape[1]]
        values = values[::-1, rows] * TURNED[: len(rows), None]
    return values.reshape(*values.shape[:2], len(shapes), len(ratios))


def _race(sides: Array, count: int, curved: bool) -> Array:
    """Return the log chances of both sides of a race, the near one first, with derivatives, (2, 4 or 10, n).

    The density of the near side is `near` (1 + z)^-(near + 1), that of the far side
    `far` ratio (1 + ratio z)^-(far + 1) with ratio <= 1. With u = log(1 + z), g = log(1 + ratio z),
    E = exp(-near u - far g), q = ratio z/(1 + ratio z) and h = ratio (1 + z)/(1 + ratio z), the chances are near times
    the integral of E over u, and far times that of h E. They add up to 1, so what one side gains the other loses, and
    each derivative is taken from the side on which it is one integral: that of E g, q E or, by parts, h u E.
    """
    near, far, ratio = sides
    u, width, end = _nodes(near, far, ratio, count)
    scaled = np.expm1(u)
    scaled *= ratio[:, None]
    g = np.log1p(scaled)
    weight = near[:, None] * u
    weight += far[:, None] * g
    np.exp(np.negative(weight, out=weight), out=weight)
    weight *= width
    over = 1 / (1 + scaled)
    q = scaled
    q *= over
    over *= ratio[:, None]
    over += q
    ahead = np.multiply(weight, over, out=over)
    # Beyond the end, u and g grow by the same exponential time, and q and h are 1.
    g_end, mean = np.log1p(np.expm1(end) * ratio), 1 / (near + far)
    rest = np.exp(-near * end - far * g_end) * mean
    u_rest, g_rest = rest * (end + mean), rest * (g_end + mean)
    G, Q, HU = np.vecdot(weight, g) + g_rest, np.vecdot(weight, q) + rest, np.vecdot(ahead, u) + u_rest
    one = np.ones(count)  # a product is faster than a sum of short rows
    E, H = np.vecdot(weight, one) + rest, np.vecdot(ahead, one) + rest
    firsts = [
        [np.log(near * E), far * HU / (near * E), -G / E, -far * Q / E],
        [np.log(far * H), -HU / H, near * G / (far * H), near * Q / H],
    ]
    if not curved:
        return np.array(firsts)
    beyond = rest * _means_beyond(end, g_end, mean)
    columns = [u, g, q, u * u, u * g, u * q, g * g, g * q, q * q]
    both = []
    for side, (kernel, total, power) in enumerate(((weight, E, far), (ahead, H, far + 1))):
        means = (np.stack([np.vecdot(kernel, column) for column in columns]) + beyond) / total
        seconds = _seconds(means, power)
        seconds[3 if side else 0] -= 1 / (far if side else near) ** 2
        both.append([*firsts[side], *seconds])
    return np.array(both)


def _nodes(near: Array, far: Array, ratio: Array, count: int) -> tuple[Array, Array, Array]:
    """Return nodes in u and their weights (n, nodes), and the ends (n,) from which integrands fall exponentially.

    The integrands are log-concave in u, and by then have fallen by e^-DROP, or are past their bend at -log ratio.
    """
    bend = -np.log(ratio)
    drop = DROP + bend
    end = np.minimum(drop / (near + far * ratio), (drop + far * bend) / (near + far))
    end = np.minimum(end, np.log1p(np.expm1(np.minimum(drop / far, LARGEST)) / ratio))
    end = np.minimum(end, drop + np.log1p(far))
    return *nodes_near_bend(count, np.zeros_like(end), end, bend, np.full_like(end, BEND_WIDTH)), end


def _means_beyond(u: Array, g: Array, mean: Array) -> Array:
    """Return the means of the columns beyond the ends u and g, where both grow by the same exponential time, (9, n)."""
    both = 2 * mean * mean
    uu, ug, gg = u * (u + 2 * mean) + both, u * g + (u + g) * mean + both, g * (g + 2 * mean) + both
    u, g, one = u + mean, g + mean, np.ones_like(u)
    return np.stack([u, g, one, uu, ug, u, gg, g, one])


def _seconds(means: Array, power: Array) -> list[Array]:
    """Return second derivatives of the log of an integral, from means under its integrand.

    They are the means of those of the log integrand, plus the covariances of its first ones: of -u, -g and, up to a
    constant, -power q. Logarithms of near and far are left out.
    """
    u, g, q, uu, ug, uq, gg, gq, qq = means
    return [
        uu - u * u,
        ug - u * g,
        power * (uq - u * q),
        gg - g * g,
        power * (gq - g * q) - q,
        power * power * (qq - q * q) - power * (q - qq),
    ]

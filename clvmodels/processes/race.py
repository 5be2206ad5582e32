"""Whether the next purchase or dropout comes first: the integral behind Pareto/NBD and GGompertz/NBD.

The next purchase of a customer who buys at rate lambda ~ Gamma(shape, A) comes within z with probability
1 - (1 + z/A)^-shape; dropout with 1 - (1 + e(z)/B)^-s. Two such times are compared by one quadrature, whose nodes serve
the chance and all its derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from clvmodels.processes.contract import Array
from clvmodels.processes.octaves import over_octaves
from clvmodels.processes.special import legendre

__all__ = [
    "CHUNK",
    "DROP",
    "SMALL_CHUNK",
    "Nodes",
    "Remaining",
    "Side",
    "log_chance",
    "log_chances_of_ages",
    "nodes_near_bend",
    "nodes_with_aging",
    "nodes_without_aging",
    "race",
]

# Nodes of Gauss-Legendre. Without ageing they are good to 1e-11 for exponents of 1e-5 to 1e5. With it, before and after
# age counts, to 1e-12 in the middle and to 1e-9 for coordinates of -6 or 6; at the limits errors grow to 1e-5, most
# where s is small, so that some customers stay for long after age begins to count.
NODES, YOUNG_NODES, OLD_NODES = 40, 32, 56
DROP = 37.0  # tails below e^-37 of the largest value are left out
BEND_WIDTH = 3.0  # nodes are closest within this distance, in log time, of the slower of the two scales
LARGEST_AGING = 500.0  # exp(bz) of e^500 is practically infinite, but still a float
CHUNK, SMALL_CHUNK = (
    1_024,
    128,
)  # rows at once; where age counts there are more nodes and columns, and fewer fit the cache


class Remaining(NamedTuple):
    """The law of a customer's remaining time: P(longer than z) = (1 + e(z)/B)^-s; b None for e(z) = z.

    by_log_beta, by_log_b are the derivatives of B.
    """

    s: Array
    B: Array
    b: Array | None
    by_log_beta: Array
    by_log_b: Array | None

    def log_survival(self, z: Array) -> Array:
        """Log P(longer than z)."""
        answer: Array = -self.s * self.log_growth(z)
        return answer

    def log_growth(self, z: Array) -> Array:
        """Return log(1 + e(z)/B), without overflow."""
        if self.b is None:
            return np.log1p(z / self.B)
        aged = self.b * z
        return _log_growth(aged, _risen(aged), self.b * self.B)

    def hazard(self, z: Array) -> Array:
        """Return the rate of dropout z later: s e'(z)/(B + e(z))."""
        if self.b is None:
            return self.s / (self.B + z)
        risen = _risen(self.b * z)
        return self.s * self.b * ((1 + risen) / (self.b * self.B + risen))

    def along(self, z: Array) -> tuple[Array, Array, Array]:
        """Return log(1 + e(z)/B), minus its derivative by log B, and the hazard, for dropout that grows with age."""
        if self.b is None:
            raise AssertionError("the hazard grows with age")
        aged, bB = self.b * z, self.b * self.B
        risen = _risen(aged)
        over = 1 / (bB + risen)
        return _log_growth(aged, risen, bB), risen * over, self.s * self.b * ((1 + risen) * over)

    @property
    def onset(self) -> Array:
        """The time from which age matters, to within 1/b: if customers are similar, hardly any leave before it."""
        if self.b is None:
            raise AssertionError("the hazard grows with age")
        answer: Array = np.maximum(np.log1p(self.b * self.B / np.maximum(self.s, 1)), 1.0) / self.b
        return answer

    def later(self, z: Array) -> Remaining:
        """Return the law of the time that remains after z, for customers who are still active then."""
        if self.b is None:
            raise AssertionError("the hazard grows with age")
        passed = np.exp(-self.b * z)
        return self._replace(B=self.B * passed - np.expm1(-self.b * z) / self.b)

    def time_of(self, growth: Array) -> Array:
        """Return the z at which log(1 + e(z)/B) has this value; infinite beyond the largest float."""
        with np.errstate(over="ignore"):
            if self.b is None:
                return self.B * np.expm1(growth)
            small = np.log1p(self.b * self.B * np.expm1(np.minimum(growth, DROP)))
            return np.where(growth < DROP, small, growth + np.log(self.b * self.B)) / self.b


class Side(NamedTuple):
    """One side of the race: its log chance, and the means under its integrand that the score needs, each (n,)."""

    log_chance: Array
    log_purchase: Array  # log(1 + z/A)
    log_growth: Array  # log(1 + e(z)/B)
    per_age: Array  # 1/(A + z)
    per_growth: Array  # 1/(B + e(z))
    by_b: Array | None  # derivative of the log integrand by b, with B fixed


def race(purchase: bool, shape: Array, A: Array, remaining: Remaining) -> Side:
    """Return one side of the race: the next purchase, with density shape A^shape/(A+z)^(shape+1), or dropout."""
    table = _in_chunks(_race, purchase, shape, A, remaining)
    return Side(*table) if remaining.b is not None else Side(*table, None)  # type: ignore[call-arg]


def log_chance(purchase: bool, shape: Array, A: Array, remaining: Remaining) -> Array:
    """Return `log_chance` of one side of the race alone, to the last bit, in about half the time."""
    return _in_chunks(_log_chance, purchase, shape, A, remaining)


def _in_chunks(function: Callable[..., Array], purchase: bool, shape: Array, A: Array, remaining: Remaining) -> Array:
    """Return values (..., n) of a side of the race, computed for a few rows at once."""
    values = [np.asarray(value, dtype=float) for value in (shape, A, remaining.s, remaining.B)]
    if remaining.b is not None:
        values.append(np.asarray(remaining.b, dtype=float))
    columns = np.broadcast_arrays(*values)
    flat = [column.ravel() for column in columns]
    chunk = CHUNK if remaining.b is None else SMALL_CHUNK
    starts = range(0, max(1, flat[0].size), chunk)
    parts = [function(purchase, *(column[i : i + chunk] for column in flat)) for i in starts]
    table = np.concatenate(parts, axis=-1)
    return table.reshape(*table.shape[:-1], *columns[0].shape)


def log_chances_of_ages(purchase: bool, shape: Array, alpha: float, s: float, beta: float, t: Array) -> Array:
    """Log of the chance of one side of the race from ages t (n,) on, without aging; shape (n,) has few values.

    It depends on t through the ratio of A = alpha + t and B = beta + t alone, and is analytic in the log of that ratio.
    """
    law = Remaining(np.asarray(s), np.ones(()), None, np.ones(()), None)
    return over_octaves(lambda shape, ratio: log_chance(purchase, shape, ratio, law), shape, (alpha + t) / (beta + t))


def _race(purchase: bool, shape: Array, A: Array, s: Array, B: Array, b: Array | None = None) -> Array:
    """Return the values of `Side` for customers (n,), by Gauss-Legendre quadrature in a function of log time.

    With m the smaller of A and B and z = m (exp(u) - 1), the integrand is log-concave in u. It falls by e^-37 before
    the end of the range, or exponentially from there on, where the rest is known.
    """
    along = _along(shape, A, s, B, b)
    z, tail = along.z, None
    per_age, per_growth = 1 / (A[:, None] + z), _per_growth(along, B, b)
    weight = _weights(along, shape, s, _rate(purchase, along, shape, A, s, B, b))
    chance = np.sum(weight, axis=1)
    columns = (along.log_purchase, along.log_growth, per_age, per_growth)
    sums = [np.sum(weight * column, axis=1) for column in columns]
    if b is None:
        tail, ends = _tail(purchase, along, shape, A, s, B)
        chance = chance + tail
        beyond = tail / (shape + s)
        sums[0], sums[1] = sums[0] + tail * ends[0] + beyond, sums[1] + tail * ends[1] + beyond
    rows = [np.log(chance), *(total / chance for total in sums)]
    if b is not None and along.aged is not None and along.risen is not None:
        speed = s[:, None] * per_growth * (1 + along.risen)
        moved = _second_rest(along.aged, along.risen) * speed / (s * b**2)[:, None]
        by_b = -s[:, None] * moved if purchase else z - (s[:, None] + 1) * moved
        rows.append(np.sum(weight * by_b, axis=1) / chance)
    return np.stack(rows)


def _log_chance(purchase: bool, shape: Array, A: Array, s: Array, B: Array, b: Array | None = None) -> Array:
    """Return the first row of `_race` (n,), without the means."""
    along = _along(shape, A, s, B, b)
    chance = np.sum(_weights(along, shape, s, _rate(purchase, along, shape, A, s, B, b)), axis=1)
    if b is None:
        chance = chance + _tail(purchase, along, shape, A, s, B)[0]
    answer: Array = np.log(chance)
    return answer


class _Along(NamedTuple):
    """The nodes of the integral, and at each (n, nodes) the time z and the logs of 1 + z/A and 1 + e(z)/B.

    aged, risen : bz and exp(bz) - 1, or None without aging.
    """

    nodes: Nodes
    z: Array
    log_purchase: Array
    log_growth: Array
    aged: Array | None
    risen: Array | None


def _along(shape: Array, A: Array, s: Array, B: Array, b: Array | None) -> _Along:
    nodes = nodes_without_aging(shape, A, s, B) if b is None else nodes_with_aging(shape, A, s, B, b)
    z = nodes.m[:, None] * np.expm1(nodes.u)
    log_far = np.log1p(z / nodes.M[:, None])
    smaller = (A <= B)[:, None]
    log_purchase = np.where(smaller, nodes.u, log_far)
    if b is None:
        return _Along(nodes, z, log_purchase, np.where(smaller, log_far, nodes.u), None, None)
    aged = b[:, None] * z
    risen = _risen(aged)
    return _Along(nodes, z, log_purchase, _log_growth(aged, risen, (b * B)[:, None]), aged, risen)


def _per_growth(along: _Along, B: Array, b: Array | None) -> Array:
    """Return 1/(B + e(z)) at the nodes."""
    if b is None or along.risen is None:
        return 1 / (B[:, None] + along.z)
    answer: Array = b[:, None] / ((b * B)[:, None] + along.risen)
    return answer


def _rate(purchase: bool, along: _Along, shape: Array, A: Array, s: Array, B: Array, b: Array | None) -> Array:
    """Return the hazard of one side at the nodes."""
    if purchase:
        return shape[:, None] * (1 / (A[:, None] + along.z))
    speed: Array = s[:, None] * _per_growth(along, B, b)
    return speed if along.risen is None else speed * (1 + along.risen)


def _weights(along: _Along, shape: Array, s: Array, rate: Array) -> Array:
    """Return the integrand at the nodes, times their weights."""
    exponent = -shape[:, None] * along.log_purchase
    exponent -= s[:, None] * along.log_growth
    weights: Array = np.exp(exponent, out=exponent)
    weights *= rate
    weights *= along.nodes.m[:, None] + along.z
    weights *= along.nodes.width
    return weights


def _tail(
    purchase: bool, along: _Along, shape: Array, A: Array, s: Array, B: Array
) -> tuple[Array, tuple[Array, Array]]:
    """Return the integral beyond the last node, and the logs of 1 + z/A and 1 + z/B there, without aging."""
    m, M, end, *_ = along.nodes
    near, far = np.where(A <= B, shape, s), np.where(A <= B, s, shape)
    growth = np.log1p(np.expm1(end) * (m / M))
    tail = (shape if purchase else s) / (shape + s) * np.exp(-near * end - far * growth)
    return tail, (np.where(A <= B, end, growth), np.where(A <= B, growth, end))


class Nodes(NamedTuple):
    """Where the integrands of both sides of the race are evaluated: u = log(1 + z/m) (n, nodes), and weights.

    m, M (n,) are the smaller and the larger of A and B. Beyond `end` (n,), the integrands fall exponentially in u, at
    the rate of both exponents together.
    """

    m: Array
    M: Array
    end: Array
    u: Array
    width: Array


def nodes_without_aging(shape: Array, A: Array, s: Array, B: Array) -> Nodes:
    """Return nodes for dropout at a constant rate."""
    m, M, log_ratio, _, end = _range(shape, A, s, B)
    end = np.minimum(end, log_ratio + np.log1p(np.where(A <= B, s, shape)) + DROP)
    return Nodes(m, M, end, *nodes_near_bend(NODES, np.zeros_like(end), end, log_ratio, np.full_like(end, BEND_WIDTH)))


def nodes_with_aging(
    shape: Array, A: Array, s: Array, B: Array, b: Array, young: int = YOUNG_NODES, old: int = OLD_NODES
) -> Nodes:
    """Return nodes for dropout at a rate that grows with age: `young` before age begins to count, and `old` after."""
    m, M, log_ratio, drop, end = _range(shape, A, s, B)
    drop = drop + np.log1p(b * B)
    end = np.minimum(end, np.log1p(Remaining(s, B, b, B, None).time_of(drop / s) / m))
    onset = Remaining(s, B, b, B, None).onset
    ages = np.minimum(np.log1p(onset / m), end)
    panels = (
        nodes_near_bend(young, np.zeros_like(end), ages, log_ratio, np.full_like(end, BEND_WIDTH)),
        nodes_near_bend(old, ages, end, ages, np.minimum(BEND_WIDTH, 1 / (b * (m + onset)))),
    )
    u, width = (np.concatenate(parts, axis=1) for parts in zip(*panels, strict=True))
    return Nodes(m, M, end, u, width)


def _range(shape: Array, A: Array, s: Array, B: Array) -> tuple[Array, ...]:
    """Return m, M, log(M/m), how far the integrand should fall, and the u at which it has fallen so far, all (n,)."""
    m, M = np.minimum(A, B), np.maximum(A, B)
    near, far = np.where(A <= B, shape, s), np.where(A <= B, s, shape)  # exponents of the smaller and the larger
    log_ratio = np.log(M / m)
    drop = DROP + log_ratio
    end = np.minimum(drop / (near + far * m / M), (drop + far * log_ratio) / (shape + s))
    end = np.minimum(end, np.log1p(np.expm1(np.minimum(drop / far, 600.0)) * (M / m)))
    return m, M, log_ratio, drop, end


def nodes_near_bend(count: int, low: Array, high: Array, bend: Array, scale: Array) -> tuple[Array, Array]:
    """Return nodes between low and high, closest within `scale` of a bend, and their weights, both (n, nodes)."""
    bend = np.minimum(np.maximum(bend, low), high)  # a third of the time of clip
    scale = np.minimum(
        np.maximum(scale, 1e-300), np.maximum(8 * (high - low), 1e-300)
    )  # far below the bend, v - 1/v would cancel
    first, last = np.arcsinh((low - bend) / scale), np.arcsinh((high - bend) / scale)
    places, weights = legendre(count)
    half = 0.5 * scale
    v = (last - first)[:, None] * places
    v += first[:, None]
    np.exp(v, out=v)
    over = 1 / v
    u = v - over
    u *= half[:, None]
    u += bend[:, None]
    np.minimum(np.maximum(u, low[:, None], out=u), high[:, None], out=u)
    v += over
    v *= (half * (last - first))[:, None]
    v *= weights
    return u, v


def _risen(aged: Array) -> Array:
    """Return exp(bz) - 1, bounded before it overflows; beyond that, quotients by it are 0 anyway."""
    answer: Array = np.expm1(np.minimum(aged, LARGEST_AGING))
    return answer


def _log_growth(aged: Array, risen: Array, bB: Array) -> Array:
    """Return log(1 + e(z)/B) from bz, exp(bz) - 1 and bB."""
    answer: Array = np.log1p(risen / bB) + np.maximum(aged - LARGEST_AGING, 0.0)
    return answer


def _second_rest(y: Array, risen: Array) -> Array:
    """Return Y - 1 + exp(-y) without cancellation, for y >= 0 and risen = exp(y) - 1."""
    return np.where(y < 1e-3, 0.5 * y * y * (1 - y / 3 * (1 - 0.25 * y)), y - risen / (1 + risen))

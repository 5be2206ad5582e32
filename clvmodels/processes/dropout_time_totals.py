"""The log-likelihood of a whole customer base of Pareto/NBD or GGompertz/NBD, with its gradient and curvature.

A customer's likelihood is a sum of two terms (see dropout_time.py): the next event after T is a purchase, or the next
event after t_x is dropout. Each holds the chance of one side of a race, which at given parameters is, for each distinct
x, a function of age alone. It is analytic far from the real axis in a variable that each process defines, so a few
values are enough for all ages: the chances and their derivatives are computed at Chebyshev nodes and interpolated at
the ages of all cells, which are combinations of x and age. Per row, only the two terms have to be combined.

Sums over rows become sums over cells, and these become sums by age, so that few arrays have one entry per row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.special import digamma_rise, log_rise, softplus, trigamma_rise
from clvmodels.processes.threads import in_threads, one_by_one

__all__ = ["Cells", "Curve", "Rows", "Term", "of_purchases"]

# Each variable is chosen so that a chance is analytic while its imaginary part is below pi. This many digits in base e
# keep the interpolation below the rounding of the quadrature.
DIGITS = 30.0
FEWEST_NODES = 6
EMPTY_CELLS = 6  # a table of all cells is faster than a list of those in use if it is at most this many times as long
ROWS_AT_ONCE = 2**16  # the share of one thread

Positions = npt.NDArray[np.intp]


class Cells(NamedTuple):
    """Combinations of the distinct x (u,) and the distinct ages (n,): a table (u, n), or a list (m,) of those in use.

    bought, age : positions of x and age (m,) of a list; None for a table.
    used : positions of the cells in use, ascending.
    rows : position of each row's cell.
    weights : how much all rows of a cell weigh, in the shape of the cells.
    """

    ages: Array
    bought: Positions | None
    age: Positions | None
    used: Positions
    rows: Positions
    weights: Array

    @classmethod
    def of(cls, weights: Array, count: Positions, distinct: int, t: Array) -> Cells:
        """Return the cells of weighted rows with positions of x among the distinct ones, and ages."""
        ages, age = np.unique(t, return_inverse=True)
        code = count * len(ages) + age
        if (size := distinct * len(ages)) <= EMPTY_CELLS * len(t):
            summed = _sum_by_position(code, weights, size)
            used = np.flatnonzero(np.bincount(code, minlength=size))
            return cls(ages, None, None, used, code, summed.reshape(distinct, len(ages)))
        codes, rows = np.unique(code, return_inverse=True)
        summed = _sum_by_position(rows, weights, len(codes))
        return cls(ages, codes // len(ages), codes % len(ages), np.arange(len(codes)), rows, summed)

    @property
    def positions(self) -> tuple[Positions, Positions]:
        """Positions of x and age of the cells in use."""
        if self.bought is not None and self.age is not None:
            return self.bought, self.age
        return self.used // len(self.ages), self.used % len(self.ages)

    def of_purchases(self, values: Array) -> Array:
        """Return values by x (..., u) for each cell."""
        return values[..., None] if self.bought is None else values[..., self.bought]

    def of_ages(self, values: Array) -> Array:
        """Return values by age (..., n) for each cell."""
        return values[..., None, :] if self.age is None else values[..., self.age]

    def interpolate(self, cardinals: Array, values: Array, firsts: int) -> tuple[Array, Array | None]:
        """Return functions of age, one for each x, at each cell: the first ones, and the others if there are any.

        cardinals (nodes, n): see `Curve`. values (k, u, nodes): the functions at the nodes.
        """
        others = self._interpolate(cardinals, values[firsts:]) if len(values) > firsts else None
        return self._interpolate(cardinals, values[:firsts]), others

    def _interpolate(self, cardinals: Array, values: Array) -> Array:
        if self.bought is None:
            table: Array = np.matmul(values, cardinals)
            return table
        nearby = cardinals.T[self.age]
        return np.stack([np.einsum("mk,mk->m", each[self.bought], nearby) for each in values])

    def sum_ages(self, weights: Array) -> Array:
        """Return the sums of weights by x, (u,)."""
        if self.bought is None:
            total: Array = np.sum(weights, axis=1)
            return total
        return _sum_by_position(self.bought, weights, int(self.bought[-1]) + 1)

    def sum_purchases(self, weights: Array, values: Array) -> Array:
        """Return the sums of weights times values by x (k, u), by age, (k, n)."""
        if self.bought is None:
            total: Array = values @ weights
            return total
        return self._by_age(weights * values[:, self.bought])

    def sum_by_age(self, weights: Array, values: Array) -> Array:
        """Return the sums of weights times the values of cells (k, ...) by age, (k, n)."""
        if self.bought is None:
            total: Array = np.einsum("un,kun->kn", weights, values)
            return total
        return self._by_age(weights * values)

    def _by_age(self, values: Array) -> Array:
        if self.age is None:
            raise AssertionError("a table is summed along its first axis")
        return np.stack([_sum_by_position(self.age, each, len(self.ages)) for each in values])


def _add_up(arrays: Sequence[Array]) -> Array:
    total: Array = np.sum(arrays, axis=0) if len(arrays) > 1 else arrays[0]
    return total


def _sum_by_position(positions: Positions, values: Array, size: int) -> Array:
    """Return the sums (size,) of values (n,) by position (n,)."""
    return np.bincount(positions, values, size).astype(float, copy=False)


@dataclass(frozen=True, slots=True)
class Term(ABC):
    """One term of the likelihood of each cell. Derivatives are by the logarithms of the parameters.

    What both terms share is in both, since their weights sum to 1.

    Attributes
    ----------
    of_x (2 or 3, u) : the logarithm of what depends on x alone, and the derivatives of the rising factorial by r.
    of_age (j, n) : logs of the chances of neither having bought nor having left, and what else derivatives need.
    firsts, seconds (k, ...) : the log chance of a side of the race with its derivatives, and second ones if requested.
    log : its logarithm, in the shape of the cells.
    """

    p: Any
    purchases: Array
    cells: Cells
    of_x: Array
    of_age: Array
    firsts: Array
    seconds: Array | None
    log: Array = field(init=False)

    def __post_init__(self) -> None:
        log = self.cells.of_purchases(self.p.r + self.purchases) * self.cells.of_ages(self.of_age[0])
        log += self.cells.of_purchases(self.of_x[0])
        log += self.cells.of_ages(self.p.s * self.of_age[1])
        log += self.firsts[0]
        object.__setattr__(self, "log", log)

    @abstractmethod
    def slopes(self) -> Array:
        """Return the derivatives for each cell, (k, ...)."""

    @abstractmethod
    def sum_up(self, weights: Array) -> tuple[Array, Array | None]:
        """Return the sums of weights times derivatives (k,), and times second ones, if requested.

        Of the latter (k, k), the lower triangle is used.
        """

    def sums_by_age(self, weights: Array) -> tuple[Array, ...]:
        """Return the sums over x of the weights, of r + x, and of the log chance's first derivatives, each (n,)."""
        of_x = np.array([np.ones_like(self.purchases), self.p.r + self.purchases])
        return *self.cells.sum_purchases(weights, of_x), *self.cells.sum_by_age(weights, self.firsts[1:])


def of_purchases(p: Any, x: Array, curved: bool) -> Array:
    """Return log Gamma(r + x)/Gamma(r) - x log alpha for each x (u,), and one derivative by r or two, (2 or 3, u)."""
    rises = [log_rise(p.r, x) - x * np.log(p.alpha), digamma_rise(p.r, x)]
    return np.array([*rises, trigamma_rise(p.r, x)] if curved else rises)


class Rows(NamedTuple):
    """Weighted rows (n,), the distinct x (u,), and the cells of x with the end of the period and the last purchase.

    ages : those of `last`, then those of `first`.
    terms (p, rows, curved): both terms of the likelihood of the cells, at parameters.
    """

    weights: Array
    purchases: Array
    ages: Array
    last: Cells
    first: Cells
    terms: Callable[[Any, Rows, bool], Sequence[Term]]

    @classmethod
    def of(
        cls,
        terms: Callable[[Any, Rows, bool], Sequence[Term]],
        weights: Array,
        x: Array,
        t_x: Array,
        T: Array,
    ) -> Rows:
        """Return weighted rows of histories, all (n,)."""
        purchases, count = np.unique(x, return_inverse=True)
        last, first = (Cells.of(weights, count, len(purchases), t) for t in (T, t_x))
        return cls(weights, purchases, np.concatenate([last.ages, first.ages]), last, first, terms)

    def split(self, by_age: Array) -> tuple[Array, Array]:
        """Return values by age (..., ages) for the ages of `last`, and for those of `first`."""
        return by_age[..., : len(self.last.ages)], by_age[..., len(self.last.ages) :]

    def at(self, p: Any, curved: bool) -> Totals:
        """Return the sums over rows, and their second derivatives where `curved`."""
        one, other = self.terms(p, self, curved)
        logs = one.log.ravel(), other.log.ravel()
        slopes = [term.slopes().reshape(-1, term.log.size) for term in (one, other)] if curved else []
        blocks = [slice(i, i + ROWS_AT_ONCE) for i in range(0, len(self.weights), ROWS_AT_ONCE)]
        each = one_by_one if len(blocks) < 2 else in_threads
        parts = each(lambda block: self._combine(block, *logs, slopes), blocks)
        value = sum(part.log_likelihood for part in parts) + float(self.first.weights.ravel() @ logs[1])
        in_one, in_other = (
            _add_up([part.weights[i] for part in parts]).reshape(term.log.shape) for i, term in enumerate((one, other))
        )
        (slopes_of_one, bends_of_one), (slopes_of_other, bends_of_other) = one.sum_up(in_one), other.sum_up(in_other)
        gradient = slopes_of_one + slopes_of_other
        if bends_of_one is None or bends_of_other is None:
            return Totals(value, gradient)
        bends = bends_of_one + bends_of_other + sum(part.mixed for part in parts)

        def scores() -> Array:
            share = np.concatenate([part.share for part in parts])
            each: Array = slopes[0][:, self.last.rows] * share + slopes[1][:, self.first.rows] * (1 - share)
            return each

        return Totals(value, gradient, np.tril(bends) + np.tril(bends, -1).T, scores)

    def _combine(self, block: slice, one: Array, other: Array, slopes: Sequence[Array]) -> _Combined:
        """Combine both terms of some rows, given their logarithms and, for second derivatives, their slopes by cell."""
        i, j, weights = self.last.rows[block], self.first.rows[block], self.weights[block]
        log_sum, share = softplus(np.take(one, i) - np.take(other, j))  # the latter: of the first term
        of_one = weights * share
        sums = _sum_by_position(i, of_one, len(one)), _sum_by_position(j, weights - of_one, len(other))
        value, mixed = float(weights @ log_sum), np.zeros(())
        if slopes:
            apart = np.take(slopes[0], i, axis=1) - np.take(slopes[1], j, axis=1)
            mixed = (apart * (of_one * (1 - share))) @ apart.T
        return _Combined(value, sums, share, mixed)


class _Combined(NamedTuple):
    """Sums over rows: the logarithm of the first term relative to the second, weights by cell, and a part of the bends.

    share : that of the first term in each row's likelihood.
    """

    log_likelihood: float
    weights: tuple[Array, Array]
    share: Array
    mixed: Array


class Curve(NamedTuple):
    """Chebyshev nodes between two values of a variable, enough to interpolate a chance everywhere between them."""

    low: float
    length: float
    nodes: int

    @classmethod
    def over(cls, variable: Array) -> Curve:
        """Return the nodes for all values (n,) of the variable."""
        low, high = float(np.min(variable)), float(np.max(variable))
        length = max(high - low, 1e-12)
        far = 2 * np.pi / length  # distance of the singularities from the middle, in half lengths
        return cls(low, length, max(FEWEST_NODES, int(np.ceil(DIGITS / np.arcsinh(far))) + 2))

    @property
    def places(self) -> Array:
        """The values of the variable at the nodes, (nodes,)."""
        return self.low + 0.5 * self.length * (1 + _chebyshev(self.nodes)[0])

    def cardinals(self, variable: Array) -> Array:
        """Return the weights of the values at the nodes in the value at each place (n,), (nodes, n).

        The second barycentric formula: Berrut & Trefethen (2004), SIAM Review 46(3), eqs. (4.2) and (5.3).
        """
        nodes, weights = _chebyshev(self.nodes)
        place = (variable - self.low) * (2 / self.length) - 1
        away = place - nodes[:, None]
        away += 1e-300  # at a node, its own value counts alone
        shares: Array = np.divide(weights[:, None], away, out=away)
        shares /= np.sum(shares, axis=0)
        return shares


@cache
def _chebyshev(count: int) -> tuple[Array, Array]:
    """Return the Chebyshev nodes of the first kind on [-1, 1], and their barycentric weights."""
    angle = np.pi * (np.arange(count) + 0.5) / count
    return np.cos(angle), np.where(np.arange(count) % 2, -1.0, 1.0) * np.sin(angle)

"""The log-likelihood of a whole customer base of Pareto/NBD or GGompertz/NBD, with its gradient and curvature.

A customer's likelihood is a sum of two terms (see dropout_time.py): the next event after T is a purchase, or the next
event after t_x is dropout. Each holds the chance of one side of a race, which at given parameters is, for each distinct
x, a function of age alone. It is analytic far from the real axis in a variable that each process defines, so a few
values are enough for all ages: the chances and their derivatives are computed at Chebyshev nodes and interpolated. Per
row, only the two terms have to be combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array, Totals
from clvmodels.processes.special import softplus

__all__ = ["Grid", "Pairs", "Positions", "Rows", "Term"]

# Each variable is chosen so that a chance is analytic while its imaginary part is below pi. This many digits in base e
# keep the interpolation below the rounding of the quadrature.
DIGITS = 30.0
FEWEST_NODES = 6

Positions = npt.NDArray[np.intp]


class Pairs(NamedTuple):
    """Distinct pairs (x, t) in ascending order of x, then of t.

    bought, age (m,): positions of x and t among the distinct ones; ages: the distinct t; rows (n,): the pair of each
    row; weights (m,): how much all rows of a pair weigh.
    """

    bought: Positions
    age: Positions
    ages: Array
    rows: Positions
    weights: Array


def _pairs(weights: Array, count: Positions, t: Array) -> Pairs:
    ages, age = np.unique(t, return_inverse=True)
    cells = (int(np.max(count)) + 1) * len(ages)
    code = count * len(ages) + age
    if cells <= 4 * len(t):  # without sorting
        taken = np.zeros(cells, dtype=bool)
        taken[code] = True
        codes, rows = np.flatnonzero(taken), (np.cumsum(taken) - 1)[code]
    else:
        codes, rows = np.unique(code, return_inverse=True)
    return Pairs(codes // len(ages), codes % len(ages), ages, rows, _sum_by_position(rows, weights, len(codes)))


def _sum_by_position(positions: Positions, values: Array, size: int) -> Array:
    """Return the sums (size,) of values (n,) by position (n,)."""
    return np.bincount(positions, values, size).astype(float, copy=False)


class Term(NamedTuple):
    """One term of the likelihood of each pair (m,): its logarithm, slopes (k, m), and, if requested, bends (k, k, m).

    Derivatives are by the logarithms of the parameters. What both terms share is in both, since their weights sum to
    1.
    """

    log: Array
    slopes: Array
    bends: Array | None


class Rows(NamedTuple):
    """Weighted rows (n,), the distinct x (u,), and the pairs of x with the end of the period and the last purchase.

    terms (p, rows, curved): both terms of the likelihood of the pairs, at parameters.
    """

    weights: Array
    purchases: Array
    last: Pairs
    first: Pairs
    terms: Callable[[Any, Rows, bool], list[Term]]

    @classmethod
    def of(
        cls,
        terms: Callable[[Any, Rows, bool], list[Term]],
        weights: Array,
        x: Array,
        t_x: Array,
        T: Array,
    ) -> Rows:
        """Return weighted rows of histories, all (n,)."""
        purchases, count = np.unique(x, return_inverse=True)
        return cls(weights, purchases, _pairs(weights, count, T), _pairs(weights, count, t_x), terms)

    def at(self, p: Any, curved: bool) -> Totals:
        """Return the sums over rows, and their second derivatives where `curved`."""
        one, other = self.terms(p, self, curved)
        i, j = self.last.rows, self.first.rows
        log_sum, share = softplus(np.take(one.log, i) - np.take(other.log, j))  # the latter: of the first term
        value = float(self.weights @ log_sum) + float(self.first.weights @ other.log)
        weight_of_one = self.weights * share
        in_one = _sum_by_position(i, weight_of_one, len(one.log))
        in_other = _sum_by_position(j, self.weights - weight_of_one, len(other.log))
        slopes = one.slopes @ in_one + other.slopes @ in_other
        if one.bends is None or other.bends is None:
            return Totals(value, slopes)
        bends = one.bends @ in_one + other.bends @ in_other
        apart = weight_of_one * (1 - share)
        at_one, at_other = _sum_by_position(i, apart, len(one.log)), _sum_by_position(j, apart, len(other.log))
        bends += (one.slopes * at_one) @ one.slopes.T + (other.slopes * at_other) @ other.slopes.T
        cross = np.stack([_sum_by_position(i, apart * np.take(slope, j), len(one.log)) for slope in other.slopes])
        mixed = one.slopes @ cross.T
        bends -= mixed + mixed.T

        def scores() -> Array:
            each: Array = one.slopes[:, i] * share + other.slopes[:, j] * (1 - share)
            return each

        return Totals(value, slopes, np.tril(bends) + np.tril(bends, -1).T, scores)


class Grid(NamedTuple):
    """Panels of the variable, from `low` on and each `length` long, with Chebyshev `nodes` in each."""

    low: float
    length: float
    panels: int
    nodes: int

    @classmethod
    def over(cls, low: float, high: float, longest: float) -> Grid:
        """Return the panels between two values of the variable, none longer than `longest`."""
        panels = max(1, int(np.ceil((high - low) / longest)))
        length = max((high - low) / panels, 1e-12)
        far = 2 * np.pi / length  # distance of the singularities from the middle, in half lengths
        return cls(low, length, panels, max(FEWEST_NODES, int(np.ceil(DIGITS / np.arcsinh(far))) + 2))

    @property
    def places(self) -> Array:
        """The values of the variable at the nodes, (panels, nodes)."""
        angle = self._angle
        return self.low + self.length * (np.arange(self.panels)[:, None] + 0.5 * (1 + np.cos(angle)))

    @property
    def _angle(self) -> Array:
        angle: Array = np.pi * (np.arange(self.nodes) + 0.5) / self.nodes
        return angle

    def tables(self, values: Array, firsts: int) -> list[list[Array]]:
        """Return Chebyshev coefficients of each side's values at the nodes, (2, k, panels, u, nodes).

        There are two tables of each side, (panels, u, nodes, firsts) and the same of what follows, or one.
        """
        waves = np.cos(np.outer(np.arange(self.nodes), self._angle)) * (2 / self.nodes)
        waves[0] *= 0.5
        tables = np.split(np.moveaxis(values, 1, -1), [firsts], axis=-1)
        used = [table for table in tables if table.shape[-1]]
        # One by one: a product's last bits depend on the number of columns.
        return [[waves @ np.ascontiguousarray(table[side]) for table in used] for side in range(2)]

    def interpolate(self, tables: list[Array], pairs: Pairs, variable: Array) -> Array:
        """Return the values (k, m) of pairs (m,), given the variable at their ages (ages,)."""
        place = (variable - self.low) / self.length
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

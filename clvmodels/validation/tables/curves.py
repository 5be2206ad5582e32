"""The share of a total that the best-ranked customers account for: its Gini coefficient, and its value at a share.

A ranking has groups of customers with the same forecast, the highest first; they share the average of their group.
Under weights (draws, n), which say how often each customer counts in each of many draws, there is a curve per draw.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from clvmodels.processes.contract import Array

__all__ = ["Curve", "DrawnCurves", "Order", "Ranking", "ratio"]


class Order(NamedTuple):
    """Customers in the order of values, the highest first, in groups of equal values.

    Attributes
    ----------
    customers : int array (n,)
    starts : int array (groups,)
        Position at which each group starts.
    """

    customers: npt.NDArray[np.integer[Any]]
    starts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, values: Array) -> Self:
        """Order customers by values (n,)."""
        order = np.argsort(-values, kind="stable")
        ordered = values[order]
        if len(order) <= np.iinfo(np.int32).max:  # half the memory, since orders are kept
            order = order.astype(np.int32)
        return cls(order, np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]))

    @property
    def sizes(self) -> npt.NDArray[np.intp]:
        """Return the number of customers of each group."""
        return np.diff(self.starts, append=len(self.customers))

    def per_customer(self, of_groups: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the value of each customer's group, given one value per group."""
        values = np.empty(len(self.customers), dtype=of_groups.dtype)
        values[self.customers] = np.repeat(of_groups, self.sizes)
        return values

    def ranks(self) -> Array:
        """Return the rank of each customer, 1 for the lowest; equal values have their mean rank."""
        end = self.starts + self.sizes
        return self.per_customer(len(self.customers) - 0.5 * (self.starts + end - 1))

    def share_inside(self, many: int) -> Array:
        """Return 1 for this many customers with the highest values, a share for ties at the end, 0 for others, (n,)."""
        return self.per_customer(np.clip((many - self.starts) / self.sizes, 0.0, 1.0))


class Curve(NamedTuple):
    """The number of customers of each group, the best first, and the sum of their actual values, both (groups,)."""

    sizes: Array
    sums: Array

    @classmethod
    def of(cls, actual: Array, ranking: Order) -> Self:
        """Return the curve of what customers did (n,), in the order of a forecast."""
        order, starts = ranking
        sizes, did = np.ones(len(order)), actual[order]
        if len(starts) == len(order):
            return cls(sizes, did)
        return cls(np.add.reduceat(sizes, starts), np.add.reduceat(did, starts))

    def gini(self) -> Any:
        """Return twice the area between the curve and the diagonal."""
        weighted = (np.einsum("i,i->", self.sizes, each) for each in (np.cumsum(self.sums), self.sums))
        area = 2 * next(weighted) - next(weighted)
        total = np.sum(self.sums)
        return ratio(area, np.sum(self.sizes) * total, total > 0) - 1

    def captured(self, share: float) -> float:
        """Return the curve at a share of the customers; NaN if nothing happened."""
        return float(self.at(np.array([share]))[0])

    def at(self, shares: Array) -> Array:
        """Return the curve at several shares of the customers, (k,)."""
        ends, reached, total = np.cumsum(self.sizes), np.cumsum(self.sums), float(np.sum(self.sums))
        if not (len(self.sums) and total > 0):
            return np.full(len(shares), np.nan)
        wanted = shares * ends[-1]
        last = np.minimum(np.searchsorted(ends, wanted, side="left"), len(ends) - 1)  # the group at the share
        size, of_group, before = self.sizes[last], self.sums[last], reached[last] - self.sums[last]
        part = np.divide(wanted - (ends[last] - size), size, out=np.ones(len(last)), where=size > 0)
        shares_of_total: Array = (before + part * of_group) / total
        return shares_of_total


class Ranking(NamedTuple):
    """A ranking of customers (n,) by a forecast, sorted once for any number of draws of the customers.

    Only groups in which something happened matter; the rows of the matrices are these groups, the best first.

    Attributes
    ----------
    runs : sparse array (groups + 1, n)
        1 for the customers after the group before, up to the end of this one; and for those after the last group.
    own : sparse array (groups, n)
        1 for the customers of the group itself.
    did : sparse array (groups, n)
        The actual values of the group's customers.
    """

    runs: csr_array
    own: csr_array
    did: csr_array

    @classmethod
    def of(cls, actual: Array, ranking: Order) -> Self:
        """Return the ranking of customers in the order of a forecast, given what they did (n,)."""
        order, starts = ranking
        did = actual[order]
        some = np.logical_or.reduceat(did != 0, starts) if len(starts) else np.zeros(0, dtype=bool)
        begins, ends = starts[some], np.append(starts[1:], len(order))[some]
        length = ends - begins
        own = np.repeat(begins - np.append(0, np.cumsum(length)[:-1]), length) + np.arange(length.sum())
        shape = (len(ends), len(order))
        rows, runs = np.append(0, np.cumsum(length)), np.concatenate([[0], ends, [len(order)]])
        happened = csr_array((did[own], order[own], rows), shape=shape, copy=True)  # zeros are dropped in place
        happened.eliminate_zeros()
        return cls(
            csr_array((np.ones(len(order)), order, runs), shape=(len(ends) + 1, len(order))),
            csr_array((np.ones(len(own)), order[own], rows), shape=shape),
            happened,
        )

    def under(self, weights: Array) -> DrawnCurves:
        """Return the curves of several draws, given how often each draws a customer (draws, n)."""
        drawn = weights.T  # one row per customer, which is faster to add than to sort each draw
        ends = np.cumsum(self.runs @ drawn, axis=0)
        return DrawnCurves(ends[:-1], self.own @ drawn, self.did @ drawn, ends[-1])


class DrawnCurves(NamedTuple):
    """The curves of several draws: of each group in which something happened, the best first, (groups, draws).

    Attributes
    ----------
    ends : array (groups, draws)
        Customers up to the end of each group.
    sizes, sums : arrays (groups, draws)
        Customers of the group, and the sum of their actual values.
    customers : array (draws,)
        All customers.
    """

    ends: Array
    sizes: Array
    sums: Array
    customers: Array

    def gini(self) -> Any:
        """Return twice the area between the curve and the diagonal, (draws,)."""
        # What a group adds to the curve counts for all customers after it, and for half of its own.
        total = self.sums.sum(axis=0)
        after = self.customers * total - np.einsum("gd,gd->d", self.sums, self.ends)
        area = 2 * after + np.einsum("gd,gd->d", self.sums, self.sizes)
        return ratio(area, self.customers * total, total > 0) - 1

    def captured(self, share: float) -> Any:
        """Return the curve at a share of the customers, (draws,); NaN if nothing happened."""
        wanted, total = share * self.customers, self.sums.sum(axis=0)
        best = slice(int(np.searchsorted(self.ends.min(axis=1), wanted.max(), side="right")))
        inside = self.ends[best] <= wanted
        captured = np.einsum("gd,gd->d", self.sums[best], inside.astype(float))
        if len(self.ends):
            whole = inside.sum(axis=0)  # groups that are entirely among the best, before one that may be in part
            last = np.minimum(whole, len(self.ends) - 1)[None]
            end, size, did = (np.take_along_axis(each, last, axis=0)[0] for each in self[:3])
            part = np.divide(wanted - (end - size), size, out=np.zeros(len(size)), where=(size > 0) & (end > wanted))
            captured = captured + np.maximum(part, 0.0) * did
        return ratio(captured, total, total > 0)


def ratio(part: Any, whole: Any, where: Any) -> Any:
    """Return part over whole, both numbers or arrays (draws,); NaN elsewhere."""
    quotient = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=where)
    return quotient if quotient.ndim else float(quotient)

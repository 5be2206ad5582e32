"""Sums of customers' values by group, over rows that are sorted by group once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.valuation.valued_customers import ValueGroups

__all__ = ["GroupTotals"]


class GroupTotals:
    """Sums over the customers of each group.

    Parameters
    ----------
    segments : ValueGroups

    Attributes
    ----------
    rows : int array (m,)
        Positions of the customers, sorted by group.
    size : int array (g,)
        Number of customers of each group.
    """

    def __init__(self, segments: ValueGroups) -> None:
        self._segments = segments
        included = np.flatnonzero(segments.codes >= 0)
        self.rows = included[np.argsort(segments.codes[included], kind="stable")]
        self.size = np.bincount(segments.codes[included], minlength=len(segments.labels))
        ends = np.cumsum(self.size)
        self._blocks = [slice(int(end - size), int(end)) for end, size in zip(ends, self.size, strict=True)]

    def some(self, included: npt.NDArray[np.bool_]) -> GroupTotals:
        """Return the same sums over the rows of a mask only."""
        codes = np.full(len(self._segments.codes), -1)
        codes[self.rows[included]] = self._segments.codes[self.rows[included]]
        return GroupTotals(ValueGroups(self._segments.labels, codes))

    def of(self, values: npt.NDArray[Any]) -> Array:
        """Return the sums by group (g, k) of values (m, k) in the order of `rows`."""
        return np.stack([values[block].sum(axis=0, dtype=float) for block in self._blocks])

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
        included = np.flatnonzero(segments.codes >= 0)
        self.rows = included[np.argsort(segments.codes[included], kind="stable")]
        self.size = np.bincount(segments.codes[included], minlength=len(segments.labels))
        ends = np.cumsum(self.size)
        self._blocks = [slice(int(end - size), int(end)) for end, size in zip(ends, self.size, strict=True)]

    def of(self, values: npt.NDArray[Any], weights: Array | None = None) -> Array:
        """Return the sums by group (g, k) of values (n, k) in the order of the customers, weighted or not."""
        rows = values[self.rows]
        rows = rows if weights is None else weights[self.rows, None] * rows
        return np.stack([rows[block].sum(axis=0, dtype=float) for block in self._blocks])

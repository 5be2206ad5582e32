"""Unique rows and their counts: everything that a likelihood or a prediction needs about customers."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["CountedRows", "UniqueRows", "counted_rows", "in_blocks", "unique_rows"]

LARGEST_CODE = 2**62  # largest integer that a row is packed into
MOST_GROUPS = 2**12  # most groups for which sorting group by group is faster than sorting everything
TABLE_SIZE = 2**22  # entries of a table that is always worth its memory
PREDICTION_BLOCK = 8_192  # rows


@dataclass(frozen=True, slots=True)
class CountedRows:
    """Distinct rows of statistics in ascending order, as a fit needs them; the order of customers does not matter.

    Attributes
    ----------
    columns : tuple of arrays, each (m,)
    counts : array (m,)
        Number of customers with each row.
    """

    columns: tuple[Array, ...]
    counts: Array

    @property
    def customers(self) -> int:
        return round(float(np.sum(self.counts)))

    def in_group(self, group: int) -> CountedRows:
        """Return the rows whose last column is the number of a group, without that column."""
        *columns, number = self.columns
        rows = number == group
        return CountedRows(tuple(column[rows] for column in columns), self.counts[rows])

    def fingerprint(self) -> str:
        """Return the SHA-256 of the rows and counts, which does not depend on the order of customers."""
        digest = hashlib.sha256()
        for column in (*self.columns, self.counts):
            digest.update(np.ascontiguousarray(column, dtype="<f8").data)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class UniqueRows(CountedRows):
    """Distinct rows and the row of each customer, as a prediction needs them.

    Attributes
    ----------
    positions : int array (n,)
        Index of each customer's row.
    """

    positions: npt.NDArray[np.intp]

    def evaluate(self, function: Callable[..., Array]) -> Array:
        """Return function(*columns) of every customer, (n,) or (k, n), computed once per distinct row, in blocks."""
        return np.take(in_blocks(function, self.columns), self.positions, axis=-1)


def in_blocks(function: Callable[..., Array], columns: Sequence[Array]) -> Array:
    """Return function(*columns) of rows (m,), an array (m,) or (k, m), one block of rows at a time."""
    edges = range(0, max(1, len(columns[0])), PREDICTION_BLOCK)  # without rows there is one empty block
    blocks = [[column[i : i + PREDICTION_BLOCK] for column in columns] for i in edges]
    return np.concatenate(in_threads(lambda block: function(*block), blocks), axis=-1)


def counted_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> CountedRows:
    """Return the distinct rows of columns (n,) and their counts.

    Parameters
    ----------
    columns : sequence of arrays (n,)
    ticks : sequence of float, optional
        A factor per column that turns its values into whole numbers. The values of a row are then packed into one
        integer, and the integers are sorted. Other columns are sorted as they are.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    packing = _pack(values, ticks)
    if packing is None:
        inner = _pack(values[:-1], ticks[:-1] if ticks else None) if len(values) > 1 else None
        if inner is not None and inner.span <= MOST_GROUPS:
            return _sorted_within(inner, values[-1])
        rows = _by_sorting(values)
        return CountedRows(rows.columns, rows.counts)
    used, counts = np.unique(packing.numbers, return_counts=True)
    return CountedRows(packing.unpack(used), counts.astype(float))


def unique_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> UniqueRows:
    """Return the distinct rows of columns (n,), their counts, and the index of each customer's row.

    Parameters are those of `counted_rows`. If few integers are possible, they are counted in a table.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    packing = _pack(values, ticks)
    if packing is None:
        return _by_sorting(values)
    if packing.span <= max(TABLE_SIZE, len(packing.numbers)):
        counted = np.bincount(packing.numbers, minlength=packing.span)
        used = np.flatnonzero(counted)
        places = np.zeros(packing.span, dtype=np.intp)
        places[used] = np.arange(len(used))
        return UniqueRows(packing.unpack(used), counted[used].astype(float), places[packing.numbers])
    used, positions, counts = np.unique(packing.numbers, return_inverse=True, return_counts=True)
    return UniqueRows(packing.unpack(used), counts.astype(float), positions)


@dataclass(frozen=True, slots=True)
class _Packing:
    """Rows of whole-number columns, each packed into one integer that sorts like the row.

    Attributes
    ----------
    numbers : int array (n,)
    levels, lows, ticks : sequences with one entry per column
        The number of values that a column can have, its smallest value, both in ticks, and the ticks per unit.
    """

    numbers: npt.NDArray[np.int64]
    levels: Sequence[int]
    lows: Sequence[int]
    ticks: Sequence[float]

    @property
    def span(self) -> int:
        return math.prod(self.levels)

    def unpack(self, numbers: npt.NDArray[np.int64]) -> tuple[Array, ...]:
        """Return the columns, equal to the original ones to the last bit."""
        columns = []
        for level, low, tick in zip(self.levels[::-1], self.lows[::-1], self.ticks[::-1], strict=True):
            whole = numbers // level  # several times faster than divmod in numpy
            columns.append((numbers - whole * level + low) / tick)
            numbers = whole
        return tuple(columns[::-1])


def _pack(values: list[Array], ticks: Sequence[float] | None) -> _Packing | None:
    """Pack rows into integers; None if a column is not a whole number of ticks or the integers would be too large."""
    packed = np.zeros(len(values[0]), dtype=np.int64)
    ticks, levels, lows = ticks or [1.0] * len(values), [], []
    for column, tick in zip(values, ticks, strict=True):
        whole = column if tick == 1 else column * tick
        whole = np.rint(whole, out=None if whole is column else whole)
        low, high = float(whole.min(initial=0.0)), float(whole.max(initial=0.0))
        if not (high - low < LARGEST_CODE and np.array_equal(whole if tick == 1 else whole / tick, column)):
            return None
        levels.append(int(high - low) + 1)
        lows.append(int(low))
        if math.prod(levels) > LARGEST_CODE:
            return None
        packed *= levels[-1]
        packed += (whole - low).astype(np.int64)
    return _Packing(packed, levels, lows, ticks)


def _sorted_within(packing: _Packing, values: Array) -> CountedRows:
    """Count rows of packed columns and one further column, which is sorted separately within each packed row."""
    order = np.argsort(packing.numbers.astype(np.uint16), kind="stable")
    numbers, ordered = packing.numbers[order], values[order]
    edges = np.flatnonzero(np.diff(numbers, prepend=-1, append=packing.span))
    for start, stop in itertools.pairwise(edges):
        ordered[start:stop].sort()
    new = np.append(True, (numbers[1:] != numbers[:-1]) | (ordered[1:] != ordered[:-1]))
    counts = np.diff(np.append(np.flatnonzero(new), len(numbers))).astype(float)
    return CountedRows((*packing.unpack(numbers[new]), ordered[new]), counts)


def _by_sorting(values: list[Array]) -> UniqueRows:
    order = np.lexsort(values[::-1])
    ordered = [column[order] for column in values]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([column[1:] != column[:-1] for column in ordered], axis=0)
    positions = np.empty(len(order), dtype=np.intp)
    positions[order] = np.cumsum(new) - 1
    counts = np.diff(np.append(np.flatnonzero(new), len(order))).astype(float)
    return UniqueRows(tuple(column[new] for column in ordered), counts, positions)

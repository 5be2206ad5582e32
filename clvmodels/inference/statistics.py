"""Unique rows and their counts: what a likelihood or a prediction needs of a customer base, and no more."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array

__all__ = ["CountedRows", "UniqueRows", "counted_rows", "in_blocks", "midranks", "under_each", "unique_rows"]

LARGEST_CODE = 2**62
MOST_GROUPS = 2**12  # that are worth sorting one by one
TABLE = 2**22  # entries of a table that is always worth its memory
PREDICTION_BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class CountedRows:
    """Distinct rows of statistics in ascending order, whatever the order of the customers: what a fit needs.

    Attributes
    ----------
    columns : tuple of arrays, each (m,)
    counts : array (m,)
        How many customers share each row.
    """

    columns: tuple[Array, ...]
    counts: Array

    @property
    def customers(self) -> int:
        return round(float(np.sum(self.counts)))

    def where(self, kept: npt.NDArray[np.bool_]) -> CountedRows:
        """Some of the rows, without their last column, which says to whom they belong."""
        return CountedRows(tuple(column[kept] for column in self.columns[:-1]), self.counts[kept])

    def fingerprint(self) -> str:
        """SHA-256 of the rows and counts: the same data give the same text, in any order of customers."""
        digest = hashlib.sha256()
        for column in (*self.columns, self.counts):
            digest.update(np.ascontiguousarray(column, dtype="<f8").data)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class UniqueRows(CountedRows):
    """The same, and the row of each customer: what a prediction needs.

    Attributes
    ----------
    positions : int array (n,)
    """

    positions: npt.NDArray[np.intp]

    def evaluate(self, function: Callable[..., Array]) -> Array:
        """function(*columns) for every customer (n,) or (k, n), computed once a distinct row, in blocks."""
        return np.take(in_blocks(function, self.columns), self.positions, axis=-1)


def in_blocks(function: Callable[..., Array], columns: Sequence[Array]) -> Array:
    """function(*columns) of rows (m,), (m,) or (k, m), a block of rows at a time."""
    edges = range(0, max(1, len(columns[0])), PREDICTION_BLOCK)  # nobody is a block too
    blocks = [[column[i : i + PREDICTION_BLOCK] for column in columns] for i in edges]
    return np.concatenate(in_threads(lambda block: function(*block), blocks), axis=-1)


def counted_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> CountedRows:
    """Distinct rows of columns (n,) and their counts.

    Parameters
    ----------
    columns : sequence of arrays (n,)
    ticks : sequence of float, optional
        What makes each column whole numbers when multiplied by it: the columns of a row are then packed into one
        integer, and the integers sorted. Other columns are sorted as they are.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    packing = _pack(values, ticks)
    if packing is None:
        inner = _pack(values[:-1], ticks[:-1] if ticks else None)
        if inner is not None and inner.span <= MOST_GROUPS:
            return _sorted_within(inner, values[-1])
        rows = _by_sorting(values)
        return CountedRows(rows.columns, rows.counts)
    used, counts = np.unique(packing.numbers, return_counts=True)
    return CountedRows(packing.unpack(used), counts.astype(float))


def unique_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> UniqueRows:
    """Distinct rows of columns (n,), their counts, and where each customer's row is.

    Parameters are those of `counted_rows`. Where few integers are possible they are counted in a table.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    packing = _pack(values, ticks)
    if packing is None:
        return _by_sorting(values)
    if packing.span <= max(TABLE, len(packing.numbers)):
        counted = np.bincount(packing.numbers, minlength=packing.span)
        used = np.flatnonzero(counted)
        places = np.zeros(packing.span, dtype=np.intp)
        places[used] = np.arange(len(used))
        return UniqueRows(packing.unpack(used), counted[used].astype(float), places[packing.numbers])
    used, positions, counts = np.unique(packing.numbers, return_inverse=True, return_counts=True)
    return UniqueRows(packing.unpack(used), counts.astype(float), positions)


def midranks(values: npt.ArrayLike) -> Array:
    """Ranks from 1, ties at their mean rank, (n,)."""
    _, positions, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - 0.5 * (counts - 1))[positions]
    return ranks


@dataclass(frozen=True, slots=True)
class _Packing:
    """Rows of columns made of ticks, each as one whole number, in the order of the rows.

    Attributes
    ----------
    numbers : int array (n,)
    levels, lows, ticks : sequences, an entry a column
        How many values a column may take, its least, both in ticks, and what makes its values ticks.
    """

    numbers: npt.NDArray[np.int64]
    levels: Sequence[int]
    lows: Sequence[int]
    ticks: Sequence[float]

    @property
    def span(self) -> int:
        return math.prod(self.levels)

    def unpack(self, numbers: npt.NDArray[np.int64]) -> tuple[Array, ...]:
        """The columns again, to the last bit."""
        columns = []
        for level, low, tick in zip(self.levels[::-1], self.lows[::-1], self.ticks[::-1], strict=True):
            whole = numbers // level  # which numpy does several times as fast as divmod
            columns.append((numbers - whole * level + low) / tick)
            numbers = whole
        return tuple(columns[::-1])


def _pack(values: list[Array], ticks: Sequence[float] | None) -> _Packing | None:
    """None where a column is not made of ticks, or the numbers would be too large."""
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
    """Rows of few packed columns and a last one of any values: those are sorted group by group, by themselves."""
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


def under_each(function: Callable[..., Array], parameters: Sequence[Any], *state: Array) -> Array:
    """function(p, *state) for each set of parameters, (draws, b), computed once for each distinct state."""
    rows = unique_rows(state)
    values = np.stack(in_threads(lambda p: function(p, *rows.columns), parameters))
    return np.take(values, rows.positions, axis=-1)

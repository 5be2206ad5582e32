"""Unique rows and their counts: what a likelihood or a prediction needs of a customer base, and no more."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array

__all__ = ["UniqueRows", "midranks", "under_each", "unique_rows"]

LARGEST_CODE = 2**62
TABLE = 2**22  # entries of a table that is always worth its memory
PREDICTION_BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class UniqueRows:
    """Distinct rows of statistics in ascending order, whatever the order of the customers.

    Attributes
    ----------
    columns : tuple of arrays, each (m,)
    counts : array (m,)
        How many customers share each row.
    positions : int array (n,)
        The row of each customer.
    """

    columns: tuple[Array, ...]
    counts: Array
    positions: npt.NDArray[np.intp]

    @property
    def customers(self) -> int:
        return len(self.positions)

    def fingerprint(self) -> str:
        """SHA-256 of the rows and counts: the same data give the same text, in any order of customers."""
        digest = hashlib.sha256()
        for column in (*self.columns, self.counts):
            digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
        return digest.hexdigest()

    def evaluate(self, function: Callable[..., Array]) -> Array:
        """function(*columns) for every customer (n,) or (k, n), computed once a distinct row, in blocks."""
        edges = range(0, max(1, len(self.counts)), PREDICTION_BLOCK)
        blocks = [[column[i : i + PREDICTION_BLOCK] for column in self.columns] for i in edges]
        parts = in_threads(lambda block: function(*block), blocks)
        return np.take(np.concatenate(parts, axis=-1), self.positions, axis=-1)


def unique_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> UniqueRows:
    """Distinct rows of columns (n,), their counts, and where each customer's row is.

    The columns of a row are packed into one integer, and the integers in use counted in a table or, where that would be
    too long, sorted. Columns that are not made of ticks are sorted as they are.

    Parameters
    ----------
    columns : sequence of arrays (n,)
    ticks : sequence of float, optional
        What makes each column whole numbers when multiplied by it.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    codes = [_whole(column, tick) for column, tick in zip(values, ticks or [1.0] * len(values), strict=True)]
    packed = None if any(code is None for code in codes) else _packed([code for code in codes if code is not None])
    if packed is None:
        return _by_sorting(values)
    numbers, span = packed
    n = len(numbers)
    if span <= max(TABLE, n):
        counted = np.bincount(numbers, minlength=span)
        used = np.flatnonzero(counted)
        places = np.zeros(span, dtype=np.intp)
        places[used] = np.arange(len(used))
        positions, counts = places[numbers], counted[used]
    else:
        _, positions, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    example = np.empty(len(counts), dtype=np.intp)
    example[positions] = np.arange(n)
    return UniqueRows(tuple(column[example] for column in values), counts.astype(float), positions)


def midranks(values: npt.ArrayLike) -> Array:
    """Ranks from 1, ties at their mean rank, (n,)."""
    _, positions, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - 0.5 * (counts - 1))[positions]
    return ranks


def _whole(column: Array, tick: float) -> npt.NDArray[np.int64] | None:
    """A column as whole numbers from 0 in the order of its values; None if it is not made of ticks."""
    whole = np.rint(column * tick)
    low, high = whole.min(initial=0.0), whole.max(initial=0.0)
    if high - low < LARGEST_CODE and np.array_equal(whole / tick, column):
        codes: npt.NDArray[np.int64] = (whole - low).astype(np.int64)
        return codes
    return None


def _packed(codes: list[npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], int] | None:
    """One whole number a row, and how many there may be; None if they would not fit."""
    levels = [int(code.max(initial=0)) + 1 for code in codes]
    if math.prod(levels) > LARGEST_CODE:
        return None
    packed = np.zeros(len(codes[0]), dtype=np.int64)
    for code, level in zip(codes, levels, strict=True):
        packed = packed * level + code
    return packed, math.prod(levels)


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

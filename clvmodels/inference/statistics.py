"""Unique rows and their counts: what a likelihood or a prediction needs of a customer base, and no more."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array

__all__ = ["UniqueRows", "on_distinct_states", "unique_rows"]

LARGEST_CODE = 2**62
TABLE = 2**22  # entries of a table that is always worth its memory
PREDICTION_BLOCK = 4_096
STATE_BLOCK = 64  # states under all draws at once: each takes draws x nodes numbers


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
        edges = range(0, len(self.counts), PREDICTION_BLOCK)
        blocks = [[column[i : i + PREDICTION_BLOCK] for column in self.columns] for i in edges]
        parts = in_threads(lambda block: function(*block), blocks)
        return np.take(np.concatenate(parts, axis=-1), self.positions, axis=-1)


def unique_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> UniqueRows:
    """Distinct rows of columns (n,), their counts, and where each customer's row is.

    The columns of a row are packed into one integer; the integers in use are found by marking them in a table or, where
    that would be too long, by sorting.

    Parameters
    ----------
    columns : sequence of arrays (n,)
    ticks : sequence of float, optional
        What makes each column whole numbers when multiplied by it; where it does not, the column is ranked instead.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    n = len(values[0])
    codes = [_code(column, tick) for column, tick in zip(values, ticks or [1.0] * len(values), strict=True)]
    if math.prod(code.levels for code in codes) > LARGEST_CODE:
        codes = [_rank(column) for column in values]
    packed, span = np.zeros(n, dtype=np.int64), 1
    for code in codes:
        if span * code.levels > LARGEST_CODE:
            packed = np.unique(packed, return_inverse=True)[1]
            span = n
        packed = packed * code.levels + code.codes
        span *= code.levels
    if span <= max(TABLE, n):
        counted = np.bincount(packed, minlength=span)
        used = np.flatnonzero(counted)
        places = np.zeros(span, dtype=np.intp)
        places[used] = np.arange(len(used))
        positions, counts = places[packed], counted[used]
    else:
        used, positions, counts = np.unique(packed, return_inverse=True, return_counts=True)
    example = np.empty(len(used), dtype=np.intp)
    example[positions] = np.arange(n)
    return UniqueRows(tuple(column[example] for column in values), counts.astype(float), positions)


def on_distinct_states(function: Callable[..., Array], *state: Array) -> Array:
    """function(*state) with values (draws, b), computed once for each distinct state, a few states at a time."""
    rows = unique_rows(state)
    edges = range(0, len(rows.counts), STATE_BLOCK)
    blocks = [[column[i : i + STATE_BLOCK] for column in rows.columns] for i in edges]
    parts = in_threads(lambda block: function(*block), blocks)
    return np.take(np.concatenate(parts, axis=-1), rows.positions, axis=-1)


class _Code(NamedTuple):
    """A column as whole numbers from 0, in the order of its values, and how many there may be."""

    codes: npt.NDArray[np.int64]
    levels: int


def _code(column: Array, tick: float) -> _Code:
    whole = np.rint(column * tick)
    low, high = whole.min(initial=0.0), whole.max(initial=0.0)
    if high - low < LARGEST_CODE and np.array_equal(whole / tick, column):
        return _Code((whole - low).astype(np.int64), int(high - low) + 1)
    return _rank(column)


def _rank(column: Array) -> _Code:
    distinct, ranks = np.unique(column, return_inverse=True)
    return _Code(ranks, len(distinct))

"""Unique rows and their counts: what a likelihood or a prediction needs of a customer base, and no more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array

__all__ = ["UniqueRows", "unique_rows"]

LARGEST_CODE = 2**62
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
        edges = range(0, len(self.counts), PREDICTION_BLOCK)
        blocks = [[column[i : i + PREDICTION_BLOCK] for column in self.columns] for i in edges]
        parts = in_threads(lambda block: function(*block), blocks)
        return np.take(np.concatenate(parts, axis=-1), self.positions, axis=-1)


def unique_rows(columns: Sequence[npt.ArrayLike], ticks: Sequence[float] | None = None) -> UniqueRows:
    """Distinct rows of columns (n,), their counts, and where each customer's row is.

    The columns of a row are packed into one integer, so that one sort finds the rows.

    Parameters
    ----------
    columns : sequence of arrays (n,)
    ticks : sequence of float, optional
        What makes each column whole numbers when multiplied by it; where it does not, the column is ranked instead.
    """
    values = [np.asarray(column, dtype=float) for column in columns]
    packed = np.zeros(len(values[0]), dtype=np.int64)
    span = 1
    for column, tick in zip(values, ticks or [1.0] * len(values), strict=True):
        codes, levels = _codes(column, tick)
        if span > LARGEST_CODE // levels:
            packed = np.unique(packed, return_inverse=True)[1]
            span = len(packed)
        packed = packed * levels + codes
        span *= levels
    _, first, positions, counts = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return UniqueRows(tuple(column[first] for column in values), counts.astype(float), positions)


def _codes(column: Array, tick: float) -> tuple[npt.NDArray[np.int64], int]:
    """Whole numbers from 0 in the order of the values, and how many they may be."""
    whole = np.rint(column * tick)
    if np.array_equal(whole / tick, column) and np.all(np.abs(whole) < 2**40):
        low = whole.min(initial=0.0)
        codes = (whole - low).astype(np.int64)
        return codes, int(codes.max(initial=0)) + 1
    distinct, ranks = np.unique(column, return_inverse=True)
    return ranks, len(distinct)

"""Ids as whole numbers from 0 on, by which arrays of numpy are counted and added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["CodedIds", "code_ids"]

ALWAYS = 2**16  # numbers that are few, however few the ids
SPARSE = 2  # numbers a row that are still few

Codes = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class CodedIds:
    """The ids of a column as whole numbers.

    Attributes
    ----------
    codes : int array (rows,)
        Each row's number, in the order of the ids.
    bound : int
        All numbers are below. Some may be no id's.
    """

    codes: Codes
    bound: int
    _distinct: pl.Series | int  # in order; or, where ids are integers and hardly any is left out, the lowest

    def ids(self, codes: npt.NDArray[np.integer[Any]]) -> nw.Series[Any]:
        """The ids that have those numbers."""
        if isinstance(self._distinct, int):
            found = pl.Series("customer_id", codes.astype(np.int64) + self._distinct)
        else:
            found = self._distinct if len(codes) == len(self._distinct) else self._distinct[codes]
        return nw.from_native(found, series_only=True)


def code_ids(column: nw.Series[Any]) -> CodedIds:
    """Number the ids of a column of integers or text, of which none is missing."""
    native: pl.Series = column.to_native()
    if native.dtype == pl.String:
        return _of_text(native)
    ids = native.to_numpy()
    lowest, highest = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
    if highest - lowest < max(SPARSE * len(ids), ALWAYS):
        bound = highest - lowest + 1
        return CodedIds((ids - lowest).astype(_smallest(bound), copy=False), bound, lowest)
    order = np.argsort(ids)
    ordered = ids[order]
    new = np.append(True, ordered[1:] != ordered[:-1])
    distinct = ordered[new]
    codes = np.empty(len(ids), dtype=_smallest(len(distinct)))
    codes[order] = np.cumsum(new, dtype=codes.dtype) - 1
    return CodedIds(codes, len(distinct), pl.Series("customer_id", distinct))


def _of_text(column: pl.Series) -> CodedIds:
    """Categories number text as they meet it: put in order, and those of other columns left out."""
    categories = column.cast(pl.Categorical)
    numbers = categories.to_physical().to_numpy()
    found = categories.unique()
    texts = found.cast(pl.String)
    order = texts.arg_sort().to_numpy()
    rank = np.zeros(int(numbers.max(initial=0)) + 1, dtype=_smallest(len(order)))
    rank[found.to_physical().to_numpy()[order]] = np.arange(len(order))
    return CodedIds(rank[numbers], len(order), texts[order].alias("customer_id"))


def _smallest(bound: int) -> type[np.int32] | type[np.int64]:
    return np.int32 if bound < 2**31 else np.int64

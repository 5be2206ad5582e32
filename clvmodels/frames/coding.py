"""Number ids from 0, so that numpy can count and add up arrays by customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["CodedIds", "code_ids"]

SMALL_RANGE = 2**16  # a range of integer ids that is small enough for any number of rows
NUMBERS_PER_ROW = 2  # a range of integer ids that is small enough, per row

Codes = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class CodedIds:
    """The ids of a column as integers.

    Attributes
    ----------
    codes : int array (rows,)
        The code of each row; codes have the order of the ids.
    bound : int
        All codes are smaller. Some codes may belong to no id.
    """

    codes: Codes
    bound: int
    _distinct: pl.Series | int  # sorted; or the lowest id, if ids are integers with few gaps

    def ids(self, codes: npt.NDArray[np.integer[Any]]) -> nw.Series[Any]:
        """Return the ids that have these codes."""
        if isinstance(self._distinct, int):
            ids = pl.Series("customer_id", codes.astype(np.int64) + self._distinct)
        else:
            ids = self._distinct if len(codes) == len(self._distinct) else self._distinct[codes]
        return nw.from_native(ids, series_only=True)


def code_ids(column: nw.Series[Any]) -> CodedIds:
    """Number the ids of a column of integers or text without missing values."""
    native: pl.Series = column.to_native()
    if native.dtype == pl.String:
        return _code_text(native)
    ids = native.to_numpy()
    lowest, highest = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
    if highest - lowest < max(NUMBERS_PER_ROW * len(ids), SMALL_RANGE):
        bound = highest - lowest + 1
        return CodedIds((ids - lowest).astype(_smallest(bound), copy=False), bound, lowest)
    order = np.argsort(ids)
    ordered = ids[order]
    new = np.append(True, ordered[1:] != ordered[:-1])
    distinct = ordered[new]
    codes = np.empty(len(ids), dtype=_smallest(len(distinct)))
    codes[order] = np.cumsum(new, dtype=codes.dtype) - 1
    return CodedIds(codes, len(distinct), pl.Series("customer_id", distinct))


def _code_text(column: pl.Series) -> CodedIds:
    """Number text by polars categories, which are numbered by first appearance and shared with other columns."""
    categories = column.cast(pl.Categorical)
    numbers = categories.to_physical().to_numpy()
    distinct = categories.unique()
    texts = distinct.cast(pl.String)
    order = texts.arg_sort().to_numpy()
    rank = np.zeros(int(numbers.max(initial=0)) + 1, dtype=_smallest(len(order)))
    rank[distinct.to_physical().to_numpy()[order]] = np.arange(len(order))
    return CodedIds(rank[numbers], len(order), texts[order].alias("customer_id"))


def _smallest(bound: int) -> type[np.int32] | type[np.int64]:
    """Return the smaller of two integer types that holds numbers below a bound."""
    return np.int32 if bound < 2**31 else np.int64

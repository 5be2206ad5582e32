"""Pandas frames, column by column: their objects, blanks and mixtures sorted out or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.running import first_line

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_pandas"]

EXAMPLES = 3
SHARED = ("float64", "datetime64[ms]", "datetime64[us]", "datetime64[ns]")  # which polars would copy


def read_pandas(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The named columns of a pandas frame, under their roles."""
    data = {}
    for role, name in columns.items():
        column = frame[name].reset_index(drop=True)
        if column.dtype == object:
            _refuse_mixture(column, role, name)
        try:
            data[str(role)] = _shared(column)
        except (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError) as error:
            raise InvalidTransactions(
                f"Column {name!r} of type {column.dtype} cannot be read: {first_line(error)}"
            ) from error
    return pl.DataFrame(data)


def _shared(column: pd.Series[Any]) -> pl.Series:
    """A column of polars, over the same memory where pandas and Arrow write values alike."""
    if column.dtype in SHARED:
        import pyarrow as pa

        shared: pl.Series = pl.from_arrow(pa.array(column, from_pandas=True))  # type: ignore[assignment]
        return shared
    return pl.from_pandas(column, nan_to_null=True)


def _refuse_mixture(column: pd.Series[Any], role: str, name: Any) -> None:
    """Objects of several types in one column are the caller's to sort out."""
    import pandas as pd

    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if not inferred.startswith(("mixed", "date")):
        return
    present = column.dropna()
    kinds = present.map(_kind)
    examples = ", ".join(repr(present[kinds == kind].iloc[0]) for kind in kinds.unique()[:EXAMPLES])
    if kinds.nunique() > 1:
        doubt = ", and nobody can say whether 1 and '1' are the same" if role == "customer_id" else ""
        raise InvalidTransactions(
            f"Column {name!r} mixes types (such as {examples}){doubt}: convert it first{_conversion(role, name)}."
        )
    if inferred.startswith("mixed"):
        raise InvalidTransactions(
            f"Column {name!r} holds objects of type {kinds.iloc[0]} (such as {examples}): convert it to integers, "
            f"numbers, dates or text first{_conversion(role, name)}."
        )


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "timestamp" if value.tzinfo is None else "timestamp with a zone"
    return type(value).__name__


def _conversion(role: str, name: Any) -> str:
    ways = {
        "customer_id": f"log[{name!r}].astype(str)",
        "date": f"pandas.to_datetime(log[{name!r}])",
        "amount": f"log[{name!r}].astype(float)",
    }
    return f", for instance with {ways[role]}" if role in ways else ""

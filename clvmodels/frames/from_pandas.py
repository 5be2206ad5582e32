"""Read pandas frames column by column; convert objects and missing values, and refuse mixtures of types."""

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
SHARED_DTYPES = ("float64", "datetime64[ms]", "datetime64[us]", "datetime64[ns]")  # dtypes that polars would copy


def read_pandas(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return the named columns of a pandas frame under their roles."""
    data = {}
    for role, name in columns.items():
        column = frame[name].reset_index(drop=True)
        if column.dtype == object:
            _refuse_mixture(column, role, name)
        try:
            data[str(role)] = _to_polars(column)
        except (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError) as error:
            raise InvalidTransactions(
                f"Column {name!r} of type {column.dtype} cannot be read: {first_line(error)}"
            ) from error
    return pl.DataFrame(data)


def _to_polars(column: pd.Series[Any]) -> pl.Series:
    """Return a polars column, without a copy if pandas and Arrow store the values in the same way."""
    if column.dtype in SHARED_DTYPES:
        import pyarrow as pa

        shared: pl.Series = pl.from_arrow(pa.array(column, from_pandas=True))  # type: ignore[assignment]
        return shared
    return pl.from_pandas(column, nan_to_null=True)


def _refuse_mixture(column: pd.Series[Any], role: str, name: Any) -> None:
    """Raise InvalidTransactions if a column has objects of several types, or of a type that is not a value."""
    import pandas as pd

    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if not inferred.startswith(("mixed", "date")):
        return
    present = column.dropna()
    types = present.map(_type_name)
    examples = ", ".join(repr(present[types == name].iloc[0]) for name in types.unique()[:EXAMPLES])
    if types.nunique() > 1:
        doubt = ", and 1 and '1' may or may not be the same customer" if role == "customer_id" else ""
        raise InvalidTransactions(
            f"Column {name!r} mixes types (such as {examples}){doubt}: convert it first{_conversion(role, name)}."
        )
    if inferred.startswith("mixed"):
        raise InvalidTransactions(
            f"Column {name!r} has objects of type {types.iloc[0]} (such as {examples}): convert it to integers, "
            f"numbers, dates or text first{_conversion(role, name)}."
        )


def _type_name(value: Any) -> str:
    """Return the name of the type of a value; timestamps with and without a zone differ."""
    if isinstance(value, datetime):
        return "timestamp" if value.tzinfo is None else "timestamp with a zone"
    return type(value).__name__


def _conversion(role: str, name: Any) -> str:
    """Return a suggestion to convert a column."""
    conversions = {
        "customer_id": f"log[{name!r}].astype(str)",
        "date": f"pandas.to_datetime(log[{name!r}])",
        "amount": f"log[{name!r}].astype(float)",
    }
    return f", for instance with {conversions[role]}" if role in conversions else ""

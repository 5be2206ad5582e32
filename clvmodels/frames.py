"""The engine boundary: open what the user brought, run the lazy plan, give back the kind of frame that came.

Everything between is narwhals. The plans run on polars, which reads pandas frames, Arrow tables and files alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import numpy as np
import polars as pl

from clvmodels.errors import InvalidTransactions

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Frame",
    "FrameKind",
    "Opened",
    "collect",
    "column_names",
    "first_rows",
    "open_frame",
    "parse_dates",
    "series",
    "table",
    "write_table",
]

FrameKind = Literal["pandas", "polars"]
Frame = Any  # a pandas or polars frame, as the user brought it

INTEGER_TEXT = r"^(?:0|-?[1-9]\d{0,17})$"
ISO_DATE = "%Y-%m-%d"
ISO_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class Opened:
    """A user's table, opened: a lazy plan over the columns asked for, and the kind of frame to give back."""

    lazy: nw.LazyFrame[Any]
    kind: FrameKind


def open_frame(source: Frame | str | Path, columns: Mapping[str, str], text_id: str | None = None) -> Opened:
    """Open a frame or file lazily, keeping the named columns under their roles.

    Parameters
    ----------
    source : pandas or polars frame, or path to CSV or Parquet
    columns : mapping of role to column name, such as {"customer_id": "Id"}
    text_id : str, optional
        Role whose values identify something. In a CSV file they are integers if every one is written as a plain
        integer, and text otherwise, so that '0012' stays what it is.

    Raises
    ------
    InvalidTransactions
        When the source is no table, a column is missing, or a column mixes types.
    """
    if isinstance(source, (str, Path)):
        lazy = _scan(Path(source), columns)
        kind: FrameKind = "polars"
    elif isinstance(source, (pl.DataFrame, pl.LazyFrame)):
        lazy, kind = source.lazy(), "polars"
    else:
        frame = nw.from_native(source, eager_only=True, pass_through=True)
        if not isinstance(frame, nw.DataFrame):
            raise InvalidTransactions(
                f"A {type(source).__name__} is not a table this function reads: pass a pandas frame, a polars frame, "
                "or a path to a CSV or Parquet file."
            )
        native = frame.to_native()
        if not frame.implementation.is_pandas():
            native, kind = frame.to_polars(), "polars"
            lazy = native.lazy()
        else:
            _refuse_missing(columns, list(native.columns))
            lazy, kind = _from_pandas(native, list(dict.fromkeys(columns.values()))).lazy(), "pandas"
    present = lazy.collect_schema()
    _refuse_missing(columns, present.names())
    lazy = lazy.select(**{role: pl.col(name) for role, name in columns.items()})
    if text_id is not None:
        lazy = _identify(lazy, text_id, from_csv=isinstance(source, (str, Path)) and _is_csv(Path(source)))
    return Opened(nw.from_native(lazy), kind)


def column_names(source: Frame | str | Path) -> list[str]:
    """Names of the columns of a frame or file."""
    if isinstance(source, (str, Path)):
        return list(_scan(Path(source), {}).collect_schema().names())
    return list(nw.from_native(source).collect_schema().names())


def parse_dates(
    lazy: nw.LazyFrame[Any], role: str, date_format: str | None, time_zone: str | None
) -> nw.LazyFrame[Any]:
    """Turn a column of text into timestamps; what cannot be read becomes missing, to be counted by the caller.

    ISO 8601 dates and times are read as they are; anything else needs `date_format` (strftime codes). Text that names
    its zone is converted to `time_zone`, and is unreadable without one.
    """
    native: pl.LazyFrame = lazy.to_native()
    text = pl.col(role)
    if date_format is not None:
        zoned = "%z" in date_format or "%:z" in date_format
        parsed = text.str.to_datetime(date_format, strict=False, time_unit="us")
        if zoned and time_zone is not None:
            parsed = parsed.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
        return nw.from_native(native.with_columns(parsed.alias(role)))
    widest = native.select(text.str.len_bytes().max()).collect().item()
    parsed = text.str.to_date(ISO_DATE, strict=False)
    if widest is not None and widest > len("1997-01-01"):
        times = [text.str.to_datetime(form, strict=False, time_unit="us") for form in ISO_TIMES]
        if time_zone is not None:
            utc = [
                text.str.replace("[zZ]$", "+00:00").str.to_datetime(form + "%#z", strict=False, time_unit="us")
                for form in ISO_TIMES
            ]
            times += [moment.dt.convert_time_zone(time_zone).dt.replace_time_zone(None) for moment in utc]
        parsed = pl.coalesce(parsed.cast(pl.Datetime("us")), *times)
    return nw.from_native(native.with_columns(parsed.alias(role)))


def collect(lazy: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """Run a plan and hold its rows."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.collect(engine="streaming"), eager_only=True)


def first_rows(lazy: nw.LazyFrame[Any], condition: nw.Expr, count: int) -> list[dict[str, Any]]:
    """The first rows that meet a condition, with their number (from 0) as `row`; for error messages."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.with_row_index("row")).filter(condition).head(count).collect().rows(named=True)


def series(values: Any) -> nw.Series[Any]:
    """Any column (list, array, pandas or polars series) as a series of the engine."""
    if isinstance(values, nw.Series):
        values = values.to_native()
    if isinstance(values, pl.Series):
        return nw.from_native(values, series_only=True)
    if hasattr(values, "to_frame") and hasattr(values, "index"):
        return nw.from_native(_from_pandas(values.to_frame("value"), ["value"])["value"], series_only=True)
    return nw.from_native(pl.Series("value", values, strict=True), series_only=True)


def table(kind: FrameKind, columns: Mapping[str, Sequence[Any] | np.ndarray | nw.Series[Any]]) -> Frame:
    """A frame of the kind that came, one column an entry."""
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame({name: _to_pandas(values) for name, values in columns.items()})
    return pl.DataFrame({name: v.to_native() if isinstance(v, nw.Series) else v for name, v in columns.items()})


def write_table(frame: Frame, path: Path) -> None:
    """Write a frame as Parquet or CSV, by the ending of the path."""
    native = frame if isinstance(frame, pl.DataFrame) else _from_pandas(frame, list(frame.columns))
    if _is_csv(path):
        native.write_csv(path)
    else:
        native.write_parquet(path)


def _to_pandas(values: Any) -> Any:
    return values.to_native().to_pandas() if isinstance(values, nw.Series) else values


def _is_csv(path: Path) -> bool:
    return {suffix.lower() for suffix in path.suffixes} & {".csv", ".txt"} != set()


def _scan(path: Path, columns: Mapping[str, str]) -> pl.LazyFrame:
    if not path.exists():
        raise InvalidTransactions(f"There is no file {str(path)!r}.")
    if path.suffix.lower() in {".parquet", ".pq"}:
        return pl.scan_parquet(path)
    if not _is_csv(path):
        raise InvalidTransactions(f"{path.name!r} is neither a .csv nor a .parquet file.")
    text = [name for role, name in columns.items() if role in ("customer_id", "date")]
    try:
        names = pl.scan_csv(path, infer_schema=False).collect_schema().names()
        return pl.scan_csv(path, schema_overrides={name: pl.String for name in text if name in names})
    except pl.exceptions.PolarsError as error:
        raise InvalidTransactions(f"{path.name!r} cannot be read as CSV: {error}") from error


def _identify(lazy: pl.LazyFrame, role: str, from_csv: bool) -> pl.LazyFrame:
    """Ids as integers or text."""
    dtype = lazy.collect_schema()[role]
    column = pl.col(role)
    if from_csv:
        lazy = lazy.with_columns(pl.when(column.str.strip_chars() == "").then(None).otherwise(column).alias(role))
        plain = lazy.select(column.str.contains(INTEGER_TEXT).all()).collect().item()
        return lazy.with_columns(column.cast(pl.Int64)) if plain else lazy
    if dtype == pl.String:
        return lazy
    if dtype in (pl.Categorical, pl.Enum):
        return lazy.with_columns(column.cast(pl.String))
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return lazy.with_columns(column.cast(pl.Int64))
    if dtype.is_float():  # pandas turns integer ids with blanks into floats
        column = column.fill_nan(None)
        whole = lazy.select((column == column.floor()).all() & (column.abs() < 2**53).all()).collect().item()
        if whole:
            return lazy.with_columns(column.cast(pl.Int64).alias(role))
        raise InvalidTransactions(
            f"{role} holds fractional numbers, which identify nobody: convert the ids to integers or text first."
        )
    if dtype == pl.Null:
        return lazy.with_columns(column.cast(pl.String))
    raise InvalidTransactions(f"{role} is of type {dtype}: ids must be integers or text; convert the column first.")


def _refuse_missing(columns: Mapping[str, str], present: Sequence[str]) -> None:
    absent = {role: name for role, name in columns.items() if name not in present}
    if absent:
        wanted = ", ".join(f"{name!r} (for {role})" for role, name in absent.items())
        raise InvalidTransactions(f"No column {wanted}; the columns are {', '.join(map(repr, present))}.")


def _from_pandas(frame: pd.DataFrame, names: list[str]) -> pl.DataFrame:
    import pandas as pd

    columns = {}
    for name in names:
        column = frame[name].reset_index(drop=True)
        if column.dtype == object:
            inferred = pd.api.types.infer_dtype(column, skipna=True)
            if inferred.startswith("mixed"):
                kinds = column.dropna().map(type)
                examples = ", ".join(repr(column[kinds.index[kinds == kind][0]]) for kind in kinds.unique()[:3])
                raise InvalidTransactions(
                    f"Column {name!r} mixes types (such as {examples}), and nobody can say whether 1 and '1' are the "
                    f"same: convert it first, for instance with log[{name!r}].astype(str)."
                )
        try:
            columns[name] = pl.from_pandas(column, nan_to_null=True)
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise InvalidTransactions(f"Column {name!r} of type {column.dtype} cannot be read: {error}") from error
    return pl.DataFrame(columns)

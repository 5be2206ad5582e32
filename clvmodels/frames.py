"""The engine boundary: open what the user brought, run the lazy plan, give back the kind of frame that came.

Everything between is narwhals. The plans run on polars, which reads pandas frames, Arrow tables and files alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import numpy as np
import polars as pl

from clvmodels.errors import InvalidOption, InvalidTransactions

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Frame",
    "FrameKind",
    "Opened",
    "collect",
    "collect_in_parts",
    "column_names",
    "each_part",
    "first_rows",
    "open_frame",
    "parse_dates",
    "parse_numbers",
    "table",
    "write_table",
]

FrameKind = Literal["pandas", "polars"]
Frame = Any  # a pandas or polars frame, as the user brought it

EXAMPLES = 3
INTEGER_TEXT = r"^(?:0|-?[1-9]\d{0,17})$"
ISO_DATE = "%Y-%m-%d"
PARQUET_ENDINGS = {".parquet", ".pq"}
CSV_NAME = re.compile(r".*\.(?:csv|txt)(?:\.(?:gz|zst|zlib))?", re.IGNORECASE)
ISO_TIMES = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")


@dataclass(frozen=True, slots=True)
class Opened:
    """A user's table, opened.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        A plan over the columns asked for, under their roles.
    kind : {"pandas", "polars"}
        The kind of frame to give back.
    in_memory : bool
        Whether the rows are held already, so that going through them again costs little.
    as_text : bool
        Whether every column came as text, because the source is CSV and its types were not to be guessed.
    """

    lazy: nw.LazyFrame[Any]
    kind: FrameKind
    in_memory: bool
    as_text: bool


def open_frame(
    source: Frame | str | Path, columns: Mapping[str, str], text_id: str | None = None, csv_as_text: bool = False
) -> Opened:
    """Open a frame or file lazily, keeping the named columns under their roles.

    Parameters
    ----------
    source : pandas or polars frame, or path to CSV or Parquet
    columns : mapping of role to column name, such as {"customer_id": "Id"}
    text_id : str, optional
        Role whose values identify something. In a CSV file they are integers if every one is written as a plain
        integer, and text otherwise, so that '0012' stays what it is.
    csv_as_text : bool
        Read the other columns of a CSV file as text too, for the caller to parse; or else all rows of the file are
        looked at to find their types.

    Raises
    ------
    InvalidTransactions
        When the source is no table, cannot be read, lacks a column, or a column mixes types.
    """
    from_csv = isinstance(source, (str, Path)) and _is_csv(Path(source))
    kind: FrameKind = "polars"
    names = columns
    if isinstance(source, (str, Path)):
        lazy = _scan(Path(source), [] if text_id is None else [columns[text_id]], csv_as_text)
    elif isinstance(source, (pl.DataFrame, pl.LazyFrame)):
        lazy = source.lazy()
    else:
        frame = _narwhals(source)
        native = frame.to_native()
        if frame.implementation.is_pandas():
            _refuse_missing(columns, list(native.columns))
            lazy, kind = _from_pandas(native, columns).lazy(), "pandas"
            names = {role: role for role in columns}
        else:
            lazy = frame.to_polars().lazy()
    _refuse_missing(names, lazy.collect_schema().names())
    lazy = lazy.select(pl.col(name).alias(role) for role, name in names.items())
    if from_csv:
        text = pl.col(pl.String)
        lazy = lazy.with_columns(pl.when(text.str.strip_chars() != "").then(text).name.keep())
    if text_id is not None:
        lazy = _identify(lazy, text_id, columns[text_id], from_csv)
    in_memory = not isinstance(source, (str, Path, pl.LazyFrame))
    return Opened(nw.from_native(lazy), kind, in_memory, from_csv and csv_as_text)


def column_names(source: Frame | str | Path) -> list[str]:
    """Names of the columns of a frame or file."""
    if isinstance(source, (str, Path)):
        return list(_scan(Path(source), [], csv_as_text=True).collect_schema().names())
    if isinstance(source, pl.LazyFrame):
        return list(source.collect_schema().names())
    return list(_narwhals(source).columns)


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
        return nw.from_native(_parse_formatted(native, role, date_format, time_zone))
    widest = _run(native.select(text.str.len_bytes().max())).item()
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


def parse_numbers(lazy: nw.LazyFrame[Any], role: str) -> nw.LazyFrame[Any]:
    """Turn a column of text into floats; what is no number becomes missing, to be counted by the caller."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.with_columns(pl.col(role).str.strip_chars().cast(pl.Float64, strict=False)))


def collect(lazy: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """Run a plan and hold its rows."""
    return nw.from_native(_run(lazy.to_native()), eager_only=True)


def collect_in_parts(
    plan: Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]], lazy: nw.LazyFrame[Any], key: str, parts: int
) -> nw.DataFrame[Any]:
    """Run a plan that treats each key by itself on one part of the keys after another, which bounds its memory.

    Parameters
    ----------
    plan : function of a lazy frame
    key : str
        Rows of one key stay together.
    parts : int

    Returns
    -------
    narwhals.DataFrame
        In no particular order.
    """
    if parts == 1:
        return collect(plan(lazy))
    native: pl.LazyFrame = lazy.to_native()
    part = pl.col(key).hash() % parts
    done = [collect(plan(nw.from_native(native.filter(part == number)))).to_native() for number in range(parts)]
    return nw.from_native(pl.concat(done), eager_only=True)


def first_rows(lazy: nw.LazyFrame[Any], condition: nw.Expr, count: int) -> list[dict[str, Any]]:
    """The first rows that meet a condition, with their number (from 0) as `row`; for error messages."""
    native: pl.LazyFrame = lazy.to_native()
    return nw.from_native(native.with_row_index("row")).filter(condition).head(count).collect().rows(named=True)


def table(kind: FrameKind, columns: Mapping[str, Sequence[Any] | np.ndarray | nw.Series[Any]]) -> Frame:
    """A frame of the kind that came, one column an entry."""
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame({name: _to_pandas(values) for name, values in columns.items()})
    return pl.DataFrame({name: v.to_native() if isinstance(v, nw.Series) else v for name, v in columns.items()})


def write_table(frame: Frame, path: Path) -> None:
    """Write a frame as Parquet or CSV, by the ending of the path."""
    if not _is_csv(path) and path.suffix.lower() not in PARQUET_ENDINGS:
        raise InvalidOption(
            f"A table is written as .parquet or .csv, not as {path.suffix!r}: end the name with one of these."
        )
    native = frame if isinstance(frame, pl.DataFrame) else _from_pandas(frame, {name: name for name in frame.columns})
    if _is_csv(path):
        native.write_csv(path)
    else:
        native.write_parquet(path)


def _to_pandas(values: Any) -> Any:
    return values.to_native().to_pandas() if isinstance(values, nw.Series) else values


def _run(plan: pl.LazyFrame) -> pl.DataFrame:
    try:
        return plan.collect(engine="streaming")
    except pl.exceptions.ComputeError as error:  # such as a file that is damaged further down
        raise InvalidTransactions(f"The table cannot be read: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    """What went wrong, without the engine's advice, which names its own options."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _narwhals(source: Frame) -> nw.DataFrame[Any]:
    try:
        frame = nw.from_native(source, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTransactions(f"Two columns have the same name, so that neither can be meant: {error}") from None
    if not isinstance(frame, nw.DataFrame):
        raise InvalidTransactions(
            f"A {type(source).__name__} is not a table this function reads: pass a pandas frame, a polars frame, "
            "or a path to a CSV or Parquet file."
        )
    return frame


def _is_csv(path: Path) -> bool:
    return CSV_NAME.fullmatch(path.name) is not None


def _scan(path: Path, text: Sequence[str], csv_as_text: bool) -> pl.LazyFrame:
    """Plan over a file; in CSV the columns in `text`, or all, are text."""
    if not path.exists():
        raise InvalidTransactions(f"There is no file {str(path)!r}.")
    parquet = path.suffix.lower() in PARQUET_ENDINGS
    if not (parquet or _is_csv(path)):
        raise InvalidTransactions(f"{path.name!r} is neither a .csv nor a .parquet file.")
    single = path.is_file()  # whose name may hold brackets; a folder of Parquet files is one table
    try:
        if parquet:
            lazy = pl.scan_parquet(path, glob=not single)
        else:
            lazy = pl.scan_csv(path, infer_schema=False, glob=not single)
            if not csv_as_text:
                known = {name: pl.String for name in lazy.collect_schema().names() if name in text}
                lazy = pl.scan_csv(path, infer_schema_length=None, schema_overrides=known, glob=not single)
        lazy.collect_schema()
    except pl.exceptions.PolarsError as error:
        what = "Parquet" if parquet else "CSV"
        raise InvalidTransactions(f"{path.name!r} cannot be read as {what}: {_first_line(error)}") from error
    return lazy


def _parse_formatted(plan: pl.LazyFrame, role: str, date_format: str, time_zone: str | None) -> pl.LazyFrame:
    """Text read by strftime codes; a moment in time (codes %z, %s) is unreadable unless a zone is named."""
    if "%Z" in date_format:
        raise InvalidOption(
            f"date_format={date_format!r}: names of zones (%Z) cannot be read; write offsets such as +02:00 and use %z."
        )
    parsed = pl.col(role).str.to_datetime(date_format, strict=False, time_unit="us")
    if "%s" in date_format:
        parsed = parsed.dt.replace_time_zone("UTC")
    parsed_type = plan.select(parsed).collect_schema()[role]
    if isinstance(parsed_type, pl.Datetime) and parsed_type.time_zone is not None:
        if time_zone is None:
            parsed = pl.lit(None, dtype=pl.Datetime("us"))
        else:
            parsed = parsed.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return plan.with_columns(parsed.alias(role))


def _identify(lazy: pl.LazyFrame, role: str, name: str, from_csv: bool) -> pl.LazyFrame:
    """Ids as integers or text."""
    dtype = lazy.collect_schema()[role]
    column = pl.col(role)
    if from_csv:
        plain = _run(lazy.select(column.str.contains(INTEGER_TEXT).all())).item()
        return lazy.with_columns(column.cast(pl.Int64)) if plain else lazy
    if dtype == pl.String:
        return lazy
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return lazy.with_columns(column.cast(pl.String))
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return lazy.with_columns(column.cast(pl.Int64))
    if dtype.is_float():  # pandas turns integer ids with blanks into floats
        return _whole(lazy, role, name)
    raise InvalidTransactions(
        f"Column {name!r} is of type {dtype}: ids must be signed integers of up to 64 bits, or text; convert it first."
    )


def _whole(lazy: pl.LazyFrame, role: str, name: str) -> pl.LazyFrame:
    """Floats that are whole numbers as integers."""
    column = pl.col(role).fill_nan(None)
    certain = (column == column.floor()) & (column.abs() < 2**53)
    others = _run(lazy.select(column.filter(~certain)))[role]
    if len(others):
        first = ", ".join(map(str, others.unique(maintain_order=True).head(EXAMPLES)))
        raise InvalidTransactions(
            f"{len(others):,} values in column {name!r} are fractional or too large to be exact (first: {first}), "
            "which identifies nobody: convert the ids to integers or text first."
        )
    return lazy.with_columns(column.cast(pl.Int64).alias(role))


def _refuse_missing(columns: Mapping[str, str], present: Sequence[str]) -> None:
    absent = {role: name for role, name in columns.items() if name not in present}
    if absent:
        wanted = ", ".join(f"{name!r} (for {role})" for role, name in absent.items())
        raise InvalidTransactions(f"No column {wanted}; the columns are {', '.join(map(repr, present))}.")


def _from_pandas(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The named columns of a pandas frame, under their roles."""
    data = {}
    for role, name in columns.items():
        column = frame[name].reset_index(drop=True)
        if column.dtype == object:
            _refuse_mixture(column, role, name)
        try:
            data[str(role)] = pl.from_pandas(column, nan_to_null=True)
        except (TypeError, ValueError, OverflowError, NotImplementedError, pl.exceptions.PolarsError) as error:
            raise InvalidTransactions(
                f"Column {name!r} of type {column.dtype} cannot be read: {_first_line(error)}"
            ) from error
    return pl.DataFrame(data)


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


def each_part(lazy: nw.LazyFrame[Any], key: str, parts: int) -> Iterator[nw.DataFrame[Any]]:
    """The rows of a plan, held one part of the keys after another; rows of one key stay together."""
    native: pl.LazyFrame = lazy.to_native()
    part = pl.col(key).hash() % parts
    for number in range(parts):
        yield collect(nw.from_native(native.filter(part == number) if parts > 1 else native))

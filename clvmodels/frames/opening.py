"""The door for tables: whatever came becomes one lazy plan over the columns asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames import file_scan
from clvmodels.frames.databases import DuckDB, columns_of, is_database, plain_zones, spooled
from clvmodels.frames.from_pandas import read_pandas
from clvmodels.frames.kinds import Frame, FrameKind
from clvmodels.frames.running import run

__all__ = ["OpenedFrame", "column_names", "open_frame"]

EXAMPLES = 3
# Floats hold integers of up to 15 digits exactly: of a longer one with ".0" nobody knows which it was.
INTEGER_TEXT = r"^(?:0|-?[1-9]\d{0,17}|0\.0|-?[1-9]\d{0,14}\.0)$"


@dataclass(frozen=True, slots=True)
class OpenedFrame:
    """A user's table, opened.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        A plan over the columns asked for, under their roles.
    kind : FrameKind
        The kind of frame to give back.
    in_memory : bool
        Whether the rows are held already, so that going through them again costs little.
    as_text : bool
        Whether every column came as text, because the source is CSV or JSON lines and its types were not to be guessed.
    longest : mapping of str to int
        Length in bytes of the longest text of some roles, where it was found in passing.
    """

    lazy: nw.LazyFrame[Any]
    kind: FrameKind
    in_memory: bool
    as_text: bool
    longest: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Source:
    """A table as polars reads it: a plan, and how its columns are called there."""

    plan: pl.LazyFrame
    kind: FrameKind
    names: Mapping[str, str]
    in_memory: bool = False
    written: bool = False  # as text, in CSV or JSON lines


def open_frame(
    source: Frame | str | Path, columns: Mapping[str, str], text_id: str | None = None, csv_as_text: bool = False
) -> OpenedFrame:
    """Open a frame or file lazily, keeping the named columns under their roles.

    Parameters
    ----------
    source : frame of pandas, polars (eager or lazy) or PyArrow, relation of DuckDB, table of Ibis, or path
        A path is one of a file, a folder or a glob of CSV, JSON lines or Parquet.
    columns : mapping of role to column name, such as {"customer_id": "Id"}
    text_id : str, optional
        Role whose values identify something. In CSV and JSON lines they are integers if every one is written as a plain
        integer, be it with ".0" behind as blanks among ids make of it, and text otherwise, so that '0012' stays what
        it is.
    csv_as_text : bool
        Read the other columns of CSV and JSON lines as text too, for the caller to parse; or else all rows are looked
        at to find their types.

    Raises
    ------
    InvalidTransactions
        When the source is no table, cannot be read, lacks a column, or a column mixes types.
    """
    if isinstance(source, (str, Path)):
        found = _of_files(source, columns, [] if text_id is None else [columns[text_id]], csv_as_text)
    else:
        found = _of_frame(source, columns)
    _refuse_missing(found.names, found.plan.collect_schema().names())
    lazy = found.plan.select(pl.col(name).alias(role) for role, name in found.names.items())
    if found.written:
        text = pl.col(pl.String)
        lazy = lazy.with_columns(pl.when(text.str.strip_chars() != "").then(text).name.keep())
    longest: dict[str, int] = {}
    if text_id is not None and found.written:
        lazy, longest = _identify_written(lazy, text_id)
    elif text_id is not None:
        lazy = _identify(lazy, text_id, columns[text_id])
    return OpenedFrame(nw.from_native(lazy), found.kind, found.in_memory, found.written and csv_as_text, longest)


def column_names(source: Frame | str | Path) -> list[str]:
    """Names of the columns of a frame, or of the first of the files."""
    if isinstance(source, (str, Path)):
        found = file_scan.find(source)
        return file_scan.names_in(found, found.paths[0])
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return list(source.collect_schema().names())
    if is_database(source):
        return columns_of(source)
    return list(_narwhals(source).columns)


def _of_files(path: str | Path, columns: Mapping[str, str], text: Sequence[str], as_text: bool) -> _Source:
    found = file_scan.find(path)
    plan = file_scan.scan(found, list(columns.values()), text, as_text)
    return _Source(plan, "polars", columns, written=found.format != "Parquet")


def _of_frame(source: Frame, columns: Mapping[str, str]) -> _Source:
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return _Source(source, "polars", columns)
    if isinstance(source, pl.DataFrame):
        return _Source(source.lazy(), "polars", columns, in_memory=True)
    if is_database(source):
        _refuse_missing(columns, columns_of(source))
        kind: FrameKind = DuckDB(source) if nw.dependencies.is_duckdb_relation(source) else "ibis"
        return _Source(spooled(source, list(dict.fromkeys(columns.values()))), kind, columns)
    frame = _narwhals(source)
    native = frame.to_native()
    if frame.implementation.is_pandas():
        _refuse_missing(columns, list(native.columns))
        roles = {role: role for role in columns}
        return _Source(read_pandas(native, columns).lazy(), "pandas", roles, in_memory=True)
    if frame.implementation.is_pyarrow():
        _refuse_missing(columns, native.column_names)
        arrow = plain_zones(native.select(list(dict.fromkeys(columns.values()))))
        return _Source(pl.DataFrame(arrow).lazy(), "pyarrow", columns, in_memory=True)
    return _Source(frame.to_polars().lazy(), "polars", columns, in_memory=True)


def _narwhals(source: Frame) -> nw.DataFrame[Any]:
    try:
        frame = nw.from_native(source, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTransactions(f"Two columns have the same name, so that neither can be meant: {error}") from None
    if not isinstance(frame, nw.DataFrame):
        raise InvalidTransactions(
            f"A {type(source).__name__} is not a table this function reads: pass a pandas frame, a polars frame, "
            "or a path to CSV, JSON lines or Parquet; a PyArrow table, a DuckDB relation or an Ibis table will do too."
        )
    return frame


def _identify_written(lazy: pl.LazyFrame, role: str) -> tuple[pl.LazyFrame, dict[str, int]]:
    """Ids of a file of text as integers, if every one is written as one; and the longest text of each column.

    Both hang on every row, and a file is long: it is gone through once for them all.
    """
    texts = [name for name, dtype in lazy.collect_schema().items() if dtype == pl.String]
    plain = pl.col(role).str.contains(INTEGER_TEXT).all()
    found = run(lazy.select(plain.alias("plain"), *(pl.col(t).str.len_bytes().max().alias(f"long {t}") for t in texts)))
    longest = {text: found[f"long {text}"].item() or 0 for text in texts}
    whole = pl.col(role).str.strip_suffix(".0").cast(pl.Int64)
    return (lazy.with_columns(whole) if found["plain"].item() else lazy), longest


def _identify(lazy: pl.LazyFrame, role: str, name: str) -> pl.LazyFrame:
    """Ids as integers or text."""
    dtype = lazy.collect_schema()[role]
    column = pl.col(role)
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
    others = run(lazy.select(column.filter(~certain)))[role]
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

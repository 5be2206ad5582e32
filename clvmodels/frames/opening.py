"""Open any table as one lazy plan over the columns that are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions, closest
from clvmodels.frames import file_scan
from clvmodels.frames.databases import DuckDB, convert_zones_to_utc, database_columns, is_database, spool
from clvmodels.frames.from_pandas import read_pandas
from clvmodels.frames.kinds import Frame, FrameKind
from clvmodels.frames.row_names import RowNames
from clvmodels.frames.running import run

__all__ = ["OpenedFrame", "column_names", "open_frame"]

EXAMPLES = 3
BY_POSITION = RowNames()
# Floats are exact for integers of up to 15 digits; a longer one with ".0" may have lost digits.
INTEGER_TEXT = r"^(?:0|-?[1-9]\d{0,17}|0\.0|-?[1-9]\d{0,14}\.0)$"


@dataclass(frozen=True, slots=True)
class OpenedFrame:
    """A user's table, opened.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        A plan over the needed columns, under their roles.
    kind : FrameKind
        The kind of frame to return.
    in_memory : bool
        Whether the rows are in memory, so that reading them again is cheap.
    as_text : bool
        Whether every column is text, because the source is CSV or JSON lines and its types were not inferred.
    longest : mapping of str to int
        Length in bytes of the longest text of some roles, if it was computed.
    row_names : RowNames
        How errors name rows.
    """

    lazy: nw.LazyFrame[Any]
    kind: FrameKind
    in_memory: bool
    as_text: bool
    longest: Mapping[str, int]
    row_names: RowNames


@dataclass(frozen=True, slots=True)
class _Source:
    """A table as polars reads it: a plan, and the names of its columns in it."""

    plan: pl.LazyFrame
    kind: FrameKind
    names: Mapping[str, str]
    row_names: RowNames = BY_POSITION
    in_memory: bool = False
    text_file: bool = False  # CSV or JSON lines


def open_frame(
    source: Frame | str | Path,
    columns: Mapping[str, str],
    text_id: str | None = None,
    csv_as_text: bool = False,
    roles_are_arguments: bool = False,
) -> OpenedFrame:
    """Open a frame or file lazily, keeping the named columns under their roles.

    Parameters
    ----------
    source : frame of pandas, polars (eager or lazy) or PyArrow, relation of DuckDB, table of Ibis, or path
        A path names a file, a folder or a glob of CSV, JSON lines or Parquet.
    columns : mapping of role to column name, such as {"customer_id": "Id"}
    text_id : str, optional
        Role whose values are ids. In CSV and JSON lines they are integers if every one is written as an integer,
        possibly followed by ".0" (which missing values among ids lead to), and text otherwise, so that '0012' is kept.
    csv_as_text : bool
        Read the other columns of CSV and JSON lines as text too, for the caller to parse; otherwise their types are
        inferred from all rows.
    roles_are_arguments : bool
        The caller's user names each column by an argument with the name of its role, which errors then mention.

    Raises
    ------
    InvalidTransactions
        If the source is not a table, cannot be read, lacks a column, or a column mixes types.
    """
    if isinstance(source, (str, Path)):
        table = _open_files(source, columns, [] if text_id is None else [columns[text_id]], csv_as_text)
        _refuse_missing(columns, table.plan.collect_schema().names(), roles_are_arguments)
    else:
        _refuse_missing(columns, column_names(source), roles_are_arguments)
        table = _open_table(source, columns)
    lazy = table.plan.select(pl.col(name).alias(role) for role, name in table.names.items())
    if table.text_file:
        text = pl.col(pl.String)
        lazy = lazy.with_columns(pl.when(text.str.strip_chars() != "").then(text).name.keep())
    longest: dict[str, int] = {}
    if text_id is not None and table.text_file:
        lazy, longest = _parse_text_ids(lazy, text_id)
    elif text_id is not None:
        lazy = _convert_ids(lazy, text_id, columns[text_id])
    as_text = table.text_file and csv_as_text
    return OpenedFrame(nw.from_native(lazy), table.kind, table.in_memory, as_text, longest, table.row_names)


def column_names(source: Frame | str | Path) -> list[str]:
    """Return the names of the columns of a frame, or of the first of the files."""
    if isinstance(source, (str, Path)):
        files = file_scan.find_files(source)
        return file_scan.names_in(files, files.paths[0])
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return list(source.collect_schema().names())
    if is_database(source):
        return database_columns(source)
    return list(_narwhals(source).columns)


def _open_files(path: str | Path, columns: Mapping[str, str], text: Sequence[str], as_text: bool) -> _Source:
    """Open the files that a path names."""
    files = file_scan.find_files(path)
    plan, paths = file_scan.scan_files(files, list(columns.values()), text, as_text)
    names = RowNames(tuple(paths), files.format)
    return _Source(plan, "polars", columns, names, text_file=files.format != "Parquet")


def _open_table(source: Frame, columns: Mapping[str, str]) -> _Source:
    """Open a frame, relation or table of any engine."""
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return _Source(source, "polars", columns)
    if isinstance(source, pl.DataFrame):
        return _Source(source.lazy(), "polars", columns, in_memory=True)
    if is_database(source):
        kind: FrameKind = DuckDB(source) if nw.dependencies.is_duckdb_relation(source) else "ibis"
        return _Source(spool(source, list(dict.fromkeys(columns.values()))), kind, columns)
    frame = _narwhals(source)
    native = frame.to_native()
    if frame.implementation.is_pandas():
        roles, names = {role: role for role in columns}, RowNames(index=native.index)
        return _Source(read_pandas(native, columns).lazy(), "pandas", roles, names, in_memory=True)
    if frame.implementation.is_pyarrow():
        arrow = convert_zones_to_utc(native.select(list(dict.fromkeys(columns.values()))))
        return _Source(pl.DataFrame(arrow).lazy(), "pyarrow", columns, in_memory=True)
    return _Source(frame.to_polars().lazy(), "polars", columns, in_memory=True)


def _narwhals(source: Frame) -> nw.DataFrame[Any]:
    """Return a frame in memory as a narwhals frame; raise InvalidTransactions if it is not one."""
    try:
        frame = nw.from_native(source, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTransactions(f"Two columns have the same name; rename one: {error}") from None
    if not isinstance(frame, nw.DataFrame):
        raise InvalidTransactions(
            f"A {type(source).__name__} is not a table that this function reads: pass a pandas frame, a polars frame, "
            "or a path to CSV, JSON lines or Parquet; a PyArrow table, a DuckDB relation or an Ibis table also works."
        )
    return frame


def _parse_text_ids(lazy: pl.LazyFrame, role: str) -> tuple[pl.LazyFrame, dict[str, int]]:
    """Convert ids of a text file to integers if all are written so, and return the longest text of each column.

    Both depend on every row, so the file is read once for both.
    """
    texts = [name for name, dtype in lazy.collect_schema().items() if dtype == pl.String]
    plain = pl.col(role).str.contains(INTEGER_TEXT).all()
    summary = run(
        lazy.select(plain.alias("plain"), *(pl.col(t).str.len_bytes().max().alias(f"long {t}") for t in texts))
    )
    longest = {text: summary[f"long {text}"].item() or 0 for text in texts}
    whole = pl.col(role).str.strip_suffix(".0").cast(pl.Int64)
    return (lazy.with_columns(whole) if summary["plain"].item() else lazy), longest


def _convert_ids(lazy: pl.LazyFrame, role: str, name: str) -> pl.LazyFrame:
    """Convert ids to integers or text."""
    dtype = lazy.collect_schema()[role]
    column = pl.col(role)
    if dtype == pl.String:
        return lazy
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return lazy.with_columns(column.cast(pl.String))
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return lazy.with_columns(column.cast(pl.Int64))
    if dtype.is_float():  # pandas turns integer ids with missing values into floats
        return _integers_from_floats(lazy, role, name)
    raise InvalidTransactions(
        f"Column {name!r} has type {dtype}: ids must be signed integers of up to 64 bits, or text; convert it first."
    )


def _integers_from_floats(lazy: pl.LazyFrame, role: str, name: str) -> pl.LazyFrame:
    """Convert floats that are whole numbers to integers; raise InvalidTransactions if others are among them."""
    column = pl.col(role).fill_nan(None)
    certain = (column == column.floor()) & (column.abs() < 2**53)
    others = run(lazy.select(column.filter(~certain)))[role]
    if len(others):
        first = ", ".join(map(str, others.unique(maintain_order=True).head(EXAMPLES)))
        raise InvalidTransactions(
            f"{len(others):,} {'value' if len(others) == 1 else 'values'} in column {name!r} "
            f"{'is' if len(others) == 1 else 'are'} fractional or too large to be exact (first: {first}) and cannot be "
            "customer ids: convert the ids to integers or text first."
        )
    return lazy.with_columns(column.cast(pl.Int64).alias(role))


def _refuse_missing(columns: Mapping[str, str], present: Sequence[str], roles_are_arguments: bool) -> None:
    """Raise InvalidTransactions if a column is missing, with the columns there are and the arguments that name them."""
    absent = {role: name for role, name in columns.items() if name not in present}
    if absent:
        missing = ", ".join(map(repr, absent.values()))
        arguments = ", ".join(f"{role}=" for role in absent)
        remedy = f": name one of these with {arguments}" if roles_are_arguments and len(present) > 1 else ""
        message = f"No column {missing}; the columns are {', '.join(map(repr, present))}{remedy}."
        message += next(filter(None, (closest(name, present) for name in absent.values())), "")
        separator = next((mark for mark in ";\t|" if len(present) == 1 and mark in present[0]), None)
        if separator is not None:
            message += f" They seem to be separated by {separator!r}: save the file with commas between its columns."
        raise InvalidTransactions(message)

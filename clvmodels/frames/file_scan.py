"""Scan the files of a path as one plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from clvmodels.errors import InvalidTransactions, MissingColumn, list_names
from clvmodels.frames.file_search import FileSet
from clvmodels.frames.formats.database_files import read_database
from clvmodels.frames.formats.json_files import read_json
from clvmodels.frames.formats.opened_file import FileOptions, Format, OpenedFile
from clvmodels.frames.formats.text_files import TextFile, open_text, refuse_truncated
from clvmodels.frames.formats.text_values import LoadedTable
from clvmodels.frames.formats.workbooks import read_workbook
from clvmodels.frames.running import first_line

__all__ = ["Scan", "empty_file", "load_once", "names_in", "recognize", "scan_files"]

UNTYPED: tuple[Format, ...] = ("CSV", "JSON lines", "JSON", "Excel", "SQLite")
LOADED: ContextVar[dict[Any, LoadedTable] | None] = ContextVar("workbooks that were loaded", default=None)
FIRST_ROWS = 1_000  # rows of JSON lines that are read for the names of columns


@dataclass(frozen=True, slots=True)
class Scan:
    """A plan over files.

    Attributes
    ----------
    plan : polars.LazyFrame
    opened : tuple of OpenedFile
        What was recognized of each file, in the order in which the plan reads them.
    counts : tuple of polars.LazyFrame
        A plan that counts the rows of each file.
    untyped : bool
        Whether values are text that the caller must parse.
    numeric : frozenset of str
        Columns that are numbers in every file, so that their marks are decimal points.
    """

    plan: pl.LazyFrame
    opened: tuple[OpenedFile, ...]
    counts: tuple[pl.LazyFrame, ...] = ()
    untyped: bool = True
    numeric: frozenset[str] = frozenset()


def scan_files(files: FileSet, needed: Sequence[str], text: Sequence[str], as_text: bool, whole: bool = False) -> Scan:
    """Return a plan over files.

    Parameters
    ----------
    files : FileSet
    needed : sequence of str
        Columns that every file must have, in any order and among others.
    text : sequence of str
        Columns of CSV or JSON lines to read as text.
    as_text : bool
        Read all columns of CSV or JSON lines as text; otherwise types are inferred from every row.
    whole : bool
        Recognize the encoding of text from the whole of each file.

    Raises
    ------
    InvalidTransactions
        If a file cannot be read, lacks a column that the first file has, or has it with a different type.
    """
    columns = list(dict.fromkeys(needed))
    parts = [_open_part(files, path, columns, whole) for path in files.paths]
    first = parts[0]
    if not set(columns) <= set(first.names):
        # The caller reports which columns are missing, with their roles.
        plan = pl.LazyFrame(schema=dict.fromkeys(first.names, pl.Null))
        return Scan(plan, tuple(part.opened for part in parts), untyped=files.format in UNTYPED)
    for part in parts:
        absent = [name for name in columns if name not in part.names]
        if absent:
            raise MissingColumn(
                f"The files differ: {part.path.name!r} has no column {', '.join(map(repr, absent))}, which "
                f"{first.path.name!r} has; its columns are {list_names(part.names)}."
            )
    if files.format == "Parquet":
        plan, order = _scan_parquet(files, columns)
        opened = {part.path: part.opened for part in parts}
        counts = tuple(pl.scan_parquet(path, glob=False).select(pl.len()) for path in order)
        return Scan(plan, tuple(opened[path] for path in order), counts, untyped=False)
    text_columns = columns if as_text else [name for name in columns if name in text]
    groups: dict[Any, list[_Part]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(part.layout or number, []).append(part)
    plans = [_scan_group(files, group, columns, text_columns).select(columns) for group in groups.values()]
    plan = _concat(plans, [[part.path for part in group] for group in groups.values()], columns)
    ordered = [part for group in groups.values() for part in group]
    numeric = frozenset.intersection(*(part.numeric for part in parts))
    counts = tuple(_count_plan(files, part) for part in ordered)
    return Scan(plan, tuple(part.opened for part in ordered), counts, files.format in UNTYPED, numeric)


def names_in(files: FileSet, needed: Sequence[str] = ()) -> list[str]:
    """Return the names of the columns of the first file; for JSON lines, those in its first rows."""
    return list(_open_part(files, files.paths[0], needed, whole=False).names)


def recognize(files: FileSet) -> OpenedFile:
    """Return what is recognized of the first file."""
    return _open_part(files, files.paths[0], (), whole=False).opened


@dataclass(frozen=True, slots=True)
class _Part:
    """One file, opened: its columns, and the text or the table that it was loaded as.

    Files with the same `layout` are scanned together.
    """

    path: Path
    names: list[str]
    opened: OpenedFile
    text: TextFile | None = None
    table: LoadedTable | None = None
    layout: Any = None
    numeric: frozenset[str] = frozenset()


def _open_part(files: FileSet, path: Path, columns: Sequence[str], whole: bool) -> _Part:
    """Open one file."""
    if path.stat().st_size == 0:
        raise empty_file(path)
    form, options = files.format, files.options
    if form == "CSV":
        return _open_text_part(files, path, columns, whole)
    if form == "Parquet":
        plan = pl.scan_parquet(path, glob=False, hive_partitioning=files.hive)
        names = _read_schema(path, "Parquet", plan.collect_schema).names()
        return _Part(path, names, OpenedFile(path, "Parquet", tuple(names), options=options))
    if form == "JSON lines" and options.encoding is None and not _has_mark(path):
        schema = _schema_of_lines(path, columns)
        names = sorted(schema)  # the reader returns them in any order
        if set(columns) <= set(names) or not any("." in name for name in columns):
            opened = OpenedFile(path, form, tuple(names), encoding="utf-8", options=options)
            numbers = frozenset(name for name, dtype in schema.items() if dtype.is_numeric())
            return _Part(path, names, opened, layout=("JSON lines", *names), numeric=numbers)
    table = _load(form, path, columns, options)
    return _Part(path, list(table.plan.collect_schema().names()), table.opened, table=table, numeric=table.numeric)


@contextmanager
def load_once() -> Iterator[None]:
    """Load each workbook only once within the context, also as a decorator; even its names need the whole file."""
    if LOADED.get() is not None:
        yield
        return
    token = LOADED.set({})
    try:
        yield
    finally:
        LOADED.reset(token)


def _load_workbook(path: Path, columns: Sequence[str], options: FileOptions) -> LoadedTable:
    """Load a workbook, or return it as it was loaded within the context of `load_once`."""
    loaded, state = LOADED.get(), path.stat()
    key = (path.absolute(), state.st_mtime_ns, state.st_size, options)
    if loaded is not None and key in loaded and set(columns) <= set(loaded[key].opened.columns):
        return loaded[key]
    table = read_workbook(path, path.name, columns, options)
    if loaded is not None:
        loaded[key] = table
    return table


def _load(form: Format, path: Path, columns: Sequence[str], options: FileOptions) -> LoadedTable:
    """Load a file that is not scanned."""
    if form == "Excel":
        return _load_workbook(path, columns, options)
    if form in ("SQLite", "DuckDB"):
        return read_database(path, path.name, columns, options, form)
    return read_json(path, path.name, columns, options, form)


def _open_text_part(files: FileSet, path: Path, columns: Sequence[str], whole: bool) -> _Part:
    """Open a file of separated text; names of columns without blanks around them."""
    text = open_text(path, path.name, columns, files.options, whole)
    if text.content == b"":
        raise empty_file(path)
    names = _read_schema(path, "CSV", text.scan(infer_schema=False).collect_schema).names()
    layout = ("CSV", *names, *text.options.items()) if text.content is None and files.lasting else None
    return _Part(path, _strip_names(names), text.opened, text, layout=layout)


def _strip_names(names: Sequence[str]) -> list[str]:
    """Return names without blanks around them, unless two names would become equal."""
    bare = [name.strip() for name in names]
    return bare if len(set(bare)) == len(bare) else list(names)


def _has_mark(path: Path) -> bool:
    """Return whether a file starts with a byte-order mark."""
    with path.open("rb") as file:
        return file.read(3)[:2] in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff")


def _schema_of_lines(path: Path, columns: Sequence[str]) -> dict[str, pl.DataType]:
    """Return the columns of JSON lines and their types; the whole file is read if the first rows lack `columns`."""
    schema: dict[str, pl.DataType] = {}
    for rows in (FIRST_ROWS, None):
        plan = pl.scan_ndjson(path, infer_schema_length=rows)
        schema = dict(_read_schema(path, "JSON lines", plan.collect_schema))
        if set(columns) <= set(schema):
            break
    return schema


def _count_plan(files: FileSet, part: _Part) -> pl.LazyFrame:
    """Return a plan that counts the rows of one file."""
    if part.table is not None:
        rows = part.table.plan
    elif part.text is not None:
        rows = part.text.scan(infer_schema=False)
    elif files.format == "JSON lines":
        rows = pl.scan_ndjson(part.path, infer_schema_length=None)
    else:
        rows = pl.scan_parquet(part.path, glob=False)
    return rows.select(pl.len())


def _read_schema(path: Path, form: Format, read: Callable[[], pl.Schema]) -> pl.Schema:
    """Return the schema that a reader finds; raise InvalidTransactions if it cannot read the file."""
    try:
        return read()
    except pl.exceptions.NoDataError:
        raise empty_file(path) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        hint = ": a file of JSON lines has one object per line" if form == "JSON lines" else ""
        raise InvalidTransactions(f"{path.name!r} cannot be read as {form}: {first_line(error)}{hint}.") from error


def empty_file(path: Path) -> InvalidTransactions:
    """Return the error for a file without any content."""
    return InvalidTransactions(
        f"{path.name!r} is empty: expected the names of the columns and rows below them. Export the file again."
    )


def _scan_group(files: FileSet, group: list[_Part], columns: list[str], text: list[str]) -> pl.LazyFrame:
    """Return a plan over files with the same header and layout."""
    first = group[0]
    if first.table is not None:
        return first.table.plan
    if first.text is not None:
        return _scan_text(group, first.text, columns, text)
    paths = [part.path for part in group]
    if len(text) == len(columns):
        return pl.scan_ndjson(paths, schema=dict.fromkeys(columns, pl.String))
    plan = pl.scan_ndjson(paths, infer_schema_length=None, schema_overrides=dict.fromkeys(text, pl.String))
    _read_schema(first.path, files.format, plan.collect_schema)
    return plan


def _scan_text(group: list[_Part], first: TextFile, columns: list[str], text: list[str]) -> pl.LazyFrame:
    """Return a plan over files of separated text."""
    names = group[0].names
    for part in group:
        if part.text is not None:
            refuse_truncated(part.text, len(names))
    for name in columns:
        if f"{name}_duplicated_0" in names:
            raise InvalidTransactions(f"Column {name!r} appears twice in {group[0].path.name!r}; rename one.")
    reading: dict[str, Any] = {"infer_schema": False}
    if len(text) < len(columns):
        reading = {"infer_schema_length": None, "schema_overrides": dict.fromkeys(text, pl.String)}
    if first.content is not None:
        plan = first.scan(**reading)
    else:
        plan = pl.scan_csv([part.path for part in group], glob=False, **first.options, **reading)
    present = _read_schema(group[0].path, "CSV", plan.collect_schema).names()
    return plan if present == names else plan.rename(dict(zip(present, names, strict=True)))


def _scan_parquet(files: FileSet, columns: list[str]) -> tuple[pl.LazyFrame, list[Path]]:
    """Return a plan over Parquet files, whose types may differ if conversion loses nothing, and their order."""
    alike: dict[tuple[Any, ...], list[Path]] = {}
    for path in files.paths:
        plan = pl.scan_parquet(path, glob=False, hive_partitioning=files.hive)
        schema = _read_schema(path, "Parquet", plan.collect_schema)
        alike.setdefault(tuple(schema.items()), []).append(path)
    plans = [
        pl.scan_parquet(paths, glob=False, hive_partitioning=files.hive).select(columns) for paths in alike.values()
    ]
    return _concat(plans, list(alike.values()), columns), [path for paths in alike.values() for path in paths]


def _concat(plans: list[pl.LazyFrame], groups_of_files: list[list[Path]], columns: list[str]) -> pl.LazyFrame:
    """Concatenate plans over files with different types, if each column has one group of types."""
    if len(plans) == 1:
        return plans[0]
    firsts = [paths[0] for paths in groups_of_files]
    schemas = [plan.collect_schema() for plan in plans]
    for name in columns:
        groups: dict[str, tuple[pl.DataType, Path]] = {}
        for schema, path in zip(schemas, firsts, strict=True):
            if schema[name] != pl.Null:
                groups.setdefault(_type_group(schema[name]), (schema[name], path))
        if len(groups) > 1:
            (one, one_path), (other, other_path), *_ = groups.values()
            raise InvalidTransactions(
                f"The files differ: column {name!r} has type {one} in {one_path.name!r} and type {other} in "
                f"{other_path.name!r}. Convert one of them first."
            )
    zoned = pl.selectors.datetime(time_zone="*")
    alike = [plan.with_columns(zoned.dt.convert_time_zone("UTC")) for plan in plans]
    return pl.concat(alike, how="vertical_relaxed")


def _type_group(dtype: pl.DataType) -> str:
    """Return the group of types that a type can be combined with."""
    if isinstance(dtype, pl.Datetime):
        return "day or wall clock" if dtype.time_zone is None else "moment"
    if dtype == pl.Date:
        return "day or wall clock"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "number" if dtype.is_numeric() else str(dtype)

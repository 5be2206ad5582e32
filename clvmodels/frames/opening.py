"""Open any table as one lazy plan over the needed columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.column_roles import OF_SUMMARIES, refuse_missing, refuse_summary
from clvmodels.frames.databases import database_columns, is_database, kind_of_database, spool
from clvmodels.frames.engines.arrow import convert_zones_to_utc
from clvmodels.frames.file_scan import names_in, recognize, scan_files
from clvmodels.frames.file_search import find_files
from clvmodels.frames.formats.decimals import with_plain_numbers
from clvmodels.frames.formats.opened_file import FileOptions, OpenedFile
from clvmodels.frames.formats.parsed_texts import have_currencies, leave_out_names, parse_texts
from clvmodels.frames.formats.text_values import without_formulas
from clvmodels.frames.from_pandas import read_pandas
from clvmodels.frames.kinds import Frame, FrameKind
from clvmodels.frames.row_names import RowNames
from clvmodels.frames.running import NotUTF8, run

__all__ = ["OpenedFrame", "column_names", "first_values", "keep_opened", "open_file", "open_frame"]

EXAMPLES = 3
BY_POSITION = RowNames()
NUMBER_ROLES = ("amount", "quantity", "price", "rate", "refunded", "discount")
MOST_BYTES = 2**27  # of a file whose rows `keep_opened` keeps
OPENED: ContextVar[dict[Any, OpenedFrame] | None] = ContextVar("opened", default=None)


@contextmanager
def keep_opened(memory: dict[Any, OpenedFrame]) -> Iterator[None]:
    """Keep in memory the rows of files that are opened in the context, so that each is parsed once."""
    token = OPENED.set(memory)
    try:
        yield
    finally:
        OPENED.reset(token)


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
    opened_files : tuple of OpenedFile
        What was recognized of the files.
    faults : tuple of str
        Error texts about ids or how numbers are written, if the caller reports them with other faults; these ids are
        then text, and each of these numbers is read on its own.
    results : dict or None
        What was computed from the rows, for the next time they are opened; None unless `keep_opened` keeps them.
    """

    lazy: nw.LazyFrame[Any]
    kind: FrameKind
    in_memory: bool
    as_text: bool
    longest: Mapping[str, int]
    row_names: RowNames
    opened_files: tuple[OpenedFile, ...] = ()
    faults: tuple[str, ...] = ()
    results: dict[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """A table for polars: a plan, and the names of its columns in the plan."""

    plan: pl.LazyFrame
    kind: FrameKind
    names: Mapping[str, str]
    row_names: RowNames = BY_POSITION
    in_memory: bool = False


def open_frame(
    source: Frame | str | Path | OpenedFile,
    columns: Mapping[str, str],
    text_id: str | None = None,
    csv_as_text: bool = False,
    roles_are_arguments: bool = False,
    collect_faults: bool = False,
) -> OpenedFrame:
    """Open a frame or file lazily, keeping the named columns under their roles.

    Parameters
    ----------
    source : frame of pandas, polars (eager or lazy) or PyArrow, relation of DuckDB, table of Ibis, path, or OpenedFile
        A path names a file, a folder, a glob or a zip archive of files of one format.
    columns : mapping of role to column name, such as {"customer_id": "Id"}
    text_id : str, optional
        Role whose values are ids. In files of text they are integers if every one is written as an integer,
        possibly followed by ".0" (which missing values among ids lead to), and text otherwise, so that '0012' is kept.
    csv_as_text : bool
        Read the other columns of files of text as text too, for the caller to parse, numbers with a decimal point;
        otherwise their types are inferred from all rows.
    roles_are_arguments : bool
        The caller's user names each column by an argument with the name of its role, which errors then mention.
    collect_faults : bool
        Return error texts about ids and numbers as `faults`, so that the caller can report all faults at once.

    Raises
    ------
    InvalidTransactions
        If the source is not a table, cannot be read, lacks a column, or a column mixes types.
    """
    if isinstance(source, (str, Path, OpenedFile)):
        opened = _open_path(source, columns, text_id, csv_as_text, roles_are_arguments)
    else:
        opened = _open_frame(source, columns, text_id, roles_are_arguments)
    if opened.faults and not collect_faults:
        raise InvalidTransactions("\n".join(opened.faults))
    return opened


def _open_path(
    source: str | Path | OpenedFile,
    columns: Mapping[str, str],
    text_id: str | None,
    as_text: bool,
    roles_are_arguments: bool,
) -> OpenedFrame:
    """Open files, or return a file as it was opened within the context of `keep_opened`."""
    path, memory, how = Path(_path_of(source)[0]), OPENED.get(), (text_id, as_text, roles_are_arguments)
    key = None
    if memory is not None and path.is_file() and (state := path.stat()).st_size <= MOST_BYTES:
        key = (path.absolute(), state.st_mtime_ns, state.st_size, repr(source), *columns.items(), *how)
        if key in memory:
            return memory[key]
    try:
        opened = _open_files(source, columns, *how, False, key is not None)
    except NotUTF8:  # in a row that was not checked
        opened = _open_files(source, columns, *how, True, key is not None)
    if memory is not None and key is not None:
        rows = nw.from_native(run(opened.lazy.to_native()).lazy())
        opened = memory[key] = replace(opened, lazy=rows, results={})
    return opened


def _open_frame(
    source: Frame, columns: Mapping[str, str], text_id: str | None, roles_are_arguments: bool
) -> OpenedFrame:
    """Open a frame, relation or table, keeping the named columns under their roles."""
    refuse_missing(columns, column_names(source), roles_are_arguments)
    table = _open_table(source, columns)
    lazy = table.plan.select(pl.col(name).alias(role) for role, name in table.names.items())
    opened: tuple[OpenedFile, ...] = ()
    faults: tuple[str, ...] = ()
    names = table.row_names
    if text_id is not None:
        if table.in_memory and lazy.collect_schema()[text_id] == pl.String:
            lazy, repeated = leave_out_names(lazy, text_id, columns)
            opened = (OpenedFile(Path(), repeated_headers=len(repeated)),) if repeated else ()
            names = replace(names, sections=repeated)
        lazy, faults = _convert_ids(lazy, text_id, columns[text_id])
        if roles_are_arguments:
            numbers = {role: columns[role] for role in NUMBER_ROLES if role in columns}
            lazy, of_numbers = with_plain_numbers(lazy, numbers, have_currencies(columns))
            faults += of_numbers
    return OpenedFrame(nw.from_native(lazy), table.kind, table.in_memory, False, {}, names, opened, faults)


def open_file(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> OpenedFile:
    r"""Recognize how a file is written, or override it; every function that takes a log accepts the result.

    Functions that take a path recognize the same. This function shows what they recognize, and can override it.

    Parameters
    ----------
    path : str or Path
        Text (.csv, .tsv, .txt, also .gz), Excel or OpenDocument, JSON, JSON lines, Parquet, a SQLite or DuckDB file; a
        folder or pattern of such files, or a zip archive of them.
    encoding : str, optional
        Encoding of text, such as "gb18030" or "cp1252".
    delimiter : str, optional
        What separates the columns of text: one character, or "comma", "semicolon", "tab" or "pipe".
    decimal : {".", ","}, optional
        The decimal separator of numbers in text.
    sheet : str, optional
        Name of a sheet of a workbook, or of a table of a database file.

    Returns
    -------
    OpenedFile
        What was recognized of the first of the files.

    Raises
    ------
    InvalidOption
        If an option is not one that files have.
    InvalidTransactions
        If there is no such file, it cannot be read, or two encodings, separators or sheets are possible.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from pathlib import Path
    >>> path = Path("orders.csv")
    >>> written = path.write_text("Kunde;Datum;Betrag\nA;2024-01-05;1.234,50\nA;2024-02-11;99,00\n", encoding="utf-8")
    >>> opened = clv.open_file(path, decimal=",")
    >>> rfm = clv.rfm_summary(opened, customer_id="Kunde", date="Datum", amount="Betrag")
    >>> float(rfm.monetary_value[0])
    99.0
    """
    options = FileOptions(encoding, delimiter, decimal, sheet)
    with find_files(path, options) as files:
        opened = recognize(files)
    return replace(opened, path=Path(path))


def column_names(source: Frame | str | Path | OpenedFile, needed: Iterable[str] = ()) -> list[str]:
    """Return the names of the columns of a frame, or of the first file; the needed names help to find its header."""
    if isinstance(source, (str, Path, OpenedFile)):
        path, options = _path_of(source)
        with find_files(path, options) as files:
            return names_in(files, list(needed))
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return list(source.collect_schema().names())
    if is_database(source):
        return database_columns(source)
    return list(_narwhals(source).columns)


def first_values(source: Frame | str | Path | OpenedFile, names: Sequence[str], rows: int) -> nw.DataFrame[Any]:
    """Return the first rows of some columns; columns of text files as unparsed text."""
    opened = open_frame(source, {name: name for name in names}, csv_as_text=True)
    return nw.from_native(run(opened.lazy.to_native().head(rows)), eager_only=True)


def _path_of(source: str | Path | OpenedFile) -> tuple[str | Path, FileOptions]:
    """Return the path of a source, and the options that the user named."""
    return (source.path, source.options) if isinstance(source, OpenedFile) else (source, FileOptions())


def _open_files(
    source: str | Path | OpenedFile,
    columns: Mapping[str, str],
    text_id: str | None,
    as_text: bool,
    roles_are_arguments: bool,
    whole: bool,
    in_memory: bool,
) -> OpenedFrame:
    """Open the files that a path names; `whole` checks every row, and `in_memory` reads all of them at once."""
    path, options = _path_of(source)
    with find_files(path, options) as files:
        scan = scan_files(files, list(columns.values()), [] if text_id is None else [columns[text_id]], as_text, whole)
        refuse_missing(columns, scan.plan.collect_schema().names(), roles_are_arguments)
        if columns.get("date") in OF_SUMMARIES:  # the scan has the named columns only
            refuse_summary(names_in(files), columns["date"])
        lazy = scan.plan.select(pl.col(name).alias(role) for role, name in columns.items())
        counts = scan.counts
        if not files.lasting:
            lazy, counts = run(lazy).lazy(), tuple(run(count).lazy() for count in counts)
        elif in_memory:
            lazy = run(lazy).lazy()
    headers = tuple(each.header_row for each in scan.opened)
    names = RowNames(tuple(each.path for each in scan.opened), headers, counts)
    longest: Mapping[str, int] = {}
    opened = scan.opened
    faults: tuple[str, ...] = ()
    if not scan.untyped:
        if text_id is not None:
            lazy, faults = _convert_ids(lazy, text_id, columns[text_id])
        return OpenedFrame(nw.from_native(lazy), "polars", False, False, longest, names, opened, faults)
    text = pl.col(pl.String)
    lazy = without_formulas(lazy)
    lazy = lazy.with_columns(pl.when(text.str.strip_chars() != "").then(text).name.keep())
    if text_id is not None:
        numbers = {
            role: name
            for role, name in columns.items()
            if role in NUMBER_ROLES and as_text and roles_are_arguments and name not in scan.numeric
        }
        texts = parse_texts(lazy, text_id, columns, numbers, Path(path).name, options.decimal)
        lazy, longest, faults = texts.lazy, texts.longest, texts.faults
        opened = tuple(each.with_decimal(texts.decimal) for each in opened)
        opened = (replace(opened[0], repeated_headers=len(texts.repeated_headers)), *opened[1:])
        names = replace(names, sections=texts.repeated_headers)
    return OpenedFrame(nw.from_native(lazy), "polars", not files.lasting, as_text, longest, names, opened, faults)


def _open_table(source: Frame, columns: Mapping[str, str]) -> _Source:
    """Open a frame, relation or table of any engine."""
    source = nw.to_native(source, pass_through=True)
    if isinstance(source, pl.LazyFrame):
        return _Source(source, "polars", columns)
    if isinstance(source, pl.DataFrame):
        return _Source(source.lazy(), "polars", columns, in_memory=True)
    if is_database(source):
        return _Source(spool(source, list(dict.fromkeys(columns.values()))), kind_of_database(source), columns)
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
        refuse_summary(dir(source), None)  # an RFM has the columns as attributes
        raise InvalidTransactions(
            f"A {type(source).__name__} is not a table that this function reads: pass a pandas frame, a polars frame, "
            "or a path to CSV, JSON lines or Parquet; a PyArrow table, a DuckDB relation, an Ibis table or a Spark "
            "frame also works."
        )
    return frame


def _convert_ids(lazy: pl.LazyFrame, role: str, name: str) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """Convert ids to integers or text; also return error texts about ids that are neither, which become text."""
    dtype = lazy.collect_schema()[role]
    column = pl.col(role)
    if dtype == pl.String:
        return lazy, ()
    if dtype in (pl.Categorical, pl.Enum, pl.Null):
        return lazy.with_columns(column.cast(pl.String)), ()
    if dtype.is_integer() and dtype not in (pl.UInt64, pl.Int128):
        return lazy.with_columns(column.cast(pl.Int64)), ()
    if dtype.is_float():  # pandas turns integer ids with missing values into floats
        fault = _fractional_ids(lazy, role, name)
        whole = column.fill_nan(None).cast(pl.Int64 if fault is None else pl.String)
        return lazy.with_columns(whole.alias(role)), () if fault is None else (fault,)
    fault = (
        f"Column {name!r} has type {dtype}: ids must be signed integers of up to 64 bits, or text; convert it first."
    )
    if dtype.is_nested() or dtype == pl.Object:
        raise InvalidTransactions(fault)
    return lazy.with_columns(column.cast(pl.String)), (fault,)


def _fractional_ids(lazy: pl.LazyFrame, role: str, name: str) -> str | None:
    """Return an error text about ids that are floats and fractional or too large to be exact."""
    column = pl.col(role).fill_nan(None)
    certain = (column == column.floor()) & (column.abs() < 2**53)
    others = run(lazy.select(column.filter(~certain)))[role]
    if not len(others):
        return None
    first = ", ".join(map(str, others.unique(maintain_order=True).head(EXAMPLES)))
    return (
        f"{len(others):,} {'value' if len(others) == 1 else 'values'} in column {name!r} "
        f"{'is' if len(others) == 1 else 'are'} fractional or too large to be exact (first: {first}) and cannot be "
        "customer ids: convert the ids to integers or text first."
    )

"""Read the fields of exports as text: blank fields are missing, and nested JSON fields have dotted names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.file_scan import empty_file
from clvmodels.frames.file_search import FileSet, find_files
from clvmodels.frames.formats.opened_file import FileOptions, OpenedFile
from clvmodels.frames.formats.text_files import known_header, open_text
from clvmodels.frames.formats.text_values import to_text
from clvmodels.frames.formats.workbooks import read_workbook
from clvmodels.frames.kinds import Frame
from clvmodels.frames.opening import column_names, open_frame
from clvmodels.frames.running import first_line, run

__all__ = ["FileFields", "read_fields"]

MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class FileFields:
    """The fields of one file as text, and what was recognized of it."""

    name: str
    rows: nw.DataFrame[Any]
    opened: OpenedFile | None


def read_fields(source: Frame | str | Path | OpenedFile, headers: Iterable[Collection[str]] = ()) -> list[FileFields]:
    """Return all fields of a table, or of the files that a path names: text, JSON lines or workbooks.

    The header of a file is the first row that has all names of one of the `headers`, if there is one.

    Raises
    ------
    InvalidTransactions
        If there is no file, or one cannot be read.
    """
    if not isinstance(source, (str, Path, OpenedFile)):
        return [FileFields("the table", nw.from_native(_texts_of(source), eager_only=True), None)]
    path, options = (source.path, source.options) if isinstance(source, OpenedFile) else (source, FileOptions())
    with find_files(path, options) as files:
        return [_read(files, file, list(headers)) for file in files.paths]


def _read(files: FileSet, file: Path, headers: Sequence[Collection[str]]) -> FileFields:
    """Return the fields of one file."""
    if file.stat().st_size == 0:
        raise empty_file(file)
    opened: OpenedFile | None = None
    try:
        if files.format in ("JSON lines", "JSON"):
            table = _json(file)
        elif files.format == "Excel":
            loaded = read_workbook(file, file.name, (), files.options)
            table, opened = loaded.plan.collect().cast({pl.selectors.temporal(): pl.String}), loaded.opened
        elif files.format == "CSV":
            table, opened = _read_text(file, files.options, headers)
        else:
            raise InvalidTransactions(f"{file.name!r} is not an export: expected text, a workbook or JSON lines.")
    except pl.exceptions.NoDataError:
        raise empty_file(file) from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise InvalidTransactions(f"{file.name!r} cannot be read: {first_line(error)}.") from error
    return FileFields(file.name, nw.from_native(_without_blanks(table), eager_only=True), opened)


def _without_blanks(table: pl.DataFrame) -> pl.DataFrame:
    """Return texts without blanks around them; blank ones are missing."""
    stripped = pl.all().str.strip_chars()
    return table.with_columns(pl.when(stripped != "").then(stripped).name.keep())


def _texts_of(table: Frame) -> pl.DataFrame:
    """Return a table of any kind with every column as text, as its export would write it."""
    lazy = open_frame(table, {name: name for name in column_names(table)}).lazy.to_native()
    rows, _ = to_text(run(lazy))
    moments = [
        pl.col(name).dt.strftime(_format_codes(dtype)) for name, dtype in rows.schema.items() if dtype.is_temporal()
    ]
    return _without_blanks(rows.with_columns(moments).cast(pl.String))


def _read_text(file: Path, options: FileOptions, headers: Sequence[Collection[str]]) -> tuple[pl.DataFrame, OpenedFile]:
    """Read a file of separated text."""
    reading: dict[str, Any] = {"infer_schema": False, "truncate_ragged_lines": True}
    needed = known_header(file, file.name, options, headers)
    text = open_text(file, file.name, needed, options, whole=False)
    try:
        table = text.scan(**reading).collect()
    except pl.exceptions.ComputeError as error:
        if "utf-8" not in str(error).lower():
            raise
        text = open_text(file, file.name, needed, options, whole=True)
        table = text.scan(**reading).collect()
    return table.rename(_bare(table.columns)), text.opened


def _bare(names: Sequence[str]) -> dict[str, str]:
    """Return names without the blanks and tabs that some services add around them."""
    return {name: name.strip() for name in names}


def _json(file: Path) -> pl.DataFrame:
    """Read a file of JSON lines; fields of nested objects become columns."""
    table = pl.read_ndjson(file, infer_schema_length=None)
    fields: list[pl.Expr] = []
    for name, dtype in table.schema.items():
        if isinstance(dtype, pl.Struct):
            inner = [f.name for f in dtype.fields if not f.dtype.is_nested()]
            fields += [pl.col(name).struct.field(f).cast(pl.String).alias(f"{name}.{f}") for f in inner]
        elif not dtype.is_nested():
            fields.append(pl.col(name).cast(pl.String))
    return table.select(fields)


def _format_codes(dtype: pl.DataType) -> str:
    """Return the strftime codes with which exports write a date or moment."""
    if isinstance(dtype, pl.Datetime):
        return MOMENT if dtype.time_zone is None else f"{MOMENT} %z"
    return "%Y-%m-%d" if dtype == pl.Date else "%H:%M:%S"

"""Find the files of a path, glob or folder, and scan CSV, JSON lines or Parquet as one plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.running import first_line

__all__ = [
    "ENDINGS",
    "FileSet",
    "Format",
    "empty_file",
    "find_files",
    "format_of",
    "is_glob",
    "matching_files",
    "names_in",
    "scan_files",
]

Format = Literal["CSV", "JSON lines", "Parquet"]
COMPRESSED = r"(?:\.(?:gz|zst|zlib))?"
ENDINGS: dict[Format, re.Pattern[str]] = {
    "Parquet": re.compile(r".*\.(?:parquet|pq)", re.IGNORECASE),
    "CSV": re.compile(r".*\.(?:csv|txt)" + COMPRESSED, re.IGNORECASE),
    "JSON lines": re.compile(r".*\.(?:jsonl|ndjson)" + COMPRESSED, re.IGNORECASE),
}
GLOB = re.compile(r"[*?\[]")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
FIRST_ROWS = 1_000  # rows of JSON lines that are read to find the names of columns
TAIL_BYTES = 1 << 16  # bytes at the end of a file that contain its last row


@dataclass(frozen=True, slots=True)
class FileSet:
    """Files of one format that together are one table, in the order of their names."""

    format: Format
    paths: tuple[Path, ...]
    hive: bool  # whether folders such as country=DE are columns


def format_of(path: Path) -> Format | None:
    """Return the format of a file by its extension; None if it is unknown."""
    return next((form for form, ending in ENDINGS.items() if ending.fullmatch(path.name)), None)


def is_glob(path: str | Path) -> bool:
    """Return whether a path that is not a file or folder is a pattern for several files."""
    return not Path(path).exists() and GLOB.search(str(path)) is not None


def matching_files(path: str | Path) -> list[Path]:
    """Return the existing files that a path, glob or folder names, sorted by name, without hidden files of folders.

    Raises
    ------
    InvalidTransactions
        If there are none.
    """
    place = Path(path)
    if place.is_file():  # even if its name contains a star or brackets
        return [place]
    if place.is_dir():
        inside = sorted(file for file in place.rglob("*") if file.is_file())
        files = [file for file in inside if not _is_hidden(file.relative_to(place))]
        if not files:
            raise InvalidTransactions(f"The folder {str(path)!r} contains no files.")
    elif is_glob(path):
        anchor = Path(place.anchor)
        files = sorted(file for file in anchor.glob(str(place.relative_to(anchor))) if file.is_file())
        if not files:
            raise InvalidTransactions(f"No file matches {str(path)!r}.")
    else:
        raise InvalidTransactions(f"There is no file {str(path)!r}.")
    return files


def find_files(path: str | Path) -> FileSet:
    """Return the files that a path, glob or folder names, which must have one format.

    Raises
    ------
    InvalidTransactions
        If there are none, or their formats are unknown or differ.
    """
    files = matching_files(path)
    formats = {file: format_of(file) for file in files}
    first = files[0]
    for file, form in formats.items():
        if form is None:
            raise InvalidTransactions(
                f"{file.name!r} is neither a .csv nor a .parquet file, nor one of JSON lines (.jsonl, .ndjson)."
            )
        if form != formats[first]:
            raise InvalidTransactions(
                f"{str(path)!r} contains files of several formats, such as {first.name!r} and {file.name!r}: "
                "name files of one format, for instance with a pattern such as '*.csv'."
            )
    only = formats[first]
    if only is None:
        raise AssertionError("one file is left")
    return FileSet(only, tuple(files), only == "Parquet" and "=" in str(first.parent))


def scan_files(
    files: FileSet, needed: Sequence[str], text: Sequence[str], as_text: bool
) -> tuple[pl.LazyFrame, list[Path]]:
    """Return a plan over files, and the files in the order in which it reads them.

    Parameters
    ----------
    files : FileSet
    needed : sequence of str
        Columns that every file must have, in any order and among others.
    text : sequence of str
        Columns of CSV or JSON lines to read as text.
    as_text : bool
        Read all columns of CSV or JSON lines as text; otherwise types are inferred from every row.

    Raises
    ------
    InvalidTransactions
        If a file cannot be read, lacks a column that the first file has, or has it with a different type.
    """
    columns = list(dict.fromkeys(needed))
    headers = {path: _header(files, path, columns) for path in files.paths}
    first = files.paths[0]
    if not set(columns) <= set(headers[first]):
        # The caller reports which columns are missing, with their roles.
        return pl.LazyFrame(schema=dict.fromkeys(headers[first], pl.Null)), list(files.paths)
    for path, names in headers.items():
        absent = [name for name in columns if name not in names]
        if absent:
            raise InvalidTransactions(
                f"The files differ: {path.name!r} has no column {', '.join(map(repr, absent))}, which {first.name!r} "
                f"has; its columns are {', '.join(map(repr, names))}."
            )
    if files.format == "Parquet":
        return _scan_parquet(files, columns)
    reader = _scan_csv if files.format == "CSV" else _scan_json_lines
    alike: dict[tuple[str, ...], list[Path]] = {}
    for path, names in headers.items():
        alike.setdefault(tuple(names), []).append(path)
    text_columns = columns if as_text else [name for name in columns if name in text]
    plans = [reader(paths, list(names), columns, text_columns).select(columns) for names, paths in alike.items()]
    return _concat(plans, list(alike.values()), columns)


def names_in(files: FileSet, path: Path) -> list[str]:
    """Return the names of the columns of one file; for JSON lines, those in its first rows."""
    return _header(files, path, [])


def _header(files: FileSet, path: Path, columns: Sequence[str]) -> list[str]:
    """Return the names of the columns of one file; JSON lines are read to the end if `columns` come later."""
    if path.stat().st_size == 0:
        raise empty_file(path)
    if files.format == "Parquet":
        plan = pl.scan_parquet(path, glob=False, hive_partitioning=files.hive)
        return _read_schema(path, "Parquet", plan.collect_schema).names()
    _refuse_encoding(path, files.format)
    if files.format == "CSV":
        return _read_schema(path, "CSV", pl.scan_csv(path, infer_schema=False, glob=False).collect_schema).names()
    names: list[str] = []
    for rows in (FIRST_ROWS, None):
        names = _read_schema(path, "JSON lines", pl.scan_ndjson(path, infer_schema_length=rows).collect_schema).names()
        if set(columns) <= set(names):
            break
    return sorted(names)  # the reader returns them in any order


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


def _scan_csv(paths: list[Path], names: list[str], columns: list[str], text: list[str]) -> pl.LazyFrame:
    """Return a plan over CSV files with the same header."""
    for path in paths:
        _refuse_truncated(path, len(names))
    for name in columns:
        if f"{name}_duplicated_0" in names:
            raise InvalidTransactions(f"Column {name!r} appears twice in {paths[0].name!r}; rename one.")
    if len(text) == len(columns):
        return pl.scan_csv(paths, infer_schema=False, glob=False)
    types = dict.fromkeys(text, pl.String)
    plan = pl.scan_csv(paths, infer_schema_length=None, schema_overrides=types, glob=False)
    _read_schema(paths[0], "CSV", plan.collect_schema)
    return plan


def _scan_json_lines(paths: list[Path], names: list[str], columns: list[str], text: list[str]) -> pl.LazyFrame:  # noqa: ARG001  # readers share a signature
    """Return a plan over JSON lines files with the same columns."""
    if len(text) == len(columns):
        return pl.scan_ndjson(paths, schema=dict.fromkeys(columns, pl.String))
    types = dict.fromkeys(text, pl.String)
    plan = pl.scan_ndjson(paths, infer_schema_length=None, schema_overrides=types)
    _read_schema(paths[0], "JSON lines", plan.collect_schema)
    return plan


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
    return _concat(plans, list(alike.values()), columns)


def _concat(
    plans: list[pl.LazyFrame], groups_of_files: list[list[Path]], columns: list[str]
) -> tuple[pl.LazyFrame, list[Path]]:
    """Concatenate plans over files with different types, if each column has one group of types; return their order."""
    order = [path for paths in groups_of_files for path in paths]
    if len(plans) == 1:
        return plans[0], order
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
    return pl.concat(alike, how="vertical_relaxed"), order


def _type_group(dtype: pl.DataType) -> str:
    """Return the group of types that a type can be combined with."""
    if isinstance(dtype, pl.Datetime):
        return "day or wall clock" if dtype.time_zone is None else "moment"
    if dtype == pl.Date:
        return "day or wall clock"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "number" if dtype.is_numeric() else str(dtype)


def _refuse_encoding(path: Path, form: Format) -> None:
    """Raise InvalidTransactions if the first bytes of a text file show that it is not plain UTF-8."""
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith(UTF_16):
        raise InvalidTransactions(f"{path.name!r} is written in UTF-16: save it as UTF-8 first.")
    if form == "JSON lines" and start == b"\xef\xbb\xbf":
        raise InvalidTransactions(
            f"{path.name!r} begins with a byte-order mark, which JSON does not allow: save it without."
        )


def _refuse_truncated(path: Path, fields: int) -> None:
    """Raise InvalidTransactions if a CSV file ends in the middle of a row, so that its last value may be incomplete."""
    if path.suffix.lower() not in (".csv", ".txt"):
        return
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
        head, newline, last = file.read().rpartition(b"\n")
    present = last.count(b",") + 1
    if head and newline and last.strip() and b'"' not in last and present < fields:
        raise InvalidTransactions(
            f"{path.name!r} ends in the middle of a row, with {present} of {fields} fields: the file is "
            "incomplete. Export it again."
        )


def _is_hidden(path: Path) -> bool:
    """Return whether a path is hidden, such as _SUCCESS and .part-0.crc, which engines write next to their files."""
    return any(part.startswith((".", "_")) for part in path.parts)

"""Paths, globs and folders of CSV, JSON lines and Parquet, as one plan over the columns asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.running import first_line

__all__ = ["ENDINGS", "Files", "Format", "find", "format_of", "names_in", "scan"]

Format = Literal["CSV", "JSON lines", "Parquet"]
PACKED = r"(?:\.(?:gz|zst|zlib))?"
ENDINGS: dict[Format, re.Pattern[str]] = {
    "Parquet": re.compile(r".*\.(?:parquet|pq)", re.IGNORECASE),
    "CSV": re.compile(r".*\.(?:csv|txt)" + PACKED, re.IGNORECASE),
    "JSON lines": re.compile(r".*\.(?:jsonl|ndjson)" + PACKED, re.IGNORECASE),
}
GLOB = re.compile(r"[*?\[]")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
FIRST_ROWS = 1_000  # of JSON lines, whose names are looked at
TAIL = 1 << 16  # bytes in which the last row is looked for


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one format that together are one table, in the order of their names."""

    format: Format
    paths: tuple[Path, ...]
    parted: bool  # whether folders such as country=DE carry columns


def format_of(path: Path) -> Format | None:
    """Format of a file, by the ending of its name."""
    return next((form for form, ending in ENDINGS.items() if ending.fullmatch(path.name)), None)


def find(path: str | Path) -> Files:
    """The files a path, glob or folder stands for.

    Raises
    ------
    InvalidTransactions
        When there are none, or their formats differ or are not known.
    """
    found = _matches(path)
    formats = {file: format_of(file) for file in found}
    first = found[0]
    for file, form in formats.items():
        if form is None:
            raise InvalidTransactions(
                f"{file.name!r} is neither a .csv nor a .parquet file, nor one of JSON lines (.jsonl, .ndjson)."
            )
        if form != formats[first]:
            raise InvalidTransactions(
                f"{str(path)!r} stands for files of several formats, such as {first.name!r} and {file.name!r}: "
                "name those of one."
            )
    only = formats[first]
    assert only is not None
    return Files(only, tuple(found), only == "Parquet" and "=" in str(found[0].parent))


def _matches(path: str | Path) -> list[Path]:
    """Existing files, in the order of their names."""
    place = Path(path)
    if place.is_file():  # whose name may hold a star or brackets
        return [place]
    if place.is_dir():
        inside = sorted(file for file in place.rglob("*") if file.is_file())
        found = [file for file in inside if not _is_hidden(file.relative_to(place))]
        if not found:
            raise InvalidTransactions(f"The folder {str(path)!r} holds no file.")
    elif GLOB.search(str(path)):
        anchor = Path(place.anchor)
        found = sorted(file for file in anchor.glob(str(place.relative_to(anchor))) if file.is_file())
        if not found:
            raise InvalidTransactions(f"No file matches {str(path)!r}.")
    else:
        raise InvalidTransactions(f"There is no file {str(path)!r}.")
    return found


def scan(files: Files, needed: Sequence[str], text: Sequence[str], as_text: bool) -> pl.LazyFrame:
    """Plan over files.

    Parameters
    ----------
    files : Files
    needed : sequence of str
        The columns asked for, which every file has to have, in any order and beside others.
    text : sequence of str
        Columns of CSV or JSON lines that are text whatever they look like; all of them if `as_text`.
    as_text : bool
        Or else the types of the others hang on every row.

    Raises
    ------
    InvalidTransactions
        When a file cannot be read, or lacks a column that the first one has, or has it in another type.
    """
    wanted = list(dict.fromkeys(needed))
    headers = {path: _header_with(files, path, wanted) for path in files.paths}
    first = files.paths[0]
    if not set(wanted) <= set(headers[first]):
        # The caller says which are missing, and for what.
        return pl.LazyFrame(schema=dict.fromkeys(headers[first], pl.Null))
    for path, names in headers.items():
        absent = [name for name in wanted if name not in names]
        if absent:
            raise InvalidTransactions(
                f"The files differ: {path.name!r} has no column {', '.join(map(repr, absent))}, which {first.name!r} "
                f"has; its columns are {', '.join(map(repr, names))}."
            )
    if files.format == "Parquet":
        return _parquet(files, wanted)
    reader = _csv if files.format == "CSV" else _json_lines
    alike: dict[tuple[str, ...], list[Path]] = {}
    for path, names in headers.items():
        alike.setdefault(tuple(names), []).append(path)
    known = wanted if as_text else [name for name in wanted if name in text]
    plans = [reader(paths, list(names), wanted, known).select(wanted) for names, paths in alike.items()]
    return plans[0] if len(plans) == 1 else _together(plans, [paths[0] for paths in alike.values()], wanted)


def names_in(files: Files, path: Path) -> list[str]:
    """Names of the columns of one file; of JSON lines, those of its first rows."""
    return _header_with(files, path, [])


def _header_with(files: Files, path: Path, wanted: Sequence[str]) -> list[str]:
    if files.format == "Parquet":
        plan = pl.scan_parquet(path, glob=False, hive_partitioning=files.parted)
        return _said(path, "Parquet", plan.collect_schema).names()
    _refuse_marks(path, files.format)
    if files.format == "CSV":
        return _said(path, "CSV", pl.scan_csv(path, infer_schema=False, glob=False).collect_schema).names()
    names: list[str] = []
    for rows in (FIRST_ROWS, None):
        names = _said(path, "JSON lines", pl.scan_ndjson(path, infer_schema_length=rows).collect_schema).names()
        if set(wanted) <= set(names):
            break
    return sorted(names)  # the reader has them in any order


def _said(path: Path, form: Format, read: Callable[[], pl.Schema]) -> pl.Schema:
    """What a reader finds, its errors in our words."""
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError) as error:
        hint = ": a file of JSON lines holds one object a line" if form == "JSON lines" else ""
        raise InvalidTransactions(f"{path.name!r} cannot be read as {form}: {first_line(error)}{hint}.") from error


def _csv(paths: list[Path], names: list[str], wanted: list[str], text: list[str]) -> pl.LazyFrame:
    for path in paths:
        _refuse_cut(path, len(names))
    for name in wanted:
        if f"{name}_duplicated_0" in names:
            raise InvalidTransactions(
                f"Two columns of {paths[0].name!r} have the same name {name!r}, so that neither can be meant."
            )
    if len(text) == len(wanted):
        return pl.scan_csv(paths, infer_schema=False, glob=False)
    known = dict.fromkeys(text, pl.String)
    plan = pl.scan_csv(paths, infer_schema_length=None, schema_overrides=known, glob=False)
    _said(paths[0], "CSV", plan.collect_schema)
    return plan


def _json_lines(paths: list[Path], names: list[str], wanted: list[str], text: list[str]) -> pl.LazyFrame:  # noqa: ARG001  # readers share a signature
    if len(text) == len(wanted):
        return pl.scan_ndjson(paths, schema=dict.fromkeys(wanted, pl.String))
    known = dict.fromkeys(text, pl.String)
    plan = pl.scan_ndjson(paths, infer_schema_length=None, schema_overrides=known)
    _said(paths[0], "JSON lines", plan.collect_schema)
    return plan


def _parquet(files: Files, wanted: list[str]) -> pl.LazyFrame:
    """Parquet files, whose types may differ where nothing is lost by it."""
    alike: dict[tuple[Any, ...], list[Path]] = {}
    for path in files.paths:
        plan = pl.scan_parquet(path, glob=False, hive_partitioning=files.parted)
        schema = _said(path, "Parquet", plan.collect_schema)
        alike.setdefault(tuple(schema.items()), []).append(path)
    plans = [
        pl.scan_parquet(paths, glob=False, hive_partitioning=files.parted).select(wanted) for paths in alike.values()
    ]
    return plans[0] if len(plans) == 1 else _together(plans, [paths[0] for paths in alike.values()], wanted)


def _together(plans: list[pl.LazyFrame], paths: list[Path], wanted: list[str]) -> pl.LazyFrame:
    """Plans over unlike files under one another, if each column is of one sort."""
    schemas = [plan.collect_schema() for plan in plans]
    for name in wanted:
        sorts: dict[str, tuple[pl.DataType, Path]] = {}
        for schema, path in zip(schemas, paths, strict=True):
            if schema[name] != pl.Null:
                sorts.setdefault(_sort(schema[name]), (schema[name], path))
        if len(sorts) > 1:
            (one, here), (other, there), *_ = sorts.values()
            raise InvalidTransactions(
                f"The files differ: column {name!r} is of type {one} in {here.name!r} and of type {other} in "
                f"{there.name!r}. Convert one of them first."
            )
    zoned = pl.selectors.datetime(time_zone="*")
    return pl.concat([plan.with_columns(zoned.dt.convert_time_zone("UTC")) for plan in plans], how="vertical_relaxed")


def _sort(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "day or wall clock" if dtype.time_zone is None else "moment"
    if dtype == pl.Date:
        return "day or wall clock"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "number" if dtype.is_numeric() else str(dtype)


def _refuse_marks(path: Path, form: Format) -> None:
    """Text that is not UTF-8 from its first byte on."""
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith(UTF_16):
        raise InvalidTransactions(f"{path.name!r} is written in UTF-16: save it as UTF-8 first.")
    if form == "JSON lines" and start == b"\xef\xbb\xbf":
        raise InvalidTransactions(
            f"{path.name!r} begins with a byte-order mark, which JSON does not allow: save it without."
        )


def _refuse_cut(path: Path, fields: int) -> None:
    """A CSV file that ends in the midst of a row, so that its last value may be cut short unseen."""
    if path.suffix.lower() not in (".csv", ".txt"):
        return
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - TAIL, 0))
        head, newline, last = file.read().rpartition(b"\n")
    found = last.count(b",") + 1
    if head and newline and last.strip() and b'"' not in last and found < fields:
        raise InvalidTransactions(
            f"{path.name!r} ends in the midst of a row, with {found} of {fields} fields: it was "
            "cut short. Export it again."
        )


def _is_hidden(path: Path) -> bool:
    """Such as _SUCCESS and .part-0.crc, which engines leave beside their files."""
    return any(part.startswith((".", "_")) for part in path.parts)

"""Read the fields of an export as text: blank fields are missing, and nested JSON fields have dotted names."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.file_scan import empty_file
from clvmodels.frames.running import first_line

__all__ = ["read_fields"]

JSON_LINES = (".jsonl", ".ndjson", ".json")
SEPARATORS = (",", "\t", ";")
HEADER_BYTES = 1 << 16  # bytes that contain the header


def read_fields(path: str | Path) -> nw.DataFrame[Any]:
    """Return all fields of a file of JSON lines, or of text separated by commas, tabs or semicolons.

    Raises
    ------
    InvalidTransactions
        If the file does not exist or cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidTransactions(f"There is no file {str(file)!r}.")
    if file.stat().st_size == 0:
        raise empty_file(file)
    try:
        table = _json(file) if JSON_LINES[0] in file.suffixes or file.suffix in JSON_LINES else _separated(file)
    except pl.exceptions.NoDataError:
        raise empty_file(file) from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        hint = ". Save the file as UTF-8 first" if "utf" in str(error).lower() else ""
        raise InvalidTransactions(f"{file.name!r} cannot be read: {first_line(error)}{hint}.") from error
    stripped = pl.all().str.strip_chars()
    return nw.from_native(table.with_columns(pl.when(stripped != "").then(stripped).name.keep()), eager_only=True)


def _separated(file: Path) -> pl.DataFrame:
    """Read a file of separated text; the separator is the most frequent candidate in the header."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rb") as opened:
        header = opened.read(HEADER_BYTES).splitlines()[:1]
    first = header[0].decode("utf-8-sig") if header else ""
    separator = max(SEPARATORS, key=first.count)
    table = pl.read_csv(file, infer_schema=False, separator=separator, truncate_ragged_lines=True)
    return table.rename({name: name.strip() for name in table.columns})


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

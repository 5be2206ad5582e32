"""Read JSON: an array of orders, alone or in an object, or one object per line, with nested objects and lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.formats.encodings import decode
from clvmodels.frames.formats.opened_file import FileOptions, Format, OpenedFile
from clvmodels.frames.formats.text_values import LoadedTable

__all__ = ["read_json"]


class _Number(str):
    """A number with the digits that the file has."""

    __slots__ = ()


def read_json(path: Path, name: str, needed: Sequence[str], options: FileOptions, form: Format) -> LoadedTable:
    """Return the fields of a file of JSON as text.

    A field of a nested object is named with dots, such as "customer.email". A list of objects, such as the lines of an
    order, becomes one row per object if a needed column is one of its fields; the order's own fields are repeated.

    Raises
    ------
    InvalidTransactions
        If the file is not JSON, or has no list of objects or several.
    """
    content = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    encoding = options.encoding or ("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    text = decode(content, encoding, name)
    objects = _objects(text, name)
    rows = [row for each in objects for row in _rows(each, needed)]
    names = list(dict.fromkeys(field for row in rows for field in row))
    columns = {field: [row.get(field) for row in rows] for field in names}
    numeric = {
        field
        for field, values in columns.items()
        if all(isinstance(value, _Number) for value in values if value is not None)
    }
    table = pl.DataFrame({f: [None if v is None else str(v) for v in values] for f, values in columns.items()})
    table = table.cast(dict.fromkeys(names, pl.String))
    opened = OpenedFile(
        path, form, tuple(names), encoding="utf-8" if encoding == "utf-8-sig" else encoding, options=options
    )
    return LoadedTable(table.lazy(), opened, frozenset(numeric))


def _objects(text: str, name: str) -> list[dict[str, Any]]:
    """Return the objects of a document, or of its lines if it is not one document."""
    try:
        document = _parse(text)
    except ValueError as error:
        try:
            document = [_parse(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise InvalidTransactions(f"{name!r} cannot be read as JSON: {error}.") from None
    if isinstance(document, dict):
        lists = {key: value for key, value in document.items() if _is_list_of_objects(value)}
        if len(lists) > 1:
            raise InvalidTransactions(
                f"{name!r} has several lists: {', '.join(map(repr, lists))}. Save one of them as a file of its own."
            )
        document = next(iter(lists.values()), [document])
    if not _is_list_of_objects(document):
        raise InvalidTransactions(f"{name!r} has no list of objects, such as orders: expected [{{...}}, {{...}}].")
    return list(document)


def _parse(text: str) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _rows(order: Mapping[str, Any], needed: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """Yield the rows of an order: one, or one for each object of the list that has a needed field."""
    fields = dict(_fields(order, ""))
    flat = {key: value for key, value in fields.items() if not isinstance(value, list)}
    lists = {key: value for key, value in fields.items() if isinstance(value, list)}
    wanted = [key for key in lists if any(name.startswith(f"{key}.") for name in needed)]
    if not wanted and needed:
        yield flat
        return
    key = (wanted or list(lists) or [""])[0]
    for item in lists.get(key) or [{}]:
        inner = {field: value for field, value in _fields(item, f"{key}.") if not isinstance(value, list)}
        yield flat | inner


def _fields(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an object with dotted names: texts, None, or lists of objects."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _fields(inner, f"{prefix}{key}.")
        elif _is_list_of_objects(inner):
            yield f"{prefix}{key}", inner
        elif isinstance(inner, bool):
            yield f"{prefix}{key}", str(inner).lower()
        elif inner is None or isinstance(inner, str):
            yield f"{prefix}{key}", inner

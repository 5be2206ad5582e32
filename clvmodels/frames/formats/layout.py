"""Recognize the separator of columns and the row of the header in the first rows of a text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.formats.opened_file import DELIMITERS

__all__ = [
    "LATEST_HEADER",
    "Layout",
    "TextRow",
    "ends_with_delimiters",
    "find_header",
    "recognize_layout",
    "with_last_column",
]

FIRST_RECORDS, LATEST_HEADER = 200, 60
DIRECTIVE = re.compile(r"sep=(.)")  # a first line in which spreadsheets name the separator
NUMBER = re.compile(r"\s*[-+]?[\d.,' ]*\d[\d.,' ]*%?\s*")


@dataclass(frozen=True, slots=True)
class Layout:
    """The separator and the header of a text.

    Attributes
    ----------
    delimiter : str
        For a workbook, the name of the sheet.
    skipped : int
        Lines before the header.
    names : tuple of str
        The header, unchanged.
    even : bool
        Whether all rows from the header on have the same number of fields.
    """

    delimiter: str
    skipped: int
    names: tuple[str, ...]
    even: bool = False

    def has(self, needed: Sequence[str]) -> bool:
        names = {name.strip() for name in self.names}
        return all(name in names or name in self.names for name in needed)


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row of the text: the line that it starts on, counted from 0, and its fields."""

    line: int
    fields: tuple[str, ...]


def recognize_layout(text: str, needed: Sequence[str], delimiter: str | None, file: str) -> Layout:
    """Return the separator and the header of a text.

    The header is the first row that has all needed names with some separator. Without such a row, it is the first row
    with as many fields as most rows. A separator works if it gives at least two columns, most rows have the same number
    of them, and the header has no numbers.

    Parameters
    ----------
    text : str
        The first lines, which are complete.
    needed : sequence of str
        Names of columns that the header should have.
    delimiter : str, optional
        The separator, if the user named it.
    file : str
        Name of the file, for errors.

    Raises
    ------
    InvalidTransactions
        If two separators work.
    """
    named = DIRECTIVE.match(text)
    directive = named is not None and text[named.end() : named.end() + 1] in ("\n", "\r", "")
    candidates = [delimiter] if delimiter else [named[1]] if directive and named else list(DELIMITERS)
    records = {mark: _records(text, mark, int(directive)) for mark in candidates}
    layouts = find_header(records, needed)
    if layouts:
        return _only(layouts, file)
    first = next(iter(records[candidates[0]]), TextRow(0, ()))
    return Layout(candidates[0], first.line, first.fields)


def ends_with_delimiters(text: str, layout: Layout) -> bool:
    """Return whether all rows below the header, but not the header itself, end with a superfluous separator."""
    records = [row for row in _records(text, layout.delimiter, 0) if row.line > layout.skipped]
    width = len(layout.names) + 1
    return bool(records) and all(len(row.fields) == width and not row.fields[-1].strip() for row in records)


def with_last_column(content: bytes, layout: Layout, file: str) -> bytes:
    """Return a text in UTF-8 with a separator added to the header, as at the end of its rows.

    Raises
    ------
    InvalidTransactions
        If a row has a value in the last column, which has no name.
    """
    lines = content.splitlines(keepends=True)
    header = lines[layout.skipped]
    bare = header.rstrip(b"\r\n")
    lines[layout.skipped] = bare + layout.delimiter.encode() + header[len(bare) :]
    text = b"".join(lines).decode("utf-8", errors="replace")
    width = len(layout.names) + 1
    for number, fields in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter)):
        if len(fields) > width or (len(fields) == width and number and fields[-1].strip()):
            raise InvalidTransactions(
                f"A row of {file!r} has more values than the header has names ({', '.join(fields)!r}): a value with "
                f"{layout.delimiter!r} in it must be in quotes."
            )
    return text.encode()


def find_header(tables: Mapping[str, Sequence[TextRow]], needed: Sequence[str]) -> list[Layout]:
    """Return the header of each candidate table: those with all needed names, or else all tables.

    Parameters
    ----------
    tables : mapping of str to records
        The first rows, by separator or by the name of a sheet.
    needed : sequence of str
    """
    if needed:
        exact = [layout for key in tables if (layout := _header_with(tables[key], key, needed)) is not None]
        if exact:
            return exact
    return [layout for key in tables if (layout := _first_of_table(tables[key], key)) is not None]


def _records(text: str, delimiter: str, skipped: int) -> list[TextRow]:
    """Return the first rows that are not blank."""
    lines = io.StringIO(text, newline="")
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter)
    records: list[TextRow] = []
    line = 0
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                records.append(TextRow(line + skipped, tuple(fields)))
            line = reader.line_num
            if len(records) == FIRST_RECORDS:
                break
    except csv.Error:  # such as a field that is too long
        pass
    return records


def _header_with(records: Sequence[TextRow], delimiter: str, needed: Sequence[str]) -> Layout | None:
    """Return the first row that has all needed names; None if there is none."""
    for record in records[:LATEST_HEADER]:
        layout = Layout(delimiter, record.line, record.fields)
        if layout.has(needed):
            return layout
    return None


def _first_of_table(records: Sequence[TextRow], delimiter: str) -> Layout | None:
    """Return the first of the rows that are as wide as most rows; None if there is no table."""
    if not records:
        return None
    ((width, _),) = Counter(len(record.fields) for record in records).most_common(1)
    if len(records) == 2:
        width = len(records[-1].fields)
    wide = [record for record in records if len(record.fields) == width]
    # A title or a date above the table may have as many separators, with nothing between them.
    first = next((record for record in wide if sum(map(bool, map(str.strip, record.fields))) > width / 2), wide[0])
    below = [record for record in records if record.line >= first.line]
    alike = sum(len(record.fields) == width for record in below)
    if width < 2 or alike < 0.8 * len(below) or any(NUMBER.fullmatch(field) for field in first.fields):
        return None
    return Layout(delimiter, first.line, first.fields, even=alike == len(below))


def _only(layouts: list[Layout], file: str) -> Layout:
    """Return the only layout, or an even one that begins above all others; raise InvalidTransactions if several remain.

    The others then begin in the middle of its rows, where values happen to contain their separator.
    """
    first, *others = sorted(layouts, key=lambda layout: layout.skipped)
    if all(layout.names == first.names and len(layout.names) == 1 for layout in others):
        return layouts[0]  # one column needs no separator
    if all(first.even and layout.skipped > first.skipped for layout in others):
        return first
    one, other, *_ = layouts
    raise InvalidTransactions(
        f"The columns of {file!r} can be separated by {one.delimiter!r}, which gives {_first(one)}, or by "
        f"{other.delimiter!r}, which gives {_first(other)}: pass the separator with delimiter=."
    )


def _first(layout: Layout) -> str:
    """Return the first names of a header, for an error."""
    more = " and so on" if len(layout.names) > 3 else ""
    return ", ".join(map(repr, layout.names[:3])) + more

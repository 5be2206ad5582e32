"""Parse the texts of a file: ids that are integers, how numbers are written, and rows that repeat the header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from clvmodels.frames.engines.dialects import BLANKS
from clvmodels.frames.formats.decimals import as_numbers, number_style, plain_numbers, show_a_point
from clvmodels.frames.running import run

__all__ = ["ParsedTexts", "have_currencies", "leave_out_names", "parse_texts"]

# Floats are exact for integers of up to 15 digits; a longer one with ".0" may have lost digits.
INTEGER_TEXT = r"^(?:0|-?[1-9]\d{0,17}|0\.0|-?[1-9]\d{0,14}\.0)$"


@dataclass(frozen=True, slots=True)
class ParsedTexts:
    """The texts of a file, parsed.

    Attributes
    ----------
    lazy : polars.LazyFrame
        Ids as integers if all are written so, and numbers with a decimal point.
    longest : mapping of str to int
        Length in bytes of the longest text of each column that is not a number.
    decimal : {".", ","} or None
        The decimal separator; None if the file has no numbers, or none with a mark.
    repeated_headers : tuple of int
        Positions of rows that repeat the header, which are left out.
    faults : tuple of str
        Error texts about how numbers are written; each number is then read on its own, if possible.
    """

    lazy: pl.LazyFrame
    longest: Mapping[str, int]
    decimal: str | None
    repeated_headers: tuple[int, ...] = ()
    faults: tuple[str, ...] = ()


def parse_texts(
    lazy: pl.LazyFrame,
    role: str,
    columns: Mapping[str, str],
    numbers: Mapping[str, str],
    file: str,
    decimal: str | None,
) -> ParsedTexts:
    """Convert ids to integers if all are integers, and numbers to text with a decimal point unless all are plain.

    The result depends on every row, so the file is read once completely, and again only if numbers are not plain or a
    header is repeated.

    Parameters
    ----------
    lazy : polars.LazyFrame
    role : str
        Of the ids.
    columns, numbers : mapping of role to column name
        All columns, and those of numbers.
    file : str
        Its name, for errors.
    decimal : {".", ","}, optional
        The decimal separator that the user named.
    """
    texts = [name for name, dtype in lazy.collect_schema().items() if dtype == pl.String and name not in numbers]
    numbers = {name: of for name, of in numbers.items() if lazy.collect_schema()[name] == pl.String}
    plain = pl.col(role).str.contains(INTEGER_TEXT).all()
    lengths = [pl.col(text).str.len_bytes().max().alias(f"long {text}") for text in texts]
    seen = not numbers or show_a_point(lazy, list(numbers))
    marks = [expression for number in numbers for expression in plain_numbers(number, seen)]
    name_as_id = (pl.col(role).cast(pl.String).str.strip_chars(BLANKS) == columns[role]).any()
    summary = run(lazy.select(plain.alias("plain"), name_as_id.alias("name as id"), *lengths, *marks))
    if summary["name as id"].item():
        rest, repeated = _leave_out_headers(lazy, {name: columns[name] for name in (*texts, *numbers)})
        if repeated:
            return replace(parse_texts(rest, role, columns, numbers, file, decimal), repeated_headers=repeated)
    longest = {text: summary[f"long {text}"].item() or 0 for text in texts}
    whole = pl.col(role).str.strip_suffix(".0").cast(pl.Int64)
    if summary["plain"].item():
        lazy = lazy.with_columns(whole)
    others = any(summary[f"other {number}"].item() for number in numbers)
    if others or decimal == "," or any(summary[f"doubt {number}"].item() for number in numbers):
        style = number_style(lazy, numbers, file, decimal, have_currencies(columns))
        if others or style.decimal == ",":
            lazy = lazy.with_columns(as_numbers(number, style) for number in numbers)
        return ParsedTexts(lazy, longest, style.decimal, faults=style.faults)
    return ParsedTexts(lazy, longest, decimal or ("." if numbers else None))


def have_currencies(columns: Mapping[str, str]) -> bool:
    """Return whether a column states the currency of amounts, named by the user or not."""
    return any("currency" in role for role in columns)


def leave_out_names(lazy: pl.LazyFrame, role: str, columns: Mapping[str, str]) -> tuple[pl.LazyFrame, tuple[int, ...]]:
    """Leave out rows of a table that repeat the names of its columns; also return their positions."""
    if not run(lazy.select((pl.col(role).str.strip_chars(BLANKS) == columns[role]).any())).item():
        return lazy, ()
    schema = lazy.collect_schema()
    return _leave_out_headers(lazy, {each: name for each, name in columns.items() if schema[each] == pl.String})


def _leave_out_headers(lazy: pl.LazyFrame, columns: Mapping[str, str]) -> tuple[pl.LazyFrame, tuple[int, ...]]:
    """Leave out rows that repeat the header, as in concatenated files; also return their positions."""
    if len(columns) < 2:
        return lazy, ()
    header = pl.all_horizontal(pl.col(role).str.strip_chars(BLANKS) == name for role, name in columns.items())
    counted = lazy.with_row_index("position")
    positions = tuple(run(counted.filter(header).select("position"))["position"].to_list())
    return (counted.filter(~header.fill_null(value=False)), positions) if positions else (lazy, ())

"""Convert tables loaded from typed files to text that is read like CSV."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from clvmodels.frames.formats.opened_file import OpenedFile
from clvmodels.frames.running import run

__all__ = ["LoadedTable", "to_text", "without_formulas"]

FIRST_ROWS = 1_000
FORMULA = r"^=\"(.*)\"$"  # ="0123", with which spreadsheets keep all digits


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """The rows of a file.

    Attributes
    ----------
    plan : polars.LazyFrame
        Its columns: dates as dates, everything else as text.
    opened : OpenedFile
    numeric : frozenset of str
        Columns that are numbers in the file, so that their marks are decimal points.
    """

    plan: pl.LazyFrame
    opened: OpenedFile
    numeric: frozenset[str]


def to_text(rows: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
    """Return rows with numbers as text, integers without a fraction, and the names of the columns of numbers."""
    numeric = [name for name, dtype in rows.schema.items() if dtype.is_numeric()]
    whole = [
        name
        for name in numeric
        if rows.schema[name].is_float()
        and (rows[name].fill_nan(None).drop_nulls() % 1 == 0).all()
        and (rows[name].fill_nan(None).drop_nulls().abs() < 2**53).all()
    ]
    columns = [
        pl.col(name).fill_nan(None).cast(pl.Int64).cast(pl.String) if name in whole else pl.col(name).cast(pl.String)
        for name, dtype in rows.schema.items()
        if not dtype.is_temporal() and not dtype.is_nested()
    ]
    return rows.with_columns(columns).rename(lambda name: name.strip()), frozenset(numeric)


def without_formulas(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Return texts without the formula around them, if the first rows have formulas such as ="0123"."""
    texts = [name for name, dtype in lazy.collect_schema().items() if dtype == pl.String]
    first = run(lazy.select(pl.col(name).head(FIRST_ROWS).str.contains(FORMULA).any() for name in texts))
    wrapped = [name for name in texts if first[name].item()]
    return lazy.with_columns(pl.col(name).str.replace(FORMULA, "$1") for name in wrapped) if wrapped else lazy

"""Name rows of a table in errors: by the row of a file, the index of a frame, or the position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowNames"]


@dataclass(frozen=True, slots=True, eq=False)
class RowNames:
    """How the rows of a table are named.

    Attributes
    ----------
    paths : tuple of Path
        The files that the rows come from, in the order in which they are read; empty for a frame.
    headers : tuple of int or None
        Row of the header of each file, counted from 1; None if rows are counted without a header.
    counts : tuple of polars.LazyFrame
        A plan that counts the rows of each file.
    index : pandas.Index or None
        Labels of the rows of a pandas frame.
    sections : tuple of int
        Positions of the rows that repeated the header, each of which begins another section.
    """

    paths: tuple[Path, ...] = ()
    headers: tuple[int | None, ...] = ()
    counts: tuple[pl.LazyFrame, ...] = ()
    index: pd.Index | None = None
    sections: tuple[int, ...] = ()

    @property
    def note(self) -> str:
        """How rows are counted, such as "the header is row 1"; empty if rows have labels."""
        if self.index is not None:
            return ""
        if self.headers and all(self.headers):  # counted as in a spreadsheet
            return f"the header is row {self.headers[0]}" if len(set(self.headers)) == 1 else "the header is a row"
        return "rows are counted from 1" if self.paths else "rows are counted from 0"

    def of(self, positions: Sequence[int]) -> list[str]:
        """Return a name for each of some rows, by their positions from 0 in the table."""
        if self.index is not None:
            return [f"index {label!r}" for label in self.index[list(positions)].tolist()]
        if not self.paths:
            return [f"row {position:,}" for position in positions]
        if len(self.paths) == 1:
            return [f"row {position + 1 + self._header(0):,}" for position in positions]
        ends = self.ends()
        names = []
        for position in positions:
            number = next(i for i, end in enumerate(ends) if position < end)
            begin = ends[number - 1] if number else 0
            row = position - begin + 1 + self._header(number)
            names.append(f"row {row:,} of {self.paths[number].name!r}")
        return names

    def _header(self, number: int) -> int:
        """Return the row of the header of a file, or 0."""
        return (self.headers[number] if self.headers else None) or 0

    @property
    def parts(self) -> list[int]:
        """Positions at which another file begins, or another section of a single table."""
        return self.ends()[:-1] if len(self.paths) > 1 else list(self.sections)

    def ends(self) -> list[int]:
        """Return the cumulative number of rows after each file."""
        return list(accumulate(int(count.collect().item()) for count in self.counts))

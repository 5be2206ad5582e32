"""Name rows of a table in errors as people find them: by the row of a file, the index of a frame, or the position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

    from clvmodels.frames.file_scan import Format

__all__ = ["RowNames"]


@dataclass(frozen=True, slots=True, eq=False)
class RowNames:
    """How the rows of a table are named.

    Attributes
    ----------
    paths : tuple of Path
        The files that the rows come from, in the order in which they are read; empty for a frame.
    format : {"CSV", "JSON lines", "Parquet"} or None
        Format of the files.
    index : pandas.Index or None
        Labels of the rows of a pandas frame.
    """

    paths: tuple[Path, ...] = ()
    format: Format | None = None
    index: pd.Index | None = None

    @property
    def note(self) -> str:
        """How rows are counted, such as "the header is row 1"; empty if they are not counted."""
        if self.index is not None:
            return ""
        if self.format == "CSV":  # as a spreadsheet counts
            return "the header is row 1"
        return "rows are counted from 1" if self.paths else "rows are counted from 0"

    def of(self, positions: Sequence[int]) -> list[str]:
        """Return a name for each of some rows, by their positions from 0 in the table."""
        if self.index is not None:
            return [f"index {label!r}" for label in self.index[list(positions)].tolist()]
        if not self.paths:
            return [f"row {position:,}" for position in positions]
        first = 2 if self.format == "CSV" else 1
        if len(self.paths) == 1:
            return [f"row {position + first:,}" for position in positions]
        ends = self._ends()
        names = []
        for position in positions:
            number = next(i for i, end in enumerate(ends) if position < end)
            begin = ends[number - 1] if number else 0
            names.append(f"row {position - begin + first:,} of {self.paths[number].name!r}")
        return names

    def _ends(self) -> list[int]:
        """Return the number of rows in the files up to each of them."""
        scans = {
            "CSV": lambda path: pl.scan_csv(path, infer_schema=False, glob=False),
            "JSON lines": lambda path: pl.scan_ndjson(path, infer_schema_length=None),
            "Parquet": lambda path: pl.scan_parquet(path, glob=False),
        }
        ends, total = [], 0
        for path in self.paths:
            total += int(scans[self.format or "Parquet"](path).select(pl.len()).collect().item())
            ends.append(total)
        return ends

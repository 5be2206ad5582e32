"""Tables that verbs write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["save_table"]


def save_table(table: Any, path: Path) -> None:
    """Write a table as CSV or Parquet, selected by the extension; a run that fails leaves the earlier file as it is."""
    from clvmodels import files, frames

    with files.replacing(path) as temporary:
        frames.write_table(table, temporary)

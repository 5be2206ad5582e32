"""Write the tables of verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["save_table"]


def save_table(table: Any, path: Path) -> None:
    """Write a table as CSV or Parquet, selected by the extension; after a failure the earlier file is unchanged."""
    from clvmodels import files, frames

    with files.replacing(path) as temporary:
        frames.write_table(table, temporary)

"""Whether a sink would write over, or into, what a job reads."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from clvmodels.scoring.config.sections import SinkSettings, StoreSettings

__all__ = ["replaces"]


def replaces(sink: SinkSettings, place: StoreSettings) -> bool:
    """Whether a sink goes where a table is read from, as far as their names tell."""
    if sink.store == "postgres":
        same = place.store == "postgres" and place.uri_variable == sink.uri_variable
        return same and _schema_and_table(place.table, "public") == [sink.db_schema, sink.table]
    if sink.path is None or place.path is None:
        return False
    target, read = _resolved(sink.path), _resolved(place.path)
    if sink.store == "sqlite" and place.store == "sqlite":  # its names mean the same in any case
        told = [part.lower() for part in _schema_and_table(place.table, "main")]
        return target == read and told == ["main", sink.table.lower()]
    if target == read:  # a file of DuckDB is replaced as a whole
        return True
    if place.store != "file" or sink.store in ("duckdb", "sqlite"):
        return False
    written = target / "runs" / "0" / "part-0.parquet" if sink.partitioned else target
    pattern = str(read)
    deep = "**" in pattern and fnmatchcase(str(written), pattern.replace("**/", "*"))
    return read in written.parents or written.match(pattern) or deep


def _schema_and_table(table: str | None, default: str) -> list[str]:
    """What "schema.table" names; nothing of a query."""
    parts = [] if table is None else table.split(".", 1)
    return [default, *parts] if len(parts) == 1 else parts


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # no path of this system, which whoever opens it says
        return path.absolute()

"""Whether a sink would replace a table that a job reads, or write into it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

from clvmodels.scoring.config.sections import StoreSettings
from clvmodels.scoring.config.sinks import SinkSettings

__all__ = ["replaces"]


def replaces(sink: SinkSettings, place: StoreSettings) -> bool:
    """Return whether a sink writes to the place of a source, by their names."""
    if sink.store == "postgres":
        same = place.store == "postgres" and place.uri_variable == sink.uri_variable
        return same and _schema_and_table(place.table, "public") == [sink.db_schema, sink.table]
    if sink.store in ("ibis", "spark"):
        same = place.store == sink.store and place.uri_variable == sink.uri_variable
        return same and _schema_and_table(place.table, sink.own_schema) == [sink.own_schema, sink.table]
    if sink.path is None or place.path is None:
        return False
    target, read = _resolved(sink.path), _resolved(place.path)
    if sink.store == "sqlite" and place.store == "sqlite":  # names in SQLite are not case-sensitive
        names = [part.lower() for part in _schema_and_table(place.table, "main")]
        return target == read and names == ["main", sink.table.lower()]
    if target == read:  # a DuckDB file is replaced as a whole
        return True
    if place.store != "file" or sink.store in ("duckdb", "sqlite"):
        return False
    written = target / "runs" / "0" / "part-0.parquet" if sink.partitioned else target
    pattern = str(read)
    deep = "**" in pattern and fnmatchcase(str(written), pattern.replace("**/", "*"))
    return read in written.parents or written.match(pattern) or deep


def _schema_and_table(table: str | None, default: str) -> list[str]:
    """Return the schema and the table of a name such as "schema.table"; an empty list for a query."""
    parts = [] if table is None else table.split(".", 1)
    return [default, *parts] if len(parts) == 1 else parts


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # not a path of this system: opening it will raise the error
        return path.absolute()

"""Sources and sinks of a job, each behind one small interface: see `store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvmodels.scoring.stores.database_sinks import DuckDBFile, PostgresTable, SQLiteTable
from clvmodels.scoring.stores.file_sinks import CSVFile, ParquetFile, ParquetSet, published_parts
from clvmodels.scoring.stores.sources import opened
from clvmodels.scoring.stores.store import ScoreStore, StagedTable

if TYPE_CHECKING:
    from clvmodels.scoring.config.sections import SinkSettings

__all__ = ["ScoreStore", "StagedTable", "opened", "place_of", "published_parts"]


def place_of(sink: SinkSettings, uri: str) -> ScoreStore:
    """Where a sink of a job publishes; `uri` is what its variable holds."""
    if sink.store == "postgres":
        return PostgresTable(uri, sink.db_schema, sink.table, sink.name)
    assert sink.path is not None, "a record of a job has a path"
    if sink.store == "duckdb":
        return DuckDBFile(sink.path, sink.table, sink.name)
    if sink.store == "sqlite":
        return SQLiteTable(sink.path, sink.table, sink.name)
    if sink.partitioned:
        return ParquetSet(sink.path, sink.name)
    return (CSVFile if sink.store == "csv" else ParquetFile)(sink.path, sink.name)

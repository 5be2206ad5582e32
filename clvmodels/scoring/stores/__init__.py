"""Sources and sinks of a job, behind small protocols: see `store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clvmodels.scoring.stores.duckdb_sink import DuckDBFile
from clvmodels.scoring.stores.engine_sink import EngineTable
from clvmodels.scoring.stores.engine_sources import ENGINES
from clvmodels.scoring.stores.file_sinks import CSVFile, ParquetFile
from clvmodels.scoring.stores.parquet_set import ParquetSet, published_parts
from clvmodels.scoring.stores.postgres_sink import PostgresTable
from clvmodels.scoring.stores.sources import open_source
from clvmodels.scoring.stores.sqlite_sink import SQLiteTable
from clvmodels.scoring.stores.store import KeptRuns, ScoreStore, StagedTable, StoreWithRuns

if TYPE_CHECKING:
    from clvmodels.scoring.config.sinks import SinkSettings

__all__ = ["ScoreStore", "StagedTable", "open_source", "place_of", "place_with_runs", "published_parts"]


def place_of(sink: SinkSettings, uri: str, backfill: bool = False) -> ScoreStore:
    """Return the store of a sink.

    Parameters
    ----------
    uri : str
        The value of its environment variable.
    backfill : bool
        Only add to the runs that the sink keeps, without changing the current table.
    """
    if sink.store == "postgres":
        return PostgresTable(uri, sink.db_schema, sink.table, sink.name, keeping(sink), sink.id_column)
    if sink.store in ENGINES:
        return EngineTable(sink.store, uri, sink.own_schema, sink.table, sink.name, sink.id_column)
    if sink.path is None:
        raise AssertionError("a job is checked to have a path")
    if sink.store == "duckdb":
        return DuckDBFile(sink.path, sink.table, sink.name, keeping(sink), sink.id_column)
    if sink.store == "sqlite":
        return SQLiteTable(sink.path, sink.table, sink.name, keeping(sink), sink.id_column)
    if sink.partitioned:
        return ParquetSet(sink.path, sink.name, KeptRuns(sink.keep_days, sink.keep_runs), backfill, sink.id_column)
    return (CSVFile if sink.store == "csv" else ParquetFile)(sink.path, sink.name, sink.id_column)


def place_with_runs(sink: SinkSettings, uri: str) -> StoreWithRuns:
    """Return the store of a sink that keeps the runs of earlier days."""
    place = place_of(sink, uri)
    if not isinstance(place, StoreWithRuns):
        raise AssertionError("only sinks with keeps_runs are asked")  # noqa: TRY004  # a fault of this package, not of an argument
    return place


def keeping(sink: SinkSettings) -> KeptRuns | None:
    """Return how long a table keeps the runs of other days, or None if each run replaces the table."""
    return KeptRuns(sink.keep_days, sink.keep_runs) if sink.mode == "append" else None

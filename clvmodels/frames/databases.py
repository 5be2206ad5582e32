"""Tables in engines: relations of DuckDB, tables of Ibis and frames of Spark.

Queries that an engine supports run in it. Other plans read a copy: the rows are streamed once, as Arrow batches, into
an unnamed temporary file. A plan can read the file repeatedly and in parallel without querying the engine again, which
might return different rows. Memory use stays small, and the disk space is freed with the plan.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import narwhals.dependencies
import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.engines.duckdb_engine import DuckDB, DuckDBEngine
from clvmodels.frames.engines.ibis_engine import IbisEngine, computes_in
from clvmodels.frames.engines.protocol import Engine, log
from clvmodels.frames.engines.spark_engine import Spark, SparkEngine
from clvmodels.frames.running import first_line

__all__ = ["DatabaseKind", "database_columns", "engine_of", "is_database", "kind_of_database", "spool"]

DatabaseKind = DuckDB | Spark


def is_database(source: Any) -> bool:
    """Return whether a table is a relation of DuckDB, a table of Ibis, or a frame of Spark."""
    return (
        narwhals.dependencies.is_duckdb_relation(source)
        or narwhals.dependencies.is_ibis_table(source)
        or _is_spark(source)
    )


def _is_spark(source: Any) -> bool:
    return narwhals.dependencies.is_pyspark_dataframe(source) or narwhals.dependencies.is_pyspark_connect_dataframe(
        source
    )


def engine_of(source: Any) -> Engine | None:
    """Return the engine of a table, if queries can run in it."""
    if narwhals.dependencies.is_duckdb_relation(source):
        return DuckDBEngine(source)
    if _is_spark(source):
        return SparkEngine(source)
    if narwhals.dependencies.is_ibis_table(source) and computes_in(source):
        return IbisEngine(source)
    return None


def kind_of_database(source: Any) -> Any:
    """Return the kind of frame of a table in an engine."""
    if narwhals.dependencies.is_duckdb_relation(source):
        return DuckDB(source)
    return Spark(source.sparkSession) if _is_spark(source) else "ibis"


def database_columns(source: Any) -> list[str]:
    """Return the names of the columns of a table in an engine."""
    try:
        return list(source.columns)
    except Exception as error:  # such as a closed connection
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error


def spool(source: Any, names: Sequence[str]) -> pl.LazyFrame:
    """Return a plan over a copy of the named columns of a table in an engine; its size is logged.

    Raises
    ------
    InvalidTransactions
        If the query fails, or a column has a type that Arrow or Parquet do not support.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "rows.parquet"
            # A copy also works for backends of Ibis in which no queries run.
            engine = engine_of(source)
            if engine is None:
                source.select(*names).to_parquet(path)
            else:
                engine.write_parquet(names, path)
            log.info("copied %s to this machine, %s bytes", ", ".join(names), f"{path.stat().st_size:,}")
            with path.open("rb") as file:
                return pl.scan_parquet(file)  # the plan opens its own handle
    except Exception as error:  # any error of any database driver
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error

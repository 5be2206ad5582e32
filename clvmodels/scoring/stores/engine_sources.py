"""Sources of a job in engines: tables of Ibis and Spark, which are reduced in the engine."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clvmodels.errors import CLVError, InvalidJob, StoreUnreachable
from clvmodels.frames import first_line
from clvmodels.scoring.stores.store import needs
from clvmodels.scoring.stores.uri import check_uri, hidden

__all__ = ["ENGINES", "connect", "open_table", "reaching_engine"]

ENGINES = ("ibis", "spark")
POSTGRES = re.compile(r"postgres(?:ql)?://")


def open_table(store: str, path: Path | None, uri: str, table: str | None, query: str | None, name: str) -> Any:
    """Return a table of an engine without reading it.

    Parameters
    ----------
    store : {"duckdb", "ibis", "spark"}
    path : Path, optional
        Parquet files for DuckDB or Spark.
    uri : str
        URI of the database in the format of Ibis, also for DuckDB; or of a Spark Connect server; empty for the session
        of this process.
    table, query : str, optional
    name : str
        Section of the job, for errors.

    Raises
    ------
    StoreUnreachable
        If the engine does not answer.
    InvalidJob
        If there is no such table, or the query is wrong.
    """
    session = connect(store, uri, name)
    try:
        if store == "ibis":
            return _of_ibis(session, table, query)
        if path is not None:
            files = f"{path}/**/*.parquet" if store == "duckdb" and path.is_dir() else str(path)
            return session.read_parquet(files) if store == "duckdb" else session.read.parquet(files)
        source = session.table(table) if table is not None else session.sql(query)
        _ = source.columns  # Spark Connect resolves the table only now
    except Exception as error:  # noqa: BLE001  # any error of any driver, whose chain may hold the URI
        what = "path" if path is not None else "table" if table is not None else "query"
        value = path if path is not None else table if table is not None else query
        raise InvalidJob(f"{name}.{what}: {str(value)!r} cannot be read: {hidden(first_line(error), uri)}.") from None
    return source


def _of_ibis(connection: Any, table: str | None, query: str | None) -> Any:
    if query is not None:
        return connection.sql(query)
    *schema, last = str(table).split(".", 1)
    return connection.table(last, database=schema[0] if schema else None)


def connect(store: str, uri: str, name: str) -> Any:
    """Return the connection of DuckDB or Ibis, or the session of Spark, of a job.

    Raises
    ------
    StoreUnreachable, InvalidOption
    """
    if store == "ibis":
        ibis = needs("ibis", "ibis")
        if POSTGRES.match(uri):
            check_uri(name, uri)
        with reaching_engine(name, uri):
            return ibis.connect(uri)
    if store == "duckdb":
        duckdb = needs("duckdb", "duckdb")
        with reaching_engine(name, ""):
            return duckdb.connect(uri.removeprefix("duckdb://"))
    needs("pyspark", "spark")
    builder = importlib.import_module("pyspark.sql").SparkSession.builder
    with reaching_engine(name, uri):
        return (builder.remote(uri) if uri else builder).getOrCreate()


@contextmanager
def reaching_engine(name: str, uri: str) -> Iterator[None]:
    """Turn any error of a driver into a StoreUnreachable without secrets in its message."""
    try:
        yield
    except CLVError:
        raise
    except Exception as error:  # noqa: BLE001  # any error of any driver, whose chain may hold the URI
        text = hidden(first_line(error), uri) if uri else first_line(error)
        raise StoreUnreachable(f"{name}: {text}.") from None

"""The same log in every engine that computes: DuckDB, databases of Ibis, and Spark, classic and Connect."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import sys
import warnings
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

SPARK_ZONE = "America/New_York"  # of the session, far from the process and from any calendar in the tests
ENGINES = (
    "duckdb",
    "ibis duckdb",
    "ibis sqlite",
    pytest.param("ibis postgres", marks=pytest.mark.postgres),
    pytest.param("spark", marks=pytest.mark.spark),
    pytest.param("spark connect", marks=pytest.mark.spark),
)


@pytest.fixture(scope="session")
def spark_sessions(tmp_path_factory: pytest.TempPathFactory) -> Generator[Mapping[str, Any]]:
    """Yield a classic session of Spark in local mode, and one of Spark Connect on the same server."""
    pytest.importorskip("pyspark", reason="PySpark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which is not installed")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySpark warns of newer versions of its dependencies
        from pyspark.sql import SparkSession
        from pyspark.sql.connect.session import SparkSession as ConnectSession

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        builder = SparkSession.builder.master("local[2]")
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            "spark.sql.session.timeZone": SPARK_ZONE,
            "spark.sql.timestampType": "TIMESTAMP_NTZ",  # of frames without a zone
            "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.port": str(port),
        }.items():
            builder = builder.config(key, value)
        classic = builder.getOrCreate()
        connect = ConnectSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        for key in ("spark.sql.session.timeZone", "spark.sql.timestampType"):
            connect.conf.set(key, classic.conf.get(key))
        yield {"spark": classic, "spark connect": connect}
        connect.stop()  # first, or its end waits for a server that is gone
        classic.stop()


@pytest.fixture(params=ENGINES)
def computing_engine(request: pytest.FixtureRequest) -> str:
    """Run a test once for each engine that computes."""
    name: str = request.param
    return name


@pytest.fixture
def held_in(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[pl.DataFrame, str], Any]:
    """Return a function that puts a frame of polars into a table of an engine."""

    def hold(frame: pl.DataFrame, engine: str) -> Any:
        if engine.startswith("spark"):
            return request.getfixturevalue("spark_sessions")[engine].createDataFrame(frame.to_arrow())
        if engine == "duckdb":
            import duckdb

            connection = duckdb.connect()
            connection.register("given", frame.to_arrow())
            connection.execute("CREATE TABLE orders AS SELECT * FROM given")
            return connection.table("orders")
        import ibis

        if engine == "ibis sqlite":
            return ibis.sqlite.connect(_write_sqlite(frame, tmp_path / "orders.sqlite")).table("orders")
        if engine == "ibis duckdb":
            backend = ibis.duckdb.connect()
            backend.con.register("given", frame.to_arrow())
            backend.raw_sql("CREATE TABLE orders AS SELECT * FROM given")
        else:
            backend = ibis.connect(request.getfixturevalue("database"))
            request.addfinalizer(backend.disconnect)
            _write_postgres(frame, backend)
        return backend.table("orders")

    return hold


def _write_sqlite(frame: pl.DataFrame, path: Path) -> Path:
    """Write a frame to a table, dates as text, which is how SQLite stores them."""
    names = {pl.Int64: "INTEGER", pl.Float64: "REAL", pl.String: "TEXT", pl.Date: "DATE", pl.Boolean: "BOOLEAN"}
    names[pl.Datetime] = "TIMESTAMP"
    columns = ", ".join(f'"{name}" {names[dtype.base_type()]}' for name, dtype in frame.schema.items())
    texts = frame.with_columns(
        pl.col(name).dt.strftime("%Y-%m-%d" if dtype == pl.Date else "%Y-%m-%d %H:%M:%S%.6f")
        for name, dtype in frame.schema.items()
        if dtype.is_temporal()
    )
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE orders ({columns})")
        connection.executemany(f"INSERT INTO orders VALUES ({', '.join('?' * len(frame.columns))})", texts.rows())
    connection.close()
    return path


def _write_postgres(frame: pl.DataFrame, backend: Any) -> None:
    """Write a frame to a table of PostgreSQL."""
    names = {pl.Int64: "BIGINT", pl.Float64: "DOUBLE PRECISION", pl.String: "TEXT", pl.Date: "DATE"}
    names |= {pl.Datetime: "TIMESTAMP", pl.Boolean: "BOOLEAN"}
    columns = ", ".join(f'"{name}" {names[dtype.base_type()]}' for name, dtype in frame.schema.items())
    with backend.con.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS orders")
        cursor.execute(f"CREATE TABLE orders ({columns})")
        with cursor.copy("COPY orders FROM STDIN") as copy:
            for row in frame.rows():
                copy.write_row(row)
    backend.con.commit()

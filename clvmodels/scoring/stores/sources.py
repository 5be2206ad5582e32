"""Sources: what a job reads, as a path or a plan that the engine opens; rows of a database come through a file."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clvmodels import frames
from clvmodels.errors import InvalidJob, InvalidTransactions, StoreUnreachable
from clvmodels.scoring.stores.store import needs, quoted, reaching
from clvmodels.scoring.stores.uri import check_uri, hidden

__all__ = ["opened"]

ROWS_AT_ONCE = 65_536
GLOB = frozenset("*?[")
PARQUET_ENDINGS = (".parquet", ".pq")
SERVER_SAYS = re.compile(r"ERROR:\s+(.*?)(?: LINE \d+: | Query was: |$)")  # what is around it repeats the statement
WRONG_STATEMENT = "42"  # class of SQLSTATE: no such table or column, no right, no SQL


def opened(
    store: str,
    path: Path | None,
    uri: str,
    table: str | None,
    query: str | None,
    columns: Sequence[str],
    staging: Path,
    name: str,
) -> Any:
    """What `rfm_summary` and the like read: a path, or a lazy frame.

    Parameters
    ----------
    columns : sequence of str
        The columns needed; of a database no others are read. None at all: every one.
    staging : Path
        A folder for a copy, if one has to be made; rows stream through it, so that they need no memory.
    name : str
        What errors call the source.

    Raises
    ------
    StoreUnreachable
        When the database does not answer.
    InvalidTransactions
        When there is no such file, or the rows or the query are at fault.
    InvalidJob
        When there is no such table or column, in a file or a database.
    """
    if store == "file":
        assert path is not None, "a record of a job has a path"
        found = _files(path, staging)
        if columns:
            _refuse_missing(repr(str(path)), frames.column_names(found), columns, name)
        return found
    copy = staging / f"{name}.parquet"
    # Named with their table: by itself SQLite takes a quoted name that no column has for a text.
    told = ", ".join(f"{quoted('source')}.{quoted(column)}" for column in columns) or "*"
    rows = f"({query}\n)" if query is not None else ".".join(quoted(part) for part in str(table).split(".", 1))
    statement = f"SELECT {told} FROM {rows} AS {quoted('source')}"
    readers = {"duckdb": _from_duckdb, "sqlite": _from_sqlite, "postgres": _from_postgres}
    where = str(path) if store != "postgres" else uri
    try:
        with (
            reaching(name, uri),
            readers[store](where, statement, name) as batches,
            pq.ParquetWriter(copy, batches.schema, compression="zstd") as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)
    except InvalidTransactions:
        whole = f"SELECT * FROM {rows} AS {quoted('source')} LIMIT 0"
        _explain(lambda: readers[store](where, whole, name), table, columns, name)
        raise
    return copy


def _explain(read: Any, table: str | None, columns: Sequence[str], name: str) -> None:
    """Raise InvalidJob where a statement failed for a table or column that is not there; `read` reads no row of all."""
    try:
        with read() as batches:
            there = batches.schema.names
    except InvalidTransactions as error:
        if table is None:
            return
        raise InvalidJob(f"{name}.table: {table!r} cannot be read: {error}") from None
    _refuse_missing(f"the {'query' if table is None else 'table'} of [{name}]", there, columns, name)


def _refuse_missing(what: str, there: Sequence[str], columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in there]
    if missing:
        section = "columns" if name == "source" else name
        raise InvalidJob(
            f"[{section}]: {what} has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, there))}: name one of these."
        )


def _files(path: Path, staging: Path) -> Any:
    """One file or Parquet folder as it is; several files as one plan, or one copy, whose text is told apart later."""
    if path.is_dir() and path.suffix.lower() not in PARQUET_ENDINGS:
        found = sorted(path.glob("**/*.parquet")) or sorted(path.glob("*.csv"))
    elif not path.exists() and GLOB & {*str(path)}:
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        found = sorted(anchor.glob(str(path.relative_to(anchor))))
    else:
        return path
    if not found:
        raise InvalidTransactions(f"No file is meant by {str(path)!r}.")
    if len(found) == 1:
        return found[0]
    if all(file.suffix.lower() in PARQUET_ENDINGS for file in found):
        return _scanned(path, lambda: pl.scan_parquet(found, glob=False))
    copy = staging / "files.csv"
    _scanned(path, lambda: pl.scan_csv(found, infer_schema=False, glob=False)).sink_csv(copy)
    return copy


def _scanned(path: Path, scan: Any) -> pl.LazyFrame:
    try:
        lazy: pl.LazyFrame = scan()
        lazy.collect_schema()
    except pl.exceptions.PolarsError as error:
        told = next(iter(str(error).splitlines()), type(error).__name__)
        raise InvalidTransactions(f"The files of {str(path)!r} cannot be read as one table: {told}") from error
    return lazy


@contextlib.contextmanager
def _from_duckdb(path: str, statement: str, name: str) -> Iterator[pa.RecordBatchReader]:
    duckdb = needs("duckdb", "duckdb")
    if not Path(path).exists():
        raise StoreUnreachable(f"{name}: there is no file {path!r}.")
    try:
        with duckdb.connect(path, read_only=True) as connection:
            yield connection.sql(statement).to_arrow_reader(ROWS_AT_ONCE)
    except (duckdb.ProgrammingError, duckdb.NotSupportedError) as error:
        raise InvalidTransactions(f"{name}: {next(iter(str(error).splitlines()))}") from None
    except duckdb.Error as error:
        raise StoreUnreachable(f"{name}: {next(iter(str(error).splitlines()))}") from None


@contextlib.contextmanager
def _from_sqlite(path: str, statement: str, name: str) -> Iterator[pa.RecordBatchReader]:
    if not Path(path).exists():
        raise StoreUnreachable(f"{name}: there is no file {path!r}.")
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("BEGIN")  # both readings see the same rows
            schema = _sqlite_schema(connection, statement, name)
            rows = connection.execute(statement)

            def batches() -> Iterator[pa.RecordBatch]:
                while held := rows.fetchmany(ROWS_AT_ONCE):
                    columns = zip(zip(*held, strict=True), schema.types, strict=True)
                    yield pa.RecordBatch.from_arrays([pa.array(c, type=t) for c, t in columns], schema=schema)

            yield pa.RecordBatchReader.from_batches(schema, batches())
    except sqlite3.OperationalError as error:
        wrong = any(words in str(error) for words in ("no such", "syntax error", "incomplete input"))
        raise (InvalidTransactions if wrong else StoreUnreachable)(f"{name}: {error}") from None
    except sqlite3.Error as error:
        raise StoreUnreachable(f"{name}: {error}") from None


def _sqlite_schema(connection: sqlite3.Connection, statement: str, name: str) -> pa.Schema:
    """Types of the values that there are, since SQLite's columns have none."""
    names = [column[0] for column in connection.execute(f"SELECT * FROM ({statement}) LIMIT 0").description]
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string()}
    fields = []
    for column in names:
        told = connection.execute(f"SELECT DISTINCT typeof({quoted(column)}) FROM ({statement})")
        found = {row[0] for row in told} - {"null"}
        kind = "real" if found == {"integer", "real"} else next(iter(found), "text")
        if (len(found) > 1 and kind != "real") or kind not in types:
            raise InvalidTransactions(
                f"{name}: column {column!r} mixes {', '.join(sorted(found))}: cast it in a query."
            )
        fields.append((column, types[kind]))
    return pa.schema(fields)


@contextlib.contextmanager
def _from_postgres(uri: str, statement: str, name: str) -> Iterator[pa.RecordBatchReader]:
    adbc = needs("adbc_driver_postgresql.dbapi", "postgres")
    check_uri(name, uri)
    try:
        with adbc.connect(uri) as connection, connection.cursor() as cursor:
            schema = cursor.adbc_execute_schema(statement)
            told = ", ".join(_readable(field) for field in schema)
            cursor.execute(f"SELECT {told} FROM ({statement}\n) AS {quoted('rows')}")
            yield cursor.fetch_record_batch()
    except adbc.Error as error:
        told = hidden(" ".join(str(error).split()), uri)
        if found := SERVER_SAYS.search(told):
            told = found[1]
        wrong = str(getattr(error, "sqlstate", None) or "").startswith(WRONG_STATEMENT)
        raise (InvalidTransactions if wrong else StoreUnreachable)(f"{name}: {told}") from None


def _readable(field: pa.Field) -> str:
    """A column in a type that Arrow has: exact numbers as floats, what has no type of its own as text."""
    column = quoted(field.name)
    plain = (pa.types.is_primitive, pa.types.is_string, pa.types.is_large_string)
    if any(test(field.type) for test in plain):
        return column
    numeric = (field.metadata or {}).get(b"POSTGRESQL:type", b"") == b"numeric"
    return f"CAST({column} AS {'double precision' if numeric else 'text'}) AS {column}"

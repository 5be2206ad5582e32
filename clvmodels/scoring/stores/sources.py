"""Sources of a job, as a path or a lazy frame; rows of a database are copied to a file first."""

from __future__ import annotations

import contextlib
import glob
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clvmodels import frames
from clvmodels.errors import InvalidJob, InvalidTransactions, StoreUnreachable, closest, list_names
from clvmodels.scoring.stores.engine_sources import ENGINES, open_table
from clvmodels.scoring.stores.store import needs, quoted, reaching
from clvmodels.scoring.stores.uri import check_uri, hidden

__all__ = ["open_source"]

ROWS_AT_ONCE = 65_536
PARQUET_ENDINGS = (".parquet", ".pq")
SERVER_MESSAGE = re.compile(r"ERROR:\s+(.*?)(?: LINE \d+: | Query was: |$)")  # the rest repeats the statement
WRONG_STATEMENT = ("22", "42")  # classes of SQLSTATE: wrong values; missing names or permissions, wrong syntax
PRIMARY_CODE = 0xFF  # mask of an extended result code of SQLite


def open_source(
    store: str,
    path: Path | None,
    uri: str,
    table: str | None,
    query: str | None,
    columns: Sequence[str],
    staging: Path,
    name: str,
    keys: Sequence[str] = (),
    options: frames.FileOptions | None = None,
) -> Any:
    """Return a source for `rfm_summary`: a path, or a table of Ibis or Spark, which is not copied.

    Parameters
    ----------
    columns : sequence of str
        Columns needed: others are not read from a database. Empty: all columns.
    staging : Path
        A folder for a copy, if one is needed; rows are streamed to it to save memory.
    name : str
        The section of the job that errors name.
    keys : sequence of str
        Key in the job of each column, for errors.
    options : FileOptions, optional
        Options of the job for reading a file.

    Raises
    ------
    StoreUnreachable
        If the database does not answer.
    InvalidTransactions
        If there is no such file, or the rows or the query are at fault.
    InvalidJob
        If there is no such table or column, in a file or a database.
    """
    if store == "file":
        if path is None:
            raise AssertionError("a job is checked to have a path")
        files: Any = _files(path)
        if options is not None and options != frames.FileOptions():
            files = frames.OpenedFile(files, options=options)
        if columns:
            _refuse_missing(repr(str(path)), frames.column_names(files, columns), columns, name, keys)
        return files
    if store in ENGINES:
        source = open_table(store, path, uri, table, query, name)
        place = f"the {'query' if query is not None else 'table'} of [{name}]"
        _refuse_missing(place, list(source.columns), columns, name, keys)
        return source.select(*columns) if columns else source
    copy = staging / f"{name}.parquet"
    # Names are qualified, since SQLite reads the quoted name of a missing column as a text.
    selected = ", ".join(f"{quoted('source')}.{quoted(column)}" for column in columns) or "*"
    rows = f"({query}\n)" if query is not None else ".".join(quoted(part) for part in str(table).split(".", 1))
    statement = f"SELECT {selected} FROM {rows} AS {quoted('source')}"
    readers = {"duckdb": _from_duckdb, "sqlite": _from_sqlite, "postgres": _from_postgres}
    address = str(path) if store != "postgres" else uri
    try:
        with (
            reaching(name, uri),
            readers[store](address, statement, name) as batches,
            pq.ParquetWriter(copy, batches.schema, compression="zstd") as writer,
        ):
            for batch in batches:
                writer.write_batch(batch)
    except InvalidTransactions:
        whole = f"SELECT * FROM {rows} AS {quoted('source')} LIMIT 0"
        _explain(lambda: readers[store](address, whole, name), table, columns, name, keys)
        raise
    return copy


def _explain(read: Any, table: str | None, columns: Sequence[str], name: str, keys: Sequence[str]) -> None:
    """Raise an InvalidJob if a statement failed because of a missing table or column; `read` selects all columns."""
    try:
        with read() as batches:
            present = batches.schema.names
    except InvalidTransactions as error:
        if table is None:
            return
        raise InvalidJob(f"{name}.table: {table!r} cannot be read: {error}") from None
    _refuse_missing(f"the {'query' if table is None else 'table'} of [{name}]", present, columns, name, keys)


def _refuse_missing(table: str, present: Sequence[str], columns: Sequence[str], name: str, keys: Sequence[str]) -> None:
    """Raise an InvalidJob if a table lacks columns of the job."""
    named = dict(zip(keys, columns, strict=False))
    if "columns.date" in named:
        frames.refuse_summary(present, named["columns.date"])
    missing = [column for column in columns if column not in present]
    if missing:
        section = "columns" if name == "source" else name
        wrong = [key for column, key in zip(columns, keys, strict=False) if column in missing]
        hint = next(filter(None, (closest(column, present) for column in missing)), "")
        raise InvalidJob(
            f"[{section}]: {table} has no column {', '.join(map(repr, missing))}; it has "
            f"{list_names(present)}: name one of these{' with ' if wrong else ''}{', '.join(wrong)}.{hint}"
        )


def _files(path: Path) -> Path:
    """Return a path, for a folder that of its Parquet files or, if there are none, its CSV files."""
    if frames.is_glob(path):
        frames.matching_files(path)  # raises an error for a pattern without files
    if not path.is_dir() or path.suffix.lower() in PARQUET_ENDINGS:
        return path
    endings = {file.suffix.lower() for file in frames.matching_files(path)}
    patterns = {".parquet": "**/*.parquet", ".csv": "*.csv"}
    pattern = next((pattern for ending, pattern in patterns.items() if ending in endings), None)
    return path if pattern is None else Path(glob.escape(str(path))) / pattern


@contextlib.contextmanager
def _from_duckdb(path: str, statement: str, name: str) -> Iterator[pa.RecordBatchReader]:
    duckdb = needs("duckdb", "duckdb")
    if not Path(path).exists():
        raise StoreUnreachable(f"{name}: file {path!r} does not exist.")
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
        raise StoreUnreachable(f"{name}: file {path!r} does not exist.")
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("BEGIN")  # so that both queries read the same rows
            schema = _sqlite_schema(connection, statement, name)
            rows = connection.execute(statement)

            def batches() -> Iterator[pa.RecordBatch]:
                while chunk := rows.fetchmany(ROWS_AT_ONCE):
                    columns = zip(zip(*chunk, strict=True), schema.types, strict=True)
                    yield pa.RecordBatch.from_arrays([pa.array(c, type=t) for c, t in columns], schema=schema)

            yield pa.RecordBatchReader.from_batches(schema, batches())
    except sqlite3.Error as error:
        # SQLITE_ERROR is the code of a wrong statement; files, locks and disks have other codes.
        wrong = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE == sqlite3.SQLITE_ERROR
        raise (InvalidTransactions if wrong else StoreUnreachable)(f"{name}: {error}") from None


def _sqlite_schema(connection: sqlite3.Connection, statement: str, name: str) -> pa.Schema:
    """Return the types of the values in each column, since columns of SQLite have no types."""
    names = [column[0] for column in connection.execute(f"SELECT * FROM ({statement}) LIMIT 0").description]
    types = {"integer": pa.int64(), "real": pa.float64(), "text": pa.string()}
    fields = []
    for column in names:
        rows = connection.execute(f"SELECT DISTINCT typeof({quoted(column)}) FROM ({statement})")
        present = {row[0] for row in rows} - {"null"}
        kind = "real" if present == {"integer", "real"} else next(iter(present), "text")
        if (len(present) > 1 and kind != "real") or kind not in types:
            raise InvalidTransactions(
                f"{name}: column {column!r} mixes {', '.join(sorted(present))}: cast it in a query."
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
            selected = ", ".join(_readable(field) for field in schema)
            cursor.execute(f"SELECT {selected} FROM ({statement}\n) AS {quoted('rows')}")
            yield cursor.fetch_record_batch()
    except adbc.Error as error:
        text = hidden(" ".join(str(error).split()), uri)
        if match := SERVER_MESSAGE.search(text):
            text = match[1]
        wrong = str(getattr(error, "sqlstate", None) or "").startswith(WRONG_STATEMENT)
        raise (InvalidTransactions if wrong else StoreUnreachable)(f"{name}: {text}") from None


def _readable(field: pa.Field) -> str:
    """Return SQL that selects a column in a type of Arrow: exact numbers as floats, unknown types as text."""
    column = quoted(field.name)
    plain = (pa.types.is_primitive, pa.types.is_string, pa.types.is_large_string)
    if any(test(field.type) for test in plain):
        return column
    numeric = (field.metadata or {}).get(b"POSTGRESQL:type", b"") == b"numeric"
    return f"CAST({column} AS {'double precision' if numeric else 'text'}) AS {column}"

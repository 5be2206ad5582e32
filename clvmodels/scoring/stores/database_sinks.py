"""DuckDB, SQLite and PostgreSQL as sinks: a table is loaded under another name, and takes the old one's in one step."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from clvmodels.errors import InvalidJob, InvalidOption, JobLocked, StoreUnreachable
from clvmodels.scoring.stores.file_sinks import STAGED
from clvmodels.scoring.stores.store import RUN_ID, locked, needs, only_scores, quoted, reaching, sync
from clvmodels.scoring.stores.uri import check_uri

__all__ = ["DuckDBFile", "PostgresTable", "SQLiteTable"]

WAIT = 60  # seconds that a swap waits for readers, and a reader's lock is waited for
RULE = re.compile("^rule .* on (?=(?:materialized )?view )")  # what PostgreSQL calls the query of a view
TWICE = "what was staged is not every customer once; nothing was published."
SQLITE_TYPES = {"int64": "INTEGER", "double": "REAL", "bool": "INTEGER"}


class DuckDBFile:
    """A DuckDB file of its own, written anew and put in the place of the old one."""

    def __init__(self, path: Path, table: str, name: str) -> None:
        self.path, self.table, self.name = path, table, name
        self.duckdb = needs("duckdb", "duckdb")

    @property
    def staged(self) -> Path:
        return self.path.with_name(f".{self.path.name}{STAGED}")

    @contextlib.contextmanager
    def connected(self, path: Path, read_only: bool) -> Iterator[Any]:
        with reaching(self.name, failures=(self.duckdb.Error,)):
            connection = self.duckdb.connect(str(path), read_only=read_only)
            try:
                yield connection
            finally:
                connection.close()

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(f".{self.path.name}.lock"), self.name)

    def holds(self) -> str | None:
        if not self.path.exists():
            return None
        with self.connected(self.path, read_only=True) as connection:
            tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            if tables - {self.table}:
                raise InvalidOption(
                    f"{self.name}: the file also holds {', '.join(sorted(map(repr, tables - {self.table})))}, and it "
                    "would be replaced as a whole: name a file of its own."
                )
            if not tables:
                return None
            columns = connection.execute("SELECT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
            only_scores(self.name, [name for (name,) in columns])
            row = connection.execute(f"SELECT {quoted(RUN_ID)} FROM {quoted(self.table)} LIMIT 1").fetchone()
            return None if row is None else str(row[0])

    def stage(self, run_id: str, schema: pa.Schema) -> _StagedDuckDB:
        with reaching(self.name, failures=(self.duckdb.Error,)):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _remove(self.staged)
            return _StagedDuckDB(self)


class _StagedDuckDB:
    def __init__(self, sink: DuckDBFile) -> None:
        self._sink = sink
        self._connection: Any = sink.duckdb.connect(str(sink.staged))
        self._made = False

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        with reaching(self._sink.name, failures=(self._sink.duckdb.Error,)):
            yield

    def write(self, rows: pa.Table) -> None:
        table = quoted(self._sink.table)
        with self._reaching():
            self._connection.register("rows_to_add", rows)
            made = f"INSERT INTO {table}" if self._made else f"CREATE TABLE {table} AS"
            self._connection.execute(f"{made} SELECT * FROM rows_to_add")
            self._connection.unregister("rows_to_add")
            self._made = True

    def count(self) -> int:
        """Counted in the file as it was closed: closing says nothing of what could not be written."""
        with self._reaching():
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        with self._sink.connected(self._sink.staged, read_only=True) as connection:
            told = f"SELECT count(*), count(DISTINCT customer_id) FROM {quoted(self._sink.table)}"
            rows, customers = connection.execute(told).fetchone()
        if rows != customers or self._sink.staged.with_name(f"{self._sink.staged.name}.wal").exists():
            raise StoreUnreachable(f"{self._sink.name}: {TWICE}")
        return int(rows)

    def publish(self) -> None:
        with self._reaching():
            sync(self._sink.staged)
            self._sink.staged.replace(self._sink.path)
            sync(self._sink.path.parent)

    def discard(self) -> None:
        with contextlib.suppress(self._sink.duckdb.Error):
            self._connection.close()
        _remove(self._sink.staged)


class SQLiteTable:
    """A table of a SQLite database, which may hold others."""

    def __init__(self, path: Path, table: str, name: str) -> None:
        self.path, self.table, self.name = path, table, name

    @property
    def staged(self) -> str:
        return f"{self.table}{STAGED}"

    def connect(self) -> sqlite3.Connection:
        """A connection without transactions of its own."""
        return sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(f".{self.path.name}.lock"), self.name)

    def holds(self) -> str | None:
        if not self.path.exists():
            return None
        with reaching(self.name, failures=(sqlite3.Error,)), contextlib.closing(self.connect()) as connection:
            if not self.is_replaced(connection):
                return None
            row = connection.execute(f"SELECT {quoted(RUN_ID)} FROM {quoted(self.table)} LIMIT 1").fetchone()
            return None if row is None else str(row[0])

    def is_replaced(self, connection: sqlite3.Connection) -> bool:
        """Whether there is a table to be replaced; InvalidJob if it is not one of scores."""
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(self.table)})")]
        if names:
            only_scores(self.name, names)
        return bool(names)

    def stage(self, run_id: str, schema: pa.Schema) -> _StagedSQLite:
        with reaching(self.name, failures=(sqlite3.Error,)):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return _StagedSQLite(self, schema)


class _StagedSQLite:
    def __init__(self, sink: SQLiteTable, schema: pa.Schema) -> None:
        self._sink = sink
        self._connection = sink.connect()
        columns = ", ".join(f"{quoted(field.name)} {SQLITE_TYPES.get(str(field.type), 'TEXT')}" for field in schema)
        places = ", ".join("?" * len(schema))
        self._insert = f"INSERT INTO {quoted(sink.staged)} VALUES ({places})"
        self._connection.execute(f"DROP TABLE IF EXISTS {quoted(sink.staged)}")
        key = f"PRIMARY KEY ({quoted('customer_id')})"
        self._connection.execute(f"CREATE TABLE {quoted(sink.staged)} ({columns}, {key}) WITHOUT ROWID")

    def write(self, rows: pa.Table) -> None:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            for batch in rows.to_batches(max_chunksize=65_536):  # each its own transaction: readers wait little
                columns = [_for_sqlite(column) for column in batch.columns]
                self._connection.execute("BEGIN")
                self._connection.executemany(self._insert, zip(*columns, strict=True))
                self._connection.execute("COMMIT")

    def count(self) -> int:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            return int(self._connection.execute(f"SELECT count(*) FROM {quoted(self._sink.staged)}").fetchone()[0])

    def publish(self) -> None:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            self._connection.execute("BEGIN IMMEDIATE")
            self._sink.is_replaced(self._connection)
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(self._sink.table)}")
            self._connection.execute(f"ALTER TABLE {quoted(self._sink.staged)} RENAME TO {quoted(self._sink.table)}")
            self._connection.execute("COMMIT")

    def discard(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(self._sink.staged)}")
        self._connection.close()


class PostgresTable:
    """A table of a PostgreSQL database: loaded by COPY; grants on the old table are given on the new one."""

    def __init__(self, uri: str, schema: str, table: str, name: str) -> None:
        self.uri, self.schema, self.table, self.name = uri, schema, table, name
        self.adbc = needs("adbc_driver_postgresql.dbapi", "postgres")
        self.key = hashlib.sha256(f"{schema}.{table}".encode()).hexdigest()[:16]

    @property
    def staged(self) -> str:
        return f"clv_staged_{self.key}"

    def address(self, table: str) -> str:
        return f"{quoted(self.schema)}.{quoted(table)}"

    @contextlib.contextmanager
    def reaching(self) -> Iterator[None]:
        with reaching(self.name, self.uri, (self.adbc.Error,)):
            yield

    def connect(self) -> Any:
        check_uri(self.name, self.uri)
        with self.reaching():
            return self.adbc.connect(self.uri)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """An advisory lock of the database's, which ends with the connection."""
        connection = self.connect()
        try:
            (free,) = self.rows(connection, f"SELECT pg_try_advisory_lock({int(self.key, 16) - 2**63})")[0]
            if not free:
                raise JobLocked(f"{self.name}: another job is at work on this table; nothing was changed.")
            yield
        finally:
            with contextlib.suppress(self.adbc.Error):
                connection.close()

    def holds(self) -> str | None:
        connection = self.connect()
        try:
            if not self.rows(connection, "SELECT 1 FROM pg_namespace WHERE nspname = $1", [self.schema]):
                raise InvalidJob(
                    f"{self.name}: schema {self.schema!r} does not exist: create it, or change db_schema of this sink."
                )
            if not self.is_replaced(connection):
                return None
            told = self.rows(connection, f"SELECT {quoted(RUN_ID)}::text FROM {self.address(self.table)} LIMIT 1")
            return str(told[0][0]) if told else None
        finally:
            connection.close()

    def is_replaced(self, connection: Any) -> bool:
        """Whether there is a table to be replaced; InvalidJob if it is not one of scores."""
        told = self.rows(
            connection,  # not from information_schema, which leaves out what the user has no right to read
            "SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            [self.schema, self.table],
        )
        if told:
            only_scores(self.name, [name for (name,) in told])
            self._depends_on_nothing(connection)
        return bool(told)

    def _depends_on_nothing(self, connection: Any) -> None:
        """Refuse to drop a table that views or other tables need: they would have to go with it."""
        told = self.rows(
            connection,
            "SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d "
            "JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND d.deptype = 'n' AND NOT EXISTS (SELECT 1 FROM pg_depend own "
            "WHERE own.classid = d.classid AND own.objid = d.objid AND own.refobjid = c.oid AND own.deptype <> 'n')",
            [self.schema, self.table],
        )
        if told:
            names = ", ".join(sorted(RULE.sub("", name) for (name,) in told))
            raise InvalidJob(
                f"{self.name}: {names} would be lost with the old table, which each run replaces, so nothing was "
                "published here: drop it and let it read a copy, or give this sink a table of another name."
            )

    def stage(self, run_id: str, schema: pa.Schema) -> _StagedPostgres:
        return _StagedPostgres(self, run_id)

    def rows(self, connection: Any, statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and hold its rows."""
        with self.reaching(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def run(self, connection: Any, statement: str) -> None:
        """Run a statement."""
        with self.reaching(), connection.cursor() as cursor:
            cursor.execute(statement)


class _StagedPostgres:
    def __init__(self, sink: PostgresTable, run_id: str) -> None:
        self._sink = sink
        self._connection = sink.connect()
        self._made = False
        self._index = f"clv_{sink.key}_{run_id[:16]}"
        sink.run(self._connection, f"DROP TABLE IF EXISTS {sink.address(sink.staged)}")
        self._commit()

    def write(self, rows: pa.Table) -> None:
        with self._sink.reaching(), self._connection.cursor() as cursor:
            mode = "append" if self._made else "create"
            cursor.adbc_ingest(self._sink.staged, rows.to_reader(), mode=mode, db_schema_name=self._sink.schema)
            self._made = True

    def count(self) -> int:
        staged = self._sink.address(self._sink.staged)
        key = f"ADD CONSTRAINT {quoted(self._index)} PRIMARY KEY ({quoted('customer_id')})"
        self._sink.run(self._connection, f"ALTER TABLE {staged} {key}")
        rows = int(self._sink.rows(self._connection, f"SELECT count(*) FROM {staged}")[0][0])
        self._sink.run(self._connection, f"ANALYZE {staged}")
        self._commit()
        return rows

    def publish(self) -> None:
        sink, connection = self._sink, self._connection
        table, staged = sink.address(sink.table), sink.address(sink.staged)
        sink.run(connection, f"SET LOCAL lock_timeout = '{WAIT}s'")
        if sink.is_replaced(connection):
            sink.run(connection, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            for grant in self._grants():
                sink.run(connection, grant)
            sink.run(connection, f"DROP TABLE {table}")
        sink.run(connection, f"ALTER TABLE {staged} RENAME TO {quoted(sink.table)}")
        self._commit()

    def discard(self) -> None:
        with contextlib.suppress(StoreUnreachable, self._sink.adbc.Error):
            self._connection.rollback()
            self._sink.run(self._connection, f"DROP TABLE IF EXISTS {self._sink.address(self._sink.staged)}")
            self._commit()
        with contextlib.suppress(self._sink.adbc.Error):
            self._connection.close()

    def _grants(self) -> list[str]:
        """What readers of the old table may do, to be allowed on the new one."""
        told = self._sink.rows(
            self._connection,
            "SELECT a.privilege_type, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
            "aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.grantee <> c.relowner",
            [self._sink.schema, self._sink.table],
        )
        staged = self._sink.address(self._sink.staged)
        return [f"GRANT {right} ON {staged} TO {quoted(role) if role else 'PUBLIC'}" for right, role in told]

    def _commit(self) -> None:
        with self._sink.reaching():
            self._connection.commit()


def _for_sqlite(column: pa.Array) -> list[Any]:
    if pa.types.is_date(column.type):
        return [None if day is None else day.isoformat() for day in column.to_pylist()]
    return list(column.to_pylist())


def _remove(path: Path) -> None:
    """A database file, with the log beside it."""
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)

"""SQLite as a sink: rows are staged in a separate table and replace those of the table in one transaction."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from clvmodels import files
from clvmodels.errors import InvalidJob
from clvmodels.scoring.stores.replacement import (
    columns_not_written,
    inserting_statement,
    replacing_statements,
    to_remove,
)
from clvmodels.scoring.stores.store import (
    KEY,
    RUN_ID,
    STAGED,
    WAIT,
    HeldTable,
    KeptRuns,
    check_folder,
    check_key,
    counted_table,
    counting_statement,
    held_runs,
    key_columns,
    locked,
    of_days,
    only_own,
    quoted,
    reaching,
    runs_statement,
)

__all__ = ["SQLiteTable"]

SQLITE_TYPES = {"int64": "INTEGER", "double": "REAL", "bool": "INTEGER"}


class SQLiteTable:
    """A table of a SQLite database, which may have other tables."""

    def __init__(
        self, path: Path, table: str, name: str, keeping: KeptRuns | None = None, id_column: str = KEY
    ) -> None:
        self.path, self.table, self.name, self.keeping = files.target(path), table, name, keeping
        self.id_column = id_column

    @property
    def key(self) -> str:
        """Return digits for the name of the lock, since two tables of a file may be published at the same time."""
        return hashlib.sha256(self.table.lower().encode()).hexdigest()[:8]

    @property
    def staged(self) -> str:
        return f"{self.table}{STAGED}"

    def connect(self) -> sqlite3.Connection:
        """Connect, leaving transactions to the caller."""
        return sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(f".{self.path.name}.{self.key}.lock"), self.name)

    def holds(self) -> HeldTable | None:
        if not self.path.exists():
            return None
        with reaching(self.name, failures=(sqlite3.Error,)), contextlib.closing(self.connect()) as connection:
            if not self.is_replaced(connection):
                return None
            rows = connection.execute(f"PRAGMA table_info({quoted(self.table)})").fetchall()
            check_key(self.name, [row[1] for row in rows if row[5]], self.id_column, self.keeping)
            latest = " ORDER BY as_of DESC" if self.keeping else ""
            first = f"SELECT {quoted(RUN_ID)}, as_of FROM {quoted(self.table)}{latest} LIMIT 1"
            row = connection.execute(first).fetchone()
            return None if row is None else HeldTable(str(row[0]), str(row[1]))

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        with reaching(self.name, failures=(sqlite3.Error,)), contextlib.closing(self.connect()) as connection:
            row = connection.execute(
                counting_statement(quoted(self.table), columns, run_id if self.keeping else None)
            ).fetchone()
        return counted_table(run_id, row, columns)

    def runs(self) -> list[HeldTable]:
        if not self.path.exists():
            return []
        with reaching(self.name, failures=(sqlite3.Error,)), contextlib.closing(self.connect()) as connection:
            if not self.is_replaced(connection):
                return []
            return held_runs(connection.execute(runs_statement(quoted(self.table))).fetchall())

    def remove(self, days: Sequence[str]) -> None:
        with reaching(self.name, failures=(sqlite3.Error,)), contextlib.closing(self.connect()) as connection:
            connection.execute(f"DELETE FROM {quoted(self.table)} WHERE {of_days(days)}")

    def columns(self, connection: sqlite3.Connection, table: str) -> dict[str, str]:
        """Return the columns of a table and their declared types."""
        return {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")}

    def is_replaced(self, connection: sqlite3.Connection) -> bool:
        """Return whether there is a table to replace; InvalidJob if it is not one that this sink writes."""
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(self.table)})")]
        if names:
            only_own(self.name, names, self.id_column)
        return bool(names)

    def check_access(self) -> None:
        check_folder(self.path, self.name)

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> _StagedSQLite:
        """Stage a table, without comments on columns, which SQLite does not have."""
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
        key = f"PRIMARY KEY ({', '.join(map(quoted, key_columns(sink.id_column, sink.keeping)))})"
        self._connection.execute(f"CREATE TABLE {quoted(sink.staged)} ({columns}, {key}) WITHOUT ROWID")

    def write(self, rows: pa.Table) -> None:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            # Each batch has its own transaction, so that readers wait only briefly.
            for batch in rows.to_batches(max_chunksize=65_536):
                columns = [_to_sqlite(column) for column in batch.columns]
                self._connection.execute("BEGIN")
                self._connection.executemany(self._insert, zip(*columns, strict=True))
                self._connection.execute("COMMIT")

    def count(self) -> int:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            return int(self._connection.execute(f"SELECT count(*) FROM {quoted(self._sink.staged)}").fetchone()[0])

    def publish(self) -> None:
        with reaching(self._sink.name, failures=(sqlite3.Error,)):
            self._connection.execute("BEGIN IMMEDIATE")
            if self._sink.is_replaced(self._connection):
                self._replace_rows()
            else:
                staged, table = quoted(self._sink.staged), quoted(self._sink.table)
                self._connection.execute(f"ALTER TABLE {staged} RENAME TO {table}")
            self._connection.execute("COMMIT")

    def _replace_rows(self) -> None:
        """Replace the rows in place, which keeps views, triggers and indexes."""
        sink, connection = self._sink, self._connection
        table, staged = quoted(sink.table), quoted(sink.staged)
        old, new = sink.columns(connection, sink.table), sink.columns(connection, sink.staged)
        changed = [name for name, kind in new.items() if old.get(name, kind) != kind]
        if changed:
            raise InvalidJob(
                f"{sink.name}: the type of column {', '.join(map(repr, changed))} changed: rename or drop the table, "
                "or give this sink another one."
            )
        for name, kind in new.items():
            if name not in old:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {kind}")
        others, dropped = columns_not_written(old, new)
        same_day = ""
        if sink.keeping is None:
            statements = list(replacing_statements(table, staged, list(new), dropped, keep=bool(others)))
        else:
            day = str(connection.execute(f"SELECT max(as_of) FROM {staged}").fetchone()[0])
            days = [str(row[0]) for row in connection.execute(f"SELECT DISTINCT as_of FROM {table}")]
            same_day = f" WHERE {of_days([day])}"
            removed = of_days(to_remove(sink.keeping, days, day))
            statements = [f"DELETE FROM {table} WHERE {removed}", inserting_statement(table, staged, list(new))]
        for statement in statements:
            connection.execute(statement)
        tables = (f"{table}{same_day}", staged)
        counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]
        if counts[0] != counts[1]:
            raise InvalidJob(f"{sink.name}: a trigger changed the number of rows; nothing was published.")

    def discard(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute(f"DROP TABLE IF EXISTS {quoted(self._sink.staged)}")
        self._connection.close()


def _to_sqlite(column: pa.Array) -> list[Any]:
    """Return values for SQLite, with dates as text."""
    if pa.types.is_date(column.type):
        return [None if day is None else day.isoformat() for day in column.to_pylist()]
    return list(column.to_pylist())

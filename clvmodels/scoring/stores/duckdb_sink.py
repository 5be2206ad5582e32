"""DuckDB as a sink: a file of its own is written under another name and replaces the old one in one step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from clvmodels import files
from clvmodels.errors import InvalidOption, StoreUnreachable
from clvmodels.scoring.stores.store import (
    NOT_UNIQUE,
    RUN_ID,
    STAGED,
    HeldTable,
    check_folder,
    comment_statements,
    counted_table,
    counting_statement,
    locked,
    needs,
    only_scores,
    quoted,
    reaching,
    sync,
)

__all__ = ["DuckDBFile"]

OLD = "clv old file"  # its name while it is attached


class DuckDBFile:
    """A DuckDB file with no other table; each run writes a new file, which replaces the old one.

    Views, macros, sequences, types, indexes and schemas of the old file are in the new one too.
    """

    def __init__(self, path: Path, table: str, name: str) -> None:
        self.path, self.table, self.name = files.target(path), table, name
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

    def holds(self) -> HeldTable | None:
        if not self.path.exists():
            return None
        with self.connected(self.path, read_only=True) as connection:
            tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            if tables - {self.table}:
                raise InvalidOption(
                    f"{self.name}: the file also holds {', '.join(sorted(map(repr, tables - {self.table})))}, and it "
                    "would be replaced as a whole: give this sink a file of its own."
                )
            if not tables:
                return None
            columns = connection.execute("SELECT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
            only_scores(self.name, [name for (name,) in columns])
            row = connection.execute(f"SELECT {quoted(RUN_ID)}, as_of FROM {quoted(self.table)} LIMIT 1").fetchone()
            return None if row is None else HeldTable(str(row[0]), str(row[1]))

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        with self.connected(self.path, read_only=True) as connection:
            row = connection.execute(counting_statement(quoted(self.table), columns)).fetchone()
        return counted_table(run_id, row, columns)

    def finish_log(self) -> None:
        """Empty the write-ahead log of the old file: next to a new file it would make it unreadable."""
        log = self.path.with_name(f"{self.path.name}.wal")
        if log.exists():
            with self.connected(self.path, read_only=False) as connection:
                connection.execute("CHECKPOINT")
        if log.exists():
            raise StoreUnreachable(f"{self.name}: {log} is in use by another program: close it, and run again.")

    def check_access(self) -> None:
        check_folder(self.path, self.name)

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> _StagedDuckDB:
        with reaching(self.name, failures=(self.duckdb.Error,)):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _remove(self.staged)
            return _StagedDuckDB(self, comments or {})


class _StagedDuckDB:
    def __init__(self, sink: DuckDBFile, comments: Mapping[str, str]) -> None:
        self._sink, self._comments = sink, comments
        self._connection: Any = sink.duckdb.connect(str(sink.staged))
        self._created = False
        if sink.path.exists() and sink.path.stat().st_size:
            self._copy_definitions()

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        with reaching(self._sink.name, failures=(self._sink.duckdb.Error,)):
            yield

    def _copy_definitions(self) -> None:
        """Define in the new file whatever the old one has, without rows."""
        old = str(self._sink.path).replace("'", "''")
        (name,) = self._connection.execute("SELECT current_database()").fetchone()
        self._connection.execute(f"ATTACH '{old}' AS {quoted(OLD)} (READ_ONLY)")
        self._connection.execute(f"COPY FROM DATABASE {quoted(OLD)} TO {quoted(name)} (SCHEMA)")
        self._connection.execute(f"DETACH {quoted(OLD)}")

    def write(self, rows: pa.Table) -> None:
        table = quoted(self._sink.table)
        with self._reaching():
            self._connection.register("rows_to_add", rows)
            insert = f"INSERT INTO {table}" if self._created else f"CREATE OR REPLACE TABLE {table} AS"
            self._connection.execute(f"{insert} SELECT * FROM rows_to_add")
            self._connection.unregister("rows_to_add")
            self._created = True

    def count(self) -> int:
        """Count the rows in the closed file, since closing does not report what could not be written."""
        with self._reaching():
            if self._created:
                for statement in comment_statements(quoted(self._sink.table), self._comments):
                    self._connection.execute(statement)
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        with self._sink.connected(self._sink.staged, read_only=True) as connection:
            counts = f"SELECT count(*), count(DISTINCT customer_id) FROM {quoted(self._sink.table)}"
            rows, customers = connection.execute(counts).fetchone()
        if rows != customers or self._sink.staged.with_name(f"{self._sink.staged.name}.wal").exists():
            raise StoreUnreachable(f"{self._sink.name}: {NOT_UNIQUE}")
        return int(rows)

    def publish(self) -> None:
        with self._reaching():
            self._sink.finish_log()
            files.keep_rights(self._sink.path, self._sink.staged)
            sync(self._sink.staged)
            self._sink.staged.replace(self._sink.path)
            sync(self._sink.path.parent)

    def discard(self) -> None:
        with contextlib.suppress(self._sink.duckdb.Error):
            self._connection.close()
        _remove(self._sink.staged)


def _remove(path: Path) -> None:
    """Remove a database file and its write-ahead log."""
    for leftover in (path, path.with_name(f"{path.name}.wal")):
        leftover.unlink(missing_ok=True)

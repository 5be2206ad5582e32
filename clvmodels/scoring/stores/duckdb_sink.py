"""DuckDB as a sink: each run writes a file under another name, which replaces the old one in one step.

If runs of other days are kept, their rows are copied from the old file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from clvmodels import files
from clvmodels.errors import InvalidJob, InvalidOption, StoreUnreachable
from clvmodels.scoring.stores.replacement import columns_not_written, to_remove
from clvmodels.scoring.stores.store import (
    KEY,
    NOT_UNIQUE,
    RUN_ID,
    STAGED,
    HeldTable,
    KeptRuns,
    check_folder,
    check_key,
    comment_statements,
    counted_table,
    counting_statement,
    held_runs,
    literal,
    locked,
    needs,
    of_days,
    only_own,
    quoted,
    reaching,
    runs_statement,
    sync,
)

__all__ = ["DuckDBFile"]

OLD = "clv old file"  # its name while it is attached


class DuckDBFile:
    """A DuckDB file without other tables; each run writes a new file, which replaces the old one.

    Views, macros, sequences, types, indexes and schemas of the old file are copied to the new one.
    """

    def __init__(
        self, path: Path, table: str, name: str, keeping: KeptRuns | None = None, id_column: str = KEY
    ) -> None:
        self.path, self.table, self.name, self.keeping = files.target(path), table, name, keeping
        self.id_column = id_column
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
            only_own(self.name, [name for (name,) in columns], self.id_column)
            ((days,),) = connection.execute(f"SELECT count(DISTINCT as_of) FROM {quoted(self.table)}").fetchall()
            if days > 1:  # the table has no key that would prevent it
                check_key(self.name, (self.id_column, "as_of"), self.id_column, self.keeping)
            first = f"SELECT {quoted(RUN_ID)}, as_of FROM {quoted(self.table)} ORDER BY as_of DESC LIMIT 1"
            row = connection.execute(first).fetchone()
            return None if row is None else HeldTable(str(row[0]), str(row[1]))

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        with self.connected(self.path, read_only=True) as connection:
            one = run_id if self.keeping else None
            row = connection.execute(counting_statement(quoted(self.table), columns, one)).fetchone()
        return counted_table(run_id, row, columns)

    def runs(self) -> list[HeldTable]:
        if self.holds() is None:
            return []
        with self.connected(self.path, read_only=True) as connection:
            return held_runs(connection.execute(runs_statement(quoted(self.table))).fetchall())

    def remove(self, days: Sequence[str]) -> None:
        with self.connected(self.path, read_only=False) as connection:
            connection.execute(f"DELETE FROM {quoted(self.table)} WHERE {of_days(days)}")

    def finish_log(self) -> None:
        """Empty the write-ahead log of the old file, which would make a new file of the same name unreadable."""
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
        self._insert = ""  # empty until the first rows, whose columns and types the table gets
        self._name = str(self._connection.execute("SELECT current_database()").fetchall()[0][0])
        self._has_old = sink.path.exists() and sink.path.stat().st_size > 0
        if self._has_old:
            self._connection.execute(f"ATTACH {literal(str(sink.path))} AS {quoted(OLD)} (READ_ONLY)")
            self._connection.execute(f"COPY FROM DATABASE {quoted(OLD)} TO {quoted(self._name)} (SCHEMA)")

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        with reaching(self._sink.name, failures=(self._sink.duckdb.Error,)):
            yield

    @property
    def _table(self) -> str:
        return quoted(self._sink.table)

    @property
    def _old_table(self) -> str:
        return f"{quoted(OLD)}.{self._table}"

    def write(self, rows: pa.Table) -> None:
        with self._reaching():
            self._connection.register("rows_to_add", rows)
            if not self._insert:
                self._insert = self._prepare()
            self._connection.execute(self._insert)
            self._connection.unregister("rows_to_add")

    def _prepare(self) -> str:
        """Create the table, or add columns to the copied one, and return the statement that inserts rows.

        Columns that others added keep the values of customers who stay.
        """
        old, new = self._columns(f"SELECT * FROM {self._table}"), self._columns("SELECT * FROM rows_to_add")
        names = ", ".join(map(quoted, new))
        if not old:
            self._connection.execute(f"CREATE TABLE {self._table} AS SELECT * FROM rows_to_add LIMIT 0")
        changed = [name for name, kind in new.items() if old.get(name, kind) != kind]
        if changed:
            raise InvalidJob(
                f"{self._sink.name}: the type of column {', '.join(map(repr, changed))} changed: rename or drop the "
                "table, or give this sink another file."
            )
        for name, kind in new.items():
            if old and name not in old:
                self._connection.execute(f"ALTER TABLE {self._table} ADD COLUMN {quoted(name)} {kind}")
        others, _ = columns_not_written(old, new)
        if not others or self._sink.keeping:
            return f"INSERT INTO {self._table} ({names}) SELECT {names} FROM rows_to_add"
        added = ", ".join(map(quoted, others))
        read = ", ".join([*(f"r.{quoted(name)}" for name in new), *(f"o.{quoted(name)}" for name in others)])
        return (
            f"INSERT INTO {self._table} ({names}, {added}) SELECT {read} FROM rows_to_add AS r "
            f"LEFT JOIN {self._old_table} AS o USING ({quoted(self._sink.id_column)})"
        )

    def _columns(self, query: str) -> dict[str, str]:
        """Return the columns of a query and their types, or no columns if its table does not exist."""
        try:
            return {row[0]: row[1] for row in self._connection.execute(f"DESCRIBE {query}").fetchall()}
        except self._sink.duckdb.CatalogException:
            return {}

    def _keep_runs(self) -> None:
        """Copy the rows of other days that are kept from the old file."""
        if self._sink.keeping is None or not self._has_old:
            return
        old = self._columns(f"SELECT * FROM {self._old_table}")
        if not old:
            return
        ((day,),) = self._connection.execute(f"SELECT CAST(max(as_of) AS VARCHAR) FROM {self._table}").fetchall()
        days = self._connection.execute(f"SELECT DISTINCT CAST(as_of AS VARCHAR) FROM {self._old_table}").fetchall()
        removed = of_days(to_remove(self._sink.keeping, [row[0] for row in days], day))
        names = ", ".join(map(quoted, old))
        staying = f"SELECT {names} FROM {self._old_table} WHERE NOT {removed}"
        self._connection.execute(f"INSERT INTO {self._table} ({names}) {staying}")

    def count(self) -> int:
        """Return the number of rows in the closed file, since closing does not report failed writes."""
        with self._reaching():
            counts = f"SELECT count(*), count(DISTINCT {quoted(self._sink.id_column)}) FROM {self._table}"
            ((rows, ids),) = self._connection.execute(counts).fetchall() if self._insert else [(0, 0)]
            if self._insert:
                self._keep_runs()
                for statement in comment_statements(self._table, self._comments):
                    self._connection.execute(statement)
            ((expected,),) = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchall()
            if self._has_old:
                self._connection.execute(f"DETACH {quoted(OLD)}")
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        with self._sink.connected(self._sink.staged, read_only=True) as connection:
            ((written,),) = connection.execute(f"SELECT count(*) FROM {self._table}").fetchall()
        unfinished = self._sink.staged.with_name(f"{self._sink.staged.name}.wal").exists()
        if rows != ids or written != expected or unfinished:
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

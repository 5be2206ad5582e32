"""PostgreSQL as a sink: a table is loaded under another name and takes the name of the old one in one transaction."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from clvmodels.errors import InvalidJob, JobLocked, StoreUnreachable
from clvmodels.scoring.stores.store import (
    RUN_ID,
    WAIT,
    HeldTable,
    comment_statements,
    counted_table,
    counting_statement,
    needs,
    only_scores,
    quoted,
    reaching,
)
from clvmodels.scoring.stores.uri import check_uri, hidden

__all__ = ["PostgresTable"]

# Classes of SQLSTATE: a value or a name that is wrong, a right that is missing, no such user, database or schema.
NOT_WORTH_RETRYING = ("22", "28", "3D", "3F", "42")
VIEW_RULE = re.compile("^rule .* on (?=(?:materialized )?view )")  # PostgreSQL's name for the query of a view


class PostgresTable:
    """A table of a PostgreSQL database, loaded by COPY; grants on the old table are repeated on the new one."""

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
            try:
                yield
            except self.adbc.Error as error:
                if str(getattr(error, "sqlstate", None) or "")[:2] in NOT_WORTH_RETRYING:
                    raise InvalidJob(f"{self.name}: {hidden(' '.join(str(error).split()), self.uri)}") from None
                raise

    def connect(self) -> Any:
        check_uri(self.name, self.uri)
        with self.reaching():
            return self.adbc.connect(self.uri)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold an advisory lock of the database, which ends with the connection."""
        connection = self.connect()
        try:
            (free,) = self.rows(connection, f"SELECT pg_try_advisory_lock({int(self.key, 16) - 2**63})")[0]
            if not free:
                raise JobLocked(f"{self.name}: another job is writing this table; nothing was changed.")
            yield
        finally:
            with contextlib.suppress(self.adbc.Error):
                connection.close()

    def holds(self) -> HeldTable | None:
        connection = self.connect()
        try:
            if not self.rows(connection, "SELECT 1 FROM pg_namespace WHERE nspname = $1", [self.schema]):
                raise InvalidJob(
                    f"{self.name}: schema {self.schema!r} does not exist: create it, or change db_schema of this sink."
                )
            if not self.is_replaced(connection):
                return None
            first = f"SELECT {quoted(RUN_ID)}::text, as_of::text FROM {self.address(self.table)} LIMIT 1"
            rows = self.rows(connection, first)
            return HeldTable(str(rows[0][0]), str(rows[0][1])) if rows else None
        finally:
            connection.close()

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        connection = self.connect()
        try:
            row = self.rows(connection, counting_statement(self.address(self.table), columns))[0]
        finally:
            connection.close()
        return counted_table(run_id, row, columns)

    def is_replaced(self, connection: Any) -> bool:
        """Return whether there is a table to replace; InvalidJob if it is not a score table."""
        columns = self.rows(
            connection,  # not from information_schema, which leaves out columns that the user may not read
            "SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            [self.schema, self.table],
        )
        if columns:
            only_scores(self.name, [name for (name,) in columns])
            self._refuse_dependents(connection)
        return bool(columns)

    def _refuse_dependents(self, connection: Any) -> None:
        """Refuse to drop a table that views or other tables depend on: they would be dropped with it."""
        dependents = self.rows(
            connection,
            "SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d "
            "JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND d.deptype = 'n' AND NOT EXISTS (SELECT 1 FROM pg_depend own "
            "WHERE own.classid = d.classid AND own.objid = d.objid AND own.refobjid = c.oid AND own.deptype <> 'n')",
            [self.schema, self.table],
        )
        if dependents:
            names = ", ".join(sorted(VIEW_RULE.sub("", name) for (name,) in dependents))
            raise InvalidJob(
                f"{self.name}: {names} would be lost with the old table, which each run replaces, so nothing was "
                "published here: drop it and let it read a copy, or give this sink a table with another name."
            )

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> _StagedPostgres:
        return _StagedPostgres(self, run_id, comments or {})

    def rows(self, connection: Any, statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        with self.reaching(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def run(self, connection: Any, statement: str) -> None:
        """Run a statement."""
        with self.reaching(), connection.cursor() as cursor:
            cursor.execute(statement)


class _StagedPostgres:
    def __init__(self, sink: PostgresTable, run_id: str, comments: Mapping[str, str]) -> None:
        self._sink, self._comments = sink, comments
        self._connection = sink.connect()
        self._created = False
        self._index = f"clv_{sink.key}_{run_id[:16]}"
        sink.run(self._connection, f"DROP TABLE IF EXISTS {sink.address(sink.staged)}")
        self._commit()

    def write(self, rows: pa.Table) -> None:
        with self._sink.reaching(), self._connection.cursor() as cursor:
            mode = "append" if self._created else "create"
            cursor.adbc_ingest(self._sink.staged, rows.to_reader(), mode=mode, db_schema_name=self._sink.schema)
            self._created = True

    def count(self) -> int:
        staged = self._sink.address(self._sink.staged)
        key = f"ADD CONSTRAINT {quoted(self._index)} PRIMARY KEY ({quoted('customer_id')})"
        self._sink.run(self._connection, f"ALTER TABLE {staged} {key}")
        rows = int(self._sink.rows(self._connection, f"SELECT count(*) FROM {staged}")[0][0])
        for statement in comment_statements(staged, self._comments):
            self._sink.run(self._connection, statement)
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
        """Return statements that give readers of the old table the same rights on the new one."""
        rights = self._sink.rows(
            self._connection,
            "SELECT a.privilege_type, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
            "aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.grantee <> c.relowner",
            [self._sink.schema, self._sink.table],
        )
        staged = self._sink.address(self._sink.staged)
        return [f"GRANT {right} ON {staged} TO {quoted(role) if role else 'PUBLIC'}" for right, role in rights]

    def _commit(self) -> None:
        with self._sink.reaching():
            self._connection.commit()

"""PostgreSQL as a sink: rows are staged in a separate table and replace those of the table in one transaction.

The table itself stays, with its owner, grants, policies, triggers, indexes, comments and dependent objects.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from clvmodels.errors import InvalidJob, JobLocked, StoreUnreachable
from clvmodels.scoring.stores.replacement import (
    columns_not_written,
    inserting_statement,
    replacing_statements,
    to_remove,
)
from clvmodels.scoring.stores.store import (
    KEY,
    RUN_ID,
    WAIT,
    HeldTable,
    KeptRuns,
    check_key,
    comment_statements,
    counted_table,
    counting_statement,
    held_runs,
    key_columns,
    literal,
    needs,
    of_days,
    only_own,
    quoted,
    reaching,
    runs_statement,
)
from clvmodels.scoring.stores.uri import check_uri, hidden

__all__ = ["PostgresTable"]

# Classes of SQLSTATE: wrong values or names, missing rights, unknown users, databases or schemas.
NOT_WORTH_RETRYING = ("22", "28", "3D", "3F", "42")
LOCK_NOT_AVAILABLE = "55P03"
LOCK_SECONDS, PAUSE = 2, 3  # readers wait behind an attempt for at most this long, and can pass in the pause
ATTEMPTS = WAIT // (LOCK_SECONDS + PAUSE)


class _Locked(StoreUnreachable):
    """Another connection holds a lock that is needed."""


class PostgresTable:
    """A table of a PostgreSQL database, whose rows are loaded by COPY into a staged table and replaced in place."""

    def __init__(
        self, uri: str, schema: str, table: str, name: str, keeping: KeptRuns | None = None, id_column: str = KEY
    ) -> None:
        self.uri, self.schema, self.table, self.name, self.keeping = uri, schema, table, name, keeping
        self.id_column = id_column
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
                state = str(getattr(error, "sqlstate", None) or "")
                if state == LOCK_NOT_AVAILABLE:
                    raise _Locked from None
                if state[:2] in NOT_WORTH_RETRYING:
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
            self.check_key(connection)
            latest = " ORDER BY as_of DESC" if self.keeping else ""
            first = f"SELECT {quoted(RUN_ID)}::text, as_of::text FROM {self.address(self.table)}{latest} LIMIT 1"
            rows = self.rows(connection, first)
            return HeldTable(str(rows[0][0]), str(rows[0][1])) if rows else None
        finally:
            connection.close()

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        connection = self.connect()
        try:
            one = run_id if self.keeping else None
            row = self.rows(connection, counting_statement(self.address(self.table), columns, one))[0]
        finally:
            connection.close()
        return counted_table(run_id, row, columns)

    def runs(self) -> list[HeldTable]:
        connection = self.connect()
        try:
            statement = runs_statement(self.address(self.table))
            return held_runs(self.rows(connection, statement)) if self.is_replaced(connection) else []
        finally:
            connection.close()

    def remove(self, days: Sequence[str]) -> None:
        connection = self.connect()
        try:
            self.refuse_hidden_rows(connection)
            self.run(connection, f"DELETE FROM {self.address(self.table)} WHERE {of_days(days)}")
            with self.reaching():
                connection.commit()
        finally:
            connection.close()

    def check_key(self, connection: Any) -> None:
        """Raise an InvalidJob if the key of the table does not suit the way the sink treats runs of other days."""
        table = literal(self.address(self.table))
        rows = self.rows(
            connection,
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            f"AND a.attnum = ANY(i.indkey) WHERE i.indisprimary AND i.indrelid = {table}::regclass",
        )
        check_key(self.name, [name for (name,) in rows], self.id_column, self.keeping)

    def is_replaced(self, connection: Any) -> bool:
        """Return whether there is a table to replace; InvalidJob if it is not one that this sink writes."""
        columns = self.rows(
            connection,  # information_schema would leave out columns that the user may not read
            "SELECT a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            [self.schema, self.table],
        )
        if columns:
            only_own(self.name, [name for (name,) in columns], self.id_column)
        return bool(columns)

    def columns(self, connection: Any, table: str) -> dict[str, str]:
        """Return the columns of a table and their types in order; raise an InvalidJob if it is not a table."""
        rows = self.rows(
            connection,
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), c.relkind::text FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            [self.schema, table],
        )
        if any(kind not in ("r", "p") for _, _, kind in rows):
            raise InvalidJob(f"{self.name}: is not a table: name a table, or drop what has its name.")
        return {name: kind for name, kind, _ in rows}

    def refuse_hidden_rows(self, connection: Any) -> None:
        """Raise an InvalidJob if policies may hide rows from this role, which would then not be replaced."""
        table = literal(self.address(self.table))
        ((hidden_rows, role),) = self.rows(connection, f"SELECT row_security_active({table}), current_user::text")
        if hidden_rows:
            raise InvalidJob(
                f"{self.name}: row-level security applies to role {role!r}, which may not see every row, so nothing "
                "was published: let the job run as the owner of the table, or as a role with BYPASSRLS."
            )

    def is_referenced(self, connection: Any) -> bool:
        """Return whether foreign keys of other tables point at the table."""
        table = literal(self.address(self.table))
        keys = f"SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = {table}::regclass"
        return bool(self.rows(connection, keys)[0][0])

    def check_access(self) -> None:
        connection = self.connect()
        try:
            lacking = []
            may_create = "SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1"
            if self.rows(connection, may_create, [self.schema]) == [(False,)]:
                lacking.append(f"CREATE on schema {self.schema!r}")
            if self.columns(connection, self.table):
                self.refuse_hidden_rows(connection)
                address = self.address(self.table)
                granted = "SELECT has_table_privilege($1, $2)"
                lacking += [
                    f"{right} on {address}"
                    for right in ("SELECT", "INSERT", "DELETE")
                    if not self.rows(connection, granted, [address, right])[0][0]
                ]
            if lacking:
                role = self.rows(connection, "SELECT current_user::text")[0][0]
                raise InvalidJob(f"{self.name}: role {role!r} lacks {', '.join(lacking)}: grant it.")
        finally:
            connection.close()

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
        self._index = f"clv_{sink.key}_{secrets.token_hex(8)}"  # the table may still have the index of the same run
        sink.run(self._connection, f"DROP TABLE IF EXISTS {sink.address(sink.staged)}")
        self._commit()

    def write(self, rows: pa.Table) -> None:
        with self._sink.reaching(), self._connection.cursor() as cursor:
            mode = "append" if self._created else "create"
            cursor.adbc_ingest(self._sink.staged, rows.to_reader(), mode=mode, db_schema_name=self._sink.schema)
            self._created = True

    def count(self) -> int:
        staged = self._sink.address(self._sink.staged)
        names = ", ".join(map(quoted, key_columns(self._sink.id_column, self._sink.keeping)))
        key = f"ADD CONSTRAINT {quoted(self._index)} PRIMARY KEY ({names})"
        self._sink.run(self._connection, f"ALTER TABLE {staged} {key}")
        rows = int(self._sink.rows(self._connection, f"SELECT count(*) FROM {staged}")[0][0])
        for statement in comment_statements(staged, self._comments):
            self._sink.run(self._connection, statement)
        self._sink.run(self._connection, f"ANALYZE {staged}")
        self._commit()
        return rows

    def publish(self) -> None:
        """Publish in one transaction, and retry if a lock is not free within a short time.

        Later readers of the table wait behind a waiting lock, so no attempt waits long.
        """
        for attempt in range(ATTEMPTS):
            try:
                self._publish()
            except _Locked:
                self._connection.rollback()
                if attempt == ATTEMPTS - 1:
                    raise StoreUnreachable(
                        f"{self._sink.name}: others held locks on the table for {WAIT} seconds: run again."
                    ) from None
                time.sleep(PAUSE)
            else:
                return

    def _publish(self) -> None:
        sink, connection = self._sink, self._connection
        sink.run(connection, f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        if sink.is_replaced(connection):
            self._replace_rows()
        else:
            sink.run(connection, f"ALTER TABLE {sink.address(sink.staged)} RENAME TO {quoted(sink.table)}")
        self._commit()

    def _replace_rows(self) -> None:
        """Replace the rows of the table in place, which keeps dependent objects."""
        sink, connection = self._sink, self._connection
        table, staged = sink.address(sink.table), sink.address(sink.staged)
        sink.refuse_hidden_rows(connection)
        old, new = sink.columns(connection, sink.table), sink.columns(connection, sink.staged)
        changed = [f"{name!r} from {old[name]} to {kind}" for name, kind in new.items() if old.get(name, kind) != kind]
        if changed:
            raise InvalidJob(
                f"{sink.name}: the type of column {', '.join(changed)} changed, and what others built on the table "
                "would be lost with it: rename or drop the table, or give this sink another one."
            )
        for name in new:
            if name not in old:
                sink.run(connection, f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {new[name]}")
                if name in self._comments:
                    sink.run(connection, comment_statements(table, {name: self._comments[name]})[0])
        sink.run(connection, f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")  # readers are not blocked
        others, dropped = columns_not_written(old, new)
        keep = bool(others) or sink.is_referenced(connection)
        same_day = ""
        if sink.keeping is None:
            statements = list(replacing_statements(table, staged, list(new), dropped, keep=keep))
        else:
            day = str(sink.rows(connection, f"SELECT max(as_of)::text FROM {staged}")[0][0])
            days = [str(row[0]) for row in sink.rows(connection, f"SELECT DISTINCT as_of::text FROM {table}")]
            same_day = f" WHERE {of_days([day])}"
            removed = of_days(to_remove(sink.keeping, days, day))
            statements = [f"DELETE FROM {table} WHERE {removed}", inserting_statement(table, staged, list(new))]
        for statement in statements:
            sink.run(connection, statement)
        counts = f"SELECT (SELECT count(*) FROM {table}{same_day}), (SELECT count(*) FROM {staged})"
        rows, staged_rows = sink.rows(connection, counts)[0]
        if rows != staged_rows:
            raise InvalidJob(
                f"{sink.name}: the table would have {rows:,} rows instead of {staged_rows:,}, because of a trigger, a "
                "rule or a policy on it; nothing was published."
            )

    def discard(self) -> None:
        with contextlib.suppress(StoreUnreachable, self._sink.adbc.Error):
            self._connection.rollback()
            self._sink.run(self._connection, f"DROP TABLE IF EXISTS {self._sink.address(self._sink.staged)}")
            self._commit()
        with contextlib.suppress(self._sink.adbc.Error):
            self._connection.close()

    def _commit(self) -> None:
        with self._sink.reaching():
            self._connection.commit()

"""Ibis: tables of DuckDB, PostgreSQL or SQLite, whose queries run in their database."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clvmodels.frames.engines.arrow import arrow_reader
from clvmodels.frames.engines.dialects import DIALECTS, Dialect
from clvmodels.frames.engines.protocol import ColumnType, Engine, OutputTypes

if TYPE_CHECKING:
    import ibis

__all__ = ["IbisEngine", "computes_in"]

COMPUTING = ("duckdb", "postgres", "sqlite")  # backends in which queries are tested; others are copied
IBIS_TYPES = {
    "integer": "int64",
    "number": "float64",
    "text": "string",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}


def computes_in(table: ibis.Table) -> bool:
    """Return whether queries can run in the database of a table; memtables are in none."""
    import ibis.expr.operations as operations

    return table.get_backend().name in COMPUTING and not table.op().find(operations.InMemoryTable)


class IbisEngine(Engine):
    """A table of Ibis.

    Parameters
    ----------
    table : ibis.Table
    """

    def __init__(self, table: ibis.Table) -> None:
        import ibis

        super().__init__()
        self.backend = table.get_backend()
        self.title = f"Ibis on {self.backend.name}"
        self.dialect = DIALECTS[self.backend.name]
        self.table_of_log = table
        self.source = f"({ibis.to_sql(table)}) AS {self.source}"

    def _column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column."""
        return {name: _column_type(dtype) for name, dtype in self.table_of_log.schema().items()}

    def _run(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> pa.Table:
        return self._table(query, types, tables).to_pyarrow()

    def _blocks(self, query: str, types: OutputTypes, rows: int) -> Iterator[pa.Table]:
        if self.backend.name == "duckdb":  # Ibis calls its reader by a name that DuckDB 2 no longer has
            batches = arrow_reader(self.backend.con.sql(query), rows)
        else:
            batches = self._table(query, types, {}).to_pyarrow_batches(chunk_size=rows)
        for batch in batches:
            yield pa.Table.from_batches([batch])

    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        import ibis

        for name, table in tables.items():
            self._write_temporary(name, table)
        if self.backend.name == "sqlite":
            self.backend.con.create_function("md5", 1, _md5, deterministic=True)
        schema = ibis.schema({name: IBIS_TYPES[kind] for name, kind in types.items()})
        return self.backend.sql(query, schema=schema, dialect=self.backend.name)

    def execute(self, statement: str) -> None:
        """Run a statement that changes tables, and commit it."""
        self.execute_at_once([statement])

    def _execute_here(self, statement: str) -> None:
        """Run a statement about a temporary table; a cursor of DuckDB is another connection."""
        if self.backend.name == "duckdb":
            self.backend.con.execute(statement)
        else:
            self.execute(statement)

    def execute_at_once(self, statements: Sequence[str]) -> None:
        """Run statements in one transaction; PostgreSQL has already begun one."""
        connection = self.backend.con
        begins = self.backend.name != "postgres"
        cursor = connection.cursor()
        try:
            for statement in (*(["BEGIN"] if begins else []), *statements, "COMMIT"):
                cursor.execute(statement)
        except Exception:
            with contextlib.suppress(Exception):
                cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()

    def read_row(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query."""
        cursor = self.backend.con.cursor()
        try:
            row: tuple[Any, ...] = cursor.execute(query).fetchone()
        finally:
            cursor.close()
        return row

    def append(self, name: Sequence[str], rows: pa.Table) -> None:
        """Add rows to a table of the database, which is created if there is none."""
        import ibis

        *schema, table = name
        database = schema[0] if schema else None
        if self.columns_of(name) is None:
            self.backend.create_table(table, schema=ibis.Schema.from_pyarrow(rows.schema), database=database)
        self.backend.insert(table, rows, database=database)

    def columns_of(self, name: Sequence[str]) -> list[str] | None:
        """Return the columns of a table of the database; None without one."""
        *schema, table = map(self.dialect.literal, name)
        query = f"SELECT name FROM pragma_table_info({table})"
        if self.backend.name != "sqlite":
            where = f"table_name = {table} AND table_schema = {schema[0] if schema else 'current_schema()'}"
            query = (
                f"SELECT column_name FROM information_schema.columns WHERE {where} "
                "AND table_catalog = current_database() ORDER BY ordinal_position"
            )
        cursor = self.backend.con.cursor()
        try:
            rows = cursor.execute(query).fetchall()
        finally:
            cursor.close()
        return [row[0] for row in rows] or None

    def _write_temporary(self, name: str, table: pa.Table) -> None:
        """Write a temporary table in the fastest way for each driver."""
        connection = self.backend.con
        if self.backend.name == "duckdb":
            connection.register(f"{name}_given", table)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {name}_given")
            connection.unregister(f"{name}_given")
            return
        kinds = [_type_name(self.dialect, kind) for kind in table.schema.types]
        columns = ", ".join(f"{column} {kind}" for column, kind in zip(table.column_names, kinds, strict=True))
        values = _sqlite_values if self.backend.name == "sqlite" else pa.ChunkedArray.to_pylist
        rows = zip(*map(values, table.columns), strict=True)
        cursor = connection.cursor()
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        if self.backend.name == "sqlite":
            cursor.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(table.columns))})", rows)
        else:
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.close()
        connection.commit()  # the driver began a transaction, in which no other can begin

    def write_parquet(self, names: Sequence[str], path: Path) -> None:
        """Write columns of the table to a Parquet file on this machine."""
        self.table_of_log.select(*names).to_parquet(path)


def _type_name(dialect: Dialect, kind: pa.DataType) -> str:
    """Return the name of the type of a column of a temporary table."""
    if pa.types.is_integer(kind):
        return dialect.integer
    if dialect.name != "sqlite" and pa.types.is_temporal(kind):
        return "DATE" if pa.types.is_date(kind) else "TIMESTAMP"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    return dialect.double if pa.types.is_floating(kind) else dialect.text


def _sqlite_values(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column, dates as text, which is how SQLite stores them."""
    if pa.types.is_date(column.type):
        return [value and value.isoformat() for value in column.to_pylist()]
    if pa.types.is_timestamp(column.type):
        return [value and value.isoformat(" ", "microseconds") for value in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def _md5(text: str) -> str:
    """Return the hash by which customers are sampled, which SQLite lacks."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _column_type(dtype: Any) -> ColumnType:
    if dtype.is_integer():
        return "other" if dtype.is_uint64() else "integer"
    if dtype.is_floating() or dtype.is_decimal():
        return "number"
    if dtype.is_string():
        return "text"
    if dtype.is_boolean():
        return "boolean"
    if dtype.is_timestamp():
        return "timestamp" if dtype.timezone is None else "instant"
    return "date" if dtype.is_date() else "other"

"""DuckDB: relations, whose queries run in their connection."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.engines.arrow import arrow_reader, with_utc
from clvmodels.frames.engines.dialects import DIALECTS
from clvmodels.frames.engines.protocol import ColumnType, Engine, OutputTypes
from clvmodels.frames.running import first_line

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckDB", "DuckDBEngine"]

ROWS_PER_BATCH = 200_000
READ_AGAIN = ("TABLE_RELATION", "TABLE_FUNCTION_RELATION")  # repeated queries of these return the same rows
TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), "integer"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "number"),
    "VARCHAR": "text",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "instant",
}


@dataclass(frozen=True, slots=True, eq=False)
class DuckDB:
    """The kind of frame of a DuckDB relation: results are relations of the same connection.

    Attributes
    ----------
    source : duckdb.DuckDBPyRelation or None
        None after a copy to another process, where the connection does not exist: results then belong to DuckDB's
        default connection.
    """

    source: duckdb.DuckDBPyRelation | None

    def __reduce__(self) -> Any:
        return DuckDB, (None,)

    def __copy__(self) -> DuckDB:
        return self

    def __deepcopy__(self, memo: Any) -> DuckDB:
        return self

    def relation(self, columns: pa.Table) -> duckdb.DuckDBPyRelation:
        """Return a table as a relation of the connection."""
        import duckdb

        if self.source is None:
            return duckdb.from_arrow(columns)
        _clvmodels_result = columns  # DuckDB finds variables by name
        try:
            relation = self.source.query("_clvmodels_source", "SELECT * FROM _clvmodels_result")
        except duckdb.Error as error:
            raise InvalidOption(
                "The result cannot be returned as a relation of the DuckDB connection of the log: "
                f"{first_line(error)}. Keep the connection open and read pending results first."
            ) from error
        if relation is None:
            raise AssertionError("every SELECT returns a relation")
        return relation.set_alias(f"result_{id(columns):x}")


class DuckDBEngine(Engine):
    """A relation of DuckDB.

    Parameters
    ----------
    relation : duckdb.DuckDBPyRelation
    """

    title = "DuckDB"
    dialect = DIALECTS["duckdb"]

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        super().__init__()
        self.relation = relation

    def _column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column."""
        names = map(str, self.relation.types)
        return {
            column: "number" if name.startswith("DECIMAL") else TYPES.get(name, "other")
            for column, name in zip(self.relation.columns, names, strict=True)
        }

    def keep(self, query: str) -> str | None:
        """Materialize the rows of a query, unless the relation is a table or a file, which can be read again."""
        if self.relation.type in READ_AGAIN:
            return None
        name = f"{self.source}_rows"
        self._execute(f"CREATE TEMP TABLE {name} AS {query}")
        weakref.finalize(self, _drop, self.relation, name)
        return name

    def _execute(self, statement: str) -> None:
        """Run a statement that reads the relation."""
        import duckdb

        try:
            self.relation.query(self.source, statement)
        except duckdb.Error as error:
            raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error

    def execute(self, statement: str) -> None:
        """Run a statement that changes tables; it is a transaction of its own."""
        self.relation.query(self.source, statement)

    def execute_at_once(self, statements: Sequence[str]) -> None:
        """Run statements in one transaction."""
        self.execute("BEGIN TRANSACTION")
        try:
            for statement in (*statements, "COMMIT"):
                self.execute(statement)
        except Exception:
            self.execute("ROLLBACK")
            raise

    def read_row(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query."""
        relation = self.relation.query(self.source, query)
        if relation is None:
            raise AssertionError("every SELECT returns a relation")
        row: tuple[Any, ...] = relation.fetchall()[0]
        return row

    def columns_of(self, name: Sequence[str]) -> list[str] | None:
        """Return the columns of a table of the database; None without one."""
        *schema, table = map(self.dialect.literal, name)
        where = f"table_name = {table} AND schema_name = {schema[0] if schema else 'current_schema()'}"
        order = "ORDER BY column_index"
        relation = self.relation.query(
            self.source,
            f"SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND {where} {order}",
        )
        rows = [] if relation is None else relation.fetchall()
        return [row[0] for row in rows] or None

    def _run(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> pa.Table:
        relation = self._table(query, types, tables)
        read = getattr(relation, "to_arrow_table", None) or relation.fetch_arrow_table  # the name in older versions
        return read()

    def _blocks(self, query: str, types: OutputTypes, rows: int) -> Iterator[pa.Table]:
        for batch in arrow_reader(self._table(query, types, {}), rows):
            yield pa.Table.from_batches([batch])

    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        for name in tables:
            _clvmodels_table = tables[name]  # DuckDB finds variables by name
            create = f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM _clvmodels_table"
            self.relation.query(self.source, create)
        relation = self.relation.query(self.source, query)
        if relation is None:
            raise AssertionError("every SELECT returns a relation")
        return relation.set_alias(f"result_{id(relation):x}")

    def write_parquet(self, names: Sequence[str], path: Path) -> None:
        """Write columns via Arrow; files written by DuckDB turn its largest integers into floats."""
        import pyarrow.parquet as parquet

        projection = self.relation.project(", ".join(map(self.dialect.name_of, names)))
        batches = arrow_reader(projection, ROWS_PER_BATCH)
        schema = with_utc(batches.schema)
        with parquet.ParquetWriter(path, schema, compression="lz4") as writer:
            for batch in batches:
                columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _drop(relation: duckdb.DuckDBPyRelation, name: str) -> None:
    """Remove a table that was kept; a closed connection has removed it."""
    import duckdb

    with contextlib.suppress(duckdb.Error):
        relation.query("clvmodels_any", f"DROP TABLE IF EXISTS {name}")

"""Ibis: tables of DuckDB, PostgreSQL or SQLite, whose queries run in their database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clvmodels.frames.engines.dialects import DIALECTS
from clvmodels.frames.engines.protocol import ColumnType, Engine, OutputTypes

if TYPE_CHECKING:
    import ibis

__all__ = ["IbisEngine", "computes_in"]

COMPUTING = ("duckdb", "postgres", "sqlite")  # backends in which queries are tested; others are copied
IBIS_TYPES = {"integer": "int64", "number": "float64", "text": "string"}


def computes_in(table: ibis.Table) -> bool:
    """Return whether queries can run in the database of a table, which memtables are not part of."""
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

    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        import ibis

        for name, table in tables.items():
            self.backend.create_table(name, ibis.memtable(table), temp=True, overwrite=True)
        schema = ibis.schema({name: IBIS_TYPES[kind] for name, kind in types.items()})
        return self.backend.sql(query, schema=schema, dialect=self.backend.name)

    def write_parquet(self, names: Sequence[str], path: Path) -> None:
        """Write columns of the table to a Parquet file on this machine."""
        self.table_of_log.select(*names).to_parquet(path)


def _column_type(dtype: Any) -> ColumnType:
    if dtype.is_integer():
        return "other" if dtype.is_uint64() else "integer"
    if dtype.is_floating() or dtype.is_decimal():
        return "number"
    if dtype.is_string():
        return "text"
    if dtype.is_timestamp():
        return "timestamp" if dtype.timezone is None else "instant"
    return "date" if dtype.is_date() else "other"

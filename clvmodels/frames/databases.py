"""Relations of DuckDB and tables of Ibis: read once, as a stream of Arrow batches, into an unnamed temporary file.

A plan can then read the rows as often as it needs, also in parallel, without querying the database again, which might
return different rows. Memory use is small whatever the size, and the disk space is freed when the plan is deleted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.dependencies
import polars as pl
import pyarrow as pa

from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.running import first_line

if TYPE_CHECKING:
    import duckdb
    import ibis

__all__ = ["DuckDB", "convert_zones_to_utc", "database_columns", "is_database", "spool"]

ROWS_PER_BATCH = 200_000


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


def is_database(source: Any) -> bool:
    """Return whether a table is a relation of DuckDB or a table of Ibis."""
    return narwhals.dependencies.is_duckdb_relation(source) or narwhals.dependencies.is_ibis_table(source)


def database_columns(source: Any) -> list[str]:
    """Return the names of the columns of a relation or table."""
    try:
        return list(source.columns)
    except Exception as error:  # such as a closed connection
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error


def spool(source: Any, names: Sequence[str]) -> pl.LazyFrame:
    """Return a plan over the named columns of a relation or table.

    Raises
    ------
    InvalidTransactions
        If the query fails, or a column has a type that Arrow or Parquet do not support.
    """
    write = _write_ibis if narwhals.dependencies.is_ibis_table(source) else _write_duckdb
    try:
        with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "rows.parquet"
            write(source, names, path)
            with path.open("rb") as file:
                return pl.scan_parquet(file)  # the plan opens its own handle
    except Exception as error:  # any error of any database driver
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error


def _write_ibis(source: ibis.Table, names: Sequence[str], path: Path) -> None:
    """Write columns of an Ibis table to a Parquet file."""
    source.select(*names).to_parquet(path)


def _write_duckdb(source: duckdb.DuckDBPyRelation, names: Sequence[str], path: Path) -> None:
    """Write columns of a DuckDB relation via Arrow; files written by DuckDB turn its largest integers into floats."""
    import pyarrow.parquet as parquet

    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    projection = source.project(quoted)
    read = getattr(projection, "to_arrow_reader", None) or projection.fetch_arrow_reader  # the name in older versions
    batches: pa.RecordBatchReader = read(ROWS_PER_BATCH)
    schema = _with_utc(batches.schema)
    with parquet.ParquetWriter(path, schema, compression="lz4") as writer:
        for batch in batches:
            columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def convert_zones_to_utc(table: pa.Table) -> pa.Table:
    """Return a table with timestamps in UTC, whatever their zone; some zones are known to Arrow only."""
    return table.cast(_with_utc(table.schema))


def _with_utc(schema: pa.Schema) -> pa.Schema:
    """Return a schema with timestamps in UTC: the zone of a session or a table does not affect the calendar."""
    return pa.schema(
        [
            field.with_type(pa.timestamp(field.type.unit, "UTC"))
            if pa.types.is_timestamp(field.type) and field.type.tz is not None
            else field
            for field in schema
        ]
    )

"""Relations of DuckDB and tables of Ibis: read once, as a stream of Arrow batches, into a file without a name.

A plan may then go through the rows as often as it likes, and twice at once, without asking the database again, which
might answer differently; memory stays small whatever the size. The disk space is free again once the plan is gone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.dependencies as known
import polars as pl
import pyarrow as pa

from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.running import first_line

if TYPE_CHECKING:
    import duckdb
    import ibis

__all__ = ["DuckDB", "columns_of", "is_database", "plain_zones", "spooled"]

ROWS_A_BATCH = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class DuckDB:
    """Where a relation came from, so that answers are relations of the same connection.

    Attributes
    ----------
    source : duckdb.DuckDBPyRelation or None
        None after a copy to another process, which no connection survives: answers are of DuckDB's default connection.
    """

    source: duckdb.DuckDBPyRelation | None

    def __reduce__(self) -> Any:
        return DuckDB, (None,)

    def __copy__(self) -> DuckDB:
        return self

    def __deepcopy__(self, memo: Any) -> DuckDB:
        return self

    def relation(self, columns: pa.Table) -> duckdb.DuckDBPyRelation:
        """A table as a relation of the connection."""
        import duckdb

        if self.source is None:
            return duckdb.from_arrow(columns)
        _clvmodels_answer = columns  # DuckDB finds a variable by its name
        try:
            made = self.source.query("_clvmodels_source", "SELECT * FROM _clvmodels_answer")
        except duckdb.Error as error:
            raise InvalidOption(
                "The answer is to be a relation of the DuckDB connection the log came from, which refuses: "
                f"{first_line(error)}. Keep the connection open and free of unread results."
            ) from error
        assert made is not None  # as of any SELECT
        return made.set_alias(f"answer_{id(columns):x}")


def is_database(source: Any) -> bool:
    """Whether rows are held by an engine of their own."""
    return known.is_duckdb_relation(source) or known.is_ibis_table(source)


def columns_of(source: Any) -> list[str]:
    """Names of the columns of a relation or table."""
    try:
        return list(source.columns)
    except Exception as error:  # such as that of a connection that is closed
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error


def spooled(source: Any, names: Sequence[str]) -> pl.LazyFrame:
    """Plan over the named columns of a relation or table.

    Raises
    ------
    InvalidTransactions
        When the database cannot answer, or a column is of a type Arrow or Parquet do not know.
    """
    write = _write_ibis if known.is_ibis_table(source) else _write_duckdb
    try:
        with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "rows.parquet"
            write(source, names, path)
            with path.open("rb") as file:
                return pl.scan_parquet(file)  # which takes a handle of its own
    except Exception as error:  # of any database and its driver
        raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error


def _write_ibis(source: ibis.Table, names: Sequence[str], path: Path) -> None:
    source.select(*names).to_parquet(path)


def _write_duckdb(source: duckdb.DuckDBPyRelation, names: Sequence[str], path: Path) -> None:
    """By way of Arrow: what DuckDB writes itself turns its largest integers into floats."""
    import pyarrow.parquet as parquet

    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    chosen = source.project(quoted)
    read = getattr(chosen, "to_arrow_reader", None) or chosen.fetch_arrow_reader  # as older versions call it
    batches: pa.RecordBatchReader = read(ROWS_A_BATCH)
    schema = _plain(batches.schema)
    with parquet.ParquetWriter(path, schema, compression="lz4") as writer:
        for batch in batches:
            columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def plain_zones(table: pa.Table) -> pa.Table:
    """A table with its moments in UTC, whatever zone they are told in; some zones only Arrow knows."""
    return table.cast(_plain(table.schema))


def _plain(schema: pa.Schema) -> pa.Schema:
    """Zones of a session or a table mean nothing to the calendar: moments are told in UTC."""
    return pa.schema(
        [
            field.with_type(pa.timestamp(field.type.unit, "UTC"))
            if pa.types.is_timestamp(field.type) and field.type.tz is not None
            else field
            for field in schema
        ]
    )

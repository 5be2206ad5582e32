"""Arrow tables: read them from DuckDB in batches, and convert timestamps to UTC, whatever the zone of the session."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

__all__ = ["arrow_reader", "convert_zones_to_utc", "with_utc"]


def convert_zones_to_utc(table: pa.Table) -> pa.Table:
    """Return a table with timestamps in UTC, whatever their zone; some zones are known to Arrow only."""
    return table.cast(with_utc(table.schema))


def with_utc(schema: pa.Schema) -> pa.Schema:
    """Return a schema with timestamps in UTC: the zone of a session or a table does not affect the calendar."""
    return pa.schema(
        [
            field.with_type(pa.timestamp(field.type.unit, "UTC"))
            if pa.types.is_timestamp(field.type) and field.type.tz is not None
            else field
            for field in schema
        ]
    )


def arrow_reader(relation: Any, rows: int) -> pa.RecordBatchReader:
    """Return a reader of the rows of a DuckDB relation, in batches of at most `rows`."""
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader  # the name in older versions
    batches: pa.RecordBatchReader = read(rows)
    return batches

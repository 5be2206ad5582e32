"""Arrow tables: timestamps in UTC, whatever the zone that a session or a table shows them in."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["convert_zones_to_utc", "with_utc"]


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

"""The columns of published tables as records, and their comments, data dictionary and schema.yml of dbt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from clvmodels.scoring.config.sinks import SinkSettings

__all__ = ["TableColumn", "column_comments", "data_dictionary", "dbt_schema", "schema"]

NEVER_MISSING = ("customer_id", "as_of", "run_id", "schema_version")


@dataclass(frozen=True, slots=True, eq=False)
class TableColumn:
    """A column of a table that a run publishes.

    Attributes
    ----------
    name : str
    dtype : pyarrow.DataType
    unit : str
        Such as "days" or "money"; empty where a value has none.
    description : str
        What a value means, for the data dictionary and the comments in databases.
    additive : bool
        Whether its sum has a meaning: over customers, it is a total that the manifest keeps and the gates compare.
    """

    name: str
    dtype: pa.DataType
    unit: str
    description: str
    additive: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values."""
        return {
            "name": self.name,
            "dtype": str(self.dtype),
            "unit": self.unit,
            "description": self.description,
            "additive": self.additive,
        }


def schema(columns: Sequence[TableColumn]) -> pa.Schema:
    """Return the Arrow schema of a table."""
    return pa.schema([(column.name, column.dtype) for column in columns])


def column_comments(columns: Sequence[TableColumn]) -> dict[str, str]:
    """Return the comment of each column for a database: its description and unit."""
    return {column.name: f"{column.description} {_unit_note(column)}".strip() for column in columns}


def data_dictionary(columns: Sequence[TableColumn]) -> str:
    """Return the data dictionary of a table in Markdown, one row per column."""
    header = ("column", "type", "unit", "total", "description")
    rows = [
        (f"`{column.name}`", str(column.dtype), column.unit, "yes" if column.additive else "", column.description)
        for column in columns
    ]
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def dbt_schema(columns: Sequence[TableColumn], sinks: Sequence[SinkSettings]) -> str:
    """Return schema.yml of dbt for the score table, as a source named "clv".

    Parameters
    ----------
    columns : sequence of TableColumn
    sinks : sequence of SinkSettings
        Schema and table are those of the first sink in a database, or the defaults of a sink.
    """
    databases = [each for each in sinks if each.content == "scores" and each.store in ("postgres", "duckdb", "sqlite")]
    sink = databases[0] if databases else None
    schema, table = ("public", "clv_scores") if sink is None else (sink.db_schema, sink.table)
    if sink is not None and sink.store != "postgres":
        schema = "main"
    many_days = sink is not None and sink.mode == "append"
    lines = ["version: 2", "sources:", "  - name: clv", f"    schema: {_text(schema)}", "    tables:"]
    key = "customer and day" if many_days else "customer"
    lines += [
        f"      - name: {_text(table)}",
        f"        description: {_text(f'Predictions of clvmodels, one row per {key}.')}",
        '        loaded_at_field: "cast(as_of as timestamp)"',
        "        freshness:",
        "          warn_after: {count: 3, period: day}",
        "        columns:",
    ]
    for column in columns:
        unit = f" Unit: {column.unit}." if column.unit else ""
        lines += [
            f"          - name: {_text(column.name)}",
            f"            description: {_text(column.description + unit)}",
        ]
        if column.name in NEVER_MISSING:
            unique = column.name == "customer_id" and not many_days
            lines.append(f"            data_tests: [not_null{', unique' if unique else ''}]")
    return "\n".join(lines)


def _unit_note(column: TableColumn) -> str:
    return f"Unit: {column.unit}." if column.unit else ""


def _text(text: str) -> str:
    """Return a text in double quotes for YAML, which are the same as for JSON."""
    return json.dumps(text, ensure_ascii=False)

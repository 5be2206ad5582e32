"""What the columns of the score table mean: comments in databases, a data dictionary, and schema.yml of dbt."""

from __future__ import annotations

import json
from collections.abc import Sequence

from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.run.score_columns import ScoreColumn

__all__ = ["column_comments", "data_dictionary", "dbt_schema"]

NEVER_MISSING = ("customer_id", "as_of", "run_id", "schema_version")


def column_comments(columns: Sequence[ScoreColumn]) -> dict[str, str]:
    """Return the comment of each column for a database: its description and unit."""
    return {column.name: f"{column.description} {_unit_note(column)}".strip() for column in columns}


def data_dictionary(columns: Sequence[ScoreColumn]) -> str:
    """Return the data dictionary of the score table in Markdown, one row per column."""
    header = ("column", "type", "unit", "total", "description")
    rows = [
        (f"`{column.name}`", str(column.dtype), column.unit, "yes" if column.additive else "", column.description)
        for column in columns
    ]
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def dbt_schema(columns: Sequence[ScoreColumn], sinks: Sequence[SinkSettings]) -> str:
    """Return schema.yml of dbt for the score table, as a source named "clv".

    Parameters
    ----------
    columns : sequence of ScoreColumn
    sinks : sequence of SinkSettings
        The first in a database names schema and table; by default they are those of a new sink.
    """
    sink = next((each for each in sinks if each.store in ("postgres", "duckdb", "sqlite")), None)
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


def _unit_note(column: ScoreColumn) -> str:
    return f"Unit: {column.unit}." if column.unit else ""


def _text(text: str) -> str:
    """Return a text as YAML writes it in double quotes, which is as JSON does."""
    return json.dumps(text, ensure_ascii=False)

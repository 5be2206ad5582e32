"""`clv columns`: the data dictionary of the score table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out

FORMATS = ("markdown", "json")


@app.command()
def columns(
    job: Annotated[
        Path | None,
        typer.Option("--job", help="Job file (TOML).", show_default="a job with amounts and the default settings"),
    ] = None,
    output_format: Annotated[str, typer.Option("--format", help="markdown or json")] = "markdown",
    dbt: Annotated[bool, typer.Option("--dbt", help="As schema.yml of dbt, with the table as a source.")] = False,
) -> None:
    """Print the data dictionary of the score table: each column with type, unit and meaning."""
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.scoring.config.job import read_job
    from clvmodels.scoring.run.column_documents import data_dictionary, dbt_schema
    from clvmodels.scoring.run.decision_columns import columns_of_job

    if output_format not in FORMATS:
        raise InvalidOption(
            f"--format {output_format!r} is not one of {', '.join(FORMATS)}.{closest(output_format, FORMATS)}"
        )
    defaults = {"source": {"path": "orders.parquet"}, "columns": {"amount": "amount"}}
    record = read_job(job, None if job is not None else defaults)
    records = columns_of_job(record)
    if dbt:
        text = dbt_schema(records, record.sinks)
    elif output_format == "json":
        text = json.dumps([column.to_dict() for column in records], indent=2)
    else:
        text = data_dictionary(records)
    out.print(text, highlight=False, markup=False, soft_wrap=True)

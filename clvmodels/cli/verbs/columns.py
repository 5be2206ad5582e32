"""`clv columns`: the data dictionary of the tables of a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out

FORMATS = ("markdown", "json")
TABLES = ("scores", "cohorts")


@app.command()
def columns(
    job: Annotated[
        Path | None,
        typer.Option("--job", help="Job file (TOML).", show_default="a job with amounts and the default settings"),
    ] = None,
    output_format: Annotated[str, typer.Option("--format", help="markdown or json")] = "markdown",
    table: Annotated[str, typer.Option("--table", help="scores or cohorts")] = "scores",
    dbt: Annotated[bool, typer.Option("--dbt", help="As schema.yml of dbt, with the table as a source.")] = False,
) -> None:
    """Print the data dictionary of the tables of a job: each column with type, unit and meaning."""
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.scoring.config.job import read_job
    from clvmodels.scoring.run.cohort_table import COHORT_COLUMNS
    from clvmodels.scoring.run.decision_columns import columns_of_job
    from clvmodels.scoring.table_columns import data_dictionary, dbt_schema

    for option, value, options in (("--format", output_format, FORMATS), ("--table", table, TABLES)):
        if value not in options:
            raise InvalidOption(f"{option} {value!r} is not one of {', '.join(options)}.{closest(value, options)}")
    if dbt and table == "cohorts":
        raise InvalidOption("--dbt describes the table of scores: leave out --table.")
    defaults = {"source": {"path": "orders.parquet"}, "columns": {"amount": "amount"}}
    record = read_job(job, None if job is not None else defaults)
    records = COHORT_COLUMNS if table == "cohorts" else columns_of_job(record)
    if dbt:
        text = dbt_schema(records, record.sinks)
    elif output_format == "json":
        text = json.dumps([column.to_dict() for column in records], indent=2)
    else:
        text = data_dictionary(records)
    out.print(text, highlight=False, markup=False, soft_wrap=True)

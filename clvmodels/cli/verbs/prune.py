"""`clv prune`: old runs removed from the sinks that keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out
from clvmodels.cli.job_options import LogForm, logged_job


@app.command()
def prune(
    job: Annotated[Path, typer.Option("--job", help="Job file (TOML).")] = Path("job.toml"),
    keep_days: Annotated[
        int | None, typer.Option(help="Remove runs of days longer ago than this.", show_default="as the job says")
    ] = None,
    keep_runs: Annotated[
        int | None, typer.Option(help="Keep the newest runs, of this many days.", show_default="as the job says")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    log_form: LogForm = None,
) -> None:
    """Remove old runs from the sinks that keep them; the current run always stays."""
    from clvmodels.scoring.prune import prune_job

    record = logged_job("prune", job, {}, log_form, None)
    removed = prune_job(record, keep_days=keep_days, keep_runs=keep_runs, dry_run=dry_run)
    if record.run.log == "json":
        return
    for run in removed:
        out.print(f"{run.as_of}  {run.run_id}  {run.rows:,} rows  {run.sink}", highlight=False, markup=False)
    out.print(f"{len(removed)} runs {'would be ' if dry_run else ''}removed", highlight=False)

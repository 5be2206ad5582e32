"""`clv backfill` and `clv prune`: add and remove runs of earlier days."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.job_options import ForceOption, LogForm, open_job


@app.command()
def backfill(
    log: Annotated[
        Path | None, typer.Argument(metavar="[LOG]", help="Transaction log; default: the job's source.")
    ] = None,
    job: Annotated[Path, typer.Option("--job", help="Job file (TOML).")] = Path("job.toml"),
    start: Annotated[str, typer.Option("--from", help="First day, as YYYY-MM-DD.", show_default=False)] = "",
    end: Annotated[str, typer.Option("--to", help="Last day.", show_default=False)] = "",
    days: Annotated[int, typer.Option("--days", help="From one day to the next, in days.")] = 1,
    force: ForceOption = False,
    log_form: LogForm = None,
) -> None:
    """Score past days for the sinks that keep runs, the oldest first; current tables do not change.

    Days that are there already are not scored again, so that an interrupted backfill can be continued.
    """
    from clvmodels.scoring.backfill import backfill_job

    record = open_job("backfill", job, {"source": None if log is None else [("path", str(log))]}, log_form, None)
    with steps() as step:
        done = backfill_job(record, start, end, days=days, force=force, progress=step)
    if record.run.log == "json":
        return
    new = sum(bool(result.published) for result in done)
    out.print(f"{len(done)} days in the history, {new} of them added now", highlight=False)


@app.command()
def prune(
    job: Annotated[Path, typer.Option("--job", help="Job file (TOML).")] = Path("job.toml"),
    keep_days: Annotated[
        int | None, typer.Option(help="Remove runs that are older than this many days.", show_default="as the job says")
    ] = None,
    keep_runs: Annotated[
        int | None, typer.Option(help="Keep only the runs of this many newest days.", show_default="as the job says")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    log_form: LogForm = None,
) -> None:
    """Remove old runs from the sinks that keep them; the current run always stays."""
    from clvmodels.scoring.prune import prune_job

    record = open_job("prune", job, {}, log_form, None)
    removed = prune_job(record, keep_days=keep_days, keep_runs=keep_runs, dry_run=dry_run)
    if record.run.log == "json":
        return
    for run in removed:
        out.print(f"{run.as_of}  {run.run_id}  {run.rows:,} rows  {run.sink}", highlight=False, markup=False)
    out.print(f"{len(removed)} runs {'would be ' if dry_run else ''}removed", highlight=False)

"""`clv backfill`: past days added to the history of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.job_options import ForceOption, LogForm, logged_job


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
    """Score past days into the history of runs, the oldest first; current tables stay as they are.

    Days that are there already are not scored again, so that an interrupted backfill can be continued.
    """
    from clvmodels.scoring.backfill import backfill_job

    record = logged_job("backfill", job, {"source": None if log is None else [("path", str(log))]}, log_form, None)
    with steps() as step:
        done = backfill_job(record, start, end, days=days, force=force, progress=step)
    if record.run.log == "json":
        return
    new = sum(bool(result.published) for result in done)
    out.print(f"{len(done)} days in the history, {new} of them added now", highlight=False)

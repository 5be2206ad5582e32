"""`clv monitor`: past runs compared with what has happened since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.job_options import LogForm, logged_job

SHOWN = 10  # windows shown on the terminal; the page and the JSON have all


@app.command()
def monitor(
    log: Annotated[
        Path | None, typer.Argument(metavar="[LOG]", help="The log as it is now; default: the job's source.")
    ] = None,
    job: Annotated[Path, typer.Option("--job", help="Job file (TOML) of the runs.")] = Path("job.toml"),
    until: Annotated[
        str | None, typer.Option(help="Last day to include.", show_default="the latest in the log")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for history, JSON and page.", show_default="the folder monitoring next to the manifests"
        ),
    ] = None,
    log_form: LogForm = None,
) -> None:
    """Compare what past runs predicted with what has happened since, and say whether to refit.

    The exit code is 0 whatever the result; alerts should read "status" in monitoring.json.
    """
    from clvmodels.language.numbers import cell
    from clvmodels.reporting import terminal
    from clvmodels.scoring.monitoring.monitor_job import monitor_job

    record = logged_job("monitor", job, {"source": None if log is None else [("path", str(log))]}, log_form, until)
    with steps() as step:
        done = monitor_job(record, until, folder=output, progress=step)
    if record.run.log == "json":
        return
    monitoring = done.monitoring
    newest = monitoring.newest.iloc[::-1].head(SHOWN).to_dict("records")
    terminal.show_rows(
        out,
        f"Past runs, compared up to {monitoring.until}",
        [
            {
                "as of": row["as_of"],
                "model": row["version"][:6],
                "horizon": row["horizon"] if row["complete"] else f"{row['horizon']}, not over",
                "forecast": cell(row["predicted"], ",.0f"),
                "actual": cell(row["actual"], ",.0f"),
                "": cell(row["change"], "+.1%"),
            }
            for row in newest
        ],
    )
    out.print(f"\nStatus: {monitoring.verdict.status}", highlight=False)
    for finding in monitoring.findings:
        out.print(finding.text, highlight=False, markup=False)
    out.print(f"Written to {done.folder}: history.parquet, monitoring.json, monitoring.html", highlight=False)

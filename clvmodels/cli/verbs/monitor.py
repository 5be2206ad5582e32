"""`clv monitor`: compare past runs with what has happened since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.job_options import LogForm, open_job

FAILURES = {"watch": ("watch", "refit"), "refit": ("refit",)}  # statuses by the value of --fail-on
SHOWN = 10  # windows shown in the terminal; the page and the JSON have all of them


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
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", help='Exit with 4 if the status is this or worse: "watch" or "refit".'),
    ] = None,
    log_form: LogForm = None,
) -> None:
    """Compare the forecasts of past runs with what has happened since, and recommend whether to refit.

    The exit code is 0 whatever the result, unless --fail-on is given; alerts can also read "status" in monitoring.json.
    """
    from clvmodels.errors import GateRefused, InvalidOption
    from clvmodels.language.numbers import cell
    from clvmodels.reporting import terminal
    from clvmodels.scoring.monitoring.monitor_job import monitor_job

    if fail_on is not None and fail_on not in FAILURES:
        raise InvalidOption(f"--fail-on {fail_on!r} is not one of {', '.join(map(repr, FAILURES))}.")
    record = open_job("monitor", job, {"source": None if log is None else [("path", str(log))]}, log_form, until)
    with steps() as step:
        done = monitor_job(record, until, folder=output, progress=step)
    monitoring = done.monitoring
    failed = fail_on is not None and monitoring.verdict.status in FAILURES[fail_on]
    if record.run.log == "json":
        if failed:
            raise GateRefused(monitoring.text)
        return
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
    if failed:
        raise typer.Exit(GateRefused.exit_code)

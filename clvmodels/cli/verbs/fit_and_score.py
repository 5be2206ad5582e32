"""`clv init`, `clv fit` and `clv score`: flags and a job file fill the same record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import AcquiredAfter, Amount, DateFormat, TimeZone
from clvmodels.cli.job_options import LogForm, logged_job

OptionalLog = Annotated[
    Path | None, typer.Argument(help="CSV or Parquet, a row a transaction; or named in the job file.")
]
JobFile = Annotated[
    Path | None, typer.Option("--job", help="Job file (TOML); `clv init` writes one. Flags replace it.")
]
CustomerId = Annotated[str | None, typer.Option(help="Column that names the customer [customer_id].")]
Date = Annotated[str | None, typer.Option(help="Column with the date of the transaction [date].")]
First = Annotated[bool | None, typer.Option("--include-first-transaction", help="Count first purchases into money.")]
DropMissing = Annotated[bool | None, typer.Option("--drop-missing-id", help="Set rows without a customer id aside.")]
AsOf = Annotated[str | None, typer.Option("--as-of", "--observation-end", help="Last day that counts [the latest].")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, compute and judge; write nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Go on although a gate refuses; it is recorded.")]

FEW = 10_000  # customers: of so many, intervals of totals take a few seconds
TOTAL_INTERVAL = 0.9


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where the job file goes.")] = Path("job.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a job file with every setting, each with a comment."""
    from clvmodels import files
    from clvmodels.errors import InvalidOption
    from clvmodels.scoring.config.job import template

    if path.exists() and not force:
        raise InvalidOption(f"{path} is there already: name another file, or pass --force to replace it.")
    with files.replacing(path) as temporary:
        temporary.write_text(template(), encoding="utf-8")
    out.print(f"Job file written to {path}: edit it, then `clv fit --job {path}`.", highlight=False)


@app.command()
def fit(
    log: OptionalLog = None,
    job: JobFile = None,
    model: Annotated[str | None, typer.Option(help="Which model of purchases, such as pareto_nbd [bgnbd].")] = None,
    output: Annotated[Path | None, typer.Option(help="Where the model goes (JSON) [model.json].")] = None,
    customer_id: CustomerId = None,
    date: Date = None,
    amount: Amount = None,
    time_unit: Annotated[str | None, typer.Option(help="hour, day, week, month or year [day].")] = None,
    merge_within: Annotated[
        str | None, typer.Option(help="Purchases within one such period are one; week, month, year for bgbb [day].")
    ] = None,
    as_of: AsOf = None,
    include_first_transaction: First = None,
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = None,
    dry_run: DryRun = False,
    force: Force = False,
    log_form: LogForm = None,
) -> None:
    """Fit a model of purchases and, with --amount, Gamma-Gamma to a log, and keep them."""
    from clvmodels.reporting import terminal
    from clvmodels.scoring.fit_and_score import fit_job

    kept = output if output is not None or job is not None else Path("model.json")
    flags = {
        **_reading(log, customer_id, date, amount, date_format, drop_missing_id),
        "models": {
            "purchases": model,
            "include_first_transaction": include_first_transaction,
            "acquired_after": acquired_after,
        },
        "clock": {"time_unit": time_unit, "merge_within": merge_within, "time_zone": time_zone},
        "registry": None if kept is None else [("file", str(kept))],
    }
    record = logged_job(job, flags, log_form, as_of)
    with steps() as step:
        done = fit_job(record, as_of, dry_run=dry_run, force=force, tell=step)
    if record.run.log == "json":
        return
    terminal.show_facts(out, [finding.text for finding in done.rfm.findings])
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in done.model.parts])
    if done.version is not None:
        out.print(f"Version {done.version} is the champion", highlight=False)
    elif done.path is not None:
        out.print(f"Model written to {done.path}")
    else:
        out.print("Dry run: nothing was written")


@app.command()
def score(
    log: OptionalLog = None,
    job: JobFile = None,
    model: Annotated[Path | None, typer.Option(help="A model that `clv fit` saved [model.json].")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the scores go (.parquet or .csv) [predictions.parquet].")
    ] = None,
    customer_id: CustomerId = None,
    date: Date = None,
    amount: Amount = None,
    as_of: AsOf = None,
    horizon: Annotated[
        list[str] | None, typer.Option(help="How far to look ahead; may be repeated [12 months].")
    ] = None,
    annual_discount_rate: Annotated[
        float | None, typer.Option(help="Effective yearly discount rate; 0.10 is ten percent a year [0.10].")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Share of spend that counts; 1 for revenue [1].")] = None,
    interval: Annotated[float | None, typer.Option(help="Central probability of intervals, such as 0.9.")] = None,
    include_first_transaction: First = None,
    date_format: DateFormat = None,
    drop_missing_id: DropMissing = None,
    dry_run: DryRun = False,
    force: Force = False,
    log_form: LogForm = None,
) -> None:
    """Score every customer of a log: P(alive), purchases and, with --amount, value, at each horizon."""
    from clvmodels.reporting import terminal
    from clvmodels.scoring.fit_and_score import score_job
    from clvmodels.scoring.run.score_table import intervals_of_totals

    kept = model if model is not None or job is not None else Path("model.json")
    target = output if output is not None or job is not None else Path("predictions.parquet")
    flags = {
        **_reading(log, customer_id, date, amount, date_format, drop_missing_id),
        "models": {"include_first_transaction": include_first_transaction},
        "predictions": {
            "horizons": horizon or None,
            "annual_discount_rate": annual_discount_rate,
            "margin": margin,
            "interval": interval,
        },
        "registry": None if kept is None else [("file", str(kept))],
        "sinks": None if target is None else [_sink(target)],
    }
    record = logged_job(job, flags, log_form, as_of)
    with steps() as step:
        done = score_job(record, as_of, dry_run=dry_run, force=force, tell=step)
    if record.run.log == "json":
        return
    level = record.predictions.interval or TOTAL_INTERVAL
    intervals = None
    if not done.manifest.refused and done.manifest.customers <= FEW:
        with steps() as step:
            step("Intervals of the totals")
            intervals = intervals_of_totals(done.model, done.rfm, record.predictions, level)
    terminal.show_facts(out, list(done.facts))
    terminal.show_run(out, done.manifest.model_dump(), level, intervals)
    for sink in done.manifest.sinks:
        state = "would be written" if dry_run else "written now" if sink.name in done.published else "has it already"
        out.print(f"  {sink.name}: {state}", highlight=False)


def _reading(
    log: Path | None,
    customer_id: str | None,
    date: str | None,
    amount: str | None,
    date_format: str | None,
    drop_missing_id: bool | None,
) -> dict[str, Any]:
    """What flags say of the source; a log named by an argument replaces the one of the job file."""
    return {
        "source": None if log is None else [("path", str(log))],
        "columns": {"customer_id": customer_id, "date": date, "amount": amount},
        "cleaning": {"on_missing_id": "drop" if drop_missing_id else None, "date_format": date_format},
    }


def _sink(path: Path) -> dict[str, str]:
    from clvmodels.errors import InvalidOption

    store = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}.get(path.suffix.lower())
    if store is None:
        raise InvalidOption(
            f"--output {str(path)!r}: a table is written as .parquet or .csv: end the name with one of these, or name "
            "other stores in a job file."
        )
    return {"store": store, "path": str(path)}

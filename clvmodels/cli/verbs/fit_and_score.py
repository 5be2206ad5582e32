"""`clv init`, `clv fit` and `clv score`: flags and a job file fill the same record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import (
    AcquiredAfterOption,
    AmountOption,
    CalendarFlag,
    DateFormatOption,
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    MissingIdsOption,
    SheetOption,
    TimeZoneOption,
    find_model,
    split_ids,
)
from clvmodels.cli.job_options import (
    AsOfOption,
    DryRunOption,
    ForceOption,
    JobCustomerIdOption,
    JobDateOption,
    JobDropMissingIdOption,
    JobFileOption,
    JobFirstTransactionOption,
    JobLogArgument,
    JobTotalIntervalOption,
    LogForm,
    open_job,
)

if TYPE_CHECKING:
    from clvmodels.scoring.config.job import Job

MOST_FOR_INTERVALS = 10_000  # most customers for whom intervals of totals are computed, in a few seconds
TOTAL_INTERVAL = 0.9


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Path of the job file.")] = Path("job.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="The .json file of a report, whose recommended forecaster is proposed.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--from", help="A log, whose path, columns and a suitable forecaster are proposed.")
    ] = None,
) -> None:
    """Write a job file with every setting and a comment for each."""
    from clvmodels import files
    from clvmodels.errors import InvalidOption
    from clvmodels.scoring.config.proposed import job_file, proposed_models, proposed_settings, read_report

    if path.exists() and not force:
        raise InvalidOption(f"{path} already exists: name another file, or pass --force to replace it.")
    if not path.parent.is_dir():
        raise InvalidOption(f"There is no folder {str(path.parent)!r}: create it, or name another file.")
    settings, remarks = ({}, ()) if log is None else proposed_settings(log, path.parent)
    if report is not None:
        models = proposed_models(read_report(report))
        settings["models"] = models
        listed = ", ".join(f"{name} = {value}" for name, value in models.items())
        remarks = (f"As the report recommends: {listed}",)
    with files.replacing(path) as temporary:
        temporary.write_text(job_file(settings), encoding="utf-8")
    if log is not None:
        columns = ", ".join(f"{role} = {name}" for role, name in settings["columns"].items() if name is not None)
        out.print(f"Columns: {columns}", highlight=False, markup=False)
    for remark in remarks:
        out.print(remark, highlight=False, markup=False)
    out.print(
        f"Job file written to {path}: edit it, then `clv check --job {path}` and `clv fit --job {path}`.",
        highlight=False,
    )


@app.command()
def fit(
    log: JobLogArgument = None,
    job: JobFileOption = None,
    model: Annotated[
        str | None, typer.Option(help="The model of purchases, such as pareto_nbd.", show_default="mbgnbd")
    ] = None,
    forecaster: Annotated[
        str | None,
        typer.Option(
            help='"process"; or "best", "boosted_trees" or a blend, which learn from earlier windows of the log.',
            show_default="process",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where the model goes (JSON).", show_default="model.json")] = None,
    customer_id: JobCustomerIdOption = None,
    date: JobDateOption = None,
    amount: AmountOption = None,
    time_unit: Annotated[
        str | None, typer.Option(help="Unit of time: hour, day, week, month or year.", show_default="day")
    ] = None,
    merge_within: Annotated[
        str | None,
        typer.Option(
            help="Purchases within one such period count as one: hour or day; for BG/BB also week, month or year.",
            show_default="day",
        ),
    ] = None,
    as_of: AsOfOption = None,
    include_first_transaction: JobFirstTransactionOption = None,
    acquired_after: AcquiredAfterOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFlag = None,
    drop_missing_id: JobDropMissingIdOption = None,
    missing_ids: MissingIdsOption = None,
    dry_run: DryRunOption = False,
    force: ForceOption = False,
    log_form: LogForm = None,
) -> None:
    """Fit a model of purchases and, with --amount, Gamma-Gamma to a log, and save them."""
    from clvmodels.language import message
    from clvmodels.reporting import terminal
    from clvmodels.scoring.fit_and_score import fit_job

    model_path = output if output is not None or job is not None else Path("model.json")
    flags = {
        **_reading(
            log,
            customer_id,
            date,
            amount,
            date_format,
            drop_missing_id,
            missing_ids,
            (encoding, delimiter, decimal, sheet),
        ),
        "models": {
            "forecaster": forecaster,
            "purchases": model,
            "include_first_transaction": include_first_transaction,
            "acquired_after": acquired_after,
        },
        "clock": {
            "time_unit": time_unit,
            "merge_within": merge_within,
            "time_zone": time_zone,
            "calendar": calendar,
        },
        "registry": None if model_path is None else [("file", str(model_path))],
    }
    record = open_job("fit", job, flags, log_form, as_of)
    with steps() as step:
        done = fit_job(record, as_of, dry_run=dry_run, force=force, progress=step)
    if record.run.log == "json":
        return
    terminal.show_facts(out, [finding.text for finding in done.rfm.findings])
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in done.model.parts])
    name = record.models.forecaster
    if name != "process":
        title = message(f"forecaster-{name.replace('_', '-')}")
        learned = getattr(done.forecaster, "findings", ())
        terminal.show_facts(
            out, [message("show-learned", {"forecaster": title}), *(finding.text for finding in learned)]
        )
    if done.version is not None:
        out.print(f"Version {done.version} is the champion", highlight=False)
    elif done.path is not None:
        out.print(f"Model written to {done.path}")
    else:
        out.print("Dry run: nothing was written")


@app.command()
def score(
    log: JobLogArgument = None,
    job: JobFileOption = None,
    model: Annotated[Path | None, typer.Option(help="Model saved by `clv fit`.", show_default="model.json")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the scores go (.parquet or .csv).", show_default="predictions.parquet")
    ] = None,
    customer_id: JobCustomerIdOption = None,
    date: JobDateOption = None,
    amount: AmountOption = None,
    as_of: AsOfOption = None,
    horizon: Annotated[
        list[str] | None, typer.Option(help="How far ahead to forecast; can be repeated.", show_default="12 months")
    ] = None,
    annual_discount_rate: Annotated[
        float | None,
        typer.Option(help="Effective yearly discount rate; 0.10 is ten percent a year.", show_default="0.10"),
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Share of spend that counts as value; 1 values revenue.", show_default="1")
    ] = None,
    interval: Annotated[
        float | None, typer.Option(help="Probability of the intervals, such as 0.9; without it, none are computed.")
    ] = None,
    total_interval: JobTotalIntervalOption = None,
    include_first_transaction: JobFirstTransactionOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    drop_missing_id: JobDropMissingIdOption = None,
    missing_ids: MissingIdsOption = None,
    dry_run: DryRunOption = False,
    force: ForceOption = False,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="Add a past day to the sinks that keep runs; current tables do not change."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read the whole log even if the job has source.incremental.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Score in duckdb, ibis or spark, without gates and manifest: a process by a join, others in blocks.",
            show_default="here",
        ),
    ] = None,
    log_form: LogForm = None,
) -> None:
    """Score every customer of a log: P(alive), purchases and, with --amount, value, at each horizon."""
    from clvmodels.reporting import terminal
    from clvmodels.scoring.fit_and_score import score_job
    from clvmodels.scoring.run.score_table import findings_of_totals, intervals_of_totals

    model_path = model if model is not None or job is not None else Path("model.json")
    target = output if output is not None or job is not None else Path("predictions.parquet")
    flags = {
        **_reading(
            log,
            customer_id,
            date,
            amount,
            date_format,
            drop_missing_id,
            missing_ids,
            (encoding, delimiter, decimal, sheet),
        ),
        "models": {"include_first_transaction": include_first_transaction},
        "predictions": {
            "horizons": horizon or None,
            "annual_discount_rate": annual_discount_rate,
            "margin": margin,
            "interval": interval,
            "total_interval": total_interval,
        },
        "registry": None if model_path is None else [("file", str(model_path))],
        "sinks": None if target is None else [_sink(target)],
    }
    record = open_job("score", job, flags, log_form, as_of)
    if model_path is not None:
        find_model(model_path, "with --model")
    if engine is not None:
        others = {"--dry-run": dry_run, "--backfill": backfill, "--force": force, "--full": full}
        _score_in_engine(record, as_of, engine, others)
        return
    with steps() as step:
        done = score_job(record, as_of, dry_run=dry_run, force=force, backfill=backfill, full=full, progress=step)
    if record.run.log == "json":
        return
    level = record.predictions.interval or TOTAL_INTERVAL
    intervals, about_totals = done.totals, list[str]()
    if intervals is None and not done.manifest.refused and done.manifest.customers <= MOST_FOR_INTERVALS:
        with steps() as step:
            step("Intervals of the totals")
            intervals = intervals_of_totals(done.model, done.rfm, record.predictions, level)
        about_totals = [finding.text for finding in findings_of_totals(done.model, record.predictions)]
    terminal.show_facts(out, [finding.text for finding in done.findings])
    terminal.show_run(out, done.manifest.model_dump(), level, intervals)
    if about_totals:
        terminal.show_facts(out, about_totals)
    for sink in done.manifest.sinks:
        state = (
            "would be written" if dry_run else "written now" if sink.name in done.published else "already up to date"
        )
        out.print(f"  {sink.name}: {state}", highlight=False)


def _score_in_engine(record: Job, as_of: str | None, engine: Any, others: dict[str, bool]) -> None:
    """Score in an engine, and print the location of the scores."""
    from clvmodels.errors import InvalidOption
    from clvmodels.scoring.engine_run import score_job_in_engine

    passed = [flag for flag, value in others.items() if value]
    if passed:
        raise InvalidOption(f"--engine does not go with {', '.join(passed)}: leave one out.")
    with steps() as step:
        published = score_job_in_engine(record, as_of, engine=engine, progress=step)
    out.print(f"{published.rows:,} customers scored by {engine}: {published.target}", highlight=False, markup=False)


def _reading(
    log: Path | None,
    customer_id: str | None,
    date: str | None,
    amount: str | None,
    date_format: str | None,
    drop_missing_id: bool | None,
    missing_ids: str | None,
    file: tuple[str | None, ...],
) -> dict[str, Any]:
    """Return the settings of the source from the flags; a log passed as an argument replaces the job file's source."""
    named = dict(zip(("encoding", "delimiter", "decimal", "sheet"), file, strict=True))
    options = [(name, value) for name, value in named.items() if value is not None]
    return {
        "source": [("path", str(log)), *options] if log is not None else dict(options) or None,
        "columns": {"customer_id": customer_id, "date": date, "amount": amount},
        "cleaning": {
            "on_missing_id": "drop" if drop_missing_id else None,
            "missing_ids": split_ids(missing_ids),
            "date_format": date_format,
        },
    }


def _sink(path: Path) -> dict[str, str]:
    from clvmodels.errors import InvalidOption

    store = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}.get(path.suffix.lower())
    if store is None:
        raise InvalidOption(
            f"--output {str(path)!r}: the name must end with .parquet or .csv. Other stores can be named in a job file."
        )
    return {"store": store, "path": str(path)}

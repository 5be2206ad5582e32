"""`clv validate`, `clv compare` and `clv crosscheck`: how far a model can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, err, out, steps
from clvmodels.cli.arguments import (
    AcquiredAfterOption,
    AmountOption,
    CalendarFileOption,
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DecimalOption,
    DelimiterOption,
    DropMissingIdOption,
    EncodingOption,
    FirstTransactionOption,
    HorizonOption,
    LogArgument,
    MergeWithinOption,
    MissingIdsOption,
    ModelsOption,
    SheetOption,
    TimeUnitOption,
    TimeZoneOption,
    TotalIntervalOption,
    clock_options,
    find_model,
    load_calendar,
    log_file,
    parse_models,
    parse_total_interval,
    split_ids,
)
from clvmodels.cli.replayed_cleaning import CleaningOption, open_source

DISAGREEMENT = 7  # exit code if a cross-check disagrees, or lifetimes cannot fit the model


@app.command()
def validate(
    log: LogArgument,
    calibration_end: Annotated[str, typer.Option(help="Last day of the calibration period.")],
    holdout_end: Annotated[
        str | None, typer.Option(help="Last day of the holdout period; default: the latest in the log.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the tables go (JSON).")] = Path("validation.json"),
    report: Annotated[Path, typer.Option(help="Where the report goes (HTML).")] = Path("report.html"),
    models: ModelsOption = "mbgnbd",
    cleaning: CleaningOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    time_unit: TimeUnitOption = "day",
    merge_within: MergeWithinOption = "day",
    include_first_transaction: FirstTransactionOption = False,
    acquired_after: AcquiredAfterOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    total_interval: TotalIntervalOption = "history",
    drop_missing_id: DropMissingIdOption = False,
    missing_ids: MissingIdsOption = None,
) -> None:
    """Fit models to the log up to a day, and compare their forecasts with the purchases after it."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    chosen, speeds = parse_models(models), load_calendar(calendar)
    with steps() as step:
        names = {"customer_id": customer_id, "date": date, "amount": amount}
        file = log_file(log, encoding, delimiter, decimal, sheet)
        source = open_source(file, cleaning, names, {"date_format": date_format, "time_zone": time_zone})
        clock = clock_options(time_unit, merge_within)
        ids: Any = {"on_missing_id": "drop" if drop_missing_id else "raise", "missing_ids": split_ids(missing_ids)}
        if chosen == "auto":
            step(f"Profiling {log}")
            options = {**source.columns, **source.reading, **clock, **ids}
            chosen = _suitable(source.log, calibration_end, "calibration_end", **options)
        step(f"Splitting {log} at {calibration_end}")
        split = clv.holdout_split(
            source.log,
            **source.columns,
            **source.reading,
            calibration_end=calibration_end,
            holdout_end=holdout_end,
            **clock,
            include_first_transaction=include_first_transaction,
            intertimes=any(model.needs_intertimes for model in chosen),
            acquired_after=acquired_after,
            calendar=speeds,
            **ids,
        )
        step("Fitting and forecasting")
        spend = None if split.spend is None else clv.GammaGamma()
        check = clv.validate(split, chosen, spend, total_interval=parse_total_interval(total_interval))
        step("Writing the report")
        check.to_json(output)
        clv.write_report(check, report, ledger=source.cleaned)
    terminal.show_facts(out, [finding.text for finding in split.findings])
    terminal.show_scores(out, check)
    out.print(f"Tables written to {output}, the report to {report}")


@app.command()
def compare(
    log: LogArgument,
    models: ModelsOption = "bgnbd,mbgnbd,nbd",
    observation_end: Annotated[
        str | None, typer.Option(help="Last day to include, without a holdout period; default: the latest in the log.")
    ] = None,
    calibration_end: Annotated[
        str | None, typer.Option(help="Last day of the calibration period, to compare forecasts of the days after it.")
    ] = None,
    holdout_end: Annotated[
        str | None, typer.Option(help="Last day of the holdout period; default: the latest in the log.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the table goes (JSON); without it, it is only shown.")
    ] = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    time_unit: TimeUnitOption = "day",
    merge_within: MergeWithinOption = "day",
    acquired_after: AcquiredAfterOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    drop_missing_id: DropMissingIdOption = False,
    missing_ids: MissingIdsOption = None,
) -> None:
    """Fit several models to a log and compare the fits; with --calibration-end, compare forecasts too."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption

    if calibration_end is None and (holdout_end is not None or amount is not None):
        raise InvalidOption("--holdout-end and --amount apply to forecasts: add --calibration-end.")
    if calibration_end is not None and observation_end is not None:
        raise InvalidOption("Pass either --observation-end or --calibration-end, not both.")
    from clvmodels.reporting import terminal

    chosen, speeds = parse_models(models), load_calendar(calendar)
    reading: dict[str, Any] = {
        "customer_id": customer_id,
        "date": date,
        **clock_options(time_unit, merge_within),
        "date_format": date_format,
        "time_zone": time_zone,
        "on_missing_id": "drop" if drop_missing_id else "raise",
        "missing_ids": split_ids(missing_ids),
    }
    with steps() as step:
        file = log_file(log, encoding, delimiter, decimal, sheet)
        if chosen == "auto":
            step(f"Profiling {log}")
            name = "observation_end" if calibration_end is None else "calibration_end"
            chosen = _suitable(file, calibration_end or observation_end, name, amount=None, **reading)
        step(f"Summarizing {log}")
        data: Any
        options = {**reading, "acquired_after": acquired_after, "calendar": speeds}
        options["intertimes"] = any(model.needs_intertimes for model in chosen)
        if calibration_end is None:
            data = clv.rfm_summary(file, **options, observation_end=observation_end)
        else:
            ends: dict[str, Any] = {"calibration_end": calibration_end, "holdout_end": holdout_end}
            data = clv.holdout_split(file, **options, **ends, amount=amount)
        step("Fitting and comparing")
        comparison = clv.compare(data, chosen, None if amount is None else clv.GammaGamma())
        if output is not None:
            comparison.to_json(output)
    terminal.show_facts(out, [finding.text for finding in data.findings])
    terminal.show_comparison(out, comparison.shown(), comparison.remarks(), comparison.text)
    if output is not None:
        out.print(f"Table written to {output}")


@app.command()
def crosscheck(
    log: LogArgument,
    model: Annotated[Path, typer.Argument(help="Model saved by `clv fit`.")] = Path("model.json"),
    output: Annotated[
        Path | None, typer.Option(help="Where the tables go (JSON); without it, they are only shown.")
    ] = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    observation_end: Annotated[
        str | None, typer.Option(help="Last day the model was fitted to; default: the one saved with the model.")
    ] = None,
    horizon: HorizonOption = "12 months",
    include_first_transaction: FirstTransactionOption = False,
    acquired_after: AcquiredAfterOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    drop_missing_id: DropMissingIdOption = False,
    missing_ids: MissingIdsOption = None,
) -> None:
    """Check a saved model against the lifetimes package, on the log the model was fitted to.

    The exit code is 0 if they agree, and 7 if they do not or lifetimes cannot fit such a model.
    """
    import clvmodels as clv
    from clvmodels.reporting import terminal

    find_model(model, "after LOG")
    with steps() as step:
        step(f"Reading {model}")
        fitted = clv.load(model)
        clock = fitted.purchases.clock_
        step(f"Summarizing {log}")
        rfm = clv.rfm_summary(
            log_file(log, encoding, delimiter, decimal, sheet),
            customer_id=customer_id,
            date=date,
            amount=amount,
            time_unit=clock.time_unit,
            merge_within=clock.merge_within,
            time_zone=clock.time_zone,
            observation_end=fitted.purchases.observation_end_ if observation_end is None else observation_end,
            include_first_transaction=include_first_transaction,
            acquired_after=acquired_after,
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
            missing_ids=split_ids(missing_ids),
        )
        step("Fitting with lifetimes")
        if amount is None and fitted.spend is not None:
            err.print("Without --amount, only the model of purchases is checked.", highlight=False)
            fitted = clv.CustomerModel(fitted.purchases)
        check = clv.crosscheck(fitted, rfm, horizon=horizon)
        if output is not None:
            check.to_json(output)
    terminal.show_facts(out, [finding.text for finding in rfm.findings])
    terminal.show_crosscheck(out, check.tables())
    if output is not None:
        out.print(f"Tables written to {output}")
    if not check.agrees:
        raise typer.Exit(DISAGREEMENT)


def _suitable(
    log: Any,
    end: str | None,
    name: str,
    *,
    time_unit: Any,
    merge_within: Any,
    time_zone: str | None,
    **reading: Any,
) -> list[Any]:
    """Return the models that suit a log up to a day; `name` is the option that sets the day."""
    from clvmodels.clock import Clock
    from clvmodels.transactions.snapshots import SnapshotReader
    from clvmodels.validation.backtest.suitable import suitable_models

    clock = Clock(time_unit, merge_within, time_zone)
    return suitable_models(SnapshotReader(log, clock, **reading), end, name)

"""`clv validate`, `clv compare` and `clv crosscheck`: how far to trust a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, err, out, steps
from clvmodels.cli.arguments import (
    AcquiredAfter,
    Amount,
    CustomerId,
    Date,
    DateFormat,
    DropMissing,
    Horizon,
    Log,
    Merge,
    TimeZone,
    Unit,
    clock_options,
    models_named,
)
from clvmodels.cli.replayed_cleaning import CleaningOption, source_of

DISAGREES = 7  # exit code of a cross-check that does not agree, or has no opinion


@app.command()
def validate(
    log: Log,
    calibration_end: Annotated[str, typer.Option(help="Last day to learn from.")],
    holdout_end: Annotated[
        str | None, typer.Option(help="Last day to check against; default: the latest date.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the tables go (JSON).")] = Path("validation.json"),
    report: Annotated[Path, typer.Option(help="Where the report goes (HTML).")] = Path("report.html"),
    models: Annotated[str, typer.Option(help="Which models, with commas between.")] = "bgnbd",
    cleaning: CleaningOption = None,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Unit = "day",
    merge_within: Merge = "day",
    include_first_transaction: Annotated[bool, typer.Option(help="Count first purchases into mean spend.")] = False,
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Fit on the log up to a day, and compare what the models expect with what happened after it."""
    import clvmodels as clv
    from clvmodels.estimators.regular import reads_intertimes
    from clvmodels.reporting import terminal

    chosen = models_named(models)
    with steps() as step:
        step(f"Cutting {log} at {calibration_end}")
        names = {"customer_id": customer_id, "date": date, "amount": amount}
        source = source_of(log, cleaning, names, {"date_format": date_format, "time_zone": time_zone})
        split = clv.holdout_split(
            source.log,
            **source.columns,
            **source.reading,
            calibration_end=calibration_end,
            holdout_end=holdout_end,
            **clock_options(time_unit, merge_within),
            include_first_transaction=include_first_transaction,
            intertimes=reads_intertimes(chosen),
            acquired_after=acquired_after,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Fitting and comparing")
        check = clv.validate(split, chosen, None if split.spend is None else clv.GammaGamma())
        step("Writing the report")
        check.to_json(output)
        clv.write_report(check, report, ledger=source.cleaned)
    terminal.show_facts(out, [finding.text for finding in split.findings])
    terminal.show_scores(out, check.scores, check.facts)
    out.print(f"Tables written to {output}, the report to {report}")


@app.command()
def compare(
    log: Log,
    models: Annotated[str, typer.Option(help="Which models, with commas between.")] = "bgnbd,mbgnbd,nbd",
    observation_end: Annotated[
        str | None, typer.Option(help="Last day to learn from, where there is no holdout; default: the latest date.")
    ] = None,
    calibration_end: Annotated[str | None, typer.Option(help="Hold back what comes after this day.")] = None,
    holdout_end: Annotated[
        str | None, typer.Option(help="Last day to check against; default: the latest date.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where the table goes (JSON); default: nowhere.")] = None,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Unit = "day",
    merge_within: Merge = "day",
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Fit several models to a log and say what it supports; with --calibration-end, by their forecasts too."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption
    from clvmodels.estimators.regular import reads_intertimes
    from clvmodels.reporting import terminal

    chosen = models_named(models)
    if calibration_end is None and (holdout_end is not None or amount is not None):
        raise InvalidOption("--holdout-end and --amount are for forecasts: give --calibration-end too.")
    if calibration_end is not None and observation_end is not None:
        raise InvalidOption("Give either --observation-end or --calibration-end.")
    told: dict[str, Any] = {
        "customer_id": customer_id,
        "date": date,
        **clock_options(time_unit, merge_within),
        "intertimes": reads_intertimes(chosen),
        "acquired_after": acquired_after,
        "date_format": date_format,
        "time_zone": time_zone,
        "on_missing_id": "drop" if drop_missing_id else "raise",
    }
    with steps() as step:
        step(f"Summarizing {log}")
        data: Any
        if calibration_end is None:
            data = clv.rfm_summary(log, **told, observation_end=observation_end)
        else:
            ends: dict[str, Any] = {"calibration_end": calibration_end, "holdout_end": holdout_end}
            data = clv.holdout_split(log, **told, **ends, amount=amount)
        step("Fitting and comparing")
        found = clv.compare(data, chosen, None if amount is None else clv.GammaGamma())
        if output is not None:
            found.to_json(output)
    terminal.show_facts(out, [finding.text for finding in data.findings])
    terminal.show_comparison(out, found.shown(), found.remarks(), found.words)
    if output is not None:
        out.print(f"Table written to {output}")


@app.command()
def crosscheck(
    log: Log,
    model: Annotated[Path, typer.Argument(help="A model that `clv fit` saved.")] = Path("model.json"),
    output: Annotated[Path | None, typer.Option(help="Where the tables go (JSON); leave out for none.")] = None,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    observation_end: Annotated[
        str | None, typer.Option(help="Last day the model learned from; default: as the model says.")
    ] = None,
    horizon: Horizon = "12 months",
    include_first_transaction: Annotated[bool, typer.Option(help="Count first purchases into mean spend.")] = False,
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Ask the installed lifetimes for a second opinion on a saved model, given the log it was fitted to.

    Exit code 0 if it agrees; 7 if it does not, or has no opinion.
    """
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with steps() as step:
        step(f"Reading {model}")
        fitted = clv.load(model)
        clock = fitted.purchases.clock_
        step(f"Summarizing {log}")
        rfm = clv.rfm_summary(
            log,
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
        )
        step("Asking lifetimes")
        if amount is None and fitted.spend is not None:
            err.print("Without --amount there is no money to check: checking purchases alone.", highlight=False)
            fitted = clv.CustomerModel(fitted.purchases)
        check = clv.crosscheck(fitted, rfm, horizon=horizon)
        if output is not None:
            check.to_json(output)
    terminal.show_facts(out, [finding.text for finding in rfm.findings])
    terminal.show_crosscheck(out, check.tables())
    if output is not None:
        out.print(f"Tables written to {output}")
    if not check.agrees:
        raise typer.Exit(DISAGREES)

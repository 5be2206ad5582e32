"""The command line: one verb calls one function."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from clvmodels.errors import CLVError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Customer lifetime value from transaction logs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out, err = Console(), Console(stderr=True)

DISAGREES = 3  # exit code of a cross-check that does not agree; 1 is a failure, 2 a wrong flag
DEMO_CUT, DEMO_END = "1997-09-30", "1998-06-30"
DEMO_HORIZON, DEMO_RATE, DEMO_MARGIN = "12 months", 0.10, 1.0

Log = Annotated[Path, typer.Argument(help="Transaction log: CSV or Parquet, a row a transaction.")]
CustomerId = Annotated[str, typer.Option(help="Column that names the customer.")]
Date = Annotated[str, typer.Option(help="Column with the date of the transaction.")]
Amount = Annotated[str | None, typer.Option(help="Column with the money of the transaction; leave out for none.")]
Unit = Annotated[str, typer.Option(help="Unit of time: hour, day, week, month or year.")]
Merge = Annotated[
    str, typer.Option(help="Purchases within one such period are one: hour, day; or week, month, year for bgbb.")
]
DateFormat = Annotated[str | None, typer.Option(help="strftime codes of dates that are not ISO, such as %d/%m/%Y.")]
TimeZone = Annotated[str | None, typer.Option(help="Zone whose calendar counts, such as Europe/Paris.")]
DropMissing = Annotated[bool, typer.Option("--drop-missing-id", help="Set rows without a customer id aside.")]
AcquiredAfter = Annotated[
    str | None, typer.Option(help="Leave out customers first seen up to this day: `clv profile` says whether to.")
]
Horizon = Annotated[str, typer.Option(help="How far to look ahead, such as '12 months'.")]
Rate = Annotated[float, typer.Option(help="Effective yearly discount rate; 0.10 is ten percent a year.")]
Margin = Annotated[float, typer.Option(help="Share of spend that counts; 1 for revenue.")]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """Customer lifetime value from transaction logs."""
    if version:
        from clvmodels import __version__

        out.print(f"clvmodels {__version__}", highlight=False)
        raise typer.Exit


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the results go.")] = Path("clv-demo"),
) -> None:
    """Run the whole path on the bundled CDNOW log: fit, score, value, validate, report."""
    import clvmodels as clv
    from clvmodels import files, frames
    from clvmodels.reporting import terminal

    path = clv.datasets.dataset_path("cdnow.csv")
    columns: dict[str, Any] = {
        "customer_id": "customer_id",
        "date": "date",
        "amount": "amount",
        "time_unit": "week",
    }
    with _steps() as step:
        step("Cutting the CDNOW log into 39 weeks to learn from and 39 to check against")
        split = clv.holdout_split(path, **columns, calibration_end=DEMO_CUT, holdout_end=DEMO_END)
        rfm = split.calibration
        step("Fitting BG/NBD and Gamma-Gamma")
        model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
        step("Valuing every customer over twelve months")
        scored = _score(model, rfm, DEMO_HORIZON, DEMO_RATE, DEMO_MARGIN)
        step("Validating on the 39 weeks the models never saw")
        check = clv.validate(split, [clv.BGNBD()], clv.GammaGamma())
        step("Writing the report")
        with files.replacing(folder / "predictions.parquet") as temporary:
            frames.write_table(scored, temporary)
        model.save(folder / "model.json")
        check.to_json(folder / "validation.json")
        terms = f"{DEMO_HORIZON} from {DEMO_CUT}, discounted at {DEMO_RATE:.0%} a year, margin {DEMO_MARGIN:g}"
        clv.write_report(check, folder / "report.html", value=scored, value_terms=terms)
    terminal.show_facts(out, rfm.facts())
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in model.parts])
    terminal.show_value(out, scored, DEMO_HORIZON, DEMO_RATE, DEMO_MARGIN)
    terminal.show_scores(out, check.scores, check.facts)
    out.print("\nWritten:")
    for name in ("predictions.parquet", "model.json", "validation.json", "report.html", "report.json"):
        out.print(f"  {folder / name}", highlight=False)


@app.command()
def profile(
    log: Log,
    output: Annotated[Path | None, typer.Option(help="Where all of it goes (JSON); default: nowhere.")] = None,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Annotated[str, typer.Option(help="Unit times are told in: day, week, month or year.")] = "day",
    observation_end: Annotated[str | None, typer.Option(help="Last day to look at; default: the latest date.")] = None,
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Look at a log before any model: what it holds, whether it suffices, and which models fit such data."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with _steps() as step:
        step(f"Looking at {log}")
        found = clv.profile(
            log,
            customer_id=customer_id,
            date=date,
            amount=amount,
            time_unit=time_unit,  # type: ignore[arg-type]  # refused where it is none
            observation_end=observation_end,
            acquired_after=acquired_after,
            date_format=date_format,
            time_zone=time_zone,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        if output is not None:
            found.to_json(output)
    terminal.show_facts(out, found.facts())
    terminal.show_profile(out, found.shown_checks(), found.models)
    if output is not None:
        out.print(f"Profile written to {output}")


@app.command()
def fit(
    log: Log,
    model: Annotated[str, typer.Option(help="Which model of purchases, such as bgnbd or pareto_nbd.")] = "bgnbd",
    output: Annotated[Path, typer.Option(help="Where the model goes (JSON).")] = Path("model.json"),
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Unit = "day",
    merge_within: Merge = "day",
    observation_end: Annotated[
        str | None, typer.Option(help="Last day to learn from; default: the latest date.")
    ] = None,
    include_first_transaction: Annotated[bool, typer.Option(help="Count first purchases into mean spend.")] = False,
    acquired_after: AcquiredAfter = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Fit a model of purchases and, with --amount, Gamma-Gamma to a log, and save them."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    chosen = _models(model)
    with _steps() as step:
        step(f"Summarizing {log}")
        rfm = clv.rfm_summary(
            log,
            customer_id=customer_id,
            date=date,
            amount=amount,
            **_clock(time_unit, merge_within),
            observation_end=observation_end,
            include_first_transaction=include_first_transaction,
            intertimes=_intertimes(chosen),
            acquired_after=acquired_after,
            date_format=date_format,
            time_zone=time_zone,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Fitting")
        fitted = clv.CustomerModel(chosen[0], None if amount is None else clv.GammaGamma()).fit(rfm)
        fitted.save(output)
    terminal.show_facts(out, rfm.facts())
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in fitted.parts])
    out.print(f"Model written to {output}")


@app.command()
def score(
    log: Log,
    model: Annotated[Path, typer.Option(help="A model that `clv fit` saved.")] = Path("model.json"),
    output: Annotated[Path, typer.Option(help="Where the predictions go (.parquet or .csv).")] = Path(
        "predictions.parquet"
    ),
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    observation_end: Annotated[str | None, typer.Option(help="Score as of this day; default: the latest date.")] = None,
    horizon: Horizon = "12 months",
    annual_discount_rate: Rate = 0.10,
    margin: Margin = 1.0,
    include_first_transaction: Annotated[bool, typer.Option(help="Count first purchases into mean spend.")] = False,
    date_format: DateFormat = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Score every customer of a log with a saved model: P(alive), purchases and, with --amount, value."""
    import clvmodels as clv
    from clvmodels import files, frames
    from clvmodels.reporting import terminal

    with _steps() as step:
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
            observation_end=observation_end,
            include_first_transaction=include_first_transaction,
            intertimes=_intertimes([fitted.purchases]),
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Scoring")
        if amount is None and fitted.spend is not None:
            err.print("Without --amount there is no money to value: scoring purchases alone.", highlight=False)
            fitted = clv.CustomerModel(fitted.purchases)
        scored = _score(fitted, rfm, horizon, annual_discount_rate, margin)
        with files.replacing(output) as temporary:
            frames.write_table(scored, temporary)
    terminal.show_facts(out, rfm.facts())
    if "lifetime_value" in scored.columns:
        terminal.show_value(out, scored, horizon, annual_discount_rate, margin)
    out.print(f"{len(scored):,} customers written to {output}")


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
    from clvmodels.reporting import terminal

    chosen = _models(models)
    with _steps() as step:
        step(f"Cutting {log} at {calibration_end}")
        split = clv.holdout_split(
            log,
            customer_id=customer_id,
            date=date,
            amount=amount,
            calibration_end=calibration_end,
            holdout_end=holdout_end,
            **_clock(time_unit, merge_within),
            include_first_transaction=include_first_transaction,
            intertimes=_intertimes(chosen),
            acquired_after=acquired_after,
            date_format=date_format,
            time_zone=time_zone,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Fitting and comparing")
        check = clv.validate(split, chosen, None if amount is None else clv.GammaGamma())
        step("Writing the report")
        check.to_json(output)
        clv.write_report(check, report)
    terminal.show_facts(out, split.facts())
    terminal.show_scores(out, check.scores, check.facts)
    out.print(f"Tables written to {output}, the report to {report}")


@app.command()
def report(
    log: Log,
    horizon: Annotated[str, typer.Option(help="How far to forecast from each cut, such as '26 weeks'.")] = "26 weeks",
    origins: Annotated[
        str, typer.Option(help="How many cuts, or their days with commas between: 3, or 1997-06-30,1997-09-30.")
    ] = "3",
    output: Annotated[Path, typer.Option(help="Where the page goes (HTML); its numbers go beside it (JSON).")] = Path(
        "report.html"
    ),
    models: Annotated[str, typer.Option(help="Which models, with commas between.")] = "bgnbd,mbgnbd,pareto_nbd",
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Unit = "week",
    merge_within: Merge = "day",
    discount_rate: Rate = 0.10,
    margin: Margin = 1.0,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Profile a log, backtest models and rivals at several cuts, value customers, and write it all on one page."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    chosen, spend = _models(models), None if amount is None else clv.GammaGamma()
    names: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
    missing: Any = "drop" if drop_missing_id else "raise"
    reading: dict[str, Any] = {"date_format": date_format, "time_zone": time_zone, "on_missing_id": missing}
    cuts = int(origins) if origins.isdigit() else [day.strip() for day in origins.split(",")]
    with _steps() as step:
        step(f"Profiling {log}")
        clock = _clock(time_unit, merge_within)
        profile = clv.profile(log, **names, **reading, time_unit=clock["time_unit"])
        step("Forecasting from each cut, and comparing with what came after")

        def told(done: int, of: int) -> None:
            step(f"{done} of {of} cuts done")

        result = clv.backtest(
            log, chosen, spend, horizons=horizon, origins=cuts, **names, **clock, **reading, progress=told
        )
        value, terms = None, None
        if spend is not None:
            step("Valuing every customer as of today")
            title = result.facts["reference"]
            model = next(each for each in chosen if each.title == title)
            rfm = clv.rfm_summary(log, **names, **clock, **reading, intertimes=_intertimes([model]))
            terms = f"{horizon} from {rfm.observation_end}, discounted at {discount_rate:.0%} a year, margin {margin:g}"
            terms = f"By {title} and Gamma-Gamma, fitted to the whole log: {terms}."
            fitted = clv.CustomerModel(model, spend).fit(rfm)
            value = _score(fitted, rfm, horizon, discount_rate, margin)
        step("Writing the report")
        clv.write_report(result, output, value, value_terms=terms, profile=profile)
    terminal.show_verdict(out, result)
    out.print(f"Report written to {output}, its numbers to {output.with_suffix('.json')}")


@app.command()
def backtest(
    log: Log,
    horizons: Annotated[str, typer.Option(help="How far ahead, such as '13 weeks,39 weeks'.")],
    origins: Annotated[
        str, typer.Option(help="Last days to learn from, with commas between; or how many, evenly placed.")
    ] = "3",
    models: Annotated[str, typer.Option(help="Which models, with commas between.")] = "bgnbd,pareto_nbd",
    output: Annotated[Path, typer.Option(help="Where the tables go (JSON).")] = Path("backtest.json"),
    keep: Annotated[Path | None, typer.Option(help="Folder for each origin's tables, as soon as it is done.")] = None,
    challenger: Annotated[bool, typer.Option(help="Let a machine-learning challenger take part.")] = True,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    time_unit: Unit = "day",
    merge_within: Merge = "day",
    include_first_transaction: Annotated[bool, typer.Option(help="Count first purchases into mean spend.")] = False,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Forecast from several dates with what was known on each, and compare with what came after and with rivals."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    found = clv.backtest(
        log,
        _models(models),
        None if amount is None else clv.GammaGamma(),
        horizons=[horizon.strip() for horizon in horizons.split(",")],
        origins=int(origins) if origins.isdigit() else [origin.strip() for origin in origins.split(",")],
        customer_id=customer_id,
        date=date,
        amount=amount,
        **_clock(time_unit, merge_within),
        include_first_transaction=include_first_transaction,
        date_format=date_format,
        time_zone=time_zone,
        on_missing_id="drop" if drop_missing_id else "raise",
        challenger=challenger,
        keep=keep,
    )
    found.to_json(output)
    terminal.show_backtest(out, found.summary, found.facts)
    out.print(f"Tables written to {output}")


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
    from clvmodels.reporting import terminal

    chosen = _models(models)
    if calibration_end is None and (holdout_end is not None or amount is not None):
        raise InvalidOption("--holdout-end and --amount are for forecasts: give --calibration-end too.")
    if calibration_end is not None and observation_end is not None:
        raise InvalidOption("Give either --observation-end or --calibration-end.")
    told: dict[str, Any] = {
        "customer_id": customer_id,
        "date": date,
        **_clock(time_unit, merge_within),
        "intertimes": _intertimes(chosen),
        "acquired_after": acquired_after,
        "date_format": date_format,
        "time_zone": time_zone,
        "on_missing_id": "drop" if drop_missing_id else "raise",
    }
    with _steps() as step:
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
    terminal.show_facts(out, data.facts())
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

    Exit code 0 if it agrees; 3 if it does not, or has no opinion; 1 for a failure here.
    """
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with _steps() as step:
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
    terminal.show_facts(out, rfm.facts())
    terminal.show_crosscheck(out, check.tables())
    if output is not None:
        out.print(f"Tables written to {output}")
    if not check.agrees:
        raise typer.Exit(DISAGREES)


def main() -> None:
    """Run the command line; every failure is one readable message and a non-zero exit."""
    try:
        app()
    except CLVError as error:
        _fail(str(error), 1)
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        _fail("Interrupted; nothing was half-written.", 130)


def _fail(message: str, code: int) -> None:
    err.print("Error:", style="bold red", end=" ")
    err.print(message, soft_wrap=True, markup=False, highlight=False)
    sys.exit(code)


def _clock(time_unit: str, merge_within: str) -> dict[str, Any]:
    """The options of a clock; the Clock refuses what is none."""
    from clvmodels.clock import Clock

    clock = Clock(time_unit, merge_within)  # type: ignore[arg-type]
    return {"time_unit": clock.time_unit, "merge_within": clock.merge_within}


def _models(text: str) -> list[Any]:
    """Unfitted models by the names of their processes."""
    from clvmodels.errors import InvalidOption
    from clvmodels.estimators.persistence import PURCHASE_MODELS, REGULAR_MODELS

    known: dict[str, Any] = {**PURCHASE_MODELS, **REGULAR_MODELS}
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or not set(names) <= set(known):
        raise InvalidOption(f"--models {text!r}: the models are {', '.join(known)}, with commas between.")
    return [known[name]() for name in names]


def _intertimes(models: list[Any]) -> bool:
    """Whether any of the models reads times between purchases."""
    from clvmodels.estimators.regular import RegularModel

    return any(isinstance(model, RegularModel) for model in models)


def _score(model: Any, rfm: Any, horizon: str, rate: float, margin: float) -> Any:
    """One table a customer: P(alive), and purchases or value."""
    import clvmodels as clv
    from clvmodels import frames

    alive = model.probability_alive(rfm)
    if model.spend is None:
        rest = model.expected_purchases(rfm, horizon)
    else:
        rest = clv.lifetime_value(
            model.purchases, model.spend, rfm, horizon=horizon, annual_discount_rate=rate, margin=margin
        )
    columns = {"customer_id": rfm.customer_id, "probability_alive": alive["probability_alive"].to_numpy()}
    named = [name for name in rest.columns if name not in ("customer_id", "reason")]
    columns |= {name: rest[name].to_numpy() for name in named}
    if "reason" in rest.columns:
        columns["reason"] = rest["reason"].to_list()
    return frames.table("polars", columns)


@contextmanager
def _steps() -> Iterator[Any]:
    """Progress on the terminal: each step shown while it runs, with the time it took; nothing where nobody watches."""
    with Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    ) as progress:
        running: list[Any] = []

        def step(text: str) -> None:
            if running:
                progress.update(running[-1], total=1, completed=1)
            running.append(progress.add_task(text, total=None))

        yield step
        if running:
            progress.update(running[-1], total=1, completed=1)

"""`clv value` and `clv forecast`: what customers are worth after costs, and revenue by month."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import (
    AmountOption,
    CalendarFileOption,
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DiscountRateOption,
    DropMissingIdOption,
    HorizonOption,
    LogArgument,
    MarginOption,
    TimeUnitOption,
    TimeZoneOption,
    clock_options,
    load_calendar,
)
from clvmodels.cli.tables import save_table

ModelOption = Annotated[str, typer.Option(help="The purchase model, such as mbgnbd or pareto_nbd.")]
EndOption = Annotated[str | None, typer.Option(help="Last day to include; default: the latest in the log.")]
PerOrderOption = Annotated[float, typer.Option(help="Cost of each order.")]
PerPeriodOption = Annotated[float, typer.Option(help="Cost of serving a customer for a month.")]
ServedWithinOption = Annotated[str, typer.Option(help="How long after an order a customer is served.")]
CurrencyOption = Annotated[str | None, typer.Option(help="Currency of the amounts, such as EUR.")]
IntervalOption = Annotated[float, typer.Option(help="Central probability of the intervals.")]
TableOption = Annotated[
    Path | None, typer.Option(help="Where the table goes (CSV or Parquet); without it, it is only shown.")
]


SHOWN = (  # what fits a terminal of 80 columns
    "driver",
    "factor",
    "line",
    "top",
    "share",
    "elasticity",
    "customers",
    "period",
    "orders",
    "existing",
    "new",
    "revenue",
    "net_cash_flow",
    "costs",
    "remaining_value",
    "present_value",
    *(f"{name}_{end}" for name in ("remaining_value", "present_value") for end in ("lower", "upper")),
)
AUTO = "auto"
CONCENTRATION_DRAWS = 100
FORMATS = {
    "period": None,
    "line": None,
    "driver": None,
    "factor": ".2f",
    "elasticity": ".2f",
    "top": ".0%",
    "share": ".0%",
}


@dataclass(frozen=True, slots=True)
class FittedLog:
    """A log, and the models that were fitted to all of it."""

    rfm: Any
    purchases: Any
    spend: Any


@app.command()
def value(
    log: LogArgument,
    amount: AmountOption = "amount",
    model: ModelOption = "mbgnbd",
    horizon: HorizonOption = "12 months",
    annual_discount_rate: DiscountRateOption = 0.10,
    margin: MarginOption = 1.0,
    per_order: PerOrderOption = 0.0,
    per_period: PerPeriodOption = 0.0,
    served_within: ServedWithinOption = "12 months",
    currency: CurrencyOption = None,
    by_period: Annotated[
        str | None, typer.Option(help="Show the cash flow by week, month, quarter or year instead of the total.")
    ] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Show how the value answers to dropout, rate, spend and margin as well.")
    ] = False,
    concentration: Annotated[
        bool,
        typer.Option("--concentration", help="Show what the best customers hold of the value as well."),
    ] = False,
    interval: IntervalOption = 0.9,
    output: TableOption = None,
    observation_end: EndOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    time_unit: TimeUnitOption = "day",
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """Show what the customers of a log are worth from its end on, after costs; --output gets one row per customer."""
    import clvmodels as clv

    costs = clv.Costs(per_order=per_order, per_period=per_period, served_within=served_within, currency=currency)
    terms: dict[str, Any] = {
        "horizon": horizon,
        "annual_discount_rate": annual_discount_rate,
        "margin": margin,
        "costs": costs,
    }
    columns = {"customer_id": customer_id, "date": date, "amount": amount}
    reading: dict[str, Any] = {"time_unit": time_unit, "date_format": date_format, "time_zone": time_zone}
    reading["calendar"] = load_calendar(calendar)
    with steps() as step:
        fitted = fit_log(step, log, model, columns, reading, observation_end, drop_missing_id)
        step("Valuing the customers")
        models: dict[str, Any] = {"purchases": fitted.purchases, "spend": fitted.spend, "rfm": fitted.rfm}
        shape: dict[str, Any] = {"by": "total"} if by_period is None else {"by_period": by_period}
        table = clv.remaining_value(**models, **shape, interval=interval, **terms)
        if output is not None:
            written = table if by_period is not None else clv.remaining_value(**models, **terms)
            save_table(written.frame(), output)
        answers = clv.elasticities(**models, **terms) if what_if else None
        held = None
        if concentration:
            step("Drawing the future of the customers")
            history = read_history(log, columns, reading, observation_end, drop_missing_id)
            held = clv.value_concentration(fitted.purchases, fitted.spend, history, draws=CONCENTRATION_DRAWS, **terms)
    show(table.frame(), table.text)
    if answers is not None:
        show(answers.frame(), answers.text)
    if held is not None:
        show(held.frame(), held.text)
    if output is not None:
        out.print(f"Table written to {output}")


@app.command()
def forecast(
    log: LogArgument,
    amount: AmountOption = "amount",
    model: ModelOption = "mbgnbd",
    horizon: HorizonOption = "12 months",
    annual_discount_rate: DiscountRateOption = 0.10,
    margin: MarginOption = 1.0,
    per_order: PerOrderOption = 0.0,
    per_period: PerPeriodOption = 0.0,
    served_within: ServedWithinOption = "12 months",
    currency: CurrencyOption = None,
    plan: Annotated[
        str | None,
        typer.Option(
            help="Customers to come: a CSV file with columns month (YYYY-MM) and customers, or auto, from the log."
        ),
    ] = None,
    cac: Annotated[float, typer.Option(help="Cost of acquiring one of the customers to come.")] = 0.0,
    interval: IntervalOption = 0.9,
    output: TableOption = None,
    observation_end: EndOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    time_unit: TimeUnitOption = "day",
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """Forecast the revenue of a log by calendar month, of existing customers and, with --plan, of customers to come."""
    import clvmodels as clv

    costs = clv.Costs(per_order=per_order, per_period=per_period, served_within=served_within, currency=currency)
    columns: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
    reading: dict[str, Any] = {"time_unit": time_unit, "date_format": date_format, "time_zone": time_zone}
    reading["calendar"] = load_calendar(calendar)
    with steps() as step:
        planned = None if plan in (None, AUTO) else clv.AcquisitionPlan(customers=read_plan(Path(str(plan))), cac=cac)
        if plan == AUTO:
            step("Forecasting customers to come")
            history = read_history(log, columns, reading, observation_end, drop_missing_id)
            planned = clv.forecast_arrivals(history, horizon=horizon, cac=cac)
        fitted = fit_log(step, log, model, columns, reading, observation_end, drop_missing_id)
        step("Forecasting revenue")
        result = clv.revenue_forecast(
            fitted.purchases,
            fitted.spend,
            fitted.rfm,
            horizon=horizon,
            annual_discount_rate=annual_discount_rate,
            margin=margin,
            plan=planned,
            costs=costs,
            interval=interval,
        )
        if output is not None:
            save_table(result.frame(), output)
    show(result.frame(), result.text)
    show(result.equity, "")
    if output is not None:
        out.print(f"Table written to {output}")


def read_history(
    log: Path, columns: dict[str, Any], reading: dict[str, Any], observation_end: str | None, drop_missing_id: bool
) -> Any:
    """Return the history of a log up to its end."""
    import clvmodels as clv

    return clv.KnownHistory.from_log(
        log,
        **columns,
        **{name: value for name, value in reading.items() if name != "time_unit"},
        **clock_options(str(reading["time_unit"]), "day"),
        observation_end=observation_end,
        on_missing_id="drop" if drop_missing_id else "raise",
    )


def fit_log(
    step: Any,
    log: Path,
    model: str,
    columns: dict[str, Any],
    reading: dict[str, Any],
    observation_end: str | None,
    drop_missing_id: bool,
) -> FittedLog:
    """Summarize a log, and fit a purchase model and the spend model to it."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.estimators.persistence import MODEL_CLASSES
    from clvmodels.estimators.regular import reads_intertimes

    if model not in MODEL_CLASSES:
        raise InvalidOption(f"model={model!r} is not one of {', '.join(MODEL_CLASSES)}.{closest(model, MODEL_CLASSES)}")
    chosen = MODEL_CLASSES[model]()
    step(f"Reading {log}")
    clock = clock_options(str(reading["time_unit"]), "day")
    others = {name: value for name, value in reading.items() if name != "time_unit"}
    rfm = clv.rfm_summary(
        log,
        **columns,
        **others,
        **clock,
        observation_end=observation_end,
        intertimes=reads_intertimes([chosen]),
        on_missing_id="drop" if drop_missing_id else "raise",
    )
    step("Fitting the models")
    return FittedLog(rfm, chosen.fit(rfm), clv.GammaGamma().fit(rfm))


def read_plan(path: Path) -> dict[str, float]:
    """Return the customers to come of each month in a CSV file with columns month and customers."""
    import pandas as pd

    from clvmodels.errors import InvalidOption

    table = pd.read_csv(path, dtype={"month": str})
    missing = [name for name in ("month", "customers") if name not in table.columns]
    if missing:
        raise InvalidOption(f"{path} has no column {' and no column '.join(map(repr, missing))}: a plan needs both.")
    if table["month"].duplicated().any():
        raise InvalidOption(f"{path} has the month {table['month'][table['month'].duplicated()].iloc[0]!r} twice.")
    return {str(month): count for month, count in zip(table["month"], table["customers"].tolist(), strict=True)}


def show(frame: Any, text: str) -> None:
    """Print a table of a few rows, and a text below it."""
    from rich.table import Table

    from clvmodels.language.numbers import cells

    shown = Table(box=None, header_style="bold", pad_edge=False)
    names = [name for name in frame.columns if name in SHOWN]
    for name in names:
        shown.add_column(name.replace("_", " "), justify="right")
    columns = [cells(frame[name].to_list(), FORMATS.get(name, ",.0f")) for name in names]
    for row in zip(*columns, strict=True):
        shown.add_row(*row)
    out.print(shown)
    if text:
        out.print(text, highlight=False)

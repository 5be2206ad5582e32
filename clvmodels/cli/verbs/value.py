"""`clv value` and `clv forecast`: what customers are worth after costs, and revenue by month."""

from __future__ import annotations

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
    ObservationEndOption,
    TimeUnitOption,
    TimeZoneOption,
    TotalIntervalOption,
    load_calendar,
    parse_total_interval,
)
from clvmodels.cli.money import fit_log, read_history, show
from clvmodels.cli.tables import save_table

ModelOption = Annotated[str, typer.Option(help="The purchase model, such as mbgnbd or pareto_nbd.")]
PerOrderOption = Annotated[float, typer.Option(help="Cost of each order.")]
PerPeriodOption = Annotated[float, typer.Option(help="Cost of serving a customer for a month.")]
ServedWithinOption = Annotated[str, typer.Option(help="How long after an order a customer causes the cost per period.")]
CurrencyOption = Annotated[str | None, typer.Option(help="Currency of the amounts, such as EUR.")]
IntervalOption = Annotated[float, typer.Option(help="Central probability of the intervals.")]
TableOption = Annotated[
    Path | None, typer.Option(help="Where the table goes (CSV or Parquet); without it, it is only shown.")
]


AUTO = "auto"
CONCENTRATION_DRAWS = 100


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
        bool, typer.Option("--what-if", help="Also show how the value depends on dropout, rate, spend and margin.")
    ] = False,
    concentration: Annotated[
        bool,
        typer.Option("--concentration", help="Also show the best customers' share of the value."),
    ] = False,
    acquisition: Annotated[
        str | None,
        typer.Option(
            help="Cost of acquiring a customer, or costs by group of --by; shows unit economics: search=20,..."
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Column of the customer's group, such as a channel.")] = None,
    targets: Annotated[
        str | None, typer.Option(help="Targets of key figures, with --acquisition, such as cac=12,clv_to_cac=3.")
    ] = None,
    satisfaction: Annotated[
        str | None, typer.Option(help="Column of the customer's satisfaction, a key figure, with --acquisition.")
    ] = None,
    interval: IntervalOption = 0.9,
    total_interval: TotalIntervalOption = "history",
    output: TableOption = None,
    observation_end: ObservationEndOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    time_unit: TimeUnitOption = "day",
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """Show what the customers of a log are worth after costs; --output writes one row per customer."""
    import clvmodels as clv
    from clvmodels.cli import base_tables

    if acquisition is None:
        refuse_without_acquisition(by, targets, satisfaction)
    chosen = parse_total_interval(total_interval)
    acquiring = None if acquisition is None else base_tables.acquisition_cost(acquisition, by)
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
        table = clv.remaining_value(**models, **shape, interval=interval, total_interval=chosen, **terms)
        if output is not None:
            written = table if by_period is not None else clv.remaining_value(**models, **terms)
            save_table(written.frame(), output)
        answers = clv.elasticities(**models, **terms) if what_if else None
        held = None
        if concentration:
            step("Drawing the future of the customers")
            history = read_history(log, columns, reading, observation_end, drop_missing_id)
            held = clv.value_concentration(fitted.purchases, fitted.spend, history, draws=CONCENTRATION_DRAWS, **terms)
        more = []
        if acquisition is not None:
            dropping = {"on_missing_id": "drop" if drop_missing_id else "raise"}
            base = {"log": log, **columns, **reading, **dropping, "observation_end": observation_end}
            pair = (fitted.purchases, fitted.spend)
            worth = terms | {"total_interval": chosen}
            more = base_tables.economics_of_base(step, base, pair, acquiring, by, targets, satisfaction, worth)
    show(table.frame(), table.text)
    for each in more:
        each.show()
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
            help="New customers: a CSV file with columns month (YYYY-MM) and customers, or auto to forecast them."
        ),
    ] = None,
    cac: Annotated[float, typer.Option(help="Cost of acquiring one new customer.")] = 0.0,
    interval: IntervalOption = 0.9,
    total_interval: TotalIntervalOption = "history",
    output: TableOption = None,
    observation_end: ObservationEndOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    time_unit: TimeUnitOption = "day",
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    calendar: CalendarFileOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """Forecast revenue by calendar month: of existing customers and, with --plan, of new customers."""
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
            planned = clv.forecast_arrivals(history, horizon=horizon, cac=cac, drift=True)
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
            total_interval=parse_total_interval(total_interval),
        )
        if output is not None:
            save_table(result.frame(), output)
    show(result.frame(), result.text)
    show(result.equity, "")
    if output is not None:
        out.print(f"Table written to {output}")


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


def refuse_without_acquisition(by: str | None, targets: str | None, satisfaction: str | None) -> None:
    """Raise InvalidOption for options of unit economics without a cost of acquisition."""
    from clvmodels.errors import InvalidOption

    named = {"by": by, "targets": targets, "satisfaction": satisfaction}
    if missing := [f"{name}=" for name, value in named.items() if value is not None]:
        raise InvalidOption(
            f"{', '.join(missing)}: for unit economics, which need a cost of acquisition, acquisition=."
        )

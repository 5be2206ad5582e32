"""`clv backtest` and `clv report`: forecasts from several cutoffs compared with what happened, as tables or a page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import LanguageOption, app, out, several_processes, steps
from clvmodels.cli.arguments import (
    AcquiredAfterOption,
    AmountOption,
    CalendarFlag,
    ColumnsOption,
    CountStatusesOption,
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DecimalOption,
    DelimiterOption,
    DiscountRateOption,
    DropMissingIdOption,
    EncodingOption,
    FirstTransactionOption,
    LogArgument,
    MarginOption,
    MergeWithinOption,
    MissingIdsOption,
    ModelsOption,
    ObservationEndOption,
    RefundStatusesOption,
    SheetOption,
    TimeUnitOption,
    TimeZoneOption,
    TotalIntervalOption,
    UnknownStatusesOption,
    VoidStatusesOption,
    choose_columns,
    clock_options,
    log_file,
    parse_models,
    parse_total_interval,
    read_calendar,
    split_ids,
    split_list,
    status_rules,
)
from clvmodels.cli.replayed_cleaning import CleaningOption, open_log

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MostCustomersOption = Annotated[
    int, typer.Option(min=0, help="Largest number of customers to test on, sampled by their ids; 0: all customers.")
]
BACKTEST, REPORT = "clvmodels.validation.backtest.backtest", "clvmodels.reporting.report"  # what worker processes do
CUTOFFS = "The number of cutoffs, or their days separated by commas: 3, or 1997-06-30,1997-09-30."


@app.command()
def backtest(
    log: LogArgument,
    horizons: Annotated[str, typer.Option(help="How far ahead to forecast, such as '13 weeks,39 weeks'.")],
    cutoffs: Annotated[str, typer.Option(help=CUTOFFS)] = "3",
    models: ModelsOption = "mbgnbd,pareto_nbd",
    output: Annotated[Path, typer.Option(help="Where the tables go (JSON).")] = Path("backtest.json"),
    keep: Annotated[
        Path | None, typer.Option(help="Folder for the tables of each cutoff, written as soon as it is done.")
    ] = None,
    boosted_trees: Annotated[bool, typer.Option(help="Compare with boosted trees and their blends.")] = True,
    total_interval: TotalIntervalOption = "history",
    most_customers: MostCustomersOption = 50_000,
    cleaning: CleaningOption = None,
    columns: ColumnsOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    observation_end: ObservationEndOption = None,
    acquired_after: AcquiredAfterOption = None,
    calendar: CalendarFlag = None,
    revenue: Annotated[
        bool, typer.Option("--revenue", help="Also forecast the revenue of all customers, including future ones.")
    ] = False,
    time_unit: TimeUnitOption = "day",
    merge_within: MergeWithinOption = "day",
    include_first_transaction: FirstTransactionOption = False,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    drop_missing_id: DropMissingIdOption = False,
    missing_ids: MissingIdsOption = None,
    void_statuses: VoidStatusesOption = "",
    refund_statuses: RefundStatusesOption = "",
    count_statuses: CountStatusesOption = "",
    unknown_statuses: UnknownStatusesOption = "raise",
) -> None:
    """Forecast from several cutoffs with what was known on each, and compare with what happened and with benchmarks."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption

    if not split_list(horizons):
        raise InvalidOption(f"--horizons {horizons!r}: name at least one, such as '26 weeks'.")
    names: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
    with several_processes(BACKTEST), steps() as step:
        chosen = parse_models(models)
        step(f"Reading {log}")
        from clvmodels.reporting import terminal

        file = log_file(log, encoding, delimiter, decimal, sheet)
        read = choose_columns(file, columns, names, date_format, time_zone)
        names, reading = read.columns, {"date_format": read.date_format, "time_zone": read.time_zone}
        rules = status_rules(void_statuses, refund_statuses, count_statuses, unknown_statuses)
        source = open_log(file, columns, cleaning, names, reading, rules, split_ids(missing_ids))
        step("Forecasting from each cutoff, and comparing with what happened")
        result = clv.backtest(
            source.log,
            chosen,
            None if source.columns["amount"] is None else clv.GammaGamma(),
            horizons=split_list(horizons),
            cutoffs=_days(cutoffs),
            **source.columns,
            **source.reading,
            observation_end=observation_end,
            acquired_after=acquired_after,
            **clock_options(time_unit, merge_within),
            include_first_transaction=include_first_transaction,
            on_missing_id="drop" if drop_missing_id or columns == "auto" else "raise",
            missing_ids=split_ids(missing_ids),
            boosted_trees=boosted_trees,
            total_interval=parse_total_interval(total_interval),
            most_customers=most_customers,
            calendar=read_calendar(calendar),
            revenue=revenue,
            keep=keep,
            progress=_show_cutoffs(step),
        )
    result.to_json(output)
    terminal.show_backtest(out, result)
    out.print(f"Tables written to {output}")


@app.command()
def report(
    log: Annotated[
        Path | None,
        typer.Argument(metavar="LOG", help="Transaction log, one row per transaction; needed unless there is --site."),
    ] = None,
    horizon: Annotated[
        str,
        typer.Option(
            help="How far to forecast from each cutoff, such as '26 weeks'; 'auto': 26 weeks, or a third of a log "
            "that covers less than a year."
        ),
    ] = "auto",
    cutoffs: Annotated[str, typer.Option(help=CUTOFFS)] = "3",
    output: Annotated[Path, typer.Option(help="Where the page goes (HTML); its numbers go next to it (JSON).")] = Path(
        "report.html"
    ),
    models: ModelsOption = "mbgnbd,bgnbd,pareto_nbd",
    cleaning: CleaningOption = None,
    columns: ColumnsOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    observation_end: ObservationEndOption = None,
    acquired_after: AcquiredAfterOption = None,
    calendar: CalendarFlag = None,
    time_unit: TimeUnitOption = "week",
    merge_within: MergeWithinOption = "day",
    include_first_transaction: FirstTransactionOption = False,
    value_horizon: Annotated[
        str, typer.Option(help="How far ahead to value customers, or 'lifetime'; used with --amount.")
    ] = "12 months",
    annual_discount_rate: DiscountRateOption = 0.10,
    margin: MarginOption = 1.0,
    total_interval: TotalIntervalOption = "history",
    most_customers: MostCustomersOption = 50_000,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    name: Annotated[str, typer.Option(help="Name of the shop, for the title.")] = "",
    currency: Annotated[str, typer.Option(help="Currency of the amounts, such as EUR; printed with them.")] = "",
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    drop_missing_id: DropMissingIdOption = False,
    missing_ids: MissingIdsOption = None,
    void_statuses: VoidStatusesOption = "",
    refund_statuses: RefundStatusesOption = "",
    count_statuses: CountStatusesOption = "",
    unknown_statuses: UnknownStatusesOption = "raise",
    compare: Annotated[
        Path | None, typer.Option(help="JSON of an earlier report: the page then explains why the value has changed.")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also write a summary of one page (PDF) next to the page; needs Chromium.")
    ] = False,
    workbook: Annotated[
        bool, typer.Option("--workbook", help="Also write the numbers as a workbook (.xlsx) next to the page.")
    ] = False,
    site: Annotated[
        Path | None,
        typer.Option(help="Folder of reports: write its index page with value, bias and coverage."),
    ] = None,
    language: LanguageOption = None,  # noqa: ARG001  # its callback sets the language
) -> None:
    """Profile a log, backtest models and benchmarks at several cutoffs, value customers, and write one page."""
    import clvmodels as clv
    from clvmodels.language.current import current_language
    from clvmodels.language.messages import message

    if log is None:
        _write_index(site)
        return
    browser = _find_browser() if pdf else ""
    names: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
    with several_processes(BACKTEST, REPORT), steps() as step:
        chosen = parse_models(models)
        step(message("show-reading", {"file": str(log)}))
        from clvmodels.reporting import terminal
        from clvmodels.reporting.series.summary_pdf import write_summary_pdf

        file = log_file(log, encoding, delimiter, decimal, sheet)
        read = choose_columns(file, columns, names, date_format, time_zone)
        names, reading = read.columns, {"date_format": read.date_format, "time_zone": read.time_zone}
        rules = status_rules(void_statuses, refund_statuses, count_statuses, unknown_statuses)
        source = open_log(file, columns, cleaning, names, reading, rules, split_ids(missing_ids))
        made = clv.report(
            source.log,
            **source.columns,
            **source.reading,
            models=chosen,
            horizon=horizon,
            cutoffs=_days(cutoffs),
            value_horizon=value_horizon,
            annual_discount_rate=annual_discount_rate,
            margin=margin,
            total_interval=parse_total_interval(total_interval),
            most_customers=most_customers,
            name=name,
            currency=currency,
            language=current_language(),
            compare=compare,
            **clock_options(time_unit, merge_within),
            include_first_transaction=include_first_transaction,
            observation_end=observation_end,
            acquired_after=acquired_after,
            calendar=read_calendar(calendar),
            on_missing_id="drop" if drop_missing_id or columns == "auto" else "raise",
            missing_ids=split_ids(missing_ids),
            progress=step,
        )
        made.write(output)
        if workbook:
            made.write(output.with_suffix(".xlsx"))
        if pdf:
            write_summary_pdf(made.page, output.with_suffix(".pdf"), browser)
    terminal.show_report(out, made)
    files = {"page": str(output), "numbers": str(output.with_suffix(".json"))}
    out.print(message("show-report-written", files))
    if site is not None:
        _write_index(site)


def _write_index(site: Path | None) -> None:
    """Write the index page of a folder of reports; InvalidOption without a folder."""
    from clvmodels.errors import InvalidOption
    from clvmodels.language.current import current_language
    from clvmodels.language.messages import message
    from clvmodels.reporting.series.site import write_site

    if site is None:
        raise InvalidOption("Missing argument 'LOG': name the transaction log, or --site FOLDER.")
    page = write_site(site, language=current_language())
    out.print(message("show-site-written", {"page": str(page)}))


def _find_browser() -> str:
    """Return the first Chromium on the machine; InvalidOption if there is none."""
    from clvmodels.errors import InvalidOption
    from clvmodels.reporting.series.summary_pdf import BROWSERS

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise InvalidOption(
            f"--pdf needs one of {', '.join(BROWSERS)} on the PATH: install Chromium, or print the page."
        )
    return browser


def _show_cutoffs(step: Callable[[str], None]) -> Callable[[int, int], None]:
    """Return a progress callback of `backtest` that shows how many cutoffs are done."""
    return lambda done, of: step(f"{done} of {of} cutoffs done")


def _days(text: str) -> int | list[str]:
    """Return a number of cutoffs, or their days; raise InvalidOption if it is neither."""
    from clvmodels.errors import InvalidOption

    days = split_list(text)
    if text.strip().isdigit() and int(text):
        return int(text)
    if not days or not all(DAY.match(day) for day in days):
        raise InvalidOption(f"--cutoffs {text!r} is neither a number of cutoffs above 0 nor days such as 1997-06-30.")
    return days

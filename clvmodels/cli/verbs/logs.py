"""`clv clean`, `clv profile` and `clv audit`: look at a log before any model is fitted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import LanguageOption, app, out, steps
from clvmodels.cli.arguments import (
    AcquiredAfterOption,
    AmountOption,
    ColumnsOption,
    CountStatusesOption,
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DecimalOption,
    DelimiterOption,
    DropMissingIdOption,
    EncodingOption,
    LogArgument,
    MissingIdsOption,
    ObservationEndOption,
    RefundStatusesOption,
    SheetOption,
    TimeZoneOption,
    UnknownStatusesOption,
    VoidStatusesOption,
    check_outputs,
    choose_columns,
    export_kind,
    log_file,
    split_ids,
    split_list,
    status_rules,
)
from clvmodels.cli.replayed_cleaning import nothing_left, open_log
from clvmodels.cli.spelling import as_typed
from clvmodels.cli.tables import save_table

if TYPE_CHECKING:
    from clvmodels.decisions.base_audit.audit import AuditTable
    from clvmodels.profiling.profile import Profile

AUDIT_TABLES: tuple[AuditTable, ...] = ("periods", "deciles", "concentration", "change", "cohorts", "breadth")


@app.command()
def clean(
    log: LogArgument,
    output: Annotated[Path, typer.Option(help="Where the transactions go (.parquet or .csv).")] = Path(
        "transactions.parquet"
    ),
    ledger: Annotated[Path, typer.Option(help="Where the ledger goes (JSON).")] = Path("ledger.json"),
    set_aside: Annotated[
        Path | None,
        typer.Option(help="Where the rows set aside go (.parquet or .csv); without it they are not written."),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(
            help="The log is an export of shopify, stripe, ..., or auto to detect which; its columns need not be named."
        ),
    ] = None,
    columns: ColumnsOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    quantity: Annotated[
        str | None, typer.Option(help="Column with the number of units on a line, for --price.")
    ] = None,
    price: Annotated[str | None, typer.Option(help="Column with the price of one unit.")] = None,
    order_id: Annotated[str | None, typer.Option(help="Column with the id of the order.")] = None,
    product: Annotated[str | None, typer.Option(help="Column with the code of the product.")] = None,
    status: Annotated[str | None, typer.Option(help="Column with the status of a row.")] = None,
    currency: Annotated[str | None, typer.Option(help="Column with the currency of a row.")] = None,
    rate: Annotated[str | None, typer.Option(help="Column with the value of one unit of the currency.")] = None,
    refunded: Annotated[str | None, typer.Option(help="Column with the amount refunded of the row's order.")] = None,
    discount: Annotated[
        str | None, typer.Option(help="Column with the discount on the amount or price of a row.")
    ] = None,
    test: Annotated[str | None, typer.Option(help="Column that marks test orders of the shop.")] = None,
    discounts: Annotated[
        str, typer.Option(help="Unit of --discount: share (0.2), percent (20), amount, or auto.")
    ] = "auto",
    test_orders: Annotated[str, typer.Option(help="What to do with test orders: set_aside or count.")] = "set_aside",
    on_missing_date: Annotated[
        str, typer.Option(help="What to do with rows without a date: raise or set_aside.")
    ] = "raise",
    refunds: Annotated[str, typer.Option(help="What to do with refunds: net, drop or keep.")] = "net",
    refund_prefix: Annotated[str | None, typer.Option(help="Prefix of the ids of orders that are refunds.")] = None,
    non_products: Annotated[str, typer.Option(help="Codes that are not products, separated by commas.")] = "",
    internal_pattern: Annotated[
        str | None, typer.Option(help="Regular expression that matches the ids of test and internal accounts.")
    ] = None,
    void_statuses: VoidStatusesOption = "",
    refund_statuses: RefundStatusesOption = "",
    count_statuses: CountStatusesOption = "",
    unknown_statuses: UnknownStatusesOption = "raise",
    orders: Annotated[
        str, typer.Option(help="What an order id names: merge (one purchase) or split (one purchase per day).")
    ] = "merge",
    overlaps: Annotated[
        str, typer.Option(help="What to do with orders that several files have: auto, latest or sum.")
    ] = "auto",
    repeated_totals: Annotated[
        str, typer.Option(help="What to do with one amount on every line of an order: raise, sum or once.")
    ] = "raise",
    duplicates: Annotated[str, typer.Option(help="What to do with exact duplicates: auto, drop or keep.")] = "auto",
    zero_amounts: Annotated[
        str, typer.Option(help="What to do with lines without a price: set_aside or keep.")
    ] = "set_aside",
    outliers: Annotated[str, typer.Option(help="What to do with outlier orders: flag, winsorize or keep.")] = "flag",
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    missing_ids: MissingIdsOption = None,
) -> None:
    """Turn line items, orders or an export into transactions, and account for every row in a ledger."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    rules = clv.CleaningRules(
        refunds=refunds,  # type: ignore[arg-type]  # CleaningRules checks it
        discounts=discounts,  # type: ignore[arg-type]
        test_orders=test_orders,  # type: ignore[arg-type]
        on_missing_date=on_missing_date,  # type: ignore[arg-type]
        refund_prefix=refund_prefix,
        non_products=tuple(split_list(non_products)),
        internal_pattern=internal_pattern,
        **status_rules(void_statuses, refund_statuses, count_statuses, unknown_statuses),
        orders=orders,  # type: ignore[arg-type]
        overlaps=overlaps,  # type: ignore[arg-type]
        repeated_totals=repeated_totals,  # type: ignore[arg-type]
        duplicates=duplicates,  # type: ignore[arg-type]
        zero_amounts=zero_amounts,  # type: ignore[arg-type]
        outliers=outliers,  # type: ignore[arg-type]
    )
    check_outputs(log, {"--output": output, "--set-aside": set_aside}, {"--ledger": ledger})
    with steps() as step:
        step(f"Reading {log}")
        source: Any = log_file(log, encoding, delimiter, decimal, sheet)
        roles: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount, "quantity": quantity}
        roles |= {"price": price, "order_id": order_id, "product": product, "status": status}
        roles |= {"currency": currency, "rate": rate, "refunded": refunded, "discount": discount, "test": test}
        if export is None and columns == "auto":
            export = export_kind(source)
        if export is None:
            chosen = choose_columns(source, columns, roles, date_format, time_zone)
            roles, date_format, time_zone = chosen.columns, chosen.date_format, chosen.time_zone
        else:
            zone: dict[str, Any] = {"time_zone": time_zone} if time_zone is not None else {}
            read = clv.read_export(source, None if export == "auto" else export, date_format=date_format, **zone)
            source, roles = read.frame, dict(read.columns)
            export = read.kind
        step("Cleaning")
        text: dict[str, Any] = {"date_format": date_format, "time_zone": time_zone}
        words = split_ids(missing_ids)
        cleaned = clv.clean(source, **roles, rules=rules, **({} if export is not None else text), missing_ids=words)
        if not len(cleaned.transactions):
            raise nothing_left(cleaned)
        step("Writing")
        save_table(cleaned.transactions, output)
        named = {role: name for role, name in roles.items() if name is not None}
        cleaned.to_json(ledger, read={"columns": named, **text, "export": export, "missing_ids": words})
        if set_aside is not None:
            cleaned.write_set_aside(set_aside)
    terminal.show_facts(out, [finding.text for finding in cleaned.findings])
    terminal.show_ledger(out, cleaned.ledger)
    terminal.show_statuses(out, cleaned.statuses)
    aside = "" if set_aside is None else f", the rows set aside to {set_aside}"
    out.print(f"Transactions written to {output}, the ledger to {ledger}{aside}")


@app.command()
def profile(
    log: LogArgument,
    output: Annotated[
        Path | None, typer.Option(help="Where the profile goes (JSON); without it, it is only shown.")
    ] = None,
    columns: ColumnsOption = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    time_unit: Annotated[str, typer.Option(help="Unit of times in the profile: day, week, month or year.")] = "day",
    observation_end: ObservationEndOption = None,
    acquired_after: AcquiredAfterOption = None,
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
    """Describe a log: what it contains, whether it is large enough, and which models suit it."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with steps() as step:
        step(f"Profiling {log}")
        file: Any = log_file(log, encoding, delimiter, decimal, sheet)
        named: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
        chosen = choose_columns(file, columns, named, date_format, time_zone)
        named, date_format, time_zone = chosen.columns, chosen.date_format, chosen.time_zone
        reading = {"date_format": date_format, "time_zone": time_zone}
        rules = status_rules(void_statuses, refund_statuses, count_statuses, unknown_statuses)
        source = open_log(file, columns, None, named, reading, rules, split_ids(missing_ids))
        if source.cleaned is not None:
            file = source.cleaned.transactions
        result = clv.profile(
            file,
            **source.columns,
            **source.reading,
            time_unit=time_unit,  # type: ignore[arg-type]  # profile checks it
            observation_end=observation_end,
            acquired_after=acquired_after,
            on_missing_id="drop" if drop_missing_id or columns == "auto" else "raise",
            missing_ids=split_ids(missing_ids),
        )
        result = replace(result, is_cleaned=_has_ledger(log, result))
        if output is not None:
            result.to_json(output)
    terminal.show_facts(out, (as_typed(finding.text) for finding in result.findings))
    terminal.show_profile(out, result.shown_checks(), result.models)
    if output is not None:
        out.print(f"Profile written to {output}")


@app.command()
def audit(
    log: LogArgument,
    amount: Annotated[str, typer.Option(help="Column with the amount of the transaction.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the tables (CSV); without it, they are only shown.")
    ] = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    period: Annotated[str, typer.Option(help="Calendar periods: month, quarter or year.")] = "quarter",
    observation_end: ObservationEndOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    time_zone: TimeZoneOption = None,
    drop_missing_id: DropMissingIdOption = False,
    item: Annotated[str | None, typer.Option(help="Column of the item: splits price from the mix of products.")] = None,
    quantity: Annotated[str | None, typer.Option(help="Column of units, with --item.")] = None,
    margin: Annotated[str | None, typer.Option(help="Column of the margin of each row, in money.")] = None,
    by: Annotated[str | None, typer.Option(help="Column of the customer's group, such as a channel.")] = None,
    trend: Annotated[
        bool,
        typer.Option("--trend", help="Show order value, frequency, stickiness and loyalty, past, now and expected."),
    ] = False,
    flags: Annotated[
        str | None,
        typer.Option(help="Flag groups of --by that changed visibly, compared with last_year or with the forecast."),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of the amounts, such as EUR.")] = None,
    language: LanguageOption = None,  # noqa: ARG001  # its callback sets the language
) -> None:
    """Audit the customer base: how customers differ, what changed, and how cohorts compare."""
    import clvmodels as clv
    from clvmodels.cli import base_tables
    from clvmodels.language.messages import message
    from clvmodels.reporting import terminal

    base: dict[str, Any] = {"log": log_file(log, encoding, delimiter, decimal, sheet), "amount": amount}
    base |= {"customer_id": customer_id, "date": date, "observation_end": observation_end, "date_format": date_format}
    base |= {"time_zone": time_zone, "on_missing_id": "drop" if drop_missing_id else "raise"}
    with steps() as step:
        step(message("show-reading", {"file": str(log)}))
        result = clv.audit(
            **base,
            period=period,  # type: ignore[arg-type]  # audit checks it
            item=item,
            quantity=quantity,
            margin=margin,
            by=by,
            currency=currency,
        )
        more = base_tables.of_audit(step, base, period, by, trend=trend, flags=flags, currency=currency)
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            for name in AUDIT_TABLES:
                if getattr(result, name) is not None:
                    save_table(result.frame(name), output / f"{name}.csv")
            for table in more:
                save_table(table.frame, output / f"{table.name}.csv")
    terminal.show_facts(out, [finding.text for finding in result.findings])
    periods = {"earlier": result.earlier_period, "period": result.period}
    terminal.show_decisions(out, message("show-audit", periods), result.change)
    for table in more:
        table.show()
    if output is not None:
        out.print(message("show-tables-written", {"folder": str(output)}), highlight=False)


def _has_ledger(log: Path, result: Profile) -> bool:
    """Return whether the log is next to a ledger of `clv clean` that kept the same number of rows."""
    from clvmodels.cleaning.ledger_rules import KEPT

    try:
        ledger = json.loads((log.parent / "ledger.json").read_text(encoding="utf-8"))["ledger"]
        (rows_kept,) = [int(row["rows"]) for row in ledger if row["rule"] == KEPT]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return rows_kept == result.transactions + result.rows_after_end + result.rows_without_id

"""`clv clean` and `clv profile`: a log before any model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import (
    AcquiredAfter,
    Amount,
    CustomerId,
    Date,
    DateFormat,
    DropMissing,
    Log,
    TimeZone,
    as_flags,
)


@app.command()
def clean(
    log: Log,
    output: Annotated[Path, typer.Option(help="Where the transactions go (.parquet or .csv).")] = Path(
        "transactions.parquet"
    ),
    ledger: Annotated[Path, typer.Option(help="Where the ledger goes (JSON).")] = Path("ledger.json"),
    set_aside: Annotated[
        Path | None, typer.Option(help="Where the rows set aside go (.parquet or .csv); default: nowhere.")
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(help="The log is an export: shopify, stripe, ... or auto; its columns are then known."),
    ] = None,
    customer_id: CustomerId = "customer_id",
    date: Date = "date",
    amount: Amount = None,
    quantity: Annotated[str | None, typer.Option(help="Column with the pieces of a line, for --price.")] = None,
    price: Annotated[str | None, typer.Option(help="Column with the price of a piece.")] = None,
    order_id: Annotated[str | None, typer.Option(help="Column that names the order of a line.")] = None,
    product: Annotated[str | None, typer.Option(help="Column that names the product of a line.")] = None,
    status: Annotated[str | None, typer.Option(help="Column with the status of a row.")] = None,
    currency: Annotated[str | None, typer.Option(help="Column with the currency of a row.")] = None,
    rate: Annotated[str | None, typer.Option(help="Column with what one unit of the currency is worth.")] = None,
    refunded: Annotated[str | None, typer.Option(help="Column with what was given back of the row's order.")] = None,
    refunds: Annotated[str, typer.Option(help="net, drop or keep refunds.")] = "net",
    refund_prefix: Annotated[str | None, typer.Option(help="Start of the ids of orders that are refunds.")] = None,
    non_products: Annotated[str, typer.Option(help="Codes that are no product, with commas between.")] = "",
    internal_pattern: Annotated[
        str | None, typer.Option(help="Regular expression found in the ids of test and internal accounts.")
    ] = None,
    duplicates: Annotated[str, typer.Option(help="auto, drop or keep exact duplicates.")] = "auto",
    zero_amounts: Annotated[str, typer.Option(help="set_aside or keep lines without a price.")] = "set_aside",
    outliers: Annotated[str, typer.Option(help="flag, winsorize or keep outlier orders.")] = "flag",
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
) -> None:
    """Turn line items, orders or an export into transactions, and say what was done with every row."""
    import clvmodels as clv
    from clvmodels import files, frames
    from clvmodels.reporting import terminal

    rules = clv.CleaningRules(
        refunds=refunds,  # type: ignore[arg-type]  # what is not offered is refused
        refund_prefix=refund_prefix,
        non_products=tuple(code.strip() for code in non_products.split(",") if code.strip()),
        internal_pattern=internal_pattern,
        duplicates=duplicates,  # type: ignore[arg-type]
        zero_amounts=zero_amounts,  # type: ignore[arg-type]
        outliers=outliers,  # type: ignore[arg-type]
    )
    with steps() as step:
        step(f"Reading {log}")
        source: Any = log
        columns: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount, "quantity": quantity}
        columns |= {"price": price, "order_id": order_id, "product": product, "status": status}
        columns |= {"currency": currency, "rate": rate, "refunded": refunded}
        if export is not None:
            told: dict[str, Any] = {"time_zone": time_zone} if time_zone is not None else {}
            read = clv.read_export(log, None if export == "auto" else export, date_format=date_format, **told)
            source, columns = read.frame, dict(read.columns)
            export = read.kind
        step("Cleaning")
        text: dict[str, Any] = {"date_format": date_format, "time_zone": time_zone}
        cleaned = clv.clean(source, **columns, rules=rules, **({} if export is not None else text))
        step("Writing")
        with files.replacing(output) as temporary:
            frames.write_table(cleaned.transactions, temporary)
        named = {role: name for role, name in columns.items() if name is not None}
        cleaned.to_json(ledger, read={"columns": named, **text, "export": export})
        if set_aside is not None:
            cleaned.write_set_aside(set_aside)
    terminal.show_facts(out, [finding.text for finding in cleaned.findings])
    terminal.show_ledger(out, cleaned.ledger)
    aside = "" if set_aside is None else f", the rows set aside to {set_aside}"
    out.print(f"Transactions written to {output}, the ledger to {ledger}{aside}")


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

    with steps() as step:
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
    terminal.show_facts(out, map(as_flags, found.facts()))
    terminal.show_profile(out, found.shown_checks(), found.models)
    if output is not None:
        out.print(f"Profile written to {output}")

"""`clv tiers`, `clv accounts` and `clv actions`: customers by value, key accounts, and lists of customers to act on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import (
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DecimalOption,
    DelimiterOption,
    DropMissingIdOption,
    EncodingOption,
    FirstTransactionOption,
    LogArgument,
    ObservationEndOption,
    SheetOption,
    load_customer_model,
    log_file,
    parse_numbers,
    split_list,
)
from clvmodels.cli.tables import save_table

VALUES_HELP = "Values (CSV or Parquet), one row per customer, such as from `clv score`."


@app.command("tiers")
def tiers_of_values(
    values: Annotated[Path, typer.Argument(metavar="VALUES", help=VALUES_HELP)],
    column: Annotated[str, typer.Option(help="Column of the value.")] = "lifetime_value",
    rule: Annotated[
        str,
        typer.Option(
            help="Boundaries are shares of customers, of value, or money: quantile, cumulative_share or thresholds."
        ),
    ] = "quantile",
    boundaries: Annotated[
        str | None, typer.Option(help="Boundaries, separated by commas, such as 0.05,0.2,0.5.")
    ] = None,
    names: Annotated[str | None, typer.Option(help="Names of the tiers, the best first, separated by commas.")] = None,
    published: Annotated[
        Path | None, typer.Option(help="The tiers published last, which change only with a visible change of value.")
    ] = None,
    evidence: Annotated[
        float, typer.Option(help="How far below its tier's boundary a value must be before a customer falls.")
    ] = 0.5,
    drift: Annotated[float, typer.Option(help="Largest difference of a tier's size from its current size.")] = 0.1,
    output: Annotated[Path, typer.Option(help="Where the tiers go (.parquet or .csv).")] = Path("tiers.parquet"),
) -> None:
    """Sort customers into tiers by value; published tiers change only with a visible change of value."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with steps() as step:
        step(f"Sorting {values}")
        options: dict[str, Any] = {"column": column, "rule": rule, "evidence": evidence, "drift": drift}
        if boundaries is not None:
            options["boundaries"] = _numbers(boundaries)
        if names is not None:
            options["names"] = split_list(names)
        result = clv.tiers(values, published=published, **options)
        save_table(result.frame(), output)
    terminal.show_facts(out, [finding.text for finding in result.findings])
    terminal.show_decisions(out, "Tiers", result.summary)
    out.print(f"Tiers written to {output}", highlight=False)


@app.command("accounts")
def accounts_of_log(
    log: LogArgument,
    amount: Annotated[str, typer.Option(help="Column with the amount of the transaction.")],
    accounts: Annotated[
        Path | None,
        typer.Option(help="Table with the account_id of each customer_id; default: customers are accounts."),
    ] = None,
    chains: Annotated[
        bool | None,
        typer.Option(help="Whether account ids are customer ids, as after merging customers."),
    ] = None,
    rule: Annotated[
        str, typer.Option(help="Limits of volume, frequency, amount or share, of which one is enough: share=0.01,...")
    ] = "share=0.01",
    window: Annotated[
        str, typer.Option(help="Length of the last part of the log, to which the limits apply.")
    ] = "12 months",
    model: Annotated[Path | None, typer.Option(help="Model of accounts saved by `clv fit`, for the risk.")] = None,
    horizon: Annotated[str, typer.Option(help="Horizon of the expected margin.")] = "12 months",
    margin: Annotated[float, typer.Option(help="Share of spend that counts as margin.")] = 1.0,
    output: Annotated[Path, typer.Option(help="Where the accounts go (.parquet or .csv).")] = Path("accounts.csv"),
    merged_log: Annotated[
        Path | None, typer.Option(help="Where the log with a column account_id goes, to fit a model of accounts.")
    ] = None,
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    observation_end: ObservationEndOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """List key accounts, with the rule they meet, trend, risk, and what is lost if one leaves."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption
    from clvmodels.reporting import terminal

    fitted = None if model is None else load_customer_model(model, with_spend=True)
    if merged_log is not None and accounts is None:
        raise InvalidOption("--merged-log needs --accounts, the account of each customer.")
    with steps() as step:
        step(f"Reading {log}")
        source = log_file(log, encoding, delimiter, decimal, sheet)
        result = clv.key_accounts(
            source,
            None if fitted is None else fitted.purchases,
            None if fitted is None else fitted.spend,
            amount=amount,
            accounts=accounts,
            chains=chains,
            rule=parse_numbers(rule, "--rule", "share=0.01,frequency=20"),
            window=window,
            horizon=horizon,
            margin=margin,
            customer_id=customer_id,
            date=date,
            observation_end=observation_end,
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        save_table(result.frame(), output)
        if merged_log is not None and accounts is not None:
            merged = clv.merge_accounts(source, accounts, customer_id=customer_id, chains=chains)
            save_table(merged, merged_log)
    terminal.show_facts(out, [finding.text for finding in result.findings])
    terminal.show_decisions(out, "Key accounts", result.summary)
    out.print(f"Accounts written to {output}", highlight=False)


@app.command()
def actions(
    log: LogArgument,
    amount: Annotated[str, typer.Option(help="Column with the amount of the transaction.")],
    model: Annotated[Path, typer.Option(help="Model saved by `clv fit`.")] = Path("model.json"),
    horizon: Annotated[str, typer.Option(help="How far ahead money is at stake, such as '6 months'.")] = "6 months",
    margin: Annotated[float, typer.Option(help="Share of spend that counts as value; 1 values revenue.")] = 1.0,
    size: Annotated[int, typer.Option(help="Largest number of customers in a list.")] = 100,
    output: Annotated[Path, typer.Option(help="Where the lists go (.parquet or .csv).")] = Path("actions.csv"),
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    observation_end: ObservationEndOption = None,
    include_first_transaction: FirstTransactionOption = False,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """List the customers at risk, to win back and for a second purchase, with the money at stake."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    with steps() as step:
        step(f"Reading {model}")
        fitted = load_customer_model(model, with_spend=True)
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
            observation_end=observation_end,
            include_first_transaction=include_first_transaction,
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Listing customers")
        lists = clv.action_lists(fitted.purchases, fitted.spend, rfm, horizon=horizon, margin=margin, size=size)
        save_table(lists.frame(), output)
    terminal.show_facts(out, [finding.text for finding in lists.findings])
    terminal.show_decisions(out, "Customers to act on", lists.summary)
    out.print(f"Lists written to {output}", highlight=False)


def _numbers(text: str) -> list[float]:
    """Return the numbers of a list separated by commas."""
    from clvmodels.errors import InvalidOption

    try:
        return [float(item) for item in split_list(text)]
    except ValueError:
        raise InvalidOption(
            f"--boundaries {text!r} must be numbers separated by commas, such as 0.05,0.2,0.5."
        ) from None

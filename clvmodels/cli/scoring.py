"""`clv fit` and `clv score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, err, out, steps
from clvmodels.cli.arguments import (
    Amount,
    CustomerId,
    Date,
    DateFormat,
    DropMissing,
    Horizon,
    Log,
    Margin,
    Merge,
    Rate,
    TimeZone,
    Unit,
    clock_options,
    models_named,
    reads_intertimes,
)


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
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    drop_missing_id: DropMissing = False,
) -> None:
    """Fit a model of purchases and, with --amount, Gamma-Gamma to a log, and save them."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    chosen = models_named(model)
    with steps() as step:
        step(f"Summarizing {log}")
        rfm = clv.rfm_summary(
            log,
            customer_id=customer_id,
            date=date,
            amount=amount,
            **clock_options(time_unit, merge_within),
            observation_end=observation_end,
            include_first_transaction=include_first_transaction,
            intertimes=reads_intertimes(chosen),
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
            observation_end=observation_end,
            include_first_transaction=include_first_transaction,
            intertimes=reads_intertimes([fitted.purchases]),
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
        )
        step("Scoring")
        if amount is None and fitted.spend is not None:
            err.print("Without --amount there is no money to value: scoring purchases alone.", highlight=False)
            fitted = clv.CustomerModel(fitted.purchases)
        scored = scored_table(fitted, rfm, horizon, annual_discount_rate, margin)
        with files.replacing(output) as temporary:
            frames.write_table(scored, temporary)
    terminal.show_facts(out, rfm.facts())
    if "lifetime_value" in scored.columns:
        terminal.show_value(out, scored, horizon, annual_discount_rate, margin)
    out.print(f"{len(scored):,} customers written to {output}")


def scored_table(model: Any, rfm: Any, horizon: str, rate: float, margin: float) -> Any:
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

"""`clv segments` and `clv scorecard`: customers by behavior, and by a weighted index of indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.arguments import (
    AmountOption,
    CustomerIdOption,
    DateFormatOption,
    DateOption,
    DecimalOption,
    DelimiterOption,
    DropMissingIdOption,
    EncodingOption,
    LogArgument,
    ObservationEndOption,
    SheetOption,
    TimeUnitOption,
    load_customer_model,
    log_file,
    parse_numbers,
    split_list,
)
from clvmodels.cli.tables import save_table

METHODS = ("rfm", "volume", "status", "stages", "k-means", "gaussian mixture")
FEATURES = ("monetary_value", "frequency", "time_since_last", "T")  # features of the RFM; the first needs --amount


@app.command()
def segments(
    log: LogArgument,
    method: Annotated[
        str,
        typer.Option(
            help="rfm: named pairs of scores; volume: heavy, middle, light; status: new, repeat, lapsed; stages: needs "
            "--model; k-means or 'gaussian mixture': the data."
        ),
    ] = "rfm",
    grid: Annotated[Path | None, typer.Option(help="Table (CSV) of the named pairs of scores, for rfm.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model saved by `clv fit`, for stages.")] = None,
    published: Annotated[Path | None, typer.Option(help="The stages published last.")] = None,
    period: Annotated[
        str, typer.Option(help="How recently a customer must have bought to count as a repeat customer, for status.")
    ] = "12 months",
    values: Annotated[
        Path | None, typer.Option(help="Table with more features of the customers, such as from `clv score`.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Columns that k-means or a mixture uses, separated by commas; default: those of the RFM."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--segments", help="The number of segments; default: chosen by the data.")
    ] = None,
    most: Annotated[int, typer.Option(help="The largest number of segments to try.")] = 8,
    output: Annotated[Path, typer.Option(help="Where the segments go (.parquet or .csv).")] = Path("segments.csv"),
    customer_id: CustomerIdOption = "customer_id",
    date: DateOption = "date",
    amount: AmountOption = None,
    time_unit: TimeUnitOption = "day",
    observation_end: ObservationEndOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    sheet: SheetOption = None,
    date_format: DateFormatOption = None,
    drop_missing_id: DropMissingIdOption = False,
) -> None:
    """Divide customers into segments: by RFM scores, by stage (with --model), or as found in the data."""
    import pandas as pd

    import clvmodels as clv
    from clvmodels.errors import InvalidOption, closest
    from clvmodels.reporting import terminal

    if method not in METHODS:
        raise InvalidOption(f"--method {method!r} is not one of {', '.join(METHODS)}.{closest(method, METHODS)}")
    purchases = _purchases(model) if method == "stages" else None
    clock = {"time_unit": time_unit} if purchases is None else {"time_unit": purchases.clock_.time_unit}
    with steps() as step:
        step(f"Summarizing {log}")
        rfm = clv.rfm_summary(
            log_file(log, encoding, delimiter, decimal, sheet),
            customer_id=customer_id,
            date=date,
            amount=amount,
            observation_end=observation_end,
            date_format=date_format,
            on_missing_id="drop" if drop_missing_id else "raise",
            **clock,
        )
        step("Finding segments")
        if purchases is not None:
            result: Any = clv.stages(purchases, rfm, published=published)
        elif method == "rfm":
            result = clv.rfm_segments(rfm, None if grid is None else pd.read_csv(grid))
        elif method == "volume":
            result = clv.volume_segments(rfm)
        elif method == "status":
            result = clv.status_segments(rfm, period=period)
        else:
            customers, names = _features(rfm, values, features)
            options: dict[str, Any] = {"method": method, "segments": count, "most": most}
            result = clv.data_segments(customers, features=names, **options)
        save_table(result.frame(), output)
    terminal.show_facts(out, [finding.text for finding in result.findings])
    terminal.show_decisions(out, "Segments", result.summary)
    out.print(f"Segments written to {output}", highlight=False)


@app.command("scorecard")
def scorecard_of_customers(
    customers: Annotated[Path, typer.Argument(metavar="CUSTOMERS", help="Customers (CSV or Parquet), one per row.")],
    indicators: Annotated[
        str, typer.Option(help="A ready set, 'contribution' or 'four values', or a definition saved before (.json).")
    ] = "contribution",
    weights: Annotated[
        str | None,
        typer.Option(help="equal, entropy, learned, or weights of dimensions such as loyalty=0.4,credit=0.6."),
    ] = None,
    value: Annotated[str, typer.Option(help="Column of predicted value, to compare with.")] = "lifetime_value",
    outcome: Annotated[str | None, typer.Option(help="Column of a later outcome, such as spend.")] = None,
    definition: Annotated[Path, typer.Option(help="Where the definition goes, to use it again.")] = Path(
        "scorecard.json"
    ),
    output: Annotated[Path, typer.Option(help="Where the scores go (.parquet or .csv).")] = Path("scores.csv"),
) -> None:
    """Score customers by a weighted index of indicators, and compare it with predicted value."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    definition_or_set: Any = clv.ScorecardDefinition.load(indicators) if indicators.endswith(".json") else indicators
    with steps() as step:
        step(f"Scoring {customers}")
        options: dict[str, Any] = {"weights": _weights(weights), "value": value, "outcome": outcome}
        card = clv.scorecard(customers, definition_or_set, **options)
        save_table(card.frame(), output)
        card.definition.save(definition)
    terminal.show_facts(out, [finding.text for finding in card.findings])
    terminal.show_decisions(out, "Weights", card.weights.drop(columns="benchmark"))
    out.print(f"Scores written to {output}, their definition to {definition}", highlight=False)


def _purchases(path: Path | None) -> Any:
    """Return the process of a saved model, for stages."""
    from clvmodels.errors import InvalidOption

    if path is None:
        raise InvalidOption("--method stages needs --model, a model saved by `clv fit`.")
    return load_customer_model(path).purchases


def _features(rfm: Any, values: Path | None, features: str | None) -> tuple[Any, list[str]]:
    """Return one row per customer with features of the RFM and of another table, and the names to use."""
    from clvmodels import frames
    from clvmodels.decisions.customer_table import first_ids, read_customer_table
    from clvmodels.errors import InvalidTable

    columns: dict[str, Any] = rfm.columns() | {"time_since_last": rfm.T - rfm.recency}
    if values is not None:
        table = read_customer_table(values, "values")
        positions = table.positions_of(rfm.customer_id)
        absent = rfm.customer_id.filter((positions < 0).tolist())
        if len(absent):
            raise InvalidTable(
                f"{len(absent):,} of {len(rfm):,} customers of the log are not in --values (first: "
                f"{first_ids(absent)}): make the values from the same log."
            )
        others = [name for name in table.data.columns if name not in columns]
        columns |= {name: table.data[name][positions.tolist()] for name in others}
    chosen = split_list(features or "") or [name for name in FEATURES if name in columns]
    return frames.table(rfm.kind, columns), chosen


def _weights(text: str | None) -> Any:
    """Return the weights of a flag: a method, or weights by dimension."""
    return text if text is None or "=" not in text else parse_numbers(text, "--weights", "loyalty=0.4,credit=0.6")

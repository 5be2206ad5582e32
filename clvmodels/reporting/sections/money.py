"""Section on money: average order value, its relation to frequency, and who holds the lifetime value."""

from __future__ import annotations

from typing import Any

from clvmodels.frames import Frame
from clvmodels.language import Finding
from clvmodels.language.numbers import column, count, fixed, percent, sentence, significant
from clvmodels.reporting import plots
from clvmodels.reporting.cautions import find_tail_finding
from clvmodels.reporting.page import (
    Facts,
    PageBlock,
    Pair,
    Paragraphs,
    Picture,
    Pictures,
    ReportSection,
    Table,
    draw_picture,
)
from clvmodels.reporting.sections.data import MONEY
from clvmodels.reporting.selection import Selection, highest
from clvmodels.reporting.value_summary import summarize_value, top_customers

__all__ = ["money"]

TOP_SHARE = 0.1  # of the customers, whose share of the value is reported
VALUE_COLUMNS = [
    ("lifetime_value", "lifetime value (money)"),
    ("lifetime_value_lower", "interval from (money)"),
    ("lifetime_value_upper", "to (money)"),
    ("probability_alive", "P(alive)"),
    ("expected_purchases", "expected purchases"),
    ("expected_spend", "expected order value (money)"),
]


def money(view: Selection, value: Frame | None, terms: str | None) -> ReportSection | None:
    """Compare the spend model with actual spending, and show lifetime values; return None if there is neither."""
    blocks: list[PageBlock] = []
    certificate = _spend_certificate(view)
    if certificate is not None:
        blocks += _spend_blocks(view, certificate)
    if value is not None:
        blocks += _value_blocks(view, value, terms)
    if not blocks:
        return None
    lead = [
        (
            "The value of a customer is the expected number of purchases times the expected order value. The spend "
            "model assumes that the two are independent; if they are not, the values of the most frequent customers "
            "are off."
        )
    ]
    return ReportSection("money", "Money", lead, blocks)


def _spend_certificate(view: Selection) -> dict[str, Any] | None:
    """Return the certificate of the spend model."""
    return next((each for each in view.certificates if "independence" in each), None)


def _spend_blocks(view: Selection, certificate: dict[str, Any]) -> list[PageBlock]:
    """Show the test of independence and the distribution of average order values."""
    pairs: list[Pair] = [("Spend and frequency", sentence(str(certificate["independence"])))]
    if (tail := find_tail_finding(certificate)) is not None:
        pairs.append(("Tail", sentence(tail.text)))
    blocks: list[PageBlock] = [Facts(pairs)]
    pictures = []
    histogram = view.at["spend_histogram"]
    if len(histogram):
        most = highest(histogram, "observed")
        pictures.append(
            draw_picture(
                "spend",
                f"Average order value: observed, and by {certificate['title']}",
                f"Histogram of customers' average order values with the model's curve. The largest group, "
                f"{percent(most['observed'])} of customers, is between {significant(most['lower'])} and "
                f"{significant(most['upper'])}, where the model has {percent(most['expected'])}.",
                plots.spend_distribution,
                histogram,
            )
        )
    if (by_decile := _by_decile(view)) is not None:
        pictures.append(by_decile)
    if pictures:
        blocks.append(Pictures(pictures))
    return blocks


def _by_decile(view: Selection) -> Picture | None:
    table = view.at["calibration"]
    rows = table[(table["by"] == "decile") & (table["quantity"] == "money")]
    rows = rows[rows["forecaster"] == view.forecaster("money")].sort_values("order")
    if not len(rows):
        return None
    first = rows.iloc[0]
    return draw_picture(
        "money-decile",
        "Money by decile: forecast and actual",
        f"Money per customer in the holdout period by decile of the forecast of {view.title('money')}: in the first, "
        f"{fixed(first['expected'], 2)} forecast and {fixed(first['actual'], 2)} actual.",
        plots.calibration,
        table,
        quantity="money",
        forecasts=[view.forecaster("money")],
    )


def _value_blocks(view: Selection, value: Frame, terms: str | None) -> list[PageBlock]:
    """Show lifetime values: totals, concentration, and the most valuable customers."""
    summary = summarize_value(value)
    unknown = (
        "Computed with the horizon, discount rate and margin passed to lifetime_value; its table does not list them."
    )
    return [
        Paragraphs([terms or unknown], "Lifetime value"),
        Facts(value_facts(view, value)),
        Pictures(
            [
                draw_picture(
                    "value",
                    f"Who holds the value: the top {percent(TOP_SHARE, 0)} hold {percent(summary.top_share, 0)}",
                    "Curve of the share of all lifetime value held by the most valuable customers: "
                    f"the top {percent(TOP_SHARE, 0)} hold {percent(summary.top_share)}.",
                    plots.value_distribution,
                    value,
                )
            ]
        ),
        top_table(value),
    ]


def value_facts(view: Selection, table: Frame) -> list[Pair]:
    """Describe the total of lifetime values, errors of earlier totals, and the concentration."""
    summary = summarize_value(table)
    pairs = [
        (
            "Total value",
            f"{significant(summary.total)} ({MONEY}), {significant(summary.expected_purchases)} expected purchases",
        ),
        ("Uncertainty", _judge_past_errors(view).text),
        (
            "Per customer",
            f"{fixed(summary.mean, 2)} on average; median {fixed(summary.median, 2)}",
        ),
        (
            "Concentration",
            (
                f"the {count(summary.top_customers)} most valuable customers (the top 10%) hold "
                f"{percent(summary.top_share)} of the value"
            ),
        ),
    ]
    if summary.missing:
        why = f": {'; '.join(summary.reasons)}" if summary.reasons else ""
        pairs.append(("Without a value", f"{count(summary.missing)} of {count(summary.customers)} customers{why}"))
    return pairs


def _judge_past_errors(view: Selection) -> Finding:
    """Report how far totals of money were off at the cutoffs, which their intervals do not account for."""
    errors = view.biases("money")
    if not errors:
        return Finding("verdict-past-errors-unknown", severity="caution")
    figures = {"cutoffs": len(errors), "lowest": min(errors), "highest": max(errors)}
    return Finding("verdict-past-errors", figures | {"title": view.title("money"), "horizon": view.horizon})


def top_table(table: Frame) -> Table:
    """Build the table of the customers with the highest lifetime value."""
    rows = top_customers(table)
    present = [(name, heading) for name, heading in VALUE_COLUMNS if rows and name in rows[0]]
    columns = [column(float(row[name]) for row in rows) for name, _ in present]
    return Table(
        caption=f"The {len(rows)} customers with the highest lifetime value",
        headings=["customer", *(heading for _, heading in present)],
        rows=[[str(row["customer_id"]), *values] for row, *values in zip(rows, *columns, strict=True)],
    )

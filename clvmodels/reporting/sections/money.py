"""Section on money: average order value, its relation to frequency, and who holds the lifetime value."""

from __future__ import annotations

import math
from typing import Any

from clvmodels.frames import Frame
from clvmodels.language import Finding, message
from clvmodels.language.numbers import column, sentence
from clvmodels.reporting import plots
from clvmodels.reporting.cautions import find_tail_finding
from clvmodels.reporting.names import independence
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
from clvmodels.reporting.selection import Selection, highest
from clvmodels.reporting.value_summary import summarize_value, top_customers

__all__ = ["money"]

SPEND_FIGURES = ("observed", "expected", "lower", "upper")
SUMMARY_FIGURES = (
    "total",
    "expected_purchases",
    "mean",
    "median",
    "top_customers",
    "top_share",
    "missing",
    "customers",
)
TOP_SHARE = 0.1  # share of the customers whose share of the value is reported
VALUE_COLUMNS = (
    "lifetime_value",
    "lifetime_value_lower",
    "lifetime_value_upper",
    "probability_alive",
    "expected_purchases",
    "expected_spend",
)


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
    return ReportSection("money", message("money-title"), [message("money-lead")], blocks)


def _spend_certificate(view: Selection) -> dict[str, Any] | None:
    """Return the certificate of the spend model."""
    return next((each for each in view.certificates if "independence" in each), None)


def _spend_blocks(view: Selection, certificate: dict[str, Any]) -> list[PageBlock]:
    """Show the test of independence and the distribution of average order values."""
    pairs: list[Pair] = [(message("money-independence"), sentence(independence(certificate)))]
    if (tail := find_tail_finding(certificate)) is not None:
        pairs.append((message("money-tail"), sentence(tail.text)))
    blocks: list[PageBlock] = [Facts(pairs)]
    pictures = []
    histogram = view.at["spend_histogram"]
    if len(histogram):
        most = highest(histogram, "observed")
        pictures.append(
            draw_picture(
                "spend",
                message("picture-spend", {"title": str(certificate["title"])}),
                message("picture-text-spend", {name: float(most[name]) for name in SPEND_FIGURES}),
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
    figures = {name: float(rows[name].iloc[0]) for name in ("expected", "actual")} | {"title": view.title("money")}
    return draw_picture(
        "money-decile",
        message("picture-money-decile"),
        message("picture-text-money-decile", figures),
        plots.calibration,
        table,
        quantity="money",
        forecasts=[view.forecaster("money")],
    )


def _value_blocks(view: Selection, value: Frame, terms: str | None) -> list[PageBlock]:
    """Return the blocks on lifetime values: totals, concentration, and the most valuable customers."""
    summary = summarize_value(value)
    figures = {"top": TOP_SHARE, "share": summary.top_share}
    return [
        Paragraphs([terms or message("value-terms-unknown")], message("glossary-value")),
        Facts(value_facts(view, value)),
        Pictures(
            [
                draw_picture(
                    "value",
                    message("picture-value", figures),
                    message("picture-text-value", figures),
                    plots.value_distribution,
                    value,
                )
            ]
        ),
        top_table(value),
    ]


def value_facts(view: Selection, table: Frame) -> list[Pair]:
    """Return the facts on the total of lifetime values, errors of earlier totals, and the concentration."""
    summary = summarize_value(table)
    figures = {name: getattr(summary, name) for name in SUMMARY_FIGURES}
    described = {
        "total": message("value-total", figures | {"has_purchases": math.isfinite(summary.expected_purchases)}),
        "uncertainty": _judge_past_errors(view).text,
        "customer": message("value-per-customer", figures),
        "concentration": message("value-held-by-top", figures),
    }
    if summary.missing:
        reasons = message("between-reasons").join(summary.reasons)
        described["missing"] = message("value-missing", figures | {"reasons": reasons, "has_reasons": bool(reasons)})
    return [(message(f"value-term-{name}"), text) for name, text in described.items()]


def _judge_past_errors(view: Selection) -> Finding:
    """Return a finding on the errors of totals of money at the cutoffs, which their intervals do not include."""
    errors = view.biases("money")
    if not errors:
        return Finding("verdict-past-errors-unknown", severity="caution")
    figures = {"cutoffs": len(errors), "lowest": min(errors), "highest": max(errors)}
    return Finding("verdict-past-errors", figures | {"title": view.title("money"), "horizon": view.horizon})


def top_table(table: Frame) -> Table:
    """Build the table of the customers with the highest lifetime value."""
    rows = top_customers(table)
    present = [name for name in VALUE_COLUMNS if rows and name in rows[0]]
    columns = [column(float(row[name]) for row in rows) for name in present]
    return Table(
        caption=message("value-table", {"customers": len(rows)}),
        headings=[message(f"value-column-{name.replace('_', '-')}") for name in ("customer", *present)],
        rows=[[str(row["customer_id"]), *values] for row, *values in zip(rows, *columns, strict=True)],
    )

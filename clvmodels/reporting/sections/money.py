"""Money: what customers spend a purchase, whether that goes with how often they buy, and who holds the value."""

from __future__ import annotations

from typing import Any

from clvmodels.frames import Frame
from clvmodels.language.numbers import column, count, fixed, listed, percent, sentence, signed_percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import Facts, PageBlock, Pair, Picture, Pictures, ReportSection, Table, Words, drawn
from clvmodels.reporting.sections.data import MONEY
from clvmodels.reporting.selection import Selection, highest
from clvmodels.reporting.value_summary import summarize_value, top_customers

__all__ = ["money"]

TOP_SHARE = 0.1
VALUE_COLUMNS = [
    ("lifetime_value", "lifetime value (money)"),
    ("lifetime_value_lower", "its interval from (money)"),
    ("lifetime_value_upper", "to (money)"),
    ("probability_alive", "P(alive)"),
    ("expected_purchases", "expected purchases"),
    ("expected_spend", "spend per purchase (money)"),
]


def money(view: Selection, value: Frame | None, terms: str | None) -> ReportSection | None:
    """The spend model against what was spent, and the lifetime values; None where there is neither."""
    blocks: list[PageBlock] = []
    certificate = _of_spend(view)
    if certificate is not None:
        blocks += _spend(view, certificate)
    if value is not None:
        blocks += _value(view, value, terms)
    if not blocks:
        return None
    lead = [
        (
            "What a customer is worth is how often they will buy times what they spend a purchase. The spend model "
            "takes "
            "the "
            "two to have nothing to do with each other; where they do, values of the most frequent customers are off."
        )
    ]
    return ReportSection("money", "Money", lead, blocks)


def _of_spend(view: Selection) -> dict[str, Any] | None:
    """The certificate of the spend model."""
    return next((of for of in view.certificates if "independence" in of), None)


def _spend(view: Selection, of: dict[str, Any]) -> list[PageBlock]:
    pairs: list[Pair] = [("Spend and frequency", sentence(str(of["independence"])))]
    if of.get("tail"):
        pairs.append(("Tail", sentence(str(of["tail"]))))
    blocks: list[PageBlock] = [Facts(pairs)]
    pictures = []
    histogram = view.at["spend_histogram"]
    if len(histogram):
        most = highest(histogram, "observed")
        pictures.append(
            drawn(
                "spend",
                f"Mean spend a purchase: observed, and by {of['title']}",
                f"Histogram of customers' mean spend with the model's curve. Most customers, "
                f"{percent(most['observed'])}, "
                f"are between {most['lower']:,.4g} and {most['upper']:,.4g}, where the model has "
                f"{percent(most['expected'])}.",
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
    return drawn(
        "money-decile",
        "Money by forecast: forecast and actual",
        f"Money per customer in the holdout period by tenth of the forecast of {view.title('money')}: in the first, "
        f"{first['expected']:,.2f} forecast and {first['actual']:,.2f} actual.",
        plots.calibration,
        table,
        quantity="money",
        forecasts=[view.forecaster("money")],
    )


def _value(view: Selection, value: Frame, terms: str | None) -> list[PageBlock]:
    """Lifetime values: totals, how few customers hold how much, and who comes first."""
    told = summarize_value(value)
    unknown = (
        "For the horizon, discount rate and margin that were given to lifetime_value; its table does not hold them."
    )
    return [
        Words([terms or unknown], "Lifetime value"),
        Facts(value_facts(view, value)),
        Pictures(
            [
                drawn(
                    "value",
                    f"Who holds the value: the top {TOP_SHARE:.0%} have {percent(told.top_share, 0)}",
                    "Curve of the share of all lifetime value held by the most valuable customers: "
                    f"the top {TOP_SHARE:.0%} hold {percent(told.top_share)}.",
                    plots.value_distribution,
                    value,
                )
            ]
        ),
        top_table(value),
    ]


def value_facts(view: Selection, table: Frame) -> list[Pair]:
    """Totals of lifetime value, how far such totals were off before, and how concentrated it is."""
    told = summarize_value(table)
    pairs = [
        (
            "Total value",
            f"{significant(told.total)} ({MONEY}), from {significant(told.expected_purchases)} expected purchases",
        ),
        ("How sure that is", _doubt(view)),
        (
            "Per customer",
            f"{fixed(told.mean, 2)} on average; half of the customers are worth less than {fixed(told.median, 2)}",
        ),
        (
            "Concentration",
            (
                f"the {count(told.top_customers)} most valuable customers (the top 10%) hold {percent(told.top_share)} "
                "of the value"
            ),
        ),
    ]
    if told.missing:
        why = f": {'; '.join(told.reasons)}" if told.reasons else ""
        pairs.append(("Without a value", f"{count(told.missing)} of {count(told.customers)} customers{why}"))
    return pairs


def _doubt(view: Selection) -> str:
    """How far totals of money were off at the cuts, which their own intervals do not know."""
    errors = [signed_percent(bias) for bias in view.biases("money")]
    if not errors:
        return "no total of money was held against what happened, so nothing here tells"
    when = f"at the {len(errors)} earlier cuts" if len(errors) > 1 else "at the earlier cut"
    return f"{when}, {view.title('money')} was off by {listed(errors)} in the money of the {view.horizon} that followed"


def top_table(table: Frame) -> Table:
    """The customers of highest lifetime value."""
    rows = top_customers(table)
    present = [(name, heading) for name, heading in VALUE_COLUMNS if rows and name in rows[0]]
    columns = [column(float(row[name]) for row in rows) for name, _ in present]
    return Table(
        caption=f"The {len(rows)} customers of highest lifetime value",
        headings=["customer", *(heading for _, heading in present)],
        rows=[[str(row["customer_id"]), *told] for row, *told in zip(rows, *columns, strict=True)],
    )

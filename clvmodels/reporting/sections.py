"""The words and tables of the report, as text: what a validation and a frame of values say, ready to be laid out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.reporting import wording
from clvmodels.reporting.value import summarize_value, top_customers
from clvmodels.reporting.wording import count, percent, significant
from clvmodels.validation.rivals import RIVALS

__all__ = [
    "Pair",
    "Table",
    "certificate",
    "facts",
    "frequency_table",
    "parameter_table",
    "score_table",
    "top_table",
    "value_facts",
]

Pair = tuple[str, str]  # a term and what is said of it

MONEY = "in the currency of the log"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text.

    Attributes
    ----------
    caption : str
    headings : list of str
    rows : list of list of str
        As long as the headings: the name of the row, then numbers.
    notes : list of str
        What a reader needs to know of single cells.
    """

    caption: str
    headings: list[str]
    rows: list[list[str]]
    notes: Sequence[str] = ()


def facts(of: dict[str, Any]) -> list[Pair]:
    """The data in plain words, from `Validation.facts`."""
    unit = of["time_unit"]
    holdout = (
        f"after {of['calibration_end']}, to {of['holdout_end']} ({of['horizon']:.4g} {unit}s): "
        f"{count(of['holdout_purchases'])} purchases by {percent(of['bought_again'])} of these customers"
    )
    if of["holdout_spend"] is not None:
        holdout += f", who spent {count(of['holdout_spend'])} ({MONEY})"
    return [
        ("Customers", f"{count(of['customers'])}, first seen by {of['calibration_end']}"),
        (
            "Calibration period",
            (
                f"to {of['calibration_end']}: {count(of['repeat_purchases'])} repeat purchases; "
                f"{percent(of['bought_once'])} of the customers had bought only once. The models know nothing later."
            ),
        ),
        ("Holdout period", holdout),
        ("First seen later", _first_seen_later(of)),
        ("Rows left out", _rows_left_out(of)),
        ("Time", f"told in {of['clock']}"),
    ]


def certificate(of: dict[str, Any]) -> list[Pair]:
    """What one fit can vouch for, in words and numbers."""
    definite = "negative definite: a maximum in every direction"
    pairs = [
        ("Status", f"{of['status']}: {of['message']}"),
        ("Log-likelihood", wording.fixed(of["log_likelihood"], 3)),
        ("Largest gradient", f"{significant(of['gradient_norm'], 2)} (0 at a maximum)"),
        ("Hessian", definite if of["hessian_definite"] else "not definite: flat in some direction"),
        ("AIC, BIC", f"{wording.fixed(of['aic'], 1)}, {wording.fixed(of['bic'], 1)}"),
        ("Fitted to", f"{count(of['customers'])} customers, {count(of['unique_rows'])} unique rows"),
    ]
    if "set_aside" in of:
        aside = count(of["set_aside"]) if of["set_aside"] else "nobody"
        pairs.append(("Set aside", f"{aside}, for a mean spend that is not positive"))
    if "independence" in of:
        pairs.append(("Spend and frequency", of["independence"]))
    return pairs


def parameter_table(model: str, parameters: pd.DataFrame) -> Table:
    """Estimates of one model with standard errors and intervals."""
    rows = parameters[parameters["model"] == model].to_dict("records")
    held = any(not math.isfinite(row["standard_error"]) for row in rows)
    return Table(
        caption=f"{model}: parameters",
        headings=["parameter (unit)", "estimate", "standard error", "95% interval"],
        rows=[
            [
                f"{row['parameter']} ({row['unit']})" if row["unit"] else row["parameter"],
                significant(row["estimate"]),
                significant(row["standard_error"], 2),
                _interval(row["lower"], row["upper"]),
            ]
            for row in rows
        ],
        notes=["–: stands at a limit of its range, so it has no standard error."] if held else (),
    )


def frequency_table(table: pd.DataFrame) -> Table:
    """Calibration by frequency, a row a frequency, a column a forecast."""
    models = list(table["forecast"].unique())
    wide = table.pivot(index="frequency", columns="forecast", values="expected")
    each = table.drop_duplicates("frequency")
    columns = [wording.column(wide[model].loc[each["frequency"]], 3) for model in models]
    actual = wording.column(each["actual"], 3)
    return Table(
        caption="Purchases per customer in the holdout period, by repeat purchases before the cut",
        headings=["repeat purchases", "customers", "actual", *models],
        rows=[
            [str(frequency), count(size), *values]
            for frequency, size, *values in zip(each["frequency"], each["customers"], actual, *columns, strict=True)
        ],
    )


def score_table(scores: pd.DataFrame, quantity: str) -> Table:
    """Every metric of every forecast of one quantity, models first."""
    table = scores[scores["quantity"] == quantity]
    unit = "money" if quantity == "money" else "purchases"
    columns = [
        wording.column([*table["predicted"], table["actual"].max()], 4),
        [wording.signed_percent(value) for value in table["bias"]],
        [wording.fixed(value, 3) for value in table["gini"]],
        wording.column(table["rmse"]),
        [wording.fixed(value, 3) for value in table["spearman"]],
        wording.column(table["mae"]),
        [count(value) for value in table["customers"]],
    ]
    return Table(
        caption=f"{quantity.capitalize()} in the holdout period: every forecast against what happened",
        headings=[
            "forecast",
            f"total ({unit})",
            "bias of total",
            "normalized Gini",
            f"RMSE ({unit})",
            "Spearman",
            f"MAE ({unit})",
            "customers",
        ],
        rows=[
            ["actual", columns[0][-1], *[""] * (len(columns) - 1)],
            *([name, *values] for name, *values in zip(table["forecast"], *columns, strict=False)),
        ],
        notes=_score_notes(table),
    )


def value_facts(table: Frame) -> list[Pair]:
    """Totals of lifetime value, and how concentrated it is."""
    told = summarize_value(table)
    pairs = [
        (
            "Total value",
            f"{significant(told.total)} ({MONEY}), from {significant(told.expected_purchases)} expected purchases",
        ),
        (
            "Per customer",
            (
                f"{wording.fixed(told.mean, 2)} on average; half of the customers are worth less than "
                f"{wording.fixed(told.median, 2)}"
            ),
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


def top_table(table: Frame) -> Table:
    """The customers of highest lifetime value."""
    rows = top_customers(table)
    shown = [
        ("lifetime_value", "lifetime value (money)"),
        ("probability_alive", "P(alive)"),
        ("expected_purchases", "expected purchases"),
        ("expected_spend", "spend per purchase (money)"),
    ]
    present = [(name, heading) for name, heading in shown if rows and name in rows[0]]
    columns = [wording.column(float(row[name]) for row in rows) for name, _ in present]
    return Table(
        caption=f"The {len(rows)} customers of highest lifetime value",
        headings=["customer", *(heading for _, heading in present)],
        rows=[[str(row["customer_id"]), *told] for row, *told in zip(rows, *columns, strict=True)],
    )


def _first_seen_later(of: dict[str, Any]) -> str:
    if not of["new_customers"]:
        return "nobody: every customer of the holdout period was known at the cut"
    spent = f", spending {count(of['new_spend'])}" if of["new_spend"] is not None else ""
    return (
        f"{count(of['new_customers'])} customers with {count(of['new_purchases'])} purchases{spent}. No forecast made "
        "at the cut could know them; they are in no score."
    )


def _rows_left_out(of: dict[str, Any]) -> str:
    left = []
    if of["rows_after_end"]:
        left.append(f"{count(of['rows_after_end'])} later than {of['holdout_end']}")
    if of["rows_without_id"]:
        left.append(f"{count(of['rows_without_id'])} without a customer id")
    return " and ".join(left) or "none"


def _interval(lower: float, upper: float) -> str:
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return wording.MISSING
    return f"{significant(lower)} to {significant(upper)}"


def _score_notes(table: pd.DataFrame) -> list[str]:
    notes = []
    rules = [name for name in table["forecast"] if name in RIVALS]
    if rules:
        notes.append(f"Simple rules, which need no model: {', '.join(rules)}.")
    if table["spearman"].isna().any():
        notes.append("–: not defined; a forecast that is the same for everybody ranks nobody.")
    if table["customers"].nunique() > 1:
        notes.append("Customers without a forecast are left out of that row; the actual total is of all.")
    return notes

"""The fit: what the parameters mean, their intervals, and the certificate of each model."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from clvmodels.language.numbers import MISSING, count, decimals, fixed, percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import Facts, PageBlock, Pair, Pictures, ReportSection, Table, drawn
from clvmodels.reporting.selection import Selection, records

__all__ = ["fit"]

LEAVING = {  # quantities of dropout, and what is told of them where a fit ended at none
    "mean dropout probability": "0, at its limit",
    "mean dropout rate": "0, at its limit",
    "median lifetime": "endless, at its limit",
    "share gone": "0, at its limit",
}
APART = 0.1  # share of the customers by which models disagree on who is gone
ROW, FRAME = 0.3, 0.75  # inches: a row of the picture, and what surrounds the rows


def fit(view: Selection) -> ReportSection:
    """What each model learned of the customers known at the last cut."""
    blocks: list[PageBlock] = []
    if (meaning := _meanings(view)) is not None:
        blocks.append(meaning)
    for of in view.certificates:
        title = str(of["title"])
        blocks.append(Facts(certificate(of), f"{title}: certificate"))
        rows = view.at["parameters"]
        blocks.append(parameter_table(title, rows[rows["forecaster"] == of["forecaster"]]))
    parameters = view.at["parameters"]
    if len(parameters):
        blocks.append(
            Pictures(
                [
                    drawn(
                        "parameters",
                        "How well the parameters are known",
                        f"A row a parameter, {len(parameters)} in all: its interval in per cent of the estimate. The "
                        "tables of the certificates have every number.",
                        plots.parameter_intervals,
                        parameters,
                        height=FRAME + ROW * len(parameters),
                    )
                ]
            )
        )
    return ReportSection("fit", "The fit", _lead(view), blocks)


def certificate(of: dict[str, Any]) -> list[Pair]:
    """What one fit can vouch for, in words and numbers."""
    definite = "negative definite: a maximum in every direction"
    pairs = [
        ("Status", f"{of['status']}: {of['message']}"),
        ("Log-likelihood", fixed(of["log_likelihood"], 3)),
        ("Largest gradient", f"{significant(of['gradient_norm'], 2)} (0 at a maximum)"),
        ("Hessian", definite if of["hessian_definite"] else "not definite: flat in some direction"),
        ("AIC, BIC", f"{fixed(of['aic'], 1)}, {fixed(of['bic'], 1)}"),
        ("Fitted to", f"{count(of['customers'])} customers, {count(of['unique_rows'])} unique rows"),
    ]
    if "set_aside" in of:
        aside = count(of["set_aside"]) if of["set_aside"] else "nobody"
        pairs.append(("Set aside", f"{aside}, for a mean spend that is not positive"))
    return pairs


def parameter_table(title: str, parameters: pd.DataFrame) -> Table:
    """Return estimates of one model with standard errors and intervals."""
    rows = parameters.to_dict("records")
    held = any(not math.isfinite(row["standard_error"]) for row in rows)
    return Table(
        caption=f"{title}: parameters",
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


def _lead(view: Selection) -> list[str]:
    """What the model the verdict is about says of a typical customer."""
    told = view.at["quantities"]
    rows = {row["quantity"]: row for row in records(told[told["forecaster"] == view.reference])} if len(told) else {}
    lead = []
    if (row := rows.get("mean time between purchases")) is not None:
        lead.append(
            f"By {view.name}, an active customer of average rate buys every {_range(row)} {row['unit']}: most buy "
            "more rarely, and a few far more often."
        )
    if (row := rows.get("mean purchase probability")) is not None:
        lead.append(f"By {view.name}, an active customer buys at {_share(row)} of the opportunities.")
    if view.reference in view.nobody_leaves:
        lead.append(
            f"These data show nobody leaving: by {view.name} every customer is still active, and P(alive) tells "
            "nobody apart."
        )
    elif (row := rows.get("share gone")) is not None:
        lead.append(f"Of the customers known at the cut, {_share(row)} are gone for good, by the model's reckoning.")
        if (apart := _disagreement(told)) is not None:
            lead.append(apart)
        if (once := rows.get("mean dropout probability")) is not None and "mean purchase probability" not in rows:
            lead.append(f"A new customer's chance to leave at a purchase is {_share(once)}, on average over customers.")
        if (life := rows.get("median lifetime")) is not None:
            lead.append(f"Half of all new customers stop buying within {_range(life)} {life['unit']}.")
    statuses = {str(of["status"]) for of in view.certificates}
    if statuses == {"converged"}:
        lead.append("Every fit below is complete: no other parameters near it describe the data as well.")
    return lead or ["What each model learned of the customers known at the last cut."]


def _disagreement(told: pd.DataFrame) -> str | None:
    """How far models are apart on who is gone, which no data can settle."""
    gone = told[told["quantity"] == "share gone"].sort_values("estimate")
    if len(gone) < 2 or gone["estimate"].iloc[-1] - gone["estimate"].iloc[0] < APART:
        return None
    ends = [f"{percent(row['estimate'], 0)} by {row['title']}" for row in gone.iloc[[0, -1]].to_dict("records")]
    return (
        f"The models do not agree on that, from {ends[0]} to {ends[1]}: it rests on when each lets customers leave, "
        "and "
        "only the purchases that follow can be checked."
    )


def _meanings(view: Selection) -> Table | None:
    """What people quote of each model, side by side."""
    told = view.at["quantities"]
    if not len(told):
        return None
    models = list(dict.fromkeys(told["forecaster"]))
    rows = []
    for quantity, of in told.groupby("quantity", sort=False):
        unit = str(of["unit"].iloc[0])
        each = {row["forecaster"]: _meaning(row, view.nobody_leaves) for row in records(of)}
        name = f"{quantity} ({unit})" if unit else str(quantity)
        rows.append([name, *(each.get(model, MISSING) for model in models)])
    return Table(
        caption="What the parameters mean, with 90% intervals",
        headings=["quantity (unit)", *(view.titles[model] for model in models)],
        rows=rows,
        notes=[
            "–: not part of that model. “Share gone” is of the customers known at the cut, the rest of new customers."
        ],
    )


def _meaning(row: dict[str, Any], nobody_leaves: set[str]) -> str:
    """A quantity with its interval; what is at the limit of no dropout has none."""
    at_limit = LEAVING.get(row["quantity"]) if row["forecaster"] in nobody_leaves else None
    return at_limit or _range(row)


def _range(row: dict[str, Any]) -> str:
    """An estimate with its interval."""
    values = [float(row["estimate"]), float(row["lower"]), float(row["upper"])]
    if not all(math.isfinite(value) for value in values[1:]):
        return significant(values[0], 3)
    places = decimals(values[:1], 3)
    estimate, lower, upper = (fixed(value, places) for value in values)
    return f"{estimate} ({lower} to {upper})"


def _share(row: dict[str, Any]) -> str:
    values = [float(row[name]) for name in ("estimate", "lower", "upper")]
    places = min(2, decimals([100 * values[0]], 2))
    estimate, lower, upper = (percent(value, places) for value in values)
    return f"{estimate} ({lower} to {upper})" if math.isfinite(values[1]) else estimate


def _interval(lower: float, upper: float) -> str:
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return MISSING
    return f"{significant(lower)} to {significant(upper)}"

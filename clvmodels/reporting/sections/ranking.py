"""Ranking: are the customers who come first in the forecast those who buy?"""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language.numbers import fixed, percent
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Picture, Pictures, ReportSection, Table, drawn
from clvmodels.reporting.selection import Selection

__all__ = ["ranking"]

TOP = 0.1  # share of the customers of which titles tell


def ranking(view: Selection) -> ReportSection:
    """Gain and Lorenz curves, decile lift, and the overlap of predicted and actual top customers."""
    lead = [
        (
            "For choosing whom to look after first, only the order of customers matters; whom a call would change, no "
            "order here tells. The curves are compared with no order (the diagonal), with the order seen with "
            "hindsight, and with the rival that sorts best."
        )
    ]
    blocks: list[PageBlock] = []
    for quantity in view.quantities:
        if pictures := _pictures(view, quantity):
            blocks.append(Pictures(pictures))
        if (table := overlap_table(view, quantity)) is not None:
            blocks.append(table)
    return ReportSection("ranking", "Ranking", lead, blocks)


def overlap_table(view: Selection, quantity: str) -> Table | None:
    """How many of the predicted top are in the actual top, and what they hold, a row a forecast."""
    table = view.at["overlap"]
    table = table[table["quantity"] == quantity]
    ids = [each for each in view.shown(quantity, rules=True) if each in set(table["forecaster"])]
    if not ids:
        return None
    tops = sorted(set(table["top"]))
    rows = []
    for each in ids:
        of = table[table["forecaster"] == each].set_index("top")
        rows.append(
            [
                view.titles[each],
                *(f"{percent(of['overlap'][top], 0)} right, {percent(of['captured'][top], 0)} of all" for top in tops),
            ]
        )
    return Table(
        caption=f"{quantity.capitalize()}: the customers forecast highest, and what they were",
        headings=["forecast", *(f"top {top:.0%}" for top in tops)],
        rows=rows,
        notes=[
            (
                f"Right: so many of them were among as many customers with the most {quantity}. Of all: so much of all "
                f"{quantity} they made."
            )
        ],
    )


def _of(view: Selection, name: str, quantity: str, forecaster: str) -> pd.DataFrame:
    """The rows of one forecast of one quantity."""
    table = view.at[name]
    return table[(table["quantity"] == quantity) & (table["forecaster"] == forecaster)]


def _held_by_most(view: Selection, quantity: str, forecaster: str) -> str:
    """Return, for a heading, what the tenth with the most made and was expected to; empty if the table does not say."""
    shares = []
    for name in ("actual", forecaster):
        rows = _of(view, "lorenz", quantity, name)
        rest = rows.loc[(rows["share_of_customers"] - (1 - TOP)).abs() < 1e-9, "share_of_quantity"]
        shares += [percent(1 - float(share), 0) for share in rest]
    return f"; the tenth with most made {shares[0]}, {shares[1]} forecast" if len(shares) == 2 else ""


def _pictures(view: Selection, quantity: str) -> list[Picture]:
    scores = view.scores(quantity).set_index("forecaster")
    with_rules, models = view.shown(quantity, rules=True), view.shown(quantity)
    ranked = [each for each in with_rules if math.isfinite(float(scores["gini"].get(each, math.nan)))]
    if not ranked:
        return []
    gini = "; ".join(f"{view.titles[each]} {fixed(float(scores['gini'][each]), 3)}" for each in ranked)
    of = quantity.capitalize()
    names = ", ".join(view.titles[each] for each in models)
    title, reference = view.title(quantity), view.forecaster(quantity)
    captured = percent(float(scores["capture"].get(reference, math.nan)), 0)
    lifts = _of(view, "deciles", quantity, reference)["lift"]
    tops = _of(view, "overlap", quantity, reference)
    pictures = [
        drawn(
            f"gain-{quantity}",
            f"{of}: the tenth ranked first made {captured}",
            f"Gain curves of {len(ranked)} forecasts. Normalized Gini: {gini}.",
            plots.gain_curve,
            view.at["gain"],
            quantity=quantity,
            forecasts=ranked,
        ),
        drawn(
            f"lorenz-{quantity}",
            f"{of}: how unequal customers are{_held_by_most(view, quantity, reference)}",
            f"Lorenz curves of what happened and of what {names} expected: how much the customers with the "
            "least hold together.",
            plots.lorenz_curve,
            view.at["lorenz"],
            quantity=quantity,
            forecasts=models,
        ),
    ]
    if len(lifts):
        pictures.append(
            drawn(
                f"lift-{quantity}",
                f"{of}: the first tenth made {lifts.iloc[0]:.1f} times the average",
                f"Bars of {quantity} per customer as a multiple of the average, by tenth of the forecast of "
                f"{title}: from {lifts.iloc[0]:.1f} in the first to {lifts.iloc[-1]:.1f} in the last.",
                plots.decile_lift,
                view.at["deciles"],
                quantity=quantity,
                forecasts=[reference],
            )
        )
    if len(tops):
        shares = zip(tops["top"], tops["overlap"], strict=True)
        each = [f"{percent(share, 0)} of the top {top:.0%}" for top, share in shares]
        told = each[int((tops["top"] - TOP).abs().to_numpy().argmin())]
        pictures.append(
            drawn(
                f"overlap-{quantity}",
                f"{of}: {told} were foreseen",
                f"Share of the customers forecast highest who were among the highest: {'; '.join(each)}, by {title}.",
                plots.overlap,
                view.at["overlap"],
                quantity=quantity,
                forecasts=ranked,
            )
        )
    return pictures

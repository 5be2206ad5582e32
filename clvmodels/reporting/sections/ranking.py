"""Section on ranking: whether the customers with the highest forecasts are the ones who buy."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language.numbers import fixed, percent
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import Selection

__all__ = ["ranking"]

TOP = 0.1  # share of the customers that titles report on


def ranking(view: Selection) -> ReportSection:
    """Show gain and Lorenz curves, decile lift, and the overlap of predicted and actual top customers."""
    lead = [
        (
            "To choose which customers to look after first, only their ranking matters. This ranking does not show "
            "whom a campaign would persuade. The curves compare it with no ranking (the diagonal), with the perfect "
            "ranking in hindsight, and with the best benchmarks."
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
    """Build the table of how many predicted top customers were actual ones and what they made, or return None."""
    table = view.at["overlap"]
    table = table[table["quantity"] == quantity]
    ids = [each for each in view.shown(quantity, rules=True) if each in set(table["forecaster"])]
    if not ids:
        return None
    tops = sorted(set(table["top"]))
    rows = []
    for each in ids:
        row = table[table["forecaster"] == each].set_index("top")
        rows.append(
            [
                view.titles[each],
                *(
                    f"{percent(row['overlap'][top], 0)} right, {percent(row['captured'][top], 0)} of all"
                    for top in tops
                ),
            ]
        )
    return Table(
        caption=f"{quantity.capitalize()}: customers with the highest forecasts, compared with actual top customers",
        headings=["forecaster", *(f"top {percent(top, 0)}" for top in tops)],
        rows=rows,
        notes=[
            (
                f"Right: the share of them who were among the same number of customers with the most {quantity}. Of "
                f"all: their share of all {quantity}."
            )
        ],
    )


def _rows_of(view: Selection, name: str, quantity: str, forecaster: str) -> pd.DataFrame:
    """Return the rows of one forecaster and one quantity from a table."""
    table = view.at[name]
    return table[(table["quantity"] == quantity) & (table["forecaster"] == forecaster)]


def _top_shares(view: Selection, quantity: str, forecaster: str) -> str:
    """Return, for a title, the actual and forecast share of the top 10%; empty if the table does not have it."""
    shares = []
    for name in ("actual", forecaster):
        rows = _rows_of(view, "lorenz", quantity, name)
        rest = rows.loc[(rows["share_of_customers"] - (1 - TOP)).abs() < 1e-9, "share_of_quantity"]
        shares += [percent(1 - float(share), 0) for share in rest]
    return f"; the top 10% made {shares[0]}, {shares[1]} forecast" if len(shares) == 2 else ""


def _pictures(view: Selection, quantity: str) -> list[Picture]:
    """Draw gain and Lorenz curves, lifts and overlap of one quantity."""
    scores = view.scores(quantity).set_index("forecaster")
    with_rules, models = view.shown(quantity, rules=True), view.shown(quantity)
    ranked = [each for each in with_rules if math.isfinite(float(scores["gini"].get(each, math.nan)))]
    if not ranked:
        return []
    gini = "; ".join(f"{view.titles[each]} {fixed(float(scores['gini'][each]), 3)}" for each in ranked)
    name = quantity.capitalize()
    names = ", ".join(view.titles[each] for each in models)
    title, reference = view.title(quantity), view.forecaster(quantity)
    captured = percent(float(scores["capture"].get(reference, math.nan)), 0)
    lifts = _rows_of(view, "deciles", quantity, reference)["lift"]
    tops = _rows_of(view, "overlap", quantity, reference)
    pictures = [
        draw_picture(
            f"gain-{quantity}",
            f"{name}: the 10% ranked first made {captured}",
            f"Gain curves of {len(ranked)} forecasters. Normalized Gini: {gini}.",
            plots.gain_curve,
            view.at["gain"],
            quantity=quantity,
            forecasts=ranked,
        ),
        draw_picture(
            f"lorenz-{quantity}",
            f"{name}: how unequal customers are{_top_shares(view, quantity, reference)}",
            f"Lorenz curves, actual and as expected by {names}: the share of the total that the customers with the "
            "least make together.",
            plots.lorenz_curve,
            view.at["lorenz"],
            quantity=quantity,
            forecasts=models,
        ),
    ]
    if len(lifts):
        pictures.append(
            draw_picture(
                f"lift-{quantity}",
                f"{name}: the first decile made {fixed(lifts.iloc[0], 1)} times the average",
                f"Bars of {quantity} per customer as a multiple of the average, by decile of the forecast of "
                f"{title}: from {fixed(lifts.iloc[0], 1)} in the first to {fixed(lifts.iloc[-1], 1)} in the last.",
                plots.decile_lift,
                view.at["deciles"],
                quantity=quantity,
                forecasts=[reference],
            )
        )
    if len(tops):
        shares = zip(tops["top"], tops["overlap"], strict=True)
        each = [f"{percent(share, 0)} of the top {percent(top, 0)}" for top, share in shares]
        top_share = each[int((tops["top"] - TOP).abs().to_numpy().argmin())]
        pictures.append(
            draw_picture(
                f"overlap-{quantity}",
                f"{name}: {top_share} were identified",
                f"Share of the customers with the highest forecasts who were among the actual top: {'; '.join(each)}, "
                f"by {title}.",
                plots.overlap,
                view.at["overlap"],
                quantity=quantity,
                forecasts=ranked,
            )
        )
    return pictures

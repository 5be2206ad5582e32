"""Section on ranking: whether the customers with the highest forecasts buy most."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import message
from clvmodels.language.numbers import fixed, joined
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import Selection

__all__ = ["ranking"]

TOP = 0.1  # share of the customers named in titles


def ranking(view: Selection) -> ReportSection:
    """Return the section with gain and Lorenz curves, decile lift, and the overlap of top customers."""
    blocks: list[PageBlock] = []
    for quantity in view.quantities:
        if pictures := _pictures(view, quantity):
            blocks.append(Pictures(pictures))
        if (table := overlap_table(view, quantity)) is not None:
            blocks.append(table)
    return ReportSection("ranking", message("ranking-title"), [message("ranking-lead")], blocks)


def overlap_table(view: Selection, quantity: str) -> Table | None:
    """Build the table of predicted top customers who were actual ones and their share of the total, or return None."""
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
                    message("overlap-cell", {"right": float(row["overlap"][top]), "made": float(row["captured"][top])})
                    for top in tops
                ),
            ]
        )
    return Table(
        caption=message("overlap-table", {"quantity": quantity}),
        headings=[message("overlap-forecaster"), *(message("overlap-top", {"top": float(top)}) for top in tops)],
        rows=rows,
        notes=[message("overlap-note", {"quantity": quantity})],
    )


def _rows_of(view: Selection, name: str, quantity: str, forecaster: str) -> pd.DataFrame:
    """Return the rows of one forecaster and one quantity from a table."""
    table = view.at[name]
    return table[(table["quantity"] == quantity) & (table["forecaster"] == forecaster)]


def _top_shares(view: Selection, quantity: str, forecaster: str) -> dict[str, float | bool]:
    """Return figures of the actual and forecast share of the top 10 %, if the table has them, for a title."""
    shares = []
    for name in ("actual", forecaster):
        rows = _rows_of(view, "lorenz", quantity, name)
        rest = rows.loc[(rows["share_of_customers"] - (1 - TOP)).abs() < 1e-9, "share_of_quantity"]
        shares += [1 - float(share) for share in rest]
    if len(shares) != 2:
        return {"known": False, "actual": math.nan, "expected": math.nan}
    return {"known": True, "actual": shares[0], "expected": shares[1]}


def _pictures(view: Selection, quantity: str) -> list[Picture]:
    """Draw gain and Lorenz curves, lifts and overlap of one quantity."""
    scores = view.scores(quantity).set_index("forecaster")
    with_rules, models = view.shown(quantity, rules=True), view.shown(quantity)
    ranked = [each for each in with_rules if math.isfinite(float(scores["gini"].get(each, math.nan)))]
    if not ranked:
        return []
    gini = message("between-reasons").join(
        f"{view.titles[each]} {fixed(float(scores['gini'][each]), 3)}" for each in ranked
    )
    names = joined(view.titles[each] for each in models)
    title, reference = view.title(quantity), view.forecaster(quantity)
    captured = float(scores["capture"].get(reference, math.nan))
    of = {"quantity": quantity, "title": title}
    lifts = _rows_of(view, "deciles", quantity, reference)["lift"]
    tops = _rows_of(view, "overlap", quantity, reference)
    pictures = [
        draw_picture(
            f"gain-{quantity}",
            message("picture-gain", of | {"captured": captured}),
            message("picture-text-gain", {"forecasters": len(ranked), "gini": gini}),
            plots.gain_curve,
            view.at["gain"],
            quantity=quantity,
            forecasts=ranked,
        ),
        draw_picture(
            f"lorenz-{quantity}",
            message("picture-lorenz", of | _top_shares(view, quantity, reference)),
            message("picture-text-lorenz", {"names": names}),
            plots.lorenz_curve,
            view.at["lorenz"],
            quantity=quantity,
            forecasts=models,
        ),
    ]
    if len(lifts):
        ends = {"first": float(lifts.iloc[0]), "last": float(lifts.iloc[-1])}
        pictures.append(
            draw_picture(
                f"lift-{quantity}",
                message("picture-lift", of | ends),
                message("picture-text-lift", of | ends),
                plots.decile_lift,
                view.at["deciles"],
                quantity=quantity,
                forecasts=[reference],
            )
        )
    if len(tops):
        shares = zip(tops["top"], tops["overlap"], strict=True)
        each = [message("overlap-share", {"share": float(share), "top": float(top)}) for top, share in shares]
        top_share = each[int((tops["top"] - TOP).abs().to_numpy().argmin())]
        shares_found = message("between-reasons").join(each)
        pictures.append(
            draw_picture(
                f"overlap-{quantity}",
                message("picture-overlap", of | {"share": top_share}),
                message("picture-text-overlap", of | {"shares": shares_found}),
                plots.overlap,
                view.at["overlap"],
                quantity=quantity,
                forecasts=ranked,
            )
        )
    return pictures

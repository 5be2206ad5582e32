"""Rivals and models side by side: every score, averages over the cuts, and which differences are visible."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language.numbers import column, fixed, percent, signed_percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Picture, Pictures, ReportSection, Table, Words, drawn
from clvmodels.reporting.selection import LEARNERS, Selection
from clvmodels.reporting.verdict import why_not_mae
from clvmodels.validation.tables.differences import NEGLIGIBLE

__all__ = ["rivals"]

ROW, FRAME = 0.3, 0.95  # inches: a row of a plot of scores, and what surrounds the rows
NEAR = 0.15  # of the score: differences up to it have a picture, all stand in the table
COMPARED = {"gini": "normalized Gini", "rmse": "RMSE"}
# What would squeeze the rest: the total of zero is always 100% too low, and neither tells customers apart.
LEFT_OUT = {"bias": ["zero"], "gini": ["zero", "population_mean"]}
KINDS = {("rule",): "Simple rules", LEARNERS: "Machine learning"}
BETTER = {"forecaster": "better", "reference": "worse", "not_visible": "no visible difference"}


def rivals(view: Selection) -> ReportSection:
    """Scores of every forecast on the same cuts, and their differences from the model the verdict is about."""
    lead = [
        (
            "Simple rules and a machine-learning model forecast the same customers at the same cuts. A model has to "
            "beat them to be worth its while; where one of them is visibly better, it stands here. To read the tables: "
            "normalized Gini is how well customers are sorted (1 is perfect), RMSE how far a customer's forecast is "
            "typically off."
        )
    ]
    blocks: list[PageBlock] = []
    for quantity in view.quantities:
        pictures = [_score(view, quantity, "bias"), _score(view, quantity, "gini")]
        blocks.append(Pictures([*pictures, *_differences(view, quantity)]))
        blocks.append(score_table(view, quantity))
        if (table := probability_table(view, quantity)) is not None:
            blocks.append(table)
        if (table := difference_table(view, quantity)) is not None:
            blocks.append(table)
    listed_scores = view.result.summary if len(view.cutoffs) > 1 else view.at["scores"]
    listed_scores = listed_scores[listed_scores["horizon"] == view.horizon]
    blocks.append(Words([why_not_mae(listed_scores, view.forecaster("purchases"), view.title("purchases"))]))
    return ReportSection("rivals", "Rivals and models side by side", lead, blocks)


def score_table(view: Selection, quantity: str) -> Table:
    """Every forecast of one quantity, models first: at one cut as it was, of several the mean."""
    several = len(view.cutoffs) > 1
    table = _means(view, quantity) if several else view.scores(quantity)
    unit = "money" if quantity == "money" else "purchases"
    heads = [
        "forecast",
        "error of total, mean" if several else "error of total",
        "normalized Gini",
        f"RMSE ({unit})",
        "made by top tenth",
        "Spearman",
        f"MAE ({unit})",
    ]
    columns = [
        [signed_percent(value) for value in table["bias"]],
        [fixed(value, 3) for value in table["gini"]],
        column(table["rmse"]),
        [percent(value, 0) for value in table["capture"]],
        [fixed(value, 3) for value in table["spearman"]],
        column(table["mae"]),
    ]
    actual = []
    if several:
        heads.insert(2, "its size, mean")
        columns.insert(1, [percent(size) for size in _sizes(view, quantity, list(table["forecaster"]))])
    else:
        totals = column([*table["predicted"], table["actual"].max()], 4)
        heads.insert(1, f"total ({unit})")
        columns.insert(0, totals[:-1])
        actual = [["actual", totals[-1], *[""] * (len(columns) - 1)]]
    when = f"means over {len(view.cutoffs)} cuts" if several else "every forecast against what happened"
    return Table(
        caption=f"{quantity.capitalize()} in the {view.horizon} after the cut: {when}",
        headings=heads,
        rows=actual + [[str(name), *values] for name, *values in zip(table["title"], *columns, strict=True)],
        notes=_score_notes(view, table),
    )


def probability_table(view: Selection, quantity: str) -> Table | None:
    """Scores of whole distributions and chances, of the forecasts that tell them."""
    table = _means(view, quantity) if len(view.cutoffs) > 1 else view.scores(quantity)
    wanted = {
        "log_score": ("log score", 3),
        "crps": ("CRPS", 3),
        "brier": ("Brier, buys again", 4),
        "log_loss": ("log loss, buys again", 4),
        "poisson_deviance": ("Poisson deviance", 3),
        "decile_mape": ("decile MAPE", None),
        "coverage": (f"in {percent(view.level, 0)} intervals", None),
        "width": ("mean width", 2),
    }
    if quantity == "money":  # which is no count
        del wanted["poisson_deviance"]
    present = {name: told for name, told in wanted.items() if name in table and table[name].notna().any()}
    if not present:
        return None
    table = table[table[list(present)].notna().any(axis=1)]
    columns = [[_score_in_words(value, places) for value in table[name]] for name, (_, places) in present.items()]
    notes = []
    if "poisson_deviance" in present and table["poisson_deviance"].map(math.isinf).any():
        notes.append("∞: it said that somebody could not buy who did.")
    notes.append("–: the forecast does not tell it. Lower is better, but for log score and coverage.")
    return Table(
        caption=f"{quantity.capitalize()}: scores of chances, distributions and intervals",
        headings=["forecast", *(heading for heading, _ in present.values())],
        rows=[[str(name), *values] for name, *values in zip(table["title"], *columns, strict=True)],
        notes=notes,
    )


def difference_table(view: Selection, quantity: str) -> Table | None:
    """Differences from the model the verdict is about, a row a forecast, with their intervals."""
    tables = {metric: view.differences(quantity, metric) for metric in COMPARED}
    if not any(len(table) for table in tables.values()):
        return None
    ids = list(dict.fromkeys(each for table in tables.values() if len(table) for each in table["forecaster"]))
    rows = []
    for each in ids:
        cells = []
        for table in tables.values():
            of = table[table["forecaster"] == each].to_dict("records") if len(table) else []
            cells += [_difference(of[0]), _better(of[0])] if of else ["–", "–"]
        rows.append([view.titles[each], *cells])
    headings = ["forecast"]
    for words in COMPARED.values():
        headings += [f"{words}: difference (interval)", "so it is"]
    over = f"{len(view.cutoffs)} cuts" if len(view.cutoffs) > 1 else "one cut"
    return Table(
        caption=f"{quantity.capitalize()}: differences from {view.title(quantity)}, over {over}",
        headings=headings,
        rows=rows,
        notes=[
            (
                f"Paired {percent(view.level, 0)} intervals from customers drawn again, each with all its cuts. They "
                "cover "
                "which customers there are, not that the times to come are like those seen. 0: less than a thousandth "
                "of the score."
            )
        ],
    )


def _sizes(view: Selection, quantity: str, ids: list[str]) -> list[float]:
    """Mean size of the error of the total over the cuts, where errors up and down do not cancel."""
    table = view.result.scores
    table = table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]
    sizes = table["bias"].abs().groupby(table["forecaster"]).mean()
    return [float(sizes[each]) for each in ids]


def _means(view: Selection, quantity: str) -> pd.DataFrame:
    table = view.result.with_titles(view.result.summary)
    return table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]


def _score(view: Selection, quantity: str, metric: str) -> Picture:
    table = view.result.with_titles(view.result.scores)
    table = table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]
    table = table[table[metric].notna()] if table[metric].notna().any() else table
    apart = table[~table["forecaster"].isin(LEFT_OUT[metric])]
    table = apart if len(apart) else table
    cuts = f", a dot for each of {len(view.cutoffs)} cuts" if len(view.cutoffs) > 1 else ""
    middle = table.groupby("title", sort=False)[metric].mean()
    tell = signed_percent if metric == "bias" else lambda value: fixed(value, 3)
    told = "; ".join(f"{name} {tell(float(value))}" for name, value in middle.items())
    title, what = {
        "bias": ("is the total right?", "Error of each forecast's total"),
        "gini": ("are the right customers first?", "Normalized Gini of each forecast"),
    }[metric]
    return drawn(
        f"{quantity}-{metric}",
        f"{quantity.capitalize()}: {title}",
        f"{what}{cuts}: {told}.",
        plots.scores,
        table,
        height=FRAME + ROW * len(middle),
        quantity=quantity,
        metric=metric,
    )


def _differences(view: Selection, quantity: str) -> list[Picture]:
    pictures = []
    for metric, words in COMPARED.items():
        table = view.differences(quantity, metric)
        table = table[table["difference"].notna()] if len(table) else table
        if not len(table):
            continue
        # What is far off would leave no room for the others.
        near = table[table["difference"].abs() <= NEAR * table["reference_value"].abs()]
        table = near if len(near) else table
        verb, side = {"gini": ("ranks better", "right"), "rmse": ("errs less", "left")}[metric]
        unseen = int((table["better"] == "not_visible").sum())
        pictures.append(
            drawn(
                f"{quantity}-difference-{metric}",
                f"{quantity.capitalize()}: who {verb} than {view.title(quantity)}, {side} of the line",
                f"A row a forecast: its {words} less that of {view.title(quantity)}, with an interval. Of "
                f"{len(table)}, "
                f"{unseen} {'is' if unseen == 1 else 'are'} not visibly different.",
                plots.differences,
                table,
                height=FRAME + 0.2 + ROW * len(table),
                quantity=quantity,
                metric=metric,
            )
        )
    return pictures


def _score_notes(view: Selection, table: pd.DataFrame) -> list[str]:
    notes = []
    for kinds, words in KINDS.items():
        names = [str(name) for name in table.loc[table["kind"].isin(kinds), "title"]]
        if names:
            notes.append(f"{words}: {'; '.join(names)}.")
    if len(view.cutoffs) > 1:
        notes.append("Errors of totals up and down cancel in their mean, and do not in the mean of their size.")
    if table["spearman"].isna().any():
        notes.append("–: not defined; a forecast that is the same for everybody ranks nobody.")
    if "customers" in table and table["customers"].nunique() > 1:
        notes.append("Customers without a forecast are left out of that row; the actual total is of all.")
    return notes


def _difference(row: dict[str, object]) -> str:
    values = [float(row[name]) for name in ("difference", "lower", "upper")]  # type: ignore[arg-type]
    if not all(map(math.isfinite, values)):
        return "–"
    least = NEGLIGIBLE * abs(float(row["reference_value"]))  # type: ignore[arg-type]
    values = [value if abs(value) > least else 0.0 for value in values]
    if not any(values):
        return "0"
    told = [
        "0" if value == 0 else f"{'+' if value > 0 else ''}{text}"
        for value, text in zip(values, column(values, 2), strict=True)
    ]
    return f"{told[0]} ({told[1]} to {told[2]})"


def _better(row: dict[str, object]) -> str:
    """How the forecast stands beside the model the verdict is about."""
    return BETTER[str(row["better"])]


def _score_in_words(value: float, places: int | None) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return percent(value, 0) if places is None else fixed(value, places) if abs(value) < 1e4 else significant(value)

"""Section on benchmarks: scores of all forecasters, means over the cutoffs, and which differences are visible."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import as_text
from clvmodels.language.numbers import MISSING, column, fixed, percent, signed_percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Paragraphs, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import LEARNERS, Selection
from clvmodels.reporting.verdict import explain_mae
from clvmodels.validation.tables.differences import NEGLIGIBLE

__all__ = ["benchmarks"]

ROW, FRAME = 0.3, 0.95  # inches: height of a row of a plot of scores, and of what surrounds the rows
DRAWN_DIFFERENCE = 0.15  # of the score: larger differences are in the table only
COMPARED = {"gini": "normalized Gini", "rmse": "RMSE"}
# Forecasters that would compress the scale: the total of zero is always 100% too low, and neither ranks customers.
LEFT_OUT = {"bias": ["zero"], "gini": ["zero", "population_mean"]}
KINDS = {("rule",): "Simple rules", LEARNERS: "Learned forecasters"}
BETTER = {"forecaster": "better", "reference": "worse", "not_visible": "no visible difference"}


def benchmarks(view: Selection) -> ReportSection:
    """Compare the scores of all forecasters with those of the model of the report, at the same cutoffs."""
    lead = [
        (
            "Simple rules and boosted trees (machine learning) forecast the same customers at the same cutoffs. A "
            "model is worth using only if it beats them. In the tables, the normalized Gini measures how well "
            "customers are ranked (1 is perfect), and the RMSE how far the forecast for a customer is typically off."
        )
    ]
    blocks: list[PageBlock] = []
    for quantity in view.quantities:
        pictures = [_score_picture(view, quantity, metric) for metric in ("bias", "gini")]
        blocks.append(Pictures([*pictures, *_difference_pictures(view, quantity)]))
        blocks.append(score_table(view, quantity))
        if (table := probability_table(view, quantity)) is not None:
            blocks.append(table)
        if (table := difference_table(view, quantity)) is not None:
            blocks.append(table)
    listed_scores = view.result.summary if len(view.cutoffs) > 1 else view.at["scores"]
    listed_scores = listed_scores[listed_scores["horizon"] == view.horizon]
    mae = explain_mae(listed_scores, view.forecaster("purchases"), view.title("purchases"))
    blocks.append(Paragraphs([as_text(mae)]))
    return ReportSection("benchmarks", "Benchmarks", lead, blocks)


def score_table(view: Selection, quantity: str) -> Table:
    """Build the table of scores for one quantity, processes first; over several cutoffs, the means."""
    several = len(view.cutoffs) > 1
    table = _means(view, quantity) if several else view.scores(quantity)
    unit = "money" if quantity == "money" else "purchases"
    headings = [
        "forecaster",
        "error of total, mean" if several else "error of total",
        "normalized Gini",
        f"RMSE ({unit})",
        "made by top 10%",
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
        headings.insert(2, "absolute error of total, mean")
        columns.insert(1, [percent(size) for size in table["absolute_bias"]])
    else:
        totals = column([*table["predicted"], table["actual"].max()], 4)
        headings.insert(1, f"total ({unit})")
        columns.insert(0, totals[:-1])
        actual = [["actual", totals[-1], *[""] * (len(columns) - 1)]]
    when = f"means over {len(view.cutoffs)} cutoffs" if several else "forecast and actual"
    return Table(
        caption=f"{quantity.capitalize()} in the {view.horizon} after the cutoff: {when}",
        headings=headings,
        rows=actual + [[str(name), *values] for name, *values in zip(table["title"], *columns, strict=True)],
        notes=_score_notes(view, table),
    )


def probability_table(view: Selection, quantity: str) -> Table | None:
    """Build the table of scores of distributions and probabilities, or return None if no forecaster has any."""
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
    if quantity == "money":  # not a count
        del wanted["poisson_deviance"]
    present = {name: column for name, column in wanted.items() if name in table and table[name].notna().any()}
    if not present:
        return None
    table = table[table[list(present)].notna().any(axis=1)]
    columns = [[_format_score(value, places) for value in table[name]] for name, (_, places) in present.items()]
    notes = []
    if "poisson_deviance" in present and table["poisson_deviance"].map(math.isinf).any():
        notes.append("∞: the forecast ruled out a purchase that happened.")
    notes.append("–: not available for this forecaster. Lower is better, except for log score and coverage.")
    return Table(
        caption=f"{quantity.capitalize()}: scores of probabilities, distributions and intervals",
        headings=["forecaster", *(heading for heading, _ in present.values())],
        rows=[[str(name), *values] for name, *values in zip(table["title"], *columns, strict=True)],
        notes=notes,
    )


def difference_table(view: Selection, quantity: str) -> Table | None:
    """Build the table of differences from the model of the report, or return None if there are none."""
    tables = {metric: view.differences(quantity, metric) for metric in COMPARED}
    if not any(len(table) for table in tables.values()):
        return None
    ids = list(dict.fromkeys(each for table in tables.values() if len(table) for each in table["forecaster"]))
    rows = []
    for each in ids:
        cells = []
        for table in tables.values():
            row = table[table["forecaster"] == each].to_dict("records") if len(table) else []
            cells += [_format_difference(row[0]), BETTER[str(row[0]["better"])]] if row else [MISSING, MISSING]
        rows.append([view.titles[each], *cells])
    headings = ["forecaster"]
    for name in COMPARED.values():
        headings += [f"{name}: difference (interval)", "result"]
    over = f"{len(view.cutoffs)} cutoffs" if len(view.cutoffs) > 1 else "one cutoff"
    return Table(
        caption=f"{quantity.capitalize()}: differences from {view.title(quantity)}, over {over}",
        headings=headings,
        rows=rows,
        notes=[_difference_note(view)],
    )


def _difference_note(view: Selection) -> str:
    """Return what the intervals of differences allow for, and when a difference is visible."""
    level = percent(view.level, 0)
    if len(view.cutoffs) > 1:
        return (
            f"Paired {level} intervals that allow for the customers drawn (bootstrap, each with all cutoffs) and for "
            "the spread over cutoffs. A difference is visible if its interval does not contain 0 and it has the same "
            "sign at every cutoff. A difference shown as 0 is less than 0.1% of the score."
        )
    return (
        f"Paired {level} bootstrap intervals, resampling customers. One cutoff shows the sampling of customers, not "
        "changing conditions. A difference shown as 0 is less than 0.1% of the score."
    )


def _means(view: Selection, quantity: str) -> pd.DataFrame:
    """Return the scores of one quantity, averaged over the cutoffs."""
    table = view.result.with_titles(view.result.summary)
    return table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]


def _score_picture(view: Selection, quantity: str, metric: str) -> Picture:
    """Draw one score of all forecasters."""
    table = view.result.with_titles(view.result.scores)
    table = table[(table["quantity"] == quantity) & (table["horizon"] == view.horizon)]
    table = table[table[metric].notna()] if table[metric].notna().any() else table
    rest = table[~table["forecaster"].isin(LEFT_OUT[metric])]
    table = rest if len(rest) else table
    dots = f", one dot for each of {len(view.cutoffs)} cutoffs" if len(view.cutoffs) > 1 else ""
    is_size = metric == "bias" and len(view.cutoffs) > 1  # errors of different sign would cancel in a mean
    means = (
        table.assign(size=table[metric].abs() if is_size else table[metric]).groupby("title", sort=False)["size"].mean()
    )
    write = percent if is_size else signed_percent if metric == "bias" else lambda value: fixed(value, 3)
    scores = "; ".join(f"{name} {write(float(value))}" for name, value in means.items())
    title, description = {
        "bias": ("error of the total", "Error of the total for each forecaster"),
        "gini": ("quality of the ranking", "Normalized Gini of each forecaster"),
    }[metric]
    dots += ", and the mean of its size" if is_size else ""
    return draw_picture(
        f"{quantity}-{metric}",
        f"{quantity.capitalize()}: {title}",
        f"{description}{dots}: {scores}.",
        plots.scores,
        table,
        height=FRAME + ROW * len(means),
        quantity=quantity,
        metric=metric,
    )


def _difference_pictures(view: Selection, quantity: str) -> list[Picture]:
    """Draw the differences from the model of the report, one plot per metric."""
    pictures = []
    for metric, name in COMPARED.items():
        table = view.differences(quantity, metric)
        table = table[table["difference"].notna()] if len(table) else table
        if not len(table):
            continue
        # Large differences would leave no room for the others.
        near = table[table["difference"].abs() <= DRAWN_DIFFERENCE * table["reference_value"].abs()]
        table = near if len(near) else table
        verb, side = {"gini": ("ranks better", "right"), "rmse": ("is more accurate", "left")}[metric]
        not_visible = int((table["better"] == "not_visible").sum())
        pictures.append(
            draw_picture(
                f"{quantity}-difference-{metric}",
                f"{quantity.capitalize()}: what {verb} than {view.title(quantity)} is {side} of the line",
                f"One row per forecaster: its {name} minus that of {view.title(quantity)}, with an interval. "
                f"Differences that are not visible: {not_visible} of {len(table)}.",
                plots.differences,
                table,
                height=FRAME + 0.2 + ROW * len(table),
                quantity=quantity,
                metric=metric,
            )
        )
    return pictures


def _score_notes(view: Selection, table: pd.DataFrame) -> list[str]:
    """Return the notes below the table of scores."""
    notes = []
    for kinds, label in KINDS.items():
        names = [str(name) for name in table.loc[table["kind"].isin(kinds), "title"]]
        if names:
            notes.append(f"{label}: {'; '.join(names)}.")
    if len(view.cutoffs) > 1:
        notes.append(
            "Positive and negative errors of totals cancel in their mean, but not in the mean of the absolute errors."
        )
    if table["spearman"].isna().any():
        notes.append("–: not defined, because a forecast that is the same for every customer has no ranking.")
    if "customers" in table and table["customers"].nunique() > 1:
        notes.append("Customers without a forecast are left out of that row; the actual total covers all customers.")
    return notes


def _format_difference(row: dict[str, object]) -> str:
    """Write a difference with its interval; 0 for what is negligible."""
    values = [float(row[name]) for name in ("difference", "lower", "upper")]  # type: ignore[arg-type]
    if not all(map(math.isfinite, values)):
        return "–"
    least = NEGLIGIBLE * abs(float(row["reference_value"]))  # type: ignore[arg-type]
    values = [value if abs(value) > least else 0.0 for value in values]
    if not any(values):
        return "0"
    texts = [
        "0" if value == 0 else f"{'+' if value > 0 else ''}{text}"
        for value, text in zip(values, column(values, 2), strict=True)
    ]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"


def _format_score(value: float, places: int | None) -> str:
    """Write a score with a number of decimals, or as a percentage if there is none."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return percent(value, 0) if places is None else fixed(value, places) if abs(value) < 1e4 else significant(value)

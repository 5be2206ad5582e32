"""Section on benchmarks: scores of all forecasters, means over the cutoffs, and which differences are visible."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import as_text, message
from clvmodels.language.numbers import MISSING, column, fixed, percent, signed_percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Paragraphs, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import LEARNERS, Row, Selection
from clvmodels.reporting.verdict import explain_mae
from clvmodels.validation.tables.differences import NEGLIGIBLE

__all__ = ["benchmarks"]

ROW, FRAME = 0.3, 0.95  # inches: height per row of a plot of scores, and of its margins
DRAWN_DIFFERENCE = 0.15  # share of the score; larger differences are only in the table
COMPARED = ("gini", "rmse")
# Forecasters that would compress the scale: the total of zero is always 100 % too low, and neither ranks customers.
LEFT_OUT = {"bias": ["zero"], "gini": ["zero", "population_mean"]}
KINDS = {"rules": ("rule",), "learned": LEARNERS}
SCORES = {  # decimals of scores of probabilities, distributions and intervals; None means a percentage
    "log_score": 3,
    "crps": 3,
    "brier": 4,
    "log_loss": 4,
    "poisson_deviance": 3,
    "decile_mape": None,
    "coverage": None,
    "width": 2,
}


def benchmarks(view: Selection) -> ReportSection:
    """Return the section that compares the scores of all forecasters with the model of the report."""
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
    return ReportSection("benchmarks", message("benchmarks-title"), [message("benchmarks-lead")], blocks)


def score_table(view: Selection, quantity: str) -> Table:
    """Build the table of scores for one quantity, processes first; over several cutoffs, the means."""
    several = len(view.cutoffs) > 1
    table = _means(view, quantity) if several else view.scores(quantity)
    headings = ["bias-mean" if several else "bias", "gini", "rmse", "top", "spearman", "mae"]
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
        headings.insert(1, "size")
        columns.insert(1, [percent(size) for size in table["absolute_bias"]])
    else:
        totals = column([*table["predicted"], table["actual"].max()], 4)
        headings.insert(0, "total")
        columns.insert(0, totals[:-1])
        actual = [[message("score-actual"), totals[-1], *[""] * (len(columns) - 1)]]
    figures = {"quantity": quantity, "horizon": view.horizon, "cutoffs": len(view.cutoffs), "several": several}
    return Table(
        caption=message("score-table", figures),
        headings=[message(f"score-{name}", {"quantity": quantity}) for name in ("forecaster", *headings)],
        rows=actual + [[str(name), *values] for name, *values in zip(table["title"], *columns, strict=True)],
        notes=_score_notes(view, table),
    )


def probability_table(view: Selection, quantity: str) -> Table | None:
    """Build the table of scores of distributions and probabilities, or return None if no forecaster has any."""
    table = _means(view, quantity) if len(view.cutoffs) > 1 else view.scores(quantity)
    wanted = [name for name in SCORES if quantity != "money" or name != "poisson_deviance"]  # a score of counts
    present = [name for name in wanted if name in table and table[name].notna().any()]
    if not present:
        return None
    table = table[table[present].notna().any(axis=1)]
    columns = [[_format_score(value, SCORES[name]) for value in table[name]] for name in present]
    notes = []
    if "poisson_deviance" in present and table["poisson_deviance"].map(math.isinf).any():
        notes.append(message("probability-note-infinite"))
    notes.append(message("probability-note-missing"))
    return Table(
        caption=message("probability-table", {"quantity": quantity}),
        headings=[
            message("score-forecaster"),
            *(message(f"probability-{name.replace('_', '-')}", {"level": view.level}) for name in present),
        ],
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
            cells += [_format_difference(row[0]), _result(row[0])] if row else [MISSING, MISSING]
        rows.append([view.titles[each], *cells])
    headings = [message("score-forecaster")]
    for metric in COMPARED:
        headings += [message("difference-heading", {"metric": metric}), message("difference-result")]
    figures = {"quantity": quantity, "title": view.title(quantity), "cutoffs": len(view.cutoffs)}
    return Table(
        caption=message("difference-table", figures),
        headings=headings,
        rows=rows,
        notes=[_difference_note(view)],
    )


def _difference_note(view: Selection) -> str:
    """Return a note on what the intervals of differences allow for, and when a difference is visible."""
    return message("difference-note", {"level": view.level, "several": len(view.cutoffs) > 1})


def _result(row: dict[str, object]) -> str:
    """Return a text on which of the two forecasters is better."""
    return message("difference-better", {"better": str(row["better"]).replace("_", "-")})


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
    is_size = metric == "bias" and len(view.cutoffs) > 1  # errors of opposite signs would cancel in a mean
    means = (
        table.assign(size=table[metric].abs() if is_size else table[metric]).groupby("title", sort=False)["size"].mean()
    )
    write = percent if is_size else signed_percent if metric == "bias" else lambda value: fixed(value, 3)
    scores = message("between-reasons").join(f"{name} {write(float(value))}" for name, value in means.items())
    figures: Row = {"quantity": quantity, "metric": metric, "scores": scores}
    figures |= {"cutoffs": len(view.cutoffs), "several": len(view.cutoffs) > 1, "is_size": is_size}
    return draw_picture(
        f"{quantity}-{metric}",
        message("picture-score", figures),
        message("picture-text-score", figures),
        plots.scores,
        table,
        height=FRAME + ROW * len(means),
        quantity=quantity,
        metric=metric,
    )


def _difference_pictures(view: Selection, quantity: str) -> list[Picture]:
    """Draw the differences from the model of the report, one plot per metric."""
    pictures = []
    for metric in COMPARED:
        table = view.differences(quantity, metric)
        table = table[table["difference"].notna()] if len(table) else table
        if not len(table):
            continue
        # Large differences would compress the scale of the others.
        near = table[table["difference"].abs() <= DRAWN_DIFFERENCE * table["reference_value"].abs()]
        table = near if len(near) else table
        not_visible = int((table["better"] == "not_visible").sum())
        figures: Row = {"quantity": quantity, "metric": metric, "title": view.title(quantity)}
        figures |= {"not_visible": not_visible, "differences": len(table)}
        pictures.append(
            draw_picture(
                f"{quantity}-difference-{metric}",
                message("picture-difference", figures),
                message("picture-text-difference", figures),
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
    for kind, kinds in KINDS.items():
        names = [str(name) for name in table.loc[table["kind"].isin(kinds), "title"]]
        if names:
            notes.append(message("score-note-kind", {"kind": kind, "names": message("between-reasons").join(names)}))
    if len(view.cutoffs) > 1:
        notes.append(message("score-note-cancel"))
    if table["spearman"].isna().any():
        notes.append(message("score-note-spearman"))
    if "customers" in table and table["customers"].nunique() > 1:
        notes.append(message("score-note-customers"))
    return notes


def _format_difference(row: dict[str, object]) -> str:
    """Return a difference with its interval as text; 0 if it is negligible."""
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
    return message("cell-estimate", {"estimate": texts[0], "lower": texts[1], "upper": texts[2]})


def _format_score(value: float, places: int | None) -> str:
    """Return a score with a number of decimals, or as a percentage if None."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return percent(value, 0) if places is None else fixed(value, places) if abs(value) < 1e4 else significant(value)

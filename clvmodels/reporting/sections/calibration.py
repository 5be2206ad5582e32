"""Section on calibration: whether forecasts come true by group, over time, and as probabilities and intervals."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import Finding, message
from clvmodels.language.numbers import MISSING, column, count, joined, percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.names import group_name
from clvmodels.reporting.page import PageBlock, Paragraphs, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import Row, Selection, highest, records
from clvmodels.validation.tables.metrics import GROUPS
from clvmodels.validation.tables.totals import earlier_cutoffs_needed

__all__ = ["calibration", "tracking_picture"]

TOTAL_HEADINGS = ("quantity", "forecast", "interval", "actual", "result")


def calibration(view: Selection) -> ReportSection:
    """Return the section on calibration by group, probabilities, intervals, purchases over time, and totals."""
    lead = [message("calibration-lead")]
    if (worst := _worst_decile(view)) is not None:
        lead.append(worst.text)
    blocks: list[PageBlock] = [Pictures(_group_pictures(view)), frequency_table(view)]
    blocks.append(Paragraphs([message("calibration-reliability")], message("calibration-intervals"), "intervals"))
    blocks.append(Pictures(_probability_pictures(view)))
    if (table := coverage_table(view)) is not None:
        blocks.append(table)
    explained = message("calibration-tracking", {"cutoff": view.facts["calibration_end"]})
    blocks.append(Paragraphs([explained], message("calibration-totals"), "totals"))
    blocks.append(Pictures([*_tracking_pictures(view), *_total_pictures(view)]))
    if (table := total_table(view)) is not None:
        blocks.append(table)
    return ReportSection("calibration", message("calibration-title"), lead, blocks)


def frequency_table(view: Selection) -> Table:
    """Build the table of calibration by frequency, one row per frequency and one column per model."""
    table = view.at["by_frequency"]
    models = list(table["forecaster"].unique())
    wide = table.pivot(index="frequency", columns="forecaster", values="expected")
    each = table.drop_duplicates("frequency")
    columns = [column(wide[model].loc[each["frequency"]], 3) for model in models]
    actual = column(each["actual"], 3)
    return Table(
        caption=message("frequency-table"),
        headings=[
            *(message(f"frequency-{name}") for name in ("repeat-purchases", "customers", "actual")),
            *(view.titles[model] for model in models),
        ],
        rows=[
            [str(frequency), count(size), *values]
            for frequency, size, *values in zip(each["frequency"], each["customers"], actual, *columns, strict=True)
        ],
    )


def coverage_table(view: Selection) -> Table | None:
    """Build the table of the coverage of single customers' intervals by decile, or return None if there are none."""
    table = view.at["calibration"]
    table = table[(table["by"] == "decile") & (table["kind"] == "process") & table["coverage"].notna()]
    if not len(table):
        return None
    wide = table.pivot(index="order", columns="forecaster", values="coverage")
    models = list(dict.fromkeys(table["forecaster"]))
    return Table(
        caption=message("coverage-table", {"level": view.level}),
        headings=[message("coverage-decile"), *(view.titles[model] for model in models)],
        rows=[
            [
                message("coverage-decile-name", {"decile": str(int(order)), "highest": i == 0}),
                *(percent(row[model], 0) for model in models),
            ]
            for i, (order, row) in enumerate(zip(wide.index, records(wide), strict=True))
        ],
        notes=[message("coverage-note")],
    )


def total_table(view: Selection) -> Table | None:
    """Build the table of totals at every cutoff with their intervals, or return None if there are none."""
    tables = [view.totals(quantity) for quantity in view.quantities]
    rows, notes = [], []
    calibrated = any(len(table) and table["widened_lower"].notna().any() for table in tables)
    for quantity, table in zip(view.quantities, tables, strict=True):
        for row in table.to_dict("records"):
            widened = math.isfinite(row["widened_lower"])
            rows.append(
                [
                    message("total-of", {"quantity": quantity, "cutoff": str(row["cutoff"])}),
                    significant(row["predicted"]),
                    _range(row["lower"], row["upper"]),
                    significant(row["actual"]),
                    message("total-result", {"inside": bool(row["inside"])}),
                    _range(row["widened_lower"], row["widened_upper"]) if widened else MISSING,
                ][: None if calibrated else -1]
            )
        if len(table):
            last = records(table)[-1]
            notes.append(message("total-basis", {"basis": str(last.get("total_interval", "model"))}))
            notes.append(_judge_widening(last, view.level).text)
    if not rows:
        return None
    return Table(
        caption=message("total-table", {"title": view.name, "level": view.level}),
        headings=[message(f"total-heading-{name}") for name in (*TOTAL_HEADINGS, *(["widened"] if calibrated else []))],
        rows=rows,
        notes=list(dict.fromkeys(notes)),
    )


def _range(lower: float, upper: float) -> str:
    """Return an interval as text."""
    return message("cell-range", {"lower": significant(lower), "upper": significant(upper)})


def _judge_widening(last: Row, level: float) -> Finding:
    """Return a text on whether earlier errors widen the interval at the last cutoff or, if not, what that needs."""
    figures = {"earlier": int(last["earlier"]), "needed": earlier_cutoffs_needed(level)}
    return Finding("verdict-widened" if last["calibrated"] else "verdict-not-widened", figures)


# ---- by group ------------------------------------------------------------------------------------------------


def _group_pictures(view: Selection) -> list[Picture]:
    """Draw calibration by frequency, recency and decile."""
    table = view.at["by_frequency"]
    shown = view.shown("purchases")
    rows = view.of(table, shown)
    first, last = rows.iloc[0], _first(rows).iloc[-1]
    described = {"first": _describe_frequency(first, rows), "last": _describe_frequency(last, rows)}
    pictures = [
        draw_picture(
            "calibration-frequency",
            _with_worst_group("frequency", _first(rows), "frequency"),
            message("picture-text-by-frequency", described),
            plots.calibration_by_frequency,
            rows,
        )
    ]
    for by in ("recency", "decile"):
        rows = _reference_groups(view, by)
        if len(rows):
            ids = [view.reference] if by == "decile" else shown
            pictures.append(
                draw_picture(
                    f"calibration-{by}",
                    _with_worst_group(by, rows, "group"),
                    message("picture-text-by-group", _describe_extremes(rows)),
                    plots.calibration,
                    view.at["calibration"],
                    by=by,
                    forecasts=ids,
                )
            )
    return pictures


def _first(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the first forecaster, the model of the report."""
    first: pd.DataFrame = table[table["forecaster"] == table["forecaster"].iloc[0]]
    return first


def _largest_error(rows: pd.DataFrame) -> Row | None:
    """Return the group whose purchases differ most from the forecast, or None if no group differs by one purchase."""
    error = (rows["expected"] - rows["actual"]) * rows["customers"]
    row = highest(rows.assign(error=error, size=error.abs()), "size")
    return None if row["size"] < 1 else row


def _with_worst_group(by: str, rows: pd.DataFrame, column: str) -> str:
    """Return the title of a picture by group, with the group that has the largest error if there is one."""
    title = message("picture-by-group", {"by": by})
    row = _largest_error(rows)
    if row is None:
        return title
    figures = {"by": by, "group": group_name(row[column]), "direction": "low" if row["error"] < 0 else "high"}
    return message("label-and-text", {"label": title, "text": Finding("verdict-worst-group", figures)})


def _reference_groups(view: Selection, by: str) -> pd.DataFrame:
    """Return the groups of one kind, for purchases forecast by the model of the report."""
    table = view.at["calibration"]
    rows = table[(table["by"] == by) & (table["quantity"] == "purchases")]
    return rows[rows["forecaster"].map(view.is_reference)].sort_values("order")


def _describe_extremes(rows: pd.DataFrame) -> dict[str, Finding]:
    """Describe the first and the last group."""
    ends = {"first": records(rows.head(1))[0], "last": records(rows.tail(1))[0]}
    return {
        end: Finding(
            "picture-text-group",
            {"actual": float(row["actual"]), "expected": float(row["expected"]), "group": group_name(row["group"])},
        )
        for end, row in ends.items()
    }


def _describe_frequency(row: pd.Series, table: pd.DataFrame) -> Finding:
    """Describe actual and forecast purchases of the customers with one frequency."""
    same = table[table["frequency"] == row["frequency"]]
    forecasts = [
        message("picture-text-forecast", {"expected": float(expected), "title": name})
        for expected, name in zip(same["expected"], same["title"], strict=True)
    ]
    figures = {"actual": float(row["actual"]), "frequency": str(row["frequency"])}
    return Finding("picture-text-frequency", figures | {"forecasts": joined(forecasts)})


def _worst_decile(view: Selection) -> Finding | None:
    """Return a text on the decile in which the forecast misses most purchases, or None if it misses none."""
    rows = _reference_groups(view, "decile")
    row = _largest_error(rows) if len(rows) else None
    if row is None:
        return None
    order = int(row["order"])
    figures = {
        "title": view.name,
        "decile": order,
        "position": {1: "highest", GROUPS: "lowest"}.get(order, "between"),
        "expected": float(row["expected"]),
        "actual": float(row["actual"]),
    }
    return Finding("verdict-worst-decile", figures, "caution")


# ---- probabilities and intervals ------------------------------------------------------------------------------


def _probability_pictures(view: Selection) -> list[Picture]:
    """Draw the reliability of P(buys again), the coverage of intervals and the PIT."""
    shown, pictures = view.shown("purchases"), []
    names = joined(view.titles[each] for each in shown)
    table = view.at["reliability"]
    rows = view.of(table, shown)
    if len(rows):
        first = records(_first(rows))
        ends = {"first": first[0], "last": first[-1]}
        figures = {f"{end}_{name}": float(row[name]) for end, row in ends.items() for name in ("predicted", "actual")}
        pictures.append(
            draw_picture(
                "reliability",
                message("picture-reliability"),
                message("picture-text-reliability", {"names": names, **figures}),
                plots.reliability,
                rows,
            )
        )
    table = view.at["calibration"]
    table = view.of(table, shown)
    deciles = table[(table["by"] == "decile") & (table["quantity"] == "purchases") & table["coverage"].notna()]
    if len(deciles):
        low, high = float(deciles["coverage"].min()), float(deciles["coverage"].max())
        figures = {"level": view.level, "low": low, "high": high}
        pictures.append(
            draw_picture(
                "coverage",
                message("picture-coverage", figures),
                message("picture-text-coverage", figures),
                plots.coverage,
                table,
                level=view.level,
            )
        )
    table = view.at["pit"]
    rows = view.of(table[table["quantity"] == "purchases"], shown)
    if len(rows):
        shares = _first(rows)["share"]
        title = str(rows["title"].iloc[0])
        figures = {"bins": len(shares), "lowest": float(shares.iloc[0]), "highest": float(shares.iloc[-1])}
        pictures.append(
            draw_picture(
                "pit",
                message("picture-pit"),
                message("picture-text-pit", figures | {"right": 1 / len(shares), "title": title}),
                plots.pit_histogram,
                rows,
            )
        )
    return pictures


# ---- over time -----------------------------------------------------------------------------------------------


def tracking_picture(view: Selection) -> Picture | None:
    """Draw repeat purchases per period, forecast and actual, or return None without a table."""
    table = _tracking(view)
    if not len(table):
        return None
    period = str(table["period"].iloc[0])
    most = highest(table, "actual")
    figures = {"period": period, "most": int(most["actual"]), "when": str(most["end"])}
    return draw_picture(
        "incremental",
        message("picture-incremental", {"period": period}),
        message("picture-text-incremental", figures | _span(table)),
        plots.tracking_incremental,
        table,
    )


def _tracking_pictures(view: Selection) -> list[Picture]:
    """Draw cumulative repeat purchases over time."""
    table = _tracking(view)
    if not len(table):
        return []
    last = records(table)[-1]
    figures: Row = {name: float(last[f"cumulative_{name}"]) for name in ("actual", "forecast", "expected")}
    figures |= {"title": view.name}
    return [
        draw_picture(
            "cumulative",
            message("picture-cumulative"),
            message("picture-text-cumulative", figures | _span(table)),
            plots.tracking_cumulative,
            table,
        )
    ]


def _tracking(view: Selection) -> pd.DataFrame:
    """Return the table of purchases over time of the model of the report."""
    table = view.at["tracking"]
    return table[table["forecaster"] == view.reference]


def _span(table: pd.DataFrame) -> dict[str, str]:
    return {"start": str(table["end"].iloc[0]), "end": str(table["end"].iloc[-1])}


def _total_pictures(view: Selection) -> list[Picture]:
    """Draw the totals at every cutoff, if there are several."""
    if len(view.cutoffs) < 2:
        return []
    pictures = []
    for quantity in view.quantities:
        table = view.result.with_titles(view.result.totals)
        table = table[(table["horizon"] == view.horizon) & (table["quantity"] == quantity)]
        rows = view.of(table, view.shown(quantity))
        if not len(rows):
            continue
        inside = int(rows["inside"].astype(bool).sum())
        figures = {"cutoffs": len(view.cutoffs), "inside": inside, "intervals": len(rows)}
        pictures.append(
            draw_picture(
                f"totals-{quantity}",
                _title_of_totals(view, quantity),
                message("picture-text-totals", figures),
                plots.totals,
                rows,
                quantity=quantity,
            )
        )
    return pictures


def _title_of_totals(view: Selection, quantity: str) -> str:
    """Return the title of a picture, with how often the interval of the model of the report contained the total."""
    table = view.totals(quantity)
    figures = {"quantity": quantity, "title": view.name, "intervals": len(table)}
    return message("picture-totals", figures | {"inside": int(table["inside"].astype(bool).sum())})

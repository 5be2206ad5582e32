"""Section on calibration: whether forecasts come true by group, over time, and as probabilities and intervals."""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language import Finding
from clvmodels.language.numbers import MISSING, column, count, fixed, percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Paragraphs, Picture, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import Row, Selection, highest, records
from clvmodels.validation.tables.metrics import GROUPS
from clvmodels.validation.tables.totals import earlier_cutoffs_needed

__all__ = ["calibration", "tracking_picture"]

RELIABILITY = (
    "Among customers with a 30% probability of buying again, 30% should buy. Nine in ten outcomes should be inside "
    "their 90% intervals. And outcomes should be spread evenly over their forecast distributions."
)


def calibration(view: Selection) -> ReportSection:
    """Show calibration by group, probabilities and intervals, purchases over time, and totals at every cutoff."""
    lead = [
        (
            "A forecast is calibrated if groups of similar customers make the number of purchases that it predicts. "
            "Filled dots are actual values, open dots are forecasts, and bars are the intervals for a group: a filled "
            "dot outside its bar is a miss."
        )
    ]
    if (worst := _worst_decile(view)) is not None:
        lead.append(worst.text)
    blocks: list[PageBlock] = [Pictures(_group_pictures(view)), frequency_table(view)]
    blocks.append(Paragraphs([RELIABILITY], "Probabilities and intervals", "intervals"))
    blocks.append(Pictures(_probability_pictures(view)))
    if (table := coverage_table(view)) is not None:
        blocks.append(table)
    blocks.append(Paragraphs([_explain_tracking(view)], "Totals over time", "totals"))
    blocks.append(Pictures([*_tracking_pictures(view), *_total_pictures(view)]))
    if (table := total_table(view)) is not None:
        blocks.append(table)
    return ReportSection("calibration", "Calibration", lead, blocks)


def frequency_table(view: Selection) -> Table:
    """Build the table of calibration by frequency, one row per frequency and one column per model."""
    table = view.at["by_frequency"]
    models = list(table["forecaster"].unique())
    wide = table.pivot(index="frequency", columns="forecaster", values="expected")
    each = table.drop_duplicates("frequency")
    columns = [column(wide[model].loc[each["frequency"]], 3) for model in models]
    actual = column(each["actual"], 3)
    return Table(
        caption="Purchases per customer in the holdout period, by repeat purchases before the cutoff",
        headings=["repeat purchases", "customers", "actual", *(view.titles[model] for model in models)],
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
        caption=f"Measured coverage of {percent(view.level, 0)} intervals, by decile of the forecast",
        headings=["decile", *(view.titles[model] for model in models)],
        rows=[
            [f"{int(order)}{' (highest)' if i == 0 else ''}", *(percent(row[model], 0) for model in models)]
            for i, (order, row) in enumerate(zip(wide.index, records(wide), strict=True))
        ],
        notes=[
            (
                "Purchases are whole numbers, so a correct interval contains the outcome more often than its "
                "level says: where hardly any customer buys, an interval from 0 to 0 is nearly always right."
            )
        ],
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
                    f"{quantity}, {row['cutoff']}",
                    significant(row["predicted"]),
                    f"{significant(row['lower'])} to {significant(row['upper'])}",
                    significant(row["actual"]),
                    "inside" if row["inside"] else "outside",
                    f"{significant(row['widened_lower'])} to {significant(row['widened_upper'])}"
                    if widened
                    else MISSING,
                ][: None if calibrated else -1]
            )
        if len(table):
            notes.append(_judge_widening(records(table)[-1], view.level).text)
    if not rows:
        return None
    return Table(
        caption=f"Totals at every cutoff: forecast by {view.name} and its {percent(view.level, 0)} interval",
        headings=[
            "quantity, cutoff",
            "forecast",
            "interval",
            "actual",
            "result",
            *(["widened by earlier errors"] if calibrated else []),
        ],
        rows=rows,
        notes=list(dict.fromkeys(notes)),
    )


def _judge_widening(last: Row, level: float) -> Finding:
    """Report whether the interval at the last cutoff is widened by earlier errors, and if not, what that takes."""
    figures = {"earlier": int(last["earlier"]), "needed": earlier_cutoffs_needed(level)}
    return Finding("verdict-widened" if last["calibrated"] else "verdict-not-widened", figures)


# ---- by group ------------------------------------------------------------------------------------------------


def _group_pictures(view: Selection) -> list[Picture]:
    """Draw calibration by frequency, recency and decile."""
    table = view.at["by_frequency"]
    shown = view.shown("purchases")
    rows = view.of(table, shown)
    first, last = rows.iloc[0], _first(rows).iloc[-1]
    pictures = [
        draw_picture(
            "calibration-frequency",
            f"Forecast and actual by past frequency{_worst_group(_first(rows), 'frequency', 'frequency')}",
            f"Purchases per customer in the holdout period by repeat purchases before the cutoff. From "
            f"{_describe_frequency(first, rows)}, to {_describe_frequency(last, rows)}. The table below has all "
            "numbers.",
            plots.calibration_by_frequency,
            rows,
        )
    ]
    others = (
        ("recency", "Forecast and actual by recency"),
        ("decile", "Forecast and actual by decile of the forecast"),
    )
    for by, title in others:
        rows = _reference_groups(view, by)
        if len(rows):
            ids = [view.reference] if by == "decile" else shown
            pictures.append(
                draw_picture(
                    f"calibration-{by}",
                    f"{title}{_worst_group(rows, by, 'group')}",
                    f"Purchases per customer in the holdout period, actual and forecast, {_describe_extremes(rows)}",
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
    """Return the group whose purchases differ most from the forecast; None if no group differs by one purchase."""
    error = (rows["expected"] - rows["actual"]) * rows["customers"]
    row = highest(rows.assign(error=error, size=error.abs()), "size")
    return None if row["size"] < 1 else row


def _worst_group(rows: pd.DataFrame, by: str, column: str) -> str:
    """Return, for a title, the group with the largest error; empty if there is none."""
    row = _largest_error(rows)
    if row is None:
        return ""
    figures = {"by": by, "group": str(row[column]), "direction": "low" if row["error"] < 0 else "high"}
    return f": {Finding('verdict-worst-group', figures).text}"


def _reference_groups(view: Selection, by: str) -> pd.DataFrame:
    """Return the groups of one kind, for purchases forecast by the model of the report."""
    table = view.at["calibration"]
    rows = table[(table["by"] == by) & (table["quantity"] == "purchases")]
    return rows[rows["forecaster"].map(view.is_reference)].sort_values("order")


def _describe_extremes(rows: pd.DataFrame) -> str:
    """Describe the first and the last group."""
    texts = [
        f"{fixed(row['actual'], 2)} actual and {fixed(row['expected'], 2)} forecast in the group “{row['group']}”"
        for row in (rows.iloc[0].to_dict(), rows.iloc[-1].to_dict())
    ]
    return f"from {texts[0]} to {texts[1]}."


def _describe_frequency(row: pd.Series, table: pd.DataFrame) -> str:
    """Describe actual and forecast purchases of the customers with one frequency."""
    same = table[table["frequency"] == row["frequency"]]
    forecasts = ", ".join(
        f"{fixed(expected, 2)} forecast by {name}"
        for name, expected in zip(same["title"], same["expected"], strict=True)
    )
    return f"{fixed(row['actual'], 2)} actual and {forecasts} at {row['frequency']} repeat purchases"


def _worst_decile(view: Selection) -> Finding | None:
    """Report the decile in which the forecast misses most purchases; None if it misses none."""
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
    names = ", ".join(view.titles[each] for each in shown)
    table = view.at["reliability"]
    rows = view.of(table, shown)
    if len(rows):
        first = _first(rows)
        pictures.append(
            draw_picture(
                "reliability",
                "Probability of buying again, forecast and actual",
                f"Share of customers who bought, by forecast probability, for {names}. For the first: from "
                f"{percent(first['predicted'].iloc[0], 0)} forecast and {percent(first['actual'].iloc[0], 0)} actual "
                f"to {percent(first['predicted'].iloc[-1], 0)} forecast and {percent(first['actual'].iloc[-1], 0)} "
                "actual.",
                plots.reliability,
                rows,
            )
        )
    table = view.at["calibration"]
    table = view.of(table, shown)
    deciles = table[(table["by"] == "decile") & (table["quantity"] == "purchases") & table["coverage"].notna()]
    if len(deciles):
        low, high = deciles["coverage"].min(), deciles["coverage"].max()
        pictures.append(
            draw_picture(
                "coverage",
                f"Outcomes in their {percent(view.level, 0)} intervals: {percent(low, 0)} to {percent(high, 0)}",
                f"Share of customers whose purchases fell within their {percent(view.level, 0)} interval, by decile "
                f"of the forecast: from {percent(low, 0)} to {percent(high, 0)}.",
                plots.coverage,
                table,
                level=view.level,
            )
        )
    table = view.at["pit"]
    rows = view.of(table[table["quantity"] == "purchases"], shown)
    if len(rows):
        ends = _first(rows)["share"]
        pictures.append(
            draw_picture(
                "pit",
                "Position of outcomes in their forecast distributions (flat is right)",
                f"Histogram of the randomized PIT in {len(ends)} bins, which is flat for a correct forecast: for "
                f"{rows['title'].iloc[0]}, {percent(float(ends.iloc[0]))} of the customers are in the lowest bin "
                f"and {percent(float(ends.iloc[-1]))} in the highest, where {percent(1 / len(ends))} would be right.",
                plots.pit_histogram,
                rows,
            )
        )
    return pictures


# ---- over time -----------------------------------------------------------------------------------------------


def _explain_tracking(view: Selection) -> str:
    """Explain the plots of purchases over time."""
    return (
        f"The models were fitted to the purchases before the cutoff on {view.facts['calibration_end']}; after it, the "
        "plots compare forecast and actual purchases. The band shows the uncertainty due to chance and to the "
        "parameters."
    )


def tracking_picture(view: Selection) -> Picture | None:
    """Draw repeat purchases per period, forecast and actual; None without a table of them."""
    table = _tracking(view)
    if not len(table):
        return None
    period = table["period"].iloc[0]
    most = highest(table, "actual")
    return draw_picture(
        "incremental",
        f"Repeat purchases per {period}",
        f"Lines of repeat purchases per {period} {_span(table)}. The highest actual number, "
        f"{count(most['actual'])}, is in the {period} ending {most['end']}.",
        plots.tracking_incremental,
        table,
    )


def _tracking_pictures(view: Selection) -> list[Picture]:
    """Draw cumulative repeat purchases over time."""
    table = _tracking(view)
    if not len(table):
        return []
    last = records(table)[-1]
    return [
        draw_picture(
            "cumulative",
            "Cumulative repeat purchases",
            f"Lines of cumulative repeat purchases {_span(table)}. At the end, "
            f"{count(last['cumulative_actual'])} actual; {view.name}: "
            f"{count(last['cumulative_forecast'])} forecast at the cutoff and "
            f"{count(last['cumulative_expected'])} expected from first purchase dates only.",
            plots.tracking_cumulative,
            table,
        )
    ]


def _tracking(view: Selection) -> pd.DataFrame:
    """Return the table of purchases over time of the model of the report."""
    table = view.at["tracking"]
    return table[table["forecaster"] == view.reference]


def _span(table: pd.DataFrame) -> str:
    return f"from {table['end'].iloc[0]} to {table['end'].iloc[-1]}"


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
        pictures.append(
            draw_picture(
                f"totals-{quantity}",
                f"Total of {quantity} at every cutoff{_count_inside(view, quantity)}",
                f"Error of the forecast total at {len(view.cutoffs)} cutoffs with its interval, in percent of the "
                f"actual total: {inside} of {len(rows)} intervals contain it.",
                plots.totals,
                rows,
                quantity=quantity,
            )
        )
    return pictures


def _count_inside(view: Selection, quantity: str) -> str:
    """Return, for a title, how often the interval of the model of the report contained the total."""
    table = view.totals(quantity)
    if not len(table):
        return ""
    return f": {view.name}'s interval contained {int(table['inside'].astype(bool).sum())} of {len(table)}"

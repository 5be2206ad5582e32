"""Calibration: do forecasts come true, group by group, over time, and as chances and intervals?"""

from __future__ import annotations

import math

import pandas as pd

from clvmodels.language.numbers import column, count, percent, significant
from clvmodels.reporting import plots
from clvmodels.reporting.page import PageBlock, Picture, Pictures, ReportSection, Table, Words, drawn
from clvmodels.reporting.selection import Row, Selection, highest, records
from clvmodels.validation.tables.totals import fewest

__all__ = ["calibration"]


def calibration(view: Selection) -> ReportSection:
    """By frequency, recency and decile; chances and intervals; over time; totals at every cut."""
    lead = [
        (
            "A forecast is calibrated if, of customers alike, as many purchases come as it said. Filled dots are what "
            "happened, open ones the forecast, bars its interval for the group: a dot outside its bar is a miss."
        )
    ]
    if (worst := _worst_decile(view)) is not None:
        lead.append(worst)
    blocks: list[PageBlock] = [Pictures(_by_groups(view)), frequency_table(view.at["by_frequency"])]
    blocks.append(Words([_reliability_words()], "Chances and intervals", "intervals"))
    blocks.append(Pictures(_chances(view)))
    if (table := coverage_table(view)) is not None:
        blocks.append(table)
    blocks.append(Words([_tracking_words(view)], "Totals over time", "totals"))
    blocks.append(Pictures([*_tracking(view), *_levels(view)]))
    if (table := level_table(view)) is not None:
        blocks.append(table)
    return ReportSection("calibration", "Calibration", lead, blocks)


def frequency_table(table: pd.DataFrame) -> Table:
    """Calibration by frequency, a row a frequency, a column a forecast."""
    models = list(table["title"].unique())
    wide = table.pivot(index="frequency", columns="title", values="expected")
    each = table.drop_duplicates("frequency")
    columns = [column(wide[model].loc[each["frequency"]], 3) for model in models]
    actual = column(each["actual"], 3)
    return Table(
        caption="Purchases per customer in the holdout period, by repeat purchases before the cut",
        headings=["repeat purchases", "customers", "actual", *models],
        rows=[
            [str(frequency), count(size), *values]
            for frequency, size, *values in zip(each["frequency"], each["customers"], actual, *columns, strict=True)
        ],
    )


def coverage_table(view: Selection) -> Table | None:
    """Measured coverage of customers' own intervals by decile, a column a forecast and quantity."""
    table = view.at["calibration"]
    table = table[(table["by"] == "decile") & (table["kind"] == "process") & table["coverage"].notna()]
    if not len(table):
        return None
    wide = table.pivot(index="order", columns="title", values="coverage")
    titles = [title for title in dict.fromkeys(table["title"]) if title in wide.columns]
    return Table(
        caption=f"Measured coverage of {percent(view.level, 0)} intervals, by tenth of the customers",
        headings=["tenth, by forecast", *titles],
        rows=[
            [f"{int(order)}{' (highest)' if i == 0 else ''}", *(percent(row[title], 0) for title in titles)]
            for i, (order, row) in enumerate(zip(wide.index, records(wide), strict=True))
        ],
        notes=[
            (
                "Purchases are whole numbers, so that a right interval for them holds more often than it was asked to: "
                "where "
                "hardly anybody buys, one from 0 to 0 holds nearly always."
            )
        ],
    )


def level_table(view: Selection) -> Table | None:
    """Totals at every cut with their interval, of the model the verdict is about."""
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
                    f"{significant(row['widened_lower'])} to {significant(row['widened_upper'])}" if widened else "–",
                ][: None if calibrated else -1]
            )
        if len(table):
            notes.append(_widening(records(table)[-1], view.level))
    if not rows:
        return None
    return Table(
        caption=f"Totals at every cut: forecast by {view.name} and its {percent(view.level, 0)} interval",
        headings=[
            "quantity, cut",
            "forecast",
            "interval",
            "actual",
            "actual is",
            *(["widened by earlier errors"] if calibrated else []),
        ],
        rows=rows,
        notes=list(dict.fromkeys(notes)),
    )


def _widening(last: Row, level: float) -> str:
    """Whether the interval of the last cut is widened by earlier errors, and if not, what it takes."""
    if last["calibrated"]:
        return f"At the last cut widened by the errors of the {int(last['earlier'])} cuts that were over by then."
    earlier = f"{'was' if last['earlier'] == 1 else 'were'} {int(last['earlier']) or 'none'}"
    return (
        f"No interval is widened by earlier errors: that takes {fewest(level)} cuts that were over by the last one, "
        f"and there {earlier}."
    )


# ---- by group ------------------------------------------------------------------------------------------------


def _by_groups(view: Selection) -> list[Picture]:
    table = view.at["by_frequency"]
    shown = view.shown("purchases")
    picked = view.of(table, shown)
    first, last = picked.iloc[0], _first(picked).iloc[-1]
    pictures = [
        drawn(
            "calibration-frequency",
            f"Forecast and actual, by past frequency{_furthest(_first(picked), 'frequency', 'for those with')}",
            f"Purchases per customer in the holdout period against repeat purchases before the cut. From "
            f"{_group(first, picked)}, to {_group(last, picked)}. The table that follows has every number.",
            plots.calibration_by_frequency,
            picked,
        )
    ]
    others = (
        ("recency", "Forecast and actual, by recency", "at"),
        ("decile", "Forecast and actual, by forecast", "in tenth"),
    )
    for by, title, where in others:
        rows = _of(view, by)
        if len(rows):
            ids = [view.reference] if by == "decile" else shown
            pictures.append(
                drawn(
                    f"calibration-{by}",
                    f"{title}{_furthest(rows, 'group', where)}",
                    f"Purchases per customer in the holdout period, actual and forecast, {_extremes(rows)}",
                    plots.calibration,
                    view.at["calibration"],
                    by=by,
                    forecasts=ids,
                )
            )
    return pictures


def _first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first forecast, the one the verdict is about."""
    first: pd.DataFrame = table[table["forecaster"] == table["forecaster"].iloc[0]]
    return first


def _furthest(rows: pd.DataFrame, group: str, where: str) -> str:
    """For a title, the group whose purchases are missed most, and which way; nothing where none is missed."""
    missed = (rows["expected"] - rows["actual"]) * rows["customers"]
    row = highest(rows.assign(missed=missed, size=missed.abs()), "size")
    if row["size"] < 1:
        return ""
    return f": furthest off {where} {row[group]}, too {'low' if row['missed'] < 0 else 'high'}"


def _of(view: Selection, by: str) -> pd.DataFrame:
    """Groups of one kind, of purchases by the model the verdict is about."""
    table = view.at["calibration"]
    rows = table[(table["by"] == by) & (table["quantity"] == "purchases")]
    return rows[rows["forecaster"].map(view.is_reference)].sort_values("order")


def _extremes(rows: pd.DataFrame) -> str:
    """First and last group in words."""
    told = [
        f"{row['actual']:.2f} actual and {row['expected']:.2f} forecast in the group “{row['group']}”"
        for row in (rows.iloc[0].to_dict(), rows.iloc[-1].to_dict())
    ]
    return f"from {told[0]} to {told[1]}."


def _group(row: pd.Series, table: pd.DataFrame) -> str:
    """What the customers of one frequency did and were expected to do."""
    same = table[table["frequency"] == row["frequency"]]
    forecasts = ", ".join(
        f"{expected:.2f} forecast by {name}" for name, expected in zip(same["title"], same["expected"], strict=True)
    )
    return f"{row['actual']:.2f} actual and {forecasts} at {row['frequency']} repeat purchases"


def _worst_decile(view: Selection) -> str | None:
    """Where the forecast misses most purchases, in words."""
    rows = _of(view, "decile")
    if not len(rows):
        return None
    missed = (rows["expected"] - rows["actual"]) * rows["customers"]
    row = highest(rows.assign(missed=missed.abs()), "missed")
    if row["missed"] < 1:
        return None
    where = {1: "with the highest forecasts", len(rows): "with the lowest forecasts"}
    tenth = where.get(int(row["order"]), f"that comes {_nth(int(row['order']))} by its forecasts")
    return (
        f"{view.name} is furthest off for the tenth of the customers {tenth}: {row['expected']:.2f} purchases a "
        f"customer forecast, {row['actual']:.2f} actual."
    )


def _nth(place: int) -> str:
    return f"{place}{ {2: 'nd', 3: 'rd'}.get(place, 'th') }"


# ---- chances and intervals -----------------------------------------------------------------------------------


def _reliability_words() -> str:
    return (
        "Of customers who were given a 30% chance to buy again, 30% should. Of 90% intervals, nine in ten should hold. "
        "And what customers did should fall evenly between the low and the high end of what was held possible."
    )


def _chances(view: Selection) -> list[Picture]:
    shown, pictures = view.shown("purchases"), []
    names = ", ".join(view.titles[each] for each in shown)
    table = view.at["reliability"]
    rows = view.of(table, shown)
    if len(rows):
        first = _first(rows)
        pictures.append(
            drawn(
                "reliability",
                "Chance to buy again, and who did",
                f"Share of customers who bought against the chance forecast, by {names}. By the first, from "
                f"{percent(first['predicted'].iloc[0], 0)} forecast and {percent(first['actual'].iloc[0], 0)} actual "
                "to "
                f"{percent(first['predicted'].iloc[-1], 0)} and {percent(first['actual'].iloc[-1], 0)}.",
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
            drawn(
                "coverage",
                f"Outcomes within their {percent(view.level, 0)} intervals: {percent(low, 0)} to {percent(high, 0)}",
                f"Share of customers whose purchases fell within their {percent(view.level, 0)} interval, by tenth "
                "of the "
                f"customers: from {percent(low, 0)} to {percent(high, 0)}.",
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
            drawn(
                "pit",
                "Where outcomes fell in their distributions (level is right)",
                f"Histogram of the randomized PIT in {len(ends)} bins, which is level for a right forecast: by "
                f"{rows['title'].iloc[0]}, {percent(float(ends.iloc[0]))} of the customers are in the lowest bin "
                "and "
                f"{percent(float(ends.iloc[-1]))} in the highest, where {percent(1 / len(ends))} are right.",
                plots.pit_histogram,
                rows,
            )
        )
    return pictures


# ---- over time -----------------------------------------------------------------------------------------------


def _tracking_words(view: Selection) -> str:
    return (
        f"To the left of the cut on {view.facts['calibration_end']} is what the models learned from; to the right, "
        "what "
        "they said would come and what came. The band holds what chance and doubt about the parameters allow."
    )


def _tracking(view: Selection) -> list[Picture]:
    """Repeat purchases to date, and a week or opportunity."""
    table = view.at["tracking"]
    table = table[table["forecaster"] == view.reference]
    if not len(table):
        return []
    period = table["period"].iloc[0]
    ends = table.groupby("title", sort=False).last().reset_index().to_dict("records")
    told = "; ".join(
        f"{of['title']}, {count(of['cumulative_forecast'])} forecast at the cut and "
        f"{count(of['cumulative_expected'])} expected from arrival dates alone"
        for of in ends
    )
    span = f"from {table['end'].iloc[0]} to {table['end'].iloc[-1]}"
    most = highest(table, "actual")
    return [
        drawn(
            "cumulative",
            "Repeat purchases to date",
            f"Lines of cumulative repeat purchases {span}. At the end: {count(ends[0]['cumulative_actual'])} actual; "
            f"{told}.",
            plots.tracking_cumulative,
            table,
        ),
        drawn(
            "incremental",
            f"Repeat purchases a {period}",
            f"Lines of repeat purchases a {period} {span}. The actual {period}s scatter around the smooth expectation "
            f"and are highest in the {period} ending {most['end']}, with {count(most['actual'])}.",
            plots.tracking_incremental,
            table,
        ),
    ]


def _levels(view: Selection) -> list[Picture]:
    """Totals at every cut, where there are several."""
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
            drawn(
                f"levels-{quantity}",
                f"Total of {quantity} at every cut{_held(view, quantity)}",
                f"Error of the forecast total at {len(view.cutoffs)} cuts with its interval, in per cent of what "
                "happened: "
                f"{inside} of {len(rows)} intervals hold it.",
                plots.levels,
                rows,
                quantity=quantity,
            )
        )
    return pictures


def _held(view: Selection, quantity: str) -> str:
    """For a title, how often the interval of the model the verdict is about held the total."""
    table = view.totals(quantity)
    if not len(table):
        return ""
    return f": {view.name}'s interval held {int(table['inside'].astype(bool).sum())} of {len(table)}"

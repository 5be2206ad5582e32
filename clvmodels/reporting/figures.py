"""The figures of the report: a plot as SVG, its title, and in words what it shows for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clvmodels.frames import Frame
from clvmodels.reporting import plots
from clvmodels.reporting.value import summarize_value
from clvmodels.reporting.wording import count, fixed, percent, signed_percent

__all__ = ["Picture", "calibration", "score_pictures", "tracking", "value"]

ROW, FRAME = 0.3, 0.75  # inches: a row of a plot of scores, and what surrounds the rows
KEY = 0.34  # inches: what one more model adds to the key of a tracking plot


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the report.

    Attributes
    ----------
    key : str
        Its id on the page.
    title : str
    alternative : str
        What it shows, in words.
    svg : str
        The drawing, an element ready to stand in a page.
    """

    key: str
    title: str
    alternative: str
    svg: str


def calibration(table: pd.DataFrame) -> Picture:
    """Calibration by frequency."""
    first, last = table.iloc[0], table[table["forecast"] == table["forecast"].iloc[0]].iloc[-1]
    alternative = (
        "Lines of purchases per customer in the holdout period against repeat purchases before the cut. From "
        f"{_groups(first, table)}, to {_groups(last, table)}. The table that follows has every number."
    )
    return _picture(
        "calibration", "Forecast and actual, by past frequency", alternative, plots.calibration_by_frequency, table
    )


def tracking(table: pd.DataFrame) -> list[Picture]:
    """Repeat purchases to date, and a week or opportunity."""
    period = table["period"].iloc[0]
    ends = table.groupby("model", sort=False).last().reset_index().to_dict("records")
    actual = count(ends[0]["cumulative_actual"])
    models = "; ".join(
        f"{of['model']}, {count(of['cumulative_forecast'])} forecast at the cut and "
        f"{count(of['cumulative_expected'])} expected from arrival dates alone"
        for of in ends
    )
    span = f"from {table['end'].iloc[0]} to {table['end'].iloc[-1]}"
    height = plots.PAGE_HEIGHT + KEY * (len(ends) - 1)
    highest = table.nlargest(1, "actual").iloc[0]
    return [
        _picture(
            "cumulative",
            "Repeat purchases to date",
            f"Lines of cumulative repeat purchases {span}. At the end: {actual} actual; {models}.",
            plots.tracking_cumulative,
            table,
            height=height,
        ),
        _picture(
            "weekly",
            f"Repeat purchases a {period}",
            f"Lines of repeat purchases a {period} {span}. The actual {period}s scatter around the smooth expectation "
            f"and are highest in the {period} ending {highest['end']}, with {count(highest['actual'])}.",
            plots.tracking_incremental,
            table,
            height=height,
        ),
    ]


def score_pictures(scores: pd.DataFrame, quantity: str) -> list[Picture]:
    """Bias and ranking of every forecast of one quantity."""
    table = scores[scores["quantity"] == quantity]
    bias = "; ".join(
        f"{name} {signed_percent(value)}" for name, value in zip(table["forecast"], table["bias"], strict=True)
    )
    gini = "; ".join(f"{name} {fixed(value, 3)}" for name, value in zip(table["forecast"], table["gini"], strict=True))
    height = FRAME + ROW * len(table)
    return [
        _picture(
            f"{quantity}-bias",
            f"{quantity.capitalize()}: is the total right?",
            f"Error of each forecast's total: {bias}.",
            plots.scores,
            table,
            height=height,
            quantity=quantity,
            metric="bias",
        ),
        _picture(
            f"{quantity}-gini",
            f"{quantity.capitalize()}: are the right customers ranked first?",
            f"Normalized Gini of each forecast: {gini}.",
            plots.scores,
            table,
            height=height,
            quantity=quantity,
            metric="gini",
        ),
    ]


def value(table: Frame) -> Picture:
    """How few customers hold how much of the value."""
    told = summarize_value(table)
    alternative = (
        "Curve of the share of all lifetime value held by the most valuable customers: "
        f"the top 10% hold {percent(told.top_share)}."
    )
    return _picture("value", "Who holds the value", alternative, plots.value_distribution, table)


def _picture(key: str, title: str, alternative: str, plot: Callable[..., Any], table: Frame, **options: Any) -> Picture:
    return Picture(key, title, alternative, plots.to_svg(plot, table, key=key, **options))


def _groups(row: pd.Series[Any], table: pd.DataFrame) -> str:
    """What the customers of one frequency did and were expected to do."""
    same = table[table["frequency"] == row["frequency"]]
    forecasts = ", ".join(
        f"{expected:.2f} forecast by {name}" for name, expected in zip(same["forecast"], same["expected"], strict=True)
    )
    return f"{row['actual']:.2f} actual and {forecasts} at {row['frequency']} repeat purchases"

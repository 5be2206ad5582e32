"""Plots of purchases over time, per week and cumulative: actual, expected and forecast, with the cutoff marked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from matplotlib.ticker import StrMethodFormatter

from clvmodels.language import message
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["tracking_cumulative", "tracking_incremental"]


def tracking_cumulative(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot cumulative repeat purchases: actual, expected over the whole time, and forecast after the cutoff.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: forecaster, period, end, holdout, cumulative_actual, cumulative_expected,
        cumulative_forecast; with cumulative_forecast_lower and _upper, a band around the forecast.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.one_cutoff(style.read(table, "forecaster", "period", "end", "holdout", "cumulative_actual"))
    with style.drawing(ax) as ax:
        _track(ax, frame, "cumulative_")
        ax.set_ylabel(message("plot-cumulative"))
    return ax


def tracking_incremental(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot repeat purchases per week or opportunity: actual, expected over the whole time, and forecast.

    A last week that is shorter than the others is left out, because it would look like a drop.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: forecaster, period, end, holdout, actual, expected, forecast; with forecast_lower and
        forecast_upper, a band around the forecast.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.one_cutoff(style.read(table, "forecaster", "period", "end", "holdout", "actual"))
    ends = [datetime.fromisoformat(end) for end in frame["end"].unique().sort().to_list()]
    if len(ends) > 1 and ends[-1] - ends[-2] < timedelta(days=7):
        frame = frame.filter(nw.col("end") != frame["end"].max())
    with style.drawing(ax) as ax:
        _track(ax, frame, "")
        ax.set_ylabel(message("plot-incremental", {"period": _period(frame)}))
    return ax


def _track(ax: Axes, frame: nw.DataFrame[Any], prefix: str) -> None:
    """Draw actual, expected and forecast purchases against the dates on which periods end, and mark the cutoff."""
    for i, (name, rows) in enumerate(style.by_forecaster(frame)):
        moments = style.dates(rows, "end")
        color = style.color_of(i)
        if i == 0:
            ax.plot(
                moments,
                style.floats(rows, f"{prefix}actual"),
                color=style.INK,
                linewidth=1.2,
                label=message("plot-actual"),
            )
            _mark_cutoff(ax, rows, moments)
        expected, forecast = style.floats(rows, f"{prefix}expected"), style.floats(rows, f"{prefix}forecast")
        arrivals = message("plot-from-first-dates", {"title": name})
        ax.plot(moments, expected, color=color, linewidth=1.3, linestyle=style.DOTTED, label=arrivals)
        style.band(ax, rows, moments, color, f"{prefix}forecast_")
        ax.plot(moments, forecast, color=color, linewidth=1.6, label=message("plot-at-cutoff", {"title": name}))
    style.dates_below(ax)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(bottom=0)
    ends = {"first": str(frame["end"].min()), "last": str(frame["end"].max())}
    ax.set_xlabel(message("plot-period-ending", {"period": _period(frame)} | ends))
    style.legend_above(ax)


def _period(frame: nw.DataFrame[Any]) -> str:
    """Return the period that a row of a tracking table covers: a week, or an opportunity to buy."""
    return str(frame["period"][0])


def _mark_cutoff(ax: Axes, rows: nw.DataFrame[Any], moments: npt.NDArray[np.datetime64]) -> None:
    """Draw a line at the end of the calibration period, labeled with its date."""
    before = ~rows["holdout"].to_numpy().astype(bool)
    if not before.any() or before.all():
        return
    last = int(np.flatnonzero(before)[-1])
    ax.axvline(moments[last], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
    style.note(ax, message("plot-cutoff", {"day": str(rows["end"][last])}), (moments[last], 0))

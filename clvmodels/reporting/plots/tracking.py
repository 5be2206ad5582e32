"""Purchases over time: week by week and to date, actual, expected and forecast, with the cut marked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
from matplotlib.ticker import StrMethodFormatter

from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["tracking_cumulative", "tracking_incremental"]


def tracking_cumulative(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Repeat purchases to date, week by week: actual, expected throughout, and forecast after the cut.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: model, period, end, holdout, cumulative_actual, cumulative_expected, cumulative_forecast;
        with cumulative_forecast_lower and _upper, a band about the forecast.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = style.one_origin(style.read(table, "model", "period", "end", "holdout", "cumulative_actual"))
    with style.drawing(ax) as ax:
        _track(ax, frame, "cumulative_")
        ax.set_ylabel("repeat purchases to date")
    return ax


def tracking_incremental(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Repeat purchases a week (or opportunity): actual, expected throughout, and forecast after the cut.

    A last week that is shorter than the others is not drawn, since it would look like a fall.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: model, period, end, holdout, actual, expected, forecast; with forecast_lower and
        forecast_upper, a band about the forecast.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = style.one_origin(style.read(table, "model", "period", "end", "holdout", "actual"))
    ends = [datetime.fromisoformat(end) for end in frame["end"].unique().sort().to_list()]
    if len(ends) > 1 and ends[-1] - ends[-2] < timedelta(days=7):
        frame = frame.filter(nw.col("end") != frame["end"].max())
    with style.drawing(ax) as ax:
        _track(ax, frame, "")
        ax.set_ylabel(f"repeat purchases a {_period(frame)}")
    return ax


def _track(ax: Axes, frame: nw.DataFrame[Any], prefix: str) -> None:
    """Actual, expected and forecast against the dates on which periods end, with the cut marked."""
    for i, (name, rows) in enumerate(style.groups(frame, "model")):
        moments = style.dates(rows, "end")
        color = style.color_of(i)
        if i == 0:
            ax.plot(moments, style.floats(rows, f"{prefix}actual"), color=style.INK, linewidth=1.2, label="actual")
            _mark_cut(ax, rows, moments)
        expected, forecast = style.floats(rows, f"{prefix}expected"), style.floats(rows, f"{prefix}forecast")
        arrivals = f"{name}: expected from arrival dates alone"
        ax.plot(moments, expected, color=color, linewidth=1.3, linestyle=style.DOTTED, label=arrivals)
        style.band(ax, rows, moments, color, f"{prefix}forecast_")
        ax.plot(moments, forecast, color=color, linewidth=1.6, label=f"{name}: forecast at the cut from each history")
    style.dates_below(ax)
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"{_period(frame)} ending ({frame['end'].min()} to {frame['end'].max()})")
    style.key_above(ax)


def _period(frame: nw.DataFrame[Any]) -> str:
    """What a row of a tracking table is told of: a week, or an opportunity to buy."""
    return str(frame["period"][0])


def _mark_cut(ax: Axes, rows: nw.DataFrame[Any], moments: npt.NDArray[np.datetime64]) -> None:
    """A line at the end of the calibration period, with its date."""
    before = ~rows["holdout"].to_numpy().astype(bool)
    if not before.any() or before.all():
        return
    last = int(np.flatnonzero(before)[-1])
    ax.axvline(moments[last], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
    style.note(ax, f"cut {rows['end'][last]}", (moments[last], 0))

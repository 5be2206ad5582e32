"""Plots of the log before any model: purchases over time, season, and times between purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["season", "times_between", "weekly"]

WHOLE_WEEK = 7


def weekly(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot purchases per calendar week: all purchases, repeat purchases, and new customers.

    Weeks that the log covers only in part are left out, because they would look like a drop.

    Parameters
    ----------
    table : pandas or polars frame
        `Profile.weeks`: week_start, days, purchases, repeat_purchases, new_customers.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.read(table, "week_start", "days", "purchases", "repeat_purchases", "new_customers")
    whole = frame.filter(nw.col("days") >= WHOLE_WEEK)
    with style.drawing(ax) as ax:
        if len(whole) == 0:
            style.nothing_to_draw(ax, message("plot-no-whole-week"))
            return ax
        moments = style.dates(whole, "week_start")
        lines = (
            ("purchases", "all-purchases", style.INK),
            ("repeat_purchases", "repeat-among-them", style.COLORS[0]),
        )
        for name, label, color in lines:
            ax.plot(moments, style.floats(whole, name), color=color, linewidth=1.5, label=message(f"plot-{label}"))
        new = style.floats(whole, "new_customers")
        new_label = message("plot-new-customers")
        ax.plot(moments, new, color=style.COLORS[1], linewidth=1.5, linestyle=style.DASHED, label=new_label)
        style.dates_below(ax)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        first, last = str(whole["week_start"].min())[:10], str(whole["week_start"].max())[:10]
        ax.set_xlabel(message("plot-week-starting", {"first": first, "last": last}))
        ax.set_ylabel(message("plot-per-week"))
        style.legend_above(ax, columns=2)
    return ax


def season(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot purchases by calendar month, as a multiple of an average month after removing the trend.

    Parameters
    ----------
    table : pandas or polars frame
        `Profile.season.months`: month (1 to 12), index (1: an average month), and years (in how many it was
        observed).
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "month", "index")
    months, index = style.floats(frame, "month").astype(int), style.floats(frame, "index")
    with style.drawing(ax) as ax:
        ax.bar(months, index - 1, 0.7, bottom=1, color=np.where(index >= 1, style.COLORS[0], style.COLORS[5]))
        ax.axhline(1, color=style.INK, linewidth=0.8)
        for month, value in zip(months, index, strict=True):
            offset, side = ((0, 2), "bottom") if value >= 1 else ((0, -2), "top")
            style.note(
                ax, numbers.fixed(value, 2), (month, value), offset, ha="center", va=side, fontsize=style.SMALL - 2
            )
        ax.set_xticks(np.arange(1, 13), message("plot-months").split())
        ax.margins(y=0.15)
        ax.grid(False, axis="x")
        ax.set_xlabel(message("plot-month"))
        ax.set_ylabel(message("plot-season"))
    return ax


def times_between(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the distribution of the times between consecutive purchases of a customer.

    Parameters
    ----------
    table : pandas or polars frame
        `Profile.waits`: lower, upper (time; the last bin may be open), count and, in every row, unit.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "lower", "upper", "count")
    lower, upper, count = (style.floats(frame, name) for name in ("lower", "upper", "count"))
    closed, share = np.isfinite(upper), count / max(count.sum(), 1)
    edges = np.append(lower[closed], upper[closed][-1])
    with style.drawing(ax) as ax:
        ax.stairs(share[closed], edges, fill=True, color=style.COLORS[0])
        if not closed.all():
            rest = {"value": numbers.cell(edges[-1], digits=3), "share": float(share[~closed].sum())}
            label = message("plot-longer", rest)
            ax.text(0.99, 0.9, label, transform=ax.transAxes, ha="right", color=style.MUTED, fontsize=style.SMALL)
        ax.set_xlim(0, float(edges[-1]))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(False, axis="x")
        unit = style.plural(style.shared_value(frame, "unit", "time"))
        ax.set_xlabel(message("plot-between-purchases", {"unit": unit}))
        ax.set_ylabel(message("plot-times-between"))
    return ax

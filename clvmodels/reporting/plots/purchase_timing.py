"""What the log itself shows before any model: purchases over time, the season, and how long customers wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["season", "times_between", "weekly"]

WHOLE_WEEK = 7
MONTHS = "JFMAMJJASOND"


def weekly(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Purchases a calendar week: all, the repeat purchases among them, and new customers.

    Weeks seen in part are not drawn, since they would look like falls.

    Parameters
    ----------
    table : pandas or polars frame
        `Profile.weeks`: week_start, days, purchases, repeat_purchases, new_customers.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = style.read(table, "week_start", "days", "purchases", "repeat_purchases", "new_customers")
    whole = frame.filter(nw.col("days") >= WHOLE_WEEK)
    with style.drawing(ax) as ax:
        if len(whole) == 0:
            style.nothing_to_draw(ax, "no calendar week was seen in full")
            return ax
        moments = style.dates(whole, "week_start")
        told = (
            ("purchases", "purchases", style.INK),
            ("repeat_purchases", "of these, repeat purchases", style.COLORS[0]),
        )
        for name, label, color in told:
            ax.plot(moments, style.floats(whole, name), color=color, linewidth=1.5, label=label)
        new = style.floats(whole, "new_customers")
        ax.plot(moments, new, color=style.COLORS[1], linewidth=1.5, linestyle=style.DASHED, label="new customers")
        style.dates_below(ax)
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        first, last = str(whole["week_start"].min())[:10], str(whole["week_start"].max())[:10]
        ax.set_xlabel(f"week starting ({first} to {last})")
        ax.set_ylabel("a week")
        style.key_above(ax, columns=2)
    return ax


def season(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Purchases of each calendar month, as a multiple of the average month once the trend is taken out.

    Parameters
    ----------
    table : pandas or polars frame
        `Profile.season.months`: month (1 to 12), index (1: an average month), and years (how often it was seen).
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
            style.note(ax, f"{value:.2f}", (month, value), offset, ha="center", va=side, fontsize=style.SMALL - 2)
        ax.set_xticks(np.arange(1, 13), list(MONTHS))
        ax.margins(y=0.15)
        ax.grid(False, axis="x")
        ax.set_xlabel("month, January to December")
        ax.set_ylabel("purchases, as a multiple\nof an average month")
    return ax


def times_between(table: Frame, *, ax: Axes | None = None) -> Axes:
    """How long customers wait from one purchase to the next.

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
            told = f"longer than {edges[-1]:,.3g}: {share[~closed].sum():.0%}"
            ax.text(0.99, 0.9, told, transform=ax.transAxes, ha="right", color=style.MUTED, fontsize=style.SMALL)
        ax.set_xlim(0, float(edges[-1]))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(False, axis="x")
        unit = style.plural(style.told_by(frame, "unit", "time"))
        ax.set_xlabel(f"{unit} from one purchase to the customer's next")
        ax.set_ylabel("times between purchases (%)")
    return ax

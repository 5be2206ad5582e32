"""Plots of a fitted model: P(alive), expected purchases, differences between customers, and new customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from clvmodels.language import message, numbers
from clvmodels.reporting.names import unit_name
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = [
    "frequency_recency_matrix",
    "heterogeneity",
    "history_alive",
    "new_customers",
    "probability_alive_matrix",
]

ALIVE_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)  # contour lines of P(alive)


def frequency_recency_matrix(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot expected purchases by frequency and recency, with contour lines.

    Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42(4), figure 4, as a
    heat map.

    Parameters
    ----------
    table : pandas or polars frame
        From `frequency_recency_table`: frequency, recency, expected_purchases, T, unit, horizon.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    return _matrix(table, "expected_purchases", ax)


def probability_alive_matrix(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot P(alive) by frequency and recency, with contour lines.

    Parameters
    ----------
    table : pandas or polars frame
        From `frequency_recency_table`: frequency, recency, probability_alive, T, unit.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    return _matrix(table, "probability_alive", ax)


def history_alive(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot P(alive) of one customer day by day, each computed from the purchases up to that day.

    The purchases are marked on the time axis.

    Parameters
    ----------
    table : pandas or polars frame
        From `history_table`: date, probability_alive, purchase (whether the customer bought that day) and, for a band,
        lower and upper.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "date", "probability_alive", "purchase")
    moments, alive = style.dates(frame, "date"), style.floats(frame, "probability_alive")
    bought = frame["purchase"].to_numpy().astype(bool)
    with style.drawing(ax) as ax:
        style.band(ax, frame, moments, style.COLORS[0])
        ax.plot(moments, alive, color=style.COLORS[0], linewidth=1.8)
        ax.plot(moments[bought], np.full(int(bought.sum()), 0.0), "|", color=style.INK, markersize=13, clip_on=False)
        style.note(
            ax, message("plot-purchases", {"purchases": int(bought.sum())}), (moments[0], 0.0), (2, 9), color=style.INK
        )
        style.note(ax, numbers.percent(alive[-1], 0), (moments[-1], float(alive[-1])), (3, -3), color=style.COLORS[0])
        ax.set_ylim(-0.02, 1.03)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        style.dates_below(ax)
        ax.set_xlabel(message("plot-day", {"first": str(frame["date"].min()), "last": str(frame["date"].max())}))
        ax.set_ylabel(message("plot-alive"))
    return ax


def heterogeneity(table: Frame, *, of: str | None = None, ax: Axes | None = None) -> Axes:
    """Plot how customers differ: the distribution of purchase rates, or of dropout rates or probabilities.

    Parameters
    ----------
    table : pandas or polars frame
        From `heterogeneity_table`: quantity, left, right, share (of customers), mean, unit; the last bin may be open.
    of : str, optional
        Quantity to draw, such as "purchase rate"; by default the first in the table.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "quantity", "left", "right", "share", "mean")
    frame = style.of_quantity(frame, of if of is not None else style.names(frame, "quantity")[0])
    quantity, unit = style.shared_value(frame, "quantity"), style.shared_value(frame, "unit")
    i = style.names(style.read(table, "quantity"), "quantity").index(quantity)
    mean = float(frame["mean"][0])
    left, right, share = (style.floats(frame, name) for name in ("left", "right", "share"))
    open_end = not np.isfinite(right[-1])
    closed = np.where(np.isfinite(right), right, left + (right[0] - left[0]))
    with style.drawing(ax) as ax:
        bars = ax.bar(
            left, share, closed - left, align="edge", color=style.color_of(i), edgecolor=style.PAPER, linewidth=0.6
        )
        if open_end:
            bars[-1].set_alpha(0.5)
            above = message("plot-above", {"value": numbers.cell(left[-1], digits=3)})
            style.note(ax, above, (float(closed[-1]), float(share[-1])), (2, 2), ha="right")
        ax.axvline(mean, color=style.INK, linewidth=1, linestyle=style.DASHED)
        ax.set_xlim(0, float(closed[-1]))
        ax.set_ylim(0, float(share.max()) * 1.12)
        label = message("plot-mean", {"mean": numbers.cell(mean, digits=3), "unit": unit_name(unit)}).strip()
        style.note(ax, label, (mean, float(share.max()) * 1.1), (5, 0), color=style.INK, va="top")
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        ax.grid(False, axis="x")
        ax.set_xlabel(_heterogeneity_label(quantity, unit))
        ax.set_ylabel(message("plot-share-of-new"))
    return ax


def new_customers(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the expected repeat purchases of a new customer against the time since the first purchase.

    Parameters
    ----------
    table : pandas or polars frame
        From `new_customers_table`: model, time, expected, unit and, for a band, lower and upper.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "model", "time", "expected")
    unit = style.plural(style.shared_value(frame, "unit"))
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(style.groups(frame, "model")):
            time, expected = style.floats(rows, "time"), style.floats(rows, "expected")
            style.band(ax, rows, time, style.color_of(i))
            ax.plot(time, expected, color=style.color_of(i), linewidth=1.8, label=name)
            style.note(ax, numbers.fixed(expected[-1], 2), (time[-1], expected[-1]), (3, -3), color=style.color_of(i))
        ax.set_ylim(bottom=0)
        ax.set_xlim(left=0)
        ax.set_xlabel(message("plot-since-first", {"unit": unit}))
        ax.set_ylabel(message("plot-expected-repeat"))
        style.legend_above(ax, columns=2)
    return ax


def _matrix(table: Frame, of: Literal["expected_purchases", "probability_alive"], ax: Axes | None) -> Axes:
    """Draw a heat map over recency and frequency, with labeled contour lines."""
    frame = style.read(table, "frequency", "recency", of, "T").sort("frequency", "recency")
    x, y = np.unique(style.floats(frame, "recency")), np.unique(style.floats(frame, "frequency"))
    grid = style.floats(frame, of).reshape(len(y), len(x))
    unit, age = style.plural(style.shared_value(frame, "unit")), float(frame["T"][0])
    alive = of == "probability_alive"
    top = 1.0 if alive else float(grid.max())
    with style.drawing(ax) as ax:
        ax.grid(False)
        reach = (float(x[0]), float(x[-1]), float(y[0]) - 0.5, float(y[-1]) + 0.5)
        ax.imshow(
            grid, origin="lower", extent=reach, aspect="auto", cmap=style.SHADES, vmin=0, vmax=top, interpolation="none"
        )
        repeat = y > 0  # some models are discontinuous between one purchase and two, so contour lines start at two
        inner = grid[repeat]
        levels = ALIVE_LEVELS if alive else _round_levels(top)
        levels = tuple(level for level in levels if inner.size and inner.min() < level < inner.max())
        if levels and len(x) > 1 and repeat.sum() > 1:
            contours = ax.contour(x, y[repeat], inner, levels=levels, colors=style.ON_SHADES, linewidths=0.9)
            form = "{x:.0%}" if alive else "{x:g}"
            ax.clabel(contours, fmt=StrMethodFormatter(form), fontsize=style.SMALL, colors=style.ON_SHADES)
        ax.set_xlabel(message("plot-last-purchase", {"unit": unit, "age": numbers.cell(age, digits=4)}))
        ax.set_ylabel(message("plot-repeat-purchases"))
        horizon = style.shared_value(frame, "horizon")
        ax.set_title(
            message("plot-matrix", {"alive": alive, "horizon": horizon}),
            fontsize=style.SMALL,
            loc="left",
            color=style.MUTED,
        )
    return ax


def _heterogeneity_label(quantity: str, unit: str) -> str:
    """Return the quantity that differs between customers, with its unit or, for a probability, its range."""
    figures = {"quantity": quantity.replace(" ", "-"), "name": quantity, "unit": unit_name(unit)}
    return message("plot-heterogeneity", figures | {"has_unit": bool(unit)})


def _round_levels(top: float) -> tuple[float, ...]:
    """Return a few round numbers below the highest value."""
    powers = 10.0 ** np.arange(-3, 7)
    steps: Any = np.sort(np.outer([1, 2, 5], powers).ravel())
    return tuple(float(level) for level in steps[(steps < top) & (steps > top / 60)])

"""Plots of ranking: gains, Lorenz curves, lifts, and the overlap of predicted and actual top customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["decile_lift", "gain_curve", "lorenz_curve", "overlap"]

PERFECT, ACTUAL = "perfect", "actual"  # ids of the perfect ranking and of the actual outcomes
TRUTH = [PERFECT, ACTUAL]


def gain_curve(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the share of the actual total made by the customers ranked first, for each forecaster.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.gain`: quantity, forecaster, share_of_customers, captured, both from 0 to 1; the forecaster
        "perfect" ranks by the outcome.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
        Ids of the forecasters to draw; by default the fitted processes.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "share_of_customers", "captured"), quantity, forecasts)
    with style.drawing(ax) as ax:
        _curves(ax, frame, "captured", {PERFECT: message("plot-perfect-ranking")})
        style.note(ax, message("plot-no-ranking"), (0.72, 0.72), (6, -10))
        ax.set_xlabel(message("plot-highest-first"))
        ax.set_ylabel(message("plot-share-made", {"quantity": quantity}))
        style.legend_above(ax, columns=2)
    return ax


def lorenz_curve(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Plot Lorenz curves: the share of the total made by the smallest customers, actual and forecast.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.lorenz`: quantity, forecaster ("actual" for the outcomes), share_of_customers, share_of_quantity.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "share_of_customers", "share_of_quantity"), quantity, forecasts)
    with style.drawing(ax) as ax:
        _curves(ax, frame, "share_of_quantity", {ACTUAL: message("plot-actual")})
        style.note(ax, message("plot-all-equal"), (0.45, 0.45), (-4, 6), ha="right")
        ax.set_xlabel(message("plot-smallest-first"))
        ax.set_ylabel(message("plot-share-they-make", {"quantity": quantity}))
        style.legend_above(ax, columns=2)
    return ax


def decile_lift(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the actual outcome of each decile of the forecast as a multiple of the average.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.deciles`: quantity, forecaster, decile (1: highest forecasts), lift.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "decile", "lift"), quantity, forecasts)
    named_rows = style.by_forecaster(frame)
    width = 0.8 / len(named_rows)
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(named_rows):
            at = style.floats(rows, "decile") + width * (i - (len(named_rows) - 1) / 2)
            lift = style.floats(rows, "lift")
            ax.bar(at, lift, width * 0.92, color=style.color_of(i), label=name)
            if len(named_rows) == 1:
                for x, y in zip(at, lift, strict=True):
                    style.note(ax, numbers.fixed(y, 1), (x, y), (0, 2), ha="center", color=style.INK)
        ax.axhline(1, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        style.note(ax, message("plot-average-customer"), (ax.get_xlim()[1], 1), (-2, 3), ha="right")
        ax.set_xticks(sorted({int(value) for value in frame["decile"].to_list()}))
        ax.grid(False, axis="x")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.3g}"))
        ax.set_xlabel(message("plot-decile"))
        ax.set_ylabel(message("plot-lift", {"quantity": quantity}))
        style.legend_above(ax, columns=2)
    return ax


def overlap(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Plot the share of predicted top customers who were actual top customers, for several sizes of the top.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.overlap`: quantity, forecaster, top (share of the customers), overlap (share of the predicted top
        that was in the actual top).
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "top", "overlap"), quantity, forecasts)
    with style.drawing(ax) as ax:
        tops = sorted({float(value) for value in frame["top"].to_list()})
        at = {top: float(position) for position, top in enumerate(tops)}
        for i, name, rows in style.distinct(style.by_forecaster(frame), "overlap"):
            finite = rows.filter(nw.col("overlap").is_finite())
            positions = np.array([at[float(top)] for top in finite["top"].to_list()])
            style.line(ax, positions, style.floats(finite, "overlap"), i, name)
        chance = np.array(tops)
        ax.plot(list(at.values()), chance, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        style.note(ax, message("plot-at-random"), (at[tops[-1]], chance[-1]), (-2, 4), ha="right")
        ax.set_xticks(list(at.values()), [message("overlap-top", {"top": top}) for top in tops])
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="x")
        ax.set_xlabel(message("plot-highest-forecasts"))
        ax.set_ylabel(message("plot-overlap", {"quantity": quantity}))
        style.legend_above(ax, columns=2)
    return ax


def _chosen(frame: nw.DataFrame[Any], quantity: str, forecasts: Sequence[str] | None) -> nw.DataFrame[Any]:
    """Return one quantity of one cutoff for the chosen forecasters, and the actual outcomes."""
    frame = style.one_cutoff(style.of_quantity(frame, quantity))
    truth = frame.filter(nw.col("forecaster").is_in(TRUTH))
    forecasts_drawn = style.of_forecasts(frame.filter(~nw.col("forecaster").is_in(TRUTH)), forecasts)
    return nw.concat([truth, forecasts_drawn]) if len(truth) else forecasts_drawn


def _curves(ax: Axes, frame: nw.DataFrame[Any], column: str, truth: dict[str, str]) -> None:
    """Draw cumulative shares: the diagonal, the outcomes, and one line per forecaster."""
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
    for name, rows in style.groups(frame, "forecaster"):
        if name in truth:
            x, y = style.floats(rows, "share_of_customers"), style.floats(rows, column)
            ax.plot(x, y, color=style.INK, linewidth=1.4, label=truth[name])
    forecasts = frame.filter(~nw.col("forecaster").is_in(list(truth)))
    for i, name, rows in style.distinct(style.by_forecaster(forecasts), column):
        x, y = style.floats(rows, "share_of_customers"), style.floats(rows, column)
        dashes = ("-", (0, (6, 1.5)), (0, (2, 1)), "-.")[i // len(style.COLORS) % 4]
        ax.plot(x, y, color=style.color_of(i), linewidth=1.8, linestyle=dashes, label=name)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))

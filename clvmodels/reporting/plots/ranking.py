"""Are the right customers first? Gains, lifts, and how many of the predicted best are among the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["decile_lift", "gain_curve", "lorenz_curve", "overlap"]

PERFECT, ACTUAL = "perfect", "actual"  # the ranking by what happened, and what happened
TRUTH = [PERFECT, ACTUAL]


def gain_curve(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Share of all that happened which the best-ranked customers hold, for each forecast.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.gain`: quantity, forecaster, share_of_customers, captured, both from 0 to 1; the forecaster
        "perfect" ranks by what happened.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
        Ids of the forecasters to draw; the fitted processes without it.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "share_of_customers", "captured"), quantity, forecasts)
    with style.drawing(ax) as ax:
        _curves(ax, frame, "captured", {PERFECT: "perfect ranking"})
        style.note(ax, "no ranking", (0.72, 0.72), (6, -10))
        ax.set_xlabel("customers, those forecast highest first (%)")
        ax.set_ylabel(f"share of all {quantity}\nthey made (%)")
        style.key_above(ax, columns=2)
    return ax


def lorenz_curve(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """How unequal customers are: the share of all that the smallest hold, as it happened and as each forecast says.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.lorenz`: quantity, forecaster ("actual" for what happened), share_of_customers, share_of_quantity.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "share_of_customers", "share_of_quantity"), quantity, forecasts)
    with style.drawing(ax) as ax:
        _curves(ax, frame, "share_of_quantity", {ACTUAL: "actual"})
        style.note(ax, "all alike", (0.45, 0.45), (-4, 6), ha="right")
        ax.set_xlabel("customers, the smallest first (%)")
        ax.set_ylabel(f"share of all {quantity}\nthey hold (%)")
        style.key_above(ax, columns=2)
    return ax


def decile_lift(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """How many times as much as the average customer each tenth did, those forecast highest first.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.deciles`: quantity, forecaster, decile (1: forecast to be best), lift.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _chosen(style.read(table, "forecaster", "decile", "lift"), quantity, forecasts)
    told = style.by_forecaster(frame)
    width = 0.8 / len(told)
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(told):
            at = style.floats(rows, "decile") + width * (i - (len(told) - 1) / 2)
            lift = style.floats(rows, "lift")
            ax.bar(at, lift, width * 0.92, color=style.color_of(i), label=name)
            if len(told) == 1:
                for x, y in zip(at, lift, strict=True):
                    style.note(ax, f"{y:.1f}", (x, y), (0, 2), ha="center", color=style.INK)
        ax.axhline(1, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        style.note(ax, "the average customer", (ax.get_xlim()[1], 1), (-2, 3), ha="right")
        ax.set_xticks(sorted({int(value) for value in frame["decile"].to_list()}))
        ax.grid(False, axis="x")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.3g}"))
        ax.set_xlabel("tenths of the customers, by forecast (1: highest)")
        ax.set_ylabel(f"{quantity} per customer,\nas a multiple of the average")
        style.key_above(ax, columns=2)
    return ax


def overlap(
    table: Frame, *, quantity: str = "purchases", forecasts: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """How many of the customers forecast to be best were among the best, for tops of several sizes.

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
        at = {top: float(place) for place, top in enumerate(tops)}
        for i, name, rows in style.distinct(style.by_forecaster(frame), "overlap"):
            kept = rows.filter(nw.col("overlap").is_finite())
            places = np.array([at[float(top)] for top in kept["top"].to_list()])
            style.line(ax, places, style.floats(kept, "overlap"), i, name)
        chance = np.array(tops)
        ax.plot(list(at.values()), chance, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        style.note(ax, "by chance", (at[tops[-1]], chance[-1]), (-2, 4), ha="right")
        ax.set_xticks(list(at.values()), [f"top {top:.0%}" for top in tops])
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="x")
        ax.set_xlabel("customers with the highest forecasts")
        ax.set_ylabel(f"of these, among as many\nwith the most {quantity} (%)")
        style.key_above(ax, columns=2)
    return ax


def _chosen(frame: nw.DataFrame[Any], quantity: str, forecasts: Sequence[str] | None) -> nw.DataFrame[Any]:
    """One quantity of one origin by the forecasts asked for; what happened stays beside them."""
    frame = style.one_cutoff(style.of_quantity(frame, quantity))
    truth = frame.filter(nw.col("forecaster").is_in(TRUTH))
    told = style.of_forecasts(frame.filter(~nw.col("forecaster").is_in(TRUTH)), forecasts)
    return nw.concat([truth, told]) if len(truth) else told


def _curves(ax: Axes, frame: nw.DataFrame[Any], held: str, truth: dict[str, str]) -> None:
    """Shares of the customers and what they hold: the diagonal, what happened, and a line a forecast."""
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
    for name, rows in style.groups(frame, "forecaster"):
        if name in truth:
            x, y = style.floats(rows, "share_of_customers"), style.floats(rows, held)
            ax.plot(x, y, color=style.INK, linewidth=1.4, label=truth[name])
    forecasts = frame.filter(~nw.col("forecaster").is_in(list(truth)))
    for i, name, rows in style.distinct(style.by_forecaster(forecasts), held):
        x, y = style.floats(rows, "share_of_customers"), style.floats(rows, held)
        dashes = ("-", (0, (6, 1.5)), (0, (2, 1)), "-.")[i // len(style.COLORS) % 4]
        ax.plot(x, y, color=style.color_of(i), linewidth=1.8, linestyle=dashes, label=name)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))

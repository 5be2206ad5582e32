"""Plots of calibration: whether forecast means, probabilities and distributions agree with the outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from clvmodels.errors import InvalidOption
from clvmodels.language import message, numbers
from clvmodels.reporting.names import group_name
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = [
    "calibration",
    "calibration_by_frequency",
    "coverage",
    "pit_histogram",
    "reliability",
]

CROWDED = 8  # most groups whose labels fit next to each other
LABEL_WIDTH = 7  # characters per line of a group's label
SHIFT = 0.14  # distance between the intervals of two forecasters in a group


def calibration_by_frequency(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot actual and forecast mean holdout purchases by calibration frequency.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.by_frequency`: frequency, customers, actual, forecaster, expected; purchases per customer. With
        lower and upper, intervals are drawn.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    return _by_group(table, "frequency", ax)


def calibration(
    table: Frame,
    *,
    by: str = "decile",
    quantity: str = "purchases",
    forecasts: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the actual and forecast mean outcome per customer by group, with the interval of each forecast.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.calibration`: by, order, group, unit, quantity, forecaster, customers, actual, expected; means per
        customer. With lower and upper, intervals are drawn.
    by : {"decile", "recency", "frequency", "cohort"}, or an attribute
        The grouping. Each forecaster has its own deciles.
    quantity : {"purchases", "money"}
    forecasts : sequence of str, optional
        Ids of the forecasters to draw; by default the fitted processes.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InvalidOption
        For groups, a quantity or a forecaster that is not in the table.
    """
    frame = _groups_of(style.read(table, "by", "order", "group", "unit", "actual", "expected"), by, quantity)
    named_rows = style.by_forecaster(style.of_forecasts(frame, forecasts))
    own_groups = by == "decile" and len(named_rows) > 1
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(named_rows):
            at = style.floats(rows, "order")
            offset = SHIFT * ((i + 1) if style.has_interval(rows) else 0)
            if i == 0 or own_groups:
                color = style.color_of(i) if own_groups else style.INK
                label = message("plot-actual-by", {"title": name}) if own_groups else message("plot-actual")
                ax.plot(
                    at - SHIFT * own_groups, style.floats(rows, "actual"), "o-", color=color, linewidth=1, label=label
                )
            style.whiskers(ax, rows, at + offset, style.color_of(i))
            style.line(ax, at + offset, style.floats(rows, "expected"), i, message("plot-forecast-by", {"title": name}))
        _name_groups(ax, named_rows[0][1], by)
        ax.set_ylim(bottom=0)
        ax.set_ylabel(message("plot-per-customer", {"quantity": quantity}))
        style.legend_above(ax, columns=2)
    return ax


def reliability(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the share of customers who bought against the forecast probability; on the diagonal the forecast is right.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.reliability`: forecaster, customers, predicted (mean P(buys again) of the group), actual (share that
        did) and, for the interval of the actual share, lower and upper.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.one_cutoff(style.read(table, "forecaster", "predicted", "actual"))
    with style.drawing(ax) as ax:
        ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        lowest = float(np.nanmin(style.floats(frame, "predicted")))
        at = 0.5 * lowest if lowest > 0.5 else 0.97  # on the diagonal, away from the groups
        style.note(ax, message("plot-as-forecast"), (at, at), (4, -2), va="top", ha="left" if at < 0.5 else "right")
        for i, name, rows in style.distinct(style.by_forecaster(frame), "predicted", "actual"):
            expected = style.floats(rows, "predicted")
            style.whiskers(ax, rows, expected, style.color_of(i))
            style.line(ax, expected, style.floats(rows, "actual"), i, name)
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel(message("plot-forecast-probability"))
        ax.set_ylabel(message("plot-customers-who-bought"))
        style.legend_above(ax, columns=2)
    return ax


def pit_histogram(table: Frame, *, quantity: str = "purchases", ax: Axes | None = None) -> Axes:
    """Plot the PIT of outcomes: flat if forecast distributions are right, a hill in the middle if they are too wide.

    Randomized for counts: Czado, Gneiting & Held (2009), Biometrics 65(4), 1254-1261.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.pit`: forecaster, lower, upper (edges of the bin, from 0 to 1), share (of customers).
    quantity : {"purchases", "money"}
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.one_cutoff(style.of_quantity(style.read(table, "forecaster", "lower", "upper", "share"), quantity))
    with style.drawing(ax) as ax:
        ax.axhline(1, color=style.MUTED, linewidth=1, linestyle=style.DASHED, label=message("plot-if-right"))
        for i, name, rows in style.distinct(style.by_forecaster(frame), "share"):
            lower, upper = style.floats(rows, "lower"), style.floats(rows, "upper")
            heights = style.floats(rows, "share") / (upper - lower)
            ax.stairs(
                heights, np.append(lower, upper[-1]), baseline=None, color=style.color_of(i), linewidth=1.8, label=name
            )
        ax.set_xlim(0, 1)
        ax.set_ylim(0, max(1.4, 1.05 * ax.get_ylim()[1]))
        ax.set_xlabel(message("plot-pit-position"))
        ax.set_ylabel(message("plot-pit-customers"))
        ax.yaxis.set_major_locator(MaxNLocator(5))
        style.legend_above(ax, columns=2)
    return ax


def coverage(
    table: Frame,
    *,
    by: str = "decile",
    quantity: str = "purchases",
    level: float = 0.9,
    ax: Axes | None = None,
) -> Axes:
    """Plot the share of outcomes within their intervals by group, and the level of the intervals.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.calibration`: by, order, group, unit, quantity, forecaster, coverage (share of the customers).
    by, quantity
        As for `calibration`.
    level : float
        The level of the intervals.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = _groups_of(style.read(table, "by", "order", "group", "unit", "coverage"), by, quantity)
    named_rows = [(name, rows) for name, rows in style.by_forecaster(frame) if np.isfinite(_shares(rows)).any()]
    with style.drawing(ax) as ax:
        if not named_rows:
            style.nothing_to_draw(ax, message("plot-no-intervals"))
            return ax
        ax.axhline(level, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
        left = ax.get_yaxis_transform()
        style.note(ax, message("plot-level", {"level": level}), (0.0, level), (4, -12), xycoords=left)
        for i, name, rows in style.distinct(named_rows, "coverage"):
            style.line(ax, style.floats(rows, "order"), _shares(rows), i, name)
        lowest = min(float(np.nanmin(_shares(rows))) for _, rows in named_rows)
        ax.set_ylim(min(0.6, lowest - 0.05), 1.01)
        _name_groups(ax, named_rows[0][1], by)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_ylabel(message("plot-coverage"))
        style.legend_above(ax, columns=2)
    return ax


def _groups_of(frame: nw.DataFrame[Any], by: str, quantity: str) -> nw.DataFrame[Any]:
    """Return the rows of one grouping for one quantity and cutoff."""
    kinds = style.names(frame, "by")
    if by not in kinds:
        raise InvalidOption(f"by={by!r} is not in the table, which has {', '.join(map(repr, kinds))}.")
    return style.one_cutoff(style.of_quantity(frame.filter(nw.col("by") == by), quantity)).sort("order")


def _shares(rows: nw.DataFrame[Any]) -> Array:
    """Return the coverage of each group."""
    return style.floats(rows, "coverage")


def _name_groups(ax: Axes, rows: nw.DataFrame[Any], by: str) -> None:
    """Label each group with its name and size, or deciles, whose sizes are equal, with their number."""
    if by == "decile":
        labels = [str(int(order)) for order in rows["order"].to_list()]
        ax.set_xlabel(message("plot-decile"))
    else:
        names = [style.wrapped(group_name(group), LABEL_WIDTH) for group in rows["group"].to_list()]
        sizes = rows["customers"].to_list()
        labels = [f"{name}\n{numbers.count(size)}" for name, size in zip(names, sizes, strict=True)]
        ax.set_xlabel(_group_label(by, str(rows["unit"][0])))
    _grouped_axis(ax, labels, 1)


def _group_label(by: str, unit: str = "") -> str:
    """Return the label of the axis of groups; for an attribute, the name of its column."""
    return message("plot-groups", {"by": by, "unit": unit, "has_unit": bool(unit)})


def _by_group(table: Frame, by: str, ax: Axes | None) -> Axes:
    """Draw actual and forecast means of groups, each labeled with its size."""
    frame = style.one_cutoff(style.read(table, by, "customers", "actual", "forecaster", "expected"))
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(style.by_forecaster(frame)):
            at = np.arange(len(rows), dtype=float)
            if i == 0:
                ax.plot(
                    at,
                    style.floats(rows, "actual"),
                    "-o",
                    color=style.INK,
                    markersize=6,
                    linewidth=1.2,
                    label=message("plot-actual"),
                )
                labels = zip(rows[by].to_list(), rows["customers"].to_list(), strict=True)
                _grouped_axis(ax, [f"{group}\n{numbers.count(size)}" for group, size in labels], 0)
            style.whiskers(ax, rows, at + SHIFT * (i + 1), style.color_of(i))
            style.line(
                ax,
                at + SHIFT * (i + 1) * style.has_interval(rows),
                style.floats(rows, "expected"),
                i,
                message("plot-forecast-by", {"title": name}),
            )
        ax.set_ylim(bottom=0)
        ax.set_xlabel(_group_label(by))
        ax.set_ylabel(message("plot-per-customer", {"quantity": "purchases"}))
        style.legend_above(ax, columns=2)
    return ax


def _grouped_axis(ax: Axes, labels: list[str], first: int) -> None:
    """Label the groups on the horizontal axis, from the position of the first."""
    ax.set_xticks(np.arange(len(labels), dtype=float) + first, labels)
    ax.tick_params(
        axis="x", labelsize=style.SMALL if len(labels) <= CROWDED or max(map(len, labels)) < 3 else style.SMALL - 1.5
    )
    ax.grid(False, axis="x")
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.4g}"))

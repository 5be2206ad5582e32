"""Plots of what customers spend, how concentrated lifetime value is, and of key figures and channels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.errors import InvalidOption
from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style
from clvmodels.reporting.value_summary import concentration, sorted_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import narwhals as nw
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = ["channel_shares", "spend_distribution", "target_distances", "trend_changes", "value_distribution"]

MARKED_SHARES = (0.1, 0.2, 0.5)  # shares of customers marked on the curve of value


def spend_distribution(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the distribution of customers' average order value: observed, and under the fitted spend model.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.spend_histogram`: lower, upper (money; the last bin may be open), observed and expected
        (shares of the customers with repeat purchases).
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.one_cutoff(style.read(table, "lower", "upper", "observed", "expected"))
    upper, observed, expected = (style.floats(frame, name) for name in ("upper", "observed", "expected"))
    closed = np.isfinite(upper)
    edges = np.append(style.floats(frame, "lower")[closed], upper[closed][-1])
    with style.drawing(ax) as ax:
        ax.stairs(observed[closed], edges, fill=True, color=style.FAINT, label=message("plot-observed"))
        ax.stairs(observed[closed], edges, color=style.MUTED, linewidth=0.8)
        ax.stairs(
            expected[closed],
            edges,
            baseline=None,
            color=style.COLORS[0],
            linewidth=1.8,
            label=message("plot-spend-model"),
        )
        if not closed.all():
            seen, modeled = observed[~closed].sum(), expected[~closed].sum()
            ends = {"edge": numbers.cell(edges[-1]), "seen": float(seen), "modeled": float(modeled)}
            beyond = message("plot-spend-beyond", ends)
            ax.text(0.99, 0.6, beyond, transform=ax.transAxes, ha="right", color=style.MUTED, fontsize=style.SMALL)
        ax.set_xlim(0, float(edges[-1]))
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(False, axis="x")
        ax.set_xlabel(message("plot-order-value"))
        ax.set_ylabel(message("plot-customer-share"))
        style.legend_above(ax, columns=2)
    return ax


def value_distribution(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the share of all lifetime value that the most valuable customers hold.

    Parameters
    ----------
    table : pandas or polars frame
        From `lifetime_value`: lifetime_value (money); missing values are left out.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    values = sorted_values(style.read_any(table, "lifetime_value").to_native())
    with style.drawing(ax) as ax:
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel(message("plot-most-valuable"))
        ax.set_ylabel(message("plot-value-held"))
        if values.sum() > 0:
            _draw_concentration(ax, values)
        else:
            ax.text(0.5, 0.5, message("plot-no-value"), ha="center", color=style.MUTED)
    return ax


def _draw_concentration(ax: Axes, values: Array) -> None:
    customers, held = concentration(values)
    grid = np.linspace(0, 1, min(len(values), 400) + 1)
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=style.DASHED)
    ax.annotate(
        message("plot-all-equal-value"),
        (0.62, 0.62),
        xytext=(9, -16),
        textcoords="offset points",
        color=style.MUTED,
        fontsize=style.SMALL,
    )
    ax.plot(grid, np.interp(grid, customers, held), color=style.COLORS[0], linewidth=2, clip_on=False)
    ax.set_ylim(0, max(1.02, 1.02 * float(held.max())))
    marked = list(dict.fromkeys(math.ceil(share * len(values)) for share in MARKED_SHARES))
    ax.plot(customers[marked], held[marked], "o", color=style.COLORS[0], markersize=6, clip_on=False)
    shares = [message("plot-top-holds", {"top": float(customers[size]), "share": float(held[size])}) for size in marked]
    # the curve never reaches this corner
    ax.text(0.97, 0.04, "\n".join(shares), ha="right", va="bottom", linespacing=1.4)


def trend_changes(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot how order value, frequency, stickiness and loyalty changed, and how they are expected to.

    Parameters
    ----------
    table : pandas or polars frame
        `TrendTable.frame()`: the group in the first column, measure, past, now, expected.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "measure", "past", "now", "expected")
    past, now, expected = (style.floats(frame, name) for name in ("past", "now", "expected"))
    bars = [("plot-change-so-far", now / past - 1), ("plot-change-expected", expected / now - 1)]
    return _paired_bars(_rows_named(frame, "measure"), bars, "plot-change", ax)


def channel_shares(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot each group's share of the cost of acquisition and of the value.

    Parameters
    ----------
    table : pandas or polars frame
        What `channel_efficiency` returns: the group in the first column, share_of_cost, share_of_value.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "share_of_cost", "share_of_value")
    bars = [
        ("plot-share-of-cost", style.floats(frame, "share_of_cost")),
        ("plot-share-of-value", style.floats(frame, "share_of_value")),
    ]
    return _paired_bars([str(name) for name in frame[frame.columns[0]].to_list()], bars, "plot-share-of-sum", ax)


def target_distances(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot how far key figures are from their targets; figures without a target are left out.

    Parameters
    ----------
    table : pandas or polars frame
        `KPIBoard.frame()`: the group in the first column, kpi, relative, reached.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    InvalidOption
        If there is no target.
    """
    frame = style.read(table, "kpi", "relative", "reached")
    relative = style.floats(frame, "relative")
    drawn = np.flatnonzero(np.isfinite(relative))
    if not len(drawn):
        raise InvalidOption("The board has no targets to draw: pass targets= to kpi_board.")
    names, reached = _rows_named(frame, "kpi"), frame["reached"].to_list()
    at = np.arange(len(drawn), dtype=float)
    with style.drawing(ax) as ax:
        colors = [style.COLORS[0] if reached[i] else style.COLORS[1] for i in drawn]
        ax.barh(at, relative[drawn], 0.6, color=colors)
        ax.axvline(0, color=style.MUTED, linewidth=1)
        ax.set_yticks(at, [style.wrapped(names[i]) for i in drawn])
        ax.invert_yaxis()
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="y")
        ax.set_xlabel(message("plot-distance-to-target"))
    return ax


def _rows_named(frame: nw.DataFrame[Any], column: str) -> list[str]:
    """Return the name of each row from a column, with the group if there are several."""
    groups = [str(group) for group in frame[frame.columns[0]].to_list()]
    names = [str(name).replace("_", " ") for name in frame[column].to_list()]
    if len(set(groups)) == 1:
        return names
    return [f"{name} ({group})" for name, group in zip(names, groups, strict=True)]


def _paired_bars(names: list[str], bars: Sequence[tuple[str, Array]], label: str, ax: Axes | None) -> Axes:
    """Draw two shares per name next to each other; `bars` and `label` have codes of messages."""
    at = np.arange(len(names), dtype=float)
    with style.drawing(ax) as ax:
        for i, (code, values) in enumerate(bars):
            ax.barh(at + 0.36 * (i - 0.5), np.nan_to_num(values), 0.34, color=style.color_of(i), label=message(code))
        ax.axvline(0, color=style.MUTED, linewidth=1)
        ax.set_yticks(at, [style.wrapped(name) for name in names])
        ax.invert_yaxis()
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="y")
        ax.set_xlabel(message(label))
        style.legend_above(ax, columns=2)
    return ax

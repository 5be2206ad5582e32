"""Plots of what customers spend and of how concentrated lifetime value is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style
from clvmodels.reporting.value_summary import concentration, sorted_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = ["spend_distribution", "value_distribution"]

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
    # The curve never reaches this corner.
    ax.text(0.97, 0.04, "\n".join(shares), ha="right", va="bottom", linespacing=1.4)

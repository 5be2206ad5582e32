"""Plots of decisions: tiers, segments, lists, plans, and what changed in an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = [
    "account_shares",
    "indicator_weights",
    "money_at_stake",
    "planned_gain",
    "revenue_change",
    "segment_cells",
    "segment_shares",
    "segment_sizes",
    "tier_shares",
]

BAR = 0.38  # width of each of the two bars of a group
MOST_ACCOUNTS = 20  # accounts to draw


def tier_shares(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot each tier's share of the customers and of the value.

    Parameters
    ----------
    table : pandas or polars frame
        `Tiers.summary`: tier, share_of_customers, share_of_value.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "tier", "share_of_customers", "share_of_value")
    at = np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        for side, (column, label) in enumerate((("share_of_customers", "customers"), ("share_of_value", "value"))):
            share, place = style.floats(frame, column), at + BAR * (side - 0.5)
            ax.bar(place, np.nan_to_num(share), BAR * 0.92, color=style.color_of(side), label=message(f"plot-{label}"))
            for x, y in zip(place[np.isfinite(share)], share[np.isfinite(share)], strict=True):
                style.note(ax, numbers.percent(y, 0), (x, max(y, 0.0)), (0, 2), ha="center", color=style.INK)
        ax.set_xticks(at, [style.wrapped(str(name)) for name in frame["tier"].to_list()])
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="x")
        ax.set_xlabel(message("plot-tier"))
        ax.set_ylabel(message("plot-share-of-all"))
        style.legend_above(ax, columns=2)
    return ax


def segment_sizes(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the share of the customers in each segment or stage.

    Parameters
    ----------
    table : pandas or polars frame
        `Segmentation.summary`: segment, share_of_customers.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "segment", "share_of_customers")
    names = [str(name) for name in frame["segment"].to_list()]
    return _shares(names, style.floats(frame, "share_of_customers"), message("plot-share-of-customers"), ax)


def indicator_weights(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the weight of each indicator in a scorecard.

    Parameters
    ----------
    table : pandas or polars frame
        `Scorecard.weights`: dimension, indicator, weight.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "dimension", "indicator", "weight")
    names = zip(frame["dimension"].to_list(), frame["indicator"].to_list(), strict=True)
    labels = [f"{dimension}: {indicator}" for dimension, indicator in names]
    return _shares(labels, style.floats(frame, "weight"), message("plot-weight"), ax)


def account_shares(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot each key account's share of all spend, for the largest accounts.

    Parameters
    ----------
    table : pandas or polars frame
        `KeyAccounts.frame()`: account_id, share, the largest first.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "account_id", "share").head(MOST_ACCOUNTS)
    names = [str(name) for name in frame["account_id"].to_list()]
    return _shares(names, style.floats(frame, "share"), message("plot-share-of-spend"), ax)


def segment_cells(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the share of the value in each cell of value, behavior and attribute, with its number of customers.

    Parameters
    ----------
    table : pandas or polars frame
        `SegmentCrosstab.table` with its columns renamed to group, behavior and attribute, of which the last two may be
        missing; customers, share_of_value, suppressed.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "group", "customers", "share_of_value", "suppressed")
    rows, columns = (
        [[str(frame[name].to_list()[i]) for name in names if name in frame.columns] for i in range(len(frame))]
        for names in (("attribute", "group"), ("behavior",))
    )
    # Rows are ordered by attribute, so the cells of each of its values are adjacent.
    labels, across = sorted({*map(tuple, rows)}), sorted({*map(tuple, columns)})
    cells = np.full((len(labels), len(across)), np.nan)
    places = [
        (labels.index(tuple(row)), across.index(tuple(column))) for row, column in zip(rows, columns, strict=True)
    ]
    for place, share in zip(places, style.floats(frame, "share_of_value"), strict=True):
        cells[place] = share
    with style.drawing(ax) as ax:
        ax.imshow(cells, cmap=style.SHADES, vmin=0, aspect="auto", interpolation="none")
        counts, hidden = frame["customers"].to_list(), frame["suppressed"].to_list()
        for (row, column), customers, left_out in zip(places, counts, hidden, strict=True):
            text = "–"
            if not left_out:
                share = numbers.percent(np.nan_to_num(cells[row, column]), 0)
                text = f"{numbers.cell(float(customers), ',.0f')}\n{share}"
            ax.text(column, row, text, ha="center", va="center", fontsize=style.SMALL, color=style.ON_SHADES)
        ax.set_xticks(range(len(across)), [style.wrapped(" ".join(name)) for name in across])
        ax.set_yticks(range(len(labels)), [" · ".join(name) for name in labels])
        ax.grid(False)
        ax.set_xlabel(message("plot-cells"))
    return ax


def _shares(names: list[str], share: Array, label: str, ax: Axes | None) -> Axes:
    """Draw one bar per name with its share, from the top down."""
    at = np.arange(len(names), dtype=float)
    with style.drawing(ax) as ax:
        ax.barh(at, share, 0.7, color=style.COLORS[0])
        for y, x in zip(at, share, strict=True):
            style.note(ax, numbers.percent(x, 1), (x, y), (3, -3), color=style.INK)
        ax.set_yticks(at, names)
        ax.invert_yaxis()
        ax.margins(x=0.12)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="y")
        ax.set_xlabel(label)
    return ax


def segment_shares(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot each segment's share of later money, next to that of as many customers by simple rankings.

    Parameters
    ----------
    table : pandas or polars frame
        `SegmentCheck.table`: segment, share, share_lower, share_upper, share_past_spend, share_rfm_sum.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ends = ("share_lower", "share_upper")
    frame = style.read(table, "segment", "share", *ends, "share_past_spend", "share_rfm_sum")
    at = np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        ax.bar(at, style.floats(frame, "share"), 0.6, color=style.FAINT, label=message("plot-segment"))
        lower, upper = (style.floats(frame, end) for end in ends)
        ax.vlines(at, lower, upper, color=style.INK, linewidth=2.5)
        for i, (column, label) in enumerate((("past_spend", "by-past-spend"), ("rfm_sum", "by-rfm"))):
            x, y = at + 0.12 * (2 * i - 1), style.floats(frame, f"share_{column}")
            ax.plot(x, y, style.MARKERS[i], color=style.color_of(i), markersize=6, label=message(f"plot-{label}"))
        ax.set_xticks(at, [style.wrapped(str(name)) for name in frame["segment"].to_list()])
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="x")
        ax.set_ylabel(message("plot-later-money"))
        style.legend_above(ax)
    return ax


def money_at_stake(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the money at stake in each list of customers to act on.

    Parameters
    ----------
    table : pandas or polars frame
        `ActionLists.summary`: list, customers, money_at_stake.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "list", "customers", "money_at_stake")
    money, at = style.floats(frame, "money_at_stake"), np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        ax.barh(at, money, 0.6, color=style.COLORS[0])
        for y, (x, count) in enumerate(zip(money, frame["customers"].to_list(), strict=True)):
            style.note(ax, message("plot-customer-count", {"customers": count}), (x, y), (3, -3), color=style.INK)
        ax.set_yticks(at, [str(name) for name in frame["list"].to_list()])
        ax.invert_yaxis()
        ax.margins(x=0.25)
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.grid(False, axis="y")
        ax.set_xlabel(message("plot-at-stake"))
    return ax


def planned_gain(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the cost and the assumed gain of each rule of a plan of actions.

    Parameters
    ----------
    table : pandas or polars frame
        `ActionPlan.summary`: segment, action, channel, cost, assumed_gain.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "segment", "action", "channel", "cost", "assumed_gain")
    at = np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        for side, (column, label) in enumerate((("cost", "cost"), ("assumed_gain", "assumed-gain"))):
            ax.barh(
                at + BAR * (side - 0.5),
                style.floats(frame, column),
                BAR * 0.92,
                color=style.color_of(side),
                label=message(f"plot-{label}"),
            )
        names = zip(*(frame[name].to_list() for name in ("segment", "action", "channel")), strict=True)
        ax.set_yticks(at, [f"{segment}: {action}\n({channel})" for segment, action, channel in names])
        ax.invert_yaxis()
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.grid(False, axis="y")
        ax.set_xlabel(message("quantity-name", {"quantity": "money"}))
        style.legend_above(ax)
    return ax


def revenue_change(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the parts of a change in revenue, split by customers and by drivers.

    Parameters
    ----------
    table : pandas or polars frame
        `Audit.change`: split, part, amount.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "split", "part", "amount")
    amount, at = style.floats(frame, "amount"), np.arange(len(frame), dtype=float)
    splits = style.names(frame, "split")
    with style.drawing(ax) as ax:
        for i, split in enumerate(splits):
            rows = np.array([name == split for name in frame["split"].to_list()])
            ax.barh(at[rows], amount[rows], 0.7, color=style.color_of(i), label=message("plot-split", {"split": split}))
        for y, x in zip(at, amount, strict=True):
            side = {"ha": "left"} if x >= 0 else {"ha": "right"}
            style.note(ax, numbers.cell(x, ",.0f"), (x, y), (3 if x >= 0 else -3, -3), color=style.INK, **side)
        ax.axvline(0, color=style.MUTED, linewidth=1)
        ax.set_yticks(at, [str(part) for part in frame["part"].to_list()])
        ax.invert_yaxis()
        ax.margins(x=0.2)
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.grid(False, axis="y")
        ax.set_xlabel(message("plot-revenue-change"))
        style.legend_above(ax, columns=2)
    return ax

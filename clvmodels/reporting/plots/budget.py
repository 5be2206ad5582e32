"""Plots of money over time: cash flow, payback, revenue by month, equity, and what moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from clvmodels.errors import InvalidOption
from clvmodels.language import message, numbers
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    import narwhals as nw
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = [
    "cash_flow",
    "changes_by_group",
    "elasticity_bars",
    "equity_steps",
    "group_values",
    "monthly_revenue",
    "payback",
    "revenue_against_actual",
    "top_shares",
]

QUANTITIES = ("remaining_value", "value_at_acquisition", "lifetime_net_value")
MOST_LABELS = 13  # labels of periods below the axis
BAR = 0.8


def cash_flow(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the net cash flow of each period, with its interval if the table has one.

    Parameters
    ----------
    table : pandas or polars frame
        `MoneyTable.frame()` of a value by period: period, net_cash_flow and, with an interval, its ends. One row per
        period, so of a single group.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "period", "net_cash_flow")
    at = _periods(frame)
    flow = style.floats(frame, "net_cash_flow")
    with style.drawing(ax) as ax:
        ax.bar(at, flow, BAR, color=style.COLORS[0])
        _interval(ax, frame, "net_cash_flow", at)
        ax.axhline(0, color=style.MUTED, linewidth=1)
        _label_periods(ax, frame, at)
        ax.set_ylabel(message("plot-net-cash-flow"))
    return ax


def group_values(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the value of each group of customers, with its interval if the table has one.

    Parameters
    ----------
    table : pandas or polars frame
        `MoneyTable.frame()` of values by group: the group in the first column, and remaining_value,
        value_at_acquisition or lifetime_net_value.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table)
    quantity = next((name for name in QUANTITIES if name in frame.columns), None)
    if quantity is None:
        raise InvalidOption(f"This plot needs a table with one of the columns {', '.join(QUANTITIES)}.")
    value, at = style.floats(frame, quantity), np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        ax.barh(at, value, 0.6, color=style.FAINT)
        ends = [f"{quantity}_lower", f"{quantity}_upper"]
        if set(ends) <= set(frame.columns):
            lower, upper = (style.floats(frame, end) for end in ends)
            ax.hlines(at, lower, upper, color=style.INK, linewidth=2.5)
        ax.plot(value, at, "o", color=style.COLORS[0], markersize=6)
        ax.axvline(0, color=style.MUTED, linewidth=1)
        _name_bars(ax, [str(name) for name in frame[frame.columns[0]].to_list()], at)
        ax.set_xlabel(message("plot-money-quantity", {"quantity": quantity}))
    return ax


def payback(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the value of each group by month as a multiple of its cost of acquisition; it has paid back at 1.

    Parameters
    ----------
    table : pandas or polars frame
        `UnitEconomics.payback`: the group in the first column, month, acquisition_cost, value and its interval. Groups
        without a cost are left out.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "month", "acquisition_cost", "value", "value_lower", "value_upper")
    with style.drawing(ax) as ax:
        paid = [rows for rows in style.groups(frame, frame.columns[0]) if style.floats(rows[1], "acquisition_cost")[0]]
        for i, (name, rows) in enumerate(paid):
            month, cost = style.floats(rows, "month"), style.floats(rows, "acquisition_cost")
            lower, upper = (style.floats(rows, f"value_{end}") / cost for end in ("lower", "upper"))
            ax.fill_between(month, lower, upper, color=style.color_of(i), alpha=style.BAND_ALPHA, linewidth=0)
            style.line(ax, month, style.floats(rows, "value") / cost, i, str(name))
        if paid:
            ax.axhline(1, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
            style.legend_above(ax, columns=3)
        else:
            style.nothing_to_draw(ax, message("plot-no-acquisition-cost"))
        ax.set_xlabel(message("plot-months-since-first"))
        ax.set_ylabel(message("plot-multiple-of-cost"))
    return ax


def monthly_revenue(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the revenue of each month, of existing customers and of customers to come, with the interval of their sum.

    Parameters
    ----------
    table : pandas or polars frame
        `RevenueForecast.frame()`: period, existing, new, revenue, revenue_lower and revenue_upper.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "period", "existing", "new", "revenue", "revenue_lower", "revenue_upper")
    at = _periods(frame)
    existing, new = style.floats(frame, "existing"), style.floats(frame, "new")
    with style.drawing(ax) as ax:
        ax.bar(at, existing, BAR, color=style.COLORS[0], label=message("plot-existing-customers"))
        if new.any():
            ax.bar(at, new, BAR, bottom=existing, color=style.COLORS[4], label=message("plot-customers-to-come"))
        _interval(ax, frame, "revenue", at)
        _label_periods(ax, frame, at)
        ax.set_ylabel(message("plot-revenue"))
        style.legend_above(ax, columns=2)
    return ax


def revenue_against_actual(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot forecast and actual revenue by month.

    Parameters
    ----------
    table : pandas or polars frame
        `RevenueBacktest.table`: month, forecaster, predicted, lower, upper, actual.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "month", "forecaster", "predicted", "lower", "upper", "actual")
    order = sorted(style.names(frame, "month"))
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(style.groups(frame, "forecaster")):
            at = np.array([order.index(month) for month in rows["month"].to_list()], dtype=float)
            ax.vlines(at, style.floats(rows, "lower"), style.floats(rows, "upper"), color=style.FAINT, linewidth=6)
            if i == 0:
                ax.plot(at, style.floats(rows, "actual"), "o", color=style.INK, label=message("plot-actual"))
            ax.plot(
                at,
                style.floats(rows, "predicted"),
                style.MARKERS[i],
                color=style.color_of(i),
                markersize=5,
                label=message("plot-revenue-forecaster", {"forecaster": str(name)}),
            )
        every = int(np.ceil(len(order) / MOST_LABELS))
        ax.set_xticks(np.arange(len(order))[::every], order[::every], rotation=45, ha="right")
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.set_xlabel(message("plot-calendar-month"))
        ax.set_ylabel(message("plot-revenue"))
        style.legend_above(ax, columns=2)
    return ax


def equity_steps(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the steps from the opening to the closing value of a customer base; steps of 0 are left out.

    Parameters
    ----------
    table : pandas or polars frame
        `EquityBridge.frame()`: step, amount, balance.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "step", "amount", "balance")
    amount, balance = style.floats(frame, "amount"), style.floats(frame, "balance")
    ends = np.zeros(len(frame), dtype=bool)
    ends[[0, -1]] = True
    shown = ends | (amount != 0)
    names = [message("plot-equity-step", {"step": str(step)}) for step in frame["step"].to_list()]
    amount, balance, ends = amount[shown], balance[shown], ends[shown]
    at, start = np.arange(len(amount), dtype=float), np.where(ends, 0.0, balance - amount)
    colors = np.where(ends, style.MUTED, np.where(amount >= 0, style.COLORS[2], style.COLORS[1]))
    with style.drawing(ax) as ax:
        ax.barh(at, amount, 0.7, left=start, color=colors.tolist())
        for y, (x, size) in enumerate(zip(np.maximum(start, start + amount), amount, strict=True)):
            style.note(ax, numbers.cell(size, ",.0f"), (x, y), (3, -3), color=style.INK)
        _name_bars(ax, [name for name, keep in zip(names, shown, strict=True) if keep], at)
        ax.margins(x=0.15)
        ax.set_xlabel(message("plot-equity"))
    return ax


def elasticity_bars(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot by how many percent a value changes if a driver grows by 1 %, one bar per driver.

    Parameters
    ----------
    table : pandas or polars frame
        `Elasticities.frame()`: driver, elasticity.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "driver", "elasticity")
    size, at = style.floats(frame, "elasticity"), np.arange(len(frame), dtype=float)
    with style.drawing(ax) as ax:
        ax.barh(at, np.nan_to_num(size), 0.6, color=style.COLORS[0])
        for y, x in zip(at, size, strict=True):
            text, end = numbers.cell(x, ".2f"), float(np.nan_to_num(x))
            style.note(ax, text, (max(end, 0.0), y), (3, -3), color=style.INK)
        ax.axvline(0, color=style.MUTED, linewidth=1)
        names = [message("plot-driver", {"driver": str(driver)}) for driver in frame["driver"].to_list()]
        _name_bars(ax, names, at, money=False)
        ax.margins(x=0.15)
        ax.set_xlabel(message("plot-elasticity"))
    return ax


def top_shares(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the best customers' shares of past profit, expected value and future value, side by side.

    Parameters
    ----------
    table : pandas or polars frame
        `ValueConcentration.frame()`: line, top, share, share_lower, share_upper.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "line", "top", "share", "share_lower", "share_upper")
    lines = style.groups(frame, "line")
    width = BAR / len(lines)
    with style.drawing(ax) as ax:
        for i, (line, rows) in enumerate(lines):
            at = np.arange(len(rows)) + width * (i - 0.5 * (len(lines) - 1))
            label = message("plot-concentration-line", {"line": str(line)})
            ax.bar(at, style.floats(rows, "share"), 0.92 * width, color=style.color_of(i), label=label)
            ax.vlines(at, style.floats(rows, "share_lower"), style.floats(rows, "share_upper"), color=style.INK)
        tops = style.floats(lines[0][1], "top")
        ax.set_xticks(np.arange(len(tops)), [message("plot-top-customers", {"top": float(top)}) for top in tops])
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.grid(False, axis="x")
        ax.set_xlabel(message("plot-best-customers"))
        ax.set_ylabel(message("plot-share-of-sum"))
        style.legend_above(ax, columns=3)
    return ax


def changes_by_group(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot how far each row of a table of changes is from its forecast, as a multiple of what chance explains.

    Parameters
    ----------
    table : pandas or polars frame
        `ChangeFlags.frame()`: the group in the first column, multiple_of_chance, flagged.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "multiple_of_chance", "flagged")
    size, at = style.floats(frame, "multiple_of_chance"), np.arange(len(frame), dtype=float)
    flagged = np.array(frame["flagged"].to_list(), dtype=bool)
    with style.drawing(ax) as ax:
        ax.axvspan(-1, 1, color=style.FAINT, alpha=style.BAND_ALPHA, linewidth=0)
        colors = np.where(flagged, style.COLORS[1], style.MUTED)
        ax.barh(at, np.nan_to_num(size), 0.6, color=colors.tolist())
        ax.axvline(0, color=style.MUTED, linewidth=1)
        _name_bars(ax, [str(name) for name in frame[frame.columns[0]].to_list()], at, money=False)
        ax.set_xlabel(message("plot-multiple-of-chance"))
    return ax


def _periods(frame: nw.DataFrame[Any]) -> Array:
    """Return the positions of the bars, one per period.

    Raises
    ------
    InvalidOption
        If periods are repeated, because the table has several groups.
    """
    if len(style.names(frame, "period")) < len(frame):
        raise InvalidOption("The table has several rows per period: draw one group at a time.")
    return np.arange(len(frame), dtype=float)


def _interval(ax: Axes, frame: nw.DataFrame[Any], name: str, at: Array) -> None:
    ends = [f"{name}_lower", f"{name}_upper"]
    if set(ends) <= set(frame.columns):
        lower, upper = (style.floats(frame, end) for end in ends)
        ax.vlines(at, lower, upper, color=style.INK, linewidth=2.0)


def _label_periods(ax: Axes, frame: nw.DataFrame[Any], at: Array) -> None:
    every = int(np.ceil(len(at) / MOST_LABELS))
    labels = [str(period) for period in frame["period"].to_list()]
    ax.set_xticks(at[::every], labels[::every], rotation=45, ha="right")
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.grid(False, axis="x")
    ax.set_xlabel(message("plot-period-beginning"))


def _name_bars(ax: Axes, names: list[str], at: Array, money: bool = True) -> None:
    ax.set_yticks(at, [style.wrapped(name) for name in names])
    ax.invert_yaxis()
    if money:
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.grid(False, axis="y")

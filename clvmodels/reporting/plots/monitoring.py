"""Plots of past runs against actual purchases: by run, by decile of the forecast, and by acquisition cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
from matplotlib.dates import date2num
from matplotlib.ticker import MaxNLocator, PercentFormatter

from clvmodels.language import message
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["monitoring_cohorts", "monitoring_deciles", "monitoring_ranking", "monitoring_totals"]

TOLERATED_ERROR = 0.1  # relative error of a total below which a refit is not worthwhile


def monitoring_totals(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the actual total relative to the forecast of each run, by scoring date, and mark changes of the model.

    Parameters
    ----------
    table : pandas or polars frame
        `Monitoring.newest` or `.history`: as_of, end, horizon, version, complete, change, errors. If a run and
        horizon have several windows, the one that ends last is drawn.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = _newest(style.read(table, "as_of", "end", "horizon", "version", "complete", "change", "errors"))
    with style.drawing(ax) as ax:
        ax.axhspan(-TOLERATED_ERROR, TOLERATED_ERROR, color=style.FAINT, alpha=0.5, linewidth=0)
        ax.axhline(0, color=style.INK, linewidth=0.8)
        for i, (horizon, rows) in enumerate(style.groups(frame, "horizon")):
            at, change, errors = style.dates(rows, "as_of"), style.floats(rows, "change"), style.floats(rows, "errors")
            one = np.divide(np.abs(change), np.abs(errors), out=np.zeros(len(rows)), where=errors != 0)
            ax.vlines(at, change - 2 * one, change + 2 * one, color=style.color_of(i), linewidth=2.5, alpha=0.35)
            style.line(ax, at, change, i, message("plot-forecast-for", {"horizon": horizon}))
        _mark_model_changes(ax, frame)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        style.dates_below(ax)
        ax.set_xlabel(message("plot-scoring-date-bars"))
        ax.set_ylabel(message("plot-relative"))
        style.legend_above(ax)
    return ax


def monitoring_ranking(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the normalized Gini and the interval coverage of each run, by scoring date.

    Parameters
    ----------
    table : pandas or polars frame
        `Monitoring.newest` or `.history`: as_of, end, horizon, version, gini, coverage.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = _newest(style.read(table, "as_of", "end", "horizon", "version", "gini", "coverage"))
    with style.drawing(ax) as ax:
        for i, (horizon, rows) in enumerate(style.groups(frame, "horizon")):
            at = style.dates(rows, "as_of")
            style.line(ax, at, style.floats(rows, "gini"), i, message("plot-gini-of", {"horizon": horizon}))
            covered = style.floats(rows, "coverage")
            if np.isfinite(covered).any():
                color = style.color_of(i)
                ax.plot(
                    at,
                    covered,
                    color=color,
                    linestyle="--",
                    linewidth=1.2,
                    label=message("plot-coverage-of", {"horizon": horizon}),
                )
        ax.axhline(0.9, color=style.MUTED, linewidth=0.8, linestyle=":")
        style.note(ax, "90%", (0.0, 0.9), (4, -11), xycoords=ax.get_yaxis_transform())
        _mark_model_changes(ax, frame)
        ax.set_ylim(0, 1.02)
        style.dates_below(ax)
        ax.set_xlabel(message("plot-scoring-date"))
        ax.set_ylabel(message("plot-gini-and-coverage"))
        style.legend_above(ax, columns=2)
    return ax


def monitoring_deciles(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot forecast and actual purchases per customer by decile of the forecast, in one window.

    Parameters
    ----------
    table : pandas or polars frame
        `Monitoring.deciles` of one run and window: decile (1: the highest), customers, predicted, actual (totals).
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.read(table, "decile", "customers", "predicted", "actual").sort("decile")
    size = style.floats(frame, "customers")
    at = style.floats(frame, "decile")
    with style.drawing(ax) as ax:
        ax.plot(
            at, style.floats(frame, "actual") / size, "-o", color=style.INK, linewidth=1.2, label=message("plot-actual")
        )
        style.line(ax, at, style.floats(frame, "predicted") / size, 0, message("plot-forecast"))
        ax.set_xticks(at, [str(int(decile)) for decile in at])
        ax.grid(False, axis="x")
        ax.set_ylim(bottom=0)
        ax.set_xlabel(message("plot-decile"))
        ax.set_ylabel(message("plot-purchases-per-customer"))
        style.legend_above(ax, columns=2)
    return ax


def monitoring_cohorts(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot actual purchases relative to the forecast, one row per quarter of the first purchase.

    Parameters
    ----------
    table : pandas or polars frame
        `Monitoring.cohorts` of one run and window: cohort, customers, predicted, change, errors.
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes
    """
    frame = style.read(table, "cohort", "customers", "predicted", "change", "errors").sort("cohort")
    change, errors = style.floats(frame, "change"), style.floats(frame, "errors")
    one = np.divide(np.abs(change), np.abs(errors), out=np.zeros(len(frame)), where=errors != 0)
    with style.drawing(ax) as ax:
        at = np.arange(len(frame))
        ax.axvspan(-TOLERATED_ERROR, TOLERATED_ERROR, color=style.FAINT, alpha=0.5, linewidth=0)
        ax.axvline(0, color=style.INK, linewidth=0.8)
        ax.hlines(at, change - 2 * one, change + 2 * one, color=style.color_of(0), linewidth=2.5, alpha=0.35)
        ax.plot(change, at, "o", color=style.color_of(0), markersize=6)
        ax.set_yticks(at, frame["cohort"].to_list())
        ax.set_ylim(len(frame) - 0.5, -0.5)
        for i, size in enumerate(style.floats(frame, "customers")):
            style.at_right_edge(ax, i, message("plot-customer-count", {"customers": size}))
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2.5, 5, 10]))
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel(" ".join(message("plot-relative").split("\n")))
    return ax


def _newest(frame: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Return the window of each run and horizon that ends last, sorted by scoring date."""
    ordered = frame.sort("as_of", "end")
    return ordered.unique(["as_of", "horizon"], keep="last", maintain_order=True)


def _mark_model_changes(ax: Axes, frame: nw.DataFrame[Any]) -> None:
    """Draw a line at each change of the model."""
    runs = frame.unique(["as_of"], keep="first", maintain_order=True).sort("as_of")
    versions, at = runs["version"].to_list(), style.dates(runs, "as_of")
    for i in range(1, len(versions)):
        if versions[i] != versions[i - 1]:
            between = at[i - 1] + (at[i] - at[i - 1]) / 2
            ax.axvline(between, color=style.MUTED, linewidth=1, linestyle=style.DASHED)
            day = float(date2num(between))  # type: ignore[no-untyped-call]
            style.note(
                ax, message("plot-model", {"version": versions[i][:6]}), (day, 0.0), xycoords=ax.get_xaxis_transform()
            )

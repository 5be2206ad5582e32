"""Plots that compare forecasters: scores, differences and totals, and the parameters of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from clvmodels.errors import InvalidOption
from clvmodels.forecasting.rules import RULES
from clvmodels.language import message, numbers
from clvmodels.reporting.names import unit_name
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["PlottedMetric", "differences", "parameter_intervals", "scores", "totals"]

PlottedMetric = Literal["bias", "gini", "rmse", "mae", "spearman"]
KIND_COLORS = {
    "process": style.COLORS[0],
    "boosted_trees": style.COLORS[1],
    "blend": style.COLORS[1],
    "best": style.COLORS[1],
    "rule": style.MUTED,
}
ZOOM_ABOVE = 0.5  # if all bounded scores are above this, the axis does not start at 0
BOUNDED = ("gini", "spearman")  # metrics that are 1 at most


def scores(
    table: Frame, *, quantity: str = "purchases", metric: PlottedMetric = "gini", ax: Axes | None = None
) -> Axes:
    """Plot one score of every forecaster, one row each: models in blue, boosted trees in orange, rules in gray.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.scores`: quantity, forecaster and the metrics. With several cutoffs, each has a dot, and a ring
        marks their mean. Errors of totals have no ring, since they may cancel: the number on the right is then the mean
        of their sizes.
    quantity : str
        "purchases" or "money".
    metric : {"bias", "gini", "rmse", "mae", "spearman"}
    ax : Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidOption
        For a metric that does not exist, or a quantity that is not in the table.
    """
    if metric not in get_args(PlottedMetric):
        raise InvalidOption(f"metric={metric!r} is not one of {', '.join(map(repr, get_args(PlottedMetric)))}.")
    frame = style.of_quantity(style.read(table, "quantity", "forecaster", metric), quantity)
    named_rows = style.by_forecaster(frame)
    every = style.floats(frame, metric)
    with style.drawing(ax) as ax:
        for i, (_, rows) in enumerate(named_rows):
            color = KIND_COLORS.get(_kind(rows), style.MUTED)
            _score_row(ax, i, style.floats(rows, metric), color, metric)
        ax.set_yticks(np.arange(len(named_rows)), [style.wrapped(name) for name, _ in named_rows])
        ax.tick_params(axis="y", labelsize=style.SMALL)
        ax.set_ylim(len(named_rows) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2.5, 5, 10]))
        if metric == "bias":
            ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        elif metric in BOUNDED:
            lowest = float(every[np.isfinite(every)].min(initial=1.0))
            stems = max(len(rows) for _, rows in named_rows) == 1  # lines from 0, which must then be on the axis
            ax.set_xlim(min(0.0, 1.1 * lowest) if stems or lowest < ZOOM_ABOVE else 1.5 * lowest - 0.5, 1.0)
        if metric not in BOUNDED or ax.get_xlim()[0] <= 0:
            ax.axvline(0, color=style.INK, linewidth=0.8)
        ax.set_xlabel(message("plot-metric", {"metric": metric, "quantity": quantity}))
    return ax


def differences(table: Frame, *, quantity: str = "purchases", metric: str = "gini", ax: Axes | None = None) -> Axes:
    """Plot the differences of one score from the reference with their intervals, and mark those that are not visible.

    Parameters
    ----------
    table : pandas or polars frame
        `Backtest.differences`: quantity, metric, forecaster, reference, difference, lower, upper, better.
    quantity : {"purchases", "money"}
    metric : str
        A metric of the table, such as "gini", "rmse" or "capture".
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "metric", "forecaster", "reference", "difference", "lower", "upper", "better")
    metrics = style.names(frame, "metric")
    if metric not in metrics:
        raise InvalidOption(f"metric={metric!r} is not in the table, which has {', '.join(map(repr, metrics))}.")
    frame = style.one_cutoff(style.of_quantity(frame.filter(nw.col("metric") == metric), quantity))
    low, high, middle = (style.floats(frame, name) for name in ("lower", "upper", "difference"))
    visible = [better != "not_visible" for better in frame["better"].to_list()]
    titles = {name: "title" if name == "forecaster" else "reference_title" for name in ("forecaster", "reference")}
    columns = {name: title if title in frame.columns else name for name, title in titles.items()}
    labels = [style.wrapped(str(name)) for name in frame[columns["forecaster"]].to_list()]
    against = ", ".join(style.names(frame, columns["reference"]))
    with style.drawing(ax) as ax:
        for i, is_visible in enumerate(visible):
            color = style.COLORS[0] if is_visible else style.MUTED
            ax.plot([low[i], high[i]], [i, i], color=color, linewidth=2, solid_capstyle="butt")
            ax.plot(
                middle[i],
                i,
                "o" if is_visible else "D",
                color=color,
                markersize=6,
                markerfacecolor=color if is_visible else style.PAPER,
            )
            style.at_right_edge(ax, i, "" if is_visible else message("plot-not-visible"), style.MUTED)
        ax.axvline(0, color=style.INK, linewidth=0.8)
        ax.set_yticks(np.arange(len(labels)), labels)
        ax.tick_params(axis="y", labelsize=style.SMALL)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(3))
        ax.set_xlabel(message("plot-difference", {"metric": metric, "title": against}))
    return ax


def parameter_intervals(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Plot the intervals of parameters in percent of their estimates.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.parameters`: forecaster, parameter, estimate, lower, upper, unit.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "parameter", "estimate", "lower", "upper")
    name_column = "title" if "title" in frame.columns else "forecaster"
    models = style.names(frame, name_column) if name_column in frame.columns else [""]
    labels = []
    with style.drawing(ax) as ax:
        columns = [style.floats(frame, name) for name in ("estimate", "lower", "upper")]
        for i, (row, estimate, lower, upper) in enumerate(zip(frame.iter_rows(named=True), *columns, strict=True)):
            color = style.color_of(models.index(row.get(name_column, "")))
            size = abs(estimate) or 1.0
            if np.isfinite(lower) and np.isfinite(upper):
                ax.plot([(lower - estimate) / size, (upper - estimate) / size], [i, i], color=color, linewidth=2)
            ax.plot(0, i, "o", color=color, markersize=6)
            style.at_right_edge(ax, i, f"{numbers.significant(estimate, 3)} {unit_name(row.get('unit') or '')}".strip())
            named = f"{row[name_column]}  {row['parameter']}" if len(models) > 1 else str(row["parameter"])
            labels.append(style.wrapped(named))
        ax.axvline(0, color=style.FAINT, linewidth=0.8)
        ax.set_yticks(np.arange(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel(message("plot-parameter-interval"))
    return ax


def _kind(rows: nw.DataFrame[Any]) -> str:
    """Return the kind of a forecaster; in a table without kinds, its id shows whether it is a rule."""
    if "kind" in rows.columns:
        return str(rows["kind"][0])
    return "rule" if rows["forecaster"][0] in RULES else "process"


def _score_row(ax: Axes, i: int, values: Any, color: str, metric: PlottedMetric) -> None:
    """Draw one forecaster: a dot per cutoff and, for several, their range and mean."""
    finite = values[np.isfinite(values)]
    mean = float(np.mean(finite)) if len(finite) else float("nan")
    if len(finite) > 1:
        ax.plot([finite.min(), finite.max()], [i, i], color=color, linewidth=2)
        ax.plot(finite, np.full(len(finite), i), "o", color=color, markersize=5, clip_on=False)
        if metric == "bias":
            style.at_right_edge(ax, i, f"± {numbers.percent(float(np.mean(np.abs(finite))))}")
            return
        ax.plot(mean, i, "o", color=color, markersize=9, markerfacecolor="none", clip_on=False)
    elif len(finite):
        ax.plot([0, mean], [i, i], color=color, linewidth=1.2)
        ax.plot(mean, i, "o", color=color, markersize=7, clip_on=False)
    style.at_right_edge(ax, i, _format_score(mean, metric))


def _format_score(value: float, metric: PlottedMetric) -> str:
    """Write a score with the decimals of its metric."""
    if metric == "bias":
        return numbers.signed_percent(value)
    return numbers.fixed(value, 3) if metric in BOUNDED else numbers.significant(value, 3)


def totals(table: Frame, *, quantity: str = "purchases", ax: Axes | None = None) -> Axes:
    """Plot the error of the forecast total at each cutoff with its interval, in percent of the actual total.

    Parameters
    ----------
    table : pandas or polars frame
        `Backtest.totals`: cutoff, quantity, forecaster, predicted, lower, upper, actual and, where earlier cutoffs
        could calibrate them, widened_lower and widened_upper.
    quantity : {"purchases", "money"}
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    needed = ("forecaster", "quantity", "predicted", "lower", "upper", "actual", "cutoff")
    frame = style.of_quantity(style.read(table, *needed), quantity)
    cutoffs = style.names(frame, "cutoff")
    named_rows = style.by_forecaster(frame)
    spacing = 0.6 / len(named_rows)
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(named_rows):
            at = np.array([cutoffs.index(cutoff) for cutoff in rows["cutoff"].to_list()], dtype=float)
            at += spacing * (i - (len(named_rows) - 1) / 2)
            actual = style.floats(rows, "actual")
            color = style.color_of(i)
            for lower, upper, width in (("widened_lower", "widened_upper", 1.0), ("lower", "upper", 3.0)):
                if lower in rows.columns:
                    low, high = (style.floats(rows, end) / actual - 1 for end in (lower, upper))
                    ax.hlines(at, low, high, color=color, linewidth=width, alpha=0.6)
            ax.plot(style.floats(rows, "predicted") / actual - 1, at, "o", color=color, markersize=6, label=name)
        ax.axvline(0, color=style.INK, linewidth=1)
        ax.set_yticks(np.arange(len(cutoffs)), [str(cutoff) for cutoff in cutoffs])
        ax.set_ylim(len(cutoffs) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.set_xlabel(message("plot-total-error", {"quantity": quantity}))
        ax.set_ylabel(message("plot-cutoff-axis"))
        style.legend_above(ax, columns=2)
    return ax

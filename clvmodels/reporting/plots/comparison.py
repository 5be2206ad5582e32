"""Models, rules and parameters side by side: scores, differences with their intervals, estimates with theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from clvmodels.errors import InvalidOption
from clvmodels.forecasting import rules
from clvmodels.language import numbers
from clvmodels.reporting.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["PlottedMetric", "differences", "levels", "parameter_intervals", "scores"]

PlottedMetric = Literal["bias", "gini", "rmse", "mae", "spearman"]
KIND_COLORS = {
    "process": style.COLORS[0],
    "boosted_trees": style.COLORS[1],
    "blend": style.COLORS[1],
    "rule": style.MUTED,
}
CLOSE = 0.5  # bounded scores all above it are told apart without 0
BOUNDED = ("gini", "spearman")  # metrics that are 1 at most
METRIC_LABELS: dict[str, str] = {
    "bias": "error of the total (% of actual)",
    "gini": "normalized Gini (1: perfect)",
    "rmse": "RMSE ({unit} per customer)",
    "mae": "MAE ({unit} per customer)",
    "spearman": "rank correlation (1: perfect)",
}


def scores(
    table: Frame, *, quantity: str = "purchases", metric: PlottedMetric = "gini", ax: Axes | None = None
) -> Axes:
    """One score of every forecast, a row each: models in blue, machine learning in orange, simple rules in gray.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.scores`: quantity, forecaster and the metrics. With several cutoffs, a dot for each and a ring
        for their mean.
    quantity : str
        "purchases" or "money".
    metric : {"bias", "gini", "rmse", "mae", "spearman"}
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidOption
        For a metric that does not exist, or a quantity the table does not hold.
    """
    if metric not in get_args(PlottedMetric):
        raise InvalidOption(f"metric={metric!r} is not one of {', '.join(map(repr, get_args(PlottedMetric)))}.")
    frame = style.of_quantity(style.read(table, "quantity", "forecaster", metric), quantity)
    told = style.by_forecaster(frame)
    every = style.floats(frame, metric)
    with style.drawing(ax) as ax:
        for i, (_, rows) in enumerate(told):
            color = KIND_COLORS.get(_kind(rows), style.MUTED)
            _score_row(ax, i, style.floats(rows, metric), color, metric)
        ax.set_yticks(np.arange(len(told)), [style.wrapped(name) for name, _ in told])
        ax.tick_params(axis="y", labelsize=style.SMALL)
        ax.set_ylim(len(told) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2.5, 5, 10]))
        if metric == "bias":
            ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        elif metric in BOUNDED:
            lowest = float(every[np.isfinite(every)].min(initial=1.0))
            stems = max(len(rows) for _, rows in told) == 1  # from 0, which then has to be seen
            ax.set_xlim(min(0.0, 1.1 * lowest) if stems or lowest < CLOSE else 1.5 * lowest - 0.5, 1.0)
        if metric not in BOUNDED or ax.get_xlim()[0] <= 0:
            ax.axvline(0, color=style.INK, linewidth=0.8)
        ax.set_xlabel(METRIC_LABELS[metric].format(unit=quantity))
    return ax


def differences(table: Frame, *, quantity: str = "purchases", metric: str = "gini", ax: Axes | None = None) -> Axes:
    """How far forecasts are apart on one score, with the interval of each difference, and which are not visible.

    Parameters
    ----------
    table : pandas or polars frame
        `Backtest.differences`: quantity, metric, forecaster, reference, difference, lower, upper, better.
    quantity : {"purchases", "money"}
    metric : str
        One of the table's, such as "gini", "rmse" or "capture".
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    frame = style.read(table, "metric", "forecaster", "reference", "difference", "lower", "upper", "better")
    known = style.names(frame, "metric")
    if metric not in known:
        raise InvalidOption(f"metric={metric!r} is not in the table, which has {', '.join(map(repr, known))}.")
    frame = style.one_cutoff(style.of_quantity(frame.filter(nw.col("metric") == metric), quantity))
    low, high, middle = (style.floats(frame, name) for name in ("lower", "upper", "difference"))
    seen = [better != "not_visible" for better in frame["better"].to_list()]
    titles = {name: "title" if name == "forecaster" else "reference_title" for name in ("forecaster", "reference")}
    columns = {name: title if title in frame.columns else name for name, title in titles.items()}
    labels = [style.wrapped(str(name)) for name in frame[columns["forecaster"]].to_list()]
    against = ", ".join(style.names(frame, columns["reference"]))
    with style.drawing(ax) as ax:
        for i, apart in enumerate(seen):
            color = style.COLORS[0] if apart else style.MUTED
            ax.plot([low[i], high[i]], [i, i], color=color, linewidth=2, solid_capstyle="butt")
            ax.plot(
                middle[i],
                i,
                "o" if apart else "D",
                color=color,
                markersize=6,
                markerfacecolor=color if apart else style.PAPER,
            )
            style.at_right_edge(ax, i, "" if apart else "not visible", style.MUTED)
        ax.axvline(0, color=style.INK, linewidth=0.8)
        ax.set_yticks(np.arange(len(labels)), labels)
        ax.tick_params(axis="y", labelsize=style.SMALL)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_xlabel(f"{METRIC_WORDS.get(metric, metric)}, less that of\n{against}")
    return ax


METRIC_WORDS = {
    "gini": "normalized Gini",
    "rmse": "RMSE",
    "mae": "MAE",
    "bias": "error of the total",
    "capture": "top-decile capture",
}


def parameter_intervals(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Estimates and their intervals, each told by how far it may lie from the estimate, in per cent of it.

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
            style.at_right_edge(ax, i, f"{numbers.significant(estimate, 3)} {row.get('unit') or ''}".strip())
            labels.append(f"{row[name_column]}  {row['parameter']}" if len(models) > 1 else str(row["parameter"]))
        ax.axvline(0, color=style.FAINT, linewidth=0.8)
        ax.set_yticks(np.arange(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("interval, in per cent of the estimate")
    return ax


def _kind(rows: nw.DataFrame[Any]) -> str:
    """Return the kind of a forecaster; in a table without kinds, whether it is a rule is known by its id."""
    if "kind" in rows.columns:
        return str(rows["kind"][0])
    return "rule" if rows["forecaster"][0] in rules.TITLES else "process"


def _score_row(ax: Axes, i: int, values: Any, color: str, metric: PlottedMetric) -> None:
    """One forecast: a dot for each cutoff; of several, their range and mean."""
    known = values[np.isfinite(values)]
    middle = float(np.mean(known)) if len(known) else float("nan")
    if len(known) > 1:
        ax.plot([known.min(), known.max()], [i, i], color=color, linewidth=2)
        ax.plot(known, np.full(len(known), i), "o", color=color, markersize=5, clip_on=False)
        ax.plot(middle, i, "o", color=color, markersize=9, markerfacecolor="none", clip_on=False)
    elif len(known):
        ax.plot([0, middle], [i, i], color=color, linewidth=1.2)
        ax.plot(middle, i, "o", color=color, markersize=7, clip_on=False)
    style.at_right_edge(ax, i, _score_in_words(middle, metric))


def _score_in_words(value: float, metric: PlottedMetric) -> str:
    if metric == "bias":
        return numbers.signed_percent(value)
    return numbers.fixed(value, 3) if metric in BOUNDED else numbers.significant(value, 3)


def levels(table: Frame, *, quantity: str = "purchases", ax: Axes | None = None) -> Axes:
    """The total of each cutoff as forecast, with its interval, beside what happened, in per cent of what happened.

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
    told = style.by_forecaster(frame)
    place = 0.6 / len(told)
    with style.drawing(ax) as ax:
        for i, (name, rows) in enumerate(told):
            at = np.array([cutoffs.index(cutoff) for cutoff in rows["cutoff"].to_list()], dtype=float)
            at += place * (i - (len(told) - 1) / 2)
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
        ax.set_xlabel(f"total of {quantity}: forecast against actual\n(0: right; bars: intervals)")
        ax.set_ylabel("cut")
        style.key_above(ax, columns=2)
    return ax

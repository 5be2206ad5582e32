"""Pictures of the tables: each takes one table and returns the Axes it drew on; nothing is fitted or predicted here.

The only module that names matplotlib. The style is one, for notebooks and for the report: colours that colour-blind
readers can tell apart (Okabe & Ito, 2008, "Color Universal Design"), markers and widths that survive a grey printer.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

import matplotlib as mpl
import matplotlib.style
import narwhals as nw
import numpy as np
import numpy.typing as npt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from clvmodels.errors import InvalidOption
from clvmodels.reporting import wording
from clvmodels.reporting.value import concentration, known_values
from clvmodels.validation.rivals import RIVALS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = [
    "Metric",
    "calibration_by_frequency",
    "scores",
    "to_svg",
    "tracking_cumulative",
    "tracking_incremental",
    "value_distribution",
]

Metric = Literal["bias", "gini", "rmse", "mae", "spearman"]

INK, MUTED, FAINT = "#1b1b1b", "#5c5c5c", "#dddddd"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("D", "s", "^", "v", "P", "X")
SMALL = 9.0  # points, beside 10 for the rest
PAGE_WIDTH, PAGE_HEIGHT = 4.4, 3.3  # inches; so narrow that the text stays readable when a phone shrinks it
MARKED_SHARES = (0.1, 0.2, 0.5)  # of customers, told beside the curve of value
STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "figure.figsize": (6.0, 4.0),
    "font.size": 10.0,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign is money
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}

BOUNDED = ("gini", "spearman")  # metrics that are 1 at most
METRIC_LABELS: dict[str, str] = {
    "bias": "error of the total (% of actual)",
    "gini": "normalized Gini (1: perfect)",
    "rmse": "RMSE ({unit} per customer)",
    "mae": "MAE ({unit} per customer)",
    "spearman": "rank correlation (1: perfect)",
}


def calibration_by_frequency(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Mean holdout purchases of customers alike in calibration frequency, actual and forecast.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.by_frequency`: frequency, customers, actual, forecast, expected; purchases per customer.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = nw.from_native(table, eager_only=True)
    with _drawing(ax) as ax:
        for i, name in enumerate(_names(frame, "forecast")):
            rows = frame.filter(nw.col("forecast") == name)
            at = np.arange(len(rows), dtype=float)
            if i == 0:
                ax.plot(at, _floats(rows, "actual"), "-o", color=INK, markersize=6, linewidth=1.2, label="actual")
                labels = zip(rows["frequency"].to_list(), rows["customers"].to_list(), strict=True)
                ax.set_xticks(at, [f"{frequency}\n{wording.count(size)}" for frequency, size in labels])
            _line(ax, at, _floats(rows, "expected"), i, f"{name} forecast")
        ax.tick_params(axis="x", labelsize=SMALL)
        ax.grid(False, axis="x")
        ax.set_ylim(bottom=0)
        ax.set_xlabel("repeat purchases before the cut\n(below each: number of customers)")
        ax.set_ylabel("purchases per customer\nin the holdout period")
        _legend_above(ax, columns=2)
    return ax


def tracking_cumulative(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Repeat purchases to date, week by week: actual, expected throughout, and forecast after the cut.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: model, period, end, holdout, cumulative_actual, cumulative_expected, cumulative_forecast.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = nw.from_native(table, eager_only=True)
    with _drawing(ax) as ax:
        _track(ax, frame, "cumulative_")
        ax.set_ylabel("repeat purchases to date")
    return ax


def tracking_incremental(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Repeat purchases a week (or opportunity): actual, expected throughout, and forecast after the cut.

    A last week that is shorter than the others is not drawn, since it would look like a fall.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.tracking`: model, period, end, holdout, actual, expected, forecast.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    frame = nw.from_native(table, eager_only=True)
    ends = [datetime.fromisoformat(end) for end in frame["end"].unique().sort().to_list()]
    if len(ends) > 1 and ends[-1] - ends[-2] < timedelta(days=7):
        frame = frame.filter(nw.col("end") != frame["end"].max())
    with _drawing(ax) as ax:
        _track(ax, frame, "")
        ax.set_ylabel(f"repeat purchases a {_period(frame)}")
    return ax


def scores(table: Frame, *, quantity: str = "purchases", metric: Metric = "gini", ax: Axes | None = None) -> Axes:
    """One score of every forecast, a row each: models in colour, simple rules in grey.

    Parameters
    ----------
    table : pandas or polars frame
        `Validation.scores`: quantity, forecast and the metrics.
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
    if metric not in get_args(Metric):
        raise InvalidOption(f"metric={metric!r} is not one of {', '.join(map(repr, get_args(Metric)))}.")
    frame = nw.from_native(table, eager_only=True)
    quantities = _names(frame, "quantity")
    if quantity not in quantities:
        raise InvalidOption(f"quantity={quantity!r} is not in the table, which has {', '.join(map(repr, quantities))}.")
    frame = frame.filter(nw.col("quantity") == quantity)
    names, values = _names(frame, "forecast"), _floats(frame, metric)
    with _drawing(ax) as ax:
        for i, (name, value) in enumerate(zip(names, values, strict=True)):
            color = MUTED if name in RIVALS else COLORS[i % len(COLORS)]
            if np.isfinite(value):
                ax.plot([0, value], [i, i], color=color, linewidth=1.2)
                ax.plot(value, i, "o", color=color, markersize=7, clip_on=False)
            _at_right_edge(ax, i, _score_in_words(value, metric))
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.set_yticks(np.arange(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.grid(False, axis="y")
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2.5, 5, 10]))
        if metric == "bias":
            ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        elif metric in BOUNDED:
            ax.set_xlim(1.1 * float(values[np.isfinite(values)].min(initial=0.0)), 1.0)
        ax.set_xlabel(METRIC_LABELS[metric].format(unit=quantity))
    return ax


def value_distribution(table: Frame, *, ax: Axes | None = None) -> Axes:
    """Share of all lifetime value that the most valuable customers hold.

    Parameters
    ----------
    table : pandas or polars frame
        From `lifetime_value`: lifetime_value (money); missing values are left out.
    ax : Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    Axes
    """
    values = known_values(table)
    with _drawing(ax) as ax:
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("customers, the most valuable first (% of customers)")
        ax.set_ylabel("value they hold (% of all value)")
        if values.sum() > 0:
            _draw_concentration(ax, values)
        else:
            ax.text(0.5, 0.5, "no customer has a positive value", ha="center", color=MUTED)
    return ax


def to_svg(plot: Callable[..., Axes], table: Frame, *, key: str, height: float = PAGE_HEIGHT, **options: Any) -> str:
    """A plot as an SVG element to stand inside a page: the same table gives the same text.

    Parameters
    ----------
    plot : function of this module
    table : pandas or polars frame
    key : str
        Unique on the page; every id of the element begins with it.
    height : float
        In inches.
    **options
        Passed on to the plot.

    Returns
    -------
    str
        ``<svg viewBox=...>...</svg>``, its size left to the page, its text drawn as outlines so that it needs no font.
    """
    fixed = {"svg.hashsalt": key, "svg.fonttype": "path"}
    with matplotlib.style.context("default"), mpl.rc_context(STYLE | fixed):  # whatever the user's own settings
        figure = Figure(figsize=(PAGE_WIDTH, height))
        plot(table, ax=figure.subplots(), **options)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _embeddable(written.getvalue(), key)


def _embeddable(svg: str, key: str) -> str:
    """An SVG file as an element: no prolog, namespaces, metadata or size, and ids that nothing else on the page has."""
    box = re.search(r'viewBox="[^"]*"', svg)
    content = svg[svg.index(">", svg.index("<svg")) + 1 :]
    content = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", content, flags=re.DOTALL)
    content = content.replace("xlink:href", "href")
    content = re.sub(r'\bid="|href="#|url\(#', lambda found: f"{found[0]}{key}-", content)
    return f"<svg {box[0] if box else ''}>{content.strip()}"


@contextmanager
def _drawing(ax: Axes | None) -> Iterator[Axes]:
    """The Axes to draw on, in this module's style; global settings stay as they are."""
    figure = None
    if ax is None:
        from matplotlib import pyplot as plt  # a figure made here shows in a notebook

        # Outside the style's context: a notebook's backend sets itself up with the first figure, and leaving the
        # context would undo that.
        figure = plt.figure()
    with mpl.rc_context(STYLE):
        if ax is None:
            assert figure is not None
            ax = figure.subplots()
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)
        ax.grid(True, color=FAINT, linewidth=0.6)
        yield ax


def _names(frame: nw.DataFrame[Any], column: str) -> list[str]:
    """Distinct values in order of appearance."""
    return list(dict.fromkeys(frame[column].to_list()))


def _floats(frame: nw.DataFrame[Any], column: str) -> Array:
    return np.asarray(frame[column].to_numpy(), dtype=float)


def _line(ax: Axes, x: Array, y: Array, i: int, label: str) -> None:
    """The i-th model's line, its marker open so that what lies below stays visible."""
    color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
    ax.plot(x, y, color=color, marker=marker, markersize=6, markerfacecolor="white", linewidth=1.2, label=label)


def _track(ax: Axes, frame: nw.DataFrame[Any], prefix: str) -> None:
    """Actual, expected and forecast against the dates on which periods end, with the cut marked."""
    for i, name in enumerate(_names(frame, "model")):
        rows = frame.filter(nw.col("model") == name)
        dates = np.array(rows["end"].to_list(), dtype="datetime64[h]")
        color = COLORS[i % len(COLORS)]
        if i == 0:
            ax.plot(dates, _floats(rows, f"{prefix}actual"), color=INK, linewidth=1.2, label="actual")
            _mark_cut(ax, rows, dates)
        expected, forecast = _floats(rows, f"{prefix}expected"), _floats(rows, f"{prefix}forecast")
        ax.plot(
            dates, expected, color=color, alpha=0.35, linewidth=5, label=f"{name}: expected from arrival dates alone"
        )
        ax.plot(dates, forecast, color=color, linewidth=1.6, label=f"{name}: forecast at the cut from each history")
    locator = AutoDateLocator(tz="UTC", minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC", show_offset=False))  # type: ignore[no-untyped-call]
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.margins(x=0.01)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"{_period(frame)} ending ({frame['end'].min()} to {frame['end'].max()})")
    _legend_above(ax, columns=1)


def _period(frame: nw.DataFrame[Any]) -> str:
    """What a row of a tracking table is told of: a week, or an opportunity to buy."""
    return str(frame["period"][0])


def _legend_above(ax: Axes, columns: int) -> None:
    """The key above the axes, where it covers nothing."""
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)


def _mark_cut(ax: Axes, rows: nw.DataFrame[Any], dates: npt.NDArray[np.datetime64]) -> None:
    """A line at the end of the calibration period, with its date."""
    before = ~rows["holdout"].to_numpy().astype(bool)
    if not before.any() or before.all():
        return
    last = int(np.flatnonzero(before)[-1])
    ax.axvline(dates[last], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate(
        f"cut {rows['end'][last]}",
        (dates[last], 0),
        xytext=(4, 4),
        textcoords="offset points",
        color=MUTED,
        fontsize=SMALL,
    )


def _at_right_edge(ax: Axes, y: float, text: str) -> None:
    """Text in a column of its own, where no line or label reaches."""
    at_edge = ax.get_yaxis_transform()
    ax.annotate(text, (1, y), xycoords=at_edge, xytext=(8, 0), textcoords="offset points", va="center", fontsize=SMALL)


def _score_in_words(value: float, metric: Metric) -> str:
    if metric == "bias":
        return wording.signed_percent(value)
    return wording.fixed(value, 3) if metric in BOUNDED else wording.significant(value, 3)


def _draw_concentration(ax: Axes, values: Array) -> None:
    customers, held = concentration(values)
    grid = np.linspace(0, 1, min(len(values), 400) + 1)
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate(
        "if all were\nworth the same",
        (0.62, 0.62),
        xytext=(6, -12),
        textcoords="offset points",
        color=MUTED,
        fontsize=SMALL,
    )
    ax.plot(grid, np.interp(grid, customers, held), color=COLORS[0], linewidth=2, clip_on=False)
    ax.set_ylim(0, max(1.02, 1.02 * float(held.max())))
    marked = list(dict.fromkeys(math.ceil(share * len(values)) for share in MARKED_SHARES))
    ax.plot(customers[marked], held[marked], "o", color=COLORS[0], markersize=6, clip_on=False)
    told = [f"top {customers[first]:.0%} hold {held[first]:.0%}" for first in marked]
    ax.text(0.97, 0.04, "\n".join(told), ha="right", va="bottom", linespacing=1.4)  # the curve is never down here

"""The style that all plots share: colors, the Axes to draw on, labels and legends.

Color-blind readers can distinguish the colors (Okabe & Ito, 2008, "Color Universal Design"); markers and line
widths keep lines distinct in grayscale.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import narwhals as nw
import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from clvmodels.errors import InvalidOption
from clvmodels.language import message, numbers
from clvmodels.reporting.plots.text_width import width_of, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = ["COLORS", "FAINT", "INK", "MUTED", "SETTINGS_LOCK", "SMALL", "STYLE", "NamedRows"]

INK, MUTED, FAINT, PAPER = "#1b1b1b", "#5c5c5c", "#dddddd", "#fefefe"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
SHADES = LinearSegmentedColormap.from_list("shades", ["#f7f9fb", "#bfdcee", "#5ea9d6", "#2a7fb8"])
ON_SHADES = "#111111"  # readable on every shade, in light and dark mode
MARKERS = ("D", "s", "^", "v", "P", "X")
DASHED, DOTTED = (0, (4, 3)), (0, (1, 1))
SMALL = 9.0  # font size in points; other text has 10
AXIS_LABEL_WIDTH = 24  # characters per line of a label next to the axes
LEGEND_WIDTH = 44  # characters per line of the legend
LONG_LABEL = 20  # characters; two longer labels do not fit in a row
SAME_LINE = 0.01  # share of the height within which one line hides another
BAND_ALPHA = 0.22  # opacity of an interval's band
STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER,
    "figure.figsize": (6.0, 4.0),
    "font.size": 10.0,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # dollar signs are currency, not mathematics
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}
# matplotlib's settings belong to the process: a thread that enters a context while another is inside one would restore
# the other's settings when it leaves, for good. So plots are drawn one after the other.
SETTINGS_LOCK = threading.RLock()

NamedRows = list[tuple[str, nw.DataFrame[Any]]]  # pairs of a name and its rows


@contextmanager
def drawing(ax: Axes | None) -> Iterator[Axes]:
    """Yield the Axes to draw on, in this style, without changing global settings."""
    figure = None
    if ax is None:
        from matplotlib import pyplot as plt  # figures of pyplot are displayed in notebooks

        # Outside the style's context: a notebook's backend configures itself with the first figure, and leaving the
        # context would undo that.
        figure = plt.figure(figsize=STYLE["figure.figsize"], facecolor=PAPER, layout="constrained")
    with SETTINGS_LOCK, mpl.rc_context(STYLE):
        if ax is None:
            if figure is None:
                raise AssertionError("axes that are drawn on belong to a figure")
            ax = figure.subplots()
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)
        ax.grid(True, color=FAINT, linewidth=0.6)
        yield ax


def read(table: Frame, *needed: str) -> nw.DataFrame[Any]:
    """Return a pandas or polars table, with at least one row, as a narwhals frame.

    Raises
    ------
    InvalidOption
        As for `read_any`, or when the table is empty.
    """
    frame = read_any(table, *needed)
    if len(frame) == 0:
        raise InvalidOption("The table has no rows to draw.")
    return frame


def read_any(table: Frame, *needed: str) -> nw.DataFrame[Any]:
    """Return a pandas or polars table, possibly empty, as a narwhals frame.

    Raises
    ------
    InvalidOption
        When it is not a table, or when a column is missing because the table belongs to another plot.
    """
    frame: nw.DataFrame[Any] = nw.from_native(table, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise InvalidOption(
            f"This plot needs a pandas or polars table with the columns {', '.join(needed)}, but got a "
            f"{type(table).__name__}{_matching_table(table, needed)}."
        )
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InvalidOption(
            f"This plot needs a table with the columns {', '.join(needed)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not among {', '.join(frame.columns)}."
        )
    return frame


def _matching_table(record: Any, needed: Sequence[str]) -> str:
    """Name the table of a record, such as a Validation, that the plot needs."""
    tables = {name: getattr(record, name) for name in record.tables()} if hasattr(record, "tables") else {}
    matching = [f".{name}" for name, table in tables.items() if set(needed) <= set(table.columns)]
    return f": pass its {' or '.join(matching)}" if matching else ""


def one_cutoff(frame: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Return the frame; raise an InvalidOption unless it has a single cutoff and horizon.

    Raises
    ------
    InvalidOption
        When there are several.
    """
    for name in ("cutoff", "horizon"):
        if name in frame.columns and len(values := names(frame, name)) > 1:
            raise InvalidOption(
                f"The table has {len(values)} {name}s ({', '.join(map(str, values))}): draw one at a time, such as "
                "that of result.at(), which has the tables of the last cutoff."
            )
    return frame


def of_forecasts(frame: nw.DataFrame[Any], forecasts: Sequence[str] | None) -> nw.DataFrame[Any]:
    """Return the rows of these forecasters (ids); by default of the fitted processes, if the table has their kinds.

    Raises
    ------
    InvalidOption
        For a forecaster that the table does not have.
    """
    ids = names(frame, "forecaster")
    if forecasts is None:
        if "kind" not in frame.columns:
            return frame
        processes = frame.filter(nw.col("kind") == "process")
        return processes if len(processes) else frame
    missing = [name for name in forecasts if name not in ids]
    if missing:
        raise InvalidOption(
            f"No forecaster {', '.join(map(repr, missing))} is in the table, which has {', '.join(map(repr, ids))}."
        )
    places = _places(frame, "forecaster")
    return frame[[place for name in dict.fromkeys(forecasts) for place in places[name]]]


def names(frame: nw.DataFrame[Any], column: str) -> list[str]:
    """Return the distinct values of a column in order of appearance."""
    return list(dict.fromkeys(frame[column].to_list()))


def groups(frame: nw.DataFrame[Any], column: str) -> NamedRows:
    """Return the rows of each distinct value of a column, in order of appearance."""
    return [(name, frame[rows]) for name, rows in _places(frame, column).items()]


def _places(frame: nw.DataFrame[Any], column: str) -> dict[str, list[int]]:
    """Return the positions of the rows of each distinct value of a column, in order of appearance."""
    places: dict[str, list[int]] = {}
    for i, value in enumerate(frame[column].to_list()):
        places.setdefault(value, []).append(i)
    return places


def by_forecaster(frame: nw.DataFrame[Any]) -> NamedRows:
    """Return the rows of each forecaster by its title, or by its id if the table has no titles."""
    return [(label(rows, name), rows) for name, rows in groups(frame, "forecaster")]


def label(rows: nw.DataFrame[Any], default: str, column: str = "title") -> str:
    """Return the title of rows of one forecaster, or the default (its id) if the table has no titles."""
    return str(rows[column][0]) if column in rows.columns else default


def floats(frame: nw.DataFrame[Any], column: str) -> Array:
    """Return a column as an array of floats (n,)."""
    return np.asarray(frame[column].to_numpy(), dtype=float)


def of_quantity(frame: nw.DataFrame[Any], quantity: str | None) -> nw.DataFrame[Any]:
    """Return the rows of "purchases" or "money"; all rows if quantity is None or the table has no such column.

    Raises
    ------
    InvalidOption
        When the table does not have the quantity.
    """
    if quantity is None or "quantity" not in frame.columns:
        return frame
    places = _places(frame, "quantity")
    if quantity not in places:
        raise InvalidOption(f"quantity={quantity!r} is not in the table, which has {', '.join(map(repr, places))}.")
    return frame[places[quantity]]


def wrapped(label: str, width: int = AXIS_LABEL_WIDTH) -> str:
    """Break a long label into lines that leave room for the plot."""
    return wrap(label, width)


def distinct(named_rows: NamedRows, *columns: str) -> list[tuple[int, str, nw.DataFrame[Any]]]:
    """Return the position, label and rows of each line that is visibly different from earlier ones.

    A line that covers an earlier line from end to end would hide it, so it is named in the earlier line's label
    instead of being drawn.

    Parameters
    ----------
    named_rows : list of (str, DataFrame)
        The label and the rows of each line.
    *columns : str
        The columns that are drawn, all on one scale.
    """
    drawn: list[tuple[int, list[str], nw.DataFrame[Any]]] = []
    lines = [np.stack([floats(rows, column) for column in columns]) for _, rows in named_rows]
    height = max(float(np.nanmax(line)) for line in lines)
    for i, (name, rows) in enumerate(named_rows):
        for first, covered, _ in drawn:
            same_shape = lines[first].shape == lines[i].shape
            if same_shape and np.allclose(lines[first], lines[i], rtol=0, atol=SAME_LINE * height, equal_nan=True):
                covered.append(label(rows, name, "short_title"))
                break
        else:
            drawn.append((i, [], rows))
    return [(i, _with_covered(named_rows[i][0], covered), rows) for i, covered, rows in drawn]


def _with_covered(name: str, covered: Sequence[str]) -> str:
    """Return a label that also names the lines it covers."""
    if not covered:
        return name
    others = message("plot-same-line", {"titles": numbers.joined(covered)})
    fits = width_of(name) + width_of(others) < LEGEND_WIDTH - 10
    between = message("between-reasons")
    return f"{name}{between}{others}" if fits else f"{name}{between.rstrip()}\n{others}"


def color_of(i: int) -> str:
    """Return the color of the i-th line."""
    return COLORS[i % len(COLORS)]


def line(ax: Axes, x: Any, y: Array, i: int, label: str) -> None:
    """Draw the i-th line, with open markers that do not hide lines below them."""
    marker = MARKERS[i % len(MARKERS)]
    ax.plot(x, y, color=color_of(i), marker=marker, markersize=5.5, markerfacecolor=PAPER, linewidth=1.2, label=label)


def has_interval(frame: nw.DataFrame[Any]) -> bool:
    """Return whether the table has intervals."""
    return {"lower", "upper"} <= set(frame.columns) and bool(np.isfinite(floats(frame, "lower")).any())


def whiskers(ax: Axes, frame: nw.DataFrame[Any], x: Array, color: str) -> None:
    """Draw vertical intervals from the columns lower and upper, if the table has them."""
    if has_interval(frame):
        ax.vlines(x, floats(frame, "lower"), floats(frame, "upper"), color=color, linewidth=2.5, alpha=0.45)


def band(ax: Axes, frame: nw.DataFrame[Any], x: Any, color: str, prefix: str = "") -> None:
    """Draw a band from the columns lower and upper, if the table has them."""
    if not {f"{prefix}lower", f"{prefix}upper"} <= set(frame.columns):
        return
    ax.fill_between(
        x, floats(frame, f"{prefix}lower"), floats(frame, f"{prefix}upper"), color=color, alpha=BAND_ALPHA, linewidth=0
    )


def legend_above(ax: Axes, columns: int = 1) -> None:
    """Put the legend above the axes, where it does not cover the plot, in one column if labels are long."""
    labels = ax.get_legend_handles_labels()[1]
    if max(map(width_of, labels), default=0) > LONG_LABEL:
        columns = 1
    legend = ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)
    for text in legend.get_texts():
        lines = text.get_text().splitlines()
        text.set_text("\n".join(wrap(line, LEGEND_WIDTH) for line in lines))


def at_right_edge(ax: Axes, y: float, text: str, color: str = INK) -> None:
    """Write text to the right of the axes, where no line or label reaches."""
    at_edge = ax.get_yaxis_transform()
    ax.annotate(
        text,
        (1, y),
        xycoords=at_edge,
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        color=color,
    )


def note(ax: Axes, text: str, xy: tuple[Any, float], offset: tuple[float, float] = (4, 4), **options: Any) -> None:
    """Write a small gray note next to a point."""
    look: dict[str, Any] = {"color": MUTED, "fontsize": SMALL} | options
    ax.annotate(text, xy, xytext=offset, textcoords="offset points", **look)


def nothing_to_draw(ax: Axes, message: str) -> None:
    """Write a message in the middle of empty axes."""
    ax.text(0.5, 0.5, message, ha="center", va="center", color=MUTED, transform=ax.transAxes)


def dates_below(ax: Axes, ticks: int = 7) -> None:
    """Label the horizontal axis with concise dates."""
    locator = AutoDateLocator(tz="UTC", minticks=3, maxticks=ticks)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    year, month, day = (message(f"plot-date-{part}") for part in ("year", "month", "day"))
    formats = [year, month, day, "%H:%M", "%H:%M", "%S.%f"]
    zeros = ["", year, month, day, "%H:%M", "%H:%M"]
    formatter = ConciseDateFormatter(locator, tz="UTC", formats=formats, zero_formats=zeros, show_offset=False)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    ax.margins(x=0.01)


def dates(frame: nw.DataFrame[Any], column: str) -> npt.NDArray[np.datetime64]:
    """Return a column of ISO dates or hours as an array of moments."""
    return np.array([str(value) for value in frame[column].to_list()], dtype="datetime64[h]")


def plural(unit: str) -> str:
    """Return the plural of a unit of time: weeks for week and for weeks."""
    return unit if not unit or unit.endswith("s") else f"{unit}s"


def shared_value(frame: nw.DataFrame[Any], column: str, default: str = "") -> str:
    """Return the value that all rows of a column share, such as a unit; the default if there is no such column."""
    return str(frame[column][0]) if column in frame.columns else default

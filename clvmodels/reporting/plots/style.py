"""The one style of every picture, for notebooks, pages and paper: colors, the Axes to draw on, labels, keys.

Colors that colour-blind readers can tell apart (Okabe & Ito, 2008, "Color Universal Design"); markers and widths that
survive a gray printer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import narwhals as nw
import numpy as np
import numpy.typing as npt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from clvmodels.errors import InvalidOption

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame
    from clvmodels.processes.contract import Array

__all__ = ["COLORS", "FAINT", "INK", "MUTED", "SMALL", "STYLE", "NamedRows"]

INK, MUTED, FAINT, PAPER = "#1b1b1b", "#5c5c5c", "#dddddd", "#fefefe"
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("D", "s", "^", "v", "P", "X")
DASHED, DOTTED = (0, (4, 3)), (0, (1, 1))
SMALL = 9.0  # points, beside 10 for the rest
BESIDE = 24  # letters of a line beside the axes
LONGEST = 44  # letters of a line of the key
LONG = 20  # letters of a label of which two do not stand side by side
UPON = 0.01  # of the height: how near a line lies that hides another
BAND = 0.22  # how opaque an interval's band is
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
    "text.parse_math": False,  # a dollar sign is money
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}

NamedRows = list[tuple[str, nw.DataFrame[Any]]]  # a name, and its rows


@contextmanager
def drawing(ax: Axes | None) -> Iterator[Axes]:
    """The Axes to draw on, in this style; global settings stay as they are."""
    figure = None
    if ax is None:
        from matplotlib import pyplot as plt  # a figure made here shows in a notebook

        # Outside the style's context: a notebook's backend sets itself up with the first figure, and leaving the
        # context would undo that.
        figure = plt.figure(figsize=STYLE["figure.figsize"], facecolor=PAPER, layout="constrained")
    with mpl.rc_context(STYLE):
        if ax is None:
            assert figure is not None
            ax = figure.subplots()
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)
        ax.grid(True, color=FAINT, linewidth=0.6)
        yield ax


def read(table: Frame, *needed: str) -> nw.DataFrame[Any]:
    """The table, pandas or polars, as one kind, with something to draw.

    Raises
    ------
    InvalidOption
        As for `read_any`; or when there is no row.
    """
    frame = read_any(table, *needed)
    if len(frame) == 0:
        raise InvalidOption("The table has no row to draw.")
    return frame


def read_any(table: Frame, *needed: str) -> nw.DataFrame[Any]:
    """The table, pandas or polars, as one kind, be it without rows.

    Raises
    ------
    InvalidOption
        For what is no table; or when a column is missing, so that the table is that of another plot.
    """
    frame: nw.DataFrame[Any] = nw.from_native(table, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        raise InvalidOption(
            f"This plot needs a table, a pandas or polars frame with the columns {', '.join(needed)}, and a "
            f"{type(table).__name__} came{_held_by(table, needed)}."
        )
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InvalidOption(
            f"This plot needs a table with the columns {', '.join(needed)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not among {', '.join(frame.columns)}."
        )
    return frame


def _held_by(record: Any, needed: Sequence[str]) -> str:
    """Where a record that is no table, such as a Validation, has the table wanted."""
    tables = {name: getattr(record, name) for name in record.tables()} if hasattr(record, "tables") else {}
    found = [f".{name}" for name, table in tables.items() if set(needed) <= set(table.columns)]
    return f": pass its {' or '.join(found)}" if found else ""


def one_origin(frame: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """The frame, if it tells of one cut and one horizon, which lines of one picture have to share.

    Raises
    ------
    InvalidOption
        When there are several.
    """
    for name in ("origin", "horizon"):
        if name in frame.columns and len(found := names(frame, name)) > 1:
            raise InvalidOption(
                f"The table tells of {len(found)} {name}s ({', '.join(map(str, found))}): draw one at a time, such as "
                "that of result.at(), which has the tables of the last origin."
            )
    return frame


def of_forecasts(frame: nw.DataFrame[Any], forecasts: Sequence[str] | None) -> nw.DataFrame[Any]:
    """The rows of these forecasts; without them, of the fitted processes where the table tells which they are.

    Raises
    ------
    InvalidOption
        For a forecast the table does not hold.
    """
    known = names(frame, "forecast")
    if forecasts is None:
        if "kind" not in frame.columns:
            return frame
        processes = frame.filter(nw.col("kind") == "process")
        return processes if len(processes) else frame
    missing = [name for name in forecasts if name not in known]
    if missing:
        raise InvalidOption(
            f"No forecast {', '.join(map(repr, missing))} is in the table, which has {', '.join(map(repr, known))}."
        )
    return nw.concat([frame.filter(nw.col("forecast") == name) for name in dict.fromkeys(forecasts)])


def names(frame: nw.DataFrame[Any], column: str) -> list[str]:
    """Distinct values in order of appearance."""
    return list(dict.fromkeys(frame[column].to_list()))


def groups(frame: nw.DataFrame[Any], column: str) -> NamedRows:
    """The rows of each distinct value, in order of appearance."""
    return [(name, frame.filter(nw.col(column) == name)) for name in names(frame, column)]


def floats(frame: nw.DataFrame[Any], column: str) -> Array:
    """A column of numbers (n,)."""
    return np.asarray(frame[column].to_numpy(), dtype=float)


def of_quantity(frame: nw.DataFrame[Any], quantity: str | None) -> nw.DataFrame[Any]:
    """The rows of "purchases" or "money"; all, where the table does not tell them apart or None is asked for.

    Raises
    ------
    InvalidOption
        For a quantity the table does not hold.
    """
    if quantity is None or "quantity" not in frame.columns:
        return frame
    known = names(frame, "quantity")
    if quantity not in known:
        raise InvalidOption(f"quantity={quantity!r} is not in the table, which has {', '.join(map(repr, known))}.")
    return frame.filter(nw.col("quantity") == quantity)


def wrapped(label: str) -> str:
    """A long name on two lines or more, so that room is left for what it names."""
    return fill(label, BESIDE, break_long_words=False)


def distinct(told: NamedRows, *columns: str) -> list[tuple[int, str, nw.DataFrame[Any]]]:
    """Lines that can be told apart: the place of each, its label, its rows.

    One that lies upon an earlier line from end to end would hide it: it is named in that one's label instead. Columns
    are those that tell the line, all of one scale.
    """
    kept: list[tuple[int, list[str], nw.DataFrame[Any]]] = []
    lines = [np.stack([floats(rows, column) for column in columns]) for _, rows in told]
    height = max(float(np.nanmax(line)) for line in lines)
    for i, (name, rows) in enumerate(told):
        for first, upon, _ in kept:
            same = lines[first].shape == lines[i].shape
            if same and np.allclose(lines[first], lines[i], rtol=0, atol=UPON * height, equal_nan=True):
                upon.append(name)
                break
        else:
            kept.append((i, [], rows))
    return [(i, _with_those_upon(told[i][0], upon), rows) for i, upon, rows in kept]


def _with_those_upon(name: str, upon: Sequence[str]) -> str:
    """A label with the names of other lines, whose " x Gamma-Gamma" goes without saying where it is the same."""
    if not upon:
        return name
    spend = f" x {name.partition(' x ')[2]}"
    others = f"same line: {', '.join(other.removesuffix(spend) for other in upon)}"
    return f"{name}; {others}" if len(name) + len(others) < LONGEST - 10 else f"{name};\n{others}"


def color_of(i: int) -> str:
    return COLORS[i % len(COLORS)]


def line(ax: Axes, x: Any, y: Array, i: int, label: str) -> None:
    """The i-th model's line, its marker open so that what lies below stays visible."""
    marker = MARKERS[i % len(MARKERS)]
    ax.plot(x, y, color=color_of(i), marker=marker, markersize=5.5, markerfacecolor=PAPER, linewidth=1.2, label=label)


def has_interval(frame: nw.DataFrame[Any]) -> bool:
    """Whether there are intervals that have to stand beside, and not upon, what they are compared with."""
    return {"lower", "upper"} <= set(frame.columns) and bool(np.isfinite(floats(frame, "lower")).any())


def whiskers(ax: Axes, frame: nw.DataFrame[Any], x: Array, color: str) -> None:
    """Upright intervals from the columns lower and upper, where the table has them."""
    if has_interval(frame):
        ax.vlines(x, floats(frame, "lower"), floats(frame, "upper"), color=color, linewidth=2.5, alpha=0.45)


def band(ax: Axes, frame: nw.DataFrame[Any], x: Any, color: str, prefix: str = "") -> None:
    """A band from the columns lower and upper, where the table has them."""
    if not {f"{prefix}lower", f"{prefix}upper"} <= set(frame.columns):
        return
    ax.fill_between(
        x, floats(frame, f"{prefix}lower"), floats(frame, f"{prefix}upper"), color=color, alpha=BAND, linewidth=0
    )


def key_above(ax: Axes, columns: int = 1) -> None:
    """The key above the axes, where it covers nothing; in one column where labels are long."""
    labels = ax.get_legend_handles_labels()[1]
    if max(map(len, labels), default=0) > LONG:
        columns = 1
    key = ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)
    for text in key.get_texts():
        lines = text.get_text().splitlines()
        text.set_text("\n".join(fill(line, LONGEST, break_on_hyphens=False) for line in lines))


def at_right_edge(ax: Axes, y: float, text: str, color: str = INK) -> None:
    """Text in a column of its own, where no line or label reaches."""
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
    """A small gray remark beside a point."""
    look: dict[str, Any] = {"color": MUTED, "fontsize": SMALL} | options
    ax.annotate(text, xy, xytext=offset, textcoords="offset points", **look)


def nothing_to_draw(ax: Axes, words: str) -> None:
    """Words in the middle of the axes, where there is nothing else."""
    ax.text(0.5, 0.5, words, ha="center", va="center", color=MUTED, transform=ax.transAxes)


def dates_below(ax: Axes, ticks: int = 7) -> None:
    """Dates on the horizontal axis, told as shortly as they can be."""
    locator = AutoDateLocator(tz="UTC", minticks=3, maxticks=ticks)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC", show_offset=False))  # type: ignore[no-untyped-call]
    ax.margins(x=0.01)


def dates(frame: nw.DataFrame[Any], column: str) -> npt.NDArray[np.datetime64]:
    """A column of ISO dates (or hours) as moments."""
    return np.array([str(value) for value in frame[column].to_list()], dtype="datetime64[h]")


def plural(unit: str) -> str:
    """A unit as it is told of many: weeks of week, and of weeks."""
    return unit if not unit or unit.endswith("s") else f"{unit}s"


def told_by(frame: nw.DataFrame[Any], column: str, default: str = "") -> str:
    """The one value of a column that is the same in every row, such as a unit; the default where there is none."""
    return str(frame[column][0]) if column in frame.columns else default


def thinned(labels: Sequence[str], most: int) -> list[str]:
    """Every so many-th label, so that at most so many stand below an axis."""
    step = -(-len(labels) // most)
    return [label if i % step == 0 else "" for i, label in enumerate(labels)]

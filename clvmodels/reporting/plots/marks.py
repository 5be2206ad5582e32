"""Positions and values of the points and bars of a plot, which a page shows near the pointer."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.dates import DateLocator, num2date
from matplotlib.patches import Rectangle

from clvmodels.language.current import current_language
from clvmodels.language.dates import day
from clvmodels.language.numbers import count, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["marks_of"]

MOST_POINTS = 40  # points of a line; longer lines are thinned out
DIGITS = 3
POINTS_PER_INCH = 72


def marks_of(figure: Figure) -> str:
    """Return the marks of a drawn figure as JSON: [x, y, text] in points from the upper left corner.

    The text has the name of the line, if it has one, and the values of the point as the axes would label them.
    """
    marks: list[list[object]] = []
    for ax in figure.axes:
        axes = _Labels.of(ax.xaxis), _Labels.of(ax.yaxis)
        for line in ax.lines:
            x, y = (np.asarray(values, dtype=float) for values in line.get_data(orig=False))
            name = str(line.get_label())
            if len(x) == 2 or not line.get_visible():  # an interval, or a line such as that of a cutoff
                continue
            for i in range(0, len(x), -(-len(x) // MOST_POINTS)):
                _add(marks, figure, ax, axes, x[i], y[i], "" if name.startswith("_") else name)
        for bar in ax.patches:
            if isinstance(bar, Rectangle) and bar.get_visible():
                upright = bar.get_height() != 0 and bar.get_y() == 0
                across = bar.get_x() + bar.get_width() / (2 if upright else 1)
                up = bar.get_y() + bar.get_height() / (1 if upright else 2)
                _add(marks, figure, ax, axes, across, up, "")
    return json.dumps(marks, ensure_ascii=False, separators=(",", ":")) if marks else ""


class _Labels(NamedTuple):
    """How an axis labels values: its axis, and the places and labels of its ticks, which are slow to ask for."""

    axis: Axis
    places: npt.NDArray[np.float64]
    labels: list[str]

    @classmethod
    def of(cls, axis: Axis) -> _Labels:
        """Return the labels of an axis that was drawn."""
        if isinstance(axis.get_major_locator(), DateLocator):
            return cls(axis, np.zeros(0), [])
        places = np.asarray(axis.get_ticklocs(), dtype=float)
        return cls(axis, places, [label.get_text() for label in axis.get_ticklabels()])


def _add(
    marks: list[list[object]],
    figure: Figure,
    ax: Axes,
    axes: tuple[_Labels, _Labels],
    x: float,
    y: float,
    name: str,
) -> None:
    """Add the mark of a point, unless it is outside the axes."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return
    left, lower = ax.transData.transform((x, y))
    if not ax.bbox.contains(left, lower):
        return
    values = [_written(labels, value) for labels, value in zip(axes, (x, y), strict=True)]
    scale = POINTS_PER_INCH / figure.dpi
    height = figure.get_size_inches()[1] * POINTS_PER_INCH
    marks.append([round(left * scale), round(height - lower * scale), " · ".join(filter(None, [name, *values]))])


def _written(labels: _Labels, value: float) -> str:
    """Return a value as the axis labels it if there is a tick at it, otherwise as a day or a number."""
    if isinstance(labels.axis.get_major_locator(), DateLocator):
        moment = num2date(value)  # type: ignore[no-untyped-call]
        return day(moment.date().isoformat(), current_language())
    for place, label in zip(labels.places, labels.labels, strict=False):
        if label and math.isclose(place, value, abs_tol=1e-9):
            return label.replace("\n", " ")
    return count(value) if value == round(value) else significant(value, DIGITS)

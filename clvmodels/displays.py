"""Draw a result with the plot of a given name.

Plots come after the results in the order of packages, so a plot is imported only when it is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["draw"]

PLOTS = "clvmodels.reporting.plots"


def draw(plot: str, table: Any, **options: Any) -> Any:
    """Draw a table with a plot of `clvmodels.plots`, and return the Axes.

    Parameters
    ----------
    plot : str
        Name of the plot.
    table : frame
        What it draws.
    options
        Passed on to the plot, such as ax.
    """
    return getattr(import_module(PLOTS), plot)(table, **options)

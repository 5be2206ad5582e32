"""A plot as an SVG element of a page, in colors that the page can change to those of night."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.figure import Figure

from clvmodels.reporting.plots.style import COLORS, FAINT, INK, MUTED, PAPER, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["PAGE_HEIGHT", "PAGE_WIDTH", "to_svg"]

PAGE_WIDTH, PAGE_HEIGHT = 4.4, 3.3  # inches; so narrow that the text stays readable when a phone shrinks it
KEY_ROW, USUAL_ROWS = 0.19, 2  # inches a row of the key adds, beyond those there is room for
VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", PAPER: "paper"} | {
    color: f"color-{i}" for i, color in enumerate(COLORS, 1)
}
HEX = re.compile("|".join(VARIABLES), re.IGNORECASE)


def to_svg(plot: Callable[..., Axes], table: Frame, *, key: str, height: float = PAGE_HEIGHT, **options: Any) -> str:
    """A plot as an SVG element to stand inside a page: the same table gives the same text.

    Colors of the style are CSS variables with the color itself as what to fall back on (``var(--plot-ink, #1b1b1b)``;
    muted, faint, paper, color-1 to color-6), so that a page can turn dark; the background is left to the page.

    Parameters
    ----------
    plot : function of this package
    table : pandas or polars frame
    key : str
        Unique on the page; every id of the element begins with it.
    height : float
        In inches, beside what a key of many rows adds.
    **options
        Passed on to the plot.

    Returns
    -------
    str
        ``<svg viewBox=...>...</svg>``, its size left to the page, its text drawn as outlines so that it needs no font.
    """
    fixed = {"svg.hashsalt": key, "svg.fonttype": "path", "figure.facecolor": "none"}
    with matplotlib.style.context("default"), mpl.rc_context(STYLE | fixed):  # whatever the user's own settings
        figure = Figure(figsize=(PAGE_WIDTH, height))
        ax = plot(table, ax=figure.subplots(), **options)
        figure.set_figheight(height + KEY_ROW * max(0, _key_rows(ax) - USUAL_ROWS))
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _embeddable(written.getvalue(), key)


def _key_rows(ax: Axes) -> int:
    """How many rows the key above the axes has."""
    key = ax.get_legend()
    if key is None:
        return 0
    columns: int = key._ncols  # type: ignore[attr-defined]  # matplotlib tells it nowhere else
    return -(-len(key.get_texts()) // columns)


def _embeddable(svg: str, key: str) -> str:
    """An SVG file as an element: no prolog, namespaces, metadata or size, and ids that nothing else on the page has."""
    box = re.search(r'viewBox="[^"]*"', svg)
    content = svg[svg.index(">", svg.index("<svg")) + 1 :]
    content = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", content, flags=re.DOTALL)
    content = content.replace("xlink:href", "href")
    content = re.sub(r'\bid="|href="#|url\(#', lambda found: f"{found[0]}{key}-", content)
    content = re.sub(r"\n\s*", "\n", content)
    content = HEX.sub(_variable, content)
    return f"<svg {box[0] if box else ''}>{content.strip()}"


def _variable(found: re.Match[str]) -> str:
    color = next(known for known in VARIABLES if known.lower() == found[0].lower())
    return f"var(--plot-{VARIABLES[color]}, {color})"

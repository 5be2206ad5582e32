"""A plot as an SVG element of a page, in colors that the page can change for dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

from clvmodels.reporting.plots.marks import marks_of
from clvmodels.reporting.plots.style import COLORS, FAINT, INK, MUTED, PAPER, SETTINGS_LOCK, STYLE
from clvmodels.reporting.plots.text_width import TEXT_SIZES, font_heights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from clvmodels.frames import Frame

__all__ = ["PAGE_HEIGHT", "PAGE_WIDTH", "to_svg"]

PAGE_WIDTH, PAGE_HEIGHT = 4.4, 3.3  # inches; narrow, so that the text stays readable on a phone
LEGEND_ROW_HEIGHT, USUAL_LEGEND_ROWS = 0.19, 2  # inches; rows of the legend that PAGE_HEIGHT has room for
POINTS_PER_INCH = 72
CSS_VARIABLES = {INK: "ink", MUTED: "muted", FAINT: "faint", PAPER: "paper"} | {
    color: f"color-{i}" for i, color in enumerate(COLORS, 1)
}
HEX_COLOR = re.compile("|".join(CSS_VARIABLES), re.IGNORECASE)
FONT_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")  # the page names the fonts once
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")  # coordinates in points: a hundredth is invisible


def to_svg(plot: Callable[..., Axes], table: Frame, *, key: str, height: float = PAGE_HEIGHT, **options: Any) -> str:
    """Draw a plot as an SVG element for a page. The same table gives the same text.

    Fonts are those of the page, and coordinates have two decimals. Colors of the style become CSS variables with the
    color itself as the fallback (``var(--plot-ink, #1b1b1b)``; also muted, faint, paper, color-1 to color-6), so that a
    page can switch to dark mode. The background is transparent.

    Parameters
    ----------
    plot : function of `clvmodels.plots`
    table : pandas or polars frame
    key : str
        Unique on the page; the prefix of every id in the element.
    height : float
        Inches, before a long legend adds to it.
    **options
        Passed on to the plot.

    Returns
    -------
    str
        ``<svg viewBox=...>...</svg>`` without a size; text stays text, so it can be searched, and the reader's browser
        chooses a font that has its characters.
    """
    fixed = {"svg.hashsalt": key, "svg.fonttype": "none", "figure.facecolor": "none"}
    with SETTINGS_LOCK, matplotlib.style.context("default"), mpl.rc_context(STYLE | fixed):  # not the user's settings
        figure = Figure(figsize=(PAGE_WIDTH, height), dpi=POINTS_PER_INCH)
        ax = plot(table, ax=figure.subplots(), **options)
        figure.set_figheight(height + LEGEND_ROW_HEIGHT * max(0, _legend_rows(ax) - USUAL_LEGEND_ROWS))
        svg = _write(figure)
        marks = marks_of(figure)
    return _to_element(svg, key, marks)


def _write(figure: Figure) -> str:
    """Lay the figure out and return it as an SVG file.

    `Figure.savefig` would draw it twice, and measure all text anew for each drawing and for the layout.
    """
    file = io.StringIO()
    width, height = figure.get_size_inches()
    dpi = figure.dpi
    writer = _Renderer(
        width * POINTS_PER_INCH,
        height * POINTS_PER_INCH,
        file,
        metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
    )
    renderer: Any = MixedModeRenderer(figure, width, height, dpi, writer)  # type: ignore[no-untyped-call]
    _Canvas(figure, renderer)
    figure.draw(renderer)  # executes the layout engine first
    renderer.finalize()
    return file.getvalue()


class _Renderer(RendererSVG):
    """A renderer that draws text as text, and measures it without a font with Chinese characters."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        self._text2path = TEXT_SIZES

    def _get_font_height_metrics(self, prop: Any) -> tuple[float | None, float | None, float | None]:
        """Return the ascent, descent and line gap of a font in points; None lets matplotlib measure a letter.

        Without this method, matplotlib 3.11 looks up the font and its tables for every text; 3.10 does not use it.
        """
        return font_heights(prop)


class _Canvas(FigureCanvasBase):
    """A canvas on which text is measured for the layout by the renderer that then draws it."""

    def __init__(self, figure: Figure, renderer: Any) -> None:
        super().__init__(figure)
        self._renderer = renderer

    def get_renderer(self) -> Any:
        """Return the renderer, for the layout engine."""
        return self._renderer


def _legend_rows(ax: Axes) -> int:
    """Return the number of rows of the legend above the axes."""
    legend = ax.get_legend()
    if legend is None:
        return 0
    columns: int = legend._ncols  # type: ignore[attr-defined]  # matplotlib has no public accessor
    return -(-len(legend.get_texts()) // columns)


def _to_element(svg: str, key: str, marks: str) -> str:
    """Return an SVG file as an element without prolog, namespaces, metadata and size, whose ids begin with the key.

    Its attribute data-marks lists the texts that a page shows next to the pointer.
    """
    box = re.search(r'viewBox="[^"]*"', svg)
    content = svg[svg.index(">", svg.index("<svg")) + 1 :]
    content = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", content, flags=re.DOTALL)
    content = content.replace("xlink:href", "href")
    content = re.sub(r'\bid="|href="#|url\(#', lambda match: f"{match[0]}{key}-", content)
    content = re.sub(r"<[^>]+>", _shorten_tag, content)
    content = re.sub(r">\s+<", "><", content)
    content = HEX_COLOR.sub(_css_variable, content)
    listed = f" data-marks='{escape(marks, quote=False).replace(chr(39), '&#39;')}'" if marks else ""
    return f"<svg {box[0] if box else ''}{listed}>{content.strip()}"


def _shorten_tag(match: re.Match[str]) -> str:
    """Return a tag without line breaks, fonts, unused ids of groups, and digits that are too fine to see."""
    tag = FONT_FAMILY.sub("", " ".join(match[0].split()))
    tag = re.sub(r'^<g id="[^"]*"', "<g", tag)
    return LONG_NUMBER.sub(lambda number: f"{round(float(number[0]), 2):g}", tag)


def _css_variable(match: re.Match[str]) -> str:
    """Return the CSS variable of a color, with the color as its fallback."""
    color = next(color for color in CSS_VARIABLES if color.lower() == match[0].lower())
    return f"var(--plot-{CSS_VARIABLES[color]}, {color})"

"""How results show themselves: drawn with the plot of a given name, in a terminal, and in a notebook.

Plots come after the results in the order of packages, so a plot is imported only when it is drawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw

from clvmodels import html
from clvmodels.language import Findings, as_text
from clvmodels.language.numbers import cells

__all__ = ["Display", "draw", "html_table"]

PLOTS = "clvmodels.reporting.plots"
MOST_ROWS = 12  # shown of a table: a year of months, or all tiers and stages of most shops
IDENTIFIERS = frozenset({"customer_id", "unit"})
GAP = "  "  # between the columns of a terminal


class Display:
    """A result with findings, which a terminal and a notebook show with the first rows of one of its tables.

    `shown_table` names the attribute that is this table, or the method that returns it.
    """

    __slots__ = ()
    shown_table: ClassVar[str] = "summary"

    if TYPE_CHECKING:

        @property
        def findings(self) -> Findings:
            """What the result is based on, and its limits."""

    @property
    def text(self) -> str:
        """Return the findings as sentences."""
        return as_text(self.findings)

    def __repr__(self) -> str:
        return "\n  ".join([type(self).__name__, *(finding.text for finding in self.findings), *_lines(self._table())])

    def _repr_html_(self) -> str:
        lines = html.items(finding.text for finding in self.findings)
        return html.block(type(self).__name__, "", html_table(self._table()), lines)

    def _table(self) -> Any:
        """Return the table that is shown."""
        table = getattr(self, self.shown_table)
        return table() if callable(table) else table


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


def html_table(table: Any) -> str:
    """Return the first rows of a frame as HTML."""
    columns, more = _first_rows(table)
    return html.table(columns, names=IDENTIFIERS, more=more)


def _lines(table: Any) -> list[str]:
    """Return the first rows of a frame as lines of text."""
    columns, more = _first_rows(table)
    texts = [[name, *cells(values, "" if name in IDENTIFIERS else None)] for name, values in columns.items()]
    aligned = [[text.rjust(max(map(len, column))) for text in column] for column in texts]
    return [*map(GAP.join, zip(*aligned, strict=True)), *more]


def _first_rows(table: Any) -> tuple[dict[str, list[Any]], str]:
    """Return the first rows of a frame as columns, and a mark if there are more."""
    rows = nw.from_native(table).lazy().head(MOST_ROWS + 1).collect()
    columns = {str(name): rows[name].to_list()[:MOST_ROWS] for name in rows.columns}
    return columns, "…" if len(rows) > MOST_ROWS else ""

"""Tables as HTML for notebooks: numbers are right-aligned, units are in the headings, missing values are dashes."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from clvmodels.language.numbers import MISSING, cells

__all__ = ["block", "items", "table"]


def block(title: str, text: str = "", *parts: str) -> str:
    """Return a title followed by a text, and below them parts that are HTML already."""
    heading = f"<b>{escape(title)}</b>" + (f": {escape(text)}" if text else "")
    return f"<div>{heading}</div>" + "".join(parts)


def items(lines: Iterable[str]) -> str:
    """Return lines as a list, or an empty text if there are none."""
    entries = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{entries}</ul>" if entries else ""


def table(
    columns: Mapping[Any, Sequence[Any]],
    *,
    units: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    names: Collection[str] = (),
    more: str = "",
) -> str:
    """Return columns of equal length as a table.

    Parameters
    ----------
    columns : mapping of heading to values
    units : mapping of heading to unit, optional
    forms : mapping of heading to format, optional
        Python's format of a column's numbers, such as ",.2f"; see `clvmodels.language.numbers.cell` for the default.
    names : collection of str
        Headings of columns of identifiers, whose numbers are shown without separators.
    more : str
        A text below the last row.
    """
    columns_of_cells, heads = [], []
    for heading, values in columns.items():
        form = "" if heading in names else (forms or {}).get(heading)
        right = all(map(_is_number, values)) and any(value is not None for value in values)
        style = f' style="text-align:{"right" if right else "left"};padding:2px 8px"'
        unit = f" ({units[heading]})" if units and heading in units else ""
        heads.append(f"<th{style}>{escape(str(heading))}{escape(unit)}</th>")
        columns_of_cells.append([f"<td{style}>{escape(text)}</td>" for text in cells(values, form)])
    rows = [f"<tr>{''.join(row)}</tr>" for row in zip(*columns_of_cells, strict=True)]
    if more:
        rows.append(f"<tr><td colspan={len(heads)}>{escape(more)}</td></tr>")
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _is_number(value: Any) -> bool:
    """Return whether a value is a number, missing, or a text that shows a number, such as 1,234 or 12%."""
    if isinstance(value, str):
        try:
            float(value.replace(",", "").removesuffix("%").strip())
        except ValueError:
            return value == MISSING
        return True
    return value is None or (isinstance(value, numbers.Real) and not isinstance(value, bool))

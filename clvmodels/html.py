"""Tables -> HTML for notebooks: numbers to the right with separators, units in headings, missing ones a dash."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["block", "items", "table"]

MISSING = "–"
WHOLE = 1_000  # numbers from here on are told without decimals


def block(title: str, words: str = "", *parts: str) -> str:
    """A title with words beside it, and below them parts that are HTML already."""
    told = f"<b>{escape(title)}</b>" + (f": {escape(words)}" if words else "")
    return f"<div>{told}</div>" + "".join(parts)


def items(lines: Iterable[str]) -> str:
    """Lines as a list; nothing if there are none."""
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{told}</ul>" if told else ""


def table(
    columns: Mapping[Any, Sequence[Any]],
    *,
    units: Mapping[str, str] | None = None,
    forms: Mapping[str, str] | None = None,
    names: Collection[str] = (),
    more: str = "",
) -> str:
    """Columns of one length as a table.

    Parameters
    ----------
    columns : mapping of heading to values
    units : mapping of heading to unit, optional
    forms : mapping of heading to format, optional
        Such as ",.2f", where four digits do not suit.
    names : collection of str
        Headings of columns that name something: numbers in them are told as they are, without separators.
    more : str
        What is said below the last row.
    """
    cells, heads = [], []
    for heading, values in columns.items():
        form = "" if heading in names else (forms or {}).get(heading)
        told = [_told(value, form) for value in values]
        right = all(map(_is_number, values)) and any(value is not None for value in values)
        style = f' style="text-align:{"right" if right else "left"};padding:2px 8px"'
        unit = f" ({units[heading]})" if units and heading in units else ""
        heads.append(f"<th{style}>{escape(str(heading))}{escape(unit)}</th>")
        cells.append([f"<td{style}>{escape(text)}</td>" for text in told])
    rows = [f"<tr>{''.join(row)}</tr>" for row in zip(*cells, strict=True)]
    if more:
        rows.append(f"<tr><td colspan={len(heads)}>{escape(more)}</td></tr>")
    return f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _told(value: Any, form: str | None) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, numbers.Real) and value != value):
        return MISSING
    if not isinstance(value, numbers.Real):
        return str(value)
    if form is not None:
        return format(value, form)
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    number = float(value)
    return f"{number:,.0f}" if WHOLE <= abs(number) < math.inf else f"{number:.4g}"


def _is_number(value: Any) -> bool:
    """Whether it is a number, missing, or text that shows a number, such as 1,234 or 12%."""
    if isinstance(value, str):
        try:
            float(value.replace(",", "").removesuffix("%").strip())
        except ValueError:
            return value == MISSING
        return True
    return value is None or (isinstance(value, numbers.Real) and not isinstance(value, bool))

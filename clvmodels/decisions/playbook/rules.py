"""The rules of a playbook: the actions that a segment may get, with their costs and assumed effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clvmodels import frames
from clvmodels.errors import InvalidTable, closest

__all__ = ["PlaybookRule", "read_playbook", "value_faults"]

TEXTS = ("segment", "action", "channel")
NEEDED = ("contact_cost", "extra_orders")
OPTIONAL = ("discount", "pulled_forward", "extra_share")
UNTIL = "valid_until"


@dataclass(frozen=True, slots=True)
class PlaybookRule:
    """One action for one segment.

    Attributes
    ----------
    segment, action, channel : str
    contact_cost : float
        Money per contact.
    extra_orders : float
        Orders that a contact is assumed to add, per contacted customer.
    discount : float
        Money off each order.
    pulled_forward : float
        Share of the extra orders that would have come later anyway.
    extra_share : float
        Further extra orders, as a share of the orders that are expected without a contact.
    valid_until : date or None
        The last day on which the effect counts as tested; None for an assumption.
    """

    segment: str
    action: str
    channel: str
    contact_cost: float
    extra_orders: float
    discount: float = 0.0
    pulled_forward: float = 0.0
    extra_share: float = 0.0
    valid_until: date | None = None


def read_playbook(playbook: Any, segments: Iterable[str | None]) -> list[PlaybookRule]:
    """Return the rules of a table; raise an InvalidTable that lists all its faults.

    Parameters
    ----------
    playbook : frame or path
    segments : iterable of str or None
        The segments of the customers, one of which each rule must name.
    """
    names = frames.column_names(playbook)
    missing = [name for name in (*TEXTS, *NEEDED) if name not in names]
    if missing:
        raise InvalidTable(
            f"playbook= has no column {', '.join(map(repr, missing))}; its columns are {', '.join(map(repr, names))}."
        )
    columns = [*TEXTS, *NEEDED, *(name for name in (*OPTIONAL, UNTIL) if name in names)]
    if isinstance(playbook, (str, Path)):
        playbook = frames.collect(frames.open_frame(playbook, {name: name for name in columns}).lazy)
    rows = [
        dict(zip(columns, row, strict=True))
        for row in zip(*(playbook[each].to_list() for each in columns), strict=True)
    ]
    for row in rows:  # a table put together from others may lack what only some of them have
        row |= {name: 0.0 for name in OPTIONAL if name in row and _is_missing(row[name])}
    present = sorted({segment for segment in segments if segment is not None})
    faults = [f"rule {i + 1}: {fault}" for i, row in enumerate(rows) for fault in _faults(row, present)]
    keys = [(str(row["segment"]), str(row["action"]), str(row["channel"])) for row in rows]
    faults += [f"{'/'.join(key)} appears twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
    if faults or not rows:
        unknown = any(row["segment"] not in present for row in rows)
        remedy = " Pass segments=, with all names that rules may have, if some segments are empty." if unknown else ""
        raise InvalidTable(f"playbook= is invalid: {'; '.join(faults) or 'it has no rules'}.{remedy}")
    return [_rule(row) for row in rows]


def _rule(row: dict[str, Any]) -> PlaybookRule:
    """Return the rule of a valid row."""
    values: dict[str, Any] = {name: row[name] for name in TEXTS}
    values |= {name: float(row[name]) for name in (*NEEDED, *OPTIONAL) if name in row}
    return PlaybookRule(**values, valid_until=_day(row.get(UNTIL)))


def _day(value: Any) -> date | None:
    """Return a date, None if it is missing; raise a ValueError for anything else."""
    if _is_missing(value):
        return None
    if isinstance(value, date):  # and datetime, which is one
        return value.date() if isinstance(value, datetime) else value
    return date.fromisoformat(str(value)[:10])


def _is_missing(value: Any) -> bool:
    """Return whether a value of any kind of frame is missing, or is an empty text."""
    return value is None or value is pd.NA or value is pd.NaT or value != value or value == ""


def _faults(row: dict[str, Any], present: list[str]) -> list[str]:
    """Return a list of what is wrong with a rule."""
    faults = []
    if row["segment"] not in present:
        options = ", ".join(map(repr, present))
        faults.append(
            f"no customer is in segment {row['segment']!r} (there are {options}){closest(row['segment'], present)}"
        )
    return faults + value_faults(row)


def value_faults(row: Mapping[str, Any]) -> list[str]:
    """Return a list of what is wrong with the numbers and the date of a rule."""
    faults = []
    try:
        _day(row.get(UNTIL))
    except ValueError:
        faults.append(f"{UNTIL} {row[UNTIL]!r} must be a date such as 2026-12-31, or missing")
    for name in (name for name in row if name not in (*TEXTS, UNTIL)):
        value, most = row[name], 1.0 if name == "pulled_forward" else np.inf
        if not isinstance(value, (int, float)) or not 0 <= value <= most or value == np.inf:
            limits = "from 0 to 1" if name == "pulled_forward" else "of 0 or more"
            faults.append(f"{name} {value!r} must be a number {limits}")
    return faults

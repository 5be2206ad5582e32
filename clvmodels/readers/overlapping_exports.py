"""Combine exports of different days: if several contain an order, the latest export counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import narwhals as nw

from clvmodels import frames
from clvmodels.readers.export_format import ExportFormat

__all__ = ["CombinedExports", "combine_exports"]

DAY = r"^\d{4}-\d{2}-\d{2}"


class CombinedExports(NamedTuple):
    """The rows of all exports, how many were left out for those of a later export, and what is wrong with exports."""

    rows: nw.DataFrame[Any]
    replaced: int
    faults: tuple[str, ...]


def combine_exports(files: Sequence[frames.FileFields], form: ExportFormat) -> CombinedExports:
    """Return the rows of all exports without those whose order a later export has.

    An export is later than another if it has a later date, in any of its columns. It is a fault if two exports differ
    in an order and their latest dates are the same.
    """
    if len(files) == 1:
        return CombinedExports(files[0].rows, 0, ())
    key = next((name for name in form.roles["order_id"] if all(name in file.rows.columns for file in files)), None)
    if key is None:
        return CombinedExports(nw.concat([file.rows for file in files], how="diagonal"), 0, ())
    ordered = sorted(files, key=_latest)
    parts: list[nw.DataFrame[Any]] = []
    replaced, faults = 0, []
    for number, file in enumerate(ordered):
        rows = file.rows
        for later in ordered[number + 1 :]:
            shared = nw.col(key).is_in(later.rows[key].drop_nulls().to_list()).fill_null(value=False)
            if _latest(later) == _latest(file) and len(rows.filter(shared)):
                faults += _undated(file, later, key)
            replaced += len(rows.filter(shared))
            rows = rows.filter(~shared)
        parts.append(rows)
    return CombinedExports(nw.concat(parts, how="diagonal"), replaced, tuple(faults))


def _undated(one: frames.FileFields, other: frames.FileFields, key: str) -> list[str]:
    """Return what is wrong if two exports with the same latest date state an order differently."""
    columns = [name for name in one.rows.columns if name in other.rows.columns]
    first, second = one.rows.select(columns), other.rows.select(columns)
    shared = first.filter(nw.col(key).is_in(second[key].drop_nulls().to_list()))
    again = second.filter(nw.col(key).is_in(shared[key].drop_nulls().to_list()))
    if sorted(map(str, shared.rows())) == sorted(map(str, again.rows())):
        return []
    fault = (
        f"{one.name!r} and {other.name!r} state an order differently (such as {shared[key][0]!r}) and have the "
        "same latest date, so that the later export cannot be recognized: leave the earlier one out."
    )
    return [fault]


def _latest(file: frames.FileFields) -> str:
    """Return the latest moment in any column, as text that sorts; dates with the year first, as exports write them."""
    latest = ""
    for name in file.rows.columns:
        values = file.rows[name].drop_nulls()
        if len(values) and values.str.contains(DAY).all():
            latest = max(latest, str(values.max())[:19])
    return latest

"""The unit of times: recorded when a table is made, and compared with `freq` when money is computed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clvmodels.compat.lifetimes.differences import report_difference
from clvmodels.errors import InvalidOption, list_names
from clvmodels.language import Finding

__all__ = ["DAYS_BY_DEFAULT", "UNITS_PER_MONTH", "record_unit", "unit_of", "units_per_month"]

UNITS_PER_MONTH = {"W": 4.345, "M": 1.0, "D": 30, "H": 30 * 24}  # as lifetimes rounds them
SAME_UNIT = {("D", 7): "W", ("H", 24): "D"}
ATTRIBUTE, LARGEST = "clvmodels_time_unit", "clvmodels_largest_time"  # of a table and its columns


class _Default(str):
    """The default of `freq`, as opposed to the same letter passed by the user."""

    __slots__ = ()


DAYS_BY_DEFAULT: str = _Default("D")


def record_unit(table: pd.DataFrame, times: str, freq: str, multiplier: float = 1) -> pd.DataFrame:
    """Return a table whose attributes record that its times, such as the column "T", are in this unit."""
    letter = freq.upper()
    unit = letter if multiplier == 1 else SAME_UNIT.get((letter, int(multiplier)))
    if unit in UNITS_PER_MONTH:
        largest = float(table[times].max())
        table = table.copy()  # pandas 2 caches a column, without the attributes that are set later
        table.attrs |= {ATTRIBUTE: unit, LARGEST: largest}
    return table


def unit_of(times: Any) -> str | None:
    """Return the recorded unit of a column of times; None if there is none, or the times have been changed since."""
    attributes = getattr(times, "attrs", {})
    if ATTRIBUTE not in attributes or not times.max() <= attributes[LARGEST]:
        return None
    unit: str = attributes[ATTRIBUTE]
    return unit


def units_per_month(freq: str, times: Any, model: Any) -> float:
    """Return the number of units of these times in a month; the recorded unit counts if `freq` has its default.

    Parameters
    ----------
    freq : str
        A key of UNITS_PER_MONTH.
    times : array_like
        T of the customers.
    model : fitter
        The model of purchases, which may know the unit that it was fitted in.
    """
    if freq.upper() not in UNITS_PER_MONTH:
        raise InvalidOption(f"freq={freq!r} is not one of {list_names(list(UNITS_PER_MONTH))}.")
    recorded = unit_of(times) or getattr(model, "_time_unit", None)
    by_default = isinstance(freq, _Default)
    if recorded is None and by_default:
        report_difference(Finding("compat-time-unit-unknown"))
    if recorded is None or recorded == freq.upper():
        return UNITS_PER_MONTH[freq.upper()]
    factor = UNITS_PER_MONTH[freq.upper()] / UNITS_PER_MONTH[recorded]
    figures = {"freq": str(freq), "recorded": recorded, "factor": factor}
    report_difference(Finding("compat-time-unit" if by_default else "compat-time-unit-passed", figures))
    return UNITS_PER_MONTH[recorded if by_default else freq.upper()]

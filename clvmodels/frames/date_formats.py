"""Find the formats of dates that read every value of a column; errors propose them, and the user chooses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import polars as pl

from clvmodels.errors import InvalidOption
from clvmodels.frames.running import run

__all__ = ["DATE_UNITS", "date_proposal", "days_of_dates", "formats_that_read", "parse_units"]

DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d", "%d %b %Y", "%d-%b-%Y",
    "%d-%b-%y", "%d %b %y", "%b %d, %Y", "%b %d %Y", "%b-%d-%Y", "%b-%d-%y", "%d %B %Y", "%B %d, %Y", "%Y年%m月%d日",
)  # fmt: skip
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M")
EARLIEST, LATEST = dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)
SPREADSHEET_EPOCH = dt.datetime(1899, 12, 30)  # day 0 of Excel, which counts a 29 February 1900
# Numbers that count from a day: the day, and milliseconds in the unit.
DATE_UNITS = {
    "excel days": (SPREADSHEET_EPOCH, 86_400_000),
    "unix seconds": (dt.datetime(1970, 1, 1), 1_000),
    "unix milliseconds": (dt.datetime(1970, 1, 1), 1),
}
# Dates as numbers are proposed only if they are from 1980 to 2080; 20240105 is then no number of days.
PLAUSIBLE = (dt.datetime(1980, 1, 1), dt.datetime(2080, 1, 1))
MOST_VALUES = 20_000  # most distinct values that are tried


def parse_units(plan: pl.LazyFrame, role: str, unit: str) -> pl.LazyFrame:
    """Parse numbers, or text with numbers, that count days or seconds; what is not a number becomes missing."""
    start, milliseconds = DATE_UNITS[unit]
    number = pl.col(role)
    if plan.collect_schema()[role] == pl.String:
        number = number.str.strip_chars()
    count = (number.cast(pl.Float64, strict=False) * milliseconds).round()
    first, last = ((day - start).total_seconds() * 1_000 for day in (EARLIEST, LATEST))
    inside = count.is_between(first, last)
    moment = pl.lit(start).cast(pl.Datetime("us")) + pl.duration(
        milliseconds=pl.when(inside).then(count).cast(pl.Int64)
    )
    return plan.with_columns(moment.alias(role))


def formats_that_read(values: list[str]) -> dict[str, list[dt.datetime]]:
    """Return the formats and units that read every value as a date from 1900 to 2200, with the dates.

    Parameters
    ----------
    values : list of str
        Different texts of a column.
    """
    if not values:
        return {}
    column = pl.DataFrame({"date": values}).lazy()
    readings: dict[str, list[dt.datetime]] = {}
    for form in _candidates(values[0]):
        if form.replace("%B", "%b") in readings:
            continue  # full names of months may be abbreviated
        parsed = run(column.select(pl.col("date").str.to_datetime(form, strict=False, time_unit="us")))["date"]
        if parsed.null_count() == 0 and _all_within(parsed, EARLIEST, LATEST):
            readings[form] = parsed.to_list()
    for unit in DATE_UNITS:
        parsed = run(parse_units(column, "date", unit))["date"]
        if parsed.null_count() == 0 and _all_within(parsed, *PLAUSIBLE):
            readings[unit] = parsed.to_list()
    return readings


def _all_within(dates: pl.Series, first: dt.datetime, last: dt.datetime) -> bool:
    """Return whether all dates are from one day to before another."""
    return bool(((dates >= first) & (dates < last)).all())


def _candidates(value: str) -> Iterator[str]:
    """Yield the formats that read one value."""
    text = pl.Series([value])
    for day in DAYS:
        for time in TIMES:
            form = day + time
            fits = (" " in value or "T" in value) == bool(time) or " " in day
            if fits and text.str.to_datetime(form, strict=False, time_unit="us").null_count() == 0:
                yield form


def date_proposal(lazy: nw.LazyFrame[Any], role: str, named: str | None = None) -> str:
    """Return a sentence that names the formats that read every value of a column; empty if none does.

    If several do, each has an example of a value that they read differently. If the `named` format does (default: ISO
    8601), there is nothing to propose.
    """
    plan: pl.LazyFrame = lazy.to_native()
    dtype = plan.collect_schema()[role]
    if dtype != pl.String and not dtype.is_numeric():
        return ""
    texts = (
        plan.select(pl.col(role).cast(pl.String).str.strip_chars().alias(role)).drop_nulls().unique(maintain_order=True)
    )
    values = run(texts.head(MOST_VALUES))[role].to_list()
    ways = formats_that_read(values)
    if (named or DAYS[0]) in ways:
        return ""
    if len(ways) < 2:
        return "".join(f" Every value can be read with date_format={form!r}." for form in ways)
    different = next((i for i in range(len(values)) if len({dates[i] for dates in ways.values()}) > 1), 0)
    readings = [f"date_format={form!r} ({_day(dates[different])})" for form, dates in ways.items()]
    with_each = ", or with ".join(readings)
    return f" Every value can be read in {len(ways)} ways, such as {values[different]!r} with {with_each}."


def _day(moment: dt.datetime) -> str:
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(" ")


def days_of_dates(dates: nw.Series[Any], name: str) -> npt.NDArray[np.datetime64]:
    """Return dates as days; of text, only the first ten characters are read.

    Raises
    ------
    InvalidOption
        If one is missing or not a date; `name` is used in the message.
    """
    values = dates.to_list()
    try:
        days = np.array(
            [
                np.datetime64(dt.date.fromisoformat(each[:10]) if isinstance(each, str) else each, "D")
                for each in values
            ],
            dtype="datetime64[D]",
        )
    except (TypeError, ValueError):
        days = np.full(len(values), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    if np.any(np.isnat(days)):
        raise InvalidOption(f"The dates of {name} must be dates, or text written YYYY-MM-DD, and none may be missing.")
    return days

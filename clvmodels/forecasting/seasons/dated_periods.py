"""Read tables of named days and periods, and make tables of well-known holidays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import narwhals as nw
import numpy as np

from clvmodels.errors import InvalidOption

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DatedPeriod", "Holiday", "PeriodTable", "holiday_table", "read_periods"]

Holiday = Literal["easter", "singles_day", "chinese_new_year", "black_friday", "ramadan", "christmas"]
PeriodTable = Any
"""A frame with the columns name, first and last, of any engine; or a list of such records as dictionaries."""

COLUMNS = ("name", "first", "last")
FIRST_YEAR, LAST_YEAR = 1950, 2100
SHOWN = 3  # faulty rows in an error


class DatedPeriod(NamedTuple):
    """name. first, last: days, counted from 1970-01-01, both included."""

    name: str
    first: int
    last: int


def holiday_table(holidays: Sequence[str], years: Sequence[int], *, country: str | None = None) -> pd.DataFrame:
    """Return the days of holidays and shopping days, as `events` of `estimate_calendar`.

    Lunar holidays and the public holidays of countries are from the package holidays (`pip install
    'clvmodels[holidays]'`).

    Parameters
    ----------
    holidays : sequence of str
        "easter" (Good Friday to Easter Monday), "christmas" (December 24 to 26), "singles_day" (November 11),
        "black_friday" (to Cyber Monday), "chinese_new_year" (its eve and seven days) and "ramadan" (to the day before
        Eid al-Fitr; by moon sighting, it may begin a day earlier or later). With a country also "public": all of its
        public holidays, each under its name.
    years : sequence of int
        Those of the log, and of the horizons to come.
    country : str, optional
        ISO code, such as "DE".

    Returns
    -------
    pandas DataFrame
        name, first, last (dates as text), one row per holiday and year.

    Raises
    ------
    InvalidOption
        If a holiday or country is unknown, or the package is needed and not installed.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.holiday_table(["black_friday", "easter"], [2024])
               name       first        last
    0        easter  2024-03-29  2024-04-01
    1  black_friday  2024-11-29  2024-12-02
    """
    import pandas as pd

    options = (*get_args(Holiday), "public")
    for name in holidays:
        if name not in options:
            raise InvalidOption(f"holidays has {name!r}, which is not one of {', '.join(map(repr, options))}.")
    if "public" in holidays and country is None:
        raise InvalidOption("holidays has 'public': pass the country as well, such as country='DE'.")
    for year in years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise InvalidOption(f"years has {year!r}, which is not a year from {FIRST_YEAR} to {LAST_YEAR}.")
    rows = [row for year in years for name in holidays for row in _days_of_holiday(name, int(year), country)]
    rows.sort(key=lambda row: (row[1], row[0]))
    return pd.DataFrame({name: [str(row[i]) for row in rows] for i, name in enumerate(COLUMNS)})


def read_periods(table: PeriodTable, name: str) -> tuple[DatedPeriod, ...]:
    """Return the rows of a table of periods, ordered by day; `name` is the argument for error messages.

    Raises
    ------
    InvalidOption
        If the table is not a frame or list, a column is missing, or days are missing, unreadable or out of order.
    """
    columns = _columns(table, name)
    faulty, periods = [], []
    for row, (label, first, last) in enumerate(zip(*columns, strict=True)):
        days = [_day(value) for value in (first, last)]
        if label is None or label != label or days[0] is None or days[1] is None or days[1] < days[0]:
            faulty.append(f"row {row + 1} ({label!r}, {first!s} to {last!s})")
        else:
            periods.append(DatedPeriod(str(label), days[0], days[1]))
    if faulty:
        raise InvalidOption(
            f"{name}: {len(faulty)} of {len(columns[0])} rows do not have a name, a first day and a last day, written "
            f"YYYY-MM-DD and in order, such as {'; '.join(faulty[:SHOWN])}."
        )
    return tuple(sorted(periods, key=lambda period: (period.first, period.last)))


def _columns(table: PeriodTable, name: str) -> list[list[Any]]:
    """Return the columns of a table of periods as lists."""
    if isinstance(table, (list, tuple)):
        if not all(isinstance(row, dict) for row in table):
            raise InvalidOption(f"{name} must be a table with the columns {', '.join(COLUMNS)}.")
        missing = [column for column in COLUMNS if any(column not in row for row in table)]
        columns = [] if missing else [[row[column] for row in table] for column in COLUMNS]
    else:
        try:
            frame = nw.from_native(table, eager_only=True)
        except TypeError:
            raise InvalidOption(f"{name} must be a table with the columns {', '.join(COLUMNS)}.") from None
        missing = [column for column in COLUMNS if column not in frame.columns]
        columns = [] if missing else [frame[column].to_list() for column in COLUMNS]
    if missing:
        raise InvalidOption(f"{name} lacks the columns {', '.join(missing)}: it needs {', '.join(COLUMNS)}.")
    return columns


def _day(value: Any) -> int | None:
    """Return a date or ISO text as a day since 1970-01-01; None for anything else."""
    try:
        day = np.datetime64(value, "D")
    except (TypeError, ValueError):
        return None
    return None if np.isnat(day) else int(day.astype(np.int64))


def _days_of_holiday(name: str, year: int, country: str | None) -> list[tuple[str, date, date]]:
    """Return the names, first and last days of a holiday in a year; several for public holidays and Ramadan."""
    day = timedelta(days=1)
    if name == "public":
        package = _package()
        try:
            table = package.country_holidays(country, years=[year])
        except NotImplementedError:
            raise InvalidOption(f"country={country!r} is not a country of the package holidays.") from None
        return [(str(label), when, when) for when, label in table.items()]
    if name == "easter":
        from dateutil.easter import easter

        sunday = easter(year)
        return [(name, sunday - 2 * day, sunday + day)]
    if name == "chinese_new_year":
        new_year = _package().calendars._ChineseLunisolar().lunar_new_year_date(year)
        new_year = new_year[0] if isinstance(new_year, tuple) else new_year  # since 0.80 (date, is_estimated)
        return [(name, new_year - day, new_year + 6 * day)]
    if name == "ramadan":
        return _ramadan(year)
    if name == "black_friday":
        first = date(year, 11, 1)
        thanksgiving = first + ((3 - first.weekday()) % 7 + 21) * day
        return [(name, thanksgiving + day, thanksgiving + 4 * day)]
    return [
        (name, date(year, 11, 11), date(year, 11, 11))
        if name == "singles_day"
        else (name, date(year, 12, 24), date(year, 12, 26))
    ]


def _ramadan(year: int) -> list[tuple[str, date, date]]:
    """Return the months of Ramadan that begin in a year; there are two in 2030."""
    moon = _package().calendars._IslamicLunar()
    begins = sorted({when for when, _ in moon.ramadan_beginning_dates(year) if when.year == year})
    ends = sorted({when for later in (year, year + 1) for when, _ in moon.eid_al_fitr_dates(later)})
    return [("ramadan", begin, next(end for end in ends if end > begin) - timedelta(days=1)) for begin in begins]


def _package() -> Any:
    """Return the package holidays; raise an error with the install command if it is missing."""
    try:
        import holidays
        import holidays.calendars
    except ImportError:
        raise InvalidOption(
            "These holidays are from the package holidays: install it with pip install 'clvmodels[holidays]'."
        ) from None
    return holidays

"""Fiscal calendars: years of whole weeks (4-4-5), or months that end on a given day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Literal, get_args

from clvmodels.errors import InvalidOption

__all__ = ["FiscalCalendar", "FiscalPattern"]

FiscalPattern = Literal["4-4-5", "4-5-4", "5-4-4", "months"]
DAY = timedelta(days=1)
WEEK, MONTHS, QUARTER = 7, 12, 3
LATEST_DAY = 28  # the last day that every month has


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """The periods by which a business reports.

    Fiscal years are named by the calendar year in which they end, and their months are numbered.

    Parameters
    ----------
    pattern : {"4-4-5", "4-5-4", "5-4-4", "months"}
        Weeks of the three months of a quarter; a 53rd week belongs to the last month. "months": months that end on
        `last_day`.
    year_end_month : int, default=12
        The month in which the fiscal year ends.
    weekday : int, default=5
        For patterns of weeks, the day on which weeks end: 0 is Monday, 5 Saturday, 6 Sunday.
    nearest : bool, default=False
        For patterns of weeks, whether the year ends on the weekday nearest to the end of its month, which may be in the
        next month, instead of on the last one in it.
    last_day : int, default=28
        For "months", the last day of each month, 1 to 28; later days belong to the next month.

    Raises
    ------
    InvalidOption
        If an option is out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> retail = clv.FiscalCalendar("4-5-4", year_end_month=1, nearest=True)
    >>> retail.label("2024-02-03", "month"), retail.label("2024-02-04", "month")
    ('FY2024 P12', 'FY2025 P01')
    >>> clv.FiscalCalendar("months", last_day=25).label("2024-12-26", "quarter")
    'FY2025 Q1'
    """

    pattern: FiscalPattern
    year_end_month: int = 12
    weekday: int = 5
    nearest: bool = False
    last_day: int = LATEST_DAY

    def __post_init__(self) -> None:
        if self.pattern not in get_args(FiscalPattern):
            raise InvalidOption(f"pattern={self.pattern!r} is not one of {', '.join(get_args(FiscalPattern))}.")
        for name, first, last in (("year_end_month", 1, MONTHS), ("weekday", 0, WEEK - 1), ("last_day", 1, LATEST_DAY)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not first <= value <= last:
                raise InvalidOption(f"{name}={value!r} must be a whole number from {first} to {last}.")

    def label(self, day: str, length: Literal["month", "quarter", "year"]) -> str:
        """Return the name of the period of a day, such as "FY2024 P07", "FY2024 Q3" or "FY2024".

        Parameters
        ----------
        day : str
            Written YYYY-MM-DD.
        length : {"month", "quarter", "year"}
        """
        year, month = self._month(date.fromisoformat(day[:10]))
        quarter = (month - 1) // QUARTER + 1
        return {"month": f"FY{year} P{month:02d}", "quarter": f"FY{year} Q{quarter}", "year": f"FY{year}"}[length]

    def _month(self, day: date) -> tuple[int, int]:
        """Return the fiscal year and month of a day."""
        if self.pattern == "months":
            ahead = int(day.day > self.last_day)
            months = MONTHS * day.year + day.month - 1 + ahead - self.year_end_month
            return months // MONTHS + 1, months % MONTHS + 1
        year = day.year - 1
        while day > self._year_end(year):
            year += 1
        week = (day - self._year_end(year - 1) - DAY).days // WEEK
        ends = accumulate(int(weeks) for weeks in self.pattern.split("-") * 4)
        return year, min(1 + sum(week >= end for end in ends), MONTHS)

    def _year_end(self, year: int) -> date:
        """Return the last day of the fiscal year that ends in a calendar year."""
        last = date(year, self.year_end_month, calendar.monthrange(year, self.year_end_month)[1])
        before = (last.weekday() - self.weekday) % WEEK
        after = WEEK - before
        return last + after * DAY if self.nearest and after < before else last - before * DAY

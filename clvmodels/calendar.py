"""The Calendar: how fast the customers' clock runs on each day, and its integrals.

Customers buy at a constant rate in calendar time, in which a day lasts as long as its speed. Speeds are constant within
a day, so that calendar time is a cumulative sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import files
from clvmodels.errors import InvalidModelFile, InvalidOption
from clvmodels.season_doubt import SeasonDoubt

__all__ = [
    "Calendar",
    "CalendarPeriod",
    "PeriodKind",
    "calendar_time",
    "day_of_year",
    "iso_day",
    "plain_time",
]

PeriodKind = Literal["event", "promotion", "closed", "records_lost", "stock_out"]
Speeds = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]

DAYS_OF_YEAR = 366  # including 29 February
LEAP_DAY = 59  # its place in the season
DAYS_OF_WEEK, WEEKS_OF_YEAR = 7, 52
DAYS_OF_SHORT_YEAR = 364  # 52 weeks, with every weekday equally often
THURSDAY = 3  # 1970-01-01, day 0
EPOCH = date(1970, 1, 1)
FIRST_DAY, LAST_DAY = (date(1850, 1, 1) - EPOCH).days, (date(2450, 1, 1) - EPOCH).days  # time is plain outside of these
FORMAT, SCHEMA_VERSION = "clvmodels.Calendar", 1


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """A period in which customers buy faster or slower than on other days.

    Parameters
    ----------
    name : str
    first, last : str
        First and last day, as YYYY-MM-DD.
    speed : float
        Purchases relative to other days of the same season: 2 means twice as many, 0 none. Of lost records, the share
        that was kept.
    kind : {"event", "promotion", "closed", "records_lost", "stock_out"}, default="event"
        A closed shop has speed 0.

    Raises
    ------
    InvalidOption
        If days are not dates in order, or the speed is negative, not finite, or does not fit the kind.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.CalendarPeriod("spring sale", "2025-03-01", "2025-03-07", 1.8, "promotion").days
    7
    """

    name: str
    first: str
    last: str
    speed: float
    kind: PeriodKind = "event"

    def __post_init__(self) -> None:
        if self.kind not in get_args(PeriodKind):
            raise InvalidOption(f"kind={self.kind!r} is not one of {', '.join(map(repr, get_args(PeriodKind)))}.")
        if _day(self.last, "last") < _day(self.first, "first"):
            raise InvalidOption(f"The period {self.name!r} ends on {self.last}, before it begins on {self.first}.")
        if not (_is_number(self.speed) and self.speed >= 0):
            raise InvalidOption(f"speed={self.speed!r} of {self.name!r} must be a finite number of at least 0.")
        if (self.speed == 0) != (self.kind == "closed"):
            raise InvalidOption(
                f"speed={self.speed!r} of {self.name!r}: a period of kind 'closed' must have speed 0, and no other "
                "period may."
            )
        if self.kind == "records_lost" and self.speed > 1:
            raise InvalidOption(
                f"speed={self.speed!r} of {self.name!r}: for lost records, pass the share that was kept."
            )

    @property
    def days(self) -> int:
        """Number of days."""
        return _day(self.last, "last") - _day(self.first, "first") + 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """How fast the customers' clock runs on each day.

    The speed of a day is the product of its season, its weekday and the periods it is in. Season and weekdays are
    divided by their means, so that a year of calendar time lasts a year. A calendar has no end: where periods end, the
    season goes on.

    Parameters
    ----------
    season : sequence of float, optional
        Relative speed of each day of a leap year, from 1 January to 31 December, (366,).
    weekdays : sequence of float, optional
        Relative speed from Monday to Sunday, (7,).
    periods : sequence of CalendarPeriod, optional
        Holidays, promotions and outages. Those of earlier and of coming years are separate periods.
    doubt : SeasonDoubt, optional
        The uncertainty of the season, from `estimate_calendar`, for intervals of totals. Calendars that differ only in
        it are equal.

    Raises
    ------
    InvalidOption
        If a sequence has the wrong length, or a speed is negative, not finite, or 0 throughout.

    See Also
    --------
    estimate_calendar : Estimate the season from a log.

    Examples
    --------
    >>> import clvmodels as clv
    >>> shop = clv.Calendar(periods=[clv.CalendarPeriod("moving house", "1997-06-02", "1997-06-15", 0, "closed")])
    >>> shop.elapsed("1997-06-01", "1997-07-01")  # days of calendar time between the ends of two days
    16.0
    """

    season: tuple[float, ...] = ()
    weekdays: tuple[float, ...] = ()
    periods: tuple[CalendarPeriod, ...] = ()
    doubt: SeasonDoubt | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, length in (("season", DAYS_OF_YEAR), ("weekdays", DAYS_OF_WEEK)):
            speeds = tuple(float(speed) for speed in getattr(self, name))
            object.__setattr__(self, name, speeds)
            if speeds and len(speeds) != length:
                raise InvalidOption(f"{name} must have {length} speeds, or none; these are {len(speeds)}.")
            if speeds and not (all(map(_is_number, speeds)) and min(speeds) >= 0 and max(speeds) > 0):
                raise InvalidOption(f"{name} must have speeds that are finite and not negative, and not all 0.")
        periods = tuple(self.periods)
        object.__setattr__(self, "periods", periods)
        if not all(isinstance(period, CalendarPeriod) for period in periods):
            raise InvalidOption("periods must be CalendarPeriod records.")

    def __str__(self) -> str:
        parts = [name for name in ("season", "weekdays") if getattr(self, name)]
        if self.periods:
            parts.append(f"{len(self.periods)} period{'s' if len(self.periods) > 1 else ''}")
        return f"calendar of {', '.join(parts)}" if parts else "calendar without effects"

    @property
    def is_constant(self) -> bool:
        """Whether every day has the same speed, so that calendar time is plain time."""
        season, weekdays = set(self.season), set(self.weekdays)
        return len(season) <= 1 and len(weekdays) <= 1 and all(period.speed == 1 for period in self.periods)

    def speeds(self, days: npt.ArrayLike) -> Speeds:
        """Return the speed of days, counted from 1970-01-01, in the shape of days."""
        day = np.asarray(days, dtype=np.int64)
        speed = np.ones(day.shape)
        if self.season:
            season = np.array(self.season)
            speed *= season[day_of_year(day)] / _mean_over_years(season)
        if self.weekdays:
            weekdays = np.array(self.weekdays)
            speed *= weekdays[(day + THURSDAY) % DAYS_OF_WEEK] / weekdays.mean()
        for period in self.periods:
            inside = (day >= _day(period.first, "first")) & (day <= _day(period.last, "last"))
            speed = np.where(inside, speed * period.speed, speed)
        return speed

    def days_without_purchases(self) -> list[int]:
        """Return the days of speed 0, counted from 1970-01-01."""
        return _closed_days(self)

    def elapsed(self, since: str, until: str) -> float:
        """Return the calendar time from the end of one day to the end of another, in days."""
        begin, end = _day(since, "since"), _day(until, "until")
        return float(calendar_time(self, np.array(end)) - calendar_time(self, np.array(begin)))

    def with_periods(self, *periods: CalendarPeriod) -> Self:
        """Return the calendar with more periods."""
        return replace(self, periods=(*self.periods, *periods))

    def scaled(self, first: str, last: str) -> float:
        """Return the mean speed from the first day to the last, both included.

        This shows how a horizon lies in the season: 1.3 means 30 % more purchases than on average days.
        """
        begin, end = _day(first, "first"), _day(last, "last")
        if end < begin:
            raise InvalidOption(f"last={last!r} is before first={first!r}.")
        return float(self.speeds(np.arange(begin, end + 1)).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return the calendar as plain values; `doubt` is left out if there is none."""
        plain = {
            "season": list(self.season),
            "weekdays": list(self.weekdays),
            "periods": [{f.name: getattr(period, f.name) for f in fields(period)} for period in self.periods],
        }
        return plain if self.doubt is None else {**plain, "doubt": self.doubt.to_dict()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Return the calendar that `to_dict` wrote."""
        periods = tuple(CalendarPeriod(**period) for period in document.get("periods", ()))
        doubt = document.get("doubt")
        return cls(
            tuple(document.get("season", ())),
            tuple(document.get("weekdays", ())),
            periods,
            None if doubt is None else SeasonDoubt.from_dict(doubt),
        )

    @classmethod
    def from_series(cls, days: Sequence[Any], sales: Sequence[float]) -> Self:
        """Return the season of sales per day: last year's of the shop or of a sister shop, or search interest.

        Use it if a log cannot show the season itself: within its first year, or if all customers arrived at the same
        time. Speeds are constant within each of the 52 weeks of the year.

        Parameters
        ----------
        days : sequence of dates or ISO texts
            Days with sales, of one whole year or several. Missing days count as days without sales.
        sales : sequence of float
            Sales on each day, in any unit; not negative. Several values of a day are added up.

        Raises
        ------
        InvalidOption
            If days and sales differ in number, the days do not cover a year, or a value is negative or not finite.

        Examples
        --------
        >>> import clvmodels as clv
        >>> import pandas as pd
        >>> days = pd.date_range("2024-01-01", "2024-12-31")
        >>> season = clv.Calendar.from_series(days, 100 + 150 * (days.month == 12))
        >>> round(season.scaled("2025-12-05", "2025-12-20"), 2)
        2.22
        """
        day = np.asarray(days, dtype="datetime64[D]").astype(np.int64)
        value = np.asarray(sales, dtype=float)
        if day.ndim != 1 or day.shape != value.shape:
            raise InvalidOption(
                f"days and sales must be two columns of the same length, not {day.shape}, {value.shape}."
            )
        if not np.all(np.isfinite(value) & (value >= 0)) or not value.sum() > 0:
            raise InvalidOption("sales must be finite and not negative, and not all 0.")
        begin, end = int(day.min()), int(day.max())
        years = (end - begin + 1) // DAYS_OF_SHORT_YEAR
        if years < 1:
            raise InvalidOption(f"The sales cover {end - begin + 1} days: a season needs the sales of a whole year.")
        per_day = np.bincount(day - begin, value)
        whole = per_day[len(per_day) - years * DAYS_OF_SHORT_YEAR :]
        week = np.minimum(day_of_year(np.arange(end + 1 - len(whole), end + 1)) // DAYS_OF_WEEK, WEEKS_OF_YEAR - 1)
        speeds = np.bincount(week, whole) / np.bincount(week)
        season = np.append(np.repeat(speeds, DAYS_OF_WEEK), [speeds[-1]] * 2) / speeds.mean()
        return cls(season=tuple(np.round(season, 6).tolist()))

    def save(self, path: str | Path) -> None:
        """Write the calendar as JSON; the file is written completely or not at all."""
        document = {"format": FORMAT, "schema_version": SCHEMA_VERSION, **self.to_dict()}
        files.write_checked(Path(path), document)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a calendar that `save` wrote.

        Raises
        ------
        InvalidModelFile
            If the file is missing, damaged, or not a calendar.
        """
        where = Path(path)
        document = files.read_document(where, "calendar", FORMAT, SCHEMA_VERSION, InvalidModelFile)
        try:
            calendar = cls.from_dict(document)
        except (InvalidOption, TypeError, ValueError) as error:
            raise InvalidModelFile(f"{where}: is damaged: {error}") from error
        files.refuse_damaged(where, document, InvalidModelFile, "Save the calendar again.")
        return calendar


def calendar_time(calendar: Calendar, days: npt.ArrayLike) -> Speeds:
    """Return calendar time at the end of days, which may be fractions, in days since the end of 1970-01-01.

    Within a day, calendar time runs at the speed of the day; outside of 1850 to 2450 at speed 1. Integers, which are
    whole days, are looked up at once.
    """
    day = np.asarray(days)
    if day.dtype.kind == "i" and day.size and day.min() >= FIRST_DAY and day.max() <= LAST_DAY:
        totals: Speeds = _totals(calendar)[day - FIRST_DAY]
        return totals
    day = day.astype(float)
    within = np.clip(day, FIRST_DAY, LAST_DAY)
    whole = np.minimum(np.floor(within), LAST_DAY - 1).astype(np.int64)
    total = _totals(calendar)
    before, after = total[whole - FIRST_DAY], total[whole - FIRST_DAY + 1]
    answer: Speeds = before + (within - whole) * (after - before) + (day - within)
    return answer


def plain_time(calendar: Calendar, times: npt.ArrayLike) -> Speeds:
    """Return the days, with fractions, at which calendar time reaches given values: the inverse of `calendar_time`."""
    time, total = np.asarray(times, dtype=float), _totals(calendar)
    days = np.interp(time, total, np.arange(FIRST_DAY, LAST_DAY + 1, dtype=float))
    beyond = np.maximum(time - total[-1], 0.0) + np.minimum(time - total[0], 0.0)
    answer: Speeds = days + beyond
    return answer


def day_of_year(days: Days) -> Days:
    """Return the place of days, counted from 1970-01-01, in a leap year: 0 is 1 January, 365 is 31 December."""
    if days.size and days.min() >= FIRST_DAY and days.max() <= LAST_DAY:
        places: Days = _places_in_year()[days - FIRST_DAY]
        return places
    return _place_in_year(days)


@lru_cache(maxsize=1)
def _places_in_year() -> Days:
    """Return the place in the year of every day from FIRST_DAY to LAST_DAY."""
    places = _place_in_year(np.arange(FIRST_DAY, LAST_DAY + 1))
    places.setflags(write=False)
    return places


def _place_in_year(days: Days) -> Days:
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    place = (dates - years.astype("datetime64[D]")).astype(np.int64)
    year = years.astype(np.int64) + EPOCH.year
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    answer: Days = place + ((place >= LEAP_DAY) & ~leap)
    return answer


@lru_cache(maxsize=32)
def _closed_days(calendar: Calendar) -> list[int]:
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    closed: list[int] = days[calendar.speeds(days) == 0].tolist()
    return closed


@lru_cache(maxsize=32)
def _totals(calendar: Calendar) -> Speeds:
    """Return calendar time at the end of every day from FIRST_DAY to LAST_DAY; 0 at the end of day 0."""
    total = np.cumsum(calendar.speeds(np.arange(FIRST_DAY, LAST_DAY + 1)))
    total -= total[-FIRST_DAY]
    total.setflags(write=False)
    return total


def _mean_over_years(season: Speeds) -> float:
    """Return the mean speed of a season over years, of which every fourth has a leap day."""
    weights = np.ones(DAYS_OF_YEAR)
    weights[LEAP_DAY] = 0.25
    return float((weights * season).sum() / weights.sum())


def _day(text: str, name: str) -> int:
    """Return a date in ISO text as days since 1970-01-01."""
    try:
        return (date.fromisoformat(text) - EPOCH).days
    except (TypeError, ValueError):
        raise InvalidOption(f"{name}={text!r} is not a date written YYYY-MM-DD.") from None


def iso_day(day: int) -> str:
    """Return a day, counted from 1970-01-01, as ISO text."""
    return (EPOCH + timedelta(days=int(day))).isoformat()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

"""The Clock: the time unit, the period within which purchases are merged, the time zone, and the calendar.

Purchases within one tick (a calendar day, or an hour) count as one purchase. Ticks are whole numbers since 1970; the
time unit only divides their differences, so it changes no data, only the scale of times and parameters.

On a discrete clock the tick is a whole calendar week, month or year: one opportunity to buy, and the time unit.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from clvmodels.calendar import Calendar, calendar_time
from clvmodels.errors import InvalidOption, closest
from clvmodels.time_ahead import TimeAhead

__all__ = ["Clock", "MergePeriod", "Moment", "TimeUnit"]

TimeUnit = Literal["hour", "day", "week", "month", "year"]
MergePeriod = Literal["hour", "day", "week", "month", "year"]
Moment = str | date | datetime

HOURS: dict[str, float] = {
    "hour": 1.0,
    "day": 24.0,
    "week": 168.0,
    "month": 24 * 365.25 / 12,
    "year": 24 * 365.25,
}
OPPORTUNITIES: tuple[Literal["week", "month", "year"], ...] = ("week", "month", "year")
ROUNDING_TOLERANCE = 1e-9  # float error allowed in a whole number of opportunities
HORIZON = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(hour|day|week|month|year)s?\s*")
EPOCH = datetime(1970, 1, 1)
FIRST_MONDAY = 3  # days from the Monday of its week to 1970-01-01, a Thursday


@dataclass(frozen=True, slots=True)
class Clock:
    """The rules of time that travel with every RFM and every model.

    Parameters
    ----------
    time_unit : {"hour", "day", "week", "month", "year"}
        The unit of recency, T, horizons and parameters. A month is 365.25/12 days, a year 365.25 days.
    merge_within : {"day", "hour", "week", "month", "year"}
        Purchases of a customer within one such calendar period count as one. A week (from Monday), month or year is an
        opportunity to buy, as in discrete processes, and must also be the time unit.
    time_zone : str, optional
        IANA name of the zone whose calendar applies. Needed for timestamps with a zone. Hours are counted as elapsed
        hours, also when summer time begins or ends; without a zone, by the clock.
    calendar : Calendar, optional
        How fast customers buy on each day; models then measure time by it. Not for opportunities to buy.

    Raises
    ------
    InvalidOption
        If the unit, merge period or zone does not exist, or opportunities are combined with another unit or with a
        calendar.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clock = clv.Clock("week")
    >>> clock.duration("12 months"), clock.describe_tick(clock.last_tick("1997-09-30"))
    (52.17857142857143, '1997-09-30')
    >>> clv.Clock("month", "month").discrete  # each calendar month is one opportunity to buy
    True
    """

    time_unit: TimeUnit = "day"
    merge_within: MergePeriod = "day"
    time_zone: str | None = None
    calendar: Calendar | None = None

    def __post_init__(self) -> None:
        for name, value, options in (
            ("time_unit", self.time_unit, get_args(TimeUnit)),
            ("merge_within", self.merge_within, get_args(MergePeriod)),
        ):
            if value not in options:
                raise InvalidOption(
                    f"{name}={value!r} is not one of {', '.join(map(repr, options))}.{closest(value, options)}"
                )
        if self.discrete and self.time_unit != self.merge_within:
            raise InvalidOption(
                f"merge_within={self.merge_within!r} makes each calendar {self.merge_within} one opportunity to buy, "
                f"which must also be the time unit: pass time_unit={self.merge_within!r} instead of "
                f"{self.time_unit!r}, or merge_within='day'."
            )
        if not (self.calendar is None or isinstance(self.calendar, Calendar)):
            raise InvalidOption(f"calendar={self.calendar!r} must be a Calendar, such as Calendar.load(path) returns.")
        if self.calendar is not None and self.discrete:
            raise InvalidOption(
                f"A calendar needs the days of purchases, and merge_within={self.merge_within!r} counts opportunities "
                "to buy: leave out calendar=, or pass merge_within='day'."
            )
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (KeyError, ValueError, OSError, TypeError):  # ZoneInfoNotFoundError is a KeyError
                raise InvalidOption(
                    f"time_zone={self.time_zone!r} is not a known time zone; pass an IANA name such as 'Europe/Paris'."
                ) from None

    def __str__(self) -> str:
        zone = f", zone {self.time_zone}" if self.time_zone else ""
        zone += f", with a {self.calendar}" if self.calendar else ""
        if self.discrete:
            return f"calendar {self.time_unit}s, each one opportunity to buy{zone}"
        return f"{self.time_unit}s, purchases merged within the {self.merge_within}{zone}"

    def to_dict(self) -> dict[str, Any]:
        """Return the clock as plain values; without the calendar if there is none."""
        plain = {name: getattr(self, name) for name in ("time_unit", "merge_within", "time_zone")}
        return plain if self.calendar is None else {**plain, "calendar": self.calendar.to_dict()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Return the clock that `to_dict` wrote."""
        calendar = document.get("calendar")
        return cls(**{**document, "calendar": None if calendar is None else Calendar.from_dict(calendar)})

    @property
    def discrete(self) -> bool:
        """Whether ticks are opportunities to buy, and times are whole numbers of them."""
        return self.merge_within in OPPORTUNITIES

    @property
    def ticks_per_unit(self) -> float:
        """Merge periods in one time unit."""
        return HOURS[self.time_unit] / HOURS[self.merge_within]

    @property
    def days_per_unit(self) -> float:
        """Days in one time unit; a month is a twelfth of 365.25 days."""
        return HOURS[self.time_unit] / HOURS["day"]

    @property
    def units_per_year(self) -> float:
        """Time units in a year of 365.25 days."""
        return self.length("year")

    @property
    def seasonal(self) -> bool:
        """Whether there is a calendar by which some days are faster than others."""
        return self.calendar is not None and not self.calendar.is_constant

    def elapsed(self, since: Any, until: Any) -> Any:
        """Return the time between ticks in this clock's unit, by the calendar if there is one.

        Parameters
        ----------
        since, until : int or float arrays
            Ticks; time runs from the end of one to the end of the other.
        """
        if self.calendar is None or self.calendar.is_constant:
            return (until - since) / self.ticks_per_unit
        begin, end = (calendar_time(self.calendar, self._day_of(tick)) for tick in (since, until))
        return (end - begin) / self.days_per_unit

    def ahead(self, tick: int) -> TimeAhead | None:
        """Return calendar time after the end of a tick; None if it is plain time."""
        if self.calendar is None or self.calendar.is_constant:
            return None
        return TimeAhead(self.calendar, float(self._day_of(tick)), self.days_per_unit)

    def _day_of(self, tick: Any) -> Any:
        """Return the days since 1970-01-01 at the end of ticks, with fractions for hours."""
        return (tick + 1) / 24 - 1 if self.merge_within == "hour" else tick

    def length(self, unit: TimeUnit) -> float:
        """Return the length of a unit in this clock's unit."""
        return HOURS[unit] / HOURS[self.time_unit]

    def duration(self, value: float | str, name: str = "horizon") -> float:
        """Return a length of time in this clock's unit.

        Parameters
        ----------
        value : float or str
            A number in the clock's unit, or text with a unit, such as "90 days" or "12 months".
        name : str
            Name of the argument in error messages.

        Raises
        ------
        InvalidOption
            If the text cannot be read, or the length is negative, not finite, or, on a discrete clock, not a whole
            number of opportunities.
        """
        if isinstance(value, str):
            match = HORIZON.fullmatch(value.lower())
            if match is None:
                raise InvalidOption(
                    f"{name}={value!r} cannot be read: pass a length with its unit, such as '90 days', '39 weeks' or "
                    f"'12 months' (in Python, a number means {self.time_unit}s)."
                )
            length = float(match[1]) * HOURS[match[2]] / HOURS[self.time_unit]
        else:
            try:
                length = float(value)
            except (TypeError, ValueError):
                raise InvalidOption(f"{name}={value!r} is neither a number nor text such as '12 months'.") from None
        if not (math.isfinite(length) and length >= 0):
            raise InvalidOption(f"{name}={value!r} is not a length of time: it must be finite and not negative.")
        if not self.discrete:
            return length
        if abs(length - round(length)) > ROUNDING_TOLERANCE * max(1.0, length):
            whole, unit = math.floor(length), self.time_unit
            raise InvalidOption(
                f"{name}={value!r} is {length:.5g} {unit}s, but this clock counts whole opportunities to buy: "
                f"pass {_with_unit(whole, unit)} or {_with_unit(whole + 1, unit)}."
            )
        return float(round(length))

    def continuous_rate(self, annual_rate: float) -> float:
        """Return the force of interest per unit: money in t units is worth exp(-rate t) = (1 + annual)^(-years)."""
        if not (math.isfinite(annual_rate) and annual_rate > -1):
            raise InvalidOption(
                f"annual_discount_rate={annual_rate!r} must be a finite effective annual rate above -1; "
                "10 % per year is 0.10."
            )
        return math.log1p(annual_rate) / self.units_per_year

    def last_tick(self, moment: Moment, name: str = "observation_end") -> int:
        """Return the last tick of a moment: of the last hour of a date, of the hour of a timestamp."""
        when, whole_day = self._read(moment, name)
        hours = (when - EPOCH) // timedelta(hours=1)
        if self.merge_within == "hour":
            if self.time_zone is not None:
                return self._hours_passed(when, whole_day)
            return hours + 23 if whole_day else hours
        if self.merge_within == "week":
            return (hours // 24 + FIRST_MONDAY) // 7
        if self.merge_within == "month":
            return 12 * (when.year - EPOCH.year) + when.month - 1
        return when.year - EPOCH.year if self.merge_within == "year" else hours // 24

    def closing_tick(self, moment: Moment, name: str = "observation_end") -> int:
        """Return the last tick of a moment at which an observed period may end: the last day of an opportunity.

        Raises
        ------
        InvalidOption
            If the moment is within an opportunity, which would count although it was only partly observed.
        """
        tick = self.last_tick(moment, name)
        day = self._read(moment, name)[0].date().isoformat()
        if self.discrete and day != self.describe_tick(tick):
            raise InvalidOption(
                f"{name}={moment!r} lies within a {self.merge_within}, and an opportunity that is only partly observed "
                f"would count as a whole one: pass {self.describe_tick(tick - 1)!r} to leave it out, or "
                f"{self.describe_tick(tick)!r} if the data reach that far."
            )
        return tick

    def describe_tick(self, tick: int) -> str:
        """Return a tick as ISO text: a date, a date with its hour, or the last day of an opportunity.

        An hour that comes twice, at the end of summer time, has its offset from UTC.
        """
        if self.merge_within == "hour":
            hour = EPOCH + timedelta(hours=int(tick))
            return (hour if self.time_zone is None else self._local_hour(hour)).isoformat(timespec="hours")
        return self.days(tick)[1].isoformat()

    def describe_start(self, tick: int) -> str:
        """Return a tick as ISO text: a date, a date with its hour, or the first day of an opportunity."""
        return self.days(tick)[0].isoformat() if self.discrete else self.describe_tick(tick)

    def days(self, tick: int) -> tuple[date, date]:
        """Return the first and last day of a tick that is a day or longer."""
        first, after = (self._first_day(int(tick) + i) for i in (0, 1))
        return first, after - timedelta(days=1)

    @property
    def standard_offset(self) -> timedelta:
        """Offset of the zone's standard time from UTC, by which hours are counted all year; 0 without a zone."""
        winter = None if self.time_zone is None else datetime(2000, 1, 1, tzinfo=ZoneInfo(self.time_zone)).utcoffset()
        return timedelta(0) if winter is None else winter

    def _hours_passed(self, when: datetime, whole_day: bool) -> int:
        """Return the hour of a moment in the zone, or the last hour of a day, counted without gaps."""
        if whole_day:
            when = datetime(when.year, when.month, when.day) + timedelta(days=1)
        moment = when.replace(tzinfo=ZoneInfo(str(self.time_zone))).astimezone(UTC).replace(tzinfo=None)
        passed = moment + self.standard_offset - EPOCH - (timedelta(microseconds=1) if whole_day else timedelta(0))
        return passed // timedelta(hours=1)

    def _local_hour(self, hour: datetime) -> datetime:
        """Return an hour since 1970 in the zone; with its offset if it comes twice."""
        utc = (hour - self.standard_offset).replace(tzinfo=UTC)
        local = utc.astimezone(ZoneInfo(str(self.time_zone)))
        twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
        return local if twice else local.replace(tzinfo=None)

    def _first_day(self, tick: int) -> date:
        """Return the first day of a tick that is a day or longer."""
        if self.merge_within == "year":
            return date(EPOCH.year + tick, 1, 1)
        if self.merge_within == "month":
            return date(EPOCH.year + tick // 12, 1 + tick % 12, 1)
        days = 7 * tick - FIRST_MONDAY if self.merge_within == "week" else tick
        return EPOCH.date() + timedelta(days=days)

    def _read(self, moment: Moment, name: str) -> tuple[datetime, bool]:
        """Return a moment in local time of the calendar, and whether it is a whole day."""
        whole_day = not isinstance(moment, datetime)
        if isinstance(moment, str):
            try:
                when = datetime.fromisoformat(moment)
            except ValueError:
                raise InvalidOption(f"{name}={moment!r} is not a date written YYYY-MM-DD.") from None
            whole_day = _is_date(moment)
        elif isinstance(moment, datetime):
            when = moment
        elif isinstance(moment, date):
            when = datetime(moment.year, moment.month, moment.day)
        else:
            raise InvalidOption(f"{name}={moment!r} is neither a date nor text written YYYY-MM-DD.")
        if when != when:  # pandas' NaT is a datetime that equals nothing
            raise InvalidOption(f"{name}={moment!r} is a missing date: pass a date written YYYY-MM-DD.")
        if when.tzinfo is not None:
            if self.time_zone is None:
                raise InvalidOption(
                    f"{name}={moment!r} has a time zone: pass the zone of the calendar with time_zone=."
                )
            return when.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None), whole_day
        return when.replace(fold=1), whole_day  # of an hour that comes twice, the second


def _with_unit(count: int, unit: str) -> str:
    """Return a number with its unit, as `Clock.duration` reads it."""
    return f"'{count} {unit}{'' if count == 1 else 's'}'"


def _is_date(text: str) -> bool:
    """Return whether ISO text is a date without a time."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

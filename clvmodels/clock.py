"""The Clock: what one unit of time is, and which purchases count as one.

Purchases within one tick (a calendar day, or an hour) are one purchase. Ticks are whole numbers since 1970; the time
unit only divides their differences, so it changes no data, only the scale on which times and parameters are told.

On a discrete clock the tick is a whole calendar week, month or year: one opportunity to buy, and the unit of time.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from clvmodels.errors import InvalidOption

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
WHOLE = 1e-9  # so little off, a number of opportunities was rounded on its way
HORIZON = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(hour|day|week|month|year)s?\s*")
EPOCH = datetime(1970, 1, 1)
FIRST_MONDAY = 3  # days before 1970-01-01, a Thursday, that its week began


@dataclass(frozen=True, slots=True)
class Clock:
    """The rules of time that travel with every RFM and every model.

    Parameters
    ----------
    time_unit : {"hour", "day", "week", "month", "year"}
        The unit in which recency, T, horizons and parameters are told. A month is 365.25/12 days, a year 365.25.
    merge_within : {"day", "hour", "week", "month", "year"}
        Purchases of a customer within one such calendar period are one purchase. A week (from Monday), month or year
        is an opportunity, as discrete processes count them, and has to be the time unit too.
    time_zone : str, optional
        IANA name of the zone whose calendar counts. Needed for, and only applied to, zone-aware timestamps.

    Raises
    ------
    InvalidOption
        For a unit, merge period or zone that does not exist, or opportunities told in another unit.

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

    def __post_init__(self) -> None:
        for name, value, options in (
            ("time_unit", self.time_unit, get_args(TimeUnit)),
            ("merge_within", self.merge_within, get_args(MergePeriod)),
        ):
            if value not in options:
                raise InvalidOption(f"{name}={value!r} is not one of {', '.join(map(repr, options))}.")
        if self.discrete and self.time_unit != self.merge_within:
            raise InvalidOption(
                f"merge_within={self.merge_within!r} makes each calendar {self.merge_within} one opportunity to buy, "
                f"and opportunities are counted whole: pass time_unit={self.merge_within!r} too, not "
                f"{self.time_unit!r}, or merge_within='day'."
            )
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (KeyError, ValueError, OSError, TypeError):  # ZoneInfoNotFoundError is a KeyError
                raise InvalidOption(
                    f"time_zone={self.time_zone!r} is not a known zone; give an IANA name such as 'Europe/Paris'."
                ) from None

    def __str__(self) -> str:
        zone = f", zone {self.time_zone}" if self.time_zone else ""
        if self.discrete:
            return f"calendar {self.time_unit}s, each one opportunity to buy{zone}"
        return f"{self.time_unit}s, purchases merged within the {self.merge_within}{zone}"

    @property
    def discrete(self) -> bool:
        """Whether a tick is an opportunity to buy, and times are whole numbers of them."""
        return self.merge_within in OPPORTUNITIES

    @property
    def ticks_per_unit(self) -> float:
        """Merge periods in one time unit."""
        return HOURS[self.time_unit] / HOURS[self.merge_within]

    @property
    def units_per_year(self) -> float:
        """Time units in a year of 365.25 days."""
        return self.length("year")

    def length(self, unit: TimeUnit) -> float:
        """How long a unit is, in this clock's unit."""
        return HOURS[unit] / HOURS[self.time_unit]

    def duration(self, value: float | str, name: str = "horizon") -> float:
        """Length of time in this clock's unit.

        Parameters
        ----------
        value : float or str
            A number is already in the clock's unit; a string names its own, such as "90 days" or "12 months".
        name : str
            How the argument is called in the error.

        Raises
        ------
        InvalidOption
            When the string cannot be read, the length is negative or not finite, or does not hold whole opportunities
            on a discrete clock.
        """
        if isinstance(value, str):
            match = HORIZON.fullmatch(value.lower())
            if match is None:
                raise InvalidOption(
                    f"{name}={value!r} cannot be read: give a length with its unit, such as '90 days', '39 weeks' or "
                    f"'12 months' (in Python, a number is of {self.time_unit}s)."
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
        if abs(length - round(length)) > WHOLE * max(1.0, length):
            few, unit = math.floor(length), self.time_unit
            raise InvalidOption(
                f"{name}={value!r} is {length:.5g} {unit}s, and this clock counts whole opportunities to buy: "
                f"give {_several(few, unit)} or {_several(few + 1, unit)}."
            )
        return float(round(length))

    def continuous_rate(self, annual_rate: float) -> float:
        """Force of interest per time unit: money t units away is worth exp(-rate t) = (1 + annual)^(-t in years)."""
        if not (math.isfinite(annual_rate) and annual_rate > -1):
            raise InvalidOption(
                f"annual_discount_rate={annual_rate!r} must be a finite effective yearly rate above -1; "
                "ten percent a year is 0.10."
            )
        return math.log1p(annual_rate) / self.units_per_year

    def last_tick(self, moment: Moment, name: str = "observation_end") -> int:
        """Last tick of a moment: a date ends with its last hour, a timestamp with the hour that holds it."""
        when, whole_day = self._read(moment, name)
        hours = (when - EPOCH) // timedelta(hours=1)
        if self.merge_within == "hour":
            return hours + 23 if whole_day else hours
        if self.merge_within == "week":
            return (hours // 24 + FIRST_MONDAY) // 7
        if self.merge_within == "month":
            return 12 * (when.year - EPOCH.year) + when.month - 1
        return when.year - EPOCH.year if self.merge_within == "year" else hours // 24

    def closing_tick(self, moment: Moment, name: str = "observation_end") -> int:
        """Last tick of a moment at which a period observed may end: of an opportunity, the last day.

        Raises
        ------
        InvalidOption
            In the midst of an opportunity: partly seen, it would count as one at which nobody else bought.
        """
        tick = self.last_tick(moment, name)
        day = self._read(moment, name)[0].date().isoformat()
        if self.discrete and day != self.describe_tick(tick):
            raise InvalidOption(
                f"{name}={moment!r} lies within a {self.merge_within}, and an opportunity that is only partly seen "
                f"would count as a whole one: pass {self.describe_tick(tick - 1)!r} to leave it out, or "
                f"{self.describe_tick(tick)!r} if the data reach that far."
            )
        return tick

    def describe_tick(self, tick: int) -> str:
        """Tick as ISO text: a date, or a date and hour; of an opportunity its last day."""
        if self.merge_within == "hour":
            return (EPOCH + timedelta(hours=int(tick))).isoformat(timespec="hours")
        return self.days(tick)[1].isoformat()

    def describe_start(self, tick: int) -> str:
        """The same, but of an opportunity its first day."""
        return self.days(tick)[0].isoformat() if self.discrete else self.describe_tick(tick)

    def days(self, tick: int) -> tuple[date, date]:
        """First and last day of a tick that is a day or longer."""
        first, after = (self._first_day(int(tick) + i) for i in (0, 1))
        return first, after - timedelta(days=1)

    def _first_day(self, tick: int) -> date:
        if self.merge_within == "year":
            return date(EPOCH.year + tick, 1, 1)
        if self.merge_within == "month":
            return date(EPOCH.year + tick // 12, 1 + tick % 12, 1)
        days = 7 * tick - FIRST_MONDAY if self.merge_within == "week" else tick
        return EPOCH.date() + timedelta(days=days)

    def _read(self, moment: Moment, name: str) -> tuple[datetime, bool]:
        """The moment on the calendar's wall clock, and whether it is a whole day."""
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
        if when != when:  # pandas' NaT is a datetime, and equals nothing
            raise InvalidOption(f"{name}={moment!r} is a missing date: give one, written YYYY-MM-DD.")
        if when.tzinfo is not None:
            if self.time_zone is None:
                raise InvalidOption(f"{name}={moment!r} carries a time zone: name the calendar's with time_zone=.")
            when = when.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        return when, whole_day


def _several(count: int, unit: str) -> str:
    """A number of units, as `Clock.duration` reads it."""
    return f"'{count} {unit}{'' if count == 1 else 's'}'"


def _is_date(text: str) -> bool:
    """Whether ISO text stops at the day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

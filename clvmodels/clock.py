"""The Clock: what one unit of time is, and which purchases count as one.

Purchases within one tick (a calendar day, or an hour) are one purchase. Ticks are whole numbers since 1970; the time
unit only divides their differences, so it changes no data, only the scale on which times and parameters are told.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from clvmodels.errors import InvalidOption

__all__ = ["Clock", "MergePeriod", "TimeUnit"]

TimeUnit = Literal["hour", "day", "week", "month", "year"]
MergePeriod = Literal["hour", "day"]
Moment = str | date | datetime

HOURS: dict[str, float] = {
    "hour": 1.0,
    "day": 24.0,
    "week": 168.0,
    "month": 24 * 365.25 / 12,
    "year": 24 * 365.25,
}
HORIZON = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(hour|day|week|month|year)s?\s*")
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """The rules of time that travel with every RFM and every model.

    Parameters
    ----------
    time_unit : {"hour", "day", "week", "month", "year"}
        The unit in which recency, T, horizons and parameters are told. A month is 365.25/12 days, a year 365.25.
    merge_within : {"day", "hour"}
        Purchases of a customer within one such calendar period are one purchase.
    time_zone : str, optional
        IANA name of the zone whose calendar counts. Needed for, and only applied to, zone-aware timestamps.

    Raises
    ------
    InvalidOption
        For a unit, merge period or zone that does not exist.
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
        if self.time_zone is not None:
            try:
                ZoneInfo(self.time_zone)
            except (KeyError, ValueError, OSError, TypeError):  # ZoneInfoNotFoundError is a KeyError
                raise InvalidOption(
                    f"time_zone={self.time_zone!r} is not a known zone; give an IANA name such as 'Europe/Paris'."
                ) from None

    def __str__(self) -> str:
        zone = f", zone {self.time_zone}" if self.time_zone else ""
        return f"{self.time_unit}s, purchases merged within the {self.merge_within}{zone}"

    @property
    def ticks_per_unit(self) -> float:
        """Merge periods in one time unit."""
        return HOURS[self.time_unit] / HOURS[self.merge_within]

    @property
    def units_per_year(self) -> float:
        """Time units in a year of 365.25 days."""
        return HOURS["year"] / HOURS[self.time_unit]

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
            When the string cannot be read, or the length is negative or not finite.
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
        return length

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
        if self.merge_within == "day":
            return hours // 24
        return hours + 23 if whole_day else hours

    def describe_tick(self, tick: int) -> str:
        """Tick as ISO text: a date, or a date and hour."""
        if self.merge_within == "day":
            return (EPOCH + timedelta(days=int(tick))).date().isoformat()
        return (EPOCH + timedelta(hours=int(tick))).isoformat(timespec="hours")

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


def _is_date(text: str) -> bool:
    """Whether ISO text stops at the day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

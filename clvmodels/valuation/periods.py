"""Calendar periods after the end of observation: where they end, and which of them are partial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, closest
from clvmodels.processes.contract import Array

__all__ = ["CalendarUnit", "Periods", "check_unit", "first_day", "next_day", "next_first_day", "periods_after"]

CalendarUnit = Literal["week", "month", "quarter", "year"]
DAYS: dict[CalendarUnit, float] = {"week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
MONTHS: dict[CalendarUnit, int] = {"month": 1, "quarter": 3, "year": 12}
MOST_PERIODS = 10_000
ONE_DAY = 1.0  # a period that lacks at most this counts as whole: a year of 365.25 days ends within a day
ROUNDING_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Consecutive periods that begin at the end of observation.

    Attributes
    ----------
    labels : tuple of str
        First day of each period after the end of observation, as ISO text; its number if the end of observation has no
        date.
    ends : array (k,)
        End of each period, in the clock's unit after the end of observation; the last is the horizon.
    share : array (k,)
        Share of the calendar period that lies within (0, horizon].
    partial : bool array (k,)
        Whether more than a day of the calendar period is missing.
    """

    labels: tuple[str, ...]
    ends: Array
    share: Array
    partial: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ends)

    def positions(self, times: Array) -> npt.NDArray[np.intp]:
        """Return the period of each time in (0, horizon]; a time at an end belongs to the period that ends there."""
        return np.minimum(np.searchsorted(self.ends, times - ROUNDING_TOLERANCE), len(self.ends) - 1)


def check_unit(unit: Any, name: str) -> CalendarUnit:
    """Return a calendar unit; raise an InvalidOption with the possible ones for anything else."""
    if unit not in get_args(CalendarUnit):
        options = ", ".join(map(repr, get_args(CalendarUnit)))
        raise InvalidOption(f"{name}={unit!r} is not one of {options}.{closest(unit, get_args(CalendarUnit))}")
    chosen: CalendarUnit = unit
    return chosen


def periods_after(clock: Clock, observation_end: str | None, horizon: float, unit: CalendarUnit) -> Periods:
    """Return the calendar periods after the end of observation up to a horizon in the clock's unit.

    If the horizon reaches less than a day into another period, the last one is extended. Without a date, periods have
    their mean length.

    Raises
    ------
    InvalidOption
        If there are more than 10,000 periods, or periods do not consist of whole opportunities of a discrete clock.
    """
    mean = DAYS[unit] / clock.days_per_unit
    if horizon / mean > MOST_PERIODS:
        raise InvalidOption(f"The horizon has more than {MOST_PERIODS:,} periods of one {unit}: name a longer period.")
    if observation_end is None:
        whole_ends: Array = mean * np.arange(1.0, int(np.ceil(horizon / mean - ROUNDING_TOLERANCE)) + 1)
        return _periods([str(i) for i in range(1, len(whole_ends) + 1)], 0.0, whole_ends, horizon, clock)
    begin = next_day(clock, observation_end)
    days = _boundaries(begin.date(), unit, horizon * clock.days_per_unit)
    times = np.array([_time(clock, observation_end, begin, day, unit) for day in days])
    labels = [begin.date().isoformat(), *(day.isoformat() for day in days[1:-1])]
    return _periods(labels, float(times[0]), times[1:], horizon, clock)


def first_day(day: date, unit: CalendarUnit) -> date:
    """Return the first day of the calendar period that a day is in; weeks begin on Monday."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    size = MONTHS[unit]
    return date(day.year, 1 + (day.month - 1) // size * size, 1)


def next_day(clock: Clock, observation_end: str) -> datetime:
    """Return the moment after the end of observation: the start of the next day or hour."""
    end = datetime.fromisoformat(observation_end)
    return end + (timedelta(hours=1) if clock.merge_within == "hour" else timedelta(days=1))


def next_first_day(day: date, unit: CalendarUnit) -> date:
    """Return the first day of the next period."""
    if unit == "week":
        return day + timedelta(days=7)
    month = day.month - 1 + MONTHS[unit]
    return date(day.year + month // 12, 1 + month % 12, 1)


def _boundaries(day: date, unit: CalendarUnit, days: float) -> list[date]:
    """Return the first days of the period of a day and of later ones, up to the end of the horizon."""
    boundaries = [first_day(day, unit)]
    while len(boundaries) < 2 or (boundaries[-1] - day).days < days - ONE_DAY:
        boundaries.append(next_first_day(boundaries[-1], unit))
    return boundaries


def _time(clock: Clock, observation_end: str, begin: datetime, day: date, unit: CalendarUnit) -> float:
    """Return the time from the end of observation to the start of a day, in the clock's unit."""
    if not clock.discrete:
        return float((datetime(day.year, day.month, day.day) - begin) / timedelta(days=1) / clock.days_per_unit)
    last = (day - timedelta(days=1)).isoformat()
    tick = clock.last_tick(last)
    if clock.describe_tick(tick) != last:
        raise InvalidOption(
            f"This clock counts whole {clock.time_unit}s, and a {unit} does not consist of whole {clock.time_unit}s: "
            f"use periods of one {clock.time_unit}."
        )
    return float(tick - clock.last_tick(observation_end))


def _periods(labels: list[str], start: float, whole_ends: Array, horizon: float, clock: Clock) -> Periods:
    """Return periods of which the first, whose calendar period began at `start`, begins at 0, and the last is cut."""
    if horizon == 0:
        whole_ends, labels = whole_ends[:1], labels[:1]
    starts = np.append(start, whole_ends[:-1])
    ends = np.append(whole_ends[:-1], horizon) if len(whole_ends) else np.array([horizon])
    lengths = np.append(whole_ends[:-1], max(horizon, whole_ends[-1])) - starts
    share = np.minimum((ends - np.maximum(starts, 0.0)) / lengths, 1.0)
    missing = (1 - share) * lengths * clock.days_per_unit
    return Periods(tuple(labels), ends, share, missing > ONE_DAY)

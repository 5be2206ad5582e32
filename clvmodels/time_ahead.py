"""Calendar time after the end of observation, in which horizons are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import Calendar, calendar_time, plain_time

__all__ = ["TimeAhead"]

MONTH, YEAR = 365.25 / 12, 365.25
MONTHLY_FOR, YEARLY_FOR, LONGEST = 36 * MONTH, 10 * YEAR, 250 * YEAR
GROWTH = 1.25  # growth of later periods, in which the season moves no purchase to another year
NEGLIGIBLE_RATE = 1e-8  # below, sinh(x)/x is 1 to the last bit


@dataclass(frozen=True, slots=True)
class TimeAhead:
    """Calendar time after the end of observation, in which horizons are measured.

    Attributes
    ----------
    calendar : Calendar
    day : float
        The end of observation: the end of this day, counted from 1970-01-01.
    days_per_unit : float
        Days in the unit of all times.
    """

    calendar: Calendar
    day: float
    days_per_unit: float

    def calendar_time(self, times: npt.ArrayLike) -> Any:
        """Return calendar time from the end of observation to times after it, in their shape."""
        time = np.asarray(times, dtype=float)
        begin = calendar_time(self.calendar, self.day)
        return (calendar_time(self.calendar, self.day + time * self.days_per_unit) - begin) / self.days_per_unit

    def plain_time(self, times: npt.ArrayLike) -> Any:
        """Return the times after the end of observation at which calendar time reaches given values."""
        begin = calendar_time(self.calendar, self.day)
        reached = plain_time(self.calendar, begin + np.asarray(times, dtype=float) * self.days_per_unit)
        return (reached - self.day) / self.days_per_unit

    def speed(self, times: npt.ArrayLike) -> Any:
        """Return the speed of the calendar at times after the end of observation."""
        days = np.ceil(self.day + np.asarray(times, dtype=float) * self.days_per_unit)
        return self.calendar.speeds(days.astype(np.int64))

    def discount_factors(self, horizon: float, rate: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the ends of periods up to a horizon, and the mean discount factor of a purchase in each, (k,) each.

        Within a period, purchases are uniform in calendar time. Periods last a month in the first years, in which the
        season moves purchases within the year, then a year, and then progressively longer.
        """
        length = horizon * self.days_per_unit
        months = np.arange(MONTH, min(length, MONTHLY_FOR), MONTH)
        years = np.arange(MONTHLY_FOR + YEAR, YEARLY_FOR, YEAR)
        later = YEARLY_FOR * GROWTH ** np.arange(np.log(LONGEST / YEARLY_FOR) / np.log(GROWTH))
        years = np.concatenate([years, later])
        ends = np.concatenate([months, years[years < length], [length]])
        starts = np.concatenate([[0.0], ends[:-1]])
        last = min(length, LONGEST)
        edges = np.unique(np.concatenate([[0.0], np.arange(1.0, last), ends[ends <= last], [last]]))
        middle, size = 0.5 * (edges[:-1] + edges[1:]), np.diff(edges)
        passed = np.diff(calendar_time(self.calendar, self.day + edges))
        daily = rate / self.days_per_unit
        worth = passed * np.exp(-daily * middle) * _mean_factor(daily * size)
        place = np.minimum(np.searchsorted(ends, middle), len(ends) - 1)
        totals, masses = (np.bincount(place, values, minlength=len(ends)) for values in (worth, passed))
        plain = np.exp(-daily * 0.5 * (starts + ends)) * _mean_factor(daily * (ends - starts))
        return ends / self.days_per_unit, np.divide(totals, masses, out=plain, where=masses > 0)


def _mean_factor(rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean of exp(-rate t) over t from -1/2 to 1/2."""
    half = 0.5 * rate
    return np.divide(np.sinh(half), half, out=np.ones(len(rate)), where=np.abs(half) > NEGLIGIBLE_RATE)

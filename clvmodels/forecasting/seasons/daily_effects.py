"""Effects of events, promotions, weekdays and outages on the days of a history, in addition to the season."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import Calendar, CalendarPeriod, iso_day
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.seasons.daily_counts import DailyCounts
from clvmodels.forecasting.seasons.period_effects import PeriodEffect, Spans, estimate_effects, weekday_speeds
from clvmodels.processes.contract import Array

__all__ = ["DailyEffects", "refuse_past_plans"]

FREE_WEEKDAYS = 6


@dataclass(frozen=True, slots=True, eq=False)
class DailyEffects:
    """Effects on the d days of a history.

    Attributes
    ----------
    days : int array (d,)
    periods : tuple of PeriodEffect
    weekdays : tuple of float
        Speeds from Monday to Sunday, estimated with events and promotions: a sale on a weekend is not compared with
        working days. Empty without any.
    outages : tuple of CalendarPeriod
        With given speeds.
    """

    days: npt.NDArray[np.int64]
    periods: tuple[PeriodEffect, ...]
    weekdays: tuple[float, ...]
    outages: tuple[CalendarPeriod, ...]

    @classmethod
    def none(cls, daily: DailyCounts, spans: Spans, outages: tuple[CalendarPeriod, ...]) -> Self:
        """Return the periods without any effect yet."""
        return cls(daily.days, tuple(spans.effects()), (), outages)

    @property
    def any(self) -> bool:
        """Whether there are periods or outages."""
        return bool(self.periods or self.outages)

    @property
    def degrees(self) -> int:
        """Free parameters: weekdays, and one per effect observed."""
        return (FREE_WEEKDAYS if self.weekdays else 0) + sum(effect.observed for effect in self.periods)

    @property
    def ordinary(self) -> npt.NDArray[np.bool_] | None:
        """Days outside all periods, (d,); None if there are no periods."""
        if not self.any:
            return None
        return ~self._inside(*self.periods, *self.outages)

    def add_to(self, season: Calendar) -> Calendar:
        """Return the calendar of a season with these effects."""
        if not self.any:
            return season
        periods = (*(effect.period for effect in self.periods), *self.outages)
        return replace(season, weekdays=self.weekdays, periods=periods)

    def without(self, expected: Array) -> Array:
        """Return the purchases expected per day (d,) without these effects; 0 on days without possible purchases."""
        if not self.any:
            return expected
        speeds = Calendar((), self.weekdays, self.add_to(Calendar()).periods).speeds(self.days)
        return np.divide(expected, speeds, out=np.zeros(len(expected)), where=speeds > 0)

    def by_weekday(self, expected: Array) -> Array:
        """Return the purchases expected per day (d,) with the effects of weekdays."""
        return expected * Calendar((), self.weekdays).speeds(self.days) if self.weekdays else expected

    def on(self, daily: DailyCounts) -> Self:
        """Return the same effects on other days."""
        return replace(self, days=daily.days)

    def estimate(self, daily: DailyCounts, actual: Array, seasonal: Array) -> Self:
        """Return the effects, estimated from purchases per day and from purchases expected by the season, (d,) each."""
        ordinary = self.ordinary
        if ordinary is None or not self.periods:
            return self
        speeds = weekday_speeds(self.days[ordinary], actual[ordinary], seasonal[ordinary])
        weekdays = tuple(np.round(speeds, 6).tolist())
        expected = seasonal * Calendar((), weekdays).speeds(self.days)
        free = ~self._inside(*self.outages)
        periods = estimate_effects(
            self.periods, self.days[free], actual[free], expected[free], ordinary[free], daily.cell[free]
        )
        return replace(self, periods=tuple(periods), weekdays=weekdays)

    def _inside(self, *periods: PeriodEffect | CalendarPeriod) -> npt.NDArray[np.bool_]:
        """Return which days are in any of the periods, (d,)."""
        inside = np.zeros(len(self.days), dtype=bool)
        for each in periods:
            first, last = (int(np.datetime64(day, "D").astype(np.int64)) for day in (each.first, each.last))
            inside |= (self.days >= first) & (self.days <= last)
        return inside


def refuse_past_plans(spans: Spans, end: int) -> None:
    """Raise an error if a planned promotion begins before the end of observation, because its effect is observed."""
    past = [each for each in spans.planned if each.first <= end]
    if past:
        raise InvalidOption(
            f"planned: {past[0].name!r} begins on {iso_day(past[0].first)}, before the end of observation on "
            f"{iso_day(end)}: pass it with promotions=."
        )

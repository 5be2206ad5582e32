"""The section of a job file about time: the clock and the calendar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

from pydantic import model_validator

from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.forecasting.seasons.calendar_choice import AUTO_CALENDAR, CalendarName, CalendarOption
from clvmodels.scoring.config.sections import JobSection, Location, check_faults, complaints

__all__ = ["PeriodSettings"]


class PeriodSettings(JobSection):
    """The clock; see `clvmodels.Clock`.

    `calendar` is a file written by `Calendar.save`. With "auto", each fit estimates a season, uses it if it did not
    make forecasts of earlier windows worse, and saves it with the model.
    """

    time_unit: TimeUnit = "day"
    merge_within: MergePeriod = "day"
    time_zone: str | None = None
    calendar: CalendarName | Location | None = None

    @model_validator(mode="after")
    def _exists(self) -> Self:
        return check_faults(self, complaints(lambda: self.clock))

    @property
    def clock(self) -> Clock:
        """Return the clock; with "auto", without a calendar."""
        calendar = Calendar.load(self.calendar) if isinstance(self.calendar, Path) else None
        return Clock(self.time_unit, self.merge_within, self.time_zone, calendar)

    @property
    def calendar_option(self) -> CalendarOption:
        """Return the calendar of a fit: "auto", that of the file, or None."""
        return self.calendar if isinstance(self.calendar, str) else self.clock.calendar

    def agrees(self, clock: Clock) -> bool:
        """Return whether a model was fitted with this clock; any calendar agrees with "auto"."""
        return self.clock == (replace(clock, calendar=None) if self.calendar == AUTO_CALENDAR else clock)

"""Decide whether to forecast a history with a calendar, by its season and by earlier windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np

from clvmodels.calendar import Calendar
from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import BGNBD
from clvmodels.forecasting.processes import expected_purchases, fitted_copy
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season, season_case
from clvmodels.forecasting.windows import earlier_windows
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings

__all__ = [
    "AUTO_CALENDAR",
    "CalendarName",
    "CalendarOfForecaster",
    "CalendarOption",
    "ChosenCalendar",
    "check_calendar",
    "choose_calendar",
    "on_calendar",
]

CalendarName = Literal["auto"]
AUTO_CALENDAR: CalendarName = "auto"
CalendarOption = Calendar | CalendarName | None
"""A calendar; "auto" to estimate one and use it if it is better; None for plain time."""

SMALLEST_TOTAL = 1.0  # purchases that a ratio of totals needs


def on_calendar(history: KnownHistory, calendar: CalendarOption, horizon: int) -> tuple[KnownHistory, Findings]:
    """Return a history with the calendar of an option, and the reason if it is "auto"; `horizon` is in ticks."""
    if calendar is None:
        return history, ()
    if isinstance(calendar, Calendar):
        findings = _lost_records(history, calendar)
    else:
        chosen = choose_calendar(history, horizon)
        calendar, findings = chosen.calendar, (chosen.finding,)
    return history.with_calendar(calendar), (*findings, *_horizon_in_season(history, calendar, horizon))


def _horizon_in_season(history: KnownHistory, calendar: Calendar | None, horizon: int) -> Findings:
    """Return the mean speed of a calendar within a horizon, relative to the average."""
    if calendar is None or calendar.is_constant or horizon < 1:
        return ()
    first, last = (history.clock.describe_tick(history.cutoff + ahead)[:10] for ahead in (1, horizon))
    return (Finding("calendar-horizon", {"first": first, "last": last, "change": calendar.scaled(first, last) - 1}),)


def _lost_records(history: KnownHistory, calendar: Calendar) -> Findings:
    """Return a finding per period before the cutoff in which records were lost: counts of purchases are too low."""
    end = str(history.observation_end)
    return tuple(
        Finding("calendar-records-lost", {"first": each.first, "last": each.last, "share": each.speed}, "caution")
        for each in calendar.periods
        if each.kind == "records_lost" and each.first <= end
    )


class ChosenCalendar(NamedTuple):
    """calendar: the calendar to use, or None. finding: the reason."""

    calendar: Calendar | None
    finding: Finding


@dataclass(frozen=True, slots=True)
class CalendarOfForecaster:
    """The calendar that a forecaster applies to histories.

    Attributes
    ----------
    option : Calendar, "auto" or None
        The option of the forecaster.
    calendar : Calendar or None
        The calendar that it uses; with "auto" the estimated one, or None if plain time was no worse.
    findings : tuple of Finding
        Why.
    """

    option: CalendarOption = None
    calendar: Calendar | None = None
    findings: Findings = ()

    @classmethod
    def choose(cls, history: KnownHistory, option: CalendarOption, horizon: int) -> Self:
        """Return the calendar of an option for a history; `horizon` is in ticks.

        Raises
        ------
        InvalidOption
            If the history has a calendar of its own.
        """
        if option is None:
            return cls()
        own = history.clock.calendar
        if own is not None and own != option:
            raise InvalidOption("The history has a calendar of its own: make it without one, or leave out calendar=.")
        measured, findings = on_calendar(history, option, horizon)
        return cls(option, measured.clock.calendar, findings)

    def on(self, history: KnownHistory) -> KnownHistory:
        """Return a history with this calendar; a history that already has a calendar is returned unchanged."""
        if self.calendar is None or history.clock.calendar is not None:
            return history
        return history.remember(("on calendar", self.calendar), lambda: history.with_calendar(self.calendar))

    def to_dict(self) -> dict[str, Any]:
        """Return the calendar as plain values."""
        return {
            "option": AUTO_CALENDAR if self.option == AUTO_CALENDAR else None,
            "calendar": None if self.calendar is None else self.calendar.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any] | None) -> Self:
        """Return the calendar that `to_dict` wrote; without a document, none."""
        if document is None:
            return cls()
        calendar = None if document["calendar"] is None else Calendar.from_dict(document["calendar"])
        findings = tuple(Finding(each["code"], each["figures"], each["severity"]) for each in document["findings"])
        return cls(AUTO_CALENDAR if document["option"] == AUTO_CALENDAR else calendar, calendar, findings)


def check_calendar(calendar: CalendarOption) -> CalendarOption:
    """Return a calendar, "auto" or None; raise InvalidOption for anything else."""
    if calendar is None or isinstance(calendar, Calendar) or calendar in get_args(CalendarName):
        return calendar
    raise InvalidOption(f"calendar={calendar!r} must be a Calendar, 'auto' or None.")


def choose_calendar(history: KnownHistory, horizon: int) -> ChosenCalendar:
    """Estimate a season and decide whether to use it.

    It is used if the log covers a year, weeks differ by more than chance and, if earlier windows allow a season to be
    estimated at their beginning, totals forecast with it had no larger errors than those without.

    Parameters
    ----------
    history : KnownHistory
    horizon : int
        How far ahead will be forecast, in ticks.
    """
    plain = history.without_attributes().with_calendar(None)
    case = season_case(plain)
    figures = {"day": str(history.observation_end), "years": history.length / 365}
    if case in ("too_short", "one_cohort"):
        return ChosenCalendar(None, Finding(f"calendar-not-known-{case.replace('_', '-')}", figures))
    estimate = estimate_season(plain)
    if not estimate.detected:
        return ChosenCalendar(None, Finding("calendar-none-visible", figures))
    errors = _errors_of_windows(plain, horizon)
    if not len(errors):
        return ChosenCalendar(estimate.calendar, Finding("calendar-chosen-untested", figures))
    without, with_it = np.abs(errors).mean(axis=0)
    figures |= {"windows": len(errors), "without": float(without), "with": float(with_it)}
    if with_it > without:
        return ChosenCalendar(None, Finding("calendar-not-better", figures))
    return ChosenCalendar(estimate.calendar, Finding("calendar-chosen", figures))


def _errors_of_windows(history: KnownHistory, horizon: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the logarithms of expected over actual totals of earlier windows, without and with a season, (w, 2)."""
    errors: list[list[float]] = []
    for past, split in earlier_windows(history, horizon):
        if season_case(past) in ("too_short", "one_cohort"):
            continue
        actual = max(float(split.purchases.sum()), SMALLEST_TOTAL)
        try:
            seasons = (None, estimate_season(past).calendar)
            totals = [_expected_total(past.with_calendar(season), split.horizon) for season in seasons]
        except (FitFailed, InvalidRFM):
            continue
        errors.append([float(np.log(max(total, SMALLEST_TOTAL) / actual)) for total in totals])
    return np.array(errors).reshape(len(errors), 2)


def _expected_total(history: KnownHistory, horizon: float) -> float:
    return float(expected_purchases(fitted_copy(BGNBD(), history), history, horizon).sum())

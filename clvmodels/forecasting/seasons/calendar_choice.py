"""Choose whether a history is forecast with a calendar, by what it shows and by earlier windows."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from clvmodels.calendar import Calendar
from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import BGNBD
from clvmodels.forecasting.processes import expected_purchases, fitted_copy
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season, season_case
from clvmodels.forecasting.windows import earlier_windows
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings

__all__ = ["CalendarOption", "ChosenCalendar", "check_calendar", "choose_calendar", "on_calendar"]

CalendarName = Literal["auto"]
CalendarOption = Calendar | CalendarName | None
"""A calendar; "auto" to estimate one and use it where it is better; None for plain time."""

SMALLEST_TOTAL = 1.0  # purchases, so that a ratio of totals exists


def on_calendar(history: KnownHistory, calendar: CalendarOption, horizon: int) -> tuple[KnownHistory, Findings]:
    """Return a history with the calendar of an option, and why "auto" chose it; `horizon` is in ticks."""
    if calendar is None:
        return history, ()
    if isinstance(calendar, Calendar):
        return history.with_calendar(calendar), _lost_records(history, calendar)
    chosen = choose_calendar(history, horizon)
    return history.with_calendar(chosen.calendar), (chosen.finding,)


def _lost_records(history: KnownHistory, calendar: Calendar) -> Findings:
    """Return a finding per period before the cutoff in which records were lost: counts of purchases are too low."""
    end = str(history.observation_end)
    return tuple(
        Finding("calendar-records-lost", {"first": each.first, "last": each.last, "share": each.speed}, "caution")
        for each in calendar.periods
        if each.kind == "records_lost" and each.first <= end
    )


class ChosenCalendar(NamedTuple):
    """calendar: the one to use, or None. finding: why."""

    calendar: Calendar | None
    finding: Finding


def check_calendar(calendar: CalendarOption) -> CalendarOption:
    """Return a calendar, "auto" or None; raise InvalidOption for anything else."""
    if calendar is None or isinstance(calendar, Calendar) or calendar in get_args(CalendarName):
        return calendar
    raise InvalidOption(f"calendar={calendar!r} must be a Calendar, 'auto' or None.")


def choose_calendar(history: KnownHistory, horizon: int) -> ChosenCalendar:
    """Estimate a season and decide whether to use it.

    It is used if a whole year is known, weeks differ by more than chance and, where earlier windows are long enough for
    a season to be estimated at their beginning, totals forecast with it were no further off than those without.

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

"""Estimate the season of a log: how much faster customers buy in some weeks of the year than in others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import html
from clvmodels.calendar import Calendar, calendar_time, day_of_year
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.estimators.purchases import BGNBD, PurchaseModel
from clvmodels.forecasting.processes import fitted_copy
from clvmodels.forecasting.seasons.weekly_speeds import (
    DAYS_OF_CELL,
    WEEKS,
    WeeklySpeeds,
    season_evidence,
    weekly_speeds,
)
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings, as_text
from clvmodels.processes.contract import Array
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.snapshots import LogTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CalendarEstimate", "CalendarMethod", "SeasonCase", "estimate_calendar", "estimate_season", "season_case"]

CalendarMethod = Literal["expected", "totals"]
SeasonCase = Literal["seen_twice", "seen_once", "one_cohort", "too_short"]
YEAR = 365  # days
MOST_CUSTOMERS = 100_000  # more add little to 52 speeds, and take long
ROUNDS = 4  # of fitting the process and the season in turn; the third changes speeds by less than 1 % in simulations
CURVE_POINTS = 3_000
VISIBLE = 7.0  # of the evidence; exceeded by 4 of 120 simulated logs without a season
SHORTEST_ACQUISITION = 180  # days between the first and the last tenth of the customers


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CalendarEstimate:
    """The season of a log.

    Attributes
    ----------
    calendar : Calendar
        With a season of weekly steps, of mean 1; without effects if no season is visible.
    method : {"expected", "totals"}
    case : {"seen_twice", "seen_once"}
        Whether every week of the year was seen at least twice, or once with customers who arrive throughout the year.
    years : float
        Length of the log.
    purchases, standard_error : float arrays (52,)
        Purchases in each week of the year, and the standard error of the logarithm of its speed.
    degrees : int
        Free parameters of the calendar: 51 speeds, or 0 if no season is visible.
    evidence : float
        Twice the gain in log marginal likelihood over no season.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    >>> days = {"start": "2020-01-01", "end": "2021-06-30", "last_arrival": "2021-06-30"}
    >>> clv.estimate_calendar(clv.simulate_log(1_000, parameters, **days))
    CalendarEstimate: no seasonal pattern detected in 1.5 years
    """

    calendar: Calendar
    method: CalendarMethod
    case: SeasonCase
    years: float
    purchases: Array
    standard_error: Array
    degrees: int
    evidence: float

    @property
    def detected(self) -> bool:
        """Whether a season is visible: without one, about 1 simulated log in 30 has as much evidence."""
        return self.evidence > VISIBLE

    @property
    def speeds(self) -> Array:
        """Speed of each week of the year, from 1 January, (52,)."""
        season = np.array(self.calendar.season)[: DAYS_OF_CELL * WEEKS : DAYS_OF_CELL]
        return season if len(season) else np.ones(WEEKS)

    @property
    def findings(self) -> Findings:
        """What the season looks like, and on what it rests."""
        figures: dict[str, Any] = {"years": self.years, "degrees": self.degrees}
        if not self.detected:
            return (Finding("calendar-no-season", figures),)
        speeds = self.speeds
        fastest, slowest = int(np.argmax(speeds)), int(np.argmin(speeds))
        figures |= {
            "fastest_month": int(_first_day(fastest)[:2]),
            "fastest_day": int(_first_day(fastest)[3:]),
            "most": float(speeds[fastest]) - 1,
            "slowest_month": int(_first_day(slowest)[:2]),
            "slowest_day": int(_first_day(slowest)[3:]),
            "least": float(speeds[slowest]) - 1,
        }
        findings = [Finding("calendar-season", figures)]
        if self.case == "seen_once":
            findings.append(Finding("calendar-seen-once", {"years": self.years}, "caution"))
        return tuple(findings)

    def frame(self) -> pd.DataFrame:
        """Return one row per week of the year: its first day, speed, its lower and upper 95 % limits, and purchases."""
        import pandas as pd

        speed, spread = self.speeds, np.exp(1.96 * self.standard_error)
        return pd.DataFrame(
            {
                "week": np.arange(1, WEEKS + 1),
                "begins": [_first_day(week) for week in range(WEEKS)],
                "speed": speed,
                "lower": speed / spread,
                "upper": speed * spread,
                "purchases": self.purchases,
            }
        )

    def __repr__(self) -> str:
        return "CalendarEstimate: " + as_text(self.findings, separator="; ")

    def _repr_html_(self) -> str:
        return html.block("Calendar", as_text(self.findings, separator="; "), html.table(self.frame().to_dict("list")))


def estimate_calendar(
    log: LogTable,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    method: CalendarMethod = "expected",
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
) -> CalendarEstimate:
    """Estimate the season of a log: how much faster customers buy in some weeks of the year than in others.

    Each week's speed is the ratio of purchases to those expected without a season. If the weeks differ by no more than
    chance, the calendar has no effects.

    Parameters
    ----------
    log : frame or path
        One row per transaction, as for `rfm_summary`, of at least a year.
    customer_id, date, observation_end, acquired_after, time_zone, date_format, on_missing_id, missing_ids
        As for `rfm_summary`.
    method : {"expected", "totals"}, default="expected"
        What purchases are compared with. "expected": repeat purchases with those that BG/NBD expects of customers who
        arrived when they did, so that growth, decline and campaigns are no season. "totals": all purchases of whole
        years with their trend, which needs two years to be known and is taken as level with one; for logs in which most
        customers are older than the log.

    Returns
    -------
    CalendarEstimate

    Raises
    ------
    InvalidTransactions
        If the log is shorter than a year, or shorter than two with customers who all arrived in the same season: age
        and season cannot be told apart then, and the calendar has to come from elsewhere.

    Examples
    --------
    >>> import clvmodels as clv
    >>> season = clv.Calendar(season=[1.0] * 330 + [2.5] * 36)
    >>> parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    >>> options = {"start": "2020-01-01", "end": "2021-12-31", "last_arrival": "2021-12-31"}
    >>> log = clv.simulate_log(3_000, parameters, calendar=season, **options)
    >>> estimate = clv.estimate_calendar(log)
    >>> estimate.detected, round(estimate.calendar.scaled("2022-12-01", "2022-12-31"), 1)
    (True, 2.2)
    """
    history = KnownHistory.from_log(
        log,
        customer_id=customer_id,
        date=date,
        observation_end=observation_end,
        acquired_after=acquired_after,
        time_zone=time_zone,
        date_format=date_format,
        on_missing_id=on_missing_id,
        missing_ids=missing_ids,
    )
    case = season_case(history)
    figures = {"years": history.length / YEAR}
    if case in ("too_short", "one_cohort"):
        raise InvalidTransactions(
            Finding(f"calendar-{case.replace('_', '-')}", figures).text
            + ". Pass a calendar from elsewhere, such as Calendar.from_series of last year's sales."
        )
    return estimate_season(history, method)


def season_case(history: KnownHistory) -> SeasonCase:
    """Return what a history can tell about the season.

    "too_short": less than a year. "one_cohort": less than two years, and most customers arrived within half a year, so
    that their age follows the season.
    """
    days = _days_of(history.clock, np.array([history.purchase_log.first_tick - 1, history.cutoff]))
    years = float(days[1] - days[0]) / YEAR
    if years < 1:
        return "too_short"
    if years >= 2:
        return "seen_twice"
    first = history.purchase_log.first
    early, late = np.quantile(_days_of(history.clock, first[first <= history.cutoff]), [0.1, 0.9])
    return "seen_once" if late - early >= SHORTEST_ACQUISITION else "one_cohort"


def estimate_season(
    history: KnownHistory, method: CalendarMethod = "expected", model: PurchaseModel | None = None
) -> CalendarEstimate:
    """Return the season of a history of at least a year; `model` is the process that expects purchases."""
    if method not in get_args(CalendarMethod):
        raise InvalidOption(f"method={method!r} is not one of {', '.join(map(repr, get_args(CalendarMethod)))}.")
    if history.clock.discrete:
        raise InvalidOption("A season needs the days of purchases: pass merge_within='day'.")
    thinned = history.thinned(MOST_CUSTOMERS)
    daily = _DailyCounts.of(thinned)
    if method == "expected":
        weekly = _from_expected(thinned, daily, BGNBD() if model is None else model)
    else:
        weekly = _from_totals(daily)
    evidence = season_evidence(weekly)
    return CalendarEstimate(
        calendar=_calendar(weekly.speeds) if evidence > VISIBLE else Calendar(),
        method=method,
        case=season_case(history),
        years=len(daily.days) / YEAR,
        purchases=weekly.purchases,
        standard_error=np.sqrt(weekly.variance),
        degrees=WEEKS - 1 if evidence > VISIBLE else 0,
        evidence=evidence,
    )


class _DailyCounts(NamedTuple):
    """Days of a history (d,), and first and repeat purchases on each; `cell` is the week of the year."""

    days: npt.NDArray[np.int64]
    first: Array
    repeat: Array
    cell: npt.NDArray[np.int64]

    @classmethod
    def of(cls, history: KnownHistory) -> _DailyCounts:
        log = history.purchase_log
        tick = _days_of(history.clock, log.tick[log.tick <= history.cutoff].astype(np.int64))
        first = _days_of(history.clock, log.first[log.first <= history.cutoff])
        begin, end = int(first.min()), int(_days_of(history.clock, np.array([history.cutoff]))[0])
        days = np.arange(begin, end + 1)
        started = np.bincount(first - begin, minlength=len(days)).astype(float)
        bought = np.bincount(tick - begin, minlength=len(days)).astype(float)
        return cls(days, started, bought - started, np.minimum(day_of_year(days) // DAYS_OF_CELL, WEEKS - 1))


def _from_expected(history: KnownHistory, daily: _DailyCounts, model: PurchaseModel) -> WeeklySpeeds:
    """Return the season from repeat purchases and those that a process expects, fitted in turn with the season."""
    weekly = WeeklySpeeds(np.ones(WEEKS), np.zeros(WEEKS), np.zeros(WEEKS))
    for _ in range(ROUNDS):
        seasonal = history.with_calendar(_calendar(weekly.speeds))
        fitted = fitted_copy(model, seasonal)
        expected = _expected_per_day(fitted, seasonal, daily) / weekly.speeds[daily.cell]
        weekly = weekly_speeds(daily.repeat, expected, daily.cell)
    return weekly


def _expected_per_day(model: PurchaseModel, history: KnownHistory, daily: _DailyCounts) -> Array:
    """Return the repeat purchases expected on each day of the customers who arrived when they did, (d,)."""
    calendar = history.clock.calendar
    if calendar is None:
        raise AssertionError("the history has a calendar")
    time = calendar_time(calendar, daily.days) / history.clock.days_per_unit
    ages = np.linspace(0.0, float(time[-1] - time[0]), CURVE_POINTS)
    curve = model.mean_purchases(ages)
    arrived = np.flatnonzero(daily.first)
    reached = np.array([daily.first[arrived] @ np.interp(now - time[arrived], ages, curve) for now in time])
    return np.diff(reached, prepend=0.0)


def _from_totals(daily: _DailyCounts) -> WeeklySpeeds:
    """Return the season from all purchases of the last whole years and their trend."""
    years = len(daily.days) // YEAR
    days = slice(len(daily.days) - years * YEAR, None)
    total = (daily.first + daily.repeat)[days]
    by_year = total.reshape(years, YEAR).sum(axis=1)
    growth = 0.0 if years == 1 else float(np.log(by_year[-1] / max(by_year[0], 1.0))) / ((years - 1) * YEAR)
    trend = np.exp(growth * np.arange(len(total)))
    return weekly_speeds(total, trend * total.sum() / trend.sum(), daily.cell[days])


def _calendar(speeds: Array) -> Calendar:
    """Return the calendar of the speeds of weeks; the last week of the year has the days that are left."""
    season = np.append(np.repeat(speeds, DAYS_OF_CELL), [speeds[-1]] * 2)
    return Calendar(season=tuple(np.round(season, 6).tolist()))


def _days_of(clock: Clock, ticks: Any) -> npt.NDArray[np.int64]:
    """Return the days of ticks, counted from 1970-01-01."""
    days: npt.NDArray[np.int64] = np.asarray(ticks, dtype=np.int64)
    return days // 24 if clock.merge_within == "hour" else days


def _first_day(week: int) -> str:
    """Return the first day of a week of the year, as "MM-DD"."""
    return str(np.datetime64("2000-01-01") + DAYS_OF_CELL * week)[5:]

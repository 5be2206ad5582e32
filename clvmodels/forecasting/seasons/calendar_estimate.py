"""Estimate the season of a log: how much faster customers buy in some weeks of the year than in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np

from clvmodels import displays
from clvmodels.calendar import Calendar, CalendarPeriod
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.estimators.purchases import BGNBD, PurchaseModel
from clvmodels.forecasting.processes import fitted_copy
from clvmodels.forecasting.seasons.daily_counts import DailyCounts, days_of, expected_per_day
from clvmodels.forecasting.seasons.daily_effects import DailyEffects, refuse_past_plans
from clvmodels.forecasting.seasons.dated_periods import PeriodTable, read_periods
from clvmodels.forecasting.seasons.period_effects import Spans, effects_frame
from clvmodels.forecasting.seasons.weekly_speeds import (
    DAYS_OF_CELL,
    WEEKS,
    WeeklySpeeds,
    season_evidence,
    weekly_speeds,
)
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.profiling.season import SeasonCase, season_case_of
from clvmodels.season_doubt import SeasonDoubt
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.snapshots import LogTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CalendarEstimate", "CalendarMethod", "estimate_calendar", "estimate_season", "season_case"]

CalendarMethod = Literal["expected", "totals"]
YEAR = 365  # days
MOST_CUSTOMERS = 100_000  # more customers add little to 52 speeds, and take long
ROUNDS = 4  # rounds of fitting process and season in turn; the third changes speeds by less than 1 % in simulations
VISIBLE = 7.0  # evidence that 4 of 120 simulated logs without a season exceed


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CalendarEstimate(displays.Display):
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
        Free parameters of the calendar: 51 speeds, or 0 if no season is visible; with events or promotions also 6 for
        weekdays, and one per effect observed.
    evidence : float
        Twice the gain in log marginal likelihood over no season.
    effects : DataFrame
        One row per event, promotion and time after a promotion: name, kind, part ("during", "after"), first, last,
        observed (False for those to come), purchases, expected (without the effect), speed and its lower and upper
        95 % limits. Empty without events and promotions.

    Examples
    --------
    >>> import clvmodels as clv
    >>> parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    >>> days = {"start": "2020-01-01", "end": "2021-06-30", "last_arrival": "2021-06-30"}
    >>> clv.estimate_calendar(clv.simulate_log(1_000, parameters, **days)).text
    'no seasonal pattern detected in 1.5 years'
    """

    shown_table: ClassVar[str] = "frame"
    calendar: Calendar
    method: CalendarMethod
    case: SeasonCase
    years: float
    purchases: Array
    standard_error: Array
    degrees: int
    evidence: float
    effects: pd.DataFrame

    @property
    def detected(self) -> bool:
        """Whether a season is visible; about 1 in 30 simulated logs without a season reaches this evidence."""
        return self.evidence > VISIBLE

    @property
    def speeds(self) -> Array:
        """Speed of each week of the year, from 1 January, (52,)."""
        season = np.array(self.calendar.season)[: DAYS_OF_CELL * WEEKS : DAYS_OF_CELL]
        return season if len(season) else np.ones(WEEKS)

    @property
    def findings(self) -> Findings:
        """The season, and the data behind it."""
        figures: dict[str, Any] = {"years": self.years, "degrees": self.degrees}
        effects = _findings_of_effects(self.effects)
        if not self.detected:
            return (Finding("calendar-no-season", figures), *effects)
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
        return (*findings, *effects)

    def frame(self) -> pd.DataFrame:
        """Return one row per week of the year: its first day, speed, its lower and upper 95 % limits, and purchases.

        With method="totals" and one year, speeds are those under no trend, and other_trend has those under the trend of
        the cohorts.
        """
        import pandas as pd

        speed, spread = self.speeds, np.exp(1.96 * self.standard_error)
        table = pd.DataFrame(
            {
                "week": np.arange(1, WEEKS + 1),
                "begins": [_first_day(week) for week in range(WEEKS)],
                "speed": speed,
                "lower": speed / spread,
                "upper": speed * spread,
                "purchases": self.purchases,
            }
        )
        doubt = self.calendar.doubt
        return table.assign(other_trend=speed * np.array(doubt.other)) if doubt is not None and doubt.other else table


def estimate_calendar(
    log: LogTable,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    method: CalendarMethod = "expected",
    events: PeriodTable | None = None,
    promotions: PeriodTable | None = None,
    planned: PeriodTable | None = None,
    days_after: int = 7,
    outages: Sequence[CalendarPeriod] = (),
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
        What purchases are compared with. "expected": repeat purchases are compared with those that BG/NBD expects given
        the arrivals, so that growth, decline and campaigns are not taken for a season. "totals": all purchases of whole
        years are compared with their trend. A trend needs two years; with one year it is assumed to be level, and
        intervals of totals allow for the trend of the cohorts. Use it for logs in which most customers are older than
        the log.
    events : table, optional
        Holidays and other named days of the log and of coming years, from `holiday_table` or with the columns name,
        first and last. Events with the same name have similar effects; future ones get the mean effect of their name.
    promotions : table, optional
        Past promotions: name, first, last. Each has an effect on its days and on the days after it, shrunk towards the
        mean of all promotions.
    planned : table, optional
        The future promotions that forecasts assume, with the same columns; required with `promotions`. They get the
        mean effect of past promotions; an empty list means none.
    days_after : int, default=7
        Days after a promotion on which customers may buy less; 0 for no such effect.
    outages : sequence of CalendarPeriod, optional
        Days on which the shop was closed, records were lost or goods out of stock. They get their given speeds.

    Returns
    -------
    CalendarEstimate

    Raises
    ------
    InvalidTransactions
        If the log is shorter than a year, or shorter than two with customers who all arrived in the same season: age
        and season cannot be separated then, and the calendar must come from another source.
    InvalidOption
        If a table of periods cannot be read, promotions are passed without planned ones, or a planned one is over.

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
    spans = _spans(events, promotions, planned, days_after)
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
            + ". Pass a calendar from another source, such as Calendar.from_series of last year's sales."
        )
    refuse_past_plans(spans, int(days_of(history.clock, np.array([history.cutoff]))[0]))
    return estimate_season(history, method, spans=spans, outages=outages)


def season_case(history: KnownHistory) -> SeasonCase:
    """Return whether a history can show a season, as `profile` does for a log."""
    first = history.purchase_log.first
    before, last = days_of(history.clock, np.array([history.purchase_log.first_tick - 1, history.cutoff]))
    return season_case_of(int(before), int(last), days_of(history.clock, first[first <= history.cutoff]))


def estimate_season(
    history: KnownHistory,
    method: CalendarMethod = "expected",
    model: PurchaseModel | None = None,
    spans: Spans | None = None,
    outages: Sequence[CalendarPeriod] = (),
) -> CalendarEstimate:
    """Return the season of a history of at least a year; `model` is the process of expected purchases."""
    if method not in get_args(CalendarMethod):
        raise InvalidOption(f"method={method!r} is not one of {', '.join(map(repr, get_args(CalendarMethod)))}.")
    if history.clock.discrete:
        raise InvalidOption("A season needs the days of purchases: pass merge_within='day'.")
    thinned = replace(history.thin(MOST_CUSTOMERS), intertimes=model is not None, memory={})
    daily = DailyCounts.of(thinned)
    effects = DailyEffects.none(daily, Spans() if spans is None else spans, tuple(outages))
    if method == "expected":
        weekly, effects = _from_expected(thinned, daily, model, effects)
    else:
        weekly, effects = _from_totals(daily, effects)
    evidence, case = season_evidence(weekly), season_case(history)
    season = Calendar()
    if evidence > VISIBLE:
        # The purchases of one year contain an unknown trend: no trend, or that of the cohorts.
        unknown = method == "totals" and case != "seen_twice"
        other = _from_expected(thinned, daily, model, effects)[0] if unknown else None
        season = replace(_calendar(weekly.speeds), doubt=_doubt(weekly, other))
    return CalendarEstimate(
        calendar=effects.add_to(season),
        method=method,
        case=case,
        years=len(daily.days) / YEAR,
        purchases=weekly.purchases,
        standard_error=np.sqrt(weekly.variance),
        degrees=(WEEKS - 1 if evidence > VISIBLE else 0) + effects.degrees,
        evidence=evidence,
        effects=effects_frame(effects.periods),
    )


def _doubt(weekly: WeeklySpeeds, other: WeeklySpeeds | None) -> SeasonDoubt:
    """Return the uncertainty of speeds; `other` are the speeds under another trend, if the trend is not known."""
    relative = () if other is None else tuple(np.round(other.speeds / weekly.speeds, 6).tolist())
    errors, purchases = (np.round(each, 6).tolist() for each in (np.sqrt(weekly.variance), weekly.purchases))
    return SeasonDoubt(tuple(errors), tuple(purchases), relative)


def _from_expected(
    history: KnownHistory, daily: DailyCounts, model: PurchaseModel | None, effects: DailyEffects
) -> tuple[WeeklySpeeds, DailyEffects]:
    """Return the season from repeat purchases and those that a process expects, fitted in turn with the season."""
    model = BGNBD() if model is None else model
    weekly = WeeklySpeeds(np.ones(WEEKS), np.zeros(WEEKS), np.zeros(WEEKS))
    for _ in range(ROUNDS):
        seasonal = history.with_calendar(effects.add_to(_calendar(weekly.speeds)))
        fitted = fitted_copy(model, seasonal)
        level = effects.without(expected_per_day(fitted, seasonal.clock, daily)) / weekly.speeds[daily.cell]
        weekly = weekly_speeds(daily.repeat, effects.by_weekday(level), daily.cell, effects.ordinary)
        effects = effects.estimate(daily, daily.repeat, level * weekly.speeds[daily.cell])
    return weekly, effects


def _from_totals(daily: DailyCounts, effects: DailyEffects) -> tuple[WeeklySpeeds, DailyEffects]:
    """Return the season from all purchases of the last whole years and their trend."""
    years = len(daily.days) // YEAR
    days = slice(len(daily.days) - years * YEAR, None)
    total = (daily.first + daily.repeat)[days]
    by_year = total.reshape(years, YEAR).sum(axis=1)
    growth = 0.0 if years == 1 else float(np.log(by_year[-1] / max(by_year[0], 1.0))) / ((years - 1) * YEAR)
    trend = np.exp(growth * np.arange(len(total)))
    level, ordinary = trend * total.sum() / trend.sum(), effects.ordinary
    weekly = weekly_speeds(total, level, daily.cell[days], None if ordinary is None else ordinary[days])
    if effects.any:
        whole = DailyCounts(daily.days[days], daily.first[days], daily.repeat[days], daily.cell[days])
        effects = effects.on(whole).estimate(whole, total, level * weekly.speeds[whole.cell])
    return weekly, effects


def _calendar(speeds: Array) -> Calendar:
    """Return the calendar of the speeds of weeks; the last week of the year has the remaining days."""
    season = np.append(np.repeat(speeds, DAYS_OF_CELL), [speeds[-1]] * 2)
    return Calendar(season=tuple(np.round(season, 6).tolist()))


def _findings_of_effects(effects: pd.DataFrame) -> Findings:
    """Return findings on the average effects of promotions, and on the promotions that the calendar assumes."""
    if not len(effects):
        return ()
    findings = []
    for kind in ("event", "promotion"):
        table = effects[(effects["kind"] == kind) & (effects["part"] == "during")]
        seen, coming = table[table["observed"]], table[~table["observed"]]
        if len(table):
            change = float(np.exp(np.log(seen["speed"]).mean())) - 1 if len(seen) else 0.0
            figures = {"observed": len(seen), "coming": len(coming), "change": change}
            findings.append(Finding(f"calendar-{kind}s", figures))
    return tuple(findings)


def _first_day(week: int) -> str:
    """Return the first day of a week of the year, as "MM-DD"."""
    return str(np.datetime64("2000-01-01") + DAYS_OF_CELL * week)[5:]


def _spans(
    events: PeriodTable | None, promotions: PeriodTable | None, planned: PeriodTable | None, days_after: int
) -> Spans:
    """Return the periods whose effects are to be estimated."""
    if promotions is not None and planned is None:
        raise InvalidOption(
            "promotions= needs planned=: the table of future promotions that forecasts assume, or [] for none."
        )
    if days_after < 0:
        raise InvalidOption(f"days_after={days_after!r} must be a whole number of days, 0 or more.")
    tables = {"events": events, "promotions": promotions, "planned": planned}
    read = {name: () if table is None else read_periods(table, name) for name, table in tables.items()}
    return Spans(read["events"], read["promotions"], read["planned"], days_after)

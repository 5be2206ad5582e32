"""The outlook: expected purchases of a log without money, and the season of the next months."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from clvmodels.estimators.prediction import TotalIntervalName
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding
from clvmodels.profiling.profile import Profile
from clvmodels.profiling.season import FEWEST_MONTHS, FEWEST_PURCHASES
from clvmodels.reporting.acting.customer_decisions import LEVEL, ActiveCustomers, active_customers

__all__ = ["PurchaseOutlook", "forecast_purchases", "judge_season"]

MONTHS_AHEAD = 3
SECOND_HALF = 16  # day of the month from which the next quarter starts with the next month
MOSTLY = 20  # days of a month in the log from which it counts as observed, as in the profile


@dataclass(frozen=True, slots=True)
class PurchaseOutlook:
    """The expected purchases of the customers, for a log without money.

    Attributes
    ----------
    expected, lower, upper : float
        Total over the horizon, and its interval.
    level : float
        Central probability of the interval.
    tested : bool
        Whether the interval includes errors of earlier totals at this horizon.
    total_interval : {"history", "model"}
        The option of the interval.
    at_recent_level : float
        The total at the level of recent months, as far as such levels lasted in this and other shops.
    horizon, end : str
        The horizon, and the day from which it starts.
    title : str
        Of the model.
    half : int
        The fewest customers who are expected to make half of these purchases.
    active : ActiveCustomers or None
    """

    expected: float
    lower: float
    upper: float
    level: float
    tested: bool
    total_interval: TotalIntervalName
    at_recent_level: float
    horizon: str
    end: str
    title: str
    half: int
    active: ActiveCustomers | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values."""
        names = [name for name in self.__slots__ if name != "active"]
        numbers = {name: getattr(self, name) for name in names}
        return numbers if self.active is None else numbers | {"active": self.active._asdict()}


def forecast_purchases(
    model: CustomerModel, history: KnownHistory, horizon: str, total_interval: TotalIntervalName = "history"
) -> PurchaseOutlook:
    """Return the expected purchases of the customers of a history, with an interval of the total."""
    total = model.total(history, horizon, level_rule="none")
    total = total.of_model() if total_interval == "model" else total
    each = np.sort(np.asarray(model.expected_purchases(history.rfm, horizon)["expected_purchases"].to_numpy()))[::-1]
    lower, upper = total.interval(LEVEL)
    return PurchaseOutlook(
        expected=total.expected,
        lower=lower,
        upper=upper,
        level=LEVEL,
        tested=total.basis in ("history", "other_shops"),
        total_interval=total_interval,
        at_recent_level=total.expected * model.total(history, horizon).level.factor,
        horizon=horizon,
        end=str(history.observation_end),
        title=model.purchases.title,
        half=int(np.searchsorted(np.cumsum(each), 0.5 * each.sum())) + 1,
        active=active_customers(model, history),
    )


def judge_season(profile: Profile, *, knows_season: bool) -> Finding:
    """Return a finding on the season of the next three months, as far as the log shows it.

    Parameters
    ----------
    profile : Profile
    knows_season : bool
        Whether the forecast uses a calendar.
    """
    season = profile.season
    first_day, last_day = (date.fromisoformat(day[:10]) for day in (profile.first_day, profile.last_day))
    months = _next_months(last_day)
    figures = {"first": months[0], "last": months[-1], "months": season.months_observed, "known": knows_season}
    if not set(months) <= _months_seen(first_day, last_day):
        return Finding("season-not-seen", figures, "caution")
    if season.months_observed < FEWEST_MONTHS:
        return Finding("season-not-visible-yet", figures | {"needed": FEWEST_MONTHS}, "caution")
    if season.repeat_purchases < FEWEST_PURCHASES:
        return Finding("season-few-purchases", figures, "caution")
    if season.busiest is None:
        return Finding("season-none", figures)
    index = season.months.set_index("month")["index"]
    change = float(index[months].mean() / index.mean() - 1)
    return Finding("season-ahead", figures | {"change": change}, "info" if knows_season else "caution")


def _next_months(last_day: date) -> list[int]:
    """Return the three calendar months that follow a day, as numbers."""
    first = last_day.month + (last_day.day >= SECOND_HALF)
    return [(first - 1 + i) % 12 + 1 for i in range(MONTHS_AHEAD)]


def _months_seen(first_day: date, last_day: date) -> set[int]:
    """Return the calendar months with most of their days in the log."""
    seen, start = set(), first_day
    while start <= last_day:
        end = date(start.year, start.month, calendar.monthrange(start.year, start.month)[1])
        if (min(end, last_day) - start).days + 1 >= MOSTLY:
            seen.add(start.month)
        start = end + timedelta(days=1)
    return seen

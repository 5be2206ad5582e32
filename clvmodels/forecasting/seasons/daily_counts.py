"""First and repeat purchases on each day of a history, and those that a process expects of its customers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import calendar_time
from clvmodels.clock import Clock
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.seasons.weekly_speeds import week_of_year
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["DailyCounts", "days_of", "expected_per_day"]

CURVE_POINTS = 3_000


class DailyCounts(NamedTuple):
    """Days of a history (d,), and first and repeat purchases on each; `cell` is the week of the year."""

    days: npt.NDArray[np.int64]
    first: Array
    repeat: Array
    cell: npt.NDArray[np.int64]

    @classmethod
    def of(cls, history: KnownHistory) -> DailyCounts:
        """Count the purchases up to the cutoff."""
        log = history.purchase_log
        tick = days_of(history.clock, log.tick[log.tick <= history.cutoff].astype(np.int64))
        first = days_of(history.clock, log.first[log.first <= history.cutoff])
        return cls.between(first, tick, int(days_of(history.clock, np.array([history.cutoff]))[0]))

    @classmethod
    def between(cls, first: npt.NDArray[np.int64], bought: npt.NDArray[np.int64], end: int) -> DailyCounts:
        """Count the days of customers' first purchases, and those of all purchases, up to a day."""
        begin = int(first.min())
        days = np.arange(begin, end + 1)
        started, purchases = (np.bincount(each - begin, minlength=len(days)).astype(float) for each in (first, bought))
        return cls(days, started, purchases - started, week_of_year(days))


def expected_per_day(model: PurchaseModel, clock: Clock, daily: DailyCounts, rfm: RFM | None = None) -> Array:
    """Return the repeat purchases expected on each day, given the arrivals of the customers, (d,).

    Parameters
    ----------
    model : PurchaseModel
    clock : Clock
        Its calendar, if it has one, is followed.
    daily : DailyCounts
    rfm : RFM, optional
        Customers over whose covariates and groups to average; required for models with covariates or groups.
    """
    plain = daily.days.astype(float)
    time = (plain if clock.calendar is None else calendar_time(clock.calendar, daily.days)) / clock.days_per_unit
    ages = np.linspace(0.0, float(time[-1] - time[0]), CURVE_POINTS)
    curve = model.mean_purchases(ages, rfm)
    arrived = np.flatnonzero(daily.first)
    reached = np.array([daily.first[arrived] @ np.interp(now - time[arrived], ages, curve) for now in time])
    return np.diff(reached, prepend=0.0)


def days_of(clock: Clock, ticks: Any) -> npt.NDArray[np.int64]:
    """Return the days of ticks, counted from 1970-01-01."""
    days: npt.NDArray[np.int64] = np.asarray(ticks, dtype=np.int64)
    return days // 24 if clock.merge_within == "hour" else days

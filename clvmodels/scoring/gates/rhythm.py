"""The rhythm of a log at its fit: the season and weekdays that its model leaves out, and the variation that remains.

Customers buy more in some weeks of the year and on some days of the week than a process without a calendar expects, and
the days of a shop vary more than those of independent customers. Both are estimated from the days up to the fit, by
comparing repeat purchases with those that the model expects of customers by their arrival.
"""

from __future__ import annotations

import numpy as np

from clvmodels.clock import Clock
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.seasons.calendar_estimate import VISIBLE
from clvmodels.forecasting.seasons.daily_counts import DailyCounts, expected_per_day
from clvmodels.forecasting.seasons.period_effects import weekday_speeds
from clvmodels.forecasting.seasons.weekly_speeds import season_evidence, weekly_speeds
from clvmodels.processes.contract import Array
from clvmodels.scoring.gates.run_statistics import Rhythm
from clvmodels.transactions.summary import RFM

__all__ = ["rhythm_of"]

FEWEST_DAYS = 56  # needed to estimate a rhythm
TWO_YEARS = 730  # days in which every week of the year occurs twice
WINDOWS = (1, 2, 4, 7, 14, 28, 56, 91, 182)  # days
FEWEST_WINDOWS = 6  # fewest windows of a length in a log
COVARIATE_SAMPLE = 1_000  # customers for the mean over covariates


def rhythm_of(model: PurchaseModel, clock: Clock, daily: DailyCounts, rfm: RFM) -> Rhythm | None:
    """Return the rhythm of a log, or None if it is too short or has no repeat purchases.

    Parameters
    ----------
    model : PurchaseModel
        Fitted.
    clock : Clock
        Of the model.
    daily : DailyCounts
        First and repeat purchases of each day up to the fit, of all customers or of a sample.
    rfm : RFM
        Customers; the expectation of a new customer is a mean over their covariates.
    """
    sample = rfm[:: max(1, len(rfm) // COVARIATE_SAMPLE)]
    expected = expected_per_day(model, clock, daily, sample)
    if len(daily.days) < FEWEST_DAYS or daily.repeat.sum() == 0 or expected.sum() == 0:
        return None
    expected = expected * (daily.repeat.sum() / expected.sum())
    season = np.ones(0)
    if len(daily.days) >= TWO_YEARS:
        weekly = weekly_speeds(daily.repeat, expected, daily.cell)
        if season_evidence(weekly) > VISIBLE:
            season = weekly.speeds
            expected = expected * season[daily.cell]
    weekdays = weekday_speeds(daily.days, daily.repeat, expected)
    rhythm = Rhythm(season=_rounded(season), weekdays=_rounded(weekdays))
    usual = Rhythm(weekdays=rhythm.weekdays).speeds(daily.days) * expected
    return rhythm.model_copy(update={"variation": _variation(daily.repeat, usual)})


def _variation(actual: Array, expected: Array) -> tuple[tuple[int, float], ...]:
    """Return the coefficient of variation beyond chance of purchases within windows, by length.

    The level is the mean of all days, so slow changes that the model does not follow count as variation.
    """
    bought, usual = (np.concatenate([[0.0], np.cumsum(values)]) for values in (actual, expected))
    usual *= bought[-1] / max(usual[-1], 1e-9)
    rows = []
    for days in WINDOWS:
        if days * FEWEST_WINDOWS > len(actual):
            break
        a, e = bought[days:] - bought[:-days], usual[days:] - usual[:-days]
        excess = float(np.sum((a - e) ** 2 - e)) / max(float(np.sum(e**2)), 1e-9)
        rows.append((days, round(float(np.sqrt(max(excess, 0.0))), 4)))
    return tuple(rows)


def _rounded(speeds: Array) -> tuple[float, ...]:
    return tuple(float(speed) for speed in np.round(speeds, 4))

"""Forecast from a log how many new customers arrive in each month, and the error of such forecasts."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import Calendar
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.revenue.cohort_drift import CohortDrift, cohort_drift
from clvmodels.forecasting.revenue.customers_to_come import AcquisitionPlan
from clvmodels.forecasting.revenue.month_totals import month_totals
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.periods import periods_after

__all__ = ["forecast_arrivals"]

RECENT = 3  # number of latest months whose mean is the level
YEAR = 12
SEASONAL_FROM = 24  # whole months that a season needs; the first months of a log contain customers who are not new
FEWEST_WINDOWS = 3
UNTESTED_SPREAD = 0.5  # standard deviation of the logarithm, if no earlier windows of the log show errors
LEAST_SPREAD, LARGEST_SPREAD = 0.1, 1.0


def forecast_arrivals(
    history: KnownHistory,
    *,
    horizon: float | str,
    cac: float = 0.0,
    arrival_calendar: Calendar | None = None,
    drift: bool = False,
) -> AcquisitionPlan:
    """Forecast from a log how many new customers arrive in each month after it, with the error of such forecasts.

    With at least 24 whole months, the forecast of a month is the arrivals of the same month a year before, times the
    ratio of the last three months' arrivals to those of the same months a year before. With fewer months, it is the
    mean of the last three whole months. A month that is only partly within the horizon counts in part. The season of
    new customers, due to campaigns and gifts, may differ from that of repeat purchases: with `arrival_calendar`, the
    forecast is the last three months' arrivals, times the ratio of the month's speed to theirs, for logs of any length.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`; all its months are used, so it should start with the shop;
        otherwise its first months contain customers who are not new.
    horizon : float or str
        Length of the plan after the cutoff.
    cac : float, default=0.0
        Cost of acquiring one customer.
    arrival_calendar : Calendar, optional
        How fast new customers arrive on each day, such as `Calendar.from_series` of last year's new customers, or a
        calendar whose periods are planned campaigns.
    drift : bool, default=False
        Whether the plan also says how much more or less recent cohorts spend than all so far, and how much cohorts
        differ from those before them: by the spend within 30 days from the first order on, of monthly cohorts seen that
        long. With fewer than six, the relative spend is 1 and the drift 0.2.

    Returns
    -------
    AcquisitionPlan
        Its `spread` is the root mean square of the logarithm of actual over forecast totals of earlier windows of the
        same length, of at least three; between 0.1 and 1, and 0.5 without such windows.

    Raises
    ------
    InvalidOption
        For a log without a whole month, and a calendar without arrivals in the last three months.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-03-31")
    >>> plan = clv.forecast_arrivals(history, horizon="61 days")
    >>> {month: round(count) for month, count in plan.customers.items()}, plan.spread
    ({'1997-04': 786, '1997-05': 786}, 0.5)
    """
    totals, clock = month_totals(history), history.clock
    whole = totals.whole()
    if not len(whole):
        raise InvalidOption("The log covers no whole month: pass a plan of your own, AcquisitionPlan(customers=...).")
    length = clock.duration(horizon, "horizon")
    periods = periods_after(clock, clock.describe_tick(history.cutoff)[:10], length, "month")
    counts = totals.new_customers[whole].astype(float)
    ahead = _months_between(totals.months[int(whole[-1])], [label[:7] for label in periods.labels])
    speeds = _speeds(arrival_calendar, totals.months[int(whole[0])], len(counts) + int(ahead.max()))
    expected = _expected(counts, int(ahead.max()), speeds)[ahead - 1] * periods.share
    months = (label[:7] for label in periods.labels)
    spread = _spread(counts, len(periods), speeds)
    customers = dict(zip(months, expected.tolist(), strict=True))
    cohorts = cohort_drift(history) if drift else CohortDrift(1.0, 0.0)
    return AcquisitionPlan(
        customers=customers, cac=cac, spread=spread, relative_spend=cohorts.relative_spend, drift=cohorts.spread
    )


def _speeds(calendar: Calendar | None, first: str, months: int) -> Array | None:
    """Return the mean speed of some months from a first one on, by a calendar, (months,); None without a calendar."""
    if calendar is None:
        return None
    if not isinstance(calendar, Calendar):
        raise InvalidOption(f"arrival_calendar={calendar!r} must be a Calendar, such as Calendar.from_series(...).")
    begins = np.datetime64(first, "M") + np.arange(months + 1)
    days = begins.astype("datetime64[D]").astype(np.int64)
    return np.array([calendar.speeds(np.arange(*pair)).mean() for pair in pairwise(days)])


def _months_between(last: str, months: list[str]) -> npt.NDArray[np.intp]:
    """Return the number of months from the last whole month to each month."""
    begin = date.fromisoformat(f"{last}-01")
    days = [date.fromisoformat(f"{month}-01") for month in months]
    return np.array([YEAR * (day.year - begin.year) + day.month - begin.month for day in days], dtype=np.intp)


def _expected(counts: Array, ahead: int, speeds: Array | None = None) -> Array:
    """Return the arrivals expected in each of the next months, from those of whole months so far.

    `speeds` are those of the past and the next months, possibly followed by more.
    """
    recent = counts[-RECENT:]
    if speeds is not None:
        so_far = speeds[: len(counts)][-RECENT:].sum()
        if not so_far > 0:
            raise InvalidOption(
                "arrival_calendar= has speed 0 in the last three months, in which no customer could arrive."
            )
        by_speed: Array = recent.sum() / so_far * speeds[len(counts) : len(counts) + ahead]
        return by_speed
    before = counts[-YEAR - RECENT : -YEAR]
    if len(counts) < SEASONAL_FROM or not before.sum():
        return np.full(ahead, recent.mean())
    growth = recent.sum() / before.sum()
    year = growth * counts[-YEAR:]
    return np.array([year[i % YEAR] for i in range(ahead)])


def _spread(counts: Array, months: int, speeds: Array | None = None) -> float:
    """Return the spread of errors in earlier windows of this many months, or fewer to have three windows."""
    length = max(1, min(months, len(counts) - RECENT - FEWEST_WINDOWS + 1))
    errors = [
        np.log((counts[cut : cut + length].sum() + 0.5) / (_expected(counts[:cut], length, speeds).sum() + 0.5))
        for cut in range(RECENT, len(counts) - length + 1)
    ]
    if len(errors) < FEWEST_WINDOWS:
        return UNTESTED_SPREAD
    return float(np.clip(np.sqrt(np.mean(np.square(errors))), LEAST_SPREAD, LARGEST_SPREAD))

"""How much more or less recent cohorts spend than all so far, and how much cohorts differ from those before them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clvmodels.forecasting.revenue.month_totals import month_totals
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.realized import calendar_ticks, realized_orders

__all__ = ["CohortDrift", "cohort_drift"]

EARLY_DAYS = 30  # spend of a customer from the first order on that is compared
RECENT = 3  # cohorts
FEWEST_COHORTS = 6
UNTESTED = 0.2  # standard deviation of the logarithm, if the log has too few cohorts


class CohortDrift(NamedTuple):
    """The spend of new customers relative to the customers so far, and the spread of its logarithm."""

    relative_spend: float
    spread: float


def cohort_drift(history: KnownHistory) -> CohortDrift:
    """Return the drift of the early spend of monthly cohorts.

    The early spend of a cohort is the mean spend of its customers within 30 days from the first order on, which is
    included. Cohorts count whose month is whole and whose customers have all been seen for 30 days. The relative spend
    is that of the last three over that of all, shrunk toward 1 by the part of the differences between cohorts that
    chance explains. The spread is the root mean square of the logarithm of a cohort's early spend over the mean of the
    three before it.
    """
    early, error, size = _early_spend(history)
    if len(early) < FEWEST_COHORTS:
        return CohortDrift(1.0, UNTESTED)
    logs = np.log(early)
    between = max(float(np.var(logs, ddof=1) - np.mean(error**2)), 0.0)
    chance = float(np.mean(error[-RECENT:] ** 2)) / RECENT
    certain = between / (between + chance) if between > 0 else 0.0
    relative = certain * (float(logs[-RECENT:].mean()) - float(np.average(logs, weights=size)))
    errors = [logs[i] - np.log(early[i - RECENT : i].mean()) for i in range(RECENT, len(early))]
    return CohortDrift(float(np.exp(relative)), float(np.sqrt(np.mean(np.square(errors)))))


def _early_spend(history: KnownHistory) -> tuple[Array, Array, Array]:
    """Return the mean early spend of each cohort with any (k,), the standard error of its logarithm, and its size."""
    orders, clock = realized_orders(history), history.clock
    totals = month_totals(history)
    first = history.purchase_log.first[history.purchase_log.first <= history.cutoff]
    _, ends = calendar_ticks(clock, history.purchase_log.first_tick, history.cutoff, "month")
    length = EARLY_DAYS / clock.days_per_unit
    early = np.bincount(orders.customer, orders.amount * (orders.age <= length), minlength=len(first))
    cohort, count = np.searchsorted(ends, first), len(ends)
    size = np.bincount(cohort, minlength=count)
    total, squares = (np.bincount(cohort, early**power, minlength=count) for power in (1, 2))
    seen = ends + length * clock.ticks_per_unit <= history.cutoff
    usable = ~totals.partial & seen & (size > 1) & (total > 0)
    mean = total[usable] / size[usable]
    variance = np.maximum(squares[usable] / size[usable] - mean**2, 0.0)
    return mean, np.sqrt(variance / size[usable]) / mean, size[usable].astype(float)

"""Totals of a log by calendar month: revenue, new customers, and which months are only partly observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.forecasting.revenue.customers_to_come import MONTH_LENGTH
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.realized import calendar_ticks, realized_orders

__all__ = ["MonthTotals", "month_totals"]


@dataclass(frozen=True, slots=True, eq=False)
class MonthTotals:
    """The months of a log up to its cutoff, without gaps, k of them.

    Attributes
    ----------
    months : tuple of str
        Written YYYY-MM.
    partial : bool array (k,)
        Whether the log covers only part of the month.
    revenue, revenue_of_new : array (k,)
        Of all customers, and of those in the month of their first order.
    new_customers : int array (k,)
    """

    months: tuple[str, ...]
    partial: npt.NDArray[np.bool_]
    revenue: Array
    revenue_of_new: Array
    new_customers: npt.NDArray[np.int64]

    def whole(self) -> npt.NDArray[np.intp]:
        """Return the positions of the whole months."""
        return np.flatnonzero(~self.partial)


def month_totals(history: KnownHistory) -> MonthTotals:
    """Return the months of a history with amounts; raise InvalidOption if it has none."""
    orders, clock = realized_orders(history), history.clock
    begin, cutoff = history.purchase_log.first_tick, history.cutoff
    days, ends = calendar_ticks(clock, begin, cutoff, "month")
    place, k = np.searchsorted(ends, orders.tick), len(days)
    first = np.searchsorted(ends, orders.tick - np.rint(orders.age * clock.ticks_per_unit).astype(np.int64))
    new = first == place
    partial = np.zeros(k, dtype=bool)
    partial[0] = begin > clock.last_tick(days[0])
    partial[-1] |= ends[-1] > cutoff
    firsts = history.purchase_log.first[history.purchase_log.first <= cutoff]
    return MonthTotals(
        tuple(day.isoformat()[:MONTH_LENGTH] for day in days),
        partial,
        np.bincount(place, orders.amount, minlength=k).astype(float),
        np.bincount(place[new], orders.amount[new], minlength=k).astype(float),
        np.bincount(np.searchsorted(ends, firsts), minlength=k),
    )

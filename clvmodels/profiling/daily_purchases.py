"""The purchases of a log as arrays of whole days and money, from which a profile is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.clock import EPOCH, FIRST_MONDAY
from clvmodels.transactions.amounts import Floats, money
from clvmodels.transactions.purchase_log import IntArray, PurchaseLog

__all__ = ["DailyPurchases", "iso", "observe", "weekly"]

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DailyPurchases:
    """The m purchases of n customers, sorted by customer and then by day.

    Attributes
    ----------
    start : int array (n + 1,)
        Position of each customer's first purchase, and m at the end.
    day : int array (m,)
        Day of each purchase, counted from 1970-01-01.
    amount : float array (m,) or None
        Money of each purchase; None if the log was read without amounts.
    first_day, last_day : int
        First and last day observed.
    """

    start: IntArray
    day: IntArray
    amount: Floats | None
    first_day: int
    last_day: int

    @property
    def customer(self) -> IntArray:
        """Number of the customer who made each purchase, 0 to n - 1, (m,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def first(self) -> IntArray:
        """Day of each customer's first purchase, (n,)."""
        return self.day[self.start[:-1]]

    @property
    def frequency(self) -> IntArray:
        """Repeat purchases of each customer, (n,)."""
        return np.diff(self.start) - 1

    @property
    def repeated(self) -> npt.NDArray[np.bool_]:
        """Whether each purchase is a repeat purchase, (m,)."""
        repeated = np.ones(len(self.day), dtype=bool)
        repeated[self.start[:-1]] = False
        return repeated

    @property
    def days(self) -> int:
        """Number of days observed."""
        return self.last_day - self.first_day + 1

    def by_customer(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the sum of a value of purchases (m,) over the purchases of each customer, (n,)."""
        return np.add.reduceat(values, self.start[:-1])

    def by_day(self, days: IntArray, weights: Floats | None = None) -> npt.NDArray[np.generic]:
        """Return how often each observed day occurs among `days`, or the sum of the weights, (self.days,)."""
        return np.bincount(days - self.first_day, weights, minlength=self.days)


def observe(log: PurchaseLog, end: int, after: int | None = None) -> DailyPurchases:
    """Return the purchases up to and including day `end`, of customers first seen after day `after`."""
    customers = log.first <= end
    if after is not None:
        customers &= log.first > after
    mask = np.repeat(customers, np.diff(log.start)) & (log.tick <= end)
    amount = None
    if log.paid is not None:
        position = np.flatnonzero(mask)
        amount = money(log.spent(position, position + 1))
    return DailyPurchases(
        start=np.append(0, np.cumsum((log.up_to(end) - log.start[:-1])[customers])),
        day=log.tick[mask].astype(np.int64),
        amount=amount,
        first_day=log.first_tick if after is None else after + 1,
        last_day=end,
    )


def weekly(purchases: DailyPurchases) -> pd.DataFrame:
    """Return one row per calendar week, Monday to Sunday. The first and the last week may be shorter."""
    days = np.arange(purchases.first_day, purchases.last_day + 1)
    week = (days + FIRST_MONDAY) // WEEK
    edges = np.flatnonzero(np.diff(week, prepend=week[0] - 1))
    lasts = np.append(edges[1:], len(days)) - 1
    new = np.add.reduceat(purchases.by_day(purchases.first), edges)
    again = np.add.reduceat(purchases.by_day(purchases.day[purchases.repeated]), edges)
    table = pd.DataFrame(
        {
            "week_start": iso(days[edges]),
            "week_end": iso(days[lasts]),
            "days": lasts - edges + 1,
            "purchases": new + again,
            "new_customers": new,
            "repeat_purchases": again,
            "customers_seen": np.cumsum(new),
        }
    )
    if purchases.amount is not None:
        table["amount"] = np.add.reduceat(purchases.by_day(purchases.day, purchases.amount), edges)
    return table


def iso(days: IntArray) -> list[str]:
    """Return days counted from 1970-01-01 as ISO dates."""
    dates: list[str] = np.datetime_as_string(np.datetime64(EPOCH.date(), "D") + days).tolist()
    return dates

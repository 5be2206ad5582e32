"""The purchases a profile looks at, as arrays of whole days and money."""

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
    """Purchases by customer and, within each, by day.

    Attributes
    ----------
    start : int array (n + 1,)
        Where each customer's purchases begin, and where the last one's end.
    day : int array (m,)
        Of each purchase, since 1970.
    amount : float array (m,) or None
        Money of each purchase.
    origin, end : int
        First and last day observed.
    """

    start: IntArray
    day: IntArray
    amount: Floats | None
    origin: int
    end: int

    @property
    def customer(self) -> IntArray:
        """Whose each purchase is: 0 to n - 1, (m,)."""
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
        """Which purchases are not their customer's first, (m,)."""
        repeated = np.ones(len(self.day), dtype=bool)
        repeated[self.start[:-1]] = False
        return repeated

    @property
    def days(self) -> int:
        """How many days are observed."""
        return self.end - self.origin + 1

    def by_customer(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Values of the purchases (m,) summed over each customer's, (n,)."""
        return np.add.reduceat(values, self.start[:-1])

    def by_day(self, days: IntArray, weights: Floats | None = None) -> npt.NDArray[np.generic]:
        """How many of some days fall on each day observed, or the sum of their weights, (days,)."""
        return np.bincount(days - self.origin, weights, minlength=self.days)


def observe(record: PurchaseLog, end: int, after: int | None = None) -> DailyPurchases:
    """The purchases up to and including day `end`, of customers first seen after day `after`."""
    known = record.first <= end
    if after is not None:
        known &= record.first > after
    kept = np.repeat(known, np.diff(record.start)) & (record.tick <= end)
    amount = None
    if record.paid is not None:
        place = np.flatnonzero(kept)
        amount = money(record.spent(place, place + 1))
    return DailyPurchases(
        start=np.append(0, np.cumsum((record.up_to(end) - record.start[:-1])[known])),
        day=record.tick[kept].astype(np.int64),
        amount=amount,
        origin=record.first_tick if after is None else after + 1,
        end=end,
    )


def weekly(seen: DailyPurchases) -> pd.DataFrame:
    """Calendar weeks, Monday to Sunday: a row a week; the first and the last may be shorter."""
    days = np.arange(seen.origin, seen.end + 1)
    week = (days + FIRST_MONDAY) // WEEK
    edges = np.flatnonzero(np.diff(week, prepend=week[0] - 1))
    lasts = np.append(edges[1:], len(days)) - 1
    new = np.add.reduceat(seen.by_day(seen.first), edges)
    again = np.add.reduceat(seen.by_day(seen.day[seen.repeated]), edges)
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
    if seen.amount is not None:
        table["amount"] = np.add.reduceat(seen.by_day(seen.day, seen.amount), edges)
    return table


def iso(days: IntArray) -> list[str]:
    """Days since 1970 as ISO text."""
    dates: list[str] = np.datetime_as_string(np.datetime64(EPOCH.date(), "D") + days).tolist()
    return dates

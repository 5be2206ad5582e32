"""Count the purchases of a log by customer, day and gap, for a profile."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.clock import EPOCH, FIRST_MONDAY
from clvmodels.transactions.amounts import Floats, money
from clvmodels.transactions.purchase_log import IntArray, PurchaseLog

__all__ = ["DailyPurchases", "PaidAmounts", "follow_up_days", "iso", "observe", "weekly"]

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PaidAmounts:
    """The money of purchases.

    Attributes
    ----------
    spent, first : float arrays (n,)
        Money of all purchases of each customer, and of the first.
    by_day : float array (days,)
        Money of the purchases of each observed day.
    median : float
        Of a purchase.
    zero : float
        Share of the purchases that cost nothing.
    """

    spent: Floats
    first: Floats
    by_day: Floats
    median: float
    zero: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DailyPurchases:
    """Counts of the purchases of n customers, sorted by id, for a profile.

    Attributes
    ----------
    first, last : int arrays (n,)
        Days of each customer's first and last purchase, counted from 1970-01-01.
    frequency : int array (n,)
        Repeat purchases of each customer.
    soon : int array (n,)
        Repeat purchases within `follow_up_days` of the first one.
    sum_log_gaps : float array (n,)
        Sum of the logarithms of the days between purchases.
    gaps, gap_counts : int arrays (g,)
        Distinct days between two purchases of a customer, in ascending order, and their numbers.
    by_day : int array (days,)
        Purchases on each observed day.
    paid : PaidAmounts or None
        None if the log was read without amounts.
    first_day, last_day : int
        First and last day observed.
    """

    first: IntArray
    last: IntArray
    frequency: IntArray
    soon: IntArray
    sum_log_gaps: Floats
    gaps: IntArray
    gap_counts: IntArray
    by_day: IntArray
    paid: PaidAmounts | None
    first_day: int
    last_day: int

    @property
    def count(self) -> int:
        """Number of purchases."""
        return int(self.by_day.sum())

    @property
    def days(self) -> int:
        """Number of days observed."""
        return self.last_day - self.first_day + 1

    @property
    def follow_up_days(self) -> int:
        """Number of days after the first purchase in which `soon` counts."""
        return follow_up_days(self.first_day, self.last_day)

    @property
    def every_gap(self) -> IntArray:
        """Days between purchases in ascending order, repeated by their numbers."""
        return np.repeat(self.gaps, self.gap_counts)

    @property
    def first_by_day(self) -> IntArray:
        """First purchases on each observed day, (days,)."""
        return np.bincount(self.first - self.first_day, minlength=self.days)

    @property
    def repeats_by_day(self) -> IntArray:
        """Repeat purchases on each observed day, (days,)."""
        return self.by_day - self.first_by_day


def follow_up_days(first_day: int, last_day: int) -> int:
    """Return the days after the first purchase over which customers are compared: a quarter of the observed days."""
    return max(1, (last_day - first_day + 1) // 4)


def observe(log: PurchaseLog, end: int, after: int | None = None) -> DailyPurchases:
    """Return the purchases up to and including day `end`, of customers first seen after day `after`."""
    customers = log.first <= end
    if after is not None:
        customers &= log.first > after
    mask = np.repeat(customers, np.diff(log.start)) & (log.tick <= end)
    first_day = log.first_tick if after is None else after + 1
    day = log.tick[mask].astype(np.int64)
    frequency = (log.up_to(end) - log.start[:-1])[customers] - 1
    start = np.append(0, np.cumsum(frequency + 1))
    first = day[start[:-1]]
    repeated = np.ones(len(day), dtype=bool)
    repeated[start[:-1]] = False
    gap = np.diff(day, prepend=day[:1])
    gap_counts = np.bincount(gap[repeated], minlength=1)
    gaps = np.flatnonzero(gap_counts)
    logs = np.where(repeated, np.log(np.maximum(np.arange(len(gap_counts)), 1.0))[np.where(repeated, gap, 0)], 0.0)
    since = day - np.repeat(first, frequency + 1)
    soon = (since > 0) & (since <= follow_up_days(first_day, end))
    return DailyPurchases(
        first=first,
        last=day[start[1:] - 1],
        frequency=frequency,
        soon=np.add.reduceat(soon.astype(np.int64), start[:-1]),
        sum_log_gaps=np.add.reduceat(logs, start[:-1]),
        gaps=gaps,
        gap_counts=gap_counts[gaps],
        by_day=np.bincount(day - first_day, minlength=end - first_day + 1),
        paid=None if log.paid is None else _paid(log, mask, start, day - first_day, end - first_day + 1),
        first_day=first_day,
        last_day=end,
    )


def _paid(log: PurchaseLog, mask: npt.NDArray[np.bool_], start: IntArray, day: IntArray, days: int) -> PaidAmounts:
    """Return the money of the purchases under a mask, which are on days counted from the first observed."""
    position = np.flatnonzero(mask)
    units = log.money_of(position)
    amount = money(units)
    # Sums of whole units are rounded only once, which makes them independent of the order of purchases.
    dated = units.alias("units").to_frame().with_columns(nw.new_series("day", day, backend=units.implementation))
    daily = dated.group_by("day").agg(nw.col("units").sum())
    by_day = np.zeros(days)
    by_day[daily["day"].to_numpy()] = money(daily["units"])
    return PaidAmounts(
        spent=money(log.money_between(position[start[:-1]], position[start[1:] - 1] + 1)),
        first=amount[start[:-1]],
        by_day=by_day,
        median=float(np.median(amount)),
        zero=float(np.mean(amount == 0)),
    )


def weekly(purchases: DailyPurchases) -> pd.DataFrame:
    """Return one row per calendar week, Monday to Sunday. The first and the last week may be shorter."""
    days = np.arange(purchases.first_day, purchases.last_day + 1)
    week = (days + FIRST_MONDAY) // WEEK
    edges = np.flatnonzero(np.diff(week, prepend=week[0] - 1))
    lasts = np.append(edges[1:], len(days)) - 1
    new = np.add.reduceat(purchases.first_by_day, edges)
    again = np.add.reduceat(purchases.repeats_by_day, edges)
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
    if purchases.paid is not None:
        table["amount"] = np.add.reduceat(purchases.paid.by_day, edges)
    return table


def iso(days: IntArray) -> list[str]:
    """Return days counted from 1970-01-01 as ISO dates."""
    dates: list[str] = np.datetime_as_string(np.datetime64(EPOCH.date(), "D") + days).tolist()
    return dates

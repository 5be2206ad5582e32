"""A log read once and held as its purchases, from which any period can be cut without reading it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.log import MissingId, Transactions, read_transactions
from clvmodels.transactions.reduction import purchases

__all__ = ["PurchaseLog", "hold", "purchases_of"]

ROWS_A_PART, ROWS_A_SCAN, MOST_PARTS = 1_000_000, 16_000_000, 8  # a file is read again for each part

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PurchaseLog:
    """The purchases of a log, customer by customer, each customer's in the order of time.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
        Sorted.
    start : int array, shape (n + 1,)
        Where each customer's purchases begin, and where the last one's end.
    tick : int array, shape (m,)
        When each purchase was.
    paid : narwhals.Series, shape (m + 1,), or None
        Money of all purchases before each, in whole multiples of AMOUNT_UNIT, which add up exactly: what a customer
        spent in any period is the difference of two. None if the log had no amounts.
    rows_by_tick : int array, shape (2, ticks)
        Ticks with a transaction, and how many rows of the log fell there.
    clock : Clock
    kind : FrameKind
        The kind of frame to give back.
    rows_without_id : int
        Rows set aside because they name no customer.
    """

    customer_id: nw.Series[Any]
    start: IntArray
    tick: npt.NDArray[np.int32]
    paid: nw.Series[Any] | None
    rows_by_tick: IntArray
    clock: Clock
    kind: frames.FrameKind
    rows_without_id: int

    @property
    def first(self) -> IntArray:
        """Tick of each customer's first purchase, (n,)."""
        return self.tick[self.start[:-1]].astype(np.int64)

    @property
    def first_tick(self) -> int:
        """Tick of the earliest transaction of all."""
        return int(self.rows_by_tick[0, 0])

    @property
    def last_tick(self) -> int:
        """Tick of the latest transaction of all."""
        return int(self.rows_by_tick[0, -1])

    def rows_after(self, end: int) -> int:
        """Rows of the log that are later than a tick."""
        tick, rows = self.rows_by_tick
        return int(rows[tick > end].sum())

    def up_to(self, end: int) -> IntArray:
        """Where in the purchases each customer's later than tick `end` begin, (n,)."""
        seen = np.add.reduceat(self.tick <= end, self.start[:-1], dtype=np.int64)
        return self.start[:-1] + seen

    def of(self, customers: npt.NDArray[np.intp]) -> PurchaseLog:
        """The same of some customers alone, by their places in ascending order."""
        begin, size = self.start[customers], np.diff(self.start)[customers]
        start = np.append(0, np.cumsum(size))
        place = np.arange(start[-1]) + np.repeat(begin - start[:-1], size)
        paid = self.paid
        if paid is not None:
            paid = frames.running_total(paid[place + 1] - paid[place])
        return replace(
            self,
            customer_id=self.customer_id[customers],
            start=start.astype(np.int64),
            tick=self.tick[place],
            paid=paid,
        )

    def spent(self, since: IntArray, until: IntArray) -> nw.Series[Any]:
        """Money of the purchases from one place up to another, in whole multiples of AMOUNT_UNIT."""
        if self.paid is None:
            raise InvalidTransactions("The log was read without amounts.")
        return self.paid[until] - self.paid[since]

    def sum_log_gaps(self, until: IntArray) -> npt.NDArray[np.float64]:
        """Sum of the logarithms of the ticks between each customer's purchases up to a place, (n,); 0 without any.

        Equal gaps are counted and summed from the shortest on, so that the numbers hang on nothing else.
        """
        customer = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        place = np.arange(len(self.tick))
        later = (place > self.start[customer]) & (place < until[customer])
        gap = self.tick[later].astype(np.int64) - self.tick[np.flatnonzero(later) - 1]
        widest = int(gap.max(initial=0)) + 1
        pair, times = np.unique(customer[later] * widest + gap, return_counts=True)
        logs = times * np.log((pair % widest).astype(np.float64))
        return np.bincount(pair // widest, logs, minlength=len(self.start) - 1).astype(np.float64)


def purchases_of(
    log: frames.Frame | str | Path,
    clock: Clock,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
) -> PurchaseLog:
    """Read and check a log, and hold its purchases; arguments and errors as for `rfm_summary`."""
    return hold(read_transactions(log, clock, customer_id, date, amount, date_format, on_missing_id), clock)


def hold(transactions: Transactions, clock: Clock) -> PurchaseLog:
    """The purchases of a checked log, in memory."""

    def merge(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return purchases(lazy, transactions.has_amount, transactions.last_tick)

    parts = 1 + transactions.rows // (ROWS_A_PART if transactions.in_memory else ROWS_A_SCAN)
    merged = frames.collect_in_parts(merge, transactions.lazy, "customer_id", min(parts, MOST_PARTS))
    by_tick = merged.group_by("tick").agg(nw.col("rows").sum()).sort("tick")
    merged = merged.drop("rows").sort("customer_id", "tick")
    who = merged["customer_id"]
    starts = np.flatnonzero(np.append(True, (who != who.shift(1)).to_numpy()[1:]))
    return PurchaseLog(
        customer_id=who[starts],
        start=np.append(starts, len(who)).astype(np.int64),
        tick=merged["tick"].to_numpy().astype(np.int32),
        paid=frames.running_total(merged["amount"]) if transactions.has_amount else None,
        rows_by_tick=np.stack([by_tick[name].to_numpy().astype(np.int64) for name in ("tick", "rows")]),
        clock=clock,
        kind=transactions.kind,
        rows_without_id=transactions.rows_without_id,
    )

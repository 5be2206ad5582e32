"""The purchases of a log, from which any period can be summarized without reading the log again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.amounts import Floats, exact_amount, money
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.purchases import merge_purchases
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.log import MissingId, Transactions, read_transactions
from clvmodels.transactions.reduction import merge_into_purchases
from clvmodels.transactions.stray_dates import PeriodArguments

__all__ = ["PurchaseLog", "RecentPurchases", "RecentTotals", "has_ticks_of", "purchases_of", "to_purchase_log"]

ROWS_PER_PARTITION, ROWS_PER_SCAN = 1_000_000, 16_000_000  # in memory, and of files, which each partition reads again
MAX_PARTITIONS = 8
ROWS_AT_ONCE = 2**24  # rows that are sorted together; more are merged into purchases by partitions, to limit memory
THINNING_SEED = 0
LARGEST_KEY = 2**62  # for keys that are integers of 64 bits

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PurchaseLog:
    """The purchases of a log, sorted by customer and then by time.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
        Sorted.
    start : int array, shape (n + 1,)
        Position of each customer's first purchase, and, last, the number of purchases.
    tick : int array, shape (m,)
        Tick of each purchase.
    paid : narwhals.Series, shape (m + 1,), or None
        Money of all purchases before each, in whole multiples of AMOUNT_UNIT, which add up exactly; spend in a period
        is the difference of two values. None if the log has no amounts.
    rows_by_tick : int array, shape (2, ticks)
        Ticks with a transaction, and the number of rows of the log in each.
    clock : Clock
    kind : FrameKind
        The kind of frame to return.
    rows_without_id : int
        Rows without a customer id, which were left out.
    opened_files : tuple of OpenedFile
        What was recognized of the files.
    """

    customer_id: nw.Series[Any]
    start: IntArray
    tick: npt.NDArray[np.int32]
    paid: nw.Series[Any] | None
    rows_by_tick: IntArray
    clock: Clock
    kind: frames.FrameKind
    rows_without_id: int
    opened_files: tuple[frames.OpenedFile, ...] = ()

    @property
    def first(self) -> IntArray:
        """Tick of each customer's first purchase, (n,)."""
        return self.tick[self.start[:-1]].astype(np.int64)

    @property
    def first_tick(self) -> int:
        """Tick of the earliest transaction in the log."""
        return int(self.rows_by_tick[0, 0])

    @property
    def last_tick(self) -> int:
        """Tick of the latest transaction in the log."""
        return int(self.rows_by_tick[0, -1])

    def rows_after(self, end: int) -> int:
        """Return the number of rows of the log that are later than a tick."""
        tick, rows = self.rows_by_tick
        return int(rows[tick > end].sum())

    def up_to(self, end: int) -> IntArray:
        """Return the position after each customer's last purchase up to and including tick `end`, (n,)."""
        seen = np.add.reduceat(self.tick <= end, self.start[:-1], dtype=np.int64)
        return self.start[:-1] + seen

    def thin(self, customers: npt.NDArray[np.intp], most: int) -> PurchaseLog:
        """Return the log of one, drawn with a seed, of every two, three, ... customers at these positions (n,)."""
        step = -(-len(customers) // most)
        begins = np.arange(0, len(customers), step)
        ends = np.minimum(begins + step, len(customers))
        return self.of(customers[np.random.default_rng(THINNING_SEED).integers(begins, ends)])

    def of(self, customers: npt.NDArray[np.intp]) -> PurchaseLog:
        """Return the purchases of some customers only, by their positions in ascending order."""
        return self._first_of(customers, np.diff(self.start)[customers])

    def until(self, end: int) -> PurchaseLog:
        """Return the purchases up to and including tick `end`, as if the log ended there."""
        seen = np.flatnonzero(self.first <= end)
        earlier = self._first_of(seen, (self.up_to(end) - self.start[:-1])[seen])
        return replace(earlier, rows_by_tick=self.rows_by_tick[:, self.rows_by_tick[0] <= end])

    def _first_of(self, customers: npt.NDArray[np.intp], size: IntArray) -> PurchaseLog:
        """Return the first purchases of some customers; `size` is the number for each."""
        begin = self.start[customers]
        start = np.append(0, np.cumsum(size))
        position = np.arange(start[-1]) + np.repeat(begin - start[:-1], size)
        paid = self.paid
        if paid is not None:
            paid = frames.running_total(self.money_of(position))
        return replace(
            self,
            customer_id=self.customer_id[customers],
            start=start.astype(np.int64),
            tick=self.tick[position],
            paid=paid,
        )

    def money_between(self, since: IntArray, until: IntArray) -> nw.Series[Any]:
        """Return the money of the purchases between two positions, in whole multiples of AMOUNT_UNIT."""
        if self.paid is None:
            raise InvalidTransactions("The log was read without amounts.")
        return self.paid[until] - self.paid[since]

    def money_of(self, purchases: npt.NDArray[np.intp]) -> nw.Series[Any]:
        """Return the money of each of some purchases at ascending positions, in whole multiples of AMOUNT_UNIT."""
        if self.paid is not None and len(purchases) == len(self.tick):  # all: in a third of the time
            return self.paid[1:] - self.paid[:-1]
        return self.money_between(purchases, purchases + 1)

    def sum_log_gaps(self, until: IntArray) -> npt.NDArray[np.float64]:
        """Return the sum of log gaps between each customer's purchases up to a position, (n,); 0 if none.

        Gaps are in ticks, or with a calendar in the clock's unit. Equal gaps in ticks are counted and added in
        ascending order, which makes the result independent of the order of the rows.
        """
        customer = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        position = np.arange(len(self.tick))
        later = (position > self.start[customer]) & (position < until[customer])
        if self.clock.seasonal:
            ticks = self.tick.astype(np.int64)
            gaps = self.clock.elapsed(ticks[np.flatnonzero(later) - 1], ticks[later])
            return np.bincount(customer[later], np.log(gaps), minlength=len(self.start) - 1).astype(np.float64)
        gap = self.tick[later].astype(np.int64) - self.tick[np.flatnonzero(later) - 1]
        widest = int(gap.max(initial=0)) + 1
        pair, times = np.unique(customer[later] * widest + gap, return_counts=True)
        logs = times * np.log((pair % widest).astype(np.float64))
        return np.bincount(pair // widest, logs, minlength=len(self.start) - 1).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RecentPurchases:
    """The repeat purchases of the last days, where older ones are known by their sums only.

    Attributes
    ----------
    since : int
        Purchases after this tick are known.
    customer : int array, shape (m,)
        Position of the customer of each purchase.
    tick : int array, shape (m,)
    amount : narwhals.Series, shape (m,), or None
        Money of each, in whole multiples of AMOUNT_UNIT; None without amounts.
    """

    since: int
    customer: IntArray
    tick: IntArray
    amount: nw.Series[Any] | None

    def repeated(self, since: int, until: int, customers: int, *, spent: bool) -> Floats:
        """Return repeat purchases, or money spent in them, in (since, until] of each of some number of customers."""
        if since < self.since:
            raise AssertionError(f"purchases after tick {since} are asked for, and known after {self.since} only")
        rows = np.flatnonzero((self.tick > since) & (self.tick <= until))
        if not spent:
            return np.bincount(self.customer[rows], minlength=customers).astype(np.float64)
        if self.amount is None:
            raise InvalidTransactions("The log was read without amounts.")
        customer = nw.new_series("customer", self.customer[rows], backend="polars")
        paid = self.amount[rows].alias("amount").to_frame().with_columns(customer)
        sums = paid.group_by("customer").agg(nw.col("amount").sum())
        total = np.zeros(customers)
        total[sums["customer"].to_numpy()] = money(sums["amount"])
        return total


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RecentTotals:
    """The repeat purchases of customers in a few periods before the cutoff, where single purchases are not known.

    Attributes
    ----------
    cutoff : int
        The tick at which the periods end.
    purchases : mapping of int to float array (n,)
        By the length of the period in ticks.
    spend : mapping of int to float array (n,), or None
        Money in these purchases; None without amounts.
    """

    cutoff: int
    purchases: Mapping[int, Floats]
    spend: Mapping[int, Floats] | None

    def repeated(self, since: int, until: int, customers: int, *, spent: bool) -> Floats:
        """Return repeat purchases, or money spent in them, in (since, until] of each of some number of customers."""
        totals = self.spend if spent else self.purchases
        if totals is None:
            raise InvalidTransactions("The log was read without amounts.")
        period = totals.get(until - since) if until == self.cutoff else None
        if period is None or len(period) != customers:
            raise AssertionError(f"purchases in ({since}, {until}] are asked for, and not known")
        return period


def purchases_of(
    log: frames.Frame | str | Path | PurchaseLog,
    clock: Clock,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    period: PeriodArguments | None = None,
) -> PurchaseLog:
    """Read and check a log, and return its purchases; arguments and errors are those of `read_transactions`.

    An engine that holds the log merges its rows into purchases. A log that was read before is returned with this clock,
    whose ticks must be the same.
    """
    if isinstance(log, PurchaseLog):
        if not has_ticks_of(log, clock):
            raise AssertionError("a log that was read before has other ticks")
        return replace(log, clock=clock)
    options = LogOptions(customer_id, date, amount, date_format, on_missing_id, missing_ids, period)
    in_engine = read_in_engine(log, clock, options)
    if in_engine is not None:
        return to_purchase_log(in_engine, clock)
    transactions = read_transactions(
        log, clock, customer_id, date, amount, date_format, on_missing_id, None, missing_ids, period=period
    )
    return to_purchase_log(transactions, clock)


def has_ticks_of(log: PurchaseLog, clock: Clock) -> bool:
    """Return whether a log counts time in the ticks of a clock."""
    return (log.clock.merge_within, log.clock.time_zone) == (clock.merge_within, clock.time_zone)


def to_purchase_log(transactions: Transactions | EngineLog, clock: Clock) -> PurchaseLog:
    """Return the purchases of a checked log, in memory."""
    if isinstance(transactions, EngineLog):
        purchases = _read_merged(merge_purchases(transactions))
        opened_files: tuple[frames.OpenedFile, ...] = ()
    else:
        at_once = transactions.rows <= ROWS_AT_ONCE
        purchases = _sort_rows(transactions) if at_once else _read_merged(_merge(transactions))
        opened_files = transactions.opened_files
    return PurchaseLog(
        customer_id=purchases.customer_id,
        start=purchases.start,
        tick=purchases.tick,
        paid=purchases.paid,
        rows_by_tick=purchases.rows_by_tick,
        clock=clock,
        kind=transactions.kind,
        rows_without_id=transactions.rows_without_id,
        opened_files=opened_files,
    )


class _Purchases(NamedTuple):
    """The fields of `PurchaseLog` that hold purchases."""

    customer_id: nw.Series[Any]
    start: IntArray
    tick: npt.NDArray[np.int32]
    paid: nw.Series[Any] | None
    rows_by_tick: IntArray


def _sort_rows(transactions: Transactions) -> _Purchases:
    """Return the purchases of a log whose rows fit into memory: one sort of a number per row.

    Rows of a customer within one tick have the same number. Money is added up over all rows; differences of these
    totals are exact.
    """
    amount = [exact_amount(nw.col("amount"))] if transactions.has_amount else []
    rows = frames.collect(transactions.lazy.select("customer_id", "tick", *amount), transactions.in_memory)
    ids, ticks = rows["customer_id"], rows["tick"].to_numpy().astype(np.int64) - transactions.first_tick
    coded, span = frames.code_ids(ids), transactions.last_tick - transactions.first_tick + 1
    key = coded.codes * np.int64(span) + ticks
    order = np.argsort(key)
    key = key[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    paid = frames.running_total(rows["amount"][order]) if amount else None
    if paid is not None and len(starts) < len(key):
        paid = paid[np.append(starts, len(key))]
    key = key[starts]
    customer = key // span
    first = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
    if span <= len(ticks):
        counts = np.bincount(ticks)
        days = np.flatnonzero(counts)
        counts = counts[days]
    else:
        days, counts = np.unique(ticks, return_counts=True)
    return _Purchases(
        customer_id=coded.ids(customer[first]).cast(ids.dtype),
        start=_ends(first, len(key)),
        tick=(key - customer * span + transactions.first_tick).astype(np.int32),
        paid=paid,
        rows_by_tick=np.stack([days + transactions.first_tick, counts]),
    )


def _read_merged(merged: nw.DataFrame[Any]) -> _Purchases:
    """Return purchases that are merged already, sorted."""
    by_tick = merged.group_by("tick").agg(nw.col("rows").sum()).sort("tick")
    columns = [merged.drop("rows")]
    del merged  # together with the list, so that the unsorted rows do not stay in memory
    purchases = _in_order(columns)
    return _Purchases(
        customer_id=purchases.customer_id,
        start=purchases.start,
        tick=purchases.tick,
        paid=None if purchases.amount is None else frames.running_total(purchases.amount),
        rows_by_tick=np.stack([by_tick[name].to_numpy().astype(np.int64) for name in ("tick", "rows")]),
    )


class _Ordered(NamedTuple):
    """Purchases sorted by customer and tick: distinct customers, their starts, and ticks and amounts of purchases."""

    customer_id: nw.Series[Any]
    start: IntArray
    tick: npt.NDArray[np.int32]
    amount: nw.Series[Any] | None


def _in_order(columns: list[nw.DataFrame[Any]]) -> _Ordered:
    """Return purchases sorted by customer and tick, and empty the list.

    Integer ids and ticks are sorted as one key, in half the time, which then replaces both to save memory.
    """
    merged = columns.pop()
    ids, ticks = merged["customer_id"], merged["tick"]
    amount = ["amount"] if "amount" in merged.columns else []
    if len(merged) and ids.dtype.is_signed_integer():
        first, last, begin, end = (int(value) for value in (ids.min(), ids.max(), ticks.min(), ticks.max()))
        span = end - begin + 1
        if max(-first, last, (last - first + 1) * span) < LARGEST_KEY:
            customer, tick = (nw.col(name).cast(nw.Int64) for name in ("customer_id", "tick"))
            keyed = merged.select(((customer - first) * span + (tick - begin)).alias("key"), *amount)
            dtype = ids.dtype
            del merged, ids, ticks
            keyed = keyed.sort("key")
            key = keyed["key"].to_numpy()
            number = key // span
            starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
            customer_id = (keyed["key"][starts] // span + first).cast(dtype).alias("customer_id")
            tick_of_each = (key - number * span + begin).astype(np.int32)
            return _Ordered(customer_id, _ends(starts, len(key)), tick_of_each, keyed["amount"] if amount else None)
    merged = merged.sort("customer_id", "tick")
    ids = merged["customer_id"]
    starts = np.flatnonzero(np.append(True, (ids != ids.shift(1)).to_numpy()[1:]))
    tick_of_each = merged["tick"].to_numpy().astype(np.int32)
    return _Ordered(ids[starts], _ends(starts, len(ids)), tick_of_each, merged["amount"] if amount else None)


def _ends(starts: npt.NDArray[np.intp], count: int) -> IntArray:
    return np.append(starts, count).astype(np.int64)


def _merge(transactions: Transactions) -> nw.DataFrame[Any]:
    """Return the purchases of a log in memory or in files."""

    def merge(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return merge_into_purchases(lazy, transactions.has_amount, transactions.last_tick)

    partitions = 1 + transactions.rows // (ROWS_PER_PARTITION if transactions.in_memory else ROWS_PER_SCAN)
    return frames.collect_in_parts(merge, transactions.lazy, "customer_id", min(partitions, MAX_PARTITIONS))

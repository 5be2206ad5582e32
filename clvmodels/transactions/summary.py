"""Summarize a transaction log: frequency, recency, age and mean spend of each customer, as an RFM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime
from pathlib import Path

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.calendar import Calendar
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.amounts import money
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import customer_totals, rows_by_tick
from clvmodels.transactions.log import MissingId, Transactions, read_transactions
from clvmodels.transactions.purchase_log import PurchaseLog, to_purchase_log
from clvmodels.transactions.reduction import CustomerTotals, Ints, concat_totals, reduce_to_customers
from clvmodels.transactions.rfm import RFM
from clvmodels.transactions.stray_dates import (
    FEW_CUSTOMERS,
    PeriodArguments,
    count_by_tick,
    refuse_doubtful_dates,
)

__all__ = [
    "RFM",
    "ObservedPeriod",
    "acquisition_tick",
    "build_rfm",
    "refuse_before",
    "refuse_far_dates",
    "refuse_nobody",
    "rfm_summary",
    "summarize",
]

ROWS_PER_PARTITION = 32_000_000  # a file is read again for each partition


def rfm_summary(
    log: frames.Frame | str | Path,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    time_unit: TimeUnit = "day",
    observation_end: str | Date | datetime | None = None,
    acquired_after: str | Date | datetime | None = None,
    merge_within: MergePeriod = "day",
    include_first_transaction: bool = False,
    intertimes: bool = False,
    time_zone: str | None = None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    missing_ids: MissingIds = None,
    calendar: Calendar | None = None,
) -> RFM:
    """Summarize a transaction log: frequency, recency, age and mean spend of each customer.

    Definitions as in Fader, Hardie & Lee (2005), "RFM and CLV": the first purchase starts a customer's clock and is
    not counted, and unless `include_first_transaction` it is left out of the money.

    Parameters
    ----------
    log : frame of pandas, polars (eager or lazy), PyArrow or Spark, relation of DuckDB, table of Ibis, or path
        One row per transaction. A path names a file, a folder, a glob or a zip archive (see `open_file`); its files are
        read as one log. A table of DuckDB, of Spark, or of Ibis in DuckDB, PostgreSQL or SQLite is reduced to one row
        per customer (with `intertimes`, to one per purchase) where it is, unless its dates are text; then it is copied.
        Predictions are returned as the same kind of frame: for DuckDB as relations of its connection, for Spark as
        frames of its session, for Ibis as memtables, for a path or a lazy frame as polars frames.
    customer_id, date, amount : str
        Column names. Without `amount`, the result has no money. Zero amounts count as purchases.
    time_unit : {"hour", "day", "week", "month", "year"}
        Unit of recency and T, which may be fractions.
    observation_end : date or str, optional
        Last day observed (inclusive); default: the latest date in the log. Later rows are left out and counted. If
        opportunities are counted, it must be the last day of one; by default the opportunity of the latest date counts
        as complete.
    acquired_after : date or str, optional
        Leave out customers who are first seen on this day or earlier. Early in a log, the first purchase seen is often
        not a customer's first purchase, but models treat it as such; `profile` reports whether this is the case.
        Customers left out are counted.
    merge_within : {"day", "hour", "week", "month", "year"}
        Purchases within one such calendar period count as one. A week (from Monday), month or year is an opportunity
        to buy, as in discrete processes such as BG/BB; the time unit is then the same, and the RFM has a column n, the
        number of opportunities after the first purchase.
    include_first_transaction : bool
        Include the first purchase in monetary_value.
    intertimes : bool
        Add sum_log_intertimes, which models of regular timing need; all purchases are then kept in memory.
    time_zone : str, optional
        The zone whose calendar applies; timestamps with a zone are refused without it.
    calendar : Calendar, optional
        How fast customers buy on each day. recency and T stay plain time; models measure time by the calendar.
    date_format : str, optional
        strftime codes for text that is not ISO 8601; never guessed.
    on_missing_id : {"raise", "drop"}
        What to do with rows without a customer id.
    missing_ids : list of str, optional
        Ids that mean "nobody", in any case, such as ["guest", "0"]; default: the words of
        `clvmodels.transactions.ids.MISSING_IDS`, such as "NULL", "N/A", "guest" and "Total". Blanks around ids are
        removed. An id such as 0 with far more rows than any other id is refused unless this list is passed.

    Returns
    -------
    RFM
        Sorted by customer id.

    Raises
    ------
    InvalidTransactions
        Lists every fault at once: column, number of rows, the first few, and the remedy. Also raised if no customer is
        first seen after acquired_after.
    InvalidOption
        If acquired_after is not before the end of observation.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> len(rfm), int(rfm.frequency.sum()), round(float(rfm.T.max()), 2)
    (2357, 2457, 38.86)
    """
    clock = Clock(time_unit, merge_within, time_zone, calendar)
    last_tick = None if observation_end is None else clock.closing_tick(observation_end)
    period = PeriodArguments(
        "observation_end", "acquired_after", last_tick, acquired_after is not None, compared="customers"
    )
    options = LogOptions(customer_id, date, amount, date_format, on_missing_id, missing_ids, period)
    in_engine = read_in_engine(log, clock, options, last_tick)
    if in_engine is not None:
        end = in_engine.last_tick if last_tick is None else last_tick
        after = acquisition_tick(clock, acquired_after, end)
        rfm = reduce_in_engine(in_engine, end, include_first_transaction, after, intertimes)
        refuse_far_dates(rfm, in_engine, end, period)
        return rfm
    transactions = read_transactions(
        log, clock, customer_id, date, amount, date_format, on_missing_id, last_tick, missing_ids, period=period
    )
    end = transactions.last_tick if last_tick is None else last_tick
    after = acquisition_tick(clock, acquired_after, end)
    rfm = reduce_transactions(transactions, clock, end, include_first_transaction, intertimes, after)
    refuse_far_dates(rfm, transactions, end, period)
    return rfm


def refuse_far_dates(
    rfm: RFM,
    log: Transactions | EngineLog | tuple[Ints, Ints],
    end: int,
    period: PeriodArguments,
    customers: Ints | None = None,
) -> None:
    """Raise an error if dates are far from the others, or far before the end of observation.

    The first and last dates of the customers are compared; with few customers, the dates of all rows are. `customers`
    is the number of customers with each history, if the RFM is one of histories.
    """
    clock = rfm.clock
    if (len(rfm) if customers is None else int(customers.sum())) < FEW_CUSTOMERS:
        first = last = log if isinstance(log, tuple) else rows_by_tick(log, end)
    else:
        age, idle = (np.rint(time * clock.ticks_per_unit).astype(np.int64) for time in (rfm.T, rfm.T - rfm.recency))
        first, last = (count_by_tick(end - time, customers) for time in (age, idle))
    refuse_doubtful_dates(first, last, clock, period)


@dataclass(frozen=True, slots=True)
class ObservedPeriod:
    """What an RFM records about its log besides the customers.

    Attributes
    ----------
    clock : Clock
    end : int
        Last tick observed.
    after : int or None
        Customers first seen up to this tick are left out.
    older_customers : int
        The number of customers left out.
    rows_after_end, rows_without_id : int
        Rows of the log left out.
    kind : FrameKind
        The kind of frame to return.
    opened_files : tuple of OpenedFile
        What was recognized of the files.
    """

    clock: Clock
    end: int
    after: int | None
    older_customers: int
    rows_after_end: int
    rows_without_id: int
    kind: frames.FrameKind
    opened_files: tuple[frames.OpenedFile, ...]


def reduce_transactions(
    transactions: Transactions,
    clock: Clock,
    end: int,
    include_first_transaction: bool,
    intertimes: bool = False,
    after: int | None = None,
) -> RFM:
    """Return the RFM of checked transactions up to and including tick `end`, of customers first seen after `after`."""
    if intertimes:
        log = to_purchase_log(transactions, clock)
        return summarize(log, end, include_first_transaction, intertimes, after)
    refuse_before(transactions.first_tick, end, clock)
    totals = _customer_totals(transactions, end, include_first_transaction)
    newer = np.ones(len(totals.age), dtype=bool) if after is None else totals.age < end - after
    refuse_nobody(int(newer.sum()), len(newer), after, clock)
    period = ObservedPeriod(
        clock=clock,
        end=end,
        after=after,
        older_customers=len(newer) - int(newer.sum()),
        rows_after_end=transactions.rows_after,
        rows_without_id=transactions.rows_without_id,
        kind=transactions.kind,
        opened_files=transactions.opened_files,
    )
    return build_rfm(totals if after is None else totals.where(newer), period, include_first_transaction)


def reduce_in_engine(
    log: EngineLog, end: int, include_first_transaction: bool, after: int | None, intertimes: bool = False
) -> RFM:
    """Return the RFM of a log that its engine reduces to one row per customer, or with intertimes per purchase."""
    if intertimes:
        return summarize(to_purchase_log(log, log.clock), end, include_first_transaction, intertimes, after)
    refuse_before(log.first_tick, end, log.clock)
    totals = customer_totals(log, end, include_first_transaction)
    newer = np.ones(len(totals.age), dtype=bool) if after is None else totals.age < end - after
    refuse_nobody(int(newer.sum()), len(newer), after, log.clock)
    period = ObservedPeriod(
        clock=log.clock,
        end=end,
        after=after,
        older_customers=len(newer) - int(newer.sum()),
        rows_after_end=log.rows_after,
        rows_without_id=log.rows_without_id,
        kind=log.kind,
        opened_files=(),
    )
    return build_rfm(totals if after is None else totals.where(newer), period, include_first_transaction)


def summarize(
    log: PurchaseLog,
    end: int,
    include_first_transaction: bool,
    intertimes: bool = False,
    after: int | None = None,
) -> RFM:
    """Return the RFM of purchases in memory up to and including tick `end`, of customers first seen after `after`."""
    clock = log.clock
    refuse_before(log.first_tick, end, clock)
    seen = log.first <= end
    newer = seen if after is None else seen & (log.first > after)
    refuse_nobody(int(newer.sum()), int(seen.sum()), after, clock)
    ends = log.up_to(end)
    start, until = log.start[:-1][newer], ends[newer]
    first, last = log.tick[start].astype(np.int64), log.tick[until - 1]
    totals = CustomerTotals(
        customer_id=log.customer_id if newer.all() else log.customer_id.filter(newer.tolist()),
        purchases=until - start,
        recency=last - first,
        age=end - first,
        spend=None if log.paid is None else money(log.money_between(start + (not include_first_transaction), until)),
    )
    logs = None
    if intertimes:
        logs = log.sum_log_gaps(ends)[newer]
        if not clock.seasonal:
            logs -= (totals.purchases - 1) * np.log(clock.ticks_per_unit)
    period = ObservedPeriod(
        clock=clock,
        end=end,
        after=after,
        older_customers=int(seen.sum()) - int(newer.sum()),
        rows_after_end=log.rows_after(end),
        rows_without_id=log.rows_without_id,
        kind=log.kind,
        opened_files=log.opened_files,
    )
    return build_rfm(totals, period, include_first_transaction, logs)


def build_rfm(
    totals: CustomerTotals,
    period: ObservedPeriod,
    include_first_transaction: bool,
    sum_log_intertimes: npt.NDArray[np.float64] | None = None,
) -> RFM:
    """Return the RFM of totals per customer, with times in the clock's unit."""
    clock, after = period.clock, period.after
    frequency = totals.purchases - 1
    count = totals.purchases if include_first_transaction else frequency
    return RFM(
        customer_id=totals.customer_id,
        frequency=frequency,
        recency=totals.recency / clock.ticks_per_unit,
        T=totals.age / clock.ticks_per_unit,
        monetary_value=None if totals.spend is None else _mean(totals.spend, count),
        monetary_count=None if totals.spend is None else count,
        clock=clock,
        observation_end=clock.describe_tick(period.end),
        kind=period.kind,
        rows_after_end=period.rows_after_end,
        rows_without_id=period.rows_without_id,
        attributes={},
        sum_log_intertimes=sum_log_intertimes,
        acquired_after=None if after is None else clock.describe_tick(after),
        older_customers=period.older_customers,
        opened_files=period.opened_files,
    )


def _customer_totals(transactions: Transactions, end: int, include_first_transaction: bool) -> CustomerTotals:
    """Return one row per customer, computed for one partition of the customers after another if rows are many."""
    lazy = transactions.lazy.filter(nw.col("tick") <= end) if transactions.rows_after else transactions.lazy
    partitions = 1 + (transactions.rows - transactions.rows_after) // ROWS_PER_PARTITION
    tables = frames.collect_parts(lambda plan: plan, lazy, "customer_id", partitions, transactions.in_memory)
    return concat_totals(
        [
            reduce_to_customers(
                table["customer_id"],
                table["tick"].to_numpy(),
                table["amount"].to_numpy() if transactions.has_amount else None,
                end,
                include_first_transaction,
            )
            for table in tables
            if len(table)
        ]
    )


def acquisition_tick(clock: Clock, acquired_after: str | Date | datetime | None, end: int) -> int | None:
    """Return the last tick of `acquired_after`; raise InvalidOption if it is not before the end of observation."""
    if acquired_after is None:
        return None
    after = clock.closing_tick(acquired_after, "acquired_after")
    if after >= end:
        raise InvalidOption(
            f"acquired_after={acquired_after!r} is not before the end of the observed period, "
            f"{clock.describe_tick(end)}: pass an earlier date."
        )
    return after


def drop_older(log: PurchaseLog, after: int) -> PurchaseLog:
    """Return the purchases of customers first seen after tick `after`, as if the log began there.

    Raises
    ------
    InvalidTransactions
        If no customer remains.
    """
    newer = log.first > after
    refuse_nobody(int(newer.sum()), len(newer), after, log.clock)
    later = log.rows_by_tick[:, log.rows_by_tick[0] > after]
    return replace(log.of(np.flatnonzero(newer)), rows_by_tick=later)


def refuse_nobody(remaining: int, customers: int, after: int | None, clock: Clock) -> None:
    """Raise InvalidTransactions if no customer remains once the older ones are left out."""
    if after is not None and remaining == 0:
        raise InvalidTransactions(
            f"No customer remains: all {customers:,} customers are first seen by {clock.describe_tick(after)}, and "
            "acquired_after leaves them out. Pass an earlier date, or a log that covers more time."
        )


def refuse_before(first_tick: int, end: int, clock: Clock) -> None:
    """Raise InvalidTransactions if the observed period ends before the first transaction."""
    if end < first_tick:
        raise InvalidTransactions(
            f"The observed period ends on {clock.describe_tick(end)}, before the first transaction on "
            f"{clock.describe_tick(first_tick)}: pass a later day, for example with observation_end=."
        )


def _mean(spend: npt.NDArray[np.float64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the mean spend per purchase; NaN if there is none."""
    value = np.full(len(count), np.nan)
    np.divide(spend, count, out=value, where=count > 0)
    return value

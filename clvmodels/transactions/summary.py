"""Transaction log -> RFM: frequency, recency, age and mean spend of each customer, with the clock they are told by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date as Date
from datetime import datetime
from pathlib import Path

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.amounts import money
from clvmodels.transactions.log import MissingId, Transactions, read_transactions
from clvmodels.transactions.purchase_log import PurchaseLog, hold
from clvmodels.transactions.reduction import Reduced, joined, reduce_to_customers
from clvmodels.transactions.rfm import RFM

__all__ = ["RFM", "acquisition_tick", "refuse_before", "refuse_nobody", "rfm_summary", "summarize"]

ROWS_AT_ONCE = 32_000_000  # a file is read again for each part


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
) -> RFM:
    """Summarize a transaction log: frequency, recency, age and mean spend of each customer.

    Definitions as in Fader, Hardie & Lee (2005), "RFM and CLV": the first purchase starts a customer's clock and is
    not counted, and unless `include_first_transaction` it is left out of the money.

    Parameters
    ----------
    log : frame of pandas, polars (eager or lazy) or PyArrow, relation of DuckDB, table of Ibis, or path
        A row a transaction. A path is one of a file, a folder or a glob of CSV, JSON lines or Parquet; its files are
        one log. Predictions come back as the kind of frame the log came in: from DuckDB as relations of its connection,
        from Ibis as memtables, from a path or a lazy frame as polars frames.
    customer_id, date, amount : str
        Column names. Without `amount` there is no money in the result. Zero amounts count as purchases.
    time_unit : {"hour", "day", "week", "month", "year"}
        Divides differences of dates, fractions kept.
    observation_end : date or str, optional
        Last day observed, itself included; default: the latest date in the log. Later rows are left out and counted.
        Of opportunities it has to be the last day of one; by default, that of the latest date is taken to be over.
    acquired_after : date or str, optional
        Leave out whoever is first seen on this day or earlier: early in a log, the first purchase seen is often not the
        first there was, and models take it for that. `profile` says whether it is. Those left out are counted.
    merge_within : {"day", "hour", "week", "month", "year"}
        Purchases within one such calendar period are one purchase. A week (from Monday), month or year is an
        opportunity to buy, as discrete processes such as BG/BB count them: the time unit is then the same, and the RFM
        carries n, how many there were after the first purchase.
    include_first_transaction : bool
        Let the money of the first purchase count into monetary_value.
    intertimes : bool
        Add sum_log_intertimes, which models of regular timing read; all purchases are then held in memory.
    time_zone : str, optional
        Whose calendar counts; zone-aware timestamps are refused without it.
    date_format : str, optional
        strftime codes for text that is not ISO 8601; never guessed.
    on_missing_id : {"raise", "drop"}
        What to do with rows that name no customer.

    Returns
    -------
    RFM
        In order of customer id.

    Raises
    ------
    InvalidTransactions
        Naming every fault at once: column, rows, first few, remedy. When nobody is first seen after acquired_after.
    InvalidOption
        When acquired_after is not before the end of observation.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> len(rfm), int(rfm.frequency.sum()), round(float(rfm.T.max()), 2)
    (2357, 2457, 38.86)
    """
    clock = Clock(time_unit, merge_within, time_zone)
    named = None if observation_end is None else clock.closing_tick(observation_end)
    transactions = read_transactions(log, clock, customer_id, date, amount, date_format, on_missing_id, named)
    end = transactions.last_tick if named is None else named
    after = acquisition_tick(clock, acquired_after, end)
    return reduce_transactions(transactions, clock, end, include_first_transaction, intertimes, after)


def reduce_transactions(
    transactions: Transactions,
    clock: Clock,
    end: int,
    include_first_transaction: bool,
    intertimes: bool = False,
    after: int | None = None,
) -> RFM:
    """RFM of checked transactions up to and including tick `end`, of customers first seen after tick `after`."""
    if intertimes:
        return summarize(hold(transactions, clock), end, include_first_transaction, intertimes, after)
    refuse_before(transactions.first_tick, end, clock)
    rows = _reduced(transactions, end, include_first_transaction)
    known = np.ones(len(rows.age), dtype=bool) if after is None else rows.age < end - after
    refuse_nobody(int(known.sum()), len(known), after, clock)
    if after is not None:
        rows = rows.where(known)
    frequency = rows.purchases - 1
    count = rows.purchases if include_first_transaction else frequency
    return RFM(
        customer_id=rows.customer_id,
        frequency=frequency,
        recency=rows.recency / clock.ticks_per_unit,
        T=rows.age / clock.ticks_per_unit,
        monetary_value=None if rows.spend is None else _mean(rows.spend, count),
        monetary_count=None if rows.spend is None else count,
        clock=clock,
        observation_end=clock.describe_tick(end),
        kind=transactions.kind,
        rows_after_end=transactions.rows_after,
        rows_without_id=transactions.rows_without_id,
        attributes={},
        acquired_after=None if after is None else clock.describe_tick(after),
        older_customers=len(known) - int(known.sum()),
    )


def _reduced(transactions: Transactions, end: int, include_first_transaction: bool) -> Reduced:
    """One row a customer, from one part of the customers after another if there are too many rows to hold."""
    lazy = transactions.lazy.filter(nw.col("tick") <= end) if transactions.rows_after else transactions.lazy
    parts = 1 + (transactions.rows - transactions.rows_after) // ROWS_AT_ONCE
    held = frames.collect_parts(lambda part: part, lazy, "customer_id", parts, transactions.in_memory)
    return joined(
        [
            reduce_to_customers(
                part["customer_id"],
                part["tick"].to_numpy(),
                part["amount"].to_numpy() if transactions.has_amount else None,
                end,
                include_first_transaction,
            )
            for part in held
            if len(part)
        ]
    )


def summarize(
    record: PurchaseLog,
    end: int,
    include_first_transaction: bool,
    intertimes: bool = False,
    after: int | None = None,
) -> RFM:
    """RFM of the purchases held, up to and including tick `end`, of customers first seen after tick `after`."""
    clock = record.clock
    refuse_before(record.first_tick, end, clock)
    everybody = record.first <= end
    known = everybody if after is None else everybody & (record.first > after)
    refuse_nobody(int(known.sum()), int(everybody.sum()), after, clock)
    start, until = record.start[:-1][known], record.up_to(end)[known]
    frequency = until - start - 1
    count = frequency + 1 if include_first_transaction else frequency
    value = logs = None
    if record.paid is not None:
        value = _mean(money(record.spent(start if include_first_transaction else start + 1, until)), count)
    if intertimes:
        logs = record.sum_log_gaps(record.up_to(end))[known] - frequency * np.log(clock.ticks_per_unit)
    first, last = record.tick[start].astype(np.int64), record.tick[until - 1]
    return RFM(
        customer_id=record.customer_id.filter(known.tolist()),
        frequency=frequency,
        recency=(last - first) / clock.ticks_per_unit,
        T=(end - first) / clock.ticks_per_unit,
        monetary_value=value,
        monetary_count=None if value is None else count,
        clock=clock,
        observation_end=clock.describe_tick(end),
        kind=record.kind,
        rows_after_end=record.rows_after(end),
        rows_without_id=record.rows_without_id,
        attributes={},
        sum_log_intertimes=logs,
        acquired_after=None if after is None else clock.describe_tick(after),
        older_customers=int(everybody.sum()) - int(known.sum()),
    )


def acquisition_tick(clock: Clock, acquired_after: str | Date | datetime | None, end: int) -> int | None:
    """Last tick of the day after which customers count, which has to come before the end of observation."""
    if acquired_after is None:
        return None
    after = clock.closing_tick(acquired_after, "acquired_after")
    if after >= end:
        raise InvalidOption(
            f"acquired_after={acquired_after!r} leaves no time to see anybody: the period observed ends on "
            f"{clock.describe_tick(end)}."
        )
    return after


def acquired_later(record: PurchaseLog, after: int) -> PurchaseLog:
    """The purchases of customers first seen after tick `after`, as if the log began there.

    Raises
    ------
    InvalidTransactions
        When nobody is left.
    """
    known = record.first > after
    refuse_nobody(int(known.sum()), len(known), after, record.clock)
    later = record.rows_by_tick[:, record.rows_by_tick[0] > after]
    return replace(record.of(np.flatnonzero(known)), rows_by_tick=later)


def refuse_nobody(remaining: int, everybody: int, after: int | None, clock: Clock) -> None:
    """Raise InvalidTransactions where leaving out the older customers leaves nobody."""
    if after is not None and remaining == 0:
        raise InvalidTransactions(
            f"Nobody is left: all {everybody:,} customers are first seen by {clock.describe_tick(after)}, and "
            "acquired_after leaves them out. Pass an earlier date, or a log that goes on longer."
        )


def refuse_before(first_tick: int, end: int, clock: Clock) -> None:
    """Raise InvalidTransactions where the period observed ends before the first transaction."""
    if end < first_tick:
        raise InvalidTransactions(
            f"No transaction is as early as {clock.describe_tick(end)}, where the period observed is to end: "
            f"the first is of {clock.describe_tick(first_tick)}."
        )


def _mean(spend: npt.NDArray[np.float64], count: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Spend a purchase; NaN where there is none."""
    value = np.full(len(count), np.nan)
    np.divide(spend, count, out=value, where=count > 0)
    return value

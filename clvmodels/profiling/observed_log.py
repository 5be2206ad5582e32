"""Collect what a profile needs from a log, read on this machine or counted in its engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.language import Findings
from clvmodels.profiling.daily_purchases import DailyPurchases, PaidAmounts, follow_up_days, observe
from clvmodels.profiling.doubts import examine_dates, examine_ids
from clvmodels.transactions.amounts import money
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.in_engine.totals import exact_money, integers
from clvmodels.transactions.log import read_transactions
from clvmodels.transactions.purchase_log import IntArray, PurchaseLog, to_purchase_log
from clvmodels.transactions.snapshots import LogTable
from clvmodels.transactions.summary import acquisition_tick, refuse_before, refuse_nobody

__all__ = ["ObservedLog", "observe_log"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ObservedLog:
    """The data that a profile needs from a log.

    Attributes
    ----------
    purchases : DailyPurchases
        Of the customers that are included.
    end : int
        Last day observed.
    after : int or None
        Customers first seen up to this day are left out.
    transactions, merged : int
        Rows up to the last day, of all customers, and their purchases.
    customers, older : int
        All customers, and how many of them are left out.
    rows_after_end, rows_without_id : int
    opened_files : tuple of OpenedFile
    doubts : tuple of Finding
    log : PurchaseLog or None
        The purchases of all customers; None if they were counted in an engine.
    """

    purchases: DailyPurchases
    end: int
    after: int | None
    transactions: int
    merged: int
    customers: int
    older: int
    rows_after_end: int
    rows_without_id: int
    opened_files: tuple[frames.OpenedFile, ...]
    doubts: Findings
    log: PurchaseLog | None


def observe_log(
    log: LogTable,
    clock: Clock,
    options: LogOptions,
    observation_end: str | Date | datetime | None,
    acquired_after: str | Date | datetime | None,
) -> ObservedLog:
    """Read and check a log, and count its purchases, in the engine if one holds the log."""
    last = None if observation_end is None else clock.closing_tick(observation_end)
    in_engine = read_in_engine(log, clock, options, last, "leave")
    if in_engine is not None:
        end = in_engine.last_tick if last is None else last
        refuse_before(in_engine.first_tick, end, clock)
        return _observe_in_engine(in_engine, end, acquisition_tick(clock, acquired_after, end))
    checked = read_transactions(
        log,
        clock,
        options.customer_id,
        options.date,
        options.amount,
        options.date_format,
        options.on_missing_id,
        None,
        options.missing_ids,
        "leave",
        period=options.period,
    )
    purchases = to_purchase_log(checked, clock)
    end = purchases.last_tick if last is None else last
    refuse_before(purchases.first_tick, end, clock)
    after = acquisition_tick(clock, acquired_after, end)
    customers = int(np.sum(purchases.first <= end))
    older = 0 if after is None else int(np.sum(purchases.first <= after))
    refuse_nobody(customers - older, customers, after, clock)
    ids = frames.collect(checked.lazy.group_by("customer_id").agg(nw.len().alias("rows")))
    return ObservedLog(
        purchases=observe(purchases, end, after if older else None),  # a day before the log leaves no customer out
        end=end,
        after=after,
        transactions=int(purchases.rows_by_tick[1].sum()) - purchases.rows_after(end),
        merged=int(np.sum(purchases.up_to(end) - purchases.start[:-1])),
        customers=customers,
        older=older,
        rows_after_end=purchases.rows_after(end),
        rows_without_id=purchases.rows_without_id,
        opened_files=purchases.opened_files,
        doubts=(*examine_ids(ids), *examine_dates(purchases.rows_by_tick, clock)),
        log=purchases,
    )


def _observe_in_engine(log: EngineLog, end: int, after: int | None) -> ObservedLog:
    """Count purchases in the engine: one row per customer, day, gap and amount is fetched."""
    is_later = after is not None and log.first_tick <= after
    first_day = after + 1 if after is not None and is_later else log.first_tick
    everyone = log.fetch(frames.observed_customers(log.query, end, follow_up_days(first_day, end)))
    everyone = everyone.sort("customer_id")
    rows, first = integers(everyone, "customer_rows"), integers(everyone, "first_tick")
    log.refuse_changed(int(rows.sum()))
    newer = np.ones(len(first), dtype=bool) if after is None else first > after
    refuse_nobody(int(newer.sum()), len(newer), after, log.clock)
    days = log.fetch(frames.day_counts(log.query, end, after)).sort("tick")
    rows_by_tick = np.stack([integers(days, name) for name in ("tick", "tick_rows")])
    log.refuse_changed(int(rows_by_tick[1].sum()), up_to_end=False)
    return ObservedLog(
        purchases=_purchases(log, everyone.filter(newer.tolist()), days, first_day, end, after),
        end=end,
        after=after,
        transactions=int(rows.sum()),
        merged=int(everyone["purchases"].sum()),
        customers=len(first),
        older=int((~newer).sum()),
        rows_after_end=log.rows_after,
        rows_without_id=log.rows_without_id,
        opened_files=(),
        doubts=(*examine_ids(_rows_of_ids(log, everyone)), *examine_dates(rows_by_tick, log.clock)),
        log=None,
    )


def _rows_of_ids(log: EngineLog, customers: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Return the number of rows of every id, including rows after the last observed day."""
    if not log.rows_after:
        return customers.select("customer_id", rows="customer_rows")
    return log.fetch(frames.rows_of_ids(log.query)).rename({"id_rows": "rows"})


def _purchases(
    log: EngineLog, customers: nw.DataFrame[Any], days: nw.DataFrame[Any], first_day: int, end: int, after: int | None
) -> DailyPurchases:
    """Return the engine's counts of the included customers."""
    gaps = log.fetch(frames.gap_counts(log.query, end, after)).sort("gap", nulls_last=True)
    log.refuse_changed(int(gaps["gap_rows"].sum()), checked=int(customers["customer_rows"].sum()))
    gaps = gaps.filter(~nw.col("gap").is_null())
    within = days.filter((nw.col("tick") >= first_day) & (nw.col("tick") <= end))
    day = integers(within, "tick") - first_day
    by_day = np.zeros(end - first_day + 1, dtype=np.int64)
    by_day[day] = integers(within, "purchases")
    return DailyPurchases(
        first=integers(customers, "first_tick"),
        last=integers(customers, "last_tick"),
        frequency=integers(customers, "purchases") - 1,
        soon=integers(customers, "soon_purchases"),
        sum_log_gaps=customers["sum_log_gaps"].to_numpy(),
        gaps=integers(gaps, "gap"),
        gap_counts=integers(gaps, "purchases"),
        by_day=by_day,
        paid=_paid(log, customers, within, day, len(by_day), end, after) if log.query.has_amount else None,
        first_day=first_day,
        last_day=end,
    )


def _paid(
    log: EngineLog,
    customers: nw.DataFrame[Any],
    days: nw.DataFrame[Any],
    day: IntArray,
    length: int,
    end: int,
    after: int | None,
) -> PaidAmounts:
    """Return the money of the included customers."""
    amounts = log.fetch(frames.amount_counts(log.query, end, after)).sort("amount")
    values, counts = amounts["amount"].to_numpy(), integers(amounts, "purchases")
    place = np.cumsum(counts)
    middle = np.searchsorted(place, [(place[-1] - 1) // 2, place[-1] // 2], side="right")
    by_day = np.zeros(length)
    by_day[day] = money(exact_money(days))
    return PaidAmounts(
        spent=money(exact_money(customers)),
        first=money(exact_money(customers, "first_")),
        by_day=by_day,
        median=float(values[middle].mean()),
        zero=float(counts[values == 0].sum() / place[-1]),
    )

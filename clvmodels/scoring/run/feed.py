"""A job's log day by day: rows, repetitions, the median amount; first and repeat purchases."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.forecasting.seasons.daily_counts import DailyCounts, days_of
from clvmodels.forecasting.seasons.weekly_speeds import week_of_year
from clvmodels.scoring.gates.feed import WEEKS, YEAR, DailyRows
from clvmodels.transactions.in_engine.reading import EngineLog
from clvmodels.transactions.log import Transactions

__all__ = ["daily_purchases", "daily_rows"]

SPAN = YEAR + 7 * WEEKS
MOST_ROWS = 2_000_000  # of the sample whose purchases are counted by day


def daily_rows(transactions: Transactions | EngineLog | None, clock: Clock, end: int) -> DailyRows | None:
    """Return the last days of a log up to a tick; None if it is not a log, or its ticks are longer than a day."""
    per_day = {"hour": 24, "day": 1}.get(clock.merge_within)
    if transactions is None or per_day is None:
        return None
    last = end // per_day
    first = max(transactions.first_tick // per_day, last - SPAN + 1)
    if isinstance(transactions, EngineLog):
        table = transactions.fetch(frames.daily_query(transactions.query, first, last, per_day))
        table = table.rename({"day_rows": "rows", "day_groups": "distinct"})
        return _daily_rows(table, first, last, transactions.query.has_amount)
    keys = ["customer_id", "tick", *(["amount"] if transactions.has_amount else [])]
    within = (nw.col("tick") <= end) & (nw.col("tick") >= first * per_day)
    groups = transactions.lazy.filter(within).group_by(keys).agg(nw.len().alias("rows"))
    groups = groups.with_columns((nw.col("tick") // per_day).alias("day"))
    sums = [nw.col("rows").sum(), nw.len().alias("distinct")]
    if transactions.has_amount:
        sums.append(nw.col("amount").filter(nw.col("amount") > 0).median().alias("amounts"))
    return _daily_rows(frames.collect(groups.group_by("day").agg(*sums)), first, last, transactions.has_amount)


def _daily_rows(table: nw.DataFrame[Any], first: int, last: int, has_amount: bool) -> DailyRows | None:
    """Return the days of a table with the columns day, rows, distinct and, if there is money, amounts."""
    place = table["day"].to_numpy().astype(int) - first
    counts = {name: np.zeros(last - first + 1, dtype=np.int64) for name in ("rows", "distinct")}
    for name, column in counts.items():
        column[place] = table[name].to_numpy()
    amounts = None
    if has_amount:
        amounts = np.full(last - first + 1, np.nan)
        amounts[place] = table["amounts"].to_numpy().astype(float)
    days = np.datetime64("1970-01-01") + np.arange(first, last + 1)
    return DailyRows(days, counts["rows"], counts["distinct"], amounts) if counts["rows"].any() else None


def daily_purchases(
    transactions: Transactions | EngineLog, clock: Clock, end: int, after: int | None = None
) -> DailyCounts | None:
    """Return first and repeat purchases by day up to a tick, of a sample of the customers if rows are many.

    Parameters
    ----------
    after : int, optional
        Leave out customers first seen up to this tick.

    Returns
    -------
    DailyCounts or None
        None if ticks are longer than a day, or no customer remains.
    """
    if clock.discrete:
        return None
    if isinstance(transactions, EngineLog):
        return _purchases_in_engine(transactions, clock, end, after)
    lazy = transactions.lazy.filter(nw.col("tick") <= end).select("customer_id", "tick")
    parts = frames.collect_parts(
        lambda plan: plan.unique(), lazy, "customer_id", 1 + transactions.rows // MOST_ROWS, transactions.in_memory
    )
    purchases = next(iter(parts))
    first = purchases.group_by("customer_id").agg(nw.col("tick").min().alias("first"))
    if after is not None:
        first = first.filter(nw.col("first") > after)
        purchases = purchases.join(first, on="customer_id", how="inner")
    if len(first) == 0:
        return None
    started, bought = (days_of(clock, column.to_numpy()) for column in (first["first"], purchases["tick"]))
    return DailyCounts.between(started, bought, int(days_of(clock, end)))


def _purchases_in_engine(log: EngineLog, clock: Clock, end: int, after: int | None) -> DailyCounts | None:
    """Return first and repeat purchases of all customers by day, counted in the engine."""
    table = log.fetch(log.query.activity(end, end, after))
    if len(table) == 0:
        return None
    day, last = days_of(clock, table["tick"].to_numpy()), int(days_of(clock, end))
    days = np.arange(int(day.min()), last + 1)
    first, repeat = (
        np.bincount(day - days[0], table[name].to_numpy(), minlength=len(days)).astype(float)
        for name in ("first_purchases", "repeats")
    )
    return DailyCounts(days, first, repeat, week_of_year(days))

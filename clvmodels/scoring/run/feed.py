"""First and repeat purchases of a job's log by day."""

from __future__ import annotations

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.forecasting.seasons.daily_counts import DailyCounts, days_of
from clvmodels.forecasting.seasons.weekly_speeds import week_of_year
from clvmodels.transactions.in_engine.reading import EngineLog
from clvmodels.transactions.log import Transactions

__all__ = ["daily_purchases"]

MOST_ROWS = 2_000_000  # in the sample whose purchases are counted by day


def daily_purchases(
    transactions: Transactions | EngineLog, clock: Clock, end: int, after: int | None = None
) -> DailyCounts | None:
    """Return first and repeat purchases by day up to a tick, for a sample of the customers if there are many rows.

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

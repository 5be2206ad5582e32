"""A job's log by day, counted once per run: for gates on the feed, late rows, and incremental reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.scoring.gates.feed import WEEKS, YEAR, DailyRows
from clvmodels.transactions.in_engine.reading import EngineLog
from clvmodels.transactions.in_engine.totals import rows_by_tick
from clvmodels.transactions.log import Transactions
from clvmodels.transactions.reduction import Ints

__all__ = ["LogStatistics", "daily_rows", "log_statistics"]

SPAN = YEAR + 7 * WEEKS  # days that gates use


@dataclass(frozen=True, slots=True, eq=False)
class LogStatistics:
    """The days of a log up to a tick.

    Attributes
    ----------
    ticks, rows : int arrays (k,)
        Ticks with rows, increasing, and the rows of each.
    daily : DailyRows or None
        The last days; None if ticks are longer than a day or these days have no rows.
    """

    ticks: Ints
    rows: Ints
    daily: DailyRows | None

    @property
    def by_tick(self) -> tuple[Ints, Ints]:
        """Return the ticks with rows, and the number of rows of each."""
        return self.ticks, self.rows

    def rows_up_to(self, tick: int) -> int:
        """Return the number of rows up to a tick."""
        return int(self.rows[self.ticks <= tick].sum())

    def followed_by(self, later: LogStatistics, end: int) -> LogStatistics:
        """Return the statistics of this log and of later days up to a tick; both must count purchases by day."""
        ticks, rows = (np.concatenate([getattr(self, name), getattr(later, name)]) for name in ("ticks", "rows"))
        first = max(int(ticks[0]), end - SPAN + 1) if len(ticks) else end
        parts = [part.daily for part in (self, later) if part.daily is not None]
        daily = join_days(parts, first, end, any(part.amounts is not None for part in parts))
        return LogStatistics(ticks, rows, daily)


def log_statistics(transactions: Transactions | EngineLog, clock: Clock, end: int) -> LogStatistics:
    """Return the statistics of a log up to a tick."""
    return LogStatistics(*rows_by_tick(transactions, end), daily_rows(transactions, clock, end))


def daily_rows(transactions: Transactions | EngineLog, clock: Clock, end: int) -> DailyRows | None:
    """Return the last days of a log up to a tick, or None if ticks are longer than a day."""
    per_day = {"hour": 24, "day": 1}.get(clock.merge_within)
    if per_day is None:
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
    days = np.datetime64("1970-01-01") + table["day"].to_numpy().astype(int)
    amounts = table["amounts"].to_numpy().astype(float) if has_amount else None
    rows, distinct = (table[name].to_numpy().astype(np.int64) for name in ("rows", "distinct"))
    return join_days([DailyRows(days, rows, distinct, amounts)], first, last, has_amount)


def join_days(parts: list[DailyRows], first: int, last: int, has_amount: bool) -> DailyRows | None:
    """Return the days from first to last, counted from 1970, without gaps, or None if none of them has rows."""
    days = np.datetime64("1970-01-01") + np.arange(first, last + 1)
    rows, distinct = np.zeros((2, len(days)), dtype=np.int64)
    amounts = np.full(len(days), np.nan) if has_amount else None
    for part in parts:
        place = (part.days - days[:1]).astype(np.int64) if len(days) else np.zeros(0, dtype=np.int64)
        within = np.flatnonzero((place >= 0) & (place < len(days)))
        rows[place[within]] = part.rows[within]
        distinct[place[within]] = part.distinct[within]
        if amounts is not None and part.amounts is not None:
            amounts[place[within]] = part.amounts[within]
    return DailyRows(days, rows, distinct, amounts) if rows.any() else None

"""Divide the time of customers into stretches within which rates are constant, by covariates and calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.time_varying.covariate_history import CovariateHistory
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.processes.two_clocks import Stretches

__all__ = ["ChangingCovariates", "HistoryStretches", "future_stretches", "past_stretches"]

SHOWN = 3
HOURS_OF_DAY = 24
TickNumbers = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChangingCovariates:
    """Covariates that change over time, and the names of those that affect purchases and dropout."""

    history: CovariateHistory
    purchase: tuple[str, ...] = ()
    dropout: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class HistoryStretches:
    """Stretches of distinct histories.

    Attributes
    ----------
    stretches : Stretches
        Of m distinct histories; with covariates, every customer has a distinct one.
    customers : int array (m,)
        The position of one customer with each history.
    positions : int array (n,)
        The history of each customer.
    counts : array (m,)
        Customers with each history.
    """

    stretches: Stretches
    customers: npt.NDArray[np.intp]
    positions: npt.NDArray[np.intp]
    counts: Array


def past_stretches(history: KnownHistory, covariates: ChangingCovariates | None) -> HistoryStretches:
    """Return the stretches from each customer's first purchase to the cutoff."""
    log, end = history.purchase_log, history.cutoff
    present = np.flatnonzero(log.first <= end)
    begin, until = log.start[:-1][present], log.up_to(end)[present]
    first, last, x = log.first[present], log.tick[until - 1].astype(np.int64), until - begin - 1
    customers, positions, counts = _distinct(first, last, x, together=covariates is None)
    rows = None if covariates is None else _CovariateRows.of(history, covariates, present)
    cut = _cut(history.clock, first[customers], last[customers], np.full(len(customers), float(end)), rows)
    buyer = np.repeat(np.arange(len(present)), x)
    ticks = log.tick[_positions(begin + 1, x)].astype(np.int64)
    log_speed = np.bincount(buyer, np.log(_speeds(history.clock, ticks)), minlength=len(present))
    bought = np.zeros((len(present), cut.purchase.shape[1]))
    if rows is not None:
        values = rows.at(buyer, ticks)[:, rows.purchase]
        for k in range(values.shape[1]):
            bought[:, k] = np.bincount(buyer, values[:, k], minlength=len(present))
    mean_speed = np.bincount(positions, log_speed) / counts  # histories differ by it, but it multiplies no parameter
    stretches = cut.stretches(x[customers].astype(float), bought[customers], mean_speed)
    return HistoryStretches(stretches, customers, positions, counts)


def future_stretches(
    history: KnownHistory, covariates: ChangingCovariates | None, past: HistoryStretches, horizon: float
) -> Stretches:
    """Return the stretches of the same histories within a horizon after the cutoff, in the clock's unit.

    Covariates keep the values of a customer's last row, unless there are later rows.
    """
    log = history.purchase_log
    present = np.flatnonzero(log.first <= history.cutoff)
    rows = None if covariates is None else _CovariateRows.of(history, covariates, present)
    now = np.full(len(past.customers), history.cutoff, dtype=np.int64)
    end = now + np.float64(horizon * history.clock.ticks_per_unit)
    cut = _cut(history.clock, now, now, end, rows)
    return cut.stretches(past.stretches.x, past.stretches.bought, past.stretches.log_speed)


def _distinct(
    first: TickNumbers, last: TickNumbers, x: TickNumbers, *, together: bool
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Array]:
    """Return one customer per history, the history of each customer, and the number of customers per history."""
    if not together:
        every = np.arange(len(first))
        return every, every, np.ones(len(first))
    rows = np.stack([first, last, x], axis=1)
    _, customers, positions, counts = np.unique(
        rows, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return customers, positions.reshape(-1), counts.astype(float)


@dataclass(frozen=True, slots=True, eq=False)
class _CovariateRows:
    """Rows of covariates, sorted by customer and by the tick from which they apply."""

    ids: list[str]
    start: TickNumbers
    tick: TickNumbers
    values: Array
    purchase: list[int]
    dropout: list[int]

    @classmethod
    def of(cls, history: KnownHistory, covariates: ChangingCovariates, present: npt.NDArray[np.intp]) -> _CovariateRows:
        table = covariates.history
        ids = history.purchase_log.customer_id[present]
        place = table.rows_of(ids)
        size = table.start[place + 1] - table.start[place]
        rows = _positions(table.start[place], size)
        start = np.append(0, np.cumsum(size)).astype(np.int64)
        tick = table.day[rows] * _ticks_per_day(history.clock)
        shown = [str(each) for each in ids.to_list()]
        names = (table.positions(each) for each in (covariates.purchase, covariates.dropout))
        return cls(shown, start, tick, table.values[rows], *names)

    def at(self, customer: npt.NDArray[np.intp], tick: TickNumbers) -> Array:
        """Return the covariates of customers at ticks, which are moments, (m, k)."""
        low = min(self.tick.min(initial=0), tick.min(initial=0))
        width = max(self.tick.max(initial=0), tick.max(initial=0)) - low + 1
        owner = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        row = np.searchsorted(owner * width + self.tick - low, customer * width + tick - low, side="right") - 1
        late = np.unique(customer[row < self.start[customer]])
        if len(late):
            raise InvalidOption(
                f"The covariates of {len(late):,} customers begin after their first purchase (first: "
                f"{', '.join(self.ids[i] for i in late[:SHOWN])}): add a row that applies from that day."
            )
        values: Array = self.values[row]
        return values


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """The time of customers, cut where a rate changes."""

    first: npt.NDArray[np.intp]
    length: Array
    after: npt.NDArray[np.bool_]
    speed: Array
    purchase: Array
    dropout: Array

    def stretches(self, x: Array, bought: Array, log_speed: Array) -> Stretches:
        parts = (self.first, self.length, self.after, self.speed, self.purchase, self.dropout)
        return Stretches(*parts, x, bought, log_speed)


def _cut(clock: Clock, first: TickNumbers, last: TickNumbers, end: Times, rows: _CovariateRows | None) -> _Cut:
    """Cut the time from `first` to `end` of customers at `last`, and where a covariate or the calendar changes."""
    n = len(first)
    every = np.arange(n)
    cuts = [(every, first.astype(float)), (every, last.astype(float)), (every, end)]
    changes = _changes(clock, int(first.min(initial=0)), int(np.ceil(end.max(initial=0))))
    low, high = np.searchsorted(changes, first, side="right"), np.searchsorted(changes, end, side="left")
    size = np.maximum(high - low, 0)
    cuts.append((np.repeat(every, size), changes[_positions(low, size)].astype(float)))
    if rows is not None:
        owner = np.repeat(every, np.diff(rows.start))
        inside = (rows.tick > first[owner]) & (rows.tick < end[owner])
        cuts.append((owner[inside], rows.tick[inside].astype(float)))
    customer, tick = (np.concatenate(parts) for parts in zip(*cuts, strict=True))
    order = np.lexsort((tick, customer))
    customer, tick = customer[order], tick[order]
    begins = (customer[1:] == customer[:-1]) & (tick[1:] > tick[:-1])
    # A customer who bought for the first time at the end has a stretch of length 0.
    begins |= (first == end)[customer[:-1]] & (np.diff(customer, prepend=-1)[:-1] > 0)
    at = np.flatnonzero(begins)
    owner, begin = customer[at], tick[at]
    whole = begin.astype(np.int64)
    counts = np.bincount(owner, minlength=n)
    none = np.zeros((len(at), 0))
    values = None if rows is None else rows.at(owner, whole)
    return _Cut(
        np.append(0, np.cumsum(counts)).astype(np.intp),
        (tick[at + 1] - begin) / clock.ticks_per_unit,
        begin >= last[owner],
        _speeds(clock, whole + 1),
        none if values is None or rows is None else values[:, rows.purchase],
        none if values is None or rows is None else values[:, rows.dropout],
    )


def _changes(clock: Clock, begin: int, end: int) -> TickNumbers:
    """Return the ticks in a range after which the speed of the calendar changes."""
    if not clock.seasonal or clock.calendar is None:
        return np.zeros(0, dtype=np.int64)
    per_day = _ticks_per_day(clock)
    days = np.arange(begin // per_day, end // per_day + 2)
    speeds = clock.calendar.speeds(days)
    changes: TickNumbers = days[1:][speeds[1:] != speeds[:-1]] * per_day - 1
    return changes


def _speeds(clock: Clock, ticks: TickNumbers) -> Array:
    """Return the speed of the days of ticks."""
    if not clock.seasonal or clock.calendar is None:
        return np.ones(len(ticks))
    return clock.calendar.speeds(ticks // _ticks_per_day(clock))


def _ticks_per_day(clock: Clock) -> int:
    return HOURS_OF_DAY if clock.merge_within == "hour" else 1


def _positions(start: Sequence[int] | TickNumbers, size: TickNumbers) -> TickNumbers:
    """Return the positions of ranges that begin at `start` and have `size` elements each, one after the other."""
    before = np.cumsum(size) - size
    positions: TickNumbers = np.arange(int(size.sum())) + np.repeat(np.asarray(start) - before, size)
    return positions

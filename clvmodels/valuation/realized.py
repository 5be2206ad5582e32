"""The orders of customers up to the cutoff, and the charges in the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.valuation.periods import CalendarUnit, first_day, next_first_day

__all__ = ["PastCharge", "RealizedOrders", "calendar_ticks", "past_charges", "realized_orders", "was_served"]


@dataclass(frozen=True, slots=True, eq=False)
class RealizedOrders:
    """The orders of the customers of a history, first orders included.

    Attributes
    ----------
    customer : int array (m,)
        Position of the customer of each order in the history's RFM.
    tick : int array (m,)
    age : array (m,)
        Time since the customer's first order, in the clock's unit.
    amount : array (m,)
        Amount of the order.
    T : array (n,)
        Age of each customer at the cutoff.
    """

    customer: npt.NDArray[np.intp]
    tick: npt.NDArray[np.int64]
    age: Array
    amount: Array
    T: Array


@dataclass(frozen=True, slots=True)
class PastCharge:
    """A charge at the end of a calendar period: its time relative to the cutoff (0 or less), and its share."""

    time: float
    share: float


def realized_orders(history: KnownHistory) -> RealizedOrders:
    """Return the orders of a history; raise an InvalidOption if it has no amounts."""
    log = history.purchase_log
    if log.paid is None:
        raise InvalidOption(
            "The history has no amounts: pass their column, KnownHistory.from_log(..., amount='amount')."
        )
    rows = log.first <= history.cutoff
    start, until, first = log.start[:-1][rows], log.up_to(history.cutoff)[rows], log.first[rows]
    count = until - start
    customer = np.repeat(np.arange(len(count)), count)
    place = np.arange(int(count.sum()))
    if len(place) < len(log.tick):
        place += np.repeat(start - np.append(0, np.cumsum(count)[:-1]), count)
    tick = log.tick[place].astype(np.int64)
    unit = log.clock.ticks_per_unit
    age = (tick - np.repeat(first, count)) / unit
    return RealizedOrders(customer, tick, age, money(log.money_of(place)), (history.cutoff - first) / unit)


def calendar_ticks(clock: Clock, first: int, last: int, unit: CalendarUnit) -> tuple[list[date], npt.NDArray[np.int64]]:
    """Return the first days of the calendar periods from one tick to another, and the last tick of each.

    The last period may end after `last`: it is then partly observed.
    """
    day = first_day(_day(clock, first), unit)
    end = _day(clock, last)
    days, ticks = [], []
    while day <= end:
        days.append(day)
        day = next_first_day(day, unit)
        ticks.append(clock.last_tick(day - timedelta(days=1)))
    return days, np.array(ticks, dtype=np.int64)


def past_charges(clock: Clock, first: int, cutoff: int, unit: CalendarUnit) -> Iterator[PastCharge]:
    """Yield the charges at the ends of calendar periods up to the cutoff.

    The period that contains the cutoff is charged at the cutoff, for the share of it that has passed.
    """
    days, ticks = calendar_ticks(clock, first, cutoff, unit)
    for day, tick in zip(days, ticks, strict=True):
        begin = clock.last_tick(day - timedelta(days=1))
        share = (min(int(tick), cutoff) - begin) / max(int(tick) - begin, 1)
        yield PastCharge((min(int(tick), cutoff) - cutoff) / clock.ticks_per_unit, share)


def was_served(orders: RealizedOrders, time: float, window: float) -> npt.NDArray[np.bool_]:
    """Return whether each customer had an order in (time - window, time], relative to the cutoff, (n,)."""
    when = orders.age - orders.T[orders.customer]
    recent = (when > time - window) & (when <= time)
    served = np.zeros(len(orders.T), dtype=bool)
    served[orders.customer[recent]] = True
    return served


def _day(clock: Clock, tick: int) -> date:
    return date.fromisoformat(clock.describe_tick(tick)[:10])

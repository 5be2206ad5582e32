"""The orders of a log by calendar period, customer and cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.decisions.base_audit.fiscal_calendar import FiscalCalendar
from clvmodels.errors import InvalidOption
from clvmodels.transactions.amounts import money
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.validation.tables.metrics import quarter

__all__ = ["CENTS", "LogPeriods", "PeriodLength", "log_periods", "sums_of_cents"]

PeriodLength = Literal["month", "quarter", "year"]
CENTS = 100  # per unit of money: sums of whole cents are exact
LARGEST_EXACT = 2.0**53  # floats represent every whole number up to this one
YEAR_LENGTH = {"month": 12, "quarter": 4, "year": 1}


@dataclass(frozen=True, slots=True)
class LogPeriods:
    """The orders of a log, each with its period.

    Attributes
    ----------
    length : {"month", "quarter", "year"}
    labels : tuple of str
        All periods from the first to the last, without gaps.
    complete : tuple of bool
        Whether the log covers a period from its first day to its last.
    customer : int array (m,)
        Customer of each order, from 0.
    period : int array (m,)
        Position of the period of each order in `labels`.
    cents : int array (m,)
        Amount of each order.
    is_first : bool array (m,)
        Whether it is the first order of its customer.
    first_tick : int
        Tick of the first order.
    of_tick : int array
        Position in `labels` of the period of each tick from the first to the last.
    """

    length: PeriodLength
    labels: tuple[str, ...]
    complete: tuple[bool, ...]
    customer: npt.NDArray[np.int32]
    period: npt.NDArray[np.int32]
    cents: npt.NDArray[np.int64]
    is_first: npt.NDArray[np.bool_]
    first_tick: int
    of_tick: npt.NDArray[np.int32]

    @property
    def customers(self) -> int:
        """Return the number of customers."""
        return int(self.customer.max()) + 1

    def cohort(self) -> npt.NDArray[np.int32]:
        """Return the period of each customer's first order, (customers,)."""
        return self.period[self.is_first]

    def is_first_of_period(self) -> npt.NDArray[np.bool_]:
        """Return whether each order is the first of its customer in its period; orders are by customer and time."""
        first = np.ones(len(self.customer), dtype=bool)
        first[1:] = (self.customer[1:] != self.customer[:-1]) | (self.period[1:] != self.period[:-1])
        return first

    def by_customer(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return the orders and cents of each customer under a mask of orders, (2, customers)."""
        customer = self.customer[mask]
        orders = np.bincount(customer, minlength=self.customers)
        return np.stack([orders, sums_of_cents(customer, self.cents[mask], self.customers)])

    def compared(self) -> tuple[int, int]:
        """Return the last complete period, and the one to compare it with."""
        whole = np.flatnonzero(self.complete)
        if len(whole) < 2:
            raise InvalidOption(
                f"The log has {len(whole)} complete {self.length}s, and a comparison needs two: pass a shorter period=."
            )
        later = int(whole[-1])
        year_before = later - YEAR_LENGTH[self.length]
        return later, year_before if year_before in whole else int(whole[-2])


def log_periods(log: PurchaseLog, end: int, length: PeriodLength, fiscal: FiscalCalendar | None = None) -> LogPeriods:
    """Return the orders of a log up to a tick by period, of the calendar or of a fiscal one."""
    if log.paid is None:
        raise AssertionError("the log was read with amounts")
    cents = np.round(money(log.paid[1:] - log.paid[:-1]) * CENTS).astype(np.int64)
    is_first = np.zeros(len(log.tick), dtype=bool)
    is_first[log.start[:-1]] = True
    seen = log.tick <= end
    if not seen.any():
        raise InvalidOption("All orders are later than observation_end: pass a later day.")
    first = int(log.tick[seen].min())
    labels, number = _calendar(log.clock, first, end, length, fiscal)
    begins = _label(log.clock, first - 1, length, fiscal) != labels[0]
    ends = _label(log.clock, end + 1, length, fiscal) != labels[-1]
    complete = [True] * len(labels)
    complete[0] &= begins
    complete[-1] &= ends
    if not seen.all():
        cents, is_first = cents[seen], is_first[seen]
    ids = np.cumsum(is_first, dtype=np.int32) - 1
    period = number[(log.tick if len(ids) == len(log.tick) else log.tick[seen]) - first]
    return LogPeriods(length, tuple(labels), tuple(complete), ids, period, cents, is_first, first, number)


def sums_of_cents(
    group: npt.NDArray[np.integer[Any]], cents: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Return the exact sums of cents by group, (count,).

    Floats add whole numbers without rounding while the sum of their absolute values is at most 2**53.
    """
    if float(np.abs(cents).sum(dtype=float)) < LARGEST_EXACT:
        return np.rint(np.bincount(group, cents, minlength=count)).astype(np.int64)
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, group, cents)
    return sums


def _calendar(
    clock: Clock, first: int, end: int, length: PeriodLength, fiscal: FiscalCalendar | None
) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the labels of all periods, and the position of the period of each tick from the first on."""
    of_ticks = [_label(clock, tick, length, fiscal) for tick in range(first, end + 1)]
    labels = list(dict.fromkeys(of_ticks))
    places = {label: place for place, label in enumerate(labels)}
    return labels, np.array([places[label] for label in of_ticks], dtype=np.int32)


def _label(clock: Clock, tick: int, length: PeriodLength, fiscal: FiscalCalendar | None) -> str:
    """Return the name of the period of a tick, such as "2011-07", "2011 Q3" or "2011"."""
    day = clock.describe_tick(tick)
    if fiscal is not None:
        return fiscal.label(day, length)
    return {"month": day[:7], "quarter": quarter(day), "year": day[:4]}[length]

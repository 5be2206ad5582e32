"""What accounts spent and ordered in the last window of a log, and in the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["SpendWindows", "spend_windows"]


@dataclass(frozen=True, slots=True)
class SpendWindows:
    """Orders and spend by customer or account.

    Attributes
    ----------
    ids : narwhals.Series (n,)
        All ids in the log up to its end.
    orders : int array (n,)
        Orders in the last window; several on one day are one.
    spend, spend_before : arrays (n,)
        Money in the last window, and in the window of the same length before.
    covered : bool
        Whether the log covers the window before from its first day.
    """

    ids: nw.Series[Any]
    orders: npt.NDArray[np.int64]
    spend: Array
    spend_before: Array
    covered: bool


def spend_windows(log: PurchaseLog, end: int, length: int) -> SpendWindows:
    """Return orders and spend in the `length` days up to and including tick `end`, and in the `length` days before."""
    seen = np.flatnonzero(log.first <= end)
    if not len(seen):
        raise InvalidOption("All orders are later than observation_end: pass a later day.")
    until, middle, since = (log.up_to(day) for day in (end, end - length, end - 2 * length))
    spend = money(log.money_between(middle, until))
    before = money(log.money_between(since, middle))
    covered = log.first_tick <= end - 2 * length + 1
    return SpendWindows(log.customer_id[seen], (until - middle)[seen], spend[seen], before[seen], covered)

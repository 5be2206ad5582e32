"""The part of a log that a state keeps up to a day: sums per customer and, for some forecasters, recent purchases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import narwhals as nw

from clvmodels.scoring.incremental.customer_sums import CustomerSums, sum_by_customer
from clvmodels.scoring.incremental.recent_rows import RecentRows, recent_rows
from clvmodels.transactions.log import Transactions

__all__ = ["LogSums", "SumOptions", "sums_up_to"]


@dataclass(frozen=True, slots=True)
class SumOptions:
    """Options for summing a log by customer.

    Attributes
    ----------
    include_first : bool
        Whether the money of each customer's first purchase counts.
    look_back : int
        Ticks before a date for which single purchases are kept; 0 for none.
    """

    include_first: bool
    look_back: int


@dataclass(frozen=True, slots=True, eq=False)
class LogSums:
    """The purchases of a log up to a tick.

    Attributes
    ----------
    customers : CustomerSums
    recent : RecentRows or None
        None if the forecaster does not use recent purchases.
    """

    customers: CustomerSums
    recent: RecentRows | None

    def followed_by(
        self, transactions: Transactions, days: tuple[int, int], since: int, options: SumOptions
    ) -> LogSums:
        """Return these sums with later transactions added; purchases after `since` are recent."""
        after, until = days
        lazy = transactions.lazy.filter((nw.col("tick") > after) & (nw.col("tick") <= until))
        keeps, has_amount = bool(options.look_back), transactions.has_amount
        later = sum_by_customer(lazy, has_amount, options.include_first, transactions.rows, keeps_paid=keeps)
        customers = self.customers if keeps else replace(self.customers, paid_whole=None, paid_fraction=None)
        recent = None
        if keeps and self.recent is not None:
            recent = self.recent.followed_by(recent_rows(lazy, has_amount, since), since)
        return LogSums(customers.add(later) if len(later.sums.first) else customers, recent)


def sums_up_to(transactions: Transactions, until: int, since: int, options: SumOptions) -> LogSums:
    """Return the sums of the transactions up to a tick; purchases after `since` are recent."""
    lazy, has_amount = transactions.lazy.filter(nw.col("tick") <= until), transactions.has_amount
    keeps = bool(options.look_back)
    first = sum_by_customer(lazy, has_amount, options.include_first, transactions.rows, keeps_paid=keeps)
    return LogSums(first.sums, recent_rows(lazy, has_amount, since) if keeps else None)

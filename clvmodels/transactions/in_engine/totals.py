"""Totals per customer from the engine that holds a log, equal to those of a log in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.amounts import AMOUNT_UNIT, Floats, money
from clvmodels.transactions.in_engine.reading import EngineLog
from clvmodels.transactions.log import Transactions
from clvmodels.transactions.reduction import CustomerTotals, Ints

__all__ = [
    "HoldoutTotals",
    "customer_totals",
    "exact_money",
    "holdout_totals",
    "integers",
    "rows_by_tick",
    "ticks_of_rows",
]

POWERS = {"money_1": 54, "money_2": 27, "money_3": 0}  # each column counts multiples of 2^power of AMOUNT_UNIT


def customer_totals(log: EngineLog, end: int, include_first_transaction: bool) -> CustomerTotals:
    """Return one row per customer up to tick `end`, sorted by customer id."""
    table = log.fetch(log.query.customers(end, include_first_transaction)).sort("customer_id")
    log.refuse_changed(int(table["customer_rows"].sum()))
    first, last = integers(table, "first_tick"), integers(table, "last_tick")
    return CustomerTotals(
        customer_id=table["customer_id"],
        purchases=integers(table, "purchases"),
        recency=last - first,
        age=end - first,
        spend=money(exact_money(table)) if log.query.has_amount else None,
    )


def integers(table: nw.DataFrame[Any], name: str) -> Ints:
    """Return a column of integers."""
    return table[name].to_numpy().astype(np.int64)


def exact_money(table: nw.DataFrame[Any], prefix: str = "") -> nw.Series[Any]:
    """Return sums of money in whole multiples of AMOUNT_UNIT, from the parts that an engine adds up.

    Raises
    ------
    InvalidTransactions
        If a sum is too large for the engine's integers.
    """
    parts = [table[prefix + name] for name in frames.MONEY]
    if any(part.is_null().any() for part in parts):
        raise InvalidTransactions(
            "The amounts of a customer are too large to be added up in the engine: state them in a larger unit, such "
            "as thousands, or leave out accounts that are not persons."
        )
    scaled = [nw.col(prefix + name).cast(nw.Int128) * nw.lit(2**power, nw.Int128) for name, power in POWERS.items()]
    return table.select(total=scaled[0] + scaled[1] + scaled[2])["total"]


@dataclass(frozen=True, slots=True)
class HoldoutTotals:
    """Purchases and money of the customers known at a cutoff, before and after it, in the order of their ids.

    Attributes
    ----------
    past : CustomerTotals
        Up to the cutoff.
    purchases : int array (n,)
    spend, past_spend : float arrays (n,), or None
    older_customers : int
        Customers left out because they were first seen too early.
    new_customers, new_purchases : int
    new_spend : float or None
    activity : int array (3, ticks)
        As in `Holdout`.
    """

    past: CustomerTotals
    purchases: Ints
    spend: Floats | None
    past_spend: Floats | None
    older_customers: int
    new_customers: int
    new_purchases: int
    new_spend: float | None
    activity: Ints


def holdout_totals(
    log: EngineLog, cutoff: int, end: int, after: int | None, include_first_transaction: bool
) -> HoldoutTotals:
    """Return the purchases of customers before and after tick `cutoff`, up to tick `end`, sorted by customer id."""
    everyone = log.fetch(log.query.holdout(cutoff, end, include_first_transaction)).sort("customer_id")
    activity = log.fetch(log.query.activity(cutoff, end, after)).sort("tick")
    first = integers(everyone, "first_tick")
    newer = np.ones(len(first), dtype=bool) if after is None else first > after
    old, new = newer & (first <= cutoff), newer & (first > cutoff)
    table, later = everyone.filter(old.tolist()), everyone.filter(new.tolist())
    has_money = log.query.has_amount
    first = first[old]
    return HoldoutTotals(
        past=CustomerTotals(
            customer_id=table["customer_id"],
            purchases=integers(table, "purchases"),
            recency=integers(table, "last_tick") - first,
            age=cutoff - first,
            spend=money(exact_money(table)) if has_money else None,
        ),
        purchases=integers(table, "later_purchases"),
        spend=money(exact_money(table, "later_")) if has_money else None,
        past_spend=money(exact_money(table, "past_")) if has_money else None,
        older_customers=int((~newer).sum()),
        new_customers=int(new.sum()),
        new_purchases=int(integers(later, "later_purchases").sum()),
        new_spend=int(exact_money(later, "later_").sum()) * AMOUNT_UNIT if has_money else None,
        activity=np.stack([integers(activity, name) for name in ("tick", "first_purchases", "repeats")]),
    )


def ticks_of_rows(log: EngineLog) -> Ints:
    """Return the ticks with a row in the log, and the number of rows in each, (2, ticks)."""
    table = log.fetch(log.query.rows_by_tick()).sort("tick")
    log.refuse_changed(int(table["tick_rows"].sum()), up_to_end=False)
    return np.stack([integers(table, name) for name in ("tick", "tick_rows")])


def rows_by_tick(log: Transactions | EngineLog, end: int) -> tuple[Ints, Ints]:
    """Return the ticks with rows of a log up to tick `end`, and the number of rows in each."""
    if isinstance(log, EngineLog):
        ticks, counts = ticks_of_rows(log)
        return ticks[ticks <= end], counts[ticks <= end]
    rows = log.lazy.filter(nw.col("tick") <= end).group_by("tick").agg(nw.len().alias("rows"))
    by_tick = frames.collect(rows.sort("tick"))
    return by_tick["tick"].to_numpy().astype(np.int64), by_tick["rows"].to_numpy().astype(np.int64)

"""Reduce checked transactions to one row per customer: one sort of whole numbers, and sums without rounding."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.transactions.amounts import Floats, add_amounts, exact_amount, exact_units, round_once

__all__ = ["CustomerTotals", "concat_totals", "merge_into_purchases", "reduce_to_customers"]

BLOCK = 2**17  # rows whose amounts are added up at a time, unless there are more customers; fits the cache

Ints = npt.NDArray[np.int64]
Ticks = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CustomerTotals:
    """Purchases, times and money of each customer, in the order of their ids.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
    purchases, recency, age : int arrays, each (n,)
        Purchases, the first included; recency and age in ticks.
    spend : float array (n,), or None
        Money that counts toward monetary_value.
    """

    customer_id: nw.Series[Any]
    purchases: Ints
    recency: Ints
    age: Ints
    spend: Floats | None

    def where(self, mask: npt.NDArray[np.bool_]) -> CustomerTotals:
        """Return the customers under a mask."""
        return CustomerTotals(
            self.customer_id[np.flatnonzero(mask)],
            self.purchases[mask],
            self.recency[mask],
            self.age[mask],
            None if self.spend is None else self.spend[mask],
        )


def concat_totals(parts: list[CustomerTotals]) -> CustomerTotals:
    """Return the customers of several partitions, which have no customer in common, in the order of their ids."""
    if len(parts) == 1:
        return parts[0]
    names = [field.name for field in fields(CustomerTotals) if getattr(parts[0], field.name) is not None]
    frame = nw.concat([nw.from_dict({n: getattr(part, n) for n in names}, backend="polars") for part in parts])
    ordered = frame.sort("customer_id")
    columns: dict[str, Any] = {"spend": None} | {name: ordered[name].to_numpy() for name in names}
    return CustomerTotals(**columns | {"customer_id": ordered["customer_id"]})


def reduce_to_customers(
    customer_id: nw.Series[Any], tick: Ticks, amount: Floats | None, end: int, include_first_transaction: bool
) -> CustomerTotals:
    """Reduce transactions up to tick `end`, in any order, to one row per customer.

    Parameters
    ----------
    customer_id : narwhals.Series, shape (rows,)
    tick : int array (rows,)
    amount : float array (rows,), or None
        Not negative.
    end : int
    include_first_transaction : bool
        Whether the money of each customer's first purchase counts.
    """
    coded = frames.code_ids(customer_id)
    since = int(tick.min())
    span = int(tick.max()) - since + 1
    rank = _ranks(coded, tick, since, span)
    customer = rank // span
    start = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
    stop = np.append(start[1:], len(rank))
    codes = customer[start]
    first, last = rank[start] - codes * span, rank[stop - 1] - codes * span
    repeated = np.flatnonzero(rank[1:] == rank[:-1]) + 1  # further rows of a purchase that is already counted
    purchases = stop - start - np.bincount(np.searchsorted(start, repeated, side="right") - 1, minlength=len(start))
    del rank, customer
    spend = None
    if amount is not None:
        left_out = None
        if not include_first_transaction:
            left_out = np.zeros(coded.bound, dtype=np.int32)
            left_out[codes] = first + since
        spend = _sum_amounts(coded, tick, amount, left_out, int((stop - start).max()))[codes]
    return CustomerTotals(
        customer_id=coded.ids(codes),
        purchases=purchases,
        recency=(last - first).astype(np.int64),
        age=end - since - first.astype(np.int64),
        spend=spend,
    )


def _ranks(coded: frames.CodedIds, tick: Ticks, since: int, span: int) -> npt.NDArray[Any]:
    """Return every row as one number, by customer and then by time, in ascending order."""
    dtype: type[np.int32] | type[np.int64] = np.int32 if coded.bound * span < 2**31 else np.int64
    rank: npt.NDArray[Any] = coded.codes.astype(dtype)
    rank *= dtype(span)
    rank -= dtype(since)  # before adding ticks, to avoid overflow
    rank += tick
    rank.sort()
    return rank


def _sum_amounts(coded: frames.CodedIds, tick: Ticks, amount: Floats, left_out: Ticks | None, most: int) -> Floats:
    """Return the money of each customer code (bound,), without the purchases at the tick to leave out."""
    units = exact_units(float(amount.max()), most)
    sums = np.zeros((len(units), coded.bound))
    size = max(BLOCK, coded.bound)
    for i in range(0, len(amount), size):
        code, paid = coded.codes[i : i + size], amount[i : i + size]
        if left_out is not None:
            paid = np.where(left_out[code] == tick[i : i + size], 0.0, paid)
        add_amounts(sums, units, code, paid)
    return round_once(sums)


def merge_into_purchases(lazy: nw.LazyFrame[Any], has_amount: bool, end: int) -> nw.LazyFrame[Any]:
    """Merge the transactions of a customer within one tick into one purchase, up to and including tick `end`.

    Money is in whole multiples of AMOUNT_UNIT, and `rows` is the number of transactions.
    """
    spend = [exact_amount(nw.col("amount")).sum()] if has_amount else []
    return lazy.filter(nw.col("tick") <= end).group_by("customer_id", "tick").agg(*spend, nw.len().alias("rows"))

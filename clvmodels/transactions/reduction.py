"""Checked transactions -> one row a customer: counted by one sort of whole numbers, and added up without rounding."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.transactions.amounts import Floats, added_up, exact_amount, exact_units, rounded_once

__all__ = ["Reduced", "joined", "purchases", "reduce_to_customers"]

BLOCK = 2**17  # rows whose amounts are added up at a time, or as many as there are customers: they stay in the cache

Ints = npt.NDArray[np.int64]
Ticks = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Reduced:
    """One row a customer, in the order of their ids.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
    purchases, recency, age : int arrays, each (n,)
        Recency and age in ticks.
    spend : float array (n,), or None
        The money that counts.
    """

    customer_id: nw.Series[Any]
    purchases: Ints
    recency: Ints
    age: Ints
    spend: Floats | None

    def where(self, kept: npt.NDArray[np.bool_]) -> Reduced:
        """Some of the customers."""
        return Reduced(
            self.customer_id[np.flatnonzero(kept)],
            self.purchases[kept],
            self.recency[kept],
            self.age[kept],
            None if self.spend is None else self.spend[kept],
        )


def joined(parts: list[Reduced]) -> Reduced:
    """The customers of several parts, of which each has its own."""
    if len(parts) == 1:
        return parts[0]
    names = [field.name for field in fields(Reduced) if getattr(parts[0], field.name) is not None]
    frame = nw.concat([nw.from_dict({n: getattr(part, n) for n in names}, backend="polars") for part in parts])
    ordered = frame.sort("customer_id")
    columns: dict[str, Any] = {"spend": None} | {name: ordered[name].to_numpy() for name in names}
    return Reduced(**columns | {"customer_id": ordered["customer_id"]})


def reduce_to_customers(
    customer_id: nw.Series[Any], tick: Ticks, amount: Floats | None, end: int, include_first_transaction: bool
) -> Reduced:
    """Reduce transactions up to tick `end`, in any order.

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
    place = _places(coded, tick, since, span)
    who = place // span
    start = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
    stop = np.append(start[1:], len(place))
    known = who[start]
    first, last = place[start] - known * span, place[stop - 1] - known * span
    again = np.flatnonzero(place[1:] == place[:-1]) + 1  # rows that are no purchase of their own
    bought = stop - start - np.bincount(np.searchsorted(start, again, side="right") - 1, minlength=len(start))
    del place, who
    spend = None
    if amount is not None:
        left_out = None
        if not include_first_transaction:
            left_out = np.zeros(coded.bound, dtype=np.int32)
            left_out[known] = first + since
        spend = _spent(coded, tick, amount, left_out, int((stop - start).max()))[known]
    return Reduced(
        customer_id=coded.ids(known),
        purchases=bought,
        recency=(last - first).astype(np.int64),
        age=end - since - first.astype(np.int64),
        spend=spend,
    )


def _places(coded: frames.CodedIds, tick: Ticks, since: int, span: int) -> npt.NDArray[Any]:
    """Every row as one number, by customer and then by time, in ascending order."""
    kind: type[np.int32] | type[np.int64] = np.int32 if coded.bound * span < 2**31 else np.int64
    place: npt.NDArray[Any] = coded.codes.astype(kind)
    place *= kind(span)
    place -= kind(since)  # before the ticks are added, so that nothing on the way is too large either
    place += tick
    place.sort()
    return place


def _spent(coded: frames.CodedIds, tick: Ticks, amount: Floats, left_out: Ticks | None, most: int) -> Floats:
    """Money by number of customer, but for what was paid at the tick left out, (bound,)."""
    units = exact_units(float(amount.max()), most)
    sums = np.zeros((len(units), coded.bound))
    size = max(BLOCK, coded.bound)
    for i in range(0, len(amount), size):
        code, paid = coded.codes[i : i + size], amount[i : i + size]
        if left_out is not None:
            paid = np.where(left_out[code] == tick[i : i + size], 0.0, paid)
        added_up(sums, units, code, paid)
    return rounded_once(sums)


def purchases(lazy: nw.LazyFrame[Any], has_amount: bool, end: int) -> nw.LazyFrame[Any]:
    """Transactions of one customer within one tick merged into one purchase, up to and including tick `end`.

    The money is in whole multiples of AMOUNT_UNIT, and `rows` is how many transactions there were.
    """
    spend = [exact_amount(nw.col("amount")).sum()] if has_amount else []
    return lazy.filter(nw.col("tick") <= end).group_by("customer_id", "tick").agg(*spend, nw.len().alias("rows"))

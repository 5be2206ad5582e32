"""Checked transactions -> one row a customer: what the engine does, on whole ticks and whole amounts."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.transactions.log import Transactions

__all__ = ["purchases", "reduce_to_customers", "sum_log_gaps"]


def purchases(lazy: nw.LazyFrame[Any], has_amount: bool, end: int) -> nw.LazyFrame[Any]:
    """Transactions of one customer within one tick merged into one purchase, up to and including tick `end`."""
    spend = [nw.col("amount").sum()] if has_amount else []
    return lazy.filter(nw.col("tick") <= end).group_by("customer_id", "tick").agg(*spend)


def reduce_to_customers(
    merged: nw.LazyFrame[Any], has_amount: bool, end: int, include_first_transaction: bool
) -> nw.LazyFrame[Any]:
    """One row a customer, in any order: purchases, recency and age in ticks, and the money that counts."""
    tick, amount = nw.col("tick"), nw.col("amount")
    sums = {"spend": amount.sum(), "first_spend": amount.first(order_by="tick")} if has_amount else {}
    counted = nw.col("spend") if include_first_transaction else nw.col("spend") - nw.col("first_spend")
    return (
        merged.group_by("customer_id")
        .agg(nw.len().alias("purchases"), first=tick.min(), last=tick.max(), **sums)
        .select(
            "customer_id",
            "purchases",
            recency=(nw.col("last") - nw.col("first")).cast(nw.Int32),
            age=(end - nw.col("first")).cast(nw.Int32),
            **({"spend": counted.cast(nw.Float64)} if has_amount else {}),
        )
    )


def sum_log_gaps(transactions: Transactions, end: int, customer_id: nw.Series[Any]) -> npt.NDArray[np.float64]:
    """Sum of the logarithms of the ticks between a customer's purchases, (n,); 0 where there are none between.

    The engine counts how often each gap occurs; the logarithms are summed from the shortest gap on, so that neither the
    engine nor the order of the rows matters.

    Parameters
    ----------
    transactions : Transactions
    end : int
        Last tick observed.
    customer_id : narwhals.Series, shape (n,)
        Whose purchases; sorted, and everybody's up to `end`.
    """

    def count(lazy: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        gap = nw.col("tick").diff().over("customer_id", order_by="tick")
        gaps = purchases(lazy, False, end).with_columns(gap=gap).filter(~nw.col("gap").is_null())
        return gaps.group_by("customer_id", "gap").agg(nw.len().alias("times"))

    rows = frames.collect_in_parts(count, transactions.lazy, "customer_id", transactions.parts)
    places = customer_id.alias("customer_id").to_frame().with_row_index("place")
    counted = rows.join(places, on="customer_id", how="inner").sort("place", "gap")
    logs = counted["times"].to_numpy() * np.log(counted["gap"].to_numpy().astype(np.float64))
    summed = np.bincount(counted["place"].to_numpy().astype(np.intp), logs, minlength=len(customer_id))
    return summed.astype(np.float64)

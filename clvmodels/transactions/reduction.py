"""Checked transactions -> one row a customer: what the engine does, on whole ticks and whole amounts."""

from __future__ import annotations

from typing import Any

import narwhals as nw

__all__ = ["purchases", "reduce_to_customers"]


def purchases(lazy: nw.LazyFrame[Any], has_amount: bool, end: int, count_rows: bool = False) -> nw.LazyFrame[Any]:
    """Transactions of one customer within one tick merged into one purchase, up to and including tick `end`."""
    spend = [nw.col("amount").sum()] if has_amount else []
    rows = [nw.len().alias("rows")] if count_rows else []
    return lazy.filter(nw.col("tick") <= end).group_by("customer_id", "tick").agg(*spend, *rows)


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

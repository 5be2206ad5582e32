"""Purchases of the last days of a log, for forecasters that use recent time windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.scoring.incremental.customer_sums import CustomerSums, exact_of, split
from clvmodels.transactions.amounts import exact_amount
from clvmodels.transactions.purchase_log import RecentPurchases

__all__ = ["RecentRows", "recent_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class RecentRows:
    """The purchases after a day, up to the day of the state.

    Attributes
    ----------
    since : int
        Tick of the day before the first of them.
    table : narwhals.DataFrame
        customer_id, tick and, if there is money, whole and fraction: one row per customer and day.
    """

    since: int
    table: nw.DataFrame[Any]

    def followed_by(self, later: RecentRows, since: int) -> RecentRows:
        """Return these purchases and later ones, without those up to a tick."""
        since = max(since, self.since)
        return RecentRows(since, nw.concat([self.table, later.table]).filter(nw.col("tick") > since))

    def repeat_purchases(self, customers: CustomerSums) -> RecentPurchases:
        """Return all purchases except each customer's first, by position of the customer."""
        positions = nw.from_dict({"customer_id": customers.customer_id, "first": customers.first}, backend="polars")
        rows = self.table.join(positions.with_row_index("position"), on="customer_id", how="inner")
        rows = rows.filter(nw.col("tick") > nw.col("first"))
        amount = exact_of(rows["whole"], rows["fraction"]) if "whole" in rows.columns else None
        customer, tick = (rows[name].to_numpy().astype(np.int64) for name in ("position", "tick"))
        return RecentPurchases(self.since, customer, tick, amount)


def recent_rows(lazy: nw.LazyFrame[Any], has_amount: bool, since: int) -> RecentRows:
    """Return the purchases after a tick, merged from checked transactions."""
    spent = [exact_amount(nw.col("amount")).sum().alias("paid")] if has_amount else []
    days = lazy.filter(nw.col("tick") > since).group_by("customer_id", "tick").agg(*spent, nw.len().alias("rows"))
    table = frames.collect(days).drop("rows").with_columns(nw.col("tick").cast(nw.Int64))
    if has_amount:
        whole, fraction = split(table["paid"])
        table = table.drop("paid").with_columns(
            nw.new_series("whole", whole, backend="polars"), nw.new_series("fraction", fraction, backend="polars")
        )
    return RecentRows(since, table)

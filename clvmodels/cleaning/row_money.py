"""The money of each row of a log, in millionths: what it costs, less its discount, and what was refunded of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from clvmodels.cleaning.discounts import Discounts, subtract_discounts
from clvmodels.cleaning.ledger import UNITS
from clvmodels.transactions.log import LARGEST_AMOUNT

__all__ = ["cost_before_discount", "with_units"]


def cost_before_discount(columns: Mapping[str, str]) -> nw.Expr | None:
    """Return what a row costs before its discount; None if the log has no money."""
    if "amount" in columns:
        return nw.col("amount")
    return nw.col("quantity") * nw.col("price") if "price" in columns else None


def with_units(lazy: nw.LazyFrame[Any], columns: Mapping[str, str], discounts: Discounts | None) -> nw.LazyFrame[Any]:
    """Add the money of each row and the money refunded of its order, in millionths."""
    paid = cost_before_discount(columns)
    if paid is None:
        none = nw.lit(None, dtype=nw.Int64)
        return lazy.with_columns(units=none, refund_units=none)
    if discounts is not None:
        paid = subtract_discounts(paid, discounts)
    refunded = nw.col("refunded") if "refunded" in columns else nw.lit(None, dtype=nw.Float64)
    if "rate" in columns:
        paid, refunded = paid * nw.col("rate"), refunded * nw.col("rate")
    lazy = lazy.with_columns(paid=paid, paid_back=refunded)
    lazy = _in_units(_in_units(lazy, "paid", "units"), "paid_back", "refund_units")
    return lazy.with_columns(refund_units=nw.when(nw.col("refund_units") > 0).then(nw.col("refund_units")))


def _in_units(lazy: nw.LazyFrame[Any], amount: str, units: str) -> nw.LazyFrame[Any]:
    """Add an amount in whole millionths, rounding halves away from 0; missing where it exceeds LARGEST_AMOUNT.

    Whole part and fraction are scaled separately, so that an amount in millionths converts back to the same float.
    """
    size, whole, fraction = nw.col("size"), nw.col("whole"), nw.col("fraction")
    lazy = lazy.with_columns(size=nw.col(amount).abs())
    lazy = lazy.with_columns(size=nw.when(size <= LARGEST_AMOUNT).then(size))
    lazy = lazy.with_columns(whole=size.floor())
    lazy = lazy.with_columns(fraction=((size - whole) * UNITS + 0.5).floor().cast(nw.Int64))
    lazy = lazy.with_columns((whole.cast(nw.Int64) * UNITS + fraction).alias(units))
    return lazy.with_columns(nw.when(nw.col(amount) < 0).then(-nw.col(units)).otherwise(nw.col(units)).alias(units))

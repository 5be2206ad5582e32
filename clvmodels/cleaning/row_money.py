"""Compute the money of each row of a log, in millionths: its cost, less its discount, and its refund.

Discounts are recognized as shares, percentages or amounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger import UNITS
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.errors import InvalidTransactions
from clvmodels.language import Finding
from clvmodels.transactions.faults import Fault
from clvmodels.transactions.log import LARGEST_AMOUNT

__all__ = [
    "Discounts",
    "cost_before_discount",
    "discount_faults",
    "discount_finding",
    "recognize_discounts",
    "with_units",
    "without_percent_signs",
]

Discounts = Literal["share", "percent", "amount"]
LARGEST = {"share": 1.0, "percent": 100.0}
ROUNDING_TOLERANCE = 0.005  # rounding error allowed between the discount of a line and its cost


def without_percent_signs(lazy: nw.LazyFrame[Any]) -> tuple[nw.LazyFrame[Any], bool]:
    """Remove percent signs from discounts that are text; also return whether there were any."""
    if lazy.collect_schema()["discount"] != nw.String:
        return lazy, False
    text = nw.col("discount").str.strip_chars()
    signed = text.str.ends_with("%")
    if not frames.collect(lazy.select(signed.any())).item():
        return lazy, False
    return lazy.with_columns(discount=text.str.replace(r"\s*%$", "")), True


def recognize_discounts(
    lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules, paid: nw.Expr, signed: bool
) -> Discounts:
    """Return what discounts are, such as "percent": as the rules say, or the only reading that fits every row.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
        Has the column discount.
    columns : mapping of role to column name
    rules : CleaningRules
    paid : narwhals.Expr
        What each row costs before its discount.
    signed : bool
        Whether discounts have percent signs.

    Raises
    ------
    InvalidTransactions
        If the discounts can be read in two ways, or in no way.
    """
    if rules.discounts != "auto":
        return rules.discounts
    if signed:
        return "percent"
    rows = lazy.select(discount=nw.col("discount").abs(), cost=paid.abs()).filter(nw.col("discount") > 0)
    rows = rows.filter(~nw.col("cost").is_null())
    beyond = (nw.col("discount") > nw.col("cost") + ROUNDING_TOLERANCE).sum()
    largest, above = frames.collect(rows.select(nw.col("discount").max(), beyond.alias("beyond"))).row(0)
    if largest is None:
        return "amount"
    ways: list[Discounts] = ["share"] if largest <= 1 else ["percent"] if largest <= LARGEST["percent"] else []
    ways += [] if above else ["amount"]
    if len(ways) == 1:
        return ways[0]
    name = columns["discount"]
    if not ways:
        raise InvalidTransactions(
            f"The discounts in {name!r} are neither shares, nor percentages, nor amounts: {above:,} are larger than "
            "what their row costs. Correct them, or leave out discount= if the amounts are after discounts."
        )
    example = frames.collect(rows.head(1)).row(0)
    left = {way: _net(example[1], example[0], way) for way in ways}
    readings = " or ".join(f"{value:.2f} with discounts='{way}'" for way, value in left.items())
    raise InvalidTransactions(
        f"The discounts in {name!r} can be read in two ways: {example[0]:g} of {example[1]:.2f} leaves {readings}. "
        "Name the right one (in Python, a field of CleaningRules)."
    )


def _net(cost: float, discount: float, way: Discounts) -> float:
    return cost - discount if way == "amount" else cost * (1 - discount / LARGEST[way])


def subtract_discounts(paid: nw.Expr, way: Discounts) -> nw.Expr:
    """Return what a row costs after its discount, which may have either sign; a missing discount is 0."""
    discount = nw.col("discount").abs().fill_null(0.0)
    if way != "amount":
        return paid * (1 - discount / LARGEST[way])
    return nw.when(paid < 0).then(paid + discount).otherwise(paid - discount)


def discount_faults(columns: Mapping[str, str], way: Discounts, paid: nw.Expr, remains: nw.Expr) -> Iterator[Fault]:
    """Yield the fault of discounts that are larger than what their row costs."""
    discount = nw.col("discount").abs()
    beyond = discount > paid.abs() + ROUNDING_TOLERANCE if way == "amount" else discount > LARGEST[way]
    yield Fault(
        "discount",
        remains & beyond.fill_null(value=False),
        f"a discount in {columns['discount']!r} that is larger than what the row costs, read as {way}",
        "Correct them, or pass discounts='share', discounts='percent' or discounts='amount' (in Python, a field of "
        "CleaningRules).",
    )


def discount_finding(lazy: nw.LazyFrame[Any], way: Discounts, paid: nw.Expr) -> Finding:
    """Return a finding on the number of rows with a discount and the total of the discounts."""
    cost = nw.col("discount").abs() if way == "amount" else paid.abs() * nw.col("discount").abs() / LARGEST[way]
    some = (nw.col("discount").abs() > 0).fill_null(value=False)
    saved = _in_units(lazy.filter(some).with_columns(saved=cost), "saved", "saved_units")
    total = nw.col("saved_units").cast(nw.Int128).sum()
    rows, units = frames.collect(saved.select(nw.len().alias("rows"), total.alias("total"))).row(0)
    return Finding("cleaning-discounts", {"rows": int(rows), "money": int(units or 0) / UNITS, "kind": way})


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

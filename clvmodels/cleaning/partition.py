"""One part of the customers of a log, cleaned: each row held is left in, merged or taken out under one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.cleaning.cleaning_state import DUPLICATE, LEFT_IN, TAKES_ROWS, ZERO, CleaningState, described
from clvmodels.cleaning.ledger import KEPT, ROWS_IN, UNITS, LedgerTally
from clvmodels.cleaning.netting import (
    BEFORE,
    BEYOND,
    DROPPED,
    NETTED,
    REDUCED,
    REVERSED,
    UNMATCHED,
    settle_refunds,
)
from clvmodels.cleaning.reading import INTERNAL, NO_AMOUNT, NO_ID, NO_PRODUCT, VOID, LineItems
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["FLAGGED", "MERGED", "WINSORIZED", "CleanedPartition", "clean_part", "rules_in_force"]

MERGED = "merged into its order"
FLAGGED = "outlier flagged"
WINSORIZED = "outlier winsorized"


@dataclass(frozen=True, slots=True)
class CleanedPartition:
    """What became of a part: orders kept, and rows taken out with their reason."""

    transactions: nw.DataFrame[Any]
    set_aside: nw.DataFrame[Any]


def rules_in_force(columns: Mapping[str, str], rules: CleaningRules, has_money: bool) -> list[str]:
    """Names of the rules that can do something, in the order applied."""
    netting = rules.refunds == "net" and has_money
    in_force = {
        NO_ID: True,
        VOID: "status" in columns and bool(rules.void_statuses),
        NO_AMOUNT: has_money,
        INTERNAL: bool(rules.internal_customers) or rules.internal_pattern is not None,
        NO_PRODUCT: bool(rules.non_products) or rules.non_product_pattern is not None,
        DUPLICATE: rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns),
        DROPPED: rules.refunds == "drop" and has_money,
        NETTED: netting,
        BEYOND: netting,
        BEFORE: netting,
        UNMATCHED: netting,
        REVERSED: netting,
        REDUCED: netting,
        ZERO: rules.zero_amounts == "set_aside" and has_money,
        MERGED: "order_id" in columns,
        FLAGGED: rules.outliers != "keep" and has_money,
        WINSORIZED: rules.outliers == "winsorize" and has_money,
    }
    return [rule for rule, does in in_force.items() if does]


def clean_part(rows: nw.DataFrame[Any], log: LineItems, rules: CleaningRules, tally: LedgerTally) -> CleanedPartition:
    """Clean the rows of some customers, and add to the tally what was done."""
    rows = rows.with_row_index("row")
    rule = rows["rule"].to_numpy().astype(np.int8)
    _mark_duplicates(rows, log, rules, rule)
    units, back = _whole(rows["units"]), _whole(rows["refund_units"])
    work = CleaningState(rows.drop(*log.others), log, rules, tally, rule, units, units.copy(), back)
    tally.add(ROWS_IN, rows=len(rows), units=work.total(units) - work.total(back))
    for place in np.unique(rule[rule != LEFT_IN]).tolist():
        taken = rule == place
        work.take(TAKES_ROWS[place], taken, units)
        tally.add(TAKES_ROWS[place], units=-work.total(back[taken]))
    back[rule != LEFT_IN] = 0
    if log.has_money:
        settle_refunds(work)
        if rules.zero_amounts == "set_aside":
            work.take(ZERO, (rule == LEFT_IN) & (units == 0) & (work.left == 0), units)
    return CleanedPartition(_orders(work), _set_aside(work))


def _mark_duplicates(rows: nw.DataFrame[Any], log: LineItems, rules: CleaningRules, rule: npt.NDArray[np.int8]) -> None:
    """Mark rows equal to another in every column; those without an order id only when asked to."""
    if rules.duplicates == "keep" or (rules.duplicates == "auto" and "order_id" not in log.columns):
        return
    compared = rows.filter(nw.col("rule") == LEFT_IN)
    if rules.duplicates == "auto":
        compared = compared.filter(~nw.col("order_id").is_null())
    alike = compared.lazy().group_by(*log.columns, *log.others).agg(nw.col("row").min())
    first = frames.collect(alike.select("row"))
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[compared["row"].to_numpy()] = True
    repeated[first["row"].to_numpy()] = False
    rule[repeated] = TAKES_ROWS.index(DUPLICATE)


def _orders(work: CleaningState) -> nw.DataFrame[Any]:
    """Lines left in, merged into their orders, by customer and date."""
    has_order = "order_id" in work.log.columns
    lines = work.rows.select("customer_id", *(["order_id"] if has_order else []), "date")
    kept = work.rule == LEFT_IN
    if work.log.has_money:
        lines = lines.with_columns(nw.new_series("left", work.left, backend=lines.implementation))
    lines = work.where(kept, lines)
    orders = _merged(lines, work) if has_order else lines
    work.tally.add(KEPT, rows=len(orders), units=work.total(work.left[kept]) if work.log.has_money else 0)
    orders = _in_order(orders)
    if not work.log.has_money:
        return orders
    orders = orders.with_columns(_amounts(orders["left"]))
    return orders.rename({"left": "units"}) if work.rules.outliers == "winsorize" else orders.drop("left")


def _in_order(orders: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Orders by customer and date; only those of one moment are compared further, which is what takes time."""
    keys = ["customer_id", "date"]
    orders = orders.sort(*keys).with_row_index("place")
    same = [nw.col(key) == nw.col(key).shift(1) for key in keys]
    again = orders.select(again=nw.all_horizontal(*same, ignore_nulls=True))["again"].fill_null(False).to_numpy()
    again[:1] = False
    tied = again | np.append(again[1:], False)
    if not tied.any():
        return orders.drop("place")
    rest = [name for name in orders.columns if name not in (*keys, "place")]
    together = orders.filter(nw.new_series("tied", tied, backend=orders.implementation))
    place = np.arange(len(orders))
    place[tied] = together.sort(*keys, *rest, nulls_last=True)["place"].to_numpy()
    return orders[place].drop("place")


def _amounts(units: nw.Series[Any]) -> nw.Series[Any]:
    """Units as money: the whole part and the fraction apart, so that reading it again gives the same units."""
    size, whole = nw.col("size"), nw.col("whole")
    digits = units.abs().alias("size").to_frame().with_columns(whole=size // UNITS)
    digits = digits.select(whole.cast(nw.Int64), fraction=(size - whole * UNITS).cast(nw.Int64))
    # In numpy: an engine may divide by multiplying with the inverse, which changes the last bit.
    amounts = digits["whole"].to_numpy() + digits["fraction"].to_numpy() / UNITS
    signed = np.where((units < 0).to_numpy(), -amounts, amounts)
    return nw.new_series("amount", signed, backend=units.implementation)


def _merged(lines: nw.DataFrame[Any], work: CleaningState) -> nw.DataFrame[Any]:
    """Lines of one customer with one order id as one row, at the first of their dates; the others as they are."""
    sums = {"left": nw.col("left").cast(nw.Int128).sum()} if work.log.has_money else {}
    named = lines.filter(~nw.col("order_id").is_null())
    merged = named.lazy().group_by("customer_id", "order_id")
    orders = frames.collect(merged.agg(nw.col("date").min(), nw.len().alias("lines"), **sums))
    several = orders.filter(nw.col("lines") > 1)
    work.tally.add(MERGED, rows=len(named) - len(orders), example=described(several, ("order_id", "lines")))
    alone = lines.filter(nw.col("order_id").is_null())
    if work.log.has_money:
        alone = alone.with_columns(nw.col("left").cast(nw.Int128))
    return nw.concat([orders.select(alone.columns), alone])


def _set_aside(work: CleaningState) -> nw.DataFrame[Any]:
    """Rows taken out, with their reason, in the order of the rules and of content."""
    rule = nw.new_series("rule", work.rule, backend=work.rows.implementation)
    out = work.where(work.rule != LEFT_IN, work.rows.with_columns(rule)).sort("rule", *work.content, nulls_last=True)
    reason = nw.col("rule").replace_strict(list(range(len(TAKES_ROWS))), list(TAKES_ROWS), return_dtype=nw.String)
    return out.select(*work.log.columns, reason=reason)


def _whole(units: nw.Series[Any]) -> npt.NDArray[np.int64]:
    """Units as integers; missing ones count as 0."""
    return units.fill_null(0).to_numpy().astype(np.int64)

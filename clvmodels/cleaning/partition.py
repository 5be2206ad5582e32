"""Clean one partition of the customers of a log: each row remains, is merged, or is set aside by one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.cleaning.cleaning_state import CleaningState, first_example
from clvmodels.cleaning.ledger import UNITS, LedgerTally
from clvmodels.cleaning.ledger_rules import (
    DUPLICATE,
    FLAGGED,
    INTERNAL,
    KEPT,
    MERGED,
    NO_AMOUNT,
    NO_DATE,
    NO_ID,
    NON_PRODUCT,
    REDUCED,
    REFUND_BEFORE_PURCHASE,
    REFUND_BEYOND_PURCHASE,
    REFUND_DROPPED,
    REFUND_NETTED,
    REFUND_OF_VOID,
    REFUND_UNMATCHED,
    REMAINS,
    REPEATED_TOTAL,
    REUSED,
    REVERSED,
    ROWS_IN,
    SET_ASIDE_RULES,
    SPANNING,
    SUPERSEDED,
    TEST_ORDER,
    VOID,
    WINSORIZED,
    ZERO,
)
from clvmodels.cleaning.netting import apply_refund_rules, set_refunds_of_void_orders_aside
from clvmodels.cleaning.order_spans import split_orders
from clvmodels.cleaning.reading import LineItems
from clvmodels.cleaning.rules import CleaningRules

WEEK = 7 * 24 * 60  # minutes

__all__ = ["CleanedPartition", "active_rules", "clean_partition"]


@dataclass(frozen=True, slots=True)
class CleanedPartition:
    """The orders of one partition, and the rows set aside with their reason."""

    transactions: nw.DataFrame[Any]
    set_aside: nw.DataFrame[Any]


def active_rules(columns: Mapping[str, str], rules: CleaningRules, has_money: bool, overlap: bool = False) -> list[str]:
    """Return the codes of the rules that can apply to a log with these columns, whose files may overlap, in order."""
    netting = rules.refunds == "net" and has_money
    active = {
        NO_ID: True,
        SUPERSEDED: overlap,
        VOID: "status" in columns,
        TEST_ORDER: "test" in columns and rules.test_orders == "set_aside",
        NO_DATE: rules.on_missing_date == "set_aside",
        NO_AMOUNT: has_money,
        INTERNAL: bool(rules.internal_customers) or rules.internal_pattern is not None,
        NON_PRODUCT: bool(rules.non_products) or rules.non_product_pattern is not None,
        DUPLICATE: rules.duplicates == "drop" or (rules.duplicates == "auto" and "order_id" in columns),
        REPEATED_TOTAL: rules.repeated_totals == "once" and {"order_id", "amount"} <= columns.keys(),
        REFUND_OF_VOID: {"status", "order_id"} <= columns.keys() and has_money,
        REFUND_DROPPED: rules.refunds == "drop" and has_money,
        REFUND_NETTED: netting,
        REFUND_BEYOND_PURCHASE: netting,
        REFUND_BEFORE_PURCHASE: netting,
        REFUND_UNMATCHED: netting,
        REVERSED: netting,
        REDUCED: netting,
        ZERO: rules.zero_amounts == "set_aside" and has_money,
        MERGED: "order_id" in columns,
        REUSED: "order_id" in columns,
        SPANNING: "order_id" in columns,
        FLAGGED: rules.outliers != "keep" and has_money,
        WINSORIZED: rules.outliers == "winsorize" and has_money,
    }
    return [rule for rule, applies in active.items() if applies]


def clean_partition(
    rows: nw.DataFrame[Any], log: LineItems, rules: CleaningRules, tally: LedgerTally
) -> CleanedPartition:
    """Clean the rows of some of the customers, and add to the tally what was done."""
    rows = rows.with_row_index("row")
    rule = rows["rule"].to_numpy().astype(np.int8)
    _mark_duplicates(rows, log, rules, rule)
    if rules.repeated_totals == "once" and {"order_id", "amount"} <= log.columns.keys():
        _mark_repeated_totals(rows, rule)
    units, refunds = _integers(rows["units"]), _integers(rows["refund_units"])
    state = CleaningState(rows.drop(*log.others), log, rules, tally, rule, units, units.copy(), refunds)
    tally.add(ROWS_IN, rows=len(rows), units=state.total(units) - state.total(refunds))
    for position in np.unique(rule[rule != REMAINS]).tolist():
        mask = rule == position
        state.set_aside(SET_ASIDE_RULES[position], mask, units)
        tally.add(SET_ASIDE_RULES[position], units=-state.total(refunds[mask]))
    refunds[rule != REMAINS] = 0
    if log.has_money:
        set_refunds_of_void_orders_aside(state)
        apply_refund_rules(state)
        if rules.zero_amounts == "set_aside":
            state.set_aside(ZERO, (rule == REMAINS) & (units == 0) & (state.left == 0), units)
    return CleanedPartition(_orders(state), _rows_set_aside(state))


def _mark_duplicates(rows: nw.DataFrame[Any], log: LineItems, rules: CleaningRules, rule: npt.NDArray[np.int8]) -> None:
    """Mark rows that equal another row in every column; without an order id, only if duplicates="drop"."""
    if rules.duplicates == "keep" or (rules.duplicates == "auto" and "order_id" not in log.columns):
        return
    compared = rows.filter(nw.col("rule") == REMAINS)
    if rules.duplicates == "auto":
        compared = compared.filter(~nw.col("order_id").is_null())
    alike = compared.lazy().group_by(*log.columns, *log.others).agg(nw.col("row").min())
    first = frames.collect(alike.select("row"))
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[compared["row"].to_numpy()] = True
    repeated[first["row"].to_numpy()] = False
    rule[repeated] = SET_ASIDE_RULES.index(DUPLICATE)


def _mark_repeated_totals(rows: nw.DataFrame[Any], rule: npt.NDArray[np.int8]) -> None:
    """Mark lines of an order with the same amount as an earlier line of it."""
    compared = rows.filter(nw.new_series("live", rule == REMAINS, backend=rows.implementation))
    compared = compared.filter(~nw.col("order_id").is_null(), nw.col("units") > 0)
    alike = compared.lazy().group_by("customer_id", "order_id", "units").agg(nw.col("row").min())
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[compared["row"].to_numpy()] = True
    repeated[frames.collect(alike.select("row"))["row"].to_numpy()] = False
    rule[repeated] = SET_ASIDE_RULES.index(REPEATED_TOTAL)


def _orders(state: CleaningState) -> nw.DataFrame[Any]:
    """Return the lines that remain, merged into their orders, by customer and date."""
    has_order = "order_id" in state.log.columns
    lines = state.rows.select("customer_id", *(["order_id"] if has_order else []), "date")
    remains = state.rule == REMAINS
    if state.log.has_money:
        lines = lines.with_columns(nw.new_series("left", state.left, backend=lines.implementation))
    lines = state.where(remains, lines)
    orders = _merge(lines, state) if has_order else lines
    state.tally.add(KEPT, rows=len(orders), units=state.total(state.left[remains]) if state.log.has_money else 0)
    orders = _in_order(orders)
    if not state.log.has_money:
        return orders
    orders = orders.with_columns(_amounts(orders["left"]))
    return orders.rename({"left": "units"}) if state.rules.outliers == "winsorize" else orders.drop("left")


def _in_order(orders: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Sort orders by customer and date; only orders of the same moment are compared further, because that is slow."""
    keys = ["customer_id", "date"]
    orders = orders.sort(*keys).with_row_index("position")
    same = [nw.col(key) == nw.col(key).shift(1) for key in keys]
    again = orders.select(again=nw.all_horizontal(*same, ignore_nulls=True))["again"].fill_null(False).to_numpy()
    again[:1] = False
    tied = again | np.append(again[1:], False)
    if not tied.any():
        return orders.drop("position")
    rest = [name for name in orders.columns if name not in (*keys, "position")]
    together = orders.filter(nw.new_series("tied", tied, backend=orders.implementation))
    position = np.arange(len(orders))
    position[tied] = together.sort(*keys, *rest, nulls_last=True)["position"].to_numpy()
    return orders[position].drop("position")


def _amounts(units: nw.Series[Any]) -> nw.Series[Any]:
    """Convert units to money, whole part and fraction separately, so that the result converts back exactly."""
    size, whole = nw.col("size"), nw.col("whole")
    digits = units.abs().alias("size").to_frame().with_columns(whole=size // UNITS)
    digits = digits.select(whole.cast(nw.Int64), fraction=(size - whole * UNITS).cast(nw.Int64))
    # In numpy, because an engine may multiply by the inverse instead of dividing, which changes the last bit.
    amounts = digits["whole"].to_numpy() + digits["fraction"].to_numpy() / UNITS
    signed = np.where((units < 0).to_numpy(), -amounts, amounts)
    return nw.new_series("amount", signed, backend=units.implementation)


def _merge(lines: nw.DataFrame[Any], state: CleaningState) -> nw.DataFrame[Any]:
    """Merge the lines of a customer with one order id into one row, dated by the first of them."""
    sums = {"left": nw.col("left").cast(nw.Int128).sum()} if state.log.has_money else {}
    named = lines.filter(~nw.col("order_id").is_null())
    named, reused = split_orders(named, state.rules)
    merged = named.lazy().group_by("customer_id", "order_id", "part")
    orders = frames.collect(
        merged.agg(nw.col("date").min(), nw.col("date").max().alias("until"), nw.len().alias("lines"), **sums)
    )
    state.tally.add(REUSED, changed=len(reused), example=first_example(reused, ("order_id",)))
    spanning = orders.filter((nw.col("until") - nw.col("date")).dt.total_minutes() > WEEK)
    state.tally.add(
        SPANNING, changed=len(spanning), example=first_example(spanning.drop("until"), ("order_id", "lines"))
    )
    several = orders.filter(nw.col("lines") > 1)
    state.tally.add(MERGED, rows=len(named) - len(orders), example=first_example(several, ("order_id", "lines")))
    without_order = lines.filter(nw.col("order_id").is_null())
    if state.log.has_money:
        without_order = without_order.with_columns(nw.col("left").cast(nw.Int128))
    return nw.concat([orders.select(without_order.columns), without_order])


def _rows_set_aside(state: CleaningState) -> nw.DataFrame[Any]:
    """Return the rows set aside with their reason, in the order of the rules and then by content."""
    rule = nw.new_series("rule", state.rule, backend=state.rows.implementation)
    out = state.where(state.rule != REMAINS, state.rows.with_columns(rule)).sort(
        "rule", *state.content, nulls_last=True
    )
    reason = nw.col("rule").replace_strict(
        list(range(len(SET_ASIDE_RULES))), list(SET_ASIDE_RULES), return_dtype=nw.String
    )
    return out.select(*state.log.columns, reason=reason)


def _integers(units: nw.Series[Any]) -> npt.NDArray[np.int64]:
    """Return units as integers; missing ones count as 0."""
    return units.fill_null(0).to_numpy().astype(np.int64)

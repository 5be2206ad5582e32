"""Apply the refund rules to one partition: turn rows into lines to match, and write the result back to the rows."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.cleaning.cleaning_state import CleaningState
from clvmodels.cleaning.ledger_rules import (
    REDUCED,
    REFUND_BEFORE_PURCHASE,
    REFUND_BEYOND_PURCHASE,
    REFUND_DROPPED,
    REFUND_NETTED,
    REFUND_OF_VOID,
    REFUND_UNMATCHED,
    REMAINS,
    REVERSED,
    SET_ASIDE_RULES,
    VOID,
)
from clvmodels.cleaning.refund_matching import LineCodes, Lines, NettedLines, Units, net
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["apply_refund_rules", "set_refunds_of_void_orders_aside"]


def apply_refund_rules(state: CleaningState) -> None:
    """Net, drop or keep the refunds of one partition."""
    refund = (state.rule == REMAINS) & (state.left < 0)
    stated = state.stated_refunds > 0
    if not (refund.any() or stated.any()):
        return
    if state.rules.refunds == "drop":
        state.set_aside(REFUND_DROPPED, refund, state.units)
        state.tally.add(REFUND_DROPPED, units=-state.total(state.stated_refunds), changed=int(stated.sum()))
    elif state.rules.refunds == "keep":
        state.left[:] -= state.stated_refunds
    else:
        _net(state)


def set_refunds_of_void_orders_aside(state: CleaningState) -> None:
    """Set aside refunds of orders that have no sale left, such as orders with the status "refunded".

    Otherwise such a refund would be matched with another purchase of the customer.
    """
    void = (state.rule == SET_ASIDE_RULES.index(VOID)) & (state.units > 0)
    refund = (state.rule == REMAINS) & (state.units < 0)
    if "order_id" not in state.log.columns or not (void.any() and refund.any()):
        return
    rows = _with_named_order(state.rows, state.rules)
    keys = ["customer_id", "named"]
    sales = state.where((state.rule == REMAINS) & (state.units > 0), rows).select(keys)
    empty = state.where(void, rows).select(keys).unique().join(sales, on=keys, how="anti")
    mask = np.zeros(len(state.rule), dtype=bool)
    mask[state.where(refund, rows).join(empty, on=keys, how="semi")["row"].to_numpy()] = True
    state.set_aside(REFUND_OF_VOID, mask, state.units)


def _net(state: CleaningState) -> None:
    """Net the refunds of the customers who have any."""
    live = state.rule == REMAINS
    stated = state.stated_refunds > 0
    customers = state.where(live & ((state.units < 0) | stated)).select("customer_id").unique()
    lines = state.where(live & ((state.units != 0) | stated)).join(customers, on="customer_id", how="semi")
    lines = lines.sort(*state.content, nulls_last=True)
    position = lines["row"].to_numpy().astype(np.int64)
    refunds = state.stated_refunds[position]
    with_refund = np.flatnonzero(refunds > 0)
    netted = net(_lines(lines, state, state.units[position], refunds, with_refund))
    state.left[position] = netted.left[: len(position)]
    _set_refunds_aside(state, position, netted)
    _tally_stated(state, refunds[with_refund], netted.left[len(position) :])
    _set_purchases_aside(state)


def _set_refunds_aside(state: CleaningState, position: LineCodes, netted: NettedLines) -> None:
    """Set refunds aside, each by the rule that describes its match."""
    named, had_earlier = (np.zeros(len(state.rule), dtype=bool) for _ in range(2))
    named[position] = netted.names_purchase[: len(position)]
    had_earlier[position] = netted.had_earlier[: len(position)]
    refund = (state.rule == REMAINS) & (state.units < 0)
    matched = refund & (state.left != state.units)
    excess = (matched & (state.left != 0)).astype(bool)
    example = state.example(excess)
    state.set_aside(REFUND_NETTED, matched, state.units - state.left)
    state.tally.add(
        REFUND_BEYOND_PURCHASE, units=state.total(state.left[excess]), changed=int(excess.sum()), example=example
    )
    unmatched = refund & ~matched
    state.set_aside(REFUND_BEYOND_PURCHASE, unmatched & named, state.units)
    state.set_aside(REFUND_BEFORE_PURCHASE, unmatched & ~named & ~had_earlier, state.units)
    state.set_aside(REFUND_UNMATCHED, unmatched & ~named & had_earlier, state.units)


def _tally_stated(state: CleaningState, refunds: Units, excess: Units) -> None:
    """Count the refunds that purchases state, which are not rows; `excess` (at most 0) exceeds their orders."""
    netted = state.total(refunds) + state.total(excess)
    state.tally.add(REFUND_NETTED, units=-netted, changed=int(np.count_nonzero(refunds + excess)))
    state.tally.add(REFUND_BEYOND_PURCHASE, units=state.total(excess), changed=int(np.count_nonzero(excess)))


def _set_purchases_aside(state: CleaningState) -> None:
    """Set fully refunded purchases aside, and count partly refunded ones."""
    bought = (state.rule == REMAINS) & (state.units > 0)
    state.set_aside(REVERSED, bought & (state.left == 0), state.units)
    reduced = (bought & (state.left != 0) & (state.left != state.units)).astype(bool)
    if reduced.any():
        refunded = state.total((state.units - state.left)[reduced])
        state.tally.add(REDUCED, units=refunded, changed=int(reduced.sum()), example=state.example(reduced))
    _set_free_lines_of_reversed_orders_aside(state)


def _set_free_lines_of_reversed_orders_aside(state: CleaningState) -> None:
    """Set aside the lines without a price of orders that were refunded entirely."""
    free = (state.rule == REMAINS) & (state.units == 0)
    reversed_ = state.rule == SET_ASIDE_RULES.index(REVERSED)
    if "order_id" not in state.log.columns or not (free.any() and reversed_.any()):
        return
    keys = ["customer_id", "order_id"]
    paid = state.where((state.rule == REMAINS) & (state.units != 0)).select(keys)
    empty = state.where(reversed_).select(keys).unique().join(paid, on=keys, how="anti")
    mask = np.zeros(len(state.rule), dtype=bool)
    mask[state.where(free).join(empty, on=keys, how="semi")["row"].to_numpy()] = True
    state.set_aside(REVERSED, mask, state.units)


def _lines(
    lines: nw.DataFrame[Any],
    state: CleaningState,
    money: Units,
    stated_refunds: Units,
    with_refund: npt.NDArray[np.intp],
) -> Lines:
    """Return lines as arrays; each refund that a purchase states is appended as a line that names its order."""
    columns = state.log.columns
    customer, order = _ranks(lines, "customer_id"), np.arange(len(lines), dtype=np.int64)
    if "order_id" in columns:
        named = _ranks(_with_named_order(lines, state.rules), "named")
        order = _pairs(customer, np.where(named < 0, named.max(initial=0) + 1 + order, named))
    order_product = product_price = None
    if "product" in columns:
        product = _ranks(lines, "product")
        price = _ranks(lines, "price") if "price" in columns else np.zeros(len(lines), dtype=np.int64)
        of_order, of_customer = _pairs(order, product), _pairs(_pairs(customer, product), price)
        unknown = np.full(len(with_refund), -1, dtype=np.int64)
        order_product = np.concatenate([np.where(product < 0, -1, of_order), unknown])
        product_price = np.concatenate([np.where((product < 0) | (price < 0), -1, of_customer), unknown])
    moment = lines["date"].cast(nw.Datetime("us")).dt.timestamp("us").to_numpy().astype(np.int64)
    return Lines(
        money=np.concatenate([money, -stated_refunds[with_refund]]),
        moment=np.concatenate([moment, moment[with_refund]]),
        customer=np.concatenate([customer, customer[with_refund]]),
        order=np.concatenate([order, order[with_refund]]),
        order_product=order_product,
        product_price=product_price,
    )


def _with_named_order(lines: nw.DataFrame[Any], rules: CleaningRules) -> nw.DataFrame[Any]:
    """Add `named`, the order a line belongs to or a refund names: its id without the prefix of refunds."""
    order, prefix = nw.col("order_id"), rules.refund_prefix
    if prefix is None:
        return lines.with_columns(named=order)
    order = order.cast(nw.String)
    prefixed = order.str.starts_with(prefix).fill_null(False)
    return lines.with_columns(named=nw.when(prefixed).then(order.str.slice(len(prefix))).otherwise(order))


def _ranks(rows: nw.DataFrame[Any], name: str) -> LineCodes:
    """Return codes of the values of a column, in their order; -1 where the value is missing."""
    if rows[name].dtype == nw.String:
        codes = np.full(len(rows), -1, dtype=np.int64)
        codes[(~rows[name].is_null()).to_numpy()] = frames.code_ids(rows[name].drop_nulls()).codes
        return codes
    ranks = rows[name].rank("dense").cast(nw.Int64).fill_null(0).to_numpy()
    return ranks.astype(np.int64) - 1


def _pairs(a: LineCodes, b: LineCodes) -> LineCodes:
    """Return dense codes of pairs of codes."""
    both = (a + 1) * (int(b.max(initial=-1)) + 2) + b + 1
    codes: LineCodes = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return codes

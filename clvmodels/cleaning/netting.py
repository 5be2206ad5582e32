"""Rows of a log -> lines whose refunds can be netted, and back."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.cleaning.cleaning_state import LEFT_IN, REFUNDS, TAKES_ROWS, CleaningState
from clvmodels.cleaning.refund_matching import LineCodes, Lines, Netted, Units, net
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["BEFORE", "BEYOND", "DROPPED", "NETTED", "REDUCED", "REVERSED", "UNMATCHED", "settle_refunds"]

DROPPED, NETTED, BEYOND, BEFORE, UNMATCHED, REVERSED = REFUNDS
REDUCED = "purchase reduced"  # which stays in


def settle_refunds(work: CleaningState) -> None:
    """Net, drop or keep the refunds of a part."""
    refund = (work.rule == LEFT_IN) & (work.left < 0)
    stated = work.back > 0
    if not (refund.any() or stated.any()):
        return
    if work.rules.refunds == "drop":
        work.take(DROPPED, refund, work.units)
        work.tally.add(DROPPED, units=-work.total(work.back), changed=int(stated.sum()))
    elif work.rules.refunds == "keep":
        work.left[:] -= work.back
    else:
        _net(work)


def _net(work: CleaningState) -> None:
    """Net the refunds of those customers who have any."""
    live = work.rule == LEFT_IN
    concerned = work.where(live & ((work.units < 0) | (work.back > 0))).select("customer_id").unique()
    lines = work.where(live & ((work.units != 0) | (work.back > 0))).join(concerned, on="customer_id", how="semi")
    lines = lines.sort(*work.content, nulls_last=True)
    place = lines["row"].to_numpy().astype(np.int64)
    stated = np.flatnonzero(work.back[place] > 0)
    netted = net(_coded(lines, work, work.units[place], work.back[place], stated))
    work.left[place] = netted.left[: len(place)]
    _take_refunds(work, place, netted)
    _tally_stated(work, work.back[place[stated]], netted.left[len(place) :])
    _take_purchases(work)


def _take_refunds(work: CleaningState, place: LineCodes, netted: Netted) -> None:
    """Take refunds out, each under what became of it."""
    named, had_earlier = (np.zeros(len(work.rule), dtype=bool) for _ in range(2))
    named[place], had_earlier[place] = netted.names_purchase[: len(place)], netted.had_earlier[: len(place)]
    refund = (work.rule == LEFT_IN) & (work.units < 0)
    matched = refund & (work.left != work.units)
    over = (matched & (work.left != 0)).astype(bool)
    example = work.example(over)
    work.take(NETTED, matched, work.units - work.left)
    work.tally.add(BEYOND, units=work.total(work.left[over]), changed=int(over.sum()), example=example)
    alone = refund & ~matched
    work.take(BEYOND, alone & named, work.units)
    work.take(BEFORE, alone & ~named & ~had_earlier, work.units)
    work.take(UNMATCHED, alone & ~named & had_earlier, work.units)


def _tally_stated(work: CleaningState, back: Units, missed: Units) -> None:
    """Count refunds stated beside a purchase, which are no rows: `missed` (at most 0) is what exceeded their orders."""
    given = work.total(back) + work.total(missed)
    work.tally.add(NETTED, units=-given, changed=int(np.count_nonzero(back + missed)))
    work.tally.add(BEYOND, units=work.total(missed), changed=int(np.count_nonzero(missed)))


def _take_purchases(work: CleaningState) -> None:
    """Take purchases out of which nothing is left, and count those of which something was taken."""
    bought = (work.rule == LEFT_IN) & (work.units > 0)
    work.take(REVERSED, bought & (work.left == 0), work.units)
    reduced = (bought & (work.left != 0) & (work.left != work.units)).astype(bool)
    if reduced.any():
        taken = work.total((work.units - work.left)[reduced])
        work.tally.add(REDUCED, units=taken, changed=int(reduced.sum()), example=work.example(reduced))
    _take_gifts_of_reversed(work)


def _take_gifts_of_reversed(work: CleaningState) -> None:
    """Take lines without a price out where everything paid in their order was given back."""
    gifts = (work.rule == LEFT_IN) & (work.units == 0)
    gone = work.rule == TAKES_ROWS.index(REVERSED)
    if "order_id" not in work.log.columns or not (gifts.any() and gone.any()):
        return
    keys = ["customer_id", "order_id"]
    paid = work.where((work.rule == LEFT_IN) & (work.units != 0)).select(keys)
    empty = work.where(gone).select(keys).unique().join(paid, on=keys, how="anti")
    found = np.zeros(len(work.rule), dtype=bool)
    found[work.where(gifts).join(empty, on=keys, how="semi")["row"].to_numpy()] = True
    work.take(REVERSED, found, work.units)


def _coded(
    lines: nw.DataFrame[Any], work: CleaningState, money: Units, back: Units, stated: npt.NDArray[np.intp]
) -> Lines:
    """Lines as arrays; refunds stated beside a purchase follow as lines of their own, which name its order."""
    columns = work.log.columns
    customer, order = _ranks(lines, "customer_id"), np.arange(len(lines), dtype=np.int64)
    if "order_id" in columns:
        named = _ranks(_with_order_named(lines, work.rules), "named")
        order = _pairs(customer, np.where(named < 0, named.max(initial=0) + 1 + order, named))
    order_product = product_price = None
    if "product" in columns:
        product = _ranks(lines, "product")
        price = _ranks(lines, "price") if "price" in columns else np.zeros(len(lines), dtype=np.int64)
        of_order, of_customer = _pairs(order, product), _pairs(_pairs(customer, product), price)
        unknown = np.full(len(stated), -1, dtype=np.int64)
        order_product = np.concatenate([np.where(product < 0, -1, of_order), unknown])
        product_price = np.concatenate([np.where((product < 0) | (price < 0), -1, of_customer), unknown])
    moment = lines["date"].cast(nw.Datetime("us")).dt.timestamp("us").to_numpy().astype(np.int64)
    return Lines(
        money=np.concatenate([money, -back[stated]]),
        moment=np.concatenate([moment, moment[stated]]),
        customer=np.concatenate([customer, customer[stated]]),
        order=np.concatenate([order, order[stated]]),
        order_product=order_product,
        product_price=product_price,
    )


def _with_order_named(lines: nw.DataFrame[Any], rules: CleaningRules) -> nw.DataFrame[Any]:
    """The order a line belongs to or, of a refund, names: its id without the prefix of refunds."""
    order, prefix = nw.col("order_id"), rules.refund_prefix
    if prefix is None:
        return lines.with_columns(named=order)
    order = order.cast(nw.String)
    prefixed = order.str.starts_with(prefix).fill_null(False)
    return lines.with_columns(named=nw.when(prefixed).then(order.str.slice(len(prefix))).otherwise(order))


def _ranks(rows: nw.DataFrame[Any], name: str) -> LineCodes:
    """Codes of the values of a column, in their order; -1 where there is none."""
    ranks = rows[name].rank("dense").cast(nw.Int64).fill_null(0).to_numpy()
    return ranks.astype(np.int64) - 1


def _pairs(a: LineCodes, b: LineCodes) -> LineCodes:
    """Dense codes of pairs of codes."""
    both = (a + 1) * (int(b.max(initial=-1)) + 2) + b + 1
    codes: LineCodes = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return codes

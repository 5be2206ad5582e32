"""Net refunds against the purchases they reverse: whole numbers in, what remains of every line out.

Money is in whole units (see `ledger`); purchases are positive and refunds negative. Lines come in the order of their
content, so the order of the rows of a log has no effect. Refunds are matched in four steps, the most certain first:

1. with lines of the same product in the order that the refund names, whatever the dates;
2. with the customer's latest earlier line of the same product at the same price that has at least this much left;
3. with any lines of the order that the refund names;
4. with the customer's latest earlier order that has at least this much left.

Each step takes what the steps before it left over. In steps 2 and 4 a refund is matched with one purchase entirely or
not at all; "earlier" includes the same moment, because many logs record only the day. A refund that names an order
stops at step 3: the part that exceeds the order reverses nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LineCodes", "Lines", "NettedLines", "RowMask", "Units", "net"]

LineCodes = npt.NDArray[np.int64]
Units = npt.NDArray[Any]  # int64, or Python integers if sums could overflow
RowMask = npt.NDArray[np.bool_]

NEARBY_PURCHASES = 8  # this many purchases are compared one by one before numpy searches a block


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of the customers who have a refund, in the order of their content; arrays of shape (n,).

    Attributes
    ----------
    money : int array
        Signed, in units.
    moment : int array
        Time of the line, in any unit.
    customer, order : int array
        Codes; `order` is the order that a line belongs to or that a refund names.
    order_product, product_price : int array, or None
        Codes of the product within the order, and of the product at its price within the customer's lines; -1 if the
        product is unknown. None if the log has no products.
    """

    money: Units
    moment: LineCodes
    customer: LineCodes
    order: LineCodes
    order_product: LineCodes | None
    product_price: LineCodes | None


@dataclass(frozen=True, slots=True)
class NettedLines:
    """The result of netting; arrays of shape (n,).

    Attributes
    ----------
    left : int array
        What remains of a purchase (at least 0), and the part of a refund that matched no purchase (at most 0).
    names_purchase : bool array
        Refunds that name an order with purchases.
    had_earlier : bool array
        Refunds of customers who had bought something by the time of the refund.
    """

    left: Units
    names_purchase: RowMask
    had_earlier: RowMask


def net(lines: Lines) -> NettedLines:
    """Net refunds against purchases, in the four steps of this module."""
    money = lines.money
    if len(money) and float(np.abs(money.astype(np.float64)).sum()) >= 2.0**62:
        money = money.astype(object)
    left = money.copy()
    if lines.order_product is not None and lines.product_price is not None:
        _net_within(left, lines.order_product)
        _net_latest_line(left, lines.product_price, lines.moment)
    named = _names_purchase(money, lines.order)
    _net_within(left, lines.order)
    _net_latest_order(left, lines, ~named)
    return NettedLines(left, named, _had_earlier(money, lines))


def _net_within(left: Units, code: LineCodes) -> None:
    """Net all refunds of each code against all purchases of that code, both in the order of their lines."""
    rows = np.argsort(code, kind="stable")
    rows = rows[code[rows] >= 0]
    if not len(rows):
        return
    group, starts = _groups(code[rows])
    bought, refunded = np.maximum(left[rows], 0), np.maximum(-left[rows], 0)
    both = np.minimum(np.add.reduceat(bought, starts), np.add.reduceat(refunded, starts))
    left[rows] += _allocate(refunded, both, group, starts) - _allocate(bought, both, group, starts)


def _allocate(amounts: Units, totals: Units, group: LineCodes, starts: LineCodes) -> Units:
    """Split the total of each group over its lines in order; no line receives more than its amount."""
    before = np.cumsum(amounts) - amounts
    before = before - before[starts][group]
    shares: Units = np.minimum(np.maximum(totals[group] - before, 0), amounts)
    return shares


def _net_latest_line(left: Units, code: LineCodes, moment: LineCodes) -> None:
    """Net each refund against the latest earlier line of its code with at least this much left."""
    has_code = code >= 0
    bought, refunds = np.flatnonzero(has_code & (left > 0)), np.flatnonzero(has_code & (left < 0))
    reversed_, matched = _match_latest(
        code[bought], moment[bought], left[bought], code[refunds], moment[refunds], -left[refunds]
    )
    left[bought] -= reversed_
    left[refunds] += matched


def _net_latest_order(left: Units, lines: Lines, free: RowMask) -> None:
    """Net each free refund against the customer's latest earlier order with at least this much left."""
    rows = np.flatnonzero(left > 0)
    refunds = np.flatnonzero(free & (left < 0))
    if not (len(rows) and len(refunds)):
        return
    rows = rows[np.argsort(lines.order[rows], kind="stable")]
    group, starts = _groups(lines.order[rows])
    totals = np.add.reduceat(left[rows], starts)
    began = np.minimum.reduceat(lines.moment[rows], starts)
    first_line = np.minimum.reduceat(rows, starts)  # settles ties by content
    orders = np.argsort(first_line, kind="stable")
    customer = lines.customer[rows[starts]]
    reversed_ = np.zeros_like(totals)
    reversed_[orders], matched = _match_latest(
        customer[orders],
        began[orders],
        totals[orders],
        lines.customer[refunds],
        lines.moment[refunds],
        -left[refunds],
    )
    left[rows] -= _allocate(left[rows], reversed_, group, starts)
    left[refunds] += matched


def _match_latest(
    key: LineCodes,
    moment: LineCodes,
    amounts: Units,
    refund_key: LineCodes,
    refund_moment: LineCodes,
    refund_amounts: Units,
) -> tuple[Units, Units]:
    """Match each refund, in order of time, with the latest purchase of its key up to its moment with enough left.

    Parameters
    ----------
    key, moment, amounts : int arrays, shape (purchases,)
    refund_key, refund_moment, refund_amounts : int arrays, shape (refunds,)

    Returns
    -------
    reversed_ : shape (purchases,)
        The part of each purchase that refunds reverse.
    matched : shape (refunds,)
        The amount of the refund if it is matched, otherwise 0.
    """
    reversed_, matched = np.zeros_like(amounts), np.zeros_like(refund_amounts)
    if not (len(key) and len(refund_key)):
        return reversed_, matched
    times = np.unique(np.concatenate([moment, refund_moment]))
    rank = key * len(times) + np.searchsorted(times, moment)
    refund_rank = refund_key * len(times) + np.searchsorted(times, refund_moment)
    order, turns = np.argsort(rank, kind="stable"), np.argsort(refund_rank, kind="stable")
    rank, left = rank[order], amounts[order].copy()
    last = np.searchsorted(rank, refund_rank[turns], side="right") - 1
    first = np.searchsorted(rank, refund_key[turns] * len(times), side="left")
    for refund, low, high in zip(turns.tolist(), first.tolist(), last.tolist(), strict=True):
        position = _last_with(left, refund_amounts[refund], low, high)
        if position >= 0:
            left[position] -= refund_amounts[refund]
            matched[refund] = refund_amounts[refund]
    reversed_[order] = amounts[order] - left
    return reversed_, matched


def _last_with(left: Units, amount: Any, low: int, high: int) -> int:
    """Return the last position from low to high with at least this amount left; -1 if there is none."""
    near = max(low, high - NEARBY_PURCHASES + 1)
    for position in range(high, near - 1, -1):
        if left[position] >= amount:
            return position
    stop, width = near, 16 * NEARBY_PURCHASES
    while stop > low:
        begin = max(low, stop - width)
        enough = np.flatnonzero(left[begin:stop] >= amount)
        if len(enough):
            return begin + int(enough[-1])
        stop, width = begin, 4 * width
    return -1


def _names_purchase(money: Units, order: LineCodes) -> RowMask:
    """Return which refunds name an order that has a purchase."""
    has_purchase = np.zeros(int(order.max(initial=-1)) + 1, dtype=bool)
    has_purchase[order[(money > 0).astype(bool)]] = True
    named: RowMask = (money < 0).astype(bool) & has_purchase[order]
    return named


def _had_earlier(money: Units, lines: Lines) -> RowMask:
    """Return which refunds are of customers who had bought something by that moment."""
    bought = (money > 0).astype(bool)
    first = np.full(int(lines.customer.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, lines.customer[bought], lines.moment[bought])
    return (money < 0).astype(bool) & (first[lines.customer] <= lines.moment)


def _groups(code: LineCodes) -> tuple[LineCodes, LineCodes]:
    """Return the group number of each row and the first row of each group; the codes are sorted."""
    new = np.concatenate([[True], code[1:] != code[:-1]])
    return np.cumsum(new) - 1, np.flatnonzero(new)

"""Refunds netted against the purchases they reverse: whole numbers in, what is left of every line out.

Money is in whole units (see `ledger`), purchases above 0 and refunds below. Lines come in the order of their content,
so that the order of the rows of a log decides nothing. Refunds are matched in four steps, the surest first:

1. with the lines of the same product in the order they name, whenever that was;
2. with the customer's latest earlier line of the same product at the same price that has at least that much left;
3. with any lines of the order they name;
4. with the customer's latest earlier order that has at least that much left.

A step takes what the steps before it left over. In 2 and 4 a refund goes whole to one purchase or not at all; "earlier"
includes the same moment, since many logs know the day only. A refund that names an order stops at step 3: what exceeds
that order reverses nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Lines", "Netted", "net"]

LineCodes = npt.NDArray[np.int64]
Units = npt.NDArray[Any]  # int64, or Python integers where sums could overflow
RowMask = npt.NDArray[np.bool_]

NEAR = 8  # purchases looked at one by one before a whole stretch is searched


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of customers who had a refund, in the order of their content; arrays of shape (n,).

    Attributes
    ----------
    money : int array
        Signed, in units.
    moment : int array
        When, in any unit.
    customer, order : int array
        Codes; `order` is the order a line belongs to or, of a refund, names.
    order_product, product_price : int array, or None
        Codes of the product within the order, and of the product at its price within the customer's lines; -1 where
        the product is unknown. None if the log has no products.
    """

    money: Units
    moment: LineCodes
    customer: LineCodes
    order: LineCodes
    order_product: LineCodes | None
    product_price: LineCodes | None


@dataclass(frozen=True, slots=True)
class Netted:
    """What became of the lines; arrays of shape (n,).

    Attributes
    ----------
    left : int array
        What no refund took from a purchase (at least 0), and what of a refund found no purchase (at most 0).
    names_purchase : bool array
        Refunds whose own order holds purchases.
    had_earlier : bool array
        Refunds of customers who had bought something by then.
    """

    left: Units
    names_purchase: RowMask
    had_earlier: RowMask


def net(lines: Lines) -> Netted:
    """Net refunds against purchases, in the four steps above."""
    money = lines.money
    if len(money) and float(np.abs(money.astype(np.float64)).sum()) >= 2.0**62:
        money = money.astype(object)
    left = money.copy()
    if lines.order_product is not None and lines.product_price is not None:
        _pool(left, lines.order_product)
        _take_latest(left, lines.product_price, lines.moment)
    named = _names_purchase(money, lines.order)
    _pool(left, lines.order)
    _take_from_orders(left, lines, ~named)
    return Netted(left, named, _had_earlier(money, lines))


def _pool(left: Units, code: LineCodes) -> None:
    """Net all refunds of a code against all purchases of it, each from its first line on."""
    rows = np.argsort(code, kind="stable")
    rows = rows[code[rows] >= 0]
    if not len(rows):
        return
    group, starts = _groups(code[rows])
    bought, refunded = np.maximum(left[rows], 0), np.maximum(-left[rows], 0)
    both = np.minimum(np.add.reduceat(bought, starts), np.add.reduceat(refunded, starts))
    left[rows] += _first_of(refunded, both, group, starts) - _first_of(bought, both, group, starts)


def _first_of(amounts: Units, wanted: Units, group: LineCodes, starts: LineCodes) -> Units:
    """What each line gives when each group gives what is wanted of it, its first lines first."""
    before = np.cumsum(amounts) - amounts
    before = before - before[starts][group]
    given: Units = np.minimum(np.maximum(wanted[group] - before, 0), amounts)
    return given


def _take_latest(left: Units, code: LineCodes, moment: LineCodes) -> None:
    """Net each refund against the latest earlier line of its code with at least that much left."""
    known = code >= 0
    bought, refunds = np.flatnonzero(known & (left > 0)), np.flatnonzero(known & (left < 0))
    taken, given = _latest(code[bought], moment[bought], left[bought], code[refunds], moment[refunds], -left[refunds])
    left[bought] -= taken
    left[refunds] += given


def _take_from_orders(left: Units, lines: Lines, free: RowMask) -> None:
    """Net each free refund against its customer's latest earlier order with at least that much left."""
    rows = np.flatnonzero(left > 0)
    refunds = np.flatnonzero(free & (left < 0))
    if not (len(rows) and len(refunds)):
        return
    rows = rows[np.argsort(lines.order[rows], kind="stable")]
    group, starts = _groups(lines.order[rows])
    totals = np.add.reduceat(left[rows], starts)
    began = np.minimum.reduceat(lines.moment[rows], starts)
    place = np.minimum.reduceat(rows, starts)  # of the order's first line, which settles ties by content
    orders = np.argsort(place, kind="stable")
    customer = lines.customer[rows[starts]]
    taken = np.zeros_like(totals)
    taken[orders], given = _latest(
        customer[orders],
        began[orders],
        totals[orders],
        lines.customer[refunds],
        lines.moment[refunds],
        -left[refunds],
    )
    left[rows] -= _first_of(left[rows], taken, group, starts)
    left[refunds] += given


def _latest(
    key: LineCodes, moment: LineCodes, amounts: Units, of: LineCodes, at: LineCodes, wanted: Units
) -> tuple[Units, Units]:
    """Give each refund, in order of time, the latest purchase of its key, up to its moment, with as much left.

    Parameters
    ----------
    key, moment, amounts : int arrays, shape (purchases,)
    of, at, wanted : int arrays, shape (refunds,)
        Key, moment and amount of the refunds.

    Returns
    -------
    taken : shape (purchases,)
    given : shape (refunds,)
        All of `wanted`, or 0.
    """
    taken, given = np.zeros_like(amounts), np.zeros_like(wanted)
    if not (len(key) and len(of)):
        return taken, given
    times = np.unique(np.concatenate([moment, at]))
    when, then = np.searchsorted(times, moment), np.searchsorted(times, at)
    place, whose = key * len(times) + when, of * len(times) + then
    order = np.argsort(place, kind="stable")
    turns = np.argsort(whose, kind="stable")
    place, left = place[order], amounts[order].copy()
    last = np.searchsorted(place, whose[turns], side="right") - 1
    first = np.searchsorted(place, of[turns] * len(times), side="left")
    for turn, low, high in zip(turns.tolist(), first.tolist(), last.tolist(), strict=True):
        found = _last_with(left, wanted[turn], low, high)
        if found >= 0:
            left[found] -= wanted[turn]
            given[turn] = wanted[turn]
    taken[order] = amounts[order] - left
    return taken, given


def _last_with(left: Units, wanted: Any, low: int, high: int) -> int:
    """Last place from low to high with at least as much left; -1 if there is none."""
    near = max(low, high - NEAR + 1)
    for place in range(high, near - 1, -1):
        if left[place] >= wanted:
            return place
    stop, width = near, 16 * NEAR
    while stop > low:
        begin = max(low, stop - width)
        enough = np.flatnonzero(left[begin:stop] >= wanted)
        if len(enough):
            return begin + int(enough[-1])
        stop, width = begin, 4 * width
    return -1


def _names_purchase(money: Units, order: LineCodes) -> RowMask:
    """Refunds whose order holds a purchase."""
    holds = np.zeros(int(order.max(initial=-1)) + 1, dtype=bool)
    holds[order[(money > 0).astype(bool)]] = True
    named: RowMask = (money < 0).astype(bool) & holds[order]
    return named


def _had_earlier(money: Units, lines: Lines) -> RowMask:
    """Refunds of customers who had bought something by that moment."""
    bought = (money > 0).astype(bool)
    first = np.full(int(lines.customer.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, lines.customer[bought], lines.moment[bought])
    return (money < 0).astype(bool) & (first[lines.customer] <= lines.moment)


def _groups(code: LineCodes) -> tuple[LineCodes, LineCodes]:
    """Number of the group of each row, and the row at which each group starts; the codes are sorted."""
    new = np.concatenate([[True], code[1:] != code[:-1]])
    return np.cumsum(new) - 1, np.flatnonzero(new)

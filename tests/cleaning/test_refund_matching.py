"""Netting of refunds compared with a slow, simple reference, and properties of any netting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clvmodels.cleaning.refund_matching import Lines, net


def reference(lines):
    """The four steps of the module, one refund at a time."""
    left, n = [int(money) for money in lines.money], range(len(lines.money))
    moment, in_time = lines.moment, sorted(range(len(lines.money)), key=lambda i: lines.moment[i])

    def pool(code):
        for refund in n:
            for bought in n:
                if code[refund] == code[bought] >= 0 and left[refund] < 0 < left[bought]:
                    both = min(-left[refund], left[bought])
                    left[refund], left[bought] = left[refund] + both, left[bought] - both

    def take_latest(refund, purchases):
        """Match a refund with the latest of (moment, place, lines) with enough left, from its first line on."""
        wanted = -left[refund]
        fits = [
            (when, place, members)
            for when, place, members in purchases
            if when <= moment[refund] and sum(left[i] for i in members) >= wanted
        ]
        for i in max(fits)[2] if fits else []:
            both = min(wanted, left[i])
            left[i], left[refund], wanted = left[i] - both, left[refund] + both, wanted - both

    pool(lines.order_product)
    code = lines.product_price
    for refund in (i for i in in_time if left[i] < 0 and code[i] >= 0):
        take_latest(refund, [(moment[i], i, [i]) for i in n if left[i] > 0 and code[i] == code[refund]])
    pool(lines.order)
    orders = {}
    for i in (i for i in n if left[i] > 0):
        orders.setdefault(lines.order[i], []).append(i)
    purchases = [(min(moment[i] for i in members), members[0], members) for members in orders.values()]
    for refund in (i for i in in_time if left[i] < 0):
        if not any(lines.order[i] == lines.order[refund] and lines.money[i] > 0 for i in n):
            mine = [p for p in purchases if lines.customer[p[1]] == lines.customer[refund]]
            take_latest(refund, mine)
    return left


@st.composite
def wild_lines(draw):
    """Few customers, orders, products and prices, so that refunds have several candidate purchases."""
    size = draw(st.integers(1, 14))

    def integers(low, high):
        return np.array(draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), dtype=np.int64)

    customer, product = integers(0, 1), integers(-1, 1)
    order = customer * 10 + integers(0, 3)
    return Lines(
        money=integers(-6, 9) * draw(st.sampled_from([1, 10**18])),
        moment=integers(0, 5),
        customer=customer,
        order=order,
        order_product=np.where(product < 0, -1, order * 10 + product),
        product_price=np.where(product < 0, -1, customer * 10 + product),
    )


@pytest.mark.slow
@settings(max_examples=400)
@given(wild_lines())
def test_netting_equals_the_reference(lines):
    assert net(lines).left.tolist() == reference(lines)


@pytest.mark.slow
@settings(max_examples=100)
@given(wild_lines())
def test_netting_preserves_the_money_of_each_customer(lines):
    result = net(lines)
    for customer in (0, 1):
        mine = lines.customer == customer
        assert sum(result.left[mine].tolist()) == sum(lines.money[mine].tolist())
    for before, after in zip(lines.money.tolist(), result.left.tolist(), strict=True):
        assert min(before, 0) <= after <= max(before, 0)


def lines_of(*rows):
    """Lines of one customer without products: (money, moment, order)."""
    money, moment, order = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Lines(money, moment, np.zeros_like(money), order, None, None)


def test_a_refund_reverses_the_latest_earlier_purchase_that_is_large_enough():
    result = net(lines_of((50, 1, 0), (20, 2, 1), (60, 9, 2), (-30, 3, 3)))
    assert result.left.tolist() == [20, 20, 60, 0]


def test_a_refund_that_names_its_order_reverses_only_that_order():
    result = net(lines_of((50, 1, 0), (20, 2, 1), (-30, 3, 1)))
    assert result.left.tolist() == [50, 0, -10]
    assert result.names_purchase.tolist() == [False, False, True]


def test_a_refund_before_any_purchase_is_unmatched():
    result = net(lines_of((-30, 1, 0), (50, 2, 1)))
    assert result.left.tolist() == [-30, 50]
    assert result.had_earlier.tolist() == [False, False]


def test_many_purchases_that_are_too_small_are_skipped():
    purchases = [(7 if moment else 100, moment, moment) for moment in range(3_000)]
    result = net(lines_of(*purchases, (-8, 5_000, 9_999), (-101, 5_001, 9_998)))
    assert result.left[0] == 92
    assert result.left[-2:].tolist() == [0, -101]


def test_nothing_to_net():
    nothing = np.array([], dtype=np.int64)
    assert net(Lines(nothing, nothing, nothing, nothing, nothing, nothing)).left.tolist() == []

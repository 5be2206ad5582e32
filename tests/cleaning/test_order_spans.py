"""Order ids that name several purchases, and totals that are repeated on every line of an order."""

from __future__ import annotations

import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidTransactions


def lines(*rows):
    return pl.DataFrame(rows, schema=["customer_id", "order", "date", "amount", "item"], orient="row")


def clean(log, **rules):
    return clv.clean(log, amount="amount", order_id="order", rules=clv.CleaningRules(**rules))


@pytest.mark.slow
def test_an_id_that_is_used_again_months_later_is_another_purchase():
    log = lines(
        ("ann", "1", "2024-01-05", 10.0, "a"),
        ("ann", "1", "2024-01-07", 20.0, "b"),
        ("ann", "1", "2024-06-01", 40.0, "c"),
        ("bob", "2", "2024-01-05", 80.0, "d"),
    )
    result = clean(log)
    assert result.transactions["amount"].to_list() == [30, 40, 80]
    assert result.entries["order_id_reused"].changed == 1
    assert clean(result.transactions.rename({"order_id": "order"})).transactions["amount"].to_list() == [30, 40, 80]
    assert clean(log, orders="split").transactions["amount"].to_list() == [10, 20, 40, 80]


@pytest.mark.slow
def test_orders_that_span_weeks_are_reported():
    log = lines(("ann", "1", "2024-01-05", 10.0, "a"), ("ann", "1", "2024-01-20", 20.0, "b"))
    assert clean(log).entries["order_spans_weeks"].changed == 1
    assert clean(log).transactions["amount"].to_list() == [30]
    assert clean(log, orders="split").entries["order_spans_weeks"].changed == 0


@pytest.mark.slow
def test_an_order_of_several_customers_is_reported():
    log = lines(("ann", "1", "2024-01-05", 10.0, "a"), ("bob", "1", "2024-01-05", 20.0, "b"))
    assert "1 order id belongs to several customers" in repr(clean(log))


@pytest.mark.slow
def test_totals_repeated_on_every_line_stop_the_cleaning():
    rows = [(f"c{i}", str(i), "2024-01-05", 10.0 + i, item) for i in range(6) for item in "xy"]
    with pytest.raises(InvalidTransactions, match=r"6 of 6 orders with several lines have the same 'amount' on each"):
        clean(lines(*rows))
    once = clean(lines(*rows), repeated_totals="once")
    assert once.transactions["amount"].to_list() == [10, 11, 12, 13, 14, 15]
    assert once.entries["repeated_total"].rows == 6
    assert clean(lines(*rows), repeated_totals="sum").transactions["amount"].to_list() == [20, 22, 24, 26, 28, 30]
    flat = [(customer, order, date, 9.0, item) for customer, order, date, _, item in rows]  # everything costs the same
    assert set(clean(lines(*flat)).transactions["amount"]) == {18}
    copies = [(customer, order, date, amount, "x") for customer, order, date, amount, _ in rows]  # exact duplicates
    assert clean(lines(*copies)).transactions["amount"].to_list() == [10, 11, 12, 13, 14, 15]

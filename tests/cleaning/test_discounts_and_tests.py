"""Line discounts, test orders and missing dates: what they do to money and rows, and when they are refused."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidTransactions

PRICES = {"quantity": "pieces", "price": "price"}


def lines(**columns):
    base = {"customer_id": ["a", "b", "c"], "date": ["2024-01-05", "2024-02-06", "2024-03-07"]}
    return base | {"pieces": [2, 1, 3], "price": [10.0, 50.0, 4.0]} | columns


def amounts(log, **options):
    return clv.clean(log, **options).transactions["amount"].to_list()


@pytest.mark.parametrize("way", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([0.1, None, 0.5], "share", [18.0, 50.0, 6.0]),
        ([10, 0, 50], "percent", [18.0, 50.0, 6.0]),
        ([2.0, 0.0, -6.0], "amount", [18.0, 50.0, 6.0]),
    ],
)
def test_discounts_are_subtracted_from_what_a_row_costs(way, values, kind, expected):
    rules = clv.CleaningRules(discounts=kind)
    cleaned = clv.clean(way(lines(off=values)), **PRICES, discount="off", rules=rules)
    assert cleaned.transactions["amount"].to_list() == pytest.approx(expected)
    text = next(finding.text for finding in cleaned.findings if finding.code == "cleaning-discounts")
    assert text.startswith("discounts were subtracted from 2 rows, 8.00 in all")


@pytest.mark.slow
def test_a_reading_of_discounts_is_used_only_if_it_is_the_only_one():
    with pytest.raises(InvalidTransactions, match=r"0.1 of 20.00 leaves 18.00 with discounts='share' or 19.90 with"):
        clv.clean(pl.DataFrame(lines(off=[0.1, 0.0, 0.5])), **PRICES, discount="off")
    with pytest.raises(InvalidTransactions, match="neither shares, nor percentages, nor amounts"):
        clv.clean(pl.DataFrame(lines(off=[110, 0, 0])), **PRICES, discount="off")
    assert amounts(pl.DataFrame(lines(off=[15, 20, 15])), **PRICES, discount="off") == pytest.approx([17.0, 40.0, 10.2])
    assert amounts(pl.DataFrame(lines(price=[500, 50, 4], off=[120, 0, 0])), **PRICES, discount="off")[0] == 880
    rules = clv.CleaningRules(discounts="amount")
    with pytest.raises(
        InvalidTransactions, match=r"1 of 3 rows has a discount in 'off' that is larger .* read as amount"
    ):
        clv.clean(pl.DataFrame(lines(off=[10, 0, 50])), **PRICES, discount="off", rules=rules)


@pytest.mark.slow
def test_percent_signs_decide_and_refunds_are_discounted_too(tmp_path):
    path = tmp_path / "lines.csv"
    pl.DataFrame(lines(pieces=[2, 1, -1], off=["10%", "", "50 %"])).write_csv(path)
    rules = clv.CleaningRules(refunds="keep")
    assert amounts(path, **PRICES, discount="off", rules=rules) == [18.0, 50.0, -2.0]


@pytest.mark.slow
def test_unnamed_discounts_are_reported_if_prices_are_multiplied():
    log = pl.DataFrame(lines(Discount=[0.1, 0.0, 0.0]))
    codes = [finding.code for finding in clv.clean(log, **PRICES).findings]
    assert "cleaning-unread-discounts" in codes
    assert "cleaning-unread-discounts" not in [finding.code for finding in clv.clean(log, amount="price").findings]


@pytest.mark.slow
@pytest.mark.parametrize("values", [[True, False, False], ["Yes", "no", ""], [1, 0, 0], ["是", "否", "否"]])
@pytest.mark.parametrize("way", [pd.DataFrame, pl.DataFrame])
def test_test_orders_are_set_aside(way, values):
    log = way(lines(is_test=values))
    cleaned = clv.clean(log, amount="price", test="is_test")
    assert (len(cleaned.transactions), cleaned.entries["test_order"].rows) == (2, 1)
    rules = clv.CleaningRules(test_orders="count")
    assert len(clv.clean(log, amount="price", test="is_test", rules=rules).transactions) == 3
    for function in (clv.clean, clv.rfm_summary, clv.profile):
        with pytest.raises(InvalidTransactions, match=r"1 of 3 rows is a test by column 'is_test': .*test="):
            function(log)


def test_values_that_are_neither_yes_nor_no_are_refused():
    with pytest.raises(InvalidTransactions, match="1 of 3 rows has a value in 'is_test' that is neither"):
        clv.clean(pl.DataFrame(lines(is_test=["yes", "perhaps", "no"])), amount="price", test="is_test")


@pytest.mark.slow
@pytest.mark.parametrize("blank", [None, "", " ", "NULL", "0000-00-00 00:00:00"])
@pytest.mark.parametrize("way", [pd.DataFrame, pl.DataFrame])
def test_rows_without_a_date_have_a_line_of_the_ledger(way, blank):
    log = way(lines(date=["2024-01-05", blank, "2024-03-07"]))
    with pytest.raises(InvalidTransactions, match="1 of 3 rows has"):
        clv.clean(log, amount="price")
    cleaned = clv.clean(log, amount="price", rules=clv.CleaningRules(on_missing_date="set_aside"))
    assert (len(cleaned.transactions), cleaned.entries["no_date"].rows) == (2, 1)
    assert cleaned.ledger["rows"].iloc[0] == cleaned.ledger["rows"].iloc[1:].sum()
    wrong = way(lines(date=["2024-01-05", "soon", "2024-03-07"]))
    with pytest.raises(InvalidTransactions, match="cannot be read as YYYY-MM-DD"):
        clv.clean(wrong, amount="price", rules=clv.CleaningRules(on_missing_date="set_aside"))

"""The audit: its tables add up to the cent, and its splits change sign if time is reversed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.decisions.base_audit.split import largest_remainder, shapley_of_product
from clvmodels.errors import InvalidOption, InvalidTransactions

FACTOR = st.floats(0, 1e4) | st.just(float("nan"))


@pytest.mark.slow
@given(st.lists(st.tuples(FACTOR, FACTOR), min_size=1, max_size=4))
def test_parts_of_a_product_add_up_and_change_sign_if_time_is_reversed(factors):
    before, after = (np.array(side) for side in zip(*factors, strict=True))
    parts = shapley_of_product(before, after)
    old, new = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    change = np.prod(np.nan_to_num(new)) - np.prod(np.nan_to_num(old))
    scale = max(np.prod(np.nan_to_num(np.maximum(old, new))), 1)
    assert parts.sum() == pytest.approx(change, abs=1e-9 * scale)
    assert np.allclose(shapley_of_product(after, before), -parts, rtol=1e-9, atol=1e-9 * scale)


def test_shapley_by_hand():
    # From 2 x 3 to 4 x 5: customers first 2 x 3 = 6, or last 2 x 5 = 10; so 8 of the 14.
    assert shapley_of_product(np.array([2.0, 3.0]), np.array([4.0, 5.0])).tolist() == [8.0, 6.0]
    assert shapley_of_product(np.array([0.0, np.nan]), np.array([4.0, 5.0])).tolist() == [20.0, 0.0]


@pytest.mark.slow
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
def test_rounded_parts_add_up_and_change_sign(parts):
    values = np.array(parts)
    total = round(float(values.sum()))
    rounded = largest_remainder(values, total)
    assert rounded.sum() == total
    assert (abs(rounded - values) <= 1 + 1e-6).all()
    assert (largest_remainder(-values, -total) == -rounded).all()


LOG = pd.DataFrame(
    [
        ("a", "2023-01-05", 10.00),  # first order
        ("a", "2023-02-05", 5.05),  # new customer's further order
        ("b", "2022-06-01", 1.00),
        ("b", "2023-03-01", 7.00),  # continuing: 7 then 9.5
        ("b", "2024-03-01", 9.50),
        ("c", "2022-07-01", 1.00),
        ("c", "2023-05-01", 4.00),  # silent
        ("a", "2024-01-05", 3.33),  # returning as an old customer
        ("d", "2024-02-01", 20.01),  # first order
        ("e", "2025-01-31", 1.00),  # in an incomplete year
    ],
    columns=["customer_id", "date", "amount"],
)


def test_the_change_of_revenue_by_hand():
    result = clv.audit(LOG, amount="amount", period="year")
    assert (result.earlier_period, result.period) == ("2023", "2024")
    amounts = result.change.set_index("part")["amount"]
    assert amounts["first orders"] == pytest.approx(20.01 - 10.00)
    assert amounts["new customers"] == pytest.approx(-5.05)
    assert amounts["continuing customers"] == pytest.approx(2.50)
    assert amounts["returning customers"] == pytest.approx(3.33)
    assert amounts["silent customers"] == pytest.approx(-4.00)
    cents = (result.change["amount"] * 100).round().groupby(result.change["split"]).sum()
    assert cents.tolist() == [round(100 * (32.84 - 26.05))] * 2
    assert result.periods["complete"].tolist() == [False, True, True, False]
    assert "audit-incomplete" in {finding.code for finding in result.findings}


LINES = pd.DataFrame(
    [
        ("b", "2022-12-31", "pot", 1, 1.00, 1.00, "shop"),
        ("a", "2023-01-05", "tea", 2, 20.00, 8.00, "web"),
        ("b", "2023-02-05", "pot", 1, 30.00, 9.00, "shop"),
        ("a", "2024-01-05", "tea", 3, 36.00, 18.00, "web"),
        ("b", "2024-02-05", "pot", 1, 30.00, 9.00, "shop"),
        ("c", "2024-03-05", "tea", 1, 12.00, 6.00, "web"),
        ("a", "2025-01-05", "tea", 1, 12.00, 6.00, "web"),
    ],
    columns=["customer_id", "date", "item", "quantity", "amount", "margin", "channel"],
)
LINE_COLUMNS = {"item": "item", "quantity": "quantity", "margin": "margin", "by": "channel"}


def parts(result, split):
    """Return the parts of a split of the change of revenue, by name."""
    rows = result.change[result.change["split"] == split]
    return dict(zip(rows["part"], rows["amount"], strict=True))


def test_price_and_mix_by_hand():
    """Only the price of tea changes, from 10 to 12, at 2 or 3 units: 5 on average over both orders of price and units.

    Units rise by one, at a price of 10 or 12: 11.
    """
    alone = LINES[LINES["customer_id"] == "a"]
    first = pd.DataFrame([("a", "2022-12-31", "tea", 1, 10.0, 4.0, "web")], columns=LINES.columns)
    result = clv.audit(pd.concat([first, alone]), amount="amount", period="year", item="item", quantity="quantity")
    assert (result.earlier_period, result.period) == ("2023", "2024")
    assert parts(result, "drivers") == {
        "number of customers": 0.0,
        "orders per customer": 0.0,
        "units per order": 11.0,
        "mix of products": 0.0,
        "price": 5.0,
    }


@pytest.mark.slow
@pytest.mark.parametrize("columns", [{"by": "channel"}, {"margin": "margin"}, {"item": "item"}, LINE_COLUMNS])
def test_parts_with_items_margins_and_groups_add_up_and_change_sign_if_time_is_reversed(columns):
    result = clv.audit(LINES, amount="amount", period="year", **columns)
    year = LINES["date"].str[:4]
    for split, column in (("customers", "amount"), ("drivers", "amount"), ("margin", "margin")):
        change = round(LINES[column][year == "2024"].sum() - LINES[column][year == "2023"].sum(), 2)
        if split != "margin" or "margin" in columns:
            assert round(sum(parts(result, split).values()), 2) == change
    other = {"2022": "2022", "2023": "2024", "2024": "2023", "2025": "2025"}
    turned = LINES.assign(date=year.map(other) + LINES["date"].str[4:])
    reversed_parts = parts(clv.audit(turned, amount="amount", period="year", **columns), "drivers")
    assert reversed_parts == pytest.approx({name: -amount for name, amount in parts(result, "drivers").items()})


@pytest.mark.slow
def test_lines_without_units_are_a_part_of_their_own():
    fee = pd.DataFrame([("a", "2024-01-05", "postage", 0, 4.95, 0.0, "web")], columns=LINES.columns)
    result = clv.audit(pd.concat([LINES, fee]), amount="amount", period="year", item="item", quantity="quantity")
    assert parts(result, "drivers")["lines without units or revenue"] == 4.95
    assert result.breadth["items"].tolist() == ["1", "2"]


@pytest.mark.slow
def test_blanks_and_customers_in_two_groups_are_refused():
    with pytest.raises(InvalidTransactions, match="item='item' is blank in 1 row"):
        clv.audit(LINES.assign(item=[None, *LINES["item"][1:]]), amount="amount", item="item", period="year")
    with pytest.raises(InvalidTransactions, match=r"by='channel': [123] customers? .* in more than one group"):
        clv.audit(LINES.assign(channel=[*LINES["channel"][1:], "x"]), amount="amount", by="channel", period="year")
    with pytest.raises(InvalidOption, match="pass item= too"):
        clv.audit(LINES, amount="amount", quantity="quantity", period="year")
    with pytest.raises(InvalidOption, match="needs the column of items"):
        clv.audit(LOG, amount="amount", period="year").frame("breadth")


@st.composite
def logs(draw):
    size = draw(st.integers(4, 40))
    days = draw(st.lists(st.integers(0, 1200), min_size=size, max_size=size))
    ids = draw(st.lists(st.integers(1, 8), min_size=size, max_size=size))  # many rows of a customer 0 are refused
    cents = draw(st.lists(st.integers(0, 10_000), min_size=size, max_size=size))
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta([0, *days, 1460], unit="D")
    amounts = np.array([100, *cents, 100]) / 100
    return pd.DataFrame({"customer_id": [9, *ids, 1], "date": dates, "amount": amounts})


@pytest.mark.slow
@given(logs())
@settings(max_examples=10)
def test_every_table_adds_up_to_the_revenue_of_the_log(log):
    result = clv.audit(log, amount="amount", period="year")
    total = round(100 * log["amount"].sum())
    assert round(100 * result.periods["revenue"].sum()) == total
    assert round(100 * result.cohorts["revenue"].sum()) == total
    revenue = result.periods.set_index("period")["revenue"]
    assert round(100 * result.deciles["revenue"].sum()) == round(100 * revenue[result.period])
    change = round(100 * (revenue[result.period] - revenue[result.earlier_period]))
    for _, parts in result.change.groupby("split"):
        assert (parts["amount"] * 100).round().sum() == change
    assert (result.cohorts.groupby("cohort")["cohort_size"].first().sum()) == log["customer_id"].nunique()
    age_0 = result.cohorts[result.cohorts["age"] == 0]
    assert (age_0["share_active"] == 1).all()


def test_a_log_without_two_complete_periods_and_wrong_options_are_refused():
    with pytest.raises(InvalidOption, match="has 0 complete years, and a comparison needs two"):
        clv.audit(LOG.iloc[:2], amount="amount", period="year")
    with pytest.raises(InvalidOption, match="period='week' is not one of"):
        clv.audit(LOG, amount="amount", period="week")
    with pytest.raises(InvalidOption, match="table='total' is not one of"):
        clv.audit(LOG, amount="amount", period="year").frame("total")

"""Cross-selling: the offer follows from what customers with the same items have, and it proves right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTable


def bought(customers=400, seed=0):
    """Return purchases of two kinds of customers with items of their own, in two periods."""
    g = np.random.default_rng(seed)
    kind = g.integers(0, 2, customers)
    rows = []
    for customer, group in enumerate(kind):
        items = np.array([["tea", "pot", "cup"], ["coffee", "mill", "jug"]][group])
        chosen = items[g.random(3) < 0.6]
        rows += [(f"c{customer}", item, float(5 + 10 * g.random()), int(g.random() < 0.5)) for item in chosen]
    table = pd.DataFrame(rows, columns=["customer_id", "what", "paid", "late"])
    return table[table["late"] == 0].drop(columns="late"), table[table["late"] == 1]


def test_offers_follow_from_items_and_were_right_more_often_than_the_most_popular_item():
    early, late = bought()
    offers = clv.cross_selling(early, item="what", amount="paid", size=400)
    frame = offers.frame()
    kinds = {
        name: kind for kind, names in enumerate((("tea", "pot", "cup"), ("coffee", "mill", "jug"))) for name in names
    }
    # Those who have all three items of their kind are offered one of the other.
    lacks = frame["customer_id"].map(early.groupby("customer_id")["what"].nunique()) < 3
    assert (frame["item"].map(kinds) == frame["because_of"].map(kinds))[lacks].all()
    assert frame["because_of"][~lacks].isna().all()
    assert frame["money_at_stake"].is_monotonic_decreasing
    owned = {*zip(early["customer_id"], early["what"], strict=True)}
    assert not any(pair in owned for pair in zip(frame["customer_id"], frame["item"], strict=True))
    check = offers.check(late, item="what").iloc[0]
    assert check["right"] > check["right_popular"]
    assert [finding.code for finding in offers.findings] == ["actions-list", "actions-not-tested"]


def test_neither_the_order_of_rows_nor_the_currency_changes_an_offer():
    early, _ = bought()
    first = clv.cross_selling(early, item="what", amount="paid", size=50).frame()
    shuffled = early.sample(frac=1, random_state=0).assign(paid=lambda rows: rows["paid"] * 4)
    again = clv.cross_selling(pl.from_pandas(shuffled), item="what", amount="paid", size=50).frame().to_pandas()
    assert again["item"].tolist() == first["item"].tolist()
    assert np.allclose(again["money_at_stake"], 4 * first["money_at_stake"])


def test_the_probability_is_the_share_of_those_with_the_item_drawn_to_the_share_of_all():
    rows = [(c, "a") for c in range(40)] + [(c, "b") for c in range(30)]
    offers = clv.cross_selling(pd.DataFrame(rows, columns=["customer_id", "item"]), item="item").frame()
    assert offers["customer_id"].tolist() == list(range(30, 40))
    assert np.allclose(offers["probability"], (30 + 20 * 30 / 40) / (40 + 20))


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"customer_id": [1], "item": ["a"]}, {}, "All rows have the same item"),
        ({"customer_id": [1], "item": [None]}, {}, "no rows with"),
        ({"customer_id": [1, 1], "item": ["a", "b"]}, {"size": 0}, "size=0"),
        ({"customer_id": [1, 1], "item": ["a", "b"]}, {"margin": 2}, "margin=2"),
        ({"customer_id": [1, 1], "item": ["a", "b"], "paid": ["x", "y"]}, {"amount": "paid"}, "must be numeric"),
        ({"customer_id": [1, 1], "thing": ["a", "b"]}, {}, "item"),
    ],
)
def test_bad_tables_are_refused(table, options, message):
    with pytest.raises((InvalidOption, InvalidTable), match=message):
        clv.cross_selling(pd.DataFrame(table), item="item", **options)

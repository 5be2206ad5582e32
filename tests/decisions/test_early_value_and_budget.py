"""Early value, budget against actual and net revenue: by hand, and invalid input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "b", "c"],
        "date": ["2022-01-01", "2022-01-20", "2022-02-01", "2022-08-01", "2023-06-01"],
        "amount": [10.0, 30.0, 20.0, 40.0, 5.0],
    }
)


def history(end="2023-12-31", **options):
    return clv.KnownHistory.from_log(LOG, amount="amount", time_unit="day", observation_end=end, **options)


# ---- early value -------------------------------------------------------------------------------------------


def test_early_value_by_hand():
    """a ordered twice within 30 days and b once; c was observed for less than a year."""
    table = clv.early_value(history(), horizon="365 days", margin=0.5, days=(7, 30)).set_index(["days", "orders"])
    assert table.loc[(30, "1"), ["customers", "value_by_then", "value_at_acquisition"]].tolist() == [1, 10, 30]
    assert table.loc[(30, "2"), ["customers", "value_by_then", "value_at_acquisition"]].tolist() == [1, 20, 20]
    assert table.loc[(30, "3+"), "customers"] == 0
    assert np.isnan(table.loc[(30, "3+"), "value_at_acquisition"])
    assert table.loc[(30, "1"), "share"] == 0.5
    # By the 7th day both had ordered once. b is 31 days younger, and 30 days halve a weight.
    weight = 0.5 ** (31 / 30)
    table = clv.early_value(history(), horizon="365 days", margin=0.5, days=(7,), half_life=30)
    assert table["value_at_acquisition"][0] == pytest.approx((20 * weight + 30) / (weight + 1))


def test_early_value_by_group():
    promotion = pd.DataFrame({"customer_id": ["a", "b", "c"], "promotion": ["yes", "no", "no"]})
    table = clv.early_value(history(attributes=promotion), horizon="365 days", margin=1.0, days=(30,), by="promotion")
    assert table.groupby("promotion")["customers"].sum().to_dict() == {"no": 1, "yes": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": "5 years"}, "no customer was observed for that long; the longest was 729 days"),
        ({"days": (0, 7)}, "must be positive and within the horizon"),
        ({"days": (400,)}, "must be positive and within the horizon"),
    ],
)
def test_invalid_early_values(options, message):
    with pytest.raises(InvalidOption, match=message):
        clv.early_value(history(), **{"horizon": "365 days", "margin": 1.0, **options})


# ---- budget against actual ---------------------------------------------------------------------------------


def test_budget_by_hand():
    table = clv.budget_against_actual(history("2022-08-15"), {"2022-01": 50.0, "2022-08": 50.0, "2022-09": 10.0})
    assert table["actual"].tolist()[:2] == [40, 40]
    assert table["new"].tolist()[:2] == [40, 0]  # a came in January; b ordered again in August
    assert table["partial"].tolist() == [False, True, False]
    assert table["difference"].tolist()[0] == -10
    assert table["relative"].tolist()[0] == pytest.approx(-0.2)
    assert table["difference"].isna().tolist() == [False, True, True]
    assert np.isnan(table["actual"].iloc[2])


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"2021-12": 1.0}, "before the log begins on 2022-01-01"),
        ({"May": 1.0}, "written YYYY-MM"),
        ({}, "written YYYY-MM"),
    ],
)
def test_invalid_budgets(budget, message):
    with pytest.raises(InvalidOption, match=message):
        clv.budget_against_actual(history(), budget)


# ---- net revenue -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_net_revenue_by_hand(kind):
    """(120 - 10 - 2) / 1.2 less 10 %, and the same with columns."""
    log = kind(
        {"amount": [120.0], "rebate": [10.0], "postage": [2.0], "vat": [18.0], "returned": [9.0], "code": ["EUR"]}
    )
    mixed = clv.net_revenue(log, discount="rebate", shipping="postage", tax=0.2, returns=0.1, currency="code")
    assert isinstance(mixed, kind)
    assert mixed["net_amount"].to_list() == pytest.approx([81])
    columns = clv.net_revenue(log, discount="rebate", shipping="postage", tax="vat", returns="returned")
    assert columns["net_amount"].to_list() == pytest.approx([81])
    assert clv.net_revenue(log)["net_amount"].to_list() == [120]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tax": 20}, InvalidOption, "tax=20 is neither a column nor a rate"),
        ({"tax": "vat"}, InvalidOption, "tax='vat' is not a column"),
        ({"shipping": "postage"}, InvalidTransactions, "1 row has an amount that is blank or below 0"),
        ({"discount": "code"}, InvalidTransactions, "not numbers"),
        ({"currency": "code"}, InvalidTransactions, r"2 codes \(EUR, USD\)"),
        ({"currency": "euro"}, InvalidOption, "not a code of three capital letters"),
    ],
)
def test_invalid_deductions(options, error, message):
    log = pd.DataFrame({"amount": [1.0, 2.0], "postage": [1.0, np.nan], "code": ["EUR", "USD"]})
    with pytest.raises(error, match=message):
        clv.net_revenue(log, **options)
    with pytest.raises(InvalidOption, match="already has a column"):
        clv.net_revenue(log.assign(net_amount=1.0))

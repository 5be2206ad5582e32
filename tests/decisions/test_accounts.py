"""Key accounts: members counted once, chains followed, loops refused, and sums that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTable

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "b", "b", "c", "d", "a", "e"],
        "date": ["2023-02-01", "2023-03-01", "2024-05-01", "2024-05-01", "2024-06-01", "2024-07-01", "2022-12-31"],
        "amount": [40.0, 10.0, 30.0, 5.0, 50.0, 10.0, 1.0],
    }
)
HOUSEHOLDS = pd.DataFrame({"customer_id": ["a", "b", "c", "z"], "account_id": ["home", "home", None, "home"]})
OPTIONS = {"amount": "amount", "observation_end": "2024-12-31"}


def merged(pairs, **options):
    accounts = pd.DataFrame(pairs, columns=["customer_id", "account_id"])
    return clv.merge_accounts(LOG, accounts, **options)["account_id"].tolist()


@pytest.mark.slow
def test_chains_are_followed_to_their_end_whatever_the_order_of_rows():
    pairs = [("a", "b"), ("b", "c"), ("c", "d")]
    for order in (pairs, pairs[::-1]):
        assert merged(order, chains=True) == ["d"] * 6 + ["e"]
    long = [(f"n{i}", f"n{i + 1}") for i in range(3000)] + [("a", "n0")]
    assert merged(long, chains=True)[0] == "n3000"
    assert merged([("a", "a"), ("b", "a")], chains=True)[:2] == ["a", "a"]


@pytest.mark.parametrize(
    ("pairs", "options", "error", "message"),
    [
        ([("a", "b"), ("b", "a")], {"chains": True}, InvalidTable, "in 1 loop: a -> b -> a. Choose one id"),
        ([("a", "b"), ("b", "c"), ("c", "b")], {"chains": True}, InvalidTable, "b -> c -> b"),
        ([("a", "b")], {}, InvalidOption, r"1 account ids are also ids of customers .*first: b.*chains=True"),
        ([("a", "b")], {"chains": False}, InvalidTable, "rename the accounts"),
        ([("a", "x"), ("a", "y")], {}, InvalidTable, "appears more than once"),
        ([(1, "x")], {}, InvalidTable, "customer_id is Int64 in accounts="),
        ([("a", "x")], {"chains": "yes"}, InvalidOption, "must be True, False or None"),
    ],
)
def test_invalid_accounts_are_refused(pairs, options, error, message):
    with pytest.raises(error, match=message):
        merged(pairs, **options)


def test_ids_stay_integers_if_all_are():
    log = LOG.assign(customer_id=[1, 2, 2, 3, 4, 1, 5])
    accounts = pd.DataFrame({"customer_id": [1, 2], "account_id": [100, 100]})
    assert clv.merge_accounts(log, accounts)["account_id"].tolist() == [100, 100, 100, 3, 4, 100, 5]
    households = clv.merge_accounts(log, accounts.assign(account_id=[9, 2]), chains=True)
    assert households["account_id"].tolist() == [9, 2, 2, 3, 4, 9, 5]


def test_members_are_counted_and_valued_once():
    result = clv.key_accounts(LOG, accounts=HOUSEHOLDS, rule={"share": 0.4}, **OPTIONS)
    frame = result.frame()
    assert frame["account_id"].tolist() == ["d", "home"]
    home = frame.iloc[1]
    assert (home["members"], home["orders"], home["volume"]) == (2, 2, 40.0)
    assert home["volume_before"] == 50.0
    assert home["trend"] == pytest.approx(-0.2)
    assert home["largest_member"] == pytest.approx(0.75)
    assert np.isnan(frame["trend"].iloc[0])
    assert result.summary["members"].sum() == LOG["customer_id"].nunique()
    assert result.summary["volume"].sum() == 95.0
    assert result.summary["share"].sum() == pytest.approx(1)
    codes = [finding.code for finding in result.findings]
    assert codes.count("accounts-merged") == codes.count("accounts-not-in-log") == 1


def test_two_members_on_one_day_make_one_order():
    together = pd.DataFrame({"customer_id": ["b", "c"], "account_id": ["home", "home"]})
    frame = clv.key_accounts(LOG, accounts=together, rule={"frequency": 1}, **OPTIONS).frame()
    assert frame.set_index("account_id").loc["home", ["orders", "volume"]].tolist() == [1, 35.0]


def test_the_parts_of_a_rule_that_an_account_meets_are_named():
    result = clv.key_accounts(LOG, rule={"amount": 30, "frequency": 1, "volume": 50}, **OPTIONS)
    why = dict(zip(result.frame()["account_id"], result.frame()["why"], strict=True))
    assert why["d"] == "volume and frequency and amount"
    assert why["b"] == "frequency and amount"
    assert why["c"] == "frequency"
    assert "e" not in why


def test_without_the_period_before_there_is_no_trend():
    result = clv.key_accounts(LOG, rule={"frequency": 1}, window="3 years", **OPTIONS)
    assert result.frame()["trend"].isna().all()
    assert "accounts-no-trend" in {finding.code for finding in result.findings}


def test_a_rule_that_no_account_meets_gives_an_empty_list():
    result = clv.key_accounts(LOG, rule={"volume": 1e6}, **OPTIONS)
    assert len(result.frame()) == 0
    assert result.findings[0].code == "accounts-none"
    assert result.summary["accounts"].tolist() == [0, 5]


@pytest.mark.slow
def test_risk_and_dependence_come_from_models_of_accounts():
    log = clv.datasets.load_cdnow(sample=True)
    ids = np.sort(log["customer_id"].unique())[:400]
    accounts = pd.DataFrame({"customer_id": ids, "account_id": [f"pair {i // 2}" for i in range(400)]})
    whole = clv.merge_accounts(log, accounts)
    rfm = clv.rfm_summary(whole, customer_id="account_id", amount="amount", time_unit="week")
    models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    result = clv.key_accounts(log, *models, amount="amount", accounts=accounts, rule={"share": 0.003}, margin=0.35)
    value = clv.lifetime_value(*models, rfm, horizon="12 months", annual_discount_rate=0.0, margin=0.35)
    total = value["lifetime_value"].sum()
    assert result.summary["expected_margin"].sum() == pytest.approx(total)
    frame = result.frame()
    one = value.set_index("customer_id" if "customer_id" in value else "account_id")["lifetime_value"]
    expected = one.loc[frame["account_id"]].to_numpy()
    np.testing.assert_allclose(frame["expected_margin"], expected)
    np.testing.assert_allclose(frame["dependence"], expected / total)
    assert frame["probability_alive"].between(0, 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": {}}, "must name limits"),
        ({"rule": {"shares": 0.1}}, "Did you mean 'share'"),
        ({"rule": {"share": 2}}, "share=2 must be at most 1"),
        ({"rule": {"volume": -1}}, "volume=-1 must be a number above 0"),
        ({"purchases": clv.NBD()}, "both purchases= and spend="),
        ({"window": "a while"}, "window='a while' cannot be read"),
        ({"observation_end": "2020-01-01"}, "later than observation_end"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(InvalidOption, match=message):
        clv.key_accounts(LOG, **{**OPTIONS, **options})

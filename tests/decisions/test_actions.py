"""Lists of customers to act on, and the files that hand them over."""

from __future__ import annotations

import csv
import hashlib

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.acting.nobody_leaves import nobody_leaves
from clvmodels.errors import InvalidOption, InvalidTable

TERMS = {"horizon": "6 months", "margin": 0.35}


@pytest.fixture(scope="module")
def split():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")


@pytest.fixture(scope="module")
def models(split):
    return clv.MBGNBD().fit(split.calibration), clv.GammaGamma().fit(split.calibration)


@pytest.fixture(scope="module")
def lists(models, split):
    return clv.action_lists(*models, split.calibration, **TERMS)


@pytest.mark.slow
def test_every_customer_is_a_candidate_of_one_list_and_listed_once(lists, split):
    frame = lists.frame()
    assert frame["customer_id"].is_unique
    assert lists.summary["candidates"].sum() == len(split.calibration)
    assert (frame.groupby("list")["money_at_stake"].apply(lambda money: money.is_monotonic_decreasing)).all()
    assert frame["list"].value_counts().max() <= 100
    assert np.isclose(frame["money_at_stake"].sum(), lists.summary["money_at_stake"].sum())


@pytest.mark.slow
def test_a_second_purchase_is_worth_the_expected_margin(lists, models, split):
    purchases, spend = models
    value = clv.lifetime_value(purchases, spend, split.calibration, annual_discount_rate=0.0, **TERMS)
    money = value.set_index("customer_id")["lifetime_value"]
    rows = lists.frame().query("list == 'second purchase'")
    assert np.allclose(rows["money_at_stake"], money[rows["customer_id"]])


@pytest.mark.slow
def test_the_margin_at_risk_of_pareto_nbd_is_that_of_a_rate_without_dropout(split):
    few = split.calibration[::20]
    purchases, spend = clv.ParetoNBD().fit(few), clv.GammaGamma().fit(split.calibration)
    frame = clv.action_lists(purchases, spend, few, **TERMS).frame().query("list == 'at risk'")
    p, rfm = purchases.parameters_, few[np.isin(few.customer_id.to_numpy(), frame["customer_id"])]
    # An active customer who cannot leave buys at the mean (r + x) / (alpha + T) of the posterior distribution.
    weeks = rfm.clock.duration("6 months")
    steady = weeks * (p["r"] + rfm.frequency) / (p["alpha"] + rfm.T) * purchases.alive(rfm)
    lost = steady - np.asarray(purchases.expected_purchases(rfm, weeks)["expected_purchases"])
    money = lost * 0.35 * np.asarray(spend.expected_spend(rfm)["expected_spend"])
    assert np.allclose(np.sort(frame["money_at_stake"]), np.sort(money), rtol=1e-6)


@pytest.mark.slow
def test_money_scales_and_a_list_does_not_depend_on_the_order_of_rows(lists, models, split):
    again = clv.action_lists(*models, split.calibration[::-1], horizon="6 months", margin=0.7)
    first, second = (each.frame().set_index("customer_id").sort_index() for each in (lists, again))
    assert first.index.equals(second.index)
    assert np.allclose(second["money_at_stake"], 2 * first["money_at_stake"])
    assert (first["reason_1"] == second["reason_1"]).all()


@pytest.mark.slow
def test_a_check_counts_who_bought(lists, split):
    check = lists.check(split).set_index("list")
    bought = dict(zip(split.calibration.customer_id.to_list(), split.purchases > 0, strict=True))
    frame = lists.frame()
    hits = frame["customer_id"].map(bought)
    assert check.loc["second purchase", "right"] == hits[frame["list"] == "second purchase"].mean()
    assert check.loc["win back", "right"] == 1 - hits[frame["list"] == "win back"].mean()
    assert check.loc["second purchase", "right"] > check.loc["second purchase", "right_of_candidates"]


def test_processes_without_dropout_and_empty_lists_are_refused(models, split):
    with pytest.raises(InvalidOption, match="nobody leaves"):
        clv.action_lists(clv.NBD(), models[1], split.calibration, **TERMS)
    with pytest.raises(InvalidOption, match="size=0 must be a whole number"):
        clv.action_lists(*models, split.calibration, **TERMS, size=0)


TABLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3],
        "email": [" Ann@Example.com", "@bob", "c@example.com"],
        "tier_assigned": ["=1+1", "gold", None],
        "lifetime_value": [-2.5, 3.0, np.nan],
    }
)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("system", "header"),
    [
        ("plain", ["email", "tier_assigned", "lifetime_value"]),
        ("hubspot", ["Email", "tier_assigned", "lifetime_value"]),
        ("klaviyo", ["Email", "tier_assigned", "lifetime_value"]),
        ("salesforce", ["Email", "Tier_Assigned__c", "Lifetime_Value__c"]),
        ("ga4", ["user_id", "tier_assigned", "lifetime_value"]),
    ],
)
def test_contacts_have_the_headers_of_a_system_and_harmless_text(tmp_path, system, header):
    path = tmp_path / "contacts.csv"
    count = clv.write_contacts(
        TABLE, path, system=system, id_column="email", suppressed=pd.DataFrame({"customer_id": [3]})
    )
    assert count == 2
    assert rows_of(path) == [header, ["Ann@Example.com", "'=1+1", "-2.5"], ["'@bob", "gold", "3.0"]]


def test_hashed_ids_are_normalized(tmp_path):
    clv.write_contacts(TABLE, tmp_path / "contacts.csv", id_column="email", hash_ids=True)
    assert rows_of(tmp_path / "contacts.csv")[1][0] == hashlib.sha256(b"ann@example.com").hexdigest()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"email": ["a", "A ", "b"]}, {"hash_ids": True}, "2 of 3 customers of table= have the same email"),
        ({"email": ["a", None, "b"]}, {}, "1 of 3 customers of table= has no email"),
        ({"a_very_long_name_of_a_property": [1, 2, 3]}, {"system": "ga4"}, "at most 24"),
        ({"Email": [1, 2, 3]}, {"system": "hubspot"}, "Two columns would have the header 'Email'"),
    ],
)
def test_contacts_that_cannot_be_imported_are_refused(tmp_path, change, options, message):
    path = tmp_path / "contacts.csv"
    with pytest.raises(InvalidTable, match=message):
        clv.write_contacts(TABLE.assign(**change), path, id_column="email", **options)
    assert not path.exists()
    with pytest.raises(InvalidOption, match="Did you mean 'hubspot'"):
        clv.write_contacts(TABLE, path, system="hubspt")


def test_growth_is_worth_the_gap_to_those_who_buy_as_often(models, split):
    rfm = split.calibration
    growth = clv.growth_list(*models, rfm, horizon="39 weeks", margin=0.5, size=50)
    frame = growth.frame()
    assert (frame["order_value"] < frame["order_value_of_peers"]).all()
    assert frame["money_at_stake"].is_monotonic_decreasing
    assert (frame["probability_alive"] >= 0.5).all()
    assert (frame["reason_1"] != frame["reason_2"]).all()
    expected = models[0].expected_purchases(rfm, horizon="39 weeks").set_index("customer_id")["expected_purchases"]
    gap = frame["order_value_of_peers"] - frame["order_value"]
    by_hand = 0.5 * gap.to_numpy() * expected.loc[frame["customer_id"]].to_numpy()
    assert np.allclose(frame["money_at_stake"], by_hand)
    check = growth.check(split).iloc[0]
    assert 0 < check["right"] < 1
    assert 0 < check["right_of_candidates"] < 1
    backward = clv.growth_list(*models, rfm[::-1], horizon="39 weeks", margin=0.5, size=50).frame()
    assert backward["customer_id"].tolist() == frame["customer_id"].tolist()
    with pytest.raises(InvalidOption, match="nobody leaves"):
        clv.growth_list(clv.NBD(), models[1], rfm, horizon="39 weeks", margin=0.5)


def test_a_holdout_of_other_customers_is_refused(models, split):
    rfm = split.calibration
    later = split.calibration[1:]
    for make in (clv.growth_list, clv.action_lists):
        lists = make(*models, later, horizon="39 weeks", margin=0.5, size=20)
        with pytest.raises(InvalidOption, match="make the lists from"):
            lists.check(split)
    same_number = clv.growth_list(*models, rfm[::-1], horizon="39 weeks", margin=0.5, size=20)
    with pytest.raises(InvalidOption, match="not in the same rows"):
        same_number.check(split)


def test_contacts_are_handed_over_as_parquet_too(tmp_path):
    table = pd.DataFrame({"customer_id": ["a", "=b", "c"], "value": [1.5, None, 2.0], "tier": ["=x", "y", None]})
    suppressed = pd.DataFrame({"customer_id": ["c"]})
    assert clv.write_contacts(table, tmp_path / "contacts.parquet", suppressed=suppressed) == 2
    written = pd.read_parquet(tmp_path / "contacts.parquet")
    assert written.to_dict("list")["customer_id"] == ["a", "=b"]  # no spreadsheet runs it, so it is as it was
    assert written["tier"].tolist() == ["=x", "y"]
    assert written["value"].dtype == float
    with pytest.raises(InvalidOption, match="imports CSV"):
        clv.write_contacts(table, tmp_path / "contacts.parquet", system="hubspot")


def test_a_fit_in_which_nobody_leaves_is_reported():
    """All customers buy every other week or less often, and all bought in the last weeks."""
    days = [(k, day) for k in range(90) for day in range(k % 7, 364 - k % 5, 14 + 7 * (k % 8))]
    log = pd.DataFrame(days, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")
    rfm = clv.rfm_summary(log.assign(amount=10.0 + np.arange(len(log)) % 7), amount="amount", time_unit="week")
    purchases, spend = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    lists = clv.action_lists(purchases, spend, rfm, horizon="6 months", margin=0.35)
    for findings in (lists.findings, clv.stages(purchases, rfm).findings):
        reported = {finding.code: finding for finding in findings}
        assert reported["nobody-leaves"].severity == "caution"
        assert reported["nobody-leaves"].figures["alive"] > 0.99


def test_reasons_are_those_of_the_list_and_change_with_their_input(lists, models, split):
    frame = lists.frame()
    once = frame["list"] == "second purchase"
    assert "buys often" not in {*frame.loc[once, "reason_1"], *frame.loc[once, "reason_2"]}
    assert (frame.loc[~once, ["reason_1", "reason_2"]] == "bought recently").sum().sum() == 0
    listed = frame[(frame["list"] == "at risk") & (frame["reason_1"] == "high order value")].iloc[0]
    names = ("customer_id", "frequency", "recency", "T", "monetary_value")
    table = pd.DataFrame({name: np.asarray(split.calibration[name]) for name in names})
    usual = table["monetary_value"].median()
    table.loc[table["customer_id"] == listed["customer_id"], "monetary_value"] = usual
    changed = clv.action_lists(*models, clv.RFM.from_frame(table, time_unit="week"), size=2_000, **TERMS).frame()
    again = changed[changed["customer_id"] == listed["customer_id"]].iloc[0]
    assert again["money_at_stake"] < listed["money_at_stake"]
    assert "high order value" not in (again["reason_1"], again["reason_2"])


def test_a_model_that_sees_nobody_leaving_is_named():
    assert [finding.code for finding in nobody_leaves(np.array([0.995, 1.0]))] == ["nobody-leaves"]
    assert nobody_leaves(np.array([0.98, 1.0])) == ()
    assert nobody_leaves(np.zeros(0)) == ()

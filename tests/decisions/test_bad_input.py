"""Bad input of every kind to every function that decides: a clear error, or one stated rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import CLVError

N = 60
TABLE = pd.DataFrame(
    {
        "customer_id": range(N),
        "lifetime_value": np.linspace(1.0, 90.0, N),
        "frequency": np.arange(N) % 7,
        "segment": ["loyal", "new"] * (N // 2),
        "expected_orders": 1.0,
        "margin_per_order": 10.0,
        "spend": np.linspace(0.0, 50.0, N),
        "group": ["treated", "control"] * (N // 2),
    }
)
RULES = pd.DataFrame(
    {"segment": ["loyal"], "action": ["call"], "channel": ["phone"], "contact_cost": [1.0], "extra_orders": [0.3]}
)
INDICATORS = [clv.Indicator("lifetime_value", "value"), clv.Indicator("frequency", "loyalty")]
LINES = pd.DataFrame({"customer_id": [1, 1, 2], "item": ["a", "b", "a"]})

# What each function does with a table of customers; other arguments are valid.
DECIDE: dict[str, Callable[[Any], Any]] = {
    "tiers": clv.tiers,
    "scorecard": lambda table: clv.scorecard(table, INDICATORS),
    "data_segments": lambda table: clv.data_segments(table, features=["lifetime_value", "frequency"]),
    "segment_crosstab": lambda table: clv.segment_crosstab(table, by=["segment"]),
    "plan_actions": lambda table: clv.plan_actions(table, RULES, segment="segment", budget=5.0),
    "assign_experiment": lambda table: clv.assign_experiment(table, name="spring"),
    "design_experiment": lambda table: clv.design_experiment(table, outcome="spend"),
    "write_contacts": lambda table: clv.write_contacts(table, "contacts.csv"),
}
BROKEN: dict[str, Callable[[pd.DataFrame], Any]] = {
    "no rows": lambda table: table.head(0),
    "an id twice": lambda table: pd.concat([table, table.head(1)]),
    "an id missing": lambda table: table.assign(customer_id=[None, *range(1, N)]),
    "no ids": lambda table: table.drop(columns="customer_id"),
    "not a table": lambda table: 7,
}
ODD: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "one customer": lambda table: table.head(1),
    "all alike": lambda table: table.assign(lifetime_value=5.0, frequency=1, spend=3.0, segment="loyal"),
    "values missing": lambda table: table.assign(lifetime_value=[np.nan] * 10 + [1.0] * (N - 10)),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("name", DECIDE)
def test_a_broken_table_is_refused_with_an_error_of_the_package(name, fault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CLVError) as refused:
        DECIDE[name](BROKEN[fault](TABLE))
    assert len(str(refused.value)) > 20  # a sentence, not a bare value


@pytest.mark.parametrize("oddity", ODD)
@pytest.mark.parametrize("name", DECIDE)
def test_odd_customers_get_a_rule_or_an_error_of_the_package(name, oddity, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = ODD[oddity](TABLE)
    try:
        result = DECIDE[name](table)
    except CLVError:
        return  # any other error fails the test
    if hasattr(result, "frame") and name not in ("segment_crosstab", "design_experiment", "plan_actions"):
        assert len(result.frame()) == len(table)  # nobody disappears


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: clv.scorecard(TABLE, INDICATORS, weights={"value": 0.9, "loyalty": 0.3}), "1"),
        (lambda: clv.scorecard(TABLE, INDICATORS, weights={"value": 1.0}), "loyalty"),
        (lambda: clv.plan_actions(TABLE, RULES.assign(segment="royal"), segment="segment", budget=5.0), "royal"),
        (lambda: clv.plan_actions(TABLE, RULES, segment="segment", budget=-1.0), "budget"),
        (lambda: clv.plan_actions(TABLE, RULES, segment="segment", budget=5.0, caps={"fax": 3}), "fax"),
        (lambda: clv.tiers(TABLE, names=["gold"]), "names"),
        (lambda: clv.tiers(TABLE, boundaries=[0.5, 0.2]), "boundaries"),
        (lambda: clv.merge_accounts(_log(), _accounts(["1", "2"], ["2", "1"]), chains=True), "loop"),
        (lambda: clv.rfm_segments(_rfm(), clv.rfm_grid().head(3)), "no segment"),
        (lambda: clv.cross_selling(LINES.assign(item="a"), item="item"), "All rows have the same item"),
    ],
)
def test_faults_of_each_decision_are_named(call, words):
    with pytest.raises(CLVError) as refused:
        call()
    assert words in str(refused.value)


def test_an_empty_tier_is_kept_and_reported():
    result = clv.tiers(TABLE, rule="thresholds", boundaries=[1000.0, 10.0])
    assert result.summary["customers"].tolist()[0] == 0
    assert "tiers-empty" in [finding.code for finding in result.findings]


def _log():
    return pd.DataFrame({"customer_id": ["1", "2"], "date": ["2024-05-01", "2024-05-02"], "amount": [1.0, 2.0]})


def _accounts(customers, accounts):
    return pd.DataFrame({"customer_id": customers, "account_id": accounts})


def _rfm():
    return clv.rfm_summary(_log(), amount="amount", observation_end="2024-06-01")

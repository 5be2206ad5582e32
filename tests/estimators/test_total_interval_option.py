"""Intervals of totals and groups: the level that customers have in common, and the option that leaves it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import PredictionOptions, predict
from clvmodels.inference.intervals import CustomerGroups, bounds_of_groups
from clvmodels.inference.totals.total_interval import other_shops

VALUE = {"horizon": "26 weeks", "annual_discount_rate": 0.1, "margin": 0.5}
ASKED = {"interval": 0.9, "draws": 40, "by": "total"}


@pytest.fixture(scope="module")
def history():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")


@pytest.fixture(scope="module")
def model(history):
    return clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(history)


@pytest.fixture(scope="module")
def quantities(model, history):
    rfm = history.rfm[::4]
    return {
        "expected_purchases": lambda **o: model.purchases.expected_purchases(rfm, "26 weeks", **o),
        "discounted_purchases": lambda **o: model.purchases.discounted_purchases(rfm, "26 weeks", 0.1, **o),
        "lifetime_value": lambda **o: clv.lifetime_value(model.purchases, model.spend, rfm, **VALUE, **o),
    }


def ends(table, name):
    return float(table[f"{name}_lower"][0]), float(table[f"{name}_upper"][0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["expected_purchases", "discounted_purchases", "lifetime_value"])
def test_totals_allow_for_changing_conditions_unless_only_the_model_is_requested(quantities, name):
    wide, own = (quantities[name](**ASKED, total_interval=which) for which in ("history", "model"))
    assert wide["total_interval"].tolist() == ["other_shops"]
    assert own["total_interval"].tolist() == ["model"]
    assert wide[name].tolist() == own[name].tolist()
    (low, high), (own_low, own_high) = ends(wide, name), ends(own, name)
    assert low < own_low < own_high < high
    assert quantities[name](**ASKED).equals(wide)  # the default
    mean = quantities[name](**ASKED, interval_for="mean")
    assert "total_interval" not in mean  # parameters only, as ever
    each = {"interval": 0.9, "draws": 40}
    assert quantities[name](**each).equals(quantities[name](**each, total_interval="model"))


@pytest.mark.slow
def test_beyond_the_longest_horizon_known_the_interval_is_the_models_own(model, history):
    rfm = history.rfm[::10]
    long, own = (
        model.purchases.expected_purchases(rfm, "3 years", **ASKED, total_interval=which)
        for which in ("history", "model")
    )
    assert long["total_interval"].tolist() == ["not_tested"]
    assert ends(long, "expected_purchases") == ends(own, "expected_purchases")


@pytest.mark.slow
def test_a_log_shows_the_errors_of_its_own_totals(model, history):
    total = model.total(history, "26 weeks", level_rule="none")
    assert total.level.factor == 1
    assert total.basis == "history"
    table = model.purchases.expected_purchases(history.rfm, "26 weeks", **ASKED, total_interval=total)
    assert table["total_interval"].tolist() == ["history"]
    # Forty draws: the ends are within a few percent of those of the distribution.
    assert ends(table, "expected_purchases") == pytest.approx(total.interval(0.9), rel=0.1)


@pytest.mark.slow
def test_a_total_of_something_else_is_refused(model, history):
    summaries = clv.KnownHistory.from_summaries(history.rfm[:300])
    with pytest.raises(InvalidOption, match="level_rule='all' is not one of"):
        model.total(summaries, "26 weeks", level_rule="all")
    purchases, money = (model.total(summaries, "26 weeks", quantity) for quantity in ("purchases", "money"))
    with pytest.raises(InvalidOption, match="for a total of money, but this is a total of purchases: pass what"):
        model.purchases.expected_purchases(summaries.rfm, "26 weeks", **ASKED, total_interval=money)
    with pytest.raises(InvalidOption, match=r"quantity='money'\) returns"):
        clv.lifetime_value(model.purchases, model.spend, summaries.rfm, **VALUE, **ASKED, total_interval=purchases)


@pytest.mark.slow
def test_a_total_over_another_horizon_is_refused(model, history):
    rfm = history.rfm[:200]
    summaries = clv.KnownHistory.from_summaries(rfm)
    purchases, money = (model.total(summaries, "20 weeks", quantity) for quantity in ("purchases", "money"))
    assert purchases.days == money.days == 140
    for same in ("20 weeks", 20, "140 days"):
        table = model.purchases.expected_purchases(rfm, same, **ASKED, total_interval=purchases)
        assert table["total_interval"].tolist() == ["other_shops"]
    pair, terms = (model.purchases, model.spend, rfm), {"annual_discount_rate": 0.1, "margin": 0.5, "interval": 0.9}
    for refused in (
        lambda: model.purchases.expected_purchases(rfm, "39 weeks", **ASKED, total_interval=purchases),
        lambda: clv.lifetime_value(*pair, **{**VALUE, **ASKED, "horizon": "39 weeks"}, total_interval=money),
        lambda: clv.remaining_value(*pair, **terms, by="total", horizon="39 weeks", total_interval=money),
        lambda: clv.revenue_forecast(*pair, **terms, horizon="39 weeks", total_interval=money),
    ):
        with pytest.raises(InvalidOption, match="a total over 140 days, but this table is for 273 days: pass what"):
            refused()


def test_customers_whose_futures_end_earlier_may_have_a_longer_total():
    total = other_shops("money", "bgnbd", 365.25)
    assert total.check_horizon(300, longer=True) is total
    with pytest.raises(InvalidOption, match=r"over 365\.25 days, but this table is for 541\.5 days"):
        total.check_horizon(541.5, longer=True)
    with pytest.raises(InvalidOption, match="but this table is for 300 days"):
        total.check_horizon(300)


@pytest.mark.slow
def test_without_a_log_a_finding_names_the_source_of_the_interval(model, history):
    summaries = clv.KnownHistory.from_summaries(history.rfm)
    total = model.total(summaries, "26 weeks")
    assert total.basis == "other_shops"
    assert [finding.code for finding in total.findings] == ["total-interval-no-windows"]
    for horizon, code in (("26 weeks", "total-interval-no-windows"), ("5 years", "total-interval-not-tested")):
        level = model.purchases.level_of_totals(horizon)
        assert [finding.code for finding in level.findings] == [code]
        assert repr(level).endswith("without a total")
    for unusable in (-5, float("nan"), "lifetime"):
        with pytest.raises(InvalidOption, match="horizon="):
            model.purchases.level_of_totals(unusable)


def test_groups_share_the_level_and_add_up():
    common = np.array([0.5, 1.0, 2.0])
    drawn = np.array([[1.0, 2.0, 3.0]] * 3)
    order, whole = np.arange(3), CustomerGroups(np.zeros(3, dtype=np.intp), np.ones(3), 1)
    parts = CustomerGroups(np.array([0, 0, 1]), np.ones(3), 2)

    def bounds(groups):
        return bounds_of_groups(lambda block: drawn[:, block], order, groups, 0.9, common)

    assert [end.sum() for end in bounds(parts)] == [end.item() for end in bounds(whole)] == [3.0, 12.0]


@pytest.mark.slow
def test_groups_of_customers_say_what_their_intervals_allow_for(model, history):
    rfm = history.rfm[:300]
    halves = pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "half": ["a", "b"] * 150})
    table = model.purchases.expected_purchases(rfm.with_columns(halves), "26 weeks", **{**ASKED, "by": "half"})
    assert table["total_interval"].tolist() == ["other_shops", "other_shops"]


def test_wrong_options_name_the_right_ones():
    with pytest.raises(InvalidOption, match=r"total_interval='best' is not one of 'history', 'model', or what"):
        PredictionOptions(0.9, total_interval="best")


def spreads(prediction, rfm, draws=400):
    options = PredictionOptions(0.9, "outcome", "half", draws, 1, "model")
    table = predict(rfm, prediction, options)
    return (table[f"{prediction.name}_upper"] - table[f"{prediction.name}_lower"]).to_numpy(), table


@pytest.mark.slow
@pytest.mark.parametrize(
    "process",
    [clv.BGNBD, *(pytest.param(each, marks=pytest.mark.acceptance) for each in (clv.NBD, clv.ParetoNBD, clv.BGCNBD))],
)
def test_customers_drawn_together_are_as_uncertain_as_one_by_one(process, history):
    model = process().fit(history.rfm)
    rfm = history.rfm[::5]
    halves = pd.DataFrame({"customer_id": rfm.customer_id.to_list(), "half": np.array(list("abc"))[rfm.frequency % 3]})
    rfm = rfm.with_columns(halves)
    worth = model.purchases_within(26.0)
    prediction = model.purchases_prediction(rfm, "expected_purchases", worth, 26.0, 0.0)
    assert prediction.together
    together, table = spreads(prediction, rfm)
    each, _ = spreads(replace(prediction, together=False), rfm)
    np.testing.assert_allclose(together, each, rtol=0.35)  # each spread of 400 draws has an error of 6 %
    middle = 0.5 * (table["expected_purchases_lower"] + table["expected_purchases_upper"])
    assert (np.abs(middle - table["expected_purchases"]) < 0.25 * together).all()
    order = np.random.default_rng(0).permutation(len(rfm))
    again, _ = spreads(model.purchases_prediction(rfm[order], "expected_purchases", worth, 26.0, 0.0), rfm[order])
    assert (again == together).all()


@pytest.mark.slow
def test_the_money_of_groups_is_drawn_together_too(model, history):
    halves = pd.DataFrame({"customer_id": history.rfm.customer_id.to_list(), "half": "a"})
    rfm = history.rfm.with_columns(halves)[::5]
    options = {"by": "half", "interval": 0.9, "draws": 400, "total_interval": "model", **VALUE}
    table = clv.lifetime_value(model.purchases, model.spend, rfm, **options)
    lower, upper = ends(table, "lifetime_value")
    assert lower < table["lifetime_value"][0] < upper
    whole = clv.remaining_value(model.purchases, model.spend, rfm, **options).frame()
    np.testing.assert_allclose(upper - lower, np.diff(ends(whole, "remaining_value"))[0], rtol=0.3)

"""Remaining value and its cash flow: sums, costs by hand, draws against expectations, and invalid input."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clvmodels.datasets import load_cdnow
from clvmodels.errors import FitFailed, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import BGBB, BGNBD, MBGNBD, NBD, ParetoNBD
from clvmodels.estimators.regular import MBGCNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.processes import order_times
from clvmodels.transactions.summary import rfm_summary
from clvmodels.valuation.cash_flow import drawn_cash_flow, expected_cash_flow, present_values
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.drawn.customer_interval import drawn_customer_values
from clvmodels.valuation.lifetime_value import lifetime_value
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.remaining_value import remaining_value
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = Costs(per_order=2.0, per_period=0.1, marketing=0.05, acquisition=9.0)


@pytest.fixture(scope="module")
def log():
    return load_cdnow(sample=True)


@pytest.fixture(scope="module")
def fitted(log):
    rfm = rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    channel = pd.DataFrame(
        {
            "customer_id": rfm.customer_id.to_list(),
            "channel": np.where(np.arange(len(rfm)) % 3 == 0, "search", "social"),
            "handling": 1.0 + np.arange(len(rfm)) % 2,
        }
    )
    return MBGNBD().fit(rfm), GammaGamma().fit(rfm), rfm.with_columns(channel)


def values(table, name="remaining_value"):
    return np.asarray(table.columns[name], dtype=float)


# ---- identities --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [MBGNBD, NBD, pytest.param(ParetoNBD, marks=pytest.mark.slow)])
def test_without_costs_it_is_lifetime_value(fitted, model):
    _, spend, rfm = fitted
    purchases = model().fit(rfm)
    reference = lifetime_value(purchases, spend, rfm, **TERMS)["lifetime_value"].to_numpy()
    assert np.array_equal(values(remaining_value(purchases, spend, rfm, **TERMS)), reference)
    zero = remaining_value(purchases, spend, rfm, costs=Costs(per_order=0.0, acquisition=3.0), **TERMS)
    assert np.array_equal(values(zero), reference)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [pytest.param("week", marks=pytest.mark.slow), "month", "quarter", "year"])
def test_the_cash_flow_adds_up_to_the_value(fitted, unit):
    fitted = (*fitted[:2], fitted[2][::4])
    total = remaining_value(*fitted, costs=COSTS, **TERMS).total
    flow = remaining_value(*fitted, costs=COSTS, by_period=unit, **TERMS)
    assert flow.total == pytest.approx(total, abs=0.001)  # well within a cent
    by_channel = remaining_value(*fitted, costs=COSTS, by_period=unit, by="channel", **TERMS)
    assert by_channel.total == pytest.approx(total, abs=0.001)
    lines = ("margin", "order_cost", "period_cost", "marketing_cost")
    margin, *costs = (values(flow, line) for line in lines)
    assert values(flow, "net_cash_flow") == pytest.approx(margin - sum(costs), rel=1e-12)
    assert margin == pytest.approx(0.35 * values(flow, "revenue"), rel=1e-12)


@pytest.mark.slow
def test_groups_add_up_to_the_total(fitted):
    total = remaining_value(*fitted, costs=COSTS, by="total", **TERMS)
    groups = remaining_value(*fitted, costs=COSTS, by="channel", **TERMS)
    for name in ("customers", "negative", "margin", "costs", "remaining_value"):
        assert values(groups, name).sum() == pytest.approx(values(total, name)[0], rel=1e-12)


@pytest.mark.slow
def test_twice_the_money_gives_twice_the_value(log, fitted):
    purchases = fitted[0]
    double = rfm_summary(
        log.assign(amount=2 * log["amount"]), amount="amount", time_unit="week", observation_end="1997-09-30"
    )
    costs = replace(COSTS, per_order=4.0, per_period=0.2, marketing=0.1)
    once = remaining_value(*fitted, costs=COSTS, by_period="month", **TERMS)
    twice = remaining_value(purchases, GammaGamma().fit(double), double, costs=costs, by_period="month", **TERMS)
    for name in ("revenue", "order_cost", "period_cost", "net_cash_flow", "remaining_value"):
        # The fit to doubled amounts is the same to 1e-6 standard errors.
        assert values(twice, name) == pytest.approx(2 * values(once, name), rel=1e-6)


# ---- costs by hand -----------------------------------------------------------------------------------------


def test_costs_of_one_customer_by_hand(fitted):
    """Two months from September 30: charges at the ends of October and November, 31 and 61 days ahead."""
    purchases, spend, rfm = fitted
    one = rfm[np.flatnonzero(rfm.frequency == 2)[:1]]
    terms = {**TERMS, "horizon": "61 days"}
    table = remaining_value(purchases, spend, one, costs=Costs(per_order=2.0, per_period=0.5), **terms)
    orders = values(table, "discounted_purchases")[0]
    served = 0.5 * (1.1 ** (-31 / 365.25) + 1.1 ** (-61 / 365.25))  # an order in the last 12 months: for certain
    assert values(table, "costs")[0] == pytest.approx(2.0 * orders + served, rel=1e-12)
    alive = [purchases.probability_alive(one, f"{days} days")["probability_alive"].to_numpy()[0] for days in (31, 61)]
    charged = 0.5 * sum(chance * 1.1 ** (-days / 365.25) for chance, days in zip(alive, (31, 61), strict=True))
    table = remaining_value(purchases, spend, one, costs=Costs(per_period=0.5, charged_while="alive"), **terms)
    assert values(table, "costs")[0] == pytest.approx(charged, rel=1e-9)


def test_a_customer_who_is_not_served_today_costs_as_much_as_the_chance_of_an_order(fitted):
    """Served within 2 weeks: at the end of October after an order in its last 14 days, weeks 17/7 to 31/7 ahead."""
    purchases, spend, rfm = fitted
    one = rfm[np.flatnonzero((rfm.frequency == 2) & (rfm.T - rfm.recency > 10))[:1]]
    costs = Costs(marketing=1.0, served_within="14 days")
    table = remaining_value(purchases, spend, one, costs=costs, **{**TERMS, "horizon": "31 days"})
    p, state = purchases._parameters, (one.frequency.astype(float), one.T)
    chance = purchases.alive(one) * purchases.process.buys_between_if_active(p, 17 / 7, 31 / 7, *state)
    assert values(table, "costs")[0] == pytest.approx(chance[0] * 1.1 ** (-31 / 365.25), rel=1e-12)


@pytest.mark.slow
def test_a_period_that_is_partly_ahead_is_charged_in_proportion(log):
    rfm = rfm_summary(log, amount="amount", time_unit="day", observation_end="1997-09-10")
    models = MBGNBD().fit(rfm), GammaGamma().fit(rfm)
    flow = remaining_value(*models, rfm, costs=Costs(per_period=1.0), by_period="month", **{**TERMS, "horizon": 30})
    assert list(flow.columns["period"]) == ["1997-09-11", "1997-10-01"]
    assert list(flow.columns["partial"]) == [True, True]
    # All were customers within the last 12 months: 20 of 30 days of September, and 10 of 31 of October.
    assert values(flow, "period_cost") == pytest.approx(len(rfm) * np.array([20 / 30, 10 / 31]), rel=1e-12)


@pytest.mark.slow
def test_costs_are_numbers_columns_or_tables_by_segment(fitted):
    table = remaining_value(*fitted, costs=Costs(per_order={"channel": {"search": 1.0, "social": 3.0}}), **TERMS)
    ratio = values(table, "costs") / values(table, "discounted_purchases")
    channel = np.array(fitted[2].attributes["channel"].to_list())
    assert ratio == pytest.approx(np.where(channel == "search", 1.0, 3.0), rel=1e-12)
    table = remaining_value(*fitted, costs=Costs(per_order="handling"), **TERMS)
    ratio = values(table, "costs") / values(table, "discounted_purchases")
    assert ratio == pytest.approx(1.0 + np.arange(len(ratio)) % 2, rel=1e-12)


# ---- intervals ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "charged_while"), [(MBGNBD, "alive"), (ParetoNBD, "served"), (ParetoNBD, "alive"), (BGNBD, "served")]
)
def test_drawn_cash_flows_have_the_expected_mean(fitted, model, charged_while):
    """Every line of every quarter, within 5 standard errors of 300 draws at the estimated parameters."""
    _, spend, rfm = fitted
    purchases = model().fit(rfm)
    sharp = [replace(each.fit_, hessian=1e12 * each.fit_.hessian, ridges=()) for each in (purchases, spend)]
    purchases.fit_ = sharp[0]
    spend_model = GammaGamma().fit(rfm)
    spend_model.fit_ = sharp[1]
    some = rfm[::16]
    costs = replace(COSTS, charged_while=charged_while, served_within="4 months")
    customers = ValuedCustomers.of(purchases, spend_model, some, ValueTerms.from_keywords(**TERMS), costs)
    periods = periods_after(some.clock, some.observation_end, customers.horizon, "quarter")
    segments = ValueGroups(np.array(["all"]), np.zeros(len(some), dtype=np.intp))
    expected = expected_cash_flow(customers, periods, segments)
    drawn = drawn_cash_flow(customers, periods, segments, 300, 7)
    for line in ("orders", "revenue", "order_cost", "period_cost", "marketing_cost", "net_cash_flow", "present_value"):
        of_draws = getattr(drawn, line)
        error = of_draws.std(axis=0) / np.sqrt(300)
        assert np.all(np.abs(of_draws.mean(axis=0) - getattr(expected, line)) <= 5 * error + 1e-9)


@pytest.mark.slow
def test_intervals_contain_the_expectation_and_do_not_depend_on_the_order_of_customers(fitted):
    purchases, spend, rfm = fitted
    some = rfm[::20]
    options = {"costs": COSTS, "by": "channel", "interval": 0.9, "draws": 40, **TERMS}
    table = remaining_value(purchases, spend, some, **options)
    value, lower, upper = (values(table, f"remaining_value{end}") for end in ("", "_lower", "_upper"))
    assert np.all((lower < value) & (value < upper))
    shuffled = remaining_value(purchases, spend, some[np.arange(len(some))[::-1]], **options)
    assert values(shuffled, "remaining_value_lower") == pytest.approx(lower, rel=1e-12)


@pytest.mark.slow
def test_parameters_that_expect_more_orders_than_memory_holds_give_one_error(fitted, monkeypatch):
    purchases, spend, rfm = fitted
    monkeypatch.setattr(order_times, "MOST_ORDERS", 3)
    with pytest.raises(FitFailed, match="hardly determine the parameters"):
        remaining_value(purchases, spend, rfm[::20], costs=COSTS, interval=0.9, draws=20, by="total", **TERMS)


# ---- periods, and discrete clocks --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_discrete_clock_has_periods_of_whole_opportunities(log):
    rfm = rfm_summary(log, amount="amount", time_unit="month", merge_within="month", observation_end="1997-09-30")
    models = BGBB().fit(rfm), GammaGamma().fit(rfm)
    terms = {**TERMS, "horizon": 6}
    flow = remaining_value(*models, rfm, costs=COSTS, by_period="quarter", interval=0.9, draws=20, **terms)
    assert list(flow.columns["period"]) == ["1997-10-01", "1998-01-01"]
    assert not any(flow.columns["partial"])
    assert flow.total == pytest.approx(remaining_value(*models, rfm, costs=COSTS, **terms).total, abs=0.001)
    with pytest.raises(InvalidOption, match="a week does not consist of whole months"):
        remaining_value(*models, rfm, by_period="week", **terms)


def test_a_horizon_of_zero_is_worth_nothing(fitted):
    flow = remaining_value(*fitted, costs=COSTS, by_period="month", **{**TERMS, "horizon": 0})
    assert flow.total == 0
    assert len(flow.frame()) == 1


@pytest.mark.slow
def test_without_a_date_periods_are_numbered(fitted):
    purchases, spend, rfm = fitted
    undated = replace(rfm, observation_end=None)
    flow = remaining_value(purchases, spend, undated, by_period="month", **TERMS)
    assert list(flow.columns["period"]) == [str(i) for i in range(1, 13)]


# ---- currency and invalid input ----------------------------------------------------------------------------


def test_the_currency_travels_and_two_are_never_added(fitted):
    euros = remaining_value(*fitted, currency="EUR", by="total", **TERMS)
    assert "EUR" in repr(euros)
    assert list(euros.frame()["currency"]) == ["EUR"]
    assert remaining_value(*fitted, costs=Costs(currency="EUR"), **TERMS).currency == "EUR"
    with pytest.raises(InvalidOption, match="EUR and USD cannot be added"):
        remaining_value(*fitted, currency="USD", costs=Costs(currency="EUR"), **TERMS)
    with pytest.raises(InvalidOption, match="cannot be added"):
        euros.plus(remaining_value(*fitted, currency="USD", **TERMS))
    assert euros.plus(euros) == pytest.approx(2 * euros.total)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ({"per_order": -1.0}, "per_order=-1.0 is neither a cost of 0 or more"),
        ({"per_order": float("nan")}, "is neither a cost"),
        ({"marketing": {"channel": {"search": "much"}}}, "marketing of 'search' is 'much'"),
        ({"marketing": {"a": {}, "b": {}}}, "not a table by segment"),
        ({"charged_while": "active"}, "charged_while='active' is not one of 'served', 'alive'"),
        ({"period": "fortnight"}, "period='fortnight' is not one of"),
        ({"currency": "euro"}, "'euro' is not a code of three capital letters"),
        ({"per_order": True, "currency": "€"}, "per_order=True.*'€' is not a code"),
    ],
)
def test_invalid_costs(costs, message):
    with pytest.raises(InvalidOption, match=message):
        Costs(**costs)


def test_costs_that_customers_do_not_have(fitted):
    purchases, spend, rfm = fitted
    holes = pd.DataFrame(
        {"customer_id": rfm.customer_id.to_list(), "fee": np.where(np.arange(len(rfm)) < 2, np.nan, 1)}
    )
    with pytest.raises(InvalidRFM, match=r"per_order: 'fee' is blank for 2 customers \(first: 4, 18\): fill it in"):
        remaining_value(purchases, spend, rfm.with_columns(holes), costs=Costs(per_order="fee"), **TERMS)
    with pytest.raises(InvalidRFM, match="'social', which has no cost"):
        remaining_value(*fitted, costs=Costs(per_order={"channel": {"search": 1.0}}), **TERMS)
    with pytest.raises(InvalidRFM, match="not numbers"):
        remaining_value(*fitted, costs=Costs(per_order="channel"), **TERMS)
    with pytest.raises(InvalidOption, match="Did you mean 'channel'"):
        remaining_value(*fitted, costs=Costs(per_order="chan"), **TERMS)
    extra = Costs(per_order={"channel": {"search": 1.0, "social": 3.0, "radio": 2.0}})
    assert "has radio, to which no customer belongs" in remaining_value(*fitted, costs=extra, **TERMS).text


@pytest.mark.parametrize("model", [BGNBD, NBD])
def test_costs_while_alive_are_refused_where_one_time_buyers_cannot_have_left(fitted, model):
    _, spend, rfm = fitted
    costs = Costs(per_period=1.0, charged_while="alive")
    with pytest.raises(InvalidOption, match=r"charged_while='alive'.*cannot have left"):
        remaining_value(model().fit(rfm), spend, rfm, costs=costs, **TERMS)


@pytest.mark.slow
def test_regular_timing_has_no_windows_and_no_order_times(log, fitted):
    rfm = rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30", intertimes=True)
    models = MBGCNBD(2).fit(rfm), fitted[1]
    assert remaining_value(*models, rfm, costs=Costs(per_order=1.0), **TERMS).total > 0
    with pytest.raises(InvalidOption, match="charge costs per order"):
        remaining_value(*models, rfm, costs=COSTS, **TERMS)
    with pytest.raises(InvalidOption, match="leave out interval="):
        remaining_value(*models, rfm, by="total", interval=0.9, **TERMS)


@pytest.mark.slow
def test_a_negative_margin_and_negative_values_are_counted(fitted):
    table = remaining_value(*fitted, **{**TERMS, "margin": -0.1})
    assert "The margin is negative (-10%)" in table.text.replace("−", "-")
    assert "2,357 of 2,357 values are negative" in table.text
    grouped = remaining_value(*fitted, costs=Costs(per_period=3.0), by="total", **TERMS)
    assert "customers have a negative value" in grouped.text


@pytest.mark.slow
def test_intervals_allow_for_changing_conditions(fitted):
    """Wider than the model's own by default, as wide with `lifetime_value`'s level, and never with another name."""
    some = (*fitted[:2], fitted[2][::20])
    options = {"by": "total", "interval": 0.9, "draws": 40, **TERMS}
    widths = []
    for choice in ("history", "model"):
        table = remaining_value(*some, total_interval=choice, **options)
        widths.append(float(table.columns["remaining_value_upper"][0] - table.columns["remaining_value_lower"][0]))
        codes = [finding.code for finding in table.findings]
        assert ("total-interval-other-shops" in codes) == (choice == "history")
    assert widths[0] > widths[1]
    far = remaining_value(*some, **{**options, "horizon": "5 years"})
    assert "Not tested at this horizon: errors of totals are known up to 365 days, so intervals" in far.text
    with pytest.raises(InvalidOption, match="total_interval='other' is not one of"):
        remaining_value(*some, total_interval="other", **options)


@pytest.mark.slow
def test_intervals_of_single_customers_have_the_mean_of_their_value_and_ignore_other_customers(fitted):
    """Means within 5 standard errors at the estimated parameters, with each kind of cost."""
    purchases, spend, rfm = fitted
    some = rfm[::300]
    models = [clone_with_sharp_fit(model) for model in (purchases, spend)]
    costs = replace(COSTS, charged_while="alive", marketing_while="served", served_within="4 months")
    customers = ValuedCustomers.of(*models, some, ValueTerms.from_keywords(**TERMS), costs)
    drawn = drawn_customer_values(customers, 4000, 7)(np.arange(len(some)))
    error = drawn.std(axis=0) / np.sqrt(4000)
    assert np.all(np.abs(drawn.mean(axis=0) - present_values(customers).value) <= 5 * error + 1e-9)
    options = {"costs": costs, "interval": 0.9, "draws": 100, **TERMS}
    table = remaining_value(purchases, spend, some, **options).columns
    alone = remaining_value(purchases, spend, some[np.array([5])], **options).columns
    assert table["remaining_value_lower"][5] == alone["remaining_value_lower"][0]
    assert table["remaining_value_upper"][5] == alone["remaining_value_upper"][0]
    assert np.all(table["remaining_value_lower"] < table["remaining_value_upper"])


@pytest.mark.slow
def test_without_costs_intervals_of_customers_are_those_of_lifetime_value(fitted):
    purchases, spend, rfm = fitted
    some = rfm[::300]
    customers = ValuedCustomers.of(purchases, spend, some, ValueTerms.from_keywords(**TERMS), None)
    drawn = drawn_customer_values(customers, 2000, 3)(np.arange(len(some)))
    reference = lifetime_value(purchases, spend, some, interval=0.8, **TERMS)
    beyond = (drawn > reference["lifetime_value_upper"].to_numpy()).mean(axis=0)
    # 4 standard errors of 2,000 draws, and the half point up to which `lifetime_value` meets its chance.
    assert beyond == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 2000) + 0.005)


def clone_with_sharp_fit(model):
    """Return a copy of a fitted model whose parameters are known for certain."""
    sharp = copy(model)
    sharp.fit_ = replace(model.fit_, hessian=1e12 * model.fit_.hessian, ridges=())
    return sharp

"""Revenue forecast and equity bridge: sums, draws against expectations, and invalid input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.equity_bridge import STEPS
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.forecasting.revenue.customers_to_come import CustomersToCome
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers

TERMS = {"horizon": "92 days", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = clv.Costs(per_order=1.0, per_period=0.1)
SEASON = clv.Calendar(season=1.0 + 0.5 * np.cos(2 * np.pi * (np.arange(366) - 350) / 366))  # most before Christmas
PLAN = clv.AcquisitionPlan(customers={"1997-10": 300, "1997-12": 350}, cac=5.0, spread=0.0)


@pytest.fixture(scope="module")
def log():
    log = clv.datasets.load_cdnow(sample=True)
    late = log["customer_id"].isin(
        np.unique(log["customer_id"])[::9]
    )  # a ninth of the customers arrive half a year later
    return log.assign(date=pd.to_datetime(log["date"].astype(str)) + pd.to_timedelta(np.where(late, 182, 0), unit="D"))


def base(log, day, **changes):
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=day)
    models = {"purchases": clv.MBGNBD().fit(rfm), "spend": clv.GammaGamma().fit(rfm)}
    terms = {"horizon": "1 year", "annual_discount_rate": 0.1, "margin": 0.35, "costs": COSTS}
    return clv.BaseValuation(rfm=rfm, **{**models, **terms, **changes})


@pytest.fixture(scope="module")
def opening(log):
    return base(log, "1997-06-30")


@pytest.fixture(scope="module")
def closing(log):
    changes = {
        "margin": 0.3,
        "costs": replace(COSTS, per_order=1.5),
        "annual_discount_rate": 0.08,
        "horizon": "2 years",
    }
    return base(log, "1997-09-30", **changes)


# ---- the bridge --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_steps_add_up_to_the_closing(opening, closing):
    table = clv.equity_bridge(opening, closing).frame().set_index("step")
    assert tuple(table.index) == STEPS
    amounts = table["amount"]
    assert amounts.iloc[:-1].sum() == pytest.approx(amounts["closing"], abs=0.001)  # well within a cent
    assert amounts["opening"] == pytest.approx(opening.equity)
    assert amounts["closing"] == pytest.approx(closing.equity)
    assert table["balance"].iloc[-2] == pytest.approx(table["balance"].iloc[-1], abs=0.001)
    assert amounts["discount_unwound"] == pytest.approx((1.1 ** (92 / 365.25) - 1) * opening.equity)
    assert amounts["acquired"] > 0
    assert amounts["assumption_margin"] < 0
    assert amounts["assumption_costs"] < 0
    assert amounts["assumption_rate"] > 0
    assert amounts["assumption_horizon"] > 0


@pytest.mark.slow
def test_with_equal_terms_and_models_only_time_has_an_effect(log, opening):
    """The same models and terms at both dates: no re-estimation, and no change of assumptions."""
    later = replace(opening, rfm=clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30"))
    amounts = clv.equity_bridge(opening, later).frame().set_index("step")["amount"]
    for step in ("reestimation", "assumption_margin", "assumption_costs", "assumption_rate", "assumption_horizon"):
        assert amounts[step] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_released_cash_is_the_cash_flow_that_was_expected(opening):
    """The opening's expected net cash of July to September, with interest to the end of September."""
    later = replace(opening, horizon="92 days")
    flow = clv.remaining_value(later.purchases, later.spend, later.rfm, costs=COSTS, by_period="month", **TERMS)
    assert flow.total == pytest.approx(later.equity)


@pytest.mark.slow
def test_invalid_bases(log, opening, closing):
    with pytest.raises(InvalidOption, match=r"closing \(1997-06-30\) is not later"):
        clv.equity_bridge(closing, opening)
    with pytest.raises(InvalidRFM, match="customers of the opening are missing"):
        clv.equity_bridge(opening, replace(closing, rfm=closing.rfm[::2]))
    with pytest.raises(InvalidOption, match="EUR and USD cannot be added"):
        clv.equity_bridge(replace(opening, currency="EUR"), replace(closing, currency="USD"))
    with pytest.raises(InvalidOption, match="has no date"):
        replace(opening, rfm=replace(opening.rfm, observation_end=None))
    daily = clv.rfm_summary(log, amount="amount", time_unit="day", observation_end="1997-09-30")
    with pytest.raises(ClockMismatch, match="summarize both with the same clock"):
        clv.equity_bridge(opening, replace(closing, rfm=daily))


# ---- the forecast ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_revenue_is_that_of_existing_customers_and_customers_to_come(opening):
    models = opening.purchases, opening.spend, replace(opening.rfm, observation_end="1997-09-30")
    forecast = clv.revenue_forecast(*models, plan=PLAN, costs=COSTS, currency="EUR", draws=20, **TERMS)
    table, equity = forecast.frame(), forecast.equity.set_index("line")
    flow = clv.remaining_value(*models, costs=COSTS, by_period="month", **TERMS)
    assert table["existing"].to_numpy() == pytest.approx(flow.columns["revenue"])
    assert table["revenue"].to_numpy() == pytest.approx((table["existing"] + table["new"]).to_numpy())
    assert table["new_customers"].tolist() == [300, 0, 350]
    assert equity.loc["current_customers", "present_value"] == pytest.approx(flow.total)
    assert equity.loc["customers_to_come", "customers"] == 650
    assert set(table["currency"]) == {"EUR"}
    alone = clv.revenue_forecast(*models, draws=20, **TERMS)
    assert alone.frame()["new"].tolist() == [0, 0, 0]
    assert "of existing customers only" in alone.text


@pytest.mark.slow
@pytest.mark.parametrize("calendar", [None, SEASON])
def test_drawn_customers_to_come_have_the_expected_mean(opening, calendar):
    """Revenue of each month and the value, within 5 standard errors of 150 draws at the estimated parameters."""
    rfm = replace(opening.rfm, observation_end="1997-09-30", clock=replace(opening.rfm.clock, calendar=calendar))
    sharp = {}
    for name in ("purchases", "spend"):
        sharp[name] = type(getattr(opening, name))().fit(rfm)
        sharp[name].fit_ = replace(sharp[name].fit_, hessian=1e12 * sharp[name].fit_.hessian, ridges=())
    terms = ValueTerms.from_keywords(**TERMS)
    customers = ValuedCustomers.of(sharp["purchases"], sharp["spend"], rfm, terms, COSTS)
    to_come = CustomersToCome.of(customers, PLAN, periods_after(rfm.clock, "1997-09-30", customers.horizon, "month"))
    revenue, value = to_come.expected()
    drawn, values = to_come.draw(150, 5, None)
    assert np.all(np.abs(drawn.mean(axis=0) - revenue) <= 5 * drawn.std(axis=0) / np.sqrt(150))
    assert abs(values.mean() - value) <= 5 * values.std() / np.sqrt(150)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("customers", "message"),
    [
        ({"1997-09": 300}, "customers in 1997-09, but the forecast goes from 1997-10 to 1997-12"),
        ({"1998-01": 300}, "customers in 1998-01"),
    ],
)
def test_a_plan_outside_the_forecast_is_refused(opening, customers, message):
    models = opening.purchases, opening.spend, replace(opening.rfm, observation_end="1997-09-30")
    with pytest.raises(InvalidOption, match=message):
        clv.revenue_forecast(*models, plan=clv.AcquisitionPlan(customers=customers), draws=20, **TERMS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customers": {"October": 3}}, "is not a number of customers in a month written YYYY-MM"),
        ({"customers": {"1997-10": -3}}, "is not a number of customers"),
        ({"customers": {}, "cac": "much"}, "cac='much' must be a number of 0 or more"),
        ({"customers": {}, "spread": -1.0}, r"spread=-1\.0 must be"),
    ],
)
def test_invalid_plans(arguments, message):
    with pytest.raises(InvalidOption, match=message):
        clv.AcquisitionPlan(**arguments)

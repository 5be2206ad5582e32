"""Sums over large bases from samples of futures: against the futures of all customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clvmodels.estimators.purchases import MBGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.processes import gamma_gamma, mbgnbd
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import drawn_cash_flow
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.drawn import sampled_sums
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.remaining_value import remaining_value
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = Costs(per_order=2.0, per_period=0.1)
PURCHASES = mbgnbd.Parameters(0.6, 10.0, 0.8, 3.0)  # times in weeks


def simulated(customers, q=4.0):
    """Return the RFM of simulated customers."""
    generator, age = np.random.default_rng(7), np.full(customers, 60.0)
    history = mbgnbd.PROCESS.simulate(PURCHASES, age, generator)
    spend = gamma_gamma.simulate(gamma_gamma.Parameters(6.0, q, 15.0 * q), history.x, generator)
    columns = {"frequency": history.x.astype(int), "recency": history.t_x, "T": age, "monetary_value": spend}
    return RFM.from_frame(pd.DataFrame(columns).assign(customer_id=np.arange(customers)), time_unit="week")


@pytest.fixture(scope="module")
def base():
    rfm = simulated(4_000)
    return MBGNBD().fit(rfm), GammaGamma().fit(rfm), rfm


@pytest.fixture
def sampling(monkeypatch):
    """Return a function that sets the size of the samples, and the largest base that needs none."""

    def change(size, of_group=10, whole=100):
        for name, value in (("SAMPLE_SIZE", size), ("LEAST_OF_GROUP", of_group), ("LARGEST_WHOLE", whole)):
            monkeypatch.setattr(sampled_sums, name, value)

    return change


def flows(base, draws, level=None):
    """Return the drawn cash flow by quarter of two groups, one of them a third of the customers."""
    purchases, spend, rfm = base
    customers = ValuedCustomers.of(purchases, spend, rfm, ValueTerms.from_keywords(**TERMS), COSTS)
    periods = periods_after(rfm.clock, rfm.observation_end, customers.horizon, "quarter")
    codes = np.where(np.arange(len(rfm)) % 3 == 0, 0, 1)
    groups = ValueGroups(np.array(["a", "b"], dtype=object), codes)
    return drawn_cash_flow(customers, periods, groups, draws, 3, level)


def test_a_sample_of_all_customers_is_the_whole(base, sampling):
    level = np.linspace(0.8, 1.2, 6)
    sampling(10, whole=len(base[2]))
    whole = flows(base, 6, level)
    sampling(1e9)
    sampled = flows(base, 6, level)
    # The draws are equal; the sums add and subtract the expectation of a few thousand.
    assert sampled.net_cash_flow == pytest.approx(whole.net_cash_flow, abs=1e-8)
    assert sampled.present_value == pytest.approx(whole.present_value, abs=1e-8)


@pytest.mark.slow
def test_sums_of_a_sample_have_the_mean_and_the_spread_of_those_of_all(base, sampling):
    draws = 600
    sampling(10, whole=len(base[2]))
    whole = flows(base, draws)
    sampling(600, of_group=200)
    sampled = flows(base, draws)
    for line in ("orders", "revenue", "net_cash_flow", "present_value"):
        spread = getattr(whole, line).std(axis=0)
        # The mean of draws under other parameters is not exactly that under the estimates: 5 standard errors of it.
        assert np.all(abs(getattr(sampled, line).mean(axis=0) - getattr(whole, line).mean(axis=0)) < 5 * spread * 0.06)
        # Standard deviations of 600 draws have a standard error of 3 %, their ratio of 4 %; the variance of 200
        # customers stands for that of a group: 10 %.
        assert getattr(sampled, line).std(axis=0) / spread == pytest.approx(1, abs=0.35)
        total = getattr(sampled, line).sum(axis=(1, 2)).std() / getattr(whole, line).sum(axis=(1, 2)).std()
        assert total == pytest.approx(1, abs=0.2)
    assert sampled.net_cash_flow == pytest.approx(sampled.margin - sampled.order_cost - sampled.period_cost)


def test_sampled_sums_do_not_depend_on_the_order_of_customers(base, sampling):
    purchases, spend, rfm = base
    sampling(300)
    options = {**TERMS, "by_period": "year", "interval": 0.9, "draws": 20}
    one = remaining_value(purchases, spend, rfm, costs=COSTS, **options)
    other = remaining_value(purchases, spend, rfm[::-1], costs=COSTS, **options)
    for name in ("net_cash_flow_lower", "remaining_value_upper"):
        assert other.columns[name] == pytest.approx(one.columns[name], rel=1e-12)
    assert "money-sampled-futures" in [finding.code for finding in one.findings]


def test_money_with_an_infinite_variance_is_drawn_for_all(sampling, monkeypatch):
    rfm = simulated(1_500, q=1.3)
    base = MBGNBD().fit(rfm), GammaGamma().fit(rfm), rfm
    sampling(100)
    monkeypatch.setattr(sampled_sums, "_Chances", None)  # a sample would fail
    flows(base, 20)

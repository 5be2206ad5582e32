"""Elasticities: by hand from drawn rates and hazards, identities, and invalid input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.decisions.elasticities import _with_hazard
from clvmodels.errors import InvalidOption
from clvmodels.valuation.cash_flow import present_values
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
COSTS = clv.Costs(per_order=2.0, per_period=0.1)


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm


def by_driver(result):
    return result.frame().set_index("driver")


@pytest.mark.parametrize(
    "model", [clv.MBGNBD, *(pytest.param(each, marks=pytest.mark.slow) for each in (clv.BGNBD, clv.ParetoNBD, clv.NBD))]
)
def test_a_scaled_hazard_by_mixing_over_rates_and_hazards(fitted, model):
    """The mean over 200,000 draws of a customer's own rate and hazard, given the history, within 5 standard errors."""
    _, spend, rfm = fitted
    one = rfm[np.flatnonzero(rfm.frequency == 3)[:1]]
    purchases = model().fit(rfm) if model is not clv.MBGNBD else fitted[0]
    p, x, T = purchases._parameters, 3.0, float(one.T[0])
    generator = np.random.default_rng(1)
    rate = generator.standard_gamma(p.r + x, 200_000) / (p.alpha + T)
    hazard = {
        "nbd": lambda: np.zeros_like(rate),
        "bgnbd": lambda: rate * generator.beta(p.a, p.b + x, len(rate)),
        "mbgnbd": lambda: rate * generator.beta(p.a, p.b + x + 1, len(rate)),
        "pareto_nbd": lambda: generator.standard_gamma(p.s, len(rate)) / (p.beta + T),
    }[purchases.process.name]()
    customers = ValuedCustomers.of(purchases, spend, one, ValueTerms.from_keywords(**TERMS), clv.Costs(per_order=2.0))
    ends = 0.5 * hazard + customers.rate
    orders = rate * -np.expm1(-ends * customers.horizon) / ends
    per_order = 0.35 * customers.expectations.spend_per_order[0] - 2.0
    value = per_order * purchases.alive(one)[0] * orders
    error = value.std() / np.sqrt(len(value))
    assert _with_hazard(customers, 0.5) == pytest.approx(value.mean(), abs=5 * error)


@pytest.mark.slow
@pytest.mark.parametrize("charged_while", ["served", "alive"])
def test_the_same_hazard_gives_the_same_value(fitted, charged_while):
    costs = replace(COSTS, charged_while=charged_while)
    customers = ValuedCustomers.of(*fitted, ValueTerms.from_keywords(**TERMS), costs)
    assert _with_hazard(customers, 1.0) == pytest.approx(np.nansum(present_values(customers).value), rel=1e-12)


@pytest.mark.slow
def test_elasticities_are_one_without_costs_and_grow_with_them(fitted):
    free, costly = (by_driver(clv.elasticities(*fitted, costs=costs, **TERMS)) for costs in (None, COSTS))
    for driver in ("purchase_rate", "spend", "margin"):
        assert free.loc[driver, "elasticity"] == pytest.approx(1.0, abs=1e-9)
    assert free.loc["dropout", "elasticity"] < 0
    value = clv.remaining_value(*fitted, costs=COSTS, **TERMS)
    margin = value.columns["margin"].sum()
    assert costly.loc["spend", "elasticity"] == pytest.approx(margin / value.total)
    assert costly.loc["margin", "value"] == pytest.approx(value.total)
    richer = clv.remaining_value(*fitted, costs=COSTS, **{**TERMS, "margin": 0.35 * 1.01})
    assert costly.loc["margin", "changed_value"] == pytest.approx(richer.total)


@pytest.mark.slow
def test_customers_to_come_are_a_line_of_their_own(fitted):
    plan = clv.AcquisitionPlan(customers={"1997-10": 300, "1997-11": 200}, cac=5.0)
    terms = {**TERMS, "horizon": "92 days", "currency": "USD"}
    result = clv.elasticities(*fitted, plan=plan, **terms)
    row = by_driver(result).loc["acquisitions"]
    assert row["line"] == "customers_to_come"
    assert row["elasticity"] == pytest.approx(1.0)
    forecast = clv.revenue_forecast(*fitted, plan=plan, draws=20, **terms)
    assert row["value"] == pytest.approx(forecast.equity["present_value"][1])
    assert "not an effect" in result.text
    assert "held fixed" in clv.elasticities(*fitted, costs=COSTS, **TERMS).text


def test_nothing_to_divide_by(fitted):
    table = by_driver(clv.elasticities(*fitted, **{**TERMS, "margin": 0.0}))
    assert table["elasticity"].isna().all()


@pytest.mark.slow
def test_models_without_one_hazard_per_customer_are_refused(fitted):
    log = clv.datasets.load_cdnow(sample=True).head(300)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="month", merge_within="month")
    models = clv.BGBB().fit(rfm), clv.GammaGamma().fit(rfm)
    with pytest.raises(InvalidOption, match="leave at a constant hazard, which BG/BB is not"):
        clv.elasticities(*models, rfm, **TERMS)

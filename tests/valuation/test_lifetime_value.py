"""Lifetime value: the formula against numerical integration, in any unit of time, and invalid options."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from clvmodels.datasets import load_cdnow
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.purchases import BGNBD
from clvmodels.estimators.spend import GammaGamma
from clvmodels.processes.bgnbd import PROCESS, Parameters
from clvmodels.transactions.summary import RFM, rfm_summary
from clvmodels.valuation.discounting import CONVENTIONS
from clvmodels.valuation.lifetime_value import NO_MEAN_PURCHASES, lifetime_value
from clvmodels.valuation.value_terms import ValueTerms

YEAR = 365.25


@pytest.fixture(scope="module")
def log():
    return load_cdnow(sample=True)


def models(log, **options):
    rfm = rfm_summary(log, amount="amount", observation_end="1997-09-30", **{"time_unit": "week"} | options)
    return BGNBD().fit(rfm), GammaGamma().fit(rfm), rfm


@pytest.fixture(scope="module")
def weekly(log):
    return models(log)


def value(fitted, **options):
    defaults = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    return lifetime_value(*fitted, **defaults | options)


def column(frame, name="lifetime_value"):
    return np.asarray(frame[name].to_numpy(), dtype=float)


# ---- the formula -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_value_is_the_integral_of_discounted_margins(weekly):
    """margin x E[M] x the integral of (1 + d)^(-t/365.25) m(t) over a year of days t, by a fine Simpson's rule."""
    purchases, spend, rfm = weekly
    some = rfm[::60]
    p = Parameters(**{name: np.float64(parameter) for name, parameter in purchases.parameters_.items()})
    x, t_x, T = some.frequency.astype(float), some.recency, some.T
    days = np.linspace(0, YEAR, 401)
    weights = np.ones(401)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    weights *= (days[1] - days[0]) / 3
    alive, total = PROCESS.probability_alive(p, x, t_x, T), np.zeros(len(some))
    for day, weight in zip(days, weights, strict=True):
        per_day = alive * PROCESS.intensity_if_active(p, day / 7, x, T) / 7
        total += weight * 1.1 ** (-day / YEAR) * per_day
    expected = 0.35 * column(spend.expected_spend(some), "expected_spend") * total
    # Simpson's rule with steps of 0.9 days, while the intensity takes months to halve: error about 1e-9.
    assert column(value((purchases, spend, some))) == pytest.approx(expected, rel=1e-8)


@pytest.mark.slow
def test_the_columns_multiply_to_the_value(weekly):
    table = value(weekly)
    assert list(table.columns) == [
        "customer_id",
        "expected_purchases",
        "discounted_purchases",
        "expected_spend",
        "lifetime_value",
        "reason",
    ]
    product = 0.35 * column(table, "discounted_purchases") * column(table, "expected_spend")
    assert column(table) == pytest.approx(product, rel=1e-14)
    assert table["reason"].isna().all()
    purchases, spend, rfm = weekly
    expected = column(purchases.expected_purchases(rfm, "12 months"), "expected_purchases")
    assert column(table, "expected_purchases") == pytest.approx(expected, rel=1e-12)
    discounted = column(purchases.discounted_purchases(rfm, "12 months", 0.10), "discounted_purchases")
    assert column(table, "discounted_purchases") == pytest.approx(discounted, rel=1e-12)
    assert column(table, "expected_spend") == pytest.approx(column(spend.expected_spend(rfm), "expected_spend"))


@pytest.mark.slow
@pytest.mark.parametrize("discounting", CONVENTIONS)
def test_without_a_rate_nothing_is_discounted(weekly, discounting):
    table = value(weekly, annual_discount_rate=0.0, discounting=discounting)
    # The sum of the differences between month ends has rounding errors.
    assert column(table, "discounted_purchases") == pytest.approx(column(table, "expected_purchases"), rel=1e-12)


@pytest.mark.slow
def test_the_discount_of_a_year_is_between_none_and_the_full_rate(weekly):
    table = value(weekly)
    ratio = column(table, "discounted_purchases") / column(table, "expected_purchases")
    assert np.all((ratio > 1 / 1.1) & (ratio < 1))
    # The mean purchase is a little before the middle of the year: 1.1^-0.5 = 0.953.
    assert np.all(ratio > 1.1**-0.51)


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["day", "month", "year"])
@pytest.mark.parametrize("discounting", CONVENTIONS)
def test_the_unit_of_time_does_not_change_the_money(log, weekly, unit, discounting):
    other = models(log, time_unit=unit)
    for horizon in ("12 months", "90 days", "39 weeks"):
        reference = column(value(weekly, horizon=horizon, discounting=discounting))
        # Two fits, each within 1e-6 standard errors of the maximum.
        assert column(value(other, horizon=horizon, discounting=discounting)) == pytest.approx(reference, rel=1e-6)


@pytest.mark.slow
def test_discounting_at_period_ends_matches_a_computation_by_hand(weekly):
    """Three and a half months: purchases of a month are discounted from its end, the last ones from the horizon."""
    purchases, spend, rfm = weekly
    month = YEAR / 12 / 7
    ends = [month, 2 * month, 3 * month, 107.0 / 7]
    until = [column(purchases.expected_purchases(rfm, end), "expected_purchases") for end in ends]
    discounted = sum(
        1.1 ** (-7 * end / YEAR) * (now - before)
        for end, now, before in zip(ends, until, [0.0, *until[:-1]], strict=True)
    )
    expected = 0.35 * discounted * column(spend.expected_spend(rfm), "expected_spend")
    result = value(weekly, horizon="107 days", discounting="period_end")
    assert column(result) == pytest.approx(expected, rel=1e-10)
    assert np.all(column(result) < column(value(weekly, horizon="107 days")))  # money later is worth less


@pytest.mark.slow
def test_shorter_periods_approach_continuous_discounting(weekly):
    purchases, spend, rfm = weekly
    few = (purchases, spend, rfm[:200])
    continuous = column(value(few))
    gaps = [
        np.max(np.abs(column(value(few, discounting="period_end", period=period)) / continuous - 1))
        for period in ("year", "month", "week", "day")
    ]
    # On average, purchases are half a period before its end, and a little more if most are early.
    halves = 0.5 * np.array([1, 1 / 12, 7 / YEAR, 1 / YEAR])
    assert gaps == pytest.approx(halves * np.log(1.1), rel=0.15)


@pytest.mark.slow
def test_a_whole_number_of_periods_leaves_no_remainder(weekly):
    """Twelve months are one year: rounding must not add a tiny thirteenth month."""
    monthly = column(value(weekly, horizon="12 months", discounting="period_end"))
    assert column(value(weekly, horizon="1 year", discounting="period_end")) == pytest.approx(monthly, rel=1e-13)
    yearly = value(weekly, horizon="12 months", discounting="period_end", period="year")
    assert column(yearly, "discounted_purchases") == pytest.approx(
        column(yearly, "expected_purchases") / 1.1, rel=1e-12
    )


# ---- properties --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_value_grows_with_the_horizon_and_the_margin_and_falls_with_the_rate(weekly):
    base = column(value(weekly))
    assert np.all(column(value(weekly, horizon="24 months")) > base)
    assert np.all(column(value(weekly, annual_discount_rate=0.2)) < base)
    assert column(value(weekly, margin=0.7)) == pytest.approx(2 * base, rel=1e-14)
    assert column(value(weekly, margin=-0.35)) == pytest.approx(-base, rel=1e-14)
    assert np.all(column(value(weekly, margin=0.0)) == 0)
    assert np.all(column(value(weekly, horizon=0)) == 0)
    assert all(np.all(column(value(weekly, horizon=0, discounting=each)) == 0) for each in CONVENTIONS)


@pytest.mark.slow
def test_a_lifetime_is_every_future_purchase(weekly):
    purchases, _, rfm = weekly
    endless = value(weekly, horizon="lifetime")
    dert = column(purchases.dert(rfm, 0.10), "dert")
    assert column(endless, "discounted_purchases") == pytest.approx(dert, rel=1e-12)
    # e^-40 of a purchase is left after 40 / log(1.1) years.
    assert column(endless) == pytest.approx(column(value(weekly, horizon="420 years")), rel=1e-9)
    # a <= 1: customers may stay forever, so the number of their purchases has no mean
    assert endless["expected_purchases"].isna().all()
    assert set(endless["reason"]) == {NO_MEAN_PURCHASES}


@pytest.mark.slow
def test_the_interval_of_a_lifetime_holds_its_mean(weekly):
    purchases, spend, rfm = weekly
    total = value((purchases, spend, rfm[:100]), horizon="lifetime", interval=0.9, by="total", draws=40)
    lower, mean, upper = (column(total, f"lifetime_value{end}")[0] for end in ("_lower", "", "_upper"))
    assert lower < mean < upper


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"annual_discount_rate": 0.0}, "horizon='lifetime' needs a positive annual_discount_rate, not 0.0"),
        ({"annual_discount_rate": -0.05}, "can be infinite"),
        ({"discounting": "period_end"}, "horizon='lifetime' has no last period"),
    ],
)
def test_a_lifetime_without_a_finite_value_is_refused(weekly, options, match):
    with pytest.raises(InvalidOption, match=match):
        value(weekly, horizon="lifetime", **options)


def test_a_value_after_costs_needs_an_end(weekly):
    terms = ValueTerms(horizon="lifetime", annual_rate=0.1)
    assert terms.text.startswith("all future purchases, discounted")
    with pytest.raises(InvalidOption, match="has no end, so it is possible only in lifetime_value and in clv report"):
        terms.length(weekly[2].clock)


@pytest.mark.parametrize(("horizon", "same"), [(52, "52 weeks"), ("364 days", "52 weeks"), ("8736 hours", 52.0)])
def test_horizons_are_numbers_or_texts(weekly, horizon, same):
    assert column(value(weekly, horizon=horizon)) == pytest.approx(column(value(weekly, horizon=same)), rel=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_the_result_is_a_frame_of_the_kind_of_the_log(log, kind, frame):
    fitted = models(log if kind == "pandas" else pl.from_pandas(log))
    result = value(fitted)
    assert isinstance(result, frame)
    assert list(result["customer_id"]) == fitted[2].customer_id.to_list()


@pytest.mark.slow
def test_changing_the_result_changes_nothing_else(log):
    fitted = models(log)
    before = fitted[2].to_frame()
    changed = value(fitted)
    for name in changed.columns[:-1]:  # the last column has the reason of a missing value
        changed.loc[:, name] = 0
    pd.testing.assert_frame_equal(fitted[2].to_frame(), before)
    assert column(value(fitted)).sum() > 0


@pytest.mark.slow
def test_a_model_values_customers_as_of_a_later_day(log, weekly):
    later = rfm_summary(log, amount="amount", time_unit="week", observation_end="1998-06-30")
    table = value((*weekly[:2], later))
    assert len(table) == 2357
    assert np.all(np.isfinite(column(table)))


@pytest.mark.slow
def test_a_value_without_a_mean_spend_is_missing_with_its_reason():
    generator = np.random.default_rng(3)
    n = 500
    x = generator.integers(0, 5, n)
    T = np.full(n, 40.0)
    spend = generator.gamma(3.0 * np.maximum(x, 1)) / (generator.gamma(0.6, size=n) / 10) / np.maximum(x, 1)
    frame = pd.DataFrame(
        {
            "customer_id": range(n),
            "frequency": x,
            "recency": np.where(x > 0, T * generator.uniform(0.1, 1, n), 0.0),
            "T": T,
            "monetary_value": np.where(x > 0, spend, np.nan),
        }
    )
    rfm = RFM.from_frame(frame, time_unit="week")
    table = value((BGNBD().fit(rfm), GammaGamma().fit(rfm), rfm))
    once = x == 0
    assert np.array_equal(np.isnan(column(table)), once)
    assert table["reason"][once].str.contains("too widely for a mean to exist").all()
    assert table["reason"][~once].isna().all()
    assert np.all(np.isfinite(column(table, "discounted_purchases")))


# ---- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"horizon": "a while"}, "horizon="),
        ({"horizon": -1}, "horizon="),
        ({"annual_discount_rate": -1.0}, "annual_discount_rate="),
        ({"annual_discount_rate": np.nan}, "annual_discount_rate="),
        ({"annual_discount_rate": 10}, "ten percent is 0.10"),
        ({"margin": np.nan}, "margin="),
        ({"margin": 35}, "0.35 for 35 %"),
        ({"discounting": "weekly"}, "discounting='weekly' is not one of 'continuous', 'period_end'"),
        ({"period": "fortnight"}, "period='fortnight' is not one of 'hour', 'day', 'week', 'month', 'year'"),
        ({"horizon": "100 years", "discounting": "period_end", "period": "hour"}, "name a longer period"),
    ],
)
def test_invalid_options_are_refused(weekly, options, match):
    with pytest.raises(InvalidOption, match=match):
        value(weekly, **options)


def test_the_rate_has_no_unit_that_could_be_wrong(weekly):
    """There is no argument for the period of the rate or the unit of the data: the clock has both."""
    with pytest.raises(TypeError, match="freq"):
        value(weekly, freq="D")
    with pytest.raises(TypeError):
        lifetime_value(*weekly, "12 months", 0.1, 0.35)


@pytest.mark.slow
def test_different_clocks_are_refused(log, weekly):
    purchases, spend, rfm = weekly
    daily_purchases, daily_spend, daily = models(log, time_unit="day")
    for fitted in ((purchases, daily_spend, rfm), (daily_purchases, spend, rfm), (purchases, spend, daily)):
        with pytest.raises(ClockMismatch):
            value(fitted)


def test_models_must_be_fitted(weekly):
    purchases, spend, rfm = weekly
    for fitted in ((BGNBD(), spend, rfm), (purchases, GammaGamma(), rfm)):
        with pytest.raises(InvalidOption, match="has not been fitted"):
            value(fitted)

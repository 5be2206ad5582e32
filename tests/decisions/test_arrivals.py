"""Arrivals and revenue backtests: by hand, and invalid input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.decisions.revenue_backtest import _last_day, _scale
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.revenue.arrivals import _expected, _spread
from clvmodels.forecasting.revenue.cohort_drift import cohort_drift
from clvmodels.forecasting.revenue.month_totals import month_totals

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "b", "b", "c", "d", "d", "e"],
        "date": ["2024-01-01", "2024-01-20", "2024-02-10", "2024-02-11", "2024-03-01", "2024-03-31", "2024-04-10"],
        "amount": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
    }
)


def history(end, log=LOG):
    return clv.KnownHistory.from_log(log, amount="amount", time_unit="day", observation_end=end)


def test_month_totals_by_hand():
    totals = month_totals(history("2024-04-15"))
    assert totals.months == ("2024-01", "2024-02", "2024-03", "2024-04")
    assert totals.partial.tolist() == [False, False, False, True]
    assert totals.revenue.tolist() == [3.0, 12.0, 48.0, 64.0]
    assert totals.revenue_of_new.tolist() == [3.0, 8.0, 48.0, 64.0]
    assert totals.new_customers.tolist() == [2, 1, 1, 1]


def test_arrivals_are_the_mean_of_three_months_and_a_part_of_a_month_has_its_share():
    """After April 15 half of April is ahead, and so are 15 of the 31 days of May; whole months brought 2, 1, 1."""
    plan = clv.forecast_arrivals(history("2024-04-15"), horizon=30, cac=3.0)
    assert plan.customers == pytest.approx({"2024-04": 4 / 3 * 15 / 30, "2024-05": 4 / 3 * 15 / 31})
    assert (plan.cac, plan.spread) == (3.0, 0.5)
    with pytest.raises(InvalidOption, match="covers no whole month"):
        clv.forecast_arrivals(history("2024-01-15"), horizon=30)


def test_a_season_is_that_of_the_year_before_times_the_growth_of_three_months():
    counts = np.array([*range(1, 13), *(2 * i for i in range(1, 13))], dtype=float)
    assert _expected(counts, 14).tolist() == [4.0 * i for i in (*range(1, 13), 1, 2)]
    assert _expected(counts[:23], 2).tolist() == [20.0, 20.0]  # of 20, 18 and 22


def test_arrivals_follow_a_calendar_of_their_own():
    """April has half the speed of the months before, and May three times as much."""
    periods = [
        clv.CalendarPeriod("quiet", "2024-04-01", "2024-04-30", 0.5),
        clv.CalendarPeriod("campaign", "2024-05-01", "2024-05-31", 3.0, "promotion"),
    ]
    calendar = clv.Calendar(periods=periods)
    plan = clv.forecast_arrivals(history("2024-03-31"), horizon=61, arrival_calendar=calendar)
    assert plan.customers == pytest.approx({"2024-04": 4 / 3 * 0.5, "2024-05": 4 / 3 * 3})
    same = clv.forecast_arrivals(history("2024-03-31"), horizon=61, arrival_calendar=clv.Calendar())
    assert same == clv.forecast_arrivals(history("2024-03-31"), horizon=61)
    with pytest.raises(InvalidOption, match="arrival_calendar='auto' must be a Calendar"):
        clv.forecast_arrivals(history("2024-03-31"), horizon=61, arrival_calendar="auto")
    closed = clv.Calendar(periods=[clv.CalendarPeriod("closed", "2024-01-01", "2024-03-31", 0, "closed")])
    with pytest.raises(InvalidOption, match="has speed 0 in the last three months"):
        clv.forecast_arrivals(history("2024-03-31"), horizon=61, arrival_calendar=closed)


def test_the_spread_is_that_of_earlier_windows():
    assert _spread(np.full(30, 50.0), 3) == 0.1  # never off, but at least a tenth
    assert _spread(np.array([5.0, 5, 5, 5]), 3) == 0.5  # one window says nothing
    counts = np.array([10.0, 10, 10, 20, 20, 20])
    # Windows of one month: 20 against 10, 20 against 40/3, and 20 against 50/3.
    errors = [np.log(20.5 / (mean + 0.5)) for mean in (10, 40 / 3, 50 / 3)]
    assert _spread(counts, 1) == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_the_scale_is_the_naive_error_before_the_cutoff():
    totals = month_totals(history("2024-04-30"))
    assert _scale(totals, "2024-03-31") == pytest.approx(np.sqrt((9**2 + 36**2) / 2))
    assert _last_day("2024-01-31", 1) == "2024-02-29"


@pytest.fixture(scope="module")
def shop():
    """Return a shop of three years with arrivals all the time."""
    parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    log = clv.simulate_log(1_500, parameters, start="2021-01-01", end="2022-12-31", random_state=3)
    return log.assign(amount=np.random.default_rng(0).gamma(4.0, 5.0, len(log)))


@pytest.mark.slow
def test_nothing_after_a_cutoff_reaches_its_forecast(shop):
    options = {"cutoffs": ["2022-06-30"], "months": 2, "draws": 20}
    whole = clv.backtest_revenue(history("2022-12-31", shop), **options)
    early = clv.backtest_revenue(history("2022-08-31", shop), **options)
    pd.testing.assert_frame_equal(whole.table, early.table)
    assert set(whole.table["forecaster"]) == {"revenue_forecast", "seasonal_naive", "naive"}
    row = whole.table[whole.table["forecaster"] == "naive"].iloc[0]
    dates = pd.to_datetime(shop["date"])
    assert row["predicted"] == pytest.approx(shop["amount"][dates.between("2022-06-01", "2022-06-30")].sum(), abs=1.0)
    assert "RMSSE" in whole.text


@pytest.mark.slow
def test_cutoffs_that_leave_too_little_are_refused():
    with pytest.raises(InvalidOption, match="has 3 whole months, and a backtest needs 3 before a cutoff"):
        clv.backtest_revenue(history("2024-03-31"))
    for cutoffs in (["2024-01-15"], ["2024-03-31"], []):
        with pytest.raises(InvalidOption, match="must be last days of months"):
            clv.backtest_revenue(history("2024-03-31"), cutoffs=cutoffs, months=1)
    with pytest.raises(InvalidOption, match="months=0 must be 1 or more"):
        clv.backtest_revenue(history("2024-03-31"), months=0)


def cohorts(*amounts, customers=4):
    """Return a log of monthly cohorts whose customers each order once, for the amount of their cohort."""
    months = pd.period_range("2024-01", periods=len(amounts), freq="M")
    rows = [
        (f"{m}-{i}", f"{m}-01", amount) for m, amount in zip(months, amounts, strict=True) for i in range(customers)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


def test_cohort_drift_by_hand():
    """Cohorts spend 10, 10, 10, 10, 20, 20, 20 without differences within, so nothing is left to chance."""
    drift = cohort_drift(history("2024-08-31", cohorts(10.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0)))
    assert drift.relative_spend == pytest.approx(2 ** (4 / 7))
    errors = np.log([1.0, 2.0, 20 / (40 / 3), 20 / (50 / 3)])
    assert drift.spread == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert cohort_drift(history("2024-08-31", cohorts(10.0, 20.0, 20.0))) == (1.0, 0.2)  # too few cohorts
    plan = clv.forecast_arrivals(history("2024-08-31", cohorts(*[10.0] * 8)), horizon=30, drift=True)
    assert (plan.relative_spend, plan.drift) == (pytest.approx(1.0), pytest.approx(0.0))


def test_customers_to_come_spend_what_their_plan_says_and_drift_widens_their_interval():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    terms = {"horizon": "31 days", "annual_discount_rate": 0.1, "margin": 0.35, "draws": 400, "total_interval": "model"}

    def new(**options):
        plan = clv.AcquisitionPlan(customers={"1997-10": 300}, spread=0.0, **options)
        return clv.revenue_forecast(*models, rfm, plan=plan, **terms).frame().iloc[0]

    plain, doubled, drifting = new(), new(relative_spend=2.0), new(drift=0.3)
    for name in ("new", "new_lower", "new_upper"):
        assert doubled[name] == pytest.approx(2 * plain[name])
    assert drifting["new"] == plain["new"]
    # exp(1.645 * .3 - .045) = 1.57 and exp(-1.645 * .3 - .045) = .58 of the revenue, whose own noise is a few percent.
    # Such quantiles of 400 draws have a standard error of 3 %: at 4 of them.
    assert drifting["new_upper"] / plain["new"] == pytest.approx(1.57, abs=0.2)
    assert drifting["new_lower"] / plain["new"] == pytest.approx(0.58, abs=0.1)

"""Revenue of all customers in the tables of a backtest, customers to come included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.reporting.selection import Selection

OPTIONS = {"amount": "amount", "time_unit": "week", "boosted_trees": False, "draws": 40, "sampled": 100}


@pytest.fixture(scope="module")
def log():
    """A shop whose customers arrive all the time."""
    parameters = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    days = {"start": "2021-01-01", "end": "2022-12-31", "last_arrival": "2022-12-31"}
    return clv.simulate_log(600, parameters, {"p": 6.0, "q": 4.0, "v": 15.0}, random_state=3, **days)


@pytest.fixture(scope="module")
def check(log):
    options = {"horizons": ("13 weeks",), "cutoffs": ["2022-06-30"], "revenue": True}
    return clv.backtest(log, clv.MBGNBD(), clv.GammaGamma(), **options, **OPTIONS)


def spent(log, begin, end):
    return log.loc[(log["date"] > begin) & (log["date"] <= end), "amount"].sum()


@pytest.mark.slow
def test_revenue_of_all_customers_is_scored_next_to_naive_forecasts(log, check):
    rows = check.scores[check.scores["quantity"] == "revenue"].set_index("forecaster")
    actual = spent(log, "2022-06-30", "2022-09-29")
    known = log[log["date"] <= "2022-06-30"]["customer_id"]
    later = log[~log["customer_id"].isin(known)]
    assert spent(later, "2022-06-30", "2022-09-29") > 0.1 * actual  # customers to come matter here
    assert rows["actual"].to_numpy() == pytest.approx(actual)
    assert rows.loc["revenue_year_before", "predicted"] == pytest.approx(spent(log, "2021-07-01", "2021-09-30"))
    assert rows.loc["revenue_before", "predicted"] == pytest.approx(spent(log, "2022-03-31", "2022-06-30"))
    assert rows["bias"].to_numpy() == pytest.approx((rows["predicted"] / actual - 1).to_numpy())


@pytest.mark.slow
def test_the_forecast_is_that_of_what_was_known_at_the_cutoff(log, check):
    total = check.totals.query("quantity == 'revenue'").iloc[0]
    history = clv.KnownHistory.from_log(
        log[log["date"] <= "2022-06-30"], amount="amount", time_unit="week", observation_end="2022-06-30"
    )
    models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    plan = clv.forecast_arrivals(history, horizon="13 weeks")
    terms = {"horizon": "13 weeks", "annual_discount_rate": 0.0, "margin": 1.0, "draws": 40}
    result = clv.revenue_forecast(*models, history.rfm, plan=plan, **terms)
    expected = pd.DataFrame(result.totals).set_index("line").loc["revenue"]
    assert total["predicted"] == pytest.approx(expected["revenue"])
    assert total[["lower", "upper"]].tolist() == pytest.approx(expected[["revenue_lower", "revenue_upper"]].tolist())
    assert expected["revenue"] == pytest.approx(result.frame()["revenue"].sum())
    # Months share a level, so sums of their ends are only a little wider: 40 draws are too few to see it.
    result = clv.revenue_forecast(*models, history.rfm, plan=plan, **{**terms, "draws": 1_000})
    expected = pd.DataFrame(result.totals).set_index("line").loc["revenue"]
    sums = result.frame()[["revenue_lower", "revenue_upper"]].sum()
    assert sums["revenue_lower"] < expected["revenue_lower"] < expected["revenue_upper"] < sums["revenue_upper"]


@pytest.mark.slow
def test_reports_of_customers_leave_the_revenue_of_all_out(check):
    assert Selection(check, check.at(), "mbgnbd").quantities == ["purchases", "money"]
    assert np.isfinite(check.summary.query("quantity == 'revenue'")["absolute_bias"]).all()


def test_a_backtest_of_revenue_needs_money(log):
    with pytest.raises(InvalidOption, match="needs a spend model"):
        clv.backtest(log, clv.MBGNBD(), horizons="13 weeks", revenue=True)

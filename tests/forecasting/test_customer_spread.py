"""Customers' intervals by the best forecaster: dispersions by class, and draws that share the level of the total."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.customer_spread import DISPERSIONS, CustomerSpread, learn_spread

OPTIONS = {"interval": 0.9, "draws": 100}


@pytest.fixture(scope="module")
def history():
    log = clv.datasets.load_cdnow(sample=True)
    customers = pd.DataFrame({"customer_id": sorted(set(log["customer_id"]))})
    customers["half"] = np.where(customers.index % 2, "a", "b")
    return clv.KnownHistory.from_log(
        log, amount="amount", time_unit="week", observation_end="1997-09-30", attributes=customers
    )


@pytest.fixture(scope="module")
def best(history):
    return clv.BestForecaster(clv.BGNBD(), clv.GammaGamma()).fit(history, "26 weeks")


@pytest.mark.slow
def test_dispersions_of_simulated_customers_are_found():
    generator = np.random.default_rng(3)
    mean = generator.choice([0.3, 1.0, 4.0], 6_000)
    spread = CustomerSpread((0.0, 0.05, 0.2), (2.0, 1.0, 0.25), growth=1.0, length=13.0)
    true = spread.of(mean, 13)
    windows, halves = (
        [generator.poisson(generator.gamma(1 / (power * true), power * mean * power * true)).astype(float)]
        for power in (1.0, 0.5)
    )
    # Forecasts of another level: only who buys more than others counts.
    learned = learn_spread(windows, halves, [2 * mean], 13.0)
    classes = [np.median(learned.of(mean, 13)[true == each]) for each in spread.dispersions]
    assert classes == pytest.approx(spread.dispersions, rel=0.25)
    assert set(learned.dispersions) <= set(DISPERSIONS.tolist())
    assert learned.growth == pytest.approx(1.0, abs=0.25)
    assert learned.of(2 * mean, 26) == pytest.approx(learned.of(mean, 13) * 2**learned.growth)
    # The unit of time changes nothing.
    days = learn_spread(windows, halves, [mean], 91.0)
    assert days.of(mean, 91) == pytest.approx(learned.of(mean, 13))


def test_without_a_window_dispersions_are_the_usual_ones():
    assert learn_spread([], [], [], 13) == CustomerSpread()
    nothing = np.zeros(20)
    assert learn_spread([nothing], [nothing], [nothing], 13) == CustomerSpread()
    assert CustomerSpread().of(nothing, 13).tolist() == [1.0] * 20


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["purchases", "money"])
def test_customers_groups_and_totals_share_the_level(best, history, quantity):
    name = f"expected_{quantity}"
    each, halves, whole = (
        best.intervals(history, "26 weeks", quantity, by=by, **OPTIONS) for by in (None, "half", "total")
    )
    forecast = best.forecast(history, "26 weeks").of(quantity)
    assert each[name].to_numpy() == pytest.approx(forecast.mean, rel=1e-12)
    assert halves[name].sum() == pytest.approx(whole[name][0], rel=1e-12) == forecast.total
    assert np.all(each[f"{name}_lower"] <= each[f"{name}_upper"])
    ends = tuple(float(whole[f"{name}_{end}"][0]) for end in ("lower", "upper"))
    # A hundred draws: the ends are within a few percent of those of the distribution.
    assert ends == pytest.approx(best.total(history, "26 weeks", quantity).interval(0.9), rel=0.12)
    # One level for all: the interval of the total is about as wide as those of its halves together.
    width = float((halves[f"{name}_upper"] - halves[f"{name}_lower"]).sum())
    assert ends[1] - ends[0] > 0.8 * width


@pytest.mark.slow
def test_saved_intervals_are_those_fitted(best, history):
    again = clv.BestForecaster.from_dict(json.loads(json.dumps(best.to_dict())))
    assert again.intervals(history, 13, interval=0.5, draws=20).equals(
        best.intervals(history, 13, interval=0.5, draws=20)
    )


def test_other_forecasters_say_that_they_have_none(history):
    with pytest.raises(InvalidOption, match="own_rate gives no intervals of customers"):
        clv.Rule().fit(history).intervals(history, 13)

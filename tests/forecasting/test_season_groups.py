"""Whether groups of customers share a season: on simulated logs in which they do, and do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.seasons.season_groups import PARTS, _homogeneity, _Series

PARAMETERS = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
SEASON = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0))
START, END = "2018-01-01", "2019-12-31"


def simulated(customers: int, seed: int, calendar: clv.Calendar | None = SEASON, **parameters: float) -> pd.DataFrame:
    return clv.simulate_log(
        customers,
        PARAMETERS | parameters,
        start=START,
        end=END,
        last_arrival=END,
        calendar=calendar,
        random_state=seed,
    )


def compared(log: pd.DataFrame) -> clv.SeasonComparison:
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=END)
    return clv.compare_seasons(history.with_calendar(clv.estimate_calendar(log, observation_end=END).calendar))


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulated(3_000, 1)


@pytest.fixture(scope="module")
def comparison(log: pd.DataFrame) -> clv.SeasonComparison:
    return compared(log)


def test_groups_contain_every_customer_and_purchase_of_the_last_year(log, comparison) -> None:
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=END)
    past = history.earlier(history.cutoff - 364)
    bought = int(past.follow(history.cutoff).purchases.sum())
    levels = comparison.levels
    assert levels["customers"].sum() == len(past.rfm)
    assert levels["purchases"].sum() == bought
    for name in ("tier", "acquired"):
        parts = comparison.table[comparison.table["comparison"] == name]
        assert parts["purchases"].sum() == bought
        assert parts["expected"].sum() == pytest.approx(levels["expected"].sum(), rel=1e-9)
    orders = comparison.table[comparison.table["comparison"] == "orders"].groupby("group")["purchases"].sum()
    dates = pd.to_datetime(log.drop_duplicates()["date"])
    assert orders["first"] == len(history.rfm) - len(past.rfm)
    assert orders.sum() == (dates > "2019-01-01").sum()


def test_customers_acquired_in_a_peak_can_be_a_covariate(log, comparison) -> None:
    rfm = clv.rfm_summary(log, time_unit="week", observation_end=END)
    rfm = rfm.with_columns(comparison.customers)
    assert set(comparison.customers["acquired"]) == {"peak", "other"}
    assert len(clv.MBGNBD(purchase="C(acquired)").fit(rfm).parameters_) == 5


def test_series_of_one_shape_agree_whatever_their_level_and_trend() -> None:
    generator = np.random.default_rng(1)
    wave, drift = 1 + 0.3 * np.sin(np.arange(PARTS)), np.exp(0.05 * np.arange(PARTS))
    mean = 4_000 * wave

    def series(expected: np.ndarray, actual: np.ndarray) -> _Series:
        bought = generator.poisson(actual).astype(float)
        return _Series(bought, expected, np.diag(bought))

    same = [series(mean, mean), series(0.2 * mean, 0.5 * mean * drift)]
    other = [series(mean, mean), series(mean, mean / wave)]
    assert _homogeneity(same)[1:] == (PARTS - 2, pytest.approx(0.5, abs=0.499))
    assert _homogeneity(other)[2] < 1e-6
    few = _homogeneity([series(mean, mean), series(0.001 * mean, 0.001 * mean)])
    assert np.isnan(few[0])
    assert np.isnan(few[2])


def test_a_history_without_a_calendar_or_a_year_and_a_half_is_refused(log) -> None:
    history = clv.KnownHistory.from_log(log, time_unit="week", observation_end=END)
    with pytest.raises(InvalidOption, match=r"needs a calendar: pass history.with_calendar"):
        clv.compare_seasons(history)
    short = clv.KnownHistory.from_log(log, time_unit="week", observation_end="2019-03-31", calendar=SEASON)
    with pytest.raises(InvalidOption, match="546 days or more, and this one has 45"):
        clv.compare_seasons(short)


@pytest.mark.acceptance
def test_one_season_is_rarely_taken_for_several_and_several_are_seen() -> None:
    p_values = pd.DataFrame(
        [compared(simulated(6_000, seed)).tests.set_index("comparison")["p_value"] for seed in range(20)]
    )
    assert (p_values[["tier", "acquired"]] < 0.01).to_numpy().sum() <= 2
    assert (p_values["orders"] < 0.01).all()  # arrivals have no season
    frequent = simulated(1_500, 100, None, r=4.0, alpha=8.0)
    frequent["customer_id"] += 10**6
    two = compared(pd.concat([simulated(6_000, 1, alpha=18.0), frequent]))
    assert two.tests.set_index("comparison").loc["tier", "p_value"] < 0.01
    assert {(f.code, f.figures["comparison"]) for f in two.findings} >= {("season-differs", "tier")}


@pytest.mark.acceptance
def test_customers_of_a_peak_with_fewer_purchases_are_seen() -> None:
    log = simulated(6_000, 2)
    first = pd.to_datetime(log.groupby("customer_id")["date"].transform("min"))
    later = (first.dt.day_of_year.to_numpy() > 324) & (pd.to_datetime(log["date"]) > first).to_numpy()
    lost = later & (np.random.default_rng(0).random(len(log)) < 0.4)
    findings = {finding.code: finding for finding in compared(log[~lost]).findings}
    assert -0.6 < findings["season-peak-customers"].figures["change"] < -0.15

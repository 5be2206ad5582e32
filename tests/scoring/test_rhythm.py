"""The rhythm of a log at its fit: season, weekdays, and how much more than by chance its days vary."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest

from clvmodels.clock import Clock
from clvmodels.forecasting.seasons.daily_counts import DailyCounts
from clvmodels.forecasting.seasons.weekly_speeds import week_of_year
from clvmodels.scoring.gates.data_gates import check_activity
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.rhythm import rhythm_of
from clvmodels.scoring.gates.run_statistics import Rhythm, RunStatistics
from clvmodels.scoring.run.feed import daily_purchases
from clvmodels.transactions.in_engine.reading import LogOptions, read_in_engine
from clvmodels.transactions.log import read_transactions

DAYS = 19_000 + np.arange(1_000)  # from 2022-01-08
WEEK = np.array([0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 0.6])
STEADY = SimpleNamespace(mean_purchases=lambda ages, rfm: 0.5 * ages)


def shop(seed: int, season: float = 0.0, noise: float = 0.0, length: int = 1_000) -> DailyCounts:
    """A shop of 500 customers who all came on the first day."""
    rng, days = np.random.default_rng(seed), DAYS[:length]
    speed = WEEK[(days + 3) % 7] * (1 + season * np.sin(2 * np.pi * days / 365.25))
    speed *= rng.gamma(1 / noise**2, noise**2, length) if noise else 1.0
    repeat = rng.poisson(500 * 0.5 * speed).astype(float)
    repeat[0] = 0.0
    return DailyCounts(days, np.append(500.0, np.zeros(length - 1)), repeat, week_of_year(days))


def rhythm(daily: DailyCounts) -> Rhythm:
    found = rhythm_of(STEADY, Clock(), daily, range(500))
    assert found is not None
    return found


@pytest.fixture
def fit() -> RunStatistics:
    return RunStatistics(
        as_of="2026-01-01",
        end=20_454,
        customers=500,
        repeat_purchases=10_000,
        dispersion=1.0,
        quantiles={},
        forecast=((1, 250.0), (730, 250.0 * 730)),
    )


def check(fit: RunStatistics, until: str, bought: int) -> tuple[bool, float]:
    end = int(np.datetime64(until, "D").astype(int))
    now = fit.model_copy(update={"as_of": until, "end": end, "repeat_purchases": fit.repeat_purchases + bought})
    (result,) = check_activity(Gates(), SimpleNamespace(expected_of_new=0.0), now, fit)
    return result.passed, float(result.figures["expected"])


def test_season_weekdays_and_variation_are_those_of_the_shop():
    found = rhythm(shop(1, season=0.25, noise=0.2))
    assert found.weekdays == pytest.approx(WEEK / WEEK.mean(), abs=0.06)  # 143 of each, with a deviation of .2
    middle = (np.arange(52) * 7 + 3.5) / 365.25 * 2 * np.pi
    assert np.corrcoef(found.season, np.sin(middle))[0, 1] > 0.9
    assert dict(found.variation)[1] == pytest.approx(0.2, abs=0.03)
    assert dict(found.variation)[28] < 0.07  # independent days: .2 / sqrt(28), and less for what the season takes


def test_a_missing_rhythm_is_not_found():
    found = rhythm(shop(2))
    assert found.season == ()
    assert dict(found.variation)[1] < 0.03
    assert rhythm(shop(2, season=0.3, length=400)).season == ()  # seen once, by customers who all came on one day
    assert rhythm_of(STEADY, Clock(), shop(2, length=50), range(500)) is None


def test_a_season_that_cannot_be_known_counts_as_variation():
    assert dict(rhythm(shop(3, season=0.3, length=400)).variation)[28] > 0.15


def test_activity_follows_the_rhythm(fit: RunStatistics):
    known = fit.model_copy(update={"rhythm": Rhythm(weekdays=tuple(WEEK * 7 / WEEK.sum()))})
    assert check(known, "2026-01-04", 700)[1] == pytest.approx(750 * (1.2 + 1.4 + 0.6) / 3)  # Friday to Sunday
    closed = Rhythm(weekdays=(2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0), variation=((1, 0.1), (4, 0.05)))
    known = fit.model_copy(update={"as_of": "2026-01-03", "end": 20_456, "rhythm": closed})
    assert check(known, "2026-01-04", 0) == (True, 0.0)  # a Sunday
    assert not check(fit.model_copy(update={"as_of": "2026-01-03", "end": 20_456}), "2026-01-04", 0)[0]
    assert check(known, "2026-01-05", 500)[0]
    assert not check(known, "2026-01-31", 28 * 120)[0]


def test_days_that_always_varied_may_vary(fit: RunStatistics):
    uneven = fit.model_copy(update={"rhythm": Rhythm(variation=((1, 0.3), (7, 0.15)))})
    assert check(uneven, "2026-01-02", 450)[0]
    assert not check(fit, "2026-01-02", 450)[0]
    assert uneven.rhythm is not None
    assert uneven.rhythm.variation_within(400) == 0.15


@pytest.mark.parametrize("merge_within", ["day", "hour", "week"])
def test_first_and_repeat_purchases_are_counted_by_day(merge_within: str):
    log = pd.DataFrame({"customer_id": [1, 1, 2, 3, 3], "date": [f"2025-01-0{day}" for day in (1, 1, 1, 3, 5)]})
    clock = Clock("week" if merge_within == "week" else "day", merge_within=merge_within)
    transactions = read_transactions(log, clock, "customer_id", "date", None)
    daily = daily_purchases(transactions, clock, clock.last_tick("2025-01-06"))
    if merge_within == "week":
        assert daily is None
        return
    assert daily is not None
    assert daily.first.tolist() == [2, 0, 1, 0, 0, 0]
    assert daily.repeat.tolist() == [0, 0, 0, 0, 1, 0]
    later = daily_purchases(transactions, clock, clock.last_tick("2025-01-06"), clock.last_tick("2025-01-02"))
    assert later is not None
    assert (later.first.tolist(), later.repeat.tolist()) == ([1, 0, 0, 0], [0, 0, 1, 0])
    assert daily_purchases(transactions, clock, clock.last_tick("2025-01-06"), clock.last_tick("2025-01-03")) is None


def test_an_engine_counts_the_same_purchases():
    table = duckdb.sql(
        "SELECT * FROM (VALUES (1, DATE '2025-01-01'), (2, DATE '2025-01-01'), (1, DATE '2025-01-03'))"
        " AS orders(customer_id, date)"
    )
    clock = Clock()
    end, after = (clock.last_tick(f"2025-01-0{day}") for day in (4, 1))
    log = read_in_engine(table, clock, LogOptions("customer_id", "date", None, None, "raise", None), end)
    assert log is not None
    daily = daily_purchases(log, clock, end)
    assert daily is not None
    assert (daily.first.tolist(), daily.repeat.tolist()) == ([2, 0, 0, 0], [0, 0, 1, 0])
    assert daily_purchases(log, clock, end, after) is None

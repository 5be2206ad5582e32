"""A season in the purchases of simulated customers: what it costs a forecast, and what a calendar takes back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv

pytestmark = pytest.mark.acceptance

# A small version of tests/benchmarks/calendar_season.py.
TRUTH = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
SPEEDS = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(366) - 80) / 366)
SPEEDS[324:] *= 2.2
SEASON = clv.Calendar(season=SPEEDS)
CUTOFF = "2019-12-31"
OPTIONS = {"time_unit": "week", "horizons": "26 weeks", "cutoffs": [CUTOFF], "boosted_trees": False}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    days = {"start": "2018-01-01", "end": "2020-06-30", "last_arrival": CUTOFF}
    return clv.simulate_log(6_000, TRUTH, **days, calendar=SEASON, random_state=1)


def bias(test: clv.Backtest) -> float:
    return abs(float(test.summary.set_index("forecaster").loc["bgnbd", "bias"]))


def test_auto_finds_the_season_and_halves_the_error_of_the_total(log: pd.DataFrame) -> None:
    plain = clv.backtest(log, clv.BGNBD(), draws=50, sampled=100, **OPTIONS)
    auto = clv.backtest(log, clv.BGNBD(), calendar="auto", draws=50, sampled=100, **OPTIONS)
    assert bias(plain) > 0.1
    assert bias(auto) < 0.5 * bias(plain)
    assert [f.code for f in auto.findings if f.code.startswith("calendar")] == ["calendar-chosen", "calendar-horizon"]
    assert "calendar of season" in auto.facts["clock"]


def test_the_known_calendar_leaves_only_chance(log: pd.DataFrame) -> None:
    split = clv.holdout_split(log, time_unit="week", calibration_end=CUTOFF, calendar=SEASON)
    model = clv.BGNBD().fit(split.calibration)
    expected = model.expected_purchases(split.calibration, split.horizon)["expected_purchases"].sum()
    assert expected == pytest.approx(split.purchases.sum(), rel=0.04)
    goodness = model.goodness_of_fit(split.calibration, draws=20)
    assert goodness.p_value > 0.01

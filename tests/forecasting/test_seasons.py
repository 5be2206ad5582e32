"""Seasons estimated from a log, and when a forecast uses one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.forecasting.seasons import calendar_choice
from clvmodels.forecasting.seasons.calendar_choice import choose_calendar
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season, season_case
from clvmodels.forecasting.seasons.weekly_speeds import WEEKS, season_evidence, weekly_speeds

TRUTH = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
SEASON = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.4, 1 + 0.25 * np.sin(np.arange(366) * 2 * np.pi / 366)))


def simulated(years: float, calendar: clv.Calendar | None, customers: int = 2_500, seed: int = 1) -> pd.DataFrame:
    end = str(np.datetime64("2018-01-01") + round(365.25 * years) - 1)
    days = {"start": "2018-01-01", "end": end, "last_arrival": end}
    return clv.simulate_log(customers, TRUTH, **days, calendar=calendar, random_state=seed)


@pytest.fixture(scope="module")
def two_years() -> pd.DataFrame:
    return simulated(2.6, SEASON)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["expected", "totals"])
def test_an_estimated_season_is_close_to_the_true_one(two_years: pd.DataFrame, method: str) -> None:
    estimate = clv.estimate_calendar(two_years, observation_end="2019-12-31", method=method)
    assert estimate.detected
    assert estimate.case == "seen_twice"
    christmas = estimate.calendar.scaled("2020-11-20", "2020-12-31")
    # All orders grow with the arrivals of new customers, which follow no season: first orders dilute the totals.
    assert christmas == pytest.approx(
        SEASON.scaled("2020-11-20", "2020-12-31"), rel=0.1 if method == "expected" else 0.4
    )
    table = estimate.frame()
    truth = SEASON.speeds(np.datetime64("2020-01-01").astype(int) + 7 * np.arange(WEEKS) + 3)
    inside = (table["lower"] <= truth) & (truth <= table["upper"])
    assert method == "totals" or inside.mean() > 0.8
    assert [finding.code for finding in estimate.findings] == ["calendar-season"]


@pytest.mark.slow
def test_no_season_gives_a_calendar_without_effects() -> None:
    estimate = clv.estimate_calendar(simulated(2.0, None))
    assert not estimate.detected
    assert estimate.calendar.is_constant
    assert estimate.degrees == 0
    assert "no seasonal pattern" in repr(estimate)


def test_the_evidence_ignores_chance_and_sees_one_unusual_block() -> None:
    generator = np.random.default_rng(5)
    cell = np.minimum(np.arange(728) % 364 // 7, WEEKS - 1)
    flat = np.full(728, 30.0)
    assert season_evidence(weekly_speeds(generator.poisson(flat).astype(float), flat, cell)) < 7
    christmas = flat * np.where(cell >= 46, 1.5, 1.0)
    assert season_evidence(weekly_speeds(generator.poisson(christmas).astype(float), flat, cell)) > 50


def test_weeks_without_purchases_have_a_speed() -> None:
    cell = np.minimum(np.arange(364) // 7, WEEKS - 1)
    weekly = weekly_speeds(np.where(cell == 3, 0.0, 10.0), np.full(364, 10.0), cell)
    assert 0 < weekly.speeds[3] < 0.02
    assert weekly.speeds.mean() == pytest.approx(1)


@pytest.mark.slow
def test_logs_that_cannot_show_a_season_are_refused() -> None:
    short = simulated(0.8, SEASON, customers=200)
    with pytest.raises(InvalidTransactions, match="a season shows only in a whole year"):
        clv.estimate_calendar(short)
    cohort = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(cohort, time_unit="week")
    assert season_case(history) == "one_cohort"
    with pytest.raises(InvalidTransactions, match="cannot be told apart"):
        clv.estimate_calendar(cohort)
    assert choose_calendar(history, 90).finding.code == "calendar-not-known-one-cohort"
    with pytest.raises(InvalidOption, match="'expected', 'totals'"):
        estimate_season(history, "guess")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("errors", "code"),
    [([[0.2, 0.1], [-0.1, 0.05]], "chosen"), ([[0.1, 0.2]], "not-better"), ([], "chosen-untested")],
)
def test_earlier_windows_decide_about_a_visible_season(two_years, monkeypatch, errors, code) -> None:
    history = clv.KnownHistory.from_log(two_years, time_unit="week", observation_end="2019-12-31")
    estimate = estimate_season(history, "totals")
    monkeypatch.setattr(calendar_choice, "estimate_season", lambda _: estimate)
    monkeypatch.setattr(calendar_choice, "_errors_of_windows", lambda *_: np.array(errors).reshape(-1, 2))
    chosen = choose_calendar(history, 182)
    assert chosen.finding.code == f"calendar-{code}"
    assert (chosen.calendar is None) == (code == "not-better")


def test_a_wrong_calendar_option_is_refused(two_years: pd.DataFrame) -> None:
    with pytest.raises(InvalidOption, match="'auto' or None"):
        clv.backtest(two_years, clv.BGNBD(), horizons=26, calendar="season")  # type: ignore[arg-type]

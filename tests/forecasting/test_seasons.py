"""Seasons estimated from a log, and when a forecast uses one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.forecasting.seasons import calendar_choice
from clvmodels.forecasting.seasons.calendar_choice import choose_calendar
from clvmodels.forecasting.seasons.calendar_estimate import estimate_season, season_case
from clvmodels.forecasting.seasons.dated_periods import DatedPeriod
from clvmodels.forecasting.seasons.period_effects import Spans, estimate_effects
from clvmodels.forecasting.seasons.weekly_speeds import WEEKS, season_evidence, weekly_speeds
from clvmodels.season_doubt import SeasonDoubt

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
    with pytest.raises(InvalidTransactions, match="cannot be separated"):
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


# ---- doubt about the season ------------------------------------------------------------------------------------


def test_the_doubt_of_a_total_is_that_of_its_weeks_against_those_of_the_log() -> None:
    error, weeks = np.linspace(0.02, 0.1, WEEKS), np.arange(WEEKS)
    purchases = 100.0 + weeks
    doubt = SeasonDoubt(tuple(error), tuple(purchases))
    assert doubt.log_variance(3 * purchases) == pytest.approx(0, abs=1e-30)  # a year like that of the log
    spring = np.where(weeks < 13, purchases, 0.0)
    logs = np.random.default_rng(1).normal(0, error, (20_000, WEEKS))
    total = np.log(np.exp(logs) @ spring / spring.sum()) - np.log(np.exp(logs) @ purchases / purchases.sum())
    # The standard error of a variance of 20,000 draws is 1 %; the delta method neglects as much.
    assert doubt.log_variance(spring) == pytest.approx(total.var(), rel=0.04)
    other = replace(doubt, standard_error=(0.0,) * WEEKS, other=tuple(np.where(weeks < 13, 1.2, 1.0)))
    share = spring.sum() / purchases.sum()
    assert other.log_variance(spring) == pytest.approx(np.log(1.2 / (1 + 0.2 * share)) ** 2 / 3)
    assert doubt.log_variance(np.zeros(WEEKS)) == 0
    for arguments in [
        (error[1:], purchases),
        (-error, purchases),
        (error, 0 * purchases),
        (error, purchases, [0.0] * 52),
    ]:
        with pytest.raises(InvalidOption, match=r"A season needs|must have 52 numbers"):
            SeasonDoubt(*(tuple(numbers) for numbers in arguments))


@pytest.mark.slow
def test_intervals_of_totals_allow_for_an_estimated_season(two_years, tmp_path) -> None:
    variances = {}
    for end, method in (("2018-12-31", "expected"), ("2018-12-31", "totals"), ("2019-12-31", "totals")):
        history = clv.KnownHistory.from_log(two_years, time_unit="week", observation_end=end)
        estimate = estimate_season(history, method)
        calendar = estimate.calendar
        # One year of totals holds a trend that is not known; the table has the season under both.
        once = (end, method) == ("2018-12-31", "totals")
        assert ("other_trend" in estimate.frame(), len(calendar.doubt.other)) == (once, WEEKS if once else 0)
        history = history.with_calendar(calendar)
        model = clv.CustomerModel(clv.BGNBD()).fit(history.rfm)
        model.save(tmp_path / "model.json")
        saved = clv.load(tmp_path / "model.json").purchases.clock_.calendar
        assert (saved, saved.doubt) == (calendar, calendar.doubt)
        total = model.total(history, "13 weeks")
        known = model.total(history.with_calendar(replace(calendar, doubt=None)), "13 weeks")
        assert (known.season, total.point) == (0, known.point)
        assert total.interval()[1] > known.interval()[1]
        variances[end, method] = total.season
    assert variances["2018-12-31", "totals"] > 2 * variances["2018-12-31", "expected"] > 0
    assert variances["2018-12-31", "expected"] > variances["2019-12-31", "totals"] > 0


# ---- events, promotions, outages -----------------------------------------------------------------------------


@pytest.mark.slow
def test_holidays_have_their_days() -> None:
    table = clv.holiday_table(["easter", "singles_day", "black_friday", "chinese_new_year", "ramadan"], [2024, 2030])
    days = {(name, first[:4]): (first, last) for name, first, last in table.itertuples(index=False)}
    assert days["easter", "2024"] == ("2024-03-29", "2024-04-01")
    assert days["black_friday", "2024"] == ("2024-11-29", "2024-12-02")
    assert days["singles_day", "2030"] == ("2030-11-11", "2030-11-11")
    assert days["chinese_new_year", "2024"] == ("2024-02-09", "2024-02-16")
    assert days["ramadan", "2024"] == ("2024-03-11", "2024-04-09")
    assert (table["name"] == "ramadan").sum() == 3  # two begin in 2030
    assert "German Unity Day" in clv.holiday_table(["public"], [2024], country="DE")["name"].tolist()
    for wrong, message in (
        ((["sunday"], [2024]), "'sunday'"),
        ((["public"], [2024]), "country="),
        ((["easter"], [24]), "not a year"),
    ):
        with pytest.raises(InvalidOption, match=message):
            clv.holiday_table(*wrong)
    with pytest.raises(InvalidOption, match="'XX' is not a country"):
        clv.holiday_table(["public"], [2024], country="XX")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"promotions": [{"name": "a", "first": "2018-03-01", "last": "2018-03-05"}]}, "needs planned="),
        ({"events": pd.DataFrame({"name": ["a"], "first": ["2018-03-01"]})}, "lacks the columns last"),
        ({"events": [{"name": "a", "first": "2018-03-09", "last": "2018-03-05"}]}, "1 of 1 rows"),
        ({"events": "Easter"}, "must be a table"),
        ({"days_after": -1}, "days_after=-1"),
        (
            {"promotions": [], "planned": [{"name": "sale", "first": "2018-03-01", "last": "2018-03-05"}]},
            "'sale' begins on 2018-03-01, before",
        ),
    ],
)
def test_tables_of_periods_are_checked(two_years: pd.DataFrame, options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        clv.estimate_calendar(two_years, observation_end="2019-12-31", **options)


@pytest.mark.slow
def test_effects_of_promotions_and_events_are_found_next_to_the_season() -> None:
    sales = [("2018-03-05", 2.2), ("2018-09-03", 1.8), ("2019-04-01", 2.0), ("2019-08-12", 2.1), ("2020-03-02", 2.0)]
    table = pd.DataFrame({"first": pd.to_datetime([first for first, _ in sales])})
    table["last"], table["name"] = table["first"] + pd.Timedelta(days=4), "sale"
    friday = clv.holiday_table(["black_friday"], [2018, 2019, 2020])
    truth = SEASON.with_periods(
        *(
            clv.CalendarPeriod("sale", str(f.date()), str(t.date()), speed, "promotion")
            for f, t, (_, speed) in zip(table["first"], table["last"], sales, strict=True)
        ),
        *(
            clv.CalendarPeriod(
                "dip", str((t + pd.Timedelta(days=1)).date()), str((t + pd.Timedelta(days=7)).date()), 0.7
            )
            for t in table["last"]
        ),
        *(clv.CalendarPeriod("black_friday", first, last, 2.5) for _, first, last in friday.itertuples(index=False)),
    )
    estimate = clv.estimate_calendar(
        simulated(2.0, truth, customers=5_000),
        observation_end="2019-12-31",
        events=friday,
        promotions=table[:4],
        planned=table[4:],
    )
    effects = estimate.effects.set_index(["kind", "part", "first"])["speed"]
    assert effects["event", "during", "2020-11-27"] == pytest.approx(2.5, rel=0.15)
    assert effects["promotion", "during", "2020-03-02"] == pytest.approx(2.0, rel=0.15)
    assert effects["promotion", "after", "2020-03-07"] == pytest.approx(0.7, rel=0.15)
    assert estimate.degrees == 51 + 6 + 2 + 8
    coming = estimate.calendar.scaled("2020-03-02", "2020-03-06") / estimate.calendar.scaled("2020-03-16", "2020-03-20")
    assert coming == pytest.approx(2.0, rel=0.25)
    codes = [finding.code for finding in estimate.findings]
    assert codes == ["calendar-season", "calendar-events", "calendar-promotions"]


def test_a_promotion_that_is_seen_often_is_shrunk_to_the_mean_of_all() -> None:
    days = np.arange(400)
    actual, expected = np.full(400, 20.0), np.full(400, 20.0)
    spans = Spans(promotions=tuple(DatedPeriod("sale", 40 * i, 40 * i + 3) for i in range(1, 9)))
    for i in range(1, 9):
        actual[40 * i : 40 * i + 4] = 44.0 if i == 4 else 40.0  # by chance
    ordinary = actual == 20
    effects = estimate_effects(spans.effects(), days, actual, expected, ordinary, days // 8)
    # A little below 2, because effects are expected to be small.
    assert [effect.speed for effect in effects] == pytest.approx([2.0] * 8, rel=0.01)
    assert len({effect.speed for effect in effects}) == 1


@pytest.mark.acceptance
def test_the_best_forecaster_chooses_a_calendar_and_keeps_it(two_years: pd.DataFrame, tmp_path) -> None:
    history = clv.KnownHistory.from_log(two_years, time_unit="week", observation_end="2019-12-31")
    best = clv.BestForecaster(clv.BGNBD(), calendar="auto").fit(history, "26 weeks")
    assert [finding.code for finding in best.findings][:2] == ["calendar-chosen", "calendar-horizon"]
    actual = clv.holdout_split(
        two_years, time_unit="week", calibration_end="2019-12-31", holdout_end="2020-06-30"
    ).purchases.sum()
    total = best.forecast(history, "26 weeks").purchases.total
    plain = clv.BestForecaster(clv.BGNBD()).fit(history, "26 weeks").forecast(history, "26 weeks").purchases.total
    assert abs(total / actual - 1) < 0.5 * abs(plain / actual - 1)
    best.save(tmp_path / "best.json")
    loaded = clv.load(tmp_path / "best.json")
    assert loaded.calendar == "auto"
    assert loaded.calendar_ == best.calendar_
    assert loaded.forecast(history, "26 weeks").purchases.total == pytest.approx(total, rel=1e-12)
    own = history.with_calendar(best.calendar_.calendar)
    assert loaded.forecast(own, "26 weeks").purchases.total == pytest.approx(total, rel=1e-12)
    same = clv.BestForecaster(clv.BGNBD(), calendar=best.calendar_.calendar).fit(history, "26 weeks")
    assert same.forecast(history, "26 weeks").purchases.total == pytest.approx(total, rel=1e-12)
    with pytest.raises(InvalidOption, match="a calendar of its own"):
        clv.BestForecaster(clv.BGNBD(), calendar="auto").fit(own, "26 weeks")
    with pytest.raises(InvalidOption, match="must be a Calendar, 'auto' or None"):
        clv.BestForecaster(clv.BGNBD(), calendar="yes").fit(history, "26 weeks")


def test_records_that_were_lost_are_reported() -> None:
    history = clv.KnownHistory.from_log(clv.datasets.load_cdnow(sample=True), observation_end="1997-09-30")
    lost = clv.Calendar(periods=[clv.CalendarPeriod("server", "1997-03-01", "1997-03-07", 0.4, "records_lost")])
    _, findings = calendar_choice.on_calendar(history, lost, 90)
    assert findings[0].code == "calendar-records-lost"
    assert "only 40% of the purchases were recorded" in findings[0].text

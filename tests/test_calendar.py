"""The calendar: its integrals, and models that measure time by it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.calendar import calendar_time, day_of_year, plain_time
from clvmodels.clock import Clock
from clvmodels.errors import ClockMismatch, InvalidModelFile, InvalidOption, InvalidRFM, InvalidTransactions
from clvmodels.time_ahead import TimeAhead

ONES = clv.Calendar(season=[1.0] * 366, weekdays=[1.0] * 7)
SINE = 1 + 0.25 * np.sin(2 * np.pi * np.arange(366) / 366)
SALE = clv.CalendarPeriod("sale", "1997-11-20", "1997-12-31", 2.5, "promotion")
SEASON = clv.Calendar(season=SINE, weekdays=[1, 1, 1, 1, 2, 2, 0.5], periods=[SALE])
TWICE = clv.Calendar(periods=[clv.CalendarPeriod("always", "1900-01-01", "2440-01-01", 2.0)])
OPTIONS = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return clv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="module")
def rfm(log: pd.DataFrame) -> clv.RFM:
    return clv.rfm_summary(log, **OPTIONS)


def day(text: str) -> int:
    return int(np.datetime64(text).astype(np.int64))


# ---- integrals ---------------------------------------------------------------------------------------------


def test_places_in_the_year_leave_room_for_the_leap_day() -> None:
    days = np.array([day(text) for text in ("2024-02-29", "2023-03-01", "2024-03-01", "2100-12-31", "2000-12-31")])
    assert day_of_year(days).tolist() == [59, 60, 60, 365, 365]


def test_a_year_of_calendar_time_lasts_a_year_on_average() -> None:
    calendar = clv.Calendar(season=SINE, weekdays=[1, 1, 1, 1, 2, 2, 0.5])
    # 28 years have every weekday on every date.
    assert calendar.elapsed("1971-12-31", "1999-12-31") == pytest.approx(28 * 365.25, rel=1e-12)
    assert clv.Calendar(season=SINE).elapsed("2019-12-31", "2023-12-31") == pytest.approx(4 * 365.25, rel=1e-12)


def test_calendar_time_adds_up_the_speeds_of_days_and_runs_evenly_within_a_day() -> None:
    begin, end = day("1997-11-01"), day("1998-01-15")
    speeds = SEASON.speeds(np.arange(begin + 1, end + 1))
    assert SEASON.elapsed("1997-11-01", "1998-01-15") == pytest.approx(speeds.sum(), rel=1e-12)
    part = calendar_time(SEASON, begin + 0.25) - calendar_time(SEASON, begin)
    assert float(part) == pytest.approx(0.25 * speeds[0], rel=1e-9)


def test_plain_time_is_the_inverse_even_centuries_away() -> None:
    days = np.concatenate([np.linspace(9_000, 12_000, 50), [-200_000.0, 1e6, 1e9]])
    np.testing.assert_allclose(plain_time(SEASON, calendar_time(SEASON, days)), days, rtol=1e-12)


def test_whole_days_are_looked_up_to_the_same_last_bit() -> None:
    days = np.concatenate([np.arange(9_000, 9_100), [-43_829, 0, 175_000, 200_000, -60_000]])
    assert (calendar_time(SEASON, days) == calendar_time(SEASON, days.astype(float))).all()
    inside = days[:-2]
    assert (calendar_time(SEASON, inside) == calendar_time(SEASON, inside.astype(float))).all()
    assert (day_of_year(inside) == day_of_year(days)[:-2]).all()


def test_calendar_time_stops_while_a_shop_is_closed() -> None:
    closed = clv.Calendar(periods=[clv.CalendarPeriod("move", "2024-02-20", "2024-03-05", 0, "closed")])
    assert closed.elapsed("2024-02-19", "2024-03-05") == 0
    assert closed.elapsed("2024-02-18", "2024-03-06") == 2
    assert closed.days_without_purchases() == list(range(day("2024-02-20"), day("2024-03-06")))


def test_hours_run_at_the_speed_of_their_day() -> None:
    clock = Clock("hour", "hour", calendar=SEASON)
    begin, end = clock.last_tick("1997-11-30"), clock.last_tick("1997-12-02T11:00")
    speeds = SEASON.speeds(np.array([day("1997-12-01"), day("1997-12-02")]))
    assert float(clock.elapsed(begin, end)) == pytest.approx(24 * speeds[0] + 12 * speeds[1], rel=1e-9)


def test_discount_factors_agree_with_a_sum_over_days() -> None:
    ahead = TimeAhead(SEASON, float(day("1997-09-30")), 7.0)
    ends, factors = ahead.discount_factors(104.0, 0.004)
    days = np.arange(1, 729)
    worth = SEASON.speeds(day("1997-09-30") + days) * np.exp(-0.004 * (days - 0.5) / 7)
    masses = np.diff(ahead.calendar_time(ends), prepend=0.0) * 7
    assert float(masses @ factors) == pytest.approx(worth.sum(), rel=1e-6)


def test_the_mean_speed_of_a_period_shows_where_it_is_in_the_season() -> None:
    assert clv.Calendar(periods=[SALE]).scaled("1997-12-01", "1997-12-31") == 2.5
    assert SEASON.scaled("1997-12-01", "1997-12-31") > 1.5 > 1 > SEASON.scaled("1998-08-01", "1998-10-31")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"season": [1.0] * 365}, "season must have 366 speeds"),
        ({"weekdays": [0.0] * 7}, "not all 0"),
        ({"season": [-1.0] + [1.0] * 365}, "not negative"),
        ({"periods": ["Christmas"]}, "CalendarPeriod"),
    ],
)
def test_invalid_calendars_are_refused(arguments: dict[str, list[object]], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        clv.Calendar(**arguments)


@pytest.mark.parametrize(
    ("first", "last", "speed", "kind", "message"),
    [
        ("2024-13-01", "2024-12-31", 1.0, "event", "not a date"),
        ("2024-12-31", "2024-12-01", 1.0, "event", "before it begins"),
        ("2024-12-01", "2024-12-31", -1.0, "event", "at least 0"),
        ("2024-12-01", "2024-12-31", 0.0, "stock_out", "kind 'closed'"),
        ("2024-12-01", "2024-12-31", 0.5, "closed", "kind 'closed'"),
        ("2024-12-01", "2024-12-31", 1.5, "records_lost", "share that was kept"),
        ("2024-12-01", "2024-12-31", 1.5, "party", "is not one of"),
    ],
)
def test_invalid_periods_are_refused(first: str, last: str, speed: float, kind: str, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        clv.CalendarPeriod("x", first, last, speed, kind)  # type: ignore[arg-type]


def test_a_calendar_is_saved_and_a_damaged_file_is_refused(tmp_path) -> None:
    path = tmp_path / "calendar.json"
    SEASON.save(path)
    assert clv.Calendar.load(path) == SEASON
    document = json.loads(path.read_text())
    document["weekdays"][0] = 3.0
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidModelFile, match="checksum"):
        clv.Calendar.load(path)
    path.write_text(json.dumps({**document, "season": [1.0]}))
    with pytest.raises(InvalidModelFile, match="366"):
        clv.Calendar.load(path)


def test_last_years_sales_make_a_season() -> None:
    days = pd.date_range("2022-07-01", "2024-06-30")
    december = clv.Calendar.from_series(days, np.where(days.month == 12, 300.0, 100.0))
    assert december.scaled("2025-12-05", "2025-12-20") / december.scaled("2025-06-01", "2025-06-30") == pytest.approx(3)
    assert clv.Calendar.from_series(days.strftime("%Y-%m-%d"), np.ones(len(days))).is_constant
    for wrong, message in (
        ((days[:300], np.ones(300)), "300 days"),
        ((days, np.ones(3)), "of the same length"),
        ((days, -np.ones(len(days))), "not negative"),
    ):
        with pytest.raises(InvalidOption, match=message):
            clv.Calendar.from_series(*wrong)


# ---- models ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_equal_speeds_change_nothing_to_the_last_bit(log: pd.DataFrame, rfm: clv.RFM) -> None:
    same = clv.rfm_summary(log, calendar=ONES, intertimes=True, **OPTIONS)
    plain = clv.rfm_summary(log, intertimes=True, **OPTIONS)
    assert same.to_frame().equals(plain.to_frame())
    a, b = clv.MBGNBD().fit(rfm), clv.MBGNBD().fit(rfm.with_calendar(ONES))
    assert a.parameters_ == b.parameters_
    first, second = (
        model.expected_purchases(customers, "12 months", interval=0.9, draws=20)
        for model, customers in ((a, rfm[:20]), (b, rfm[:20].with_calendar(ONES)))
    )
    assert first.equals(second)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BGNBD", "MBGNBD", "ParetoNBD"])
def test_a_clock_at_twice_the_speed_only_changes_the_unit(rfm: clv.RFM, name: str) -> None:
    plain, twice = getattr(clv, name)().fit(rfm), getattr(clv, name)().fit(rfm.with_calendar(TWICE))
    for parameter, value in plain.parameters_.items():
        power = plain.process.parametrization.unit_powers.get(parameter, 0)
        assert twice.parameters_[parameter] == pytest.approx(value * 2.0**power, rel=2e-4)
    rfm = rfm[::20]
    fast = rfm.with_calendar(TWICE)
    for method, arguments in (
        ("expected_purchases", ("26 weeks",)),
        ("discounted_purchases", ("12 months", 0.2)),
        ("probability_alive", ("26 weeks",)),
        ("probability_no_purchase", ("26 weeks",)),
        ("remaining_lifetime", ()),
        ("dert", (0.2,)),
    ):
        a = getattr(plain, method)(rfm, *arguments).iloc[:, -1]
        b = getattr(twice, method)(fast, *arguments).iloc[:, -1]
        assert b.replace(np.inf, 0).sum() == pytest.approx(a.replace(np.inf, 0).sum(), rel=1e-3), method


@pytest.mark.slow
def test_discounted_purchases_are_those_of_single_days(rfm: clv.RFM) -> None:
    some = rfm[::40].with_calendar(SEASON)
    model = clv.BGNBD().fit(rfm.with_calendar(SEASON))
    totals = model.expected_totals(some, np.arange(1, 366) / 7)
    by_day = np.diff(totals, prepend=0.0) * 1.3 ** (-(np.arange(1, 366) - 0.5) / 365.25)
    discounted = model.discounted_purchases(some, 365 / 7, 0.3)["discounted_purchases"].sum()
    # Within a month, purchases of a customer who may leave are a little more likely early.
    assert discounted == pytest.approx(by_day.sum(), rel=1e-4)


@pytest.mark.slow
def test_drawn_orders_follow_the_calendar(rfm: clv.RFM) -> None:
    customers = rfm.with_calendar(clv.Calendar(periods=[SALE]))
    models = clv.MBGNBD().fit(customers), clv.GammaGamma().fit(customers)
    terms = {"horizon": "6 months", "annual_discount_rate": 0.1, "margin": 0.3}
    options = {"interval": 0.9, "draws": 60, "total_interval": "model"}
    table = clv.remaining_value(*models, customers, by_period="month", **options, **terms).frame()
    inside = (table.remaining_value_lower < table.remaining_value) & (
        table.remaining_value < table.remaining_value_upper
    )
    assert inside.all()
    assert table.orders[2] > 1.8 * table.orders[0] > 0  # December is within the sale, October is not


@pytest.mark.slow
def test_horizons_go_on_where_the_calendar_ends(rfm: clv.RFM) -> None:
    past = clv.Calendar(periods=[clv.CalendarPeriod("sale", "1997-03-01", "1997-03-31", 2.0)])
    customers = rfm[::40].with_calendar(past)
    model = clv.BGNBD().fit(rfm.with_calendar(past))
    forever = model.expected_purchases(customers, "500 years")["expected_purchases"]
    assert np.isfinite(forever).all()
    assert (forever >= model.expected_purchases(customers, "400 years").iloc[:, 1]).all()


def test_an_rfm_shows_plain_time_and_models_use_calendar_time(rfm: clv.RFM) -> None:
    customers = rfm.with_calendar(SEASON)
    assert customers.T is rfm.T
    times = customers.calendar_times()
    first = day("1997-09-30") - np.rint(7 * rfm.T).astype(int)
    i = int(np.argmax(rfm.frequency))
    days = np.arange(first[i] + 1, first[i] + round(7 * rfm.recency[i]) + 1)
    assert times["recency"][i] == pytest.approx(SEASON.speeds(days).sum() / 7, rel=1e-9)
    assert ((times["recency"] > 0) == (rfm.frequency > 0)).all()
    assert "models use calendar time" in repr(customers)


@pytest.mark.slow
def test_intertimes_add_up_to_recency_by_the_calendar(log: pd.DataFrame) -> None:
    customers = clv.rfm_summary(log, calendar=SEASON, intertimes=True, **OPTIONS)
    once = customers.frequency == 1
    np.testing.assert_allclose(
        customers.sum_log_intertimes[once], np.log(customers.calendar_times()["recency"][once]), rtol=1e-9
    )
    assert clv.BGCNBD().fit(customers).k_ >= 1
    with pytest.raises(InvalidRFM, match="depend on the calendar"):
        customers.with_calendar(None)


def test_zones_decide_on_which_day_of_the_calendar_a_purchase_is() -> None:
    utc = pd.DataFrame({"customer_id": [1, 1], "date": pd.to_datetime(["2024-01-01 20:00Z", "2024-03-31 20:00Z"])})
    closed = clv.Calendar(periods=[clv.CalendarPeriod("Easter Monday", "2024-04-01", "2024-04-01", 0, "closed")])
    clv.rfm_summary(utc, time_zone="Europe/London", calendar=closed)
    with pytest.raises(InvalidTransactions, match="the calendar allows"):
        clv.rfm_summary(utc, time_zone="Asia/Tokyo", calendar=closed)


def test_purchases_on_closed_days_are_refused(rfm: clv.RFM) -> None:
    closed = clv.Calendar(periods=[clv.CalendarPeriod("closed", "1997-03-01", "1997-04-30", 0, "closed")])
    with pytest.raises(InvalidRFM, match="bought on days of speed 0"):
        rfm.with_calendar(closed)


@pytest.mark.slow
def test_models_keep_their_calendar_and_refuse_another(rfm: clv.RFM, tmp_path) -> None:
    customers = rfm.with_calendar(SEASON)
    model = clv.CustomerModel(clv.BGNBD().fit(customers), clv.GammaGamma().fit(customers))
    model.save(tmp_path / "model.json")
    again = clv.load(tmp_path / "model.json")
    assert again.purchases.clock_ == customers.clock
    assert again.expected_purchases(customers, "26 weeks").equals(model.expected_purchases(customers, "26 weeks"))
    with pytest.raises(ClockMismatch, match="calendar of season, weekdays, 1 period"):
        model.expected_purchases(rfm, "26 weeks")
    clv.CustomerModel(clv.BGNBD().fit(rfm), None).save(tmp_path / "plain.json")
    assert "calendar" not in json.loads((tmp_path / "plain.json").read_text())["clock"]


def test_opportunities_and_summaries_without_an_end_have_no_calendar(rfm: clv.RFM) -> None:
    with pytest.raises(InvalidOption, match="counts opportunities"):
        Clock("week", "week", calendar=SEASON)
    with pytest.raises(InvalidOption, match="must be a Calendar"):
        Clock(calendar="Christmas")  # type: ignore[arg-type]
    table = clv.RFM.from_frame(rfm.to_frame(), time_unit="week")
    with pytest.raises(InvalidRFM, match="observation_end="):
        table.with_calendar(SEASON)


@pytest.mark.slow
def test_a_simulated_season_gives_its_parameters_and_its_future_back() -> None:
    season = clv.Calendar(season=np.where(np.arange(366) >= 320, 2.6, SINE))
    truth = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
    log = clv.simulate_log(6_000, truth, start="2020-01-01", end="2022-06-30", calendar=season, random_state=3)
    split = clv.holdout_split(log, time_unit="week", calibration_end="2021-12-31", calendar=season)
    model = clv.BGNBD().fit(split.calibration)
    assert model.parameters_["alpha"] / model.parameters_["r"] == pytest.approx(9.0 / 0.8, rel=0.1)
    expected = model.expected_purchases(split.calibration, split.horizon)["expected_purchases"].sum()
    assert expected == pytest.approx(split.purchases.sum(), rel=0.05)
    plain = split.calibration.with_calendar(None)
    without = clv.BGNBD().fit(plain).expected_purchases(plain, split.horizon)["expected_purchases"].sum()
    assert without > 1.1 * split.purchases.sum()


def test_calendar_times_are_computed_once_for_an_rfm_and_cannot_be_changed(monkeypatch) -> None:
    log = clv.datasets.load_cdnow(sample=True)
    season = clv.Calendar(season=np.where(np.arange(366) >= 324, 2.5, 1.0))
    rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", calendar=season)
    times = rfm.calendar_times()
    monkeypatch.setattr("clvmodels.transactions.rfm.calendar_columns", None)
    again = rfm.calendar_times()
    for name in ("recency", "T"):
        np.testing.assert_array_equal(again[name], times[name])
        with pytest.raises(ValueError, match="read-only"):
            again[name][0] = 0.0
    with pytest.raises(TypeError):
        rfm[np.arange(10)].calendar_times()  # another RFM has times of its own

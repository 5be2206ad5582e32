"""The Clock: units, calendar ticks, lengths of time and annual rates."""

from __future__ import annotations

import copy
import math
import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption

UNITS = ("hour", "day", "week", "month", "year")
DATES = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@pytest.mark.parametrize(
    ("unit", "days"), [("hour", 1 / 24), ("day", 1), ("week", 7), ("month", 30.4375), ("year", 365.25)]
)
def test_a_unit_is_its_length_in_days(unit, days):
    assert Clock(unit).ticks_per_unit == days
    assert Clock(unit, "hour").ticks_per_unit == pytest.approx(24 * days, rel=1e-15)  # 1/24 is not a binary number
    assert Clock(unit).units_per_year == pytest.approx(365.25 / days, rel=1e-15)


def test_hours_of_whole_days_are_whole():
    days = np.arange(100_000)
    assert np.array_equal(days / Clock("hour").ticks_per_unit, 24.0 * days)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_unit": "days"}, "time_unit='days' is not one of 'hour', 'day', 'week', 'month', 'year'"),
        ({"time_unit": None}, "time_unit=None is not one of"),
        ({"time_unit": ["week"]}, r"time_unit=\['week'\] is not one of"),
        (
            {"merge_within": "fortnight"},
            "merge_within='fortnight' is not one of 'hour', 'day', 'week', 'month', 'year'",
        ),
        (
            {"merge_within": "week"},
            "each calendar week one opportunity to buy, .* pass time_unit='week' instead of 'day'",
        ),
        (
            {"time_unit": "month", "merge_within": "year"},
            "pass time_unit='year' instead of 'month', or merge_within='day'",
        ),
        ({"time_zone": "Mars/Olympus"}, "time_zone='Mars/Olympus' is not a known time zone"),
        ({"time_zone": ""}, "time_zone='' is not a known time zone"),
        ({"time_zone": "../UTC"}, "is not a known time zone"),
        ({"time_zone": "America"}, "is not a known time zone"),
        ({"time_zone": 2}, "time_zone=2 is not a known time zone"),
    ],
)
def test_an_invalid_option_lists_the_valid_ones(options, message):
    with pytest.raises(InvalidOption, match=message):
        Clock(**options)


def test_clocks_with_the_same_settings_are_equal():
    assert Clock("week", "day", "UTC") == Clock("week", "day", "UTC")
    assert len({Clock("week"), Clock("week"), Clock("day")}) == 2
    assert Clock("week") != Clock("week", "hour") != Clock("week", "hour", "UTC")


def test_a_clock_as_text():
    assert str(Clock("week")) == "weeks, purchases merged within the day"
    assert str(Clock("day", "hour", "Europe/Paris")) == "days, purchases merged within the hour, zone Europe/Paris"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda clock: pickle.loads(pickle.dumps(clock))])
def test_it_can_be_copied(again):
    clock = Clock("month", "hour", "Asia/Tokyo")
    assert again(clock) == clock


# ---- lengths of time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("90 days", 90),
        ("1 day", 1),
        ("36 hours", 1.5),
        ("39 weeks", 273),
        ("12 months", 365.25),
        ("1 year", 365.25),
        ("1.5 years", 547.875),
        ("  2weeks ", 14),
        ("0 days", 0),
    ],
)
def test_text_has_its_own_unit(text, days):
    for unit in UNITS:
        # Two divisions of exact numbers: a few units in the last place.
        assert Clock(unit).duration(text) == pytest.approx(days / Clock(unit).ticks_per_unit, rel=1e-14)


def test_a_year_of_weeks():
    assert Clock("week").duration("12 months") == pytest.approx(365.25 / 7, rel=1e-15)


@pytest.mark.parametrize("number", [0, 39, 2.5, np.float64(3.25), np.int64(7), np.array(4.0)])
def test_a_number_is_in_the_unit_of_the_clock(number):
    length = Clock("week").duration(number)
    assert type(length) is float
    assert length == number


@pytest.mark.parametrize(
    "text", ["", "days", "-3 days", "90 dayz", "1 fortnight", "90 d", "inf days", "1e3 days", "90"]
)
def test_text_that_is_not_a_length_is_refused(text):
    with pytest.raises(InvalidOption, match=r"horizon=.* cannot be read: .*'90 days'.* a number means weeks"):
        Clock("week").duration(text)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, -math.inf, "9" * 400 + " days"])
def test_a_length_is_finite_and_not_negative(value):
    with pytest.raises(InvalidOption, match="must be finite and not negative"):
        Clock().duration(value)


@pytest.mark.parametrize("value", [None, [1, 2], timedelta(days=3), pd.Timedelta(days=3)])
def test_a_length_is_a_number_or_text(value):
    with pytest.raises(InvalidOption, match=r"span=.* is neither a number nor text such as '12 months'"):
        Clock().duration(value, "span")


@pytest.mark.slow
@given(st.floats(0, 1e6), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_the_same_length_in_any_unit(number, named, unit):
    length = Clock(unit).duration(f"{number:.6f} {named}s")
    assert length * Clock(unit).ticks_per_unit == pytest.approx(
        float(f"{number:.6f}") * Clock(named).ticks_per_unit, rel=1e-12
    )


# ---- discounting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("rate", [0.0, 0.1, -0.05, 1.0])
def test_an_annual_rate_discounts_one_year_by_itself_in_any_unit(unit, rate):
    clock = Clock(unit)
    assert math.exp(-clock.continuous_rate(rate) * clock.duration("1 year")) == pytest.approx(1 / (1 + rate), rel=1e-12)


def test_ten_percent_per_year_over_ninety_days():
    # design.md: money t days away is worth (1 + d)^(-t/365.25)
    clock = Clock("week")
    assert math.exp(-clock.continuous_rate(0.10) * 90 / 7) == pytest.approx(1.10 ** (-90 / 365.25), rel=1e-14)


@pytest.mark.parametrize("rate", [-1, -2, math.nan, math.inf])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(InvalidOption, match=r"annual_discount_rate=.* 10 % per year is 0\.10"):
        Clock().continuous_rate(rate)


# ---- ticks -------------------------------------------------------------------------------------------------

DAY = 9_862  # 1997-01-01: 27 years of 365 days and seven leap days after 1970-01-01


@pytest.mark.parametrize(
    "moment",
    [
        "1997-01-01",
        "19970101",
        "1997-W01-3",
        "1997-01-01T00:00",
        "1997-01-01 23:59:59.999999",
        date(1997, 1, 1),
        datetime(1997, 1, 1),
        datetime(1997, 1, 1, 23, 59),
        pd.Timestamp("1997-01-01 18:00"),
    ],
)
def test_any_moment_of_a_day_has_the_tick_of_the_day(moment):
    assert Clock().last_tick(moment) == DAY


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        (date(1997, 1, 1), 23),
        ("1997-01-01", 23),
        ("19970101", 23),
        ("1997-W01-3", 23),
        ("1997-01-01T00", 0),
        ("1997-01-01 00:00", 0),
        ("1997-01-01T10:59:59.999999", 10),
        (datetime(1997, 1, 1), 0),
        (datetime(1997, 1, 1, 23, 0), 23),
        (pd.Timestamp("1997-01-01"), 0),
        (pd.Timestamp("1997-01-01 09:59:59.999999999"), 9),
    ],
)
def test_in_hours_a_date_ends_with_its_last_hour_and_a_timestamp_with_its_own(moment, hour):
    assert Clock("day", "hour").last_tick(moment) == 24 * DAY + hour


def test_before_1970_days_and_hours_still_begin_at_midnight():
    assert Clock().last_tick("1969-12-31T23:59") == -1
    assert Clock().last_tick("1969-12-31T00:00") == -1
    assert Clock("day", "hour").last_tick("1969-12-31T23:59") == -1
    assert Clock("day", "hour").last_tick("1969-12-31") == -1


def test_a_moment_with_a_zone_needs_the_zone_of_the_calendar():
    moment = datetime(1997, 1, 2, 3, tzinfo=UTC)
    with pytest.raises(InvalidOption, match=r"calibration_end=.* has a time zone: .* time_zone="):
        Clock().last_tick(moment, "calibration_end")
    assert Clock(time_zone="America/New_York").last_tick(moment) == DAY
    assert Clock(time_zone="UTC").last_tick(moment) == DAY + 1
    assert Clock(time_zone="America/New_York").last_tick("1997-01-02T03:00Z") == DAY
    assert Clock(time_zone="America/New_York").last_tick(pd.Timestamp(moment)) == DAY
    east = datetime(1997, 1, 1, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert Clock("day", "hour", "Asia/Tokyo").last_tick(east) == 24 * (DAY + 1) + 16


def test_a_moment_without_a_zone_is_local_time_of_the_calendar():
    assert Clock(time_zone="America/New_York").last_tick("1997-01-01T23:00") == DAY


@pytest.mark.parametrize("moment", ["", "01/01/1997", "1997-02-30", "1997-1-1", "today", "1997-01-01 25:00"])
def test_text_that_is_not_a_date_is_refused(moment):
    with pytest.raises(InvalidOption, match="is not a date written YYYY-MM-DD"):
        Clock().last_tick(moment)


@pytest.mark.parametrize("moment", [None, 19970101, 1.5, np.datetime64("1997-01-01")])
def test_a_moment_is_a_date_or_text(moment):
    with pytest.raises(InvalidOption, match="is neither a date nor text"):
        Clock().last_tick(moment)


def test_a_missing_date_is_refused():
    with pytest.raises(InvalidOption, match="observation_end=NaT is a missing date"):
        Clock().last_tick(pd.NaT)


def test_a_tick_may_come_from_an_array():
    assert Clock().describe_tick(np.array([DAY])[0]) == "1997-01-01"
    assert Clock("day", "hour").describe_tick(np.array([24 * DAY])[0]) == "1997-01-01T00"


@pytest.mark.slow
@given(DATES)
def test_a_day_round_trips(day):
    clock = Clock()
    assert clock.describe_tick(clock.last_tick(day)) == day.isoformat()
    assert clock.last_tick(day.isoformat()) == clock.last_tick(day)
    assert clock.last_tick(day + timedelta(days=1)) == clock.last_tick(day) + 1


@pytest.mark.slow
@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_an_hour_round_trips(moment):
    clock = Clock("day", "hour")
    tick = clock.last_tick(moment)
    assert clock.describe_tick(tick) == moment.isoformat(timespec="hours")
    assert clock.last_tick(clock.describe_tick(tick)) == tick
    assert clock.last_tick(moment.date()) // 24 == tick // 24 == Clock().last_tick(moment)


# ---- opportunities -----------------------------------------------------------------------------------------

DISCRETE = ("week", "month", "year")


@pytest.mark.parametrize(
    ("unit", "day", "tick", "first", "last"),
    [
        ("week", "1970-01-01", 0, "1969-12-29", "1970-01-04"),  # a Thursday: its week began three days before
        ("week", "1969-12-28", -1, "1969-12-22", "1969-12-28"),
        ("week", "1997-09-30", 1448, "1997-09-29", "1997-10-05"),
        ("month", "1970-01-31", 0, "1970-01-01", "1970-01-31"),
        ("month", "1969-12-31", -1, "1969-12-01", "1969-12-31"),
        ("month", "2000-02-05", 361, "2000-02-01", "2000-02-29"),
        ("year", "1969-06-30", -1, "1969-01-01", "1969-12-31"),
        ("year", "2001-01-01", 31, "2001-01-01", "2001-12-31"),
    ],
)
def test_an_opportunity_is_a_calendar_week_month_or_year(unit, day, tick, first, last):
    clock = Clock(unit, unit)
    assert clock.discrete
    assert clock.last_tick(day) == tick
    assert (clock.describe_start(tick), clock.describe_tick(tick)) == (first, last)


@pytest.mark.slow
@given(DATES, st.sampled_from(DISCRETE))
def test_a_day_is_within_its_opportunity_and_the_next_one_follows(day, unit):
    clock = Clock(unit, unit)
    tick = clock.last_tick(day)
    first, last = clock.days(tick)
    assert first <= day <= last
    assert clock.days(tick + 1)[0] == last + timedelta(days=1)
    assert first.weekday() == 0 if unit == "week" else first.day == 1
    assert clock.closing_tick(last) == clock.last_tick(first) == tick


def test_a_period_ends_with_an_opportunity():
    with pytest.raises(
        InvalidOption, match=r"observation_end='2001-06-15' lies within a year, .*'2000-12-31'.*'2001-1"
    ):
        Clock("year", "year").closing_tick("2001-06-15")
    with pytest.raises(InvalidOption, match=r"cut='1997-09-30' lies within a week, .*'1997-09-28' .*'1997-10-05'"):
        Clock("week", "week").closing_tick("1997-09-30", "cut")
    assert Clock("month", "month").closing_tick("2000-02-29T12:00") == 361
    assert Clock("year").closing_tick("2001-06-15") == Clock("year").last_tick("2001-06-15")


def test_days_and_hours_are_not_opportunities():
    assert not Clock("year").discrete
    assert not Clock("hour", "hour").discrete
    assert Clock("day", "hour").describe_start(24 * DAY) == "1997-01-01T00"


def test_a_discrete_clock_as_text():
    assert str(Clock("month", "month", "UTC")) == "calendar months, each one opportunity to buy, zone UTC"
    assert Clock("month", "month") != Clock("month")


@pytest.mark.parametrize("unit", DISCRETE)
def test_opportunities_are_the_time_unit(unit):
    assert Clock(unit, unit).ticks_per_unit == 1
    assert math.exp(-Clock(unit, unit).continuous_rate(0.1) * Clock(unit).duration("1 year")) == pytest.approx(1 / 1.1)


@pytest.mark.parametrize(
    ("unit", "length", "count"),
    [
        ("year", "5 years", 5),
        ("year", "12 months", 1),
        ("month", "2 years", 24),
        ("week", "14 days", 2),
        ("week", 3, 3),
    ],
)
def test_a_length_of_whole_opportunities(unit, length, count):
    assert Clock(unit, unit).duration(length) == count


@pytest.mark.parametrize(
    ("unit", "length", "error_text"),
    [
        ("week", "12 months", r"'12 months' is 52\.179 weeks, .* pass '52 weeks' or '53 weeks'"),
        ("year", "90 days", r"is 0\.24641 years, .* pass '0 years' or '1 year'"),
        ("month", 1.5, "horizon=1.5 is 1.5 months, .* pass '1 month' or '2 months'"),
    ],
)
def test_a_part_of_an_opportunity_is_refused(unit, length, error_text):
    with pytest.raises(InvalidOption, match=error_text):
        Clock(unit, unit).duration(length)


@pytest.mark.slow
@given(hours=st.integers(0, 24 * 365), zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_hours_of_a_zone_have_one_name_each_also_where_summer_time_begins_or_ends(hours, zone):
    clock = Clock("hour", "hour", zone)
    tick = clock.last_tick("2024-01-01") + hours
    assert clock.last_tick(clock.describe_tick(tick)) == tick


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)])
def test_the_hours_of_a_day_are_elapsed_hours(day, hours):
    clock, before = Clock("hour", "hour", "Europe/Berlin"), date.fromisoformat(day) - timedelta(days=1)
    assert clock.last_tick(day) - clock.last_tick(before) == hours
    assert Clock("hour", "hour").last_tick(day) - Clock("hour", "hour").last_tick(before) == 24

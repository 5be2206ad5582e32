"""Logs counted in opportunities to buy: calendar weeks, months and years, as in discrete processes."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvmodels.clock import Clock
from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.simulate import simulate_log
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import RFM, rfm_summary

YEARLY = {"time_unit": "year", "merge_within": "year"}
LOG = pd.DataFrame(
    {
        "customer_id": [1, 1, 1, 1, 2, 3, 3],
        "date": ["1995-03-01", "1996-01-01", "1996-12-31", "1999-07-01", "1998-12-31", "1996-05-05", "2001-01-01"],
        "amount": [10.0, 20.0, 30.0, 5.0, 7.0, 1.0, 2.0],
    }
)


def columns(rfm):
    return {name: list(rfm[name]) for name in ("frequency", "recency", "T", "n")}


@pytest.fixture(params=["pandas", "polars", "lazy", "csv", "parquet", "timestamps", "dates"])
def source(request, tmp_path):
    """The log as every kind of table."""
    if request.param == "csv":
        LOG.to_csv(tmp_path / "log.csv", index=False)
        return tmp_path / "log.csv"
    if request.param == "parquet":
        LOG.to_parquet(tmp_path / "log.parquet")
        return tmp_path / "log.parquet"
    return {
        "pandas": lambda: LOG,
        "polars": lambda: pl.from_pandas(LOG),
        "lazy": lambda: pl.from_pandas(LOG).lazy(),
        "timestamps": lambda: LOG.assign(date=pd.to_datetime(LOG["date"]) + pd.Timedelta(hours=23, minutes=59)),
        "dates": lambda: pl.from_pandas(LOG).with_columns(pl.col("date").str.to_date()),
    }[request.param]()


def test_a_log_worked_by_hand(source):
    rfm = rfm_summary(source, amount="amount", observation_end="2000-12-31", **YEARLY)
    # Customer 1 gave in 1995, twice in 1996, and in 1999; customer 3's year 2001 lies after the end.
    assert columns(rfm) == {"frequency": [2, 0, 0], "recency": [4, 0, 0], "T": [5, 2, 4], "n": [5, 2, 4]}
    assert rfm.n.dtype == np.int64
    assert rfm.monetary_value[0] == 27.5  # 50 in 1996, 5 in 1999
    assert (rfm.observation_end, rfm.rows_after_end) == ("2000-12-31", 1)
    assert "times in calendar years, each one opportunity to buy" in [finding.text for finding in rfm.findings]


@pytest.mark.parametrize(("unit", "frequency", "recency", "n"), [("month", 3, 52, 69), ("week", 3, 226, 304)])
def test_months_and_weeks_of_the_same_log(source, unit, frequency, recency, n):
    # From March 1995 to July 1999 are 52 months; from the week of 1 March 1995, a Wednesday, to that of 1 July 1999, a
    # Thursday, 226 weeks.
    rfm = rfm_summary(source, observation_end="2000-12-31", time_unit=unit, merge_within=unit)
    assert [rfm["frequency"][0], rfm["recency"][0], rfm["n"][0]] == [frequency, recency, n]


def test_the_opportunity_of_the_latest_date_counts_as_complete():
    rfm = rfm_summary(LOG, **YEARLY)
    assert rfm.observation_end == "2001-12-31"
    assert columns(rfm)["n"] == [6, 3, 5]


def test_an_end_within_an_opportunity_is_refused():
    with pytest.raises(InvalidOption, match=r"pass '1999-12-31' to leave it out, or '2000-12-31' if the data"):
        rfm_summary(LOG, observation_end="2000-06-30", **YEARLY)
    with pytest.raises(InvalidOption, match="calibration_end='1999-06-30' lies within a year"):
        holdout_split(LOG, calibration_end="1999-06-30", **YEARLY)
    with pytest.raises(InvalidOption, match="holdout_end='2000-06-30' lies within a year"):
        holdout_split(LOG, calibration_end="1998-12-31", holdout_end="2000-06-30", **YEARLY)


@pytest.mark.slow
@given(
    days=st.lists(st.tuples(st.integers(1, 4), st.integers(-12_000, 12_000)), min_size=1, max_size=12),
    unit=st.sampled_from(["week", "month", "year"]),
    kind=st.sampled_from([pd.DataFrame, pl.DataFrame]),
)
def test_the_engine_counts_opportunities_as_python_does(days, unit, kind):
    """Every date falls into the opportunity given by Python's calendar, also before 1970."""
    clock = Clock(unit, unit)
    dates = [(customer, date(1970, 1, 1) + timedelta(days=day)) for customer, day in days]
    end = max(clock.last_tick(day) for _, day in dates)
    rfm = rfm_summary(
        kind({"customer_id": [c for c, _ in dates], "date": [day for _, day in dates]}),
        time_unit=unit,
        merge_within=unit,
        observation_end=clock.describe_tick(end),  # confirms dates far from the rest, as is the next
        acquired_after=clock.describe_tick(clock.last_tick("1930-06-30")),
    )
    for i, customer in enumerate(sorted({customer for customer, _ in dates})):
        ticks = sorted({clock.last_tick(day) for who, day in dates if who == customer})
        expected = (len(ticks) - 1, ticks[-1] - ticks[0], end - ticks[0])
        assert (rfm.frequency[i], rfm.recency[i], rfm.n[i]) == expected


def test_the_zone_of_the_calendar_determines_the_year_of_a_purchase():
    log = pd.DataFrame({"customer_id": [1, 1], "date": pd.to_datetime(["1999-12-31T20:00Z", "2000-12-31T23:30Z"])})
    for zone, n in (("America/New_York", 1), ("Asia/Tokyo", 1), ("Europe/Paris", 2)):
        assert rfm_summary(log, time_zone=zone, **YEARLY).recency[0] == n


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["week", "month"])
def test_cdnow_by_brute_force(unit):
    log = load_cdnow(sample=True)
    clock = Clock(unit, unit)
    ticks = np.array([clock.last_tick(day) for day in log["date"]])
    every = log.assign(tick=ticks)[["customer_id", "tick"]].drop_duplicates()
    by = every.groupby("customer_id")["tick"].agg(["size", "min", "max"])
    rfm = rfm_summary(log, time_unit=unit, merge_within=unit)
    assert np.array_equal(rfm.frequency, by["size"] - 1)
    assert np.array_equal(rfm.recency, by["max"] - by["min"])
    assert np.array_equal(rfm.n, ticks.max() - by["min"])


def test_purchases_in_one_week_are_merged():
    log = load_cdnow(sample=True)
    weekly = rfm_summary(log, time_unit="week", merge_within="week", observation_end="1997-09-28")
    daily = rfm_summary(log, time_unit="week", observation_end="1997-09-28")
    assert weekly.frequency.sum() < daily.frequency.sum()


# ---- the RFM -----------------------------------------------------------------------------------------------


def test_other_clocks_do_not_count_opportunities():
    rfm = rfm_summary(LOG, time_unit="year")
    assert rfm.n is None
    assert "n" not in rfm.columns()


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas])
def test_an_rfm_survives_a_frame(kind):
    rfm = rfm_summary(kind(LOG), amount="amount", **YEARLY)
    frame = rfm.to_frame()
    assert list(frame.columns)[:5] == ["customer_id", "frequency", "recency", "T", "n"]
    again = RFM.from_frame(frame, observation_end=rfm.observation_end, **YEARLY)
    assert columns(again) == columns(rfm)
    assert again.observation_end == rfm.observation_end
    assert not again.attributes
    assert columns(RFM.from_frame(frame[["customer_id", "frequency", "recency", "T"]], **YEARLY)) == columns(rfm)


def test_an_index_keeps_opportunities():
    rfm = rfm_summary(LOG, **YEARLY)
    assert list(rfm[[2, 0]].n) == [5, 6]
    assert list(rfm[rfm.n > 4]["n"]) == [6, 5]


def test_a_column_n_is_an_attribute_on_other_clocks():
    frame = pd.DataFrame({"customer_id": [1], "frequency": [1], "recency": [1.5], "T": [2.5], "n": [7]})
    assert list(RFM.from_frame(frame, time_unit="year").attributes) == ["n"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"T": [6.5, 3.0]}, "has a recency or T that is not a whole number of opportunities"),
        ({"recency": [3.5, 0.0]}, "has a recency or T that is not a whole number of opportunities"),
        ({"frequency": [5, 0]}, "has more repeat purchases than opportunities up to the last purchase"),
        ({"n": [6, 4]}, r"1 of 2 customers has an n that differs from T \(first: 2\)"),
        ({"T": [np.inf, 3.0]}, "has a T that is not finite"),
    ],
)
def test_a_frame_that_breaks_a_rule_is_refused(changed, message):
    frame = {"customer_id": [1, 2], "frequency": [2, 0], "recency": [4.0, 0.0], "T": [6.0, 3.0], "n": [6, 3]}
    RFM.from_frame(pd.DataFrame(frame), **YEARLY)
    with pytest.raises(InvalidRFM, match=message):
        RFM.from_frame(pd.DataFrame(frame | changed), **YEARLY)


def test_n_is_not_overwritten():
    rfm = rfm_summary(LOG, **YEARLY)
    with pytest.raises(InvalidRFM, match="already has the column 'n'"):
        rfm.with_columns(pd.DataFrame({"customer_id": [1, 2, 3], "n": [1, 2, 3]}))


# ---- splits and simulated logs -----------------------------------------------------------------------------


def test_a_split_counts_opportunities_after_the_cutoff(source):
    split = holdout_split(source, amount="amount", calibration_end="1998-12-31", **YEARLY)
    assert (split.horizon, split.calibration_end, split.holdout_end) == (3.0, "1998-12-31", "2001-12-31")
    assert columns(split.calibration) == {"frequency": [1, 0, 0], "recency": [1, 0, 0], "T": [3, 0, 2], "n": [3, 0, 2]}
    assert list(split.purchases) == [1, 0, 1]
    assert list(split.spend) == [5.0, 0.0, 2.0]


@pytest.mark.parametrize(("unit", "end"), [("year", "2010-12-31"), ("month", "2010-12-31"), ("week", "2011-01-02")])
def test_a_simulated_log_reproduces_its_opportunities(unit, end):
    p = {"alpha": 1e9, "beta": 1e-3, "gamma": 1e-3, "delta": 1e9}  # every customer buys at every opportunity
    log = simulate_log(50, p, process="bgbb", time_unit=unit, start="2000-02-02", end=end, random_state=3)
    assert log["date"].min() >= pd.Timestamp("2000-02-02")
    assert log["date"].max() <= pd.Timestamp(end)
    assert log["date"].nunique() > 50  # on any day of an opportunity
    rfm = rfm_summary(log, time_unit=unit, merge_within=unit, observation_end=end)
    assert np.array_equal(rfm.frequency, rfm.n)
    assert len(rfm) == 50


def test_a_simulated_log_needs_whole_opportunities():
    p = {"alpha": 1.0, "beta": 1.0, "gamma": 1.0, "delta": 1.0}
    with pytest.raises(InvalidOption, match=r"end='2021-12-31' lies within a week"):
        simulate_log(5, p, process="bgbb", time_unit="week")
    with pytest.raises(
        InvalidOption,
        match=r"time_unit='day' is not an opportunity that a discrete process counts: choose one of 'week'",
    ):
        simulate_log(5, p, process="bgbb", time_unit="day")

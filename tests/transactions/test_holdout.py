"""Splitting a log at a cutoff: nothing after the cutoff leaks into the calibration, and no customer is lost."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clvmodels.clock import Clock
from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.holdout import Holdout, holdout_split
from clvmodels.transactions.summary import rfm_summary

# a buys twice by the cutoff, twice on the day after it, and on the last day; b once and never again; c on the day of
# the cutoff and later; d is first seen in the holdout and buys three times on two days; e after the holdout.
LOG = pd.DataFrame(
    [
        ("a", "2024-01-01", 10.0),
        ("a", "2024-01-15", 20.0),
        ("a", "2024-01-30", 1.5),
        ("a", "2024-01-30", 2.5),
        ("a", "2024-02-12", 4.0),
        ("b", "2024-01-08", 3.0),
        ("c", "2024-01-29", 7.0),
        ("c", "2024-02-05", 0.0),
        ("c", "2024-02-13", 50.0),
        ("d", "2024-01-31", 5.0),
        ("d", "2024-01-31", 6.0),
        ("d", "2024-02-10", 8.0),
        ("e", "2024-03-01", 100.0),
    ],
    columns=["customer_id", "date", "amount"],
)
CUTOFF, LAST = "2024-01-29", "2024-02-12"
WEEKS = {"calibration_end": CUTOFF, "holdout_end": LAST, "time_unit": "week"}


@pytest.fixture
def split():
    return holdout_split(LOG, amount="amount", **WEEKS)


@pytest.fixture(scope="module")
def cdnow():
    return holdout_split(
        load_cdnow(sample=True),
        amount="amount",
        time_unit="week",
        calibration_end="1997-09-30",
        holdout_end="1998-06-30",
    )


def assert_same(a, b):
    """Assert that two RFMs are equal to the last bit."""
    assert a.customer_id.to_list() == b.customer_id.to_list()
    assert_array_equal(a.frequency, b.frequency)
    assert_array_equal(a.recency, b.recency)
    assert_array_equal(a.T, b.T)
    assert_array_equal(a.monetary_value, b.monetary_value)
    assert_array_equal(a.monetary_count, b.monetary_count)
    assert (a.clock, a.observation_end) == (b.clock, b.observation_end)


def activity_by_hand():
    days = ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-29", "2024-01-30", "2024-02-05", "2024-02-12"]
    return [[Clock().last_tick(day) for day in days], [1, 1, 0, 1, 0, 0, 0], [0, 0, 1, 0, 1, 1, 1]]


# ---- by hand -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "arrow", "csv", "parquet"])
def test_a_log_worked_by_hand(kind, tmp_path):
    frame = pl.from_pandas(LOG)
    frame.write_csv(tmp_path / "log.csv")
    frame.write_parquet(tmp_path / "log.parquet")
    source = {
        "pandas": LOG,
        "polars": frame,
        "lazy": frame.lazy(),
        "arrow": frame.to_arrow(),
        "csv": tmp_path / "log.csv",
        "parquet": str(tmp_path / "log.parquet"),
    }[kind]
    split = holdout_split(source, amount="amount", **WEEKS)
    assert split.calibration.customer_id.to_list() == ["a", "b", "c"]
    assert_array_equal(split.calibration.frequency, [1, 0, 0])
    assert_array_equal(split.calibration.recency, [2, 0, 0])
    assert_array_equal(split.calibration.T, [4, 3, 0])
    assert_array_equal(split.calibration.monetary_value, [20, np.nan, np.nan])
    assert split.calibration.rows_after_end == 9
    assert_array_equal(split.purchases, [2, 0, 1])
    assert_array_equal(split.spend, [8, 0, 0])
    assert_array_equal(split.past_spend, [30, 3, 7])
    assert (split.purchases.dtype, split.spend.dtype) == (np.int64, np.float64)
    assert split.horizon == 2
    assert (split.calibration_end, split.holdout_end) == (CUTOFF, LAST)
    assert (split.new_customers, split.new_purchases, split.new_spend) == (1, 2, 19)
    assert split.rows_after_end == 2
    assert split.cutoff == Clock().last_tick(CUTOFF)
    assert_array_equal(split.activity, activity_by_hand())
    assert split.clock == Clock("week")
    assert split.calibration.kind == {"pandas": "pandas", "arrow": "pyarrow"}.get(kind, "polars")


def test_a_frame_of_it_has_one_row_per_customer(split):
    frame = split.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns)[-4:] == ["monetary_value", "monetary_count", "holdout_purchases", "holdout_spend"]
    assert frame["customer_id"].tolist() == ["a", "b", "c"]
    assert frame["holdout_purchases"].tolist() == [2, 0, 1]
    assert frame["holdout_spend"].tolist() == [8.0, 0.0, 0.0]
    assert isinstance(holdout_split(pl.from_pandas(LOG), **WEEKS).to_frame(), pl.DataFrame)


def test_findings_describe_both_periods(split):
    texts = [finding.text for finding in split.findings]
    assert texts == [
        "3 customers known at 2024-01-29, followed to 2024-02-12",
        "3 purchases by 66.7% of them in these 2 weeks",
        "1 customer first seen after the cutoff, with 2 purchases",
        "2 rows after 2024-02-12 were left out",
    ]
    assert repr(split) == "Holdout: " + "; ".join(texts)
    assert split._repr_html_().count("<li>") == 4


def test_without_amounts_there_is_no_money():
    split = holdout_split(LOG, **WEEKS)
    assert split.spend is None
    assert split.past_spend is None
    assert split.new_spend is None
    assert split.calibration.monetary_value is None
    assert_array_equal(split.purchases, [2, 0, 1])
    assert "holdout_spend" not in split.to_frame().columns


def test_past_spend_includes_the_first_purchase(split):
    inclusive = holdout_split(LOG, amount="amount", include_first_transaction=True, **WEEKS)
    assert_array_equal(inclusive.calibration.monetary_value, [15, 3, 7])
    assert_array_equal(inclusive.past_spend, split.past_spend)
    assert_array_equal(inclusive.spend, split.spend)


def test_the_default_holdout_ends_on_the_last_date_of_the_log():
    split = holdout_split(LOG, amount="amount", calibration_end=CUTOFF)
    assert split.holdout_end == "2024-03-01"
    assert split.horizon == 32
    assert split.rows_after_end == 0
    assert_array_equal(split.purchases, [2, 0, 2])
    assert (split.new_customers, split.new_purchases, split.new_spend) == (2, 3, 119)


def test_the_holdout_may_end_after_the_log():
    split = holdout_split(LOG, calibration_end=CUTOFF, holdout_end="2024-12-31")
    assert split.horizon == 337
    assert split.rows_after_end == 0


def test_no_finding_without_new_customers():
    split = holdout_split(LOG[LOG["customer_id"].isin(["a", "b"])], amount="amount", **WEEKS)
    assert (split.new_customers, split.new_purchases, split.new_spend) == (0, 0, 0.0)
    assert len(split.findings) == 2


def test_a_holdout_in_which_nobody_buys():
    split = holdout_split(LOG[:2], amount="amount", **WEEKS)
    assert_array_equal(split.purchases, [0])
    assert_array_equal(split.spend, [0.0])
    assert "0 purchases by 0.0% of them" in repr(split)


# ---- the cutoff --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["2024-01-29", "2024-01-28", "1999-01-01", dt.date(2024, 1, 29)])
def test_an_empty_holdout_is_refused(end):
    with pytest.raises(
        InvalidOption,
        match=r"The holdout period is empty: it would end on .*period ends on 2024-01-29\. Pass an earlier "
        r"calibration_end=, or a later holdout_end= \(the log ends on ",
    ):
        holdout_split(LOG, calibration_end=CUTOFF, holdout_end=end)


@pytest.mark.parametrize("cutoff", ["2024-03-01", "2025-01-01"])
def test_a_cutoff_at_the_end_of_the_log_is_refused(cutoff):
    with pytest.raises(InvalidOption, match=r"The holdout period is empty: .* Pass an earlier calibration_end=\.$"):
        holdout_split(LOG, calibration_end=cutoff)


def test_a_cutoff_before_the_log_is_refused():
    with pytest.raises(InvalidTransactions, match="before the first transaction"):
        holdout_split(LOG, calibration_end="2023-12-31")


def test_unreadable_dates_are_refused_with_the_name_of_the_argument():
    with pytest.raises(InvalidOption, match="calibration_end='29/01/2024' is not a date"):
        holdout_split(LOG, calibration_end="29/01/2024")
    with pytest.raises(InvalidOption, match="holdout_end='then' is not a date"):
        holdout_split(LOG, calibration_end=CUTOFF, holdout_end="then")


def test_in_hours_the_cutoff_is_the_last_hour_of_its_day():
    log = pd.DataFrame({"customer_id": 1, "date": ["2024-01-01 10:00", "2024-01-02 23:59", "2024-01-03 00:00"]})
    split = holdout_split(log, calibration_end="2024-01-02", merge_within="hour", time_unit="hour")
    assert (split.calibration.frequency.tolist(), split.purchases.tolist(), split.horizon) == ([1], [1], 1)
    assert (split.calibration_end, split.holdout_end) == ("2024-01-02T23", "2024-01-03T00")


def test_the_zone_of_the_calendar_determines_the_side_of_the_cutoff():
    moments = pd.to_datetime(["2024-01-01 12:00", "2024-01-30 03:00", "2024-02-12 12:00"]).tz_localize("UTC")
    log = pd.DataFrame({"customer_id": 1, "date": moments})
    assert holdout_split(log, time_zone="UTC", **WEEKS).purchases.tolist() == [2]
    assert holdout_split(log, time_zone="America/New_York", **WEEKS).purchases.tolist() == [1]


# ---- nothing leaks, nothing is lost ------------------------------------------------------------------------


def test_the_calibration_equals_rfm_summary(split):
    rfm = rfm_summary(LOG, amount="amount", time_unit="week", observation_end=CUTOFF)
    assert_same(split.calibration, rfm)
    assert split.calibration.rows_after_end == rfm.rows_after_end


@pytest.mark.parametrize(
    "tampering",
    [
        lambda after: after[:0],
        lambda after: after[:1],
        lambda after: after.assign(amount=1e12),
        lambda after: after.assign(customer_id="a"),
        lambda after: after.assign(date="2024-01-30"),
        lambda after: pd.concat([after] * 20),
    ],
)
def test_rows_after_the_cutoff_change_nothing_before_it(split, tampering):
    before = LOG["date"] <= CUTOFF
    log = pd.concat([LOG[before], tampering(LOG[~before])])
    tampered = holdout_split(log, amount="amount", **WEEKS)
    assert_same(tampered.calibration, split.calibration)
    assert_array_equal(tampered.past_spend, split.past_spend)
    upto = split.activity[0] <= split.cutoff
    assert_array_equal(tampered.activity[:, tampered.activity[0] <= split.cutoff], split.activity[:, upto])


def test_rows_after_the_holdout_change_nothing_but_their_count(split):
    more = pd.concat([LOG, pd.DataFrame({"customer_id": ["a", "x"], "date": "2024-02-13", "amount": 9.0})])
    longer = holdout_split(more, amount="amount", **WEEKS)
    assert longer.rows_after_end == split.rows_after_end + 2
    assert_array_equal(longer.purchases, split.purchases)
    assert_array_equal(longer.spend, split.spend)
    assert (longer.new_customers, longer.new_purchases) == (split.new_customers, split.new_purchases)
    assert_array_equal(longer.activity, split.activity)


def test_rows_without_an_id_are_left_out_in_both_periods():
    log = pd.concat(
        [LOG, pd.DataFrame({"customer_id": [None] * 2, "date": ["2024-01-02", "2024-02-01"], "amount": 1.0})]
    )
    with pytest.raises(InvalidTransactions, match="2 of 15 rows have no customer id"):
        holdout_split(log, amount="amount", **WEEKS)
    split = holdout_split(log, amount="amount", on_missing_id="drop", **WEEKS)
    assert split.calibration.rows_without_id == 2
    assert split.new_customers == 1
    assert split.rows_after_end == 2


def test_faults_after_the_cutoff_are_refused():
    with pytest.raises(InvalidTransactions, match="1 of 14 rows has a negative amount"):
        holdout_split(
            pd.concat([LOG, pd.DataFrame({"customer_id": ["a"], "date": [LAST], "amount": [-1.0]})]),
            amount="amount",
            **WEEKS,
        )


PURCHASES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 40), st.integers(0, 10_000_00)), min_size=1, max_size=40
)
START = dt.date(2024, 1, 1)


@pytest.mark.slow
@given(PURCHASES, st.integers(0, 39), st.integers(1, 30), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_it_agrees_with_brute_force_to_the_last_bit(purchases, cutoff, length, random):
    cutoff = max(cutoff, min(day for _, day, _ in purchases))
    end = cutoff + length
    shuffled = random.sample(purchases, len(purchases))
    log = pl.DataFrame(
        {
            "customer_id": [who for who, _, _ in shuffled],
            "date": [START + dt.timedelta(days=day) for _, day, _ in shuffled],
            "amount": [cents / 100 for _, _, cents in shuffled],
        }
    )
    split = holdout_split(
        log,
        amount="amount",
        calibration_end=START + dt.timedelta(days=cutoff),
        holdout_end=START + dt.timedelta(days=end),
    )
    first = {who: min(day for w, day, _ in purchases if w == who) for who, _, _ in purchases}
    customers = sorted(who for who, day in first.items() if day <= cutoff)
    new = [who for who, day in first.items() if cutoff < day <= end]

    def days(who, start, stop):
        return {day for w, day, _ in purchases if w in who and start <= day <= stop}

    def spend(who, start, stop):
        return float(
            sum((Fraction(c / 100) for w, day, c in purchases if w in who and start <= day <= stop), Fraction())
        )

    assert split.calibration.customer_id.to_list() == customers
    assert split.purchases.tolist() == [len(days({who}, cutoff + 1, end)) for who in customers]
    assert split.spend.tolist() == [spend({who}, cutoff + 1, end) for who in customers]
    assert split.past_spend.tolist() == [spend({who}, 0, cutoff) for who in customers]
    assert split.new_customers == len(new)
    assert split.new_purchases == sum(len(days({who}, 0, end)) for who in new)
    assert split.new_spend == spend(new, 0, end)
    assert split.rows_after_end == sum(day > end for _, day, _ in purchases)
    assert split.horizon == length
    # Every repeat purchase of a calibration customer falls on some day, and every first one.
    before = split.activity[0] <= split.cutoff
    assert split.activity[1].sum() == split.activity[1, before].sum() == len(customers)
    assert split.activity[2, before].sum() == split.calibration.frequency.sum()
    assert split.activity[2, ~before].sum() == split.purchases.sum()
    assert np.all(np.diff(split.activity[0]) > 0)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda split: pickle.loads(pickle.dumps(split))])
def test_it_can_be_copied(split, again):
    twin = again(split)
    assert isinstance(twin, Holdout)
    assert_same(twin.calibration, split.calibration)
    assert_array_equal(twin.activity, split.activity)
    assert repr(twin) == repr(split)


# ---- CDNOW -------------------------------------------------------------------------------------------------


def test_cdnow_sample(cdnow):
    # BTYDplus 1.2.0, elog2cbs(cdnowElog, T.cal = "1997-09-30"): sum(x) = 2457, sum(x.star) = 1882; the money is the
    # plain sum of the rows after the cutoff, in cents, hence half a cent.
    assert len(cdnow.calibration) == 2_357
    assert cdnow.calibration.frequency.sum() == 2_457
    assert cdnow.purchases.sum() == 1_882
    assert cdnow.spend.sum() == pytest.approx(70_976.39, abs=0.005)
    assert cdnow.horizon == 39
    assert (cdnow.new_customers, cdnow.new_purchases, cdnow.new_spend, cdnow.rows_after_end) == (0, 0, 0.0, 0)
    assert cdnow.spend.sum() + cdnow.past_spend.sum() == pytest.approx(244_091.94, abs=0.005)


def test_cdnow_by_the_number_of_repeats(cdnow):
    # published.md: mean holdout purchases by calibration x = 0..5, to two decimals.
    means = [cdnow.purchases[cdnow.calibration.frequency == x].mean() for x in range(6)]
    assert means == pytest.approx([0.24, 0.70, 1.39, 1.56, 2.53, 2.95], abs=5e-3)


def test_cdnow_activity(cdnow):
    ticks, started, repeated = cdnow.activity
    assert started.sum() == 2_357
    assert repeated.sum() == 2_457 + 1_882
    assert Clock().describe_tick(ticks[0]) == "1997-01-01"
    assert Clock().describe_tick(ticks[-1]) == "1998-06-30"


@pytest.mark.slow
def test_the_whole_of_cdnow():
    split = holdout_split(load_cdnow(), amount="amount", time_unit="week", calibration_end="1997-09-30")
    assert len(split.calibration) == 23_570
    assert split.horizon == 39
    assert split.spend.sum() == pytest.approx(776_961.13, abs=0.005)
    assert split.spend.sum() + split.past_spend.sum() == pytest.approx(2_500_315.63, abs=0.005)
    rfm = rfm_summary(load_cdnow(), amount="amount", time_unit="week", observation_end="1997-09-30")
    assert_array_equal(split.calibration.monetary_value, rfm.monetary_value)
    assert_array_equal(split.calibration.T, rfm.T)


def test_the_calibration_has_intertimes_up_to_the_cutoff():
    log = load_cdnow(sample=True)
    options = {"time_unit": "week", "intertimes": True}
    split = holdout_split(log, calibration_end="1997-09-30", **options)
    alone = rfm_summary(log, observation_end="1997-09-30", **options)
    assert_array_equal(split.calibration.sum_log_intertimes, alone.sum_log_intertimes)

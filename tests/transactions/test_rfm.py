"""Log to RFM: checked by hand, by brute force and by lifetimes; and indexing, joining and saving an RFM."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import pickle
import subprocess
import sys
from fractions import Fraction

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split

from clvmodels.clock import Clock
from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.errors import InvalidOption, InvalidRFM, InvalidTransactions
from clvmodels.transactions.summary import RFM, rfm_summary

# Customer 11 buys twice on the first day, once more, and on the last day; 7 buys once; 30 buys on the last day, and
# once more after it; 4 is first seen after it.
LOG = pl.DataFrame(
    {
        "customer_id": [30, 11, 4, 11, 7, 11, 30, 11, 30],
        "date": [
            "2024-01-29",
            "2024-01-01",
            "2024-02-03",
            "2024-01-29",
            "2024-01-08",
            "2024-01-01",
            "2024-01-22",
            "2024-01-15",
            "2024-02-01",
        ],
        "amount": [9.5, 10.0, 1.0, 7.0, 3.0, 5.5, 4.0, 20.25, 100.0],
    }
)
END = "2024-01-29"
WEEKS = {"amount": "amount", "time_unit": "week", "observation_end": END}


def made(columns, **options):
    """An RFM from a small log in pandas."""
    return rfm_summary(pd.DataFrame(columns), **options)


def same(a, b):
    """Return whether two RFMs are equal to the last bit."""
    return (
        a.customer_id.to_list() == b.customer_id.to_list()
        and np.array_equal(a.frequency, b.frequency)
        and np.array_equal(a.recency, b.recency)
        and np.array_equal(a.T, b.T)
        and (a.monetary_value is None) == (b.monetary_value is None)
        and (a.monetary_value is None or np.array_equal(a.monetary_value, b.monetary_value, equal_nan=True))
        and (a.monetary_count is None or np.array_equal(a.monetary_count, b.monetary_count))
        and {n: c.to_list() for n, c in a.attributes.items()} == {n: c.to_list() for n, c in b.attributes.items()}
        and (a.clock, a.observation_end) == (b.clock, b.observation_end)
    )


@pytest.fixture
def rfm():
    return rfm_summary(LOG.to_pandas(), **WEEKS)


@pytest.fixture(scope="module")
def cdnow():
    return rfm_summary(load_cdnow(sample=True), amount="amount", time_unit="week", observation_end="1997-09-30")


# ---- by hand -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["pandas", "polars", "lazy", "arrow", "csv", "parquet", "csv text", "parquet text"])
def source(request, tmp_path):
    LOG.write_csv(tmp_path / "log.csv")
    LOG.write_parquet(tmp_path / "log.parquet")
    return {
        "pandas": LOG.to_pandas(),
        "polars": LOG,
        "lazy": LOG.lazy(),
        "arrow": LOG.to_arrow(),
        "csv": tmp_path / "log.csv",
        "parquet": tmp_path / "log.parquet",
        "csv text": str(tmp_path / "log.csv"),
        "parquet text": str(tmp_path / "log.parquet"),
    }[request.param]


def test_a_log_worked_by_hand(source):
    rfm = rfm_summary(source, **WEEKS)
    assert rfm.customer_id.to_list() == [7, 11, 30]
    assert rfm.customer_id.dtype == nw.Int64
    assert_array_equal(rfm.frequency, [0, 2, 1])
    assert_array_equal(rfm.recency, [0, 4, 1])
    assert_array_equal(rfm.T, [3, 4, 1])
    assert_array_equal(rfm.monetary_value, [np.nan, 13.625, 9.5])
    assert_array_equal(rfm.monetary_count, [0, 2, 1])
    assert (rfm.frequency.dtype, rfm.monetary_count.dtype, rfm.T.dtype) == (np.int64, np.int64, np.float64)
    assert rfm.clock == Clock("week")
    assert (rfm.observation_end, rfm.rows_after_end, rfm.rows_without_id) == (END, 2, 0)
    given_back = type(source) if isinstance(source, (pd.DataFrame, pa.Table)) else pl.DataFrame
    assert type(rfm.to_frame()) is given_back


def test_the_first_purchase_may_count_in_the_money():
    rfm = rfm_summary(LOG, include_first_transaction=True, **WEEKS)
    assert_array_equal(rfm.frequency, [0, 2, 1])
    assert_array_equal(rfm.monetary_value, [3, 14.25, 6.75])  # 42.75/3 and 13.5/2
    assert_array_equal(rfm.monetary_count, [1, 3, 2])
    assert "monetary_value includes the first purchase" in repr(rfm)


def test_without_amounts():
    rfm = rfm_summary(LOG, time_unit="week", observation_end=END)
    assert rfm.monetary_value is None
    assert rfm.monetary_count is None
    assert list(rfm.to_frame().columns) == ["customer_id", "frequency", "recency", "T"]
    assert_array_equal(rfm.frequency, [0, 2, 1])


def test_the_default_end_is_the_last_date_of_the_log():
    rfm = rfm_summary(LOG)
    assert rfm.observation_end == "2024-02-03"
    assert rfm.rows_after_end == 0
    assert rfm.customer_id.to_list() == [4, 7, 11, 30]
    assert_array_equal(rfm.T, [0, 26, 33, 12])


def test_the_end_may_lie_after_the_log():
    rfm = rfm_summary(LOG, observation_end=dt.date(2024, 2, 13))
    assert_array_equal(rfm.T, [10, 36, 43, 22])
    assert_array_equal(rfm.recency, [0, 0, 28, 10])


def test_an_end_before_the_log_is_refused():
    with pytest.raises(
        InvalidTransactions,
        match=r"ends on 2023-12-31, before the first transaction on 2024-01-01",
    ):
        rfm_summary(LOG, observation_end="2023-12-31")


def test_an_end_on_the_first_day_leaves_customers_of_age_0():
    rfm = rfm_summary(LOG, amount="amount", observation_end="2024-01-01")
    assert rfm.customer_id.to_list() == [11]
    assert (rfm.T.tolist(), rfm.recency.tolist(), rfm.frequency.tolist()) == ([0], [0], [0])
    assert np.isnan(rfm.monetary_value).all()
    assert rfm.rows_after_end == 7


def test_one_customer_one_purchase():
    rfm = made({"customer_id": ["a"], "date": ["2024-01-01"], "amount": [3.0]}, amount="amount")
    assert rfm.shape == (1, 6)
    assert (rfm.T.tolist(), rfm.frequency.tolist()) == ([0.0], [0])


@pytest.mark.parametrize("time", ["00:00", "12:30", "23:59:59.999"])
def test_a_purchase_at_any_time_of_the_last_day_counts(time):
    rfm = made({"customer_id": [1, 1], "date": ["2024-01-01 23:00", f"2024-01-29 {time}"]}, observation_end=END)
    assert (rfm.frequency.tolist(), rfm.recency.tolist(), rfm.T.tolist()) == ([1], [28.0], [28.0])
    assert rfm.rows_after_end == 0


@pytest.mark.parametrize(
    ("unit", "length"), [("hour", 1 / 24), ("day", 1), ("week", 7), ("month", 365.25 / 12), ("year", 365.25)]
)
def test_a_unit_divides_days_and_keeps_the_fractions(unit, length):
    columns = {"customer_id": [1, 1], "date": ["2023-01-01", "2024-02-29"]}
    rfm = made(columns, time_unit=unit, observation_end="2025-01-01")
    assert rfm.recency.tolist() == [424 / length]
    assert rfm.T.tolist() == [731 / length]
    assert rfm.frequency.tolist() == [1]


def test_units_of_a_year_are_exact():
    columns = {"customer_id": [1, 1], "date": ["2021-01-01", "2021-01-02"]}
    assert made(columns, time_unit="year", observation_end="2025-01-01").T.tolist() == [4.0]  # 1,461 days
    assert made(columns, time_unit="month", observation_end="2025-01-01").T.tolist() == [48.0]


# ---- hours -------------------------------------------------------------------------------------------------

HOURLY = {
    "customer_id": [1, 1, 1, 1],
    "date": ["2024-01-01 10:05", "2024-01-01 10:55", "2024-01-01 11:00", "2024-01-02 23:30"],
    "amount": [1.0, 2.0, 4.0, 8.0],
}


def test_purchases_within_an_hour_are_merged():
    rfm = made(HOURLY, amount="amount", merge_within="hour", time_unit="hour")
    assert (rfm.frequency.tolist(), rfm.recency.tolist(), rfm.T.tolist()) == ([2], [37.0], [37.0])
    assert rfm.monetary_value.tolist() == [6.0]
    assert rfm.observation_end == "2024-01-02T23"
    days = made(HOURLY, amount="amount", merge_within="hour", time_unit="day")
    assert days.T.tolist() == [37 / 24]
    assert "purchases merged within the hour" in repr(days)


@pytest.mark.parametrize(
    ("end", "age", "late"),
    [
        ("2024-01-02", 37, 0),  # includes its last hour
        (dt.date(2024, 1, 2), 37, 0),
        ("20240102", 37, 0),
        ("2024-01-03", 61, 0),
        ("2024-01-02T22", 36, 1),
        (dt.datetime(2024, 1, 2, 23), 37, 0),
        (pd.Timestamp("2024-01-02"), 14, 1),
        ("2024-01-01 10:59", 0, 2),
    ],
)
def test_in_hours_the_end_is_the_last_hour_of_a_date_or_an_hour(end, age, late):
    rfm = made(HOURLY, merge_within="hour", time_unit="hour", observation_end=end)
    assert (rfm.T.tolist(), rfm.rows_after_end) == ([float(age)], late)


# ---- zones -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_zone_of_the_calendar_determines_the_day_of_a_purchase():
    moments = pd.to_datetime(["2024-01-01 12:00", "2024-01-02 03:00", "2024-01-02 22:00"]).tz_localize("UTC")
    log = pd.DataFrame({"customer_id": 1, "date": moments})
    with pytest.raises(InvalidTransactions, match="time_zone="):
        rfm_summary(log)
    assert rfm_summary(log, time_zone="UTC").frequency.tolist() == [1]
    new_york = rfm_summary(log, time_zone="America/New_York")
    assert new_york.frequency.tolist() == [1]
    assert rfm_summary(log[:2], time_zone="UTC").frequency.tolist() == [1]
    assert rfm_summary(log[:2], time_zone="America/New_York").frequency.tolist() == [0]  # 22:00 on January 1
    assert rfm_summary(log[1:], time_zone="UTC").frequency.tolist() == [0]
    assert new_york.clock.time_zone == "America/New_York"
    text = pd.DataFrame({"customer_id": 1, "date": [moment.isoformat() for moment in moments]})
    assert same(rfm_summary(text, time_zone="America/New_York"), new_york)


def test_a_wrong_option_is_refused():
    with pytest.raises(InvalidOption, match="time_unit='weeks' is not one of"):
        rfm_summary(LOG, time_unit="weeks")
    with pytest.raises(InvalidOption, match="observation_end='January' is not a date"):
        rfm_summary(LOG, observation_end="January")


def test_a_format_for_other_dates():
    european = LOG.with_columns(date=pl.col("date").str.to_date().dt.strftime("%d/%m/%Y"))
    assert same(rfm_summary(european, date_format="%d/%m/%Y", **WEEKS), rfm_summary(LOG, **WEEKS))


# ---- ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["b", "a", "b"], ["a", "b"]),
        (["10", "9", "10"], ["10", "9"]),  # text sorts as text
        ([10, 9, 10], [9, 10]),
        ([10.0, 9.0, 10.0], [9, 10]),
        (pd.Categorical(["b", "a", "b"], categories=["b", "a"]), ["a", "b"]),
        (["007", "7", "007"], ["007", "7"]),
    ],
)
def test_customers_are_sorted_by_id(ids, expected):
    rfm = made({"customer_id": ids, "date": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    assert rfm.customer_id.to_list() == expected
    assert sorted(rfm.frequency.tolist()) == [0, 1]
    assert list(rfm.to_frame()["customer_id"]) == expected


def test_rows_without_an_id_are_left_out_and_counted():
    columns = {"customer_id": [1.0, np.nan, 1.0], "date": ["2024-01-01", "2024-01-02", "2024-01-03"]}
    with pytest.raises(InvalidTransactions, match="1 of 3 rows has no customer id"):
        made(columns)
    rfm = made(columns, on_missing_id="drop")
    assert rfm.customer_id.to_list() == [1]
    assert rfm.rows_without_id == 1
    assert "1 row without a customer id was set aside" in repr(rfm)


def test_the_index_of_pandas_has_no_effect():
    log = LOG.to_pandas()
    assert same(rfm_summary(log.set_axis([0] * len(log)), **WEEKS), rfm_summary(log, **WEEKS))


# ---- by brute force ----------------------------------------------------------------------------------------

PURCHASES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 60), st.integers(0, 10_000_00)), min_size=1, max_size=40
)
START = dt.date(2024, 1, 1)


def as_log(purchases):
    return pl.DataFrame(
        {
            "customer_id": [who for who, _, _ in purchases],
            "date": [START + dt.timedelta(days=day) for _, day, _ in purchases],
            "amount": [cents / 100 for _, _, cents in purchases],
        }
    )


def by_brute_force(purchases, end, include_first):
    """Return (id, x, t_x, T, money, count) of each customer, in days."""
    rows = []
    for customer in sorted({who for who, day, _ in purchases if day <= end}):
        own = [(day, Fraction(cents / 100)) for who, day, cents in purchases if who == customer and day <= end]
        days = sorted({day for day, _ in own})
        counted = days if include_first else days[1:]
        total = sum((cents for day, cents in own if day in counted), Fraction(0))
        mean = float(total) / len(counted) if counted else np.nan
        rows.append((customer, len(days) - 1, days[-1] - days[0], end - days[0], mean, len(counted)))
    return rows


@pytest.mark.slow
@given(PURCHASES, st.integers(0, 60), st.booleans())
@settings(max_examples=60)
def test_it_agrees_with_brute_force_to_the_last_bit(purchases, end, include_first):
    end = max(end, min(day for _, day, _ in purchases))
    rfm = rfm_summary(
        as_log(purchases),
        amount="amount",
        observation_end=START + dt.timedelta(days=end),
        include_first_transaction=include_first,
    )
    expected = by_brute_force(purchases, end, include_first)
    for column, values in zip(rfm.columns().values(), zip(*expected, strict=True), strict=True):
        assert_array_equal(np.asarray(column), np.asarray(values))
    assert rfm.rows_after_end == sum(day > end for _, day, _ in purchases)


@pytest.mark.slow
@given(PURCHASES, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_the_rows_has_no_effect(purchases, random):
    shuffled = random.sample(purchases, len(purchases))
    for options in ({"include_first_transaction": True}, {"time_unit": "month"}, {"merge_within": "hour"}):
        assert same(
            rfm_summary(as_log(purchases), amount="amount", **options),
            rfm_summary(as_log(shuffled).to_pandas(), amount="amount", **options),
        )


@pytest.mark.slow
@given(PURCHASES)
@settings(max_examples=30)
def test_an_rfm_satisfies_its_own_rules(purchases):
    rfm = rfm_summary(as_log(purchases), amount="amount", time_unit="week")
    assert np.all((rfm.recency >= 0) & (rfm.recency <= rfm.T))
    assert_array_equal(rfm.frequency == 0, rfm.recency == 0)
    assert_array_equal(np.isnan(rfm.monetary_value), rfm.monetary_count == 0)
    assert same(RFM.from_frame(rfm.to_frame(), time_unit="week", observation_end=rfm.observation_end), rfm)


def test_sums_keep_small_amounts_next_to_large_ones():
    # In binary floats 1e12 + 0.01 - 1e12 is 0.0100098.
    columns = {"customer_id": 1, "date": ["2024-01-01", "2024-01-02"], "amount": [1e12, 0.01]}
    assert made(columns, amount="amount").monetary_value.tolist() == [0.01]


def test_zeros_count_as_purchases_and_stay_zero():
    columns = {"customer_id": 1, "date": ["2024-01-01", "2024-01-02", "2024-01-03"], "amount": [30.1, 0.0, 0.0]}
    rfm = made(columns, amount="amount")
    assert rfm.frequency.tolist() == [2]
    assert rfm.monetary_value.tolist() == [0.0]


# ---- CDNOW, and lifetimes ----------------------------------------------------------------------------------


def test_cdnow_sample(cdnow):
    # Fader, Hardie & Lee (2005): 2,357 customers; with BTYDplus 1.2.0, elog2cbs, sum(x) = 2457.
    assert len(cdnow) == 2_357
    assert cdnow.frequency.sum() == 2_457
    assert cdnow.T.max() == 272 / 7  # 1997-01-01 to 1997-09-30: 38.857...
    assert np.sum(cdnow.frequency > 0) == 946
    assert cdnow.rows_after_end == (load_cdnow(sample=True)["date"] > "1997-09-30").sum() > 1_882


def test_purchases_are_merged_by_day_in_weekly_units(cdnow):
    # design.md: distinct weeks would leave 2,216 repeats.
    assert cdnow.frequency.sum() == 2_457
    assert cdnow.clock == Clock("week", "day")


@pytest.mark.slow
def test_a_large_log_gives_identical_results_every_time():
    log = load_cdnow()
    first = rfm_summary(log, amount="amount", include_first_transaction=True)
    assert len(first) == 23_570
    for seed in range(3):
        again = rfm_summary(log.sample(frac=1, random_state=seed), amount="amount", include_first_transaction=True)
        assert same(first, again)


LIFETIMES = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data
source, chosen, target = sys.argv[1:]
log = pd.read_csv(source)
if chosen:
    log = log[log["customer_id"].isin(pd.read_csv(chosen)["customer_id"])]
options = dict(monetary_value_col="amount", observation_period_end="1997-09-30", freq="D", freq_multiplier=7)
for first in (False, True):
    summary = summary_data_from_transaction_data(
        log, "customer_id", "date", include_first_transaction=first, **options
    )
    summary.reset_index().to_parquet(f"{target}{int(first)}.parquet")
"""


@pytest.mark.acceptance
@pytest.mark.parametrize("sample", [True, False])
def test_it_agrees_with_lifetimes(sample, tmp_path):
    # In a separate process: importing lifetimes changes options of pandas, and warns.
    chosen = str(dataset_path("cdnow_sample.csv")) if sample else ""
    arguments = ["-W", "ignore", "-c", LIFETIMES, str(dataset_path("cdnow.csv")), chosen, str(tmp_path / "summary")]
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=300)
    for first in (False, True):
        theirs = pd.read_parquet(tmp_path / f"summary{int(first)}.parquet")
        ours = rfm_summary(
            load_cdnow(sample=sample),
            amount="amount",
            time_unit="week",
            observation_end="1997-09-30",
            include_first_transaction=first,
        )
        assert_array_equal(ours.customer_id.to_numpy(), theirs["customer_id"])
        # lifetimes counts the first purchase in the frequency where it counts it in the money.
        assert_array_equal(ours.monetary_count if first else ours.frequency, theirs["frequency"])
        assert_array_equal(ours.recency, theirs["recency"])
        assert_array_equal(ours.T, theirs["T"])
        # The rounding of sums of at most some hundred doubles; where there is no purchase to average it says 0.
        money = np.where(ours.monetary_count > 0, ours.monetary_value, 0.0)
        assert money == pytest.approx(theirs["monetary_value"].to_numpy(), rel=1e-13)


# ---- indexing ----------------------------------------------------------------------------------------------


def test_shape_length_and_columns(rfm):
    assert rfm.shape == (3, 6)
    assert len(rfm) == 3
    assert list(rfm.columns()) == ["customer_id", "frequency", "recency", "T", "monetary_value", "monetary_count"]
    assert rfm["T"] is rfm.T
    with pytest.raises(KeyError, match="'t' is not one of customer_id, frequency"):
        rfm["t"]


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        (1, [1]),
        (np.int64(-1), [2]),
        (slice(1, None), [1, 2]),
        (slice(None, None, -1), [2, 1, 0]),
        ([2, 0], [2, 0]),
        ([0, 0], [0, 0]),
        ([], []),
        (np.array([2, 1]), [2, 1]),
        (np.array([], dtype=int), []),
        (np.array([True, False, True]), [0, 2]),
        ([False, True, False], [1]),
        (pd.Series([2, 1], index=[7, 7]), [2, 1]),
        (range(2), [0, 1]),
        (..., [0, 1, 2]),
        ((np.array([2, 1]), ...), [2, 1]),
        ((np.array([True, False, True]), ...), [0, 2]),
        ((slice(1, 2), slice(None)), [1]),
    ],
)
def test_an_rfm_is_indexed_by_rows(rfm, key, rows):
    part = rfm.with_columns(pd.DataFrame({"customer_id": [7, 11, 30], "city": list("abc")}))[key]
    assert isinstance(part, RFM)
    assert part.customer_id.to_list() == [[7, 11, 30][row] for row in rows]
    for name in ("frequency", "recency", "T", "monetary_value", "monetary_count"):
        assert_array_equal(getattr(part, name), getattr(rfm, name)[rows])
    assert part["city"].to_list() == ["abc"[row] for row in rows]
    assert (part.clock, part.observation_end, part.kind) == (rfm.clock, rfm.observation_end, rfm.kind)
    assert (len(part), part.shape) == (len(rows), (len(rows), 7))


@pytest.mark.parametrize("key", [3, -4, 1.5, [0, 3], (0, 1), (slice(None), 0), np.ones(2, bool), None, [[0, 1]]])
def test_an_invalid_index_is_refused(rfm, key):
    with pytest.raises(IndexError):
        rfm[key]


def test_changing_a_subset_does_not_change_the_rfm(rfm):
    part = rfm[[0, 1]]
    part.frequency[0] = 99
    assert rfm.frequency[0] == 0


def test_an_rfm_can_be_iterated(rfm):
    assert [part.customer_id.to_list() for part in rfm] == [[7], [11], [30]]


class MeanFrequency(BaseEstimator):
    """An estimator with the minimum that scikit-learn requires."""

    def __init__(self, add=0.0, base=None):
        self.add = add
        self.base = base

    def fit(self, rfm, y=None):
        assert isinstance(rfm, RFM)
        self.mean_ = rfm.frequency.mean() + self.add
        return self

    def score(self, rfm, y=None):
        assert isinstance(rfm, RFM)
        return -float(np.mean((rfm.frequency - self.mean_) ** 2))


def test_scikit_learn_splits_an_rfm(cdnow):
    folds = list(KFold(5, shuffle=True, random_state=0).split(cdnow))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(cdnow)))
    assert sum(cdnow[test].frequency.sum() for _, test in folds) == 2_457
    train, test = train_test_split(cdnow, test_size=0.25, random_state=0)
    assert isinstance(train, RFM)
    assert (len(train), len(test)) == (1_767, 590)
    assert sorted(train.customer_id.to_list() + test.customer_id.to_list()) == cdnow.customer_id.to_list()


def test_scikit_learn_searches_over_an_rfm(cdnow):
    scores = cross_val_score(MeanFrequency(), cdnow, cv=4)
    assert scores.shape == (4,)
    assert np.isfinite(scores).all()
    search = GridSearchCV(MeanFrequency(), {"add": [-0.5, 0.0, 0.5]}, cv=3).fit(cdnow)
    assert search.best_params_ == {"add": 0.0}


# ---- copying -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda rfm: pickle.loads(pickle.dumps(rfm))])
def test_it_can_be_copied(rfm, again):
    whole = rfm.with_columns(pd.DataFrame({"customer_id": [7, 11, 30], "city": ["a", None, "c"]}))
    assert same(again(whole), whole)
    assert again(whole).kind == "pandas"


def test_an_estimator_with_an_rfm_can_be_cloned(rfm):
    copy = clone(MeanFrequency(base=rfm)).base
    assert same(copy, rfm)


# ---- to and from a frame -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize("money", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_an_rfm_survives_a_frame(kind, money, first):
    log = LOG.to_pandas() if kind == "pandas" else LOG
    rfm = rfm_summary(
        log,
        amount="amount" if money else None,
        time_unit="month",
        observation_end=END,
        include_first_transaction=first,
    ).with_columns(pd.DataFrame({"customer_id": [7, 11, 30], "city": ["x", None, "z"], "row": [1, 2, 3]}))
    frame = rfm.to_frame()
    assert isinstance(frame, pd.DataFrame if kind == "pandas" else pl.DataFrame)
    again = RFM.from_frame(frame, time_unit="month", observation_end=END)
    assert same(again, rfm)
    assert (again.kind, again.frequency.dtype) == (kind, np.int64)


@pytest.mark.parametrize("name", ["rfm.csv", "rfm.parquet"])
def test_an_rfm_survives_a_file(cdnow, tmp_path, name):
    frame = cdnow.to_frame()
    if name.endswith(".csv"):
        frame.to_csv(tmp_path / name, index=False)
    else:
        frame.to_parquet(tmp_path / name)
    again = RFM.from_frame(tmp_path / name, time_unit="week", observation_end="1997-09-30")
    assert same(again, cdnow)
    assert again.kind == "polars"


def test_a_file_may_write_its_first_rows_as_whole_numbers(tmp_path):
    # As R and spreadsheets do; two hundred such rows would make the engine expect integers.
    path = tmp_path / "rfm.csv"
    rows = [f"{i},0,0,12" for i in range(200)] + ["200,1,2.5,12"]
    path.write_text("customer_id,frequency,recency,T\n" + "\n".join(rows) + "\n", "utf-8")
    assert RFM.from_frame(path, time_unit="week").recency[-1] == 2.5


def test_a_summary_of_lifetimes_is_accepted():
    # customer_id in the index, float frequencies, money 0 where there is none.
    summary = pd.DataFrame(
        {"frequency": [0.0, 2.0], "recency": [0.0, 1.5], "T": [3.0, 4.0], "monetary_value": [0.0, 9.0]},
        index=pd.Index(["a", "b"], name="customer_id"),
    )
    rfm = RFM.from_frame(summary, time_unit="week")
    assert rfm.customer_id.to_list() == ["a", "b"]
    assert_array_equal(rfm.monetary_value, [np.nan, 9.0])
    assert_array_equal(rfm.monetary_count, [0, 2])
    assert rfm.observation_end is None
    assert rfm.clock == Clock("week")
    assert "frequency" in summary.columns
    assert summary.index.name == "customer_id"


# ---- intertimes --------------------------------------------------------------------------------------------


def gaps_by_hand(log, end, ticks_per_unit):
    """Return the sum of log intertimes of each customer, from a loop over the dates."""
    sums = {}
    for customer, dates in log.group_by("customer_id"):
        days = sorted({dt.date.fromisoformat(day) for day in dates["date"] if day <= end})
        gaps = [(later - earlier).days / ticks_per_unit for earlier, later in itertools.pairwise(days)]
        if days:
            sums[customer[0]] = float(np.sum(np.log(gaps))) if gaps else 0.0
    return [sums[customer] for customer in sorted(sums)]


@pytest.mark.parametrize("kind", ["pandas", "polars", "csv", "parquet"])
def test_intertimes_equal_those_computed_by_hand(kind, tmp_path):
    source = {
        "pandas": LOG.to_pandas,
        "polars": lambda: LOG,
        "csv": lambda: LOG.write_csv(tmp_path / "log.csv") or tmp_path / "log.csv",
        "parquet": lambda: LOG.write_parquet(tmp_path / "log.parquet") or tmp_path / "log.parquet",
    }[kind]()
    rfm = rfm_summary(source, intertimes=True, **WEEKS)
    assert rfm.sum_log_intertimes == pytest.approx(gaps_by_hand(LOG, END, 7), abs=1e-12)  # rounding
    assert_array_equal(rfm.sum_log_intertimes[rfm.frequency == 0], 0)
    plain = rfm_summary(source, **WEEKS)
    assert plain.sum_log_intertimes is None
    assert "sum_log_intertimes" not in plain.columns()
    assert list(rfm.columns())[:5] == ["customer_id", "frequency", "recency", "T", "sum_log_intertimes"]


@pytest.mark.slow
def test_intertimes_do_not_depend_on_the_order_of_rows_or_on_parts(monkeypatch):
    log = pl.from_pandas(load_cdnow(sample=True))
    options = {"time_unit": "week", "observation_end": "1997-09-30", "intertimes": True}
    whole = rfm_summary(log, **options)
    # BTYDplus 1.2.0, elog2cbs, on the same log: the sum over all customers.
    assert whole.sum_log_intertimes.sum() == pytest.approx(2909.50466858973, abs=1e-10)
    shuffled = rfm_summary(log.sample(fraction=1, shuffle=True, seed=3), **options)
    assert_array_equal(shuffled.sum_log_intertimes, whole.sum_log_intertimes)
    monkeypatch.setattr("clvmodels.transactions.purchase_log.ROWS_PER_PARTITION", 1_000)
    assert_array_equal(rfm_summary(log, **options).sum_log_intertimes, whole.sum_log_intertimes)


def test_intertimes_survive_a_frame_and_an_index():
    rfm = rfm_summary(LOG.to_pandas(), intertimes=True, **WEEKS)
    again = RFM.from_frame(rfm.to_frame(), time_unit="week")
    assert_array_equal(again.sum_log_intertimes, rfm.sum_log_intertimes)
    assert_array_equal(rfm[[2, 0]].sum_log_intertimes, rfm.sum_log_intertimes[[2, 0]])
    assert_array_equal(rfm["sum_log_intertimes"], rfm.sum_log_intertimes)


FRAME = {
    "customer_id": [1, 2, 3],
    "frequency": [0, 2, 1],
    "recency": [0.0, 4.0, 1.0],
    "T": [3.0, 4.0, 1.0],
    "monetary_value": [np.nan, 13.5, 9.5],
    "monetary_count": [0, 2, 1],
}


def refused_frame(**columns):
    with pytest.raises(InvalidRFM) as refused:
        RFM.from_frame(pd.DataFrame(FRAME | columns), time_unit="week")
    return str(refused.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"customer_id": [1, None, 3]}, "1 of 3 customers has no customer_id"),
        ({"customer_id": [1, 2, 1]}, "2 of 3 customers have a customer_id that appears more than once (first: 1, 1)"),
        ({"customer_id": [1.5, 2, 3]}, "is fractional"),
        ({"customer_id": [1, "2", 3]}, "Column 'customer_id' mixes types"),
        ({"frequency": [0, 2.5, 1]}, "1 of 3 customers has a frequency that is not a whole number of at least 0 (fi"),
        ({"frequency": [-1, 2, 1]}, "1 of 3 customers has a frequency that is not a whole number"),
        ({"frequency": [np.nan, 2, np.inf]}, "2 of 3 customers have a frequency that is not a whole number"),
        ({"frequency": [0, 2, 1e300]}, "1 of 3 customers has a frequency that is not a whole number"),
        ({"frequency": ["0", "2", "1"]}, "Column 'frequency' has type String: it must be numeric"),
        ({"recency": [0, 4.5, 1.0]}, "1 of 3 customers has a recency outside 0 to T (first: 2)"),
        ({"recency": [0, -1.0, np.nan]}, "2 of 3 customers have a recency outside 0 to T (first: 2, 3)"),
        ({"recency": [1.0, 4.0, 0.0]}, "2 of 3 customers have frequency 0 but recency above 0, or the reverse"),
        ({"T": [np.inf, 4, 1]}, "1 of 3 customers has a T that is not finite (first: 1)"),
        ({"T": [np.nan, 4, 1]}, "1 of 3 customers has a T that is not finite (first: 1)"),
        ({"T": [-1.0, 4, 1]}, "1 of 3 customers has a recency outside 0 to T (first: 1)"),
        ({"sum_log_intertimes": [0, np.nan, 0.0]}, "1 of 3 customers has a sum_log_intertimes that is not finite"),
        ({"sum_log_intertimes": [0, 1.4, 0.0]}, "or larger than recency allows (first: 2)"),
        ({"sum_log_intertimes": [-1.0, 1.0, 0.0]}, "has frequency 0 but a sum_log_intertimes other than 0 (first: 1)"),
        ({"monetary_count": [0, 4, 1]}, "1 of 3 customers has a monetary_count that is neither frequency nor frequ"),
        ({"monetary_count": [np.nan, 2, 1]}, "1 of 3 customers has a monetary_count that is neither"),
        ({"monetary_value": [0, np.nan, 1]}, "1 of 3 customers has a monetary_value that is missing, infinite or n"),
        ({"monetary_value": [0, np.inf, -1]}, "2 of 3 customers have a monetary_value that is missing, infinite or "),
    ],
)
def test_a_frame_that_breaks_a_rule_is_refused(columns, message):
    assert message in refused_frame(**columns)


def test_every_broken_rule_is_listed():
    message = refused_frame(
        recency=[1.0, 9.0, 1.0], T=[3.0, np.nan, 1.0], monetary_value=[0, -1, 2], frequency=[0, 2.5, 1]
    )
    assert message.startswith("This table is not a valid RFM summary: ")
    for rule in ("frequency that is not", "recency outside", "T that is not", "but recency above", "monetary_value"):
        assert rule in message
    assert message.endswith("Correct the rows and try again.")


@pytest.mark.parametrize("absent", ["customer_id", "frequency", "recency", "T"])
@pytest.mark.parametrize("to", [pd.DataFrame, pl.DataFrame])
def test_a_frame_without_a_needed_column_is_refused(absent, to):
    frame = to({name: values for name, values in FRAME.items() if name != absent})
    with pytest.raises(InvalidRFM, match=f"No column '{absent}'; the columns are"):
        RFM.from_frame(frame, time_unit="week")


@pytest.mark.parametrize("thing", [None, [1], {"customer_id": [1]}, "gone.csv", pd.Series([1])])
def test_objects_that_are_not_frames_are_refused(thing):
    with pytest.raises(InvalidRFM, match=r"is not a table|There is no file"):
        RFM.from_frame(thing, time_unit="week")


@pytest.mark.parametrize("to", [pd.DataFrame, pl.DataFrame])
def test_an_empty_frame_is_refused(to):
    with pytest.raises(InvalidRFM, match="it has no rows"):
        RFM.from_frame(to(FRAME)[:0], time_unit="week")


def test_a_frame_needs_a_time_unit():
    with pytest.raises(TypeError, match="time_unit"):
        RFM.from_frame(pd.DataFrame(FRAME))
    with pytest.raises(InvalidOption, match="time_unit='weeks' is not one of"):
        RFM.from_frame(pd.DataFrame(FRAME), time_unit="weeks")


def test_a_frame_keeps_its_order():
    backwards = pd.DataFrame(FRAME)[::-1]
    assert RFM.from_frame(backwards, time_unit="week").customer_id.to_list() == [3, 2, 1]


def test_a_customer_may_be_first_seen_on_the_last_day():
    rfm = RFM.from_frame(pd.DataFrame(FRAME | {"T": [0, 4, 1]}), time_unit="week")
    assert_array_equal(rfm.T, [0, 4, 1])


def test_money_may_include_the_first_purchase():
    rfm = RFM.from_frame(
        pd.DataFrame(FRAME | {"monetary_value": [5.0, 13.5, 9.5], "monetary_count": [1, 3, 2]}), time_unit="week"
    )
    assert_array_equal(rfm.monetary_value, [5.0, 13.5, 9.5])


def test_other_columns_of_a_frame_become_attributes():
    frame = pd.DataFrame(FRAME | {"city": list("xyz"), 5: [1.5, 2.5, None], "self": [1, 2, 3], "index": [True] * 3})
    rfm = RFM.from_frame(frame, time_unit="week")
    assert list(rfm.attributes) == ["city", "5", "self", "index"]
    assert rfm["city"].to_list() == ["x", "y", "z"]
    assert rfm["5"].to_list() == [1.5, 2.5, None]
    assert rfm.shape == (3, 10)


# ---- attributes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", [pd.DataFrame, pl.DataFrame, pl.LazyFrame])
def test_attributes_are_matched_by_customer(rfm, to):
    # Names that the join itself might use.
    attributes = {
        "city": list("dcba"),
        "row": [30, 7, 4, 11],
        "customer_id": [30, 7, 4, 11],
        "place": [3.0, 0.5, None, 1.5],
        "index": [dt.date(2024, 1, day) for day in (3, 1, 4, 2)],
    }
    more = rfm.with_columns(to(attributes))
    assert more.customer_id.to_list() == [7, 11, 30]
    assert more["city"].to_list() == ["c", "a", "d"]
    assert more["row"].to_list() == [7, 11, 30]
    assert more["place"].to_list() == [0.5, 1.5, 3.0]
    assert list(more["index"])[2].day == 3
    assert list(more.to_frame().columns)[6:] == ["city", "row", "place", "index"]
    assert more.shape == (3, 10)
    assert rfm.attributes == {}
    assert more.with_columns(to({"customer_id": [7, 11, 30], "age": [1, 2, 3]}))["age"].to_list() == [1, 2, 3]


def test_attributes_may_have_the_customers_in_the_index(rfm):
    attributes = pd.DataFrame({"city": list("cba")}, index=pd.Index([30, 11, 7], name="customer_id"))
    assert rfm.with_columns(attributes)["city"].to_list() == ["a", "b", "c"]


def test_attributes_of_a_file(rfm, tmp_path):
    path = tmp_path / "cities.csv"
    path.write_text("customer_id,city\n11,b\n30,c\n7,\n", "utf-8")
    assert rfm.with_columns(path)["city"].to_list() == [None, "b", "c"]


def test_the_order_of_the_rfm_is_kept(cdnow):
    backwards = cdnow[::-1]
    attributes = pd.DataFrame({"customer_id": cdnow.customer_id.to_list(), "twice": 2 * cdnow.customer_id.to_numpy()})
    more = backwards.with_columns(attributes.sample(frac=1, random_state=0))
    assert_array_equal(more["twice"].to_numpy(), 2 * more.customer_id.to_numpy())
    assert_array_equal(more.customer_id.to_numpy(), cdnow.customer_id.to_numpy()[::-1])


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"customer_id": [7], "city": ["a"]}, r"2 customers are missing from the frame \(first: 11, 30\)"),
        (
            {"customer_id": [7, None, 30], "city": ["a", "b", "c"]},
            r"1 customer is missing from the frame \(first: 11\)",
        ),
        (
            {"customer_id": [7, 7, 7, 11, 30, 30], "city": list("abcdef")},
            r"2 customers appear in the frame twice \(first: 7, 30\)",
        ),
        (
            {"customer_id": ["7", "11", "30"], "city": list("abc")},
            "customer_id is String in the frame and Int64 in the",
        ),
        ({"customer_id": [7, 11, 30], "T": [1, 2, 3]}, "The RFM already has the column 'T': rename it first"),
        ({"Id": [7, 11, 30]}, "No column 'customer_id'"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(rfm, attributes, message):
    with pytest.raises(InvalidRFM, match=message):
        rfm.with_columns(pd.DataFrame(attributes))


def test_an_attribute_is_not_overwritten(rfm):
    attributes = pd.DataFrame({"customer_id": [7, 11, 30], "city": list("abc")})
    with pytest.raises(InvalidRFM, match="already has the column 'city'"):
        rfm.with_columns(attributes).with_columns(attributes)


def test_a_frame_without_attributes_changes_nothing(rfm):
    assert same(rfm.with_columns(pd.DataFrame({"customer_id": [7, 11, 30]})), rfm)


# ---- display -----------------------------------------------------------------------------------------------


def test_it_prints(rfm):
    text = repr(rfm)
    assert "3 customers with 3 repeat purchases; observed to 2024-01-29" in text
    assert "times in weeks, purchases merged within the day" in text
    assert "33.3% bought once" in text
    assert "2 rows after 2024-01-29 were left out" in text
    assert "monetary_value" in text


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (Clock("week"), "times in weeks, purchases merged within the day"),
        (Clock("day", "hour", "Europe/Paris"), "times in days, purchases merged within the hour, zone Europe/Paris"),
        (Clock("month", "month"), "times in calendar months, each one opportunity to buy"),
        (Clock("week", "week", "UTC"), "times in calendar weeks, each one opportunity to buy, zone UTC"),
    ],
)
def test_a_finding_states_the_clock(clock, text):
    log = pd.DataFrame({"customer_id": [1], "date": ["2024-01-01"]})
    options = {"time_unit": clock.time_unit, "merge_within": clock.merge_within, "time_zone": clock.time_zone}
    findings = rfm_summary(log, **options).findings
    (finding,) = (finding for finding in findings if finding.code.startswith("rfm-clock"))
    assert finding.text == text == f"times in {clock}"
    assert finding.figures["unit"] == clock.time_unit


def test_an_empty_subset_prints(rfm):
    assert "0 customers with 0 repeat purchases" in repr(rfm[[]])
    assert "0 customers" in rfm[[]]._repr_html_()


def test_it_shows_in_jupyter(cdnow):
    html = cdnow._repr_html_()
    assert html.startswith("<div><b>RFM</b>: 2,357 customers")
    assert ">recency (weeks)</th>" in html
    assert ">T (weeks)</th>" in html
    assert "nan" not in html
    assert "–" in html  # no mean spend of customers who bought once
    assert html.count("<tr>") == 1 + 5 + 1  # names, five customers, how many there are
    assert "… 2,357 rows" in html
    assert html.endswith("</table>")


def test_values_of_the_log_are_escaped():
    hostile = "<script>alert('&')</script>"
    log = pd.DataFrame({"customer_id": [hostile, "b"], "date": "2024-01-01"})
    attributes = pd.DataFrame({"customer_id": [hostile, "b"], hostile: [hostile, None]})
    html = rfm_summary(log).with_columns(attributes)._repr_html_()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;") == 3

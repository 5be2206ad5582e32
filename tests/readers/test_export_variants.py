"""Exports as frames, GA4's events and explorations as CSV, PayPal's reports of the balance."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv

EXPORTS = Path(__file__).parent / "exports"


def orders(export):
    rows = clv.clean(export.frame, **export.columns).transactions
    return sorted(zip(rows["customer_id"], rows["order_id"], rows["amount"], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shopify", "woocommerce", "stripe", "bigcommerce"])
def test_an_export_in_a_frame_is_read_as_the_file(kind):
    path = EXPORTS / f"{kind}.csv"
    expected = orders(clv.read_export(path))
    for frame in (pd.read_csv(path), pl.read_csv(path), pd.read_csv(path, dtype=str)):
        export = clv.read_export(frame)
        assert (export.kind, orders(export)) == (clv.read_export(path).kind, expected)


@pytest.mark.slow
def test_dates_and_whole_numbers_of_a_frame_are_written_as_in_the_file():
    frame = pd.read_csv(EXPORTS / "woocommerce.csv", parse_dates=["order_date"])
    assert orders(clv.read_export(frame)) == orders(clv.read_export(EXPORTS / "woocommerce.csv"))


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["", "ecommerce_", "ecommerce__"])
def test_events_of_ga4_as_csv_are_read(tmp_path, prefix):
    path = tmp_path / "events.csv"
    path.write_text(
        f"event_name,event_timestamp,user_pseudo_id,{prefix}transaction_id,{prefix}purchase_revenue\n"
        "page_view,1714557492000000,p1,,\n"
        "purchase,1714557492000000,p1,T1,35.00\n"
        "purchase,1714557592000000,p1,T1,35.00\n"
        "purchase,1714657592000000,p2,T2,16.00\n"
    )
    export = clv.read_export(path)
    assert (export.kind, orders(export)) == ("ga4", [("p1", "T1", 35.0), ("p2", "T2", 16.0)])
    path.write_text(path.read_text().replace("1714657592000000", "1.71466E+15"))
    with pytest.raises(clv.errors.InvalidTransactions, match="1 of 2 rows has a date that cannot be read"):
        clv.read_export(path)


@pytest.mark.slow
def test_an_exploration_of_ga4_is_read(tmp_path):
    path = tmp_path / "free-form.csv"
    lines = ["# ----------------", "# Free form 1", "# 20240501-20240531", "# ----------------", ""]
    lines += ["Effective user ID,Date,Transaction ID,Purchase revenue", ",,,51"]
    lines += ["u1,20240501,T1,35", "u2,20240503,T2,16", "u3,20240504,(not set),0"]
    path.write_text("\n".join(lines) + "\n")
    export = clv.read_export(path)
    assert (export.kind, orders(export)) == ("ga4", [("u1", "T1", 35.0), ("u2", "T2", 16.0)])


BALANCE = {
    "de": (
        (
            "Datum,Uhrzeit,Zeitzone,Beschreibung,Währung,Brutto,Entgelt,Netto,Guthaben,Transaktionscode,"
            "Absender E-Mail-Adresse,Name,Zugehöriger Transaktionscode"
        ),
        ("Website-Zahlung", "Rückzahlung", "Allgemeine Abbuchung", "Bankgutschrift auf PayPal-Konto"),
        ("05.01.2024", "06.01.2024", "1.100,00", "-40,00", "50,00"),
    ),
    "en": (
        (
            "Date,Time,Time Zone,Description,Currency,Gross,Fee,Net,Balance,Transaction ID,From Email Address,Name,"
            "Reference Txn ID"
        ),
        ("Express Checkout Payment", "Payment Refund", "General Withdrawal", "Bank Deposit to PP Account"),
        ("2024-01-05", "2024-01-06", "1,100.00", "-40.00", "50.00"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("language", BALANCE)
def test_a_report_of_the_balance_of_paypal_is_read(tmp_path, language):
    header, (sale, refund, out, topped_up), (day, later, paid, back, other) = BALANCE[language]
    rows = (
        (day, "10:00:00", "CET", sale, "EUR", paid, "0", paid, "0", "T1", "Ann@example.com", "Ann", ""),
        (later, "10:00:00", "CET", refund, "EUR", back, "0", back, "0", "T2", "shop@example.com", "Ann", "T1"),
        (later, "11:00:00", "CET", out, "EUR", f"-{other}", "0", f"-{other}", "0", "T3", "", "", ""),
        (later, "11:30:00", "CET", topped_up, "EUR", other, "0", other, "0", "T4", "", "", ""),
        (later, "12:00:00", "CET", sale, "EUR", other, "0", other, "0", "T5", "ben@example.com", "Ben", ""),
    )
    path = tmp_path / "paypal.csv"
    path.write_text("\n".join([header, *(",".join(f'"{field}"' for field in row) for row in rows)]) + "\n", "utf-8")
    export = clv.read_export(path)
    assert (export.kind, export.left_out) == ("paypal", {"not_a_payment": 2})
    assert orders(export) == [("ann@example.com", "T1", 1060.0), ("ben@example.com", "T5", 50.0)]

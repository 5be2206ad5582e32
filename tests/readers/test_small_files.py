"""Small files that went wrong in version 0.1.0: each is right by path, by pandas, by polars and on the command line.

What is right is written in the README of their folder.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.ids import MISSING_IDS

CASES = Path(os.environ.get("CLVMODELS_REFERENCE_DATA", "../shared/data")).parent / "cases"
NUMBERS = {"03_semicolon.csv": {"sep": ";", "decimal": ",", "thousands": "."}}  # what a reader needs
pytestmark = [pytest.mark.shared_data, pytest.mark.slow]


def read_pandas(path):
    return pd.read_csv(path, **NUMBERS.get(path.name, {}))


def read_polars(path):
    return pl.from_pandas(read_pandas(path)) if path.name in NUMBERS else pl.read_csv(path)


WAYS = {"path": Path, "pandas": read_pandas, "polars": read_polars}


def case(name):
    if not (CASES / name).exists():
        pytest.skip(f"{name} is not in {CASES}: name the folder of data next to it in CLVMODELS_REFERENCE_DATA")
    return CASES / name


def typed(monkeypatch, capsys, *words):
    """Return the exit code and the output of a command."""
    monkeypatch.setattr(sys, "argv", ["clv", *map(str, words)])
    try:
        main()
        code = 0
    except SystemExit as stopped:
        code = stopped.code
    shown = capsys.readouterr()
    return code, " ".join(f"{shown.out} {shown.err}".split())


def spend(rfm):
    """Return the money of each customer of an RFM with first purchases."""
    money = (rfm.monetary_value * rfm.monetary_count).round(2)
    return dict(zip(map(str, rfm.customer_id), money.tolist(), strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_every_small_file_is_right(way):
    read = WAYS[way]
    first = {"include_first_transaction": True}

    columns = {"customer_id": "买家昵称", "date": "付款日期", "amount": "实付金额", "status": "订单状态"}
    cleaned = clv.clean(read(case("01_status_zh.csv")), **columns)
    assert (len(cleaned.transactions), cleaned.transactions["amount"].sum()) == (36, 6114)

    log = {"customer_id": "kunde", "date": "datum", "amount": "betrag"}
    assert spend(clv.rfm_summary(read(case("03_semicolon.csv")), **log, **first)) == {"A": 1333.5, "B": 10}

    columns = {"customer_id": "买家", "date": "付款时间", "amount": "金额", "order_id": "订单编号"}
    with pytest.raises(InvalidTransactions, match=r"such as 1.2E\+17"):
        clv.clean(read(case("06_order_id_excel.csv")), **columns)

    zero = read(case("08_customer_zero.csv"))
    log = {"customer_id": "customer_id", "date": "order_date", "amount": "total_price", "date_format": "%d-%m-%y"}
    with pytest.raises(InvalidTransactions, match=r"6 of .* rows have the customer id '?0'?"):
        clv.rfm_summary(zero, **log)
    assert len(clv.rfm_summary(zero, **log, missing_ids="0", on_missing_id="drop")) == 10

    log = {"customer_id": "c", "date": "d", "amount": "a"}
    nobody = read(case("09_null_words.csv"))
    rfm = clv.rfm_summary(nobody, **log, on_missing_id="drop")
    assert (list(map(str, rfm.customer_id)), rfm.rows_without_id) == (["0"], 9)
    words = [*MISSING_IDS, "0"]
    with pytest.raises(InvalidTransactions, match="none of its 10 rows has a customer id"):
        clv.rfm_summary(nobody, **log, on_missing_id="drop", missing_ids=words)

    with pytest.raises(InvalidTransactions, match=r"'%d-%m-%y' \(2019-10-01\)"):
        clv.profile(read(case("14_two_digit_year.csv")), **log)

    total = clv.profile(read(case("16_total_row.csv")), **log, on_missing_id="drop")
    assert (total.customers, total.rows_without_id, total.money.total) == (2, 1, 15.0)

    log = {"customer_id": "ID", "date": "UltCompra", "amount": "Monto"}
    summary = clv.profile(read(case("17_summary_not_log.csv")), **log)
    assert summary.is_summary
    assert "good" not in set(summary.models["suitability"])

    dates = read(case("20_serial_epoch.csv"))
    for column, unit in (("serial", "excel days"), ("ms", "unix milliseconds")):
        with pytest.raises(InvalidTransactions, match=unit):
            clv.rfm_summary(dates, customer_id="c", date=column, amount="a")
        rfm = clv.rfm_summary(dates, customer_id="c", date=column, amount="a", date_format=unit)
        assert (rfm.observation_end, rfm.recency.tolist()) == ("2020-02-01", [31.0])

    late = clv.rfm_summary(read(case("24_repeats_come_late.csv")), amount="amount")
    assert len(late) == 24


@pytest.mark.parametrize("way", list(WAYS)[1:])
def test_exports_put_together_are_refused_as_one_frame(way):
    frames = [WAYS[way](case(f"11_shopify_{month}.csv")) for month in ("january", "february")]
    both = pd.concat(frames) if way == "pandas" else pl.concat(frames, how="vertical_relaxed")
    columns = {"customer_id": "Email", "date": "Created at", "amount": "Total", "order_id": "Name"}
    columns |= {"status": "Financial Status", "refunded": "Refunded Amount", "date_format": "%Y-%m-%d %H:%M:%S %z"}
    with pytest.raises(InvalidTransactions, match="as if exports of several days had been put together"):
        clv.clean(both, **columns, time_zone="UTC")


def test_exports_that_overlap_and_cash_on_delivery_are_right(tmp_path):
    for month in ("january", "february"):
        shutil.copy(case(f"11_shopify_{month}.csv"), tmp_path)
    export = clv.read_export(tmp_path)
    orders = clv.clean(export.frame, **export.columns).transactions
    assert dict(orders.select("customer_id", "amount").rows()) == {"ben@x.com": 40.0, "cy@x.com": 40.0}

    export = clv.read_export(case("12_shopify_cod.csv"))
    with pytest.raises(InvalidTransactions, match="count_statuses="):
        clv.clean(export.frame, **export.columns)
    rules = clv.CleaningRules(count_statuses=["pending"])
    assert clv.clean(export.frame, **export.columns, rules=rules).transactions["amount"].sum() == 3100.0


COMMANDS = {
    "01_status_zh.csv": ([], 0, "36 transactions", "6,114.00 kept"),
    "03_semicolon.csv": ([], 0, "decimal comma", "2 customers"),
    "06_order_id_excel.csv": ([], 3, "such as 1.2E+17", "Export the ids as text"),
    "08_customer_zero.csv": (["--date-format", "%d-%m-%y"], 0, "0", "no customer"),
    "09_null_words.csv": ([], 0, "1 customer with", "9 rows without a customer id"),
    "12_shopify_cod.csv": (["--count-statuses", "pending"], 0, "2 transactions", "3,100.00 kept"),
    "14_two_digit_year.csv": ([], 2, "--date-format '%d-%m-%y'", ""),
    "16_total_row.csv": ([], 0, "2 customers", "1 row without a customer id"),
    "17_summary_not_log.csv": ([], 0, "this is a summary with one row per customer", ""),
    "20_serial_epoch.csv": (["--date", "serial"], 0, "--date-format 'excel days'", "2020-02-01"),
    "24_repeats_come_late.csv": ([], 0, "24 customers", ""),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_small_file_is_right_with_one_command(name, monkeypatch, capsys):
    flags, code, *words = COMMANDS[name]
    exit_code, shown = typed(monkeypatch, capsys, "profile", case(name), "--columns", "auto", *flags)
    assert exit_code == code, shown
    assert [word for word in words if word not in shown] == [], shown


def test_the_small_files_are_all_here():
    cases = {path.name for path in CASES.glob("*.csv")}
    if not cases:
        pytest.skip(f"there are no files in {CASES}")
    assert cases == {*COMMANDS, "11_shopify_january.csv", "11_shopify_february.csv"}

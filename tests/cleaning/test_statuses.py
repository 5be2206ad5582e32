"""Statuses: what they mean however they are written, the table in the ledger, and the stop on unknown ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clvmodels as clv
from clvmodels.cleaning.order_statuses import STATUS_COLUMNS
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.statuses import known_statuses, meaning_of, normalize_status

CASES = Path(__file__).parents[1] / "cases"  # cut from public files, with names and ids replaced
with Path(__file__).with_name("statuses.csv").open(encoding="utf-8", newline="") as file:
    SAMPLES = [(row["meaning"], row["status"]) for row in csv.DictReader(file)]


def test_a_log_without_sales_is_reported_with_all_other_faults():
    log = pl.DataFrame({"customer_id": ["a", "b"], "date": [20240101.5, 20240102.5], "status": ["pending", "pending"]})
    with pytest.raises(InvalidTransactions, match=r"(?s)No row is a sale by its status.*has type Float64"):
        clv.clean(log, status="status")


def test_a_status_has_its_meaning_or_none():
    results = {status: meaning_of(status) for _, status in SAMPLES}
    meanings = {status: "unknown" if result is None else result.meaning for status, result in results.items()}
    assert meanings == {status: meaning for meaning, status in SAMPLES}


def test_every_known_status_has_one_meaning():
    with (Path(clv.__file__).parent / "transactions" / "statuses.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({normalize_status(row["status"]) for row in rows}) == len(known_statuses()) == len(rows)
    assert {row["meaning"] for row in rows} == {meaning for meaning, _ in SAMPLES} - {"unknown"}


@settings(max_examples=30)
@given(st.sampled_from(sorted(known_statuses())), st.data())
def test_case_blanks_hyphens_and_full_width_forms_do_not_matter(word, data):
    expected = meaning_of(word)
    blank = data.draw(st.sampled_from([" ", "-", "_", "  ", "\u3000", " - ", "\t"]))
    wide = "".join(chr(ord(mark) + 0xFEE0) if "!" <= mark <= "~" else mark for mark in word)
    for written in (word.upper(), word.title(), word.replace(" ", blank), f" {word}\t", wide, f"{word}."):
        assert meaning_of(written) == expected


def orders(*statuses, **columns):
    rows = {
        "customer_id": [f"c{i}" for i in range(len(statuses))],
        "date": ["2024-01-01"] * len(statuses),
        "amount": [10.0 * 2**i for i in range(len(statuses))],
        "status": list(statuses),
    }
    return pl.DataFrame(rows | columns)


def clean(log, **rules):
    return clv.clean(log, amount="amount", status="status", rules=clv.CleaningRules(**rules))


@pytest.mark.slow
def test_the_ledger_has_a_table_of_statuses(tmp_path):
    log = orders("Paid", "paid", " CANCELLED ", "Refunded", None, "", "Dispatched!", "Mystery")
    result = clean(log, count_statuses=["mystery"])
    assert result.transactions["amount"].to_list() == [10, 20, 160, 320, 640, 1280]
    table = result.statuses
    assert tuple(table.columns) == STATUS_COLUMNS
    assert table["rows"].sum() == len(log)
    assert table["money"].sum() == log["amount"].sum()
    rows = {row["status"]: (row["treatment"], row["reason"], row["money"]) for row in table.to_dict("records")}
    assert rows["Refunded"] == ("void", "known", 80)
    assert rows["Mystery"] == ("counted", "listed", 1280)
    assert rows[""][1] == "blank"
    result.to_json(tmp_path / "ledger.json")
    written = json.loads((tmp_path / "ledger.json").read_text())
    assert {row["status"] for row in written["statuses"]} == set(rows)
    assert clv.CleaningRules(**written["rules"]) == result.rules


@pytest.mark.slow
def test_unknown_statuses_stop_the_run_until_the_user_classifies_them():
    log = orders("paid", "Mystery", "Frozen", "Frozen")
    with pytest.raises(
        InvalidTransactions, match=r"3 rows have an unknown status in 'status'.*'Frozen' \(2 rows, 120.00\), 'Mys"
    ):
        clean(log)
    assert clean(log, unknown_statuses="count").transactions.height == 4
    assert "3 rows with a status of unknown meaning (Frozen and Mystery) were counted" in repr(
        clean(log, unknown_statuses="count")
    )
    assert clean(log, unknown_statuses="void").transactions.height == 1
    assert clean(log, void_statuses=["FROZEN"], count_statuses=["mystery"]).transactions.height == 2
    nobody = log.with_columns(customer_id=pl.Series(["a", None, None, None]))
    assert clean(nobody).transactions.height == 1  # rows that are set aside anyway stop nothing


def test_all_faults_of_a_log_are_in_one_message():
    log = orders("paid", "Mystery").with_columns(date=pl.Series(["2024-01-01", "soon"]))
    with pytest.raises(InvalidTransactions, match=r"(?s)cannot be read as YYYY-MM-DD.*status in 'status'"):
        clean(log)


@pytest.mark.slow
def test_rules_override_known_statuses_and_must_not_contradict_each_other():
    log = orders("pending", "paid")
    assert clean(log, count_statuses=["Pending"]).transactions.height == 2
    assert clean(log, void_statuses=["Paid"], count_statuses=["pending"]).transactions["customer_id"].to_list() == [
        "c0"
    ]
    with pytest.raises(InvalidOption, match=r"'On Hold' is named by void_statuses and by count_statuses"):
        clv.CleaningRules(void_statuses=["On Hold"], count_statuses=["on-hold"])


def test_a_log_without_any_sale_is_refused():
    with pytest.raises(
        InvalidTransactions, match=r"No row is a sale by its status in 'status': 'pending'.*count_statuses="
    ):
        clean(orders("pending", "voided"))


@pytest.mark.slow
def test_partly_refunded_orders_need_the_amount():
    log = orders("paid", "Partially refunded")
    with pytest.raises(InvalidTransactions, match="Partially refunded"):
        clean(log)
    stated = log.with_columns(back=pl.Series([0.0, 5.0]))
    assert clv.clean(stated, amount="amount", status="status", refunded="back").transactions["amount"].to_list() == [
        10,
        15,
    ]
    row = {"customer_id": "c1", "date": "2024-01-02", "amount": -5.0, "status": "Refund"}
    assert clean(pl.concat([log, pl.DataFrame(row)])).transactions["amount"].to_list() == [10, 15]


def test_refunded_orders_are_netted_by_the_stated_amount_if_there_is_one():
    log = orders("refunded", "refunded", "paid", back=[4.0, 0.0, 0.0])
    result = clv.clean(log, amount="amount", status="status", refunded="back")
    assert result.transactions["amount"].to_list() == [6.0, 40.0]  # of the second, all was refunded


@pytest.mark.slow
def test_a_positive_row_called_refund_could_be_an_order_that_was_refunded():
    log = orders("paid", "refund")
    with pytest.raises(InvalidTransactions, match="'refund'"):
        clean(log)
    assert clean(log, void_statuses=["refund"]).transactions["amount"].to_list() == [10]
    assert clean(orders("paid", "refund", amount=[10.0, -5.0])).transactions["amount"].to_list() == [10]
    assert clv.clean(log, status="status").transactions.height == 1  # without money only the sale can count


@pytest.mark.slow
@pytest.mark.parametrize("refunds", ["net", "drop", "keep"])
def test_the_refund_of_an_order_that_is_void_is_not_taken_from_another_order(refunds):
    log = pl.DataFrame({
        "customer_id": ["ann"] * 3,
        "date": ["2024-01-01", "2024-01-05", "2024-01-06"],
        "order": ["1", "2", "2"],
        "amount": [50.0, 30.0, -30.0],
        "status": ["Completed", "Refunded", "Completed"],
    })  # fmt: skip
    rules = clv.CleaningRules(refunds=refunds)
    result = clv.clean(log, amount="amount", status="status", order_id="order", rules=rules)
    assert result.transactions["amount"].to_list() == [50.0]
    assert result.entries["refund_of_void_order"].rows == 1


@pytest.mark.parametrize("way", ["path", "polars", "pandas"])
def test_chinese_statuses_of_a_marketplace(way):
    path = CASES / "01_status_zh.csv"
    log = {"path": lambda: path, "polars": lambda: pl.read_csv(path), "pandas": lambda: pl.read_csv(path).to_pandas()}
    columns = {"customer_id": "买家昵称", "date": "付款日期", "amount": "实付金额", "status": "订单状态"}
    result = clv.clean(log[way](), **columns)
    assert (len(result.transactions), result.transactions["amount"].sum()) == (36, 6114)
    assert result.statuses["status"].to_list() == ["交易成功", "付款以后用户退款成功，交易自动关闭"]


@pytest.mark.slow
def test_cash_on_delivery_stays_pending():
    export = clv.read_export(CASES / "12_shopify_cod.csv")
    with pytest.raises(InvalidTransactions, match="as with cash on delivery"):
        clv.clean(export.frame, **export.columns)
    rules = clv.CleaningRules(count_statuses=["pending"])
    assert clv.clean(export.frame, **export.columns, rules=rules).transactions["amount"].to_list() == [1500, 1600]

"""Columns that nobody named although they say that rows are not sales; ids and numbers as people have them."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.ids import MISSING_IDS
from clvmodels.transactions.unnamed_columns import unnamed_columns

DAYS = [dt.date(2024, 1, day) for day in (1, 5, 9, 20)]
LOG = pl.DataFrame({"customer_id": ["a", "a", "b", "c"], "date": DAYS, "amount": [5.0, 7.0, 9.0, 4.0]})
MARKS = {  # a column that says that the second row is not a sale: its name, its value, and what the other rows have
    "Status": ("Cancelled", "paid"),
    "order_status": ("partially_refunded", "paid"),
    "Financial Status": ("Awaiting payment", None),
    "订单状态": ("退款成功", "交易成功"),
    "Stato ordine": ("Annullato", "Spedito"),
    "type": ("Return", "Sale"),
    "is_returned": ("yes", "no"),
    "Cancelled at": ("2024-02-01", None),
    "refunded_amount": ("7.00", "0.00"),
    "Storniert": ("ja", "nein"),
    "是否退款": ("是", "否"),
    "document type": ("Credit note", "Invoice"),
    "Completed": ("No", "Yes"),
    "Paid On Date": (None, "05-Jan-24"),
}


def marked(name, values):
    return LOG.with_columns(pl.Series(name, [values[1], values[0], values[1], values[1]]))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "values"), MARKS.items())
def test_a_row_that_is_not_a_sale_by_an_unnamed_column_is_refused(name, values):
    for function in (clv.rfm_summary, clv.clean):
        with pytest.raises(InvalidTransactions, match=rf"1 of 4 rows is not a whole sale by column '{name}', which"):
            function(marked(name, values), amount="amount")
        assert function(marked(name, (values[1],) * 2), amount="amount") is not None


@pytest.mark.slow
def test_every_reader_refuses_it_and_every_remedy_works(tmp_path):
    log = marked("Status", MARKS["Status"])
    log.write_csv(tmp_path / "log.csv")
    message = r"column 'Status', which was not named: 'Cancelled' \(1 row\)\. Clean the log with status='Status'"
    for way in (tmp_path / "log.csv", log.to_pandas(), log.lazy(), duckdb.sql("SELECT * FROM log")):
        with pytest.raises(InvalidTransactions, match=message):
            clv.rfm_summary(way, amount="amount")
    with pytest.raises(InvalidTransactions, match=message):
        clv.profile(log)
    assert clv.clean(log, amount="amount", status="Status").transactions["amount"].sum() == 18
    assert len(clv.rfm_summary(log.drop("Status"))) == 3


def test_columns_of_other_things_are_not_statuses():
    others = ("marital status", "delivery status", "state", "refund policy", "loyalty_status", "note")
    log = LOG.with_columns(*(pl.lit("Cancelled by nobody").alias(name) for name in others))
    assert len(clv.rfm_summary(log)) == 3
    assert unnamed_columns(log, {"status": "Status"}, has_money=True) == {}


@pytest.mark.slow
def test_invisible_characters_and_formulas_around_ids_are_ignored(tmp_path):
    ids = ["\u200ba", "a\ufeff", '="b"', "#REF!"]
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\n" + "".join(f"{each},2024-01-0{i + 1},5\n" for i, each in enumerate(ids)))
    path.write_text(path.read_text() + "\ufeffcustomer_id,date,amount\nb,2024-01-09,5\n")
    rfm = clv.rfm_summary(path, amount="amount", on_missing_id="drop")
    assert dict(zip(rfm.customer_id, rfm.frequency, strict=True)) == {"a": 1, "b": 1}
    log = LOG.with_columns(customer_id=pl.Series(["\u200ba", "a\ufeff", "b", "#N/A"]))
    for way in (log, log.to_pandas(), duckdb.sql("SELECT * FROM log")):
        assert clv.rfm_summary(way, on_missing_id="drop").frequency.tolist() == [1, 0]


def test_words_for_missing_ids_are_recognized_in_any_case():
    words = [spelling for word in MISSING_IDS for spelling in (word, word.upper(), word.title())]
    log = pl.DataFrame({"customer_id": ["a", *words], "date": ["2024-01-05"] * (len(words) + 1)})
    assert clv.rfm_summary(log, on_missing_id="drop").rows_without_id == len(words)


@pytest.mark.slow
def test_files_of_overlapping_periods_are_refused_and_parts_of_a_log_are_not(tmp_path):
    LOG.write_csv(tmp_path / "january.csv")
    later = LOG.tail(2).vstack(LOG.tail(2).with_columns(pl.col("date").dt.offset_by("40d")))
    later.write_csv(tmp_path / "february.csv")
    with pytest.raises(InvalidTransactions, match=r"4 rows are in two files or more.*each would count twice"):
        clv.rfm_summary(tmp_path, amount="amount")
    with pytest.raises(InvalidTransactions, match=r"4 rows are in two files .*duplicates='drop'"):
        clv.clean(tmp_path, amount="amount")
    rules = clv.CleaningRules(duplicates="drop")
    archive = shutil.make_archive(str(tmp_path.parent / "exports"), "zip", tmp_path)
    for path in (tmp_path, Path(archive)):
        assert len(clv.clean(path, amount="amount", rules=rules).transactions) == 6
    with pytest.raises(InvalidTransactions, match="4 rows are in two files"):
        clv.rfm_summary(archive, amount="amount")
    later.tail(2).write_csv(tmp_path / "february.csv")
    assert clv.rfm_summary(tmp_path, amount="amount").frequency.sum() == 3
    LOG.gather_every(2).write_csv(tmp_path / "january.csv")
    LOG.gather_every(2, 1).write_csv(tmp_path / "february.csv")
    assert clv.rfm_summary(tmp_path, amount="amount").frequency.sum() == 1


@pytest.mark.parametrize(
    ("name", "usual", "other", "fault"),
    [
        ("ccy", "EUR", "CHF", "has 2 currencies"),
        ("Transaction Currency", "EUR", "CHF", "has 2 currencies"),
        ("Währungscode", "EUR", "CHF", "has 2 currencies"),
        ("幣別", "新台幣", "美元", "has 2 currencies"),
        ("Transaktionstyp", "Verkauf", "Rückerstattung", "is not a whole sale"),
        ("Tipo de movimiento", "venta", "devolución", "is not a whole sale"),
        ("交易类别", "交易成功", "已退款", "is not a whole sale"),
    ],
)
def test_names_in_other_words_and_languages_are_known(name, usual, other, fault):
    log = LOG.with_columns(pl.Series(name, [usual] * (len(LOG) - 1) + [other]))
    with pytest.raises(InvalidTransactions, match=fault):
        clv.rfm_summary(log, amount="amount")
    assert len(clv.rfm_summary(log.with_columns(pl.lit(usual).alias(name)), amount="amount")) > 0


@pytest.mark.slow
def test_all_faults_are_in_one_message():
    log = pl.DataFrame(
        {
            "customer_id": ["0"] * 30 + ["a", "b", None],
            "date": ["2024-01-05"] * 32 + ["soon"],
            "amount": ["5"] * 32 + ["much"],
            "currency": ["EUR"] * 20 + ["USD"] * 13,
            "test": ["no"] * 32 + ["yes"],
            "status": ["paid"] * 32 + ["cancelled"],
        }
    )
    with pytest.raises(InvalidTransactions) as caught:
        clv.rfm_summary(log, amount="amount")
    parts = (
        "no customer id",
        "cannot be read as YYYY",
        "read as a number",
        "2 currencies",
        "a test",
        "whole sale",
        "'0'",
    )
    assert [part for part in parts if part not in str(caught.value)] == []
    rules = clv.CleaningRules(missing_id="raise")
    with pytest.raises(InvalidTransactions) as caught:
        clv.clean(log.with_columns(status=pl.lit("perhaps")), amount="amount", status="status", rules=rules)
    parts = ("no customer id", "2 currencies", "an unknown status in")
    assert [part for part in parts if part not in str(caught.value)] == []


@pytest.mark.slow
def test_numbers_as_text_are_read_as_in_files():
    for texts in (
        ["5", "7.5", "1,009.25", " 4 "],
        ["5", "7,5", "1.009,25", "4,0 €"],
        ["$5", "7.50", "USD 1009.25", "4"],
    ):
        log = LOG.with_columns(amount=pl.Series(texts))
        for way in (log, log.to_pandas(), log.lazy()):
            rfm = clv.rfm_summary(way, amount="amount", include_first_transaction=True)
            assert rfm.monetary_value.tolist() == [6.25, 1009.25, 4.0]
    with pytest.raises(InvalidTransactions, match=r"in two ways: '1\.234' .* Convert the column to numbers first"):
        clv.rfm_summary(LOG.with_columns(amount=pl.Series(["1.234", "2.500", "7", "9"])), amount="amount")

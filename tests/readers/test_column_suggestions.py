"""Proposals of columns and of formats of dates: from names in seven languages, and never used unseen."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.cli.spelling import as_typed
from clvmodels.errors import InvalidTransactions
from clvmodels.frames.date_formats import formats_that_read

HEADERS = {
    "English": ("CustomerID", "Order Date", "total_paid", "notes"),
    "Chinese": ("买家昵称", "付款日期", "实付金额", "备注"),
    "German": ("Kunden-Nr.", "Bestelldatum", "Gesamtbetrag", "Notiz"),
    "French": ("Numéro client", "Date de commande", "Montant TTC", "Remarque"),
    "Spanish": ("ID Cliente", "Fecha de compra", "Importe total", "Notas"),
    "Portuguese": ("Código do cliente", "Data do pedido", "Valor total", "Obs"),
    "Japanese": ("顧客番号", "注文日", "合計金額", "備考"),
}


@pytest.mark.slow
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_columns_are_proposed_by_names_in_seven_languages(tmp_path, header):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([",".join(header), "A,2024-01-05,2.5,x", "A,2024-02-05,3,y"]), "utf-8")
    suggestion = clv.suggest_columns(path)
    assert dict(suggestion.columns) == dict(zip(("customer_id", "date", "amount"), header, strict=False))
    assert suggestion.date_formats == ()
    with pytest.raises(InvalidTransactions) as error:
        clv.rfm_summary(path)
    message = as_typed(str(error.value), ["profile", "log.csv"])
    assert message.endswith(f" Perhaps: --customer-id {header[0]!r} --date {header[1]!r} --amount {header[2]!r}")


@pytest.mark.slow
def test_a_column_is_proposed_only_if_its_values_fit(tmp_path):
    path = tmp_path / "log.csv"
    header = "customer,client id,date,time,total,amount\n"
    path.write_text(header + "A,1,soon,2024-01-05,many,2.5\nA,2,never,2024-01-06,few,3\n")
    suggestion = clv.suggest_columns(path)
    assert dict(suggestion.columns) == {"customer_id": "customer", "date": "time", "amount": "amount"}
    assert suggestion.alternatives == {"customer_id": ("client id",)}


@pytest.mark.parametrize(
    ("dates", "formats"),
    [
        (["01-10-19", "13-11-19"], ["%d-%m-%y", "%y-%m-%d"]),
        (["13/01/2024", "02/03/2024"], ["%d/%m/%Y"]),
        (["01/02/2024", "03/04/2024"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["5. Mai"], []),
        (["2024年1月5日"], ["%Y年%m月%d日"]),
        (["Jan 5, 2024 03:04:05 PM"], ["%b %d, %Y %I:%M:%S %p"]),
        (["20240105"], ["%Y%m%d"]),
        (["43831", "43862.5"], ["excel days"]),
        (["1577836800"], ["unix seconds"]),
        (["1577836800000"], ["unix milliseconds"]),
    ],
)
def test_all_formats_that_read_every_date_are_named(dates, formats):
    assert list(formats_that_read(dates)) == formats


def test_two_formats_that_read_every_date_have_an_example_that_differs(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date\nA,05/05/2024\nA,01/02/2024\n")
    with pytest.raises(InvalidTransactions) as error:
        clv.rfm_summary(path)
    assert str(error.value).endswith(
        "Every value can be read in 2 ways, such as '01/02/2024' with date_format='%d/%m/%Y' (2024-02-01), or with "
        "date_format='%m/%d/%Y' (2024-01-02)."
    )


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("excel days", ["43831", "43862.25", "x", "1e9"]),
        ("unix seconds", ["1577836800", "1580536800", "x", "1e99"]),
        ("unix milliseconds", ["1577836800000", "1580536800000", "x", "1e99"]),
    ],
)
def test_numbers_of_days_and_seconds_are_dates_once_the_unit_is_named(unit, values):
    lazy = frames.open_frame(pl.DataFrame({"date": values}), {"date": "date"}).lazy
    dates = frames.collect(frames.parse_dates(lazy, "date", unit, None))["date"].to_list()
    assert dates == [dt.datetime(2020, 1, 1), dt.datetime(2020, 2, 1, 6), None, None]

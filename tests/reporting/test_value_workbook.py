"""The workbook of values: its formulas, recomputed here cell by cell, give the numbers of the library."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # of a file that this test wrote
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.reporting.value_workbook import write_value_workbook

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TERMS = {"horizon": "6 months", "annual_discount_rate": 0.10, "currency": "USD"}
COSTS = clv.Costs(per_order=4.0, per_period=0.3)
SHEETS = {"Summary": 1, "Inputs": 2, "Customers": 3, "Cash flow": 4}


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm[::20]


def tables(fitted, margin):
    options = {"margin": margin, "costs": COSTS, **TERMS}
    return clv.remaining_value(*fitted, **options), clv.remaining_value(*fitted, by_period="month", **options)


def read(path, sheet, places=SHEETS):
    """Return the formulas and the stored numbers of a sheet, by cell."""
    with zipfile.ZipFile(path) as book:
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{places[sheet]}.xml"))  # noqa: S314  # as above
    formulas, numbers = {}, {}
    for cell in root.iter(f"{SPACE}c"):
        formula, value = cell.find(f"{SPACE}f"), cell.find(f"{SPACE}v")
        if formula is not None:
            formulas[cell.get("r")] = formula.text
        if value is not None and cell.get("t") != "s":
            numbers[cell.get("r")] = float(value.text)
    return formulas, numbers


def recompute(formulas, numbers, margin):
    """Recompute the formulas of a sheet row by row: products with the margin, and differences of cells."""
    values = dict(numbers)
    for cell, formula in formulas.items():
        text = formula.replace("Inputs!$B$2", repr(margin))
        text = re.sub(r"\b([A-Z])(\d+)\b", lambda match: repr(values[match[0]]), text)
        first, *others = re.split(r"(?<=[\d.])(?=[-*])", text)
        total = float(first)
        for other in others:
            total = total * float(other[1:]) if other[0] == "*" else total - float(other[1:])
        values[cell] = total
    return values


@pytest.fixture(scope="module")
def workbook(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("books") / "value.xlsx"
    write_value_workbook(path, *tables(fitted, 0.35))
    return path


def of_column(values, letter):
    return np.array([value for cell, value in values.items() if re.fullmatch(rf"{letter}\d+", cell)])


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0.35, 0.42])
def test_the_formulas_give_the_values_of_the_library(fitted, workbook, margin):
    """At the margin that was written, and after it is changed."""
    value, flow = tables(fitted, margin)
    customers = recompute(*read(workbook, "Customers"), margin)
    assert of_column(customers, "E") == pytest.approx(value.columns["remaining_value"], rel=1e-9)
    periods = recompute(*read(workbook, "Cash flow"), margin)
    assert of_column(periods, "I") == pytest.approx(flow.columns["net_cash_flow"], rel=1e-9)


@pytest.mark.slow
def test_the_summary_adds_up_the_rows(fitted, workbook):
    value, flow = tables(fitted, 0.35)
    formulas, numbers = read(workbook, "Summary")
    rows = len(value.columns["remaining_value"])
    assert formulas["B3"] == f"SUM(Customers!E2:E{rows + 1})"
    assert formulas["B4"] == f'COUNTIF(Customers!E2:E{rows + 1},"<0")'
    assert numbers["B3"] == pytest.approx(of_column(read(workbook, "Customers")[1], "E").sum())
    assert numbers["B3"] == pytest.approx(value.total)
    assert numbers["B4"] == np.sum(value.columns["remaining_value"] < 0)
    assert numbers["B7"] == pytest.approx(flow.total)


@pytest.mark.slow
def test_tables_that_make_no_workbook_are_refused(fitted, tmp_path):
    value, flow = tables(fitted, 0.35)
    path = tmp_path / "value.xlsx"
    with pytest.raises(InvalidOption, match=r"not as '\.csv'"):
        write_value_workbook(tmp_path / "value.csv", value)
    with pytest.raises(InvalidOption, match="one row per customer"):
        write_value_workbook(path, flow)
    with pytest.raises(InvalidOption, match="with by_period="):
        write_value_workbook(path, value, value)
    with pytest.raises(InvalidOption, match="in USD, but the cash flow is in EUR"):
        write_value_workbook(path, value, replace(flow, currency="EUR"))
    with pytest.raises(InvalidOption, match="margin of 0"):
        write_value_workbook(path, tables(fitted, 0.0)[0])
    assert not path.exists()


# ---- more sheets -------------------------------------------------------------------------------------------


def test_more_sheets_have_ratios_as_formulas_of_their_row(fitted, tmp_path):
    economics = pd.DataFrame({"channel": ["=a", "b"], "customers": [10, 20], "acquisition_cost": [50.0, 0.0]})
    economics = economics.assign(value_at_acquisition=[80.0, 90.0], cac=[5.0, 0.0], roi=[0.6, np.nan])
    board = pd.DataFrame({"kpi": ["cac"], "current": [5.0], "target": [4.0], "distance": [1.0], "reached": [False]})
    path = tmp_path / "value.xlsx"
    write_value_workbook(path, tables(fitted, 0.35)[0], tables={"Economics": economics, "Board": board})
    names = {"Economics": 4, "Board": 5}
    with zipfile.ZipFile(path) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "=a" in texts  # text, not a formula
    formulas, numbers = read(path, "Economics", names)
    assert formulas == {"E2": "C2/B2", "E3": "C3/B3", "F2": "(D2-C2)/C2"}
    assert numbers["F2"] == 0.6
    assert read(path, "Board", names)[0] == {"D2": "B2-C2"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Inputs": pd.DataFrame()}, "'Inputs' cannot be the title of a sheet"),
        ({"Forecast": 3}, "'Forecast' is int: pass a result"),
        ([1], "by title of their sheet"),
    ],
)
def test_what_has_no_sheet_is_refused(fitted, tmp_path, more, message):
    with pytest.raises(InvalidOption, match=message):
        write_value_workbook(tmp_path / "value.xlsx", tables(fitted, 0.35)[0], tables=more)


def test_sheets_of_another_currency_are_refused(fitted, tmp_path):
    value = tables(fitted, 0.35)[0]
    with pytest.raises(InvalidOption, match="'Euros' is in EUR, the values in USD"):
        write_value_workbook(tmp_path / "value.xlsx", value, tables={"Euros": replace(value, currency="EUR")})

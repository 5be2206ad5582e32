"""The workbook of decisions: one row per customer, and totals that are formulas with the numbers of the library."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # of a file that this test wrote
import zipfile

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption

TERMS = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}


@pytest.fixture(scope="module")
def decisions():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    few = rfm[::20]
    models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    customers = pd.DataFrame(
        {"customer_id": range(40), "segment": ["=gold", "rest"] * 20, "expected_orders": 1.0, "margin_per_order": 20.0}
    )
    rules = {
        "segment": ["=gold"],
        "action": ["call"],
        "channel": ["phone"],
        "contact_cost": [3.0],
        "extra_orders": [0.5],
    }
    return {
        "Tiers": clv.tiers(clv.lifetime_value(*models, few, **TERMS)),
        "Stages": clv.stages(models[0], few),
        "Lists": clv.action_lists(*models, few, horizon="6 months", margin=0.35, size=10),
        "Growth": clv.growth_list(*models, few, horizon="6 months", margin=0.35, size=10),
        "Actions": clv.plan_actions(customers, pd.DataFrame(rules).assign(extra_orders=0.5), budget=30.0),
    }


def read(path, number):
    """Return the cells of a sheet by position: the formula, or else the text or number."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        texts = [each.findtext(f"{space}t") for each in ET.fromstring(book.read("xl/sharedStrings.xml"))]  # noqa: S314
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  # as above
    formulas, values = {}, {}
    for cell in root.iter(f"{space}c"):
        formula, value = cell.findtext(f"{space}f"), cell.findtext(f"{space}v")
        values[cell.get("r")] = texts[int(value)] if cell.get("t") == "s" else float(value)
        if formula is not None:
            formulas[cell.get("r")] = formula
    return formulas, values


@pytest.mark.slow
def test_totals_are_formulas_over_the_rows(decisions, tmp_path):
    path = tmp_path / "decisions.xlsx"
    clv.write_decision_workbook(path, decisions)
    formulas, values = read(path, 1)
    assert formulas["B3"] == "SUMPRODUCT(1*EXACT('Tiers'!$D$2:$D$119,$A3))"
    assert formulas["D3"] == "SUMPRODUCT(1*EXACT('Tiers'!$D$2:$D$119,$A3),'Tiers'!$B$2:$B$119)"
    assert [values[f"B{row}"] for row in range(3, 7)] == decisions["Tiers"].summary["customers"].tolist()
    text = " ".join(formulas.values())
    assert "SUMPRODUCT(1*EXACT('Stages'!" in text
    assert "ROWS('Growth'!$A$2:$A$" in text
    assert "*EXACT('Actions'!$E$2:$E$41,$C" in text  # actions are summed by segment, action and channel
    for number, decision in enumerate(decisions.values(), start=2):
        formulas, values = read(path, number)
        assert not formulas  # text is never run as a formula
        ids = [values[f"A{row}"] for row in range(2, len(decision.columns["customer_id"]) + 2)]
        assert ids == list(decision.columns["customer_id"])
    assert values["B2"] == "=gold"


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        ("a.xls", {}, "use this extension"),
        ("a.xlsx", {"Summary": None}, "cannot be the title"),
        ("a.xlsx", {"Tiers/2": None}, "cannot be the title"),
        ("a.xlsx", {"Other": pd.DataFrame()}, "pass what tiers"),
    ],
)
def test_what_has_no_sheet_is_refused(tmp_path, path, change, message):
    with pytest.raises(InvalidOption, match=message):
        clv.write_decision_workbook(tmp_path / path, change or {"Tiers": None})
    with pytest.raises(InvalidOption, match="by title"):
        clv.write_decision_workbook(tmp_path / "a.xlsx", {})

"""The numbers of a report as a workbook."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from clvmodels.language import Finding, written_in
from clvmodels.reporting.at_a_glance import AtAGlance, Card, Range, Status
from clvmodels.reporting.series.report_workbook import write_report_workbook

fastexcel = pytest.importorskip("fastexcel")


@pytest.mark.parametrize(
    ("language", "sheets"),
    [
        ("en", ["At a glance", "Who matters", "Whom to look after", "Findings"]),
        ("zh-Hant", ["概覽", "哪些顧客重要", "優先照顧誰", "發現"]),
    ],
)
def test_sheets_are_in_the_language_of_the_report(tmp_path, language, sheets):
    tested = Finding("status-data-evidence", {"cautions": 0, "problems": 0})
    headline = Card("Value", "EUR 100", ("Half of it.",), Range("EUR 80", "EUR 130", "90% interval", 40.0))
    glance = AtAGlance("Title", "", headline, (Status("data", "good", tested),), (), (("Next", "=1+1"),))
    tiers = pd.DataFrame({"tier": ["A"], "customers": [5], "value": [60.0], "share_of_value": [0.6]})
    lists = pd.DataFrame({"list": ["at risk"], "customers": [3], "money_at_stake": [12.5]})
    decisions = SimpleNamespace(
        quantity="money", tiers=SimpleNamespace(summary=tiers), lists=SimpleNamespace(summary=lists)
    )
    report = SimpleNamespace(language=language, glance=glance, decisions=decisions, findings=(tested,))
    write_report_workbook(report, tmp_path / "report.xlsx")
    book = fastexcel.read_excel(tmp_path / "report.xlsx")
    assert book.sheet_names == sheets
    rows = [book.load_sheet(name, header_row=None).to_polars().rows() for name in sheets]
    assert rows[0][1] == ("Value", "EUR 100", "EUR 80", "EUR 130", "Half of it.")
    assert rows[0][-1][-1] == "=1+1"  # text, not a formula
    assert [str(cell) for cell in rows[1][1]] == ["A", "5", "60", "0.6"]
    assert [str(cell) for cell in rows[2][1][1:]] == ["3", "12.5"]
    with written_in(language):
        assert rows[3][1][0] == "status-data-evidence"
        assert rows[3][1][-1] == tested.text

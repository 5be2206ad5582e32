"""Reports over time: changes since an earlier report, the index page over a folder, and the summary as PDF."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from typing import Any

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.reporting.series.past_report import (
    PastReport,
    check_comparable,
    explain_change,
    read_past_report,
    valuation,
)
from clvmodels.reporting.series.site import write_site
from clvmodels.reporting.series.summary_pdf import BROWSERS, write_summary_pdf
from clvmodels.valuation.value_terms import ValueTerms

TERMS = {"horizon": "12 months", "annual_rate": 0.1, "margin": 0.35}


def numbers(end: str, value: float, bias: float) -> dict[str, Any]:
    """Return the numbers of a report as its JSON has them, as far as they are read."""
    row = {"forecaster": "bgnbd", "cutoff": "1997-06-30", "quantity": "purchases", "bias": bias, "coverage": 0.93}
    return {
        "statuses": [{"aspect": name, "grade": "fair"} for name in ("level", "ranking", "data")],
        "facts": {"customers": 90, "holdout_end": end, "reference": "bgnbd"},
        "forecasters": [{"id": "bgnbd", "kind": "process", "process": "bgnbd"}],
        "scores": [row, row | {"cutoff": "1997-03-31", "bias": 9.0}, row | {"forecaster": "zero", "bias": -1.0}],
        "value": {"total": value, "customers": 100},
        "value_basis": {"end": end, "lower": 0.8 * value, "upper": 1.3 * value, "terms": TERMS},
        "report": {"name": "<Shop>", "currency": "EUR"},
    }


def test_the_numbers_of_a_report_are_read(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(numbers("1997-09-30", 1000.0, -0.12)), encoding="utf-8")
    past = read_past_report(path)
    assert (past.name, past.end, past.customers, past.value, past.bias) == ("<Shop>", "1997-09-30", 100, 1000.0, -0.12)
    assert check_comparable(past).margin == 0.35
    with pytest.raises(InvalidOption, match="has no values of customers"):
        check_comparable(replace(past, value=math.nan))


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidOption, match="JSON"):
        read_past_report(path)


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_an_index_page_lists_reports_with_the_latest_first(tmp_path, language):
    for name, end, value in (("may & june", "1997-09-30", 1000.0), ("april", "1997-06-30", 800.0)):
        made = json.dumps(numbers(end, value, -0.1))
        (tmp_path / f"{name}.json").write_text(made, encoding="utf-8")
        (tmp_path / f"{name}.html").write_text("", encoding="utf-8")
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")  # not of a report: it has no page
    html = write_site(tmp_path, language=language).read_text(encoding="utf-8")
    assert html.index('href="may%20%26%20june.html"') < html.index('href="april.html"')
    assert html.count("<svg") == 3  # value, bias and coverage over time
    assert "&lt;Shop&gt;" in html
    assert "800 " in html
    assert html == write_site(tmp_path, language=language).read_text(encoding="utf-8")  # index.html is not a report


def test_a_folder_without_reports_is_refused(tmp_path):
    with pytest.raises(InvalidOption, match="has no reports"):
        write_site(tmp_path)
    with pytest.raises(InvalidOption, match="is not a folder"):
        write_site(tmp_path / "missing")


@pytest.mark.slow
def test_the_parts_of_a_change_add_up_and_new_customers_are_a_separate_part():
    log = clv.datasets.load_cdnow(sample=True)
    terms = ValueTerms.from_keywords(horizon="12 months", annual_discount_rate=0.1, margin=0.35)
    values = []
    for day in ("1997-03-31", "1997-09-30"):
        history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end=day)
        values.append(valuation(clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(history), history, terms))
    past = PastReport("a.json", "", "", "1997-03-31", 1, values[0].equity, 0, 0, TERMS, 0.0, 0.9, {})
    change = explain_change(past, *values)
    parts = change.experience + change.acquired + change.as_expected + change.other
    assert parts == pytest.approx(change.closing - change.opening, abs=0.01)
    assert change.opening == pytest.approx(past.value)
    without_growth = change.change - change.acquired
    assert change.finding.figures["experience"] == change.experience != without_growth


@pytest.mark.browser
@pytest.mark.acceptance
def test_the_summary_is_one_sheet(tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    log = clv.simulate_log(200, {"r": 0.5, "alpha": 8.0}, {"p": 6.25, "q": 3.74, "v": 15.44}, process="nbd")
    made = clv.report(log, amount="amount", models=clv.NBD(), cutoffs=1, horizon="13 weeks", margin=0.4, currency="EUR")
    write_summary_pdf(made.page, tmp_path / "report.pdf", browser)
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", printed)) == 1
    with pytest.raises(InvalidOption, match="did not print"):
        write_summary_pdf(made.page, tmp_path / "other.pdf", tmp_path / "no-browser")

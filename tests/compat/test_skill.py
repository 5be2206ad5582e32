"""The steps of the page for assistants, run on three small files: what is refused, its remedy, and what is reported.

The files imitate public files that went wrong once; people and ids are replaced.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.errors import InvalidTransactions

CASES = Path(__file__).parents[1] / "cases"
PAGE = (Path(clv.__file__).parent / "guide" / "SKILL.md").read_text("utf-8")
TERMS = {"margin": 0.30, "annual_discount_rate": 0.10, "currency": "EUR", "name": "Shop"}


@pytest.fixture
def run_steps(guide_runner, monkeypatch, tmp_path):
    """Return a function that runs the steps of the page with the settings of a case, and returns their names."""
    monkeypatch.chdir(tmp_path)
    blocks = [block.text for block in guide_runner.code_blocks(PAGE) if block.language == "python"]
    assert blocks[0].startswith("import clvmodels")

    def run(steps, path, columns, reading=(), **test):
        namespace = {
            "clv": clv,
            "path": path,
            "columns": columns,
            "reading": dict(reading),
            "terms": TERMS,
            "test": test,
        }
        for block in blocks[1 : 1 + steps]:
            exec(block, namespace)
        return namespace

    return run


@pytest.mark.slow
def test_a_date_that_can_be_read_in_three_ways_is_refused_until_the_format_is_named(run_steps):
    path = CASES / "08_customer_zero.csv"
    columns = {"customer_id": "customer_id", "date": "order_date", "amount": "total_price"}
    with pytest.raises(InvalidTransactions, match="can be read in 3 ways") as refused:
        run_steps(2, path, columns)
    assert "date_format='%d-%m-%y'" in str(refused.value)
    steps = run_steps(2, path, columns, {"date_format": "%d-%m-%y"})
    assert steps["suggested"].date_formats == ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d")
    assert "profile-id-placeholder" in {finding.code for finding in steps["profile"].findings}
    without = run_steps(2, path, columns, {"date_format": "%d-%m-%y", "missing_ids": ["0"], "on_missing_id": "drop"})[
        "profile"
    ]
    assert (without.customers, without.rows_without_id, without.sufficiency) == (10, 6, "insufficient")


@pytest.mark.slow
def test_a_total_row_is_refused_until_it_is_set_aside(run_steps):
    path, columns = CASES / "16_total_row.csv", {"customer_id": "c", "date": "d", "amount": "a"}
    with pytest.raises(InvalidTransactions, match=r"first: 'Total' in row 4.*on_missing_id=\"drop\""):
        run_steps(2, path, columns)
    profile = run_steps(2, path, columns, {"on_missing_id": "drop"})["profile"]
    assert (profile.customers, profile.rows_without_id, profile.sufficiency) == (2, 1, "insufficient")


@pytest.mark.acceptance
def test_a_report_of_late_repeats_gives_its_grades(run_steps, tmp_path):
    path = CASES / "24_repeats_come_late.csv"
    columns = {"customer_id": "customer_id", "date": "date", "amount": "amount"}
    steps = run_steps(3, path, columns, horizon="6 weeks", models=[clv.BGNBD()], cutoffs=1)
    assert steps["profile"].sufficiency == "insufficient"  # no value may be quoted from the page
    grades = {status["aspect"]: status["grade"] for status in steps["report"].numbers["statuses"]}
    assert grades["level"] == "poor"
    assert (tmp_path / "report.html").exists()


def test_every_error_that_the_page_names_exists():
    for name in ("InvalidTransactions", "ClockMismatch", "InvalidOption", "InvalidRFM", "FitFailed"):
        assert f"`{name}`" in PAGE
        assert issubclass(getattr(clv.errors, name), clv.errors.CLVError)

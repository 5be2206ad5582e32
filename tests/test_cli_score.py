"""The output of `clv score`: totals with their intervals, and when P(alive) is 1 for every customer."""

from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.cli.verbs import fit_and_score as scoring
from clvmodels.reporting import terminal

pytestmark = pytest.mark.slow


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Return a function that fits a model to CDNOW, scores its customers with flags, and returns the output."""
    monkeypatch.chdir(tmp_path)
    clv.datasets.load_cdnow(sample=True).to_csv("log.csv", index=False)

    def run(*flags, model="bgnbd"):
        money = ["--amount", "amount"]
        for words in (["fit", "log.csv", "--model", model, *money], ["score", "log.csv", *money, *flags]):
            done = CliRunner().invoke(app, words, env={"COLUMNS": "160"})
            assert done.exit_code == 0, done.output
        return done.output

    return run


def rows(output):
    """Cells of the table of totals, by column."""
    lines = [
        line.split("  ") for line in output.splitlines() if line.startswith((" expected", " lifetime", " probability"))
    ]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:] if cell.strip()] for cells in lines}


@pytest.mark.acceptance
def test_totals_have_the_interval_of_the_total(score):
    output = score("--interval", "0.8")
    assert "80% interval" in output
    table = rows(output)
    assert list(table) == ["probability_alive", "expected_purchases_12_months", "lifetime_value_12_months"]
    rfm, model = clv.rfm_summary("log.csv", amount="amount"), clv.load("model.json")
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 1.0, "interval": 0.8}
    value = clv.lifetime_value(model.purchases, model.spend, rfm, **terms, by="total")
    total, lower, upper = (value[f"lifetime_value{end}"][0] for end in ("", "_lower", "_upper"))
    assert table["lifetime_value_12_months"][:2] == [f"{total:,.2f}", f"{lower:,.0f} to {upper:,.0f}"]


def test_for_many_customers_the_output_says_how_to_get_intervals(score, monkeypatch):
    monkeypatch.setattr(scoring, "MOST_FOR_INTERVALS", 1_000)
    output = score()
    assert "90% interval" not in output
    assert 'by="total" and interval=0.9' in output


def test_p_alive_is_explained_if_no_customer_leaves(score):
    output = score(model="nbd")
    assert "P(alive) is 1 for every customer: the model sees no dropout" in output
    assert "P(alive) is 1 for every customer" not in score()


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ({"expected_purchases": (1.0, 9.0)}, "1 to 9"),
        ({}, "Boosted trees and blends give no intervals of totals."),
        (None, "Intervals of totals take longer"),
    ],
)
def test_totals_have_the_intervals_of_their_forecaster_or_none(intervals, expected):
    counts = dict.fromkeys(("refused", "new_since_fit", "not_yet_bought", "late_rows"), 0)
    evidence = {"totals": {"expected_purchases": 4.0}}
    run = {"customers": 2, "as_of": "2026-01-01", "run_id": "a", "reasons": {}, "gates": [], "evidence": evidence}
    console = Console(file=StringIO(), width=100, record=True)
    terminal.show_run(console, run | counts, 0.9, intervals)
    assert expected in console.export_text()


@pytest.mark.acceptance
def test_a_fit_names_the_forecaster_that_learned_from_windows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clv.datasets.load_cdnow(sample=True).to_csv("log.csv", index=False)
    words = ["fit", "log.csv", "--time-unit", "week", "--forecaster", "boosted_trees"]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "160"})
    assert "Customers and totals are forecast by: boosted trees." in done.output

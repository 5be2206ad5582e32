"""What `clv score` says of a run: totals with their intervals, and when P(alive) tells nothing."""

import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.cli.verbs import fit_and_score as scoring


@pytest.fixture
def score(tmp_path, monkeypatch):
    """Fits a model to CDNOW and scores its customers, with flags; what was said."""
    monkeypatch.chdir(tmp_path)
    clv.datasets.load_cdnow(sample=True).to_csv("log.csv", index=False)

    def run(*flags, model="bgnbd"):
        money = ["--amount", "amount"]
        for words in (["fit", "log.csv", "--model", model, *money], ["score", "log.csv", *money, *flags]):
            done = CliRunner().invoke(app, words, env={"COLUMNS": "160"})
            assert done.exit_code == 0, done.output
        return done.output

    return run


def rows(told):
    """Cells of the table of totals, by column."""
    lines = [
        line.split("  ") for line in told.splitlines() if line.startswith((" expected", " lifetime", " probability"))
    ]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:] if cell.strip()] for cells in lines}


def test_totals_come_with_the_interval_of_the_total(score):
    told = score("--interval", "0.8")
    assert "80% interval" in told
    table = rows(told)
    assert list(table) == ["probability_alive", "expected_purchases_12_months", "lifetime_value_12_months"]
    rfm, model = clv.rfm_summary("log.csv", amount="amount"), clv.load("model.json")
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 1.0, "interval": 0.8}
    value = clv.lifetime_value(model.purchases, model.spend, rfm, **terms, by="total")
    total, lower, upper = (value[f"lifetime_value{end}"][0] for end in ("", "_lower", "_upper"))
    assert table["lifetime_value_12_months"][:2] == [f"{total:,.2f}", f"{lower:,.0f} to {upper:,.0f}"]


def test_many_customers_are_told_how_to_get_it(score, monkeypatch):
    monkeypatch.setattr(scoring, "FEW", 1_000)
    told = score()
    assert "90% interval" not in told
    assert 'by="total" with interval=0.9' in told


def test_where_nobody_leaves_p_alive_tells_nothing(score):
    told = score(model="nbd")
    assert "P(alive) is 1 for every customer and tells nobody apart" in told
    assert "tells nobody apart" not in score()

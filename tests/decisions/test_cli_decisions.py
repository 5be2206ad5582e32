"""The verbs of decisions: one message on the terminal, one file with the table."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from clvmodels.cli import app
from clvmodels.datasets import load_cdnow

RUNNER = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})


def clv(*arguments):
    return RUNNER.invoke(app, [str(word) for word in arguments])


@pytest.mark.slow
def test_tiers_are_assigned_again_from_the_file_published_before(tmp_path):
    values = tmp_path / "values.csv"
    pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "worth": [9.0, 5.0, 4.9, 1.0]}).to_csv(values, index=False)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    options = ("--column", "worth", "--boundaries", "0.3,0.6", "--names", "gold,silver,rest")
    result = clv("tiers", values, *options, "--output", first)
    assert result.exit_code == 0, result.output
    assert "4 customers in 3 tiers; gold has 50.0% of them" in result.output
    assert pd.read_csv(first)["tier_today"].tolist() == ["gold", "gold", "silver", "rest"]
    result = clv("tiers", values, *options, "--published", first, "--output", second)
    assert result.exit_code == 0, result.output
    assert set(pd.read_csv(second)["change"]) == {"same"}


@pytest.mark.slow
def test_lists_are_written_from_a_log_and_a_model(tmp_path):
    log, model, lists = tmp_path / "log.csv", tmp_path / "model.json", tmp_path / "lists.csv"
    load_cdnow(sample=True).to_csv(log, index=False)
    assert clv("fit", log, "--amount", "amount", "--output", model).exit_code == 0
    result = clv("actions", log, "--amount", "amount", "--model", model, "--size", 5, "--output", lists)
    assert result.exit_code == 0, result.output
    assert "keep a control group" in result.output
    assert pd.read_csv(lists)["list"].value_counts().max() <= 5
    assert clv("fit", log, "--output", model).exit_code == 0
    result = clv("actions", log, "--amount", "amount", "--model", model)
    assert "has no process with a spend model" in str(result.exception)


@pytest.mark.slow
def test_boundaries_that_are_no_numbers_are_refused(tmp_path):
    values = tmp_path / "values.csv"
    values.write_text("customer_id,lifetime_value\na,1\n", encoding="utf-8")
    result = clv("tiers", values, "--boundaries", "a,b")
    assert "must be numbers separated by commas" in str(result.exception)

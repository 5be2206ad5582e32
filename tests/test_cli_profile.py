"""`clv profile` and `--acquired-after`: findings on the terminal, JSON in a file, one message per error."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from clvmodels.cli import app
from clvmodels.datasets import load_cdnow
from clvmodels.errors import InvalidOption

RUNNER = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "sample.csv"
    load_cdnow(sample=True).to_csv(path, index=False)
    return path


def clv(*arguments):
    return RUNNER.invoke(app, [str(word) for word in arguments], catch_exceptions=False)


@pytest.mark.slow
def test_a_profile_on_the_terminal(log, tmp_path):
    result = clv("profile", log, "--amount", "amount", "--time-unit", "week", "--output", tmp_path / "profile.json")
    assert result.exit_code == 0
    assert "2,357 customers" in result.output
    assert "Are there enough data?" in result.output
    assert "Which models suit these data?" in result.output
    assert json.loads((tmp_path / "profile.json").read_text("utf-8"))["time_unit"] == "week"


@pytest.mark.slow
def test_a_profile_fits_a_terminal_of_80_columns(log):
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["profile", str(log), "--amount", "amount"])
    assert "…" not in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_an_invalid_unit_is_one_message(log):
    with pytest.raises(InvalidOption, match="time_unit='hour' is not one of"):
        clv("profile", log, "--time-unit", "hour")


@pytest.mark.slow
def test_a_fit_leaves_out_older_customers(log, tmp_path):
    result = clv(
        "fit", log, "--acquired-after", "1997-01-31", "--time-unit", "week", "--output", tmp_path / "model.json"
    )
    assert result.exit_code == 0
    left_out = (load_cdnow(sample=True).groupby("customer_id")["date"].min() <= "1997-01-31").sum()
    assert f"{left_out:,} customers first seen by 1997-01-31 were left out" in result.output


@pytest.mark.slow
def test_comparisons_and_validations_leave_out_older_customers(log, tmp_path):
    cut = ("--calibration-end", "1997-09-30", "--acquired-after", "1997-01-31", "--time-unit", "week")
    for arguments in (
        ("compare", log, *cut, "--models", "nbd"),
        ("validate", log, *cut, "--models", "nbd", "--output", tmp_path / "v.json", "--report", tmp_path / "r.html"),
    ):
        result = clv(*arguments)
        assert result.exit_code == 0
        assert "first seen by 1997-01-31 were left out" in result.output

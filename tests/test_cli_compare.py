"""`clv compare`: the table and the verdict in the terminal, JSON on request, one message per error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from clvmodels import profile
from clvmodels.datasets import dataset_path, load_cdnow

pytestmark = pytest.mark.slow

SAMPLE = ["--calibration-end", "1997-09-30", "--time-unit", "week"]

PROGRESS = r"(?m)^.* \(\d+ s\)\n"  # a line of progress, on a slow machine


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "sample.csv"
    load_cdnow(sample=True).to_csv(path, index=False)
    return path


def clv(*words):
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        "from clvmodels.cli import main; main()",
        "compare",
        *map(str, words),
    ]
    env = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@pytest.mark.acceptance
def test_fits_without_forecasts(log):
    done = clv(log, "--time-unit", "week", "--observation-end", "1997-09-30")
    assert (done.returncode, re.sub(PROGRESS, "", done.stderr)) == (0, "")
    rows = [line.split()[:2] for line in done.stdout.splitlines() if "converged" in line]
    assert rows == [["MBG/NBD", "converged"], ["BG/NBD", "converged"], ["NBD", "converged"]]
    assert "-9,582.43" in done.stdout
    assert "fit equally well" in " ".join(done.stdout.split())
    assert "Forecasts" not in done.stdout


@pytest.mark.acceptance
def test_models_auto_takes_what_the_profile_up_to_the_cutoff_finds_suitable(log, tmp_path):
    output = tmp_path / "comparison.json"
    done = clv(log, *SAMPLE, "--models", "auto", "--output", output)
    assert done.returncode == 0, done.stderr
    at_cutoff = profile(load_cdnow(sample=True), observation_end="1997-09-30").models
    suitable = at_cutoff[at_cutoff["suitability"] == "good"]
    compared = {row["title"] for row in json.loads(output.read_text("utf-8"))["table"]}
    assert compared == set(suitable["title"]) - {"Gamma-Gamma"}


@pytest.mark.acceptance
def test_forecasts_money_and_json(log, tmp_path):
    output = tmp_path / "comparison.json"
    done = clv(log, *SAMPLE, "--models", "nbd, bgnbd", "--amount", "amount", "--output", output)
    assert (done.returncode, re.sub(PROGRESS, "", done.stderr)) == (0, "")
    assert "Forecasts of the holdout period" in done.stdout
    assert "bias of money" in done.stdout
    document = json.loads(output.read_text("utf-8"))
    assert [row["forecaster"] for row in document["table"]] == ["bgnbd", "nbd"]
    assert document["text"].startswith("Customers drop out")
    # Fader, Hardie & Lee (2005): -9582.4, and 12.1% too low in the 39 weeks after, as BTYD finds.
    assert document["table"][0]["log_likelihood"] == pytest.approx(-9582.429, abs=1e-3)
    assert document["table"][0]["bias"] == pytest.approx(-0.121, abs=6e-4)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (
            ["--models", "bgnbd,prophet"],
            "--models 'bgnbd,prophet': 'prophet' is not a model. Name one or more of bgnbd, ",
        ),
        (["--models", "auto,bgnbd"], "separated by commas, or auto alone."),
        (["--models", ","], "--models ',': name one or more of"),
        (["--holdout-end", "1998-01-01"], "apply to forecasts: add --calibration-end"),
        (["--amount", "amount"], "apply to forecasts: add --calibration-end"),
        ([*SAMPLE, "--observation-end", "1997-09-30"], "Pass either --observation-end or --calibration-end"),
    ],
)
def test_options_that_exclude_each_other_give_one_message(words, match):
    done = clv(dataset_path("cdnow_sample.csv"), *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert match in done.stderr
    assert "Traceback" not in done.stderr

"""A month and a half of nights with injected faults, by tests/benchmarks/nights.py, whose nights.json has a year."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_faults_are_named_and_sound_nights_pass():
    command = [sys.executable, str(BENCHMARKS / "nights.py"), "--nights", "45", "--shop", "uneven"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout).values()
    assert result["sound nights stopped"] == {}
    year = json.loads((BENCHMARKS / "nights.json").read_text())
    for shop in (result, *year.values()):
        assert all(counts and "passed" not in counts for counts in shop["faults"].values())
    stopped = sum(sum(shop["sound nights stopped"].values()) for shop in year.values())
    assert stopped < 0.01 * sum(shop["nights"] for shop in year.values())

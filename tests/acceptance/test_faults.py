"""Faults for real, the small version of tests/benchmarks/faults.py: killed, disk full, two at once, readers polling."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres, pytest.mark.slow]

CAMPAIGN = Path(__file__).resolve().parents[1] / "benchmarks" / "faults.py"


def test_nothing_is_lost_doubled_or_mixed():
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    command = [sys.executable, str(CAMPAIGN), "--small", "--postgres"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.get("wrong ends", 0) == 0, done.stderr
    for kind in ("killed", "disk full", "locked out", "connections cut", "reads", "faults between sinks"):
        assert found[kind] > 0, found
    assert (found["mixes seen"], found["reader failures"]) == (0, 0)
    assert found["sinks seen in both states"] == 6  # the reader did see every swap

"""Real faults, by the small version of tests/benchmarks/faults.py: kills, full disks, concurrent runs and readers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres, pytest.mark.slow]

CAMPAIGN = Path(__file__).resolve().parents[1] / "benchmarks" / "faults.py"


def test_faults_lose_duplicate_or_mix_no_rows():
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    command = [sys.executable, str(CAMPAIGN), "--small", "--postgres"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts.get("wrong ends", 0) == 0, done.stderr
    for kind in ("killed", "disk full", "locked out", "connections cut", "reads", "faults between sinks"):
        assert counts[kind] > 0, counts
    assert (counts["mixes seen"], counts["reader failures"]) == (0, 0)
    assert counts["sinks seen in both states"] == 6  # the reader saw every swap

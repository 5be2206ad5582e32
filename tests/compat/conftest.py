"""What lifetimes itself answers, computed once in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from clvmodels.compat.lifetimes.differences import forget

WORKER = Path(__file__).with_name("lifetimes_worker.py")


@pytest.fixture(autouse=True)
def every_difference_is_reported():
    forget()


@pytest.fixture(scope="session")
def worker():
    """Return the functions of the worker, to apply to this package."""
    spec = importlib.util.spec_from_file_location("lifetimes_worker", WORKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def ask_lifetimes():
    """Return a function that runs the worker."""

    def ask(what):
        done = subprocess.run([sys.executable, "-P", WORKER, what], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return ask

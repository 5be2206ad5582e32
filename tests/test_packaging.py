"""The tests run on the package that a user installs: the wheel with its data, not the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import clvmodels
from clvmodels.datasets import dataset_path, load_cdnow, load_donations

PACKAGE = Path(clvmodels.__file__).resolve().parent
SITE = Path(sysconfig.get_path("purelib")).resolve()
# `make test` and `make accept` install the wheel and set this variable; `make quick` tests the checkout.
from_wheel = pytest.mark.skipif(
    os.environ.get("CLV_TEST_WHEEL") != "1", reason="CLV_TEST_WHEEL is not 1: this run may test the checkout"
)


@from_wheel
def test_the_installed_package_is_tested():
    assert PACKAGE.parent == SITE


@from_wheel
def test_the_data_come_from_the_installed_package():
    assert dataset_path("cdnow.csv").parent == PACKAGE / "data"
    assert len(load_cdnow()) == 69_659
    assert len(load_donations()) == 22


@from_wheel
def test_a_new_process_gets_the_installed_package_too():
    # The command line and lifetimes run in processes of their own, which would look in the working directory
    # first.
    where = subprocess.run(
        [sys.executable, "-c", "import clvmodels; print(clvmodels.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).resolve().parent == PACKAGE


def test_the_version_is_that_of_the_distribution():
    assert clvmodels.__version__ == metadata.version("clvmodels")


def test_the_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_the_command_is_installed():
    commands = metadata.distribution("clvmodels").entry_points.select(group="console_scripts")
    assert {command.name: command.value for command in commands} == {"clv": "clvmodels.cli:main"}


@pytest.mark.slow
def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "clvmodels", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"clvmodels {clvmodels.__version__}"

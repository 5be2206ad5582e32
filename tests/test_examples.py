"""The examples of the guide: commands and functions that they call exist, and a night runs as a script."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clvmodels as clv
from clvmodels.cli.spelling import flags

EXAMPLES = Path(clv.__file__).resolve().parent / "guide" / "examples"
COMMAND = re.compile(r"(?:^|\s)clv (?P<verb>[a-z]+)(?P<options>(?: [^|;&\n]+)?)")


def test_each_example_is_in_the_list():
    listed = set(re.findall(r"`([\w.-]+)`", (EXAMPLES / "README.md").read_text()))
    files = {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert files - {"README.md"} == listed


@pytest.mark.parametrize("name", ["nightly.sh", "crontab"])
def test_commands_and_their_options_exist(name):
    commands = list(COMMAND.finditer((EXAMPLES / name).read_text()))
    assert commands
    for command in commands:
        options = set(re.findall(r"--[a-z-]+", command["options"]))
        assert options <= {*flags(command["verb"]).values(), "--job"}, command[0]


@pytest.mark.parametrize("name", ["airflow_dag.py", "dagster_assets.py"])
def test_functions_of_the_package_exist(name):
    for node in ast.walk(ast.parse((EXAMPLES / name).read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "clv":
            assert hasattr(clv, node.attr), node.attr


@pytest.mark.acceptance
@pytest.mark.slow
def test_a_night_runs_as_a_script(tmp_path):
    clv.datasets.load_cdnow(sample=True).to_csv(tmp_path / "orders.csv", index=False)
    settings = '[source]\npath = "orders.csv"\n[columns]\namount = "amount"\n[registry]\nfolder = "models"\n'
    job = tmp_path / "job.toml"
    job.write_text(settings + '[[sinks]]\npath = "scores"\npartitioned = true\n')
    clv.fit_job(job, "1997-09-30")
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": paths, "CLV_JOB": str(job)}
    command = ["sh", str(EXAMPLES / "nightly.sh"), "1997-10-01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "clv-runs" / "monitoring" / "monitoring.json").exists()

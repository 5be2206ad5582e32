"""The examples of the guide: commands and functions that they call exist, and a night runs as a script."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
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


@pytest.fixture
def airflow(tmp_path):
    """Return a function that runs Airflow on the DAG of the guide, with a database of its own."""
    command = os.environ.get("CLV_AIRFLOW")
    if command is None:
        pytest.skip(
            "Airflow is not installed: its pins are its own, so it needs an environment of its own (make airflow)"
        )
    (tmp_path / "airflow" / "dags").mkdir(parents=True)
    text = (EXAMPLES / "airflow_dag.py").read_text().replace("/srv/clv/job.toml", str(tmp_path / "job.toml"))
    (tmp_path / "airflow" / "dags" / "airflow_dag.py").write_text(text)
    settings = {"AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    settings["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] = "False"

    def run(*words):
        done = subprocess.run([command, *words], capture_output=True, text=True, check=False, env=os.environ | settings)
        return done.returncode, done.stdout + done.stderr

    code, printed = run("db", "migrate")
    assert code == 0, printed
    return run


@pytest.mark.airflow
@pytest.mark.slow
def test_the_tasks_of_the_dag_run_in_airflow(airflow, tmp_path):
    log = clv.datasets.load_cdnow(sample=True)
    shift = pd.Timestamp("2026-01-31") - pd.Timestamp("1997-09-30")  # the DAG begins in 2026
    log["date"] = pd.to_datetime(log["date"]) + shift
    log.to_csv(tmp_path / "orders.csv", index=False)
    settings = (
        f'[source]\npath = "{tmp_path}/orders.csv"\n[columns]\namount = "amount"\n[registry]\nfolder = "models"\n'
    )
    (tmp_path / "job.toml").write_text(settings + '[[sinks]]\npath = "scores"\npartitioned = true\n')
    code, printed = airflow("dags", "test", "customer_value", "2026-02-01", "--bundle-name", "dags-folder")
    assert code == 0, printed
    assert clv.Registry(tmp_path / "models").champion() is not None
    current = tmp_path / "scores" / "current.json"
    published = current.read_text()
    (manifest,) = (tmp_path / "clv-runs" / "runs").glob("*.json")
    assert json.loads(manifest.read_text())["as_of"] == "2026-01-31"
    assert (tmp_path / "clv-runs" / "monitoring" / "monitoring.json").exists()

    log[log["date"] < "2025-10-01"].to_csv(tmp_path / "orders.csv", index=False)  # the feed stopped
    code, printed = airflow("dags", "test", "customer_value", "2026-02-02", "--bundle-name", "dags-folder")
    assert "AirflowFailException: " in printed  # which Airflow does not try again
    assert "freshness" in printed
    assert code != 0
    assert current.read_text() == published

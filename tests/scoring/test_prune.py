"""Old runs are removed by rule, and monitoring reads the runs that a table in a database keeps."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.errors import InvalidJob, InvalidOption
from clvmodels.scoring import events
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.run.decision_columns import columns_of_job
from clvmodels.scoring.stores import place_with_runs
from clvmodels.scoring.table_columns import dbt_schema

JOB = """
[source]
path = "orders.csv"
[columns]
amount = "amount"
[predictions]
horizons = ["30 days"]
[registry]
folder = "models"
[[sinks]]
store = "sqlite"
path = "scores.db"
mode = "append"
"""


@pytest.fixture(scope="module")
def job_file(tmp_path_factory):
    """A job that was fitted and scored three times into a table that keeps the runs of all days."""
    folder = tmp_path_factory.mktemp("prune")
    clv.datasets.load_cdnow(sample=True).to_csv(folder / "orders.csv", index=False)
    path = folder / "job.toml"
    path.write_text(JOB)
    clv.fit_job(path, "1997-09-30")
    for day in ("1997-10-01", "1997-10-08", "1997-10-15"):
        clv.score_job(path, day)
    return path


@pytest.mark.parametrize(
    ("limit", "days", "message"),
    [
        (
            {"keep_runs": 4},
            ("1997-09-20", "1997-09-30"),
            "has keep_runs = 4, which would remove 10 of 11 days again, up to 1997-09-29",
        ),
        (
            {"keep_days": 10},
            ("1997-10-01", "1997-10-04"),
            "has keep_days = 10, which would remove 4 of 4 days again, up to 1997-10-04",
        ),
        (
            {"keep_days": 30, "keep_runs": 3},
            ("1997-09-30", "1997-09-30"),
            "has keep_days = 30, keep_runs = 3, which would",
        ),
    ],
)
def test_days_that_a_limit_would_remove_again_are_not_added(job_file, limit, days, message):
    job = clv.read_job(job_file)
    limited = job.model_copy(update={"sinks": [job.sinks[0].model_copy(update=limit)]})
    with pytest.raises(InvalidJob, match=message):
        clv.backfill_job(limited, *days)
    if days[0] == days[1]:
        with pytest.raises(InvalidJob, match=message):
            clv.score_job(limited, days[0], backfill=True)
    assert [run.as_of for run in place_with_runs(job.sinks[0], "").runs()] == ["1997-10-01", "1997-10-08", "1997-10-15"]


@pytest.mark.slow
def test_runs_of_a_table_are_monitored_and_removed(job_file, monkeypatch):
    monkeypatch.setattr(events.log, "handlers", list(events.log.handlers))  # a job sets up a log of its own
    monitoring = clv.monitor_job(job_file, until="1998-01-31").monitoring
    assert monitoring.history["as_of"].tolist() == ["1997-10-01", "1997-10-08", "1997-10-15"]
    assert monitoring.history["complete"].all()
    with pytest.raises(InvalidJob, match=r"No limit for .*: set keep_days or keep_runs"):
        clv.prune_job(job_file)
    would = clv.prune_job(job_file, keep_days=7, dry_run=True)
    assert [(run.as_of, run.rows) for run in would] == [("1997-10-01", 2357)]
    done = CliRunner().invoke(app, ["prune", "--job", str(job_file), "--keep-runs", "2"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "1 runs removed"
    with contextlib.closing(sqlite3.connect(job_file.parent / "scores.db")) as connection:
        days = connection.execute("SELECT DISTINCT as_of FROM clv_scores ORDER BY 1").fetchall()
    assert days == [("1997-10-08",), ("1997-10-15",)]
    assert clv.prune_job(job_file, keep_runs=2) == []
    assert len(clv.monitor_job(job_file, until="1998-01-31").monitoring.history) == 3  # the history outlives tables


def test_limits_and_sinks_are_checked():
    job = {"source": {"path": "a.csv"}, "sinks": [{"path": "a.parquet"}]}
    with pytest.raises(InvalidJob, match="no sink keeps runs"):
        clv.prune_job(job_from(job))
    with pytest.raises(InvalidOption, match="keep_days=0 must be at least 1"):
        clv.prune_job(job_from(job), keep_days=0)
    several = [{"store": "sqlite", "path": f"{name}.db", "mode": "append"} for name in "ab"]
    with pytest.raises(InvalidJob, match=r"No limit for .*a\.db:clv_scores, sqlite:b\.db:clv_scores: set"):
        clv.prune_job(job_from(job | {"sinks": [*several, several[0] | {"path": "c.db", "keep_runs": 2}]}))


def test_the_score_table_is_a_source_of_dbt():
    columns = columns_of_job(job_from({"source": {"path": "a.csv"}, "columns": {"amount": "amount"}}))
    text = dbt_schema(columns, [])
    lines = text.splitlines()
    assert [line.split(": ")[1] for line in lines if line.startswith("          - name")] == [
        json.dumps(column.name) for column in columns
    ]
    assert "            data_tests: [not_null, unique]" in lines
    kept = SinkSettings(store="duckdb", path="scores.duckdb", table="values", mode="append")
    many = dbt_schema(columns, [kept])
    assert 'schema: "main"' in many
    assert 'name: "values"' in many
    assert "unique" not in many
    assert CliRunner().invoke(app, ["columns", "--dbt"]).output.strip() == text

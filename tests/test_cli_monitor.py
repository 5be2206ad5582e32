import json

import pandas as pd
import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.errors import InvalidJob, InvalidOption
from clvmodels.scoring import events
from clvmodels.scoring.config.job import read_job
from clvmodels.scoring.fit_and_score import fit_job, score_job
from clvmodels.scoring.monitoring.monitor_job import monitor_job

pytestmark = pytest.mark.slow

JOB = """
[source]
path = "log.parquet"
[predictions]
horizons = ["30 days", "12 months"]
[registry]
folder = "models"
[[sinks]]
path = "scores"
partitioned = true
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job file next to its log, fitted but not scored yet."""
    monkeypatch.setattr(events.log, "handlers", list(events.log.handlers))  # the command line has its own
    log = clv.datasets.load_cdnow(sample=True).drop(columns="amount")
    log.to_parquet(tmp_path / "log.parquet")
    path = tmp_path / "job.toml"
    path.write_text(JOB)
    fit_job(read_job(path), "1997-09-30")
    return path


def run(*words):
    done = CliRunner().invoke(app, ["monitor", *words], env={"COLUMNS": "160"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done.output


@pytest.mark.acceptance
def test_past_runs_are_compared(job, tmp_path):
    for day in ("1997-10-01", "1997-11-15"):
        score_job(read_job(job), day)
    output = run("--job", str(job), "--until", "1997-12-31")
    assert all(words in output for words in ("Past runs, compared up to 1997-12-31", "12 months, not over", "Status: "))
    folder = tmp_path / "clv-runs" / "monitoring"
    assert {path.name for path in folder.iterdir()} == {"history.parquet", "monitoring.json", "monitoring.html"}
    read = json.loads((folder / "monitoring.json").read_text())
    assert [(row["as_of"], row["latest_row"], row["published"]) for row in read["feed"]] == [
        (day, day, True) for day in ("1997-10-01", "1997-11-15")
    ]
    assert "usual on this weekday" in output
    page = (folder / "monitoring.html").read_text()
    assert "How fresh and complete the log was" in page
    assert "default-src 'none';" in page  # the Content-Security-Policy: nothing is loaded
    assert {(row["as_of"], row["horizon"]) for row in read["windows"]} == {
        (day, horizon) for day in ("1997-10-01", "1997-11-15") for horizon in ("30 days", "12 months")
    }
    (event,) = map(json.loads, run("--job", str(job), "--until", "1997-12-31", "--log", "json").splitlines())
    assert (event["event"], event["status"], event["as_of"]) == ("monitored", read["status"], "1997-12-31")
    failing = CliRunner().invoke(app, ["monitor", "--job", str(job), "--until", "1997-12-31", "--fail-on", "refit"])
    assert failing.exit_code == (4 if read["status"] == "refit" else 0)
    with pytest.raises(InvalidOption, match="--fail-on 'sometimes' is not one of 'watch', 'refit'"):
        run("--job", str(job), "--fail-on", "sometimes")
    # Later, the history has grown; the same day again, it stays. The JSON has the newest of each.
    again = tmp_path / "elsewhere"
    for until, rows in (("1997-12-31", 4), ("1998-01-31", 6), ("1998-01-31", 6)):
        run("--job", str(job), "--until", until, "--output", str(again))
        assert len(pd.read_parquet(again / "history.parquet")) == rows
        assert len(json.loads((again / "monitoring.json").read_text())["windows"]) == 4


def test_the_log_is_cleaned_by_the_rules_it_was_scored_with(tmp_path):
    log = clv.datasets.load_cdnow(sample=True)
    log.to_parquet(tmp_path / "log.parquet")
    bought = log[log["date"] > "1997-10-01"]["customer_id"].value_counts()
    ours = ", ".join(f"'{customer}'" for customer in bought.index[:50])
    rules = f"[columns]\namount = 'amount'\n[cleaning.rules]\ninternal_customers = [{ours}]\n"
    (tmp_path / "job.toml").write_text(JOB + rules)
    job = read_job(tmp_path / "job.toml")
    fit_job(job, "1997-09-30")
    score_job(job, "1997-10-01")
    (row, _) = monitor_job(job, "1997-12-31").monitoring.history.to_dict("records")
    assert row["customers"] <= log["customer_id"].nunique() - 50
    assert row["new_customers"] == 0  # otherwise these fifty would count as new


def test_without_a_past_run_there_is_one_error(job):
    with pytest.raises(InvalidJob, match="partitioned = true"):
        run("--job", str(job))

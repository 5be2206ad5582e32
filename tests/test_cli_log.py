"""The log of a job as JSON, including one that fails before it starts."""

from __future__ import annotations

import json
import logging

import pytest

from clvmodels.cli import main


@pytest.fixture
def events(monkeypatch, capsys):
    """Return a function that runs the command line and returns its exit code and the events it logged."""
    monkeypatch.setattr(logging.getLogger("clvmodels.job"), "handlers", [])

    def run(*words):
        monkeypatch.setattr("sys.argv", ["clv", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return run


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["fit", "score"])
def test_a_fault_of_the_job_file_is_an_event(verb, events, tmp_path):
    (tmp_path / "job.toml").write_text("[source]\n")
    code, (failed,) = events(verb, "--job", tmp_path / "job.toml", "--log", "json", "--as-of", "2026-01-31")
    assert (code, failed["event"], failed["exit_code"], failed["as_of"]) == (2, "failed", 2, "2026-01-31")
    assert "source: path: name the file" in failed["text"]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["fit", "score", "monitor"])
def test_a_job_file_can_request_json(verb, events, tmp_path):
    (tmp_path / "job.toml").write_text('[source]\n[run]\nlog = "json"\n')
    code, (failed,) = events(verb, "--job", tmp_path / "job.toml")
    assert (code, failed["event"]) == (2, "failed")
    assert "source: path: name the file" in failed["text"]


def test_a_file_that_is_not_toml_is_an_event(events, tmp_path):
    (tmp_path / "job.toml").write_text('run = {log = "json"}\n[source\n')
    code, (failed,) = events("score", "--job", tmp_path / "job.toml")
    assert (code, failed["event"]) == (2, "failed")
    assert "is not TOML" in failed["text"]


@pytest.mark.slow
def test_a_failure_carries_the_date_that_the_log_has(events, tmp_path):
    dates = [f"1997-0{month}-0{day}" for month in range(1, 7) for day in range(1, 9)]
    rows = [f"{i % 9},{date}" for i, date in enumerate(dates)]
    (tmp_path / "log.csv").write_text("\n".join(["customer_id,date", *rows]) + "\n")
    job = f'[source]\npath = "log.csv"\n[registry]\nfile = "{tmp_path}"\n'  # a folder, to which no file can be written
    (tmp_path / "job.toml").write_text(job)
    code, logged = events("fit", "--job", tmp_path / "job.toml", "--log", "json")
    assert code != 0
    assert (logged[-1]["event"], logged[-1]["as_of"]) == ("failed", "1997-06-08")

"""An RFM summary that is passed as a log is recognized, with a remedy that works."""

from __future__ import annotations

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.errors import MissingColumn

SUMMARY = pd.DataFrame(
    {
        "customer_id": range(40),
        "frequency": [0, 1, 2, 3] * 10,
        "recency": [0.0, 4.0, 9.0, 20.0] * 10,
        "T": [30.0] * 40,
        "monetary_value": [float("nan"), 20.0, 30.0, 25.0] * 10,
    }
)
MESSAGE = "This table is an RFM summary with one row per customer"
FUNCTIONS = (clv.rfm_summary, clv.profile, clv.report, clv.KnownHistory.from_log, clv.fit_counts, clv.suggest_columns)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("kind", ["frame", "path", "RFM"])
def test_a_summary_is_not_read_as_a_log(tmp_path, function, kind):
    path = tmp_path / "summary.csv"
    SUMMARY.to_csv(path, index=False)
    log = {"frame": SUMMARY, "path": path, "RFM": clv.RFM.from_frame(SUMMARY, time_unit="week")}[kind]
    with pytest.raises(MissingColumn, match=MESSAGE + r".*\(in Python, RFM.from_frame reads one\)"):
        function(log)


def test_a_column_of_a_summary_is_not_a_date(tmp_path):
    path = tmp_path / "summary.csv"
    SUMMARY.to_csv(path, index=False)
    for summary in (SUMMARY, path):
        with pytest.raises(MissingColumn, match=MESSAGE):
            clv.rfm_summary(summary, date="T")
    log = SUMMARY.assign(date="2024-01-01")  # a log may have such columns, too
    assert len(clv.rfm_summary(log)) == len(log)


@pytest.mark.parametrize(
    "words", [["fit"], ["report"], ["profile"], ["profile", "--columns", "auto"], ["init", "--from"]]
)
def test_commands_name_the_setting_of_a_job(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    SUMMARY.to_csv("summary.csv", index=False)
    monkeypatch.setattr("sys.argv", ["clv", *words, "summary.csv"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == MissingColumn.exit_code
    message = " ".join(capsys.readouterr().err.split())
    assert MESSAGE in message
    assert message.endswith("A job with source.kind = 'rfm' fits and scores a summary.")


def test_the_setting_of_a_job_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SUMMARY.to_csv("summary.csv", index=False)
    sections = {"clock": {"time_unit": "week"}, "registry": {"file": "model.json"}, "models": {"spend": "none"}}
    with pytest.raises(MissingColumn, match=MESSAGE):
        clv.fit_job(clv.read_job(None, sections | {"source": {"path": "summary.csv"}}))
    job = clv.read_job(None, sections | {"source": {"path": "summary.csv", "kind": "rfm"}})
    assert len(clv.fit_job(job, "2024-06-30").rfm) == len(SUMMARY)

"""Nothing reads a text or a title: with both replaced by noise, the JSON of runs and monitoring is the same."""

from __future__ import annotations

import itertools
import json
import shutil

import pytest

import clvmodels as clv
from clvmodels.errors import GateRefused
from clvmodels.estimators.persistence import PURCHASE_MODELS, SPEND_MODELS
from clvmodels.language import finding
from clvmodels.scoring.monitoring.monitor import read_history

JOB = """
[source]
path = "log.parquet"
[columns]
amount = "amount"
[models]
holdout = "60 days"
[predictions]
horizons = ["30 days", "12 months"]
[registry]
folder = "models"
[gates]
total_change = 1e-9
[[sinks]]
path = "scores"
partitioned = true
"""
TEXTS = {
    "text",
    "description",
    "refusal",
    "checksum",
    "packages",
    "eventTime",
}  # a checksum covers texts; and a time of day


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A job with a champion, whose purchases all but stop during the runs."""
    folder = tmp_path_factory.mktemp("template")
    log = clv.datasets.load_cdnow(sample=True)
    log = log[(log["date"] <= "1997-10-01") | (log["customer_id"] % 4 == 0)]
    log.to_parquet(folder / "log.parquet")
    (folder / "job.toml").write_text(JOB)
    assert clv.fit_job(folder / "job.toml", "1997-09-30").promoted
    return folder


def results(template, folder):
    """Run the job for two nights, one of them refused at first, monitor it, and read everything it wrote."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    job = folder / "job.toml"
    clv.score_job(job, "1997-10-01")
    with pytest.raises(GateRefused):
        clv.score_job(job, "1997-10-02")
    refused = documents(folder)
    clv.score_job(job, "1997-10-02", force=True)
    verdict = clv.monitor_job(job, until="1998-03-31").monitoring.verdict
    history = read_history(folder / "clv-runs" / "monitoring" / "history.parquet")
    return refused, documents(folder), verdict.status, [f.code for f in verdict.findings], history.to_json()


def documents(folder):
    return {path.name: without_text(json.loads(path.read_text())) for path in folder.glob("clv-runs/**/*.json")}


def without_text(value):
    if isinstance(value, dict):
        return {key: without_text(item) for key, item in value.items() if key not in TEXTS}
    return [without_text(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_noise_in_place_of_texts_changes_nothing_else(template, tmp_path, monkeypatch):
    expected = results(template, tmp_path / "shop")
    numbers = itertools.count()
    monkeypatch.setattr(finding, "message", lambda *_, **__: f"noise {next(numbers)}")
    for model in [*PURCHASE_MODELS.values(), *SPEND_MODELS.values()]:
        monkeypatch.setattr(model, "title", f"noise {next(numbers)}")
    with_noise = results(template, tmp_path / "shop")
    assert next(numbers) > 50  # the texts were indeed replaced
    assert with_noise == expected
    assert expected[2] == "refit"

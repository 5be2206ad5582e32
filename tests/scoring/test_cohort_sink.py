"""A job publishes the table of cohorts in sinks of its own, as it publishes scores: whole, once per run."""

from __future__ import annotations

import contextlib
import sqlite3

import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob
from clvmodels.scoring.run.manifest import read_manifests
from clvmodels.scoring.stores import published_parts

NIGHT, NEXT = "1997-10-01", "1997-10-02"
COUNTED = ["buyers", "repeat_buyers", "orders", "revenue"]


def job_in(home, *sinks, **sections):
    return {
        "source": {"path": str(home / "orders.parquet")},
        "columns": {"amount": "amount"},
        "predictions": {"horizons": ["3 months"]},
        "registry": {"folder": str(home / "models")},
        "run": {"folder": str(home / "runs")},
        "sinks": [{"store": "parquet", "path": str(home / "scores.parquet")}, *sinks],
        **sections,
    }


@pytest.fixture
def home(tmp_path, sample):
    pl.from_pandas(sample).write_parquet(tmp_path / "orders.parquet")
    return tmp_path


@pytest.fixture
def sink(home):
    return {"content": "cohorts", "store": "parquet", "path": str(home / "cohorts.parquet")}


@pytest.mark.slow
def test_the_table_is_the_triangle_of_the_log_and_the_model(home, sink, sample):
    job = clv.read_job(None, job_in(home, sink, cohorts={"period": "quarter"}))
    clv.fit_job(job, NIGHT)
    run = clv.score_job(job, NIGHT)
    table = pl.read_parquet(home / "cohorts.parquet")
    assert [state.rows for state in run.manifest.sinks] == [2357, len(table)]
    history = clv.KnownHistory.from_log(sample, amount="amount", observation_end=NIGHT)
    purchases, spend = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    expected = pl.from_pandas(clv.cohort_triangle(purchases, spend, history, horizon="3 months", period="quarter"))
    expected = expected.sort("cohort", "period", "status")
    assert table["status"].to_list() == expected["status"].to_list()
    for name in COUNTED:
        assert table[name].to_list() == pytest.approx(expected[name].to_list(), rel=1e-9)  # two fits
    assert table["cell"].is_sorted()
    assert table["cell"].n_unique() == len(table)
    assert set(table["run_id"]) == {run.manifest.run_id}
    assert clv.score_job(job, NIGHT).published == ()
    assert pl.read_parquet(home / "cohorts.parquet").equals(table)


@pytest.mark.slow
def test_a_database_keeps_the_cohorts_of_each_day(home):
    path = str(home / "scores.db")
    kept = {"content": "cohorts", "store": "sqlite", "path": path, "mode": "append"}
    job = clv.read_job(None, job_in(home, kept))
    clv.fit_job(job, NIGHT)
    for day in (NIGHT, NEXT, NEXT):
        clv.score_job(job, day)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT as_of, count(*), count(DISTINCT cell) FROM clv_cohorts GROUP BY 1").fetchall()
    assert [day for day, *_ in rows] == [NIGHT, NEXT]
    assert all(count == cells > 0 for _, count, cells in rows)
    manifests = read_manifests(home / "runs")
    assert [manifest.sinks[1].rows for manifest in manifests] == [count for _, count, _ in rows]
    assert manifests[0].lineage["outputs"][1]["facets"]["schema"]["fields"][0]["name"] == "cell"


@pytest.mark.slow
def test_scores_and_cohorts_never_replace_each_other(home, sink):
    job = clv.read_job(None, job_in(home, sink))
    clv.fit_job(job, NIGHT)
    clv.score_job(job, NIGHT)
    swapped = [{**sink, "content": "scores"}, {**sink, "path": str(home / "scores.parquet")}]
    with pytest.raises(InvalidJob, match="is not one that this sink writes"):
        clv.score_job(clv.read_job(None, job_in(home) | {"sinks": swapped}), NEXT)
    assert "cell" in pl.read_parquet_schema(home / "cohorts.parquet")
    assert "customer_id" in pl.read_parquet_schema(home / "scores.parquet")


@pytest.mark.parametrize(
    ("sections", "fault"),
    [
        ({"cohorts": {}, "sinks": [{"store": "parquet", "path": "a"}]}, 'no sink gets it: set content = "cohorts"'),
        ({"sinks": [{"store": "parquet", "path": "a", "content": "cohorts"}]}, "the scores go to no sink"),
        ({"columns": {}}, "needs values: name columns.amount"),
        ({"models": {"spend": "none"}}, "needs values: name columns.amount"),
        ({"predictions": {"margin": -0.1}}, "needs a margin of 0 or more"),
        ({"cohorts": {"horizon": "3 fortnights"}}, "cohorts.horizon"),
        ({"source": {"path": "o.csv", "incremental": True}}, "needs all rows of the log"),
        ({"source": {"path": "o.csv", "kind": "rfm"}}, "needs transactions"),
    ],
)
def test_a_job_that_cannot_make_it_is_refused(home, sink, sections, fault):
    with pytest.raises(InvalidJob, match=fault):
        clv.read_job(None, job_in(home, sink) | sections)


@pytest.mark.slow
def test_neither_do_folders_of_runs(home):
    sets = [{"store": "parquet", "path": str(home / name), "partitioned": True} for name in ("scores", "cohorts")]
    job = job_in(home) | {"sinks": [sets[0], {**sets[1], "content": "cohorts"}]}
    clv.fit_job(clv.read_job(None, job), NIGHT)
    clv.score_job(clv.read_job(None, job), NIGHT)
    swapped = clv.read_job(None, job | {"sinks": [sets[1], {**sets[0], "content": "cohorts"}]})
    assert [part.error is None for part in clv.check_job(swapped, NEXT).parts[-2:]] == [False, False]
    with pytest.raises(InvalidJob, match="is not one that this sink writes"):
        clv.score_job(swapped, NEXT)
    (part,) = published_parts(str(home / "scores"))
    assert "customer_id" in pl.read_parquet_schema(part)

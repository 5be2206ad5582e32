"""A check of a job finds what a run would fail at, and writes nothing."""

from __future__ import annotations

import logging
import sys
import uuid
from datetime import datetime

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.errors import GateRefused, InvalidJob, InvalidTransactions, StoreUnreachable
from clvmodels.scoring.run.manifest import read_manifest

ADBC = "adbc_driver_postgresql.dbapi"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a log, a registry with a champion and a job file."""
    folder = tmp_path_factory.mktemp("job")
    log = clv.datasets.load_cdnow(sample=True)
    log[log["customer_id"] < log["customer_id"].median()].to_csv(folder / "orders.csv", index=False)
    (folder / "job.toml").write_text(
        """
[source]
path = "orders.csv"
[columns]
amount = "amount"
[registry]
folder = "models"
[[sinks]]
path = "scores.parquet"
""",
        encoding="utf-8",
    )
    clv.fit_job(folder / "job.toml", "1997-09-30")
    return folder


def files_of(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def changed(folder, **sections):
    job = clv.read_job(folder / "job.toml")
    return clv.read_job(folder / "job.toml", {"columns": job.columns.model_dump(exclude_none=True), **sections})


@pytest.mark.slow
def test_a_job_in_order_passes_and_writes_nothing(folder):
    before = files_of(folder)
    done = clv.check_job(folder / "job.toml", "1997-10-01")
    assert done.passed, done.text
    assert done.parts[0].part == "run"
    assert {part.part.split()[0] for part in done.parts} == {"run", "gate", "sink"}
    assert files_of(folder) == before


@pytest.mark.slow
def test_all_faults_are_shown_at_once(folder):
    (folder / "a_file").write_text("x", encoding="utf-8")
    done = clv.check_job(
        changed(
            folder,
            source={"path": str(folder / "gone.csv")},
            sinks=[
                {"store": store, "path": str(folder / "a_file" / "scores")} for store in ("csv", "duckdb", "sqlite")
            ],
        )
    )
    failed = {part.part.split(":")[0]: type(part.error) for part in done.parts if part.error}
    assert failed == {
        "run": InvalidTransactions,
        "sink csv": StoreUnreachable,
        "sink duckdb": StoreUnreachable,
        "sink sqlite": StoreUnreachable,
    }


@pytest.mark.slow
def test_a_gate_that_would_refuse_is_a_fault(folder):
    done = clv.check_job(changed(folder, gates={"freshness": 0.01}), "1998-12-31")
    assert isinstance(done.error, GateRefused), done.text


@pytest.mark.slow
def test_without_a_champion_a_fit_is_tried(folder, tmp_path):
    done = clv.check_job(changed(folder, registry={"folder": str(tmp_path / "none")}), "1997-09-30")
    model, run = done.parts[:2]
    assert isinstance(model.error, InvalidJob)
    assert "clv fit" in model.text
    assert run.error is None
    assert "can be read and fitted" in run.text
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_variable_that_is_not_set_is_named(folder, monkeypatch):
    monkeypatch.delenv("CLV_NOWHERE", raising=False)
    done = clv.check_job(changed(folder, sinks=[{"store": "postgres", "uri_variable": "CLV_NOWHERE"}]))
    assert "CLV_NOWHERE" in done.text
    assert isinstance(done.error, InvalidJob)


def test_another_table_is_not_replaced(folder, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = clv.check_job(changed(folder, sinks=[{"store": "csv", "path": str(tmp_path / "other.csv")}]))
    assert "not one that this sink writes" in done.parts[-1].text


@pytest.mark.postgres
@pytest.mark.slow
def test_missing_rights_in_postgres_are_named(folder, database, monkeypatch):
    adbc = pytest.importorskip(ADBC)
    with adbc.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA checked")
        cursor.execute("CREATE TABLE checked.clv_scores (run_id text, as_of date, customer_id bigint)")
        cursor.execute("CREATE ROLE check_reader LOGIN PASSWORD 'verysecret'")
        cursor.execute("GRANT USAGE ON SCHEMA checked TO check_reader")
        cursor.execute("GRANT SELECT ON checked.clv_scores TO check_reader")
        connection.commit()
    sink = {"store": "postgres", "uri_variable": "CLV_CHECKED", "db_schema": "checked"}
    monkeypatch.setenv("CLV_CHECKED", database.replace("postgres:verysecret@", "check_reader:verysecret@"))
    done = clv.check_job(changed(folder, sinks=[sink]))
    assert "verysecret" not in done.text
    assert isinstance(done.parts[-1].error, InvalidJob)
    for right in ("CREATE on schema 'checked'", 'INSERT on "checked"."clv_scores"', "DELETE on"):
        assert right in done.text
    monkeypatch.setenv("CLV_CHECKED", database)
    assert clv.check_job(changed(folder, sinks=[sink])).passed


@pytest.mark.slow
def test_the_command_ends_with_the_code_of_the_run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(logging.getLogger("clvmodels.job"), "handlers", [])
    monkeypatch.setattr(sys, "argv", ["clv", "check", "--as-of", "1997-10-01"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    (folder / "orders.csv").rename(folder / "away.csv")
    try:
        with pytest.raises(SystemExit) as stopped:
            main()
    finally:
        (folder / "away.csv").rename(folder / "orders.csv")
    assert stopped.value.code == 3
    assert "FAILED  run: " in capsys.readouterr().out
    (folder / "orders.csv").rename(folder / "away.csv")
    pd.DataFrame({"customer_id": [1], "frequency": [0], "recency": [0.0], "T": [9.0]}).to_csv(folder / "orders.csv")
    try:
        with pytest.raises(SystemExit):
            main()
    finally:
        (folder / "away.csv").replace(folder / "orders.csv")
    shown = capsys.readouterr().out
    assert "source.kind = 'rfm' fits and scores a summary." in shown  # without what users of Python do


@pytest.mark.slow
def test_a_manifest_has_the_facts_of_openlineage(folder, tmp_path):
    # Names of facets and of their fields in openlineage-python 1.54: those with a value must be there, others may be.
    facets = {
        "nominalTime": {"nominalStartTime", "nominalEndTime"},
        "processing_engine": {"version", "name", "openlineageAdapterVersion"},
        "jobType": {"processingType", "integration", "jobType", "emissionPattern"},
        "sql": {"query", "dialect"},
        "schema": {"fields"},
        "inputStatistics": {"rowCount", "size", "fileCount"},
        "outputStatistics": {"rowCount", "size", "fileCount"},
    }
    sinks = [{"path": str(tmp_path / "a.parquet")}, {"store": "sqlite", "path": str(tmp_path / "b.db")}]
    job = changed(folder, sinks=sinks, run={"folder": str(tmp_path / "nightly")})
    done = clv.score_job(job, "1997-09-30")
    facts = read_manifest(done.path).lineage
    assert facts == done.manifest.lineage
    assert set(facts) == {"eventType", "eventTime", "run", "job", "inputs", "outputs"}
    assert facts["eventType"] == "COMPLETE"
    assert datetime.fromisoformat(facts["eventTime"]).tzinfo is not None
    assert str(uuid.UUID(facts["run"]["runId"])) == facts["run"]["runId"]
    assert (facts["job"]["namespace"], facts["job"]["name"]) == ("clvmodels", "nightly")
    parts = [facts["run"], facts["job"], *facts["inputs"], *facts["outputs"]]
    for part in parts:
        for kind in ("facets", "inputFacets", "outputFacets"):
            for name, facet in part.get(kind, {}).items():
                assert set(facet) <= facets[name], name
    for field in (field for part in parts[2:] for field in part["facets"]["schema"]["fields"]):
        assert set(field) <= {"name", "type", "description", "fields"}
    assert [part["outputFacets"]["outputStatistics"]["rowCount"] for part in facts["outputs"]] == 2 * [
        done.manifest.customers
    ]
    (log,) = facts["inputs"]
    assert log["inputFacets"]["inputStatistics"]["rowCount"] == done.manifest.rows_to_as_of
    assert (log["namespace"], log["name"]) == ("file", (folder / "orders.csv").absolute().as_posix())
    assert facts["outputs"][1]["name"] == "clv_scores"

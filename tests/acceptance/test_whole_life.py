"""The whole life of a job: fit, nightly scores, drift, refusal, refit, promotion and rollback."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.errors import GateRefused
from clvmodels.scoring.config.job import read_job
from clvmodels.scoring.fit_and_score import fit_job, score_job
from clvmodels.scoring.monitoring.monitor_job import monitor_job
from clvmodels.scoring.registry.registry import Registry
from clvmodels.scoring.run.manifest import read_manifests

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres]

FIT = np.datetime64("2026-01-31")
HEALTHY, RECOVERED, REFIT = 14, 35, 42  # nights: for three weeks only a tenth of the purchases are made
TRUTH, MONEY = {"r": 0.6, "alpha": 45.0, "a": 0.8, "b": 4.0}, {"p": 6.25, "q": 3.75, "v": 15.5}

JOB = """
[source]
path = "orders.parquet"
[columns]
amount = "amount"
[models]
holdout = "60 days"
[predictions]
horizons = ["30 days", "12 months"]
[registry]
folder = "models"
[[sinks]]
store = "parquet"
path = "scores"
partitioned = true
[[sinks]]
store = "postgres"
uri_variable = "CLV_TEST_DATABASE"
"""


def orders() -> pd.DataFrame:
    """Return purchases of customers acquired before the fit; nine in ten are missing for three weeks."""
    log = clv.simulate_log(
        6_000, TRUTH, MONEY, time_unit="day", start="2025-02-01", end="2026-05-31", last_arrival="2026-01-15"
    )
    during = (log["date"] > FIT + HEALTHY) & (log["date"] <= FIT + RECOVERED)
    lost = during & (np.random.default_rng(1).random(len(log)) < 0.9)
    return log[~lost]


def current_table(folder: Path) -> pd.DataFrame:
    """Return the current table of the partitioned sink."""
    run = json.loads((folder / "scores" / "current.json").read_text())["run_id"]
    return ds.dataset(folder / "scores" / "runs" / run).to_table().to_pandas().sort_values("customer_id")


def database_table(uri: str) -> pd.DataFrame:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM public.clv_scores ORDER BY customer_id")
        return cursor.fetch_arrow_table().to_pandas()


def assert_same_table(folder: Path, uri: str, as_of: str) -> None:
    one, other = current_table(folder), database_table(uri)
    assert one["as_of"].astype(str).unique().tolist() == [as_of]
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other[one.columns], check_dtype=False, check_exact=True, check_index_type=False
    )


def test_a_job_through_its_whole_life(tmp_path, monkeypatch, database):
    monkeypatch.setenv("CLV_TEST_DATABASE", database)
    (tmp_path / "job.toml").write_text(JOB)
    log, job = orders(), read_job(tmp_path / "job.toml")
    registry = Registry(tmp_path / "models")

    def receive(night: int) -> str:
        day = FIT + night
        log[log["date"] <= day].to_parquet(tmp_path / "orders.parquet")
        return str(day)

    # Fitted at the end of January, and scored every night while data arrive.
    first = fit_job(job, receive(0))
    assert (first.promoted, registry.champion().name) == (True, first.version)
    for night in range(1, HEALTHY + 1):
        run = score_job(job, receive(night))
        assert all(outcome.passed for outcome in run.manifest.gates), night
    assert_same_table(tmp_path, database, str(FIT + HEALTHY))
    result = monitor_job(job)
    assert result.monitoring.verdict.status == "ok"

    # Purchases fall to a tenth: the first such day is refused, as if its rows were lost.
    with pytest.raises(GateRefused, match=r"(?m)^daily_rows: "):
        score_job(job, receive(HEALTHY + 1))
    assert_same_table(tmp_path, database, str(FIT + HEALTHY))

    # Without the gates on single days, purchases since the fit are soon too few, and the last good table stays.
    job = read_job(tmp_path / "job.toml", {"gates": {"daily_rows": "off", "daily_amounts": "off"}})
    refusal = None
    for night in range(HEALTHY + 1, RECOVERED):
        as_of = receive(night)
        try:
            score_job(job, as_of)
        except GateRefused as error:
            refusal = error
            break
    assert refusal is not None
    assert "activity: " in str(refusal)
    assert refusal.exit_code == 4
    assert_same_table(tmp_path, database, str(FIT + night - 1))
    assert {manifest.as_of for manifest in read_manifests(job.run.folder) if manifest.published} == {
        str(FIT + n) for n in range(1, night)
    }

    # The monitor reports it too. A person can force the run, and the manifest records it.
    result = monitor_job(job)
    assert result.monitoring.verdict.status == "refit"
    assert json.loads((result.folder / "monitoring.json").read_text())["status"] == "refit"
    assert (result.folder / "monitoring.html").stat().st_size > 10_000
    forced = score_job(job, as_of, force=True)
    assert forced.manifest.forced
    assert_same_table(tmp_path, database, as_of)

    # Refitted after purchases resume: the new version passes the gates, is promoted, and nightly runs pass again.
    as_of = receive(REFIT)
    second = fit_job(job, as_of)
    assert (second.promoted, registry.champion().name) == (True, second.version)
    assert second.version != first.version
    assert registry.version(second.version).record.holdout is not None
    after = score_job(job, as_of, force=True)  # another model, so the total differs from that of the last run
    assert after.manifest.version == second.version
    assert {outcome.gate for outcome in after.manifest.gates if not outcome.passed} <= {"total"}
    for night in range(REFIT + 1, REFIT + 6):
        run = score_job(job, receive(night))
        assert all(outcome.passed for outcome in run.manifest.gates), night
    assert_same_table(tmp_path, database, str(FIT + night))

    # A rollback scores with the first model again; then the second is promoted once more.
    clv_models(registry, "rollback")
    assert registry.champion().name == first.version
    assert score_job(job, receive(night + 1), dry_run=True).manifest.version == first.version
    assert_same_table(tmp_path, database, str(FIT + night))
    clv_models(registry, "promote", second.version)
    assert registry.champion().name == second.version
    assert [move.version for move in registry.moves()] == [first.version, second.version] * 2


def clv_models(registry: Registry, *words: str) -> None:
    result = CliRunner().invoke(app, ["models", *words, "--registry", str(registry.path)])
    assert result.exit_code == 0, result.output

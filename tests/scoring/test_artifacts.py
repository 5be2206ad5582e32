"""Files written by version 0.1.0 are read by this release, with the same numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import clvmodels as clv
from clvmodels.cli.replayed_cleaning import load_cleaner
from clvmodels.scoring.monitoring.monitor import HISTORY, read_history
from clvmodels.scoring.monitoring.monitor_job import holdout_error
from clvmodels.scoring.run.manifest import manifests_near, read_manifest, read_manifests
from clvmodels.transactions.log import LATEST

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "0.1.0"
FIRST, SECOND = "a9da1147b2f67453", "470f0b2710ec968c"  # versions in the registry
PUBLISHED, REFUSED, FORCED = "71b6381196094c85", "92625c192ed58202", "89f66a1ba6c53437"  # runs
SAME_MODEL = 1e-10  # the same formulas on the same parameters; summation order may change the last bits


@pytest.fixture(scope="module")
def rfm():
    return clv.rfm_summary(ARTIFACTS / "orders.csv", amount="amount", observation_end="1997-10-01")


@pytest.fixture(scope="module")
def scores():
    return pd.read_parquet(ARTIFACTS / "scores" / "runs" / PUBLISHED / "part-00000.parquet")


@pytest.fixture
def shop(tmp_path):
    """A copy of the job's folder."""
    return Path(shutil.copytree(ARTIFACTS, tmp_path / "shop"))


def test_a_model_predicts_what_it_predicted(rfm, scores):
    model = clv.load(ARTIFACTS / "model.json")
    assert scores["customer_id"].tolist() == rfm.customer_id.to_list()
    alive = model.probability_alive(rfm)["probability_alive"]
    np.testing.assert_allclose(alive, scores["probability_alive"], rtol=SAME_MODEL)
    value = clv.lifetime_value(
        model.purchases, model.spend, rfm, horizon="12 months", annual_discount_rate=0.10, margin=0.4
    )
    np.testing.assert_allclose(value["lifetime_value"], scores["lifetime_value_12_months"], rtol=SAME_MODEL)


def test_a_model_without_spend_is_read(rfm):
    model = clv.load(ARTIFACTS / "model_pareto_nbd.json")
    assert isinstance(model.purchases, clv.ParetoNBD)
    assert model.spend is None
    assert np.isfinite(np.asarray(model.expected_purchases(rfm, "12 months")["expected_purchases"])).all()


def test_a_registry_is_read_and_its_content_still_matches_its_names():
    registry = clv.Registry(ARTIFACTS / "models")
    assert [version.name for version in registry.versions()] == [FIRST, SECOND]
    assert [(move.version, move.why) for move in registry.moves()] == [
        (FIRST, "promote"),
        (SECOND, "promote"),
        (FIRST, "rollback"),
    ]
    champion = registry.champion()
    assert champion.name == FIRST
    assert [gate.gate for gate in champion.record.gates] == ["fit_status", "fit_status", "refused"]
    assert all(gate.passed for gate in champion.record.gates)
    assert champion.record.holdout is not None


@pytest.mark.slow
def test_the_holdout_of_an_earlier_version_is_read(shop):
    earlier = clv.Registry(ARTIFACTS / "models").version(FIRST)
    assert holdout_error(earlier) == pytest.approx(112.0 / 107.9086773321 - 1)
    # The same fit of this release, which names forecasters by id, has the same error.
    job = shop / "job.toml"
    job.write_text(job.read_text().replace("[models]", '[models]\npurchases = "bgnbd"'))  # the default of 0.1.0
    clv.fit_job(job, "1997-09-30", force=True)
    assert holdout_error(clv.Registry(shop / "models").champion()) == pytest.approx(holdout_error(earlier), rel=1e-6)


@pytest.mark.parametrize(
    ("run", "status", "forced"),
    [(PUBLISHED, "published", False), (REFUSED, "refused", False), (FORCED, "published", True)],
)
def test_a_manifest_is_read(run, status, forced):
    (path,) = (ARTIFACTS / "runs" / "runs").glob(f"*-{run}.json")
    manifest = read_manifest(path)
    assert (manifest.run_id, manifest.status, manifest.forced) == (run, status, forced)
    assert any(not gate.passed for gate in manifest.gates) is (run != PUBLISHED)


def test_all_manifests_are_read_in_order_of_date():
    assert [manifest.run_id for manifest in read_manifests(ARTIFACTS / "runs")] == [PUBLISHED, REFUSED, FORCED]


@pytest.mark.parametrize(
    ("as_of", "but", "names"),
    [
        ("1997-10-04", "", [FORCED]),
        ("1997-10-04", FORCED, [PUBLISHED, REFUSED, FORCED]),  # a run is not compared with itself
        ("1997-10-03", "", [FORCED]),
        ("1997-10-02", "", [PUBLISHED, REFUSED, FORCED]),  # later days too, which an older one must not replace
    ],
)
def test_a_run_reads_no_more_manifests_than_it_needs(as_of, but, names):
    end = 10_137 + int(as_of[-1]) - 3
    assert [manifest.run_id for manifest in manifests_near(ARTIFACTS / "runs", as_of, end, but, False)] == names


def test_a_history_is_read():
    history = read_history(ARTIFACTS / "runs" / "monitoring" / "history.parquet")
    assert list(history.columns) == HISTORY
    assert history.set_index("horizon").loc["90 days", "actual"].tolist() == [103.0, 41.0]


@pytest.mark.slow
def test_a_ledger_is_replayed():
    cleaned = load_cleaner(ARTIFACTS / "orders.csv", ARTIFACTS / "ledger.json")(LATEST)
    assert len(cleaned.transactions) == 967


@pytest.mark.slow
def test_a_job_goes_on_where_the_earlier_release_stopped(shop):
    job = shop / "job.toml"
    result = clv.score_job(job, "1997-10-01", dry_run=True)
    table = {name: result.manifest.evidence.totals[name] for name in ("probability_alive", "lifetime_value_12_months")}
    (before,) = (run for run in read_manifests(shop / "runs") if run.run_id == PUBLISHED)
    assert table == pytest.approx({name: before.evidence.totals[name] for name in table}, rel=SAME_MODEL)
    # The last published run lacks half the customers, so gates refuse the whole log; a person forces the next run.
    with pytest.raises(clv.errors.GateRefused, match="rows"):
        clv.score_job(job, "1997-10-04")
    assert clv.score_job(job, "1997-10-04", force=True).manifest.forced


@pytest.mark.slow
def test_the_score_table_has_the_columns_types_and_values_of_before(shop, scores):
    """A later release may add columns, but readers of the old ones notice nothing."""
    before = pq.read_schema(shop / "scores" / "runs" / PUBLISHED / "part-00000.parquet")
    shutil.rmtree(shop / "scores")
    shutil.rmtree(shop / "runs")
    clv.score_job(shop / "job.toml", "1997-10-01", force=True)
    (path,) = (shop / "scores" / "runs").glob("*/part-00000.parquet")
    schema = pq.read_schema(path)
    assert [field for field in schema if field.name in before.names] == list(before)
    now = pd.read_parquet(path)[before.names]
    pd.testing.assert_frame_equal(now.drop(columns="run_id"), scores.drop(columns="run_id"), rtol=SAME_MODEL)


@pytest.mark.slow
def test_a_fit_is_compared_with_the_champion_of_the_earlier_release(shop):
    gates = {gate.gate for gate in clv.fit_job(shop / "job.toml", "1997-10-31", dry_run=True).gates}
    assert {"fit_status", "parameters", "refused", "rows"} <= gates

"""The job from file to table: the same table in any chunks, order and store; dates, refusals, late rows, reruns."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import (
    GateRefused,
    InvalidJob,
    InvalidManifest,
    InvalidOption,
    InvalidTransactions,
    JobLocked,
    StoreUnreachable,
)
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.fit_and_score import fit_job, score_job
from clvmodels.scoring.registry.registry import Registry
from clvmodels.scoring.run import publishing, score_table
from clvmodels.scoring.run.manifest import past_runs, read_manifest, read_manifests
from clvmodels.scoring.run.pinned import PinnedFiles
from clvmodels.scoring.run.score_columns import SCHEMA_VERSION
from clvmodels.scoring.stores.store import locked

pytestmark = pytest.mark.slow

FITTED, NIGHT, NEXT = "1997-09-30", "1997-10-01", "1997-10-02"


@pytest.fixture(scope="module")
def log(sample):
    return pl.from_pandas(sample)


@pytest.fixture(scope="module")
def models(tmp_path_factory, log):
    """A registry with a champion."""
    folder = tmp_path_factory.mktemp("models")
    log.write_parquet(folder / "log.parquet")
    fit_job(job_of(folder, registry={"folder": str(folder / "models")}), FITTED)
    return folder / "models"


def job_of(folder, **sections):
    """A job in a folder, whose log is log.parquet there unless a section says otherwise."""
    document = {
        "source": {"path": str(folder / "log.parquet")},
        "columns": {"amount": "amount"},
        "predictions": {"horizons": ["90 days", "12 months"], "margin": 0.35},
        "run": {"folder": str(folder / "clv-runs")},
        "sinks": [{"path": str(folder / "scores.parquet")}],
    }
    return job_from(document | sections)


@pytest.fixture
def job(tmp_path, log, models):
    """Return a function that makes jobs that score with the champion."""
    log.write_parquet(tmp_path / "log.parquet")
    return lambda **sections: job_of(tmp_path, registry={"folder": str(models)}, **sections)


def table(tmp_path):
    return pl.read_parquet(tmp_path / "scores.parquet")


def test_the_table_has_the_predictions_of_the_models(job, tmp_path, log, models):
    done = score_job(job(), NIGHT)
    scores = table(tmp_path)
    rfm = clv.rfm_summary(log, amount="amount", observation_end=NIGHT)
    model = clv.load(next(models.glob("versions/*/model.json")))
    value = clv.lifetime_value(
        model.purchases, model.spend, rfm, horizon="12 months", annual_discount_rate=0.1, margin=0.35
    )
    assert scores["customer_id"].to_list() == rfm.customer_id.to_list()
    assert np.array_equal(scores["lifetime_value_12_months"], value["lifetime_value"])
    assert np.array_equal(scores["expected_purchases_12_months"], value["expected_purchases"])
    assert np.array_equal(scores["probability_alive"], model.probability_alive(rfm)["probability_alive"])
    assert scores["as_of"].unique().to_list() == [dt.date(1997, 10, 1)]
    assert scores["run_id"].unique().to_list() == [done.manifest.run_id]
    assert scores["model_version"].unique().to_list() == [done.manifest.version]
    assert scores["schema_version"].unique().to_list() == [SCHEMA_VERSION]
    assert scores.columns == list(done.manifest.columns)
    manifest = done.manifest
    assert (manifest.customers, manifest.scored, manifest.refused) == (2357, 2357, 0)
    assert manifest.rows_to_as_of == log.filter(pl.col("date") <= NIGHT).height
    assert read_manifest(done.path) == manifest
    assert manifest.published


def test_the_same_run_twice_gives_the_same_bytes(job, tmp_path):
    first = score_job(job(), NIGHT)
    content = (tmp_path / "scores.parquet").read_bytes()
    again = score_job(job(), NIGHT)
    assert again.published == ()  # it is there already
    assert again.manifest == first.manifest
    other = score_job(job(), NEXT)
    assert other.manifest.run_id != first.manifest.run_id
    assert (tmp_path / "scores.parquet").read_bytes() != content
    (tmp_path / "scores.parquet").unlink()
    (tmp_path / "clv-runs" / "runs" / other.path.name).unlink()
    back = score_job(job(), NIGHT)  # the manifest says that it is published, but the table is gone
    assert back.published == (f"parquet:{tmp_path / 'scores.parquet'}",)
    assert (tmp_path / "scores.parquet").read_bytes() == content


def test_an_older_day_never_replaces_a_newer_one(job, tmp_path):
    newest = score_job(job(), NEXT)
    before = (tmp_path / "scores.parquet").read_bytes()
    sentence = f"This run as of {NIGHT} would replace the run as of {NEXT} that is published"
    for force in (False, True):
        with pytest.raises(GateRefused, match=sentence):
            score_job(job(), NIGHT, force=force)
    assert not score_job(job(), NIGHT, dry_run=True).manifest.gates[0].passed
    newest.path.unlink()  # the table itself still has its date
    with pytest.raises(GateRefused, match=r"(?s)in parquet:.*backfill=True"):
        score_job(job(), NIGHT)
    assert (tmp_path / "scores.parquet").read_bytes() == before
    with pytest.raises(InvalidJob, match="no sink keeps the table of each run"):
        score_job(job(), NIGHT, backfill=True)


def test_a_backfill_adds_to_the_history_only(job, tmp_path, models):
    kept = {"path": str(tmp_path / "set"), "partitioned": True}
    sinks = [kept, {"path": str(tmp_path / "scores.parquet")}]
    current = score_job(job(sinks=sinks), NEXT).manifest.run_id
    before = (tmp_path / "scores.parquet").read_bytes()
    days = clv.backfill_job(job(sinks=sinks), "1997-09-30", NIGHT)
    assert [done.manifest.as_of for done in days] == [FITTED, NIGHT]
    assert all(done.manifest.backfill and done.manifest.published for done in days)
    assert [manifest.as_of for manifest, _ in past_runs(read_manifests(tmp_path / "clv-runs"))] == [FITTED, NIGHT, NEXT]
    with pytest.raises(InvalidOption, match=f"is later than {NEXT}, the last day that was published"):
        score_job(job(sinks=sinks), "1997-11-30", backfill=True)
    assert json.loads((tmp_path / "set" / "current.json").read_text())["run_id"] == current
    assert (tmp_path / "scores.parquet").read_bytes() == before
    assert [done.published for done in clv.backfill_job(job(sinks=sinks), FITTED, NIGHT)] == [(), ()]
    lost = next((tmp_path / "set" / "runs" / days[1].manifest.run_id).iterdir())
    lost.write_bytes(lost.read_bytes()[:-9])
    again = clv.backfill_job(job(sinks=sinks), FITTED, NIGHT)
    assert [bool(done.published) for done in again] == [False, True]  # what is damaged is written again
    # A day before the fit is scored by a model that has seen later data, so it proves nothing.
    early = score_job(job(sinks=sinks), "1997-09-01", backfill=True).manifest
    assert (early.model_as_of, early.as_of) == (FITTED, "1997-09-01")
    monitoring = clv.monitor_job(job(sinks=sinks), until="1997-12-31").monitoring
    assert set(monitoring.history["as_of"]) == {FITTED, NIGHT, NEXT}
    assert monitoring.saw_future == 1
    assert "1 past run was not compared: its model was fitted to later data." in monitoring.text


def test_chunks_and_order_of_rows_do_not_matter(job, tmp_path, log, monkeypatch):
    monkeypatch.setattr(score_table, "BLOCK", 400)
    wanted = {"horizons": ["90 days"], "interval": 0.8, "draws": 20}
    contents, runs = set(), set()
    for seed, at_once in ((None, 1), (1, 900), (2, 10**6)):
        shuffled = log if seed is None else log.sample(fraction=1.0, shuffle=True, seed=seed)
        shuffled.write_parquet(tmp_path / "log.parquet")
        (tmp_path / "scores.parquet").unlink(missing_ok=True)
        run = {"folder": str(tmp_path / "clv-runs"), "customers_at_once": at_once}
        runs.add(score_job(job(predictions=wanted, run=run), NIGHT).manifest.run_id)
        contents.add((tmp_path / "scores.parquet").read_bytes())
    assert (len(contents), len(runs)) == (1, 1)
    one = table(tmp_path)
    assert (one["lifetime_value_90_days_lower"] <= one["lifetime_value_90_days_upper"]).all()
    # Blocks are fixed, so their size is not a setting; yet it changes no more than rounding.
    monkeypatch.setattr(score_table, "BLOCK", 65_536)
    (tmp_path / "scores.parquet").unlink()
    score_job(job(predictions=wanted), NIGHT)
    whole = table(tmp_path)
    for name in one.columns:
        if one[name].dtype == pl.Float64:
            np.testing.assert_allclose(one[name], whole[name], rtol=1e-12)


def test_rows_after_the_date_do_not_count_and_late_rows_are_counted(job, tmp_path, log):
    up_to_night = log.filter(pl.col("date") <= NIGHT)
    first = score_job(job(), NIGHT).manifest
    content = (tmp_path / "scores.parquet").read_bytes()
    up_to_night.write_parquet(tmp_path / "log.parquet")
    (tmp_path / "scores.parquet").unlink()
    assert score_job(job(), NIGHT).manifest.run_id == first.run_id  # later rows change nothing
    assert (tmp_path / "scores.parquet").read_bytes() == content
    late = up_to_night.head(3).with_columns(date=pl.lit("1997-09-29"))
    pl.concat([log, late]).write_parquet(tmp_path / "log.parquet")
    assert score_job(job(), NEXT).manifest.late_rows == 3
    assert score_job(job(), NIGHT, dry_run=True).manifest.run_id != first.run_id


def test_new_listed_and_unseen_customers(job, tmp_path, log):
    new = pl.DataFrame({"customer_id": [99_999], "date": ["1997-10-01"], "quantity": [1], "amount": [5.0]})
    pl.concat([log, new.cast(log.schema)]).write_parquet(tmp_path / "log.parquet")
    ids = log["customer_id"].unique().sort()
    listed = pl.DataFrame({"customer_id": [-5, *ids, 99_999, 500_000]})
    listed.write_csv(tmp_path / "customers.csv")
    done = score_job(job(customers={"path": str(tmp_path / "customers.csv")}), NIGHT).manifest
    rows = table(tmp_path)
    assert rows["customer_id"].to_list() == [-5, *ids, 99_999, 500_000]
    assert rows.filter("not_yet_bought")["customer_id"].to_list() == [-5, 500_000]
    assert rows.filter("new_since_fit")["customer_id"].to_list() == [99_999]
    assert (done.not_yet_bought, done.new_since_fit, done.customers) == (2, 1, 2360)
    fresh = rows.filter(pl.col("customer_id").is_in([-5, 99_999, 500_000]))
    assert fresh["lifetime_value_12_months"].n_unique() == 1  # the value of a first purchase made today
    assert rows.row(0, named=True)["T"] is None


def test_customers_of_groups_the_model_does_not_know_are_refused(tmp_path, log, sample):
    log.write_parquet(tmp_path / "log.parquet")
    ids = log["customer_id"].unique().sort()
    country = ["fr" if i % 2 else "de" for i in range(len(ids))]
    customers = pl.DataFrame({"customer_id": ids, "country": country})
    customers.write_parquet(tmp_path / "customers.parquet")
    sections = {
        "registry": {"folder": str(tmp_path / "models")},
        "customers": {"path": str(tmp_path / "customers.parquet"), "attributes": ["country"]},
        "models": {"by": "country", "holdout": "90 days"},
    }
    fitted = fit_job(job_of(tmp_path, **sections), FITTED)
    assert set(fitted.model.purchases.grouping_.labels) == {"fr", "de"}
    scores = Registry(tmp_path / "models").version(fitted.version).record.holdout
    assert {row["quantity"] for row in scores} == {"purchases", "money"}
    changed = customers.with_columns(
        country=pl.when(pl.col("customer_id") == ids[3]).then(pl.lit("it")).otherwise("country")
    ).filter(pl.col("customer_id") != ids[7])
    changed.write_parquet(tmp_path / "customers.parquet")
    done = score_job(job_of(tmp_path, **sections), NIGHT).manifest
    rows = table(tmp_path).filter(pl.col("reason").is_not_null())
    assert dict(rows.select("customer_id", "reason").rows()) == {
        ids[3]: "'country' was not seen in the fit",
        ids[7]: "'country' is missing",
    }
    assert rows["probability_alive"].to_list() == [None, None]
    assert (done.customers, done.scored, done.refused) == (2357, 2355, 2)
    changed.with_columns(country=pl.lit("it")).write_parquet(tmp_path / "customers.parquet")
    with pytest.raises(GateRefused, match="refused"):
        score_job(job_of(tmp_path, **sections), NEXT)


def test_a_refused_gate_publishes_nothing_unless_forced(job, tmp_path):
    strict = job(gates={"activity": 1e-9, "total_change": 1e-9, "psi": 1e-9, "ks": 1e-9})
    score_job(job(), NIGHT)
    before = (tmp_path / "scores.parquet").read_bytes()
    with pytest.raises(GateRefused, match="nothing was published"):
        score_job(strict, NEXT)
    assert (tmp_path / "scores.parquet").read_bytes() == before
    assert not list(tmp_path.glob(".*staged*"))
    published, refused = read_manifests(tmp_path / "clv-runs")
    assert (published.as_of, published.status, published.refusal) == (NIGHT, "published", None)
    assert (refused.as_of, refused.status, refused.published) == (NEXT, "refused", False)
    assert refused.refusal.startswith("total: expected_purchases_12_months adds up to 1,977, −0.1% compared with")
    assert [sink.done for sink in refused.sinks] == [False]
    done = score_job(strict, NEXT, force=True).manifest
    assert done.forced
    assert (done.run_id, done.status, done.refusal) == (refused.run_id, "published", None)
    assert not all(outcome.passed for outcome in done.gates)
    assert score_job(strict, NEXT).manifest.forced  # it is published already, and was forced


def test_a_refusal_does_not_replace_the_manifest_of_a_published_run(job, tmp_path):
    strict = job(gates={"total_change": 0.01})
    first = score_job(strict, NIGHT)  # there is nothing to compare it with
    score_job(job(predictions={"margin": 0.5, "horizons": ["90 days", "12 months"]}), NIGHT, force=True)
    with pytest.raises(GateRefused, match="total"):
        score_job(strict, NIGHT)
    assert read_manifest(first.path) == first.manifest


def test_a_dry_run_changes_nothing(job, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    done = score_job(job(), NIGHT, dry_run=True)
    assert (done.path, done.published, done.manifest.customers) == (None, (), 2357)
    assert done.manifest.evidence.totals["lifetime_value_12_months"] > 0
    assert fit_job(job(), FITTED, dry_run=True).version is None
    assert sorted(tmp_path.rglob("*")) == before


def test_a_second_job_is_locked_out(job, tmp_path):
    with locked(tmp_path / "clv-runs" / ".lock", "x"), pytest.raises(JobLocked, match="another job"):
        score_job(job(), NIGHT)
    sink = tmp_path / ".scores.parquet.lock"
    with locked(sink, "x"), pytest.raises(JobLocked, match="another job"):
        score_job(job(), NIGHT)
    assert score_job(job(), NIGHT).manifest.published


def test_a_sink_that_fails_does_not_stop_the_others(job, tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_NIGHT", "postgresql://me:verysecret@127.0.0.1:1/db")
    file = {"path": str(tmp_path / "scores.parquet")}
    far = {"store": "postgres", "uri_variable": "CLV_NIGHT"}
    with pytest.raises(StoreUnreachable, match=r"1 of 2 sinks.*Published in parquet:.*run again to finish") as caught:
        score_job(job(sinks=[file, far]), NIGHT)
    (manifest,) = read_manifests(tmp_path / "clv-runs")
    assert [sink.done for sink in manifest.sinks] == [True, False]
    written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*.json"))
    assert "verysecret" not in written + str(caught.value)
    other = {"store": "csv", "path": str(tmp_path / "scores.csv")}
    done = score_job(job(sinks=[file, other]), NIGHT)
    assert done.published == (f"csv:{tmp_path / 'scores.csv'}",)
    assert done.manifest.published


@pytest.mark.postgres
def test_every_store_returns_the_same_log_and_receives_the_same_table(job, tmp_path, log, database, monkeypatch):
    import adbc_driver_postgresql.dbapi as driver

    monkeypatch.setenv("CLV_TEST_DATABASE", database)
    with driver.connect(database) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("log", log.to_arrow(), mode="replace")
        connection.commit()
    there = {"store": "postgres", "uri_variable": "CLV_TEST_DATABASE"}
    sinks = [{"path": str(tmp_path / "scores.parquet")}, {**there, "table": "night"}]
    source = {**there, "query": "SELECT * FROM log"}
    done = score_job(job(source=source, sinks=sinks), NIGHT)
    assert done.manifest.run_id == score_job(job(), NIGHT).manifest.run_id
    with driver.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM night ORDER BY customer_id")
        scores = pl.from_arrow(cursor.fetch_arrow_table())
    assert scores.equals(table(tmp_path))
    assert database not in done.path.read_text()


def test_summaries_are_a_source_too(job, tmp_path, log):
    score_job(job(), NIGHT)
    expected = table(tmp_path).drop("run_id")
    rfm = clv.rfm_summary(log, amount="amount", observation_end=NIGHT).to_frame()
    rfm.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(tmp_path / "rfm.parquet")
    source = {"kind": "rfm", "path": str(tmp_path / "rfm.parquet")}
    score_job(job(source=source), NIGHT)
    assert table(tmp_path).drop("run_id").equals(expected)
    with pytest.raises(InvalidJob, match="pass as_of="):
        score_job(job(source=source))


def test_cleaning_rules_are_applied_first(tmp_path, log):
    lines = log.with_columns(order=pl.int_range(pl.len()).cast(pl.String), amount=pl.col("amount") / 2)
    refunded = lines.head(100).with_columns(amount=-pl.col("amount"))
    pl.concat([lines, lines, refunded]).write_parquet(tmp_path / "log.parquet")  # each order has two lines
    sections = {
        "registry": {"file": str(tmp_path / "model.json")},
        "columns": {"amount": "amount", "order_id": "order"},
        "cleaning": {"rules": {"refunds": "net", "duplicates": "keep", "outliers": "keep"}},
    }
    fit_job(job_of(tmp_path, **sections), FITTED)
    score_job(job_of(tmp_path, **sections), NIGHT)
    columns = {"customer_id": "customer_id", "date": "date", "amount": "amount", "order_id": "order"}
    rules = clv.CleaningRules(refunds="net", duplicates="keep", outliers="keep")
    cleaned = clv.clean(tmp_path / "log.parquet", **columns, rules=rules).transactions
    rfm = clv.rfm_summary(cleaned, amount="amount", observation_end=NIGHT)
    assert table(tmp_path)["customer_id"].to_list() == rfm.customer_id.to_list()
    assert np.array_equal(table(tmp_path)["monetary_value"].fill_null(np.nan), rfm.monetary_value, equal_nan=True)


def test_past_runs_are_found_in_a_partitioned_sink(job, tmp_path):
    sinks = [{"path": str(tmp_path / "set"), "partitioned": True}]
    for date in (NEXT, NIGHT):
        score_job(job(sinks=sinks), date, backfill=date == NIGHT)
    runs = past_runs(read_manifests(tmp_path / "clv-runs"))
    assert [manifest.as_of for manifest, _ in runs] == [NIGHT, NEXT]
    assert [pl.read_parquet(parts)["as_of"][0].isoformat() for _, parts in runs] == [NIGHT, NEXT]


@pytest.mark.parametrize(
    ("sections", "error", "match"),
    [
        ({"registry": {}}, InvalidJob, "registry.folder: is missing"),
        ({"registry": {"folder": "none-yet"}}, InvalidJob, "has no champion yet"),
        ({"sinks": []}, InvalidJob, "sinks: is empty"),
        ({"clock": {"time_unit": "week"}}, InvalidJob, "clock: the model was fitted in days"),
        (
            {"sinks": [{"store": "postgres", "uri_variable": "CLV_NONE"}]},
            InvalidJob,
            r"sinks\[0\]\.uri_variable \(CLV_NONE\): .*export it",
        ),
        ({"source": {"path": "none.csv"}}, InvalidTransactions, r"none\.csv"),
    ],
)
def test_missing_inputs_are_named(job, tmp_path, sections, error, match):
    with pytest.raises(error, match=match):
        score_job(job_from(job().model_dump(exclude_unset=True, mode="json") | sections), NIGHT)
    assert not (tmp_path / "scores.parquet").exists()


def test_an_incomplete_file_of_a_killed_job_is_not_read_as_a_manifest(job, tmp_path):
    path = score_job(job(), NIGHT).path
    left = path.with_name(f".{path.name}.x1.json")
    left.write_text("{")
    assert score_job(job(), NEXT).manifest.published
    assert not left.exists()


def test_damaged_manifests_are_named(job, tmp_path, caplog):
    path = score_job(job(), NIGHT).path
    text = path.read_text()
    document = json.loads(text)
    for damage in ("", "[]", "{}", text[:-20], text.replace('"customers": 2357', '"customers": 2358')):
        path.write_text(damage)
        with pytest.raises(InvalidManifest, match=path.name):
            read_manifest(path)
        assert read_manifests(tmp_path / "clv-runs") == []
        assert "damaged" in caplog.text
    assert score_job(job(), NEXT).manifest.published  # an old manifest that is damaged stops no new run
    assert path.with_name(f"{path.name}.damaged").exists()
    assert not path.exists()
    path.write_text(json.dumps(document | {"schema_version": 2}))
    with pytest.raises(InvalidManifest, match="schema version 2"):  # one of a later release does
        score_job(job(), NEXT)


def test_a_source_that_changes_during_a_run_is_named(job, tmp_path, log, monkeypatch):
    score_blocks = publishing.score_all

    def replace_source(*arguments):
        log.head(100).write_parquet(tmp_path / "log.parquet")
        return score_blocks(*arguments)

    monkeypatch.setattr(publishing, "score_all", replace_source)
    with pytest.raises(StoreUnreachable, match=r"source: '.*log\.parquet' changed while it was read, so nothing"):
        score_job(job(), NIGHT)
    assert not (tmp_path / "scores.parquet").exists()


def test_an_error_caused_by_a_change_names_the_change(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("x")
    pinned = PinnedFiles({"source": path}, PinnedFiles.of(job_of(tmp_path, source={"path": str(path)})).states)
    with pytest.raises(ValueError, match="plain"), pinned.explaining():
        raise ValueError("plain")
    path.unlink()
    with pytest.raises(StoreUnreachable, match="changed while it was read"), pinned.explaining():
        raise ValueError("plain")


def test_an_id_with_a_nul_is_refused_before_any_sink(job, tmp_path, log):
    ids = pl.col("customer_id").cast(pl.String)
    log.with_columns(customer_id=pl.when(ids == "4").then(pl.lit("4\0")).otherwise(ids)).write_parquet(
        tmp_path / "log.parquet"
    )
    with pytest.raises(InvalidTransactions, match="1 of 2,357 customers have an id with the character NUL"):
        score_job(job(), NIGHT)

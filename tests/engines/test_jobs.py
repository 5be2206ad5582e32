"""A job whose source and sink are tables of Ibis or Spark: the run of the same log in a file, to the last bit."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from functools import partial

import polars as pl
import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.errors import InvalidJob, InvalidOption, StoreUnreachable
from clvmodels.scoring.config.job import read_job
from clvmodels.scoring.config.sections import ModelSettings, PredictionSettings, RegistrySettings
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.registry.registry import Registry
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.stores.engine_sink import EngineTable

IBIS = {"store": "ibis", "uri_variable": "CLV_WAREHOUSE"}


@pytest.fixture(scope="module")
def orders():
    """Fifty customers over 200 days; a row is there twice, and one amount is 0."""
    days = [(7 * k + (k * k) % 31, k % 50) for k in range(25)] + [(3 * k % 190, k % 50) for k in range(220)]
    rows = {
        "customer_id": [who for _, who in days] + [3, 3],
        "date": [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day, _ in days] + [dt.date(2024, 6, 30)] * 2,
        "amount": [1.25 * (1 + (7 * who + day) % 13) for day, who in days] + [0.0, 8.0],
    }
    return pl.DataFrame(rows)


@pytest.fixture
def job_for(orders, tmp_path, monkeypatch):
    """Return a function of a source and a sink that writes a job file, once a model is fitted."""
    orders.write_parquet(tmp_path / "orders.parquet")
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma())
    model.fit(clv.rfm_summary(orders, amount="amount", observation_end="2024-05-31"))
    model.save(tmp_path / "model.json")
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE orders (customer_id INTEGER, date DATE, amount REAL)")
        rows = [(who, day.isoformat(), amount) for who, day, amount in orders.rows()]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
        connection.commit()
    monkeypatch.setenv("CLV_WAREHOUSE", f"sqlite://{tmp_path / 'shop.db'}")

    def job(source, sink, name):
        settings = {
            "source": source or {"path": str(tmp_path / "orders.parquet")},
            "columns": {"amount": "amount"},
            "registry": [("file", str(tmp_path / "model.json"))],
            "run": {"folder": str(tmp_path / name)},
            "sinks": [sink or {"store": "parquet", "path": str(tmp_path / f"{name}.parquet")}],
        }
        return read_job(None, settings)

    return job


@pytest.mark.slow
def test_the_best_forecaster_scores_a_table_as_it_scores_a_file(job_for, orders, tmp_path):
    jobs = [job_for(source, None, name) for source, name in (({**IBIS, "table": "orders"}, "there"), (None, "here"))]
    history = clv.KnownHistory.from_log(orders, amount="amount", observation_end="2024-05-31")
    clv.BestForecaster([clv.BGNBD()], clv.GammaGamma()).fit(history, "30 days").save(tmp_path / "model.json")
    for job in jobs:
        clv.score_job(job, "2024-07-07")
    expected = pl.read_parquet(tmp_path / "here.parquet")
    assert pl.read_parquet(tmp_path / "there.parquet").equals(expected)


@pytest.mark.spark
@pytest.mark.slow
def test_the_best_forecaster_is_a_job_on_tables_of_spark(job_for, orders, tmp_path, request):
    """Fitted to a table of Spark and scored from it, by the job and in its engine, as from a file."""
    session = request.getfixturevalue("spark_sessions")["spark"]
    session.createDataFrame(orders.to_arrow()).write.format("parquet").mode("overwrite").saveAsTable("best_orders")
    place, settings = {"store": "spark", "table": "best_orders"}, PredictionSettings(horizons=["30 days"], margin=0.4)
    tables = {}
    for name, source in (("here", None), ("there", place)):
        sections = {"models": ModelSettings(forecaster="best"), "predictions": settings}
        sections["registry"] = RegistrySettings(file=tmp_path / f"{name}.json")
        job = job_for(source, None, name).model_copy(update=sections)
        assert clv.fit_job(job, "2024-05-31", force=True).forecaster.kind == "best"
        clv.score_job(job, "2024-07-07")
        tables[name] = pl.read_parquet(tmp_path / f"{name}.parquet")
    assert tables["there"].equals(tables["here"])
    engine = job_for(place, {"store": "spark", "table": "best_scores"}, "engine").model_copy(update=sections)
    assert clv.score_job_in_engine(engine, "2024-07-07", engine="spark").rows == len(tables["here"])
    scores = pl.DataFrame(session.table("best_scores").toArrow()).sort("customer_id")
    for column in ("probability_alive", "expected_purchases_30_days", "lifetime_value_30_days"):
        assert scores[column].to_numpy() == pytest.approx(tables["here"][column].to_numpy(), rel=1e-9, abs=1e-12)


@pytest.mark.slow
def test_a_job_in_ibis_is_the_job_on_a_file(job_for, tmp_path, monkeypatch):
    expected = clv.score_job(job_for(None, None, "here"), "2024-07-07")

    def refuse(*_):
        raise AssertionError("the log was copied")

    monkeypatch.setattr("clvmodels.frames.opening.spool", refuse)
    job = job_for({**IBIS, "table": "orders"}, IBIS, "there")
    done = clv.score_job(job, "2024-07-07")
    assert done.manifest.run_id == expected.manifest.run_id
    assert done.manifest.feed == expected.manifest.feed
    assert done.manifest.rows_to_as_of == expected.manifest.rows_to_as_of
    assert done.published == ("ibis:CLV_WAREHOUSE:clv_scores",)
    assert clv.score_job(job, "2024-07-07").published == ()
    scores = pl.read_parquet(tmp_path / "here.parquet").sort("customer_id")
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        rows = connection.execute("SELECT * FROM clv_scores ORDER BY customer_id").fetchall()
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"orders", "clv_scores"}
    assert [row[:8] for row in rows] == [row[:8] for row in scores.rows()]
    # The next night replaces the rows; late rows are counted in the engine.
    later = clv.score_job(job, "2024-07-08")
    assert later.manifest.late_rows == 0
    assert place_of(job.sinks[0], f"sqlite://{tmp_path / 'shop.db'}").holds().as_of == "2024-07-08"


@pytest.mark.slow
def test_a_fit_reads_the_engine_too(job_for, tmp_path, monkeypatch):
    monkeypatch.setattr("clvmodels.frames.opening.spool", None)  # a copy would fail
    fits = []
    for source in (None, {**IBIS, "query": "SELECT * FROM orders"}):
        job = job_for(source, None, "fit")
        job = job.model_copy(update={"registry": RegistrySettings(folder=tmp_path / f"models-{len(fits)}")})
        fits.append(clv.fit_job(job, "2024-05-31", force=True))
    here, there = fits
    assert here.model.purchases.parameters_ == there.model.purchases.parameters_
    records = [Registry(tmp_path / f"models-{number}").champion().record.evidence for number in (0, 1)]
    assert records[0] == records[1]  # with the rhythm of the log, which gates compare with


@pytest.mark.slow
def test_faults_of_engines_are_named(job_for, tmp_path, monkeypatch):
    with pytest.raises(InvalidJob, match=r"source.table: 'order' cannot be read"):
        clv.score_job(job_for({**IBIS, "table": "order"}, None, "a"), dry_run=True)
    with pytest.raises(InvalidJob, match=r"the query of \[source\] has no column 'amount'"):
        clv.score_job(job_for({**IBIS, "query": "SELECT customer_id, date FROM orders"}, None, "a"), dry_run=True)
    monkeypatch.setenv("CLV_WAREHOUSE", "nonsense://user:secret@host/x")
    with pytest.raises(StoreUnreachable, match="source: ") as fault:
        clv.score_job(job_for({**IBIS, "table": "orders"}, None, "a"), dry_run=True)
    assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("sections", "match"),
    [
        ({"source": {"store": "ibis", "table": "t"}}, "source: uri_variable: name the environment variable"),
        ({"source": {"store": "spark", "table": "t", "path": "x"}}, "path, table, query: set one of the three"),
        ({"source": {"store": "spark"}}, "path, table, query: set one of the three"),
        ({"sinks": [{"store": "spark", "path": "x"}]}, "path: a sink in Spark is a table"),
        ({"sinks": [{**IBIS, "mode": "append"}]}, 'mode: "append" is for tables'),
        ({"source": {**IBIS, "table": "a.t"}, "sinks": [{**IBIS, "db_schema": "a", "table": "t"}]}, "would replace"),
    ],
)
def test_settings_that_do_not_fit_are_refused(sections, match):
    with pytest.raises(InvalidJob, match=match):
        read_job(None, {"source": {"path": "orders.csv"}} | sections)


@pytest.mark.slow
def test_a_table_without_scores_stays(job_for, tmp_path):
    uri = f"sqlite://{tmp_path / 'shop.db'}"
    job_for(None, None, "a")
    place = place_of(SinkSettings(**IBIS, table="orders"), uri)
    with pytest.raises(InvalidJob, match="the existing table is not one that this sink writes"):
        place.holds()
    with pytest.raises((InvalidJob, InvalidOption)):
        EngineTable("ibis", "polars://", "", "scores", "ibis:x")


@pytest.mark.spark
@pytest.mark.slow
def test_a_job_in_spark_is_the_job_on_a_file(job_for, orders, tmp_path, request):
    session = request.getfixturevalue("spark_sessions")["spark"]
    session.createDataFrame(orders.to_arrow()).write.format("parquet").mode("overwrite").saveAsTable("orders")
    expected = clv.score_job(job_for(None, None, "here"), "2024-07-07")
    for source in ({"table": "orders"}, {"path": str(tmp_path / "orders.parquet")}):
        job = job_for({"store": "spark", **source}, {"store": "spark"}, "there")
        done = clv.score_job(job, "2024-07-07")
        assert done.manifest.run_id == expected.manifest.run_id
        assert done.manifest.feed == expected.manifest.feed
    scores = pl.DataFrame(session.table("clv_scores").toArrow()).sort("customer_id")
    assert scores.equals(pl.read_parquet(tmp_path / "here.parquet").sort("customer_id"))


@pytest.mark.slow
def test_a_job_is_scored_by_a_join_in_its_engine(job_for, orders, tmp_path):
    expected = clv.score_job(job_for(None, None, "here"), "2024-07-07", force=True)
    file = {"path": str(tmp_path / "engine.parquet")}
    published = clv.score_job_in_engine(job_for(None, file, "a"), "2024-07-07", engine="duckdb")
    scores = pl.read_parquet(published.target).sort("customer_id")
    table = pl.read_parquet(tmp_path / "here.parquet").sort("customer_id")
    assert published.rows == expected.manifest.customers == len(scores)
    for name in ("probability_alive", "expected_purchases_12_months"):
        assert scores[name].equals(table[name])
    assert scores["lifetime_value_12_months"].to_numpy() == pytest.approx(table["lifetime_value_12_months"].to_numpy())
    job = job_for({**IBIS, "table": "orders"}, IBIS, "b")
    assert clv.score_job_in_engine(job, "2024-07-07", engine="ibis").target == "clv_scores"
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        rows = connection.execute("SELECT customer_id, probability_alive FROM clv_scores ORDER BY 1").fetchall()
    assert rows == scores.select("customer_id", "probability_alive").rows()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["best", "trees", "blend"])
def test_a_learned_forecaster_is_scored_in_the_engine_of_its_job(job_for, orders, tmp_path, monkeypatch, name):
    make = {"best": clv.BestForecaster, "trees": clv.BoostedTrees, "blend": partial(clv.Blend, total="learned")}
    named = []
    monkeypatch.setattr("clvmodels.scoring.engine_run.event", lambda _, text: named.append(text))
    expected = job_for(None, None, "here")
    history = clv.KnownHistory.from_log(orders, amount="amount", observation_end="2024-05-31")
    model = make[name]([clv.BGNBD()], clv.GammaGamma()).fit(history, "30 days")
    model.save(tmp_path / "model.json")
    settings = {"horizons": ["30 days"], "margin": 0.4, "draws": 20} | ({"interval": 0.8} if name == "best" else {})

    def with_settings(job):
        sections = {"predictions": PredictionSettings(**settings), "models": ModelSettings(forecaster="boosted_trees")}
        return job.model_copy(update=sections)

    clv.score_job(with_settings(expected), "2024-07-07", force=True)
    table = pl.read_parquet(tmp_path / "here.parquet").sort("customer_id")
    file = {"path": str(tmp_path / "engine.parquet")}
    published = clv.score_job_in_engine(with_settings(job_for(None, file, "a")), "2024-07-07", engine="duckdb")
    scores = pl.read_parquet(published.target).sort("customer_id")
    assert published.rows == len(scores) == len(table) == 50
    quantities = ("expected_purchases_30_days", "lifetime_value_30_days")
    ends = ("", "_lower", "_upper") if name == "best" else ("",)
    for column in ("probability_alive", *(f"{quantity}{end}" for quantity in quantities for end in ends)):
        # Sums over all customers have other rounding errors.
        assert scores[column].to_numpy() == pytest.approx(table[column].to_numpy(), rel=1e-9, abs=1e-12), column
    assert [text.startswith('the job has models.forecaster = "boosted_trees"') for text in named] == [True] * (
        name != "trees"
    )
    job = with_settings(job_for({**IBIS, "table": "orders"}, IBIS, "b"))
    assert clv.score_job_in_engine(job, "2024-07-07", engine="ibis").target == "clv_scores"
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        rows = connection.execute(f"SELECT customer_id, {quantities[1]} FROM clv_scores ORDER BY 1").fetchall()
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"orders", "clv_scores"}
    assert [value for _, value in rows] == pytest.approx(scores[quantities[1]].to_list(), rel=1e-9, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "sink", "engine", "match"),
    [
        (None, None, "dukdb", r"engine='dukdb' is not one of 'duckdb', 'ibis', 'spark'\. Did you mean 'duckdb'"),
        (None, None, "ibis", "engine='ibis' does not read store = 'file'"),
        ({"path": "orders.csv"}, None, "duckdb", "reads Parquet files"),
        (None, {"store": "csv", "path": "x.csv"}, "duckdb", "cannot publish to csv:x.csv: name a Parquet sink"),
        ({"path": "o.parquet", "kind": "rfm"}, None, "duckdb", r"cannot be combined with source\.kind"),
    ],
)
def test_a_job_that_an_engine_cannot_score_is_refused(job_for, source, sink, engine, match):
    with pytest.raises(InvalidOption, match=match):
        clv.score_job_in_engine(job_for(source, sink, "a"), "2024-07-07", engine=engine)


@pytest.mark.slow
def test_the_command_scores_in_an_engine(job_for, tmp_path):
    job_for(None, None, "a")
    words = ["score", str(tmp_path / "orders.parquet"), "--amount", "amount", "--as-of", "2024-07-07"]
    words += ["--model", str(tmp_path / "model.json"), "--output", str(tmp_path / "cli.parquet"), "--engine", "duckdb"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "50 customers scored by duckdb" in done.output
    refused = CliRunner().invoke(app, [*words, "--dry-run"])
    assert "--engine does not go with --dry-run" in str(refused.exception)

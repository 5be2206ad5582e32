"""A job whose source and sink are tables of Ibis or Spark: the run of the same log in a file, to the last bit."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3

import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob, InvalidOption, StoreUnreachable
from clvmodels.scoring.config.job import read_job
from clvmodels.scoring.config.sinks import SinkSettings
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
def test_a_fit_reads_the_engine_too(job_for, tmp_path):
    here = clv.fit_job(job_for(None, None, "here"), "2024-05-31", dry_run=True)
    there = clv.fit_job(job_for({**IBIS, "query": "SELECT * FROM orders"}, None, "there"), "2024-05-31", dry_run=True)
    assert here.model.purchases.parameters_ == there.model.purchases.parameters_


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


def test_a_table_without_scores_stays(job_for, tmp_path):
    uri = f"sqlite://{tmp_path / 'shop.db'}"
    job_for(None, None, "a")
    place = place_of(SinkSettings(**IBIS, table="orders"), uri)
    with pytest.raises(InvalidJob, match="the existing table is not a score table"):
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

"""Tables in SQL databases that keep the runs of all days: a run replaces the rows of its own day, and nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidJob
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.stores.duckdb_sink import DuckDBFile
from clvmodels.scoring.stores.store import KeptRuns

DAY = date(2026, 1, 10)


def rows(run_id, day, ids=(1, 2, 30)):
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.int64()),
            "value": pa.array([1.5] * len(ids)),
            "as_of": pa.array([day] * len(ids), pa.date32()),
            "run_id": pa.array([run_id] * len(ids)),
        }
    )


@pytest.fixture(params=["sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def kept(request, tmp_path):
    """Return a function of settings that gives a sink, and one that runs a query on its table."""
    if request.param == "postgres":
        uri = request.getfixturevalue("database")
        adbc = pytest.importorskip("adbc_driver_postgresql.dbapi")

        def query(statement):
            with adbc.connect(uri) as connection, connection.cursor() as cursor:
                cursor.execute(statement)
                fetched = cursor.fetchall() if statement.startswith("SELECT") else []
                connection.commit()
            return [tuple(str(value) for value in row) for row in fetched]

        query("DROP TABLE IF EXISTS kept_runs")
        yield (
            lambda **more: place_of(SinkSettings(store="postgres", uri_variable="X", table="kept_runs", **more), uri),
            query,
        )
        return
    path = tmp_path / f"scores.{request.param}"
    connect = duckdb.connect if request.param == "duckdb" else sqlite3.connect

    def query(statement):
        with contextlib.closing(connect(str(path))) as connection:
            fetched = [tuple(str(value) for value in row) for row in connection.execute(statement).fetchall()]
            connection.commit()
        return fetched

    yield lambda **more: place_of(SinkSettings(store=request.param, path=path, table="kept_runs", **more), ""), query


def publish(place, table):
    stage = place.stage(table["run_id"][0].as_py(), table.schema)
    try:
        stage.write(table)
        assert stage.count() == len(table)
        stage.publish()
    finally:
        stage.discard()


COUNTS = "SELECT as_of, run_id, count(*) FROM kept_runs GROUP BY as_of, run_id ORDER BY 1, 2"


@pytest.mark.slow
def test_a_run_replaces_the_rows_of_its_own_day_only(kept):
    sink, query = kept
    place = sink(mode="append")
    for run, days, ids in (("a", 0, (1, 2, 3)), ("b", 1, (1, 2)), ("c", 0, (7, 8)), ("d", -1, (1,))):
        publish(place, rows(run, DAY + timedelta(days), ids))
    assert query(COUNTS) == [("2026-01-09", "d", "1"), ("2026-01-10", "c", "2"), ("2026-01-11", "b", "2")]
    latest = place.holds()
    assert (latest.run_id, latest.as_of) == ("b", "2026-01-11")
    counted = place.count("c", ["value"])
    assert (counted.rows, counted.totals) == (2, {"value": 3.0})
    assert place.count("a", ["value"]) is None


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["replace", "append"])
def test_columns_of_a_later_release_are_added_to_the_table(kept, mode):
    sink, query = kept
    publish(sink(mode=mode), rows("a", DAY))
    query("CREATE VIEW best AS SELECT * FROM kept_runs")
    later = rows("b", DAY + timedelta(1)).append_column("schema_version", pa.array([2, 2, 2], pa.int64()))
    publish(sink(mode=mode), later)
    versions = query("SELECT run_id, schema_version FROM kept_runs WHERE customer_id = 30 ORDER BY 1")
    assert versions == [*([("a", "None")] if mode == "append" else []), ("b", "2")]
    assert query("SELECT max(run_id) FROM best") == [("b",)]
    query("DROP VIEW best")


@pytest.mark.slow
def test_days_longer_ago_are_removed(kept):
    sink, query = kept
    place = sink(mode="append", keep_days=2)
    for days in range(5):
        publish(place, rows(f"r{days}", DAY + timedelta(days)))
    assert [run for _, run, _ in query(COUNTS)] == ["r2", "r3", "r4"]


@pytest.mark.slow
def test_runs_are_kept_by_count_and_removed_by_day(kept):
    sink, query = kept
    place = sink(mode="append", keep_runs=2)
    for days in (0, 3, 9):
        publish(place, rows(f"r{days}", DAY + timedelta(days)))
    assert [(run.run_id, run.as_of, run.rows) for run in place.runs()] == [
        ("r3", "2026-01-13", 3),
        ("r9", "2026-01-19", 3),
    ]
    place.remove(["2026-01-13"])
    assert [run for _, run, _ in query(COUNTS)] == ["r9"]


def test_the_newest_run_is_never_outdated():
    days = ["2026-01-01", "2026-03-01", "2026-02-01", "2026-03-01"]
    assert KeptRuns().outdated(days) == KeptRuns(days=59).outdated(days) == KeptRuns(runs=3).outdated([]) == []
    assert KeptRuns(days=28).outdated(days) == ["2026-01-01"]
    assert KeptRuns(days=1).outdated(days) == KeptRuns(runs=1).outdated(days) == ["2026-01-01", "2026-02-01"]


def test_old_runs_of_a_set_are_removed_and_the_current_one_stays(tmp_path):
    place = place_of(SinkSettings(path=tmp_path, partitioned=True, keep_days=7), "")
    for number, days in enumerate((0, 5, 12)):
        publish(place, rows(f"{number}" * 16, DAY + timedelta(days)))
    assert [run.as_of for run in place.runs()] == ["2026-01-15", "2026-01-22"]
    place.remove([run.as_of for run in place.runs()])
    assert [(run.as_of, run.rows) for run in place.runs()] == [("2026-01-22", 3)]


@pytest.mark.slow
def test_a_table_of_one_day_is_not_made_one_of_many_nor_the_other_way(kept):
    sink, query = kept
    publish(sink(), rows("a", DAY))
    if not isinstance(sink(), DuckDBFile):  # whose tables have no key
        with pytest.raises(InvalidJob, match=r"change the key to \(customer_id, as_of\), or name another table"):
            sink(mode="append").holds()
        query("DROP TABLE kept_runs")
    for days in (0, 1):
        publish(sink(mode="append"), rows("a", DAY + timedelta(days)))
    with pytest.raises(InvalidJob, match='set mode = "append"'):
        sink().holds()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"store": "csv", "path": "a", "mode": "append"}, "Parquet keeps runs if partitioned = true"),
        ({"store": "sqlite", "path": "a", "keep_days": 3}, 'keep_days: only with mode = "append"'),
        ({"store": "parquet", "path": "a", "keep_runs": 3}, "keep_runs: only with .* or partitioned = true"),
        ({"store": "sqlite", "path": "a", "mode": "append", "keep_days": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SinkSettings(**settings)


@pytest.mark.slow
def test_nights_and_a_backfill_are_in_one_table(tmp_path):
    clv.datasets.load_cdnow(sample=True).to_csv(tmp_path / "orders.csv", index=False)
    job = clv.read_job(
        None,
        {
            "source": {"path": str(tmp_path / "orders.csv")},
            "columns": {"amount": "amount"},
            "registry": {"folder": str(tmp_path / "models")},
            "run": {"folder": str(tmp_path / "runs")},
            "sinks": [{"store": "sqlite", "path": str(tmp_path / "scores.sqlite"), "mode": "append"}],
        },
    )
    clv.fit_job(job, "1997-09-30")
    for day in ("1997-10-05", "1997-10-06"):
        clv.score_job(job, day)
    clv.backfill_job(job, "1997-10-01", "1997-10-02")
    assert clv.score_job(job, "1997-10-06").published == ()  # the same run again
    with contextlib.closing(sqlite3.connect(tmp_path / "scores.sqlite")) as connection:
        counts = connection.execute("SELECT as_of, count(*) FROM clv_scores GROUP BY as_of ORDER BY as_of").fetchall()
    assert counts == [(f"1997-10-0{day}", 2357) for day in (1, 2, 5, 6)]

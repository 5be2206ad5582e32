"""Scores are published whole or not at all, in every engine."""

from __future__ import annotations

import json

import polars as pl
import pytest

import clvmodels as clv
from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidTransactions

TABLES = ("duckdb", "ibis duckdb", "ibis sqlite", pytest.param("ibis postgres", marks=pytest.mark.postgres))
SCORES = pl.DataFrame({"customer_id": [1, 2, 3], "probability_alive": [0.25, 0.5, 1.0]})
NEWER = SCORES.with_columns(pl.col("probability_alive") / 2)


def rows_of(table, name):
    engine = frames.engine_of(table)
    count, ids = engine.read_row(f'SELECT COUNT(*), CAST(SUM(1000 * probability_alive) AS BIGINT) FROM "{name}"')
    return count, ids


@pytest.fixture(params=TABLES)
def hold(request, held_in):
    """Return a function that puts a frame into one engine, and publishes nothing."""
    return lambda frame: held_in(frame, request.param)


@pytest.mark.slow
def test_a_table_is_replaced_and_keeps_its_views(hold):
    scores = hold(SCORES)
    assert clv.publish_scores(scores, "scores") == frames.PublishedTable("scores", 3)
    assert rows_of(scores, "scores") == (3, 1750)
    engine = frames.engine_of(scores)
    engine.execute("CREATE VIEW best AS SELECT * FROM scores WHERE probability_alive > 0.3")
    engine.execute("DELETE FROM orders WHERE customer_id = 3")  # the table that the scores are read from
    assert clv.publish_scores(scores, "scores").rows == 2
    assert rows_of(scores, "best") == (1, 500)
    engine.execute("DROP VIEW best")
    engine.execute("DROP TABLE scores")


@pytest.mark.slow
def test_scores_that_are_not_unique_or_fail_leave_the_old_ones(hold):
    scores = hold(SCORES)
    clv.publish_scores(scores, "scores")
    engine = frames.engine_of(scores)
    engine.execute("INSERT INTO orders SELECT * FROM orders WHERE customer_id = 1")
    with pytest.raises(InvalidTransactions, match=r"4 rows and 3 values of 'customer_id'.*nothing was published"):
        clv.publish_scores(scores, "scores")
    assert rows_of(scores, "scores") == (3, 1750)
    engine.execute("CREATE TABLE other AS SELECT customer_id FROM orders")
    with pytest.raises(InvalidOption, match=r"'other' has the columns 'customer_id', not those of these scores"):
        clv.publish_scores(scores, "other")
    with pytest.raises(InvalidOption, match="is not the name of a table"):
        clv.publish_scores(scores, "a.b.c")
    engine.execute("DROP TABLE scores")
    engine.execute("DROP TABLE other")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def test_files_and_folders_are_published_with_a_pointer(engine, held_in, tmp_path):
    file, folder = tmp_path / "scores.parquet", tmp_path / "scores"
    assert clv.publish_scores(held_in(SCORES, engine), file).rows == 3
    assert pl.read_parquet(file).sort("customer_id").equals(SCORES)
    for frame in (SCORES, NEWER):
        assert clv.publish_scores(held_in(frame, engine) if engine == "spark" else _again(frame), folder).rows == 3
        pointer = json.loads((folder / "current.json").read_text())
        parts = [folder / "runs" / pointer["run_id"] / part for part in pointer["parts"]]
        assert pl.read_parquet(parts).sort("customer_id").equals(frame)
    assert len(list((folder / "runs").iterdir())) == 2
    broken = pl.concat([SCORES, SCORES])
    with pytest.raises(InvalidTransactions, match="6 rows and 3 values"):
        clv.publish_scores(held_in(broken, engine) if engine == "spark" else _again(broken), folder)
    assert json.loads((folder / "current.json").read_text()) == pointer
    assert len(list((folder / "runs").iterdir())) == 2


def _again(frame):
    """Return another table of DuckDB."""
    import duckdb

    connection = duckdb.connect()
    connection.register("given", frame.to_arrow())
    connection.execute("CREATE TABLE orders AS SELECT * FROM given")
    return connection.table("orders")


@pytest.mark.spark
@pytest.mark.slow
def test_spark_publishes_a_view_on_the_table_of_the_current_run(held_in):
    session = None
    for engine in ("spark", "spark connect"):
        scores = held_in(SCORES, engine)
        session, name = scores.sparkSession, f"scores_{engine[6:]}"
        for frame in (SCORES, NEWER, SCORES):
            assert clv.publish_scores(held_in(frame, engine), name).rows == 3
            assert pl.DataFrame(session.table(name).toArrow()).sort("customer_id").equals(frame)
        tables = [row["tableName"] for row in session.sql(f"SHOW TABLES LIKE '{name}_run_*'").collect()]
        assert sorted(tables) == [f"{name}_run_000002", f"{name}_run_000003"]  # one for queries that are under way
        with pytest.raises(InvalidTransactions, match="6 rows and 3 values"):
            clv.publish_scores(held_in(pl.concat([SCORES, SCORES]), engine), name)
        assert pl.DataFrame(session.table(name).toArrow()).sort("customer_id").equals(SCORES)
    held_in(SCORES, "spark").write.format("parquet").mode("overwrite").saveAsTable("taken")
    with pytest.raises(InvalidOption, match="is a table of Spark, whose rows cannot be replaced in one step"):
        clv.publish_scores(held_in(SCORES, "spark"), "taken")


def test_scores_that_no_engine_holds_are_refused():
    with pytest.raises(InvalidOption, match="not in an engine"):
        clv.publish_scores(SCORES, "scores")

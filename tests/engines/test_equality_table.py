"""The table of engines, logs and results that `tests/benchmarks/engine_equality.py` writes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

TABLE = pl.read_csv(Path(__file__).parents[1] / "benchmarks" / "engine_equality.csv")
ENGINES = {"duckdb", "ibis duckdb", "ibis sqlite", "ibis postgres", "spark", "spark connect"}
LOGS = {"CDNOW", "UCI", "Complete Journey", "simulated"}
ROUNDED = {  # the guide states these
    "scores: expected spend": 5e-13,
    "fit to counts: parameters (standard errors)": 2e-5,
}


def test_every_engine_has_every_result_of_every_log():
    pairs = TABLE.group_by("engine", "log").agg(results=pl.col("result").n_unique())
    measured = {(engine, log) for engine, log, _ in pairs.rows()}
    assert measured == {(engine, log) for engine in ENGINES for log in LOGS}
    assert set(pairs["results"]) == {TABLE["result"].n_unique()}


def test_results_are_those_of_polars():
    limit = pl.col("result").replace_strict(ROUNDED, default=0.0)
    assert TABLE.filter(~(pl.col("largest_difference") <= limit)).is_empty()

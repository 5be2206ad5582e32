"""A profile and a backtest of a log in an engine are those of the same log in memory, to the last bit."""

from __future__ import annotations

import logging

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sqlglot
from numpy.testing import assert_array_equal

import clvmodels as clv
from clvmodels import frames
from clvmodels.clock import Clock

OPTIONS = {"amount": "amount", "on_missing_id": "drop"}


@pytest.fixture(scope="module")
def log():
    """A log with ids that differ by case, ids for nobody, a test address, several rows per day, and cents."""
    sample = pl.from_pandas(clv.datasets.load_cdnow(sample=True))
    ids = pl.format("k{}", "customer_id")
    number = pl.col("customer_id")
    ids = pl.when(number % 900 == 4).then(pl.lit("Test@Shop.com")).when(number % 900 == 5).then(None).otherwise(ids)
    rows = sample.select(ids.alias("customer_id"), pl.col("date").str.to_date(), "amount")
    upper = rows.head(1).with_columns(pl.col("customer_id").str.to_uppercase())
    return pl.concat([rows, upper, rows.head(50)])


@pytest.fixture
def no_copies(monkeypatch):
    """Fail if a table is copied out of its engine."""

    def refuse(source, names):
        raise AssertionError("the table was copied")

    monkeypatch.setattr("clvmodels.frames.opening.spool", refuse)


def without_logarithms(profile):
    """Return a profile as plain values; engines round logarithms differently, on which the regularity depends."""
    plain = profile.to_dict()
    regularity = plain.pop("regularity")
    assert regularity["k"] == pytest.approx(1, abs=0.5)
    findings = [finding for finding in plain.pop("findings") if "regularity" not in finding["code"]]
    for model in plain["models"]:
        model.pop("why")
    return plain, findings, regularity["k"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{}, {"observation_end": "1998-01-31", "acquired_after": "1997-02-01", "time_unit": "week"}]
)
def test_a_profile_is_equal_to_the_last_bit(log, computing_engine, held_in, no_copies, options, caplog):
    table = held_in(log, computing_engine)
    with caplog.at_level(logging.INFO, logger="clvmodels.engine"):
        actual = without_logarithms(clv.profile(table, **OPTIONS, **options))
    expected = without_logarithms(clv.profile(log, **OPTIONS, **options))
    assert actual[:2] == expected[:2]
    assert actual[2] == pytest.approx(expected[2], rel=1e-9)
    fetched = [int(record.getMessage().split(" ")[1].replace(",", "")) for record in caplog.records]
    assert len(fetched) >= 5  # customers, days, gaps and amounts; never a row of the log
    assert max(fetched) <= log["customer_id"].n_unique() + 1


@pytest.mark.acceptance
@pytest.mark.slow
def test_a_backtest_is_equal_to_the_last_bit(log, computing_engine, held_in, no_copies):
    table = held_in(log, computing_engine)
    options = {**OPTIONS, "time_unit": "week", "horizons": "13 weeks", "cutoffs": 2, "draws": 20}
    options["boosted_trees"] = False
    models, spend = [clv.BGNBD()], clv.GammaGamma()
    actual, expected = clv.backtest(table, models, spend, **options), clv.backtest(log, models, spend, **options)
    for name in [*expected.tables(), "customers"]:
        ours, theirs = (getattr(each, name).drop(columns="seconds", errors="ignore") for each in (actual, expected))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True, obj=name)


@pytest.mark.slow
def test_intertimes_and_histories_are_equal_to_the_last_bit(log, held_in, no_copies):
    table = held_in(log, "duckdb")
    options = {**OPTIONS, "observation_end": "1997-12-31"}
    actual, expected = (clv.rfm_summary(each, intertimes=True, **options) for each in (table, log))
    assert_array_equal(actual.sum_log_intertimes, expected.sum_log_intertimes)
    actual, expected = (clv.KnownHistory.from_log(each, **options) for each in (table, log))
    assert_array_equal(actual.past_spend, expected.past_spend)
    assert_array_equal(actual.repeated(9_900, 10_000, spent=True), expected.repeated(9_900, 10_000, spent=True))
    assert np.sum(actual.past_spend) > 0


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["spark", "databricks", "bigquery", "snowflake", "postgres"])
def test_the_queries_of_every_dialect_have_the_same_rows(log, dialect):
    connection = duckdb.connect()
    connection.register("orders", log.to_arrow())
    columns = {"customer_id": "customer_id", "date": "date", "amount": "amount"}
    types = {"customer_id": "text", "date": "date", "amount": "number"}

    def rows(name, make):
        query = make(frames.LogQuery(frames.dialect_named(name), "orders", columns, types, Clock(), ("guest",)))
        text = query.text()
        if name != "duckdb":
            text = sqlglot.transpile(text, read=name, write="duckdb")[0].replace("TRY_SUM", "SUM")
        return connection.sql(text).pl().select(list(query.types)).sort(pl.all())

    end = Clock().last_tick("1998-01-31")
    for make in (
        frames.purchase_rows,
        frames.rows_of_ids,
        lambda query: frames.observed_customers(query, end, 90),
        lambda query: frames.day_counts(query, end, 9_900),
        lambda query: frames.gap_counts(query, end, 9_900),
        lambda query: frames.amount_counts(query, end, None),
    ):
        expected = rows("duckdb", make)
        assert len(expected) > 100
        assert rows(dialect, make).equals(expected)

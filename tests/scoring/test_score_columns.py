"""One record per column of the score table: schema, rows, totals, comments and data dictionary agree."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from clvmodels.cli import app
from clvmodels.scoring.config.job import job_from
from clvmodels.scoring.config.sections import PredictionSettings
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.gates.run_statistics import StatisticsCollector
from clvmodels.scoring.run import score_table
from clvmodels.scoring.run.decision_columns import columns_of_job
from clvmodels.scoring.run.publishing import PublishedCounts
from clvmodels.scoring.run.score_columns import KnownCustomers, RunStamp, ScoreColumn
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.table_columns import column_comments, data_dictionary, schema

PREDICTIONS = PredictionSettings(horizons=["90 days", "1.5 years"], interval=0.8, draws=20)
STAMP = RunStamp("1" * 16, "1997-09-30", 0)


@pytest.fixture(scope="module")
def customers(fitted_to):
    return KnownCustomers(fitted_to, np.ones(len(fitted_to), dtype=bool))


@pytest.fixture(scope="module")
def columns(customers):
    return score_table.columns_of(customers, True, PREDICTIONS)


@pytest.fixture(scope="module")
def rows(fitted, customers, columns):
    return score_table.score(fitted, customers, PREDICTIONS, STAMP, columns)


def totals_of(rows, columns, rfm):
    counts = PublishedCounts()
    counts.add(rows, columns, StatisticsCollector.of(rfm))
    return counts.totals


def test_names_order_and_types_are_those_of_earlier_releases(columns):
    ends = ("", "_lower", "_upper")
    predicted = [
        f"{quantity}_{suffix}{end}"
        for suffix in ("90_days", "1p5_years")
        for quantity in ("expected_purchases", "lifetime_value")
        for end in ends
    ]
    expected = {
        "customer_id": pa.int64(),
        "frequency": pa.int64(),
        **dict.fromkeys(["recency", "T", "monetary_value", "probability_alive", *predicted], pa.float64()),
        "new_since_fit": pa.bool_(),
        "not_yet_bought": pa.bool_(),
        "reason": pa.string(),
        "as_of": pa.date32(),
        "run_id": pa.string(),
        "model_version": pa.string(),  # new in 0.2
        "schema_version": pa.int64(),
    }
    assert schema(columns) == pa.schema(expected)


@pytest.mark.slow
def test_rows_have_the_schema_and_no_missing_predictions(rows, columns, fitted_to):
    assert rows.schema == schema(columns)
    assert len(rows) == len(fitted_to)
    assert rows["reason"].null_count == len(rows)
    assert all(rows[column.name].null_count == 0 for column in columns if column.additive)


@pytest.mark.slow
def test_only_additive_columns_are_added_up(rows, columns, fitted_to):
    totals = totals_of(rows, columns, fitted_to)
    assert list(totals) == [
        "probability_alive",
        "expected_purchases_90_days",
        "lifetime_value_90_days",
        "expected_purchases_1p5_years",
        "lifetime_value_1p5_years",
    ]
    assert totals["lifetime_value_90_days"] == pytest.approx(np.sum(rows["lifetime_value_90_days"].to_numpy()))


@pytest.mark.slow
def test_a_new_column_is_one_record(fitted, customers, columns, fitted_to):
    """A column with the name of a total is not added up unless its record says so."""
    tier = ScoreColumn(
        "lifetime_value_tier",
        pa.int64(),
        "",
        "Tier of the value, 1 is the highest.",
        False,
        lambda block: np.where(block.predictions["90 days"]["lifetime_value"] > 20, 1, 2),
    )
    rows = score_table.score(fitted, customers, PREDICTIONS, STAMP, (*columns, tier))
    assert set(rows["lifetime_value_tier"].to_pylist()) == {1, 2}
    assert "lifetime_value_tier" not in totals_of(rows, (*columns, tier), fitted_to)
    assert column_comments((*columns, tier))["lifetime_value_tier"] == "Tier of the value, 1 is the highest."
    assert "| `lifetime_value_tier` | int64 |" in data_dictionary((*columns, tier))


@pytest.mark.slow
def test_intervals_of_totals_are_named_as_the_columns(fitted, fitted_to, columns):
    few = fitted_to[:200]
    intervals = score_table.intervals_of_totals(fitted, few, PREDICTIONS, 0.8)
    assert set(intervals) == {column.name for column in columns if column.additive} - {"probability_alive"}
    assert all(lower < upper for lower, upper in intervals.values())
    near, far = (PREDICTIONS.model_copy(update={"horizons": [each]}) for each in ("90 days", "5 years"))
    codes = [[finding.code for finding in score_table.findings_of_totals(fitted, each)] for each in (near, far)]
    assert codes == [["total-interval-other-shops"], ["total-interval-not-tested"]]
    only_model = near.model_copy(update={"total_interval": "model"})
    assert score_table.findings_of_totals(fitted, only_model) == ()


def test_every_column_is_described(columns):
    for column in columns:
        assert column.description.endswith(".")
        assert set(column.to_dict()) == {"name", "dtype", "unit", "description", "additive"}
    comments = column_comments(columns)
    assert comments["expected_purchases_90_days"] == "Purchases expected in the 90 days after as_of. Unit: purchases."


def test_a_job_without_money_has_no_columns_of_money():
    job = job_from({"source": {"path": "orders.csv"}, "clock": {"time_unit": "week"}})
    units = {column.name: column.unit for column in columns_of_job(job)}
    assert not {name for name in units if "value" in name}
    assert units["T"] == "weeks"


@pytest.mark.slow
@pytest.mark.parametrize("store", ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_databases_get_the_descriptions_as_comments(store, tmp_path, request, rows, columns):
    if store == "duckdb":
        place = place_of(SinkSettings(store="duckdb", path=tmp_path / "scores.duckdb"), "")
    else:
        place = place_of(
            SinkSettings(store="postgres", uri_variable="X", table="commented"), request.getfixturevalue("database")
        )
    comments = column_comments(columns) | {"reason": 'It\'s "why".'}
    stage = place.stage(STAMP.run_id, rows.schema, comments)
    stage.write(rows)
    assert stage.count() == len(rows)
    stage.publish()
    stage.discard()
    assert read_comments(place, store) == comments


def read_comments(place, store):
    if store == "duckdb":
        with place.connected(place.path, read_only=True) as connection:
            return dict(
                connection.execute("SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal").fetchall()
            )
    connection = place.connect()
    statement = (
        "SELECT a.attname::text, col_description(a.attrelid, a.attnum) FROM pg_attribute a "
        "WHERE a.attrelid = 'commented'::regclass AND a.attnum > 0"
    )
    try:
        return dict(place.rows(connection, statement))
    finally:
        connection.close()


def run(*words):
    done = CliRunner().invoke(app, ["columns", *words], env={"COLUMNS": "60"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_the_command_line_prints_the_data_dictionary(tmp_path):
    job = tmp_path / "job.toml"
    job.write_text(
        '[source]\npath = "orders.csv"\n[columns]\namount = "amount"\n[predictions]\n'
        'horizons = ["90 days"]\nmargin = 0.35\n'
    )
    expected = columns_of_job(
        job_from(
            {
                "source": {"path": "x.csv"},
                "columns": {"amount": "amount"},
                "predictions": {"horizons": ["90 days"], "margin": 0.35},
            }
        )
    )
    assert json.loads(run("--job", str(job), "--format", "json")) == [column.to_dict() for column in expected]
    printed = run("--job", str(job))
    assert printed.rstrip("\n") == data_dictionary(expected)
    assert "margin of 35%" in printed
    assert "`lifetime_value_12_months`" in run()


@pytest.mark.slow
def test_an_unknown_format_is_refused():
    done = CliRunner().invoke(app, ["columns", "--format", "xml"])
    assert "'xml' is not one of markdown, json" in str(done.exception)

"""The dbt package of the guide gives the scores of `score_in_engine`: rendered here, and run where dbt is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import ibis
import jinja2
import numpy as np
import polars as pl
import pytest

import clvmodels as clv

PACKAGE = Path(clv.__file__).resolve().parent / "guide" / "examples" / "dbt"
END, RATE, MARGIN = "1997-09-30", 0.10, 0.35
OPTIONS = {"amount": "amount", "observation_end": END}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A database with orders and states, the model, and the scores that are expected."""
    path = tmp_path_factory.mktemp("dbt") / "shop.duckdb"
    log = pl.DataFrame(clv.datasets.load_cdnow(sample=True)).with_columns(pl.col("date").cast(pl.String).str.to_date())
    with duckdb.connect(str(path)) as connection:
        connection.register("given", log.to_arrow())
        connection.execute("CREATE TABLE orders AS SELECT * FROM given")
        orders = connection.table("orders")
        counts = clv.fit_counts(orders, time_unit="week", **OPTIONS)
        model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(counts)
        states = model.states(counts, "39 weeks", annual_discount_rate=RATE)
        connection.register("made", states.to_arrow())
        connection.execute("CREATE TABLE clv_states AS SELECT * FROM made")
        scores = clv.score_in_engine(orders, model, "39 weeks", annual_discount_rate=RATE, margin=MARGIN, **OPTIONS)
        expected = pl.DataFrame(scores.to_arrow_table()).sort("customer_id")
    return path, model, expected


def same_scores(actual, expected):
    actual = actual.sort("customer_id")
    names = [name for name in actual.columns if name in expected.columns]
    assert names == list(actual.columns)
    for name in names:
        np.testing.assert_allclose(actual[name].to_numpy(), expected[name].to_numpy(), rtol=1e-12, err_msg=name)


@pytest.mark.slow
def test_its_macros_give_the_scores(warehouse):
    path, model, expected = warehouse
    calls = {"datediff": lambda first, last, part: f"date_diff('{part}', {first}, {last})"}
    variables = {"clv_observation_end": END, "clv_days_per_unit": 7, "clv_horizons": ["39_weeks"], "clv_margin": MARGIN}
    variables |= {"clv_customer_id": "customer_id", "clv_date": "date", "clv_amount": "amount"}
    variables["clv_spend"] = model.spend.parameters_
    names = {"dbt": calls, "var": variables.__getitem__, "source": lambda _, table: table}
    macros = "".join((PACKAGE / "macros" / f"{name}.sql").read_text() for name in ("clv_customers", "clv_scores"))
    text = macros + (PACKAGE / "models" / "clv_scores.sql").read_text()
    query = jinja2.Environment(autoescape=False).from_string(text)  # noqa: S701  # SQL, not a page
    with duckdb.connect(str(path)) as connection:
        same_scores(pl.DataFrame(connection.sql(query.render(**names)).to_arrow_table()), expected)


def build(folder, model, connection, **variables):
    """Let dbt build and test a copy of the package in a database; return its exit code and what it printed."""
    dbt = os.environ.get("CLV_DBT") or shutil.which("dbt")
    if dbt is None:
        pytest.skip("dbt is not installed: its pins are its own, so it needs an environment of its own (make dbt)")
    shutil.copytree(PACKAGE, folder / "clv", dirs_exist_ok=True)
    profile = {"clv": {"target": "here", "outputs": {"here": connection}}}
    (folder / "profiles.yml").write_text(json.dumps(profile))
    variables |= {"clv_spend": model.spend.parameters_, "clv_margin": MARGIN}
    words = [dbt, "build", "--project-dir", "clv", "--profiles-dir", ".", "--vars", json.dumps(variables)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def run(backend, statement):
    """Run a statement in PostgreSQL, and commit it."""
    with backend.con.cursor() as cursor:
        cursor.execute(statement)
    backend.con.commit()


@pytest.mark.slow
@pytest.mark.dbt
def test_dbt_builds_and_tests_it_in_postgres(warehouse, tmp_path, database):
    path, model, expected = warehouse
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = {name: pl.DataFrame(connection.table(name).to_arrow_table()) for name in ("orders", "clv_states")}
    backend = ibis.connect(database)
    drop = f"DROP TABLE IF EXISTS {', '.join([*tables, 'clv_scores'])}"
    run(backend, drop)
    for name, table in tables.items():
        backend.create_table(name, table.to_arrow())
    address = urlsplit(database)
    here = {"type": "postgres", "host": parse_qs(address.query)["host"][0], "port": 5432, "threads": 1}
    here |= {"user": address.username, "password": address.password, "dbname": address.path[1:], "schema": "public"}
    try:
        code, output = build(tmp_path, model, here, clv_orders_schema="public")
        assert code == 0, output
        scores = backend.table("clv_scores").cast({"recency": "float64", "T": "float64"})
        same_scores(pl.DataFrame(scores.to_pyarrow()), expected)
        # A customer who came after the states were counted has none, which a test of the package finds.
        run(backend, "INSERT INTO orders SELECT 999999, DATE '1997-01-01' + i, 1 FROM generate_series(0, 90) AS i")
        code, output = build(tmp_path, model, here, clv_orders_schema="public")
        assert code == 1
        assert "not_null_clv_scores_probability_alive" in output
    finally:
        run(backend, drop)
        backend.disconnect()


@pytest.mark.slow
@pytest.mark.dbt
def test_dbt_builds_and_tests_it(warehouse, tmp_path):
    path, model, expected = warehouse
    code, output = build(tmp_path, model, {"type": "duckdb", "path": str(path)})
    assert code == 0, output
    with duckdb.connect(str(path), read_only=True) as connection:
        same_scores(pl.DataFrame(connection.sql("SELECT * FROM clv_scores").to_arrow_table()), expected)

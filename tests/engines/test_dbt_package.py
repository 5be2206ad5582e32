"""The dbt package of the guide gives the scores of `score_in_engine`: rendered here, and run where dbt is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
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


@pytest.mark.slow
def test_dbt_builds_and_tests_it(warehouse, tmp_path):
    dbt = os.environ.get("CLV_DBT") or shutil.which("dbt")
    if dbt is None:
        pytest.skip("dbt is not installed: its pins are its own, so it needs an environment of its own (CLV_DBT)")
    path, model, expected = warehouse
    shutil.copytree(PACKAGE, tmp_path / "clv")
    profile = {"clv": {"target": "here", "outputs": {"here": {"type": "duckdb", "path": str(path)}}}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profile))
    variables = {"clv_spend": model.spend.parameters_, "clv_margin": MARGIN}
    words = [dbt, "build", "--project-dir", "clv", "--profiles-dir", ".", "--vars", json.dumps(variables)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(path), read_only=True) as connection:
        same_scores(pl.DataFrame(connection.sql("SELECT * FROM clv_scores").to_arrow_table()), expected)

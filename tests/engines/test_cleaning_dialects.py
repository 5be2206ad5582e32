"""The queries that clean a log, written for warehouses: their text is the one that was read, and DuckDB runs it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
import sqlglot
from polars.testing import assert_frame_equal

import clvmodels as clv
from clvmodels import frames
from clvmodels.cleaning.in_engine.reading import read_items
from clvmodels.cleaning.ledger_rules import SET_ASIDE_RULES
from clvmodels.cleaning.rules import LogToClean
from clvmodels.frames.engines.dialects import DIALECTS

ROLES = ("customer_id", "date", "order_id", "quantity", "price", "product", "status", "test", "discount")
RULES = clv.CleaningRules(non_products=["POST", "it's"], internal_customers=["k7"], refund_prefix="C")
WEEK = 7 * 24
ELSEWHERE = ("own_customers", "own_orders_of_them", "own_rows_of_them")  # tables of what is cleaned on this machine
KINDS = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}


@pytest.fixture(scope="module")
def connection():
    """A connection with line items in its table `orders`, and empty tables for customers cleaned elsewhere."""
    g = np.random.default_rng(5)
    rows = 400
    orders = g.integers(0, 200, rows)
    begin = dt.datetime(2024, 1, 1)
    log = pl.DataFrame(
        {
            "customer_id": [f" k{number % 60}" for number in orders],
            "date": [begin + dt.timedelta(seconds=int(each)) for each in g.integers(0, 200 * 86_400, rows)],
            "order_id": [f"{'C' if number % 9 == 0 else ''}{number}" for number in orders],
            "quantity": g.integers(-1, 5, rows),
            "price": np.round(g.lognormal(2, 1, rows), 2),
            "product": g.choice(["A", "POST", "it's"], rows).tolist(),
            "status": g.choice(["paid", "cancelled", None], rows).tolist(),
            "test": g.choice([True, False, None], rows, p=[0.1, 0.8, 0.1]).tolist(),
            "discount": g.choice([0.0, 0.25], rows),
            "note": g.choice(["x", "y"], rows).tolist(),
        }
    )
    connection = duckdb.connect()
    connection.register("given", pl.concat([log, log.head(20)]).to_arrow())
    connection.execute("CREATE TABLE orders AS SELECT * FROM given")
    return connection


@pytest.fixture(scope="module")
def items(connection):
    roles = {role: role for role in ROLES}
    rules, words = replace(RULES, discounts="share"), ["guest", "it's"]
    read = read_items(LogToClean(connection.table("orders"), roles, rules, missing_ids=words))
    assert read is not None
    kinds = read.query.output_types
    customers, orders, rows = ELSEWHERE
    connection.execute(f"CREATE TABLE {customers} (customer_id VARCHAR)")
    connection.execute(
        f"CREATE TABLE {orders} (customer_id VARCHAR, order_id VARCHAR, date TIMESTAMP, whole BIGINT, micro BIGINT)"
    )
    columns = ", ".join(f"{role} {KINDS[kinds[role]]}" for role in ROLES)
    connection.execute(f"CREATE TABLE {rows} ({columns}, reason VARCHAR)")
    return read


def queries(items, dialect):
    """Return every query of cleaning in a dialect, by name."""
    log = replace(items.query, dialect=DIALECTS[dialect], source="orders")
    orders = frames.OrdersQuery(log, items.rules, WEEK, *ELSEWHERE)
    return {
        "transactions": orders.transactions(100.0, flag=True, winsorize=True),
        "set_aside": orders.set_aside(dict(enumerate(SET_ASIDE_RULES))),
        "ledger": orders.sums(),
        "rows_elsewhere": orders.rows_elsewhere(),
        "merged": orders.merged(),
        "median": orders.median(9),
        "outliers": orders.outliers(20.0),
        "counts": orders.all_counts(),
        "ids": orders.ids(),
        "first_row": orders.first_row(items.rules.positions["void"], ROLES),
        "first_merged": orders.first_merged(),
        "first_outlier": orders.first_outlier(20.0, above=True),
        "check": log.check_items(items.rules, 0, 10**6),
        "statuses": log.statuses(items.rules),
        "discounts": log.discounts(),
        "discount_sums": log.discount_sums(items.rules),
        "shortened": log.shortened_ids(items.rules, "order_id", 10),
        "doubtful_orders": frames.doubtful_orders(log, items.rules, states=True),
        "repeated_amounts": frames.repeated_amounts(log, items.rules),
        "values": frames.values_of_sales(log, items.rules, "product"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake"])
def test_the_sql_that_cleans_in_warehouses_is_the_one_that_was_read(items, dialect):
    made = queries(items, dialect)
    text = "\n\n".join(f"-- {name}\n{made[name].text(pretty=True)};" for name in ("transactions", "set_aside"))
    path = Path(__file__).with_name(f"cleaning_{dialect}.sql")
    assert text == path.read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name not in ("duckdb", "sqlite")])  # which Ibis runs
def test_the_sql_of_every_dialect_cleans_as_that_of_duckdb(connection, items, dialect):
    expected = queries(items, "duckdb")
    for name, query in queries(items, dialect).items():
        back = sqlglot.transpile(query.text(), read=dialect, write="duckdb")[0]
        back = back.replace("TRY_SUM", "SUM")  # DuckDB's sums do not overflow
        actual, right = connection.sql(back).pl(), connection.sql(expected[name].text()).pl()
        assert_frame_equal(actual.cast(dict(right.schema)), right, check_row_order=False, check_exact=True)
        assert len(right) or name == "shortened"

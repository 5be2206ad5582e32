"""A log cleaned in its engine has the ledger, the orders and the rows set aside of the same log in memory."""

from __future__ import annotations

import datetime as dt
import logging

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import clvmodels as clv
from clvmodels.errors import InvalidTransactions

COLUMNS = {
    "customer_id": "who",
    "date": "at time",
    "order_id": "order no",
    "quantity": "pieces",
    "price": "price",
    "product": "code",
    "status": "state",
    "test": "trial",
    "discount": "off",
}
RULES = {"count_statuses": ["Zugestellt"], "non_products": ["POST"], "internal_customers": ["k7"], "refund_prefix": "C"}


@pytest.fixture(scope="module")
def log():
    """Line items with blanks around ids, words for nobody, a total, refunds, statuses, tests, discounts, duplicates."""
    generator = np.random.default_rng(24)
    orders = 900
    lines = generator.integers(1, 5, orders)
    order = np.repeat(np.arange(orders), lines)
    rows = len(order)
    customer, state, trial = (
        np.repeat(values, lines)
        for values in (
            generator.integers(0, 300, orders),
            generator.choice(["Paid", "cancelled", "Zugestellt", None], orders, p=[0.8, 0.1, 0.05, 0.05]),
            generator.choice(["no", "YES "], orders, p=[0.97, 0.03]),
        )
    )
    begin = dt.datetime(2023, 1, 1)
    seconds = np.repeat(generator.integers(0, 500 * 86_400, orders), lines) + generator.integers(0, 600, rows)
    blanks = np.array(["", " ", "\t"])[generator.integers(0, 3, rows)]
    frame = pl.DataFrame(
        {
            "who": [f"{blank}k{number}{blank}" for number, blank in zip(customer, blanks, strict=True)],
            "at time": [begin + dt.timedelta(seconds=int(second)) for second in seconds],
            "order no": [f"{number}" for number in order],
            "pieces": generator.integers(1, 6, rows),
            "price": np.round(generator.lognormal(2, 1.5, rows), 2),
            "code": generator.choice(["A", "B1", "POST", "C"], rows, p=[0.4, 0.3, 0.1, 0.2]),
            "state": state.tolist(),
            "trial": trial.tolist(),
            "off": generator.choice([0.0, 0.1, 0.25], rows, p=[0.8, 0.1, 0.1]),
            "note": generator.choice(["x", None], rows).tolist(),
        }
    )
    frame = frame.with_columns(
        pl.when(pl.int_range(rows) % 40 == 3).then(0.0).otherwise("price").alias("price"),
        pl.when(pl.int_range(rows) % 50 == 7).then(None).otherwise("pieces").alias("pieces"),
    )
    guests = frame.head(30).with_columns(who=pl.lit("Guest"), **{"order no": pl.format("g{}", pl.int_range(30))})
    total = frame.head(1).with_columns(who=pl.lit("Total"), **{"order no": pl.lit(None, pl.String)})
    some = frame.filter(pl.int_range(rows) % 60 == 11)
    refunds = some.with_columns(-pl.col("pieces"), pl.format("C{}", "order no").alias("order no"))
    huge = frame.head(2).with_columns(price=99_999.99, state=pl.lit("Paid"), trial=pl.lit("no"))
    again = frame.filter(pl.int_range(rows) % 150 == 5).with_columns(pl.col("at time") + dt.timedelta(days=20))
    return pl.concat([frame, frame.head(60), guests, total, refunds, huge, again])


@pytest.fixture
def no_copies(monkeypatch):
    """Fail if a table is copied out of its engine."""

    def refuse(source, names):
        raise AssertionError("the table was copied")

    monkeypatch.setattr("clvmodels.frames.opening.spool", refuse)


def rows_of(table):
    """Return the rows of a table of any engine, sorted."""
    for name in ("toArrow", "to_pyarrow", "to_arrow_table"):
        if hasattr(table, name):
            frame = pl.DataFrame(getattr(table, name)())
            break
    else:
        frame = pl.DataFrame(table)
    texts = frame.with_columns(pl.col(pl.Datetime).cast(pl.Datetime("us")))
    return texts.sort(pl.all(), nulls_last=True)


def same(actual, expected):
    assert_frame_equal(pl.from_pandas(actual.ledger), pl.from_pandas(expected.ledger), check_exact=True)
    assert actual.entries == expected.entries  # money in millionths
    for name in ("transactions", "set_aside"):
        assert_frame_equal(rows_of(getattr(actual, name)), rows_of(getattr(expected, name)), check_exact=True)
    assert_frame_equal(pl.from_pandas(actual.statuses), pl.from_pandas(expected.statuses))
    codes = [(finding.code, dict(finding.figures)) for finding in actual.findings]
    assert [code for code, _ in codes] == [finding.code for finding in expected.findings]
    for (code, figures), finding in zip(codes, expected.findings, strict=True):
        assert figures == dict(finding.figures), code


@pytest.mark.slow
def test_a_ledger_is_equal_to_the_last_cent(log, computing_engine, held_in, no_copies, caplog):
    table = held_in(log, computing_engine)
    expected = clv.clean(log, **COLUMNS, rules=clv.CleaningRules(**RULES))
    with caplog.at_level(logging.INFO, logger="clvmodels.engine"):
        actual = clv.clean(table, **COLUMNS, rules=clv.CleaningRules(**RULES))
    same(actual, expected)
    applied = expected.ledger.set_index("rule")["rows"]
    for rule in ("no_customer_id", "void_status", "test_order", "no_amount", "internal_account", "non_product"):
        assert applied[rule] > 0, rule
    assert min(applied[["exact_duplicate", "zero_amount", "refund_netted"]]) > 0
    fetched = [record.getMessage() for record in caplog.records if "fetched" in record.getMessage()]
    most = max(int(text.split(" ")[1].replace(",", "")) for text in fetched)
    assert most < len(log) / 2  # the rows of customers with refunds, and one row per customer


OTHERS = {
    "drop refunds": {**RULES, "refunds": "drop", "outliers": "winsorize", "outlier_times": 20.0},
    "keep refunds": {**RULES, "refunds": "keep", "outliers": "keep", "zero_amounts": "keep"},
    "split orders": {**RULES, "orders": "split", "duplicates": "keep", "test_orders": "count"},
    "pattern": {"count_statuses": ["Zugestellt"], "non_product_pattern": "^P", "refund_prefix": "C"},
    "percent": {**RULES, "discounts": "percent", "unknown_statuses": "void", "duplicates": "drop"},
}


@pytest.mark.slow
def test_a_log_of_days_in_which_no_customer_is_cleaned_here(computing_engine, held_in, no_copies):
    log = pl.from_pandas(clv.datasets.load_cdnow(sample=True).head(500))
    log = log.select("customer_id", pl.col("date").str.to_date(), "amount")
    same(clv.clean(held_in(log, computing_engine), amount="amount"), clv.clean(log, amount="amount"))


@pytest.mark.slow
@pytest.mark.parametrize("rules", OTHERS.values(), ids=OTHERS)
def test_every_rule_is_that_of_polars(log, held_in, no_copies, rules):
    rules = clv.CleaningRules(**rules)
    same(clv.clean(held_in(log, "duckdb"), **COLUMNS, rules=rules), clv.clean(log, **COLUMNS, rules=rules))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"until": "2023-08-31"}, {"amount": "price"}])
def test_a_log_without_orders_and_a_log_until_a_day(log, held_in, no_copies, options):
    named = {"customer_id": "who", "date": "at time", "status": "state", **options}
    rules = clv.CleaningRules(count_statuses=["Zugestellt"])
    frame = log.drop("trial", "order no").filter(pl.col("pieces").is_null() | (pl.col("pieces") > 0))
    same(clv.clean(held_in(frame, "duckdb"), **named, rules=rules), clv.clean(frame, **named, rules=rules))


@pytest.mark.slow
def test_a_fault_is_that_of_the_log_in_memory(log, held_in, caplog):
    broken = log.with_columns(
        pl.when(pl.int_range(pl.len()) == 5).then(pl.lit("wobbly")).otherwise("state").alias("state")
    )
    messages = []
    for table in (broken, held_in(broken, "duckdb")):
        with caplog.at_level(logging.INFO, logger="clvmodels.engine"), pytest.raises(InvalidTransactions) as error:
            clv.clean(table, **COLUMNS, rules=clv.CleaningRules(**RULES))
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert "cleaned there: statuses whose meaning is not known" in caplog.text


@pytest.mark.slow
def test_a_column_of_true_and_false_marks_tests_and_copies_nothing(log, computing_engine, held_in, no_copies):
    frame = log.with_columns(
        trial=pl.col("trial").str.strip_chars() == "YES", gift=pl.int_range(pl.len()) % 7 == 0
    ).with_columns(trial=pl.when(pl.int_range(pl.len()) % 90 != 8).then("trial"))
    expected = clv.clean(frame, **COLUMNS, rules=clv.CleaningRules(**RULES))
    actual = clv.clean(held_in(frame, computing_engine), **COLUMNS, rules=clv.CleaningRules(**RULES))
    same(actual, expected)
    assert expected.ledger.set_index("rule")["rows"]["test_order"] > 0

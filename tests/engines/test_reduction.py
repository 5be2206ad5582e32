"""A log reduced in its engine has the RFM and the holdout of the same log in memory, to the last bit."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

import clvmodels as clv
from clvmodels.errors import InvalidTransactions
from clvmodels.frames import databases

SPARKS = ("spark", "spark connect")  # their sessions are in New York
HOLDOUT = ("purchases", "spend", "past_spend", "activity", "new_customers", "new_purchases", "new_spend")


@pytest.fixture(scope="module")
def messy():
    """A log with ids that differ by blanks, words for nobody, equal days, cents that floats do not have, and hours."""
    generator = np.random.default_rng(3)
    rows = 4_000
    ids = generator.integers(0, 400, rows)
    blanks = np.array(["", " ", "\t", "\u3000"])[generator.integers(0, 4, rows)]
    texts = [f"{blank}k{number}{blank}" for number, blank in zip(ids, blanks, strict=True)]
    texts[:3] = ["guest", " ", "INVITÉ"]
    seconds = generator.integers(0, 700 * 86_400, rows)
    return pl.DataFrame(
        {
            "who": texts,
            "at time": [dt.datetime(1969, 3, 1) + dt.timedelta(seconds=int(second)) for second in seconds],
            "the sum": np.round(generator.lognormal(3, 2, rows), 2),
        }
    )


def same_rfm(actual, expected):
    assert actual.customer_id.to_list() == expected.customer_id.to_list()
    for name in ("frequency", "recency", "T", "monetary_value", "monetary_count"):
        assert_array_equal(getattr(actual, name), getattr(expected, name), err_msg=name)
    assert actual.clock == expected.clock
    for name in ("observation_end", "rows_after_end", "rows_without_id", "acquired_after", "older_customers"):
        assert getattr(actual, name) == getattr(expected, name), name


@pytest.fixture
def no_copies(monkeypatch):
    """Fail if a table is copied out of its engine."""

    def refuse(source, names):
        raise AssertionError("the table was copied")

    monkeypatch.setattr("clvmodels.frames.opening.spool", refuse)
    assert databases.spool is not refuse


@pytest.fixture
def process_in():
    """Return a function that sets the zone of this process, until the test ends."""

    def set_zone(zone):
        patch.setenv("TZ", zone)
        time.tzset()

    with pytest.MonkeyPatch.context() as patch:
        yield set_zone
    time.tzset()


MESSY = {"customer_id": "who", "date": "at time", "amount": "the sum", "on_missing_id": "drop"}


@pytest.mark.slow
def test_an_rfm_and_a_holdout_are_equal_to_the_last_bit(messy, computing_engine, held_in, no_copies):
    table = held_in(messy, computing_engine)
    options = {**MESSY, "time_unit": "week", "observation_end": "1970-06-30", "acquired_after": "1969-04-01"}
    same_rfm(clv.rfm_summary(table, **options), clv.rfm_summary(messy, **options))
    options = {**MESSY, "calibration_end": "1970-03-31", "holdout_end": "1970-09-30", "include_first_transaction": True}
    actual, expected = clv.holdout_split(table, **options), clv.holdout_split(messy, **options)
    same_rfm(actual.calibration, expected.calibration)
    for name in HOLDOUT:
        assert_array_equal(getattr(actual, name), getattr(expected, name), err_msg=name)
    assert actual.findings == expected.findings


@pytest.mark.slow
@pytest.mark.parametrize("period", ["hour", "week", "month", "year"])
@pytest.mark.parametrize("engine", ["duckdb", "ibis sqlite", pytest.param("ibis postgres", marks=pytest.mark.postgres)])
def test_every_merge_period_is_that_of_the_clock(messy, engine, held_in, period, no_copies):
    table = held_in(messy, engine)
    unit = "day" if period == "hour" else period
    options = {**MESSY, "time_unit": unit, "merge_within": period}
    same_rfm(clv.rfm_summary(table, **options), clv.rfm_summary(messy, **options))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", *(pytest.param(name, marks=pytest.mark.spark) for name in SPARKS)])
@pytest.mark.parametrize(("zone", "process_zone"), [("Asia/Tokyo", "UTC"), ("Pacific/Apia", "Asia/Kathmandu")])
def test_the_calendar_of_instants_is_that_of_the_named_zone(
    messy, engine, zone, process_zone, held_in, no_copies, process_in
):
    process_in(process_zone)
    zoned = messy.with_columns(pl.col("at time").dt.replace_time_zone("UTC"))
    table = held_in(zoned, engine)
    options = {**MESSY, "time_zone": zone}
    same_rfm(clv.rfm_summary(table, **options), clv.rfm_summary(zoned, **options))
    with pytest.raises(InvalidTransactions, match="pass it with time_zone="):
        clv.rfm_summary(table, **MESSY)


@pytest.mark.parametrize("engine", ["duckdb", "ibis duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_decimals_and_narrow_integers_are_numbers(engine, held_in, no_copies):
    log = pl.DataFrame(
        {
            "customer_id": [7, 7, 8],
            "date": [dt.date(2024, 1, day) for day in (1, 5, 3)],
            "amount": ["0.10", "0.20", "5.00"],
        }
    ).with_columns(pl.col("customer_id").cast(pl.Int16), pl.col("amount").cast(pl.Decimal(12, 2)))
    options = {"amount": "amount", "include_first_transaction": True}
    same_rfm(clv.rfm_summary(held_in(log, engine), **options), clv.rfm_summary(log, **options))


@pytest.mark.slow
def test_names_may_contain_quotes(held_in, no_copies):
    names = {"customer_id": 'the "who"', "date": "it's `when`"}
    log = pl.DataFrame({names["customer_id"]: [1, 1], names["date"]: [dt.date(2024, 1, 1), dt.date(2024, 1, 9)]})
    same_rfm(clv.rfm_summary(held_in(log, "duckdb"), **names), clv.rfm_summary(log, **names))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", "ibis sqlite", pytest.param("spark", marks=pytest.mark.spark)])
def test_faults_are_those_of_a_log_in_memory(engine, held_in):
    log = pl.DataFrame(
        {
            "customer_id": ["a", None, "b", "1.2E+17"],
            "date": [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(1024, 1, 1), None],
            "amount": [1.0, 2.0, -3.0, 4.0],
        }
    )
    with pytest.raises(InvalidTransactions) as expected:
        clv.rfm_summary(log, amount="amount")
    with pytest.raises(InvalidTransactions) as actual:
        clv.rfm_summary(held_in(log, engine), amount="amount")
    assert str(actual.value) == str(expected.value)


@pytest.mark.slow
def test_of_a_large_log_only_the_first_rows_at_fault_are_fetched(monkeypatch, held_in, no_copies):
    monkeypatch.setattr("clvmodels.transactions.in_engine.reading.COPIED_ROWS", 1)
    days = [dt.date(2024, 1, 1)] * 3
    log = pl.DataFrame({"customer_id": [1, 2, 3], "date": days, "amount": [1.0, -2.0, 3.0]})
    with pytest.raises(
        InvalidTransactions, match=r"1 faults? in 3 rows of the table[\s\S]*negative amount .*-2.0 of customer 2"
    ):
        clv.rfm_summary(held_in(log, "duckdb"), amount="amount")


def test_a_placeholder_id_is_refused_in_the_engine(held_in, no_copies):
    days = [dt.date(2024, 1, 1 + i % 20) for i in range(40)]
    log = pl.DataFrame({"customer_id": [0] * 30 + list(range(1, 11)), "date": days})
    with pytest.raises(InvalidTransactions, match="30 of 40 rows have the customer id 0"):
        clv.rfm_summary(held_in(log, "duckdb"))


@pytest.mark.slow
def test_several_currencies_are_refused_in_the_engine(held_in, no_copies):
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]
    log = pl.DataFrame({"customer_id": [1, 2], "date": days, "amount": [1.0, 2.0], "currency": ["EUR", "usd "]})
    with pytest.raises(InvalidTransactions, match=r"has 2 currencies: EUR \(1 rows\), USD \(1 rows\)"):
        clv.rfm_summary(held_in(log, "duckdb"), amount="amount")


def test_a_table_that_changes_between_two_queries_is_refused(held_in, monkeypatch):
    from clvmodels.transactions.in_engine import reading

    log = pl.DataFrame({"customer_id": [1, 2], "date": [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]})
    table = held_in(log, "duckdb")
    check = reading.read_in_engine

    def check_and_change(*arguments):
        checked = check(*arguments)
        table.query("orders", "INSERT INTO main.orders VALUES (3, DATE '2024-01-02')")
        return checked

    monkeypatch.setattr("clvmodels.transactions.summary.read_in_engine", check_and_change)
    with pytest.raises(InvalidTransactions, match="The table changed while it was read: 2 rows at first, 3 later"):
        clv.rfm_summary(table)

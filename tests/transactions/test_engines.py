"""Every engine gives the same results: by hand, across zones and clock changes, and up to the last day."""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
import pickle
import subprocess
import sys
from zoneinfo import ZoneInfo

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

import clvmodels as clv
from clvmodels.errors import InvalidOption, InvalidTransactions

# Anna buys on 1, 15 and 29 January and on 5 February; the 15th holds two rows, in the evening of the 29th another.
# Ben buys on 8 January and on 12 February, Cleo on the last day of the calibration alone, Dan after it.
LOG = pl.DataFrame(
    [
        ("Dan", "2024-02-01 12:00:00", 9.0),
        ("Anna", "2024-01-15 18:30:00", 12.5),
        ("Anna", "2024-01-01 09:00:00", 10.0),
        ("Cleo", "2024-01-29 23:59:59", 4.0),
        ("Anna", "2024-01-29 23:59:59", 8.0),
        ("Ben", "2024-02-12 23:59:59", 6.0),
        ("Ben", "2024-01-08 00:00:00", 5.0),
        ("Anna", "2024-02-05 00:00:00", 30.0),
        ("Anna", "2024-01-15 07:00:00", 7.5),
    ],
    schema=["customer_id", "date", "amount"],
    orient="row",
)
CUT, LAST = "2024-01-29", "2024-02-12"
KINDS = {"pandas": pd.DataFrame, "pyarrow": pa.Table, "duckdb": duckdb.DuckDBPyRelation, "ibis": ibis.Table}


def with_dates(dtype):
    return LOG.with_columns(pl.col("date").str.to_datetime().cast(dtype))


def sorted_rows(frame):
    """Return the rows of any frame sorted by customer, missing values as None."""
    if isinstance(frame, pd.DataFrame):
        frame = pl.from_pandas(frame)
    elif isinstance(frame, duckdb.DuckDBPyRelation):
        frame = frame.pl()
    elif isinstance(frame, ibis.Table):
        frame = pl.DataFrame(frame.to_pyarrow())
    elif isinstance(frame, pa.Table):
        frame = pl.DataFrame(frame)
    return frame.fill_nan(None).sort("customer_id").rows()


# ---- worked by hand ----------------------------------------------------------------------------------------


def test_a_log_worked_by_hand_has_one_rfm(engine, given_in):
    rfm = clv.rfm_summary(given_in(LOG, engine), amount="amount", time_unit="week", observation_end=CUT)
    assert rfm.customer_id.to_list() == ["Anna", "Ben", "Cleo"]
    assert_array_equal(rfm.frequency, [2, 0, 0])
    assert_array_equal(rfm.recency, [4, 0, 0])
    assert_array_equal(rfm.T, [4, 3, 0])
    assert_array_equal(rfm.monetary_value, [14, np.nan, np.nan])  # (12.5 + 7.5 + 8) / 2
    assert (rfm.observation_end, rfm.rows_after_end) == (CUT, 3)


def test_a_log_worked_by_hand_has_one_holdout(engine, given_in):
    split = clv.holdout_split(given_in(LOG, engine), amount="amount", calibration_end=CUT, holdout_end=LAST)
    assert split.calibration.customer_id.to_list() == ["Anna", "Ben", "Cleo"]
    assert_array_equal(split.purchases, [1, 1, 0])
    assert_array_equal(split.spend, [30, 6, 0])
    assert_array_equal(split.past_spend, [38, 5, 4])
    assert (split.new_customers, split.new_purchases, split.new_spend) == (1, 1, 9)
    assert split.rows_after_end == 0


def test_the_kind_of_frame_is_returned(engine, given_in):
    log = given_in(LOG, engine)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=LAST)
    made = rfm.to_frame()
    assert isinstance(made, KINDS.get(engine.removesuffix(" file"), pl.DataFrame))
    assert list(made.columns if not isinstance(made, pa.Table) else made.column_names)[:4] == [
        "customer_id",
        "frequency",
        "recency",
        "T",
    ]
    assert sorted_rows(made) == [
        ("Anna", 3, 5.0, 6.0, (20 + 8 + 30) / 3, 3),
        ("Ben", 1, 5.0, 5.0, 6.0, 1),
        ("Cleo", 0, 0.0, 2.0, None, 0),
        ("Dan", 0, 0.0, 11 / 7, None, 0),
    ]
    again = clv.RFM.from_frame(made, time_unit="week")
    assert again.customer_id.to_list() == rfm.customer_id.to_list()
    assert_array_equal(again.T, rfm.T)
    assert_array_equal(again.monetary_value, rfm.monetary_value)
    assert type(again.to_frame()) is type(made)


@pytest.mark.slow
def test_predictions_have_the_kind_of_the_log(engine, given_in):
    log = clv.datasets.load_cdnow(sample=True)
    options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    model = clv.BGNBD().fit(clv.rfm_summary(log, **options))
    rfm = clv.rfm_summary(given_in(pl.from_pandas(log), engine), **options)
    predictions = model.expected_purchases(rfm, "39 weeks")
    assert isinstance(predictions, KINDS.get(engine.removesuffix(" file"), pl.DataFrame))
    expected = model.expected_purchases(clv.rfm_summary(log, **options), "39 weeks")
    assert sorted_rows(predictions) == sorted_rows(expected)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("us"), pl.Datetime("ns"), pl.Datetime("ms")])
def test_the_type_of_a_date_makes_no_difference(engine, dtype, given_in):
    log = given_in(with_dates(dtype), engine)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=CUT)
    assert_array_equal(rfm.frequency, [2, 0, 0])
    assert_array_equal(rfm.T, [4, 3, 0])
    assert rfm.rows_after_end == 3


# ---- the last day ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("end", [LAST, dt.date(2024, 2, 12), "2024-02-12T00:00", dt.datetime(2024, 2, 12, 9)])
def test_purchases_on_the_last_day_count_at_any_hour(engine, end, given_in):
    rfm = clv.rfm_summary(given_in(with_dates(pl.Datetime("us")), engine), observation_end=end)
    assert rfm.customer_id.to_list() == ["Anna", "Ben", "Cleo", "Dan"]
    assert_array_equal(rfm.frequency, [3, 1, 0, 0])  # Ben's repeat purchase is of 23:59:59 on that day
    assert_array_equal(rfm.T, [42, 35, 14, 11])
    assert rfm.rows_after_end == 0


# ---- zones -------------------------------------------------------------------------------------------------

# Each moment with its day in New York and in Berlin: across midnight, and on the days whose clocks change there.
MOMENTS = [
    ("2024-01-01T03:00", "2023-12-31", "2024-01-01"),
    ("2024-03-10T04:59", "2024-03-09", "2024-03-10"),  # New York goes on summer time at 07:00 UTC
    ("2024-03-10T06:59", "2024-03-10", "2024-03-10"),
    ("2024-03-11T03:59", "2024-03-10", "2024-03-11"),
    ("2024-03-30T23:30", "2024-03-30", "2024-03-31"),  # Berlin goes on summer time at 01:00 UTC
    ("2024-03-31T22:30", "2024-03-31", "2024-04-01"),
    ("2024-10-27T22:59", "2024-10-27", "2024-10-27"),  # and back
    ("2024-10-27T23:00", "2024-10-27", "2024-10-28"),
    ("2024-11-04T04:59", "2024-11-03", "2024-11-04"),
    ("2024-12-31T23:00", "2024-12-31", "2025-01-01"),
]
ZONES = {"America/New_York": 1, "Europe/Berlin": 2}


def aware(zone="UTC"):
    moments = [dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC) for moment, *_ in MOMENTS]
    return pl.DataFrame({"customer_id": range(len(MOMENTS)), "date": moments}).with_columns(
        pl.col("date").dt.convert_time_zone(zone)
    )


def ages(log, zone):
    """Return the days from the day of each moment to the last of 2025, in a calendar."""
    return clv.rfm_summary(log, time_zone=zone, observation_end="2025-12-31").T.astype(int).tolist()


def expected_ages(zone):
    return [(dt.date(2025, 12, 31) - dt.date.fromisoformat(row[ZONES[zone]])).days for row in MOMENTS]


def test_the_expected_days_are_those_of_zoneinfo():
    for moment, *days in MOMENTS:
        for zone, day in zip(ZONES, days, strict=True):
            local = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
            assert local.date().isoformat() == day


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("stored_in", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_the_zone_of_timestamps_does_not_change_their_day_in_the_calendar(engine, zone, stored_in, given_in):
    assert ages(given_in(aware(stored_in), engine), zone) == expected_ages(zone)


def test_timestamps_with_a_zone_are_refused_without_time_zone(engine, given_in):
    with pytest.raises(InvalidTransactions, match="time_zone="):
        clv.rfm_summary(given_in(aware(), engine))


@pytest.mark.slow
@pytest.mark.parametrize("session", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("zone", ZONES)
def test_the_session_zone_of_duckdb_has_no_effect(session, zone):
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{session}'")
    rows = ", ".join(f"({i}, TIMESTAMPTZ '{moment}:00+00')" for i, (moment, *_) in enumerate(MOMENTS))
    relation = connection.sql(f"SELECT * FROM (VALUES {rows}) AS log(customer_id, date)")
    assert ages(relation, zone) == expected_ages(zone)


def test_a_zone_known_to_arrow_only_is_accepted():
    moments = pa.array([dt.datetime.fromisoformat(moment) for moment, *_ in MOMENTS], pa.timestamp("us", "+05:45"))
    log = pa.table({"customer_id": list(range(len(MOMENTS))), "date": moments})
    assert ages(log, "Europe/Berlin") == expected_ages("Europe/Berlin")


IN_A_PROCESS = """
import json, sys, duckdb, ibis, polars as pl, clvmodels as clv
path, zone = sys.argv[1:]
frame = pl.read_parquet(path)
connection = duckdb.connect()
session = duckdb.connect()
session.execute("SET TimeZone = 'UTC'")
sources = {
    "pandas": frame.to_pandas(), "polars": frame, "lazy": frame.lazy(), "pyarrow": frame.to_arrow(),
    "parquet": path, "duckdb": connection.read_parquet(path), "session": session.read_parquet(path),
    "ibis": ibis.memtable(frame.to_arrow()), "csv": path + ".csv", "jsonl": path + ".jsonl",
}
end = {"time_zone": zone, "observation_end": "2025-12-31"}
print(json.dumps({name: clv.rfm_summary(log, **end).T.astype(int).tolist() for name, log in sources.items()}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("process", ["America/New_York", "Pacific/Kiritimati"])
def test_the_zone_of_the_process_has_no_effect(process, tmp_path):
    path = str(tmp_path / "log.parquet")
    aware().write_parquet(path)
    aware().write_csv(path + ".csv")
    aware().write_ndjson(path + ".jsonl")
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, path, "Europe/Berlin"],
        env=os.environ | {"TZ": process},
        capture_output=True,
        text=True,
        check=True,
    )
    ages = json.loads(done.stdout)
    assert len(ages) == 10
    assert {name: age for name, age in ages.items() if age != expected_ages("Europe/Berlin")} == {}


def test_timestamps_without_a_zone_are_local_time_on_every_engine(engine, given_in):
    log = pl.DataFrame({"customer_id": [1], "date": [dt.datetime(2024, 3, 31, 2, 30)]})  # an hour Berlin does not have
    assert ages(given_in(log, engine), "Europe/Berlin") == [(dt.date(2025, 12, 31) - dt.date(2024, 3, 31)).days]


# ---- DuckDB and Ibis ---------------------------------------------------------------------------------------


@pytest.fixture
def shop():
    connection = duckdb.connect()
    connection.register("arrived", LOG.to_arrow())
    connection.execute("CREATE TABLE orders AS SELECT customer_id, date::TIMESTAMP AS date, amount FROM arrived")
    return connection


@pytest.mark.slow
def test_a_result_is_a_relation_of_the_connection_of_the_log(shop):
    rfm = clv.rfm_summary(shop.table("orders"), amount="amount")
    rfm.to_frame().create("customers")
    assert shop.sql("SELECT count(*), sum(frequency) FROM customers").fetchall() == [(4, 4)]
    joined = shop.sql("SELECT count(*) FROM customers JOIN orders USING (customer_id)")
    assert joined.fetchall() == [(9,)]
    assert shop.sql("SELECT count(*) FROM customers WHERE monetary_value IS NULL").fetchall() == [(2,)]
    first, second = rfm.to_frame(), rfm[:2].to_frame()
    assert first.join(second, "customer_id").aggregate("count(*)").fetchall() == [(2,)]


@pytest.mark.slow
def test_a_temporary_table_and_rows_not_yet_committed_are_seen(shop):
    shop.execute("CREATE TEMP TABLE recent AS SELECT * FROM orders")
    shop.begin()
    shop.execute("INSERT INTO recent VALUES ('Eve', '2024-02-01', 1)")
    assert len(clv.rfm_summary(shop.table("recent"), amount="amount")) == 5
    shop.rollback()
    assert len(clv.rfm_summary(shop.table("recent"), amount="amount")) == 4


@pytest.mark.slow
def test_a_relation_is_queried_once():
    relation = duckdb.sql(
        "SELECT (random() * 50)::INTEGER AS customer_id, DATE '2024-01-01' + (random() * 99)::INTEGER AS date, "
        "random() AS amount FROM range(2000)"
    )
    split = clv.holdout_split(relation, amount="amount", calibration_end="2024-02-15")
    assert split.calibration.rows_after_end + (split.activity[0] <= split.cutoff).sum() <= 2000
    repeats = split.activity[2][split.activity[0] <= split.cutoff].sum()
    assert repeats == split.calibration.frequency.sum()
    assert split.activity[2][split.activity[0] > split.cutoff].sum() == split.purchases.sum()


@pytest.mark.slow
def test_a_closed_connection_is_refused(shop):
    log = shop.table("orders")
    rfm = clv.rfm_summary(log)
    shop.close()
    with pytest.raises(InvalidOption, match=r"a relation of the DuckDB connection .* Keep the connection open"):
        rfm.to_frame()
    with pytest.raises(InvalidTransactions, match="The table cannot be read: "):
        clv.rfm_summary(log)


@pytest.mark.slow
def test_an_rfm_of_duckdb_may_be_copied_and_sent_to_another_process(shop):
    rfm = clv.rfm_summary(shop.table("orders"))
    assert copy.deepcopy(rfm).kind is copy.copy(rfm).kind is rfm.kind
    sent = pickle.loads(pickle.dumps(rfm))
    assert sent.to_frame().fetchall() == rfm.to_frame().fetchall()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("uuid()", None),
        ("5::HUGEINT", "Column 'who' has type Decimal"),
        ("'a'::ENUM('a', 'b')", None),
        ("5::UTINYINT", None),
        ("5::DECIMAL(9, 0)", "Column 'who' has type Decimal"),
        ("[1, 2]", "Column 'who' has type List"),
        ("5.5::DOUBLE", "1 value in column 'who' is fractional"),
    ],
)
def test_ids_of_duckdb_are_integers_or_text(column, message):
    log = duckdb.sql(f"""SELECT {column} AS who, DATE '2024-01-01' AS "the ""day" """)
    if message is None:
        assert len(clv.rfm_summary(log, customer_id="who", date='the "day')) == 1
    else:
        with pytest.raises(InvalidTransactions, match=message):
            clv.rfm_summary(log, customer_id="who", date='the "day')


@pytest.mark.parametrize("amount", ["12.50::DECIMAL(9, 2)", "12.5::FLOAT", "12.5::DOUBLE", "25::HUGEINT"])
def test_amounts_of_duckdb_are_any_numbers(amount):
    rows = f"SELECT 1 AS customer_id, {amount} AS amount, DATE '2024-01-01' + i::INTEGER AS date FROM range(3) AS t(i)"
    assert clv.rfm_summary(duckdb.sql(rows), amount="amount").monetary_value.tolist() in ([12.5], [25])


def test_a_column_that_a_database_lacks_is_named(shop):
    for log in (shop.table("orders"), ibis.memtable(LOG.to_arrow()), LOG.to_arrow()):
        with pytest.raises(InvalidTransactions, match="No column 'day'; the columns are 'customer_id', "):
            clv.rfm_summary(log, date="day")


def test_a_failing_query_is_refused(shop):
    broken = shop.sql("SELECT customer_id, date, error('no such shop') AS amount FROM orders")
    with pytest.raises(InvalidTransactions, match=r"The table cannot be read: .*no such shop"):
        clv.rfm_summary(broken, amount="amount")


def test_a_table_of_ibis_may_be_a_query():
    orders = ibis.memtable(LOG.to_arrow())
    recent = orders.filter(orders.date >= "2024-01-15").mutate(amount=orders.amount * 2)
    rfm = clv.rfm_summary(recent, amount="amount", observation_end=LAST)
    assert rfm.customer_id.to_list() == ["Anna", "Ben", "Cleo", "Dan"]
    assert_array_equal(rfm.frequency, [2, 0, 0, 0])


@pytest.mark.slow
def test_temporary_files_are_removed(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    clv.rfm_summary(shop.table("orders"), amount="amount")
    clv.rfm_summary(ibis.memtable(LOG.to_arrow()), amount="amount")
    assert list(tmp_path.iterdir()) == []

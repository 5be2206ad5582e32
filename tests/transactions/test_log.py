"""Reading transaction logs: which columns are accepted, how they are converted, and which errors are raised."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.amounts import exact_amount, money
from clvmodels.transactions.log import LARGEST_AMOUNT, read_transactions

DAYS = Clock()
DAY = 9_862  # 1997-01-01, in days since 1970
THREE = ["1997-01-01", "1997-01-05", "1997-01-09"]


def frame(dates=THREE, ids=None, **columns):
    return pd.DataFrame({"customer_id": range(len(dates)) if ids is None else ids, "date": dates, **columns})


def read(log, clock=DAYS, amount=None, customer_id="customer_id", date="date", **options):
    return read_transactions(log, clock, customer_id, date, amount, **options)


def ticks(log, clock=DAYS, **options):
    return frames.collect(read(log, clock, **options).lazy)["tick"].to_list()


def amounts(log, **options):
    exact = read(log, amount="amount", **options).lazy.select(exact_amount(nw.col("amount")))
    return money(frames.collect(exact)["amount"]).tolist()


def complaint(log, **options):
    with pytest.raises(InvalidTransactions) as refused:
        read(log, **options)
    return str(refused.value)


# ---- dates -------------------------------------------------------------------------------------------------

AT_NOON = pd.Series(pd.to_datetime(["1997-01-01 12:00:00", "1997-01-05 23:59:59", "1997-01-09 00:00:00"]))


@pytest.mark.parametrize(
    "dates",
    [
        THREE,
        pd.Series(THREE, dtype=object),
        ["1997-01-01 10:30", "1997-01-05T23:59:59.999999", "1997-01-09"],
        [dt.date.fromisoformat(day) for day in THREE],
        [dt.datetime.fromisoformat(f"{day} 23:59") for day in THREE],
        pd.Series([pd.Timestamp(day) for day in THREE], dtype=object),
        *(AT_NOON.astype(f"datetime64[{unit}]") for unit in ("ns", "us", "ms", "s")),
        pd.array(AT_NOON, dtype="timestamp[ns][pyarrow]"),
        pd.array([dt.date.fromisoformat(day) for day in THREE], dtype="date32[pyarrow]"),
        pd.array(THREE, dtype="string[pyarrow]"),
    ],
)
def test_dates_and_naive_timestamps_of_pandas_are_days(dates):
    assert ticks(frame(dates)) == [DAY, DAY + 4, DAY + 8]


@pytest.mark.parametrize("dtype", [pl.String, pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ns")])
@pytest.mark.parametrize("lazy", [False, True])
def test_dates_and_naive_timestamps_of_polars_are_days(dtype, lazy):
    column = pl.Series(THREE) if dtype == pl.String else pl.Series(THREE).str.to_date().cast(dtype)
    log = pl.DataFrame({"customer_id": [1, 2, 3], "date": column})
    assert ticks(log.lazy() if lazy else log) == [DAY, DAY + 4, DAY + 8]


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s"])
def test_before_1970_a_day_still_begins_at_midnight(unit):
    moments = pd.Series(pd.to_datetime(["1969-12-31 00:00:00", "1969-12-31 23:59:59", "1970-01-01 00:00:00"]))
    assert ticks(frame(moments.astype(f"datetime64[{unit}]"))) == [-1, -1, 0]
    assert ticks(frame(moments.astype(f"datetime64[{unit}]")), Clock("day", "hour")) == [-24, -1, 0]


def test_the_last_nanosecond_of_a_day_belongs_to_that_day():
    moments = pd.Series(np.array(["1969-12-31T23:59:59.999999999", "1997-01-01T23:59:59.999999999"], "datetime64[ns]"))
    assert ticks(frame(moments)) == [-1, DAY]


@pytest.mark.slow
@given(st.lists(st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2199, 12, 31)), min_size=1, max_size=4))
def test_ticks_equal_those_of_the_clock(moments):
    for clock in (Clock(), Clock("day", "hour")):
        expected = [clock.last_tick(moment) for moment in moments]
        assert ticks(pl.DataFrame({"customer_id": 1, "date": moments}), clock) == expected
        assert ticks(frame([moment.isoformat() for moment in moments]), clock) == expected


def test_timestamps_with_a_zone_need_the_zone_of_the_calendar():
    aware = frame(pd.to_datetime(["1997-01-02 03:00", "1997-01-02 05:00", "1997-07-02 03:59"]).tz_localize("UTC"))
    assert "'date' has timestamps with a time zone (UTC)" in complaint(aware)
    assert "time_zone='Europe/London'" in complaint(aware)
    assert ticks(aware, Clock(time_zone="UTC")) == [DAY + 1, DAY + 1, DAY + 182]
    assert ticks(aware, Clock(time_zone="America/New_York")) == [DAY, DAY + 1, DAY + 181]
    assert ticks(pl.from_pandas(aware), Clock(time_zone="America/New_York")) == [DAY, DAY + 1, DAY + 181]
    in_tokyo = Clock("day", "hour", "Asia/Tokyo")
    assert ticks(aware[:1], in_tokyo) == [24 * (DAY + 1) + 12]


def test_datetimes_in_several_zones_are_comparable():
    west, east = dt.timezone(dt.timedelta(hours=-8)), dt.timezone(dt.timedelta(hours=9))
    moments = [dt.datetime(1997, 1, 1, 23, tzinfo=west), dt.datetime(1997, 1, 2, 8, tzinfo=east)]
    log = frame(pd.Series(moments, dtype=object))
    assert ticks(log, Clock(time_zone="UTC")) == [DAY + 1, DAY]
    assert "time_zone=" in complaint(log)


def test_timestamps_without_a_zone_are_local_time_of_the_calendar():
    assert ticks(frame(AT_NOON), Clock(time_zone="Pacific/Kiritimati")) == [DAY, DAY + 4, DAY + 8]


def test_text_with_a_zone_needs_the_zone_of_the_calendar():
    log = frame(["1997-01-02T03:00Z", "1997-01-02 05:00+02:00", "1997-01-02"])
    message = complaint(log)
    assert message.startswith("2 of 3 rows have a date in 'date' that cannot be read as YYYY-MM-DD (first: ")
    assert "'1997-01-02T03:00Z' of customer 0 (index 0), '1997-01-02 05:00+02:00' of customer 1 (index 1)" in message
    assert "text with a time zone also needs time_zone=." in message
    assert ticks(log, Clock(time_zone="America/New_York")) == [DAY, DAY, DAY + 1]


@pytest.mark.slow
def test_a_format_reads_other_dates_and_counts_those_that_do_not_match():
    log = frame(["31/01/1997", "01/02/1997", "02/13/1997", "1997-02-01"], ids=list("abcd"))
    message = complaint(log, date_format="%d/%m/%Y")
    assert "2 of 4 rows have a date in 'date' that cannot be read as %d/%m/%Y" in message
    assert "'02/13/1997' of customer c (index 2), '1997-02-01' of customer d (index 3)" in message
    assert ticks(log[:2], date_format="%d/%m/%Y") == [DAY + 30, DAY + 31]
    assert "cannot be read as YYYY-MM-DD (first: '31/01/1997' of customer a" in complaint(log[:2])


def test_a_format_has_no_effect_on_dates():
    assert ticks(frame(AT_NOON), date_format="%d/%m/%Y") == [DAY, DAY + 4, DAY + 8]


NOON_AND_NOON = ["2024-03-30T12:00+01:00", "2024-03-31T12:00+02:00", "2024-10-26T12:00+02:00", "2024-10-27T12:00+01:00"]


@pytest.mark.parametrize(
    "dates",
    [
        NOON_AND_NOON,
        [text[:16] for text in NOON_AND_NOON],
        [text[: 16 + 6 * (i % 2)] for i, text in enumerate(NOON_AND_NOON)],
        pd.to_datetime(NOON_AND_NOON, utc=True),
        pd.to_datetime([text[:16] for text in NOON_AND_NOON]),
    ],
)
def test_hours_are_elapsed_hours_when_summer_time_begins_and_ends(dates):
    march, next_day, october, day_after = ticks(frame(dates), Clock("hour", "hour", "Europe/Berlin"))
    assert (next_day - march, day_after - october) == (23, 25)


@pytest.mark.parametrize(
    "values",
    [
        [dt.date(1997, 1, 1), dt.datetime(1997, 1, 1, 3)],
        [dt.datetime(1997, 1, 1, 3), dt.date(1997, 1, 1)],
        [dt.datetime(1997, 1, 1, 3), dt.datetime(1997, 1, 1, 3, tzinfo=dt.UTC)],
        [pd.Timestamp("1997-01-01"), "1997-01-01"],
        ["1997-01-01", 19970101],
    ],
)
def test_dates_of_two_types_are_refused(values):
    message = complaint(frame(pd.Series(values, dtype=object)), clock=Clock(time_zone="UTC"))
    assert message.startswith("Column 'date' mixes types (such as ")
    assert message.endswith("for instance with pandas.to_datetime(log['date']).")


@pytest.mark.parametrize(
    "values",
    [
        [19970101, 19970102],
        [1.5, 2.5],
        [True, False],
        pd.Categorical(["1997-01-01", "1997-01-02"]),
        pd.to_timedelta([1, 2], unit="D"),
        pd.PeriodIndex(["1997-01-01", "1997-01-02"], freq="D"),
    ],
)
def test_columns_that_are_not_dates_are_refused_by_their_type(values):
    assert "which is not a date: pass dates, timestamps, or text written YYYY-MM-DD" in complaint(frame(values))


@pytest.mark.parametrize(
    "dates",
    [
        ["0014-01-01", "1997-01-05", "1899-12-31", "2200-01-02"],
        pd.Series([dt.datetime(y, 1, 5) for y in (14, 1997, 1899, 9999)], dtype=object),
        pd.Series([dt.date(y, 1, 5) for y in (14, 1997, 1899, 9999)], dtype=object),
    ],
)
def test_implausible_years_are_refused(dates):
    message = complaint(frame(dates))
    assert message.replace("'0014", "0014").startswith(
        "3 of 4 rows have a date in 'date' outside 1900 to 2200 (first: 0014-01-0"
    )
    assert "). Correct the year; if years have two digits, pass date_format=, " in message


def test_the_first_and_last_day_allowed():
    assert ticks(frame(["1900-01-01", "2200-01-01"])) == [-25_567, 84_006]


@pytest.mark.parametrize(
    "dates",
    [
        ["1997-01-01", None],
        pd.to_datetime(["1997-01-01", None]),
        pd.Series([dt.date(1997, 1, 1), pd.NaT], dtype=object),
        pd.Series([dt.datetime(1997, 1, 1), None], dtype=object),
    ],
)
def test_missing_dates_are_distinguished_from_unreadable_ones(dates):
    message = complaint(frame(dates, ids=[4, 5]))
    assert message == (
        "1 of 2 rows has no date in 'date' (first: None of customer 5 (index 1)). Remove them or fill in the date."
    )


@pytest.mark.parametrize("nothing", [[None, None], [np.nan, np.nan], [pd.NaT, pd.NaT]])
def test_a_column_without_dates_is_reported_by_its_rows(nothing):
    assert complaint(frame(nothing)).startswith("2 of 2 rows have no date in 'date'")


# ---- amounts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1, 0, 3], [1.0, 0.0, 3.0]),
        ([1.25, 0.0, -0.0], [1.25, 0.0, 0.0]),
        ([0.1, 1e-5, LARGEST_AMOUNT], [0.1, 1e-5, LARGEST_AMOUNT]),
        ([Decimal("1.10"), Decimal(2), Decimal("0.00")], [1.1, 2.0, 0.0]),
        (pd.array([1, 2, 3], dtype="Int64"), [1.0, 2.0, 3.0]),
        (pd.array([1.5, 2, 3], dtype="Float64"), [1.5, 2.0, 3.0]),
        (pd.array([1.5, 2, 3], dtype="double[pyarrow]"), [1.5, 2.0, 3.0]),
        (np.array([1.5, 2, 3], dtype="float32"), [1.5, 2.0, 3.0]),
        (np.array([1, 2, 3], dtype="uint64"), [1.0, 2.0, 3.0]),
        (pd.Series([1.5, 2.0, 3.0], dtype=object), [1.5, 2.0, 3.0]),
    ],
)
def test_amounts_of_any_number_type(column, expected):
    # Stored as whole multiples of 2**-60: doubles of at least 2**-8 exactly, others to 5e-19.
    assert amounts(frame(amount=column)) == pytest.approx(expected, rel=0, abs=5e-19)
    assert all(np.signbit(value) == 0 for value in amounts(frame(amount=column)))


def test_without_amounts_there_is_no_money():
    transactions = read(frame(amount=["free", "text", "here"]))
    assert not transactions.has_amount
    assert frames.collect(transactions.lazy).columns == ["customer_id", "tick"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [1, None, np.nan],
            "2 of 3 rows have no amount in 'amount' (first: None of customer 1 (index 1), None of customer 2 (i",
        ),
        (
            [1, np.inf, -np.inf],
            "2 of 3 rows have an infinite amount in 'amount' (first: inf of customer 1 (index 1), -inf of cus",
        ),
        ([-1e-9, 2, -3], "2 of 3 rows have a negative amount in 'amount' (first: -1e-09 of customer 0 (index 0), -3"),
        ([1, 2e12, 3], "1 of 3 rows has an amount above 1e+12 in 'amount' (first: 2000000000000.0 of customer 1 (i"),
        ([Decimal(1), None, Decimal("NaN")], "2 of 3 rows have no amount in 'amount'"),
        (pd.array([1, None, 3], dtype="Int64"), "1 of 3 rows has no amount in 'amount' (first: None of customer 1 (i"),
        ([None, None, None], "3 of 3 rows have no amount in 'amount'"),
        ([np.nan] * 3, "3 of 3 rows have no amount in 'amount'"),
        (
            ["1", "two", "3"],
            "1 of 3 rows has an amount in 'amount' that cannot be read as a number (first: 'two' of customer 1 (index",
        ),
        ([True, False, True], "Column 'amount' has type Boolean, which is not a number (amount)"),
        (pd.to_timedelta([1, 2, 3], unit="s"), "Column 'amount' has type Duration"),
        (pd.PeriodIndex(THREE, freq="D"), "Column 'amount' has type "),
        ([1 + 0j, 2, 3], "Column 'amount' of type complex128 cannot be read"),
        (
            pd.Series([Decimal(1), 1.5, 2], dtype=object),
            "Column 'amount' mixes types (such as Decimal('1'), 1.5, 2): convert it first, for instance with log",
        ),
        (pd.Series([1, "2", 3], dtype=object), "Column 'amount' mixes types (such as 1, '2')"),
    ],
)
def test_invalid_amounts_are_refused(column, message):
    assert complaint(frame(amount=column), amount="amount").startswith(message)


def test_nan_in_polars_is_a_missing_amount():
    log = pl.DataFrame({"customer_id": [1, 2], "date": THREE[:2], "amount": [1.0, float("nan")]})
    assert complaint(log, amount="amount").startswith(
        "1 of 2 rows has no amount in 'amount' (first: nan of customer 2 (row 1); rows are counted from 0)"
    )


def test_negative_amounts_point_to_cleaning():
    assert "Net refunds against the purchases they reverse" in complaint(frame(amount=[1, -1, 1]), amount="amount")


# ---- CSV ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_amounts_of_csv_are_read_row_by_row(tmp_path):
    # Two hundred whole numbers before the first fraction: the engine would infer integers.
    path = tmp_path / "log.csv"
    rows = [f"{i},1997-01-01,{i}\n" for i in range(200)] + ["200,1997-01-01, 2.5 \n"]
    path.write_text("customer_id,date,amount\n" + "".join(rows), "utf-8")
    assert amounts(path) == [float(i) for i in range(200)] + [2.5]
    with path.open("a", encoding="utf-8") as more:
        more.write('201,1997-01-01,"1,5,"\n202,,\n203,1997-01-01,3$5\n')
    message = complaint(path, amount="amount")
    assert "2 of 204 rows have an amount in 'amount' that cannot be read as a number" in message
    assert "(first: '1,5,' of customer 201 (row 203), '3$5' of customer 203 (row 205); the header is row 1)" in message
    assert "1 of 204 rows has no amount in 'amount' (first: None of customer 202 (row 204); " in message
    assert "1 of 204 rows has no date in 'date' (first: None of customer 202 (row 204); " in message


def test_infinities_and_nans_of_csv_are_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\n1,1997-01-01,inf\n2,1997-01-01,NaN\n", "utf-8")
    message = complaint(path, amount="amount")
    assert "1 of 2 rows has an infinite amount" in message
    assert "1 of 2 rows has no amount" in message


# ---- ids ---------------------------------------------------------------------------------------------------


def test_rows_without_an_id_are_refused_or_left_out():
    log = frame(ids=["a", None, None], amount=[1, -1, 2])
    message = complaint(log, on_missing_id="raise")
    assert message == (
        "2 of 3 rows have no customer id in 'customer_id' (first: index 1, index 2). "
        'Pass on_missing_id="drop" to leave them out.'
    )
    transactions = read(log, amount="amount", on_missing_id="drop")  # the negative amount is in one of these rows
    assert (transactions.rows, transactions.rows_without_id) == (1, 2)
    assert (transactions.first_tick, transactions.last_tick) == (DAY, DAY)


@pytest.mark.parametrize("nobody", [[None] * 3, [np.nan] * 3, pd.array([None] * 3, dtype="Int64")])
def test_a_log_without_ids_is_refused(nobody):
    assert complaint(frame(ids=nobody)).startswith("3 of 3 rows have no customer id")
    assert complaint(frame(ids=nobody), on_missing_id="drop") == (
        "The log has no transactions to summarize: none of its 3 rows has a customer id."
    )


def test_an_unknown_on_missing_id_is_refused():
    with pytest.raises(InvalidOption, match="on_missing_id='skip' is not one of 'raise', 'drop'"):
        read(frame(), on_missing_id="skip")


# ---- empty logs, odd names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "log",
    [
        pd.DataFrame({"customer_id": [], "date": [], "amount": []}),
        pd.DataFrame({"customer_id": [], "date": [], "amount": []}, dtype=object),
        pd.DataFrame(columns=["customer_id", "date", "amount"]),
        pd.DataFrame({"customer_id": [], "date": [], "amount": []}, dtype=bool).astype({"customer_id": int}),
        frame(amount=[1, 2, 3])[:0],
        frame(AT_NOON, amount=[1, 2, 3])[:0],
        pl.DataFrame({"customer_id": [], "date": [], "amount": []}),
        pl.DataFrame(schema={"customer_id": pl.Int64, "date": pl.Date, "amount": pl.Float64}),
        pl.LazyFrame(schema={"customer_id": pl.String, "date": pl.Float64, "amount": pl.String}),
    ],
)
def test_an_empty_log_is_refused(log):
    assert complaint(log, amount="amount") == "The log has no transactions to summarize: it has no rows."


def test_a_csv_file_with_a_header_only_is_an_empty_log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date,amount\n", "utf-8")
    assert complaint(path, amount="amount") == "The log has no transactions to summarize: it has no rows."


@pytest.mark.parametrize(
    "names",
    [
        ("tick", "written", "amount"),
        ("date", "customer_id", "tick"),
        ("amount", "stated", "date"),
        ("row", "len", "first"),
        ("last", "rows", "fault_0"),
        ("self", "", " "),
        ("name", "literal", "index"),
    ],
)
@pytest.mark.parametrize("engine", ["pandas", "polars", "csv"])
def test_columns_may_be_called_anything(names, engine, tmp_path):
    who, when, much = names
    columns = {much: [1.5, 2.5], when: ["1997-01-01", "1997-01-02"], who: ["a", "b"]}
    log = pl.DataFrame(columns) if engine == "polars" else pd.DataFrame(columns)
    if engine == "csv":
        log.to_csv(tmp_path / "log.csv", index=False)
        log = tmp_path / "log.csv"
    transactions = read(log, customer_id=who, date=when, amount=much)
    assert frames.collect(transactions.lazy)["customer_id"].to_list() == ["a", "b"]
    assert frames.collect(transactions.lazy)["tick"].to_list() == [DAY, DAY + 1]
    assert frames.collect(transactions.lazy)["amount"].to_list() == [1.5, 2.5]


def test_faults_name_the_columns_of_the_user():
    log = pd.DataFrame({"Id": [None, "b"], "When": ["x", None], "Paid": [-1.0, None]})
    message = complaint(log, customer_id="Id", date="When", amount="Paid")
    assert all(name in message for name in ("'Id'", "'When'", "'Paid'"))


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (
            {"customer_id": "n", "amount": "n"},
            "Column 'n' is named twice: customer_id= and amount= need a column each.",
        ),
        ({"customer_id": "date"}, "Column 'date' is named twice: customer_id= and date= need a column each."),
        ({"customer_id": "n", "amount": "date"}, "Column 'date' is named twice: date= and amount= need a column each."),
    ],
)
def test_customer_date_and_amount_need_a_column_each(columns, named):
    log = pd.DataFrame({"n": [3, 4], "date": THREE[:2]})
    with pytest.raises(InvalidOption, match=re.escape(named)):
        read(log, **columns)


# ---- several faults ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_fault_is_listed_with_its_count_first_rows_and_remedy():
    log = pd.DataFrame(
        {
            "customer_id": ["a", "b", None, "d", "e", "f", "g", "h", "i"],
            "date": ["1997-01-01", "31/12/97", "1997-01-03", None, "0014-01-01", *["1997-01-06"] * 4],
            "amount": [1.0, 2.0, 3.0, 4.0, 5.0, np.nan, np.inf, -8.0, 9e12],
        }
    )
    message = complaint(log, amount="amount").splitlines()
    assert [line.partition(" (first: ")[0] for line in message] == [
        "1 of 9 rows has no customer id in 'customer_id'",
        "1 of 9 rows has no date in 'date'",
        "1 of 9 rows has a date in 'date' that cannot be read as YYYY-MM-DD",
        "1 of 9 rows has a date in 'date' outside 1900 to 2200",
        "1 of 9 rows has no amount in 'amount'",
        "1 of 9 rows has an infinite amount in 'amount'",
        "1 of 9 rows has a negative amount in 'amount'",
        "1 of 9 rows has an amount above 1e+12 in 'amount'",
    ]
    firsts, remedies = zip(*(line.partition(" (first: ")[2].split("). ", 1) for line in message), strict=True)
    assert firsts == (
        "index 2",
        "None of customer d (index 3)",
        "'31/12/97' of customer b (index 1)",
        "'0014-01-01' of customer e (index 4)",
        "None of customer f (index 5)",
        "inf of customer g (index 6)",
        "-8.0 of customer h (index 7)",
        "9000000000000.0 of customer i (index 8)",
    )
    words = ("on_missing_id=", "Remove them", "date_format=", "Correct the year", "omit amount=")
    words += ("Correct or remove", "Net refunds", "larger unit")
    assert all(word in remedy for word, remedy in zip(words, remedies, strict=True))


def test_only_the_first_three_rows_of_a_fault_are_shown():
    message = complaint(frame(["?"] * 2_000))
    assert message.startswith("2,000 of 2,000 rows have a date")
    assert message.count("of customer") == 3


def test_a_valid_log_reports_its_contents():
    transactions = read(frame(amount=[1, 2, 3]), amount="amount")
    assert (transactions.kind, transactions.has_amount) == ("pandas", True)
    assert (transactions.rows, transactions.rows_without_id) == (3, 0)
    assert (transactions.first_tick, transactions.last_tick) == (DAY, DAY + 8)


@pytest.mark.slow
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_money_adds_up_to_the_last_bit_in_any_order(cents, random):
    # Cents as doubles are whole multiples of 2**-60, so the sum is exact and rounded once, as that of fsum.
    prices = [cent / 100 for cent in cents]
    shuffled = random.sample(prices, len(prices))
    for column in (prices, shuffled):
        log = pl.DataFrame({"customer_id": 1, "date": "1997-01-01", "amount": column})
        total = frames.collect(read(log, amount="amount").lazy.select(exact_amount(nw.col("amount")).sum()))
        assert money(total["amount"]).tolist() == [math.fsum(prices)]

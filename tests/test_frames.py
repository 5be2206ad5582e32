"""The engine boundary: every kind of table is read the same, and results have the kind of the input."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
import sys
import uuid
from decimal import Decimal

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.engines.duckdb_engine import DuckDB

ROLES = {"customer_id": "Id", "date": "When"}


def rows(opened):
    return frames.collect(opened.lazy).rows(named=True)


def ids(source, name="Id"):
    """Return the ids of a table in the engine, and their type."""
    opened = frames.open_frame(source, {"customer_id": name}, text_id="customer_id")
    column = frames.collect(opened.lazy)["customer_id"]
    return column.to_list(), column.dtype


def csv(folder, text, name="log.csv"):
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def parsed(texts, date_format=None, time_zone=None):
    """Return dates parsed from text, as datetimes or None."""
    lazy = frames.open_frame(pl.DataFrame({"date": texts}, schema={"date": pl.String}), {"date": "date"}).lazy
    values = frames.collect(frames.parse_dates(lazy, "date", date_format, time_zone))["date"].to_list()
    return [dt.datetime.combine(v, dt.time()) if type(v) is dt.date else v for v in values]


# ---- tables ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["pandas", "polars", "lazy", "arrow", "csv", "parquet", "csv text", "parquet text"])
def source(request, tmp_path):
    frame = pl.DataFrame({"When": ["1997-01-01", "1997-01-02"], "Id": [7, 10], "row": [1.5, 2.5]})
    csv_path, parquet_path = tmp_path / "log [1].csv", tmp_path / "log [1].parquet"
    frame.write_csv(csv_path)
    frame.write_parquet(parquet_path)
    sources = {
        "pandas": frame.to_pandas(),
        "polars": frame,
        "lazy": frame.lazy(),
        "arrow": frame.to_arrow(),
        "csv": csv_path,
        "parquet": parquet_path,
        "csv text": str(csv_path),
        "parquet text": str(parquet_path),
    }
    return sources[request.param]


def test_every_kind_of_table_is_read_the_same(source):
    opened = frames.open_frame(source, ROLES, text_id="customer_id")
    assert rows(opened) == [{"customer_id": 7, "date": "1997-01-01"}, {"customer_id": 10, "date": "1997-01-02"}]
    kinds = {pd.DataFrame: "pandas", pa.Table: "pyarrow"}
    assert opened.kind == kinds.get(type(source), "polars")
    assert frames.column_names(source) == ["When", "Id", "row"]


def test_a_frame_of_narwhals_is_unwrapped():
    frame = pl.DataFrame({"Id": [7], "When": ["1997-01-01"]})
    for table in (frame, frame.lazy(), frame.to_pandas(), frame.to_arrow(), duckdb.from_arrow(frame.to_arrow())):
        wrapped = nw.from_native(table)
        assert rows(frames.open_frame(wrapped, ROLES)) == [{"customer_id": 7, "date": "1997-01-01"}]
        assert frames.column_names(wrapped) == ["Id", "When"]


def test_one_column_may_serve_two_roles(source):
    opened = frames.open_frame(source, {"customer_id": "Id", "amount": "Id"}, text_id="customer_id")
    assert [row["customer_id"] for row in rows(opened)] == [int(row["amount"]) for row in rows(opened)] == [7, 10]


def test_a_missing_column_is_named_with_the_columns_there_are_and_the_closest(source):
    columns = {"customer_id": "id", "date": "day", "amount": "Amount"}
    missing = "No column 'id', 'day', 'Amount'; the columns are 'When', 'Id', 'row'"
    with pytest.raises(InvalidTransactions) as refused:
        frames.open_frame(source, columns)
    assert str(refused.value) == f"{missing}. Did you mean 'Id'?"
    with pytest.raises(InvalidTransactions) as refused:
        frames.open_frame(source, columns, roles_are_arguments=True)
    assert str(refused.value) == f"{missing}: name one of these with customer_id=, date=, amount=. Did you mean 'Id'?"


@pytest.mark.parametrize(
    "thing", [None, 3, [1, 2], {"Id": [1]}, np.ones((2, 2)), pd.Series([1]), pl.Series([1]), pd.DataFrame.groupby]
)
def test_objects_that_are_not_tables_are_refused(thing):
    for read in (lambda: frames.open_frame(thing, ROLES), lambda: frames.column_names(thing)):
        with pytest.raises(InvalidTransactions, match=r"is not a table .*: pass a pandas frame, a polars frame, or a"):
            read()


def test_duplicate_columns_are_refused():
    frame = pd.DataFrame([[1, 2, "1997-01-01"]], columns=["Id", "Id", "When"])
    with pytest.raises(InvalidTransactions, match="Two columns have the same name"):
        frames.open_frame(frame, ROLES)


def test_pandas_columns_may_be_numbers():
    frame = pd.DataFrame([[1, "1997-01-01"]])
    assert rows(frames.open_frame(frame, {"customer_id": 0, "date": 1})) == [{"customer_id": 1, "date": "1997-01-01"}]


def test_the_pandas_index_has_no_effect():
    frame = pd.DataFrame({"Id": [3, 1, 2]}, index=[5, 5, 0])
    assert ids(frame)[0] == [3, 1, 2]


def test_the_frame_of_the_user_is_not_changed():
    frame = pd.DataFrame({"Id": [1.0, np.nan], "When": ["1997-01-01", None]}, index=[4, 4])
    before = frame.copy(deep=True)
    rows(frames.open_frame(frame, ROLES, text_id="customer_id"))
    pd.testing.assert_frame_equal(frame, before)


# ---- files -------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidTransactions, match=r"There is no file .*gone\.csv"):
        frames.open_frame(tmp_path / "gone.csv", ROLES)


@pytest.mark.parametrize("name", ["log.pdf", "log", "log.csv.bak", "log.db"])
def test_a_file_of_another_kind_is_refused(tmp_path, name):
    with pytest.raises(InvalidTransactions, match=r"is not a file that can be read: expected text \(\.csv, \.tsv"):
        frames.open_frame(csv(tmp_path, "Id,When\n", name), ROLES)


@pytest.mark.parametrize("name", ["log.csv", "LOG.CSV", "log.txt", "q1.2024.csv", "[a-z]*.csv"])
def test_a_csv_file_may_be_called_anything(tmp_path, name):
    assert ids(csv(tmp_path, "Id,When\n7,1997-01-01\n", name)) == ([7], nw.Int64)


def test_a_csv_file_may_be_compressed(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"Id,When\n7,1997-01-01\n"))
    assert ids(path) == ([7], nw.Int64)


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    folder = tmp_path / "log.parquet"
    folder.mkdir()
    for part in (1, 2):
        pl.DataFrame({"Id": [part]}).write_parquet(folder / f"part-{part}.parquet")
    assert sorted(ids(folder)[0]) == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "'log.csv' is empty: expected the names of the columns"),
        (b"Id,When\n1,1997-01-01\n2,1997-01-01,9,9\n", "The table cannot be read: "),
    ],
)
def test_a_csv_file_that_is_damaged_is_refused(tmp_path, content, message):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidTransactions, match=message) as refused:
        rows(frames.open_frame(path, ROLES, text_id="customer_id"))
    assert "truncate_ragged_lines" not in str(refused.value)  # an option of the engine, not of this package


def test_a_parquet_file_that_is_damaged_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    path.write_bytes(b"no")
    with pytest.raises(InvalidTransactions, match=r"'log.parquet' cannot be read as Parquet: "):
        frames.open_frame(path, ROLES)


def test_the_types_of_a_csv_file_depend_on_every_row(tmp_path):
    # Two hundred whole numbers and then a fraction: the first rows would suggest integers.
    path = csv(tmp_path, "Id,T\n" + "1,3\n" * 200 + "1,3.5\n")
    column = frames.collect(frames.open_frame(path, {"T": "T"}).lazy)["T"]
    assert column.dtype == nw.Float64
    assert column.to_list() == [3.0] * 200 + [3.5]


def test_a_csv_file_may_be_read_as_text(tmp_path):
    path = csv(tmp_path, 'Id,When,T\n1,1997-01-01,3\n"",  ,\n')
    opened = frames.open_frame(path, ROLES | {"T": "T"}, text_id="customer_id", csv_as_text=True)
    assert opened.as_text
    assert rows(opened) == [
        {"customer_id": 1, "date": "1997-01-01", "T": "3"},
        {"customer_id": None, "date": None, "T": None},
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_ignored(tmp_path):
    path = csv(tmp_path, "\ufeffId,When\r\n7,1997-01-01\r\n")
    assert rows(frames.open_frame(path, ROLES, text_id="customer_id")) == [{"customer_id": 7, "date": "1997-01-01"}]


# ---- ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected", "dtype"),
    [
        ([3, 1], [3, 1], nw.Int64),
        (np.array([3, 1], dtype="uint8"), [3, 1], nw.Int64),
        ([-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1], nw.Int64),
        ([3.0, np.nan], [3, None], nw.Int64),
        (pd.array([3, None], dtype="Int64"), [3, None], nw.Int64),
        (pd.array([3.0, None], dtype="Float64"), [3, None], nw.Int64),
        (pd.array([3, None], dtype="int32[pyarrow]"), [3, None], nw.Int64),
        (pd.Series([3, None], dtype=object), [3, None], nw.Int64),
        (["b", "a"], ["b", "a"], nw.String),
        (["007", ""], ["007", ""], nw.String),
        (["b", None], ["b", None], nw.String),
        (pd.Series(["b", np.nan], dtype=object), ["b", None], nw.String),
        (pd.array(["b", None], dtype="string[python]"), ["b", None], nw.String),
        (pd.array(["b", None], dtype="string[pyarrow]"), ["b", None], nw.String),
        (pd.Categorical(["b", None]), ["b", None], nw.String),
        (pd.Categorical([3, 1]), [3, 1], nw.Int64),
        ([None, None], [None, None], nw.String),
    ],
)
def test_ids_of_pandas_are_integers_or_text(column, expected, dtype):
    assert ids(pd.DataFrame({"Id": column})) == (expected, dtype)


@pytest.mark.parametrize(
    ("column", "expected", "dtype"),
    [
        (pl.Series([3, None], dtype=pl.Int16), [3, None], nw.Int64),
        (pl.Series([3.0, float("nan"), None]), [3, None, None], nw.Int64),
        (pl.Series(["b", None], dtype=pl.Categorical), ["b", None], nw.String),
        (pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), ["b", "a"], nw.String),
        (pl.Series([None, None]), [None, None], nw.String),
        (pl.Series([2.0**53 - 1]), [2**53 - 1], nw.Int64),
    ],
)
def test_ids_of_polars_are_integers_or_text(column, expected, dtype):
    assert ids(pl.DataFrame({"Id": column})) == (expected, dtype)


@pytest.mark.parametrize(
    ("written", "expected", "dtype"),
    [
        (["7", "10"], [7, 10], nw.Int64),
        (["0", "-7"], [0, -7], nw.Int64),
        (["7", ""], [7, None], nw.Int64),
        (["7", '""'], [7, None], nw.Int64),
        (["7", "  "], [7, None], nw.Int64),
        (["", ""], [None, None], nw.Int64),
        (["007", "7"], ["007", "7"], nw.String),
        (["7", " 8"], ["7", " 8"], nw.String),
        (["7", "8.0"], [7, 8], nw.Int64),  # as pandas writes integers with missing values
        (["7", "1e3"], ["7", "1e3"], nw.String),
        (["+7", "7"], ["+7", "7"], nw.String),
        (["-0", "0"], ["-0", "0"], nw.String),
        (["7", "1234567890123456789012"], ["7", "1234567890123456789012"], nw.String),
        (["true", "false"], ["true", "false"], nw.String),
        (["1997-01-01", "x"], ["1997-01-01", "x"], nw.String),
    ],
)
def test_ids_of_csv_are_integers_only_if_all_are_written_as_integers(tmp_path, written, expected, dtype):
    path = csv(tmp_path, "Id,When\n" + "".join(f"{value},1997-01-01\n" for value in written))
    assert ids(path) == (expected, dtype)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.5, 2.0, 1.5, np.inf, np.nan], r"3 values in column 'Id' are fractional .*\(first: 1.5, inf\)"),
        ([2.0**53], "1 value in column 'Id' is fractional or too large to be exact"),
        ([True, False], "Column 'Id' has type Boolean: ids must be signed integers of up to 64 bits, or text"),
        (np.array([1, 2**64 - 1], dtype="uint64"), "Column 'Id' has type UInt64"),
        (pd.to_datetime(["1997-01-01"]), "Column 'Id' has type Datetime"),
        (pd.PeriodIndex(["1997-01-01"], freq="D"), "Column 'Id' has type"),
        ([Decimal(1)], "Column 'Id' has type Decimal"),
        ([b"a"], "Column 'Id' has type Binary"),
        ([2**70], "Column 'Id' of type object cannot be read"),
        ([1 + 0j], "Column 'Id' of type complex128 cannot be read"),
        ([uuid.UUID(int=1)], r"Column 'Id' has objects of type UUID .*log\['Id'\]\.astype\(str\)"),
    ],
)
def test_values_that_are_not_ids_are_refused(column, message):
    with pytest.raises(InvalidTransactions, match=message):
        ids(pd.DataFrame({"Id": column}))


@pytest.mark.parametrize("values", [[1, "1"], ["a", 2.5], [1, 1.0], [True, "a"], [None, 1, "x"]])
def test_ids_of_two_types_are_refused_with_an_example_of_each(values):
    frame = pd.DataFrame({"Id": pd.Series(values, dtype=object)}).set_axis([0] * len(values))
    with pytest.raises(
        InvalidTransactions, match=r"Column 'Id' mixes types .*may or may not be the same customer"
    ) as refused:
        ids(frame)
    assert all(repr(value) in str(refused.value) for value in values if value is not None)
    assert "log['Id'].astype(str)" in str(refused.value)


# ---- text to dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1997-01-31", dt.datetime(1997, 1, 31)),
        ("0014-01-31", dt.datetime(14, 1, 31)),
        ("1997-01-31 10:30", dt.datetime(1997, 1, 31, 10, 30)),
        ("1997-01-31T10:30", dt.datetime(1997, 1, 31, 10, 30)),
        ("1997-01-31 10:30:05", dt.datetime(1997, 1, 31, 10, 30, 5)),
        ("1997-01-31T10:30:05", dt.datetime(1997, 1, 31, 10, 30, 5)),
        ("1997-01-31 10:30:05.5", dt.datetime(1997, 1, 31, 10, 30, 5, 500_000)),
        ("1997-01-31T10:30:05.123456", dt.datetime(1997, 1, 31, 10, 30, 5, 123_456)),
        ("1997-01-31 10:30:05.123456789", dt.datetime(1997, 1, 31, 10, 30, 5, 123_456)),
    ],
)
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_iso_text_is_read(text, moment, zone):
    assert parsed([text, None], time_zone=zone) == [moment, None]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1997-01-01T03:30:05Z", dt.datetime(1996, 12, 31, 22, 30, 5)),
        ("1997-01-01T03:30:05z", dt.datetime(1996, 12, 31, 22, 30, 5)),
        ("1997-01-01 03:30Z", dt.datetime(1996, 12, 31, 22, 30)),
        ("1997-01-01 03:30+02:00", dt.datetime(1996, 12, 31, 20, 30)),
        ("1997-01-01T03:30:05.25+0200", dt.datetime(1996, 12, 31, 20, 30, 5, 250_000)),
        ("1997-01-01T03:30:05-08", dt.datetime(1997, 1, 1, 6, 30, 5)),
        ("1997-07-01T03:30Z", dt.datetime(1997, 6, 30, 23, 30)),  # summer time
    ],
)
def test_iso_text_with_a_zone_needs_the_zone_of_the_calendar(text, moment):
    assert parsed([text], time_zone="America/New_York") == [moment]
    assert parsed([text]) == [None]


@pytest.mark.parametrize(
    "text",
    ["", "nan", "31/12/1997", "12/31/97", "1997/12/31", "19971231", "1997-02-30", "1997-13-01", "1997-01", "1997"]
    + ["1997-01-01 25:00", "1997-01-01 10:30 PM", "1997-01-01 x", "1997-01-01T10:30 CET", "1997-W01-1", "1 Jan 1997"],
)
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_other_text_is_not_guessed(text, zone):
    assert parsed([text, "1997-01-05 10:00"], time_zone=zone) == [None, dt.datetime(1997, 1, 5, 10)]
    assert parsed([text, "1997-01-05"], time_zone=zone) == [None, dt.datetime(1997, 1, 5)]


@pytest.mark.parametrize(
    ("text", "date_format", "moment"),
    [
        ("31/12/1997", "%d/%m/%Y", dt.datetime(1997, 12, 31)),
        ("12/31/97", "%m/%d/%y", dt.datetime(1997, 12, 31)),
        ("19971231", "%Y%m%d", dt.datetime(1997, 12, 31)),
        ("31 Dec 1997", "%d %b %Y", dt.datetime(1997, 12, 31)),
        ("31.12.1997 22:15", "%d.%m.%Y %H:%M", dt.datetime(1997, 12, 31, 22, 15)),
        ("31.12.1997 10:15 PM", "%d.%m.%Y %I:%M %p", dt.datetime(1997, 12, 31, 22, 15)),
    ],
)
def test_a_format_reads_its_own_text_and_no_other(text, date_format, moment):
    assert parsed([text, "1997-12-31", "31st", None], date_format) == [moment, None, None, None]


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("01.01.1997 03:30 +0200", "%d.%m.%Y %H:%M %z"),
        ("01.01.1997 03:30 +02:00", "%d.%m.%Y %H:%M %:z"),
        ("01.01.1997 03:30 +02", "%d.%m.%Y %H:%M %#z"),
        ("1997-01-01T03:30:00+02:00", "%+"),
        ("852082200", "%s"),
    ],
)
def test_a_format_with_a_zone_needs_the_zone_of_the_calendar(text, date_format):
    assert parsed([text], date_format, "America/New_York") == [dt.datetime(1996, 12, 31, 20, 30)]
    assert parsed([text], date_format) == [None]


def test_zone_names_are_refused():
    # The engine reads zone names and then ignores them.
    with pytest.raises(InvalidOption, match=r"zone names \(%Z\) cannot be read; .* %z"):
        parsed(["1997-01-01 03:30 CET"], "%Y-%m-%d %H:%M %Z", "Europe/Berlin")


@pytest.mark.slow
@given(st.lists(st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)), min_size=1, max_size=5), st.data())
def test_output_of_isoformat_is_read(moments, data):
    units = ["minutes", "seconds", "milliseconds", "microseconds"]
    written = [m.isoformat(data.draw(st.sampled_from("T ")), data.draw(st.sampled_from(units))) for m in moments]
    assert parsed(written) == [dt.datetime.fromisoformat(text) for text in written]


def test_text_to_numbers():
    lazy = frames.open_frame(pl.DataFrame({"a": ["1", " 2.5 ", "-3e2", "inf", "1,5", "$2", "", None]}), {"a": "a"}).lazy
    values = frames.collect(frames.parse_numbers(lazy, "a"))["a"].to_list()
    assert values == [1.0, 2.5, -300.0, float("inf"), None, None, None, None]


def test_the_first_rows_that_meet_a_condition_are_numbered_from_0():
    lazy = frames.open_frame(pl.DataFrame({"a": list(range(10))}), {"a": "a"}).lazy
    assert frames.first_rows(lazy, nw.col("a") % 3 == 2, 2) == [{"position": 2, "a": 2}, {"position": 5, "a": 5}]
    assert frames.first_rows(lazy, nw.col("a") > 99, 2) == []


# ---- output ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_a_table_has_the_requested_kind(kind, frame):
    columns = {
        "customer_id": nw.from_native(pl.Series(["a", "b"]), series_only=True),
        "x": np.array([1, 2]),
        "m": np.array([np.nan, 2.5]),
        "row": [True, False],
    }
    made = frames.table(kind, columns)
    assert type(made) is frame
    assert list(made.columns) == list(columns)
    assert list(made["customer_id"]) == ["a", "b"]
    assert made["x"].dtype == (np.int64 if kind == "pandas" else pl.Int64)
    assert np.isnan(next(iter(made["m"])))
    assert list(made["row"]) == [True, False]


def test_a_pandas_table_does_not_use_the_index_of_a_column():
    made = frames.table("pandas", {"a": np.array([1, 2]), "b": nw.from_native(pl.Series([3, 4]), series_only=True)})
    assert list(made.index) == [0, 1]
    assert list(made["b"]) == [3, 4]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "ibis", DuckDB(None)], ids=str)
def test_the_extension_selects_the_format_of_a_table(tmp_path, kind, name):
    made = frames.table(kind, {"customer_id": ["a", "b"], "x": np.array([1, 2]), "m": np.array([0.5, 1e-300])})
    frames.write_table(made, tmp_path / name)
    read = pl.read_csv if name.endswith(".csv") else pl.read_parquet
    assert read(tmp_path / name).rows() == [("a", 1, 0.5), ("b", 2, 1e-300)]


def test_arrow_is_read_and_returned():
    opened = frames.open_frame(pa.table({"Id": [1], "When": ["1997-01-01"]}), ROLES, text_id="customer_id")
    made = frames.table(opened.kind, {"a": [1, 2], "b": ["x", None], "m": np.array([0.5, np.nan])})
    assert isinstance(made, pa.Table)
    assert made.to_pydict() == {"a": [1, 2], "b": ["x", None], "m": [0.5, None]}


FORKED = """
import os, sys
import clvmodels as clv
log = clv.datasets.load_cdnow(sample=True)
model = clv.BGNBD().fit(clv.rfm_summary(log, time_unit="week"))
if (child := os.fork()):
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    clv.rfm_summary(log, time_unit="week")
except clv.errors.CLVError as error:
    os._exit(7 if "do not survive a fork" in str(error) else 8)
os._exit(9)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on Linux and macOS only")
def test_a_process_forked_after_use_gets_an_error_instead_of_waiting_forever():
    done = subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=300)
    assert done.returncode == 7

"""Faults of real exports: each one is either handled as tested here, or refused with a remedy."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from clvmodels import frames
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.summary import RFM, rfm_summary

HEADER = "customer_id,date,amount\n"
TWO = HEADER + "1,1997-01-01,3\n1,1997-01-02,4.5\n"
LINES = (
    '{"customer_id": 1, "date": "1997-01-01", "amount": 3}\n{"customer_id": 1, "date": "1997-01-02", "amount": 4.5}\n'
)
MEDIA = (
    "csv",
    "pandas",
    "duckdb",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("jsonl", "polars", "pyarrow")),
)


def file(folder, content, name="log.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def summary(log, **options):
    return rfm_summary(log, **({"amount": "amount"} | options))


def complaint(log, **options):
    with pytest.raises(InvalidTransactions) as refused:
        summary(log, **options)
    return str(refused.value)


@pytest.fixture(params=MEDIA)
def table_of(request, tmp_path):
    """Return a function from rows (customer, date, amount) to a file or frame; None is missing."""

    def tell(rows):
        columns = dict(zip(("customer_id", "date", "amount"), map(list, zip(*rows, strict=True)), strict=True))
        if request.param == "csv":
            quoted = [",".join("" if v is None else f'"{v}"' for v in row) for row in rows]
            return file(tmp_path, HEADER + "".join(f"{row}\n" for row in quoted))
        if request.param == "jsonl":
            keys = list(columns)
            written = [json.dumps(dict(zip(keys, row, strict=True))) for row in rows]
            return file(tmp_path, "".join(f"{row}\n" for row in written), "log.jsonl")
        frame = pl.DataFrame(columns)
        if request.param == "duckdb":
            import duckdb

            return duckdb.from_arrow(frame.to_arrow())
        return {"pandas": lambda: pd.DataFrame(columns), "polars": lambda: frame, "pyarrow": frame.to_arrow}[
            request.param
        ]()

    return tell


# ---- faults in every kind of table -------------------------------------------------------------------------


@pytest.mark.slow
def test_two_date_formats_in_one_column_are_refused_with_either_format(table_of):
    log = table_of([(1, "1997-01-02", 3.0), (1, "02/01/1997", 4.0)])
    assert "1 of 2 rows has a date in 'date' that cannot be read as YYYY-MM-DD (first: '02/01/1997'" in complaint(log)
    message = complaint(log, date_format="%d/%m/%Y")
    assert "1 of 2 rows has a date in 'date' that cannot be read as %d/%m/%Y (first: '1997-01-02'" in message


@pytest.mark.parametrize("date", ["0014-01-02", "14-01-02"])
def test_years_without_their_century_are_refused(table_of, date):
    assert "1 of 2 rows has a date in 'date' outside 1900 to 2200" in complaint(
        table_of([(1, date, 3.0), (1, "1997-01-02", 4.0)])
    )


def test_years_without_their_century_are_refused_by_a_format_too(table_of):
    log = table_of([(1, "02/01/0014", 3.0), (2, "03/01/14", 3.0)])
    assert "2 of 2 rows have a date in 'date' outside 1900 to 2200" in complaint(log, date_format="%d/%m/%Y")
    with_century = table_of([(1, "02/01/14", 3.0), (1, "03/01/15", 3.0)])
    assert summary(with_century, date_format="%d/%m/%y").observation_end == "2015-01-03"


def test_ids_with_leading_zeros_stay_text(table_of):
    rfm = summary(table_of([("007", "1997-01-01", 3.0), ("7", "1997-01-02", 4.0), ("007", "1997-01-03", 5.0)]))
    assert rfm.customer_id.to_list() == ["007", "7"]
    assert_array_equal(rfm.frequency, [1, 0])


def test_numbers_with_decimal_points_and_commas_are_refused(table_of):
    message = complaint(table_of([(7, "1997-01-01", "1,234.50"), (8, "1997-01-02", "12,50")]))
    assert "thousands separators" in message or "a decimal comma. Correct one of them." in message
    assert "'amount'" in message


@pytest.mark.slow
def test_an_empty_column_is_reported_by_its_rows(table_of):
    assert "2 of 2 rows have no amount in 'amount'" in complaint(
        table_of([(1, "1997-01-01", None), (1, "1997-01-02", None)])
    )
    assert "2 of 2 rows have no date in 'date'" in complaint(table_of([(1, None, 1.0), (1, None, 2.0)]))
    nobody = table_of([(None, "1997-01-01", 1.0), (None, "1997-01-02", 2.0)])
    assert "2 of 2 rows have no customer id" in complaint(nobody)
    assert "none of its 2 rows has a customer id" in complaint(nobody, on_missing_id="drop")


def test_refunds_are_refused_with_a_remedy(table_of):
    message = complaint(table_of([(7, "1997-01-01", -3.0), (7, "1997-01-05", -1.0), (8, "1997-01-02", 4.0)]))
    assert "2 of 3 rows have a negative amount in 'amount' (first: -3.0 of customer 7" in message
    assert "Net refunds against the purchases they reverse" in message


def test_amounts_of_a_trillion_are_exact_and_more_is_refused(table_of):
    rfm = summary(table_of([(7, f"1997-01-0{day}", 1e12) for day in (1, 2, 3)] + [(8, "1997-01-01", 0.01)]))
    assert_array_equal(rfm.monetary_value, [1e12, np.nan])
    assert "1 of 1 rows has an amount above 1e+12" in complaint(table_of([(7, "1997-01-01", 1.1e12)]))


def test_ids_that_missing_values_turned_into_floats(table_of):
    log = table_of([(7.0, "1997-01-01", 3.0), (None, "1997-01-02", 4.0), (7.0, "1997-01-03", 5.0)])
    message = complaint(log)
    assert "1 of 3 rows has no customer id in 'customer_id' (first: " in message
    assert message.partition("(first: ")[2].partition(").")[0] in (
        "row 3; the header is row 1",  # CSV, as a spreadsheet counts
        "row 2; rows are counted from 1",  # JSON lines
        "index 1",  # pandas
        "row 1; rows are counted from 0",
    )
    rfm = summary(log, on_missing_id="drop")
    # Ids such as "7.0" would match no other table: the id is the same in every kind of table.
    assert rfm.customer_id.to_list() == [7]
    assert_array_equal(rfm.frequency, [1])


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["7.0", "12"], [7, 12]),
        (["0.0", "-7.0"], [-7, 0]),
        (["007.0", "12.0"], ["007.0", "12.0"]),  # leading zeros belong to a code
        (["7.0", "A1"], ["7.0", "A1"]),
        (["7.0", "12.5"], ["12.5", "7.0"]),
        (["7.00", "12"], ["12", "7.00"]),
        (
            ["9007199254740993.0", "1"],
            ["1", "9007199254740993.0"],
        ),  # not representable as a float, so it was not written by one
    ],
)
def test_ids_in_text_files_are_integers_only_if_nothing_is_lost(tmp_path, ending, written, read):
    if ending == "csv":
        content = HEADER + "".join(f"{id_},1997-01-01,3\n" for id_ in written)
    else:
        content = "".join(f'{{"customer_id": "{id_}", "date": "1997-01-01", "amount": 3}}\n' for id_ in written)
    assert summary(file(tmp_path, content, f"log.{ending}")).customer_id.to_list() == read


# ---- CSV ---------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_ignored(tmp_path):
    assert summary(file(tmp_path, "\ufeff" + TWO)).monetary_value.tolist() == [4.5]


@pytest.mark.slow
def test_quoted_newlines_commas_and_quotes_are_part_of_a_value(tmp_path):
    # Long enough to be read in blocks: a block may begin within quotes, where the content looks like rows.
    note = '"two\n9,1999-01-01,x,7\nlines, ""here"""'
    rows = "".join(f"{i % 500},1997-01-{1 + i % 28:02d},{note},2.5\n" for i in range(40_000))
    rfm = summary(file(tmp_path, "customer_id,date,note,amount\n" + rows))
    assert len(rfm) == 500
    assert rfm.observation_end == "1997-01-28"
    names = file(tmp_path, 'customer_id,date,amount\n"O""Hara, J\nr",1997-01-01,3\n', "names.csv")
    assert summary(names).customer_id.to_list() == ['O"Hara, J\nr']


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("2,1997-01", "ends in the middle of a row, with 2 of 3 fields: the file is incomplete"),
        ("2", "ends in the middle of a row, with 1 of 3 fields: the file is incomplete"),
        ('2,"1997-01', "The table cannot be read: could not parse"),
        ("2,1997-01-0,3", "1 of 3 rows has a date in 'date' that cannot be read"),
        ("2,1997-01-03,", "1 of 3 rows has no amount in 'amount'"),
    ],
)
def test_a_truncated_csv_file_is_refused(tmp_path, end, message):
    assert message in complaint(file(tmp_path, TWO + end))


def test_a_last_row_without_a_line_end_is_a_row(tmp_path):
    assert summary(file(tmp_path, TWO + "2,1997-01-03,3")).customer_id.to_list() == [1, 2]


def test_a_truncated_compressed_file_is_refused(tmp_path):
    assert "unexpected end of file" in complaint(file(tmp_path, gzip.compress(TWO.encode())[:-12], "log.csv.gz"))


def test_duplicate_columns_are_refused_in_csv(tmp_path):
    message = complaint(file(tmp_path, "customer_id,date,amount,amount\n1,1997-01-01,3,4\n"))
    assert message == "Column 'amount' appears twice in 'log.csv'; rename one."


def test_decimal_commas_without_quotes_are_refused(tmp_path):
    assert "The table cannot be read" in complaint(file(tmp_path, TWO + "2,1997-01-03,12,50\n"))


# ---- JSON lines --------------------------------------------------------------------------------------------


def test_json_lines_are_read_as_they_are_written(tmp_path):
    more = '{"amount": 1e3, "note": ["x"], "customer_id": 2, "date": "1997-01-05", "paid": {"by": "card"}}\n\n'
    rfm = summary(
        file(tmp_path, LINES + more + '{"customer_id": 2, "date": "1997-01-06", "amount": "7.25"}', "a.jsonl")
    )
    assert rfm.customer_id.to_list() == [1, 2]
    assert_array_equal(rfm.monetary_value, [4.5, 7.25])
    assert frames.column_names(tmp_path / "a.jsonl") == ["amount", "customer_id", "date", "note", "paid"]
    assert len(summary(file(tmp_path, gzip.compress(LINES.encode()), "b.ndjson.gz"))) == 1


def test_ids_of_json_lines_that_are_numbers_and_text_are_compared_as_written(tmp_path):
    log = LINES + '{"customer_id": "007", "date": "1997-01-02", "amount": 1}\n'
    assert summary(file(tmp_path, log, "log.jsonl")).customer_id.to_list() == ["007", "1"]
    escaped = '{"customer_id": "J\\u00f6rg\\nB", "date": "1997\\u002d01-02", "amount": 1}\n'
    assert summary(file(tmp_path, escaped, "log.jsonl")).customer_id.to_list() == ["Jörg\nB"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            LINES.replace('"amount": 3', '"amount": 3, "note": "größer"').encode("latin-1"),
            "did not contain valid UTF-8",
        ),
        (LINES[:-10], "cannot be read as JSON lines"),
        (LINES[:-2], "cannot be read as JSON lines"),
        ("[" + LINES.strip().replace("\n", ",\n") + "]\n", "has one object per line"),
        ("", "'log.jsonl' is empty: expected the names of the columns"),
        (LINES.replace('"1997-01-01"', "852076800000"), "cannot be read as YYYY-MM-DD (first: '852076800000'"),
        (
            LINES.replace("4.5", "true"),
            "cannot be read as a number (first: 'true' of customer 1 (row 2); rows are counted from 1)",
        ),
        (LINES.replace("4.5", "null"), "1 of 2 rows has no amount in 'amount'"),
        (LINES.replace('"amount": 4.5', '"paid": 4.5'), "1 of 2 rows has no amount in 'amount'"),
        (
            LINES.replace("amount", "paid"),
            "No column 'amount'; the columns are 'customer_id', 'date', 'paid': name one of these with amount=.",
        ),
    ],
)
def test_json_lines_that_are_damaged_are_refused(tmp_path, content, message):
    assert message in complaint(file(tmp_path, content, "log.jsonl"))


def test_damage_after_the_first_rows_is_refused(tmp_path):
    rows = LINES * 2_000
    assert "The table cannot be read: " in complaint(file(tmp_path, rows + "hello\n" + LINES, "log.jsonl"))
    assert "The table cannot be read: " in complaint(file(tmp_path, rows + '{"customer_id": 1, "da', "log.jsonl"))


def test_a_key_that_comes_late_is_found(tmp_path):
    early = '{"customer_id": 5, "date": "1997-01-01"}\n' * 1_500
    assert "1,500 of 1,502 rows have no amount" in complaint(file(tmp_path, early + LINES, "log.jsonl"))


def test_an_rfm_may_be_read_from_json_lines(tmp_path):
    rows = '{"customer_id": "007", "frequency": 2, "recency": 1.5, "T": 4, "segment": "a"}\n'
    rfm = RFM.from_frame(file(tmp_path, rows, "rfm.jsonl"), time_unit="week")
    assert rfm.customer_id.to_list() == ["007"]
    assert rfm["segment"].to_list() == ["a"]
    assert rfm.T.tolist() == [4.0]


# ---- rows and days ----------------------------------------------------------------------------------------


def test_a_day_that_does_not_exist_is_distinguished_from_another_format(table_of):
    log = table_of(
        [(1, "1997-02-31", 3.0), (2, "1997-13-01", 3.0), (3, "1900-02-29 10:00", 3.0), (4, "2000-02-29", 1.0)]
    )
    missing, unreadable = complaint(log).splitlines()
    assert missing.startswith(
        "2 of 4 rows have a date in 'date' that is not in the calendar (first: '1997-02-31' of cust"
    )
    assert "'1900-02-29 10:00' of customer 3" in missing
    assert missing.endswith("). Correct the day, or remove the rows.")
    assert unreadable.startswith(
        "1 of 4 rows has a date in 'date' that cannot be read as YYYY-MM-DD (first: '1997-13-01'"
    )


@pytest.mark.parametrize(
    ("date_format", "missing", "other"),
    [
        ("%d/%m/%Y", "31/06/1997", "6/31/1997"),
        ("%d.%m.%y %H:%M", "29.02.97 10:00", "29.02.96 25:00"),
        ("%m-%d-%Y", "02-30-2024", "30-02-2024"),
        ("%Y%m%d", "20240230", "20243002"),
    ],
)
def test_a_day_that_does_not_exist_is_recognized_in_other_formats(date_format, missing, other):
    log = pd.DataFrame({"customer_id": [1, 2], "date": [missing, other], "amount": [1.0, 2.0]})
    first, second = complaint(log, date_format=date_format).splitlines()
    assert f"not in the calendar (first: {missing!r} of customer 1 (index 0))" in first
    assert f"cannot be read as {date_format} (first: {other!r} of customer 2 (index 1))" in second
    assert "or omit it if they are ISO dates" in second


def test_rows_at_fault_are_named_by_the_index_of_a_pandas_frame():
    log = pd.DataFrame({"customer_id": [1, None, 3], "date": "1997-01-01", "amount": 1.0}, index=[7, 12, 90])
    assert "(first: index 12)." in complaint(log)
    assert "(first: index 'b')." in complaint(log.set_axis(list("abc")))


def test_rows_at_fault_keep_their_numbers_if_others_are_left_out(tmp_path):
    log = file(tmp_path, HEADER + ",1997-01-01,3\n2,?,4\n")
    assert "'?' of customer 2 (row 3); the header is row 1)" in complaint(log, on_missing_id="drop")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_rows_of_several_files_are_named_with_their_file(tmp_path, ending):
    first = pl.DataFrame({"customer_id": ["1", "2"], "date": "1997-01-01", "amount": 1.0})
    second = pl.DataFrame({"amount": [1.0, 2.0], "date": "1997-01-01", "customer_id": ["5", None]})
    third = first.with_columns(customer_id=pl.Series(["6", None]))
    write = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}[ending]
    for name, table in zip("abc", (first, second, third), strict=True):
        getattr(table, write)(tmp_path / f"{name}.{ending}")
    message = complaint(tmp_path)
    row = 3 if ending == "csv" else 2
    assert f"row {row} of 'b.{ending}'" in message
    assert f"row {row} of 'c.{ending}'" in message


def test_a_value_without_a_customer_is_named_without_one():
    log = pd.DataFrame({"customer_id": ["a", None], "date": ["1997-01-01", "?"]})
    assert "'?' without a customer id (index 1)" in complaint(log, amount=None)


@pytest.mark.parametrize("name", ["log.csv", "log.txt", "log.jsonl", "log.parquet", "log.csv.gz"])
def test_an_empty_file_is_refused_with_what_was_expected(tmp_path, name):
    path = file(tmp_path, gzip.compress(b"") if name.endswith("gz") else b"", name)
    assert complaint(path) == (
        f"{name!r} is empty: expected the names of the columns and rows below them. Export the file again."
    )


def test_a_file_of_blank_lines_is_empty(tmp_path):
    assert complaint(file(tmp_path, "\n\n")).startswith("'log.csv' is empty: ")


# ---- several files -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_columns_of_several_files_may_be_in_any_order(tmp_path):
    file(tmp_path, TWO, "m/a.csv")
    file(tmp_path, "amount,note,customer_id,date\n5,x,2,1997-01-05\n", "m/b.csv")
    file(tmp_path, "", "m/_SUCCESS")
    file(tmp_path, "9", "m/.b.csv.crc")
    for path in (tmp_path / "m", str(tmp_path / "m" / "*.csv"), str(tmp_path / "**" / "?.csv")):
        rfm = summary(path, include_first_transaction=True)
        assert rfm.customer_id.to_list() == [1, 2]
        assert_array_equal(rfm.monetary_value, [3.75, 5])


def test_a_file_that_lacks_a_column_is_named(tmp_path):
    file(tmp_path, TWO, "m/a.csv")
    file(tmp_path, "amount,customer_id,day\n5,2,1997-01-05\n", "m/b.csv")
    message = complaint(tmp_path / "m")
    assert message == (
        "The files differ: 'b.csv' has no column 'date', which 'a.csv' has; "
        "its columns are 'amount', 'customer_id', 'day'."
    )


def test_ids_of_several_files_are_text_if_one_is(tmp_path):
    file(tmp_path, TWO, "m/a.csv")
    file(tmp_path, HEADER + "007,1997-01-05,2\n", "m/b.csv")
    assert summary(tmp_path / "m").customer_id.to_list() == ["007", "1"]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (pl.Int64, pl.Int16, None),
        (pl.Int64, pl.Null, None),
        (pl.Int64, pl.Float64, None),
        (pl.Int64, pl.String, "column 'customer_id' has type Int64 in 'a.parquet' and type String in 'b.parquet'"),
        (pl.String, pl.Int64, "column 'customer_id' has type String in 'a.parquet' and type Int64 in 'b.parquet'"),
    ],
)
def test_parquet_files_may_differ_in_width_but_not_in_kind_of_type(tmp_path, one, other, message):
    rows = pl.DataFrame({"customer_id": [1], "date": ["1997-01-01"], "amount": [1]})
    rows.with_columns(pl.col("customer_id").cast(one)).write_parquet(tmp_path / "a.parquet")
    second = pl.lit(None) if other == pl.Null else pl.col("customer_id").cast(other)
    rows.select("amount", "date", customer_id=second).write_parquet(tmp_path / "b.parquet")
    log = tmp_path / "*.parquet"
    if message is not None:
        assert message in complaint(log)
    else:
        assert summary(log, on_missing_id="drop").customer_id.to_list() == [1]


def test_timestamps_in_several_zones_are_comparable(tmp_path):
    moments = pl.DataFrame({"customer_id": [1], "date": ["1997-01-01 23:30"], "amount": [1]}).with_columns(
        pl.col("date").str.to_datetime("%Y-%m-%d %H:%M", time_zone="UTC")
    )
    moments.write_parquet(tmp_path / "a.parquet")
    moments.with_columns(pl.col("date").dt.convert_time_zone("Asia/Tokyo")).write_parquet(tmp_path / "b.parquet")
    assert_array_equal(summary(tmp_path, time_zone="Europe/Berlin").frequency, [0])
    moments.with_columns(pl.col("date").dt.replace_time_zone(None)).write_parquet(tmp_path / "c.parquet")
    assert "The files differ: column 'date' has type" in complaint(tmp_path, time_zone="Europe/Berlin")


def test_files_of_several_formats_are_refused(tmp_path):
    file(tmp_path, TWO, "m/a.csv")
    file(tmp_path, LINES, "m/b.jsonl")
    assert "contains files of several formats, such as 'a.csv' and 'b.jsonl'" in complaint(tmp_path / "m")
    assert summary(str(tmp_path / "m" / "*.csv")).frequency.tolist() == [1]


def test_an_empty_glob_or_folder_is_refused(tmp_path):
    assert complaint(f"{tmp_path}/*.csv") == f"No file matches '{tmp_path}/*.csv'."
    assert complaint(tmp_path) == f"The folder '{tmp_path}' contains no files."
    assert complaint("").startswith("The path is empty: expected a file, a folder or a pattern")


@pytest.mark.parametrize("name", ["log [1].csv", "what?.csv", "**.csv", "[ab].csv", "~log.csv"])
def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path, name):
    file(tmp_path, HEADER + "9,1997-01-01,1\n", "a.csv")
    assert summary(file(tmp_path, TWO, name)).customer_id.to_list() == [1]


def test_hive_folders_are_columns(tmp_path):
    for country in ("DE", "FR"):
        folder = tmp_path / f"country={country}"
        folder.mkdir()
        pl.DataFrame({"date": ["1997-01-01"], "amount": [1]}).write_parquet(folder / "part.parquet")
    assert summary(tmp_path, customer_id="country").customer_id.to_list() == ["DE", "FR"]


@pytest.mark.parametrize("number", [6_672_000, 2**31 - 1, -800_000])
@pytest.mark.parametrize("kind", ["table", "file"])
def test_a_date_that_python_cannot_hold_is_an_error_of_the_log(number, kind, tmp_path):
    dates = pl.Series("date", [19_000, number], dtype=pl.Int32).cast(pl.Date)  # such as 'infinity'::date of PostgreSQL
    log = pl.DataFrame({"customer_id": ["a", "b"], "date": dates})
    if kind == "file":
        log.write_parquet(tmp_path / "log.parquet")
    with pytest.raises(
        InvalidTransactions, match=r"1 of 2 rows has a date in 'date' outside.*not in the years 1 to 99"
    ):
        rfm_summary(log if kind == "table" else tmp_path / "log.parquet")

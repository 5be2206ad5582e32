"""Every fault of a log is in one message: faults are planted together, and each is named, whatever reads the log."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

import clvmodels as clv
from clvmodels.cli import app
from clvmodels.cli.spelling import as_typed
from clvmodels.errors import CLVError, InvalidTransactions
from clvmodels.transactions.in_engine import reading

ROWS = 60
COLUMNS = {"customer_id": "who", "date": "day", "amount": "paid"}


def sound_log() -> dict[str, list[str]]:
    """Return the texts of a log without faults: 12 customers with 5 purchases each, over five months."""
    days = [(date(2024, 1, 1) + timedelta(days=5 * (i // 2))).isoformat() for i in range(ROWS)]
    return {"who": [f"c{i % 12:02}" for i in range(ROWS)], "day": days, "paid": [f"{20 + i}.50" for i in range(ROWS)]}


def change(column, value):
    """Return a fault of one row: a value in a column."""

    def plant(log, row):
        log[column][row] = value

    return plant


def add_column(name, usual, value):
    """Return a fault of a column that nobody names: one row has another value than the others."""

    def plant(log, row):
        log[name] = [usual] * len(log["who"])
        log[name][row] = value

    return plant


def many_zeros(log, row):
    for name, value in (("who", "0"), ("day", "2024-02-01"), ("paid", "12.50")):
        log[name] += [value] * 40
    for name in log.keys() - COLUMNS.values():
        log[name] += [log[name][0]] * 40


# What is planted, and what the message says about it; where `clean` treats it as well, the last word is None.
FAULTS = {
    "stray date": (change("day", "2031-05-05"), "far later than all others, up to 2031-05-05", True),
    "early date": (change("day", "1970-01-01"), "far earlier than all others, from 1970-01-01", True),
    "no date": (change("day", None), "no date in 'day'", True),
    "other date": (change("day", "31.12.2024"), "cannot be read as YYYY-MM-DD", True),
    "day not in the calendar": (change("day", "2024-02-30"), "not in the calendar", True),
    "year of long ago": (change("day", "0014-01-02"), "outside 1900 to 2200", True),
    "short id": (change("who", "1.2E+17"), "which a spreadsheet rounded", True),
    "word for nobody": (change("who", "guest"), "no customer id in 'who'", False),
    "no amount": (change("paid", None), "no amount in 'paid'", False),
    "unreadable amount": (change("paid", "twelve"), "cannot be read as a number", True),
    "negative amount": (change("paid", "-5.25"), "a negative amount in 'paid'", False),
    "decimal comma": (change("paid", "7,25"), "are written in two ways", True),
    "other currency": (add_column("currency", "EUR", "USD"), "has 2 currencies: EUR", True),
    "currency signs": (change("paid", "£9.25"), None, True),
    "test": (add_column("test", "no", "yes"), "test by column 'test'", True),
    "status": (add_column("order status", "paid", "refunded"), "by column 'order status', which was not named", True),
    "return": (add_column("returned", "0", "1"), "by column 'returned', which was not named", True),
    "placeholder": (many_zeros, "rows have the customer id", True),
}
TOGETHER = [fault for fault in FAULTS if fault != "currency signs"]  # one sign among plain numbers can be read


def drawn(seed, most=7):
    """Return a log with some faults, each in a row of its own, and their names."""
    rng = random.Random(seed)  # noqa: S311  # no secrets
    faults = rng.sample(TOGETHER, rng.randint(2, most))
    rows = rng.sample(range(1, ROWS - 1), len(faults))
    log = sound_log()
    for fault, row in sorted(zip(faults, rows, strict=True), key=lambda pair: pair[0] == "placeholder"):
        FAULTS[fault][0](log, row)
    return log, faults


def message_of(read, *arguments, **options):
    with pytest.raises(CLVError) as raised:
        read(*arguments, **options)
    assert isinstance(raised.value, InvalidTransactions), raised.value
    return str(raised.value)


def missing_from(message, faults, cleaned=False):
    """Return the planted faults that a message does not name; `clean` itself treats some of them."""
    expected = [FAULTS[fault][1] for fault in faults if FAULTS[fault][2] or not cleaned]
    return [text for text in expected if text not in message]


READERS = {
    "rfm_summary": lambda log: clv.rfm_summary(log, **COLUMNS),
    "holdout_split": lambda log: clv.holdout_split(log, **COLUMNS, calibration_end="2024-03-01"),
    "history": lambda log: clv.KnownHistory.from_log(log, **COLUMNS),
    "backtest": lambda log: clv.backtest(log, clv.NBD(), **COLUMNS, horizons="4 weeks"),
    "profile": lambda log: clv.profile(log, **COLUMNS),
    "report": lambda log: clv.report(log, **COLUMNS),
    "fit_counts": lambda log: clv.fit_counts(log, **COLUMNS),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_every_planted_fault_is_in_one_message(seed, tmp_path):
    log, faults = drawn(seed)
    path = tmp_path / "log.csv"
    pl.DataFrame(log).write_csv(path)
    for source in (pl.DataFrame(log), pd.DataFrame(log), path):
        message = message_of(READERS["rfm_summary"], source)
        assert missing_from(message, faults) == [], (faults, message)
        assert len(message.splitlines()) >= len(faults)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_whatever_reads_a_log_names_all_of_them(reader):
    log, faults = drawn(100, most=9)
    assert missing_from(message_of(READERS[reader], pl.DataFrame(log)), faults) == []


@pytest.mark.parametrize("seed", range(200, 206))
def test_cleaning_names_those_that_it_does_not_treat(seed):
    log, faults = drawn(seed)
    log["state"] = ["paid"] * len(log["who"])
    log["state"][30] = "Who knows"
    message = message_of(clv.clean, pl.DataFrame(log), **COLUMNS, status="state")
    of_columns = [fault for fault in faults if fault not in ("status", "return")]  # a status column is named
    assert missing_from(message, of_columns, cleaned=True) == [], (faults, message)
    assert "an unknown status in 'state': 'Who knows' (1 row" in message


@pytest.mark.slow
def test_an_engine_names_the_dates_with_the_other_faults_of_a_large_table(monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    log = sound_log()
    for fault, row in (("stray date", 5), ("return", 7)):
        FAULTS[fault][0](log, row)
    table = pl.DataFrame(log).with_columns(pl.col("day").str.to_date(), pl.col("paid").cast(pl.Float64))
    relation = duckdb.from_arrow(table.to_arrow())
    assert missing_from(message_of(READERS["rfm_summary"], relation), ["stray date", "return"]) == []
    monkeypatch.setattr(reading, "COPIED_ROWS", 10)
    broken = duckdb.from_arrow(table.with_columns(paid=-pl.col("paid")).to_arrow())
    message = message_of(READERS["rfm_summary"], broken)
    assert missing_from(message, ["stray date", "return", "negative amount"]) == []
    with pytest.raises(InvalidTransactions, match="far later than all others"):
        clv.fit_counts(duckdb.from_arrow(table.drop("returned").to_arrow()), **COLUMNS)


def test_columns_of_a_wrong_type_are_named_with_the_rest():
    log = pl.DataFrame(sound_log()).with_columns(paid=pl.lit([1]), who=pl.lit(1.5), returned=pl.lit("yes"))
    message = message_of(READERS["rfm_summary"], log)
    for text in ("which is not a number (amount)", "fractional or too large", "by column 'returned'"):
        assert text in message


@pytest.mark.slow
def test_the_end_of_a_report_and_a_backtest_can_be_confirmed():
    log = pl.DataFrame(sound_log()).with_columns(pl.col("paid").cast(pl.Float64))
    late = log.with_columns(day=pl.when(pl.int_range(pl.len()) == 50).then(pl.lit("2031-01-01")).otherwise("day"))
    options = {"horizons": "4 weeks", "cutoffs": 1, "boosted_trees": False, "draws": 20, "customer_id": "who"}
    with pytest.raises(InvalidTransactions, match="observation_end='2024-05-25' to leave it out"):
        clv.backtest(late, clv.NBD(), date="day", **options)
    test = clv.backtest(late, clv.NBD(), date="day", observation_end="2024-05-25", **options)
    kept = clv.backtest(late.filter(pl.col("day") < "2031"), clv.NBD(), date="day", **options)
    assert test.summary.equals(kept.summary)


def test_an_export_names_what_would_stop_cleaning_with_its_own_faults(tmp_path):
    header = "ID,Purchase Date,Grand Total (Base),Grand Total (Purchased),Status,Customer Email,Total Refunded"
    rows = [
        f"{i:09},2024-0{1 + i // 10}-{1 + i % 10:02} 10:00:00,50.00,50.00,complete,p{i % 7}@x.com," for i in range(40)
    ]
    rows[3] = rows[3].replace("2024-01-04", "04.01.2024").replace("complete", "Who knows")
    rows[5] = rows[5].replace("50.00,50.00", "fifty,50.00")
    rows[9] = rows[9].replace("2024", "2031")
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    message = message_of(clv.read_export, path)
    for text in ("a date that cannot be read", "a number (amount)", "'Who knows' (1 row)", "up to 2031-01-10"):
        assert text in message, message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verb", "remedy"),
    [
        ("fit", "--as-of '2024-05-25' to leave it out"),
        ("backtest", "--observation-end '2024-05-25' to leave it out"),
        ("report", "--observation-end '2024-05-25' to leave it out"),
        ("profile", "--observation-end '2024-05-25' to leave it out"),
    ],
)
def test_remedies_are_spelled_for_the_verb(verb, remedy, tmp_path):
    log = sound_log()
    faults = ["stray date", "negative amount", "placeholder", "decimal comma"]
    for fault, row in zip(faults, (50, 51, 52, 53), strict=True):
        FAULTS[fault][0](log, row)
    path = tmp_path / "log.csv"
    pl.DataFrame(log).write_csv(path)
    flags = [f"--{role.replace('_', '-')}={name}" for role, name in COLUMNS.items()]
    words = [verb, str(path), *flags, *(["--horizons", "4 weeks"] if verb == "backtest" else [])]
    result = CliRunner().invoke(app, words)
    message = as_typed(str(result.exception), words)
    assert missing_from(message, faults) == []
    assert remedy.replace("'2024-05-25'", "2024-05-25") in message.replace("'2024-05-25'", "2024-05-25")
    assert "on_missing_id" not in message

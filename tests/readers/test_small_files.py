"""Small files that went wrong in version 0.1.0: each is right by path, by pandas, by polars and on the command line.

The right numbers are in references/small_files.json.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.cli import main
from clvmodels.errors import CLVError, InvalidRFM, InvalidTransactions
from clvmodels.reporting.report_of_log import _horizon_for
from clvmodels.transactions.ids import MISSING_IDS

TESTS = Path(__file__).parents[1]
CASES = TESTS / "cases"
RIGHT = json.loads((TESTS / "references" / "small_files.json").read_text(encoding="utf-8"))
CALLS = {f"{position}-{right['call']}-{right['file']}": right for position, right in enumerate(RIGHT["calls"])}
SEMICOLONS = "03_semicolon.csv"
READ_CSV = {  # options that pandas needs for a file
    SEMICOLONS: {"sep": ";", "decimal": ",", "thousands": "."},
    "12_shopify_cod.csv": {"dtype": {"Phone": str}},  # or it reads +880 as a number
}
SHOPIFY = [CASES / f"11_shopify_{month}.csv" for month in ("january", "february")]
pytestmark = pytest.mark.slow


def read_pandas(path):
    return pd.read_csv(path, **READ_CSV.get(path.name, {}))


def read_polars(path):
    return pl.from_pandas(read_pandas(path)) if path.name == SEMICOLONS else pl.read_csv(path)


WAYS = {"path": Path, "pandas": read_pandas, "polars": read_polars}


@pytest.fixture
def typed(monkeypatch, capsys, tmp_path):
    """Return a function that runs a command and returns its exit code and its output, as one line."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["clv", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code
        shown = capsys.readouterr()
        return code, " ".join(f"{shown.out} {shown.err}".split())

    return run


def flags(options):
    """Return the options of a call as the command line spells them."""
    values = [(name, value) for name, value in options.items() if not isinstance(value, list)]
    values += [(name, value) for name, many in options.items() if isinstance(many, list) for value in many]
    return [word for name, value in values for word in (f"--{name.replace('_', '-')}", value)]


def check(transactions, reported, right):
    """Compare cleaned transactions, as a polars frame, and the findings on them with what is right."""
    totals = transactions.group_by(pl.col("customer_id").cast(pl.String)).agg(pl.col("amount").sum()).rows()
    if "customers" in right:
        assert {customer: round(money, 6) for customer, money in totals} == right["customers"]
    if "transactions" in right:
        assert len(transactions) == right["transactions"]
    if "money" in right:
        assert round(sum(money for _, money in totals), 6) == right["money"]
    if "last_day" in right:
        assert str(transactions["date"].max())[:10] == right["last_day"]
    assert right.get("reported", "") in reported


def call(log, right):
    """Return the transactions of a call of Python and the findings on them; none if a model is fitted."""
    options = dict(right.get("options", {}))
    if right["call"] == "fit":
        return clv.NBD().fit(clv.rfm_summary(log, **options)), ""
    if right.get("export"):
        export = clv.read_export(log)
        rules = clv.CleaningRules(count_statuses=options.get("count_statuses", []))
        cleaned = clv.clean(export.frame, **export.columns, rules=rules)
    else:
        cleaned = clv.clean(log, **options)
    table = cleaned.transactions
    return pl.from_pandas(table) if isinstance(table, pd.DataFrame) else table, repr(cleaned)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CALLS)
def test_a_small_file_is_right_in_python(name, way):
    right = CALLS[name]
    log = WAYS[way](CASES / right["file"])
    if "refused" not in right:
        check(*call(log, right), right)
        return
    with pytest.raises(CLVError) as caught:
        call(log, right)
    assert right["refused"].replace("'0'", "0") in str(caught.value).replace("'0'", "0")


@pytest.mark.parametrize("name", CALLS)
def test_a_small_file_is_right_on_the_command_line(name, typed):
    right = CALLS[name]
    options = flags(right.get("options", {}))
    columns = ["--export", "auto"] if right.get("export") else []
    output = "model.json" if right["call"] == "fit" else "transactions.csv"
    code, shown = typed(right["call"], CASES / right["file"], *columns, *options, "--output", output)
    assert code == (3 if "refused" in right else 0), shown
    assert Path(output).exists() == (code == 0)
    if code:
        assert right["refused"] in shown
    else:
        check(pl.read_csv(output, try_parse_dates=True), shown, right)


@pytest.mark.parametrize("way", WAYS)
def test_words_that_mean_a_missing_id_can_be_listed(way):
    log = WAYS[way](CASES / "09_null_words.csv")
    columns = {"customer_id": "c", "date": "d", "amount": "a", "on_missing_id": "drop"}
    with pytest.raises(InvalidTransactions, match="none of its 10 rows has a customer id"):
        clv.rfm_summary(log, **columns, missing_ids=[*MISSING_IDS, "0"])


@pytest.mark.parametrize("way", WAYS)
def test_no_model_is_recommended_for_a_summary(way):
    log = WAYS[way](CASES / "17_summary_not_log.csv")
    profile = clv.profile(log, customer_id="ID", date="UltCompra", amount="Monto")
    assert profile.is_summary
    assert set(profile.models["suitability"]) == {"poor"}


@pytest.mark.parametrize("way", list(WAYS)[1:])
def test_exports_put_together_are_refused_as_one_frame(way):
    frames = [WAYS[way](path) for path in SHOPIFY]
    both = pd.concat(frames) if way == "pandas" else pl.concat(frames, how="vertical_relaxed")
    columns = {"customer_id": "Email", "date": "Created at", "amount": "Total", "order_id": "Name"}
    columns |= {"status": "Financial Status", "refunded": "Refunded Amount", "date_format": "%Y-%m-%d %H:%M:%S %z"}
    with pytest.raises(InvalidTransactions, match="as if exports of several days had been put together"):
        clv.clean(both, **columns, time_zone="UTC")


def test_of_exports_that_overlap_the_latest_state_of_an_order_counts(typed, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    for path in SHOPIFY:
        shutil.copy(path, folder)
    export = clv.read_export(folder)
    orders = clv.clean(export.frame, **export.columns).transactions
    assert dict(orders.select("customer_id", "amount").rows()) == RIGHT["overlapping_exports"]
    code, shown = typed("clean", folder, "--export", "auto", "--output", "transactions.csv")
    assert code == 0, shown
    written = pl.read_csv("transactions.csv")
    assert dict(written.select("customer_id", "amount").rows()) == RIGHT["overlapping_exports"]


@pytest.mark.acceptance
@pytest.mark.parametrize("way", [*WAYS, "command line"])
def test_a_page_is_made_from_the_cutoffs_that_can_be_fitted(way, typed):
    path, right = CASES / "24_repeats_come_late.csv", RIGHT["repeats_come_late"]
    if way == "command line":
        code, shown = typed("report", path, "--amount", "amount", "--horizon", right["horizon"])
        assert code == 0, shown
    else:
        clv.report(WAYS[way](path), amount="amount", horizon=right["horizon"]).write("report.html")
    page = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert page["facts"]["cutoffs"] == right["fitted"]
    left_out = [each["figures"]["cutoff"] for each in page["findings"] if "was left out" in each["text"]]
    assert left_out == right["left_out"]


@pytest.mark.parametrize("way", WAYS)
def test_a_test_period_that_nobody_chose_begins_after_the_first_repeat_purchases(way):
    log = WAYS[way](CASES / "24_repeats_come_late.csv")
    assert _horizon_for(clv.profile(log)) == "5 weeks"  # a third of the log would be 16
    early = pl.read_csv(CASES / "24_repeats_come_late.csv").filter(pl.col("date") < "2024-10-01")
    assert _horizon_for(clv.profile(early)) == "6 weeks"  # nobody came back: a third of the log
    with pytest.raises(InvalidRFM, match=r"bought once.*at every cutoff up to 2024-08-28.*horizons="):
        clv.backtest(log, clv.NBD(), horizons="16 weeks", cutoffs=2)


COMMANDS = {
    "01_status_zh.csv": ([], 0, "36 transactions", "6,114.00 kept"),
    "03_semicolon.csv": ([], 0, "decimal comma", "2 customers"),
    "06_order_id_excel.csv": ([], 3, "such as 1.2E+17", "Export the ids as text"),
    "08_customer_zero.csv": (["--date-format", "%d-%m-%y"], 0, "0", "no customer"),
    "09_null_words.csv": ([], 0, "1 customer with", "9 rows without a customer id"),
    "12_shopify_cod.csv": (["--count-statuses", "pending"], 0, "2 transactions", "3,100.00 kept"),
    "14_two_digit_year.csv": ([], 2, "--date-format '%d-%m-%y'", ""),
    "16_total_row.csv": ([], 0, "2 customers", "1 row without a customer id"),
    "17_summary_not_log.csv": ([], 0, "this is a summary with one row per customer", ""),
    "20_serial_epoch.csv": (["--date", "serial"], 0, "--date-format 'excel days'", "2020-02-01"),
    "24_repeats_come_late.csv": ([], 0, "24 customers", ""),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_small_file_is_profiled_with_one_command(name, typed):
    options, code, *words = COMMANDS[name]
    exit_code, shown = typed("profile", CASES / name, "--columns", "auto", *options)
    assert exit_code == code, shown
    assert [word for word in words if word not in shown] == [], shown


def test_every_small_file_is_tried():
    tried = {right["file"] for right in CALLS.values()} | {path.name for path in SHOPIFY}
    assert {path.name for path in CASES.glob("*.csv")} == tried == {*COMMANDS, *(path.name for path in SHOPIFY)}

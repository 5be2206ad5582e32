"""`clv clean`: transactions, ledger and rows set aside on disk, the ledger in the terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from clvmodels.cli import main

LINES = """\
who,when,order,code,pieces,each
12,2024-01-01 10:00,1,tee,2,9.99
12,2024-01-01 10:00,1,POST,1,5.00
12,2024-01-05 10:00,C2,tee,-1,9.99
,2024-01-02 10:00,3,hat,1,30.00
"""
COLUMNS = {"customer-id": "who", "date": "when", "order-id": "order", "product": "code", "quantity": "pieces"}
ORDERS = """\
Sale Date,Order ID,Buyer User ID,Currency,Order Total,Status,Adjusted Order Total,Buyer
05/01/24,9001,ann77,USD,35.00,,0.00,Ann
"""

PROGRESS = r"(?m)^.* \(\d+ s\)\n"  # a line of progress, on a slow machine


@pytest.fixture
def clv(tmp_path):
    def run(*words):
        command = [sys.executable, "-W", "error", "-c", "from clvmodels.cli import main; main()", "clean", *words]
        env = os.environ | {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=env)

    return run


@pytest.mark.slow
def test_a_log_is_cleaned(clv, tmp_path):
    (tmp_path / "log.csv").write_text(LINES)
    columns = [word for flag, name in COLUMNS.items() for word in (f"--{flag}", name)]
    rules = ["--price", "each", "--refund-prefix", "C", "--non-products", "POST, DOT"]
    done = clv("log.csv", *columns, *rules, "--set-aside", "aside.csv")
    assert (done.returncode, re.sub(PROGRESS, "", done.stderr)) == (0, "")
    assert "4 rows became 1 transaction" in done.stdout
    assert "refund netted" in done.stdout
    transactions = pl.read_parquet(tmp_path / "transactions.parquet")
    assert transactions.select("customer_id", "order_id", "amount").rows() == [(12, "1", 9.99)]
    assert json.loads((tmp_path / "ledger.json").read_text())["rules"]["non_products"] == ["POST", "DOT"]
    assert sorted(pl.read_csv(tmp_path / "aside.csv")["reason"]) == ["no_customer_id", "non_product", "refund_netted"]


@pytest.mark.slow
def test_an_export_needs_no_columns(clv, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    done = clv("orders.csv", "--export", "auto", "--output", "orders.parquet")
    assert (done.returncode, re.sub(PROGRESS, "", done.stderr)) == (0, "")
    assert pl.read_parquet(tmp_path / "orders.parquet")["amount"].to_list() == [35.0]


@pytest.mark.slow
def test_an_error_is_one_message(clv, tmp_path):
    (tmp_path / "log.csv").write_text(LINES)
    done = clv("log.csv", "--refunds", "ignore")
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: --refunds 'ignore' is not one of 'net', 'drop', 'keep'."
    assert not (tmp_path / "transactions.parquet").exists()


CASES = Path(__file__).parent / "cases"


@pytest.mark.slow
def test_columns_auto_cleans_a_log_with_statuses_and_reads_exports(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["clv", "profile", str(CASES / "01_status_zh.csv"), "--columns", "auto"])
    with pytest.raises(SystemExit) as stopped:
        main()
    shown = capsys.readouterr()
    assert stopped.value.code == 0
    assert "40 rows became 36 transactions" in shown.err
    assert "36 customers with 36 purchases" in shown.out
    monkeypatch.setattr(sys, "argv", ["clv", "profile", str(CASES / "12_shopify_cod.csv"), "--columns", "auto"])
    with pytest.raises(SystemExit) as stopped:
        main()
    message = capsys.readouterr().err
    assert stopped.value.code == 3
    assert "Read as an export of shopify" in message
    assert "No transaction is left of 3 rows" in message


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--output", "out.xyz"), "a table is written as .parquet or .csv"),
        (("--set-aside", "aside.pdf"), "a table is written as .parquet or .csv"),
        (("--output", "log.csv"), "is the file of the log too"),
        (("--output", "a.csv", "--ledger", "a.csv"), "is the file of --output too"),
    ],
)
def test_all_names_of_outputs_are_checked_before_any_is_written(tmp_path, monkeypatch, capsys, words, fault):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("customer_id,date,amount\na,2024-01-01,5\n")
    monkeypatch.setattr("sys.argv", ["clv", "clean", "log.csv", *words])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert fault in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]

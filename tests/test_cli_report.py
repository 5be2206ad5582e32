"""`clv report`: from a log to one page, in one command."""

from __future__ import annotations

import json

import pytest

import clvmodels as clv
from clvmodels import cli
from clvmodels.cli.replayed_cleaning import load_cleaner
from clvmodels.reporting import plots

pytestmark = pytest.mark.slow


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    clv.datasets.load_cdnow(sample=True).to_csv(path, index=False)
    return path


def report(monkeypatch, *words):
    monkeypatch.setattr(plots, "to_svg", lambda plot, table, *, key, **options: f'<svg id="{key}-svg"></svg>')
    monkeypatch.setattr("sys.argv", ["clv", "report", *map(str, words)])
    try:
        cli.main()
    except SystemExit as end:
        return end.code or 0
    return 0


def test_writes_the_page_and_its_numbers(log, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.html"
    days = "1997-09-30,1998-03-31"
    words = ["--amount", "amount", "--models", "bgnbd", "--horizon", "13 weeks", "--cutoffs", days, "--output", page]
    assert report(monkeypatch, log, *words) == 0
    html = page.read_text(encoding="utf-8")
    for text in (
        "By BG/NBD and Gamma-Gamma, fitted to the whole log up to 1998-06-30: purchases of the next 12 months",
        "The 90% interval of the total is ",
        "At 2 past cutoffs, the totals of money that BG/NBD x Gamma-Gamma forecast for ",
        "value over the next 12 months adds up to ",
        "Expected revenue from these customers, next 12 months",
        "Profile of the log",
    ):
        assert text in html
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["facts"]["cutoffs"] == days.split(",")
    assert len(numbers["verdict"]) == 6
    assert numbers["profile"]["customers"] == 2_357
    shown = capsys.readouterr().out
    assert "Not for:" in shown
    assert "value over the next 12 months adds up to" in " ".join(shown.split())
    assert [status["aspect"] for status in numbers["statuses"]] == ["level", "ranking", "data"]
    assert "page.json" in shown.replace("\n", "")


@pytest.mark.acceptance
def test_a_series_of_reports_with_all_its_files(tmp_path, monkeypatch, capsys):
    log = clv.simulate_log(300, {"r": 0.5, "alpha": 8.0}, {"p": 6.25, "q": 3.74, "v": 15.44}, process="nbd")
    log.to_csv(tmp_path / "log.csv", index=False)
    words = ["--amount", "amount", "--models", "bgnbd", "--cutoffs", "1", "--margin", "0.4", "--name", "Shop"]
    words += ["--currency", "EUR", "--workbook", "--site", tmp_path / "reports"]
    days = sorted(log["date"].astype(str))
    for end, more in ((days[len(days) // 2][:10], []), (days[-1][:10], ["--compare", tmp_path / "reports/1.json"])):
        number = 1 + len(more) // 2
        output = ["--observation-end", end, "--output", tmp_path / f"reports/{number}.html"]
        assert report(monkeypatch, tmp_path / "log.csv", *words, *output, *more) == 0, capsys.readouterr().err
    written = {path.name for path in (tmp_path / "reports").iterdir()}
    assert {"1.html", "1.json", "1.xlsx", "1-files", "2.html", "2.json", "2.xlsx", "2-files", "index.html"} <= written
    assert "Change since" in (tmp_path / "reports/2.html").read_text(encoding="utf-8")
    index = (tmp_path / "reports/index.html").read_text(encoding="utf-8")
    assert "Reports on Shop" in index
    assert index.index('href="2.html"') < index.index('href="1.html"')
    numbers = json.loads((tmp_path / "reports/2.json").read_text(encoding="utf-8"))
    assert numbers["report"] == {
        "name": "Shop",
        "currency": "EUR",
        "language": "en",
        "title": "What the customers of Shop are worth",
    }
    parts = ("acquired", "as_expected", "experience", "other")
    change = numbers["change"]
    assert sum(change[name] for name in parts) == pytest.approx(change["closing"] - change["opening"], abs=0.01)


def test_older_customers_are_left_out_of_the_whole_report(log, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    words = ["--models", "nbd", "--horizon", "13 weeks", "--cutoffs", "1997-09-30", "--acquired-after", "1997-01-31"]
    assert report(monkeypatch, log, *words, "--output", page) == 0
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["facts"]["customers"] == numbers["profile"]["customers"] < 2_357
    assert "customers first seen by 1997-01-31 were left out" in page.read_text(encoding="utf-8")


def test_a_horizon_longer_than_the_log_is_refused(log, tmp_path, monkeypatch, capsys):
    assert report(monkeypatch, log, "--horizon", "900 weeks", "--output", tmp_path / "page.html") == 2
    assert not (tmp_path / "page.html").exists()
    assert "Error" in capsys.readouterr().err


def test_an_unreadable_value_horizon_is_refused_before_the_log_is_read(tmp_path, monkeypatch, capsys):
    assert report(monkeypatch, tmp_path / "missing.csv", "--value-horizon", "12 moons") == 2
    assert "--value-horizon '12 moons' cannot be read" in capsys.readouterr().err


def clean(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["clv", "clean", *map(str, words)])
    cli.main()


LINES = ["--customer-id", "CustomerID", "--date", "InvoiceDate", "--order-id", "InvoiceNo", "--product", "StockCode"]
LINES += ["--quantity", "Quantity", "--price", "UnitPrice", "--refund-prefix", "C", "--non-products", "POST,DOT,M"]
SHORT = ["--models", "nbd", "--cutoffs", "2011-08-31"]


@pytest.fixture
def cleaned(tmp_path, monkeypatch):
    """Line items, and the ledger of their cleaning."""
    lines, ledger = tmp_path / "lines.csv", tmp_path / "ledger.json"
    clv.datasets.load_online_retail().to_csv(lines, index=False)
    with pytest.raises(SystemExit):
        clean(monkeypatch, lines, *LINES, "--output", tmp_path / "transactions.parquet", "--ledger", ledger)
    return lines, ledger


@pytest.mark.acceptance
def test_line_items_become_a_page_with_the_ledger(cleaned, tmp_path, monkeypatch):
    lines, ledger = cleaned
    page = tmp_path / "page.html"
    words = ["--cleaning", ledger, *SHORT, "--horizon", "13 weeks", "--output", page]
    assert report(monkeypatch, lines, *words) == 0
    html = page.read_text(encoding="utf-8")
    assert "as it was known at each cutoff" in html
    assert "Cleaning: what happened to every row of the log" in html
    assert "Average order value" in html  # the money of lines is known without --amount
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["ledger"] == json.loads(ledger.read_text(encoding="utf-8"))["ledger"]
    log = clv.datasets.load_online_retail()
    rules = clv.CleaningRules(refund_prefix="C", non_products=["POST", "DOT", "M"])
    names = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo", "product": "StockCode"}
    cleaned_log = clv.clean(log, **names, quantity="Quantity", price="UnitPrice", rules=rules, until="2011-08-31")
    rfm = clv.rfm_summary(cleaned_log.transactions, amount="amount", time_unit="week", observation_end="2011-08-31")
    assert numbers["facts"]["customers"] == len(rfm)


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("verb", "words"),
    [("backtest", ["--horizons", "13 weeks", *SHORT]), ("validate", ["--calibration-end", "2011-08-31"])],
)
def test_validations_and_backtests_clean_in_the_same_way(cleaned, tmp_path, monkeypatch, verb, words):
    lines, ledger = cleaned
    out = tmp_path / "tables.json"
    page = ["--report", tmp_path / "page.html"] if verb == "validate" else ["--no-boosted-trees"]
    monkeypatch.setattr(plots, "to_svg", lambda plot, table, *, key, **options: f'<svg id="{key}-svg"></svg>')
    command = [verb, lines, "--cleaning", ledger, *words, *page, "--output", out]
    monkeypatch.setattr("sys.argv", ["clv", *map(str, command)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert json.loads(out.read_text(encoding="utf-8"))["facts"]["holdout_spend"] > 0


def test_an_export_is_cleaned_in_the_same_way(tmp_path):
    orders, ledger = tmp_path / "orders.csv", tmp_path / "ledger.json"
    head = "Sale Date,Order ID,Buyer User ID,Currency,Order Total,Status,Adjusted Order Total,Buyer"
    orders.write_text(f"{head}\n05/01/24,9001,ann77,USD,35.00,,,Ann\n05/02/24,9002,,USD,50.00,,30.00,Ben\n")
    export = clv.read_export(orders)
    read = {"columns": dict(export.columns), "date_format": None, "time_zone": None, "export": export.kind}
    clv.clean(export.frame, **export.columns).to_json(ledger, read=read)
    clean_as_of = load_cleaner(orders, ledger)
    assert clean_as_of("2024-05-01").transactions["amount"].to_list() == [35.0]
    assert sorted(clean_as_of("2200-01-01").transactions["amount"]) == [30.0, 35.0]


def test_a_file_that_is_not_a_ledger_is_refused(log, tmp_path, monkeypatch, capsys):
    wrong = tmp_path / "wrong.json"
    for text in ("{}", "not json", "[1]", '{"rules": {"color": 1}, "read": {}}'):
        wrong.write_text(text)
        assert report(monkeypatch, log, "--cleaning", wrong) != 0
        assert "not a ledger written by `clv clean`" in capsys.readouterr().err.replace("\n", " ")
    assert report(monkeypatch, log, "--cleaning", wrong, "--amount", "amount") != 0
    assert "leave out --amount" in capsys.readouterr().err.replace("\n", " ")

"""`clv report`: from a log to one page, in one command."""

from __future__ import annotations

import json

import pytest

import clvmodels as clv
from clvmodels import cli
from clvmodels.reporting import plots


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
    cuts = "1997-09-30,1998-03-31"
    words = ["--amount", "amount", "--models", "bgnbd", "--horizon", "13 weeks", "--origins", cuts, "--output", page]
    assert report(monkeypatch, log, *words) == 0
    html = page.read_text(encoding="utf-8")
    for told in (
        "By BG/NBD and Gamma-Gamma, fitted to the whole log: 12 months from 1998-06-30",
        "The 90% interval of the total is ",
        "at the 2 earlier cuts, BG/NBD x Gamma-Gamma was off by ",
        "All lifetime values come to ",
        "What the log can bear",
    ):
        assert told in html
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["facts"]["origins"] == cuts.split(",")
    assert len(numbers["verdict"]) == 5
    assert numbers["profile"]["customers"] == 2_357
    shown = capsys.readouterr().out
    assert "Not for:" in shown
    assert "All lifetime values come to" in shown.replace("\n", " ")
    assert "page.json" in shown.replace("\n", "")


def test_older_customers_are_left_out_of_all_of_it(log, tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    words = ["--models", "nbd", "--horizon", "13 weeks", "--origins", "1997-09-30", "--acquired-after", "1997-01-31"]
    assert report(monkeypatch, log, *words, "--output", page) == 0
    numbers = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["facts"]["customers"] == numbers["profile"]["customers"] < 2_357
    assert "customers first seen up to 1997-01-31 are left out" in page.read_text(encoding="utf-8")


def test_says_what_is_wrong(log, tmp_path, monkeypatch, capsys):
    assert report(monkeypatch, log, "--horizon", "900 weeks", "--output", tmp_path / "page.html") == 2
    assert not (tmp_path / "page.html").exists()
    assert "Error" in capsys.readouterr().err

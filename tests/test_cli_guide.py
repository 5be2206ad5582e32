"""`clv guide` lists the pages of the guide and prints one; `clv --help` sorts the verbs into panels."""

from __future__ import annotations

import re
import sys

import pytest
from typer.testing import CliRunner

from clvmodels.cli import PANELS, app, main
from clvmodels.cli.verbs.guide import read_pages, title

PAGES = read_pages()


def run(*words):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


@pytest.mark.slow
def test_the_pages_are_listed_with_their_titles():
    lines = run("guide").stdout.splitlines()
    assert PAGES
    assert [line.split(maxsplit=1) for line in lines[: len(PAGES)]] == [[n, title(text)] for n, text in PAGES.items()]


@pytest.mark.slow
def test_every_page_has_a_title_and_is_printed_unchanged():
    for page, text in PAGES.items():
        assert title(text)
        assert run("guide", page).stdout == text


@pytest.mark.slow
def test_an_unknown_page_lists_the_pages(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["clv", "guide", "nothing"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert message == f"Error: The guide has no page 'nothing'. Its pages are {', '.join(PAGES)}."


@pytest.mark.slow
def test_an_unknown_page_suggests_the_closest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["clv", "guide", "reportt"])
    with pytest.raises(SystemExit):
        main()
    assert " ".join(capsys.readouterr().err.split()).endswith("Did you mean 'report'?")


def test_the_pages_are_listed_in_the_order_of_the_index():
    index = PAGES["index"]
    assert list(PAGES)[:3] == ["index", "getting-started", "open-your-data"]
    places = [index.index(f"({page}.md)") for page in PAGES if page != "index"]
    assert places == sorted(places)


@pytest.mark.slow
def test_the_help_lists_every_verb_in_its_panel():
    names = [entry.name or entry.callback.__name__ for entry in (*app.registered_commands, *app.registered_groups)]
    listed = [verb for verbs in PANELS.values() for verb in verbs]
    assert set(names) <= set(listed)
    assert len(set(listed)) == len(listed)
    shown = re.findall(r"^│ (\w+)  ", run("--help").stdout, re.MULTILINE)
    assert shown == [verb for verb in listed if verb in names]

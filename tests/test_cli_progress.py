"""Progress where the output is not a terminal: a line every few seconds, and none for a short run."""

from __future__ import annotations

import time
from importlib import import_module

cli_app = import_module("clvmodels.cli.app")


def test_a_long_run_writes_a_line_every_few_seconds_and_a_short_one_none(monkeypatch, capsys):
    monkeypatch.setattr(cli_app, "SECONDS_PER_LINE", 0.02)
    with cli_app.steps() as step:
        step("Reading log.csv")
        time.sleep(0.07)
        step("Cleaning")
        time.sleep(0.07)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Reading log.csv (0 s)"
    assert lines[-1] == "Cleaning (0 s)"
    monkeypatch.undo()
    with cli_app.steps() as step:
        step("Reading log.csv")
    assert capsys.readouterr().err == ""

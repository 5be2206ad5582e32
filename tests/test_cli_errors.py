"""What goes wrong on the command line is told with options as they are typed."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from clvmodels.cli import main
from clvmodels.cli.arguments import as_flags
from clvmodels.scoring import events


@pytest.mark.parametrize(
    ("told", "typed"),
    [
        ('Pass on_missing_id="drop" to leave them out.', "Pass --drop-missing-id to leave them out."),
        (
            "Pass date_format= with the right codes, such as date_format='%d/%m/%Y'; it also needs time_zone=.",
            "Pass --date-format with the right codes, such as --date-format '%d/%m/%Y'; it also needs --time-zone.",
        ),
        (
            "name it with time_zone=, for example time_zone='Europe/London'.",
            "name it with --time-zone, for example --time-zone 'Europe/London'.",
        ),
        ("pass acquired_after='1997-01-31'", "pass --acquired-after '1997-01-31'"),
        ("annual_discount_rate=-2.0 must be", "--annual-discount-rate -2.0 must be"),
        ("a column of exchange rates with rate=, or", "a column of exchange rates with --rate, or"),
        ("Column 'my_rate=5' of interest_rate=5", "Column 'my_rate=5' of interest_rate=5"),
    ],
)
def test_options_are_named_as_they_are_typed(told, typed):
    assert as_flags(told) == typed


def test_a_remedy_can_be_typed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date\n,31/12/1997\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clv", "profile", str(path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    said = capsys.readouterr().err
    assert stopped.value.code == 3
    assert "Pass --drop-missing-id to leave them out." in said
    assert "such as --date-format '%d/%m/%Y'" in said


def test_a_refusal_is_not_printed_beside_its_exception():
    # In a process of its own: pytest gives every logger a handler.
    told = "from clvmodels.scoring.events import event; event('gate', 'refused', 30)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert any(isinstance(handler, logging.NullHandler) for handler in events.log.handlers)

"""Error messages on the command line: arguments are spelled as they are typed, as flags or as keys of a job file."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clvmodels
from clvmodels.cli import app, main
from clvmodels.cli.spelling import as_typed, flags, job_keys
from clvmodels.scoring import events

PACKAGE = Path(clvmodels.__file__).parent
VERBS = [command.name or command.callback.__name__ for command in app.registered_commands]
WITH_JOB = ["score", "--job", "job.toml"]
# `name=` or `name=value`, as messages name arguments; not part of a word, a path or a quotation
ARGUMENT = re.compile(r"(?<!['\"\w.-])([a-z_]\w*)=(?!=)")


@pytest.mark.parametrize(
    ("verb", "message", "typed"),
    [
        ("profile", 'Pass on_missing_id="drop" to leave them out.', "Pass --drop-missing-id to leave them out."),
        (
            "profile",
            "Pass date_format= with the right codes, such as date_format='%d/%m/%Y'; it also needs time_zone=.",
            "Pass --date-format with the right codes, such as --date-format '%d/%m/%Y'; it also needs --time-zone.",
        ),
        (
            "fit",
            "name it with time_zone=, for example time_zone='Europe/London'.",
            "name it with --time-zone, for example --time-zone 'Europe/London'.",
        ),
        ("backtest", "pass acquired_after='1997-01-31'", "pass --acquired-after '1997-01-31'"),
        ("report", "annual_discount_rate=-2.0 must be", "--annual-discount-rate -2.0 must be"),
        ("clean", "a column of exchange rates with rate=, or", "a column of exchange rates with --rate, or"),
        ("clean", "Column 'my_rate=5' of interest_rate=5", "Column 'my_rate=5' of interest_rate=5"),
        ("fit", "observation_end='2026-01-31' is", "--observation-end '2026-01-31' is"),
        ("validate", "include_first_transaction=True counts", "--include-first-transaction counts"),
        ("profile", "margin=3 must be", "margin=3 must be"),  # not an option of this verb
        ("score", "such as random_state=3", "such as predictions.random_state = 3"),  # only a job file can set it
        ("", "pass amount=", "pass amount="),
    ],
)
def test_arguments_are_spelled_as_flags(verb, message, typed):
    assert as_typed(message, [verb, "log.csv"]) == typed


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ('Pass on_missing_id="drop".', 'Pass cleaning.on_missing_id = "drop".'),
        ("such as date_format='%d/%m/%Y'", "such as cleaning.date_format = '%d/%m/%Y'"),
        ("it also needs time_zone=.", "it also needs clock.time_zone."),
        ("horizon='x' is", "predictions.horizons = 'x' is"),
        ("refund_prefix='' would", "cleaning.rules.refund_prefix = '' would"),
        ("include_first_transaction=True", "models.include_first_transaction = true"),
    ],
)
def test_arguments_are_spelled_as_keys_of_the_job_file_in_use(message, typed):
    assert as_typed(message, WITH_JOB) == typed
    assert as_typed(message, ["score", "--job=job.toml"]) == typed


def messages():
    """All text in the package that names an argument, with values in braces replaced by one."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "cli" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and node.exc is not None:
                for text in (each for each in ast.walk(node.exc) if isinstance(each, ast.JoinedStr | ast.Constant)):
                    yield from _named(path, _text(text))
    for path in sorted((PACKAGE / "language").glob("*.ftl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                yield from _named(path, re.sub(r"\{[^}]*\}", "1", line.partition(" = ")[2] or line))


def _text(node):
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "'1'" for part in node.values)


def _named(path, text):
    if ARGUMENT.search(text):
        yield pytest.param(text, id=f"{path.stem}-{text[:40]}")


@pytest.mark.parametrize("message", list(messages()))
def test_every_message_names_an_argument_as_the_surface_in_use_spells_it(message):
    names = set(ARGUMENT.findall(message))
    for verb in VERBS:
        left = set(ARGUMENT.findall(as_typed(message, [verb])))
        assert left & set(flags(verb)) == set(), verb
    assert set(ARGUMENT.findall(as_typed(message, WITH_JOB))) & set(job_keys()) == set()
    assert names, message


def test_every_verb_has_flags_of_its_own_options():
    assert flags("backtest")["date_format"] == "--date-format"
    assert flags("fit")["as_of"] == "--as-of"
    assert flags("models")["registry"] == "--registry"  # a group: the options of its verbs
    assert flags("no such verb") == {}


def test_a_remedy_can_be_typed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date\n,31/12/1997\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clv", "profile", str(path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    message = capsys.readouterr().err
    assert stopped.value.code == 3
    assert "Pass --drop-missing-id to leave them out." in message
    assert "such as --date-format '%d/%m/%Y'" in message


def test_a_refusal_is_not_printed_next_to_its_exception():
    # In a separate process: pytest gives every logger a handler.
    code = "from clvmodels.scoring.events import event; event('gate', 'refused', 30)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert any(isinstance(handler, logging.NullHandler) for handler in events.log.handlers)

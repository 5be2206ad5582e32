"""The command line: one verb calls one function."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from typing import Any

from clvmodels.cli import verbs
from clvmodels.cli.app import app, command_line, err, has_job_log, language_in_use, owning_process
from clvmodels.cli.help_texts import LocalCommand, LocalGroup, LocalVerbs
from clvmodels.cli.spelling import as_typed
from clvmodels.errors import CLVError, InvalidOption, StoreUnreachable
from clvmodels.language.current import written_in
from clvmodels.language.error_texts import translate

__all__ = ["app", "main"]

# The panels of `clv --help` and the verbs in each, in this order.
PANELS = {
    "Start here": ("demo", "report", "guide"),
    "Look at a log": ("profile", "audit", "clean"),
    "Check models": ("validate", "compare", "backtest", "crosscheck"),
    "Decide": ("tiers", "segments", "scorecard", "accounts", "actions", "experiment"),
    "Value and budget": ("value", "forecast"),
    "Score customers": ("init", "check", "fit", "score", "backfill", "monitor", "prune", "columns", "models"),
}
INTERRUPTED = 130


def main() -> None:
    """Run the command line; every failure is one readable message and a non-zero exit code."""
    try:
        _refuse_empty_paths(sys.argv[1:])
        with owning_process():
            command_line()()
    except CLVError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}", StoreUnreachable.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:
        interrupt = _interruption(end)
        if interrupt is None:
            raise
        notes = [f" {note[0].upper()}{note[1:]}" for note in getattr(interrupt, "__notes__", [])]
        _fail(f"Interrupted; no file was left half-written.{''.join(notes)}", INTERRUPTED)


def _interruption(end: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interruption that a process ends with; typer makes it an exit without a message."""
    while end is not None and not isinstance(end, KeyboardInterrupt):
        end = end.__cause__ or end.__context__
    return end


def _refuse_empty_paths(words: Sequence[str]) -> None:
    """Refuse an empty text in place of a path, such as an unset variable, which would mean the current folder."""
    for place, (before, word) in enumerate(pairwise(["", *words]), 1):
        if word == "" and (before == "--log" or not before.startswith("-")):
            raise InvalidOption(
                f"Word {place} of the command is empty: expected a path. Is a variable of the shell not set?"
            )


def _fail(text: str, code: int) -> None:
    """Show a message, or add it to the log of the job that is running, and exit."""
    text = as_typed(translate(text, language_in_use()))
    if has_job_log():
        logging.getLogger("clvmodels.job").error(text, extra={"event": "failed", "facts": {"exit_code": code}})
        sys.exit(code)
    with written_in(language_in_use()):
        err.print("Error:", style="bold red", end=" ")
    err.print(text, soft_wrap=True, markup=False, highlight=False)
    sys.exit(code)


def _register() -> None:
    """Import every module of verbs, which registers its verbs, and sort them into the panels of the help."""
    for module in iter_modules(verbs.__path__):
        import_module(f"{verbs.__name__}.{module.name}")
    places = {verb: (panel, place) for panel, names in PANELS.items() for place, verb in enumerate(names)}
    panels = list(PANELS)
    app.info.cls = LocalVerbs
    commands = [*app.registered_commands]
    for group in app.registered_groups:
        group.cls = LocalGroup
        commands += group.typer_instance.registered_commands if group.typer_instance else []
    for command in commands:
        command.cls = LocalCommand
    for registered in (app.registered_commands, app.registered_groups):
        for entry in registered:
            entry.rich_help_panel = places[_name(entry)][0]
        registered.sort(key=lambda entry: (panels.index(places[_name(entry)][0]), places[_name(entry)][1]))


def _name(entry: Any) -> str:
    """Return the name of a registered verb, or of a group of verbs."""
    return str(entry.name or entry.callback.__name__)


_register()

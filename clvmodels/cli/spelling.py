"""Arguments named in messages, spelled as they are typed: as flags of a verb, or as keys of a job file.

Messages of the library name an argument as Python does: ``date_format=``, or with a value,
``date_format='%d/%m/%Y'``. On the command line that is ``--date-format '%d/%m/%Y'``, and in a job file
``cleaning.date_format = '%d/%m/%Y'``. The tables of flags and keys come from the options of the verbs and from the
settings of a job.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from typer.main import get_command

from clvmodels.cli.app import app

__all__ = ["as_typed", "flags", "job_keys"]

# An argument, and its value if the message has one. A name in quotes, such as a column's, is not an argument.
ARGUMENT = re.compile(
    r"""(?<!['"\w.-])(?P<name>[A-Za-z_]\w*)=(?P<value>'[^'\n]*'|"[^"\n]*"|-?\d[\d.,]*\d|-?\d|True|False)?"""
)
# Flags that stand for one value of an argument.
FLAGS_OF_VALUES = {("on_missing_id", "drop"): "drop_missing_id"}
# Sections of a job file whose keys are arguments of the library, and keys that have a name of their own.
SECTIONS = ("columns", "cleaning", "clock", "models", "predictions")
KEYS = {"horizon": "predictions.horizons"}


def as_typed(message: str, words: Sequence[str] | None = None) -> str:
    """Return a message with its arguments spelled as the command line in use spells them.

    Parameters
    ----------
    message : str
        A message of the library.
    words : sequence of str, optional
        The words of the command line without the program's name; by default those of this process.

    Returns
    -------
    str
        With a job file, keys come before flags; an argument that has neither is left as it is.
    """
    words = sys.argv[1:] if words is None else words
    verb = next((word for word in words if not word.startswith("-")), "")
    options = flags(verb)
    spellings = [_flag_speller(options)]
    if "job" in options:
        from_file = any(word == "--job" or word.startswith("--job=") for word in words)
        spellings.insert(0 if from_file else 1, _key_speller(job_keys()))

    def spell(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        return next((typed for speller in spellings if (typed := speller(name, value))), match[0])

    return ARGUMENT.sub(spell, message)


@cache
def flags(verb: str) -> dict[str, str]:
    """Return the flags of a verb (or of a group of verbs) by the names of the arguments; empty for an unknown verb."""
    command: Any = getattr(get_command(app), "commands", {}).get(verb)
    commands = [] if command is None else [command, *getattr(command, "commands", {}).values()]
    options = [option for each in commands for option in each.params if option.param_type_name == "option"]
    table = {flag.lstrip("-").replace("-", "_"): flag for option in options for flag in option.opts}
    return {option.name: option.opts[0] for option in options} | table


@cache
def job_keys() -> dict[str, str]:
    """Return the key of a job file for each argument of the library that a job can set."""
    from clvmodels.cleaning.rules import CleaningRules
    from clvmodels.scoring.config.job import Job

    keys = {rule.name: f"cleaning.rules.{rule.name}" for rule in fields(CleaningRules)}
    for section in reversed(SECTIONS):
        settings: Any = Job.model_fields[section].annotation
        keys |= {name: f"{section}.{name}" for name in settings.model_fields}
    return keys | KEYS


Speller = Callable[[str, str | None], str | None]


def _flag_speller(options: Mapping[str, str]) -> Speller:
    def spell(name: str, value: str | None) -> str | None:
        plain = None if value is None else value.strip("'\"")
        switch = options.get(FLAGS_OF_VALUES.get((name, plain or ""), ""))
        if switch is not None:
            return switch
        flag = options.get(name)
        if flag is None or value is None:
            return flag
        if value in ("True", "False"):
            return flag if value == "True" else flag.replace("--", "--no-", 1)
        return f"{flag} {value}"

    return spell


def _key_speller(keys: Mapping[str, str]) -> Speller:
    def spell(name: str, value: str | None) -> str | None:
        key = keys.get(name)
        if key is None or value is None:
            return key
        return f"{key} = {value.lower() if value in ('True', 'False') else value}"

    return spell

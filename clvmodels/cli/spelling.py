"""Spell the arguments in messages as users type them: as flags of a verb, or as keys of a job file.

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

from clvmodels.cli.app import command_line

__all__ = ["as_typed", "flag_of", "flags", "job_keys", "settings_as_flags"]

# An argument, and its value if the message has one. A name in quotes, such as a column's, is not an argument.
ARGUMENT = re.compile(
    r"""(?<!['"\w.-])(?P<name>[A-Za-z_]\w*)=(?P<value>'[^'\n]*'|"[^"\n]*"|-?\d[\d.,]*\d|-?\d|True|False)?"""
)
BETWEEN_FLAGS = re.compile(r"(?<='), (?=--[a-z-]+ ')")  # the comma between flags is removed, so that they can be pasted
# Parts of messages for users of Python only, and options whose names differ from the argument.
PYTHON_ONLY = re.compile(r" \(in Python, [^()]*\)|（在 Python 中[^（）]*）")
NAMES = {"kind": "export", "horizon": "horizons", "horizons": "horizon"}
# Flags that stand for one value of an argument.
FLAGS_OF_VALUES = {("on_missing_id", "drop"): "drop_missing_id"}
# Sections of a job file whose keys are arguments of the library, and keys with different names.
SECTIONS = ("columns", "cleaning", "clock", "models", "predictions")
KEYS = {"horizon": "predictions.horizons"}
# Flags whose names differ from the setting of a job.
PLACES = {
    "source": "LOG",
    "source.path": "LOG",
    "sinks[0]": "--output",
    "models.purchases": "--model",
    "predictions.horizons": "--horizon",
    "cleaning.on_missing_id": "--drop-missing-id",
    "run.log": "--log",
}
SETTING = re.compile(rf"(?<![\w.'\"])(?:{'|'.join(SECTIONS)})\.\w+(?!\w|\.\w)")
SECTION = re.compile(r"^\[columns\]: ")


def as_typed(message: str, words: Sequence[str] | None = None) -> str:
    """Return a message with its arguments spelled as on the current command line.

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
    verbs = getattr(command_line(), "commands", {})
    verb = next((word for word in words if word in verbs), "")  # not the value of an option before it, as of --language
    options = flags(verb)
    spellings = [_flag_speller(options)]
    if "job" in options:
        from_file = any(word == "--job" or word.startswith("--job=") for word in words)
        spellings.insert(0 if from_file else 1, _key_speller(job_keys()))
        if not from_file:
            message = settings_as_flags(SECTION.sub("", message), options)

    def spell(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        return next((typed for speller in spellings if (typed := speller(name, value))), match[0])

    return BETWEEN_FLAGS.sub(" ", ARGUMENT.sub(spell, PYTHON_ONLY.sub("", message)))


def settings_as_flags(message: str, options: Mapping[str, str]) -> str:
    """Return a message with settings of a job named as flags, for a verb that runs without a job file."""
    return SETTING.sub(lambda match: flag_of(match[0], options) or match[0], message).replace("[source]", "LOG")


def flag_of(place: str, options: Mapping[str, str]) -> str | None:
    """Return the flag of a verb that overrides a setting of a job; None if there is none."""
    flag = PLACES.get(place, options.get(place.rpartition(".")[2]))
    return flag if flag == "LOG" or flag in options.values() else None


@cache
def flags(verb: str) -> dict[str, str]:
    """Return the flags of a verb or a group of verbs by the names of their arguments; empty for an unknown verb."""
    command: Any = getattr(command_line(), "commands", {}).get(verb)
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
        flag = options.get(name, options.get(NAMES.get(name, "")))
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

"""Options of the verbs that run a job; build the job from flags and a file, and set up its log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli import spelling
from clvmodels.cli.app import err
from clvmodels.cli.arguments import TOTAL_INTERVAL

if TYPE_CHECKING:
    from clvmodels.errors import InvalidJob
    from clvmodels.scoring.config.job import Job

JOINED = ("is ", "must ", "needs ", "counts ", "would ")  # problems that continue "--flag value ..."
# These have no defaults: a flag that is not used keeps the setting of the job file.
JobLogArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[LOG]",
        help="Transaction log (CSV, Excel, JSON, Parquet and others); default: the job file's source.",
    ),
]
JobFileOption = Annotated[
    Path | None, typer.Option("--job", help="Job file (TOML), written by `clv init`; flags override its settings.")
]
JobCustomerIdOption = Annotated[
    str | None, typer.Option(help="Column with the customer's id.", show_default="customer_id")
]
JobDateOption = Annotated[
    str | None, typer.Option(help="Column with the date of the transaction.", show_default="date")
]
JobFirstTransactionOption = Annotated[
    bool | None, typer.Option("--include-first-transaction", help="Include first purchases in mean spend.")
]
JobTotalIntervalOption = Annotated[str | None, typer.Option(help=TOTAL_INTERVAL, show_default="history")]
JobDropMissingIdOption = Annotated[
    bool | None, typer.Option("--drop-missing-id", help="Leave out rows without a customer id.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", "--observation-end", help="Last day to include.", show_default="the latest in the log"),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Read, compute and check the gates, but write nothing.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Continue when a gate fails; this is recorded.")]
LogForm = Annotated[
    str | None, typer.Option("--log", help="Format of the log: readable or json.", show_default="readable")
]


def open_job(verb: str, path: Path | None, flags: dict[str, Any], log_form: str | None, as_of: str | None) -> Job:
    """Return the job that a file and flags describe, and set up its log.

    A log in JSON is set up before the job is read, so that an error in the job file is logged as JSON too.
    """
    from clvmodels.errors import InvalidJob
    from clvmodels.scoring.config.job import asks_for_json, read_job

    as_json = log_form == "json" if log_form is not None else asks_for_json(path)
    if as_json:
        _set_up_log("json", as_of)
    flags = {**flags, "run": {"log": log_form}}
    try:
        record = read_job(path, flags)
    except InvalidJob as error:
        raise _name_flags(error, verb, path, flags) from None
    if not as_json and path is not None and not err.is_terminal:  # run by a scheduler, not in a terminal
        _set_up_log("readable", as_of)
    return record


def _name_flags(error: InvalidJob, verb: str, path: Path | None, flags: dict[str, Any]) -> InvalidJob:
    """Return the error with the faults of flags first, each with its flag; faults of a job file keep their heading."""
    from clvmodels.errors import InvalidJob

    options = spelling.flags(verb)
    values = _values(flags)
    lines, others = [], []
    for fault in error.faults:
        flag = spelling.flag_of(fault.place, options)
        value = values.get(fault.place)
        if fault.place == "[source]" and path is None:
            lines.append("LOG is missing: name the transaction log, or a job file with --job.")
        elif flag is not None and value is not None:
            says = _with_flag(flag, value, fault.problem)
            lines.append(spelling.settings_as_flags(says, options) if path is None else says)
        elif path is None:
            lines.append(spelling.settings_as_flags(fault.problem, options))
        else:
            others.append(f"\n  {fault.text}")
    if others:
        lines.append(f"{path} has {len(others)} fault{'s' if len(others) > 1 else ''}:{''.join(others)}")
    return InvalidJob("\n".join(lines), error.faults) if error.faults else error


def _with_flag(flag: str, value: Any, problem: str) -> str:
    """Return a problem preceded by the flag and its value, unless it names the value itself."""
    if any(repr(each) in problem for each in (value if isinstance(value, list) else [value])):
        return problem
    return f"{flag} {value!r}{'' if problem.startswith(JOINED) else ':'} {problem}"


def _values(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the typed values, keyed by the setting of a job that each overrides."""
    values: dict[str, Any] = {}
    for section, override in flags.items():
        if section == "sinks" and override:
            values["sinks[0]"] = override[0]["path"]
        elif override:
            values |= {f"{section}.{key}": value for key, value in dict(override).items()}
    return values


def _set_up_log(form: str, as_of: str | None) -> None:
    from clvmodels.scoring.events import JSONLines

    handler = logging.StreamHandler()
    lines = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JSONLines(as_of) if form == "json" else lines)
    log = logging.getLogger("clvmodels.job")
    log.handlers = [handler]
    log.setLevel(logging.INFO)

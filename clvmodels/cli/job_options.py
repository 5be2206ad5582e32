"""Options of the verbs that run a job, the job that they make of flags and file, and its log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import err

if TYPE_CHECKING:
    from clvmodels.scoring.config.job import Job

# Without a default of their own: a flag that is not used leaves the job file's setting in place.
JobLogArgument = Annotated[
    Path | None,
    typer.Argument(help="Transaction log (CSV or Parquet), one row per transaction; default: the job file's source."),
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


def logged_job(path: Path | None, flags: dict[str, Any], log_form: str | None, as_of: str | None) -> Job:
    """Return the job that a file and flags describe, and set up its log.

    A log in JSON is set up before the job is read, so that an error in the job file is logged as JSON too.
    """
    from clvmodels.scoring.config.job import asks_for_json, read_job

    as_json = log_form == "json" if log_form is not None else asks_for_json(path)
    if as_json:
        _set_up_log("json", as_of)
    record = read_job(path, {**flags, "run": {"log": log_form}})
    if not as_json and path is not None and not err.is_terminal:  # run by a scheduler, not in a terminal
        _set_up_log("readable", as_of)
    return record


def _set_up_log(form: str, as_of: str | None) -> None:
    from clvmodels.scoring.events import JSONLines

    handler = logging.StreamHandler()
    lines = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JSONLines(as_of) if form == "json" else lines)
    log = logging.getLogger("clvmodels.job")
    log.handlers = [handler]
    log.setLevel(logging.INFO)

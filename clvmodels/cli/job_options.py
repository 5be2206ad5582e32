"""The job behind a verb: its record of file and flags, and its log on standard error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import err

if TYPE_CHECKING:
    from clvmodels.scoring.config.job import Job

LogForm = Annotated[str | None, typer.Option("--log", help="Form of the log: readable or json [readable].")]


def logged_job(path: Path | None, flags: dict[str, Any], log_form: str | None, as_of: str | None) -> Job:
    """The record of a job, which logs from here on: as JSON where that is asked for, also of faults of the record."""
    from clvmodels.scoring.config.job import asks_for_json, read_job

    as_json = log_form == "json" if log_form is not None else asks_for_json(path)
    if as_json:
        _log_as("json", as_of)
    record = read_job(path, {**flags, "run": {"log": log_form}})
    if not as_json and path is not None and not err.is_terminal:  # a schedule, where nobody watches
        _log_as("readable", as_of)
    return record


def _log_as(form: str, as_of: str | None) -> None:
    from clvmodels.scoring.events import JSONLines

    handler = logging.StreamHandler()
    lines = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JSONLines(as_of) if form == "json" else lines)
    log = logging.getLogger("clvmodels.job")
    log.handlers = [handler]
    log.setLevel(logging.INFO)

"""A job file with proposed settings: columns and models for a log, or the forecaster recommended by a report."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from clvmodels.errors import CLVError, InvalidOption, list_names
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.frames import column_names
from clvmodels.profiling.profile import profile
from clvmodels.readers.column_suggestions import ColumnSuggestion, suggest_columns
from clvmodels.scoring.config.job import template
from clvmodels.scoring.config.sections import ColumnSettings, ModelSettings

__all__ = ["job_file", "proposed_models", "proposed_settings", "read_report"]

RECOMMENDATION = "verdict-recommend"  # code of the finding
WEEKS_FOR_BEST = 52  # three windows of at least two months each, and as much time before them to learn from
HEADER = re.compile(r"(?:# )?\[\[?([\w.]+)\]\]?")
SETTING = re.compile(r"(?:# )?(\w+) = (.*?)(?:\s*#(.*))?$")
COMMENT_AT = 36  # column of the comments in the template
OF_WINDOWS = {*get_args(ModelSettings.model_fields["forecaster"].annotation)} - {
    "process"
}  # learn from earlier windows


def read_report(path: Path) -> dict[str, Any]:
    """Return the numbers of a report, which `clv report` writes next to the page.

    Raises
    ------
    InvalidOption
        If the file cannot be read or is not the JSON of a report.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        proposed_models(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidOption(
            f"{path} is not the JSON of a report: pass the .json file that `clv report` wrote."
        ) from None
    return dict(document)


def proposed_models(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of [models] recommended by a report's findings.

    They are the forecaster that was recommended if it learns from earlier windows of the log, and the best forecaster
    if several of these were, such as trees for a ranking and a blend for a total; otherwise a recommended process, or
    else the process of the report.

    Parameters
    ----------
    report : mapping
        The JSON of a report. Its findings with the code "verdict-recommend" and its process are used.
    """
    recommended = [
        str(finding["figures"]["forecaster"])
        for answer in report["verdict"]
        for finding in answer["findings"]
        if finding["code"] == RECOMMENDATION
    ]
    of_windows = {name.split("+")[0] for name in recommended} & OF_WINDOWS
    if of_windows:
        return {"forecaster": of_windows.pop() if len(of_windows) == 1 else "best"}
    processes = [name.split("+")[0] for name in (*recommended, report["facts"]["reference"])]
    fitted_by_jobs = [name for name in processes if name in MODEL_CLASSES]
    return {"forecaster": "process", **({"purchases": fitted_by_jobs[0]} if fitted_by_jobs else {})}


def proposed_settings(log: Path, folder: Path) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    """Return the settings of a job that reads a log, by section, and remarks for the user.

    Columns are proposed by their names and contents. For a log of at least a year the best forecaster is proposed,
    which learns from earlier windows; for others, the first process that the profile finds suitable.

    Parameters
    ----------
    log : Path
    folder : Path
        Folder of the job file, to which the path of the log is made relative.

    Raises
    ------
    InvalidOption
        If no column looks like a customer's id or a date.
    InvalidTransactions
        If the log cannot be read.
    """
    suggestion = suggest_columns(log)
    roles = {**suggestion.columns, **suggestion.others}
    lacking = [role for role in ("customer_id", "date") if role not in roles]
    if lacking:
        raise InvalidOption(
            f"{log}: no column looks like {' or '.join(lacking)}; it has {list_names(column_names(log))}. Run "
            "`clv init` without --from, and set the columns in [columns]."
        )
    if "amount" in roles:  # the amount paid includes the quantity
        roles.pop("quantity", None)
    extra = {role: name for role, name in roles.items() if role in ColumnSettings.EXTRA}
    columns = {role: roles.get(role) for role in ("customer_id", "date", "amount")} | extra
    settings: dict[str, dict[str, Any]] = {"source": {"path": os.path.relpath(log, folder)}, "columns": columns}
    remarks = []
    if len(suggestion.date_formats) == 1:
        settings["cleaning"] = {"date_format": suggestion.date_formats[0]}
    elif suggestion.date_formats:
        ways = " or ".join(map(repr, suggestion.date_formats))
        remarks.append(f"Dates can be read in several ways: set cleaning.date_format to {ways}.")
    if extra:
        settings["cleaning.rules"] = {"refunds": "net", "duplicates": "auto"}
        remarks.append("Line items or orders: read what `clv clean --columns auto` says about the same file first.")
    elif not remarks:
        models, reason = _models_for(log, suggestion)
        settings["models"] = models
        remarks.append(reason)
    return settings, tuple(remarks)


def _models_for(log: Path, suggestion: ColumnSuggestion) -> tuple[dict[str, Any], str]:
    """Return the settings of [models] for a log, and the reason."""
    columns: dict[str, Any] = dict(suggestion.columns)
    try:
        log_profile = profile(
            log,
            **columns,
            date_format=next(iter(suggestion.date_formats), None),
            on_missing_id="drop",
            time_unit="week",
        )
    except CLVError as error:
        return {}, f"The log cannot be profiled yet, so [models] has the usual settings: {error}"
    weeks = f"{log_profile.span:.0f} weeks, {log_profile.customers:,} customers"
    if log_profile.sufficiency == "insufficient":
        return {}, f"{weeks}: too little for a forecast, so [models] has the usual settings. See `clv profile`."
    if log_profile.span >= WEEKS_FOR_BEST:
        reason = f"forecaster = best: {weeks}, so earlier windows show how good forecasts are."
        return {"forecaster": "best"}, f"{reason} For [predictions.costs], set forecaster = process."
    suitable = [str(process) for process in log_profile.models["process"] if process in MODEL_CLASSES]
    return {"purchases": suitable[0]}, f"purchases = {suitable[0]}: {weeks}; a longer log would suit forecaster = best."


def job_file(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of a job file with every setting and these values; a value of None comments a setting out."""
    lines, section = template().splitlines(keepends=True), ""
    left = {(section, key): value for section, values in settings.items() for key, value in values.items()}
    for place, line in enumerate(lines):
        if header := HEADER.match(line):
            section = header[1]
            if section in settings:
                lines[place] = line.removeprefix("# ")
        elif (setting := SETTING.match(line)) and (section, setting[1]) in left:
            value = left.pop((section, setting[1]))
            written = (
                f"# {setting[1]} = {setting[2]}"
                if value is None
                else f"{setting[1]} = {json.dumps(value, ensure_ascii=False)}"
            )
            lines[place] = f"{written.ljust(COMMENT_AT - 1)} #{setting[3]}\n" if setting[3] else f"{written}\n"
    if left:
        raise AssertionError(f"the template of job files lacks the settings {sorted(left)}")
    return "".join(lines)

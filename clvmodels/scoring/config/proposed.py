"""A job file that proposes the forecaster a report recommended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clvmodels.errors import InvalidOption
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.scoring.config.job import template

__all__ = ["job_file", "proposed_models", "read_report"]

RECOMMENDATION = "verdict-recommend"  # code of the finding
OF_WINDOWS = (
    "best",
    "boosted_trees",
    "blend",
)  # forecasters that learn from earlier windows, of which a job fits "best"


def read_report(path: Path) -> dict[str, Any]:
    """Return the numbers of a report, which `clv report` writes next to the page.

    Raises
    ------
    InvalidOption
        If the file cannot be read, or is not of a report.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        proposed_models(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidOption(
            f"{path} does not have the numbers of a report: name the .json file that `clv report` wrote."
        ) from None
    return dict(document)


def proposed_models(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of [models] that follow from a report's findings.

    The best forecaster, if it was recommended for a total or a ranking, or trees or a blend were, which a job cannot
    fit but which the best forecaster contains; a process that was recommended; or else the process reported on.

    Parameters
    ----------
    report : mapping
        The JSON of a report: its findings with the code "verdict-recommend", and the process reported on.
    """
    recommended = [
        str(finding["figures"]["forecaster"])
        for answer in report["verdict"]
        for finding in answer["findings"]
        if finding["code"] == RECOMMENDATION
    ]
    if any(name.startswith(OF_WINDOWS) for name in recommended):
        return {"forecaster": "best"}
    processes = [name.split("+")[0] for name in (*recommended, report["facts"]["reference"])]
    fitted_by_jobs = [name for name in processes if name in MODEL_CLASSES]
    return {"forecaster": "process", **({"purchases": fitted_by_jobs[0]} if fitted_by_jobs else {})}


def job_file(models: Mapping[str, str]) -> str:
    """Return a job file with every setting, and these in [models]."""
    text = template()
    for name, value in models.items():
        lines = text.splitlines(keepends=True)
        (place,) = [i for i, line in enumerate(lines) if line.startswith(f"{name} = ")]
        setting, _, comment = lines[place].partition("#")
        lines[place] = f'{name} = "{value}"'.ljust(len(setting)) + f"#{comment}"
        text = "".join(lines)
    return text

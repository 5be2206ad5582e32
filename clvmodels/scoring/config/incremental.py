"""Settings that a job with `source.incremental` cannot have, because they need older rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clvmodels.scoring.config.job_fault import JobFault
from clvmodels.scoring.config.sections import SourceSettings

__all__ = ["faults_of_incremental"]

PLACE = "source.incremental"


def faults_of_incremental(source: SourceSettings, sections: Mapping[str, Any]) -> list[JobFault]:
    """Return faults of settings with which a log cannot be read from a day on."""
    if not source.incremental:
        return []
    problems = []
    if source.kind != "transactions":
        problems.append("reads a log of transactions: set source.kind = 'transactions', or leave it out")
    if source.store in ("ibis", "spark"):
        problems.append(f"has no effect, since the log is reduced in {source.store}: leave it out")
    cleaning, clock = (sections.get(name) for name in ("cleaning", "clock"))
    if cleaning and cleaning.rules is not None:
        problems.append(
            "a refund, a void or a line of an order may belong to an order of any age, so [cleaning.rules] need all "
            "rows: clean the log where it is written, or leave it out"
        )
    if cleaning and cleaning.date_format is not None:
        problems.append("days are selected by stored dates: leave out cleaning.date_format, or leave it out")
    if clock and clock.merge_within != "day":
        problems.append("the state has one row per day: set clock.merge_within = 'day', or leave it out")
    if "run" in sections and sections["run"].folder is None:
        problems.append("the state is kept in run.folder: set it, or leave it out")
    return [JobFault(PLACE, problem) for problem in problems]

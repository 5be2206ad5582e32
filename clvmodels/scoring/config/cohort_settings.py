"""The section of a job that describes the table of cohorts, which sinks with content = "cohorts" get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clvmodels.clock import Clock
from clvmodels.scoring.config.job_fault import JobFault
from clvmodels.scoring.config.sections import NO_SPEND, JobSection, NonEmptyText, complaints
from clvmodels.valuation.periods import CalendarUnit

__all__ = ["CohortSettings", "faults_of_cohorts"]

SECTION = "[cohorts]"


class CohortSettings(JobSection):
    """What customers of each cohort bought in each period, and are expected to buy; see `clvmodels.cohort_triangle`.

    Attributes
    ----------
    period : {"week", "month", "quarter", "year"}
        A cohort is the customers whose first order is in one of these periods.
    horizon : str, optional
        How far the expected part reaches. Default: the longest of `predictions.horizons`.
    """

    period: CalendarUnit = "month"
    horizon: NonEmptyText | None = None


def faults_of_cohorts(sections: Mapping[str, Any]) -> list[JobFault]:
    """Return settings with which a table of cohorts cannot be made, or for which no sink gets it."""
    cohorts, source, models, columns, predictions, clock, sinks = (
        sections.get(name) for name in ("cohorts", "source", "models", "columns", "predictions", "clock", "sinks")
    )
    wanted = any(sink.content == "cohorts" for sink in sinks or [])
    if not wanted:
        return [] if cohorts is None else [JobFault(SECTION, 'no sink gets it: set content = "cohorts" of one sink')]
    problems = []
    if all(sink.content == "cohorts" for sink in sinks or []):
        problems.append("the scores go to no sink: name one more sink, for them")
    if source and source.kind != "transactions":
        problems.append('needs transactions: set source.kind = "transactions"')
    if source and source.incremental:
        problems.append("needs all rows of the log: leave out source.incremental")
    if (models and models.spend == NO_SPEND) or (columns and not columns.has_money):
        problems.append("needs values: name columns.amount, and a spend model in models.spend")
    if predictions and predictions.margin < 0:
        problems.append("needs a margin of 0 or more: set predictions.margin")
    faults = [JobFault(SECTION, problem) for problem in problems]
    if cohorts and cohorts.horizon is not None:
        of_clock = Clock() if clock is None else clock.clock
        faults += [JobFault("cohorts.horizon", fault) for fault in complaints(of_clock.duration, cohorts.horizon)]
    return faults

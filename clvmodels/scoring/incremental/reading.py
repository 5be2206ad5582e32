"""How a run read its log, in full with the reason or from a day on, for the manifest."""

from __future__ import annotations

from typing import Literal

from clvmodels.language import Finding
from clvmodels.scoring.gates.run_statistics import Count, Record

__all__ = ["FullReadReason", "SourceReading"]

FullReadReason = Literal[
    "asked",
    "first",
    "damaged",
    "settings",
    "windows",
    "older-day",
    "older-rows",
    "no-rows",
    "faults",
    "model",
    "backfill",
]


class SourceReading(Record):
    """How a run of a job with `source.incremental` read its log.

    Attributes
    ----------
    mode : {"recent", "full"}
    since : str or None
        The first day whose rows were read; None if all were.
    rows_read : int
        Rows that were read, including rows left out because they have no id.
    reason : str or None
        The reason for a full read: "asked" (``full=True``), "first" (there was no state yet), "damaged" or "settings"
        (the state cannot be used), "windows" (it has fewer recent days than the forecaster looks at), "older-day" (a
        day before the one that the state is for), "older-rows" (rows before `since` came or went), "no-rows" (there are
        none since), "faults" (recent rows are at fault), "model" (it needs all purchases) or "backfill".
    changed_days : int
        Days before `since` whose number of rows changed.
    first_changed_day : str or None
        The earliest of these days.
    """

    mode: Literal["recent", "full"]
    since: str | None
    rows_read: Count
    reason: FullReadReason | None = None
    changed_days: Count = 0
    first_changed_day: str | None = None

    @property
    def finding(self) -> Finding:
        """Return a finding on how the log was read."""
        if self.mode == "recent":
            return Finding("score-read-recent", {"since": self.since, "rows": self.rows_read})
        figures = {"reason": self.reason, "days": self.changed_days, "day": self.first_changed_day or ""}
        damaged = self.reason in ("damaged", "older-rows")
        return Finding("score-read-full", figures, "caution" if damaged else "info")

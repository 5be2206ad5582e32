"""The log of a job: events with facts, written as readable lines or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from clvmodels.scoring.gates.result import GateResult

__all__ = ["JSONLines", "Progress", "event", "ignore", "log_gates"]

Progress = Callable[[str], None]  # called with a text on each step

log = logging.getLogger("clvmodels.job")
log.addHandler(logging.NullHandler())  # without a handler, Python would print warnings of refused gates


def event(name: str, text: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log an event with facts, which are plain values and never secrets."""
    log.log(level, text, extra={"event": name, "facts": facts})


def ignore(_: str) -> None:
    """Progress callback that does nothing."""


def log_gates(results: Sequence[GateResult]) -> bool:
    """Log the result of every gate, and return whether any refused."""
    for result in results:
        level = logging.INFO if result.passed else logging.WARNING
        facts = {"gate": result.gate, "passed": result.passed, "code": result.code, "figures": result.figures}
        event("gate", f"{result.gate}: {result.text}", level, severity=result.severity, **facts)
    return not all(result.passed for result in results)


class JSONLines(logging.Formatter):
    """One JSON object per line, with the scored date once it is known.

    Parameters
    ----------
    as_of : str, optional
        The date, if it is known from the start; a later event with another date replaces it.
    """

    def __init__(self, as_of: str | None = None) -> None:
        super().__init__()
        self._as_of: Any = as_of

    def format(self, record: logging.LogRecord) -> str:
        """Format an event."""
        facts = getattr(record, "facts", {})
        self._as_of = facts.get("as_of", self._as_of)
        scored_date = {} if self._as_of is None else {"as_of": self._as_of}
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "text": record.getMessage(),
        }
        return json.dumps(fields | scored_date | facts, default=str)

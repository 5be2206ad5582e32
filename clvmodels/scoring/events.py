"""What a job tells its log: an event with facts, as a readable line or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from clvmodels.scoring.gates.gates import GateResult

__all__ = ["JSONLines", "Tell", "event", "silent", "tell_outcomes"]

Tell = Callable[[str], None]  # what a user watches

log = logging.getLogger("clvmodels.job")
log.addHandler(logging.NullHandler())  # else Python prints warnings of refused gates beside the exception


def event(name: str, text: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log an event; facts are plain values, and none is a secret."""
    log.log(level, text, extra={"event": name, "facts": facts})


def silent(_: str) -> None:
    """Nobody watches."""


def tell_outcomes(outcomes: Sequence[GateResult]) -> bool:
    """Log what gates found; whether any refused."""
    for outcome in outcomes:
        level = logging.INFO if outcome.passed else logging.WARNING
        event("gate", f"{outcome.gate}: {outcome.sentence}", level, gate=outcome.gate, passed=outcome.passed)
    return not all(outcome.passed for outcome in outcomes)


class JSONLines(logging.Formatter):
    """One JSON object a line, with the date that is scored from when it is known.

    Parameters
    ----------
    as_of : str, optional
        Known from the beginning; an event that tells another holds for those after it.
    """

    def __init__(self, as_of: str | None = None) -> None:
        super().__init__()
        self._as_of: Any = as_of

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        self._as_of = facts.get("as_of", self._as_of)
        known = {} if self._as_of is None else {"as_of": self._as_of}
        told = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name),
            "text": record.getMessage(),
        }
        return json.dumps(told | known | facts, default=str)

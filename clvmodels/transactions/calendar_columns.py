"""Convert the plain times of an RFM, which people read, to calendar time, which models use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidRFM
from clvmodels.time_ahead import TimeAhead

__all__ = ["calendar_columns", "time_ahead"]

TIMES = ("recency", "T")
ROUNDING_TOLERANCE = 1e-6  # float error allowed in a whole number of ticks


class ObservedUntil(Protocol):
    """A clock and the end of observation."""

    @property
    def clock(self) -> Clock: ...
    @property
    def observation_end(self) -> str | None: ...


def calendar_columns(observed: ObservedUntil, names: Sequence[str], columns: Sequence[Any]) -> tuple[Any, ...]:
    """Return columns (m,), by name, in which T and, next to it, recency are calendar time.

    Without a calendar the columns stay as they are, to the last bit.
    """
    clock = observed.clock
    if not clock.seasonal or "T" not in names:
        return tuple(columns)
    times = {name: _ticks(column, clock) for name, column in zip(names, columns, strict=True) if name in TIMES}
    end = _end(clock, observed.observation_end)
    first = end - times["T"]
    changed = {"T": clock.elapsed(first, np.asarray(end))}
    if "recency" in times:
        changed["recency"] = clock.elapsed(first, first + times["recency"])
    return tuple(changed.get(name, column) for name, column in zip(names, columns, strict=True))


def time_ahead(clock: Clock, observation_end: str | None) -> TimeAhead:
    """Return the calendar time after the end of observation; the clock must have a calendar."""
    ahead = clock.ahead(_end(clock, observation_end))
    if ahead is None:
        raise AssertionError("the clock has a calendar")
    return ahead


def _end(clock: Clock, observation_end: str | None) -> int:
    if observation_end is None:
        raise InvalidRFM(
            "A calendar needs the end of observation: pass observation_end= to RFM.from_frame, or build the RFM "
            "with rfm_summary."
        )
    return clock.last_tick(observation_end)


def _ticks(times: npt.ArrayLike, clock: Clock) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    """Return times in ticks, without the rounding error of the division that made them; integers if all are whole."""
    ticks = np.asarray(times, dtype=float) * clock.ticks_per_unit
    whole = np.rint(ticks)
    error = np.subtract(ticks, whole)
    if np.max(np.abs(error, out=error), initial=0.0) < ROUNDING_TOLERANCE:
        return whole.astype(np.int64)
    return np.where(error < ROUNDING_TOLERANCE, whole, ticks)

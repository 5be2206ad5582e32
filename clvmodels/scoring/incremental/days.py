"""The rows of each day of a source, compared with those counted in a state."""

from __future__ import annotations

import numpy as np

from clvmodels.scoring.incremental.stored_state import LogState
from clvmodels.transactions.reduction import Ints

__all__ = ["changed_days", "join_counts", "up_to"]


def up_to(boundary: int, days: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the days up to a boundary, and the number of rows of each."""
    return days[days <= boundary], rows[days <= boundary]


def join_counts(boundary: int, older: tuple[Ints, Ints], later: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return the older days up to a boundary and the later ones after it."""
    after = later[0] > boundary
    return np.concatenate([older[0], later[0][after]]), np.concatenate([older[1], later[1][after]])


def changed_days(state: LogState, days: Ints, rows: Ints) -> Ints:
    """Return the days up to the boundary whose number of rows differs from that in the state."""
    before = dict(zip(state.days.tolist(), state.day_rows.tolist(), strict=True))
    now = dict(zip(*(values.tolist() for values in up_to(state.boundary, days, rows)), strict=True))
    changed = [day for day in {*before, *now} if before.get(day, 0) != now.get(day, 0)]
    return np.array(sorted(changed), dtype=np.int64)

"""Dates far outside the rest of a log: a row dated years later moves the end of observation of every customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.language import Finding

__all__ = ["StrayDates", "find_stray_dates", "refuse_distant_end", "refuse_stray_dates"]

SHORTEST_GAP = 90.0  # days; stray dates are at least this far from the rest
TIMES_USUAL_GAP = 10  # and this many times the longest gap within the rest
LARGEST_SHARE, FEWEST = 0.002, 2  # stray dates are at most this share of all, or this many
FEW_DATES, FEWEST_DATES = 20, 4  # with few dates, stray ones must be farther; below the fewest, none is unusual
SHORTEST_GAP_OF_FEW, FEWER = 180.0, 8  # days; below this number of dates, only one of them can be stray
FEWEST_FOR_END = 100  # dates from which on a long silence at the end is not plausible
SHORTEST_END_OF_FEW = 3652.5  # days; with fewer dates, the silence must last for a decade

TickArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class StrayDates:
    """Dates far outside the rest.

    Attributes
    ----------
    first, last : int
        First and last tick of the rest.
    before, after : int
        Number of stray dates on either side.
    earliest, latest : int
        First and last tick of all.
    """

    first: int
    last: int
    before: int
    after: int
    earliest: int
    latest: int

    def finding(self, clock: Clock) -> Finding:
        """Return the finding that a profile shows."""
        figures = {name: clock.describe_tick(getattr(self, name)) for name in ("first", "last", "earliest", "latest")}
        return Finding("log-stray-dates", figures | {"dates": self.before + self.after}, "problem")


def find_stray_dates(ticks: TickArray, counts: TickArray, clock: Clock) -> StrayDates | None:
    """Return the dates far outside the rest; None if there are none.

    Parameters
    ----------
    ticks, counts : int arrays, shape (n,)
        Distinct ticks in ascending order, and the number of rows or customers with each.
    clock : Clock
    """
    total = int(counts.sum())
    if total < FEWEST_DATES or len(ticks) < 3:
        return None
    allowed = 1 if total < FEWER else max(FEWEST, int(LARGEST_SHARE * total))
    position = np.arange(len(ticks))
    low = int(position[np.cumsum(counts) > allowed][0])
    high = int(position[np.cumsum(counts[::-1])[::-1] > allowed][-1])
    gaps = np.diff(ticks)
    if high <= low:
        return None
    days = SHORTEST_GAP if total >= FEW_DATES else SHORTEST_GAP_OF_FEW
    shortest = max(days * clock.ticks_per_unit / clock.days_per_unit, TIMES_USUAL_GAP * int(gaps[low:high].max()))
    late = np.flatnonzero(gaps[high:] >= shortest)
    early = np.flatnonzero(gaps[:low] >= shortest)
    last = high + int(late[0]) if len(late) else len(ticks) - 1
    first = int(early[-1]) + 1 if len(early) else 0
    if not (len(late) or len(early)):
        return None
    return StrayDates(
        first=int(ticks[first]),
        last=int(ticks[last]),
        before=int(counts[:first].sum()),
        after=int(counts[last + 1 :].sum()),
        earliest=int(ticks[0]),
        latest=int(ticks[-1]),
    )


def refuse_stray_dates(
    ticks: TickArray, counts: TickArray, clock: Clock, end: str | None, start: str | None = "acquired_after"
) -> None:
    """Raise InvalidTransactions if dates are far outside the rest and no argument says where the log ends or starts.

    Parameters
    ----------
    ticks, counts : int arrays
        As for `find_stray_dates`.
    clock : Clock
    end, start : str or None
        Arguments that confirm the dates, such as "observation_end"; None if the user passed them.
    """
    stray = find_stray_dates(ticks, counts, clock)
    if stray is None:
        return
    messages = []
    if stray.after and end is not None:
        last, latest = clock.describe_tick(stray.last), clock.describe_tick(stray.latest)
        messages.append(
            f"{stray.after:,} of the dates {'is' if stray.after == 1 else 'are'} far later than all others, up to "
            f"{latest}; the rest ends on {last}. Every customer would count as observed until {latest}. Correct the "
            f"date, or pass {end}={last!r} to leave it out, or {end}={latest!r} if it is right."
        )
    if stray.before and start is not None:
        first, earliest = clock.describe_start(stray.first), clock.describe_start(stray.earliest)
        before = clock.describe_tick(stray.first - 1)
        messages.append(
            f"{stray.before:,} of the dates {'is' if stray.before == 1 else 'are'} far earlier than all others, from "
            f"{earliest}; the rest starts on {first}. Correct the date, or pass {start}={before!r} to leave its "
            f"customer out, or {start}={clock.describe_tick(stray.earliest - 1)!r} if it is right."
        )
    if messages:
        raise InvalidTransactions("\n".join(messages))


def refuse_distant_end(ticks: TickArray, counts: TickArray, clock: Clock, end: int, name: str) -> None:
    """Raise InvalidOption if a period ends so long after the last date that the log cannot reach that far."""
    if len(ticks) < 3 or end <= ticks[-1]:
        return
    days = SHORTEST_GAP if int(counts.sum()) >= FEWEST_FOR_END else SHORTEST_END_OF_FEW
    shortest = days * clock.ticks_per_unit / clock.days_per_unit
    if end - int(ticks[-1]) > max(shortest, TIMES_USUAL_GAP * int(np.diff(ticks).max())):
        last = clock.describe_tick(int(ticks[-1]))
        raise InvalidOption(
            f"{name}={clock.describe_tick(end)!r} is far beyond the log, which ends on {last}: everybody would seem to "
            f"have stopped buying. Pass a date up to which the log is complete, such as {name}={last!r}."
        )

"""Find dates far outside the rest of a log: a single row dated years later moves the end of observation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.language import Finding

__all__ = [
    "EARLIEST",
    "FEW_CUSTOMERS",
    "LATEST",
    "PeriodArguments",
    "StrayDates",
    "count_by_tick",
    "doubtful_dates",
    "doubts_about_dates",
    "find_stray_dates",
    "refuse_doubtful_dates",
]

EARLIEST, LATEST = "1900-01-01", "2200-01-01"  # a date outside is a typo, such as the year 0014
FEW_CUSTOMERS = 100  # with fewer customers, the dates of all rows are compared instead

SHORTEST_GAP = 90.0  # days; stray dates are at least this far from the rest
TIMES_USUAL_GAP = 10  # and this many times the longest gap within the rest
LARGEST_SHARE, FEWEST = 0.002, 2  # stray dates are at most this share of all, or this many
FEW_DATES, FEWEST_DATES = 20, 4  # with few dates, stray ones must be farther; below the fewest, none is unusual
SHORTEST_GAP_OF_FEW, FEWER = 180.0, 8  # days; with fewer dates, only one can be stray
FEWEST_FOR_END = 100  # with this many dates, a long silence at the end is implausible
SHORTEST_END_OF_FEW = 3652.5  # days; with fewer dates, the silence must last for a decade

MOST_TICKS = 2**20  # days or hours over which rows are counted in a table
CORRECT = "Correct the date, or remove the row, unless it is right."

TickArray = npt.NDArray[np.integer]
RowsByTick = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Distinct ticks in ascending order, and the number of rows or customers with each."""


@dataclass(frozen=True, slots=True)
class PeriodArguments:
    """The arguments that bound the observed period, with which users confirm dates far from the others.

    Attributes
    ----------
    end, start : str or None
        Their names, such as "observation_end" and "acquired_after"; None if the function has none.
    end_tick : int or None
        The last tick that the user passed.
    has_start : bool
        Whether the user passed a start, or much earlier dates do no harm.
    compared : {"rows", "customers"}
        Whether the dates of all rows are compared, or the first and last dates of customers.
    """

    end: str | None = None
    start: str | None = None
    end_tick: int | None = None
    has_start: bool = False
    compared: Literal["rows", "customers"] = "rows"


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


def refuse_doubtful_dates(first: RowsByTick, last: RowsByTick, clock: Clock, period: PeriodArguments) -> None:
    """Raise an error if dates are far from the others and no argument confirms them.

    Parameters
    ----------
    first, last : pairs of int arrays
        Dates by which the start and the end of the log are judged, as for `find_stray_dates`.
    clock : Clock
    period : PeriodArguments

    Raises
    ------
    InvalidOption
        If the end that the user passed is implausibly long after the last date of the log.
    InvalidTransactions
        If dates are far from the others.
    """
    doubts = doubts_about_dates(first, last, clock, period)
    if doubts:
        raise (InvalidOption if _distant_end(*last, clock, period) else InvalidTransactions)("\n".join(doubts))


def doubts_about_dates(first: RowsByTick, last: RowsByTick, clock: Clock, period: PeriodArguments) -> list[str]:
    """Return what `refuse_doubtful_dates` raises, one text per fault."""
    distant = _distant_end(*last, clock, period)
    return [*([] if distant is None else [distant]), *_far_dates(first, last, clock, period)]


def count_by_tick(ticks: npt.NDArray[np.int64], counts: npt.NDArray[np.int64] | None = None) -> RowsByTick:
    """Return the distinct ticks in ascending order, and how many there are of each, or the sum of their counts."""
    low = int(ticks.min()) if ticks.size else 0
    if ticks.size and int(ticks.max()) - low < MOST_TICKS:
        present = np.flatnonzero(np.bincount(ticks - low))  # faster than sorting
        return present + low, np.bincount(ticks - low, counts)[present].astype(np.int64)
    distinct, positions = np.unique(ticks, return_inverse=True)
    return distinct, np.bincount(positions, counts, minlength=len(distinct)).astype(np.int64)


def doubtful_dates(lazy: nw.LazyFrame[Any], clock: Clock, period: PeriodArguments) -> list[str]:
    """Return what `refuse_doubtful_dates` would find in a log that has other faults.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
        Has the columns customer_id and tick. Rows without a customer or with an implausible date are left out.
    clock : Clock
    period : PeriodArguments
    """
    limits = (clock.last_tick(EARLIEST), clock.last_tick(LATEST))
    tick, customer = nw.col("tick").cast(nw.Int64), nw.col("customer_id")
    rows = lazy.filter(tick >= limits[0], tick <= limits[1])
    if period.end_tick is not None:
        rows = rows.filter(tick <= period.end_tick)
    with_id = rows.filter(~customer.is_null())
    if period.compared == "customers":
        of_each = with_id.group_by("customer_id").agg(nw.col("tick").min().alias("first"), nw.col("tick").max())
        ends = frames.collect(of_each)
        if len(ends) >= FEW_CUSTOMERS:
            first, last = (count_by_tick(ends[name].to_numpy().astype(np.int64)) for name in ("first", "tick"))
            return doubts_about_dates(first, last, clock, period)
    table = frames.collect(with_id.group_by("tick").agg(nw.len().alias("rows")).sort("tick"))
    all_rows = (table["tick"].to_numpy().astype(np.int64), table["rows"].to_numpy().astype(np.int64))
    return doubts_about_dates(all_rows, all_rows, clock, period)


def _far_dates(first: RowsByTick, last: RowsByTick, clock: Clock, period: PeriodArguments) -> list[str]:
    """Return error texts about dates far later or far earlier than all others, unless an argument confirms them."""
    late = find_stray_dates(*last, clock) if period.end_tick is None else None
    early = None if period.has_start else find_stray_dates(*first, clock)
    messages = []
    if late is not None and late.after:
        end, latest = clock.describe_tick(late.last), clock.describe_tick(late.latest)
        remedy = CORRECT
        if period.end is not None:
            remedy = f"Every customer would count as observed until {latest}. Correct the date, or pass "
            remedy += f"{period.end}={end!r} to leave it out, or {period.end}={latest!r} if it is right."
        messages.append(
            f"{late.after:,} of the dates {'is' if late.after == 1 else 'are'} far later than all others, up to "
            f"{latest}; the rest ends on {end}. {remedy}"
        )
    if early is not None and early.before:
        start, earliest = clock.describe_start(early.first), clock.describe_start(early.earliest)
        remedy = CORRECT
        if period.start is not None:
            day, before = clock.describe_tick(early.first - 1), clock.describe_tick(early.earliest - 1)
            remedy = f"Correct the date, or pass {period.start}={day!r} to leave its customer out, or "
            remedy += f"{period.start}={before!r} if it is right."
        messages.append(
            f"{early.before:,} of the dates {'is' if early.before == 1 else 'are'} far earlier than all others, from "
            f"{earliest}; the rest starts on {start}. {remedy}"
        )
    return messages


def _distant_end(ticks: TickArray, counts: TickArray, clock: Clock, period: PeriodArguments) -> str | None:
    """Return an error text if the period ends implausibly long after the last date of the log."""
    end = period.end_tick
    if end is None or len(ticks) < 3 or end <= ticks[-1]:
        return None
    days = SHORTEST_GAP if int(counts.sum()) >= FEWEST_FOR_END else SHORTEST_END_OF_FEW
    shortest = days * clock.ticks_per_unit / clock.days_per_unit
    if end - int(ticks[-1]) <= max(shortest, TIMES_USUAL_GAP * int(np.diff(ticks).max())):
        return None
    last = clock.describe_tick(int(ticks[-1]))
    return (
        f"{period.end}={clock.describe_tick(end)!r} is far beyond the log, which ends on {last}: every customer would "
        f"seem to have stopped buying. Pass a date up to which the log is complete, such as {period.end}={last!r}."
    )

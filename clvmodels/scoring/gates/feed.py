"""Gates on the feed of the log: the age of its latest row, and whether its new days are like earlier ones.

All limits are learned from the log. Rows of a day are compared with the median of the same weekday in the eight weeks
before, and the ratio with the range of this ratio in the past year. If days are exchangeable, the next of n + 1 values
is the largest with probability 1 / (n + 1); a margin is added, so a sound night is rarely refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.scoring.gates.limits import Gates
from clvmodels.scoring.gates.result import Figure, GateResult
from clvmodels.scoring.gates.run_statistics import Count, Finite, Record

__all__ = ["DailyRows", "FeedStatistics", "check_feed", "check_late"]

WEEKS = 8  # number of earlier days of the same weekday, with whose median a day is compared
FEWEST_WEEKS, FEWEST_DAYS = 4, 28  # needed to know the rhythm of a log
YEAR = 364  # days over which the range is taken
OUTLIERS_FROM = 120  # number of days from which the largest and the smallest value are left out of the range
ROBUST_ERRORS = 4.0  # the range is at least this many robust standard deviations on both sides
MAD_TO_DEVIATION = 1.4826  # a normal's standard deviation over its median absolute deviation
MOST_DAYS = 7  # new days to check
ALLOWED_LATE_ROWS = 10  # that a log may always have


class FeedStatistics(Record):
    """Statistics of the end of a run's log.

    Attributes
    ----------
    latest_row : str
        Day of the latest row.
    empty_days : int
        Days after the latest row, up to the date.
    longest_pause : int or None
        The most consecutive days without a row in the year before; None if the log is shorter than four weeks.
    rows : int
        Rows on the last day.
    expected_rows : float or None
        The median of the same weekday in the eight weeks before.
    """

    latest_row: str
    empty_days: Count
    longest_pause: Count | None
    rows: Count
    expected_rows: Finite | None


@dataclass(frozen=True, slots=True, eq=False)
class DailyRows:
    """The last days of a log up to the date, without gaps.

    Attributes
    ----------
    days : datetime64[D] array (n,)
    rows, distinct : int arrays (n,)
        Rows, and the number of different rows by customer, time and amount.
    amounts : float array (n,) or None
        The median amount of each day, NaN where there is none.
    """

    days: npt.NDArray[np.datetime64]
    rows: npt.NDArray[np.int64]
    distinct: npt.NDArray[np.int64]
    amounts: Array | None

    @property
    def latest(self) -> int:
        """Return the position of the last day that has rows."""
        return int(np.flatnonzero(self.rows)[-1])

    def statistics(self) -> FeedStatistics:
        """Return the statistics for the manifest."""
        expected = _expected(self.rows.astype(float))[-1]
        return FeedStatistics(
            latest_row=str(self.days[self.latest]),
            empty_days=len(self.rows) - 1 - self.latest,
            longest_pause=_longest_pause(self.rows[: self.latest]) if self.latest >= FEWEST_DAYS else None,
            rows=int(self.rows[-1]),
            expected_rows=None if np.isnan(expected) else float(expected),
        )


def check_feed(limits: Gates, daily: DailyRows, new_days: int) -> list[GateResult]:
    """Check the age of the latest row, and the rows, repetitions and amounts of new days.

    Parameters
    ----------
    new_days : int
        Days since the last run; at least the last day is checked, and at most a week.
    """
    new = min(max(new_days, 1), MOST_DAYS)
    rows = daily.rows.astype(float)
    repeated = np.where(daily.rows > 0, daily.rows - daily.distinct, np.nan) / np.maximum(daily.rows, 1)
    results = _check_freshness(limits, daily)
    results += _check_range("daily_rows", limits.daily_rows, daily, rows, new, 1.0)
    if daily.amounts is not None:
        results += _check_range("daily_amounts", limits.daily_amounts, daily, daily.amounts, new, 0.0)
    if limits.repeated_rows is not None and len(rows) - new >= FEWEST_DAYS:
        usual = float(np.nanmax(repeated[:-new], initial=0.0))
        worst = int(np.argmax(np.nan_to_num(repeated[-new:]))) - new
        share = float(np.nan_to_num(repeated[worst]))
        figures: dict[str, Figure] = {
            "day": str(daily.days[worst]),
            "rows": int(daily.rows[worst]),
            "share": share,
            "usual": usual,
            "limit": limits.repeated_rows,
        }
        passed = share <= usual + limits.repeated_rows
        results.append(GateResult.of("repeated_rows", passed, "gate-repeated-rows", figures))
    return results


def check_late(limits: Gates, late: int | None, last_as_of: str, before: npt.NDArray[np.int64]) -> list[GateResult]:
    """Check the rows added or removed since the last run for days that it covered.

    Parameters
    ----------
    late : int or None
        Number of these rows, negative if rows were removed; None if there is no last run to compare with.
    before : int array
        Rows of each day of the four weeks up to the last run.
    """
    if limits.late_rows is None or late is None:
        return []
    usual = int(before.sum())
    figures: dict[str, Figure] = {
        "late": abs(late),
        "direction": "gone" if late < 0 else "late",
        "reference_as_of": last_as_of,
        "usual": usual,
        "limit": limits.late_rows,
    }
    passed = abs(late) <= limits.late_rows * usual + ALLOWED_LATE_ROWS
    return [GateResult.of("late_rows", passed, "gate-late-rows", figures)]


def _check_freshness(limits: Gates, daily: DailyRows) -> list[GateResult]:
    feed = daily.statistics()
    if limits.freshness is None or feed.longest_pause is None:
        return []
    figures: dict[str, Figure] = {
        "latest": feed.latest_row,
        "days": feed.empty_days,
        "longest": feed.longest_pause,
        "limit": limits.freshness,
    }
    passed = feed.empty_days <= limits.freshness * feed.longest_pause
    return [GateResult.of("freshness", passed, "gate-freshness", figures)]


def _check_range(
    gate: str, limit: float | None, daily: DailyRows, values: Array, new: int, added: float
) -> list[GateResult]:
    """Check the ratio of new days to their expectation against the range of earlier days.

    Parameters
    ----------
    limit : float or None
        The factor by which the range may be exceeded.
    added : float
        Number added to both sides of a ratio, which makes it finite for days without rows.
    """
    expected = _expected(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.log((values + added) / (expected + added))
    past = ratios[:-new][np.isfinite(ratios[:-new])][-YEAR:]
    checked = np.flatnonzero(np.isfinite(ratios[-new:])) - new
    if limit is None or len(past) < FEWEST_DAYS or not len(checked):
        return []
    low, high = _range(past)
    low, high = low - np.log(limit), high + np.log(limit)
    beyond = np.maximum(low - ratios[checked], ratios[checked] - high)
    worst = int(checked[np.argmax(beyond)])
    figures: dict[str, Figure] = {
        "day": str(daily.days[worst]),
        "value": float(values[worst]),
        "expected": float(expected[worst]),
        "lowest": float(max((expected[worst] + added) * np.exp(low) - added, 0.0)),
        "highest": float((expected[worst] + added) * np.exp(high) - added),
        "quantity": "rows" if gate == "daily_rows" else "amounts",
        "limit": limit,
    }
    return [GateResult.of(gate, bool(beyond.max() <= 0), "gate-daily", figures)]


def _expected(values: Array) -> Array:
    """Return the median of the same weekday in the weeks before (n,), NaN if too few of them have a value."""
    table = np.full((WEEKS, len(values)), np.nan)
    for week in range(1, WEEKS + 1):
        table[week - 1, 7 * week :] = values[: len(values) - 7 * week] if 7 * week < len(values) else []
    enough = np.sum(~np.isnan(table), axis=0) >= FEWEST_WEEKS
    medians = np.full(len(values), np.nan)
    if enough.any():
        medians[enough] = np.nanmedian(table[:, enough], axis=0)
    return medians


def _range(values: Array) -> tuple[float, float]:
    """Return the range of past values, without extremes if there are many, of at least some standard deviations."""
    ordered = np.sort(values)
    skipped = 1 if len(ordered) >= OUTLIERS_FROM else 0
    middle = float(np.median(ordered))
    spread = ROBUST_ERRORS * MAD_TO_DEVIATION * float(np.median(np.abs(ordered - middle)))
    return min(float(ordered[skipped]), middle - spread), max(float(ordered[-1 - skipped]), middle + spread)


def _longest_pause(rows: npt.NDArray[np.int64]) -> int:
    """Return the most consecutive days without a row in the past year."""
    filled = np.flatnonzero(rows[-YEAR:])
    return int(np.max(np.diff(filled), initial=1)) - 1

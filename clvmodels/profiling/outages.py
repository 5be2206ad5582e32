"""Find days with far fewer purchases than the days around them: a closed shop, lost records, empty shelves."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, pdtr

from clvmodels.calendar import CalendarPeriod, PeriodKind
from clvmodels.language import Finding, Findings
from clvmodels.profiling.daily_purchases import DailyPurchases, iso
from clvmodels.transactions.amounts import Floats

__all__ = ["Outages", "examine_outages"]

WEEK = 7
WEEKS_AROUND = 4  # weeks before and after; a day is compared with the median of the same weekday
FEWEST_NEIGHBORS = 4
WINDOWS = (1, 2, 3, 7)  # lengths in days of the periods that are compared
FAR_BELOW, BELOW = 0.4, 0.6  # share of the neighbors in an outage, and on its first and last day
SHORTEST_CLOSED = 2  # days without a purchase that form a separate period
UNLIKELY_PROBABILITY = 1e-7  # probability of a number of purchases this low on any day of a log
NEW_CUSTOMERS_SHARE = 0.05  # with a smaller share of first purchases around, a cohort has nearly all left
MEDIAN_OF_SQUARE = 0.455  # median of the square of a standard normal variable
LONGEST_AFTER = 14  # days after an outage in which customers may catch up
SIGNIFICANCE_LEVEL = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Outages:
    """Days far below their neighbors, as proposals, because only the shop knows what happened.

    Attributes
    ----------
    table : DataFrame
        One row per period: first, last, kind ("closed" without any purchase, "stock_out" if customers bought more right
        after it, and otherwise "records_lost"), purchases, expected (as on the days around), share, after (purchases
        over those expected in as many days after it, up to 14), p_value (of no catching up), catches_up.
    """

    table: pd.DataFrame = field(repr=False)

    @property
    def periods(self) -> tuple[CalendarPeriod, ...]:
        """The periods for a calendar, with the share of purchases that were seen as their speed."""
        return tuple(
            CalendarPeriod("outage", str(row["first"]), str(row["last"]), float(row["share"]), _kind(row))
            for row in self.table.to_dict("records")
        )

    @property
    def findings(self) -> Findings:
        """Findings on the longest outage and the number of outages."""
        if not len(self.table):
            return ()
        row = self.table.to_dict("records")[int(np.argmax(self.table["expected"] - self.table["purchases"]))]
        figures = {
            "periods": len(self.table),
            "first": str(row["first"]),
            "last": str(row["last"]),
            "share": float(row["share"]),
            "catches_up": bool(row["catches_up"]),
        }
        return (Finding("profile-outages", figures, "caution"),)


def examine_outages(purchases: DailyPurchases) -> Outages:
    """Return runs of days far below the same weekdays of the weeks around, during which new customers kept arriving.

    In a cohort whose customers have nearly all left, every quiet week looks like an outage: days are not examined if
    less than 5 % of the purchases around them are first purchases, nor is the last day, on which an export may have
    ended early.
    """
    total = purchases.by_day.astype(float)
    first = purchases.first_by_day.astype(float)
    low = _far_below(total, _median_of_neighbors(total, np.zeros(len(total), dtype=bool)))
    expected = _median_of_neighbors(total, low)
    noise = _overdispersion(total, expected, low)
    runs = [
        part
        for begin, end in _runs(low)
        if begin > 0 and end < len(low) and _new_customers_arrive(total, first, low, begin, end)
        for part in _parts(total, expected, begin, end)
    ]
    rows = [_row(total, expected, noise, purchases.first_day, *run) for run in runs]
    names = ["first", "last", "kind", "purchases", "expected", "share", "after", "p_value", "catches_up"]
    return Outages(pd.DataFrame(rows, columns=names))


def _median_of_neighbors(total: Floats, without: npt.NDArray[np.bool_]) -> Floats:
    """Return the median of the same weekday in the weeks around each day, (d,); NaN with too few of them."""
    padded = np.pad(np.where(without, np.nan, total), WEEK * WEEKS_AROUND, constant_values=np.nan)
    weeks = [week for week in range(2 * WEEKS_AROUND + 1) if week != WEEKS_AROUND]
    around = np.stack([padded[WEEK * week : WEEK * week + len(total)] for week in weeks])
    enough = np.isfinite(around).sum(axis=0) >= FEWEST_NEIGHBORS
    median = np.full(len(total), np.nan)
    median[enough] = np.nanmedian(around[:, enough], axis=0)
    return median


def _overdispersion(total: Floats, expected: Floats, low: npt.NDArray[np.bool_]) -> float:
    """Return the variance of daily purchases over their mean, by the median of squares; at least 1."""
    used = np.isfinite(expected) & ~low & (expected > 0)
    if not used.any():
        return 1.0
    squares = (total[used] - expected[used]) ** 2 / expected[used]
    return max(1.0, float(np.median(squares)) / MEDIAN_OF_SQUARE)


def _far_below(total: Floats, expected: Floats) -> npt.NDArray[np.bool_]:
    """Return which days are in a period with far fewer purchases than expected, (d,)."""
    comparable = np.isfinite(expected)
    noise = _overdispersion(total, expected, np.zeros(len(total), dtype=bool))
    low = np.zeros(len(total), dtype=bool)
    for length in WINDOWS:
        if length > len(total):
            continue
        ones = np.ones(length)
        seen, mean = np.convolve(total, ones, "valid"), np.convolve(np.where(comparable, expected, 0.0), ones, "valid")
        whole = np.convolve(comparable, ones, "valid") == length
        chance = pdtr(np.floor(seen / noise), np.maximum(mean / noise, 1e-9))
        for start in np.flatnonzero(whole & (seen < FAR_BELOW * mean) & (chance < UNLIKELY_PROBABILITY)):
            low[start : start + length] = True
    edges = low & (total >= BELOW * np.where(comparable, expected, np.inf))
    for begin, end in _runs(low):  # days at the ends of a period that are not low themselves
        while begin < end and edges[begin]:
            low[begin], begin = False, begin + 1
        while begin < end and edges[end - 1]:
            low[end - 1], end = False, end - 1
    return low


def _runs(low: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the begin and end of each run of True."""
    edges = np.flatnonzero(np.diff(low.astype(np.int8), prepend=0, append=0))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def _parts(total: Floats, expected: Floats, begin: int, end: int) -> list[tuple[int, int]]:
    """Split a run into days without any purchase, and the quiet days before and after them."""
    empty = total[begin:end] == 0
    closed = [(begin + first, begin + last) for first, last in _runs(empty) if last - first >= SHORTEST_CLOSED]
    edges = sorted({begin, end, *(edge for run in closed for edge in run)})
    parts = itertools.pairwise(edges)
    return [(a, b) for a, b in parts if total[a:b].sum() < FAR_BELOW * np.nansum(expected[a:b])]


def _new_customers_arrive(total: Floats, first: Floats, low: npt.NDArray[np.bool_], begin: int, end: int) -> bool:
    """Return whether new customers arrive around an outage, not only customers of an old cohort."""
    around = slice(max(begin - WEEK * WEEKS_AROUND, 0), end + WEEK * WEEKS_AROUND)
    bought, new = (values[around][~low[around]].sum() for values in (total, first))
    return bool(new >= NEW_CUSTOMERS_SHARE * bought)


def _row(total: Floats, expected: Floats, noise: float, day: int, begin: int, end: int) -> dict[str, object]:
    """Return an outage as a row of the table."""
    seen, mean = float(total[begin:end].sum()), float(np.nansum(expected[begin:end]))
    after = slice(end, min(end + min(end - begin, LONGEST_AFTER), len(total)))
    comparable = np.isfinite(expected[after])
    later, usual = float(total[after][comparable].sum()), float(expected[after][comparable].sum())
    # The median of eight days has about a fifth of the variance of a day.
    p_value = 1 - float(ndtr((later - usual) / np.sqrt(1.2 * noise * usual))) if usual > 0 else 1.0
    first, last = iso(np.array([day + begin, day + end - 1]))
    share = seen / mean if mean > 0 else 0.0
    return {
        "first": first,
        "last": last,
        "kind": "closed" if seen == 0 else "stock_out" if p_value < SIGNIFICANCE_LEVEL else "records_lost",
        "purchases": int(seen),
        "expected": mean,
        "share": round(share, 6),
        "after": later / usual if usual > 0 else float("nan"),
        "p_value": p_value,
        "catches_up": p_value < SIGNIFICANCE_LEVEL,
    }


def _kind(row: dict[Hashable, object]) -> PeriodKind:
    kinds: dict[str, PeriodKind] = {"closed": "closed", "stock_out": "stock_out", "records_lost": "records_lost"}
    return kinds[str(row["kind"])]

"""Is the first purchase seen the first there was? Whether customers in a log are older than the log."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from clvmodels.profiling.daily_purchases import DailyPurchases, iso
from clvmodels.transactions.amounts import Floats
from clvmodels.transactions.purchase_log import IntArray

__all__ = ["Arrivals", "judge_arrivals"]

WINDOWS = (28, 7, 1)  # days: weekdays and paydays cancel in the longest, but arrivals have to go on long enough for it
ENOUGH_WINDOWS, FEWEST_WINDOWS, MOST_WINDOWS = 6, 4, 13  # the most is a year of 28 days
ARRIVED = 0.95  # share of customers after whose arrival the windows end: a cohort's arrivals stop
FEWEST_CUSTOMERS = 50
FEWEST_EARLY = 10
SIGNIFICANT = 3.0  # standard errors: one in seven hundred logs by chance
MATERIAL = 1.25
MAD = 1.4826  # of a median absolute deviation, to be a standard deviation where counts are normal
OWN_PACE = 0.9  # share of customers who come back within what is suggested to wait
FEW_LEFT = 0.05


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Whether first purchases crowd at the start of the log, and whether those who made them buy more often.

    Customers who were there before a log began are first seen at their next purchase: they crowd at its start, and the
    frequent ones come first. A launch or a campaign crowds too, but does not bring customers who go on to buy more
    often over an equally long time. So only both together say that customers are older than the log.

    Attributes
    ----------
    verdict : {"seen", "older", "unclear"}
        The first purchases are truly seen; many customers are older than the log; or nobody can tell.
    window_days : int
        Length of the windows compared.
    early : int
        Customers first seen in the first window.
    early_share : float
    usual : float
        Customers first seen in a later window, the median of up to twelve, while arrivals go on. NaN if there are none.
    crowding, crowding_z : float
        early / usual, and how many standard errors lie between; the error allows for windows that differ.
    follow_up_days : int
    early_repeats, later_repeats : float
        Mean repeat purchases within follow_up_days of the first, of customers first seen in the first window, and
        later; NaN where too few are followed that long.
    follow_up_z : float
        Standard errors between them.
    acquired_after : str or None
        Suggested day, ISO: nine in ten customers with repeat purchases have a mean time between purchases that is over
        by then.
    remaining : int or None
        Customers first seen later than that.
    words : str
    """

    verdict: Literal["seen", "older", "unclear"]
    window_days: int
    early: int
    early_share: float
    usual: float
    crowding: float
    crowding_z: float
    follow_up_days: int
    early_repeats: float
    later_repeats: float
    follow_up_z: float
    acquired_after: str | None
    remaining: int | None
    words: str


def judge_arrivals(seen: DailyPurchases) -> Arrivals:
    """Compare the first window of arrivals with the later ones, in number and in what came after."""
    arrival = seen.first - seen.origin
    window, counts = _windows(arrival)
    early = int(np.sum(arrival < window))
    usual = crowding = crowding_z = float("nan")
    if len(counts) >= FEWEST_WINDOWS:
        usual, crowding_z = _crowding(counts)
        crowding = early / usual if usual else float("inf")
    length = max(1, seen.days // 4)
    before, later, follow_up_z = _follow_up(seen, arrival, window, length)
    crowded = crowding >= MATERIAL and crowding_z >= SIGNIFICANT
    keener = before >= MATERIAL * later and follow_up_z >= SIGNIFICANT
    told: Literal["seen", "older", "unclear"]
    if len(arrival) < FEWEST_CUSTOMERS or len(counts) < FEWEST_WINDOWS:
        told = "unclear"
    else:
        told = "older" if crowded and keener else "unclear" if crowded or keener else "seen"
    after, remaining = None, None
    if told == "older" or crowded:
        last = seen.origin + _wait(seen, window) - 1
        after, remaining = iso(np.array([last]))[0], int(np.sum(seen.first > last))
    found = Arrivals(
        verdict=told,
        window_days=window,
        early=early,
        early_share=early / len(arrival),
        usual=usual,
        crowding=crowding,
        crowding_z=crowding_z,
        follow_up_days=length,
        early_repeats=before,
        later_repeats=later,
        follow_up_z=follow_up_z,
        acquired_after=after,
        remaining=remaining,
        words="",
    )
    return replace(found, words=_words(found, len(arrival), len(counts), int(arrival.max()) + 1, crowded))


def _windows(arrival: IntArray) -> tuple[int, IntArray]:
    """Length of a window in days, and the customers first seen in each whole one while arrivals go on."""
    going_on = int(np.quantile(arrival, ARRIVED, method="inverted_cdf")) + 1
    window = next((days for days in WINDOWS if going_on // days >= ENOUGH_WINDOWS), WINDOWS[-1])
    number = min(going_on // window, MOST_WINDOWS)
    return window, np.bincount(arrival // window, minlength=number)[:number]


def _crowding(counts: IntArray) -> tuple[float, float]:
    """Median of the later windows, and how many standard errors the first lies above it."""
    later = counts[1:]
    usual = float(np.median(later))
    spread = max(MAD * float(np.median(np.abs(later - usual))), math.sqrt(max(usual, 1.0)))
    return usual, (int(counts[0]) - usual) / (spread * math.sqrt(1 + math.pi / 2 / len(later)))


def _follow_up(seen: DailyPurchases, arrival: IntArray, window: int, length: int) -> tuple[float, float, float]:
    """Mean repeat purchases soon after the first: of those first seen early, of the others, and Welch's statistic."""
    since = seen.day - np.repeat(seen.first, np.diff(seen.start))
    soon = seen.by_customer(((since > 0) & (since <= length)).astype(np.int64)).astype(float)
    followed = arrival + length < seen.days
    early, others = soon[followed & (arrival < window)], soon[followed & (arrival >= window)]
    if min(len(early), len(others)) < FEWEST_EARLY:
        return float("nan"), float("nan"), float("nan")
    before, later = float(early.mean()), float(others.mean())
    error = math.sqrt(float(early.var()) / len(early) + float(others.var()) / len(others))
    return before, later, (before - later) / error if error else 0.0


def _wait(seen: DailyPurchases, window: int) -> int:
    """Days after which nine in ten customers with repeat purchases would have come back; half the log at most."""
    last = seen.day[seen.start[1:] - 1]
    again = seen.frequency > 0
    pace: Floats = (last - seen.first)[again] / seen.frequency[again]
    own = float(np.quantile(pace, OWN_PACE)) if len(pace) else 0.0
    return min(max(window, math.ceil(own)), max(window, seen.days // 2))


def _words(found: Arrivals, customers: int, windows: int, days: int, crowded: bool) -> str:
    first = "on the first day" if found.window_days == 1 else f"in the first {found.window_days} days"
    if customers < FEWEST_CUSTOMERS:
        return f"{customers:,} customers are too few to tell whether any is older than the log"
    if windows < FEWEST_WINDOWS:
        within = "on one day" if days == 1 else f"within {days:,} days"
        return (
            f"nearly all customers are first seen {within}: they are a cohort acquired then, or all "
            "are older than the log; only you can tell"
        )
    appear = f"{found.early_share:.0%} of customers appear {first}"
    crowd = f"{appear}, {found.crowding:.1f} times as many as in as many days later"
    pace = (
        f"{found.early_repeats:.2f} repeat purchases within {found.follow_up_days:,} days against "
        f"{found.later_repeats:.2f}"
    )
    if found.verdict == "older":
        share = (found.remaining or 0) / customers
        kept = f"{found.remaining:,} ({share:.0%}) would remain"
        advice = f"pass acquired_after={found.acquired_after!r} ({kept})"
        if share < FEW_LEFT:
            advice = (
                f"this log can hardly show new customers: {kept} with acquired_after={found.acquired_after!r}, and "
                "models take the first purchase seen for the first there was"
            )
        return f"{crowd}, and they buy more often ({pace}): they are older than the log; {advice}"
    if found.verdict == "seen":
        return f"first purchases do not crowd at the start of the log ({appear}): they are truly seen"
    if crowded:
        known = "" if found.follow_up_z != found.follow_up_z else f" ({pace})"
        return (
            f"{crowd}, but do not clearly buy more often{known}: a launch may have brought them, or they are older "
            f"than the log; if so, pass acquired_after={found.acquired_after!r}"
        )
    return (
        f"customers who appear {first} buy more often than later ones ({pace}) without crowding: new customers have "
        "changed, or some are older than the log"
    )

"""Check whether customers are older than the log, whose first purchases then do not show when they were acquired."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clvmodels.language import Finding
from clvmodels.profiling.daily_purchases import DailyPurchases, iso
from clvmodels.transactions.amounts import Floats
from clvmodels.transactions.purchase_log import IntArray

__all__ = ["Arrivals", "examine_arrivals"]

# Days in a window. Weekdays and paydays cancel in the longest, but customers must arrive over several windows.
WINDOWS = (28, 7, 1)
ENOUGH_WINDOWS = 6  # with this many windows, a longer window is preferred to a shorter one
FEWEST_WINDOWS = 4
MOST_WINDOWS = 13  # a year of 28 days
ARRIVED_SHARE = 0.95  # windows count until this share of customers has arrived; the arrivals of a cohort stop
FEWEST_CUSTOMERS = 50
FEWEST_EARLY = 10
SIGNIFICANT_ERRORS = 3.0  # standard errors: one log in 700 by chance
MATERIAL_RATIO = 1.25  # ratio above which a difference matters
MAD_TO_STANDARD_DEVIATION = 1.4826  # for normal counts
RETURNED_SHARE = 0.9  # share of customers whose mean time between purchases has passed by the suggested day
SMALLEST_REMAINING_SHARE = 0.05  # with fewer customers, the rest of the log cannot show new ones

ArrivalsVerdict = Literal["seen", "older", "unclear"]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Whether first purchases cluster at the start of the log, and whether these customers buy more often.

    Customers who were acquired before the log began are first seen at their next purchase. They cluster at its start,
    frequent buyers first. The customers of a launch or a campaign cluster too, but do not buy more often over an
    equally long time. Only both signs together show that customers are older than the log.

    Attributes
    ----------
    verdict : {"seen", "older", "unclear"}
        "seen": the first purchases in the log are the customers' first. "older": many customers are older than the log.
        "unclear": the log does not show which.
    customers : int
        Customers observed.
    windows : int
        Number of windows compared.
    arrival_days : int
        Days from the start of the log to the last customer's first purchase.
    window_days : int
        Length of a window.
    early : int
        Customers first seen in the first window.
    early_share : float
        The same as a share of all customers.
    usual : float
        Median number of customers first seen in one of the later windows, at most twelve, while customers arrive. NaN
        if there are no such windows.
    crowding, crowding_z : float
        early / usual, and the difference of the two in standard errors. The error allows for windows that differ.
    follow_up_days : int
        Length of the period after each customer's first purchase in which repeat purchases are counted.
    early_repeats, later_repeats : float
        Mean repeat purchases in that period of customers first seen in the first window, and later. NaN if too few
        customers are followed that long.
    follow_up_z : float
        The difference of the two in standard errors.
    acquired_after : str or None
        Suggested day (ISO): by then, the mean time between purchases has passed for nine in ten customers with repeat
        purchases.
    remaining : int or None
        Customers first seen after that day.
    """

    verdict: ArrivalsVerdict
    customers: int
    windows: int
    arrival_days: int
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

    @property
    def is_crowded(self) -> bool:
        """Whether clearly more customers are first seen in the first window than in a later one."""
        return self.crowding >= MATERIAL_RATIO and self.crowding_z >= SIGNIFICANT_ERRORS

    @property
    def finding(self) -> Finding:
        """The verdict with its reasons."""
        if self.customers < FEWEST_CUSTOMERS:
            return Finding("profile-arrivals-few-customers", {"customers": self.customers}, "caution")
        if self.windows < FEWEST_WINDOWS:
            return Finding("profile-arrivals-one-cohort", {"days": self.arrival_days}, "caution")
        early = {"window_days": self.window_days, "early_share": self.early_share}
        if self.verdict == "seen":
            return Finding("profile-arrivals-seen", early)
        figures = {
            **early,
            "crowding": self.crowding,
            "has_follow_up": not math.isnan(self.follow_up_z),
            "follow_up_days": self.follow_up_days,
            "early_repeats": self.early_repeats,
            "later_repeats": self.later_repeats,
            "day": self.acquired_after,
            "remaining": self.remaining,
            "remaining_share": None if self.remaining is None else self.remaining / self.customers,
        }
        if self.verdict == "unclear":
            code = "profile-arrivals-crowded" if self.is_crowded else "profile-arrivals-more-frequent"
            return Finding(code, figures, "caution")
        if (self.remaining or 0) / self.customers < SMALLEST_REMAINING_SHARE:
            return Finding("profile-arrivals-older-few-left", figures, "problem")
        return Finding("profile-arrivals-older", figures, "caution")

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text


def examine_arrivals(purchases: DailyPurchases) -> Arrivals:
    """Compare customers first seen in the first window of the log with later customers, by number and by purchases."""
    arrival = purchases.first - purchases.first_day
    window, counts = _windows(arrival)
    early = int(np.sum(arrival < window))
    usual = crowding = crowding_z = float("nan")
    if len(counts) >= FEWEST_WINDOWS:
        usual, crowding_z = _crowding(counts)
        crowding = early / usual if usual else float("inf")
    length = purchases.follow_up_days
    early_repeats, later_repeats, follow_up_z = _follow_up(purchases, arrival, window)
    is_crowded = crowding >= MATERIAL_RATIO and crowding_z >= SIGNIFICANT_ERRORS
    buys_more = early_repeats >= MATERIAL_RATIO * later_repeats and follow_up_z >= SIGNIFICANT_ERRORS
    verdict = _verdict(len(arrival), len(counts), is_crowded, buys_more)
    after, remaining = None, None
    if verdict == "older" or is_crowded:
        last = purchases.first_day + _wait(purchases, window) - 1
        after, remaining = iso(np.array([last]))[0], int(np.sum(purchases.first > last))
    return Arrivals(
        verdict=verdict,
        customers=len(arrival),
        windows=len(counts),
        arrival_days=int(arrival.max()) + 1,
        window_days=window,
        early=early,
        early_share=early / len(arrival),
        usual=usual,
        crowding=crowding,
        crowding_z=crowding_z,
        follow_up_days=length,
        early_repeats=early_repeats,
        later_repeats=later_repeats,
        follow_up_z=follow_up_z,
        acquired_after=after,
        remaining=remaining,
    )


def _verdict(customers: int, windows: int, is_crowded: bool, buys_more: bool) -> ArrivalsVerdict:
    if customers < FEWEST_CUSTOMERS or windows < FEWEST_WINDOWS:
        return "unclear"
    if is_crowded and buys_more:
        return "older"
    return "unclear" if is_crowded or buys_more else "seen"


def _windows(arrival: IntArray) -> tuple[int, IntArray]:
    """Return the length of a window in days, and the customers first seen in each whole window with arrivals."""
    arrival_days = int(np.quantile(arrival, ARRIVED_SHARE, method="inverted_cdf")) + 1
    window = next((days for days in WINDOWS if arrival_days // days >= ENOUGH_WINDOWS), WINDOWS[-1])
    number = min(arrival_days // window, MOST_WINDOWS)
    return window, np.bincount(arrival // window, minlength=number)[:number]


def _crowding(counts: IntArray) -> tuple[float, float]:
    """Return the median of the later windows, and how many standard errors the first is above it."""
    later = counts[1:]
    usual = float(np.median(later))
    deviation = MAD_TO_STANDARD_DEVIATION * float(np.median(np.abs(later - usual)))
    spread = max(deviation, math.sqrt(max(usual, 1.0)))
    return usual, (int(counts[0]) - usual) / (spread * math.sqrt(1 + math.pi / 2 / len(later)))


def _follow_up(purchases: DailyPurchases, arrival: IntArray, window: int) -> tuple[float, float, float]:
    """Return mean repeat purchases soon after the first one, of early and of later customers, and Welch's statistic."""
    soon = purchases.soon.astype(float)
    followed = arrival + purchases.follow_up_days < purchases.days
    early, others = soon[followed & (arrival < window)], soon[followed & (arrival >= window)]
    if min(len(early), len(others)) < FEWEST_EARLY:
        return float("nan"), float("nan"), float("nan")
    before, later = float(early.mean()), float(others.mean())
    error = math.sqrt(float(early.var()) / len(early) + float(others.var()) / len(others))
    return before, later, (before - later) / error if error else 0.0


def _wait(purchases: DailyPurchases, window: int) -> int:
    """Return the days after which 90 % of repeat customers should have returned; at most half the log."""
    again = purchases.frequency > 0
    pace: Floats = (purchases.last - purchases.first)[again] / purchases.frequency[again]
    own = float(np.quantile(pace, RETURNED_SHARE)) if len(pace) else 0.0
    return min(max(window, math.ceil(own)), max(window, purchases.days // 2))

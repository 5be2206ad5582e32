"""When customers come back: times between purchases, how regular they are, and whether purchases keep to a calendar."""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from clvmodels.processes.cnbd_k import regularity, regularity_error
from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.transactions.purchase_log import IntArray

__all__ = [
    "Intertimes",
    "Opportunities",
    "Regularity",
    "judge_intertimes",
    "judge_opportunities",
    "judge_regularity",
    "waits",
]

BINS, SHOWN = 30, 0.95  # of a histogram, and the share of the times in those that are closed
QUANTILES = (0.25, 0.5, 0.75, 0.9)
REGULAR, CLUMPY = 1.25, 0.8
SIGNIFICANT = 3.0
FEW_DAYS = 4.0  # days between purchases below which whole days make purchases look regular
ON_ONE_DAY = 0.95
FEWEST_PERIODS, FEWEST_PURCHASES = 3, 30
Period = Literal["week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Intertimes:
    """Times between purchases of a customer, all customers together; those still under way at the end are not there.

    Attributes
    ----------
    count : int
    median, lower, upper : float
        The typical one, and the quartiles, in the profile's unit of time; NaN if there is none, as all below.
    mean : float
    most : float
        Nine in ten are no longer.
    words : str
    """

    count: int
    median: float
    lower: float
    upper: float
    mean: float
    most: float
    words: str


@dataclass(frozen=True, slots=True)
class Regularity:
    """How regularly customers buy: the shape k of gamma times between purchases; see `RFM.regularity`.

    Attributes
    ----------
    k : float
        1 at random, more the more alike; NaN where nobody has two repeat purchases.
    standard_error : float
        By the curvature of its likelihood.
    customers : int
        With two repeat purchases or more, who tell.
    regular : bool
        Whether k is clearly above 1.
    words : str
    """

    k: float
    standard_error: float
    customers: int
    regular: bool
    words: str


@dataclass(frozen=True, slots=True)
class Opportunities:
    """Whether purchases happen on one day of the week, month or year, as boxes and appeals do.

    Attributes
    ----------
    period : {"week", "month", "year"} or None
        How long an opportunity is; None where purchases fall on any day.
    share : float
        Of the purchases on the most common such day; of the weekday with the most where there is no period.
    words : str
    """

    period: Period | None
    share: float
    words: str


def judge_intertimes(seen: DailyPurchases, days_per_unit: float, unit: str) -> Intertimes:
    """Quartiles and mean of the days between purchases, told in a unit."""
    gaps = np.sort(np.diff(seen.day)[seen.repeated[1:]]).astype(float) / days_per_unit
    if not len(gaps):
        nan = float("nan")
        return Intertimes(0, nan, nan, nan, nan, nan, "nobody came back, so there are no times between purchases")
    lower, median, upper, most = (float(q) for q in np.quantile(gaps, QUANTILES))
    words = (
        f"typically {median:.3g} {unit}s between purchases (half of them {lower:.3g} to {upper:.3g}, nine in ten up to "
        f"{most:.3g})"
    )
    return Intertimes(len(gaps), median, lower, upper, float(gaps.mean()), most, words)


def waits(seen: DailyPurchases, days_per_unit: float, unit: str) -> pd.DataFrame:
    """Histogram of the times between purchases: lower, upper, count and unit; the last bin is open.

    Bins are whole days wide, since times are whole days; without repeat purchases there is no row.
    """
    days = np.diff(seen.day)[seen.repeated[1:]]
    if not len(days):
        return pd.DataFrame({"lower": [], "upper": [], "count": [], "unit": []})
    width = max(1, math.ceil(float(np.quantile(days, SHOWN)) / BINS))
    edges = np.append(np.arange(BINS + 1.0) * width + 0.5, np.inf)
    edges[0] = 0.0
    lower, upper = edges[:-1] / days_per_unit, edges[1:] / days_per_unit
    return pd.DataFrame({"lower": lower, "upper": upper, "count": np.histogram(days, edges)[0], "unit": unit})


def judge_regularity(seen: DailyPurchases) -> Regularity:
    """The k that makes each customer's shares of the time between first and last purchase likeliest."""
    gaps = np.diff(seen.day, prepend=seen.day[:1])
    again = seen.repeated
    logs = np.zeros(len(gaps))
    np.log(gaps, out=logs, where=again, dtype=float)
    x, t_x = seen.frequency.astype(float), (seen.day[seen.start[1:] - 1] - seen.first).astype(float)
    k = regularity(x, t_x, seen.by_customer(logs).astype(float))
    error = regularity_error(k, x)
    customers = int(np.sum(x >= 2))
    regular = k >= REGULAR and (math.isinf(k) or (k - 1) / error >= SIGNIFICANT)
    typical = float(np.median(gaps[again])) if again.any() else float("nan")
    return Regularity(k, error, customers, bool(regular), _regularity_words(k, regular, typical))


def _regularity_words(k: float, regular: bool, typical: float) -> str:
    if k != k:
        return "nobody has two repeat purchases, so regularity cannot be told"
    if regular:
        doubt = " (whole days make purchases that are this close look more regular)" if typical < FEW_DAYS else ""
        return f"customers buy regularly: k = {k:.2f}, where 1 is at random{doubt}"
    if k <= CLUMPY:
        return f"purchases come in clumps: k = {k:.2f}, where 1 is at random"
    return f"customers buy about at random: k = {k:.2f}, where 1 is at random"


def judge_opportunities(seen: DailyPurchases) -> Opportunities:
    """The longest calendar period on one day of which nearly all purchases fall."""
    day, counts = np.unique(seen.day, return_counts=True)
    dates = day.astype("datetime64[D]")
    month, year = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    of_month = (dates - month.astype("datetime64[D]")).astype(np.int64) + 1
    to_end = ((month + 1).astype("datetime64[D]") - dates).astype(np.int64)
    of_year = month.astype(np.int64) % 12 + 1
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    candidates: list[tuple[Period, IntArray, IntArray]] = [
        ("year", of_year * 100 + of_month, year.astype(np.int64)),
        ("month", of_month, month.astype(np.int64)),
        ("month", -to_end, month.astype(np.int64)),
        ("week", weekday, (day + 3) // 7),
    ]
    share = 0.0
    for period, key, number in candidates:
        keys, place = np.unique(key, return_inverse=True)
        found = np.bincount(place, counts)
        best = int(np.argmax(found))
        share = float(found[best] / counts.sum())
        periods = len(np.unique(number[place == best]))
        if share >= ON_ONE_DAY and periods >= FEWEST_PERIODS and counts.sum() >= FEWEST_PURCHASES:
            words = (
                f"{share:.0%} of purchases fall on {_named(period, int(keys[best]))}: each {period} is one opportunity "
                f"to buy; pass time_unit={period!r} and merge_within={period!r}"
            )
            return Opportunities(period, share, words)
    return Opportunities(None, share, "purchases fall on any day")


def _named(period: Period, key: int) -> str:
    """A day of a period in words: a weekday, a day of the month (from its end if negative), or month * 100 + day."""
    if period == "week":
        return f"a {calendar.day_name[key]}"
    if period == "year":
        return f"{calendar.month_name[key // 100]} {key % 100}"
    if key > 0:
        return f"day {key} of the month"
    return "the last day of the month" if key == -1 else f"the day {-key - 1} days before the last of the month"

"""Describe when customers return: times between purchases, their regularity, and purchases on fixed calendar days."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clvmodels.language import Finding
from clvmodels.processes.cnbd_k import regularity, regularity_error
from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.transactions.purchase_log import IntArray

__all__ = [
    "Intertimes",
    "Opportunities",
    "Regularity",
    "examine_intertimes",
    "examine_opportunities",
    "examine_regularity",
    "waits",
]

BINS = 30  # number of bins of the histogram
SHOWN_SHARE = 0.95  # share of the times in the closed bins; the last bin is open
QUANTILES = (0.25, 0.5, 0.75, 0.9)
REGULAR, CLUMPED = 1.25, 0.8  # k above which timing is regular, and below which purchases are clumped
SIGNIFICANT_ERRORS = 3.0  # standard errors
FEW_DAYS = 4.0  # with fewer days between purchases, the rounding to whole days makes them look regular
ONE_DAY_SHARE = 0.95  # share of purchases on one day of a period, above which the period is an opportunity
FEWEST_PERIODS, FEWEST_PURCHASES = 3, 30
THURSDAY = 3  # weekday of 1970-01-01; Monday is 0
Period = Literal["week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Intertimes:
    """Times from one purchase to the same customer's next, over all customers.

    Times that are still open at the end of the log are not included. Without repeat purchases, all times are NaN.

    Attributes
    ----------
    count : int
    median, lower, upper : float
        Median and quartiles, in the profile's unit of time.
    mean : float
    most : float
        90 % quantile.
    unit : str
        Unit of the times: "day", "week", "month" or "year".
    """

    count: int
    median: float
    lower: float
    upper: float
    mean: float
    most: float
    unit: str

    @property
    def finding(self) -> Finding:
        """The typical time between purchases."""
        if not self.count:
            return Finding("profile-intertimes-none", severity="caution")
        figures = {"median": self.median, "lower": self.lower, "upper": self.upper, "most": self.most}
        return Finding("profile-intertimes", {**figures, "unit": self.unit})

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text


@dataclass(frozen=True, slots=True)
class Regularity:
    """How regularly customers buy: the shape k of gamma-distributed times between purchases; see `RFM.regularity`.

    Attributes
    ----------
    k : float
        1 for random timing, larger for more regular timing. NaN if no customer has two repeat purchases.
    standard_error : float
        From the curvature of the likelihood of k.
    customers : int
        Customers with at least two repeat purchases, from whom k is estimated.
    regular : bool
        Whether k is clearly above 1.
    typical_days : float
        Median days between purchases; NaN if there are no repeat purchases.
    """

    k: float
    standard_error: float
    customers: int
    regular: bool
    typical_days: float

    @property
    def finding(self) -> Finding:
        """Whether timing is regular, random or clumped."""
        if math.isnan(self.k):
            return Finding("profile-regularity-unknown", severity="caution")
        figures = {"k": self.k, "is_finite": math.isfinite(self.k)}
        if self.regular:
            return Finding("profile-regularity-regular", {**figures, "few_days": self.typical_days < FEW_DAYS})
        return Finding("profile-regularity-clumped" if self.k <= CLUMPED else "profile-regularity-random", figures)

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text


@dataclass(frozen=True, slots=True)
class Opportunities:
    """Whether purchases happen on one day of the week, month or year, as subscription boxes and appeals do.

    Attributes
    ----------
    period : {"week", "month", "year"} or None
        Length of an opportunity to buy; None if purchases fall on any day.
    share : float
        Share of the purchases on the most common day of the period; without a period, on the most common weekday.
    day : int or None
        The most common day: the weekday (0 is Monday) of a week; the day of a month, or if negative, counted from its
        end (-1 is the last); month * 100 + day of a year. None without a period.
    """

    period: Period | None
    share: float
    day: int | None

    @property
    def finding(self) -> Finding:
        """Whether there are opportunities to buy, and on which day."""
        if self.period is None or self.day is None:
            return Finding("profile-opportunities-none")
        return Finding("profile-opportunities", {"share": self.share, "period": self.period, **self._day_figures()})

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text

    def _day_figures(self) -> dict[str, Any]:
        """Return the kind and the numbers of the most common day, for a finding."""
        if self.day is None:
            raise AssertionError("there is a usual day")
        if self.period == "week":
            return {"kind": "weekday", "weekday": self.day}
        if self.period == "year":
            return {"kind": "date", "month": self.day // 100, "day": self.day % 100}
        if self.day > 0:
            return {"kind": "day_of_month", "day": self.day}
        return {"kind": "last_day_of_month"} if self.day == -1 else {"kind": "before_end", "days": -self.day - 1}


def examine_intertimes(purchases: DailyPurchases, days_per_unit: float, unit: str) -> Intertimes:
    """Return quartiles and mean of the days between purchases, in a unit of time."""
    gaps = purchases.every_gap.astype(float) / days_per_unit
    if not len(gaps):
        nan = float("nan")
        return Intertimes(0, nan, nan, nan, nan, nan, unit)
    lower, median, upper, most = (float(q) for q in np.quantile(gaps, QUANTILES))
    return Intertimes(len(gaps), median, lower, upper, float(gaps.mean()), most, unit)


def waits(purchases: DailyPurchases, days_per_unit: float, unit: str) -> pd.DataFrame:
    """Return a histogram of the times between purchases: lower, upper, count and unit; the last bin is open.

    Bins are whole days wide, because times are whole days. Without repeat purchases the table is empty.
    """
    days = purchases.every_gap
    if not len(days):
        return pd.DataFrame({"lower": [], "upper": [], "count": [], "unit": []})
    width = max(1, math.ceil(float(np.quantile(days, SHOWN_SHARE)) / BINS))
    edges = np.append(np.arange(BINS + 1.0) * width + 0.5, np.inf)
    edges[0] = 0.0
    lower, upper = edges[:-1] / days_per_unit, edges[1:] / days_per_unit
    return pd.DataFrame({"lower": lower, "upper": upper, "count": np.histogram(days, edges)[0], "unit": unit})


def examine_regularity(purchases: DailyPurchases) -> Regularity:
    """Return the regularity k, which maximizes the likelihood of each customer's shares of the total time."""
    gaps = purchases.every_gap
    x = purchases.frequency.astype(float)
    t_x = (purchases.last - purchases.first).astype(float)
    k = regularity(x, t_x, purchases.sum_log_gaps)
    error = regularity_error(k, x)
    return Regularity(
        k=k,
        standard_error=error,
        customers=int(np.sum(x >= 2)),
        regular=bool(k >= REGULAR and (math.isinf(k) or (k - 1) / error >= SIGNIFICANT_ERRORS)),
        typical_days=float(np.median(gaps)) if len(gaps) else float("nan"),
    )


def examine_opportunities(purchases: DailyPurchases) -> Opportunities:
    """Return the longest calendar period in which nearly all purchases fall on one day."""
    day = np.flatnonzero(purchases.by_day)
    counts = purchases.by_day[day]
    day = day + purchases.first_day
    share = 0.0
    for period, key, number in _days_of_periods(day):
        keys, position = np.unique(key, return_inverse=True)
        on_day = np.bincount(position, counts)
        best = int(np.argmax(on_day))
        share = float(on_day[best] / counts.sum())
        periods = len(np.unique(number[position == best]))
        if share >= ONE_DAY_SHARE and periods >= FEWEST_PERIODS and counts.sum() >= FEWEST_PURCHASES:
            return Opportunities(period, share, int(keys[best]))
    return Opportunities(None, share, None)


def _days_of_periods(day: IntArray) -> list[tuple[Period, IntArray, IntArray]]:
    """Return the day within each kind of period, as `Opportunities.day` has it, and the number of the period."""
    dates = day.astype("datetime64[D]")
    month, year = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    of_month = (dates - month.astype("datetime64[D]")).astype(np.int64) + 1
    to_end = ((month + 1).astype("datetime64[D]") - dates).astype(np.int64)
    of_year = month.astype(np.int64) % 12 + 1
    return [
        ("year", of_year * 100 + of_month, year.astype(np.int64)),
        ("month", of_month, month.astype(np.int64)),
        ("month", -to_end, month.astype(np.int64)),
        ("week", (day + THURSDAY) % 7, (day + THURSDAY) // 7),
    ]

"""Test whether the time of the year matters, by repeat purchases per calendar month, adjusted for their trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import fdtrc

from clvmodels.language import Finding
from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.transactions.amounts import Floats

__all__ = ["Season", "SeasonCase", "examine_season", "season_case_of"]

SeasonCase = Literal["seen_twice", "seen_once", "one_cohort", "too_short"]
"""What a log can tell about the season: each week twice; each week once; nothing, because all customers arrived in the
same season, so that it cannot be told from their age; nothing in less than a year."""
YEAR = 365  # days
SHORTEST_ACQUISITION = 180  # days between the first and the last tenth of the customers

MONTHS = 12
FEWEST_MONTHS = 2 * MONTHS  # two of each calendar month, to separate a season from a trend
FEWEST_PURCHASES = 240  # ten per calendar month
SIGNIFICANCE_LEVEL = 0.01
NOISE_VARIANCE = 0.01  # variance of the logarithm of a month's rate beyond Poisson: random differences of 10 %
FEWEST_DAYS = 20  # days that a month needs; it counts by its rate per day
TREND = 3  # terms of the trend: constant, linear, quadratic
NO_MONTHS = pd.DataFrame({"month": [], "index": [], "years": []}).astype({"month": np.int64, "years": np.int64})


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """How much the month of the year matters to how often customers come back.

    Attributes
    ----------
    strength : float
        Share of the variance of the logarithm of a month's rate that the month of the year explains beyond a quadratic
        trend, adjusted for degrees of freedom; 0 or less means nothing. NaN if the log is too short to show a season.
    p_value : float
        P-value of the F test of no season.
    busiest, quietest : int or None
        Months with the largest and the smallest index, 1 to 12; None without a season.
    months : DataFrame
        month, index (1 on geometric average), years (in which the month was observed for 20 days or more); empty if the
        log is too short to show a season.
    months_observed, repeat_purchases : int
        Nearly whole months in the log, and the repeat purchases in them.
    case : {"seen_twice", "seen_once", "one_cohort", "too_short"}
        Whether a calendar can be estimated from the log, and from how many years: "one_cohort" (less than two years,
        and most customers arrived within half a year) and "too_short" (less than a year) need one from elsewhere.
    """

    strength: float
    p_value: float
    busiest: int | None
    quietest: int | None
    months: pd.DataFrame
    months_observed: int
    repeat_purchases: int
    case: SeasonCase = "too_short"

    @property
    def finding(self) -> Finding:
        """Whether there is a season, and how strong it is."""
        if self.months_observed < FEWEST_MONTHS:
            months = {"months_needed": FEWEST_MONTHS, "months": self.months_observed}
            return Finding("profile-season-short-log", months, "caution")
        if self.repeat_purchases < FEWEST_PURCHASES:
            return Finding("profile-season-few-purchases", {"repeat_purchases": self.repeat_purchases}, "caution")
        if self.busiest is None or self.quietest is None:
            return Finding("profile-no-season", {"p_value": self.p_value})
        index = self.months.set_index("month")["index"]
        figures = {
            "strength": self.strength,
            "p_value": self.p_value,
            "quietest": self.quietest,
            "quietest_index": float(index[self.quietest]),
            "busiest": self.busiest,
            "busiest_index": float(index[self.busiest]),
        }
        return Finding("profile-season", figures, "caution")

    @property
    def case_finding(self) -> Finding:
        """Whether the log can show a calendar."""
        return Finding(f"season-{self.case.replace('_', '-')}")

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text


def examine_season(purchases: DailyPurchases) -> Season:
    """Regress the logarithm of repeat purchases per day and customer seen so far on a trend and the month of the year.

    The F test compares the regression with the one on the trend alone.
    """
    case = season_case_of(purchases.first_day - 1, purchases.last_day, purchases.first)
    month, whole, rate, counts = _monthly(purchases)
    if len(whole) < FEWEST_MONTHS or counts.sum() < FEWEST_PURCHASES:
        return Season(np.nan, np.nan, None, None, NO_MONTHS.copy(), len(whole), int(counts.sum()), case)
    weights = np.sqrt(1 / (1 / (counts + 0.5) + NOISE_VARIANCE))
    time = np.linspace(-1, 1, len(whole))
    trend = np.vander(time, TREND, increasing=True)
    dummies = (month[whole, None] % MONTHS == np.arange(MONTHS)).astype(float)
    logs = np.log(rate)
    least, _ = _least_squares(trend, logs, weights)
    most, coefficients = _least_squares(np.hstack([dummies, trend[:, 1:]]), logs, weights)
    free, free_trend = len(whole) - MONTHS - (TREND - 1), len(whole) - TREND
    strength = 1 - (most / free) / (least / free_trend) if least > 0 else 0.0
    ratio = ((least - most) / (MONTHS - 1)) / (most / free) if most > 0 else np.inf
    p_value = float(fdtrc(MONTHS - 1, free, max(ratio, 0.0)))
    index = np.exp(coefficients[:MONTHS] - coefficients[:MONTHS].mean())
    months = pd.DataFrame(
        {"month": np.arange(1, MONTHS + 1), "index": index, "years": dummies.sum(axis=0).astype(np.int64)}
    )
    is_seasonal = p_value < SIGNIFICANCE_LEVEL
    return Season(
        strength=float(strength),
        p_value=p_value,
        busiest=int(np.argmax(index)) + 1 if is_seasonal else None,
        quietest=int(np.argmin(index)) + 1 if is_seasonal else None,
        months=months,
        months_observed=len(whole),
        repeat_purchases=int(counts.sum()),
        case=case,
    )


def season_case_of(before: int, last: int, arrivals: npt.ArrayLike) -> SeasonCase:
    """Return whether a log can show a season, and why not.

    Parameters
    ----------
    before, last : int
        The day before the first that was observed, and the last.
    arrivals : int array (n,)
        Day of each customer's first purchase.
    """
    years = (last - before) / YEAR
    if years < 1:
        return "too_short"
    if years >= 2:
        return "seen_twice"
    early, late = np.quantile(np.asarray(arrivals), [0.1, 0.9])
    return "seen_once" if late - early >= SHORTEST_ACQUISITION else "one_cohort"


def _monthly(purchases: DailyPurchases) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp], Floats, Floats]:
    """Return months counted from 1970, the positions of nearly whole ones, and their rates and repeat purchases."""
    days = np.arange(purchases.first_day, purchases.last_day + 1).astype("datetime64[D]")
    of_day = days.astype("datetime64[M]").astype(np.int64)
    month, edges, lengths = np.unique(of_day, return_index=True, return_counts=True)
    counts = np.add.reduceat(purchases.repeats_by_day, edges).astype(float)
    arrived = np.cumsum(purchases.first_by_day).astype(float)
    exposure = np.add.reduceat(arrived, edges)
    whole = np.flatnonzero((lengths >= FEWEST_DAYS) & (exposure > 0))
    return month, whole, (counts[whole] + 0.5) / exposure[whole], counts[whole]


def _least_squares(columns: Floats, values: Floats, weights: Floats) -> tuple[float, Floats]:
    """Return the weighted sum of squared residuals, and the coefficients."""
    coefficients = np.linalg.lstsq(columns * weights[:, None], values * weights, rcond=None)[0].astype(np.float64)
    residuals = weights * (values - columns @ coefficients)
    return float(residuals @ residuals), coefficients

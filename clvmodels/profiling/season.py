"""Does the time of the year matter? Repeat purchases by calendar month, once their trend is taken out."""

from __future__ import annotations

import calendar
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import fdtrc

from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.transactions.amounts import Floats

__all__ = ["Season", "judge_season"]

MONTHS = 12
WHOLE_MONTHS = 2 * MONTHS  # two of each month, so that a season can be told from a trend
FEWEST_PURCHASES = 240  # ten a month
SIGNIFICANT = 0.01
NOISE = 0.01  # variance of a month's logarithm beyond that of its count: months differ by a tenth for no reason
NEARLY_WHOLE = 20  # days; a month is told by its rate a day
TREND = 3  # constant, linear, quadratic


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """How much the month of the year matters to how often customers come back.

    Attributes
    ----------
    strength : float
        Share of the variance of the logarithm of a month's rate that the month of the year explains beyond a quadratic
        trend, adjusted for degrees of freedom (0 or below: nothing). NaN where the log is too short to see a season.
    p_value : float
        Of no season, by the F test.
    busiest : int or None
        Month with the largest index, 1 to 12, where there is a season.
    months : DataFrame
        month, index (1 on geometric average), years (in which it was seen for 20 days or more); empty where no season
        can be seen.
    words : str
    """

    strength: float
    p_value: float
    busiest: int | None
    months: pd.DataFrame
    words: str


def judge_season(seen: DailyPurchases) -> Season:
    """Repeat purchases a day and customer seen so far, by whole calendar months."""
    month, whole, rate, counts = _monthly(seen)
    if len(whole) < WHOLE_MONTHS or counts.sum() < FEWEST_PURCHASES:
        return _unseen(len(whole), counts)
    weights = np.sqrt(1 / (1 / (counts + 0.5) + NOISE))
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
    busiest = int(np.argmax(index)) + 1 if p_value < SIGNIFICANT else None
    return Season(float(strength), p_value, busiest, months, _words(strength, p_value, busiest, index))


def _monthly(seen: DailyPurchases) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp], Floats, Floats]:
    """Months since 1970, which of them are nearly whole, and of these the rate and the repeat purchases."""
    days = np.arange(seen.origin, seen.end + 1).astype("datetime64[D]")
    of_day = days.astype("datetime64[M]").astype(np.int64)
    month, edges, lengths = np.unique(of_day, return_index=True, return_counts=True)
    counts = np.add.reduceat(seen.by_day(seen.day[seen.repeated]), edges).astype(float)
    arrived = np.cumsum(seen.by_day(seen.first)).astype(float)
    exposure = np.add.reduceat(arrived, edges)
    whole = np.flatnonzero((lengths >= NEARLY_WHOLE) & (exposure > 0))
    return month, whole, (counts[whole] + 0.5) / exposure[whole], counts[whole]


def _least_squares(columns: Floats, values: Floats, weights: Floats) -> tuple[float, Floats]:
    """Weighted sum of squared residuals, and the coefficients."""
    coefficients = np.linalg.lstsq(columns * weights[:, None], values * weights, rcond=None)[0].astype(np.float64)
    residuals = weights * (values - columns @ coefficients)
    return float(residuals @ residuals), coefficients


def _unseen(months: int, counts: Floats) -> Season:
    nothing = pd.DataFrame({"month": [], "index": [], "years": []}).astype({"month": np.int64, "years": np.int64})
    if months >= WHOLE_MONTHS:
        words = f"a season cannot be seen: {counts.sum():,.0f} repeat purchases are too few to tell months apart"
        return Season(np.nan, np.nan, None, nothing, words)
    words = f"a season cannot be told from a trend: that takes {WHOLE_MONTHS} whole months, and there are {months}"
    return Season(np.nan, np.nan, None, nothing, words)


def _words(strength: float, p_value: float, busiest: int | None, index: Floats) -> str:
    if busiest is None:
        return f"no season is to be seen (p = {p_value:.2g})"
    least = int(np.argmin(index))
    return (
        f"the month of the year explains {strength:.0%} of how rates vary about their trend: from {index[least]:.2f} "
        f"times the average in {calendar.month_name[least + 1]} to {index[busiest - 1]:.2f} in "
        f"{calendar.month_name[busiest]}; no model here knows the calendar, so compare whole years"
    )

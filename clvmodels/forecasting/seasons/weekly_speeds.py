"""The speed of each week of the year, and whether the weeks differ by more than chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.calendar import day_of_year
from clvmodels.processes.contract import Array

__all__ = [
    "DAYS_OF_CELL",
    "WEEKS",
    "WeeklySpeeds",
    "overdispersion",
    "season_evidence",
    "week_of_year",
    "weekly_speeds",
]

WEEKS, DAYS_OF_CELL = 52, 7
HARMONICS = 4  # harmonics of a smooth season; the variance of the k-th falls with the square of k
DEVIATIONS = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 12)])  # grid of standard deviations on a logarithmic scale
HALF_A_PURCHASE = 0.5
FEWEST_DAYS = 3  # days that a week needs


class WeeklySpeeds(NamedTuple):
    """Speeds of the weeks of a year: ratios of purchases to those expected without a season, of mean 1.

    speeds, purchases (52,). variance (52,): of the logarithm of each speed.
    """

    speeds: Array
    purchases: Array
    variance: Array


def weekly_speeds(
    actual: Array,
    expected: Array,
    cell: npt.NDArray[np.int64],
    ordinary: npt.NDArray[np.bool_] | None = None,
) -> WeeklySpeeds:
    """Return the speeds of weeks from days with actual purchases and those expected without a season.

    The ratios are not smoothed. In simulations, shrinking speeds towards a curve or their neighbors made totals half a
    year ahead worse, because the first weeks of a log, with few customers, were shrunk towards Christmas.

    Parameters
    ----------
    actual, expected : arrays (d,)
        Purchases per day.
    cell : int array (d,)
        Week of the year of each day, 0 to 51.
    ordinary : bool array (d,), optional
        Days to use; by default all. Weeks with fewer than three get speeds between those of their neighbors.
    """
    days = np.arange(len(actual)) if ordinary is None else np.flatnonzero(ordinary)
    weekday, actual, expected, cell = days % DAYS_OF_CELL, actual[days], expected[days], cell[days]
    purchases, mean = (np.bincount(cell, counts, minlength=WEEKS).astype(float) for counts in (actual, expected))
    level = max(purchases.sum(), HALF_A_PURCHASE) / max(mean.sum(), HALF_A_PURCHASE)
    # Half a purchase on both sides keeps weeks without any purchase finite.
    ratio = (purchases + HALF_A_PURCHASE) / (level * mean + HALF_A_PURCHASE)
    seen = np.bincount(cell, minlength=WEEKS) >= FEWEST_DAYS
    if not seen.all():
        place = np.arange(WEEKS)
        ratio = np.exp(np.interp(place, place[seen], np.log(ratio[seen]), period=WEEKS))
    variance: Array = overdispersion(actual, level * expected * ratio[cell], cell, weekday) / (
        purchases + HALF_A_PURCHASE
    )
    return WeeklySpeeds(ratio / ratio.mean(), purchases, variance)


def week_of_year(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the week of the year of days since 1970-01-01, 0 to 51; the last has the remaining days."""
    return np.minimum(day_of_year(days) // DAYS_OF_CELL, WEEKS - 1)


def season_evidence(weekly: WeeklySpeeds) -> float:
    """Return twice the gain in log marginal likelihood of a season over none.

    With a season, the logarithms of speeds are normal around a smooth cyclic curve plus independent deviations, of the
    two variances that maximize the likelihood (restricted to what the level leaves).
    """
    logs, noise, curve = np.log(weekly.speeds), np.diag(weekly.variance), _curve_covariance()
    gains = [
        _log_likelihood(logs, smooth**2 * curve + single**2 * np.eye(WEEKS) + noise)
        for smooth in DEVIATIONS
        for single in DEVIATIONS
    ]
    return 2 * (max(gains) - gains[0])


def overdispersion(actual: Array, mean: Array, cell: npt.NDArray[np.int64], weekday: npt.NDArray[np.int64]) -> float:
    """Return the variance of daily purchases over their mean, given their week and weekday; at least 1."""
    by_weekday = np.bincount(weekday, actual, DAYS_OF_CELL) / np.maximum(np.bincount(weekday, mean, DAYS_OF_CELL), 1e-9)
    fitted = np.maximum(mean * by_weekday[weekday], 1e-9)
    freedom = len(actual) - len(np.unique(cell)) - DAYS_OF_CELL + 1
    return max(1.0, float(np.sum((actual - fitted) ** 2 / np.maximum(fitted, 1.0))) / max(freedom, 1))


def _curve_covariance() -> Array:
    """Return the covariance of a smooth cyclic curve with variance 1 at every week, (52, 52)."""
    angle = 2 * np.pi * np.arange(WEEKS) / WEEKS
    orders = np.arange(1, HARMONICS + 1)
    apart = (angle[:, None] - angle[None, :])[..., None] * orders
    covariance: Array = (np.cos(apart) / orders**2).sum(axis=-1) / (1 / orders**2).sum()
    return covariance


def _log_likelihood(logs: Array, covariance: Array) -> float:
    """Return the restricted log-likelihood of normal logs with a common mean that is not known."""
    factor = np.linalg.cholesky(covariance)
    white, ones = np.linalg.solve(factor, logs), np.linalg.solve(factor, np.ones(len(logs)))
    information = float(ones @ ones)
    residual = white - (ones @ white) / information * ones
    return float(-np.log(np.diag(factor)).sum() - 0.5 * np.log(information) - 0.5 * residual @ residual)

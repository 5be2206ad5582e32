"""Scores of a forecast against what happened: functions of two arrays (n,), each with its definition and source."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.inference.statistics import midranks
from clvmodels.processes.contract import Array
from clvmodels.scores import poisson_deviance

__all__ = [
    "FURTHER",
    "METRICS",
    "bias",
    "brier",
    "capture",
    "captured_at",
    "coverage",
    "decile_mape",
    "deciles",
    "lift",
    "log_loss",
    "log_score",
    "mae",
    "normalized_gini",
    "quarter",
    "rmse",
    "spearman",
    "width",
]

TOP = 0.1  # of customers, whom a campaign can afford to reach
GROUPS = 10


def bias(actual: Array, predicted: Array) -> float:
    """Relative error of the total, (sum predicted - sum actual) / sum actual; NaN where nothing happened."""
    total = float(np.sum(actual))
    return float(np.sum(predicted)) / total - 1 if total else float("nan")


def mae(actual: Array, predicted: Array) -> float:
    """Mean absolute error a customer. It rewards predicting the median, which is often 0: never a headline."""
    return float(np.mean(np.abs(predicted - actual))) if len(actual) else float("nan")


def rmse(actual: Array, predicted: Array) -> float:
    """Root mean squared error a customer; smallest for the conditional mean."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2))) if len(actual) else float("nan")


def spearman(actual: Array, predicted: Array) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where either side is constant."""
    if len(actual) < 2 or np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return float("nan")
    return float(np.corrcoef(midranks(actual), midranks(predicted))[0, 1])


def normalized_gini(actual: Array, predicted: Array) -> float:
    """Gini coefficient of actual values ranked by the forecast, divided by that of the perfect ranking.

    1 for a perfect ranking, 0 for none; customers with the same forecast share their average, so the order of rows
    does not matter. NaN where nothing happened or everybody did the same. As in Wang, Liu & Miao (2019),
    arXiv:1912.07753, section 4, with ties averaged.
    """
    if len(actual) == 0 or np.ptp(actual) == 0:
        return float("nan")
    if np.ptp(predicted) == 0:
        return 0.0
    best = _gini(actual, actual)
    return _gini(actual, predicted) / best if best > 0 else float("nan")


def log_score(chances: Array) -> float:
    """Mean logarithm of the probability a forecast gave to what each customer then did; 0 is perfect, higher better.

    Strictly proper: nobody gains by telling other probabilities than those believed in, and chances of whole counts
    are judged, not only their mean. Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114; Gneiting &
    Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.1. Minus infinity where
    something happened that was called impossible.
    """
    with np.errstate(divide="ignore"):
        return float(np.mean(np.log(chances))) if len(chances) else float("nan")


def capture(actual: Array, predicted: Array, share: float = TOP) -> float:
    """Share of all that happened which the customers ranked highest account for, ties sharing their average.

    With `share` 0.1, of the top decile; 0.1 is chance. NaN where nothing happened.
    """
    return float(captured_at(actual, predicted, np.array([share]))[0])


def captured_at(actual: Array, predicted: Array, shares: Array) -> Array:
    """`capture` of several shares of the customers, (k,): the gain curve."""
    total = float(np.sum(actual))
    if not total > 0:
        return np.full(len(shares), np.nan)
    customers, captured = _ranked(actual, predicted)
    answer: Array = np.interp(shares * len(actual), customers, captured) / total
    return answer


def lift(actual: Array, predicted: Array, share: float = TOP) -> float:
    """What a customer ranked highest did, in the mean, over what all did: `capture` over `share`; 1 is chance."""
    return capture(actual, predicted, share) / share


def deciles(predicted: Array) -> npt.NDArray[np.intp]:
    """Tenths of the customers by forecast, 1 the highest, (n,); ties go by position, as a decile has to be cut."""
    order = np.argsort(-predicted, kind="stable")
    places = np.empty(len(predicted), dtype=np.intp)
    places[order] = np.arange(len(predicted))
    return places * GROUPS // max(len(predicted), 1) + 1


def quarter(day: str) -> str:
    """Return the calendar quarter of a date or month in ISO format, which names a cohort: "2011-07-15" is "2011 Q3"."""
    return f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}"


def decile_mape(actual: Array, predicted: Array) -> float:
    """Mean absolute percentage error of the means of ten groups by forecast, over those in which anything happened.

    Wang, Liu & Miao (2019), arXiv:1912.07753, section 4.
    """
    if not len(actual):
        return float("nan")
    group = deciles(predicted) - 1
    found, told = (np.bincount(group, weights=values, minlength=GROUPS) for values in (actual, predicted))
    some = found > 0
    return float(np.mean(np.abs(told[some] - found[some]) / found[some])) if some.any() else float("nan")


def brier(happened: Array, chance: Array) -> float:
    """Mean squared error of a probability against what happened (0 or 1). Brier (1950), Monthly Weather Review 78."""
    return float(np.mean((chance - happened) ** 2)) if len(happened) else float("nan")


def log_loss(happened: Array, chance: Array) -> float:
    """Minus the mean logarithm of the probability given to what happened (0 or 1); infinite for a wrong certainty.

    Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114.
    """
    return -log_score(np.where(happened > 0, chance, 1 - chance))


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Share of customers who did what lies within their interval, ends included."""
    return float(np.mean((actual >= lower) & (actual <= upper))) if len(actual) else float("nan")


def width(lower: Array, upper: Array) -> float:
    """Mean width of intervals."""
    return float(np.mean(upper - lower)) if len(lower) else float("nan")


def _ranked(actual: Array, ranking: Array) -> tuple[Array, Array]:
    """Customers, and what they did, among the best-ranked: from none on, a step a group of ties."""
    _, group, size = np.unique(-ranking, return_inverse=True, return_counts=True)
    did = np.cumsum(np.bincount(group, weights=actual))
    return np.concatenate([[0.0], np.cumsum(size)]), np.concatenate([[0.0], did])


def _gini(actual: Array, ranking: Array) -> float:
    """Twice the area between the diagonal and the curve of captured actuals, best-ranked customers first."""
    n, total = len(actual), float(np.sum(actual))
    if n == 0 or total <= 0:
        return 0.0
    customers, captured = _ranked(actual, ranking)
    return float(np.sum(np.diff(customers) * (captured[1:] + captured[:-1]))) / (n * total) - 1.0


METRICS = {"bias": bias, "mae": mae, "rmse": rmse, "spearman": spearman, "gini": normalized_gini}
FURTHER = {"poisson_deviance": poisson_deviance, "capture": capture, "lift": lift, "decile_mape": decile_mape}
"""Further scores of a forecast's mean; those of its chances and intervals need more than the mean."""

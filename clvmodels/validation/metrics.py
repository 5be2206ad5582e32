"""Scores of a forecast against what happened: functions of two arrays (n,), each with its definition and source."""

from __future__ import annotations

import numpy as np

from clvmodels.inference.statistics import midranks
from clvmodels.processes.contract import Array

__all__ = ["METRICS", "bias", "log_score", "mae", "normalized_gini", "rmse", "spearman"]


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


def _gini(actual: Array, ranking: Array) -> float:
    """Twice the area between the diagonal and the curve of captured actuals, best-ranked customers first."""
    n, total = len(actual), float(np.sum(actual))
    if n == 0 or total <= 0:
        return 0.0
    _, group, size = np.unique(-ranking, return_inverse=True, return_counts=True)
    captured = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=actual))]) / total
    width = size / n
    return float(np.sum(width * (captured[1:] + captured[:-1]))) - 1.0


METRICS = {"bias": bias, "mae": mae, "rmse": rmse, "spearman": spearman, "gini": normalized_gini}

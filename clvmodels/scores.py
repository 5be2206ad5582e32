"""Proper scores for learning and for backtests: deviance, CRPS and the randomized PIT."""

from __future__ import annotations

from typing import Any

import numpy as np

from clvmodels.processes.contract import Array

__all__ = [
    "crps_of_counts",
    "crps_of_draws",
    "mean_over_customers",
    "poisson_deviance",
    "poisson_deviances",
    "randomized_pit",
]


def mean_over_customers(values: Array, weights: Array | None = None) -> Any:
    """Return the mean of values (n,); under weights (draws, n), the mean of each draw (draws,). NaN without values."""
    if not len(values):
        return float("nan") if weights is None else np.full(len(weights), np.nan)
    return float(np.mean(values)) if weights is None else weights @ values / weights.sum(axis=-1)


def poisson_deviance(actual: Array, predicted: Array, weights: Array | None = None) -> Any:
    """Return the mean Poisson deviance, 2 (y log(y / m) - y + m): 0 is perfect, smallest for the conditional mean.

    Unlike the squared error, it is not dominated by the largest customers. It is infinite if the forecast was 0 and the
    actual value was not. McCullagh & Nelder (1989), Generalized Linear Models, section 2.3; for money, which is not a
    count, it is the quasi-likelihood deviance. Under weights (draws, n), that of each draw (draws,).
    """
    return mean_over_customers(poisson_deviances(actual, predicted), weights)


def poisson_deviances(actual: Array, predicted: Array) -> Array:
    """Return the Poisson deviance of each customer, (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(actual > 0, actual * np.log(actual / predicted), 0.0)
    deviances: Array = 2 * (odds - actual + predicted)
    return deviances


def crps_of_counts(actual: Array, pmf: Array) -> Array:
    """Return the continuous ranked probability score of count forecasts, (n,): the sum over k of (P(<= k) - [k >=
    y])^2.

    Gneiting & Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.2; 0 is perfect.
    For a forecast of a single number it is the absolute error.

    Parameters
    ----------
    actual : array (n,)
    pmf : array (K + 1, n)
        P(exactly k) for k = 0 to K; almost no probability may remain beyond K.
    """
    below = np.minimum(np.cumsum(pmf, axis=0), 1.0)
    k = np.arange(len(pmf))[:, None]
    beyond = np.maximum(actual - len(pmf), 0.0)  # from K + 1 to y - 1, where P(<= k) is 1
    score: Array = np.sum((below - (k >= actual)) ** 2, axis=0) + beyond
    return score


def crps_of_draws(actual: Array, draws: Array, *, is_sorted: bool = False) -> Array:
    """Return the same score of forecasts given as draws (d, n): mean |X - y| - mean |X - X'| / 2 over pairs, (n,).

    The unbiased estimate; Gneiting & Raftery (2007), equation (21). If `is_sorted`, each customer's draws ascend.
    """
    d = len(draws)
    ordered = draws if is_sorted else np.sort(draws, axis=0)
    pairs = (2.0 * np.arange(1, d + 1) - d - 1) @ ordered / (d * (d - 1))
    score: Array = np.mean(np.abs(draws - actual), axis=0) - pairs
    return score


def randomized_pit(below: Array, at: Array, uniform: Array) -> Array:
    """Return P(less than the actual value) plus a random part of P(exactly it), (n,): uniform if forecasts are right.

    Czado, Gneiting & Held (2009), Biometrics 65(4), 1254-1261.
    """
    return np.clip(below + uniform * at, 0.0, 1.0)

"""Proper scores that forecasters learn by and backtests report: deviance, CRPS and the randomized PIT."""

from __future__ import annotations

import numpy as np

from clvmodels.processes.contract import Array

__all__ = ["crps_of_counts", "crps_of_draws", "poisson_deviance", "randomized_pit"]


def poisson_deviance(actual: Array, predicted: Array) -> float:
    """Mean Poisson deviance, 2 (y log(y / m) - y + m): 0 is perfect, smallest for the conditional mean.

    Unlike squared errors it does not let the largest customers decide. Infinite where something happened that was
    forecast as 0, which is what a forecast of 0 says: never. McCullagh & Nelder (1989), Generalized Linear Models,
    section 2.3; of money, which is no count, it is the deviance of quasi-likelihood.
    """
    if not len(actual):
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(actual > 0, actual * np.log(actual / predicted), 0.0)
    return float(2 * np.mean(odds - actual + predicted))


def crps_of_counts(actual: Array, chances: Array) -> Array:
    """Continuous ranked probability score of forecasts of counts, (n,): the sum over k of (P(<= k) - [k >= y])^2.

    Gneiting & Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.2; 0 is perfect,
    and of a forecast without doubt it is the absolute error.

    Parameters
    ----------
    actual : array (n,)
    chances : array (K + 1, n)
        P(exactly k) for k = 0 to K, beyond which next to nothing is left.
    """
    below = np.minimum(np.cumsum(chances, axis=0), 1.0)
    k = np.arange(len(chances))[:, None]
    beyond = np.maximum(actual - len(chances), 0.0)  # from K + 1 to y - 1, at each of which P(<= k) is 1
    score: Array = np.sum((below - (k >= actual)) ** 2, axis=0) + beyond
    return score


def crps_of_draws(actual: Array, draws: Array) -> Array:
    """The same of forecasts given as draws (d, n): mean |X - y| - mean |X - X'| / 2 over pairs of two draws, (n,).

    The unbiased estimate; Gneiting & Raftery (2007), equation (21).
    """
    d = len(draws)
    spread = 2 * np.arange(1, d + 1)[:, None] - d - 1
    pairs = np.sum(spread * np.sort(draws, axis=0), axis=0) / (d * (d - 1))
    score: Array = np.mean(np.abs(draws - actual), axis=0) - pairs
    return score


def randomized_pit(below: Array, at: Array, uniform: Array) -> Array:
    """P(less than what happened) plus a random part of P(exactly that), (n,): uniform if forecasts are right.

    Czado, Gneiting & Held (2009), Biometrics 65(4), 1254-1261.
    """
    return np.clip(below + uniform * at, 0.0, 1.0)

"""Metrics under weights: the same scores as in `metrics`, for many draws of the customers at once.

A weight is how often a customer was drawn; with weights of 1, each function equals the one of its name in `metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = [
    "TOP",
    "Resample",
    "WeightedForecast",
    "bias",
    "capture",
    "log_score",
    "normalized_gini",
    "poisson_deviance",
    "rmse",
]

TOP = 0.1  # share of customers that a campaign can afford to reach


@dataclass(frozen=True, slots=True, eq=False)
class Resample:
    """Customers sampled at one cutoff (m), and how often each was drawn; the first draw is the sample itself.

    Attributes
    ----------
    actual : array (m,)
    weights : array (m, replicates)
    customers, total, best : arrays (replicates,)
        How many were drawn, what they did, and the area under the curve of the perfect ranking.
    """

    actual: Array
    weights: Array
    customers: Array
    total: Array
    best: Array

    @classmethod
    def of(cls, actual: Array, weights: Array) -> Resample:
        """Return the resample of customers who did `actual`."""
        area = _area_above_diagonal(*_curve(actual, actual, weights))
        return cls(actual, weights, weights.sum(axis=0), actual @ weights, area)


@dataclass(frozen=True, eq=False)
class WeightedForecast:
    """A forecast of a resample's customers: expected values and, if it has any, logarithms of probabilities (m,)."""

    sample: Resample
    expected: Array
    log_scores: Array | None = None

    @cached_property
    def curve(self) -> tuple[Array, Array]:
        """Customers drawn, and what they did, among the best-ranked."""
        return _curve(self.sample.actual, self.expected, self.sample.weights)


def bias(forecast: WeightedForecast) -> Array:
    """Return the size of the relative error of the total, (replicates,)."""
    sample = forecast.sample
    size: Array = np.abs(_share(forecast.expected @ sample.weights, sample.total) - 1)
    return size


def rmse(forecast: WeightedForecast) -> Array:
    """Return the root mean squared error per customer, (replicates,)."""
    sample = forecast.sample
    error: Array = np.sqrt((forecast.expected - sample.actual) ** 2 @ sample.weights / sample.customers)
    return error


def poisson_deviance(forecast: WeightedForecast) -> Array:
    """Return the mean Poisson deviance, (replicates,)."""
    sample, actual = forecast.sample, forecast.sample.actual
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(actual > 0, actual * np.log(actual / forecast.expected), 0.0)
        deviance: Array = 2 * ((odds - actual + forecast.expected) @ sample.weights) / sample.customers
    return deviance


def normalized_gini(forecast: WeightedForecast) -> Array:
    """Return the Gini coefficient divided by that of the perfect ranking, (replicates,)."""
    return _share(_area_above_diagonal(*forecast.curve), forecast.sample.best)


def capture(forecast: WeightedForecast) -> Array:
    """Return the share that the customers ranked highest account for, (replicates,)."""
    customers, captured = forecast.curve
    wanted, each = TOP * customers[-1], np.arange(customers.shape[1])
    at = np.minimum((customers < wanted).sum(axis=0), len(customers) - 1)
    seen, did = (np.where(at > 0, values[at - 1, each], 0.0) for values in (customers, captured))
    step = customers[at, each] - seen
    part = np.divide(wanted - seen, step, out=np.ones(len(step)), where=step > 0)
    return _share(did + part * (captured[at, each] - did), captured[-1])


def log_score(forecast: WeightedForecast) -> Array | None:
    """Return the mean logarithm of the probability of what happened, (replicates,); None without probabilities."""
    if forecast.log_scores is None:
        return None
    score: Array = forecast.log_scores @ forecast.sample.weights / forecast.sample.customers
    return score


def _curve(actual: Array, ranking: Array, weights: Array) -> tuple[Array, Array]:
    """Return customers drawn, and what they did, among the best-ranked: one row per group of ties."""
    order = np.argsort(-ranking, kind="stable")
    begins: npt.NDArray[np.intp] = np.flatnonzero(np.diff(ranking[order], prepend=np.nan) != 0)
    size = weights[order]
    did = size * actual[order][:, None]
    if len(begins) < len(order):
        size, did = (np.add.reduceat(values, begins, axis=0) for values in (size, did))
    return np.cumsum(size, axis=0, out=size), np.cumsum(did, axis=0, out=did)


def _area_above_diagonal(customers: Array, captured: Array) -> Array:
    """Return twice the area between the curve and the diagonal, as shares, (replicates,)."""
    area = customers[0] * captured[0]
    if len(customers) > 1:
        area = area + np.einsum("ij,ij->j", np.diff(customers, axis=0), captured[1:] + captured[:-1])
    return _share(area, customers[-1] * captured[-1]) - 1


def _share(part: Array, whole: Array) -> Array:
    """Return part over whole; NaN where nothing happened among the customers drawn."""
    share: Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return share

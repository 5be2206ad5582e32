"""Metrics of a forecast: functions of what happened and what was forecast (n,), each with definition and source.

A new metric is a function and a record in `METRICS`; it then appears in `scores` and `summary`, and with a weighted
function in `differences` too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from clvmodels.processes.contract import Array
from clvmodels.scores import poisson_deviance
from clvmodels.validation.tables import weighted_metrics
from clvmodels.validation.tables.weighted_metrics import TOP, WeightedForecast

__all__ = [
    "HEADLINE",
    "METRICS",
    "Direction",
    "Metric",
    "MetricInput",
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

GROUPS = 10
MetricInput = Literal["mean", "chances", "buys", "predictive"]
Direction = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name : str
        The column of tables.
    function : callable
        Its arguments depend on `needs`. "mean": what happened and expected values (n,); "chances": probabilities of
        what happened; "buys": whether customers bought (0 or 1) and the probability of it; "predictive": what happened
        to sampled customers, and their `Predictive`.
    direction : {-1, 0, 1}
        Whether smaller (-1) or greater (1) is better; of the bias its size. 0: neither, as for coverage.
    needs : {"mean", "chances", "buys", "predictive"}
        The part of a forecast that it is computed from.
    weighted : callable, optional
        The same under weights, for intervals of differences; without it, the metric is not in `differences`.
    headline : bool
        Whether `compare` shows it for forecasts.
    """

    name: str
    function: Callable[..., float]
    direction: Direction
    needs: MetricInput = "mean"
    weighted: Callable[[WeightedForecast], Array | None] | None = None
    headline: bool = False


def bias(actual: Array, predicted: Array) -> float:
    """Return the relative error of the total, (sum predicted - sum actual) / sum actual; NaN if nothing happened."""
    total = float(np.sum(actual))
    return float(np.sum(predicted)) / total - 1 if total else float("nan")


def mae(actual: Array, predicted: Array) -> float:
    """Return the mean absolute error per customer. It rewards predicting the median, which is often 0."""
    return float(np.mean(np.abs(predicted - actual))) if len(actual) else float("nan")


def rmse(actual: Array, predicted: Array) -> float:
    """Return the root mean squared error per customer, which is smallest for the conditional mean."""
    return float(np.sqrt(np.mean((predicted - actual) ** 2))) if len(actual) else float("nan")


def spearman(actual: Array, predicted: Array) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN if either side is constant."""
    if len(actual) < 2 or np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(actual), rankdata(predicted))[0, 1])


def normalized_gini(actual: Array, predicted: Array) -> float:
    """Return the Gini coefficient of actual values ranked by the forecast, divided by that of the perfect ranking.

    1 for a perfect ranking, 0 for a random one; customers with the same forecast share their average, so that the order
    of rows does not matter. NaN if nothing happened or all customers did the same. As in Wang, Liu & Miao (2019),
    arXiv:1912.07753, section 4, with ties averaged.
    """
    if len(actual) == 0 or np.ptp(actual) == 0:
        return float("nan")
    if np.ptp(predicted) == 0:
        return 0.0
    best = _gini(actual, actual)
    return _gini(actual, predicted) / best if best > 0 else float("nan")


def log_score(chances: Array) -> float:
    """Return the mean logarithm of the probability of what each customer did; 0 is perfect, and higher is better.

    It is strictly proper: it is greatest in expectation for the true probabilities, and it judges the distribution of
    counts, not only its mean. Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114; Gneiting &
    Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.1. Minus infinity if
    something happened that had probability 0.
    """
    with np.errstate(divide="ignore"):
        return float(np.mean(np.log(chances))) if len(chances) else float("nan")


def capture(actual: Array, predicted: Array, share: float = TOP) -> float:
    """Return the share of the total that the customers ranked highest account for, ties sharing their average.

    With `share` 0.1, for the top decile; a random ranking has 0.1. NaN if nothing happened.
    """
    return float(captured_at(actual, predicted, np.array([share]))[0])


def captured_at(actual: Array, predicted: Array, shares: Array) -> Array:
    """Return `capture` for several shares of the customers, (k,): the gain curve."""
    total = float(np.sum(actual))
    if not total > 0:
        return np.full(len(shares), np.nan)
    customers, captured = _ranked(actual, predicted)
    curve: Array = np.interp(shares * len(actual), customers, captured) / total
    return curve


def lift(actual: Array, predicted: Array, share: float = TOP) -> float:
    """Return the mean of customers ranked highest over that of all, `capture` over `share`; 1 for a random order."""
    return capture(actual, predicted, share) / share


def deciles(predicted: Array) -> npt.NDArray[np.intp]:
    """Return the tenth of the customers to which each belongs by forecast, 1 the highest, (n,).

    The groups have equal size. Equal forecasts are split by position, since ten equal groups need a cut somewhere; this
    is the one definition of deciles, also for monitoring.
    """
    order = np.argsort(-predicted, kind="stable")
    places = np.empty(len(predicted), dtype=np.intp)
    places[order] = np.arange(len(predicted))
    return places * GROUPS // max(len(predicted), 1) + 1


def quarter(day: str) -> str:
    """Return the calendar quarter of a date or month in ISO format, which names a cohort: "2011-07-15" is "2011 Q3"."""
    return f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}"


def decile_mape(actual: Array, predicted: Array) -> float:
    """Return the mean absolute percentage error of the means of deciles, over those in which anything happened.

    Wang, Liu & Miao (2019), arXiv:1912.07753, section 4.
    """
    if not len(actual):
        return float("nan")
    group = deciles(predicted) - 1
    sums, expected = (np.bincount(group, weights=values, minlength=GROUPS) for values in (actual, predicted))
    some = sums > 0
    return float(np.mean(np.abs(expected[some] - sums[some]) / sums[some])) if some.any() else float("nan")


def brier(happened: Array, chance: Array) -> float:
    """Return the mean squared error of a probability of 0 or 1. Brier (1950), Monthly Weather Review 78."""
    return float(np.mean((chance - happened) ** 2)) if len(happened) else float("nan")


def log_loss(happened: Array, chance: Array) -> float:
    """Return minus the mean logarithm of the probability of what happened (0 or 1); infinite for a wrong certainty.

    Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114.
    """
    return -log_score(np.where(happened > 0, chance, 1 - chance))


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Return the share of customers whose outcome lies within their interval, ends included."""
    return float(np.mean((actual >= lower) & (actual <= upper))) if len(actual) else float("nan")


def width(lower: Array, upper: Array) -> float:
    """Return the mean width of intervals."""
    return float(np.mean(upper - lower)) if len(lower) else float("nan")


def _ranked(actual: Array, ranking: Array) -> tuple[Array, Array]:
    """Return customers, and what they did, among the best-ranked: from 0 on, one step per group of ties."""
    _, group, size = np.unique(-ranking, return_inverse=True, return_counts=True)
    did = np.cumsum(np.bincount(group, weights=actual))
    return np.concatenate([[0.0], np.cumsum(size)]), np.concatenate([[0.0], did])


def _gini(actual: Array, ranking: Array) -> float:
    """Return twice the area between the diagonal and the curve of captured actuals, best-ranked customers first."""
    n, total = len(actual), float(np.sum(actual))
    if n == 0 or total <= 0:
        return 0.0
    customers, captured = _ranked(actual, ranking)
    return float(np.sum(np.diff(customers) * (captured[1:] + captured[:-1]))) / (n * total) - 1.0


def _crps(_: Array, predictive: Any) -> float:
    return float(np.mean(predictive.crps))


def _coverage(actual: Array, predictive: Any) -> float:
    return coverage(actual, predictive.lower, predictive.upper)


def _width(_: Array, predictive: Any) -> float:
    return width(predictive.lower, predictive.upper)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("bias", bias, -1, weighted=weighted_metrics.bias, headline=True),
        Metric("mae", mae, -1, headline=True),  # never in differences: it rewards predicting the median
        Metric("rmse", rmse, -1, weighted=weighted_metrics.rmse, headline=True),
        Metric("spearman", spearman, 1, headline=True),
        Metric("gini", normalized_gini, 1, weighted=weighted_metrics.normalized_gini, headline=True),
        Metric("poisson_deviance", poisson_deviance, -1, weighted=weighted_metrics.poisson_deviance),
        Metric("capture", capture, 1, weighted=weighted_metrics.capture),
        Metric("lift", lift, 1),
        Metric("decile_mape", decile_mape, -1),
        Metric("log_score", log_score, 1, "chances", weighted_metrics.log_score),
        Metric("crps", _crps, -1, "predictive"),
        Metric("brier", brier, -1, "buys"),
        Metric("log_loss", log_loss, -1, "buys"),
        Metric("coverage", _coverage, 0, "predictive"),
        Metric("width", _width, -1, "predictive"),
    )
}
"""All metrics by name, in the order of columns."""

HEADLINE: dict[str, Metric] = {name: metric for name, metric in METRICS.items() if metric.headline}
"""The metrics of expected values that `compare` shows."""

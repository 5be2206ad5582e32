"""Metrics of a forecast: functions of what happened and what was forecast (n,), each with definition and source.

A new metric is a function and a record in `METRICS`; it then appears in `scores` and `summary`, and in `differences`
too if it takes weights. Weights (draws, n) say how often each customer counts in each of many draws of the customers; a
metric under weights has one value per draw, (draws,), and without them one value, as if each customer counted once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.stats import rankdata

from clvmodels.processes.contract import Array
from clvmodels.scores import mean_over_customers, poisson_deviance

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
TOP = 0.1  # share of customers in the top decile
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
        Whether a smaller (-1) or a larger (1) value, or size if `signed`, is better. 0: neither, as for coverage.
    needs : {"mean", "chances", "buys", "predictive"}
        The part of a forecast that it is computed from.
    signed : bool
        Whether it is an error with a sign, whose size is compared.
    takes_weights : bool
        Whether the function has an argument `weights`, which `differences` needs for its intervals.
    headline : bool
        Whether `compare` shows it for forecasts.
    remembers : bool
        Whether the function has an argument `memory`, a dict for what metrics of the same forecast share.
    """

    name: str
    function: Callable[..., Any]
    direction: Direction
    needs: MetricInput = "mean"
    signed: bool = False
    takes_weights: bool = False
    headline: bool = False
    remembers: bool = False


def bias(actual: Array, predicted: Array, weights: Array | None = None) -> Any:
    """Return the relative error of the total, (sum predicted - sum actual) / sum actual; NaN if nothing happened."""
    total = _total(actual, weights)
    return _ratio(_total(predicted, weights), total, np.not_equal(total, 0)) - 1


def mae(actual: Array, predicted: Array) -> float:
    """Return the mean absolute error per customer. It rewards predicting the median, which is often 0."""
    return float(np.mean(np.abs(predicted - actual))) if len(actual) else float("nan")


def rmse(actual: Array, predicted: Array, weights: Array | None = None) -> Any:
    """Return the root mean squared error per customer, which is smallest for the conditional mean."""
    return np.sqrt(mean_over_customers((predicted - actual) ** 2, weights))


def spearman(actual: Array, predicted: Array) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN if either side is constant."""
    if len(actual) < 2 or np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(actual), rankdata(predicted))[0, 1])


def normalized_gini(
    actual: Array, predicted: Array, weights: Array | None = None, memory: dict[str, Any] | None = None
) -> Any:
    """Return the Gini coefficient of actual values ranked by the forecast, divided by that of the perfect ranking.

    1 for a perfect ranking, 0 for a random one. Customers with the same forecast share their average, so the order of
    rows does not matter. NaN if nothing happened or all customers did the same. As in Wang, Liu & Miao (2019),
    arXiv:1912.07753, section 4, with ties averaged.

    `memory` keeps the perfect ranking ("best"), which forecasts of the same customers share, and that of the forecast
    ("ranked"), which metrics share.
    """
    memory = {} if memory is None else memory
    if "best" not in memory:
        memory["best"] = _gini(*_ranked(actual, actual, weights))
    best, differ = memory["best"], len(actual) > 0 and np.ptp(actual) > 0
    of_forecast = _gini(*_remembered(actual, predicted, weights, memory))
    return _ratio(of_forecast, best, np.greater(best, 0) & differ)


def log_score(chances: Array, weights: Array | None = None) -> Any:
    """Return the mean logarithm of the probability of what each customer did; 0 is perfect, and higher is better.

    It is strictly proper: it is greatest in expectation for the true probabilities. It evaluates the distribution of
    counts, not only its mean. Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114; Gneiting &
    Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.1. Minus infinity if
    something happened that had probability 0.
    """
    with np.errstate(divide="ignore"):
        return mean_over_customers(np.log(chances), weights)


def capture(
    actual: Array,
    predicted: Array,
    weights: Array | None = None,
    share: float = TOP,
    memory: dict[str, Any] | None = None,
) -> Any:
    """Return the share of the total of the customers ranked highest; ties share their average.

    With `share` 0.1, for the top decile; a random ranking has 0.1. NaN if nothing happened. `memory` is that of
    `normalized_gini`.
    """
    return _captured(*_remembered(actual, predicted, weights, {} if memory is None else memory), share)


def captured_at(actual: Array, predicted: Array, shares: Array) -> Array:
    """Return `capture` for several shares of the customers, (k,): the gain curve."""
    sizes, sums = _ranked(actual, predicted)
    customers, total = np.cumsum(sizes), float(np.sum(sums))
    if not (len(sums) and total > 0):
        return np.full(len(shares), np.nan)
    wanted = shares * customers[-1]
    last = np.minimum(np.searchsorted(customers, wanted, side="left"), len(customers) - 1)
    size, did, many, much = sizes[last], sums[last], customers[last], np.cumsum(sums)[last]
    part = np.divide(wanted - (many - size), size, out=np.ones(len(last)), where=size > 0)
    shares_of_total: Array = (much - did + part * did) / total
    return shares_of_total


def lift(actual: Array, predicted: Array, share: float = TOP) -> float:
    """Return the mean of customers ranked highest over that of all, `capture` over `share`; 1 for a random order."""
    return float(capture(actual, predicted, share=share)) / share


def deciles(predicted: Array) -> npt.NDArray[np.intp]:
    """Return the decile of each customer by forecast, 1 for the highest, (n,).

    Customers with equal forecasts are in the same group, that of their middle rank, so the order of rows does not
    matter. Without ties, groups have equal size; otherwise sizes differ, and a group may be empty. Monitoring uses the
    same definition.
    """
    _, tie, size = np.unique(-predicted, return_inverse=True, return_counts=True)
    end = np.cumsum(size)
    twice_the_middle = 2 * end - size - 1  # first plus last position of the tie, from 0
    group: npt.NDArray[np.intp] = twice_the_middle[tie] * GROUPS // (2 * max(len(predicted), 1)) + 1
    return group


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
    """Return minus the mean logarithm of the probability of what happened (0 or 1), infinite if it had probability 0.

    Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114.
    """
    return -float(log_score(np.where(happened > 0, chance, 1 - chance)))


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Return the share of customers whose outcome lies within their interval, ends included."""
    return float(np.mean((actual >= lower) & (actual <= upper))) if len(actual) else float("nan")


def width(lower: Array, upper: Array) -> float:
    """Return the mean width of intervals."""
    return float(np.mean(upper - lower)) if len(lower) else float("nan")


def _total(values: Array, weights: Array | None) -> Any:
    """Return the sum of values (n,), under weights (draws, n) of each draw."""
    return float(np.sum(values)) if weights is None else weights @ values


def _ratio(part: Any, whole: Any, where: Any) -> Any:
    """Return part over whole, both numbers or arrays (draws,); NaN elsewhere."""
    ratio = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=where)
    return ratio if ratio.ndim else float(ratio)


def _ranked(actual: Array, ranking: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return the number of customers per forecast, highest first, and the sum of their actual values, (..., groups).

    Under weights, successive groups in which nothing happened are one: the curve of captured actuals is flat there.
    """
    order = np.argsort(-ranking, kind="stable")
    ranked, did = ranking[order], actual[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
    if weights is None:
        sizes = np.ones(len(order))
        if len(starts) == len(order):
            return sizes, did
        return np.add.reduceat(sizes, starts), np.add.reduceat(did, starts)
    if not len(order):
        return np.zeros((len(weights), 0)), np.zeros((len(weights), 0))
    some = np.logical_or.reduceat(did != 0, starts)
    starts = starts[some | np.append(True, some[:-1])]
    rows = csr_array((np.ones(len(order)), order, np.append(starts, len(order))), shape=(len(starts), len(order)))
    happened = csr_array((did, order, rows.indptr), shape=rows.shape, copy=True)
    happened.eliminate_zeros()
    # Rows of the transposed weights are added, one per customer, which is several times faster than sorting each draw.
    sizes, sums = (np.ascontiguousarray((each @ weights.T).T) for each in (rows, happened))
    return sizes, sums


def _remembered(actual: Array, ranking: Array, weights: Array | None, memory: dict[str, Any]) -> tuple[Array, Array]:
    """Return `_ranked`, computed once per memory."""
    if "ranked" not in memory:
        memory["ranked"] = _ranked(actual, ranking, weights)
    groups: tuple[Array, Array] = memory["ranked"]
    return groups


def _gini(sizes: Array, sums: Array) -> Any:
    """Return twice the area between the diagonal and the curve of captured actuals, given groups, the best first."""
    weighted = (np.einsum("...i,...i->...", sizes, each) for each in (np.cumsum(sums, axis=-1), sums))
    area = 2 * next(weighted) - next(weighted)
    total = np.sum(sums, axis=-1)
    return _ratio(area, np.sum(sizes, axis=-1) * total, total > 0) - 1


def _captured(sizes: Array, sums: Array, share: float) -> Any:
    """Return the share of the total of the best-ranked share of the customers, given groups in order."""
    customers, total = np.cumsum(sizes, axis=-1), np.sum(sums, axis=-1)
    if not len(sums.T):
        return _ratio(total, total, total > 0)
    wanted = share * customers[..., -1:]
    last = np.minimum(np.sum(customers < wanted, axis=-1, keepdims=True), customers.shape[-1] - 1)
    captured = np.cumsum(sums[..., : last.max() + 1], axis=-1)
    size, did, many, much = (np.take_along_axis(each, last, axis=-1) for each in (sizes, sums, customers, captured))
    part = np.divide(wanted - (many - size), size, out=np.ones(size.shape), where=size > 0)
    return _ratio((much - did + part * did)[..., 0], total, total > 0)


def _crps(_: Array, predictive: Any) -> float:
    return float(np.mean(predictive.crps))


def _coverage(actual: Array, predictive: Any) -> float:
    return coverage(actual, predictive.lower, predictive.upper)


def _width(_: Array, predictive: Any) -> float:
    return width(predictive.lower, predictive.upper)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("bias", bias, -1, signed=True, takes_weights=True, headline=True),
        Metric("mae", mae, -1, headline=True),  # never in differences: it rewards predicting the median
        Metric("rmse", rmse, -1, takes_weights=True, headline=True),
        Metric("spearman", spearman, 1, headline=True),
        Metric("gini", normalized_gini, 1, takes_weights=True, headline=True, remembers=True),
        Metric("poisson_deviance", poisson_deviance, -1, takes_weights=True),
        Metric("capture", capture, 1, takes_weights=True, remembers=True),
        Metric("lift", lift, 1),
        Metric("decile_mape", decile_mape, -1),
        Metric("log_score", log_score, 1, "chances", takes_weights=True),
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

"""Metrics of a forecast: functions of what happened and what was forecast (n,), each with definition and source.

A new metric is a function and a record in `METRICS`; it then appears in `scores` and `summary`, and in `differences`
too if it takes weights. Weights (draws, n) say how often each customer counts in each of many draws of the customers; a
metric under weights has one value per draw, (draws,), and without them one value, as if each customer counted once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.scores import mean_over_customers, poisson_deviance, poisson_deviances
from clvmodels.validation.tables.curves import Curve, DrawnCurves, Order, Ranking, ratio

__all__ = [
    "HEADLINE",
    "METRICS",
    "Averages",
    "Direction",
    "Memory",
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
    "order_of",
    "quarter",
    "rmse",
    "spearman",
    "width",
]

GROUPS = 10
TOP = 0.1  # share of customers in the top decile
MetricInput = Literal["mean", "chances", "buys", "predictive"]
Direction = Literal[-1, 0, 1]
Memory = dict[str, Any]  # what metrics of the same forecast share: see `normalized_gini`


class Averages(NamedTuple):
    """A metric as a function of averages over customers.

    values : list of arrays (n,), from the arguments of the metric; metric : number or array (draws,), from averages.
    """

    values: Callable[..., list[Array]]
    metric: Callable[..., Any]


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
    averages : Averages, optional
        The averages of which the metric is a function: `differences` then needs one product of matrices for many draws.
    """

    name: str
    function: Callable[..., Any]
    direction: Direction
    needs: MetricInput = "mean"
    signed: bool = False
    takes_weights: bool = False
    headline: bool = False
    remembers: bool = False
    averages: Averages | None = None


def bias(actual: Array, predicted: Array, weights: Array | None = None) -> Any:
    """Return the relative error of the total, (sum predicted - sum actual) / sum actual; NaN if nothing happened."""
    return _relative_error(_total(predicted, weights), _total(actual, weights))


def mae(actual: Array, predicted: Array) -> float:
    """Return the mean absolute error per customer. It rewards predicting the median, which is often 0."""
    return float(np.mean(np.abs(predicted - actual))) if len(actual) else float("nan")


def rmse(actual: Array, predicted: Array, weights: Array | None = None) -> Any:
    """Return the root mean squared error per customer, which is smallest for the conditional mean."""
    return np.sqrt(mean_over_customers(_squared_errors(actual, predicted), weights))


def spearman(actual: Array, predicted: Array, memory: Memory | None = None) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN if either side is constant."""
    if len(actual) < 2 or not (np.ptp(actual) > 0 and np.ptp(predicted) > 0):
        return float("nan")
    memory = {} if memory is None else memory
    did, ranked = order_of(actual, memory, "actual").ranks(), order_of(predicted, memory).ranks()
    return float(np.corrcoef(did, ranked)[0, 1])


def normalized_gini(actual: Array, predicted: Array, weights: Array | None = None, memory: Memory | None = None) -> Any:
    """Return the Gini coefficient of actual values ranked by the forecast, divided by that of the perfect ranking.

    1 for a perfect ranking, 0 for a random one. Customers with the same forecast share their average, so the order of
    rows does not matter. NaN if nothing happened or all customers did the same. As in Wang, Liu & Miao (2019),
    arXiv:1912.07753, section 4, with ties averaged.

    `memory` keeps the order of the actual values ("actual") and the Gini coefficient of the perfect ranking ("best"),
    which forecasts of the same customers share; the order and the curve of this forecast ("order", "curve"), which
    metrics share; and its ranking ("ranking"), which draws share.
    """
    memory = {} if memory is None else memory
    if "best" not in memory:
        memory["best"] = _curve(actual, actual, weights, {"order": order_of(actual, memory, "actual")}).gini()
    best, differ = memory["best"], len(actual) > 0 and np.ptp(actual) > 0
    return ratio(_curve(actual, predicted, weights, memory).gini(), best, np.greater(best, 0) & differ)


def log_score(chances: Array, weights: Array | None = None) -> Any:
    """Return the mean logarithm of the probability of what each customer did; 0 is perfect, and higher is better.

    It is strictly proper: it is greatest in expectation for the true probabilities. It evaluates the distribution of
    counts, not only its mean. Good (1952), Journal of the Royal Statistical Society B 14(1), 107-114; Gneiting &
    Raftery (2007), Journal of the American Statistical Association 102, 359-378, section 4.1. Minus infinity if
    something happened that had probability 0.
    """
    return mean_over_customers(_logarithms(chances), weights)


def capture(
    actual: Array,
    predicted: Array,
    weights: Array | None = None,
    share: float = TOP,
    memory: Memory | None = None,
) -> Any:
    """Return the share of the total of the customers ranked highest; ties share their average.

    With `share` 0.1, for the top decile; a random ranking has 0.1. NaN if nothing happened. `memory` is that of
    `normalized_gini`.
    """
    return _curve(actual, predicted, weights, {} if memory is None else memory).captured(share)


def captured_at(actual: Array, predicted: Array, shares: Array, memory: Memory | None = None) -> Array:
    """Return `capture` for several shares of the customers, (k,): the gain curve."""
    memory = {} if memory is None else memory
    return Curve.of(actual, order_of(predicted, memory)).at(shares)


def lift(actual: Array, predicted: Array, share: float = TOP, memory: Memory | None = None) -> float:
    """Return the mean of customers ranked highest over that of all, `capture` over `share`; 1 for a random order."""
    return float(capture(actual, predicted, share=share, memory=memory)) / share


def deciles(predicted: Array, memory: Memory | None = None) -> npt.NDArray[np.intp]:
    """Return the decile of each customer by forecast, 1 for the highest, (n,).

    Customers with equal forecasts are in the same group, that of their middle rank, so the order of rows does not
    matter. Without ties, groups have equal size; otherwise sizes differ, and a group may be empty. Monitoring uses the
    same definition.
    """
    order = order_of(predicted, {} if memory is None else memory)
    twice_the_middle = 2 * order.starts + order.sizes - 1  # first plus last position of the group, from 0
    return order.per_customer(twice_the_middle * GROUPS // (2 * max(len(predicted), 1)) + 1)


def quarter(day: str) -> str:
    """Return the calendar quarter of a date or month in ISO format, which names a cohort: "2011-07-15" is "2011 Q3"."""
    return f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}"


def decile_mape(actual: Array, predicted: Array, memory: Memory | None = None) -> float:
    """Return the mean absolute percentage error of the means of deciles, over those in which anything happened.

    Wang, Liu & Miao (2019), arXiv:1912.07753, section 4.
    """
    if not len(actual):
        return float("nan")
    group = deciles(predicted, memory) - 1
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


def _relative_error(predicted: Any, actual: Any) -> Any:
    """Return the relative error of totals or means; NaN if nothing happened."""
    return ratio(predicted, actual, np.not_equal(actual, 0)) - 1


def _squared_errors(actual: Array, predicted: Array) -> Array:
    squares: Array = (predicted - actual) ** 2
    return squares


def _logarithms(chances: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(chances)


def order_of(values: Array, memory: Memory, name: str = "order") -> Order:
    """Return the order of customers by values (n,), sorted once per memory and name."""
    if name not in memory:
        memory[name] = Order.of(values)
    order: Order = memory[name]
    return order


def _curve(actual: Array, predicted: Array, weights: Array | None, memory: Memory) -> Curve | DrawnCurves:
    """Return the curve of a ranking, computed once per memory, or those under weights."""
    if "curve" not in memory and weights is None:
        memory["curve"] = Curve.of(actual, order_of(predicted, memory))
    elif "curve" not in memory:
        if "ranking" not in memory:
            memory["ranking"] = Ranking.of(actual, order_of(predicted, memory))
        memory["curve"] = memory["ranking"].under(weights)
    curve: Curve | DrawnCurves = memory["curve"]
    return curve


def _crps(_: Array, predictive: Any) -> float:
    return float(np.mean(predictive.crps))


def _coverage(actual: Array, predictive: Any) -> float:
    return coverage(actual, predictive.lower, predictive.upper)


def _width(_: Array, predictive: Any) -> float:
    return width(predictive.lower, predictive.upper)


OF_BIAS = Averages(lambda actual, predicted: [predicted, actual], _relative_error)
OF_RMSE = Averages(lambda *each: [_squared_errors(*each)], np.sqrt)
OF_DEVIANCE = Averages(lambda *each: [poisson_deviances(*each)], np.asarray)
OF_LOG_SCORE = Averages(lambda chances: [_logarithms(chances)], np.asarray)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("bias", bias, -1, signed=True, takes_weights=True, headline=True, averages=OF_BIAS),
        Metric("mae", mae, -1, headline=True),  # never in differences: it rewards predicting the median
        Metric("rmse", rmse, -1, takes_weights=True, headline=True, averages=OF_RMSE),
        Metric("spearman", spearman, 1, headline=True, remembers=True),
        Metric("gini", normalized_gini, 1, takes_weights=True, headline=True, remembers=True),
        Metric("poisson_deviance", poisson_deviance, -1, takes_weights=True, averages=OF_DEVIANCE),
        Metric("capture", capture, 1, takes_weights=True, remembers=True),
        Metric("lift", lift, 1, remembers=True),
        Metric("decile_mape", decile_mape, -1, remembers=True),
        Metric("log_score", log_score, 1, "chances", takes_weights=True, averages=OF_LOG_SCORE),
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

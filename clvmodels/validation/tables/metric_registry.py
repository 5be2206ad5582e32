"""The list of metrics: what each is computed from, which direction is better, and where it is shown.

A new metric is a function in `metrics` and a record here; it then appears in `scores` and `summary`, and with a
weighted function in `differences` too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from clvmodels.forecasting.forecast import Forecast, QuantityForecasts
from clvmodels.processes.contract import Array
from clvmodels.scores import poisson_deviance
from clvmodels.validation.tables import metrics, weighted_metrics
from clvmodels.validation.tables.weighted_metrics import WeightedForecast

__all__ = ["HEADLINE", "METRICS", "Direction", "Metric", "MetricInput", "score_forecast"]

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


def _crps(_: Array, predictive: Any) -> float:
    return float(np.mean(predictive.crps))


def _coverage(actual: Array, predictive: Any) -> float:
    return metrics.coverage(actual, predictive.lower, predictive.upper)


def _width(_: Array, predictive: Any) -> float:
    return metrics.width(predictive.lower, predictive.upper)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("bias", metrics.bias, -1, weighted=weighted_metrics.bias, headline=True),
        Metric("mae", metrics.mae, -1, headline=True),  # never in differences: it rewards predicting the median
        Metric("rmse", metrics.rmse, -1, weighted=weighted_metrics.rmse, headline=True),
        Metric("spearman", metrics.spearman, 1, headline=True),
        Metric("gini", metrics.normalized_gini, 1, weighted=weighted_metrics.normalized_gini, headline=True),
        Metric("poisson_deviance", poisson_deviance, -1, weighted=weighted_metrics.poisson_deviance),
        Metric("capture", metrics.capture, 1, weighted=weighted_metrics.capture),
        Metric("lift", metrics.lift, 1),
        Metric("decile_mape", metrics.decile_mape, -1),
        Metric("log_score", metrics.log_score, 1, "chances", weighted_metrics.log_score),
        Metric("crps", _crps, -1, "predictive"),
        Metric("brier", metrics.brier, -1, "buys"),
        Metric("log_loss", metrics.log_loss, -1, "buys"),
        Metric("coverage", _coverage, 0, "predictive"),
        Metric("width", _width, -1, "predictive"),
    )
}
"""All metrics by name, in the order of columns."""

HEADLINE: dict[str, Metric] = {name: metric for name, metric in METRICS.items() if metric.headline}
"""The metrics of expected values that `compare` shows."""


def score_forecast(outcome: QuantityForecasts, forecast: Forecast) -> dict[str, float]:
    """Return every metric of a forecast; NaN for metrics that need what the forecast does not have."""
    arguments = _arguments(outcome, forecast)
    return {
        name: metric.function(*arguments[metric.needs]) if metric.needs in arguments else float("nan")
        for name, metric in METRICS.items()
    }


def _arguments(outcome: QuantityForecasts, forecast: Forecast) -> dict[MetricInput, tuple[Any, ...]]:
    """Return the arguments of metrics by what they need, for the parts that the forecast has."""
    arguments: dict[MetricInput, tuple[Any, ...]] = {}
    if forecast.mean is not None:
        scored = outcome.scored
        arguments["mean"] = (outcome.actual[scored], forecast.mean[scored])
    if forecast.chances is not None:
        arguments["chances"] = (forecast.chances,)
    if forecast.buys is not None:
        arguments["buys"] = ((outcome.actual > 0).astype(float), forecast.buys)
    if forecast.predictive is not None:
        arguments["predictive"] = (outcome.actual[forecast.predictive.rows], forecast.predictive)
    return arguments

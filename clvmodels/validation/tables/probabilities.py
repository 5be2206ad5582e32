"""Scores of forecasts, and the calibration of their probabilities: reliability and PIT."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.processes.threads import in_threads
from clvmodels.validation.tables.evaluated import EvaluatedForecast, QuantityForecasts
from clvmodels.validation.tables.metrics import METRICS, Memory, MetricInput, order_of

__all__ = ["pit_table", "reliability_table", "scores_of"]

BINS = 10


def scores_of(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return one row per forecaster: customers scored, totals, and every metric that its forecast allows.

    Returns
    -------
    DataFrame
        quantity, forecaster, customers, predicted, actual, every metric, sampled (the number of customers that crps,
        coverage and width are computed from), kind.
    """
    scored = outcome.scored
    total, rows = float(outcome.actual[scored].sum()), []
    each = in_threads(lambda forecast: _score_forecast(outcome, forecast), outcome.forecasts)
    for forecast, scores in zip(outcome.forecasts, each, strict=True):
        if forecast.mean is None:
            predicted = forecast.total
            scores["bias"] = predicted / total - 1 if total else np.nan
        else:
            predicted = float(forecast.mean[scored].sum())
        row = {"quantity": outcome.quantity, "forecaster": forecast.id, "customers": int(scored.sum())}
        row |= {"predicted": predicted, "actual": total, **scores}
        row["sampled"] = 0 if forecast.predictive is None else len(forecast.predictive.rows)
        rows.append(row | {"kind": forecast.kind})
    return pd.DataFrame(rows)


def reliability_table(outcome: QuantityForecasts, level: float) -> pd.DataFrame:
    """Return the share of customers who bought by bins of P(buys again), with Wilson's interval.

    Wilson (1927), Journal of the American Statistical Association 22, 209-212. Each bin has a tenth of the customers;
    equal probabilities stay together.

    Returns
    -------
    DataFrame
        forecaster, bin, customers, predicted, actual, lower, upper.
    """
    happened = (outcome.actual > 0).astype(float)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    tables = []
    for forecast in outcome.forecasts:
        if forecast.buys is None:
            continue
        edges = np.unique(np.quantile(forecast.buys, np.linspace(0, 1, BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, forecast.buys, side="left")
        size = np.bincount(codes, minlength=len(edges) + 1)
        some = np.flatnonzero(size)
        n = size[some].astype(float)
        predicted, share = (np.bincount(codes, weights=w)[some] / n for w in (forecast.buys, happened))
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        table = {
            "forecaster": forecast.id,
            "bin": np.arange(1, len(some) + 1),
            "customers": size[some],
            "predicted": predicted,
            "actual": share,
            "lower": np.maximum(middle - reach, 0.0),
            "upper": np.minimum(middle + reach, 1.0),
        }
        tables.append(pd.DataFrame(table))
    columns = ["forecaster", "bin", "customers", "predicted", "actual", "lower", "upper"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def pit_table(outcome: QuantityForecasts) -> pd.DataFrame:
    """Return the histogram of the randomized PIT of sampled customers, which is flat if the distributions are right.

    Returns
    -------
    DataFrame
        quantity, forecaster, bin, lower, upper, share, sampled.
    """
    edges, tables = np.linspace(0, 1, BINS + 1), []
    for forecast in outcome.forecasts:
        if forecast.predictive is None:
            continue
        counts, _ = np.histogram(forecast.predictive.pit, edges)
        table = {
            "quantity": outcome.quantity,
            "forecaster": forecast.id,
            "bin": np.arange(1, BINS + 1),
            "lower": edges[:-1],
            "upper": edges[1:],
            "share": counts / counts.sum(),
            "sampled": len(forecast.predictive.pit),
        }
        tables.append(pd.DataFrame(table))
    columns = ["quantity", "forecaster", "bin", "lower", "upper", "share", "sampled"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _score_forecast(outcome: QuantityForecasts, forecast: EvaluatedForecast) -> dict[str, float]:
    """Return every metric of a forecast, NaN for metrics that need a part that the forecast does not have."""
    arguments = _arguments(outcome, forecast)
    memory: Memory = {}
    if "mean" in arguments:  # tables share the order, whereas the curve takes much memory and is used here alone
        shared = outcome.memory_of(forecast)
        order_of(arguments["mean"][1], shared)
        memory = dict(shared)
    return {
        name: metric.function(*arguments[metric.needs], **({"memory": memory} if metric.remembers else {}))
        if metric.needs in arguments
        else float("nan")
        for name, metric in METRICS.items()
    }


def _arguments(outcome: QuantityForecasts, forecast: EvaluatedForecast) -> dict[MetricInput, tuple[Any, ...]]:
    """Return the arguments of metrics, by the part of a forecast that they need."""
    arguments: dict[MetricInput, tuple[Any, ...]] = {}
    if forecast.mean is not None:
        arguments["mean"] = (outcome.of_scored(outcome.actual), outcome.of_scored(forecast.mean))
    if forecast.chances is not None:
        arguments["chances"] = (forecast.chances,)
    if forecast.buys is not None:
        arguments["buys"] = ((outcome.actual > 0).astype(float), forecast.buys)
    if forecast.predictive is not None:
        arguments["predictive"] = (outcome.actual[forecast.predictive.rows], forecast.predictive)
    return arguments

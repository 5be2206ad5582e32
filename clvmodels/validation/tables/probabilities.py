"""Whether the chances that forecasts give come true: scores of whole distributions, reliability, PIT."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from clvmodels.forecasting.forecast import Forecast, QuantityForecasts
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.metrics import FURTHER, METRICS, brier, coverage, log_loss, log_score, width

__all__ = ["pit_table", "reliability_table", "scores_of"]

BINS = 10
DISTRIBUTION = ("log_score", "crps", "brier", "log_loss", "coverage", "width")


def scores_of(outcome: QuantityForecasts) -> pd.DataFrame:
    """A row a forecast: customers scored, totals, and every score; missing where a forecast does not tell enough.

    Returns
    -------
    DataFrame
        quantity, forecaster, customers, predicted, actual, the scores of `metrics`, sampled (customers that crps,
        coverage and width are over), kind.
    """
    known = outcome.scored
    actual = outcome.actual[known]
    rows = []
    for forecast in outcome.forecasts:
        row = {"quantity": outcome.quantity, "forecaster": forecast.id, "customers": int(known.sum())}
        if forecast.mean is None:
            total = float(actual.sum())
            row |= {"predicted": forecast.total, "actual": total}
            row |= dict.fromkeys((*METRICS, *FURTHER, *DISTRIBUTION), np.nan)
            row["bias"] = forecast.total / total - 1 if total else np.nan
        else:
            predicted = forecast.mean[known]
            row |= {"predicted": float(predicted.sum()), "actual": float(actual.sum())}
            row |= {name: score(actual, predicted) for name, score in (METRICS | FURTHER).items()}
            row |= _of_distribution(outcome, forecast)
        row["sampled"] = 0 if forecast.predictive is None else len(forecast.predictive.rows)
        rows.append(row | {"kind": forecast.kind})
    return pd.DataFrame(rows)


def reliability_table(outcome: QuantityForecasts, level: float) -> pd.DataFrame:
    """Of customers given about the same P(buys again), the share who did, with Wilson's interval of that share.

    Wilson (1927), Journal of the American Statistical Association 22, 209-212. Bins of a tenth of the customers each;
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
    """Histogram of the randomized PIT of the customers sampled: flat if what is forecast is what happens.

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


def _of_distribution(outcome: QuantityForecasts, forecast: Forecast) -> dict[str, float]:
    """Scores of chances and intervals, NaN where there are none."""
    scores = dict.fromkeys(DISTRIBUTION, np.nan)
    if forecast.chances is not None:
        scores["log_score"] = log_score(forecast.chances)
    if forecast.buys is not None:
        happened: Array = (outcome.actual > 0).astype(float)
        scores["brier"], scores["log_loss"] = brier(happened, forecast.buys), log_loss(happened, forecast.buys)
    if forecast.predictive is not None:
        predictive = forecast.predictive
        scores["crps"] = float(np.mean(predictive.crps))
        scores["coverage"] = coverage(outcome.actual[predictive.rows], predictive.lower, predictive.upper)
        scores["width"] = width(predictive.lower, predictive.upper)
    return scores

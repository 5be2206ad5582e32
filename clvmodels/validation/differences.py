"""Which of two forecasts is better, and whether the customers there are can tell: paired intervals of differences.

Customers are drawn with replacement, each with all its origins, and every score is computed again with how often each
was drawn as its weight. Both forecasts see the same draw, so that what makes customers hard to forecast cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.processes.contract import Array
from clvmodels.validation.metrics import TOP

__all__ = ["LOG_SCORE_OF", "SCORED", "difference_table"]

REPLICATES = 300
LOG_SCORE_OF = "log score of "  # a forecast's column in the table of customers
SCORED = {"bias": -1, "rmse": -1, "poisson_deviance": -1, "gini": 1, "capture": 1, "log_score": 1}
"""What is compared, and which way is better; of the bias its size, and never the MAE."""
COLUMNS = [
    "horizon",
    "quantity",
    "metric",
    "forecast",
    "reference",
    "value",
    "reference_value",
    "difference",
    "lower",
    "upper",
    "better",
    "customers",
    "origins",
]


@dataclass(frozen=True, slots=True, eq=False)
class _Draw:
    """The customers sampled at one origin, and how often each was drawn, (replicates, m); first all of them once."""

    table: pd.DataFrame
    actual: Array
    weights: Array


def difference_table(
    scores: pd.DataFrame, customers: pd.DataFrame, reference: str, money_reference: str, level: float, seed: int
) -> pd.DataFrame:
    """Scores of every forecast less those of a reference, in means over origins, with paired intervals.

    Where only some customers were sampled, the deviations of their draws shrink by the root of their share: the m out
    of n bootstrap (Bickel, Goetze & van Zwet 1997, Statistica Sinica 7, 1-31).

    Parameters
    ----------
    scores, customers : DataFrame
        Of all origins.
    reference, money_reference : str
        Title of the process compared with, for purchases and for money.

    Returns
    -------
    DataFrame
        See `COLUMNS`; `better` is "forecast", "reference" or "no visible difference".
    """
    tables = []
    for (horizon, quantity), rows in scores.groupby(["horizon", "quantity"], sort=False):
        title = reference if quantity == "purchases" else money_reference
        told = customers[(customers["horizon"] == horizon) & (customers["quantity"] == quantity)]
        found = _compared(rows, told, title, level, seed)
        tables.append(pd.DataFrame(found).assign(horizon=str(horizon), quantity=str(quantity), reference=title))
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True)[COLUMNS] if some else pd.DataFrame(columns=COLUMNS)


def _compared(
    rows: pd.DataFrame, told: pd.DataFrame, reference: str, level: float, seed: int
) -> list[dict[str, object]]:
    """The rows of one horizon and quantity."""
    count = rows["origin"].nunique()
    full = rows[rows["mae"].notna()].groupby("forecast", sort=False)
    titles = [str(title) for title, group in full if len(group) == count]
    if reference not in titles or told.empty:
        return []
    draws = _drawn(told, seed)
    share = np.sqrt(len(told) / max(1, int(rows.groupby("origin")["customers"].first().sum())))
    found = []
    for metric, direction in SCORED.items():
        known = [title for title in titles if metric != "log_score" or LOG_SCORE_OF + title in told.columns]
        if reference not in known:
            continue
        values = {title: _mean_score(rows[rows["forecast"] == title], metric) for title in known}
        again = {title: _replicated(draws, metric, title) for title in known if np.isfinite(values[title])}
        for title in known:
            if title == reference:
                continue
            difference = values[title] - values[reference]
            row = {"metric": metric, "forecast": title, "value": values[title], "reference_value": values[reference]}
            ends = (np.nan, np.nan)
            if title in again and reference in again:
                apart = again[title] - again[reference]
                ends = _ends(difference, apart, float(min(share, 1.0)), level)
            row |= {"difference": difference, "lower": ends[0], "upper": ends[1]}
            row |= {"better": _better(difference, ends, direction)}
            found.append(row | {"customers": len(draws[-1].table), "origins": int(count)})
    return found


def _ends(difference: float, apart: Array, share: float, level: float) -> tuple[float, float]:
    """Interval of a difference from replicated ones, of which the first is that of the sample itself."""
    tail = 0.5 * (1 - level)
    lower, upper = np.quantile(apart[1:] - apart[0], [tail, 1 - tail])
    return float(difference + share * lower), float(difference + share * upper)


def _better(difference: float, ends: tuple[float, float], direction: int) -> str:
    if np.isnan(difference):
        return "no visible difference"
    if np.isinf(difference):
        return "forecast" if difference * direction > 0 else "reference"
    if not (ends[0] > 0 or ends[1] < 0):
        return "no visible difference"
    return "forecast" if difference * direction > 0 else "reference"


def _mean_score(rows: pd.DataFrame, metric: str) -> float:
    values = rows[metric].abs() if metric == "bias" else rows[metric]
    return float(values.mean())


def _drawn(told: pd.DataFrame, seed: int) -> list[_Draw]:
    """How often each customer is drawn, the same at every origin that knows the customer."""
    ids, codes = np.unique(told["customer_id"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng([seed, len(ids)])
    weights: Array = generator.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=REPLICATES).astype(float)
    weights = np.concatenate([np.ones((1, len(ids))), weights])
    draws = []
    for origin in told["origin"].unique():
        here = (told["origin"] == origin).to_numpy()
        table = told[here]
        draws.append(_Draw(table, table["actual"].to_numpy(dtype=float), weights[:, codes[here]]))
    return draws


def _replicated(draws: Sequence[_Draw], metric: str, title: str) -> Array:
    """The score under each draw, in means over origins, (replicates + 1,)."""
    column = LOG_SCORE_OF + title if metric == "log_score" else title
    told = [SCORES[metric](draw.actual, draw.table[column].to_numpy(dtype=float), draw.weights) for draw in draws]
    answer: Array = np.mean(told, axis=0)
    return answer


def _bias(actual: Array, predicted: Array, weights: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(weights @ predicted / (weights @ actual) - 1)


def _rmse(actual: Array, predicted: Array, weights: Array) -> Array:
    answer: Array = np.sqrt(weights @ (predicted - actual) ** 2 / weights.sum(axis=1))
    return answer


def _poisson_deviance(actual: Array, predicted: Array, weights: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(actual > 0, actual * np.log(actual / predicted), 0.0)
    answer: Array = 2 * (weights @ (odds - actual + predicted)) / weights.sum(axis=1)
    return answer


def _log_score(actual: Array, told: Array, weights: Array) -> Array:
    answer: Array = weights @ told / weights.sum(axis=1)
    return answer


def _gini(actual: Array, predicted: Array, weights: Array) -> Array:
    return _area(actual, predicted, weights) / _area(actual, actual, weights)


def _area(actual: Array, ranking: Array, weights: Array) -> Array:
    customers, captured = _curve(actual, ranking, weights)
    before = np.pad(captured, ((0, 0), (1, 0)))[:, :-1]
    widths = np.diff(customers, axis=1, prepend=0.0)
    area: Array = np.sum(widths * (captured + before), axis=1) / (customers[:, -1] * captured[:, -1]) - 1
    return area


def _capture(actual: Array, predicted: Array, weights: Array) -> Array:
    customers, captured = _curve(actual, predicted, weights)
    wanted = TOP * customers[:, -1]
    each = np.arange(len(weights))
    at = np.minimum((customers < wanted[:, None]).sum(axis=1), customers.shape[1] - 1)
    before = np.where(at > 0, customers[each, at - 1], 0.0), np.where(at > 0, captured[each, at - 1], 0.0)
    step = customers[each, at] - before[0]
    part = np.divide(wanted - before[0], step, out=np.ones(len(step)), where=step > 0)
    answer: Array = (before[1] + part * (captured[each, at] - before[1])) / captured[:, -1]
    return answer


def _curve(actual: Array, ranking: Array, weights: Array) -> tuple[Array, Array]:
    """Customers drawn, and what they did, among the best-ranked: a column a group of ties, (replicates, groups)."""
    order = np.argsort(-ranking, kind="stable")
    begins: npt.NDArray[np.intp] = np.flatnonzero(np.diff(ranking[order], prepend=np.nan) != 0)
    ordered = weights[:, order]
    size = np.add.reduceat(ordered, begins, axis=1)
    did = np.add.reduceat(ordered * actual[order], begins, axis=1)
    return np.cumsum(size, axis=1), np.cumsum(did, axis=1)


SCORES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "bias": _bias,
    "rmse": _rmse,
    "poisson_deviance": _poisson_deviance,
    "gini": _gini,
    "capture": _capture,
    "log_score": _log_score,
}

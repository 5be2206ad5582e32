"""Which of two forecasts is better, and whether the customers there are can tell: paired intervals of differences.

Customers are drawn with replacement, each with all its origins, and every score is computed again with how often each
was drawn as its weight. Both forecasts see the same draw, so that what makes customers hard to forecast cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.metrics import TOP

__all__ = ["LOG_SCORE_OF", "NEGLIGIBLE", "NOT_VISIBLE", "SCORED", "difference_table"]

REPLICATES = 300
NEGLIGIBLE = 1e-3  # of the reference's score: less is no difference to anyone, however sure
NOT_VISIBLE = "no visible difference"
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
    """The customers sampled at one origin, and how often each was drawn, (m, replicates); first all of them once.

    customers, total, best : arrays (replicates,)
        How many were drawn, what they did, and the area under the curve of the perfect ranking.
    """

    table: pd.DataFrame
    actual: Array
    weights: Array
    customers: Array
    total: Array
    best: Array


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
    share = min(1.0, np.sqrt(len(told) / max(1, int(rows.groupby("origin")["customers"].first().sum()))))
    again = dict(zip(titles, in_threads(lambda title: _replicated(draws, title), titles), strict=True))
    means = {title: rows[rows["forecast"] == title] for title in titles}
    found = []
    for metric, direction in SCORED.items():
        if metric not in again[reference]:
            continue
        value = {title: _mean_score(means[title], metric) for title in titles if metric in again[title]}
        for title, score in value.items():
            if title == reference:
                continue
            difference = score - value[reference]
            ends = (np.nan, np.nan)
            if np.isfinite(difference):
                ends = _ends(difference, again[title][metric] - again[reference][metric], float(share), level)
            row = {"metric": metric, "forecast": title, "value": score, "reference_value": value[reference]}
            row |= {"difference": difference, "lower": ends[0], "upper": ends[1]}
            row |= {"better": _better(difference, ends, direction, value[reference])}
            found.append(row | {"customers": len(draws[-1].actual), "origins": int(count)})
    return found


def _ends(difference: float, apart: Array, share: float, level: float) -> tuple[float, float]:
    """Interval of a difference from replicated ones, of which the first is that of the sample itself."""
    tail = 0.5 * (1 - level)
    moved = apart[1:] - apart[0]
    if not np.isfinite(moved).any():
        return np.nan, np.nan
    lower, upper = np.quantile(moved[np.isfinite(moved)], [tail, 1 - tail])
    return float(difference + share * lower), float(difference + share * upper)


def _better(difference: float, ends: tuple[float, float], direction: int, reference: float) -> str:
    apart = np.isinf(difference) or ends[0] > 0 or ends[1] < 0
    if not apart or abs(difference) <= NEGLIGIBLE * abs(reference):
        return NOT_VISIBLE
    return "forecast" if difference * direction > 0 else "reference"


def _mean_score(rows: pd.DataFrame, metric: str) -> float:
    values = rows[metric].abs() if metric == "bias" else rows[metric]
    return float(values.mean())


def _drawn(told: pd.DataFrame, seed: int) -> list[_Draw]:
    """How often each customer is drawn, the same at every origin that knows the customer."""
    ids, codes = np.unique(told["customer_id"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng([seed, len(ids)])
    drawn = generator.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=REPLICATES)
    weights = np.concatenate([np.ones((1, len(ids))), drawn]).T
    draws = []
    for origin in told["origin"].unique():
        here = (told["origin"] == origin).to_numpy()
        actual, among = told["actual"].to_numpy(dtype=float)[here], np.ascontiguousarray(weights[codes[here]])
        draws.append(_Draw(told[here], actual, among, among.sum(axis=0), actual @ among, _area(actual, actual, among)))
    return draws


def _replicated(draws: Sequence[_Draw], title: str) -> dict[str, Array]:
    """Each score under each draw, in means over origins, (replicates + 1,)."""
    told = [_scores(draw, title) for draw in draws]
    return {metric: np.mean([each[metric] for each in told], axis=0) for metric in told[0]}


def _scores(draw: _Draw, title: str) -> dict[str, Array]:
    """Each score at one origin, with how often customers were drawn as their weights."""
    actual, weights = draw.actual, draw.weights
    predicted = draw.table[title].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(actual > 0, actual * np.log(actual / predicted), 0.0)
        deviance = 2 * ((odds - actual + predicted) @ weights) / draw.customers
    customers, captured = _curve(actual, predicted, weights)
    scores = {
        "bias": np.abs(_share(predicted @ weights, draw.total) - 1),
        "rmse": np.sqrt((predicted - actual) ** 2 @ weights / draw.customers),
        "poisson_deviance": deviance,
        "gini": _share(_under(customers, captured), draw.best),
        "capture": _captured(customers, captured),
    }
    if LOG_SCORE_OF + title in draw.table:
        scores["log_score"] = draw.table[LOG_SCORE_OF + title].to_numpy(dtype=float) @ weights / draw.customers
    return scores


def _area(actual: Array, ranking: Array, weights: Array) -> Array:
    return _under(*_curve(actual, ranking, weights))


def _curve(actual: Array, ranking: Array, weights: Array) -> tuple[Array, Array]:
    """Customers drawn, and what they did, among the best-ranked: a row a group of ties, (groups, replicates)."""
    order = np.argsort(-ranking, kind="stable")
    begins: npt.NDArray[np.intp] = np.flatnonzero(np.diff(ranking[order], prepend=np.nan) != 0)
    size = weights[order]
    did = size * actual[order][:, None]
    if len(begins) < len(order):
        size, did = (np.add.reduceat(values, begins, axis=0) for values in (size, did))
    return np.cumsum(size, axis=0, out=size), np.cumsum(did, axis=0, out=did)


def _under(customers: Array, captured: Array) -> Array:
    """Twice the area between the curve and the diagonal, as shares, (replicates,)."""
    area = customers[0] * captured[0]
    if len(customers) > 1:
        area = area + np.einsum("ij,ij->j", np.diff(customers, axis=0), captured[1:] + captured[:-1])
    return _share(area, customers[-1] * captured[-1]) - 1


def _captured(customers: Array, captured: Array) -> Array:
    """Share captured by the top customers, (replicates,)."""
    wanted, each = TOP * customers[-1], np.arange(customers.shape[1])
    at = np.minimum((customers < wanted).sum(axis=0), len(customers) - 1)
    seen, did = (np.where(at > 0, values[at - 1, each], 0.0) for values in (customers, captured))
    step = customers[at, each] - seen
    part = np.divide(wanted - seen, step, out=np.ones(len(step)), where=step > 0)
    return _share(did + part * (captured[at, each] - did), captured[-1])


def _share(part: Array, whole: Array) -> Array:
    """The quotient; NaN where nothing happened among the customers drawn."""
    share: Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return share

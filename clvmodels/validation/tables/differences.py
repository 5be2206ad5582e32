"""Which of two forecasters is better, and whether the data can show it: paired intervals of differences of scores.

Customers are drawn with replacement, each with all its cutoffs, and every score is computed again with the number of
times each customer was drawn as its weight. Both forecasters are scored on the same draw, so that what makes customers
hard to forecast cancels out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.inference.objective import in_threads
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.metrics import TOP

__all__ = ["NEGLIGIBLE", "SCORED", "Better", "difference_table"]

REPLICATES = 300
NEGLIGIBLE = 1e-3  # of the reference's score: a smaller difference does not matter, however certain it is
Better = Literal["forecaster", "reference", "not_visible"]
SCORED = {"bias": -1, "rmse": -1, "poisson_deviance": -1, "gini": 1, "capture": 1, "log_score": 1}
"""The metrics compared, and whether greater (1) or smaller (-1) is better; of the bias its size, and never the MAE."""
COLUMNS = [
    "horizon",
    "quantity",
    "metric",
    "forecaster",
    "reference",
    "value",
    "reference_value",
    "difference",
    "lower",
    "upper",
    "better",
    "customers",
    "cutoffs",
]


@dataclass(frozen=True, slots=True, eq=False)
class _Draw:
    """The customers sampled at one cutoff (m), and how often each was drawn; the first draw is the sample itself.

    actual : array (m,)
    expected : arrays (m,) by id of the forecaster
    log_scores : arrays (m,) by id of the forecaster, for those that have them
    weights : array (m, replicates)
    customers, total, best : arrays (replicates,)
        How many were drawn, what they did, and the area under the curve of the perfect ranking.
    """

    actual: Array
    expected: Mapping[str, Array]
    log_scores: Mapping[str, Array]
    weights: Array
    customers: Array
    total: Array
    best: Array


def difference_table(
    scores: pd.DataFrame, customers: pd.DataFrame, references: Mapping[str, str], level: float, seed: int
) -> pd.DataFrame:
    """Compare every forecaster's scores with those of a reference, in means over cutoffs, with paired intervals.

    If only some customers were sampled, the deviations of their draws shrink by the root of their share: the m out of n
    bootstrap (Bickel, Goetze & van Zwet 1997, Statistica Sinica 7, 1-31).

    Parameters
    ----------
    scores, customers : DataFrame
        At all cutoffs.
    references : mapping of str to str
        Id of the forecaster to compare with, by quantity.

    Returns
    -------
    DataFrame
        See `COLUMNS`; `better` is "forecaster", "reference" or "not_visible".
    """
    tables = []
    for (horizon, quantity), rows in scores.groupby(["horizon", "quantity"], sort=False):
        reference = references[str(quantity)]
        sampled = customers[(customers["horizon"] == horizon) & (customers["quantity"] == quantity)]
        differences = _differences(rows, sampled, reference, level, seed)
        tables.append(
            pd.DataFrame(differences).assign(horizon=str(horizon), quantity=str(quantity), reference=reference)
        )
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[COLUMNS] if filled else pd.DataFrame(columns=COLUMNS)


def _differences(
    rows: pd.DataFrame, sampled: pd.DataFrame, reference: str, level: float, seed: int
) -> list[dict[str, object]]:
    """Return the rows of one horizon and quantity."""
    cutoffs = rows["cutoff"].nunique()
    complete = rows[rows["mae"].notna()].groupby("forecaster", sort=False)
    names = [str(name) for name, group in complete if len(group) == cutoffs]
    if reference not in names or sampled.empty:
        return []
    draws = _draws(sampled, reference, seed)
    everybody = max(1, int(rows.groupby("cutoff")["customers"].first().sum()))
    share = min(1.0, float(np.sqrt(sum(len(draw.actual) for draw in draws) / everybody)))
    replicates = dict(zip(names, in_threads(lambda name: _replicated_scores(draws, name), names), strict=True))
    rows_of = {name: rows[rows["forecaster"] == name] for name in names}
    table = []
    for metric, direction in SCORED.items():
        if metric not in replicates[reference]:
            continue
        values = {name: _mean_score(rows_of[name], metric) for name in names if metric in replicates[name]}
        for name, value in values.items():
            if name == reference:
                continue
            difference = value - values[reference]
            ends = (np.nan, np.nan)
            if np.isfinite(difference):
                replicated = replicates[name][metric] - replicates[reference][metric]
                ends = _interval(difference, replicated, share, level)
            table.append(
                {
                    "metric": metric,
                    "forecaster": name,
                    "value": value,
                    "reference_value": values[reference],
                    "difference": difference,
                    "lower": ends[0],
                    "upper": ends[1],
                    "better": _better(difference, ends, direction, values[reference]),
                    "customers": len(draws[-1].actual),
                    "cutoffs": int(cutoffs),
                }
            )
    return table


def _interval(difference: float, replicated: Array, share: float, level: float) -> tuple[float, float]:
    """Return the interval of a difference from replicated ones, the first of which is that of the sample itself."""
    tail = 0.5 * (1 - level)
    moved = replicated[1:] - replicated[0]
    if not np.isfinite(moved).any():
        return np.nan, np.nan
    lower, upper = np.quantile(moved[np.isfinite(moved)], [tail, 1 - tail])
    return float(difference + share * lower), float(difference + share * upper)


def _better(difference: float, ends: tuple[float, float], direction: int, reference: float) -> Better:
    visible = np.isinf(difference) or ends[0] > 0 or ends[1] < 0
    if not visible or abs(difference) <= NEGLIGIBLE * abs(reference):
        return "not_visible"
    return "forecaster" if difference * direction > 0 else "reference"


def _mean_score(rows: pd.DataFrame, metric: str) -> float:
    values = rows[metric].abs() if metric == "bias" else rows[metric]
    return float(values.mean())


def _draws(sampled: pd.DataFrame, reference: str, seed: int) -> list[_Draw]:
    """Draw customers, each the same number of times at every cutoff at which it is known."""
    of_reference = sampled[sampled["forecaster"] == reference]
    ids, codes = np.unique(of_reference["customer_id"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng([seed, len(ids)])
    counts = generator.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=REPLICATES)
    weights = np.concatenate([np.ones((1, len(ids))), counts]).T
    draws = []
    for cutoff in of_reference["cutoff"].unique():
        here = (of_reference["cutoff"] == cutoff).to_numpy()
        actual = of_reference["actual"].to_numpy(dtype=float)[here]
        each = np.ascontiguousarray(weights[codes[here]])
        forecasts = sampled[sampled["cutoff"] == cutoff].groupby("forecaster", sort=False)
        expected = {str(name): rows["expected"].to_numpy(dtype=float) for name, rows in forecasts}
        logs = {str(name): rows["log_score"].to_numpy(dtype=float) for name, rows in forecasts}
        draws.append(
            _Draw(
                actual=actual,
                expected=expected,
                log_scores={name: values for name, values in logs.items() if not np.isnan(values).all()},
                weights=each,
                customers=each.sum(axis=0),
                total=actual @ each,
                best=_area(actual, actual, each),
            )
        )
    return draws


def _replicated_scores(draws: Sequence[_Draw], name: str) -> dict[str, Array]:
    """Return each score under each draw, in means over cutoffs, (replicates + 1,)."""
    by_cutoff = [_weighted_scores(draw, name) for draw in draws]
    return {metric: np.mean([scores[metric] for scores in by_cutoff], axis=0) for metric in by_cutoff[0]}


def _weighted_scores(draw: _Draw, name: str) -> dict[str, Array]:
    """Return each score at one cutoff, customers weighted by how often they were drawn."""
    actual, weights, predicted = draw.actual, draw.weights, draw.expected[name]
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
    if name in draw.log_scores:
        scores["log_score"] = draw.log_scores[name] @ weights / draw.customers
    return scores


def _area(actual: Array, ranking: Array, weights: Array) -> Array:
    return _under(*_curve(actual, ranking, weights))


def _curve(actual: Array, ranking: Array, weights: Array) -> tuple[Array, Array]:
    """Return customers drawn, and what they did, among the best-ranked: one row per group of ties."""
    order = np.argsort(-ranking, kind="stable")
    begins: npt.NDArray[np.intp] = np.flatnonzero(np.diff(ranking[order], prepend=np.nan) != 0)
    size = weights[order]
    did = size * actual[order][:, None]
    if len(begins) < len(order):
        size, did = (np.add.reduceat(values, begins, axis=0) for values in (size, did))
    return np.cumsum(size, axis=0, out=size), np.cumsum(did, axis=0, out=did)


def _under(customers: Array, captured: Array) -> Array:
    """Return twice the area between the curve and the diagonal, as shares, (replicates,)."""
    area = customers[0] * captured[0]
    if len(customers) > 1:
        area = area + np.einsum("ij,ij->j", np.diff(customers, axis=0), captured[1:] + captured[:-1])
    return _share(area, customers[-1] * captured[-1]) - 1


def _captured(customers: Array, captured: Array) -> Array:
    """Return the share captured by the top customers, (replicates,)."""
    wanted, each = TOP * customers[-1], np.arange(customers.shape[1])
    at = np.minimum((customers < wanted).sum(axis=0), len(customers) - 1)
    seen, did = (np.where(at > 0, values[at - 1, each], 0.0) for values in (customers, captured))
    step = customers[at, each] - seen
    part = np.divide(wanted - seen, step, out=np.ones(len(step)), where=step > 0)
    return _share(did + part * (captured[at, each] - did), captured[-1])


def _share(part: Array, whole: Array) -> Array:
    """Return part over whole; NaN where nothing happened among the customers drawn."""
    share: Array = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return share

"""Which of two forecasters is better, and whether by more than chance: paired intervals of differences of scores.

Customers are drawn with replacement, each with all its cutoffs, and every score is computed again with the number of
times each customer was drawn as its weight. Both forecasters are scored on the same draw, so what makes customers hard
to forecast cancels out. Conditions change between cutoffs too, which no draw of customers shows: with several cutoffs
the interval is also at least as wide as that of the mean of their differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.validation.tables.distributions import Places
from clvmodels.validation.tables.metrics import METRICS, Metric, MetricInput

__all__ = ["NEGLIGIBLE", "Better", "difference_table"]

REPLICATES = 300
BLOCK = (
    64  # draws whose weights are used at once: fewer calls than with smaller blocks, less memory than with larger ones
)
NEGLIGIBLE = 1e-3  # share of the reference's score below which a difference does not matter, however certain it is
Better = Literal["forecaster", "reference", "not_visible"]
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
    "holds_at",
    "better",
    "customers",
    "cutoffs",
]


@dataclass(frozen=True, slots=True, eq=False)
class _SampledCutoff:
    """The customers sampled at one cutoff, with the forecasts of each forecaster by id.

    actual : array (m,)
    weights : tuple of arrays (BLOCK, m)
        How often each customer was drawn; the first draw is the sample itself. The transposes are contiguous.
    arguments : dict of dicts of tuples of arrays (m,)
        The arguments of metrics by forecaster and the part of a forecast that they need.
    best : dict of int to array
        The perfect ranking's Gini coefficients under the draws of a block, which all forecasters share.
    """

    actual: Array
    weights: tuple[Array, ...]
    arguments: Mapping[str, Mapping[MetricInput, tuple[Array, ...]]]
    best: dict[int, Array] = field(default_factory=dict)

    def metrics(self, name: str) -> list[Metric]:
        """Return the metrics that can be computed from one forecaster's forecast under weights."""
        return [metric for metric in METRICS.values() if metric.takes_weights and metric.needs in self.arguments[name]]


def difference_table(
    scores: pd.DataFrame, customers: pd.DataFrame, references: Mapping[str, str], level: float, seed: int
) -> pd.DataFrame:
    """Compare every forecaster's scores with those of a reference, in means over cutoffs, with paired intervals.

    The interval is the union of two: the bootstrap over customers and, with several cutoffs, Student's interval of the
    mean of the differences at each cutoff. A difference is visible if this interval does not contain 0 and the
    difference has the same sign at every cutoff. Two forecasters of equal skill then differ visibly in at most 1 -
    level of the cases, if cutoffs are independent; overlapping windows are not entirely independent.

    If only some customers were sampled, the deviations of their draws are multiplied by the root of their share: the m
    out of n bootstrap (Bickel, Goetze & van Zwet 1997, Statistica Sinica 7, 1-31).

    Parameters
    ----------
    scores, customers : DataFrame
        Of all cutoffs.
    references : mapping of str to str
        Id of the forecaster to compare with, by quantity.

    Returns
    -------
    DataFrame
        See `COLUMNS`; `holds_at` is the number of cutoffs at which the difference has the sign of the mean, and
        `better` is "forecaster", "reference" or "not_visible".
    """
    tables = []
    keys = ["horizon", "quantity", "cutoff", "forecaster"]
    groups: Mapping[Any, Any] = customers.groupby(keys, sort=False).indices if len(customers) else {}
    draws = _Draws(seed)
    for (horizon, quantity), rows in scores.groupby(["horizon", "quantity"], sort=False):
        reference = references[str(quantity)]
        places = {key[2:]: positions for key, positions in groups.items() if key[:2] == (horizon, quantity)}
        differences = _differences(rows, _sampled_cutoffs(customers, places, reference, draws), reference, level)
        tables.append(
            pd.DataFrame(differences).assign(horizon=str(horizon), quantity=str(quantity), reference=reference)
        )
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[COLUMNS] if filled else pd.DataFrame(columns=COLUMNS)


def _differences(
    rows: pd.DataFrame, sampled_cutoffs: Sequence[_SampledCutoff], reference: str, level: float
) -> list[dict[str, object]]:
    """Return the rows of one horizon and quantity."""
    cutoffs = rows["cutoff"].nunique()
    complete = rows[rows["mae"].notna()].groupby("forecaster", sort=False)
    names = [str(name) for name, group in complete if len(group) == cutoffs]
    if reference not in names or not sampled_cutoffs:
        return []
    everybody = max(1, int(rows.groupby("cutoff")["customers"].first().sum()))
    share = min(1.0, float(np.sqrt(sum(len(each.actual) for each in sampled_cutoffs) / everybody)))
    averages = [_averaged_scores(each, names) for each in sampled_cutoffs]
    replicates = dict(
        zip(names, in_threads(lambda name: _replicated_scores(sampled_cutoffs, averages, name), names), strict=True)
    )
    rows_of = {name: rows[rows["forecaster"] == name].set_index("cutoff") for name in names}
    table = []
    for metric in METRICS:
        if metric not in replicates[reference]:
            continue
        values = {name: _scores_at_cutoffs(rows_of[name], metric) for name in names if metric in replicates[name]}
        reference_value = float(values[reference].mean())
        for name, scores in values.items():
            if name == reference:
                continue
            value = float(scores.mean())
            difference = value - reference_value
            at_cutoffs = _subtract(scores, values[reference])
            holds_at = int(np.sum(np.sign(at_cutoffs) == np.sign(difference)))
            ends = (np.nan, np.nan)
            if np.isfinite(difference):
                replicated = replicates[name][metric] - replicates[reference][metric]
                ends = _widen(_interval(difference, replicated, share, level), at_cutoffs, level)
            better = _better(difference, ends, METRICS[metric].direction, reference_value)
            table.append(
                {
                    "metric": metric,
                    "forecaster": name,
                    "value": value,
                    "reference_value": reference_value,
                    "difference": difference,
                    "lower": ends[0],
                    "upper": ends[1],
                    "holds_at": holds_at,
                    "better": better if holds_at == cutoffs else "not_visible",
                    "customers": len(sampled_cutoffs[-1].actual),
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


def _widen(ends: tuple[float, float], at_cutoffs: Array, level: float) -> tuple[float, float]:
    """Return an interval extended by Student's interval of the mean of the differences at the cutoffs (k,)."""
    k = len(at_cutoffs)
    if k < 2:
        return ends
    half = float(stdtrit(k - 1, 0.5 * (1 + level)) * np.std(at_cutoffs, ddof=1) / np.sqrt(k))
    middle = float(np.mean(at_cutoffs))
    return min(ends[0], middle - half), max(ends[1], middle + half)


def _better(difference: float, ends: tuple[float, float], direction: int, reference: float) -> Better:
    visible = np.isinf(difference) or ends[0] > 0 or ends[1] < 0
    if not visible or abs(difference) <= NEGLIGIBLE * abs(reference):
        return "not_visible"
    return "forecaster" if difference * direction > 0 else "reference"


def _scores_at_cutoffs(rows: pd.DataFrame, metric: str) -> pd.Series[float]:
    """Return the score of one forecaster at each cutoff, or its size for an error with a sign."""
    return rows[metric].abs() if METRICS[metric].signed else rows[metric]


def _subtract(scores: pd.Series[float], reference: pd.Series[float]) -> Array:
    """Return the differences at each cutoff (k,), NaN if both scores are infinite."""
    with np.errstate(invalid="ignore"):
        return scores.to_numpy(dtype=float) - reference.loc[scores.index].to_numpy(dtype=float)


class _Draws:
    """Draws of customers, each the same number of times at every cutoff at which they are known."""

    def __init__(self, seed: int) -> None:
        self._seed, self._ids, self._blocks = seed, list[Array](), list[tuple[Array, ...]]()

    def of(self, ids: list[Array]) -> list[tuple[Array, ...]]:
        """Return blocks of weights for each cutoff, given the ids of its customers; the last are kept."""
        if len(ids) != len(self._ids) or not all(map(np.array_equal, ids, self._ids)):
            distinct, codes = np.unique(np.concatenate(ids), return_inverse=True)
            many = len(distinct)
            generator = np.random.default_rng([self._seed, many])
            counts = generator.multinomial(many, np.full(many, 1 / many), size=REPLICATES)
            weights = np.concatenate([np.ones((1, many)), counts]).T
            ends = np.cumsum([len(each) for each in ids])[:-1]
            self._ids, self._blocks = ids, [_in_blocks(weights, each) for each in np.split(codes, ends)]
        return self._blocks


def _in_blocks(weights: Array, rows: Places) -> tuple[Array, ...]:
    """Return blocks of draws, (BLOCK, m) each, whose transposes are contiguous, from weights (n, draws)."""
    blocks = (np.ascontiguousarray(weights[:, i : i + BLOCK]) for i in range(0, weights.shape[1], BLOCK))
    return tuple(block[rows].T for block in blocks)


def _sampled_cutoffs(
    customers: pd.DataFrame, places: Mapping[tuple[str, str], Places], reference: str, draws: _Draws
) -> list[_SampledCutoff]:
    """Return the cutoffs at which the reference has forecasts, given the rows of customers by cutoff and forecaster."""
    ids, actual, expected, logs = (
        customers[name].to_numpy() for name in ("customer_id", "actual", "expected", "log_score")
    )
    cutoffs = [cutoff for cutoff, name in places if name == reference]
    if not cutoffs:
        return []
    blocks = draws.of([ids[places[cutoff, reference]] for cutoff in cutoffs])
    sampled = []
    for cutoff, weights in zip(cutoffs, blocks, strict=True):
        did = actual[places[cutoff, reference]].astype(float)
        arguments: dict[str, dict[MetricInput, tuple[Array, ...]]] = {}
        for name, rows in ((name, rows) for (day, name), rows in places.items() if day == cutoff):
            arguments[name] = {"mean": (did, expected[rows].astype(float))}
            if not np.isnan(log_scores := logs[rows].astype(float)).all():
                arguments[name]["chances"] = (np.exp(log_scores),)
        sampled.append(_SampledCutoff(did, weights, arguments))
    return sampled


def _averaged_scores(cutoff: _SampledCutoff, names: Sequence[str]) -> dict[tuple[str, str], Array]:
    """Return the scores of one cutoff that are functions of averages under each draw, by forecaster and metric."""
    of_metrics = [
        (name, metric, metric.averages) for name in names for metric in cutoff.metrics(name) if metric.averages
    ]
    values = [of.values(*cutoff.arguments[name][metric.needs]) for name, metric, of in of_metrics]
    rows = np.stack([np.ones(len(cutoff.actual)), *(each for of_metric in values for each in of_metric)])
    with np.errstate(invalid="ignore"):  # an infinite deviance of a customer who was not drawn
        sums = np.concatenate([rows @ weights.T for weights in cutoff.weights], axis=1)
        averages = iter(sums[1:] / sums[0])
        return {
            (name, metric.name): of.metric(*(next(averages) for _ in each))
            for (name, metric, of), each in zip(of_metrics, values, strict=True)
        }


def _replicated_scores(
    cutoffs: Sequence[_SampledCutoff], averages: Sequence[Mapping[tuple[str, str], Array]], name: str
) -> dict[str, Array]:
    """Return each score under each draw, as means over cutoffs, (draws,)."""
    scores = [
        _weighted_scores(cutoff, name) | {metric: each for (of, metric), each in scores.items() if of == name}
        for cutoff, scores in zip(cutoffs, averages, strict=True)
    ]
    sizes = {
        metric: [np.abs(each[metric]) if METRICS[metric].signed else each[metric] for each in scores]
        for metric in scores[0]
    }
    return {metric: np.mean(each, axis=0) for metric, each in sizes.items()}


def _weighted_scores(cutoff: _SampledCutoff, name: str) -> dict[str, Array]:
    """Return the other scores of one cutoff under each draw, (draws,)."""
    arguments = cutoff.arguments[name]
    metrics = [metric for metric in cutoff.metrics(name) if not metric.averages]
    parts, ranking = [], dict[str, Any]()
    for number, weights in enumerate(cutoff.weights):
        memory = ranking | ({"best": cutoff.best[number]} if number in cutoff.best else {})
        shared = [{"memory": memory} if metric.remembers else {} for metric in metrics]
        parts.append(
            [
                metric.function(*arguments[metric.needs], weights=weights, **more)
                for metric, more in zip(metrics, shared, strict=True)
            ]
        )
        cutoff.best.setdefault(number, memory["best"])
        ranking = {"ranking": memory["ranking"]}  # customers are sorted once for all draws
    return dict(zip((metric.name for metric in metrics), map(np.concatenate, zip(*parts, strict=True)), strict=True))

"""Which of two forecasters is better, and whether by more than chance: paired intervals of differences of scores.

Customers are drawn with replacement, each with all its cutoffs, and every score is computed again with the number of
times each customer was drawn as its weight. Both forecasters are scored on the same draw, so what makes customers hard
to forecast cancels out. Conditions change between cutoffs too, which no draw of customers shows: with several cutoffs
the interval is also at least as wide as that of the mean of their differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.validation.tables.metrics import METRICS, MetricInput

__all__ = ["NEGLIGIBLE", "Better", "difference_table"]

REPLICATES = 300
BLOCK = 32  # draws whose weights are used at once, small enough for the processor's cache
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
    expected : arrays (m,)
    chances : arrays (m,), of the forecasters that give probabilities
    best : dict of int to array
        The perfect ranking's Gini coefficients under the draws of a block, which all forecasters share.
    """

    actual: Array
    weights: tuple[Array, ...]
    expected: Mapping[str, Array]
    chances: Mapping[str, Array]
    best: dict[int, Array] = field(default_factory=dict)


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
    sampled_cutoffs = _resample(sampled, reference, seed)
    everybody = max(1, int(rows.groupby("cutoff")["customers"].first().sum()))
    share = min(1.0, float(np.sqrt(sum(len(each.actual) for each in sampled_cutoffs) / everybody)))
    replicates = dict(
        zip(names, in_threads(lambda name: _replicated_scores(sampled_cutoffs, name), names), strict=True)
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


def _resample(sampled: pd.DataFrame, reference: str, seed: int) -> list[_SampledCutoff]:
    """Draw customers, each the same number of times at every cutoff at which they are known."""
    of_reference = sampled[sampled["forecaster"] == reference]
    ids, codes = np.unique(of_reference["customer_id"].to_numpy(), return_inverse=True)
    generator = np.random.default_rng([seed, len(ids)])
    counts = generator.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=REPLICATES)
    weights = np.column_stack([np.ones(len(ids)), counts.T])
    cutoffs = []
    for cutoff in of_reference["cutoff"].unique():
        here = (of_reference["cutoff"] == cutoff).to_numpy()
        actual = of_reference["actual"].to_numpy(dtype=float)[here]
        forecasts = sampled[sampled["cutoff"] == cutoff].groupby("forecaster", sort=False)
        expected = {str(name): rows["expected"].to_numpy(dtype=float) for name, rows in forecasts}
        logs = {str(name): rows["log_score"].to_numpy(dtype=float) for name, rows in forecasts}
        chances = {name: np.exp(values) for name, values in logs.items() if not np.isnan(values).all()}
        cutoffs.append(_SampledCutoff(actual, _blocks(weights[codes[here]]), expected, chances))
    return cutoffs


def _blocks(weights: Array) -> tuple[Array, ...]:
    """Return blocks of draws, (BLOCK, m) each, whose transposes are contiguous, from weights (m, draws)."""
    return tuple(np.ascontiguousarray(weights[:, i : i + BLOCK]).T for i in range(0, weights.shape[1], BLOCK))


def _replicated_scores(cutoffs: Sequence[_SampledCutoff], name: str) -> dict[str, Array]:
    """Return each score under each draw, as means over cutoffs, (draws,)."""
    scores = [_weighted_scores(cutoff, name) for cutoff in cutoffs]
    return {metric: np.mean([each[metric] for each in scores], axis=0) for metric in scores[0]}


def _weighted_scores(cutoff: _SampledCutoff, name: str) -> dict[str, Array]:
    """Return each score of one cutoff under each draw, for the parts that the forecast has."""
    arguments: dict[MetricInput, tuple[Array, ...]] = {"mean": (cutoff.actual, cutoff.expected[name])}
    if name in cutoff.chances:
        arguments["chances"] = (cutoff.chances[name],)
    metrics = [metric for metric in METRICS.values() if metric.takes_weights and metric.needs in arguments]
    parts = []
    for number, weights in enumerate(cutoff.weights):
        memory = {"best": cutoff.best[number]} if number in cutoff.best else {}
        shared = [{"memory": memory} if metric.remembers else {} for metric in metrics]
        parts.append(
            [
                metric.function(*arguments[metric.needs], weights=weights, **more)
                for metric, more in zip(metrics, shared, strict=True)
            ]
        )
        cutoff.best.setdefault(number, memory["best"])
    scores = dict(zip((metric.name for metric in metrics), map(np.concatenate, zip(*parts, strict=True)), strict=True))
    return {name: np.abs(values) if METRICS[name].signed else values for name, values in scores.items()}

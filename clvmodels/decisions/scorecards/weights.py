"""Weights of dimensions, and of indicators within a dimension: passed, equal, by entropy, by pairs, or learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.stats import rankdata

from clvmodels.decisions.scorecards.indicators import Indicator
from clvmodels.decisions.scorecards.pairwise import pairwise_weights
from clvmodels.errors import InvalidOption, closest, list_names
from clvmodels.processes.contract import Array

__all__ = [
    "DIMENSIONS",
    "ScorecardWeights",
    "WeightMethod",
    "dimension_scores",
    "entropy_weights",
    "learned_weights",
    "make_weights",
]

WeightMethod = Literal["equal", "entropy", "learned"]
WEIGHT_METHODS = ("equal", "entropy", "learned")
DIMENSIONS = "dimensions"  # the key of the consistency of judgments between dimensions
SUM_TOLERANCE = 1e-6  # allowed difference of the sum of weights from 1, so that thirds may be written with six digits


@dataclass(frozen=True, slots=True)
class ScorecardWeights:
    """The weights of a scorecard.

    Attributes
    ----------
    between, within : str
        The source of the weights of dimensions, and of indicators within them: "given", "equal", "entropy", "pairwise"
        or "learned".
    dimensions : mapping of str to float
        They add up to 1.
    indicators : mapping of str to float
        Weights within the dimension by column; they add up to 1 in each dimension.
    consistency : mapping of str to float
        Consistency ratios of judgments of pairs: under "dimensions", or a dimension.
    """

    between: str
    within: str
    dimensions: Mapping[str, float]
    indicators: Mapping[str, float]
    consistency: Mapping[str, float] = field(default_factory=dict)

    def flat(self, indicators: Sequence[Indicator]) -> Array:
        """Return the weight of each indicator in the score (k,); they add up to 1."""
        return np.array([self.dimensions[each.dimension] * self.indicators[each.column] for each in indicators])


def make_weights(
    indicators: Sequence[Indicator], scores: Array, weights: Any, within: Any, outcome: Array | None, damping: float
) -> ScorecardWeights:
    """Return the weights from the arguments of `scorecard`.

    Parameters
    ----------
    scores : array (n, k)
        Scores of the indicators.
    outcome : array (n,) or None
        What customers did later, for learned weights.
    """
    groups = {
        each.dimension: [one.column for one in indicators if one.dimension == each.dimension] for each in indicators
    }
    if "learned" in [each for each in (weights, within) if isinstance(each, str)]:
        if (weights, within) not in (("learned", "learned"), ("learned", None)):
            raise InvalidOption("weights='learned' learns both levels together: leave out within=.")
        if outcome is None:
            raise InvalidOption("weights='learned' needs outcome=, a column with what customers did later.")
        flat = learned_weights(scores, outcome, _even(indicators, groups), damping)
        return _by_dimension(groups, indicators, flat)
    columns = [each.column for each in indicators]
    consistency: dict[str, float] = {}
    inner, inner_method = _within(groups, within, dict(zip(columns, scores.T, strict=True)), consistency)
    of_dimension = dimension_scores(indicators, scores, inner)
    outer, method = _level(
        [*groups], "equal" if weights is None else weights, of_dimension, "weights", DIMENSIONS, consistency
    )
    return ScorecardWeights(method, inner_method, outer, inner, consistency)


def dimension_scores(indicators: Sequence[Indicator], scores: Array, within: Mapping[str, float]) -> Array:
    """Return the weighted mean of the scores of each dimension's indicators, (n, dimensions)."""
    names = list(dict.fromkeys(each.dimension for each in indicators))
    mixture = np.zeros((len(indicators), len(names)))
    for row, each in enumerate(indicators):
        mixture[row, names.index(each.dimension)] = within[each.column]
    result: Array = scores @ mixture
    return result


def _within(
    groups: Mapping[str, list[str]], within: Any, scores: Mapping[str, Array], consistency: dict[str, float]
) -> tuple[dict[str, float], str]:
    """Return the weights within dimensions by column and their source; add consistency ratios to `consistency`."""
    named = within if isinstance(within, Mapping) else {}
    unknown = [name for name in named if name not in groups]
    if unknown:
        raise InvalidOption(
            f"within= has the dimension {unknown[0]!r}; there are {list_names([*groups])}.{closest(unknown[0], groups)}"
        )
    every = "equal" if isinstance(within, Mapping) or within is None else within
    result: dict[str, float] = {}
    methods = []
    for name, columns in groups.items():
        table = np.stack([scores[column] for column in columns], axis=1)
        level, method = _level(columns, named.get(name, every), table, "within", name, consistency)
        result |= level
        methods.append(method)
    chosen = [method for name, method in zip(groups, methods, strict=True) if name in named] or methods
    return result, chosen[0]


def _level(
    names: list[str], weights: Any, scores: Array, argument: str, key: str, consistency: dict[str, float]
) -> tuple[dict[str, float], str]:
    """Return the weights of one level by name and their source; add a consistency ratio to `consistency`."""
    if isinstance(weights, Mapping) and weights:
        if all(isinstance(each, tuple) for each in weights):
            values, ratio = pairwise_weights(weights, names, argument)
            consistency[key] = ratio
            return dict(zip(names, values.tolist(), strict=True)), "pairwise"
        return _check_weights(names, weights, argument, key), "given"
    if weights == "entropy":
        return dict(zip(names, entropy_weights(scores).tolist(), strict=True)), "entropy"
    if weights == "equal":
        return dict.fromkeys(names, 1 / len(names)), "equal"
    raise InvalidOption(
        f"{argument}={weights!r} is not one of {list_names(WEIGHT_METHODS)}, weights by name, or judgments of pairs."
        f"{closest(weights, WEIGHT_METHODS)}"
    )


def _check_weights(names: list[str], weights: Mapping[Any, Any], argument: str, key: str) -> dict[str, float]:
    """Return weights as passed; raise an InvalidOption that lists all their faults."""
    faults = [f"it has {name!r}, which is not one of {list_names(names)}" for name in weights if name not in names]
    faults += [f"it has no weight of {name!r}" for name in names if name not in weights]
    numeric = all(
        not isinstance(each, bool) and isinstance(each, Real) and 0 <= float(each) < float("inf")
        for each in weights.values()
    )
    if not numeric:
        faults.append("its weights must be numbers, not negative")
    elif not faults and abs(sum(map(float, weights.values())) - 1) > SUM_TOLERANCE:
        faults.append(f"its weights add up to {sum(map(float, weights.values())):.6g}, not to 1")
    if faults:
        level = "" if key == DIMENSIONS else f" of {key!r}"
        raise InvalidOption(f"{argument}={dict(weights)!r}{level} is invalid: " + "; ".join(faults) + ".")
    total = sum(map(float, weights.values()))
    return {name: float(weights[name]) / total for name in names}


def entropy_weights(scores: Array) -> Array:
    """Return weights in proportion to 1 minus the entropy of each column's distribution over the customers, (k,).

    A constant column has weight 0; if all are constant, weights are equal. Ranks have the same distribution in every
    column, so their weights are nearly equal: use scale "range" with entropy. Hwang & Yoon (1981), "Multiple Attribute
    Decision Making", Springer, section 3.2.3.
    """
    count = scores.shape[1]
    total = scores.sum(axis=0)
    share = np.divide(scores, total, out=np.full_like(scores, 1 / max(len(scores), 1)), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy = -(share * logs).sum(axis=0) / np.log(len(scores)) if len(scores) > 1 else np.ones(count)
    spread = np.maximum(1 - entropy, 0.0)
    spread[spread < 1e-12] = 0.0  # float error of a constant column
    return spread / spread.sum() if spread.sum() > 0 else np.full(count, 1 / count)


def learned_weights(scores: Array, outcome: Array, start: Array, damping: float) -> Array:
    """Return the nonnegative weights that best predict the rank of the outcome, shrunk toward a start, (k,).

    They minimize the mean of (rank - scores @ b) ** 2, both centered, plus a penalty of `damping` times the mean
    variance of a score times ||b - c * start|| ** 2, where c is the slope of the start; then they are scaled to a sum
    of 1. With much damping they equal the start.

    Parameters
    ----------
    scores : array (n, k)
    outcome : array (n,)
    start : array (k,)
        It adds up to 1.
    damping : float
        Above 0.
    """
    place = rankdata(outcome) / len(outcome)
    centered = scores - scores.mean(axis=0)
    gram = centered.T @ centered / len(scores)
    moment = centered.T @ (place - place.mean()) / len(scores)
    variance = float(start @ gram @ start)
    slope = max(float(start @ moment) / variance, 0.0) if variance > 0 else 0.0
    penalty = damping * float(np.trace(gram)) / len(start)
    if penalty <= 0:
        return start
    lower = np.linalg.cholesky(gram + penalty * np.eye(len(start)))
    solution, _ = nnls(lower.T, np.linalg.solve(lower, moment + penalty * slope * start))
    return solution / solution.sum() if solution.sum() > 0 else start


def _even(indicators: Sequence[Indicator], groups: Mapping[str, Sequence[str]]) -> Array:
    """Return equal weights of dimensions, divided equally among their indicators, (k,)."""
    return np.array([1 / len(groups) / len(groups[each.dimension]) for each in indicators])


def _by_dimension(
    groups: Mapping[str, list[str]], indicators: Sequence[Indicator], flat: npt.NDArray[np.float64]
) -> ScorecardWeights:
    """Return the weights of dimensions and of indicators within them, from those of indicators in the score."""
    of_column = {each.column: weight for each, weight in zip(indicators, flat.tolist(), strict=True)}
    outer = {name: sum(of_column[column] for column in columns) for name, columns in groups.items()}
    inner = {
        column: of_column[column] / outer[name] if outer[name] > 0 else 1 / len(columns)
        for name, columns in groups.items()
        for column in columns
    }
    return ScorecardWeights("learned", "learned", outer, inner)

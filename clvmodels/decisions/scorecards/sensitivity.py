"""The customers who change tier if a weight moves by 10 %."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.decisions.scorecards.indicators import Indicator
from clvmodels.decisions.scorecards.weights import ScorecardWeights
from clvmodels.decisions.tiering.boundaries import TierDefinition, lowest_values, merge_near_ties, tier_of
from clvmodels.processes.contract import Array

__all__ = ["moved_weights", "score_tiers", "sensitivity_table"]

RELATIVE_MOVE = 0.1  # of a weight, up and down


def score_tiers(score: Array, definition: TierDefinition) -> npt.NDArray[np.intp]:
    """Return the tier of each score as a number, 0 for the best, (n,)."""
    merged = merge_near_ties(score)
    return tier_of(merged, lowest_values(merged, definition))


def moved_weights(
    indicators: Sequence[Indicator], weights: ScorecardWeights
) -> Iterator[tuple[str, str, float, ScorecardWeights]]:
    """Yield level, name, factor and all weights after one weight moved and the others of its level were rescaled."""
    groups: dict[str, list[str]] = {}
    for each in indicators:
        groups.setdefault(each.dimension, []).append(each.column)
    for factor in (1 + RELATIVE_MOVE, 1 - RELATIVE_MOVE):
        for name in groups if len(groups) > 1 else ():
            yield "dimension", name, factor, replace(weights, dimensions=_moved(weights.dimensions, name, factor))
        for columns in (each for each in groups.values() if len(each) > 1):
            inner = {column: weights.indicators[column] for column in columns}
            for name in columns:
                moved = {**weights.indicators, **_moved(inner, name, factor)}
                yield "indicator", name, factor, replace(weights, indicators=moved)


def _moved(weights: Mapping[str, float], name: str, factor: float) -> dict[str, float]:
    """Return weights with one multiplied by a factor and the others scaled to a sum of 1."""
    new = min(weights[name] * factor, 1.0)
    rest = 1 - weights[name]
    scale = (1 - new) / rest if rest > 0 else 0.0
    return {each: new if each == name else value * scale for each, value in weights.items()}


def sensitivity_table(
    indicators: Sequence[Indicator], weights: ScorecardWeights, scores: Array, definition: TierDefinition
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return the customers who change tier by weight, and a mask of those who change tier for any weight.

    Returns
    -------
    table : DataFrame
        One row per weight and move: level, name, factor, customers, share_of_customers.
    mask : bool array (n,)
    """
    tier = score_tiers(scores @ weights.flat(indicators), definition)
    anywhere = np.zeros(len(scores), dtype=bool)
    rows = []
    for level, name, factor, moved in moved_weights(indicators, weights):
        changed = score_tiers(scores @ moved.flat(indicators), definition) != tier
        anywhere |= changed
        rows.append((level, name, factor, int(changed.sum()), float(changed.mean())))
    return pd.DataFrame(rows, columns=["level", "name", "factor", "customers", "share_of_customers"]), anywhere

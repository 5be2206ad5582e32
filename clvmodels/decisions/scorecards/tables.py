"""Tables of a scorecard: weights, correlations of indicators, and the change of scores between two dates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.decisions.scorecards.definition import ScorecardDefinition
from clvmodels.processes.contract import Array

__all__ = ["correlation_table", "effective_number", "score_change", "weight_table"]


def weight_table(definition: ScorecardDefinition, missing: Array) -> pd.DataFrame:
    """Return one row per indicator with its weights and how it is scored."""
    indicators, weights = definition.indicators, definition.weights
    return pd.DataFrame(
        {
            "dimension": [each.dimension for each in indicators],
            "dimension_weight": [weights.dimensions[each.dimension] for each in indicators],
            "indicator": [each.column for each in indicators],
            "weight_within": [weights.indicators[each.column] for each in indicators],
            "weight": weights.flat(indicators),
            "direction": [each.direction for each in indicators],
            "scale": [each.scale for each in indicators],
            "benchmark": [each.benchmark for each in indicators],
            "missing": [each.missing for each in indicators],
            "customers_missing": missing.sum(axis=0),
        }
    )


def correlations_of(scores: Array) -> Array:
    """Return the correlations of columns (k, k); NaN with a column that is the same for all customers."""
    centered = scores - scores.mean(axis=0)
    norm = np.sqrt((centered**2).sum(axis=0))
    norm[np.ptp(scores, axis=0) == 0] = 0.0  # the mean of a constant column may differ from it by float error
    product = np.outer(norm, norm)
    result: Array = np.divide(centered.T @ centered, product, out=np.full(product.shape, np.nan), where=product > 0)
    return result


def correlation_table(definition: ScorecardDefinition, scores: Array) -> pd.DataFrame:
    """Return the correlations of the indicators' scores, one row and one column per indicator."""
    columns = [each.column for each in definition.indicators]
    table = pd.DataFrame(correlations_of(scores), columns=columns)
    table.insert(0, "indicator", columns)
    return table


def effective_number(scores: Array) -> float:
    """Return the number of uncorrelated columns that vary as much as these.

    This is the squared sum of the eigenvalues of the correlation matrix over the sum of their squares: k for k
    uncorrelated columns, 1 for equal columns. Constant columns do not count.
    """
    varies = np.ptp(scores, axis=0) > 0
    matrix = correlations_of(scores[:, varies])
    return float(varies.sum() ** 2 / np.sum(matrix**2)) if varies.any() else 0.0


def score_change(
    later: CustomerTable, earlier: CustomerTable, scores: Array, scores_before: Array, weights: Array, before: Array
) -> dict[str, Any]:
    """Return the change of the scores of customers in both tables; see `Scorecard.change`.

    Parameters
    ----------
    scores, scores_before : arrays (n, k), (m, k)
    weights, before : arrays (k,)
    """
    positions = earlier.positions_of(later.customer_id)
    rows = np.flatnonzero(positions >= 0)
    new, old = scores[rows], scores_before[positions[rows]]
    from_customer, from_weights = (new - old) @ (weights + before) / 2, (new + old) / 2 @ (weights - before)
    change = from_customer + from_weights
    order = np.argsort(-np.abs(change), kind="stable")
    columns = {
        "score_earlier": old @ before,
        "scorecard_score": new @ weights,
        "change": change,
        "from_customer": from_customer,
        "from_weights": from_weights,
    }
    return {"customer_id": later.customer_id[rows[order]]} | {name: each[order] for name, each in columns.items()}

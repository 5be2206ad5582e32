"""Comparison of a score with predicted value alone, by how well each ranks later money."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from clvmodels.decisions.customer_table import CustomerTable, hash_keys
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.metrics import capture, normalized_gini

__all__ = ["FOLDS", "groups_of", "judgment_table", "scores_of_folds"]

GROUPS = 20  # groups of customers, each left out once for the standard error
FOLDS = 5  # divides GROUPS
LEVEL = 0.95  # quantile at the upper end of the central 90 % interval
FEWEST = 5 * GROUPS  # customers needed for a comparison


def groups_of(table: CustomerTable) -> npt.NDArray[np.intp]:
    """Return the group of each customer by a hash of the id, which does not depend on the order of rows, (n,)."""
    return (hash_keys(map(str, table.customer_id.to_list())) % GROUPS).astype(np.intp)


def scores_of_folds(group: npt.NDArray[np.intp], score: Callable[[npt.NDArray[np.bool_]], Array]) -> Array:
    """Return scores (n,) with weights that were learned from customers of other folds.

    Parameters
    ----------
    group : int array (n,)
    score : callable
        Learns weights from the customers in a mask, and returns the scores of all customers.
    """
    result = np.full(len(group), np.nan)
    for fold in range(FOLDS):
        inside = group % FOLDS == fold
        if inside.any() and not inside.all():
            result[inside] = score(~inside)[inside]
    return result


def judgment_table(
    score: Array, value: Array, outcome: Array, group: npt.NDArray[np.intp], name: str
) -> pd.DataFrame | None:
    """Return how well the score and predicted value rank the outcome, and the difference with its interval.

    The interval is from the jackknife over groups of customers: Efron & Tibshirani (1993), "An Introduction to the
    Bootstrap", Chapman & Hall, section 11.5. None if there are too few customers, or nothing to rank.
    """
    if len(score) < FEWEST or np.ptp(outcome) == 0:
        return None
    parts = [group != number for number in np.unique(group)]
    without = np.array([_difference(score[part], value[part], outcome[part]) for part in parts])
    error = float(np.sqrt((len(parts) - 1) / len(parts) * np.sum((without - without.mean()) ** 2)))
    difference, reach = _difference(score, value, outcome), float(stdtrit(len(parts) - 1, LEVEL)) * error
    rows = [
        (ranking, float(normalized_gini(outcome, by)), float(capture(outcome, by)))
        for ranking, by in (("scorecard_score", score), (name, value))
    ]
    table = pd.DataFrame(rows, columns=["ranking", "gini", "share_of_top_decile"])
    table["gini_difference"] = [difference, np.nan]
    table["difference_lower"] = [difference - reach, np.nan]
    table["difference_upper"] = [difference + reach, np.nan]
    return table


def _difference(score: Array, value: Array, outcome: Array) -> float:
    """Return the Gini coefficient of the score minus that of the value."""
    return float(normalized_gini(outcome, score) - normalized_gini(outcome, value))

"""P(tier): the share of joint draws of all customers in which a customer's value ranks in each tier."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.tiering.boundaries import TierDefinition, lowest_values, tier_of
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["tier_probabilities"]


def tier_probabilities(draws: npt.NDArray[np.floating[Any]], definition: TierDefinition) -> Array:
    """Return the share of the draws in which each customer ranks in each tier.

    Parameters
    ----------
    draws : array (draws, n)
        Values of all customers; each draw has its own boundaries.
    definition : TierDefinition

    Returns
    -------
    array (tiers, n)
        Adds up to 1 for each customer.
    """
    counts = np.zeros((len(definition.names), draws.shape[1]), dtype=np.int32)
    one_at_a_time = Lock()

    def count(drawn: npt.NDArray[np.floating[Any]]) -> None:
        tier = tier_of(drawn, lowest_values(drawn, definition))
        ranked = [tier == number for number in range(len(counts))]
        with one_at_a_time:
            for row, there in zip(counts, ranked, strict=True):
                row += there

    in_threads(count, draws)
    return counts / len(draws)

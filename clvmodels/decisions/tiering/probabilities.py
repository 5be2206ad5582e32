"""P(tier): how often the value that a customer may realize ranks in each tier, over joint draws of all customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.tiering.boundaries import TierDefinition, lowest_values, tier_of
from clvmodels.processes.contract import Array

__all__ = ["tier_probabilities"]


def tier_probabilities(draws: npt.NDArray[np.floating[Any]], definition: TierDefinition) -> Array:
    """Return the share of the draws in which each customer ranks in each tier.

    Parameters
    ----------
    draws : array (draws, n)
        What all customers realize together; each draw has its own boundaries.
    definition : TierDefinition

    Returns
    -------
    array (tiers, n)
        Adds up to 1 for each customer.
    """
    counts = np.zeros((len(definition.names), draws.shape[1]), dtype=np.int32)
    for drawn in draws:
        tier = tier_of(drawn, lowest_values(drawn, definition))
        for number in range(len(counts)):
            counts[number] += tier == number
    return counts / len(draws)

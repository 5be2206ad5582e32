"""P(tier): the share of joint draws of all customers in which a customer's value ranks in each tier."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.tiering.boundaries import TierDefinition, lowest_values
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
    above = np.zeros((len(definition.names), draws.shape[1]), dtype=np.int32)  # draws in a tier or a better one
    above[-1] = len(draws)
    one_at_a_time = Lock()

    def count(drawn: npt.NDArray[np.floating[Any]]) -> None:
        reached = [drawn >= lowest for lowest in lowest_values(drawn, definition).astype(drawn.dtype)]
        with one_at_a_time:
            for row, there in zip(above, reached, strict=False):
                row += there

    in_threads(count, draws)
    return np.diff(above, axis=0, prepend=0) / len(draws)

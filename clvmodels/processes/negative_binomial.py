"""The number of purchases within a time at a gamma-distributed rate: tails of the negative binomial distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clvmodels.processes.contract import Array

__all__ = ["negative_binomial_tails"]

SMALLEST_LOG = -600.0  # log of the smallest first probability computed without a scale; e^-745 would be 0
LARGEST_SCALED = 1e200  # probabilities are kept below this by moving their scale


def negative_binomial_tails(shape: Array, z: Array) -> Iterator[Array]:
    """Yield P(N > k) for k = 0, 1, 2, ... of the purchases N of a rate ~ Gamma(shape, 1) within z.

    The probabilities P(N = k) follow from each other by a factor and are taken from the tail. If P(N = 0) is too small
    for a float, all are stored relative to a scale, whose logarithm is adjusted as they grow.
    """
    log_none = -shape * np.log1p(z)
    share = z / (1 + z)
    beyond = -np.expm1(log_none)
    scale = np.minimum(log_none - SMALLEST_LOG, 0.0)
    scaled = bool(np.any(scale < 0))
    chance = np.exp(log_none - scale)
    k = 0
    while True:
        yield beyond
        chance = chance * (share * ((shape + k) / (k + 1)))
        k += 1
        if scaled:
            large = chance > LARGEST_SCALED
            chance = np.where(large, chance / LARGEST_SCALED, chance)
            scale = np.where(large, scale + np.log(LARGEST_SCALED), scale)
            beyond = np.maximum(beyond - chance * np.exp(np.minimum(scale, 0.0)), 0.0)
        else:
            beyond = np.maximum(beyond - chance, 0.0)

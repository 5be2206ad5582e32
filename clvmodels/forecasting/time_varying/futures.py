"""Draw what customers do whose rates change over time, under draws of the parameters."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from clvmodels.forecasting.time_varying.likelihoods import ChangingLikelihood
from clvmodels.processes.contract import Array
from clvmodels.processes.two_clocks import Stretches

__all__ = ["DrawnRates"]


class DrawnRates:
    """Customers with distinct histories (m), and draws of the parameters.

    Parameters
    ----------
    likelihood : ChangingLikelihood
    coordinates : array (draws, k)
    past, ahead : Stretches
        Of the histories up to now, and of the horizon.
    """

    def __init__(self, likelihood: ChangingLikelihood, coordinates: Array, past: Stretches, ahead: Stretches) -> None:
        self._likelihood = likelihood
        self._coordinates = coordinates
        self._past, self._ahead = past, ahead

    def expected(self, history: Array) -> Array:
        """Return the purchases expected of histories (b,) under each draw, (draws, b)."""
        distinct, place = np.unique(history.astype(np.intp), return_inverse=True)
        past, ahead = self._past.take(distinct), self._ahead.take(distinct)
        likelihood = self._likelihood
        drawn = [likelihood.alive(each, past) * likelihood.expected(each, past, ahead) for each in self._coordinates]
        return np.stack(drawn)[:, place.reshape(-1)]

    def purchases(self, generator: np.random.Generator, history: Array) -> Array:
        """Draw the purchases of a customer with a history, which is one number, under each draw, (draws,)."""
        i = int(history)
        active = generator.random(len(self._coordinates)) < self._alive[:, i]
        past, ahead = self._past.of(i, i + 1), self._ahead.of(i, i + 1)
        return self._likelihood.sample(self._coordinates, past, ahead, active, generator)

    @cached_property
    def _alive(self) -> npt.NDArray[np.float64]:
        """P(alive) of each history under each draw, (draws, m)."""
        return np.stack([self._likelihood.alive(each, self._past) for each in self._coordinates])

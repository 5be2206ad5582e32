"""One forecast of one quantity at one cut, as everything that scores it needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from clvmodels.forecasting.distributions import Predictive
from clvmodels.processes.contract import Array

__all__ = ["Forecast", "ForecasterKind", "QuantityForecasts"]

ForecasterKind = Literal["process", "rival", "challenger"]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What is said of each customer, and how far that goes.

    Attributes
    ----------
    title : str
    kind : {"process", "rival", "challenger"}
    mean : array (n,) or None
        None of a forecast that knows totals only.
    total : float
        NaN stands for the sum of `mean`.
    buys : array (n,) or None
        P(any purchase), where it is told.
    chances : array (n,) or None
        Probability given to what each customer did, where there is a pmf.
    told : Predictive or None
    """

    title: str
    kind: ForecasterKind
    mean: Array | None
    total: float = float("nan")
    buys: Array | None = None
    chances: Array | None = None
    told: Predictive | None = None


@dataclass(frozen=True, slots=True, eq=False)
class QuantityForecasts:
    """A quantity that was forecast: what each customer did, and what was said of it.

    Attributes
    ----------
    quantity : {"purchases", "money"}
    actual : array (n,)
    forecasts : list of Forecast
        Processes first, then the challenger and its blends, then rivals.
    """

    quantity: str
    actual: Array
    forecasts: list[Forecast] = field(default_factory=list)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whom every forecast has a number for, (n,) of bool: all are scored on the same customers."""
        means = [f.mean for f in self.forecasts if f.mean is not None]
        known: npt.NDArray[np.bool_] = np.all([np.isfinite(mean) for mean in means], axis=0)
        return known

"""The forecasts of one quantity at one cutoff, with what happened: the input of all tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.forecasts import ForecasterIdentity, ForecasterKind, TotalDistribution
from clvmodels.processes.contract import Array
from clvmodels.validation.tables.distributions import Predictive
from clvmodels.validation.tables.metrics import Memory, normalized_gini

__all__ = ["EvaluatedForecast", "QuantityForecasts"]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedForecast:
    """The expected values of a forecaster for each customer, with their distribution if it has one.

    Attributes
    ----------
    forecaster : ForecasterIdentity
    mean : array (n,) or None
        None for a forecaster that forecasts totals only.
    total : float
        Total of a forecast without `mean`; NaN otherwise.
    buys : array (n,) or None
        P(any purchase), if the forecaster gives one.
    chances : array (n,) or None
        Probability of what each customer did, if the forecaster has a pmf.
    predictive : Predictive or None
        Draws, intervals, CRPS and PIT of the sampled customers, for processes.
    distribution : TotalDistribution or None
        Distribution of the total, if the forecaster gives one; otherwise that of the process is used.
    """

    forecaster: ForecasterIdentity
    mean: Array | None
    total: float = float("nan")
    buys: Array | None = None
    chances: Array | None = None
    predictive: Predictive | None = None
    distribution: TotalDistribution | None = None

    @property
    def id(self) -> str:
        """Return the forecaster's id."""
        return self.forecaster.id

    @property
    def kind(self) -> ForecasterKind:
        """Return the forecaster's kind."""
        return self.forecaster.kind


@dataclass(frozen=True, slots=True, eq=False)
class QuantityForecasts:
    """The actual values of one quantity, and every forecast of it.

    Attributes
    ----------
    quantity : {"purchases", "money"}
    actual : array (n,)
    forecasts : list of EvaluatedForecast
        Processes first, then boosted trees and their blends, then rules.
    memory : dict
        Results computed once.
    """

    quantity: str
    actual: Array
    forecasts: list[EvaluatedForecast] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict, repr=False)

    def of_scored(self, values: Array) -> Array:
        """Return the values of the customers who are scored; the same array if all are."""
        return values if self.scored.all() else values[self.scored]

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Return a mask of the customers (n,) for whom every forecast is finite, on whom all are scored."""
        if "scored" not in self.memory:
            means = [forecast.mean for forecast in self.forecasts if forecast.mean is not None]
            self.memory["scored"] = np.all([np.isfinite(mean) for mean in means], axis=0)
        scored: npt.NDArray[np.bool_] = self.memory["scored"]
        return scored

    def memory_of(self, forecast: EvaluatedForecast) -> Memory:
        """Return what metrics and tables of one forecast share, such as the order of the scored customers by it."""
        actual = self.of_scored(self.actual)
        if "of_actual" not in self.memory:
            of_actual: Memory = {}
            normalized_gini(actual, actual, memory=of_actual)
            self.memory["of_actual"] = {name: of_actual[name] for name in ("actual", "best")}
        memory: Memory = self.memory.setdefault(f"of {forecast.id}", dict(self.memory["of_actual"]))
        return memory

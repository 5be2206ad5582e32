"""The forecast of one quantity at one cutoff, and who made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from clvmodels.forecasting.distributions import Predictive
from clvmodels.processes.contract import Array

__all__ = ["Forecast", "ForecasterIdentity", "ForecasterKind", "QuantityForecasts"]

ForecasterKind = Literal["process", "rule", "boosted_trees", "blend", "spend"]


@dataclass(frozen=True, slots=True)
class ForecasterIdentity:
    """Who makes a forecast: the id by which code recognizes it, and the title that people read.

    Attributes
    ----------
    id : str
        Such as "bgnbd", "bgnbd+gamma_gamma" or "own_rate"; the same at every cutoff.
    title : str
        Used for drawing and printing only.
    kind : {"process", "rule", "boosted_trees", "blend", "spend"}
        "spend" is a spend model by itself, which has parameters and no forecasts of its own.
    process, spend : str or None
        Ids of the purchase process and the spend model that the forecast is made with.
    """

    id: str
    title: str
    kind: ForecasterKind
    process: str | None = None
    spend: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a forecaster expects of each customer, with its distribution where it has one.

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
        Probability of what each customer then did, if the forecaster has a pmf.
    predictive : Predictive or None
        Draws, intervals, CRPS and PIT of the sampled customers, for processes.
    """

    forecaster: ForecasterIdentity
    mean: Array | None
    total: float = float("nan")
    buys: Array | None = None
    chances: Array | None = None
    predictive: Predictive | None = None

    @property
    def id(self) -> str:
        """The forecaster's id."""
        return self.forecaster.id

    @property
    def kind(self) -> ForecasterKind:
        """The forecaster's kind."""
        return self.forecaster.kind


@dataclass(frozen=True, slots=True, eq=False)
class QuantityForecasts:
    """What customers did of one quantity, and every forecast of it.

    Attributes
    ----------
    quantity : {"purchases", "money"}
    actual : array (n,)
    forecasts : list of Forecast
        Processes first, then boosted trees and their blends, then rules.
    """

    quantity: str
    actual: Array
    forecasts: list[Forecast] = field(default_factory=list)

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """Mask of the customers (n,) for whom every forecast is finite: all are scored on the same customers."""
        means = [forecast.mean for forecast in self.forecasts if forecast.mean is not None]
        mask: npt.NDArray[np.bool_] = np.all([np.isfinite(mean) for mean in means], axis=0)
        return mask

"""Averages of boosted trees and the best process, with three ways to set the total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import clone

from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.customer_shares import Sums
from clvmodels.forecasting.protocol import WindowForecaster
from clvmodels.forecasts import (
    Forecast,
    ForecasterIdentity,
    ForecastQuantity,
    KnownHistory,
    Need,
    QuantityForecast,
)
from clvmodels.processes.contract import Array

__all__ = ["BLENDS", "Blend", "BlendTotal"]

BlendTotal = Literal["own", "process", "learned"]
BLENDS: dict[BlendTotal, tuple[str, str]] = {
    "own": ("blend", "blend"),
    "process": ("blend_process_total", "blend, total of process"),
    "learned": ("blend_learned_total", "blend, learned total"),
}
"""Ids and titles of the blends, by their option `total`."""


class Blend(WindowForecaster):
    """The average of boosted trees and the best process.

    Alone, boosted trees extrapolate a season as if it were a trend. Scaled to the total of the process, they do not,
    but they share the error of that total.

    Parameters
    ----------
    models : PurchaseModel or sequence of them, optional
        Processes whose forecasts are features of the trees; the best one in earlier windows is averaged with the trees.
    spend : SpendModel, optional
        Needed to forecast money.
    total : {"own", "process", "learned"}, default="own"
        "own" leaves the total as it is; "process" scales the trees to the total of the process first; "learned" also
        multiplies by the ratio of actual to expected totals of the process in earlier windows.

    Attributes
    ----------
    trees_ : BoostedTrees
        Fitted.

    References
    ----------
    Bates & Granger (1969), "The Combination of Forecasts", Operational Research Quarterly 20(4), 451-468.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> blend = clv.Blend([clv.MBGNBD()], total="process").fit(history, "13 weeks")
    >>> forecast = blend.forecast(history, "13 weeks")
    >>> process = clv.CustomerModel(clv.MBGNBD()).fit(history).forecast(history, "13 weeks")
    >>> round(forecast.purchases.total / process.purchases.total, 3)
    1.0
    """

    kind: ClassVar[str] = "blend"

    def __init__(
        self,
        models: Sequence[PurchaseModel] | PurchaseModel = (),
        spend: SpendModel | None = None,
        total: BlendTotal = "own",
    ) -> None:
        self.models = models
        self.spend = spend
        self.total = total

    def _identity(self) -> ForecasterIdentity:
        if self.total not in BLENDS:
            raise InvalidOption(f"total={self.total!r} is not one of {', '.join(BLENDS)}.")
        name, title = BLENDS[self.total]
        return ForecasterIdentity(name, title, "blend")

    def fit(self, history: KnownHistory, horizon: float | str | None = None) -> Self:
        """Fit the processes and the trees; see `Forecaster.fit`."""
        self._check(history)
        self._identity()  # which checks `total`
        self.trees_ = BoostedTrees(self.models, self.spend).fit(history, horizon)
        self.clock_ = self.trees_.clock_
        return self

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history: also what its trees need."""
        return super().needs | (self.trees_.needs if self.__sklearn_is_fitted__() else frozenset())

    def recent_periods(self) -> tuple[int, ...] | None:
        """Return the lengths of the periods that the trees read; see `Forecaster.recent_periods`."""
        self._check_fitted()
        return self.trees_.recent_periods()

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        self._check_fitted()
        base = self.trees_.forecast(history, horizon)
        return self._average(history, base, self._sums(history, base))

    @property
    def depends_on_sums(self) -> bool:
        """Whether the forecast of a customer depends on the other customers: the trees are scaled to a total."""
        return self.total != "own"

    def sums(self, history: KnownHistory, horizon: float | str) -> dict[str, float]:
        """Return the totals of the trees and of the process; see `Forecaster.sums`."""
        self._check_fitted()
        return self._sums(history, self.trees_.forecast(history, horizon))

    def _sums(self, history: KnownHistory, base: Forecast) -> dict[str, float]:
        if not self.depends_on_sums:
            return {}
        sums = {}
        for quantity in self.trees_.trees_:
            process = self.trees_.process_mean(history, base.horizon, quantity)
            sums[f"{quantity}_process"] = float(np.nansum(process))
            sums[f"{quantity}_trees"] = float(np.nansum(_means(base, quantity)))
        return sums

    def forecast_part(self, history: KnownHistory, horizon: float | str, sums: Sums) -> Forecast:
        """Forecast some of the customers; see `Forecaster.forecast_part`."""
        self._check_fitted()
        return self._average(history, self.trees_.forecast(history, horizon), sums)

    def _average(self, history: KnownHistory, base: Forecast, sums: Sums) -> Forecast:
        averages = {each: self._average_of(history, base, each, sums) for each in self.trees_.trees_}
        return Forecast(base.horizon, averages["purchases"], averages.get("money"), base.alive)

    def _average_of(
        self, history: KnownHistory, base: Forecast, quantity: ForecastQuantity, sums: Sums
    ) -> QuantityForecast:
        trees, process = _means(base, quantity), self.trees_.process_mean(history, base.horizon, quantity)
        if self.total == "own":
            return QuantityForecast.of_means(0.5 * (trees + process))
        total = sums[f"{quantity}_trees"]
        scale = sums[f"{quantity}_process"] / total if total > 0 else 1.0
        factor = self.trees_.total_factors_[quantity][self.trees_.best_] if self.total == "learned" else 1.0
        return QuantityForecast.of_means(factor * (0.5 * (trees * scale + process)))

    @property
    def process_model(self) -> CustomerModel:
        """The best process with the spend model, which gives P(alive) and discounts values."""
        self._check_fitted()
        return self.trees_.process_model

    def certificate(self) -> dict[str, Any]:
        """Return the best process, the windows' length and the factor of the total."""
        self._check_fitted()
        factors = {name: by_process[self.trees_.best_] for name, by_process in self.trees_.total_factors_.items()}
        learned = {"total_factors": factors} if self.total == "learned" else {}
        return self.trees_.certificate() | {"forecaster": self.id} | learned

    def _options(self) -> dict[str, Any]:
        return {"total": self.total}

    def _learned(self) -> dict[str, Any]:
        return {"trees": self.trees_.to_dict()}

    def _restore(self, learned: dict[str, Any]) -> None:
        self.trees_ = BoostedTrees.from_dict(learned["trees"])
        self.clock_ = self.trees_.clock_
        self.models = [clone(model) for model in self.trees_.models_.values()]
        self.spend = None if self.trees_.spend_ is None else clone(self.trees_.spend_)


def _means(forecast: Forecast, quantity: ForecastQuantity) -> Array:
    """Return the forecasts of boosted trees, (n,)."""
    each = forecast.of(quantity)
    if each is None or each.mean is None:
        raise AssertionError("boosted trees forecast means")
    return each.mean

"""Boosted trees that learn from earlier windows of a history how customers with similar histories continued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from clvmodels.errors import FitFailed
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import (
    check_models,
    fitted_copies,
    fitted_copy,
    models_from_dict,
    models_key,
    models_to_dict,
)
from clvmodels.forecasting.protocol import WindowForecaster
from clvmodels.forecasting.trees.features import (
    PLAIN_FEATURES,
    RECENT_SHARES,
    features_at,
    features_of,
    ticks_of_recent,
)
from clvmodels.forecasting.trees.lesson import at_least, least_expectation, lesson_of
from clvmodels.forecasting.trees.tree_arrays import MOST_LEAVES, TreeEnsemble
from clvmodels.forecasting.windows import LearningWindow, best_process, expectations, fitted_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need, QuantityForecast
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["BoostedTrees"]

# From trials on CDNOW, grocery and Complete Journey: a few small trees; larger ones fitted noise.
TREE_OPTIONS = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": MOST_LEAVES, "min_samples_leaf": 50}


class BoostedTrees(WindowForecaster):
    """Boosted trees on RFM, recent purchases and the forecasts of processes.

    The trees learn from up to three earlier windows inside the history: the features are what was known at the
    beginning of a window, the target is what each customer did in it. For customers of whom the best process expects
    more than the mean, the target is relative to its expectation, so that the few who buy far more than all others keep
    their order of magnitude, although a leaf averages at least 50 customers. Where the windows have more than 20,000
    customers together, similar ones are merged to about as many rows with the sums of what they did. A window has the
    length of the horizon, or a third of the history if that is shorter; over another horizon the forecasts are extended
    by the ratio of the best process's forecasts over the two lengths.

    Parameters
    ----------
    models : PurchaseModel or sequence of them, optional
        Processes whose forecasts are features.
    spend : SpendModel, optional
        Needed to forecast money.

    Attributes
    ----------
    models_ : dict of str to PurchaseModel
        Fitted, by id.
    spend_ : SpendModel or None
    best_ : str
        Id of the process that earlier windows favor.
    length_ : float
        Length of the windows in the clock's unit.
    trees_ : dict of str to TreeEnsemble or None
        By quantity; None without a purchase in the windows.
    least_ : dict of str to float
        The mean expectation of the process, by quantity; larger ones are multiplied by what the trees predict.

    References
    ----------
    Friedman (2001), "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics 29(5),
    1189-1232. Relative targets, weighted by the expectation, are an offset of the Poisson loss: Yang, Qian & Zou
    (2018), "Insurance Premium Prediction via Gradient Tree-Boosted Tweedie Compound Poisson Models", Journal of
    Business & Economic Statistics 36(3), 456-470.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> trees = clv.BoostedTrees([clv.MBGNBD()]).fit(history, "12 weeks")
    >>> trees.best_, trees.length_
    ('mbgnbd', 12.0)
    """

    kind: ClassVar[str] = "boosted_trees"

    def __init__(self, models: Sequence[PurchaseModel] | PurchaseModel = (), spend: SpendModel | None = None) -> None:
        self.models = models
        self.spend = spend

    def _identity(self) -> ForecasterIdentity:
        return ForecasterIdentity("boosted_trees", "boosted trees", "boosted_trees")

    def fit(self, history: KnownHistory, horizon: float | str | None = None) -> Self:
        """Fit the processes and the trees; see `Forecaster.fit`.

        Raises
        ------
        FitFailed
            If the history is too short for an earlier window.
        """
        self._check(history)
        models = check_models(self.models, "BoostedTrees")
        ticks = history.ticks(horizon)
        key = ("trees", ticks, models_key(models), None if self.spend is None else models_key([self.spend]))
        self.__dict__.update(history.remember(key, lambda: self._learn(history, models, ticks)))
        return self

    def _learn(self, history: KnownHistory, models: Sequence[PurchaseModel], ticks: int) -> dict[str, Any]:
        fitted = fitted_copies(models, history)
        windows = fitted_windows(history, ticks, [clone(model) for model in fitted.values()], self.spend)
        if not windows:
            raise FitFailed("Boosted trees learn from earlier windows, and the history is too short for one.")
        spend = None if self.spend is None else fitted_copy(self.spend, history)
        quantities: list[ForecastQuantity] = ["purchases"] if spend is None else ["purchases", "money"]
        best = best_process(windows, fitted)
        least = {quantity: least_expectation(windows, best, quantity) for quantity in quantities}
        trees = in_threads(lambda name: _grow(windows, best, name), quantities)
        return {
            "models_": fitted,
            "spend_": spend,
            "best_": best,
            "length_": windows[0].length,
            "least_": least,
            "trees_": dict(zip(quantities, trees, strict=True)),
            "total_factors_": {quantity: _total_factors(windows, quantity) for quantity in quantities},
            "clock_": history.clock,
        }

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history: also the money that its trees compare."""
        return super().needs | ({"money"} if self._reads_money else frozenset())

    @property
    def _reads_money(self) -> bool:
        """Whether the history of the fit had amounts, which are features of the trees."""
        without = PLAIN_FEATURES + len(RECENT_SHARES) + len(getattr(self, "models_", ()))
        return any(each is not None and each.features > without for each in getattr(self, "trees_", {}).values())

    def recent_periods(self) -> tuple[int, ...] | None:
        """Return the lengths of the periods whose purchases are features; see `Forecaster`."""
        self._check_fitted()
        return ticks_of_recent(self.length_ * self.clock_.ticks_per_unit)

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        self._check_fitted()
        self._check(history, learns=False)
        length = history.clock.duration(horizon)
        forecasts: dict[str, QuantityForecast] = {
            quantity: QuantityForecast.of_means(self._expect(history, length, quantity)) for quantity in self.trees_
        }
        alive = column(self.models_[self.best_].probability_alive(history.rfm), "probability_alive")
        return Forecast(length, forecasts["purchases"], forecasts.get("money"), alive)

    @staticmethod
    def cross_forecast(
        windows: Sequence[LearningWindow], process: str, half: bool, quantity: ForecastQuantity
    ) -> list[Array]:
        """Return forecasts (n,) for the customers of each window by trees grown from the other half of them.

        `process` is the id of the process whose forecasts the trees correct, and `half` the half that is learned from,
        whose forecasts are 0.
        """
        forecasts = [np.zeros(len(window.past.rfm)) for window in windows]
        trees = _grow(windows, process, quantity, half)
        if trees is None:
            return forecasts
        least = least_expectation(windows, process, quantity)
        for window, forecast in zip(windows, forecasts, strict=True):
            others = window.half != half
            mean = at_least(window.expected(quantity)[process][others], least)
            forecast[others] = trees.predict(features_of(window, windows[0].length)[others]) * mean
        return forecasts

    def process_mean(self, history: KnownHistory, horizon: float, quantity: ForecastQuantity) -> Array:
        """Return the forecast of the best process, (n,)."""
        return self._expectations(history, horizon, quantity)[self.best_]

    def _expect(self, history: KnownHistory, horizon: float, quantity: ForecastQuantity) -> Array:
        trees = self.trees_[quantity]
        if trees is None:
            return np.zeros(len(history.rfm))
        features = features_at(history, self.models_, self.spend_, self.length_, self._reads_money)
        # Blends share the trees, which stay alive in the memory, so that their id stays theirs.
        _, predicted = history.remember(("tree forecast", id(trees)), lambda: (trees, trees.predict(features)))
        short, long = (self.process_mean(history, each, quantity) for each in (self.length_, horizon))
        forecast = predicted * at_least(short, self.least_[quantity])
        extended: Array = forecast * np.divide(long, short, out=np.ones(len(forecast)), where=short > 0)
        return extended

    def _expectations(self, history: KnownHistory, horizon: float, quantity: ForecastQuantity) -> dict[str, Array]:
        return expectations(history, self.models_, self.spend_, horizon, quantity)

    @property
    def process_model(self) -> CustomerModel:
        """The best process with the spend model, which gives P(alive) and discounts values."""
        self._check_fitted()
        return CustomerModel(self.models_[self.best_], self.spend_)

    def certificate(self) -> dict[str, Any]:
        """Return the best process and the windows' length."""
        self._check_fitted()
        return {"forecaster": self.id, "process": self.best_, "window": self.length_}

    def _learned(self) -> dict[str, Any]:
        return {
            "models": models_to_dict(self.models_, self.spend_),
            "best": self.best_,
            "length": self.length_,
            "least": self.least_,
            "trees": {name: None if trees is None else trees.to_dict() for name, trees in self.trees_.items()},
            "total_factors": self.total_factors_,
        }

    def _restore(self, learned: dict[str, Any]) -> None:
        self.models_, self.spend_ = models_from_dict(learned["models"])
        self.models = [clone(model) for model in self.models_.values()]
        self.spend = None if self.spend_ is None else clone(self.spend_)
        self.best_, self.length_, self.least_ = learned["best"], learned["length"], learned["least"]
        self.trees_ = {
            name: None if trees is None else TreeEnsemble.from_dict(trees) for name, trees in learned["trees"].items()
        }
        self.total_factors_ = learned["total_factors"]
        self.clock_ = self.models_[self.best_].clock_


def _grow(
    windows: Sequence[LearningWindow], process: str, quantity: ForecastQuantity, half: bool | None = None
) -> TreeEnsemble | None:
    """Return trees fitted to all customers of earlier windows, or to one half; None if these bought nothing.

    They predict the factor between what customers do and what the process expects, or the mean if it expects less.
    """
    lesson = lesson_of(windows, process, quantity)
    numbers, target, expected = lesson.numbers, lesson.target, lesson.expected
    if half is not None:
        some = lesson.half == half
        numbers, target, expected = numbers[some], target[some], expected[some]
    if not target.sum() > 0:
        return None
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREE_OPTIONS)
    with threadpool_limits(limits=1, user_api="openmp"):  # threads slow each other down when other processes run
        trees.fit(numbers, target / expected, sample_weight=expected / expected.mean())
    return TreeEnsemble.of(trees, lesson.bins)


def _total_factors(windows: Sequence[LearningWindow], quantity: ForecastQuantity) -> dict[str, float]:
    """Return the ratio of actual to expected totals of each process in earlier windows, a factor for its next total."""
    actual = sum(float(np.sum(window.actual(quantity))) for window in windows)
    expected = {
        name: sum(float(np.nansum(window.expected(quantity)[name])) for window in windows) for name in windows[0].models
    }
    return {name: actual / total if total > 0 and actual > 0 else 1.0 for name, total in expected.items()}

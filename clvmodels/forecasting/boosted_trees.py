"""Boosted trees that learn from earlier windows of a history how customers with similar histories continued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from clvmodels.errors import FitFailed
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.processes import (
    check_models,
    expected_purchases,
    fitted_copies,
    fitted_copy,
    models_from_dict,
    models_key,
    models_to_dict,
)
from clvmodels.forecasting.protocol import WindowForecaster
from clvmodels.forecasting.tree_arrays import MOST_LEAVES, FeatureBins, TreeEnsemble
from clvmodels.forecasting.windows import LearningWindow, best_process, expectations, fitted_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need, QuantityForecast
from clvmodels.frames import column
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["BoostedTrees"]

MOST_ROWS = 100_000  # most rows to learn from; more do not improve forecasts (tests/benchmarks/notes.md)
PLAIN_FEATURES = 5  # of an RFM without money
RECENT_SHARES = (0.125, 0.25, 0.5, 1.0)  # lengths of the periods of recent purchases, as shares of a window
# From trials on CDNOW, grocery and Complete Journey: a few small trees; larger ones fitted noise.
TREE_OPTIONS = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": MOST_LEAVES, "min_samples_leaf": 50}


class BoostedTrees(WindowForecaster):
    """Boosted trees on RFM, recent purchases and the forecasts of processes.

    The trees learn from up to three earlier windows inside the history: the features are what was known at the
    beginning of a window, the target is what each customer did in it. For customers of whom the best process expects
    more than the mean, the target is relative to its expectation, so that the few who buy far more than all others keep
    their order of magnitude, although a leaf averages at least 50 customers. A window has the length of the horizon, or
    a third of the history if that is shorter; over another horizon the forecasts are extended by the ratio of the best
    process's forecasts over the two lengths.

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
        least = {quantity: _least(windows, best, quantity) for quantity in quantities}
        trees = in_threads(lambda name: _grow(windows, best, least[name], name), quantities)
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
        return _recent_ticks(self.length_ * self.clock_.ticks_per_unit)

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
        windows: Sequence[LearningWindow],
        process: str,
        customers: Sequence[npt.NDArray[np.bool_]],
        quantity: ForecastQuantity,
    ) -> list[Array]:
        """Return forecasts (n,) for all customers of each window by trees grown from some of them (n,).

        `process` is the id of the process whose forecasts the trees correct.
        """
        least = _least(windows, process, quantity)
        trees = _grow(windows, process, least, quantity, customers)
        if trees is None:
            return [np.zeros(len(window.past.rfm)) for window in windows]
        return [
            trees.predict(_features_of(window, windows[0].length))
            * _at_least(window.expected(quantity)[process], least)
            for window in windows
        ]

    def process_mean(self, history: KnownHistory, horizon: float, quantity: ForecastQuantity) -> Array:
        """Return the forecast of the best process, (n,)."""
        return self._expectations(history, horizon, quantity)[self.best_]

    def _expect(self, history: KnownHistory, horizon: float, quantity: ForecastQuantity) -> Array:
        trees = self.trees_[quantity]
        if trees is None:
            return np.zeros(len(history.rfm))
        features = _features(history, self.models_, self.spend_, self.length_, self._reads_money)
        # Blends share the trees, which stay alive in the memory, so that their id stays theirs.
        _, predicted = history.remember(("tree forecast", id(trees)), lambda: (trees, trees.predict(features)))
        short, long = (self.process_mean(history, each, quantity) for each in (self.length_, horizon))
        forecast = predicted * _at_least(short, self.least_[quantity])
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


def _least(windows: Sequence[LearningWindow], process: str, quantity: ForecastQuantity) -> float:
    """Return the mean expectation in the latest window: below it, trees predict the amount and not a factor.

    Leaves are large enough to learn from what customers below the mean do, and forecasts that do not depend on the
    process combine better with it.
    """
    return max(float(np.nanmean(windows[0].expected(quantity)[process])), 1e-300)


def _at_least(expected: Array, least: float) -> Array:
    floored: Array = np.maximum(np.nan_to_num(expected), least)
    return floored


class _Lesson(NamedTuple):
    """What trees learn from: some or all customers of each window (m together), their features, and what they did."""

    rows: tuple[npt.NDArray[np.intp], ...]  # by window
    bins: FeatureBins
    numbers: Array  # of the features' bins, (m, k)
    target: Array
    expected: Array


def _grow(
    windows: Sequence[LearningWindow],
    process: str,
    least: float,
    quantity: ForecastQuantity,
    customers: Sequence[npt.NDArray[np.bool_]] | None = None,
) -> TreeEnsemble | None:
    """Return trees fitted to all or some (n,) of the customers of earlier windows; None if these bought nothing.

    They predict the factor between what customers do and what the process expects, or the mean if it expects less.
    """
    lesson = _lesson(windows, process, least, quantity)
    numbers, target, expected = lesson.numbers, lesson.target, lesson.expected
    if customers is not None:
        some = np.concatenate([each[rows] for each, rows in zip(customers, lesson.rows, strict=True)])
        numbers, target, expected = numbers[some], target[some], expected[some]
    if not target.sum() > 0:
        return None
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREE_OPTIONS)
    with threadpool_limits(limits=1, user_api="openmp"):  # threads slow each other down when other processes run
        trees.fit(numbers, target / expected, sample_weight=expected / expected.mean())
    return TreeEnsemble.of(trees, lesson.bins)


def _lesson(windows: Sequence[LearningWindow], process: str, least: float, quantity: ForecastQuantity) -> _Lesson:
    """Return what trees learn from, which those of all customers and those of each half share."""
    names, fits = models_key(list(windows[0].models.values())), _fingerprints(windows[0].models)
    cutoffs = tuple(window.past.cutoff for window in windows)
    key = ("lesson", names, fits, cutoffs, windows[0].length, windows[0].spend is None, process, quantity)
    return windows[0].past.remember(key, lambda: _make_lesson(windows, process, least, quantity))


def _make_lesson(windows: Sequence[LearningWindow], process: str, least: float, quantity: ForecastQuantity) -> _Lesson:
    rows = _learning_rows(windows)
    pairs = list(zip(windows, rows, strict=True))
    features = np.concatenate([_features_of(window, windows[0].length)[some] for window, some in pairs])
    target = np.concatenate([window.actual(quantity)[some] for window, some in pairs])
    expected = np.concatenate([_at_least(window.expected(quantity)[process][some], least) for window, some in pairs])
    bins = FeatureBins.of(features, expected)
    return _Lesson(rows, bins, bins.number(features), target, expected)


def _learning_rows(windows: Sequence[LearningWindow]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the positions of customers to learn from in each window: all, or a seeded sample of many."""
    begins = np.cumsum([0, *(len(window.past.rfm) for window in windows)])
    rows = np.arange(begins[-1])
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng([windows[0].past.cutoff]).choice(rows, MOST_ROWS, replace=False))
    ends = np.searchsorted(rows, begins)
    return tuple(rows[ends[i] : ends[i + 1]] - begins[i] for i in range(len(windows)))


def _total_factors(windows: Sequence[LearningWindow], quantity: ForecastQuantity) -> dict[str, float]:
    """Return the ratio of actual to expected totals of each process in earlier windows, a factor for its next total."""
    actual = sum(float(np.sum(window.actual(quantity))) for window in windows)
    expected = {
        name: sum(float(np.nansum(window.expected(quantity)[name])) for window in windows) for name in windows[0].models
    }
    return {name: actual / total if total > 0 and actual > 0 else 1.0 for name, total in expected.items()}


def _features_of(window: LearningWindow, length: float) -> Array:
    return _features(window.past, window.models, window.spend, length, window.past.has_money)


def _features(
    history: KnownHistory, models: Mapping[str, PurchaseModel], spend: SpendModel | None, length: float, money: bool
) -> Array:
    """Return features of each customer that are comparable between cutoffs, with or without those of money, (n, k)."""
    names, fits = models_key(list(models.values())), _fingerprints(models)
    key = ("features", names, fits, spend is None, length, money)
    return history.remember(key, lambda: _make_features(history, models, spend, length, money))


def _fingerprints(models: Mapping[str, PurchaseModel]) -> tuple[Any, ...]:
    return tuple(model.fit_.fingerprint for model in models.values())


def _recent_ticks(window: float) -> tuple[int, ...]:
    """Return the lengths of the periods of recent purchases, given that of a window, in ticks."""
    return tuple(max(1, round(share * window)) for share in RECENT_SHARES)


def _make_features(
    history: KnownHistory, models: Mapping[str, PurchaseModel], spend: SpendModel | None, length: float, money: bool
) -> Array:
    rfm = history.rfm
    x, silence = rfm.frequency.astype(float), rfm.T - rfm.recency
    missing = np.full(len(rfm), np.nan)
    usual = np.divide(rfm.recency, x, out=missing.copy(), where=x > 0)
    columns = [
        x,
        np.divide(x, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
        silence / length,
        np.divide(silence, usual, out=missing.copy(), where=usual > 0),
        np.divide(rfm.recency, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
    ]
    ticks = length * history.clock.ticks_per_unit
    for spent in (False, True) if money else (False,):
        columns += [
            history.repeated(history.cutoff - period, history.cutoff, spent=spent) for period in _recent_ticks(ticks)
        ]
    if money and rfm.monetary_value is not None and history.past_spend is not None:
        columns += [rfm.monetary_value, history.past_spend]
    columns += [expected_purchases(model, history, length) for model in models.values()]
    if spend is not None:
        columns += expectations(history, models, spend, length, "money").values()
    return np.column_stack(columns)

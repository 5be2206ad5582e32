"""The recommended forecaster: shares of customers from a stack, the total from the best process and earlier windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from clvmodels import frames
from clvmodels.errors import FitFailed
from clvmodels.estimators.prediction import PredictionOptions, predict
from clvmodels.estimators.purchases import BGNBD, MBGNBD, ParetoNBD, PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.customer_spread import CustomerSpread, learn_spread, predict_outcomes
from clvmodels.forecasting.process_total import learn_totals, season_variance
from clvmodels.forecasting.processes import (
    as_models,
    check_models,
    fitted_copies,
    fitted_copy,
    models_from_dict,
    models_to_dict,
)
from clvmodels.forecasting.protocol import WindowForecaster
from clvmodels.forecasting.seasons.calendar_choice import CalendarOfForecaster, CalendarOption, check_calendar
from clvmodels.forecasting.stack import (
    FittedProcesses,
    LearnedQuantity,
    Trial,
    half_of,
    mean_share,
    members_of,
    newer_process,
    stack_weights,
    try_alternative,
    weighted_sum,
)
from clvmodels.forecasting.windows import LearningWindow, best_process, expectations, fitted_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, QuantityForecast
from clvmodels.frames import column
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.inference.uncertainty import RandomState
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["BestForecaster"]

FEWEST_BUYERS = 100  # buyers in the latest window that trees need
DEFAULT_MODELS = (BGNBD, MBGNBD, ParetoNBD)


class BestForecaster(WindowForecaster):
    """The recommended forecaster: a learned ranking of customers, a learned total, and an interval that holds.

    Each customer's share of the total comes from the best process, or, where an earlier window shows a visible gain,
    from a non-negative stack of processes, the customer's own rate, recent purchases and a process of newer customers,
    averaged with boosted trees where these gain more. The total is that of the best process, times its ratio of
    actual to expected totals in earlier windows to a power that grows with the evidence. Everything is learned from
    windows inside the history.

    Parameters
    ----------
    models : PurchaseModel or sequence of them, optional
        Processes to choose from; default: BG/NBD, MBG/NBD and Pareto/NBD.
    spend : SpendModel, optional
        Needed to forecast money.
    calendar : Calendar or "auto", optional
        How fast customers buy on each day; "auto" estimates a season and uses it if forecasts of earlier windows were
        no worse with it. It is saved with the forecaster and applied to every history. None: the calendar of each
        history.

    Attributes
    ----------
    calendar_ : CalendarOfForecaster
        The chosen calendar, and the reason.
    process_ : str
        Id of the best process, which gives the total and P(alive).
    learned_ : dict of str to LearnedQuantity
        By quantity.
    models_ : dict of str to PurchaseModel
        Fitted, by id.
    length_ : float
        Length of the earlier windows in the clock's unit; 0 without any.

    References
    ----------
    Breiman (1996), "Stacked Regressions", Machine Learning 24, 49-64.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> best = clv.BestForecaster().fit(history, "39 weeks")
    >>> forecast = best.forecast(history, "39 weeks")
    >>> lower, upper = best.total(history, "39 weeks").interval(0.9)
    >>> lower < forecast.purchases.total < upper
    True
    """

    kind: ClassVar[str] = "best"

    def __init__(
        self,
        models: Sequence[PurchaseModel] | PurchaseModel | None = None,
        spend: SpendModel | None = None,
        calendar: CalendarOption = None,
    ) -> None:
        self.models = models
        self.spend = spend
        self.calendar = calendar

    @property
    def looks_back(self) -> float | None:
        """The length of the earlier windows: recent purchases are counted over this time; see `Forecaster`."""
        self._check_fitted()
        return self.length_

    def _identity(self) -> ForecasterIdentity:
        return ForecasterIdentity("best", "best forecaster", "best")

    def fit(self, history: KnownHistory, horizon: float | str | None = None) -> Self:
        """Fit the processes, and learn shares and totals from earlier windows; see `Forecaster.fit`."""
        self._check(history)
        models = [model() for model in DEFAULT_MODELS] if self.models is None else as_models(self.models)
        check_models(models, "BestForecaster")
        ticks = history.ticks(horizon)
        self.calendar_ = CalendarOfForecaster.choose(history, check_calendar(self.calendar), ticks)
        history = self.calendar_.on(history)
        self.models_ = fitted_copies(models, history)
        unfitted = [clone(model) for model in self.models_.values()]
        windows = fitted_windows(history, ticks, unfitted, self.spend)
        self.process_ = best_process(windows, self.models_)
        self.spend_ = None if self.spend is None else fitted_copy(self.spend, history)
        self.newer_ = _newer(history, windows, self.models_[self.process_])
        self.length_ = windows[0].length if windows else 0.0
        self.trees_ = self._grow_trees(history, ticks, unfitted) if windows else None
        quantities: list[ForecastQuantity] = ["purchases"] if self.spend is None else ["purchases", "money"]
        ahead = ticks / history.clock.ticks_per_unit
        self.learned_ = {quantity: self._learn(history, windows, ahead, quantity) for quantity in quantities}
        if not any(each.uses("trees") for each in self.learned_.values()):
            self.trees_ = None
        self.clock_ = history.clock
        return self

    def _grow_trees(self, history: KnownHistory, ticks: int, models: list[PurchaseModel]) -> BoostedTrees | None:
        try:
            return BoostedTrees(models, self.spend).fit(history, ticks / history.clock.ticks_per_unit)
        except FitFailed:
            return None

    def _fit_at(self, window: LearningWindow) -> FittedProcesses:
        newer = None if self.newer_ is None else newer_process(clone(self.newer_), window.past)
        return FittedProcesses(window.models, window.spend, newer)

    def _learn(
        self, history: KnownHistory, windows: Sequence[LearningWindow], horizon: float, quantity: ForecastQuantity
    ) -> LearnedQuantity:
        spend = self.spend_ if quantity == "money" else None
        totals = learn_totals(history, self.models_[self.process_], spend, windows, horizon)
        if not windows:
            return LearnedQuantity((), {}, totals, CustomerSpread())
        members = [members_of(w.past, self._fit_at(w), self.length_, quantity) for w in windows]
        actual = [window.actual(quantity) for window in windows]
        expected = [window.expected(quantity)[self.process_] for window in windows]
        trials, chosen = self._try_alternatives(windows, members, actual, expected, quantity)
        spread = CustomerSpread()
        if quantity == "purchases":
            halves = [window.first_half() for window in windows]
            spread = learn_spread(actual, halves, chosen, self.length_)
        learned = LearnedQuantity(trials, {}, totals, spread)
        return replace(learned, weights=stack_weights(members, actual, expected)) if learned.uses("stack") else learned

    def _try_alternatives(
        self,
        windows: Sequence[LearningWindow],
        members: Sequence[Mapping[str, Array]],
        actual: Sequence[Array],
        expected: Sequence[Array],
        quantity: ForecastQuantity,
    ) -> tuple[tuple[Trial, ...], Sequence[Array]]:
        """Compare candidates in the windows; each customer's forecast is learned from the other half of the customers.

        Returns the trials, and the best candidate's forecasts in each window (n,).
        """
        if not actual[0].sum() > 0:
            return (), expected
        halves = [half_of(window.past.rfm) for window in windows]
        present = [windows[0].past.known_at(window.past.cutoff) for window in windows]

        def crossed(learn: Callable[[Sequence[npt.NDArray[np.bool_]]], list[Array]]) -> list[Array]:
            of_others = (learn([half == side for half in halves]) for side in (False, True))
            return [np.where(half, *pair) for half, *pair in zip(halves, *of_others, strict=True)]

        def stack_of(some: Sequence[npt.NDArray[np.bool_]]) -> list[Array]:
            parts = [
                {name: values[rows] for name, values in each.items()} for each, rows in zip(members, some, strict=True)
            ]
            others = ([values[rows] for values, rows in zip(each, some, strict=True)] for each in (actual, expected))
            weights = stack_weights(parts, *others)
            return [weighted_sum(each, weights) for each in members]

        stack = crossed(stack_of)
        trials = [try_alternative("stack", actual, expected, stack, present)]
        chosen = stack if trials[0].visible else expected
        if self.trees_ is not None and int((actual[0] > 0).sum()) >= FEWEST_BUYERS:
            trees = crossed(lambda some: BoostedTrees.cross_forecast(windows, some, quantity))
            both = [mean_share(one, other) for one, other in zip(chosen, trees, strict=True)]
            trials.append(try_alternative("trees", actual, chosen, both, present))
            chosen = both if trials[-1].visible else chosen
        return tuple(trials), chosen

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        history = self._on_calendar(history)
        length = history.clock.duration(horizon)
        forecasts = {quantity: self._expect(history, length, quantity) for quantity in self.learned_}
        alive = column(self.models_[self.process_].probability_alive(history.rfm), "probability_alive")
        return Forecast(length, forecasts["purchases"], forecasts.get("money"), alive)

    def _expect(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> QuantityForecast:
        """Return each customer's share of the total times the total; missing only where the process has no forecast."""
        share = self._shares(history, length, quantity)
        total = float(np.nansum(share))
        distribution = self._total(history, length, quantity)
        mean = share * (distribution.point / total if total > 0 else 0.0)
        return QuantityForecast(mean, float(np.nansum(mean)), distribution=distribution)

    def _shares(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> Array:
        """Return numbers to which the customers' shares are proportional, (n,)."""
        learned, share = self.learned_[quantity], self._process_mean(history, length, quantity)
        if learned.uses("stack"):
            fitted = FittedProcesses(self.models_, self.spend_, self.newer_)
            stack = weighted_sum(members_of(history, fitted, self.length_, quantity), learned.weights)
            short = self._process_mean(history, self.length_, quantity)
            share = stack * np.divide(share, short, out=np.ones(len(share)), where=short > 0)
        if learned.uses("trees") and self.trees_ is not None:
            trees = self.trees_.forecast(history, length).of(quantity)
            if trees is not None and trees.mean is not None:
                share = mean_share(share, trees.mean)
        return share

    def _process_mean(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> Array:
        models = {self.process_: self.models_[self.process_]}
        return expectations(history, models, self.spend_, length, quantity)[self.process_]

    def total(
        self, history: KnownHistory, horizon: float | str, quantity: ForecastQuantity = "purchases"
    ) -> TotalInterval:
        """Return the total over a horizon, with an interval that allows for changing conditions.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str
        quantity : {"purchases", "money"}

        Returns
        -------
        TotalInterval
            Its `interval(level)` combines chance, parameters, this log's earlier windows and other shops; `parts` has
            the variance of each, and `level_draws` draws factors that all customers share.
        """
        history = self._on_calendar(history)
        return self._total(history, history.clock.duration(horizon), quantity)

    def _on_calendar(self, history: KnownHistory) -> KnownHistory:
        """Return a history with the calendar of the forecaster; both are checked."""
        self._check_fitted()
        self._check(history, learns=False)
        return self.calendar_.on(history)

    def intervals(
        self,
        history: KnownHistory,
        horizon: float | str,
        quantity: ForecastQuantity = "purchases",
        *,
        interval: float = 0.9,
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Return the expectation for each customer or group within a horizon, with intervals of the outcome.

        All customers of a draw share the level of `total`, so that groups and totals add up.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str
        quantity : {"purchases", "money"}
        interval : float, default=0.9
            Central probability.
        by : str, optional
            "total", or an attribute of the history: one row per group, with its total.
        draws : int, default=200
        random_state : int or Generator, default=0

        Returns
        -------
        frame
            customer_id, or the group and its customers; expected_purchases, or expected_money, not discounted; and the
            ends of its interval, with _lower and _upper.
        """
        history = self._on_calendar(history)
        forecast, total = self.forecast(history, horizon), self.total(history, horizon, quantity)
        spend = self.spend_ if quantity == "money" else None
        outcomes = predict_outcomes(history.rfm, forecast, self.learned_["purchases"].spread, total, spend)
        return predict(history.rfm, outcomes, PredictionOptions(interval, "outcome", by, draws, random_state))

    def _total(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> TotalInterval:
        expected = float(np.nansum(self._process_mean(history, length, quantity)))
        days, season = length * history.clock.days_per_unit, season_variance(history, length)
        return self.learned_[quantity].totals.at(expected, days, season=season)

    @property
    def process_model(self) -> CustomerModel:
        """The best process with the spend model, which gives P(alive) and discounts values."""
        self._check_fitted()
        return CustomerModel(self.models_[self.process_], self.spend_)

    @property
    def findings(self) -> Findings:
        """The reason for the calendar and, per quantity, the comparison that decided the shares."""
        self._check_fitted()
        return self.calendar_.findings + tuple(
            Finding(
                "best-trees" if trial.candidate == "trees" else "best-stack",
                {
                    "quantity": quantity,
                    "gain": trial.gain,
                    "error": trial.standard_error,
                    "taken": "yes" if trial.visible else "no",
                },
            )
            for quantity, learned in self.learned_.items()
            for trial in learned.trials
        )

    def certificate(self) -> dict[str, Any]:
        """Return the process, the choices, the weights, and the figures behind them."""
        learned = {
            quantity: {
                "weights": {name: weight for name, weight in each.weights.items() if weight > 0},
                "trials": [asdict(trial) for trial in each.trials],
                "windows": [asdict(window) for window in each.totals.windows],
            }
            for quantity, each in self.learned_.items()
        }
        return {"forecaster": self.id, "process": self.process_, "window": self.length_, "learned": learned}

    def _learned(self) -> dict[str, Any]:
        return {
            "models": models_to_dict(self.models_, self.spend_),
            "newer": None if self.newer_ is None else models_to_dict({"newer": self.newer_}, None),
            "process": self.process_,
            "length": self.length_,
            "calendar": self.calendar_.to_dict(),
            "trees": None if self.trees_ is None else self.trees_.to_dict(),
            "quantities": {name: asdict(each) for name, each in self.learned_.items()},
        }

    def _restore(self, learned: dict[str, Any]) -> None:
        self.models_, self.spend_ = models_from_dict(learned["models"])
        newer = learned["newer"]
        self.newer_ = None if newer is None else models_from_dict(newer)[0]["newer"]
        self.models = [clone(model) for model in self.models_.values()]
        self.spend = None if self.spend_ is None else clone(self.spend_)
        self.process_, self.length_ = learned["process"], learned["length"]
        self.calendar_ = CalendarOfForecaster.from_dict(learned.get("calendar"))  # None in files of earlier releases
        self.calendar = self.calendar_.option
        self.trees_ = None if learned["trees"] is None else BoostedTrees.from_dict(learned["trees"])
        self.learned_ = {name: LearnedQuantity.from_dict(each) for name, each in learned["quantities"].items()}
        self.clock_ = self.models_[self.process_].clock_


def _newer(history: KnownHistory, windows: Sequence[LearningWindow], model: PurchaseModel) -> PurchaseModel | None:
    """Return the process of newer customers, if there is one at the cutoff and in every window."""
    plain = clone(model)
    if not windows or any(newer_process(plain, window.past) is None for window in windows):
        return None
    return newer_process(plain, history)

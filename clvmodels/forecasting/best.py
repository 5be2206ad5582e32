"""The recommended forecaster: shares of customers from a stack, the total from processes and earlier windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone

from clvmodels import frames
from clvmodels.errors import FitFailed
from clvmodels.estimators.prediction import PredictionOptions, predict
from clvmodels.estimators.purchases import BGNBD, MBGNBD, ParetoNBD, PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.customer_shares import (
    CustomerShares,
    Sums,
    learn_top,
    named_sums,
    sums_of_quantity,
    weighted_sum,
)
from clvmodels.forecasting.customer_spread import CustomerSpread, learn_spread, predict_outcomes
from clvmodels.forecasting.process_total import combine_totals, learn_totals, season_variance
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
    all_orders_spend,
    everywhere,
    members_of,
    newer_process,
    recent_ticks,
    stack_weights,
    try_alternatives,
)
from clvmodels.forecasting.windows import LearningWindow, best_process, expectations, fitted_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need, QuantityForecast
from clvmodels.frames import column
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.inference.uncertainty import RandomState
from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads

__all__ = ["BestForecaster"]

DEFAULT_MODELS = (BGNBD, MBGNBD, ParetoNBD)


class BestForecaster(WindowForecaster):
    """The recommended forecaster: a learned ranking of customers, a learned total, and an interval that holds.

    Each customer's share of the total comes from the best process, or, where an earlier window shows a visible gain,
    from a non-negative stack of processes, the customer's own rate, recent purchases and a process of newer customers,
    averaged with boosted trees where these gain more; shares of the best hundredth of the customers are corrected by
    earlier errors. The total is the geometric mean of those of the best process and of others about as good, times the
    ratio of actual to expected totals in earlier windows to a power that grows with the evidence. Everything is learned
    from windows inside the history.

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
        Id of the best process, which gives P(alive).
    learned_ : dict of str to LearnedQuantity
        By quantity.
    models_ : dict of str to PurchaseModel
        Fitted, by id.
    length_ : float
        Length of the earlier windows in the clock's unit; 0 without any.

    References
    ----------
    Bates & Granger (1969), "The Combination of Forecasts", Operational Research Quarterly 20(4), 451-468.
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
    interval_quantities: ClassVar[tuple[ForecastQuantity, ...]] = ("purchases", "money")

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

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history: also what its trees need."""
        trees: BoostedTrees | None = getattr(self, "trees_", None)
        return super().needs | (frozenset() if trees is None else trees.needs)

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
        plain, pasts = clone(self.models_[self.process_]), [window.past for window in windows]
        self.newer_ = everywhere(partial(newer_process, plain), history, pasts)
        self.all_orders_ = everywhere(partial(all_orders_spend, self.spend), history, pasts)
        self.length_ = windows[0].length if windows else 0.0
        self.trees_ = self._grow_trees(history, ticks, unfitted) if windows else None
        quantities: list[ForecastQuantity] = ["purchases"] if self.spend is None else ["purchases", "money"]
        learn = partial(self._learn, history, windows, ticks / history.clock.ticks_per_unit)
        self.learned_ = dict(zip(quantities, in_threads(learn, quantities), strict=True))
        if not any(each.uses("trees") for each in self.learned_.values()):
            self.trees_ = None
        self.clock_ = history.clock
        return self

    def _grow_trees(self, history: KnownHistory, ticks: int, models: list[PurchaseModel]) -> BoostedTrees | None:
        with suppress(FitFailed):
            return BoostedTrees(models, self.spend).fit(history, ticks / history.clock.ticks_per_unit)
        return None

    def _fit_at(self, window: LearningWindow) -> FittedProcesses:
        newer = None if self.newer_ is None else newer_process(clone(self.newer_), window.past)
        all_orders = None if self.all_orders_ is None else all_orders_spend(self.spend, window.past)
        return FittedProcesses(self.process_, window.models, window.spend, newer, all_orders)

    def _learn(
        self, history: KnownHistory, windows: Sequence[LearningWindow], horizon: float, quantity: ForecastQuantity
    ) -> LearnedQuantity:
        spend = self.spend_ if quantity == "money" else None
        totals = learn_totals(history, self.models_[self.process_], spend, windows, horizon, self.models_)
        if not windows:
            return LearnedQuantity((), {}, totals, CustomerSpread())
        members = [members_of(w.past, self._fit_at(w), self.length_, quantity) for w in windows]
        actual = [window.actual(quantity) for window in windows]
        expected = [window.expected(quantity)[self.process_] for window in windows]
        trials, chosen = try_alternatives(windows, members, quantity, self.process_, with_trees=self.trees_ is not None)
        spread, top = CustomerSpread(), learn_top(actual, chosen)
        if quantity == "purchases":
            halves = [window.first_half() for window in windows]
            spread = learn_spread(actual, halves, [top.correct(each) for each in chosen], self.length_)
        learned = LearnedQuantity(trials, {}, totals, spread, top)
        return replace(learned, weights=stack_weights(members, actual, expected)) if learned.uses("stack") else learned

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        history = self._on_calendar(history)
        length = history.clock.duration(horizon)
        shares = self._shares(history, length)
        return self._forecast(history, length, shares, named_sums(shares))

    @property
    def depends_on_sums(self) -> bool:
        """Whether the forecast of a customer depends on the other customers: it is a share of a total."""
        return True

    def sums(self, history: KnownHistory, horizon: float | str) -> dict[str, float]:
        """Return sums of forecasts, which give the totals and what shares are relative to; see `Forecaster.sums`."""
        history = self._on_calendar(history)
        return named_sums(self._shares(history, history.clock.duration(horizon)))

    def forecast_part(self, history: KnownHistory, horizon: float | str, sums: Sums) -> Forecast:
        """Forecast some of the customers; see `Forecaster.forecast_part`.

        A forecast is a customer's share of the total times the total; missing only where the process has no forecast.
        """
        history = self._on_calendar(history)
        length = history.clock.duration(horizon)
        return self._forecast(history, length, self._shares(history, length), sums)

    def _forecast(
        self, history: KnownHistory, length: float, shares: Mapping[ForecastQuantity, CustomerShares], sums: Sums
    ) -> Forecast:
        forecasts: dict[str, QuantityForecast] = {}
        for quantity, each in shares.items():
            own = sums_of_quantity(sums, quantity)
            distribution = self._total(history, length, quantity, own)
            mean = each.means(own, distribution.point)
            forecasts[quantity] = QuantityForecast(mean, float(np.nansum(mean)), distribution=distribution)
        alive = column(self.models_[self.process_].probability_alive(history.rfm), "probability_alive")
        return Forecast(length, forecasts["purchases"], forecasts.get("money"), alive)

    def _shares(self, history: KnownHistory, length: float) -> dict[ForecastQuantity, CustomerShares]:
        """Return what the customers' shares are made of, by quantity."""
        return {quantity: self._share(history, length, quantity) for quantity in self.learned_}

    def _share(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> CustomerShares:
        learned, processes = self.learned_[quantity], self._means(history, length, quantity)
        base, trees = processes[self.process_], None
        short = self._means(history, self.length_, quantity)[self.process_] if learned.reads_window else base
        extension = np.divide(base, short, out=np.ones(len(base)), where=short > 0)
        fitted = FittedProcesses(self.process_, self.models_, self.spend_, self.newer_, self.all_orders_)
        if learned.uses("stack"):
            base = weighted_sum(members_of(history, fitted, self.length_, quantity), learned.weights) * extension
        elif learned.uses("all_orders"):
            of_all_orders = fitted.expected_of_all_orders(history, length)
            base = base if of_all_orders is None else of_all_orders
        if learned.uses("trees") and self.trees_ is not None:
            forecast = self.trees_.forecast(history, length).of(quantity)
            trees = None if forecast is None else forecast.mean
        return CustomerShares(processes, base, trees).with_top(learned.top, extension)

    def recent_periods(self) -> tuple[int, ...] | None:
        """Return the lengths of the periods that the stack and the trees read; see `Forecaster.recent_periods`."""
        self._check_fitted()
        periods = set() if self.trees_ is None else set(self.trees_.recent_periods() or ())
        if any(each.uses("stack") for each in self.learned_.values()):
            periods |= set(recent_ticks(self.length_ * self.clock_.ticks_per_unit).values())
        return tuple(sorted(periods))

    def _means(self, history: KnownHistory, length: float, quantity: ForecastQuantity) -> dict[str, Array]:
        """Return the expectation of each process for each customer, (n,), by id."""
        return expectations(history, self.models_, self.spend_, length, quantity)

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
        self.check_quantity(quantity)
        history = self._on_calendar(history)
        length = history.clock.duration(horizon)
        means = self._means(history, length, quantity)
        sums = {name: float(np.nansum(each)) for name, each in means.items()}
        return self._total(history, length, quantity, sums)

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
        self.check_quantity(quantity)
        forecast = self.forecast(history, horizon)
        options = PredictionOptions(interval, "outcome", by, draws, random_state)
        return self.intervals_of(history, forecast, quantity, options)

    def intervals_of(
        self, history: KnownHistory, forecast: Forecast, quantity: ForecastQuantity, options: PredictionOptions
    ) -> frames.Frame:
        """Return the intervals of a forecast that `forecast` or `forecast_part` made; see `Forecaster.intervals_of`."""
        history, each = self._on_calendar(history), forecast.of(quantity)
        if each is None or not isinstance(each.distribution, TotalInterval):
            raise AssertionError("the forecast was made by this forecaster")
        spend = self.spend_ if quantity == "money" else None
        spread = self.learned_["purchases"].spread
        outcomes = predict_outcomes(history.rfm, forecast, spread, each.distribution, spend)
        return predict(history.rfm, outcomes, options)

    def _total(self, history: KnownHistory, length: float, quantity: ForecastQuantity, sums: Sums) -> TotalInterval:
        totals = self.learned_[quantity].totals
        days, season = length * history.clock.days_per_unit, season_variance(history, length)
        expected = combine_totals([sums[process] for process in totals.processes])
        return totals.at(expected, days, season=season)

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
            trial.finding(quantity) for quantity, learned in self.learned_.items() for trial in learned.trials
        )

    def certificate(self) -> dict[str, Any]:
        """Return the process, the choices, the weights, and the figures behind them."""
        learned = {quantity: each.certificate() for quantity, each in self.learned_.items()}
        return {"forecaster": self.id, "process": self.process_, "window": self.length_, "learned": learned}

    def _learned(self) -> dict[str, Any]:
        only = {self.process_: self.models_[self.process_]}
        return {
            "models": models_to_dict(self.models_, self.spend_),
            "newer": None if self.newer_ is None else models_to_dict({"newer": self.newer_}, None),
            "all_orders": None if self.all_orders_ is None else models_to_dict(only, self.all_orders_),
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
        all_orders = learned.get("all_orders")  # not in files of earlier releases
        self.all_orders_ = None if all_orders is None else models_from_dict(all_orders)[1]
        self.models = [clone(model) for model in self.models_.values()]
        self.spend = None if self.spend_ is None else clone(self.spend_)
        self.process_, self.length_ = learned["process"], learned["length"]
        self.calendar_ = CalendarOfForecaster.from_dict(learned.get("calendar"))  # None in files of earlier releases
        self.calendar = self.calendar_.option
        self.trees_ = None if learned["trees"] is None else BoostedTrees.from_dict(learned["trees"])
        self.learned_ = {name: LearnedQuantity.from_dict(each) for name, each in learned["quantities"].items()}
        self.clock_ = self.models_[self.process_].clock_

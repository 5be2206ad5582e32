"""Simple rules that forecast without a model, and that a model should beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.windows import earlier_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need, QuantityForecast
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout

__all__ = ["RULES", "Rule", "RuleDefinition", "learn_hiatus"]

Constants = Mapping[str, float]


class Rule(Forecaster):
    """A simple rule that forecasts without a model, and that a model should beat.

    Parameters
    ----------
    name : str, default="own_rate"
        "zero", "own_rate", "past_spend", "population_mean", "last_period", "hiatus" or "seasonal_naive".
        The rule; `clvmodels.forecasting.rules.RULES` describes each.

    Attributes
    ----------
    constants_ : dict of str to dict of str to float
        What was learned for each quantity.

    References
    ----------
    Wuebben & von Wangenheim (2008), "Instant Customer Base Analysis: Managerial Heuristics Often 'Get It Right'",
    Journal of Marketing 72(3), 82-93, who compare such rules with models.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, time_unit="week", observation_end="1997-09-30")
    >>> round(clv.Rule("own_rate").fit(history).forecast(history, "39 weeks").purchases.total)
    2930
    """

    kind: ClassVar[str] = "rule"

    def __init__(self, name: str = "own_rate") -> None:
        self.name = name

    @property
    def definition(self) -> RuleDefinition:
        """The rule by its name."""
        if self.name not in RULES:
            raise InvalidOption(f"Rule {self.name!r} is not one of {', '.join(RULES)}.")
        return RULES[self.name]

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history."""
        return self.definition.needs

    def identity(self, quantity: ForecastQuantity) -> ForecasterIdentity | None:
        """Return who makes the forecast of a quantity; None for purchases if the rule is for money only."""
        if quantity == "purchases" and self.definition.money_only:
            return None
        return ForecasterIdentity(self.name, self.definition.title, "rule")

    def fit(self, history: KnownHistory, horizon: float | str | None = None) -> Self:
        """Learn the constants of the rule from a history; see `Forecaster.fit`."""
        self._check(history)
        ticks = history.ticks(horizon)
        self.constants_ = {
            quantity: dict(self.definition.learn(history, ticks, quantity == "money"))
            for quantity in self._quantities(history)
        }
        return self

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        self._check_fitted()
        self._check(history)
        length = history.clock.duration(horizon)
        forecasts: dict[str, QuantityForecast] = {
            quantity: self.definition.expect(history, length, quantity == "money", self.constants_[quantity])
            for quantity in self._quantities(history)
            if quantity in self.constants_
        }
        return Forecast(length, forecasts.get("purchases"), forecasts.get("money"))

    def _quantities(self, history: KnownHistory) -> list[ForecastQuantity]:
        quantities: list[ForecastQuantity] = ["money"] if self.definition.money_only else ["purchases", "money"]
        return [quantity for quantity in quantities if quantity == "purchases" or history.has_money]

    def _learned(self) -> dict[str, Any]:
        return {"constants": self.constants_}

    def _restore(self, learned: dict[str, Any]) -> None:
        self.constants_ = {name: dict(constants) for name, constants in learned["constants"].items()}


# ---- the rules ---------------------------------------------------------------------------------------------


def _learn_nothing(history: KnownHistory, horizon: int, money: bool) -> Constants:
    return {}


def zero(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Return 0 for everybody: nobody buys again."""
    return QuantityForecast.of_means(np.zeros(len(history.rfm)))


def own_rate(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Continue each customer's own past rate: repeat purchases, or the money spent in them, over T.

    First orders happen once and are not part of a rate; with them the total of money on CDNOW was 2.7 times the actual
    one. A customer seen only on the last day (T = 0) has no rate and gets 0.
    """
    return QuantityForecast.of_means(_rate(history, _repeats(history, money)) * horizon)


def past_spend(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Continue each customer's spend so far: all money over T, the first order included, scaled by one factor.

    Where most customers have a single order, it shows who spends much, but it cannot happen again. All forecasts are
    therefore scaled by the ratio of the total of `own_rate` to their own total in the history of the fit.
    """
    return QuantityForecast.of_means(_rate(history, _all_spend(history)) * (horizon * constants["factor"]))


def _learn_past_spend(history: KnownHistory, horizon: int, money: bool) -> Constants:
    spent = float(np.sum(_rate(history, _all_spend(history))))
    return {"factor": float(np.sum(_rate(history, _repeats(history, money)))) / spent if spent > 0 else 0.0}


def population_mean(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Give every customer the average rate: repeat purchases, or the money spent in them, over the time observed."""
    return QuantityForecast.of_means(np.full(len(history.rfm), constants["rate"] * horizon))


def _learn_population_mean(history: KnownHistory, horizon: int, money: bool) -> Constants:
    observed = float(np.sum(history.rfm.T))
    return {"rate": float(np.sum(_repeats(history, money))) / observed if observed > 0 else 0.0}


def last_period(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Repeat what each customer did in the last period of the horizon's length.

    First purchases happen once and are left out. If the calibration period is shorter than the horizon, its repeat
    purchases are scaled to the horizon.
    """
    ticks = history.ticks(horizon)
    looked = max(min(ticks, history.length), 1)
    recent = history.repeated(history.cutoff - looked, history.cutoff, spent=money)
    return QuantityForecast.of_means(recent * (ticks / looked))


def hiatus(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Continue the own rate of customers whose silence is within a threshold; forecast 0 for the others.

    P(any purchase) is the share of each group who bought in the learning window, converted to the horizon as
    independent trials. Wuebben & von Wangenheim (2008), "Instant Customer Base Analysis: Managerial Heuristics Often
    'Get It Right'", Journal of Marketing 72(3), 82-93.
    """
    rfm = history.rfm
    active = rfm.T - rfm.recency <= constants["threshold"]
    mean = active * _rate(history, _repeats(history, money)) * horizon
    share = np.where(active, constants["active"], constants["gone"])
    buys = None if money else 1 - (1 - share) ** (horizon / constants["length"])
    return QuantityForecast.of_means(mean, buys)


def _learn_hiatus(history: KnownHistory, horizon: int, money: bool) -> Constants:
    windows = earlier_windows(history.without_attributes(), horizon)
    if not windows:
        raise FitFailed("hiatus learns its threshold from an earlier window, and the history is too short for one.")
    return learn_hiatus(windows[0][1])


def learn_hiatus(earlier: Holdout) -> Constants:
    """Choose the threshold that best separates buyers from others in an earlier window of the calibration period.

    Returns
    -------
    mapping of str to float
        threshold (in the clock's unit); active and gone, the share of the customers of each kind who bought in the
        window; and its length.
    """
    rfm = earlier.calibration
    silence = rfm.T - rfm.recency
    bought = (earlier.purchases > 0).astype(float)
    order = np.argsort(silence, kind="stable")
    ordered, hits = silence[order], np.cumsum(bought[order])
    total = hits[-1]
    active = np.arange(1, len(order) + 1)
    right = hits + (len(order) - active) - (total - hits)  # active customers who bought, and others who did not
    right[:-1][ordered[:-1] == ordered[1:]] = -1  # a threshold cannot separate equal silences
    best = int(np.argmax(right))
    gone = len(order) - active[best]
    return {
        "threshold": float(ordered[best]),
        "active": float(hits[best] / active[best]),
        "gone": float((total - hits[best]) / gone) if gone else 0.0,
        "length": earlier.horizon,
    }


def seasonal_naive(history: KnownHistory, horizon: float, money: bool, constants: Constants) -> QuantityForecast:
    """Return the total of the same period one or more years ago, times the ratio of recent activity to that then.

    Activity is the repeat purchases, or the money in them, in a period before the cutoff, and before the same day a
    year ago; the period has the length of the horizon, or less in a short log. A year is 365.25 days, rounded to whole
    ticks. The rule forecasts totals only, not which customers buy. NaN in logs that are too short.
    """
    ticks, year = history.ticks(horizon), history.clock.units_per_year * history.clock.ticks_per_unit
    begin = history.cutoff - round(max(1, int(np.ceil(ticks / year))) * year)
    look = min(ticks, begin - history.purchase_log.first_tick)
    if look < 1:
        return QuantityForecast(None, float("nan"))
    customers = history.known_at(begin)

    def activity(since: int, until: int) -> float:
        return float(np.sum(history.repeated(since, until, spent=money)[customers if until <= begin else slice(None)]))

    before, now = activity(begin - look, begin), activity(history.cutoff - look, history.cutoff)
    then = float(np.sum(history.repeated(begin, begin + ticks, spent=money)[customers]))
    return QuantityForecast(None, then * now / before if before > 0 else float("nan"))


def _repeats(history: KnownHistory, money: bool) -> Array:
    """Return repeat purchases of each customer so far, or the money in them at the customer's mean spend, (n,)."""
    rfm = history.rfm
    if money and rfm.monetary_value is not None and rfm.monetary_count is not None:
        return np.where(rfm.monetary_count > 0, rfm.monetary_value * rfm.frequency, 0.0)
    return rfm.frequency.astype(float)


def _all_spend(history: KnownHistory) -> Array:
    if history.past_spend is None:
        raise AssertionError("needs are checked before")
    return history.past_spend


def _rate(history: KnownHistory, past: Array) -> Array:
    """Return past quantities over the time observed, (n,); 0 for customers seen on the last day only."""
    T = history.rfm.T
    return np.divide(past, T, out=np.zeros(len(T)), where=T > 0)


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """A rule: its title, the functions that learn and forecast, and its needs.

    Attributes
    ----------
    title : str
    expect : function of (history, horizon in the clock's unit, money, constants)
        Returns the forecast of purchases, or of money.
    learn : function of (history, horizon in ticks, money)
        Returns the constants that `expect` needs.
    needs : frozenset of str
        What the forecaster needs of a history.
    money_only : bool
        Whether the rule forecasts only money.
    """

    title: str
    expect: Callable[[KnownHistory, float, bool, Constants], QuantityForecast]
    learn: Callable[[KnownHistory, int, bool], Constants] = _learn_nothing
    needs: frozenset[Need] = frozenset()
    money_only: bool = False


LOG: frozenset[Need] = frozenset({"log"})
RULES: dict[str, RuleDefinition] = {
    "zero": RuleDefinition("zero", zero),
    "own_rate": RuleDefinition("own rate carried on", own_rate),
    "past_spend": RuleDefinition(
        "past spend, scaled", past_spend, _learn_past_spend, frozenset({"past_spend"}), money_only=True
    ),
    "population_mean": RuleDefinition("population mean", population_mean, _learn_population_mean),
    "last_period": RuleDefinition("last period repeated", last_period, needs=LOG),
    "hiatus": RuleDefinition("hiatus rule", hiatus, _learn_hiatus, LOG),
    "seasonal_naive": RuleDefinition("seasonal naive", seasonal_naive, needs=LOG),
}
"""The rules by id."""

"""The total of processes with an interval that allows for changing conditions, learned from earlier windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import fit_key, model_id
from clvmodels.forecasting.seasons.daily_counts import days_of
from clvmodels.forecasting.seasons.weekly_speeds import WEEKS, week_of_year
from clvmodels.forecasting.windows import LearningWindow, averaged_processes, deviances_of
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.learned_level import HALF_AN_ORDER, LevelRule, WindowTotal
from clvmodels.inference.totals.reference_class import TotalQuantity, reference_class
from clvmodels.inference.totals.total_interval import TotalInterval, own_variance, total_interval
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = [
    "OwnVariance",
    "ProcessTotals",
    "combine_totals",
    "learn_totals",
    "own_variance_of",
    "season_variance",
]

SAMPLE_SIZE = 1_000  # customers; chance scales with the total, and all share the parameters
LEVEL = 0.9
DRAWS = 200
SEED = 0


@dataclass(frozen=True, slots=True)
class OwnVariance:
    """Variances of the logarithm of a total.

    Attributes
    ----------
    chance : float
        Due to chance, given the parameters, for one expected order; inversely proportional to expected orders.
    parameters : float
        Due to the uncertainty of the parameters.
    """

    chance: float
    parameters: float


@dataclass(frozen=True, slots=True, eq=False)
class ProcessTotals:
    """The evidence of earlier windows of a log on totals of a process, or on the geometric mean of several.

    Attributes
    ----------
    processes : tuple of str
        Their ids.
    quantity : {"purchases", "money"}
    windows : tuple of WindowTotal
        Totals of earlier windows, latest first.
    order_value : float
        Money per purchase; 1 for purchases.
    own : OwnVariance
        Of a total by the best process itself.
    deviances : mapping of str to float
        Mean Poisson deviance of each process over the windows, by id, which decided the processes; empty without
        windows.
    """

    processes: tuple[str, ...]
    quantity: TotalQuantity
    windows: tuple[WindowTotal, ...]
    order_value: float
    own: OwnVariance
    deviances: Mapping[str, float] = field(default_factory=dict)

    def certificate(self) -> dict[str, Any]:
        """Return the figures that decided the processes, the level and its interval."""
        return {**asdict(self), "processes": list(self.processes), "windows": [asdict(each) for each in self.windows]}

    def at(self, expected: float, days: float, level_rule: LevelRule = "spread", season: float = 0.0) -> TotalInterval:
        """Return the total with its interval, given the processes' expected total over some days.

        `season` is the variance due to the uncertainty of the season; see `season_variance`.
        """
        orders = expected / self.order_value
        return total_interval(
            expected,
            days,
            chance=self.own.chance / (orders + HALF_AN_ORDER),
            parameters=self.own.parameters,
            reference=reference_class(self.quantity, self.processes),
            windows=self.windows,
            order_value=self.order_value,
            rule=level_rule,
            season=season,
        )

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the totals of a document that `dataclasses.asdict` made."""
        windows = tuple(WindowTotal(**window) for window in document["windows"])
        values = {**document, "windows": windows, "own": OwnVariance(**document["own"])}
        process = values.pop("process", None)  # in files that were written when the best process alone gave the total
        return cls(**{**values, "processes": (process,) if process else tuple(document["processes"])})


def season_variance(history: KnownHistory, length: float) -> float:
    """Return the variance of the logarithm of a total due to the uncertainty of the season of its calendar.

    It is 0 without a calendar, and with a calendar that was not estimated from a log. `length` is in the clock's unit.
    """
    clock = history.clock
    if clock.calendar is None or clock.calendar.doubt is None:
        return 0.0
    first, last = days_of(clock, np.array([history.cutoff, history.cutoff + history.ticks(length)]))
    days = np.arange(first + 1, last + 1)
    expected = np.bincount(week_of_year(days), clock.calendar.speeds(days), minlength=WEEKS).astype(float)
    return clock.calendar.doubt.log_variance(expected)


def combine_totals(totals: Sequence[float]) -> float:
    """Return the geometric mean of the totals that processes expect; 0 if one of them is.

    The mean of several processes errs less than the process that was best in a few earlier windows.
    """
    return float(np.exp(np.mean(np.log(totals)))) if min(totals) > 0 else 0.0


def learn_totals(
    history: KnownHistory,
    model: PurchaseModel,
    spend: SpendModel | None,
    windows: Sequence[LearningWindow],
    horizon: float,
    models: Mapping[str, PurchaseModel] | None = None,
) -> ProcessTotals:
    """Return the evidence of earlier windows on totals of a fitted process, or on the geometric mean of several.

    Parameters
    ----------
    history : KnownHistory
    model, spend : fitted models
        The totals are of purchases without a spend model, of money with one.
    windows : sequence of LearningWindow
        Of the history; the processes are among their models.
    horizon : float
        How far ahead will be forecast, in the clock's unit.
    models : mapping of str to PurchaseModel, optional
        Fitted, by id: totals are averaged over the best of them and those about as good. The model's alone by default.
    """
    quantity: TotalQuantity = "purchases" if spend is None else "money"
    ids = (model_id(model),) if models is None else averaged_processes(windows, models)
    totals = []
    days = history.clock.days_per_unit / history.clock.ticks_per_unit
    for window in windows:
        begin = (window.past.cutoff - history.cutoff) * days
        end = min(begin + window.length * history.clock.days_per_unit, 0.0)  # the sum may be above 0 by rounding
        actual = float(window.actual(quantity).sum())
        expected = window.expected(quantity)
        totals.append(
            WindowTotal(begin, end, actual, combine_totals([float(np.nansum(expected[each])) for each in ids]))
        )
    order_value = 1.0 if spend is None else _order_value(history)
    own = own_variance_of(model, spend, history, horizon)
    deviances = {} if models is None or not windows else deviances_of(windows, models)
    return ProcessTotals(ids, quantity, tuple(totals), order_value, own, deviances)


def _order_value(history: KnownHistory) -> float:
    """Return the mean money per purchase over all customers; 1 if all purchases cost nothing."""
    rfm = history.rfm
    if rfm.monetary_value is None or rfm.monetary_count is None:
        raise AssertionError("money is checked before")
    paid = rfm.monetary_count > 0
    orders = float(np.sum(rfm.monetary_count[paid]))
    spent = float(np.sum(rfm.monetary_value[paid] * rfm.monetary_count[paid]))
    return spent / orders if orders > 0 and spent > 0 else 1.0


def own_variance_of(
    model: PurchaseModel, spend: SpendModel | None, history: KnownHistory, horizon: float
) -> OwnVariance:
    """Return the variances of a total over a horizon, in the clock's unit, measured on a sample of customers.

    Parameters
    ----------
    model, spend : fitted models
        The total is of purchases without a spend model, of money with one.
    """
    rfm = history.rfm[np.arange(len(history.rfm))[:: -(-len(history.rfm) // SAMPLE_SIZE)]]
    key = ("own variance", *fit_key(model), horizon)  # purchases and money share the draws of purchases
    outcomes, means, state = history.remember(key, lambda: _draw_purchases(model, rfm, horizon))
    generator = np.random.default_rng(SEED)
    generator.bit_generator.state = state
    order_value = 1.0
    if spend is not None:
        spent = spend.spend_prediction(rfm)
        each = spent.under_draws(SEED, DRAWS)(*spent.columns.values())
        exists = np.isfinite(each).all(axis=0)
        outcomes = spend.outcomes(rfm, outcomes, generator)[:, exists]
        means, order_value = (means * each)[:, exists], float(np.mean(spent.point[exists])) if exists.any() else 1.0
    orders = float(np.mean(outcomes.sum(axis=1))) / order_value
    chance = _log_variance(outcomes.sum(axis=1), order_value)
    return OwnVariance(chance * (orders + HALF_AN_ORDER), _log_variance(means.sum(axis=1), order_value))


def _draw_purchases(model: PurchaseModel, rfm: RFM, horizon: float) -> tuple[Array, Array, dict[str, Any]]:
    """Return drawn purchases and means under drawn parameters, (draws, n), and the generator's state afterwards."""
    generator = np.random.default_rng(SEED)
    outcomes = model.outcomes(rfm, horizon, DRAWS, generator)
    prediction = model.prediction(rfm, "expected_purchases", model.ahead_of(rfm).purchases_within(horizon))
    means = prediction.drawn_means(SEED, DRAWS)
    return outcomes, means, dict(generator.bit_generator.state)


def _log_variance(totals: Array, order_value: float) -> float:
    """Return the variance of the logarithm of drawn totals (draws,), by their quantiles: money has heavy tails."""
    lower, upper = np.quantile(totals, [0.5 * (1 - LEVEL), 0.5 * (1 + LEVEL)])
    return own_variance(float(lower), float(upper), LEVEL, order_value=order_value)

"""Predict purchases and their value for customers whose rates change over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.prediction import PredictedQuantity, PredictionOptions, predict
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.process_total import season_variance
from clvmodels.forecasting.time_varying.futures import DrawnRates
from clvmodels.forecasting.time_varying.likelihoods import Centered, ChangingLikelihood
from clvmodels.forecasting.time_varying.maximum import Maximum
from clvmodels.forecasting.time_varying.time_stretches import ChangingCovariates, HistoryStretches, future_stretches
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.totals.reference_class import TotalQuantity
from clvmodels.inference.totals.total_interval import TotalInterval, other_shops
from clvmodels.processes.contract import Array
from clvmodels.processes.two_clocks import Stretches
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["RatesAhead", "value_table"]

SHORTEST_DAYS = 1e-6  # a horizon may be 0


@dataclass(frozen=True, eq=False)
class RatesAhead:
    """A fitted model, customers with their histories, and what their covariates will be.

    Attributes
    ----------
    process : str
        Its name.
    likelihood : ChangingLikelihood
    fit : Maximum
    center : Centered
    history : KnownHistory
    covariates : ChangingCovariates or None
    past : HistoryStretches
        Of the history.
    """

    process: str
    likelihood: ChangingLikelihood
    fit: Maximum
    center: Centered
    history: KnownHistory
    covariates: ChangingCovariates | None
    past: HistoryStretches

    @cached_property
    def rows(self) -> Stretches:
        """The stretches of the past with centered covariates."""
        return self.center.on(self.past.stretches)

    @cached_property
    def alive(self) -> Array:
        """P(alive) of each distinct history."""
        return self.likelihood.alive(self.fit.coordinates, self.rows)

    def stretches(self, length: float) -> Stretches:
        """Return the stretches of a horizon in the clock's unit, with centered covariates."""
        return self.center.on(future_stretches(self.history, self.covariates, self.past, length))

    def expected(self, length: float) -> Array:
        """Return the purchases expected of each customer within a horizon, (n,)."""
        active = self.likelihood.expected(self.fit.coordinates, self.rows, self.stretches(length))
        bought: Array = (self.alive * active)[self.past.positions]
        return bought

    def purchases(self, length: float) -> PredictedQuantity:
        """Return the purchases within a horizon, for a table with or without an interval."""
        return PredictedQuantity(
            name="expected_purchases",
            point=self.expected(length),
            columns={"history": self.past.positions.astype(float)},
            ticks=[1.0],
            under_draws=lambda seed, draws: self.drawn(length, seed, draws).expected,
            outcome=lambda seed, draws: self.drawn(length, seed, draws).purchases,
            level=partial(self.level, length, "purchases"),
        )

    def drawn(self, length: float, seed: int, draws: int) -> DrawnRates:
        """Return the customers under draws of the parameters."""
        return DrawnRates(self.likelihood, self.fit.draw(draws, seed), self.rows, self.stretches(length))

    def level(self, length: float, quantity: TotalQuantity) -> TotalInterval:
        """Return the errors to expect in totals, as known from other shops, with the doubt about the season."""
        days = max(length * self.history.clock.days_per_unit, SHORTEST_DAYS)
        return replace(other_shops(quantity, self.process, days), season=season_variance(self.history, length))


def value_table(ahead: RatesAhead, spend: SpendModel, terms: ValueTerms, options: PredictionOptions) -> frames.Frame:
    """Return the value of customers: each month's expected purchases times their spend, discounted from mid-month."""
    history = ahead.history
    if not isinstance(spend, SpendModel):
        raise InvalidOption(f"spend= is a {type(spend).__name__}, not a fitted spend model such as GammaGamma().")
    spend._check_fitted()
    rfm, clock = history.rfm, history.clock
    if spend.clock_ != clock:
        raise ClockMismatch(
            f"The spend model was fitted in {spend.clock_}, but this history is in {clock}: fit it to history.rfm."
        )
    length, rate = terms.length(clock), terms.rate(clock)
    ends = periods_after(clock, history.observation_end, length, "month").ends
    reached = np.stack([ahead.expected(float(end)) for end in ends])
    bought = np.diff(reached, axis=0, prepend=0.0)
    middle = 0.5 * (ends + np.append(0.0, ends[:-1]))
    discounted = np.exp(-rate * middle) @ bought
    factor = np.divide(discounted, reached[-1], out=np.ones(len(rfm)), where=reached[-1] > 0)
    each = spend.spend_prediction(rfm)
    columns = {"factor": terms.margin * factor, "history": ahead.past.positions.astype(float), **each.columns}
    value = PredictedQuantity(
        name="lifetime_value",
        point=terms.margin * discounted * each.point,
        columns=columns,
        ticks=[1.0] * len(columns),
        under_draws=partial(_mean_values, ahead, each, length),
        outcome=partial(_drawn_values, ahead, spend, length),
        level=partial(ahead.level, length, "money"),
        reason=each.reason,
    )
    more = {"expected_purchases": reached[-1], "discounted_purchases": discounted, "expected_spend": each.point}
    return predict(rfm, value, options, **more)


def _mean_values(
    ahead: RatesAhead, spend: PredictedQuantity, length: float, seed: int, draws: int
) -> Callable[..., Array]:
    """Return a function of columns (b,) that returns mean values under each draw of the parameters, (draws, b)."""
    purchases, money = ahead.drawn(length, seed, draws), spend.under_draws(seed, draws)

    def mean(factor: Array, history: Array, *columns: Array) -> Array:
        values: Array = factor * purchases.expected(history) * money(*columns)
        return values

    return mean


def _drawn_values(ahead: RatesAhead, spend: SpendModel, length: float, seed: int, draws: int) -> Callable[..., Array]:
    """Return a function of a generator and a customer's columns that draws a value per draw of the parameters."""
    purchases, money = ahead.drawn(length, seed, draws), spend.spending(seed, draws)

    def values(generator: np.random.Generator, factor: Any, history: Any, *columns: Any) -> Array:
        drawn: Array = factor * money(generator, purchases.purchases(generator, history), *columns)
        return drawn

    return values

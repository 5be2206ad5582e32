"""Forecasts that need no model: simple rules that a model has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clvmodels.forecasts import ForecasterIdentity, KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout

__all__ = [
    "RULES",
    "TITLES",
    "Hiatus",
    "Rule",
    "forecaster",
    "last_period",
    "learn_hiatus",
    "own_rate",
    "past_spend",
    "population_mean",
    "seasonal_total",
    "zero",
]

TITLES = {
    "zero": "zero",
    "own_rate": "own rate carried on",
    "past_spend": "past spend, scaled",
    "population_mean": "population mean",
    "last_period": "last period repeated",
    "hiatus": "hiatus rule",
    "seasonal_naive": "seasonal naive",
}
"""Titles of the rules, by id."""


def forecaster(rule: str) -> ForecasterIdentity:
    """Return the identity of a rule."""
    return ForecasterIdentity(rule, TITLES[rule], "rule")


def zero(split: Holdout, money: bool) -> Array:
    """Return 0 for everybody: nobody buys again."""
    return np.zeros(len(split.calibration))


def own_rate(split: Holdout, money: bool) -> Array:
    """Continue each customer's own past rate: repeat purchases, or the money spent in them, over T.

    First orders happen once and are not part of a rate; with them the total of money on CDNOW was 2.7 times the actual
    one. A customer seen only on the last day (T = 0) has no rate and gets 0.
    """
    return _rate(_repeated(split, money), split) * split.horizon


def past_spend(split: Holdout, money: bool) -> Array | None:
    """Continue each customer's spend so far: all money over T, the first order included, scaled by one factor.

    The first order shows who spends much where most customers have no other order, but it cannot happen again: so all
    forecasts are scaled to the total of `own_rate`. The rule is for money only; None for purchases.
    """
    if not money or split.past_spend is None:
        return None
    spent, total = _rate(split.past_spend, split), float(np.sum(own_rate(split, money)))
    scaled: Array = spent * (total / float(np.sum(spent)) if np.sum(spent) > 0 else 0.0)
    return scaled


def population_mean(split: Holdout, money: bool) -> Array:
    """Give every customer the average rate: repeat purchases, or the money spent in them, over the time observed."""
    observed = float(np.sum(split.calibration.T))
    rate = float(np.sum(_repeated(split, money))) / observed if observed > 0 else 0.0
    return np.full(len(split.calibration), rate * split.horizon)


def _repeated(split: Holdout, money: bool) -> Array:
    """Return repeat purchases of each customer so far, or the money in them at the customer's mean spend, (n,)."""
    rfm = split.calibration
    if money and rfm.monetary_value is not None and rfm.monetary_count is not None:
        return np.where(rfm.monetary_count > 0, rfm.monetary_value * rfm.frequency, 0.0)
    return rfm.frequency.astype(float)


def _rate(past: Array, split: Holdout) -> Array:
    """Return past quantities over the time observed, (n,); 0 for customers seen on the last day only."""
    T = split.calibration.T
    return np.divide(past, T, out=np.zeros(len(T)), where=T > 0)


Rule = Callable[[Holdout, bool], Array | None]
RULES: dict[str, Rule] = {
    "zero": zero,
    "own_rate": own_rate,
    "past_spend": past_spend,
    "population_mean": population_mean,
}
"""Rules that need only a Holdout, by id; they return None for a quantity they do not forecast."""


def last_period(split: Holdout, past: KnownHistory, money: bool) -> Array:
    """Repeat what each customer did in the last period of the horizon's length.

    First purchases happen once and are left out. If the calibration period is shorter than the horizon, its repeat
    purchases are scaled up to the horizon.
    """
    ticks = round(split.horizon * split.clock.ticks_per_unit)
    looked = max(min(ticks, past.length), 1)
    expected: Array = past.repeated(past.cutoff - looked, past.cutoff, spent=money) * (ticks / looked)
    return expected


def seasonal_total(split: Holdout, past: KnownHistory, money: bool) -> float:
    """Return the total of the same window a year (or years) earlier, per customer known then; NaN in shorter logs.

    A year is 365.25 days, rounded to whole ticks. The rule forecasts totals only, not which customers buy.
    """
    clock = split.clock
    ticks = round(split.horizon * clock.ticks_per_unit)
    years = max(1, int(np.ceil(ticks / (clock.units_per_year * clock.ticks_per_unit))))
    begin = past.cutoff - round(years * clock.units_per_year * clock.ticks_per_unit)
    if begin < past.log.first_tick:
        return float("nan")
    customers = past.known_at(begin)
    then = past.repeated(begin, begin + ticks, spent=money)[customers]
    return float(np.sum(then)) / max(1, int(customers.sum())) * len(split.calibration)


@dataclass(frozen=True, slots=True)
class Hiatus:
    """The hiatus rule: customers silent for longer than a threshold are gone, the others continue as before.

    Wuebben & von Wangenheim (2008), "Instant Customer Base Analysis: Managerial Heuristics Often 'Get It Right'",
    Journal of Marketing 72(3), 82-93.

    Attributes
    ----------
    threshold : float
        In the clock's unit.
    active, gone : float
        Share of the customers classified as active, and as gone, who bought in a period of this length.
    length : float
        In the clock's unit.
    """

    threshold: float
    active: float
    gone: float
    length: float

    def is_active(self, split: Holdout) -> Array:
        """Return 1 for customers whose silence is within the threshold, otherwise 0, (n,)."""
        rfm = split.calibration
        return (rfm.T - rfm.recency <= self.threshold).astype(float)

    def expected(self, split: Holdout, money: bool) -> Array:
        """Continue the own rate of active customers; 0 for those who are gone."""
        return self.is_active(split) * own_rate(split, money)

    def buys(self, split: Holdout) -> Array:
        """Return P(any purchase), (n,): the shares learned, converted to the horizon as independent trials."""
        share = np.where(self.is_active(split) > 0, self.active, self.gone)
        probability: Array = 1 - (1 - share) ** (split.horizon / self.length)
        return probability


def learn_hiatus(earlier: Holdout) -> Hiatus:
    """Choose the threshold that best separates buyers from others in an earlier window of the calibration period."""
    rfm = earlier.calibration
    silence = rfm.T - rfm.recency
    bought = (earlier.purchases > 0).astype(float)
    order = np.argsort(silence, kind="stable")
    ordered, hits = silence[order], np.cumsum(bought[order])
    total = hits[-1]
    active = np.arange(1, len(order) + 1)
    right = hits + (len(order) - active) - (total - hits)  # active customers who bought, and gone ones who did not
    right[:-1][ordered[:-1] == ordered[1:]] = -1  # a threshold cannot separate equal silences
    best = int(np.argmax(right))
    gone = len(order) - active[best]
    return Hiatus(
        threshold=float(ordered[best]),
        active=float(hits[best] / active[best]),
        gone=float((total - hits[best]) / gone) if gone else 0.0,
        length=earlier.horizon,
    )

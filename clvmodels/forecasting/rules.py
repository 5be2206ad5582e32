"""Forecasts that need no model: what a model has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout

__all__ = [
    "HIATUS",
    "LAST_PERIOD",
    "RIVALS",
    "SEASONAL",
    "Hiatus",
    "last_period",
    "learn_hiatus",
    "own_rate",
    "past_spend",
    "population_mean",
    "seasonal_total",
    "zero",
]

HIATUS, LAST_PERIOD, SEASONAL = "hiatus rule", "last period repeated", "seasonal naive"


def zero(split: Holdout, money: bool) -> Array:
    """Nobody buys again."""
    return np.zeros(len(split.calibration))


def own_rate(split: Holdout, money: bool) -> Array:
    """Each customer's own past rate carried on: repeat purchases, or the money spent in them, over T.

    First orders come once and are in no rate; with them the total of money on CDNOW was 2.7 times what came. A customer
    seen only on the last day (T = 0) has no rate and gets 0.
    """
    return _rate(_repeated(split, money), split) * split.horizon


def past_spend(split: Holdout, money: bool) -> Array | None:
    """Who has spent most so far goes on spending most: all money over T, the first order too, on a common scale.

    The first order tells who spends much where most have no other, and cannot come again: so all are scaled by one
    factor, to the total of `own_rate`. It is a rule for money alone.
    """
    if not money or split.past_spend is None:
        return None
    spent, total = _rate(split.past_spend, split), float(np.sum(own_rate(split, money)))
    answer: Array = spent * (total / float(np.sum(spent)) if np.sum(spent) > 0 else 0.0)
    return answer


def population_mean(split: Holdout, money: bool) -> Array:
    """Everybody at the rate of all: repeat purchases, or the money spent in them, over time observed."""
    observed = float(np.sum(split.calibration.T))
    rate = float(np.sum(_repeated(split, money))) / observed if observed > 0 else 0.0
    return np.full(len(split.calibration), rate * split.horizon)


def _repeated(split: Holdout, money: bool) -> Array:
    """Repeat purchases of each customer so far, or the money in them at his mean spend, (n,)."""
    rfm = split.calibration
    if money and rfm.monetary_value is not None and rfm.monetary_count is not None:
        return np.where(rfm.monetary_count > 0, rfm.monetary_value * rfm.frequency, 0.0)
    return rfm.frequency.astype(float)


def _rate(past: Array, split: Holdout) -> Array:
    """What was so far over the time observed, (n,); 0 for who was seen on the last day alone."""
    T = split.calibration.T
    return np.divide(past, T, out=np.zeros(len(T)), where=T > 0)


Rule = Callable[[Holdout, bool], Array | None]
RIVALS: dict[str, Rule] = {
    "zero": zero,
    "own rate carried on": own_rate,
    "past spend, scaled": past_spend,
    "population mean": population_mean,
}
"""Those that need no more than a Holdout, None where one does not tell the quantity; the others below look back."""


def last_period(split: Holdout, past: KnownHistory, money: bool) -> Array:
    """What each customer repeated in the last period of the horizon's length comes again.

    First purchases come once and are left out. A calibration period shorter than the horizon is stretched.
    """
    ticks = round(split.horizon * split.clock.ticks_per_unit)
    looked = max(min(ticks, past.length), 1)
    answer: Array = past.repeated(past.cut - looked, past.cut, spent=money) * (ticks / looked)
    return answer


def seasonal_total(split: Holdout, past: KnownHistory, money: bool) -> float:
    """Total of the same window a year (or years) before, a customer then known; NaN if the log is not that long.

    A year is 365.25 days, rounded to whole ticks. It knows totals only: who of the customers buys it does not say.
    """
    clock = split.clock
    ticks = round(split.horizon * clock.ticks_per_unit)
    years = max(1, int(np.ceil(ticks / (clock.units_per_year * clock.ticks_per_unit))))
    begin = past.cut - round(years * clock.units_per_year * clock.ticks_per_unit)
    if begin < past.record.first_tick:
        return float("nan")
    known = past.known_at(begin)
    then = past.repeated(begin, begin + ticks, spent=money)[known]
    return float(np.sum(then)) / max(1, int(known.sum())) * len(split.calibration)


@dataclass(frozen=True, slots=True)
class Hiatus:
    """A rule of thumb: who has been silent for longer than a threshold is gone, the others go on as before.

    Wuebben & von Wangenheim (2008), "Instant Customer Base Analysis: Managerial Heuristics Often 'Get It Right'",
    Journal of Marketing 72(3), 82-93.

    Attributes
    ----------
    threshold : float
        In the clock's unit.
    active, gone : float
        Share of those called active, and of those called gone, who bought in a period of so much length.
    length : float
    """

    threshold: float
    active: float
    gone: float
    length: float

    def is_active(self, split: Holdout) -> Array:
        """Whether each customer's silence is within the threshold (0 or 1), (n,)."""
        rfm = split.calibration
        return (rfm.T - rfm.recency <= self.threshold).astype(float)

    def expected(self, split: Holdout, money: bool) -> Array:
        """The own rate of the active carried on; nothing of those gone."""
        return self.is_active(split) * own_rate(split, money)

    def buys(self, split: Holdout) -> Array:
        """Probability of any purchase: the shares learned, of a period of another length by independent trials."""
        share = np.where(self.is_active(split) > 0, self.active, self.gone)
        answer: Array = 1 - (1 - share) ** (split.horizon / self.length)
        return answer


def learn_hiatus(earlier: Holdout) -> Hiatus:
    """The threshold that tells best who bought in an earlier window, inside the calibration period."""
    rfm = earlier.calibration
    silence = rfm.T - rfm.recency
    bought = (earlier.purchases > 0).astype(float)
    order = np.argsort(silence, kind="stable")
    ordered, hits = silence[order], np.cumsum(bought[order])
    total = hits[-1]
    called = np.arange(1, len(order) + 1)
    right = hits + (len(order) - called) - (total - hits)  # active who bought, and gone who did not
    right[:-1][ordered[:-1] == ordered[1:]] = -1  # a threshold does not part equal silences
    best = int(np.argmax(right))
    gone = len(order) - called[best]
    return Hiatus(
        threshold=float(ordered[best]),
        active=float(hits[best] / called[best]),
        gone=float((total - hits[best]) / gone) if gone else 0.0,
        length=earlier.horizon,
    )

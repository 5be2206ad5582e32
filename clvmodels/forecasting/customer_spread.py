"""The spread of customers' purchases around their forecasts: a dispersion for each class of expected purchase rates.

Given the level that all customers share, a customer's purchases are assumed to be negative binomial with the mean of
the forecast, and the variance mean + dispersion * mean^2. The dispersions are learned from earlier windows, in which
forecasts are first scaled to the actual total, so that the shared level is not counted twice. Classes are defined by
rates, because the same number of purchases in an earlier, shorter history means a higher rate. Customers' own rates
change, so dispersions grow with the time ahead, as estimated from the first half and the whole of each window; a window
is often shorter than the horizon.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import special

from clvmodels.estimators.prediction import PredictedQuantity
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import Forecast
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["CustomerSpread", "learn_spread", "predict_outcomes"]

CLASSES = (0.0, *(2.0**power for power in range(-6, 7)))  # lowest rate of a class, relative to the mean rate
FEWEST_CUSTOMERS = 100  # customers of a class, over all windows, that a dispersion of its own needs
DISPERSIONS = np.geomspace(1e-3, 1e3, 121)
GROWTHS = np.arange(0.0, 2.01, 0.1)  # powers of time: a constant error, a random walk, ..., a drift
HALF = 0.5
USUAL_DISPERSION = 1.0  # if no window shows a dispersion


@dataclass(frozen=True, slots=True)
class CustomerSpread:
    """Dispersions of customers' purchases about their forecasts.

    Attributes
    ----------
    slowest : tuple of float
        Lowest expected purchases of each class, in the clock's unit of time.
    dispersions : tuple of float
        Of each class: (variance - mean) / mean^2 in a window.
    growth : float
        The dispersion is proportional to the time ahead to this power.
    length : float
        Length of a window in the clock's unit; 0 if dispersions apply to any time ahead.
    """

    slowest: tuple[float, ...] = (0.0,)
    dispersions: tuple[float, ...] = (USUAL_DISPERSION,)
    growth: float = 0.0
    length: float = 0.0

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the spread of a document that `dataclasses.asdict` made."""
        lists = {name: tuple(document[name]) for name in ("slowest", "dispersions")}
        return cls(**{**document, **lists})

    def of(self, mean: Array, horizon: float) -> Array:
        """Return the dispersion of each customer (n,), from expected purchases within a horizon (n,)."""
        factor = (horizon / self.length) ** self.growth if self.length > 0 else 1.0
        place = _class_of(np.nan_to_num(mean) / horizon, self.slowest)
        dispersions: Array = np.array(self.dispersions)[place] * factor
        return dispersions


def _class_of(rate: Array, slowest: Sequence[float]) -> Any:
    return np.searchsorted(slowest, rate, side="right") - 1


def learn_spread(
    actual: Sequence[Array],
    first_half: Sequence[Array],
    forecast: Sequence[Array],
    length: float,
) -> CustomerSpread:
    """Return the most likely dispersion of each class in earlier windows, and its growth with the time ahead.

    Parameters
    ----------
    actual, first_half, forecast : sequences of array (n,)
        Purchases of each customer in the window and in its first half, and the forecasts for the window, of which only
        shares of the total are used.
    length : float
        Of a window, in the clock's unit.

    Notes
    -----
    Dispersions and growth have the greatest sum of the log-likelihoods of whole windows and of their first halves,
    which is a composite likelihood, since the halves are part of the whole (Varin, Reid & Firth 2011, Statistica Sinica
    21, 5-42). Classes with too few customers are merged with the next lower one.
    """
    likelihoods = np.zeros((2, len(CLASSES), len(DISPERSIONS)))
    customers = np.zeros(len(CLASSES))
    bought = sum(float(did.sum()) for did in actual)
    usual = bought / (length * sum(map(len, actual))) if bought > 0 else 1.0
    slowest = tuple(usual * each for each in CLASSES)
    for *did, mean in zip(actual, first_half, forecast, strict=True):
        expected, total = np.nan_to_num(mean), float(did[0].sum())
        if not (total > 0 and expected.sum() > 0):
            continue
        group = _class_of(expected * (total / expected.sum()) / length, slowest)
        customers += np.bincount(group, minlength=len(CLASSES))
        for part, each in zip(likelihoods, did, strict=True):
            scaled = np.maximum(expected * (each.sum() / expected.sum()), 1e-9)
            for i in range(len(CLASSES)):
                part[i] += _log_likelihood(each[group == i], scaled[group == i])
    if not customers.sum():
        return CustomerSpread()
    groups = _join_classes(customers)
    joined = np.stack([likelihoods[:, list(group)].sum(axis=1) for group in groups], axis=1)
    of_growth = [_at_growth(joined, growth) for growth in GROWTHS]
    best = int(np.argmax([each.max(axis=1).sum() for each in of_growth]))
    chosen = DISPERSIONS[np.argmax(of_growth[best], axis=1)].tolist()
    dispersions = [value for group, value in zip(groups, chosen, strict=True) for _ in group]
    return CustomerSpread(slowest, tuple(dispersions), float(GROWTHS[best]), length)


def _join_classes(customers: Array) -> list[tuple[int, ...]]:
    """Return groups of classes that share a dispersion, in order; each has enough customers, if possible."""
    groups: list[tuple[int, ...]] = []
    pending: tuple[int, ...] = ()
    for i in reversed(range(len(customers))):
        pending = (i, *pending)
        if customers[list(pending)].sum() >= FEWEST_CUSTOMERS:
            groups.insert(0, pending)
            pending = ()
    if not pending:
        return groups
    return [pending + groups[0], *groups[1:]] if groups else [pending]


def _at_growth(likelihoods: Array, growth: float) -> Array:
    """Return sums of log-likelihoods of whole windows and first halves, by class and dispersion of a window."""
    logs, shift = np.log(DISPERSIONS), growth * math.log(HALF)
    halves = np.stack([np.interp(logs + shift, logs, each) for each in likelihoods[1]])
    total: Array = likelihoods[0] + halves
    return total


def _log_likelihood(count: Array, mean: Array) -> Array:
    """Return the negative binomial log-likelihood of some customers for each dispersion, without constants."""
    shape = 1 / DISPERSIONS
    distinct, customers = np.unique(count, return_counts=True)
    gammas = special.gammaln(distinct + shape[:, None]) - special.gammaln(shape)[:, None]
    logs = np.log1p(mean * DISPERSIONS[:, None])  # of 1 + mean / shape, the only logarithm of customers and dispersions
    bought = float(count @ np.log(mean)) - count.sum() * np.log(shape)
    total: Array = gammas @ customers + bought - logs @ count - shape * logs.sum(axis=1)
    return total


def predict_outcomes(
    rfm: RFM, forecast: Forecast, spread: CustomerSpread, total: TotalInterval, spend: SpendModel | None
) -> PredictedQuantity:
    """Return expected purchases, or money with a spend model, with the function that draws a customer's outcomes.

    The drawn spend of a customer is that of the spend model, times the ratio of the forecast money to the money that
    the spend model expects for the forecast purchases.

    Parameters
    ----------
    total : TotalInterval
        Of the quantity.
    """
    if forecast.purchases is None or forecast.purchases.mean is None:
        raise AssertionError("the best forecaster forecasts purchases of customers")
    mean = forecast.purchases.mean
    columns = {"mean": mean, "dispersion": spread.of(mean, forecast.horizon)}
    if spend is None:
        return _quantity("expected_purchases", mean, columns, partial(_draw_purchases, total))
    if forecast.money is None or forecast.money.mean is None:
        raise AssertionError("a forecaster with a spend model forecasts money of customers")
    spent = spend.spend_prediction(rfm)
    usual = mean * spent.point
    scale = np.divide(forecast.money.mean, usual, out=np.zeros(len(mean)), where=usual > 0)
    columns |= {"scale": scale, **spent.columns}
    return _quantity("expected_money", forecast.money.mean, columns, partial(_draw_money, total, spend))


def _quantity(name: str, point: Array, columns: dict[str, Array], outcome: Any) -> PredictedQuantity:
    return PredictedQuantity(name, point, columns, [1.0] * len(columns), _without_outcomes, outcome, together=True)


def _without_outcomes(seed: int, draws: int) -> Callable[..., Array]:
    raise AssertionError("only outcomes of the best forecaster are drawn")


def _draw_purchases(total: TotalInterval, seed: int, draws: int) -> Callable[..., Array]:
    """Return a function of a generator, means and dispersions that draws purchases, as an `outcome` of a prediction.

    All customers of a draw share the level and the uncertainty of the parameters; their means already include the
    learned level.
    """
    doubt = np.random.default_rng([seed, zlib.crc32(b"parameters of the total")]).standard_normal(draws)
    levels = total.level_draws(seed, draws) / total.level.factor * np.exp(math.sqrt(total.parameters) * doubt)

    def purchases(generator: np.random.Generator, mean: Array, dispersion: Array, draw: int | None = None) -> Array:
        size, level = (draws, levels) if draw is None else (None, levels[draw])
        rates = generator.standard_gamma(1 / dispersion, size) * (np.nan_to_num(mean) * dispersion) * level
        counts: Array = generator.poisson(rates).astype(float)
        return counts

    return purchases


def _draw_money(total: TotalInterval, spend: SpendModel, seed: int, draws: int) -> Callable[..., Array]:
    """Return a function of a generator, means, dispersions, scales and statistics of spend that draws money alike."""
    draw_purchases, draw_spend = _draw_purchases(total, seed, draws), spend.spending(seed, draws)

    def money(
        generator: np.random.Generator,
        mean: Array,
        dispersion: Array,
        scale: Array,
        *columns: Array,
        draw: int | None = None,
    ) -> Array:
        bought = draw_purchases(generator, mean, dispersion, draw=draw)
        worth: Array = scale * draw_spend(generator, bought, *columns, draw=draw)
        return worth

    return money

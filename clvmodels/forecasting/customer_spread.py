"""How far customers' purchases are from their forecasts: a dispersion for each class of past purchases.

Given the level that all customers have in common, a customer's purchases are taken as negative binomial with the mean
of the forecast, and the variance mean + dispersion * mean^2. The dispersions are learned from earlier windows, in which
forecasts are first scaled to the actual total, so that what customers have in common is not counted twice.
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
from clvmodels.forecasts import Forecast, KnownHistory
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["CustomerSpread", "learn_spread", "predict_outcomes"]

CLASSES = (0, 1, 2, 4, 8)  # fewest past repeat purchases of a class
FEWEST_CUSTOMERS = 100  # of a class, over all windows, for a dispersion of its own
DISPERSIONS = np.geomspace(1e-3, 1e3, 121)
USUAL_DISPERSION = 1.0  # where no window shows one


@dataclass(frozen=True, slots=True)
class CustomerSpread:
    """Dispersions of customers' purchases about their forecasts.

    Attributes
    ----------
    fewest : tuple of int
        Fewest past repeat purchases of each class.
    dispersions : tuple of float
        Of each class: (variance - mean) / mean^2.
    """

    fewest: tuple[int, ...] = CLASSES
    dispersions: tuple[float, ...] = (USUAL_DISPERSION,) * len(CLASSES)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the spread of a document that `dataclasses.asdict` made."""
        return cls(tuple(document["fewest"]), tuple(document["dispersions"]))

    def of(self, rfm: RFM) -> Array:
        """Return the dispersion of each customer, (n,)."""
        dispersions: Array = np.array(self.dispersions)[_class_of(rfm, self.fewest)]
        return dispersions


def _class_of(rfm: RFM, fewest: Sequence[int]) -> Any:
    return np.searchsorted(fewest, rfm.frequency, side="right") - 1


def learn_spread(pasts: Sequence[KnownHistory], actual: Sequence[Array], forecast: Sequence[Array]) -> CustomerSpread:
    """Return the most likely dispersion of each class in earlier windows.

    Parameters
    ----------
    pasts : sequence of KnownHistory
        What was known at the beginning of each window.
    actual, forecast : sequences of array (n,)
        Purchases of each customer in the window, and their forecasts.
    """
    likelihoods = np.zeros((len(CLASSES), len(DISPERSIONS)))
    customers = np.zeros(len(CLASSES))
    for past, did, mean in zip(pasts, actual, forecast, strict=True):
        expected = np.nan_to_num(mean)
        if not (did.sum() > 0 and expected.sum() > 0):
            continue
        scaled, group = np.maximum(expected * (did.sum() / expected.sum()), 1e-9), _class_of(past.rfm, CLASSES)
        for i in range(len(CLASSES)):
            rows = group == i
            customers[i] += rows.sum()
            likelihoods[i] += _log_likelihood(did[rows], scaled[rows])
    if not customers.sum():
        return CustomerSpread()
    of_all = likelihoods.sum(axis=0)
    chosen = [each if n >= FEWEST_CUSTOMERS else of_all for each, n in zip(likelihoods, customers, strict=True)]
    return CustomerSpread(CLASSES, tuple(float(DISPERSIONS[np.argmax(each)]) for each in chosen))


def _log_likelihood(count: Array, mean: Array) -> Array:
    """Return the negative binomial log-likelihood of some customers for each dispersion, without constants."""
    shape = 1 / DISPERSIONS[:, None]
    each = special.gammaln(count + shape) - special.gammaln(shape)
    each = each + count * np.log(mean / (mean + shape)) - shape * np.log1p(mean / shape)
    total: Array = each.sum(axis=1)
    return total


def predict_outcomes(
    rfm: RFM, forecast: Forecast, spread: CustomerSpread, total: TotalInterval, spend: SpendModel | None
) -> PredictedQuantity:
    """Return expected purchases, or money with a spend model, with the function that draws a customer's outcomes.

    The spend of a drawn customer is that of the spend model, times the ratio of the money forecast to what the spend
    model expects of the purchases forecast.

    Parameters
    ----------
    total : TotalInterval
        Of the quantity.
    """
    if forecast.purchases is None or forecast.purchases.mean is None:
        raise AssertionError("the best forecaster forecasts purchases of customers")
    mean = forecast.purchases.mean
    columns = {"mean": mean, "dispersion": spread.of(rfm)}
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
    return PredictedQuantity(name, point, columns, [1.0] * len(columns), _without_outcomes, outcome)


def _without_outcomes(seed: int, draws: int) -> Callable[..., Array]:
    raise AssertionError("only outcomes of the best forecaster are drawn")


def _draw_purchases(total: TotalInterval, seed: int, draws: int) -> Callable[..., Array]:
    """Return a function of a generator, a mean and a dispersion that draws a customer's purchases, (draws,).

    The level, and the doubt about the parameters, are the same for all customers of a draw; the learned level is part
    of their means already.
    """
    doubt = np.random.default_rng([seed, zlib.crc32(b"parameters of the total")]).standard_normal(draws)
    levels = total.level_draws(seed, draws) / total.level.factor * np.exp(math.sqrt(total.parameters) * doubt)

    def purchases(generator: np.random.Generator, mean: float, dispersion: float) -> Array:
        rates = generator.standard_gamma(1 / dispersion, draws) * (np.nan_to_num(mean) * dispersion) * levels
        counts: Array = generator.poisson(rates).astype(float)
        return counts

    return purchases


def _draw_money(total: TotalInterval, spend: SpendModel, seed: int, draws: int) -> Callable[..., Array]:
    """Return a function of a generator, mean, dispersion, scale and spend statistics that draws a customer's money."""
    draw_purchases, draw_spend = _draw_purchases(total, seed, draws), spend.spending(seed, draws)

    def money(generator: np.random.Generator, mean: float, dispersion: float, scale: float, *columns: Array) -> Array:
        return scale * draw_spend(generator, draw_purchases(generator, mean, dispersion), *columns)

    return money

"""Discounting conventions: the discounted number of a customer's future purchases.

A convention is a function of a fitted purchase model, an RFM and the value terms. To add one, write its function, add
it to `CONVENTIONS`, and add its name to `Discounting` in `value_terms`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from clvmodels.estimators.prediction import PredictedQuantity
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.value_terms import Discounting, ValueTerms

__all__ = ["DiscountedPurchases", "discount_purchases"]


@dataclass(frozen=True, slots=True)
class DiscountedPurchases:
    """Expected purchases of each of n customers within a horizon, and their discounted number.

    Attributes
    ----------
    expected : array (n,)
        Expected purchases, not discounted.
    discounted : PredictedQuantity
        Expected purchases, each multiplied by its discount factor.
    drawn_rate : float
        Continuous rate per unit of time at which each purchase of a drawn future is discounted from its own time.
    average_factor : array (n,) or None
        Each customer's discounted purchases divided by the expected purchases. Drawn futures are multiplied by it if
        their purchases are not discounted one by one.
    factor_variance : float or None
        Variance of the discount factor of a purchase at a time drawn uniformly from the horizon; None without an end.
    """

    expected: Array
    discounted: PredictedQuantity
    drawn_rate: float
    average_factor: Array | None
    factor_variance: float | None


def discount_purchases(purchases: PurchaseModel, rfm: RFM, terms: ValueTerms) -> DiscountedPurchases:
    """Return the discounted purchases of each customer, by the convention that the terms name."""
    return CONVENTIONS[terms.timing](purchases, rfm, terms)


def _discount_continuously(purchases: PurchaseModel, rfm: RFM, terms: ValueTerms) -> DiscountedPurchases:
    """Discount each purchase from its own time."""
    if terms.is_lifetime:
        return _discount_all(purchases, rfm, terms)
    length, rate = terms.length(rfm.clock), terms.rate(rfm.clock)
    alive = purchases.alive(rfm)
    # One evaluation returns both numbers, which share most of their computation.
    expected, discounted = purchases.if_active(rfm, partial(purchases.purchases_and_worth_if_active, length, rate))
    return DiscountedPurchases(
        expected=alive * expected,
        discounted=purchases.prediction(
            rfm,
            "discounted_purchases",
            partial(purchases.discounted_if_active, length, rate),
            point=alive * discounted,
        ),
        drawn_rate=rate,
        average_factor=None,
        factor_variance=_mean_factor(2 * rate * length) - _mean_factor(rate * length) ** 2,
    )


def _discount_all(purchases: PurchaseModel, rfm: RFM, terms: ValueTerms) -> DiscountedPurchases:
    """Discount all future purchases, each from its own time; the sum can be finite even if their number is not."""
    rate, alive = terms.rate(rfm.clock), purchases.alive(rfm)
    residual = purchases.if_active(rfm, partial(purchases.residual_if_active, 0.0))
    worth = partial(purchases.residual_if_active, rate)
    return DiscountedPurchases(
        # Customers who have certainly left buy nothing, even if active customers never stop buying.
        expected=np.multiply(alive, residual, out=np.zeros(len(rfm)), where=alive > 0),
        discounted=purchases.prediction(rfm, "discounted_purchases", worth),
        drawn_rate=rate,
        average_factor=None,
        factor_variance=None,
    )


def _discount_at_period_ends(purchases: PurchaseModel, rfm: RFM, terms: ValueTerms) -> DiscountedPurchases:
    """Discount all purchases of a period from the end of the period."""
    length, rate, ends = terms.length(rfm.clock), terms.rate(rfm.clock), terms.period_ends(rfm.clock)
    factors = [math.exp(-rate * end) for end in ends]
    discounted_if_active = partial(_sum_over_periods, purchases, ends, factors)
    shares = np.diff(ends, prepend=0.0) / length if length > 0 else np.full(len(ends), 1 / len(ends))
    alive = purchases.alive(rfm)
    expected = alive * purchases.if_active(rfm, partial(purchases.purchases_if_active, length))
    discounted = alive * purchases.if_active(rfm, discounted_if_active)
    return DiscountedPurchases(
        expected=expected,
        discounted=purchases.prediction(rfm, "discounted_purchases", discounted_if_active, point=discounted),
        drawn_rate=0.0,
        average_factor=np.divide(discounted, expected, out=np.ones(len(rfm)), where=expected > 0),
        factor_variance=float(shares @ np.square(factors) - (shares @ np.asarray(factors)) ** 2),
    )


def _mean_factor(exponent: float) -> float:
    """Return the mean of exp(-exponent u) over u between 0 and 1."""
    return -math.expm1(-exponent) / exponent if exponent != 0 else 1.0


def _sum_over_periods(
    purchases: PurchaseModel, ends: Sequence[float], factors: Sequence[float], p: Any, *state: Array
) -> Array:
    """Return an active customer's expected purchases of each period, multiplied by its factor and added up."""
    total, before = np.zeros(()), np.zeros(())
    for end, factor in zip(ends, factors, strict=True):
        by_end = purchases.purchases_if_active(end, p, *state)
        total, before = total + factor * (by_end - before), by_end
    return total


CONVENTIONS: dict[Discounting, Callable[[PurchaseModel, RFM, ValueTerms], DiscountedPurchases]] = {
    "continuous": _discount_continuously,
    "period_end": _discount_at_period_ends,
}

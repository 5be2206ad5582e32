"""Predictions -> money: expected purchases, discounted, times expected spend, times margin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from clvmodels import frames
from clvmodels.clock import TimeUnit
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.prediction import IntervalFor, Prediction, Request, predict
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.uncertainty import RandomState
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

__all__ = ["Discounting", "lifetime_value"]

Discounting = Literal["continuous", "period_end"]
MOST_PERIODS = 10_000


def lifetime_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    discounting: Discounting = "continuous",
    period: TimeUnit = "month",
    interval: float | None = None,
    interval_for: IntervalFor = "outcome",
    by: str | None = None,
    draws: int = 200,
    random_state: RandomState = 0,
) -> frames.Frame:
    """Present value of each customer's future purchases within a horizon after the end of observation.

    margin x expected spend x the sum of expected purchases, money t days away being worth (1 + rate)^(-t/365.25).
    The product of expectations is the expectation since spend and purchases are taken to be independent (see
    `GammaGamma.independence_`).

    Parameters
    ----------
    purchases, spend : fitted models
    rfm : RFM
        By the models' clock; from any later date too.
    horizon : float or str
        In the clock's unit, or a length with its unit such as "12 months".
    annual_discount_rate : float
        Effective per year: 0.10 is ten percent a year whatever the clock's unit.
    margin : float
        Share of spend that counts; 1 for revenue.
    discounting : {"continuous", "period_end"}
        Discount each purchase from its own time, or all of a period's from the period's end.
    period : {"hour", "day", "week", "month", "year"}
        With "period_end": the length of a period; a last, shorter one ends with the horizon.
    interval : float, optional
        Central probability, such as 0.9, of an interval for the value.
    interval_for : {"outcome", "mean"}
        What the customer may still do and spend, or only doubt about the parameters.
    by : str, optional
        "total", or an attribute of the RFM: a row a group, with its total value.
    draws : int
        Of the parameters, and of the future, for the interval.
    random_state : int or Generator

    Returns
    -------
    frame
        customer_id, expected_purchases, discounted_purchases, expected_spend (money a purchase), lifetime_value
        (money), with an interval lifetime_value_lower and _upper, and reason where the value is missing because no
        mean spend exists. With `by`: the group, customers (with a value), lifetime_value and its interval.

    Raises
    ------
    InvalidOption, ClockMismatch

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.lifetime_value(clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    >>> round(float(value["lifetime_value"].sum()))
    25443
    """
    if discounting not in get_args(Discounting):
        raise InvalidOption(f"discounting={discounting!r} is not one of 'continuous', 'period_end'.")
    if period not in get_args(TimeUnit):
        raise InvalidOption(f"period={period!r} is not one of {', '.join(map(repr, get_args(TimeUnit)))}.")
    if not -1 <= margin <= 1:
        raise InvalidOption(f"margin={margin!r} must be a share of spend: 0.35 for 35 %, 1 for revenue.")
    if annual_discount_rate > 1:
        raise InvalidOption(
            f"annual_discount_rate={annual_discount_rate!r} would be {annual_discount_rate:.0%} a year: ten percent is "
            "0.10."
        )
    purchases._check_fitted()
    spend._check_fitted()
    if purchases.clock_ != spend.clock_:
        raise ClockMismatch(f"The purchase model tells time in {purchases.clock_}, the spend model in {spend.clock_}.")
    request = Request(interval, interval_for, by, draws, random_state)
    length = rfm.clock.duration(horizon)
    rate = rfm.clock.continuous_rate(annual_discount_rate)
    alive, expected_spend = purchases.alive(rfm), spend.spend_prediction(rfm)
    timing = rate if discounting == "continuous" else None
    if timing is not None:
        worth = partial(purchases.discounted_if_active, length, rate)
        both = purchases.if_active(rfm, partial(purchases.purchases_and_worth_if_active, length, rate))
    else:
        ends = _period_ends(rfm, length, period)
        worth = partial(_until, purchases, ends, [math.exp(-rate * end) for end in ends])
        undiscounted_too = (partial(purchases.purchases_if_active, length), worth)
        both = np.stack([purchases.if_active(rfm, told) for told in undiscounted_too])
    undiscounted = alive * both[0]
    discounted = purchases.prediction(rfm, "discounted_purchases", worth, point=alive * both[1])
    mean_factor = {}
    if timing is None:
        share = np.divide(discounted.point, undiscounted, out=np.ones(len(rfm)), where=undiscounted > 0)
        mean_factor = {"mean_factor": share}
    value = Prediction(
        name="lifetime_value",
        point=margin * expected_spend.point * discounted.point,
        columns={**discounted.columns, **expected_spend.columns, **mean_factor},
        ticks=[*discounted.ticks, *expected_spend.ticks, *[1.0] * len(mean_factor)],
        under_draws=partial(_value_under_draws, discounted, expected_spend, margin),
        outcome=partial(_value_outcome, purchases, spend, length, timing, margin),
        reason=expected_spend.reason,
    )
    if by is not None:
        return predict(rfm, value, request)
    return predict(
        rfm,
        value,
        request,
        expected_purchases=undiscounted,
        discounted_purchases=discounted.point,
        expected_spend=expected_spend.point,
    )


def _until(purchases: PurchaseModel, ends: Sequence[float], factors: Sequence[float], p: Any, *state: Array) -> Array:
    """Expected purchases of each period that ends then, times its factor."""
    total, before = np.zeros(()), np.zeros(())
    for end, factor in zip(ends, factors, strict=True):
        by_end = purchases.purchases_if_active(end, p, *state)
        total, before = total + factor * (by_end - before), by_end
    return total


def _period_ends(rfm: RFM, length: float, period: TimeUnit) -> list[float]:
    step = rfm.clock.length(period)
    whole = max(1, math.ceil(length / step - 1e-9))
    if whole > MOST_PERIODS:
        raise InvalidOption(f"The horizon holds {whole:,} {period}s: name a longer period.")
    return [min(i * step, length) for i in range(1, whole + 1)]


def _value_under_draws(
    discounted: Prediction, expected_spend: Prediction, margin: float, seed: int, draws: int
) -> Callable[..., Array]:
    bought, spent = discounted.under_draws(seed, draws), expected_spend.under_draws(seed, draws)
    k = len(discounted.columns)
    end = k + len(expected_spend.columns)
    return lambda *columns: margin * bought(*columns[:k]) * spent(*columns[k:end])


def _value_outcome(
    purchases: PurchaseModel,
    spend: SpendModel,
    length: float,
    rate: float | None,
    margin: float,
    seed: int,
    draws: int,
) -> Callable[..., Array]:
    """Drawn orders at drawn amounts; discounted each in its time or, for period ends, at the customer's mean factor."""
    future = purchases.futures(length, rate or 0.0, seed, draws)
    money = spend.spending(seed, draws)
    k = len(purchases.process.statistics)

    def each_in_its_time(generator: np.random.Generator, *columns: Array) -> Array:
        orders = future(generator, *columns[:k])
        factor = orders.worth / np.maximum(orders.purchases, 1)
        return margin * money(generator, orders.purchases, *columns[k:]) * factor

    def by_period(generator: np.random.Generator, *columns: Array) -> Array:
        orders = future(generator, *columns[:k])
        return margin * money(generator, orders.purchases, *columns[k:-1]) * columns[-1]

    return by_period if rate is None else each_in_its_time

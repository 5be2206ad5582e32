"""Predictions -> money: expected purchases, discounted, times expected spend, times margin."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from clvmodels import frames
from clvmodels.clock import TimeUnit
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.processes.contract import Array
from clvmodels.transactions.rfm import RFM

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

    Returns
    -------
    frame
        customer_id, expected_purchases, discounted_purchases, expected_spend (money a purchase), lifetime_value
        (money), and reason where the value is missing because no mean spend exists.

    Raises
    ------
    InvalidOption, ClockMismatch
    """
    if discounting not in get_args(Discounting):
        raise InvalidOption(f"discounting={discounting!r} is not one of 'continuous', 'period_end'.")
    if period not in get_args(TimeUnit):
        raise InvalidOption(f"period={period!r} is not one of {', '.join(map(repr, get_args(TimeUnit)))}.")
    if not math.isfinite(margin):
        raise InvalidOption(f"margin={margin!r} must be a finite share of spend, such as 0.35.")
    purchases._check_fitted()
    spend._check_fitted()
    if purchases.clock_ != spend.clock_:
        raise ClockMismatch(f"The purchase model tells time in {purchases.clock_}, the spend model in {spend.clock_}.")
    length = rfm.clock.duration(horizon)
    money = spend.expected_spend(rfm)
    expected = purchases.expected_purchases(rfm, length)
    undiscounted = _column(expected, "expected_purchases")
    if discounting == "continuous":
        discounted = _column(purchases.discounted_purchases(rfm, length, annual_discount_rate), "discounted_purchases")
    else:
        discounted = _at_period_ends(purchases, rfm, length, annual_discount_rate, period, undiscounted)
    each = _column(money, "expected_spend")
    return frames.table(
        rfm.kind,
        {
            "customer_id": rfm.customer_id,
            "expected_purchases": undiscounted,
            "discounted_purchases": discounted,
            "expected_spend": each,
            "lifetime_value": margin * each * discounted,
            "reason": money["reason"],
        },
    )


def _at_period_ends(
    purchases: PurchaseModel,
    rfm: RFM,
    length: float,
    annual_discount_rate: float,
    period: TimeUnit,
    total: Array,
) -> Array:
    """Expected purchases of each period, discounted from the period's end."""
    rate = rfm.clock.continuous_rate(annual_discount_rate)
    step = rfm.clock.duration(f"1 {period}")
    whole = math.ceil(length / step - 1e-9)
    if whole > MOST_PERIODS:
        raise InvalidOption(f"The horizon holds {whole:,} {period}s: name a longer period.")
    discounted, before = np.zeros(len(rfm)), np.zeros(len(rfm))
    for i in range(1, whole + 1):
        end = min(i * step, length)
        by_end = total if i == whole else _column(purchases.expected_purchases(rfm, end), "expected_purchases")
        discounted += math.exp(-rate * end) * (by_end - before)
        before = by_end
    return discounted


def _column(frame: frames.Frame, name: str) -> Array:
    return np.asarray(frame[name].to_numpy(), dtype=float)

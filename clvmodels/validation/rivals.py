"""Forecasts that need no model: what a model has to beat."""

from __future__ import annotations

import numpy as np

from clvmodels.processes.contract import Array
from clvmodels.transactions.holdout import Holdout

__all__ = ["RIVALS", "own_rate", "population_mean", "zero"]


def zero(split: Holdout, money: bool) -> Array:
    """Nobody buys again."""
    return np.zeros(len(split.calibration))


def own_rate(split: Holdout, money: bool) -> Array:
    """Each customer's own past rate carried on: x/T for purchases; all money to date, the first order too, over T.

    A customer seen only on the last day (T = 0) has no rate and gets 0.
    """
    rfm = split.calibration
    past = split.past_spend if money and split.past_spend is not None else rfm.frequency.astype(float)
    rate = np.divide(past, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0)
    answer: Array = rate * split.horizon
    return answer


def population_mean(split: Holdout, money: bool) -> Array:
    """Everybody at the rate of all: repeat purchases, or the money spent in them, over time observed."""
    rfm = split.calibration
    past = rfm.frequency.astype(float)
    if money and rfm.monetary_value is not None and rfm.monetary_count is not None:
        past = np.where(rfm.monetary_count > 0, rfm.monetary_value * rfm.frequency, 0.0)
    observed = float(np.sum(rfm.T))
    rate = float(np.sum(past)) / observed if observed > 0 else 0.0
    return np.full(len(rfm), rate * split.horizon)


RIVALS = {"zero": zero, "own rate carried on": own_rate, "population mean": population_mean}

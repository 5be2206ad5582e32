"""Compute the table of distinct states with the predictions of a process, which depend only on the state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.frames import column
from clvmodels.transactions.rfm import RFM
from clvmodels.valuation.discounting import discount_purchases
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["DISCOUNTED", "EXPECTED", "Horizons", "horizon_columns", "state_table"]

EXPECTED, DISCOUNTED = "expected_purchases_", "discounted_purchases_"
Horizons = float | str | Sequence[float | str]


def state_table(
    purchases: PurchaseModel, histories: RFM, horizons: Horizons, annual_discount_rate: float | None = None
) -> dict[str, Any]:
    """Return the columns of a table of states: their keys in whole ticks, and the predictions of a model.

    Parameters
    ----------
    purchases : PurchaseModel
        Fitted.
    histories : RFM
        One row per state.
    horizons : float, str, or sequence of these
    annual_discount_rate : float, optional
        Effective; with it, the purchases are discounted too.

    Returns
    -------
    dict of str to array
        frequency, recency_ticks, age_ticks, probability_alive, and for each horizon expected_purchases_HORIZON and,
        with a rate, discounted_purchases_HORIZON.
    """
    clock = histories.clock
    columns: dict[str, Any] = {"frequency": histories.frequency}
    for name, time in (("recency_ticks", histories.recency), ("age_ticks", histories.T)):
        columns[name] = np.rint(time * clock.ticks_per_unit).astype(np.int64)
    columns["probability_alive"] = column(purchases.probability_alive(histories), "probability_alive")
    for name, horizon in horizon_columns(clock, horizons).items():
        columns[name] = column(purchases.expected_purchases(histories, horizon), "expected_purchases")
        if annual_discount_rate is not None:
            terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=1.0)
            discounted = discount_purchases(purchases.ahead_of(histories), histories, terms).discounted.point
            columns[name.replace(EXPECTED, DISCOUNTED)] = discounted
    return columns


def horizon_columns(clock: Clock, horizons: Horizons) -> dict[str, float | str]:
    """Return horizons by the name of their column, such as expected_purchases_12_months."""
    listed = [horizons] if isinstance(horizons, (str, int, float)) else list(horizons)
    named = {}
    for horizon in listed:
        text = horizon if isinstance(horizon, str) else f"{horizon:g} {clock.time_unit}s"
        named[EXPECTED + re.sub(r"[^0-9a-z]+", "_", text.lower().strip())] = horizon
    if not named:
        raise InvalidOption("horizons= names no horizon: pass one such as '12 months', or several.")
    return named

"""Features of boosted trees: what is known of each customer at a cutoff, comparable between cutoffs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import expected_purchases, models_key
from clvmodels.forecasting.windows import LearningWindow, expectations
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array

__all__ = ["PLAIN_FEATURES", "RECENT_SHARES", "features_at", "features_of", "fits_key", "ticks_of_recent"]

PLAIN_FEATURES = 5  # of an RFM without money
RECENT_SHARES = (0.125, 0.25, 0.5, 1.0)  # lengths of the periods of recent purchases, as shares of a window


def features_of(window: LearningWindow, length: float) -> Array:
    """Return the features of each customer at the beginning of a window, (n, k)."""
    return features_at(window.past, window.models, window.spend, length, window.past.has_money)


def features_at(
    history: KnownHistory, models: Mapping[str, PurchaseModel], spend: SpendModel | None, length: float, money: bool
) -> Array:
    """Return features of each customer that are comparable between cutoffs, with or without those of money, (n, k)."""
    key = ("features", *fits_key(models), spend is None, length, money)
    return history.remember(key, lambda: _make_features(history, models, spend, length, money))


def fits_key(models: Mapping[str, PurchaseModel]) -> tuple[Any, ...]:
    """Return a key of fitted models: their names and options, and the fingerprints of their fits."""
    return models_key(list(models.values())), tuple(model.fit_.fingerprint for model in models.values())


def ticks_of_recent(window: float) -> tuple[int, ...]:
    """Return the lengths of the periods of recent purchases, given that of a window, in ticks."""
    return tuple(max(1, round(share * window)) for share in RECENT_SHARES)


def _make_features(
    history: KnownHistory, models: Mapping[str, PurchaseModel], spend: SpendModel | None, length: float, money: bool
) -> Array:
    rfm = history.rfm
    x, silence = rfm.frequency.astype(float), rfm.T - rfm.recency
    missing = np.full(len(rfm), np.nan)
    usual = np.divide(rfm.recency, x, out=missing.copy(), where=x > 0)
    columns = [
        x,
        np.divide(x, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
        silence / length,
        np.divide(silence, usual, out=missing.copy(), where=usual > 0),
        np.divide(rfm.recency, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
    ]
    ticks = length * history.clock.ticks_per_unit
    for spent in (False, True) if money else (False,):
        columns += [
            history.repeated(history.cutoff - period, history.cutoff, spent=spent) for period in ticks_of_recent(ticks)
        ]
    if money and rfm.monetary_value is not None and history.past_spend is not None:
        columns += [rfm.monetary_value, history.past_spend]
    columns += [expected_purchases(model, history, length) for model in models.values()]
    if spend is not None:
        columns += expectations(history, models, spend, length, "money").values()
    return np.column_stack(columns)

"""Boosted trees that learn from earlier windows inside the calibration period.

They are a benchmark in the backtest and are neither saved nor scored: they show what a flexible learner makes of the
same data, and what averaging it with the best process would gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from clvmodels.errors import FitFailed, InvalidRFM
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import Expected, FittedModels, fit_all
from clvmodels.forecasts import ForecasterIdentity, KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.scores import poisson_deviance
from clvmodels.transactions.holdout import Holdout

__all__ = ["BOOSTED_TREES", "LearningWindow", "best_process", "earlier_windows", "predict_with_trees"]

BOOSTED_TREES = ForecasterIdentity("boosted_trees", "boosted trees", "boosted_trees")
WINDOWS = 3  # each begins half a window earlier than the next
LARGEST_SHARE = 3  # a window is at most a third of the calibration period: the rest is needed to describe customers
MOST_CUSTOMERS = 100_000  # per window: more add nothing to learn, and take long
MOST_ROWS = 200_000  # to learn from
RECENT_SHARES = (0.125, 0.25, 0.5, 1.0)  # of a window: how far back recent purchases are counted
# From trials on CDNOW, grocery and Complete Journey: small trees, few of them; larger ones fitted the noise.
TREE_OPTIONS = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 50}


@dataclass(frozen=True, slots=True, eq=False)
class LearningWindow:
    """A window inside the calibration period, with forecasts made at its beginning.

    Attributes
    ----------
    past : KnownHistory
        What was known when it began.
    split : Holdout
        Its customers, and what they did in it.
    expected : Expected
        What processes fitted to that history expected.
    """

    past: KnownHistory
    split: Holdout
    expected: Expected

    def actual(self, quantity: str) -> Array:
        """Return what each customer did in the window, (n,)."""
        return self.split.purchases.astype(float) if quantity == "purchases" else _money(self.split)


def earlier_windows(
    past: KnownHistory, horizon: int, models: Sequence[PurchaseModel], spend: SpendModel | None
) -> list[LearningWindow]:
    """Return windows that end by the cutoff, latest first; windows in which nothing can be fitted are left out.

    Parameters
    ----------
    past : KnownHistory
    horizon : int
        In ticks. A window has this length, or a third of the calibration period if that is shorter.
    """
    length = min(horizon, past.length // LARGEST_SHARE)
    past = past.thinned(MOST_CUSTOMERS)
    windows: list[LearningWindow] = []
    for i in range(WINDOWS):
        cut = past.cutoff - length - i * (length // 2)
        if length < 1 or cut - past.log.first_tick < length:
            break
        before = past.earlier(cut)
        split = before.followed(cut + length)
        try:
            fits = fit_all(models, spend, split.calibration)
        except (FitFailed, InvalidRFM):
            continue
        windows.append(LearningWindow(before, split, fits.expected(split.calibration, split.horizon)))
    return windows


def best_process(windows: Sequence[LearningWindow], fits: FittedModels) -> str:
    """Return the id of the process with the least Poisson deviance in earlier windows; by BIC if there are none."""
    processes = list(fits.purchases)
    if not windows:
        return min(processes, key=lambda name: fits.purchases[name].fit_.bic)
    deviances = {
        name: float(np.mean([poisson_deviance(w.actual("purchases"), w.expected.purchases[name]) for w in windows]))
        for name in processes
    }
    return min(processes, key=lambda name: deviances[name])


def predict_with_trees(
    windows: Sequence[LearningWindow],
    past: KnownHistory,
    split: Holdout,
    fits: FittedModels,
    expected: Expected,
    best: str,
    quantity: str,
) -> Array:
    """Return the boosted trees' forecast of each customer over the holdout period, (n,).

    The features are RFM, recent purchases and the processes' forecasts; the target is what the customers of earlier
    windows did. If the windows are shorter than the holdout period, the forecasts are extended by the ratio of the best
    process's forecasts over the two lengths.
    """
    length = windows[0].split.horizon
    features = np.concatenate([_features(w.past, w.split, length, w.expected) for w in windows])
    target = np.concatenate([window.actual(quantity) for window in windows])
    if len(features) > MOST_ROWS:
        rows = np.random.default_rng([past.cutoff]).choice(len(features), MOST_ROWS, replace=False)
        features, target = features[rows], target[rows]
    if not target.sum() > 0:
        return np.zeros(len(split.calibration))
    near = fits.expected(split.calibration, length)
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREE_OPTIONS)
    with threadpool_limits(limits=1, user_api="openmp"):  # threads slow each other down when other processes run
        forecast = trees.fit(features, target).predict(_features(past, split, length, near))
    short, long = near.of(quantity)[best], expected.of(quantity)[best]
    extended: Array = forecast * np.divide(long, short, out=np.ones(len(forecast)), where=short > 0)
    return extended


def _features(past: KnownHistory, split: Holdout, length: float, expected: Expected) -> Array:
    """Return features of each customer at a cutoff that mean the same at every cutoff, (n, k)."""
    rfm = split.calibration
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
    ticks = length * rfm.clock.ticks_per_unit
    for spent in (False, True) if past.has_money else (False,):
        columns += [
            past.repeated(past.cutoff - max(1, round(share * ticks)), past.cutoff, spent=spent)
            for share in RECENT_SHARES
        ]
    if rfm.monetary_value is not None and split.past_spend is not None:
        columns += [rfm.monetary_value, split.past_spend]
    return np.column_stack([*columns, *expected.purchases.values(), *expected.money.values()])


def _money(split: Holdout) -> Array:
    if split.spend is None:
        raise AssertionError("money is checked when backtest is called")
    return split.spend

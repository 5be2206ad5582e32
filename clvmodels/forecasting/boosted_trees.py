"""A machine-learning challenger: boosted trees, taught on earlier windows inside the calibration period.

It is a rival in the backtest, neither saved nor scored: it says what a flexible learner gets out of the same data, and
what its average with the best process would be worth.
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
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.scores import poisson_deviance
from clvmodels.transactions.holdout import Holdout

__all__ = [
    "BLENDS",
    "CHALLENGER",
    "LearningWindow",
    "best_process",
    "blends",
    "challenge",
    "earlier_windows",
    "learned_level",
]

CHALLENGER = "boosted trees"
BLENDS = ("blend", "blend, total of process", "blend, learned total")
WINDOWS = 3  # each half a window before the one after it
SHARE = 3  # a window is at most a third of the calibration period: the rest is there to know customers by
MOST_CUSTOMERS = 100_000  # of a window: more teach nothing new, and take long
MOST_ROWS = 200_000  # to learn from
RECENT = (0.125, 0.25, 0.5, 1.0)  # of a window: how far back recent purchases are counted
# From trials on CDNOW, grocery and Complete Journey: small trees, few of them; larger ones learned the noise.
TREES = {"max_iter": 100, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 50}


@dataclass(frozen=True, slots=True, eq=False)
class LearningWindow:
    """A window inside the calibration period, forecast from before it.

    Attributes
    ----------
    past : Past
        What was known when it began.
    split : Holdout
        Its customers, and what they did in it.
    expected : Expected
        What processes fitted to that past expected.
    """

    past: KnownHistory
    split: Holdout
    expected: Expected

    def actual(self, quantity: str) -> Array:
        return self.split.purchases.astype(float) if quantity == "purchases" else _money(self.split)


def earlier_windows(
    past: KnownHistory, horizon: int, models: Sequence[PurchaseModel], spend: SpendModel | None
) -> list[LearningWindow]:
    """Windows that end by the cut, latest first; those in which nothing can be fitted are left out.

    Parameters
    ----------
    past : Past
    horizon : int
        Ticks. Windows are as long, or a third of the calibration period where that is less.
    """
    length = min(horizon, past.length // SHARE)
    past = past.thinned(MOST_CUSTOMERS)
    windows: list[LearningWindow] = []
    for i in range(WINDOWS):
        cut = past.cut - length - i * (length // 2)
        if length < 1 or cut - past.record.first_tick < length:
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
    """The process whose forecasts of earlier windows had the least Poisson deviance; by BIC where there are none."""
    titles = list(fits.purchases)
    if not windows:
        return min(titles, key=lambda title: fits.purchases[title].fit_.bic)
    told = {
        title: float(np.mean([poisson_deviance(w.actual("purchases"), w.expected.purchases[title]) for w in windows]))
        for title in titles
    }
    return min(titles, key=lambda title: told[title])


def learned_level(windows: Sequence[LearningWindow], title: str, quantity: str) -> float:
    """What actual totals were over those a process expected, in earlier windows: a factor for the next total."""
    found = sum(float(np.sum(window.actual(quantity))) for window in windows)
    told = sum(float(np.nansum(window.expected.of(quantity)[title])) for window in windows)
    return found / told if told > 0 and found > 0 else 1.0


def challenge(
    windows: Sequence[LearningWindow],
    past: KnownHistory,
    split: Holdout,
    fits: FittedModels,
    expected: Expected,
    best: str,
    quantity: str,
) -> Array:
    """What the challenger forecasts of each customer over the holdout period, (n,).

    It learns from RFM, recent windows and the processes' forecasts what the customers of earlier windows did. Where
    these are shorter than the holdout period, the best process tells how much more a customer does in the longer one.
    """
    length = windows[0].split.horizon
    known = np.concatenate([_features(w.past, w.split, length, w.expected) for w in windows])
    target = np.concatenate([window.actual(quantity) for window in windows])
    if len(known) > MOST_ROWS:
        drawn = np.random.default_rng([past.cut]).choice(len(known), MOST_ROWS, replace=False)
        known, target = known[drawn], target[drawn]
    if not target.sum() > 0:
        return np.zeros(len(split.calibration))
    near = fits.expected(split.calibration, length)
    trees = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **TREES)
    with threadpool_limits(limits=1, user_api="openmp"):  # its threads wait in vain where others are at work
        forecast = trees.fit(known, target).predict(_features(past, split, length, near))
    short, long = near.of(quantity)[best], expected.of(quantity)[best]
    answer: Array = forecast * np.divide(long, short, out=np.ones(len(forecast)), where=short > 0)
    return answer


def blends(challenger: Array, process: Array, level: float) -> dict[str, Array]:
    """Half the challenger, half the best process: as they are, and with two ways to set the total.

    Alone, the challenger carries a season forward as if it were a trend; scaled to the process's total it cannot, but
    then shares the error of that. `level` is what earlier windows say of it.
    """
    total = float(np.nansum(process))
    scale = total / float(np.nansum(challenger)) if np.nansum(challenger) > 0 else 1.0
    scaled = 0.5 * (challenger * scale + process)
    plain, as_process, learned = BLENDS
    return {plain: 0.5 * (challenger + process), as_process: scaled, learned: level * scaled}


def _features(past: KnownHistory, split: Holdout, length: float, expected: Expected) -> Array:
    """What is known of each customer at a cut, in numbers that mean the same at every cut, (n, k)."""
    rfm = split.calibration
    x, silence = rfm.frequency.astype(float), rfm.T - rfm.recency
    unknown = np.full(len(rfm), np.nan)
    usual = np.divide(rfm.recency, x, out=unknown.copy(), where=x > 0)
    columns = [
        x,
        np.divide(x, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
        silence / length,
        np.divide(silence, usual, out=unknown.copy(), where=usual > 0),
        np.divide(rfm.recency, rfm.T, out=np.zeros(len(rfm)), where=rfm.T > 0),
    ]
    ticks = length * rfm.clock.ticks_per_unit
    for spent in (False, True) if past.has_money else (False,):
        columns += [past.repeated(past.cut - max(1, round(share * ticks)), past.cut, spent=spent) for share in RECENT]
    if rfm.monetary_value is not None and split.past_spend is not None:
        columns += [rfm.monetary_value, split.past_spend]
    return np.column_stack([*columns, *expected.purchases.values(), *expected.money.values()])


def _money(split: Holdout) -> Array:
    assert split.spend is not None, "checked at the door"
    return split.spend

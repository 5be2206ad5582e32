"""Earlier windows within a history: the customers known at their beginning, expectations, and outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.errors import FitFailed, InvalidRFM
from clvmodels.estimators.prediction import customer_keys, hash_keys
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.processes import (
    expected_purchases,
    expected_spend,
    fitted_copies,
    fitted_copy,
    models_key,
)
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.inference.fitting import point_estimates
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.scores import poisson_deviance
from clvmodels.transactions.holdout import Holdout
from clvmodels.transactions.summary import RFM

__all__ = ["LearningWindow", "averaged_processes", "best_process", "earlier_windows", "fitted_windows", "half_of"]

WINDOWS = 3  # each begins half a window earlier than the next
LARGEST_SHARE = 3  # a window is at most a third of the calibration period; the rest describes the customers
ABOUT_AS_GOOD = 1.1  # deviance relative to the best; on public logs, processes with dropout are within 6 %
MOST_CUSTOMERS = 100_000  # per window; more customers teach nothing new, and take long


@dataclass(frozen=True, slots=True, eq=False)
class LearningWindow:
    """A window inside a history, with models fitted to what was known at its beginning.

    Attributes
    ----------
    past : KnownHistory
        The history at the beginning of the window.
    split : Holdout
        Its customers, and their purchases in it.
    models : mapping of str to PurchaseModel
        Fitted to that history, by id.
    spend : SpendModel or None
    """

    past: KnownHistory
    split: Holdout
    models: Mapping[str, PurchaseModel]
    spend: SpendModel | None

    @property
    def length(self) -> float:
        """Length of the window in the clock's unit."""
        return self.split.horizon

    @property
    def half(self) -> npt.NDArray[np.bool_]:
        """The half of each customer, (n,): forecasts are tried on the half that they do not learn from."""
        return self.past.remember("halves", lambda: half_of(self.past.rfm))

    def actual(self, quantity: ForecastQuantity) -> Array:
        """Return the actual purchases or money of each customer in the window, (n,)."""
        if quantity == "purchases":
            return self.split.purchases.astype(float)
        if self.split.spend is None:
            raise AssertionError("money is checked before a forecaster learns from windows")
        return self.split.spend

    def first_half(self) -> Array:
        """Return the purchases of each customer in the first half of the window, (n,)."""
        end = self.past.clock.closing_tick(self.split.holdout_end)
        middle = self.past.cutoff + max(1, (end - self.past.cutoff) // 2)
        return self.past.follow(middle).purchases.astype(float)

    def expected(self, quantity: ForecastQuantity) -> dict[str, Array]:
        """Return the expectation of each process for each customer in the window, (n,), by id."""
        return expectations(self.past, self.models, self.spend, self.length, quantity)


def half_of(rfm: RFM) -> npt.NDArray[np.bool_]:
    """Return the half of each customer, (n,), by a hash of the id, so that it is the same at every cutoff."""
    halves: npt.NDArray[np.bool_] = hash_keys(customer_keys(rfm)) < 0.5
    return halves


def expectations(
    history: KnownHistory,
    models: Mapping[str, PurchaseModel],
    spend: SpendModel | None,
    horizon: float,
    quantity: ForecastQuantity,
) -> dict[str, Array]:
    """Return the expectations of fitted models for each customer, (n,), by id; no money without a spend model."""
    if quantity == "money" and spend is None:
        return {}
    expected = {name: expected_purchases(model, history, horizon) for name, model in models.items()}
    if quantity == "purchases" or spend is None:
        return expected
    each = expected_spend(spend, history)
    return {name: bought * each for name, bought in expected.items()}


def earlier_windows(history: KnownHistory, horizon: int) -> list[tuple[KnownHistory, Holdout]]:
    """Return the histories at the beginning of earlier windows and the outcomes in them, latest first.

    Parameters
    ----------
    history : KnownHistory
    horizon : int
        In ticks. A window has this length, or a third of the calibration period if that is shorter.
    """
    length = min(horizon, history.length // LARGEST_SHARE)
    return history.remember(("windows", length), lambda: _earlier_windows(history.thin(MOST_CUSTOMERS), length))


def _earlier_windows(history: KnownHistory, length: int) -> list[tuple[KnownHistory, Holdout]]:
    windows = []
    for i in range(WINDOWS):
        cut = history.cutoff - length - i * (length // 2)
        if length < 1 or cut - history.purchase_log.first_tick < length:
            break
        past = history.earlier(cut)
        windows.append((past, past.follow(cut + length)))
    return windows


def fitted_windows(
    history: KnownHistory, horizon: int, models: Sequence[PurchaseModel], spend: SpendModel | None
) -> list[LearningWindow]:
    """Return earlier windows with models fitted at their beginning, latest first; the fits have no intervals.

    Windows in which a model cannot be fitted are left out, and there are none without a log. `horizon` is in ticks.
    """
    if history.log is None:
        return []
    length = min(horizon, history.length // LARGEST_SHARE)
    key = ("fitted windows", length, models_key(models), None if spend is None else models_key([spend]))
    return history.remember(key, lambda: _fitted_windows(earlier_windows(history, horizon), models, spend))


def _fitted_windows(
    windows: Sequence[tuple[KnownHistory, Holdout]], models: Sequence[PurchaseModel], spend: SpendModel | None
) -> list[LearningWindow]:
    def fit(window: tuple[KnownHistory, Holdout]) -> LearningWindow | None:
        past, split = window
        try:
            with point_estimates():
                copies = fitted_copies(models, past)
                spend_copy = None if spend is None else fitted_copy(spend, past)
        except (FitFailed, InvalidRFM):
            return None
        return LearningWindow(past, split, copies, spend_copy) if len(copies) == len(models) else None

    return [window for window in in_threads(fit, windows) if window is not None]


def best_process(windows: Sequence[LearningWindow], models: Mapping[str, PurchaseModel]) -> str:
    """Return the id of the process with the least Poisson deviance in earlier windows; by BIC if there are none."""
    if not windows:
        return min(models, key=lambda name: models[name].fit_.bic)
    return min(models, key=deviances_of(windows, models).__getitem__)


def averaged_processes(windows: Sequence[LearningWindow], models: Mapping[str, PurchaseModel]) -> tuple[str, ...]:
    """Return the ids of the processes whose totals are averaged: the best, and those about as good in earlier windows.

    With and without dropout, processes are not averaged: a short window does not show who will have left by the end of
    a long horizon. Without windows it is the best process alone.
    """
    best = best_process(windows, models)
    if not windows:
        return (best,)
    deviances, leaves = deviances_of(windows, models), "dropout" in models[best].plain.moves
    return tuple(
        name
        for name, model in models.items()
        if ("dropout" in model.plain.moves) == leaves and deviances[name] <= ABOUT_AS_GOOD * deviances[best]
    )


def deviances_of(windows: Sequence[LearningWindow], models: Mapping[str, PurchaseModel]) -> dict[str, float]:
    """Return the mean Poisson deviance of each process over earlier windows, by id."""
    return {
        name: float(np.mean([poisson_deviance(w.actual("purchases"), w.expected("purchases")[name]) for w in windows]))
        for name in models
    }

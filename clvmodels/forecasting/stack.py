"""A non-negative stack of forecasts of each customer, and trials of its gain in earlier windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from sklearn.base import clone

from clvmodels.errors import FitFailed, InvalidRFM, InvalidTransactions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_shares import TopCustomers, mean_share, weighted_sum
from clvmodels.forecasting.customer_spread import CustomerSpread
from clvmodels.forecasting.process_total import ProcessTotals
from clvmodels.forecasting.processes import AnyModel, expected_purchases, expected_spend, fitted_copy, models_key
from clvmodels.forecasting.rules import Rule
from clvmodels.forecasting.windows import LearningWindow, expectations
from clvmodels.forecasts import ForecastQuantity, KnownHistory
from clvmodels.frames import column
from clvmodels.inference.objective import one_blas_thread
from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.processes.threads import in_threads
from clvmodels.transactions.summary import RFM, drop_older

__all__ = [
    "Alternative",
    "FittedProcesses",
    "LearnedQuantity",
    "Members",
    "Trial",
    "all_orders_spend",
    "everywhere",
    "members_of",
    "newer_process",
    "recent_ticks",
    "stack_weights",
    "try_alternatives",
]

RECENT = {"recent": 1.0, "recent_half": 0.5, "recent_quarter": 0.25}  # share of a window, by member
FEWEST_BUYERS = 100  # buyers in the latest window that trees need
FEWEST_CUSTOMERS = 200  # older and newer customers that a process of the newer ones needs
LEAST_WEIGHTED = 0.01  # relative to the mean; customers with smaller expectations do not weigh more
RIDGE = 1e-8  # added to the diagonal, relative to its largest element, because members may be equal
Members = Mapping[str, Array]
Alternative = Literal["all_orders", "stack", "trees"]
FINDINGS: dict[Alternative, str] = {"all_orders": "best-all-orders", "stack": "best-stack", "trees": "best-trees"}
STANDARD_ERRORS = 1.0  # a gain is visible if it exceeds this many: Breiman et al. (1984), CART, section 3.4.3


@dataclass(frozen=True, slots=True, eq=False)
class FittedProcesses:
    """Fitted processes from which members are computed.

    Attributes
    ----------
    process : str
        Id of the best process.
    models : mapping of str to PurchaseModel
        By id.
    spend : SpendModel or None
    newer : PurchaseModel or None
        A process fitted to the newer customers alone.
    all_orders : SpendModel or None
        The spend model fitted to all orders, the first included.
    """

    process: str
    models: Mapping[str, PurchaseModel]
    spend: SpendModel | None
    newer: PurchaseModel | None
    all_orders: SpendModel | None = None

    def expected_of_all_orders(self, history: KnownHistory, length: float) -> Array | None:
        """Return the money that each customer spends if first orders tell of later ones, (n,), by the best process."""
        if self.all_orders is None:
            return None
        each = column(self.all_orders.expected_spend(_with_first_orders(history)), "expected_spend")
        return expected_purchases(self.models[self.process], history, length) * each


def all_orders_spend(spend: SpendModel | None, history: KnownHistory) -> SpendModel | None:
    """Return a copy of a spend model fitted to all orders, the first included.

    First orders tell customers without a repeat purchase apart. Returns None if the spend model itself uses them, if
    past spend is not known, or if the fit fails.
    """
    if spend is None or history.past_spend is None or history.include_first_transaction:
        return None
    return history.remember(("all orders", *models_key([spend])), lambda: _all_orders_spend(spend, history))


def _all_orders_spend(spend: SpendModel, history: KnownHistory) -> SpendModel | None:
    try:
        fitted: SpendModel = clone(spend).fit(_with_first_orders(history))
    except (FitFailed, InvalidRFM):
        return None
    return fitted


def _with_first_orders(history: KnownHistory) -> RFM:
    """Return the RFM with the money of all orders, the first included."""
    rfm, spent = history.rfm, history.past_spend
    if spent is None:
        raise AssertionError("past spend is checked before")
    orders = rfm.frequency + 1
    paid = spent > 0
    return replace(rfm, monetary_value=np.where(paid, spent / orders, np.nan), monetary_count=np.where(paid, orders, 0))


def newer_process(model: PurchaseModel, history: KnownHistory) -> PurchaseModel | None:
    """Return a copy of a model fitted to the customers first seen in the second half of a history.

    Older customers may buy at different rates. Returns None if one half has too few customers, or the fit fails.
    """
    return history.remember(("newer", *models_key([model])), lambda: _newer_process(model, history))


def _newer_process(model: PurchaseModel, history: KnownHistory) -> PurchaseModel | None:
    middle = history.cutoff - history.length // 2
    older = history.known_at(middle)
    if min(int(older.sum()), int((~older).sum())) < FEWEST_CUSTOMERS or history.attributes is not None:
        return None
    try:
        newer = KnownHistory(
            drop_older(history.purchase_log, middle),
            history.cutoff,
            history.include_first_transaction,
            history.intertimes,
        )
        return fitted_copy(model, newer)
    except (FitFailed, InvalidRFM, InvalidTransactions):
        return None


def everywhere(
    fit: Callable[[KnownHistory], AnyModel | None], history: KnownHistory, pasts: Sequence[KnownHistory]
) -> AnyModel | None:
    """Return the model fitted to a history if there are earlier windows and it can be fitted in each of them, too."""
    return fit(history) if pasts and all(fit(past) is not None for past in pasts) else None


def members_of(
    history: KnownHistory, fitted: FittedProcesses, length: float, quantity: ForecastQuantity
) -> dict[str, Array]:
    """Return forecasts of each customer over the length of a window, (n,), by name.

    They are the forecasts of the processes and of a process fitted to newer customers, the customer's own rate, the
    customer's purchases in the last window, half window and quarter of a window, and for money also all past spend
    (including the first order) over the observed time, and the best process with the spend of all orders.
    """
    money = quantity == "money"
    members = expectations(history, fitted.models, fitted.spend, length, quantity)
    if fitted.newer is not None:
        bought = expected_purchases(fitted.newer, history, length)
        members["newer_customers"] = (
            bought * expected_spend(fitted.spend, history) if money and fitted.spend is not None else bought
        )
    own = Rule("own_rate").fit(history).forecast(history, length).of(quantity)
    if own is not None and own.mean is not None:
        members["own_rate"] = own.mean
    ticks = length * history.clock.ticks_per_unit
    for name, look in recent_ticks(ticks).items():
        members[name] = history.repeated(history.cutoff - look, history.cutoff, spent=money) * (ticks / look)
    if money and history.past_spend is not None:
        T = history.rfm.T
        members["past_spend"] = np.divide(history.past_spend * length, T, out=np.zeros(len(T)), where=T > 0)
        of_all_orders = fitted.expected_of_all_orders(history, length)
        if of_all_orders is not None:
            members["all_orders"] = of_all_orders
    return members


def recent_ticks(window: float) -> dict[str, int]:
    """Return the lengths of the periods of recent purchases by member, given that of a window, in ticks."""
    return {name: max(1, round(share * window)) for name, share in RECENT.items()}


def stack_weights(members: Sequence[Members], actual: Sequence[Array], expected: Sequence[Array]) -> dict[str, float]:
    """Return the non-negative weights of members that minimize the weighted squared errors, by name.

    Parameters
    ----------
    members : sequence of mappings of str to array (n,)
        One per window; every window has the same names.
    actual, expected : sequences of array (n,)
        Actual purchases, and those that the best process expected. A customer's weight is 1 / expected, because the
        variance of a count is about proportional to its mean.

    Returns
    -------
    dict of str to float
        All 0 without any purchase.

    Notes
    -----
    Non-negative least squares: Lawson & Hanson (1974), Solving Least Squares Problems; as a way to combine forecasts:
    Breiman (1996), "Stacked Regressions", Machine Learning 24, 49-64.
    """
    names = list(members[0])
    gram, product = np.zeros((len(names), len(names))), np.zeros(len(names))
    for each, did, mean in zip(members, actual, expected, strict=True):
        if not len(mean):  # such as the other half of a single customer
            continue
        columns = np.column_stack([np.nan_to_num(each[name]) for name in names])
        weight = 1 / np.maximum(np.nan_to_num(mean), LEAST_WEIGHTED * max(float(np.nanmean(mean)), 1e-12))
        with one_blas_thread():
            gram += columns.T @ (columns * weight[:, None])
            product += columns.T @ (did * weight)
    if not np.any(product > 0):
        return dict.fromkeys(names, 0.0)
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
    scaled = gram * np.outer(scale, scale) + RIDGE * np.eye(len(names))
    upper = np.linalg.cholesky(scaled).T
    weights, _ = nnls(upper, np.linalg.solve(upper.T, product * scale))
    return dict(zip(names, (weights * scale).tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Trial:
    """The gain of a candidate in earlier windows, learned from the other half of the customers.

    Attributes
    ----------
    candidate : {"all_orders", "stack", "trees"}
        For money, the process with the spend of all orders instead of repeat orders; the stack, compared with the
        better of these; or the better of all averaged with boosted trees.
    gain : float
        Mean decrease of the Poisson deviance per customer against the simpler alternative; positive is better.
    standard_error : float
        Of the gain.
    visible : bool
        Whether the gain exceeds its standard error.
    """

    candidate: Alternative
    gain: float
    standard_error: float
    visible: bool

    def finding(self, quantity: ForecastQuantity) -> Finding:
        """Return the finding with the figures that decided."""
        taken = "yes" if self.visible else "no"
        figures = {"quantity": quantity, "gain": self.gain, "error": self.standard_error, "taken": taken}
        return Finding(FINDINGS[self.candidate], figures)


@dataclass(frozen=True, slots=True, eq=False)
class LearnedQuantity:
    """The results of the fit for purchases, or for money.

    Attributes
    ----------
    trials : tuple of Trial
        The trials that decided the source of customers' shares: the best process, unless a stack or trees gained
        visibly.
    weights : dict of str to float
        Of the members of the stack; empty if it is not used.
    totals : ProcessTotals
        The evidence of earlier windows on totals of the best process.
    spread : CustomerSpread
        Dispersions of customers' purchases about their forecasts; not used for money.
    top : TopCustomers
        The correction of the best customers' forecasts.
    """

    trials: tuple[Trial, ...]
    weights: dict[str, float]
    totals: ProcessTotals
    spread: CustomerSpread
    top: TopCustomers = field(default_factory=TopCustomers)

    def uses(self, candidate: Alternative) -> bool:
        """Return whether a candidate gained visibly and is used."""
        return any(trial.candidate == candidate and trial.visible for trial in self.trials)

    @property
    def reads_window(self) -> bool:
        """Whether shares are made of forecasts over the length of a window."""
        return self.uses("stack") or self.top.slope != 1.0

    def certificate(self) -> dict[str, Any]:
        """Return the choices, the weights, and the figures behind them."""
        weights = {name: weight for name, weight in self.weights.items() if weight > 0}
        trials = [asdict(trial) for trial in self.trials]
        return {"weights": weights, "trials": trials, "top": asdict(self.top), **self.totals.certificate()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the record from the plain values of `dataclasses.asdict`."""
        trials = tuple(Trial(**trial) for trial in document["trials"])
        totals, spread = ProcessTotals.from_dict(document["totals"]), CustomerSpread.from_dict(document["spread"])
        top = TopCustomers(**document.get("top", {}))  # not in files of earlier releases
        return cls(trials, dict(document["weights"]), totals, spread, top)


def try_alternative(
    candidate: Alternative,
    actual: Sequence[Array],
    simpler: Sequence[Array],
    forecast: Sequence[Array],
    present: Sequence[npt.NDArray[np.bool_]],
) -> Trial:
    """Compare two rankings of customers, each scaled to the actual total of a window.

    `present` marks the customers of the latest window that each window contains (n,). A customer's gains in all windows
    are one observation, because they depend on each other.
    """
    gains = np.zeros(len(present[0]))
    for did, one, other, rows in zip(actual, simpler, forecast, present, strict=True):
        total = float(did.sum())
        losses = [_deviance(did, each * (total / max(float(np.nansum(each)), 1e-300))) for each in (one, other)]
        gains[rows] += losses[0] - losses[1]
    gain, error = float(np.mean(gains)), float(np.std(gains) / np.sqrt(len(gains)))
    return Trial(candidate, gain, error, gain > STANDARD_ERRORS * error)


def try_alternatives(
    windows: Sequence[LearningWindow],
    members: Sequence[Members],
    quantity: ForecastQuantity,
    process: str,
    with_trees: bool,
) -> tuple[tuple[Trial, ...], Sequence[Array]]:
    """Compare candidates in the windows; each customer's forecast is learned from the other half of the customers.

    Parameters
    ----------
    windows : sequence of LearningWindow
    members : sequence of mappings of str to array (n,)
        One per window.
    quantity : {"purchases", "money"}
    process : str
        Id of the process that is the simplest alternative.
    with_trees : bool
        Whether boosted trees are a candidate.

    Returns
    -------
    tuple
        The trials, and the best candidate's forecasts in each window (n,).
    """
    actual = [window.actual(quantity) for window in windows]
    expected = [window.expected(quantity)[process] for window in windows]
    if not actual[0].sum() > 0:
        return (), expected
    halves = [window.half for window in windows]
    present = [windows[0].past.known_at(window.past.cutoff) for window in windows]

    def crossed(learn: Callable[[bool], list[Array]]) -> list[Array]:
        of_others = in_threads(learn, (False, True))
        return [np.where(half, *pair) for half, *pair in zip(halves, *of_others, strict=True)]

    def stack_of(side: bool) -> list[Array]:
        some = [half == side for half in halves]
        parts = [
            {name: values[rows] for name, values in each.items()} for each, rows in zip(members, some, strict=True)
        ]
        others = ([values[rows] for values, rows in zip(each, some, strict=True)] for each in (actual, expected))
        weights = stack_weights(parts, *others)
        return [weighted_sum(each, weights) for each in members]

    trials, chosen = [], expected
    if "all_orders" in members[0]:
        of_all_orders = [each["all_orders"] for each in members]
        trials.append(try_alternative("all_orders", actual, chosen, of_all_orders, present))
        chosen = of_all_orders if trials[-1].visible else chosen
    stack = crossed(stack_of)
    trials.append(try_alternative("stack", actual, chosen, stack, present))
    chosen = stack if trials[-1].visible else chosen
    if with_trees and int((actual[0] > 0).sum()) >= FEWEST_BUYERS:
        trees = crossed(lambda side: BoostedTrees.cross_forecast(windows, process, side, quantity))
        both = [mean_share(one, other) for one, other in zip(chosen, trees, strict=True)]
        trials.append(try_alternative("trees", actual, chosen, both, present))
        chosen = both if trials[-1].visible else chosen
    return tuple(trials), chosen


def _deviance(actual: Array, mean: Array) -> Array:
    """Return the Poisson deviance of each customer; means are at least a thousandth of the average."""
    floor = 1e-3 * float(np.nanmean(mean))
    mean = np.maximum(np.nan_to_num(mean), max(floor, 1e-300))
    logs = np.log(np.maximum(actual, 1e-300) / mean)
    deviance: Array = 2 * (np.where(actual > 0, actual * logs, 0.0) - (actual - mean))
    return deviance

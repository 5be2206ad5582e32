"""Customers' shares of a total, computed for some customers at a time from sums over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clvmodels.forecasts import ForecastQuantity
from clvmodels.processes.contract import Array

__all__ = [
    "CustomerShares",
    "Sums",
    "TopCustomers",
    "learn_top",
    "mean_share",
    "named_sums",
    "sums_of_quantity",
    "weighted_sum",
]

TOP_SHARE = 0.01  # of the customers: their purchases make most of the squared error
FEWEST_CUSTOMERS = 1_000  # so that ten are at the top
# Variance of what lasts in the logarithm of the best customers' ratio: the mean product of that in earlier windows and
# that after the cutoff, on public logs; see "The best customers" in tests/benchmarks/notes.md.
LASTING_VARIANCE = 0.011


Sums = Mapping[str, float]
"""Sums over customers, by name; those of disjoint sets of customers add up."""


@dataclass(frozen=True, slots=True)
class TopCustomers:
    """How the forecasts of the best customers are corrected, learned from earlier windows.

    Above a threshold, forecasts grow by a slope that is not 1, so that the order of customers stays.

    Attributes
    ----------
    threshold : float
        Forecast over a window: that of the last of the best hundredth of the customers.
    slope : float
    ratio : float
        Mean logarithm of the best customers' ratio of actual to forecast, relative to that of all customers.
    standard_error : float
        Of the ratio in one window.
    """

    threshold: float = 0.0
    slope: float = 1.0
    ratio: float = 0.0
    standard_error: float = 0.0

    def correct(self, forecast: Array) -> Array:
        """Return the corrected forecasts over a window, (n,)."""
        above = self.slope * (forecast - self.threshold) + self.threshold
        corrected: Array = np.where(forecast > self.threshold, above, forecast)
        return corrected


def learn_top(actual: Sequence[Array], forecast: Sequence[Array]) -> TopCustomers:
    """Return the correction of the best customers' forecasts; without one for few customers.

    The logarithm of their ratio is shrunk to 0, because much of it is chance: t / (t + e) with the variance t of what
    lasts and the variance e of chance in one window, since windows overlap and share customers.

    Parameters
    ----------
    actual, forecast : sequences of array (n,)
        One per window, latest first.
    """
    if not forecast or min(map(len, forecast)) < FEWEST_CUSTOMERS:
        return TopCustomers()
    ratios, variances, thresholds, sums = [], [], [], np.zeros(2)
    for did, mean in zip(actual, map(np.nan_to_num, forecast), strict=True):
        thresholds.append(float(np.quantile(mean, 1 - TOP_SHARE)))
        top = mean > thresholds[-1]
        bought, expected = float(did[top].sum()), float(mean[top].sum())
        if not (bought > 0 and expected > 0):
            return TopCustomers()
        ratios.append(np.log(bought / expected / (did.sum() / mean.sum())))
        variances.append(float(np.sum((did[top] - mean[top] * (bought / expected)) ** 2)) / bought**2)
        sums += expected, thresholds[-1] * int(top.sum())
    variance = float(np.mean(variances))
    factor = np.exp(float(np.mean(ratios)) * LASTING_VARIANCE / (LASTING_VARIANCE + variance))
    slope = max(float((factor * sums[0] - sums[1]) / (sums[0] - sums[1])), 0.0)
    return TopCustomers(thresholds[0], slope, float(np.mean(ratios)), float(np.sqrt(variance)))


@dataclass(frozen=True, slots=True, eq=False)
class CustomerShares:
    """What the forecasts of customers are made of; each is computed from a customer's own history.

    Attributes
    ----------
    processes : mapping of str to array (n,)
        Expectations of the processes that give the total, by id.
    base : array (n,)
        Forecast of the process or of a stack, to which shares are proportional.
    trees : array (n,) or None
        Forecast of boosted trees, which are averaged with it.
    """

    processes: Mapping[str, Array]
    base: Array
    trees: Array | None

    def sums(self) -> dict[str, float]:
        """Return the sums on which the forecast of each customer depends."""
        sums = {name: float(np.nansum(each)) for name, each in self.processes.items()}
        sums["base"] = float(np.nansum(self.base))
        if self.trees is None:
            return sums
        counted = self.trees[np.isfinite(self.base)]  # others have no forecast
        return sums | {"trees": float(np.nansum(self.trees)), "trees_with_base": float(np.nansum(counted))}

    def means(self, sums: Sums, total: float) -> Array:
        """Return the forecasts (n,), which add up to a total over all customers.

        The trees are first scaled to the sum of the others.
        """
        share, shares = self.base, sums["base"]
        if self.trees is not None and sums["trees"] > 0:
            scale = sums["base"] / sums["trees"]
            share = 0.5 * (self.base + self.trees * scale)
            shares = 0.5 * (sums["base"] + sums["trees_with_base"] * scale)
        means: Array = share * (total / shares if shares > 0 else 0.0)
        return means

    def with_top(self, top: TopCustomers, extension: Array) -> CustomerShares:
        """Return the shares with those of the best customers corrected.

        `extension` is the ratio of a customer's forecast over the horizon to that over a window, (n,).
        """
        mean = self.base if self.trees is None else 0.5 * (self.base + self.trees)
        over_window = np.divide(mean, extension, out=np.zeros(len(mean)), where=extension > 0)
        corrected = top.correct(over_window)
        factor = np.divide(corrected, over_window, out=np.ones(len(mean)), where=over_window > 0)
        return replace(self, base=self.base * factor, trees=None if self.trees is None else self.trees * factor)


def weighted_sum(members: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Return the weighted sum of members, (n,)."""
    total = np.zeros(len(next(iter(members.values()))))
    for name, weight in weights.items():
        if weight > 0:
            total = total + weight * np.nan_to_num(members[name])
    return total


def mean_share(one: Array, other: Array) -> Array:
    """Return the mean of two forecasts, each scaled to the total of the first."""
    total = float(np.nansum(other))
    return 0.5 * (one + other * (float(np.nansum(one)) / total)) if total > 0 else one


def named_sums(shares: Mapping[ForecastQuantity, CustomerShares]) -> dict[str, float]:
    """Return the sums of several quantities, with names that begin with the quantity."""
    return {f"{quantity}_{name}": value for quantity, each in shares.items() for name, value in each.sums().items()}


def sums_of_quantity(sums: Sums, quantity: ForecastQuantity) -> dict[str, float]:
    """Return the sums of one quantity, by their own names."""
    return {name.removeprefix(f"{quantity}_"): value for name, value in sums.items() if name.startswith(quantity)}

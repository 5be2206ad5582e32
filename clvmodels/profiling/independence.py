"""Measure whether customers who buy often spend more or less per purchase, from data alone, without a model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels import html
from clvmodels.language import Finding
from clvmodels.processes.contract import Array

__all__ = ["SIGNIFICANCE_LEVEL", "Independence", "independence"]

SIGNIFICANCE_LEVEL = 0.05  # p-value up to which a correlation counts as real
STRONG_CORRELATION = 0.3  # correlation above which the violation is clear: Cohen's medium effect
FREQUENT_QUANTILE = 0.9  # customers above this quantile of frequency count as the most frequent


@dataclass(frozen=True, slots=True)
class Independence:
    """The relation between spend and frequency among customers with repeat purchases.

    Gamma-Gamma assumes that the two are independent.

    Attributes
    ----------
    correlation : float
        Pearson correlation of frequency and mean spend. Under the model it is 0. A rank correlation is not, because the
        mean of few purchases is more skewed. NaN if it cannot be computed.
    p_value : float
        P-value of the hypothesis of no correlation, from White's heteroscedasticity-consistent errors, because the mean
        of few purchases also varies more.
    customers : int
    spend_ratio : float
        Mean spend per purchase of the most frequent 10 % of customers, divided by that of the others. NaN if it is not
        known, as in models saved by release 0.1.0.
    """

    correlation: float
    p_value: float
    customers: int
    spend_ratio: float

    @property
    def finding(self) -> Finding:
        """Whether the data agree with the assumption."""
        if math.isnan(self.p_value):
            return Finding("profile-independence-unknown", {"customers": self.customers})
        figures = {
            "correlation": self.correlation,
            "p_value": self.p_value,
            "customers": self.customers,
            "has_ratio": not math.isnan(self.spend_ratio),
            "spend_ratio": None if math.isnan(self.spend_ratio) else self.spend_ratio,
        }
        if self.p_value > SIGNIFICANCE_LEVEL:
            return Finding("profile-independence-supported", figures)
        if abs(self.correlation) < STRONG_CORRELATION:
            return Finding("profile-independence-weakly-violated", figures, "caution")
        return Finding("profile-independence-violated", figures, "problem")

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text

    def _repr_html_(self) -> str:
        columns: dict[str, list[float]] = {"correlation": [self.correlation], "p-value": [self.p_value]}
        columns["customers"] = [self.customers]
        return html.block("Independence", self.text, html.table(columns))


def independence(
    frequency: npt.NDArray[np.int64], mean: Array, customers: npt.NDArray[np.int64] | None = None
) -> Independence:
    """Return the relation between the number of repeat purchases and mean spend per purchase, each (n,).

    With `customers` (n,), each row counts for that number of customers.
    """
    if customers is not None:
        return _weight(frequency.astype(float), mean, customers.astype(float))
    n = len(mean)
    if n < 3 or np.ptp(frequency) == 0 or np.ptp(mean) == 0:
        return Independence(np.nan, np.nan, n, np.nan)
    products = (frequency - frequency.mean()) * (mean - mean.mean())
    rho = float(np.mean(products) / (np.std(frequency) * np.std(mean)))
    p_value = math.erfc(abs(float(np.sum(products))) / math.sqrt(2 * float(np.sum(products**2))))
    often = frequency >= np.quantile(frequency, FREQUENT_QUANTILE)
    ratio = float(np.mean(mean[often]) / np.mean(mean[~often])) if not often.all() else 1.0
    return Independence(rho, p_value, n, ratio)


def _weight(frequency: Array, mean: Array, customers: Array) -> Independence:
    n = int(customers.sum())
    if n < 3 or np.ptp(frequency) == 0 or np.ptp(mean) == 0:
        return Independence(np.nan, np.nan, n, np.nan)
    from_mean = [values - np.average(values, weights=customers) for values in (frequency, mean)]
    products = from_mean[0] * from_mean[1]
    spread = [np.sqrt(np.average(values**2, weights=customers)) for values in from_mean]
    rho = float(np.average(products, weights=customers) / (spread[0] * spread[1]))
    total = abs(float(np.sum(customers * products)))
    p_value = math.erfc(total / math.sqrt(2 * float(np.sum(customers * products**2))))
    order = np.argsort(frequency, kind="stable")
    below = np.cumsum(customers[order])
    often = frequency >= frequency[order][np.searchsorted(below, FREQUENT_QUANTILE * (n - 1), side="right")]
    ratio = 1.0
    if not often.all():
        ratio = float(np.average(mean[often], weights=customers[often]))
        ratio /= float(np.average(mean[~often], weights=customers[~often]))
    return Independence(rho, p_value, n, ratio)

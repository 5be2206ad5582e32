"""Whether what a purchase costs goes with how often one buys, before any model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels import html
from clvmodels.processes.contract import Array

__all__ = ["SIGNIFICANT", "Independence", "independence"]

SIGNIFICANT, STRONG = 0.05, 0.3  # Cohen's medium correlation


@dataclass(frozen=True, slots=True)
class Independence:
    """Whether spend goes with frequency among customers with repeat purchases, which Gamma-Gamma assumes it does not.

    Attributes
    ----------
    correlation : float
        Pearson's, of frequency and mean spend: 0 under the model, where a rank correlation is not, since the mean of
        few purchases is more skewed. NaN where it cannot be computed.
    p_value : float
        Of no correlation, by White's heteroscedastic errors: the mean of few purchases also varies more.
    customers : int
    words : str
        What it means.
    """

    correlation: float
    p_value: float
    customers: int
    words: str

    def _repr_html_(self) -> str:
        told: dict[str, list[float]] = {"correlation": [self.correlation], "p-value": [self.p_value]}
        told["customers"] = [self.customers]
        return html.block("Independence", self.words, html.table(told))


def independence(frequency: npt.NDArray[np.int64], mean: Array) -> Independence:
    """Whether frequent customers spend more or less a purchase, in words."""
    n = len(mean)
    if n < 3 or np.ptp(frequency) == 0 or np.ptp(mean) == 0:
        return Independence(np.nan, np.nan, n, "frequency and spend do not both vary, so nothing can be said")
    apart = (frequency - frequency.mean()) * (mean - mean.mean())
    rho = float(np.mean(apart) / (np.std(frequency) * np.std(mean)))
    p_value = math.erfc(abs(float(np.sum(apart))) / math.sqrt(2 * float(np.sum(apart**2))))
    often = frequency >= np.quantile(frequency, 0.9)
    ratio = float(np.mean(mean[often]) / np.mean(mean[~often])) if not often.all() else 1.0
    told = (
        f"correlation of frequency and mean spend {rho:+.2f} over {n:,} customers ({_p_in_words(p_value)}); the most "
        f"frequent tenth spends {ratio:.2f} times as much a purchase as the others"
    )
    if p_value > SIGNIFICANT:
        words = f"{told}: nothing speaks against the independence that Gamma-Gamma assumes"
    elif abs(rho) < STRONG:
        words = f"{told}: against the independence that Gamma-Gamma assumes, but weakly; values of the extremes are off"
    else:
        words = f"{told}: clearly against the independence that Gamma-Gamma assumes; check money by frequency first"
    return Independence(rho, p_value, n, words)


def _p_in_words(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"

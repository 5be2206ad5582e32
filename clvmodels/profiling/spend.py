"""Describe what customers spend: the concentration on a few of them, and the relation to frequency."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clvmodels.language import Finding, Severity
from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.profiling.independence import Independence, independence
from clvmodels.transactions.amounts import Floats

__all__ = ["Money", "examine_money"]

TAIL_SHARE, FEWEST_IN_TAIL, MOST_IN_TAIL = 0.02, 20, 2_000
NO_MEAN, NO_VARIANCE = 1.0, 2.0  # tail indices up to which the mean and the variance do not exist

Tail = Literal["unknown", "no_mean", "no_variance", "finite_variance"]


@dataclass(frozen=True, slots=True)
class Money:
    """The money in a log.

    Attributes
    ----------
    total : float
        Money of all purchases.
    mean, median : float
        Mean and median money of a purchase, which is all that a customer spent on one day.
    zero : float
        Share of the purchases that cost nothing.
    top_1, top_10 : float
        Share of the money that the best-paying 1 %, and 10 %, of customers spent.
    tail_index, tail_error : float
        Hill's estimate from the highest 2 % (20 to 2,000) of customers' mean spend, and its standard error. The
        probability of a mean spend above z falls as z ** -tail_index. Up to 2 the variance does not exist, and up to 1
        the mean does not; in Gamma-Gamma the index is q. NaN if fewer than 21 customers spent anything.
    independence : Independence
        Whether spend is related to frequency, among customers with repeat purchases.
    """

    total: float
    mean: float
    median: float
    zero: float
    top_1: float
    top_10: float
    tail_index: float
    tail_error: float
    independence: Independence

    @property
    def tail(self) -> Tail:
        """Which moments of spend exist, by the estimated tail index."""
        if math.isnan(self.tail_index):
            return "unknown"
        if self.tail_index <= NO_MEAN:
            return "no_mean"
        return "no_variance" if self.tail_index <= NO_VARIANCE else "finite_variance"

    @property
    def finding(self) -> Finding:
        """How much of the money depends on the best-paying customers."""
        figures = {
            "top_1": self.top_1,
            "tail": self.tail,
            "tail_index": self.tail_index,
            "tail_error": self.tail_error,
            "has_free_purchases": self.zero > 0,
            "zero": self.zero,
        }
        severity: Severity = (
            "problem" if self.tail == "no_mean" else "caution" if self.tail == "no_variance" else "info"
        )
        return Finding("profile-spend", figures, severity)

    @property
    def text(self) -> str:
        """The finding as an English sentence."""
        return self.finding.text


def examine_money(purchases: DailyPurchases) -> Money | None:
    """Return shares, tail and independence of what customers spent, or None for a log without amounts."""
    paid = purchases.paid
    if paid is None:
        return None
    spent, x = paid.spent, purchases.frequency
    index, error = hill(spent / (x + 1))
    # As in the fit of Gamma-Gamma: the mean of repeat purchases, if it is positive.
    repeat = spent - paid.first
    paying = (x > 0) & (repeat > 0)
    top_1, top_10 = (_share(spent, part) for part in (0.01, 0.1))
    total = float(spent.sum())
    return Money(
        total=total,
        mean=total / purchases.count,
        median=paid.median,
        zero=paid.zero,
        top_1=top_1,
        top_10=top_10,
        tail_index=index,
        tail_error=error,
        independence=independence(x[paying], repeat[paying] / x[paying]),
    )


def hill(values: Floats) -> tuple[float, float]:
    """Return the tail index and its standard error.

    Hill (1975), "A Simple General Approach to Inference About the Tail of a Distribution", Annals of Statistics 3(5),
    1163-1174.
    """
    number = max(FEWEST_IN_TAIL, min(MOST_IN_TAIL, round(TAIL_SHARE * len(values))))
    if number >= np.sum(values > 0):
        return float("nan"), float("nan")
    top = np.sort(values)[-number - 1 :]
    excess = float(np.mean(np.log(top[1:] / top[0])))
    return (1 / excess, 1 / excess / math.sqrt(number)) if excess > 0 else (float("nan"), float("nan"))


def _share(spent: Floats, part: float) -> float:
    """Return the share of the money that the best-paying share of the customers spent."""
    number = max(1, round(part * len(spent)))
    total = float(spent.sum())
    return float(np.sort(spent)[-number:].sum()) / total if total > 0 else float("nan")

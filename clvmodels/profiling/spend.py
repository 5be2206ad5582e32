"""What customers pay: how much hangs on a few, and whether it goes with how often they buy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from clvmodels.profiling.daily_purchases import DailyPurchases
from clvmodels.profiling.independence import Independence, independence
from clvmodels.transactions.amounts import Floats

__all__ = ["Money", "judge_money"]

TAIL_SHARE, FEWEST_IN_TAIL, MOST_IN_TAIL = 0.02, 20, 2_000
NO_MEAN, NO_VARIANCE = 1.0, 2.0  # tail indices up to which these do not exist


@dataclass(frozen=True, slots=True)
class Money:
    """The money of a log.

    Attributes
    ----------
    total : float
    mean, median : float
        Of a purchase: all a customer spent on one day.
    zero : float
        Share of the purchases that cost nothing.
    top_1, top_10 : float
        Share of the money that the best-paying 1 %, and 10 %, of customers spent.
    tail_index, tail_error : float
        Hill's estimate from the highest 2 % (20 to 2,000) of customers' mean spend, and its standard error: the
        probability of more than z falls as z ** -tail_index. Up to 2 the variance, up to 1 the mean does not exist; in
        Gamma-Gamma it is q. NaN where fewer than 20 customers are that many.
    independence : Independence
        Whether spend goes with frequency, among customers with repeat purchases.
    words : str
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
    words: str


def judge_money(seen: DailyPurchases) -> Money | None:
    """Shares, tail and independence of what customers spent; None for a log without amounts."""
    if seen.amount is None:
        return None
    spent = seen.by_customer(seen.amount).astype(float)
    x = seen.frequency
    index, error = hill(spent / (x + 1))
    # As Gamma-Gamma sees it: the mean of repeat purchases, where it is positive.
    repeat = spent - seen.amount[seen.start[:-1]]
    paying = (x > 0) & (repeat > 0)
    told = independence(x[paying], repeat[paying] / x[paying])
    top_1, top_10 = (_share(spent, part) for part in (0.01, 0.1))
    zero = float(np.mean(seen.amount == 0))
    total = float(spent.sum())
    return Money(
        total=total,
        mean=total / len(seen.amount),
        median=float(np.median(seen.amount)),
        zero=zero,
        top_1=top_1,
        top_10=top_10,
        tail_index=index,
        tail_error=error,
        independence=told,
        words=_words(top_1, index, error, zero),
    )


def hill(values: Floats) -> tuple[float, float]:
    """Tail index and its standard error. Hill (1975), "A Simple General Approach to Inference About the Tail of a
    Distribution", Annals of Statistics 3(5), 1163-1174.
    """
    number = max(FEWEST_IN_TAIL, min(MOST_IN_TAIL, round(TAIL_SHARE * len(values))))
    if number >= np.sum(values > 0):
        return float("nan"), float("nan")
    top = np.sort(values)[-number - 1 :]
    excess = float(np.mean(np.log(top[1:] / top[0])))
    return (1 / excess, 1 / excess / math.sqrt(number)) if excess > 0 else (float("nan"), float("nan"))


def _share(spent: Floats, part: float) -> float:
    """Share of the money of the best-paying part of the customers."""
    number = max(1, round(part * len(spent)))
    total = float(spent.sum())
    return float(np.sort(spent)[-number:].sum()) / total if total > 0 else float("nan")


def _words(top_1: float, index: float, error: float, zero: float) -> str:
    words = f"the best-paying 1% of customers spent {top_1:.0%} of the money"
    if index <= NO_MEAN:
        words += (
            f"; spend has so heavy a tail (index {index:.2f}) that averages mean nothing: set the largest aside first"
        )
    elif index <= NO_VARIANCE:
        words += (
            f"; spend has a heavy tail (index {index:.2f} +- {error:.2f}), so that a few large customers move averages"
        )
    elif index == index:
        words += f"; the tail of spend has index {index:.2f} +- {error:.2f} (up to 2 is heavy)"
    if zero:
        words += f"; {zero:.1%} of purchases cost nothing"
    return words

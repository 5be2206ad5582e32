"""Split a change of revenue into its causes, so that the parts add up to the cent."""

from __future__ import annotations

from itertools import permutations
from math import factorial, prod

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["largest_remainder", "shapley_of_product"]


def shapley_of_product(before: Array, after: Array) -> Array:
    """Return what each factor adds to the change of a product, (k,).

    Each factor is changed in turn from its old to its new value; its part is the mean of what that adds over all orders
    (Shapley 1953, "A Value for n-Person Games"). The parts add up to the change, and change sign if time is reversed.

    Parameters
    ----------
    before, after : arrays (k,)
        The factors. Where one is missing in one of the two (an order value without orders), that of the other is used,
        so that it adds nothing.
    """
    old, new = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    old, new = np.nan_to_num(old), np.nan_to_num(new)
    parts = np.zeros(len(old))
    for order in permutations(range(len(old))):
        factors = old.tolist()
        for factor in order:
            value = prod(factors)
            factors[factor] = float(new[factor])
            parts[factor] += prod(factors) - value
    return parts / factorial(len(old))


def largest_remainder(parts: Array, total: int) -> npt.NDArray[np.int64]:
    """Round parts to whole numbers that add up to a total.

    What is left after rounding goes, by ones, to the parts that lost most by it. Rounding the negative parts to the
    negative total gives the negative numbers.

    Parameters
    ----------
    parts : array (k,)
        They add up to the total but for float error.
    total : int
    """
    rounded = np.round(parts).astype(np.int64)
    left = total - int(rounded.sum())
    lost = np.argsort(-np.sign(left) * (parts - rounded), kind="stable")
    rounded[lost[: abs(left)]] += int(np.sign(left))
    return rounded

"""Split a change in revenue into causes that add up to the cent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, prod

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["largest_remainder", "shapley_of_product", "shapley_parts"]


def shapley_of_product(before: Array, after: Array) -> Array:
    """Return what each factor adds to the change of a product, (k,); see `shapley_parts`."""
    return shapley_parts(lambda factors: prod(float(factor) for factor in factors), list(before), list(after))


def shapley_parts(value: Callable[[Sequence[Array]], float], before: Sequence[Array], after: Sequence[Array]) -> Array:
    """Return what each argument of a function adds to the change of its value, (k,).

    Each argument is changed in turn from its old to its new value; its part is the mean of what that adds, over all
    orders (Shapley 1953, "A Value for n-Person Games"). The parts add up to the change, and change sign if time is
    reversed.

    Parameters
    ----------
    value : function
        Of a sequence of k arguments, each a number or an array.
    before, after : sequences of arrays
        The arguments. A value missing in one of the two (an order value without orders) is replaced by that of the
        other, so that it adds nothing.
    """
    old = [np.nan_to_num(np.where(np.isnan(one), other, one)) for one, other in zip(before, after, strict=True)]
    new = [np.nan_to_num(np.where(np.isnan(other), one, other)) for one, other in zip(before, after, strict=True)]
    k = len(old)
    values = [value([new[i] if chosen >> i & 1 else old[i] for i in range(k)]) for chosen in range(2**k)]
    parts = np.zeros(k)
    for i in range(k):
        for chosen in (each for each in range(2**k) if not each >> i & 1):
            size = chosen.bit_count()
            weight = factorial(size) * factorial(k - size - 1) / factorial(k)
            parts[i] += weight * (values[chosen | 1 << i] - values[chosen])
    return parts


def largest_remainder(parts: Array, total: int) -> npt.NDArray[np.int64]:
    """Round parts to whole numbers that add up to a total.

    The remainder goes, one by one, to the parts that lost most by rounding. Rounding the negative parts to the negative
    total gives the negative numbers.

    Parameters
    ----------
    parts : array (k,)
        They add up to the total, except for float error.
    total : int
    """
    rounded = np.round(parts).astype(np.int64)
    left = total - int(rounded.sum())
    lost = np.argsort(-np.sign(left) * (parts - rounded), kind="stable")
    rounded[lost[: abs(left)]] += int(np.sign(left))
    return rounded

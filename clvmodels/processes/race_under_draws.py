"""The race between the next purchase and dropout without aging, for many parameters at once.

The time to the event that wins, with the shape a and the scale W, and that of the other event, with the shape b and the
scale O, both have Lomax distributions. With c = a + b + 1, the chance is a hypergeometric function:

    a/(a+b) F(b, 1; c; 1 - W/O) if W <= O,  and otherwise  a/(a+b) O/W F(a+1, 1; c; 1 - O/W).

Gauss's continued fraction (DLMF 15.7.1) has positive coefficients and gains a factor per level that depends on the
argument alone. Near an argument of 1 it is slow, and `race.log_chance` integrates instead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.processes.race import Remaining, log_chance

__all__ = ["log_chances_under_draws"]

PRECISION = 32.0  # further levels change a value by less than e^-32, and the end of the fraction corrects most of that
MOST_LEVELS = 256  # with more, an integral is faster
STEPS = 3  # numbers of levels per factor of 2
CHUNK = 4_096  # values computed at once: fit into a processor's cache


def log_chances_under_draws(purchase: bool, shape: Array, A: Array, s: Array, B: Array) -> Array:
    """Return the log of the chance of one side of the race, for arrays that broadcast; see `race.log_chance`.

    Each value depends on its own arguments alone, to the last bit.
    """
    columns = np.broadcast_arrays(shape, A, s, B)
    shape, A, s, B = (column.ravel() for column in columns)
    levels = _count_levels(np.minimum(A, B) / np.maximum(A, B))
    answer = np.empty(len(levels))
    for count in np.unique(levels):
        rows = np.flatnonzero(levels == count)
        if count > MOST_LEVELS:
            answer[rows] = log_chance(purchase, shape[rows], A[rows], Remaining(s[rows], B[rows], None, B[rows], None))
            continue
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            purchases, dropout = (shape[part], A[part]), (s[part], B[part])
            answer[part] = _log_chances(int(count), *((purchases, dropout) if purchase else (dropout, purchases)))
    return answer.reshape(columns[0].shape)


def _log_chances(levels: int, won: tuple[Array, Array], lost: tuple[Array, Array]) -> Array:
    """Return the log of the chance that an event comes before another, each with its shape and scale (n,)."""
    (a, own), (b, other) = won, lost
    first = own <= other
    ratio = np.minimum(own, other) / np.maximum(own, other)
    fraction = _fraction(levels, np.where(first, b, a + 1), a + b + 1, 1 - ratio)
    answer: Array = np.log(a / (a + b) * np.where(first, 1.0, ratio) / fraction)
    return answer


def _count_levels(ratio: Array) -> npt.NDArray[np.intp]:
    """Return the levels of the fraction that each argument 1 - ratio needs; where too many, more than `MOST_LEVELS`.

    They are rounded up to a few numbers, so that many values have the same one.
    """
    root = np.sqrt(ratio)
    with np.errstate(divide="ignore"):
        exact = 2 + PRECISION / (np.log1p(root) - np.log1p(-root))
    steps = np.ceil(STEPS * np.log2(np.minimum(exact, 2.0 * MOST_LEVELS)))
    levels: npt.NDArray[np.intp] = np.ceil(2 ** (steps / STEPS)).astype(np.intp)
    return levels


def _fraction(levels: int, a: Array, c: Array, w: Array) -> Array:
    """Return 1/F(a, 1; c; w), from the inner end of the fraction outwards, where all further levels are alike."""
    less = c - a - 1
    value = 0.5 * (1 + np.sqrt(1 - w))
    above, below = np.empty_like(value), np.empty_like(value)
    for m in range(levels // 2, -1, -1):
        # levels 2m + 1 and 2m: value = 1 - k w / value with k = (a+m)(c+m-1) / ((c+2m-1)(c+2m)), and
        # k = m(c-a+m-1) / ((c+2m-2)(c+2m-1)); all in place
        np.add(a, m, out=above)
        above *= c + (m - 1)
        np.add(c, 2 * m - 1, out=below)
        below *= c + 2 * m
        below *= value
        above *= w
        np.divide(above, below, out=value)
        np.subtract(1.0, value, out=value)
        if m:
            np.add(less, m, out=above)
            above *= m * w
            np.add(c, 2 * m - 2, out=below)
            below *= c + (2 * m - 1)
            below *= value
            np.divide(above, below, out=value)
            np.subtract(1.0, value, out=value)
    return value

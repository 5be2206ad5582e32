"""Quotients of arrays that are missing where the divisor is 0."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["quotient"]


def quotient(dividend: npt.ArrayLike, divisor: npt.ArrayLike) -> Array:
    """Return the quotient of two arrays that broadcast to one shape, NaN where the divisor is 0."""
    above, below = np.broadcast_arrays(np.asarray(dividend, dtype=float), np.asarray(divisor, dtype=float))
    result: Array = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
    return result

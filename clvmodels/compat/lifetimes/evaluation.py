"""Apply functions of a process to the arguments of lifetimes: numbers, arrays or Series of one shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.inference.statistics import in_blocks
from clvmodels.processes.contract import Array

__all__ = ["as_array", "evaluate"]


def as_array(values: Any) -> Array:
    """Return numbers as a float array."""
    return np.asarray(values, dtype=float)


def evaluate(function: Callable[..., Array], *arguments: Any) -> Any:
    """Return function(*columns) in the shape of the arguments: a number, an array, or a Series with their index.

    Parameters
    ----------
    function : function of arrays (n,)
    *arguments : numbers, arrays or Series
        They broadcast to one shape.
    """
    columns = np.broadcast_arrays(*map(as_array, arguments))
    flat = [np.ascontiguousarray(column).ravel() for column in columns]
    with np.errstate(all="ignore"):
        values: Any = in_blocks(function, flat).reshape(columns[0].shape)
    index = next((each.index for each in arguments if isinstance(each, pd.Series)), None)
    if index is not None and values.shape == (len(index),):
        return pd.Series(values, index=index)
    return values if values.shape else values[()]

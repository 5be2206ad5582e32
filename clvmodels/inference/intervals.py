"""Draws -> intervals: quantiles over draws of each row, or of the totals of groups, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["Bounds", "CustomerGroups", "bounds_of_groups", "bounds_of_rows", "customer_generator"]

ROWS = 8_192  # of a block: draws x rows of numbers exist at once, and no more
Draw = Callable[[npt.NDArray[np.intp]], Array]


class Bounds(NamedTuple):
    """Lower and upper end of an interval, (n,) or (groups,)."""

    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class CustomerGroups:
    """Which group each row belongs to (m,), its weight there (m,), and how many groups there are."""

    codes: npt.NDArray[np.intp]
    weights: Array
    count: int


def bounds_of_rows(draw: Draw, rows: int, level: float) -> Bounds:
    """Interval of each row.

    Parameters
    ----------
    draw : function of positions (b,)
        The quantity of those rows under every draw, (draws, b).
    rows : int
    level : float
        Central probability, such as 0.9.
    """
    lower, upper = np.empty(rows), np.empty(rows)
    for start in range(0, rows, ROWS):
        block = np.arange(start, min(start + ROWS, rows))
        lower[block], upper[block] = _quantiles(draw(block), level)
    return Bounds(lower, upper)


def bounds_of_groups(draw: Draw, order: npt.NDArray[np.intp], groups: CustomerGroups, level: float) -> Bounds:
    """Interval of each group's total: one draw of the parameters holds for all its rows, so bounds are never added.

    Parameters
    ----------
    order : int array (m,)
        In which rows are visited, by group first; it must not depend on how the rows came.
    """
    totals: Array | None = None
    for start in range(0, len(order), ROWS):
        block = order[start : start + ROWS]
        drawn = draw(block) * groups.weights[block]
        codes = groups.codes[block]
        edges = np.flatnonzero(np.diff(codes, prepend=-1))
        part = np.add.reduceat(drawn, edges, axis=1)
        if totals is None:
            totals = np.zeros((len(drawn), groups.count))
        totals[:, codes[edges]] += part
    assert totals is not None, "a table has at least one row"
    return _quantiles(totals, level)


def customer_generator(seed: int) -> Callable[[int], np.random.Generator]:
    """Noise keyed on the seed and a customer's key, so that order, chunks and company do not matter.

    Returns
    -------
    function of int
        Sets one generator, made once, to the start of that customer's own stream.
    """
    bits = np.random.Philox(key=np.array([seed % 2**64, 0], dtype=np.uint64))
    generator = np.random.Generator(bits)
    state = bits.state

    def keyed(key: int) -> np.random.Generator:
        state["state"]["key"][1] = key
        bits.state = state
        return generator

    return keyed


def _quantiles(drawn: Array, level: float) -> Bounds:
    """Empirical quantiles over the first axis: values that were drawn, so the bounds of counts are counts."""
    tail = 0.5 * (1 - level)
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return Bounds(lower, upper)

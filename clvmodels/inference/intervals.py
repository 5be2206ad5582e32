"""Compute intervals from draws: quantiles for each row, or for totals of groups, one block of rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["Bounds", "CustomerGroups", "bounds_of_groups", "bounds_of_rows", "bounds_of_totals", "customer_generator"]

BLOCK_ROWS = 8_192  # rows per block; at most this number times the draws exist at once
Draw = Callable[[npt.NDArray[np.intp]], Array]


class Bounds(NamedTuple):
    """Lower and upper ends of intervals, each (n,) or (groups,)."""

    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class CustomerGroups:
    """The group of each row (m,), its weight in the group (m,), and the number of groups."""

    codes: npt.NDArray[np.intp]
    weights: Array
    count: int


def bounds_of_rows(draw: Draw, rows: int, level: float) -> Bounds:
    """Return the interval of each row.

    Parameters
    ----------
    draw : function of positions (b,)
        Returns the quantity of those rows under every draw, (draws, b).
    rows : int
    level : float
        Central probability, such as 0.9.
    """
    lower, upper = np.empty(rows), np.empty(rows)
    for start in range(0, rows, BLOCK_ROWS):
        block = np.arange(start, min(start + BLOCK_ROWS, rows))
        lower[block], upper[block] = _quantiles(draw(block), level)
    return Bounds(lower, upper)


def bounds_of_groups(
    draw: Draw,
    order: npt.NDArray[np.intp],
    groups: CustomerGroups,
    level: float,
    common: Array | None = None,
) -> Bounds:
    """Return the interval of each group's total.

    One draw of the parameters is shared by all rows of a group, so totals are summed before their quantiles are taken.

    Parameters
    ----------
    draw : function of positions (b,)
        Returns the quantity of those rows under every draw, (draws, b).
    order : int array (m,)
        The order in which rows are visited, sorted by group; it must not depend on the order of the user's rows.
    groups : CustomerGroups
    level : float
        Central probability, such as 0.9.
    common : array (draws,), optional
        A factor per draw that all customers share. No interval is narrower than without it, apart from the
        factor's median.
    """
    totals: Array | None = None
    for start in range(0, len(order), BLOCK_ROWS):
        block = order[start : start + BLOCK_ROWS]
        drawn = draw(block) * groups.weights[block]
        codes = groups.codes[block]
        edges = np.flatnonzero(np.diff(codes, prepend=-1))
        part = np.add.reduceat(drawn, edges, axis=1)
        if totals is None:
            totals = np.zeros((len(drawn), groups.count))
        totals[:, codes[edges]] += part
    if totals is None:
        raise AssertionError("a table has at least one row")
    return bounds_of_totals(totals, level, common)


def bounds_of_totals(totals: Array, level: float, common: Array | None = None) -> Bounds:
    """Return the interval of each group from totals (draws, groups); for `common`, see `bounds_of_groups`."""
    own = _quantiles(totals, level)
    if common is None:
        return own
    middle, wider = float(np.median(common)), _quantiles(totals * common[:, None], level)
    return Bounds(np.minimum(middle * own.lower, wider.lower), np.maximum(middle * own.upper, wider.upper))


def customer_generator(seed: int) -> Callable[[int], np.random.Generator]:
    """Return a source of noise keyed on the seed and the customer, independent of the order and chunks of customers.

    Returns
    -------
    function of int
        Takes a customer's key and returns the one generator, set to the start of that customer's own stream.
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
    """Return empirical quantiles over the first axis. They are values of draws, so bounds of counts are counts."""
    tail = 0.5 * (1 - level)
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return Bounds(lower, upper)

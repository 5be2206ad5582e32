"""Columns of customers on comparable scales, from which distances are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array

__all__ = ["SegmentColumn", "segment_columns"]

MOST_LEVELS = 8  # levels of an attribute; customers in rarer ones are joined in one level
OTHER, NO_LEVEL = "other", "missing"
# Share of the customers on either side whose values are clipped, so that outliers neither set the scale nor make a
# separate segment.
TAIL = 0.01
LONG_TAIL = 2.0  # ratio of the upper to the lower half of a distribution's width above which its logarithm is used


@dataclass(frozen=True, slots=True, eq=False)
class SegmentColumn:
    """A column that segments are made from.

    Attributes
    ----------
    name : str
    values : array (n,)
        Numbers as they are, missing ones filled with the median; or the position of each customer's level.
    levels : tuple of str
        Of an attribute; empty for numbers.
    scaled : array (n, k)
        What distances are computed from: one column for numbers, one per level for an attribute. Empty (k = 0) for a
        column that is the same for all customers.
    missing : int
        Customers without a value.
    """

    name: str
    values: npt.NDArray[Any]
    levels: tuple[str, ...]
    scaled: Array
    missing: int


def segment_columns(table: CustomerTable, names: Sequence[str]) -> list[SegmentColumn]:
    """Return the columns of a table to make segments from.

    Raises
    ------
    InvalidOption
        If no column is named, or one twice.
    InvalidTable
        If the table lacks one.
    """
    if isinstance(names, str) or not names or len({*names}) < len(names) or "customer_id" in names:
        raise InvalidOption(f"features={names!r} must be a list of different columns of the customers, not the id.")
    return [_segment_column(table, name) for name in names]


def _segment_column(table: CustomerTable, name: str) -> SegmentColumn:
    """Return a column of a table, as numbers if it has at least three different ones."""
    if table.column(name).dtype.is_numeric():
        values = table.numbers(name)
        present = np.unique(values[~np.isnan(values)])
        if len(present) != 2:
            return _numbers(name, values, len(present))
    return _attribute(name, table.texts(name))


def _numbers(name: str, values: Array, different: int) -> SegmentColumn:
    """Return a column of numbers."""
    missing = np.isnan(values)
    if not different:
        return SegmentColumn(name, np.zeros(len(values)), (), np.empty((len(values), 0)), int(missing.sum()))
    filled = np.where(missing, np.nanmedian(values), values)
    scaled = scale_numbers(filled)[:, None] if different > 1 else np.empty((len(values), 0))
    return SegmentColumn(name, filled, (), scaled, int(missing.sum()))


def scale_numbers(values: Array) -> Array:
    """Return numbers (n,), clipped at the 1st and the 99th percentile, with mean 0 and standard deviation 1.

    If numbers are not negative and have a long upper tail, such as money, log(1 + x / median of those above 0) is used.
    The result does not depend on the unit, such as the currency.
    """
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    if values.min() >= 0 and high - middle > LONG_TAIL * (middle - low):
        values = np.log1p(values / np.median(values[values > 0]))
    cut = np.clip(values, *np.quantile(values, [TAIL, 1 - TAIL]))
    if np.ptp(cut) == 0:
        cut = values
    ordered = np.sort(cut)  # so that sums do not depend on the order of rows
    result: Array = (cut - ordered.mean()) / ordered.std()
    return result


def _attribute(name: str, texts: npt.NDArray[np.object_]) -> SegmentColumn:
    """Return a column of text: one scaled column per level, whose variances add up to 1."""
    missing = np.array([text is None for text in texts], dtype=bool)
    filled = np.where(missing, NO_LEVEL, texts).astype(str)
    levels, position, count = np.unique(filled, return_inverse=True, return_counts=True)
    if len(levels) > MOST_LEVELS:
        frequent = np.sort(np.argsort(-count, kind="stable")[: MOST_LEVELS - 1])
        place = np.full(len(levels), len(frequent))
        place[frequent] = np.arange(len(frequent))
        levels, position = np.append(levels[frequent], OTHER), place[position]
    share = np.bincount(position, minlength=len(levels)) / len(texts)
    variance = float(np.sum(share * (1 - share)))
    of_level = (position[:, None] == np.arange(len(levels))) - share
    scaled = of_level / np.sqrt(variance) if variance > 0 else np.empty((len(texts), 0))
    return SegmentColumn(name, position, tuple(map(str, levels)), scaled, int(missing.sum()))

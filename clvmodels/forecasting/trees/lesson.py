"""What boosted trees learn from: features at the beginning of earlier windows, and what customers did in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.forecasting.trees.features import features_of, fits_key
from clvmodels.forecasting.trees.similar_customers import (
    Numbers,
    means_of_sets,
    shares_of_sets,
    similar_customers,
)
from clvmodels.forecasting.trees.tree_arrays import FeatureBins
from clvmodels.forecasting.windows import LearningWindow
from clvmodels.forecasts import ForecastQuantity
from clvmodels.processes.contract import Array

__all__ = ["Lesson", "at_least", "least_expectation", "lesson_of"]

# Most rows to learn from: above, similar customers are one row. More rows do not improve forecasts
# (tests/benchmarks/notes.md).
MOST_ROWS = 20_000


class Lesson(NamedTuple):
    """What trees learn from, one row per customer and window, or per set of similar customers of a window and a half.

    Attributes
    ----------
    bins : FeatureBins
    numbers : array (m, k)
        Of the features' bins.
    half : bool array (m,)
        The half of the customers, as in `half_of`.
    target, expected : array (m,)
        What the customers did, and what the process expected of them, or the mean if that is more: sums of a set.
    """

    bins: FeatureBins
    numbers: Array
    half: npt.NDArray[np.bool_]
    target: Array
    expected: Array


class _Rows(NamedTuple):
    """The rows of a lesson, which both quantities share: their features (m, k), and the row of each customer (n,)."""

    row: Numbers | None  # None: the customers are the rows
    features: Array
    half: npt.NDArray[np.bool_]


def least_expectation(windows: Sequence[LearningWindow], process: str, quantity: ForecastQuantity) -> float:
    """Return the mean expectation in the latest window: below it, trees predict the amount and not a factor.

    Leaves are large enough to learn from what customers below the mean do, and forecasts that do not depend on the
    process combine better with it.
    """
    return max(float(np.nanmean(windows[0].expected(quantity)[process])), 1e-300)


def at_least(expected: Array, least: float) -> Array:
    """Return expectations (n,), 0 where they are missing, raised to a minimum."""
    floored: Array = np.maximum(np.nan_to_num(expected), least)
    return floored


def lesson_of(windows: Sequence[LearningWindow], process: str, quantity: ForecastQuantity) -> Lesson:
    """Return what trees learn from, which those of all customers and those of each half share."""
    key = ("lesson", *_key(windows, process), quantity)
    return windows[0].past.remember(key, lambda: _make_lesson(windows, process, quantity))


def _key(windows: Sequence[LearningWindow], process: str) -> tuple[Any, ...]:
    cutoffs = tuple(window.past.cutoff for window in windows)
    return (*fits_key(windows[0].models), cutoffs, windows[0].length, windows[0].spend is None, process)


def _make_lesson(windows: Sequence[LearningWindow], process: str, quantity: ForecastQuantity) -> Lesson:
    rows = windows[0].past.remember(("lesson rows", *_key(windows, process)), lambda: _make_rows(windows, process))
    least = least_expectation(windows, process, quantity)
    target = np.concatenate([window.actual(quantity) for window in windows])
    expected = np.concatenate([at_least(window.expected(quantity)[process], least) for window in windows])
    if rows.row is not None:
        target, expected = np.bincount(rows.row, target), np.bincount(rows.row, expected)
    bins = FeatureBins.of(rows.features, expected)
    return Lesson(bins, bins.number(rows.features), rows.half, target, expected)


def _make_rows(windows: Sequence[LearningWindow], process: str) -> _Rows:
    features = np.concatenate([features_of(window, windows[0].length) for window in windows])
    half = np.concatenate([window.half for window in windows])
    if len(features) <= MOST_ROWS:
        return _Rows(None, features, half)
    row = _merge_similar(windows, process)
    half_of_row = np.empty(int(row.max()) + 1, dtype=bool)
    half_of_row[row] = half
    return _Rows(row, means_of_sets(row, features), half_of_row)


def _merge_similar(windows: Sequence[LearningWindow], process: str) -> Numbers:
    """Return the row of each customer of each window, about `MOST_ROWS` in all.

    Customers of a row are of the same window and half and have the same number of purchases, and about the same
    expectation, time since the last purchase and past spend. The more purchases, the more customers differ, and the
    fewer are merged.
    """
    purchases = [window.past.rfm.frequency.astype(np.int64) for window in windows]
    shares = shares_of_sets((1 + np.concatenate(purchases)).astype(float), MOST_ROWS)
    rows, start, begin = [], 0, 0
    for window, bought in zip(windows, purchases, strict=True):
        rfm, spent = window.past.rfm, window.past.past_spend
        expected = np.nan_to_num(window.expected("purchases")[process])
        keys = [expected, rfm.T - rfm.recency, *([] if spent is None else [spent])]
        row = similar_customers(2 * bought + window.half, keys, shares[begin : begin + len(rfm)])
        rows.append(row + start)
        start, begin = start + int(row.max()) + 1, begin + len(rfm)
    return np.concatenate(rows)

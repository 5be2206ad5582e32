"""Scales that turn values into scores between 0 and 1, and can be saved and used at a later date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clvmodels.decisions.customer_table import CustomerTable
from clvmodels.decisions.scorecards.indicators import Indicator
from clvmodels.errors import InvalidTable
from clvmodels.processes.contract import Array

__all__ = ["Scale", "fit_scale", "score_values", "values_of"]

KNOTS = 201  # most values whose ranks are stored; the ranks of values in between are interpolated
LOW, HIGH = 0.05, 0.95  # quantiles at which a range ends by default, so that no single customer sets the scale
MIDDLE_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class Scale:
    """A rising piecewise linear function from values to places.

    Attributes
    ----------
    knots, places : tuple of float
        Values, and their places between 0 and 1; linear between them, constant outside.
    median : float
        Median of the values the scale was made from.
    """

    knots: tuple[float, ...]
    places: tuple[float, ...]
    median: float


def values_of(indicator: Indicator, table: CustomerTable) -> Array:
    """Return the values of an indicator minus their benchmark (n,), NaN if either is missing."""
    values = table.numbers(indicator.column)
    if indicator.benchmark is not None:
        values = values - table.numbers(indicator.benchmark)
    if indicator.missing == "refuse":
        table.refuse(np.isnan(values), f"no {indicator.column!r}", " Fill it in, or choose missing='median'.")
    return values


def fit_scale(indicator: Indicator, values: Array) -> Scale:
    """Return the scale of an indicator from the customers' values, (n,)."""
    present = np.sort(values[~np.isnan(values)])
    if not len(present):
        raise InvalidTable(f"No customer has a value in {indicator.column!r}: leave this indicator out.")
    median = float(np.median(present))
    if indicator.scale == "range":
        low, high = np.quantile(present, (LOW, HIGH))
        low = low if indicator.lowest is None else indicator.lowest
        high = high if indicator.highest is None else indicator.highest
        knots, places = ((float(low), float(high)), (0.0, 1.0)) if low < high else ((float(low),), (MIDDLE_SCORE,))
        return Scale(knots, places, median)
    distinct, size = np.unique(present, return_counts=True)
    reached = np.cumsum(size) / len(present)
    middle = reached - size / len(present) / 2
    chosen = np.arange(len(distinct))
    if len(distinct) > KNOTS:
        places_kept = np.searchsorted(reached, np.linspace(0, 1, KNOTS))
        chosen = np.unique(np.minimum(places_kept, len(distinct) - 1))
    return Scale(tuple(distinct[chosen].tolist()), tuple(middle[chosen].tolist()), median)


def score_values(indicator: Indicator, scale: Scale, values: Array) -> Array:
    """Return the scores of values, 0 for the worst and 1 for the best, (n,)."""
    places = np.interp(np.where(np.isnan(values), scale.median, values), scale.knots, scale.places)
    scores = places if indicator.direction == "higher" else 1.0 - places
    if indicator.missing == "worst":
        scores = np.where(np.isnan(values), 0.0, scores)
    result: Array = scores
    return result

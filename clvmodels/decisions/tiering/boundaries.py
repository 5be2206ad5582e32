"""Boundaries of tiers: pure functions of values that do not depend on the order of rows or the unit of money."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from string import ascii_uppercase
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption, closest
from clvmodels.processes.contract import Array

__all__ = ["TierDefinition", "TierRule", "define_tiers", "lowest_values", "merge_near_ties", "tier_of"]

TierRule = Literal["quantile", "cumulative_share", "thresholds"]
DEFAULT_BOUNDARIES: dict[str, tuple[float, ...]] = {"quantile": (0.05, 0.2, 0.5), "cumulative_share": (0.8, 0.95)}
SAME_VALUE = 1e-9  # relative difference of two values that counts as float error: a change of currency keeps ties
ROUNDING_TOLERANCE = 1e-12  # float error allowed in a sum of values, as a share of the total


@dataclass(frozen=True, slots=True)
class TierDefinition:
    """How tiers are made.

    Attributes
    ----------
    rule : {"quantile", "cumulative_share", "thresholds"}
    boundaries : tuple of float
        One fewer than there are names: shares of customers, shares of the total value, or amounts of money.
    names : tuple of str
        The best tier first.
    """

    rule: TierRule
    boundaries: tuple[float, ...]
    names: tuple[str, ...]


def define_tiers(rule: Any, boundaries: Any, names: Any) -> TierDefinition:
    """Return the definition from the arguments of `tiers`; raise an InvalidOption that lists all faults."""
    if rule not in get_args(TierRule):
        options = ", ".join(map(repr, get_args(TierRule)))
        raise InvalidOption(f"rule={rule!r} is not one of {options}.{closest(rule, get_args(TierRule))}")
    if boundaries is None and rule == "thresholds":
        raise InvalidOption("rule='thresholds' needs boundaries=, the lowest value of each tier, such as (500, 100).")
    boundaries = DEFAULT_BOUNDARIES[rule] if boundaries is None else boundaries
    numbers = tuple(boundaries) if isinstance(boundaries, (tuple, list, np.ndarray)) else (boundaries,)
    if not numbers or not all(isinstance(each, Real) and np.isfinite(float(each)) for each in numbers):
        raise InvalidOption(f"boundaries={boundaries!r} must be numbers, one fewer than there are tiers.")
    limits = tuple(map(float, numbers))
    if names is not None and isinstance(names, str):
        raise InvalidOption(f"names={names!r} must be a list of names, such as ['gold', 'silver'].")
    labels = tuple(ascii_uppercase[: len(limits) + 1]) if names is None else tuple(names)
    faults = [*_order_faults(rule, limits), *_name_faults(labels, limits)]
    if faults:
        raise InvalidOption(" ".join(faults))
    return TierDefinition(rule, limits, labels)


def _order_faults(rule: TierRule, limits: tuple[float, ...]) -> list[str]:
    """Return a list of what is wrong with boundaries."""
    steps = np.diff(limits)
    if rule == "thresholds":
        falls = bool(np.all(steps < 0))
        return [] if falls else [f"boundaries={limits} must fall: the lowest value of the best tier comes first."]
    inside = all(0 < limit < 1 for limit in limits)
    if inside and bool(np.all(steps > 0)):
        return []
    return [f"boundaries={limits} must be shares between 0 and 1 that rise, such as {DEFAULT_BOUNDARIES[rule]}."]


def _name_faults(labels: tuple[Any, ...], limits: tuple[float, ...]) -> list[str]:
    """Return a list of what is wrong with names."""
    if len(labels) != len(limits) + 1:
        return [
            f"names={list(labels)} has {len(labels)} names, but {len(limits)} boundaries make {len(limits) + 1} tiers."
        ]
    if not all(isinstance(label, str) and label.strip() for label in labels) or len({*labels}) < len(labels):
        return [f"names={list(labels)} must be different texts, none of them empty."]
    return []


def merge_near_ties(values: Array) -> Array:
    """Return the values (n,) with differences of float error removed; NaN stays NaN."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    gap = np.diff(ordered, prepend=np.nan)
    new = ~(gap <= SAME_VALUE * np.abs(ordered))
    merged = np.empty_like(values)
    merged[order] = ordered[np.maximum.accumulate(np.where(new, np.arange(len(values)), 0))]
    return merged


def lowest_values(values: npt.NDArray[np.floating[Any]], definition: TierDefinition) -> Array:
    """Return the lowest value of each tier or a better one, for all tiers but the last.

    Customers with equal values are in the same tier, that of their middle rank (or of the middle of their share of the
    total), so the order of rows does not matter; `validation.tables.metrics.deciles` uses the same rule.

    Parameters
    ----------
    values : array (n,)
        Without missing values.
    definition : TierDefinition

    Returns
    -------
    array (tiers - 1,)
        Falling; infinite where no customer belongs to the tier or a better one.
    """
    if definition.rule == "thresholds":
        return np.array(definition.boundaries)
    if definition.rule == "quantile":
        return _lowest_by_rank(values, definition.boundaries)
    ordered = np.sort(values)[::-1]
    reached = _shares(ordered)
    # `reached` rises from the best customer on, and is the same for equal values.
    count = np.searchsorted(reached, np.array(definition.boundaries), side="left")
    return np.where(count > 0, ordered[np.maximum(count - 1, 0)] if len(ordered) else np.inf, np.inf)


def _lowest_by_rank(values: npt.NDArray[np.floating[Any]], shares: tuple[float, ...]) -> Array:
    """Return the lowest value whose rank, the middle rank for ties, is below each share of the customers, (tiers - 1,).

    Only the values at these ranks are sorted out, which for a million customers is several times faster than sorting.
    """
    n = len(values)
    if not n:
        return np.full(len(shares), np.inf)
    # Customers who bought nothing share the smallest value: set apart, they do not slow the search.
    smallest = values.min()
    rest = values[values > smallest]
    ranks = [min(int(share * n), n - 1) for share in shares]
    places = sorted({len(rest) - 1 - rank for rank in ranks if rank < len(rest)})
    parted = np.partition(rest, places) if places else rest
    lowest = np.empty(len(shares))
    for number, (share, rank) in enumerate(zip(shares, ranks, strict=True)):
        place = max(len(rest) - 1 - rank, -1)
        value, better = (parted[place], parted[place + 1 :]) if place >= 0 else (smallest, parted)
        higher = better > value  # the others are equal
        first = int(np.count_nonzero(higher))
        last = n - 1 if place < 0 else rank + int(np.count_nonzero(parted[:place] == value))
        inside = (first + last) / 2 / n < share
        lowest[number] = value if inside else np.min(better, where=higher, initial=np.inf)
    return lowest


def _shares(ordered: npt.NDArray[np.floating[Any]]) -> Array:
    """Return the share of the total held by the customers before each one and half of the ties, (n,).

    Customers with a value of 0 or less come after the whole total.
    """
    first, last = _ends_of_ties(ordered)
    positive = np.maximum(ordered.astype(float), 0.0)
    before = np.append(0.0, np.cumsum(positive))
    total = before[-1]
    if total <= 0:
        return np.ones(len(ordered))
    middle = (before[first] + before[last + 1]) / 2 / total
    return np.where(ordered > 0, np.minimum(middle, 1.0) - ROUNDING_TOLERANCE, 1.0)


def _ends_of_ties(
    ordered: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the first and the last position with the same value as each position, (n,)."""
    places = np.arange(len(ordered))
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    first = np.maximum.accumulate(np.where(new, places, 0))
    ends = np.append(np.flatnonzero(new)[1:], len(ordered)) - 1
    return first, ends[np.cumsum(new) - 1]


def tier_of(values: npt.NDArray[np.floating[Any]], lowest: Array) -> npt.NDArray[np.intp]:
    """Return the tier of each value as a number, 0 for the best, (n,)."""
    # `lowest` falls, so count the boundaries above each value.
    above: npt.NDArray[np.intp] = len(lowest) - np.searchsorted(lowest[::-1], values, side="right")
    return above

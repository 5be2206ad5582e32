"""Stable tiers: a published tier changes only if today's value is well beyond its boundary."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.tiering.boundaries import tier_of
from clvmodels.processes.contract import Array

__all__ = ["NEW", "assign_tiers"]

NEW = -1  # the published tier of customers without one

Tier = npt.NDArray[np.intp]


def assign_tiers(values: Array, published: Tier, lowest: Array, evidence: float, drift: float) -> Tier:
    """Return the tier of each customer, which stays as published unless the value is well beyond its boundary.

    At each boundary, a customer published above it stays above it down to a value that is lower by `evidence`, and a
    customer published below it moves up only at a value that is higher by the same share. If fewer customers are above
    the boundary than by today's values, the best of those below it fill the free places. If there are too many, first
    customers without a published tier wait below it, while customers published below it do; then the lowest of those
    who stayed above it fall. All values stay between the neighboring boundaries, so the sets of customers above them
    are nested.

    Parameters
    ----------
    values : array (n,)
        Without missing values.
    published : int array (n,)
        The published tier as a number, 0 for the best; NEW for customers who had none and take today's.
    lowest : array (tiers - 1,)
        The lowest value of each tier but the last today, falling.
    evidence : float
        As a share of the boundary.
    drift : float
        Largest difference of the size of a tier from today's, as a share of today's.

    Returns
    -------
    int array (n,)
    """
    today = np.bincount(tier_of(values, lowest), minlength=len(lowest) + 1)
    above = np.zeros(len(values), dtype=np.intp)
    neighbors = np.concatenate([[np.inf], lowest, [-np.inf]])
    most = np.floor(drift * today).astype(np.intp)
    surplus = 0  # customers above the previous boundary, minus their number by today's values
    for tier, boundary in enumerate(lowest):
        width = evidence * abs(boundary) if np.isfinite(boundary) else 0.0
        stay_above = max(boundary - width, neighbors[tier + 2])
        move_up = min(boundary + width, neighbors[tier])
        # Surpluses that this tier may have and the next tier can make up for; 0 is always one of them.
        limits = max(surplus - most[tier], -most[tier + 1]), min(surplus + most[tier], most[tier + 1])
        belongs = _above(values, published, tier, (stay_above, boundary, move_up), limits)
        surplus = int(belongs.sum()) - int(np.sum(values >= boundary))
        above += belongs
    return len(lowest) - above


def _above(
    values: Array, published: Tier, tier: int, levels: tuple[float, float, float], limits: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Return a mask of the customers who belong to a tier or a better one, (n,).

    `levels` are the lowest value at which customers stay above the boundary, the boundary, and the lowest value at
    which they move up. `limits` are the smallest and largest allowed difference of their number from that by today's
    values.
    """
    stay_above, boundary, move_up = levels
    enter, target = boundary, int(np.sum(values >= boundary))
    is_new, was_below = published == NEW, published > tier
    was_above = ~is_new & ~was_below

    def above() -> npt.NDArray[np.bool_]:
        level = np.where(was_above, stay_above, np.where(was_below, move_up, enter))
        result: npt.NDArray[np.bool_] = values >= level
        return result

    fewest, most = limits
    surplus = int(above().sum()) - target
    if surplus > most:
        arriving = values[is_new & (values >= boundary) & (values < move_up)]
        enter = _leave_out(arriving, surplus - most, boundary, move_up)
        surplus = int(above().sum()) - target
    if surplus > most:
        lagging = values[was_above & (values >= stay_above) & (values < boundary)]
        stay_above = _leave_out(lagging, surplus - most, stay_above, boundary)
        surplus = int(above().sum()) - target
    if surplus < 0:
        waiting = values[~was_above & (values >= boundary) & ~above()]
        place = _leave_out(waiting, len(waiting) + surplus, boundary, np.inf)
        enter, move_up = min(enter, place), min(move_up, place)
    if not fewest <= int(above().sum()) - target <= most:  # customers with equal values stay together
        stay_above = move_up = enter = boundary
    return above()


def _leave_out(values: Array, count: int, lowest: float, highest: float) -> float:
    """Return a level between two others that excludes this many of the lowest values, and values equal to them."""
    if not len(values) or count <= 0:
        return lowest
    ordered = np.sort(values)
    later = ordered[ordered > ordered[min(count, len(ordered)) - 1]]
    return float(later[0]) if len(later) else highest

"""Stable tiers: a published tier changes only if today's value is well beyond its boundary."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.tiering.boundaries import tier_of
from clvmodels.processes.contract import Array

__all__ = ["NEW", "assign_tiers"]

NEW = -1  # the published tier of customers without one
# A value that is this share higher than the published value, or than the boundary, is evidence of a rise. A purchase
# usually adds more; estimating the model again adds less.
RISE = 0.03

Tier = npt.NDArray[np.intp]


def assign_tiers(
    values: Array,
    published: Tier,
    lowest: Array,
    evidence: float,
    drift: float,
    earlier_values: Array | None = None,
) -> Tier:
    """Return the tier of each customer, which stays as published until there is evidence for another.

    At each boundary, a customer published above it stays above it down to a value that is lower by `evidence`. A
    customer published below it moves up if the value is above the boundary, higher than when the tiers were published,
    and 3 % higher than at least one of the two. If there are too many customers above the boundary, first those without
    a published tier wait below it, the lowest first; then the lowest of those who stayed above it fall. If there are
    too few, the best of those who wait move up. All values stay between the neighboring boundaries, so the sets of
    customers above them are nested.

    Parameters
    ----------
    values : array (n,)
        Without missing values.
    published : int array (n,)
        The published tier as a number, 0 for the best; NEW for customers who had none and take today's.
    lowest : array (tiers - 1,)
        The lowest value of each tier but the last today, falling.
    evidence : float
        As a share of the boundary. With 0, all customers take today's tiers.
    drift : float
        Largest difference of the size of a tier from today's, as a share of today's. With 0, all customers take today's
        tiers.
    earlier_values : array (n,), optional
        The values when the tiers were published, NaN if unknown. Default: all are unknown.

    Returns
    -------
    int array (n,)
    """
    if evidence == 0 or drift == 0:
        return tier_of(values, lowest)
    before = np.full(len(values), np.nan) if earlier_values is None else earlier_values
    today = np.bincount(tier_of(values, lowest), minlength=len(lowest) + 1)
    above = np.zeros(len(values), dtype=np.intp)
    neighbors = np.concatenate([[np.inf], lowest, [-np.inf]])
    most = np.floor(drift * today).astype(np.intp)
    surplus = 0  # customers above the previous boundary, minus their number by today's values
    for tier, boundary in enumerate(lowest):
        width = evidence * abs(boundary) if np.isfinite(boundary) else 0.0
        stay_above = max(boundary - width, neighbors[tier + 2])
        # Surpluses that this tier may have and the next tier can make up for; 0 is always one of them.
        limits = max(surplus - most[tier], -most[tier + 1]), min(surplus + most[tier], most[tier + 1])
        step = RISE * np.abs(np.fmin(before, boundary))
        rises = ~(values <= before) & (values >= np.fmin(before, boundary) + step)
        belongs = _above(values, published, tier, rises, (stay_above, boundary, neighbors[tier]), limits)
        surplus = int(belongs.sum()) - int(np.sum(values >= boundary))
        above += belongs
    return len(lowest) - above


def _above(
    values: Array,
    published: Tier,
    tier: int,
    rises: npt.NDArray[np.bool_],
    levels: tuple[float, float, float],
    limits: tuple[int, int],
) -> npt.NDArray[np.bool_]:
    """Return a mask of the customers who belong to a tier or a better one, (n,).

    `rises` says who has evidence of a rise (n,). `levels` are the lowest value at which customers stay above the
    boundary, the boundary, and the next boundary above it. `limits` are the smallest and largest allowed difference of
    their number from that by today's values.
    """
    stay_above, boundary, next_boundary = levels
    enter, rise = boundary, next_boundary  # for customers without a published tier, and for those without evidence
    target = int(np.sum(values >= boundary))
    is_new = published == NEW
    was_above = ~is_new & (published <= tier)
    waits = ~is_new & ~was_above & ~rises

    def above() -> npt.NDArray[np.bool_]:
        level = np.where(was_above, stay_above, np.where(waits, rise, np.where(is_new, enter, boundary)))
        result: npt.NDArray[np.bool_] = values >= level
        return result

    fewest, most = limits
    surplus = int(above().sum()) - target
    if surplus > most:
        arriving = values[is_new & (values >= boundary) & (values < next_boundary)]
        enter = _leave_out(arriving, surplus - most, boundary, next_boundary)
        surplus = int(above().sum()) - target
    if surplus > most:
        lagging = values[was_above & (values >= stay_above) & (values < boundary)]
        stay_above = _leave_out(lagging, surplus - most, stay_above, boundary)
        surplus = int(above().sum()) - target
    if surplus < fewest:
        waiting = values[(is_new | waits) & (values >= boundary) & ~above()]
        place = _leave_out(waiting, len(waiting) + surplus - fewest, boundary, np.inf)
        enter, rise = min(enter, place), min(rise, place)
    if not fewest <= int(above().sum()) - target <= most:  # customers with equal values stay together
        stay_above = rise = enter = boundary
    return above()


def _leave_out(values: Array, count: int, lowest: float, highest: float) -> float:
    """Return a level between two others that excludes this many of the lowest values, and values equal to them."""
    if not len(values) or count <= 0:
        return lowest
    ordered = np.sort(values)
    later = ordered[ordered > ordered[min(count, len(ordered)) - 1]]
    return float(later[0]) if len(later) else highest

"""Looks at the data before an experiment ends: critical values at which the intervals of all looks hold together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import lambertw
from scipy.stats import norm

from clvmodels.errors import InvalidOption, closest, list_names
from clvmodels.processes.contract import Array

__all__ = ["Spending", "critical_value", "critical_values"]

Spending = Literal["obrien_fleming", "pocock", "confidence_sequence"]
GRID = 2_001  # points at which each density is evaluated
WIDEST = 8.0  # standard deviations from 0 to the ends of the grid


def critical_value(looks: Sequence[float] | None, confidence: float, spending: Any) -> float | None:
    """Return the critical value of the last of the looks that a user declared; None without looks.

    Raises
    ------
    InvalidOption
        For looks that are not rising shares of the planned time, or another kind of spending.
    """
    if spending not in get_args(Spending):
        options = get_args(Spending)
        raise InvalidOption(f"spending={spending!r} is not one of {list_names(options)}.{closest(spending, options)}")
    if looks is None:
        return None
    try:
        shares = np.array([float(share) for share in looks])
    except (TypeError, ValueError):
        shares = np.zeros(0)
    late = spending != "confidence_sequence" and len(shares) and shares[-1] > 1
    if not len(shares) or not np.all(np.diff(shares, prepend=0.0) > 0) or not np.all(np.isfinite(shares)) or late:
        raise InvalidOption(f"looks={looks!r} must be rising shares of the planned time, up to 1, such as (0.5, 1).")
    completed = shares if shares[-1] >= 1 else np.append(shares, 1.0)
    return float(critical_values(completed, confidence, spending)[len(shares) - 1])


def critical_values(shares: Array, confidence: float, spending: Spending = "obrien_fleming") -> Array:
    """Return the critical value of each look at the data, two-sided, in normal units (k,).

    Declared looks spend the error probability (Lan & DeMets 1983 [1]_): like O'Brien and Fleming's bounds, little at
    first, so the last look is almost as narrow as a single one; or like Pocock's, about equal parts at each look, so a
    large effect is shown early. Critical values come from the density of the statistic among experiments that have not
    stopped, integrated numerically (Armitage, McPherson & Rowe 1969). A confidence sequence [2]_ holds at any number of
    looks, declared or not, and after the planned time; it is narrowest at the planned end.

    Parameters
    ----------
    shares : array (k,)
        Share of the information available at each look, rising to 1; for outcomes that add up over time, the share of
        the planned weeks. For a confidence sequence, shares may exceed 1.
    confidence : float
    spending : {"obrien_fleming", "pocock", "confidence_sequence"}

    References
    ----------
    .. [1] K. K. G. Lan & D. L. DeMets (1983), "Discrete sequential boundaries for clinical trials", Biometrika 70(3),
           659-663.
    .. [2] I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy & A. Ramdas (2024), "Time-uniform central limit theory
           and asymptotic confidence sequences", Annals of Statistics 52(6), 2613-2640; theorem 2.2, with its parameter
           chosen for the planned end.
    """
    if spending == "confidence_sequence":
        return _of_sequence(shares, 1 - confidence)
    to_spend = np.diff(_spent(shares, 1 - confidence, spending), prepend=0.0)
    bounds: list[float] = []
    reach = np.linspace(-1.0, 1.0, GRID)
    points, density = reach, np.ones(0)
    for i, share in enumerate(shares):
        # The statistic times the root of its share is a sum of independent normal increments.
        step = np.sqrt(share - (shares[i - 1] if i else 0.0))

        def beyond(bound: float, points: Array = points, density: Array = density, step: float = step) -> float:
            if not len(density):
                return 2 * float(norm.sf(bound / step))
            tails = norm.sf((bound - points) / step) + norm.cdf((-bound - points) / step)
            return float(np.trapezoid(density * tails, points))

        bound = _solve(beyond, float(to_spend[i]), WIDEST * float(np.sqrt(share)))
        bounds.append(bound / float(np.sqrt(share)))
        following = reach * bound
        if len(density):
            kernel = norm.pdf((following[:, None] - points[None, :]) / step) / step
            density = np.trapezoid(kernel * density[None, :], points, axis=1)
        else:
            density = norm.pdf(following / step) / step
        points = following
    return np.array(bounds)


def _spent(shares: Array, error: float, spending: Spending) -> Array:
    """Return the error probability spent by each look, both sides together, (k,)."""
    if spending == "pocock":
        result: Array = error * np.log1p(np.expm1(1.0) * shares)
        return result
    return np.asarray(4 * norm.sf(norm.isf(0.25 * error) / np.sqrt(shares)))  # half of it on either side


def _of_sequence(shares: Array, error: float) -> Array:
    """Return the critical values of a confidence sequence that is narrowest at the planned end (k,)."""
    # The information at the planned end times the variance of the mixture.
    scale = float(-lambertw(-(error**2) / np.e, -1).real - 1)
    information = scale * shares
    result: Array = np.sqrt((1 + 1 / information) * np.log((1 + information) / error**2))
    return result


def _solve(beyond: Callable[[float], float], target: float, most: float) -> float:
    """Return the argument at which a falling function reaches a target, by bisection."""
    low, high = 0.0, most
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if beyond(middle) > target else (low, middle)
    return 0.5 * (low + high)

"""Ridges: where a likelihood of few customers bends away from the normal that its curvature at the maximum promises.

With a thousand customers MBG/NBD's r, b and the share who left at once trade off along a curve. A ridge tells where the
likelihood is highest at so many standard errors from the maximum along the direction that the data say least about;
draws of the parameters follow it, and are normal across it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clvmodels.inference.newton import Box, Curved, Mask, Point, Surface, step
from clvmodels.processes.contract import Array

__all__ = ["Ridge", "Sampled", "ridge_of"]

FARTHEST = 3.0  # standard errors that a ridge is followed to
LONGEST = 12.0  # coordinates, which are logarithms: as far as the data do not say how far to go
LEAPS = 40
CLOSE = 1e-3  # log-likelihood that the points of a ridge may lack
STEPS = 12  # uphill to a point of the ridge
STRAIGHT = 0.1  # standard errors that draws of two standard errors may be off


@dataclass(frozen=True, slots=True)
class Ridge:
    """What to add to normal draws.

    Attributes
    ----------
    axis : array (k,)
        One standard error in the direction that the data say least about, in coordinates.
    places : array (j,)
        Along the ridge, ascending: standard errors from the maximum as the likelihood counts them, which is the signed
        root of its ratio.
    bends : array (j, k)
        The ridge there, less the maximum and so many times the axis, in coordinates.
    """

    axis: Array
    places: Array
    bends: Array

    def added(self, along: Array) -> Array:
        """What to add to draws so many standard errors along the axis (draws,), in coordinates (k, draws)."""
        from scipy.interpolate import PchipInterpolator  # slow to import, and only intervals need it

        reach = np.clip(along, self.places[0], self.places[-1])
        added: Array = PchipInterpolator(self.places, self.bends)(reach).T
        return added


def ridge_of(surface: Curved, u: Array, hessian: Array, free: Mask) -> Ridge | None:
    """The ridge through a maximum with that Hessian; None where normal draws do as well, as with many customers."""
    chosen = np.flatnonzero(free)
    if not len(chosen):
        return None
    curvature, axes = np.linalg.eigh(-hessian[np.ix_(chosen, chosen)])
    errors = np.zeros((len(u), len(chosen)))  # columns: a standard error along each axis, the longest first
    errors[chosen] = axes / np.sqrt(curvature)
    if all(_straight(surface, u, hessian, free, errors, sign) for sign in (-1.0, 1.0)):
        return None
    across = _Across(surface, u, errors)
    before, after = (_side(across, sign) for sign in (-1.0, 1.0))
    points = [*before[::-1], (0.0, np.zeros(len(chosen))), *after]
    places = np.array([place for place, _ in points])
    away = np.array([where for _, where in points])
    away[:, 0] -= places
    return Ridge(errors[:, 0], places, away @ errors.T)


class Sampled:
    """The likelihood of all rows as that of a sample tells it, with the right gradient (0) and Hessian at its maximum.

    Parameters
    ----------
    sample : Curved
        Likelihood of the sample.
    share : float
        Of all customers, that the sample stands for.
    u, hessian : arrays (k,), (k, k)
        The maximum, and the Hessian of all rows there.
    free : bool array (k,)
    """

    def __init__(self, sample: Curved, share: float, u: Array, hessian: Array, free: Mask) -> None:
        self._sample, self._share, self._u = sample, share, u
        self._gradient: Array | None = None
        self._missing = hessian - sample.hessian(u, free) / share

    def __call__(self, u: Array) -> tuple[float, Array]:
        if self._gradient is None:
            self._gradient = self._sample(self._u)[1] / self._share
        value, gradient = self._sample(u)
        away = u - self._u
        missing = self._missing @ away
        told = value / self._share - float(self._gradient @ away) + 0.5 * float(away @ missing)
        return told, gradient / self._share - self._gradient + missing

    def hessian(self, u: Array, free: Mask, gradient: Array | None = None) -> Array:
        whole: Array = self._sample.hessian(u, free) / self._share + self._missing
        return whole


class _Across(NamedTuple):
    """A likelihood seen from its maximum, in standard errors along its axes."""

    surface: Surface
    center: Array
    errors: Array

    def __call__(self, u: Array) -> tuple[float, Array]:
        value, gradient = self.surface(self.center + self.errors @ u)
        return value, self.errors.T @ gradient


def _straight(surface: Curved, u: Array, hessian: Array, free: Mask, errors: Array, sign: float) -> bool:
    """Whether two standard errors along the axis the curvature is still what it was, as far as that moves draws."""
    with np.errstate(all="ignore"):
        there = surface.hessian(u + 2 * sign * errors[:, 0], free)
        change = errors.T @ (there - hessian) @ errors[:, 0]
    return bool(np.max(np.abs(change)) < STRAIGHT)


def _side(across: _Across, sign: float) -> list[tuple[float, Array]]:
    """Points of the ridge to one side: their places, and where they are in standard errors along the axes."""
    k = across.errors.shape[1]
    top, _ = across(np.zeros(k))
    longest = LONGEST / float(np.max(np.abs(across.errors[:, 0])))
    points = [(0.0, np.zeros(k))]
    last, hessian, leap = points[0][1], -np.eye(k), 1.0
    for _ in range(LEAPS):
        place, here = points[-1]
        end = min(abs(here[0]) + leap, longest)
        ahead = here.copy()
        if len(points) > 1:  # straight on
            ahead += (here - points[-2][1]) * (end - abs(here[0])) / (abs(here[0]) - abs(points[-2][1][0]))
        ahead[0] = sign * end
        found = _uphill(across, ahead, hessian)
        reached = float(np.sqrt(max(2 * (top - found.value), 0.0)))
        if reached > abs(place) + 1.5:
            leap /= 2
            continue
        last, hessian = found.u, found.hessian
        slope = (reached - abs(place)) / (end - abs(here[0]))
        if reached > abs(place) + CLOSE:
            points.append((sign * reached, found.u))
        if reached >= FARTHEST or end >= longest:
            break
        leap = min(1 / max(slope, CLOSE), 3 * leap)
    if abs(points[-1][0]) < FARTHEST:  # the data do not say how far
        points.append((sign * FARTHEST, last))
    return points[1:]


def _uphill(across: _Across, u: Array, hessian: Array) -> Point:
    """The highest point with the first coordinate held."""
    k = len(u)
    box = Box(np.full(k, -np.inf), np.full(k, np.inf)).pin(0, float(u[0]))
    value, gradient = across(u)
    point = Point(u, value, gradient, hessian, box.free(u, gradient))
    for _ in range(STEPS):
        if point.promise < CLOSE:
            break
        point = step(across, point, box)
    return point

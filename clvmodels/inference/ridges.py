"""Ridges: corrections to normal draws of the parameters where the likelihood is not close to normal.

Intervals assume that the likelihood is close to the normal distribution with its curvature at the maximum. With few
customers it often is not: with a thousand customers, MBG/NBD's r, b and the share who leave immediately trade off along
a curve, the ridge of the likelihood. A ridge starts at the maximum in the direction that is estimated least precisely
and passes through the points where the likelihood is highest at each distance. Draws of the parameters follow the
ridge, and are normal across it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clvmodels.inference.newton import Box, Curved, Mask, Point, Surface, step
from clvmodels.processes.contract import Array

__all__ = ["Ridge", "SampledSurface", "find_ridge"]

MOST_STANDARD_ERRORS = 3.0  # standard errors up to which a ridge is followed
LONGEST_DISTANCE = 12.0  # distance in coordinates, which are logarithms, up to which a flat ridge is followed
MAX_POINTS = 40  # most points on each side of the maximum
RIDGE_TOLERANCE = 1e-3  # tolerance in log-likelihood for the top of the ridge
MAX_STEPS = 12  # most steps uphill to a point of the ridge
STRAIGHT_TOLERANCE = 0.1  # error allowed in normal draws two standard errors away, in standard errors


@dataclass(frozen=True, slots=True)
class Ridge:
    """A correction to normal draws of the coordinates.

    Attributes
    ----------
    axis : array (k,)
        One standard error in the least precisely estimated direction, in coordinates.
    places : array (j,)
        Positions of points along the ridge, ascending, in standard errors from the maximum: the signed root of twice
        the difference of log-likelihood.
    bends : array (j, k)
        Coordinates of those points minus those of the maximum and of `places` times the axis: how far the ridge bends
        away from a straight line.
    """

    axis: Array
    places: Array
    bends: Array

    def offset(self, along: Array) -> Array:
        """Return the offsets of coordinates (k, draws) for draws at distances along the axis (draws,)."""
        from scipy.interpolate import PchipInterpolator  # slow to import, and only intervals need it

        reach = np.clip(along, self.places[0], self.places[-1])
        added: Array = PchipInterpolator(self.places, self.bends)(reach).T
        return added


def find_ridge(surface: Curved, u: Array, hessian: Array, free: Mask) -> Ridge | None:
    """Find the ridge through a maximum.

    Parameters
    ----------
    surface : Curved
        The log-likelihood.
    u, hessian : arrays (k,), (k, k)
        The maximum, and the Hessian there.
    free : bool array (k,)
        Coordinates that were estimated.

    Returns
    -------
    Ridge or None
        None if the likelihood is close to normal, as it is with many customers.
    """
    estimated = np.flatnonzero(free)
    if not len(estimated):
        return None
    curvature, axes = np.linalg.eigh(-hessian[np.ix_(estimated, estimated)])
    errors = np.zeros((len(u), len(estimated)))  # columns: one standard error along each axis, the longest first
    errors[estimated] = axes / np.sqrt(curvature)
    if all(_is_straight(surface, u, hessian, free, errors, sign) for sign in (-1.0, 1.0)):
        return None
    scaled = _ScaledSurface(surface, u, errors)
    before, after = (_follow(scaled, sign) for sign in (-1.0, 1.0))
    points = [*before[::-1], (0.0, np.zeros(len(estimated))), *after]
    places = np.array([place for place, _ in points])
    offsets = np.array([where for _, where in points])
    offsets[:, 0] -= places
    return Ridge(errors[:, 0], places, offsets @ errors.T)


class SampledSurface:
    """An approximation of the likelihood of all rows by that of a sample.

    At the maximum of all rows it has the right gradient (0) and the right Hessian.

    Parameters
    ----------
    sample : Curved
        Likelihood of the sample.
    share : float
        Share of all customers in the sample.
    u, hessian : arrays (k,), (k, k)
        The maximum of all rows, and their Hessian there.
    free : bool array (k,)
    """

    def __init__(self, sample: Curved, share: float, u: Array, hessian: Array, free: Mask) -> None:
        self._sample, self._share, self._u = sample, share, u
        self._gradient: Array | None = None
        self._correction = hessian - sample.hessian(u, free) / share

    def __call__(self, u: Array) -> tuple[float, Array]:
        if self._gradient is None:
            self._gradient = self._sample(self._u)[1] / self._share
        value, gradient = self._sample(u)
        distance = u - self._u
        correction = self._correction @ distance
        corrected = value / self._share - float(self._gradient @ distance) + 0.5 * float(distance @ correction)
        return corrected, gradient / self._share - self._gradient + correction

    def hessian(self, u: Array, free: Mask, gradient: Array | None = None) -> Array:
        corrected: Array = self._sample.hessian(u, free) / self._share + self._correction
        return corrected


class _ScaledSurface(NamedTuple):
    """A likelihood as a function of standard errors from its maximum along its axes."""

    surface: Surface
    center: Array
    errors: Array

    def __call__(self, u: Array) -> tuple[float, Array]:
        value, gradient = self.surface(self.center + self.errors @ u)
        return value, self.errors.T @ gradient


def _is_straight(surface: Curved, u: Array, hessian: Array, free: Mask, errors: Array, sign: float) -> bool:
    """Return whether the curvature two standard errors along the axis is close to that at the maximum."""
    with np.errstate(all="ignore"):
        farther = surface.hessian(u + 2 * sign * errors[:, 0], free)
        change = errors.T @ (farther - hessian) @ errors[:, 0]
    return bool(np.max(np.abs(change)) < STRAIGHT_TOLERANCE)


def _follow(scaled: _ScaledSurface, sign: float) -> list[tuple[float, Array]]:
    """Follow the ridge to one side; return the position and the scaled coordinates (k,) of each point."""
    k = scaled.errors.shape[1]
    top, _ = scaled(np.zeros(k))
    longest = LONGEST_DISTANCE / float(np.max(np.abs(scaled.errors[:, 0])))
    points = [(0.0, np.zeros(k))]
    last, hessian, stride = points[0][1], -np.eye(k), 1.0
    for _ in range(MAX_POINTS):
        place, here = points[-1]
        end = min(abs(here[0]) + stride, longest)
        ahead = here.copy()
        if len(points) > 1:  # continue straight
            ahead += (here - points[-2][1]) * (end - abs(here[0])) / (abs(here[0]) - abs(points[-2][1][0]))
        ahead[0] = sign * end
        point = _climb_to_ridge(scaled, ahead, hessian)
        reached = float(np.sqrt(max(2 * (top - point.value), 0.0)))
        if reached > abs(place) + 1.5:
            stride /= 2
            continue
        last, hessian = point.u, point.hessian
        slope = (reached - abs(place)) / (end - abs(here[0]))
        if reached > abs(place) + RIDGE_TOLERANCE:
            points.append((sign * reached, point.u))
        if reached >= MOST_STANDARD_ERRORS or end >= longest:
            break
        stride = min(1 / max(slope, RIDGE_TOLERANCE), 3 * stride)
    if abs(points[-1][0]) < MOST_STANDARD_ERRORS:  # the likelihood is flat to the end
        points.append((sign * MOST_STANDARD_ERRORS, last))
    return points[1:]


def _climb_to_ridge(scaled: _ScaledSurface, u: Array, hessian: Array) -> Point:
    """Return the highest point with the first coordinate fixed."""
    k = len(u)
    box = Box(np.full(k, -np.inf), np.full(k, np.inf)).pin(0, float(u[0]))
    value, gradient = scaled(u)
    point = Point(u, value, gradient, hessian, box.free(u, gradient))
    for _ in range(MAX_STEPS):
        if point.possible_gain < RIDGE_TOLERANCE:
            break
        point = step(scaled, point, box)
    return point

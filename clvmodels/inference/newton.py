"""Newton steps within limits, with a Hessian that is recomputed only when steps gain too little."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = [
    "CLIMB_GAIN",
    "LIMIT_DISTANCE",
    "ROUNDING",
    "Box",
    "Curved",
    "Mask",
    "Point",
    "Surface",
    "climb",
    "is_on_hill",
    "refine",
    "step",
]

Mask = npt.NDArray[np.bool_]

CONVERGED_GAIN = 1e-15  # possible gain of log-likelihood at convergence: accurate to 1e-7 standard errors
CLIMB_GAIN = 0.1  # possible gain of log-likelihood where `climb` stops, which is enough to compare hills
SAME_HILL = 0.5  # distance in coordinates, which are logarithms, within which two points are on one hill
LIMIT_DISTANCE = 5.0  # coordinates farther from 0 are near a limit, which may fit as well
MAX_HESSIANS = 60
PAYING_SHARE = 0.7  # a Hessian is reused while each step's possible gain is below this share of the last one
ROUNDING = 1.5e-8  # relative error of curvature from differences of a score: the square root of the precision
LONGEST_STEP = 2.0  # in coordinates, which are logarithms
MAX_HALVINGS = 30


class Surface(Protocol):
    """A function that returns the log-likelihood and its gradient (k,) at coordinates (k,)."""

    def __call__(self, u: Array) -> tuple[float, Array]: ...


class Curved(Surface, Protocol):
    """A surface with a Hessian (k, k), which is 0 where a coordinate is not free."""

    def hessian(self, u: Array, free: Mask, gradient: Array | None = None) -> Array: ...


class Box(NamedTuple):
    """Lower and upper limits of the coordinates, each (k,); a coordinate with lower == upper is pinned."""

    lower: Array
    upper: Array

    def clip(self, u: Array) -> Array:
        return np.clip(u, self.lower, self.upper)

    def free(self, u: Array, gradient: Array) -> Mask:
        """Return which coordinates are free: not pinned, and not pressed against a limit by the gradient."""
        at_limit = (
            ((u <= self.lower) & (gradient <= 0)) | ((u >= self.upper) & (gradient >= 0)) | (self.lower == self.upper)
        )
        free: Mask = ~at_limit
        return free

    def pin(self, i: int, at: float) -> Box:
        """Return the box with coordinate i fixed at a value."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[i] = upper[i] = at
        return Box(lower, upper)


@dataclass(frozen=True)
class Point:
    """A point of the search: coordinates (k,), log-likelihood, gradient (k,), Hessian (k, k), free coordinates (k,)."""

    u: Array
    value: float
    gradient: Array
    hessian: Array
    free: Mask

    @cached_property
    def ascent(self) -> Array:
        """Newton direction in the free coordinates, with curvature made positive and bounded away from 0."""
        direction = np.zeros_like(self.gradient)
        if self.free.any():
            negative = -self.hessian[self.free][:, self.free]
            scale = np.sqrt(np.maximum(np.abs(negative.diagonal()), 1e-8))  # a strong prior flattens no other
            curvature, axes = np.linalg.eigh(negative / (scale[:, None] * scale))
            steps = (axes.T @ (self.gradient[self.free] / scale)) / np.maximum(np.abs(curvature), ROUNDING)
            direction[self.free] = axes @ steps / scale
        return direction

    @property
    def possible_gain(self) -> float:
        """Log-likelihood that a Newton step gains if the surface is quadratic."""
        return 0.5 * float(self.gradient @ self.ascent)


def climb(objective: Curved, u: Array, box: Box, best: Point | None = None) -> Point:
    """Climb near enough to the top of the nearest hill to compare its height with other hills.

    Parameters
    ----------
    objective : Curved
    u : array (k,)
        Start.
    box : Box
    best : Point, optional
        The highest point of earlier climbs. A climb that reaches its hill stops there.
    """
    value, gradient = objective(u)
    point = Point(u, value, gradient, np.zeros((len(u), len(u))), box.free(u, gradient))
    for _ in range(MAX_HESSIANS):
        free = box.free(point.u, point.gradient)
        point = replace(point, hessian=objective.hessian(point.u, free, point.gradient), free=free)
        last_gain = np.inf
        before = point.value
        while CLIMB_GAIN <= point.possible_gain < PAYING_SHARE * last_gain and not is_on_hill(point, best):
            last_gain = point.possible_gain
            point = step(objective, point, box)
        if point.possible_gain < CLIMB_GAIN or is_on_hill(point, best) or not point.value > before:
            break
    return point


def refine(objective: Curved, u: Array, hessian: Array, box: Box) -> Point:
    """Take Newton steps inside the box until they gain nothing.

    A Hessian, updated from the steps, is used while they gain enough. The first Hessian may be that of a sample; the
    last is that of all rows at the end of the search.
    """
    u = box.clip(u)
    value, gradient = objective(u)
    point = _jump(objective, Point(u, value, gradient, hessian, box.free(u, gradient)), box)
    for _ in range(MAX_HESSIANS):
        last_gain = np.inf
        while CONVERGED_GAIN <= point.possible_gain < PAYING_SHARE * last_gain:
            last_gain = point.possible_gain
            point = step(objective, point, box)
        free = box.free(point.u, point.gradient)
        point = replace(point, hessian=objective.hessian(point.u, free, point.gradient), free=free)
        if point.possible_gain < CONVERGED_GAIN:
            break
        moved = step(objective, point, box)
        if moved.value <= point.value and moved.possible_gain >= CONVERGED_GAIN:
            return point  # the remaining gain is rounding error
        point = moved
    return point


def _jump(objective: Surface, point: Point, box: Box) -> Point:
    """Move coordinates near limits that the likelihood rises toward to these limits, unless it is lower there.

    It is nearly flat on the way, where Newton's steps have a length of 1.
    """
    limits = np.where(point.gradient > 0, box.upper, box.lower)
    outward = point.free & (np.abs(point.u) > LIMIT_DISTANCE) & (np.sign(point.gradient) == np.sign(point.u))
    if not (outward & np.isfinite(limits)).any():
        return point
    u = np.where(outward & np.isfinite(limits), limits, point.u)
    value, gradient = objective(u)
    return Point(u, value, gradient, point.hessian, box.free(u, gradient)) if value >= point.value else point


def is_on_hill(point: Point, top: Point | None) -> bool:
    """Return whether two points are close enough to be on the same hill; coordinates near one limit are alike."""
    if top is None:
        return False
    near, other = (np.clip(each.u, -LIMIT_DISTANCE, LIMIT_DISTANCE) for each in (point, top))
    return bool(np.max(np.abs(near - other)) < SAME_HILL)


def step(objective: Surface, point: Point, box: Box) -> Point:
    """Take one step uphill, halved until it loses nothing; return the same point if no such step exists."""
    direction = point.ascent * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(point.ascent))), 1e-300))
    tolerance = 1e-13 * abs(point.value)
    for halving in range(MAX_HALVINGS):
        u = box.clip(point.u + direction * 0.5**halving)
        value, gradient = objective(u)
        if value >= point.value - tolerance:
            hessian = _update(point.hessian, u - point.u, gradient - point.gradient)
            return Point(u, value, gradient, hessian, box.free(u, gradient))
    return point


def _update(hessian: Array, step: Array, change: Array) -> Array:
    """Return the Hessian updated from the change of the gradient along a step.

    The symmetric rank-one update of Nocedal & Wright (2006), Numerical Optimization, eqs. (6.24) and (6.26).
    """
    error = change - hessian @ step
    size = float(error @ step)
    if abs(size) <= 1e-8 * float(np.linalg.norm(error) * np.linalg.norm(step)):
        return hessian
    updated: Array = hessian + np.outer(error, error) / size
    return updated

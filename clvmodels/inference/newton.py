"""Newton steps inside limits, with a Hessian that is worked out again only where steps stop paying off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array

__all__ = ["ROUNDING", "Box", "Curved", "Mask", "Point", "Surface", "climb", "refine", "step"]

Mask = npt.NDArray[np.bool_]

DECREMENT = 1e-15  # converged when a Newton step promises less log-likelihood: good to 1e-7 standard errors
ENOUGH = 0.1  # promised log-likelihood below which a hill's height is known
BESIDE = 0.5  # coordinates, which are logarithms, from the top of a hill to its slope
ROUNDS = 60  # Hessians at most
PAYING = 0.3  # a Hessian is kept while each step leaves less than this share of what the last promised
ROUNDING = 1.5e-8  # of the largest curvature: what differences of a score can be off by, the root of the precision
LONGEST_STEP = 2.0  # in coordinates, which are logarithms


class Surface(Protocol):
    """A log-likelihood and its gradient (k,) at coordinates (k,)."""

    def __call__(self, u: Array) -> tuple[float, Array]: ...


class Curved(Surface, Protocol):
    """One that knows its Hessian (k, k) too: 0 where a coordinate is not free."""

    def hessian(self, u: Array, free: Mask, gradient: Array | None = None) -> Array: ...


class Box(NamedTuple):
    """Limits of the coordinates, each (k,); a coordinate with lower == upper is pinned."""

    lower: Array
    upper: Array

    def clip(self, u: Array) -> Array:
        return np.clip(u, self.lower, self.upper)

    def free(self, u: Array, gradient: Array) -> Mask:
        """Coordinates that are not held at a limit by the gradient."""
        held = (
            ((u <= self.lower) & (gradient <= 0)) | ((u >= self.upper) & (gradient >= 0)) | (self.lower == self.upper)
        )
        free: Mask = ~held
        return free

    def pin(self, i: int, at: float) -> Box:
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[i] = upper[i] = at
        return Box(lower, upper)


@dataclass(frozen=True)
class Point:
    """A point of the search: coordinates (k,), log-likelihood, gradient (k,), Hessian (k, k), and what is free (k,)."""

    u: Array
    value: float
    gradient: Array
    hessian: Array
    free: Mask

    @cached_property
    def ascent(self) -> Array:
        """Newton direction in the free coordinates; curvature of the wrong sign is turned round, flatness bounded."""
        direction = np.zeros_like(self.gradient)
        if self.free.any():
            negative = -self.hessian[self.free][:, self.free]
            scale = np.sqrt(np.maximum(np.abs(np.diag(negative)), 1e-8))  # a strong prior makes nothing else flat
            curvature, axes = np.linalg.eigh(negative / np.outer(scale, scale))
            steps = (axes.T @ (self.gradient[self.free] / scale)) / np.maximum(np.abs(curvature), ROUNDING)
            direction[self.free] = axes @ steps / scale
        return direction

    @property
    def promise(self) -> float:
        """Log-likelihood that a Newton step promises."""
        return 0.5 * float(self.gradient @ self.ascent)


def climb(objective: Curved, u: Array, box: Box, known: Point | None = None) -> Point:
    """From afar to near the top of the nearest hill: enough to tell which hill is the highest.

    Where that is the one whose top is known already, no further than its slope.
    """
    value, gradient = objective(u)
    point = Point(u, value, gradient, np.zeros((len(u), len(u))), box.free(u, gradient))
    for _ in range(ROUNDS):
        free = box.free(point.u, point.gradient)
        point = replace(point, hessian=objective.hessian(point.u, free, point.gradient), free=free)
        promise = np.inf
        before = point.value
        while ENOUGH <= point.promise < PAYING * promise and not _beside(point, known):
            promise = point.promise
            point = step(objective, point, box)
        if point.promise < ENOUGH or _beside(point, known) or not point.value > before:
            break
    return point


def refine(objective: Curved, u: Array, hessian: Array, box: Box) -> Point:
    """Newton steps inside the box, with one Hessian, which learns from them, for as long as they pay off.

    The first Hessian may be that of a sample; the last is that of all rows where the search ends.
    """
    u = box.clip(u)
    value, gradient = objective(u)
    point = Point(u, value, gradient, hessian, box.free(u, gradient))
    for _ in range(ROUNDS):
        promise = np.inf
        while DECREMENT <= point.promise < PAYING * promise:
            promise = point.promise
            point = step(objective, point, box)
        free = box.free(point.u, point.gradient)
        point = replace(point, hessian=objective.hessian(point.u, free, point.gradient), free=free)
        if point.promise < DECREMENT:
            break
        moved = step(objective, point, box)
        if moved.value <= point.value and moved.promise >= DECREMENT:
            return point  # rounding is all that is left to gain
        point = moved
    return point


def _beside(point: Point, known: Point | None) -> bool:
    """Whether a point is on the slope of a hill whose top is known."""
    return known is not None and bool(np.max(np.abs(point.u - known.u)) < BESIDE)


def step(objective: Surface, point: Point, box: Box) -> Point:
    """One step uphill, halved until it does not lose; the same point if none is found."""
    direction = point.ascent * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(point.ascent))), 1e-300))
    tolerance = 1e-13 * abs(point.value)
    for halving in range(30):
        u = box.clip(point.u + direction * 0.5**halving)
        value, gradient = objective(u)
        if value >= point.value - tolerance:
            learned = _learned(point.hessian, u - point.u, gradient - point.gradient)
            return Point(u, value, gradient, learned, box.free(u, gradient))
    return point


def _learned(hessian: Array, step: Array, change: Array) -> Array:
    """The Hessian with what a step's change of the gradient tells of it.

    The symmetric rank-one update: Nocedal & Wright (2006), Numerical Optimization, eqs. (6.24) and (6.26).
    """
    wrong = change - hessian @ step
    size = float(wrong @ step)
    if abs(size) <= 1e-8 * float(np.linalg.norm(wrong) * np.linalg.norm(step)):
        return hessian
    learned: Array = hessian + np.outer(wrong, wrong) / size
    return learned

"""Edges: one-sided uncertainty of parameters that a fit found at a limit.

A coordinate at its limit has no curvature there, and draws of the parameters that all stay at the limit understate the
uncertainty: the data may be nearly as likely if a few customers drop out as if none do. An edge is the profile of the
likelihood from the limit inward. Half of the draws stay at the limit, and the others move as far inward as the
likelihood ratio allows: the signed root of twice its logarithm is half-normal, as when the true parameter is at the
limit. Self & Liang (1987), Journal of the American Statistical Association 82(398), 605-610, case 5.

A coordinate that is not identified at the fit may matter farther away. It has an edge to both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clvmodels.inference.newton import Box, Mask, Point, Surface, step
from clvmodels.processes.contract import Array

__all__ = ["Edge", "find_edges"]

MOST_STANDARD_ERRORS = 3.0  # standard errors up to which an edge is followed
LONGEST_DISTANCE = 40.0  # distance in coordinates, which are logarithms, up to which an edge without end is followed
NEXT, WIDE_GAP = 0.7, 1.1  # standard errors between points: planned, and at most
SHORTEST_STRIDE, LONGEST_STRIDE = 0.05, 4.0
MAX_POINTS = 60  # tried
SMALLEST_FALL = 0.1  # standard errors: a likelihood that falls less has no edge
MAXIMUM_TOLERANCE = 1e-3  # tolerance in log-likelihood for the maximum over the other coordinates
MAX_STEPS = 12  # most steps to a point


@dataclass(frozen=True, slots=True)
class Edge:
    """The likelihood from a limit of a coordinate inward, or to both sides of one that is not identified.

    Attributes
    ----------
    coordinate : int
        Index of the coordinate.
    places : array (j,)
        Ascending, one of them 0: the signed root of twice the fall of the log-likelihood, in standard errors.
    offsets : array (j, k)
        Coordinates of the points there minus those of the fit; the others maximize the likelihood.
    """

    coordinate: int
    places: Array
    offsets: Array

    def offset(self, noise: Array) -> Array:
        """Return the offsets of coordinates (k, draws) for draws (draws,) of a standard normal variable."""
        from scipy.interpolate import PchipInterpolator  # slow to import, and only intervals need it

        reach = np.clip(noise, self.places[0], self.places[-1])
        added: Array = PchipInterpolator(self.places, self.offsets)(reach).T
        return added


def find_edges(surface: Surface, u: Array, hessian: Array, free: Mask, box: Box) -> tuple[Edge, ...]:
    """Find the edges of a fit, one for each coordinate that was not estimated.

    Parameters
    ----------
    surface : Surface
        The log-likelihood of all rows, because that of a sample may rise where it falls.
    u, hessian : arrays (k,), (k, k)
        The end of the search, and the Hessian there.
    free : bool array (k,)
        Coordinates that were estimated.
    box : Box
        Limits of the coordinates.
    """
    edges = []
    # Only estimated coordinates are adjusted; otherwise the spread of dropout could move back to "nobody leaves".
    others = Box(np.where(free, box.lower, u), np.where(free, box.upper, u))
    value, gradient = surface(u) if not free.all() else (0.0, u)
    top = Point(u, value, gradient, hessian, free)
    for i in np.flatnonzero(~free).tolist():
        ends = [(1.0, float(box.upper[i] - u[i])), (-1.0, float(u[i] - box.lower[i]))]
        sides = [_follow(surface, top, others, i, sign, min(far, LONGEST_DISTANCE)) for sign, far in ends if far > 0]
        points = sorted((point for side in sides for point in side), key=lambda point: point[0])
        if points:
            before = [point for point in points if point[0] < 0]
            points = [*before, (0.0, np.zeros(len(u))), *points[len(before) :]]
            edges.append(Edge(i, np.array([place for place, _ in points]), np.array([offset for _, offset in points])))
    return tuple(edges)


def _follow(surface: Surface, top: Point, box: Box, i: int, sign: float, longest: float) -> list[tuple[float, Array]]:
    """Follow the profile of the likelihood along coordinate i to one side; return places and offsets (k,).

    There are none if the likelihood hardly falls up to the end.
    """
    here, place, distance, stride = top, 0.0, 0.0, LONGEST_STRIDE
    points: list[tuple[float, Array]] = []
    for _ in range(MAX_POINTS):
        farther = min(distance + stride, longest)
        point = _climb(surface, here, box.pin(i, float(top.u[i] + sign * farther)))
        reached = float(np.sqrt(max(2 * (top.value - point.value), 0.0)))
        if reached > place + WIDE_GAP and stride > SHORTEST_STRIDE:
            stride = max(stride / 2, SHORTEST_STRIDE)
            continue
        if not np.isfinite(reached):
            break
        stride = _next_stride(place, reached, farther - distance)
        here, distance = point, farther
        if reached > place + np.sqrt(2 * MAXIMUM_TOLERANCE):
            place = reached
            points.append((sign * place, here.u - top.u))
        if place >= MOST_STANDARD_ERRORS or distance >= longest:
            break
    if place < SMALLEST_FALL:
        return []
    return points if place >= MOST_STANDARD_ERRORS else [*points, (sign * MOST_STANDARD_ERRORS, here.u - top.u)]


def _next_stride(before: float, reached: float, stride: float) -> float:
    """Return the distance of the next point, assuming that the likelihood falls exponentially as on the last stride.

    A parameter near its limit is the exponential of a coordinate, and the likelihood is smooth in the parameter.
    """
    if reached <= before:
        return LONGEST_STRIDE
    growth = 2 * np.log(reached / before) / stride if before > 0 else 1.0
    planned = 2 * np.log1p(NEXT / reached) / max(growth, 1e-3)
    return float(np.clip(planned, SHORTEST_STRIDE, LONGEST_STRIDE))


def _climb(surface: Surface, near: Point, box: Box) -> Point:
    """Return a point close to the maximum in the box, from a nearby point and its Hessian."""
    u = box.clip(near.u)
    value, gradient = surface(u)
    point = Point(u, value, gradient, near.hessian, box.free(u, gradient))
    for _ in range(MAX_STEPS):
        if not np.isfinite(point.value) or point.possible_gain < MAXIMUM_TOLERANCE:
            break
        point = step(surface, point, box)
    return point

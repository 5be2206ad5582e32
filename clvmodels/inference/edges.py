"""Edges: one-sided uncertainty of parameters that a fit found at a limit.

A coordinate at its limit has no curvature there, and draws of the parameters that all stay at the limit are too sure of
it: the data may be nearly as likely if a few customers drop out as if nobody does. An edge is the profile of the
likelihood from the limit inward. Half of the draws stay at the limit, and the others move as far inward as the
likelihood ratio allows: the signed root of twice its logarithm is half-normal, as when the true parameter is at the
limit. Self & Liang (1987), Journal of the American Statistical Association 82(398), 605-610, case 5.

A coordinate that is not identified at the fit may matter farther away. It has an edge to both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clvmodels.inference.newton import Box, Curved, Mask, Point, step
from clvmodels.processes.contract import Array

__all__ = ["Edge", "find_edges"]

FARTHEST = 3.0  # standard errors up to which an edge is followed
LONGEST = 40.0  # distance in coordinates, which are logarithms, up to which an edge without end is followed
FIRST_STRIDE, LONGEST_STRIDE, SHORTEST_STRIDE = 2.0, 3.0, 0.05
WIDE_GAP, NARROW_GAP = 1.0, 0.3  # standard errors between points from which the stride is halved, or doubled
MAX_POINTS = 60  # tried
NOTHING = 0.1  # standard errors: a likelihood that falls less has no edge
CLOSE = 1e-3  # log-likelihood by which a point may miss the maximum of the other coordinates
ROUNDS, STEPS_PER_ROUND = 3, 6  # Hessians, and steps with each, on the way to a point


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

    def added(self, noise: Array) -> Array:
        """Return what to add to draws (draws,) of a standard normal variable, in coordinates (k, draws)."""
        from scipy.interpolate import PchipInterpolator  # slow to import, and only intervals need it

        reach = np.clip(noise, self.places[0], self.places[-1])
        added: Array = PchipInterpolator(self.places, self.offsets)(reach).T
        return added


def find_edges(surface: Curved, u: Array, free: Mask, box: Box) -> tuple[Edge, ...]:
    """Find the edges of a fit, one for each coordinate that was not estimated.

    Parameters
    ----------
    surface : Curved
        The log-likelihood.
    u : array (k,)
        The end of the search.
    free : bool array (k,)
        Coordinates that were estimated.
    box : Box
        Limits of the coordinates.
    """
    edges = []
    # Only estimated coordinates follow: without dropout, its spread would otherwise move to where nobody leaves again.
    others = Box(np.where(free, box.lower, u), np.where(free, box.upper, u))
    for i in np.flatnonzero(~free).tolist():
        ends = [(1.0, float(box.upper[i] - u[i])), (-1.0, float(u[i] - box.lower[i]))]
        sides = [_follow(surface, u, others, i, sign, min(far, LONGEST)) for sign, far in ends if far > 0]
        points = sorted((point for side in sides for point in side), key=lambda point: point[0])
        if points:
            before = [point for point in points if point[0] < 0]
            points = [*before, (0.0, np.zeros(len(u))), *points[len(before) :]]
            edges.append(Edge(i, np.array([place for place, _ in points]), np.array([offset for _, offset in points])))
    return tuple(edges)


def _follow(surface: Curved, u: Array, box: Box, i: int, sign: float, longest: float) -> list[tuple[float, Array]]:
    """Follow the profile of the likelihood along coordinate i to one side; return places and offsets (k,).

    There are none if the likelihood hardly falls up to the end.
    """
    top = surface(u)[0]
    here, place, distance, stride = u, 0.0, 0.0, FIRST_STRIDE
    points: list[tuple[float, Array]] = []
    for _ in range(MAX_POINTS):
        farther = min(distance + stride, longest)
        start = here.copy()
        start[i] = u[i] + sign * farther
        point = _climb(surface, start, box.pin(i, float(start[i])))
        reached = float(np.sqrt(max(2 * (top - point.value), 0.0)))
        if reached > place + WIDE_GAP and stride > SHORTEST_STRIDE:
            stride /= 2
            continue
        if not np.isfinite(reached):
            break
        here, distance = point.u, farther
        if reached < place + NARROW_GAP:
            stride = min(2 * stride, LONGEST_STRIDE)
        if reached > place + CLOSE:
            place = reached
            points.append((sign * place, here - u))
        if place >= FARTHEST or distance >= longest:
            break
    if place < NOTHING:
        return []
    return points if place >= FARTHEST else [*points, (sign * FARTHEST, here - u)]


def _climb(surface: Curved, u: Array, box: Box) -> Point:
    """Return a point close to the maximum in the box."""
    value, gradient = surface(u)
    point = Point(u, value, gradient, np.zeros((len(u), len(u))), box.free(u, gradient))
    for _ in range(ROUNDS):
        if not np.isfinite(point.value):
            break
        free = box.free(point.u, point.gradient)
        point = Point(point.u, point.value, point.gradient, surface.hessian(point.u, free, point.gradient), free)
        for _ in range(STEPS_PER_ROUND):
            if point.possible_gain < CLOSE:
                return point
            point = step(surface, point, box)
    return point

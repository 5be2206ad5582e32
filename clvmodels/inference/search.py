"""The search for the maximum of a likelihood: from several starts, on samples of the rows, up to the limits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clvmodels.inference.newton import CLIMB_GAIN, LIMIT_DISTANCE, Box, Point, climb, is_on_hill, refine
from clvmodels.inference.objective import Objective, Penalty
from clvmodels.inference.statistics import CountedRows
from clvmodels.processes.contract import Array, Process

__all__ = ["INDISTINGUISHABLE", "SEARCH_ROWS", "RowSample", "draw_sample", "find_maxima", "search"]

SEARCH_ROWS = 4_000  # rows of the sample on which the search from several starts is made
MIDDLE_ROWS = 40_000  # rows of the larger sample on which the result is refined before all rows are used
MIDDLE_FACTOR = 5  # the larger sample is used if there are more than this many times its rows
INDISTINGUISHABLE = 1e-2  # largest difference of log-likelihood that is meaningless
REPORTED_DIFFERENCE = 2.0  # difference of log-likelihood up to which another maximum is reported
VALLEY_DEPTH = 0.05  # smallest fall of log-likelihood between two maxima; a smaller one may be a plateau
CLIMBED_VALLEY_DEPTH = 1.3 * CLIMB_GAIN  # the same between points where `climb` stopped, which may be below their tops
LARGE_ERROR = 0.5  # standard error of a coordinate, which is a logarithm; if larger, more starts are tried
FLAT_CURVATURE = 1e-3  # curvature below which a coordinate is not identified: a standard error of 30 on a log scale


class RowSample(NamedTuple):
    """The likelihood of a sample of the rows, and the share of the customers in it."""

    columns: tuple[Array, ...]
    objective: Objective
    share: float


def draw_sample(process: Process, rows: CountedRows, unit: float, prior: Penalty, size: int) -> RowSample:
    """Return at most `size` rows at equal distances."""
    step = max(1, -(-len(rows.counts) // size))
    columns, counts = tuple(column[::step].copy() for column in rows.columns), rows.counts[::step].copy()
    share = float(np.sum(counts) / np.sum(rows.counts))
    return RowSample(columns, Objective(process, columns, counts, unit, prior.times(share)), share)


def search(
    process: Process, rows: CountedRows, unit: float, box: Box, prior: Penalty, sample: RowSample
) -> list[tuple[Array, Array]]:
    """Return points on the candidate hills, the best first, with the Hessian there scaled to all rows.

    The starts are tried on a sample. If there are many rows, the best point is refined on a larger sample first,
    because steps on all rows are expensive.
    """
    form, surface = process.parametrization, sample.objective
    points: list[Point] = []

    def try_starts(starts: list[Any]) -> tuple[Point, Array]:
        """Climb from each start; return the best point of all so far, with the Hessian by all coordinates."""
        for start in starts:
            best = max(points, key=_height, default=None)
            points.append(climb(surface, box.clip(form.coordinates_of(start, unit)), box, best))
        best = max(points, key=_height)
        return best, surface.hessian(best.u, np.ones(len(best.u), dtype=bool))

    best, hessian = try_starts(process.starts(*sample.columns))
    if process.more_starts is not None and _is_poorly_determined(hessian / sample.share):
        best, hessian = try_starts(process.more_starts(*sample.columns))
    # `climb` stops within CLIMB_GAIN of the top of a hill.
    floor = best.value - REPORTED_DIFFERENCE * sample.share - CLIMB_GAIN
    close = [point for point in points if point is not best and point.value > floor]
    others = [
        (point.u, point.hessian / sample.share)
        for point in close
        if _is_valley_between(surface, point, best, max(VALLEY_DEPTH * sample.share, CLIMBED_VALLEY_DEPTH))
    ]
    if len(rows.counts) > MIDDLE_FACTOR * MIDDLE_ROWS:
        middle = draw_sample(process, rows, unit, prior, MIDDLE_ROWS)
        point = refine(middle.objective, best.u, hessian * (middle.share / sample.share), box)
        return [(point.u, point.hessian / middle.share), *others]
    return [(best.u, hessian / sample.share), *others]


def _height(point: Point) -> float:
    return point.value


def _is_poorly_determined(hessian: Array) -> bool:
    """Return whether the standard error in some direction is large, which may indicate another maximum far away."""
    return bool(np.min(np.linalg.eigvalsh(-hessian)) < 1 / LARGE_ERROR**2)


def find_maxima(objective: Objective, hills: list[tuple[Array, Array]], box: Box) -> list[Point]:
    """Return the top of the highest hill, and of other hills that are almost as high and separated by a valley."""
    tops = [_move_to_limits(objective, refine(objective, u, hessian, box), box) for u, hessian in hills]
    highest = tops[0]
    for top in tops[1:]:
        if top.value > highest.value + INDISTINGUISHABLE:
            highest = top
    maxima = [highest]
    for top in tops:
        is_high = top.value > highest.value - REPORTED_DIFFERENCE
        if is_high and all(_is_valley_between(objective, top, other, VALLEY_DEPTH) for other in maxima):
            maxima.append(top)
    return maxima


def _is_valley_between(objective: Objective, one: Point, other: Point, depth: float) -> bool:
    """Return whether the likelihood is clearly lower somewhere on the way from one maximum to another."""
    if is_on_hill(one, other):
        return False
    floor = min(one.value, other.value) - depth
    return any(objective(one.u + share * (other.u - one.u))[0] < floor for share in (0.25, 0.5, 0.75))


def _move_to_limits(objective: Objective, point: Point, box: Box) -> Point:
    """Move coordinates to limits that fit equally well, and set those that are then not identified to 0.

    Means come before spreads, because "nobody drops out" says more than how dropout varies.
    """
    if point.free.all() and not np.any(np.abs(point.u) > LIMIT_DISTANCE):
        return point
    point, box = _pin_unidentified(objective, point, box)
    for i in reversed(range(len(point.u))):
        if abs(point.u[i]) <= LIMIT_DISTANCE:
            continue
        limit = box.lower[i] if point.u[i] < 0 else box.upper[i]
        if np.isfinite(limit) and box.lower[i] < box.upper[i]:
            pinned = box.pin(i, limit)
            reduced = refine(objective, point.u, point.hessian, pinned)
            if reduced.value > point.value - INDISTINGUISHABLE:
                point, box = _pin_unidentified(objective, reduced, pinned)
    return point


def _pin_unidentified(objective: Objective, point: Point, box: Box) -> tuple[Point, Box]:
    """Pin coordinates without curvature at 0, so that the result does not depend on the path of the search."""
    for i in map(int, np.flatnonzero((box.lower < box.upper) & (np.abs(np.diag(point.hessian)) < FLAT_CURVATURE))):
        neutral = point.u.copy()
        neutral[i] = 0.0
        if objective(neutral)[0] > point.value - INDISTINGUISHABLE:
            box = box.pin(i, 0.0)
            point = refine(objective, neutral, point.hessian, box)
    return point, box

"""Intervals from the likelihood itself: where the best fit with one parameter held falls too far below the maximum.

They follow ridges that the curvature at the maximum does not see: with few customers MBG/NBD's r, b and the share who
left at once trade off. Venzon & Moolgavkar (1988), "A Method for Computing Profile-Likelihood-Based Confidence
Intervals", Applied Statistics 37(1), 87-94.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from clvmodels.inference.fitting import Fit
from clvmodels.inference.newton import Box, refine
from clvmodels.inference.objective import Objective, Prior, one_blas_thread
from clvmodels.inference.statistics import CountedRows
from clvmodels.processes.contract import Array, Process
from clvmodels.processes.coordinates import CoefficientBlock, Parametrization, PositiveBlock

__all__ = ["profile_intervals"]

CLOSE = 1e-3  # of the signed root of the likelihood ratio, which counts standard errors
TRIES = 30
FAR = 30.0  # on a log scale: beyond, the likelihood sets no limit


def profile_intervals(process: Process, fit: Fit, rows: CountedRows, level: float) -> Array:
    """Lower and upper end for each parameter of a fit that is not at a boundary, (k, 2).

    0 or infinity where the likelihood never falls so far.
    """
    form = process.parametrization
    each = tuple(
        CoefficientBlock((name,)) if real else PositiveBlock(name, "", "")
        for name, real in zip(form.names, form.real, strict=True)
    )
    alone = replace(process, parametrization=Parametrization(each, form.unit_powers))
    flat = Prior(np.zeros(len(each)), np.zeros(len(each)))
    objective = Objective(alone, rows.columns, rows.counts, fit.unit, flat)
    values = np.array([fit.parameters[name] for name in form.names])
    at = alone.parametrization.coordinates_of(values.tolist(), fit.unit)
    box = Box(np.full(len(each), -np.inf), np.full(len(each), np.inf))
    ends = np.empty((len(each), 2))
    with one_blas_thread():
        hessian = objective.hessian(at, np.ones(len(each), dtype=bool))
        top = objective(at)[0]
        for i, error in enumerate(np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))):
            for j, sign in enumerate((-1.0, 1.0)):
                ends[i, j] = _end(objective, box, at, hessian, top, i, sign * float(error), level)
    with np.errstate(over="ignore"):
        told: Array = alone.parametrization.parameters_at(ends, fit.unit)
    return told


def _end(
    objective: Objective, box: Box, at: Array, hessian: Array, top: float, i: int, error: float, level: float
) -> float:
    """Where the signed root of the likelihood ratio, nearly linear in a parameter's logarithm, reaches the quantile."""
    aim = NormalDist().inv_cdf(0.5 + level / 2)
    known: list[tuple[float, float]] = [(float(at[i]), 0.0)]  # where, and standard errors from the maximum
    u, here = at, float(at[i]) + aim * error
    for _ in range(TRIES):
        if not abs(here - at[i]) < FAR:
            return float(np.copysign(np.inf, error))
        held = u.copy()
        held[i] = here
        point = refine(objective, held, hessian, box.pin(i, here))
        u = point.u
        known.append((here, float(np.sqrt(max(2 * (top - point.value), 0.0)))))
        if abs(known[-1][1] - aim) < CLOSE:
            return here
        inside = max((pair for pair in known if pair[1] <= aim), key=lambda pair: pair[1])
        beyond = [pair for pair in known if pair[1] > aim]
        if not beyond:  # the slope so far, but never more than twice as far
            slope = inside[1] / (inside[0] - at[i]) if inside[0] != at[i] else 0.0
            reach = (aim - inside[1]) / slope if slope else 2 * (here - at[i])
            limit = 2 * abs(here - at[i])
            here = here + float(np.clip(1.1 * reach, -limit, limit))
        else:
            nearest = min(beyond, key=lambda pair: pair[1])
            share = (aim - inside[1]) / (nearest[1] - inside[1])
            here = inside[0] + float(np.clip(share, 0.05, 0.95)) * (nearest[0] - inside[0])
    return here

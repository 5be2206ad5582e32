"""Profile-likelihood intervals: the values of a parameter at which the best fit of the others is not much worse.

Unlike intervals from the curvature at the maximum, they follow ridges of the likelihood: with few customers, MBG/NBD's
r, b and the share who left immediately trade off. Venzon & Moolgavkar (1988), "A Method for Computing
Profile-Likelihood-Based Confidence Intervals", Applied Statistics 37(1), 87-94.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from clvmodels.inference.fitting import Fit
from clvmodels.inference.newton import Box, refine
from clvmodels.inference.objective import Objective, Prior, one_blas_thread
from clvmodels.inference.statistics import CountedRows
from clvmodels.processes.blocks import CoefficientBlock, PositiveBlock
from clvmodels.processes.contract import Array, Process
from clvmodels.processes.coordinates import Parametrization

__all__ = ["profile_intervals"]

TOLERANCE = 1e-3  # tolerance of the signed root of the likelihood ratio, in standard errors
MAX_FITS = 30
UNBOUNDED_DISTANCE = 30.0  # distance on a log scale beyond which the interval is unbounded


def profile_intervals(process: Process, fit: Fit, rows: CountedRows, level: float) -> Array:
    """Return the ends of the interval of each parameter, (k, 2), for a fit that is not at a boundary.

    An end is 0 or infinite (for a coefficient, minus or plus infinity) if the likelihood never falls far enough.
    """
    form = process.parametrization
    blocks = tuple(
        CoefficientBlock((name,)) if real else PositiveBlock(name, "", "")
        for name, real in zip(form.names, form.real, strict=True)
    )
    scale = np.ones(len(blocks)) if form.mixing is None else np.where(form.real, np.diag(form.mixing), 1.0)
    # Coefficients are searched for per standard deviation of their columns, as in the fit.
    single = replace(process, parametrization=Parametrization(blocks, form.unit_powers, np.diag(scale)))
    flat = Prior(np.zeros(len(blocks)), np.zeros(len(blocks)))
    objective = Objective(single, rows.columns, rows.counts, fit.unit, flat)
    values = np.array([fit.parameters[name] for name in form.names])
    at = single.parametrization.coordinates_of(values.tolist(), fit.unit)
    box = Box(np.full(len(blocks), -np.inf), np.full(len(blocks), np.inf))
    ends = np.empty((len(blocks), 2))
    with one_blas_thread():
        hessian = objective.hessian(at, np.ones(len(blocks), dtype=bool))
        top = objective(at)[0]
        for i, error in enumerate(np.sqrt(np.maximum(np.diag(fit.covariance), 0.0)) / scale):
            for j, sign in enumerate((-1.0, 1.0)):
                ends[i, j] = _end(objective, box, at, hessian, top, i, sign * float(error), level)
    with np.errstate(over="ignore"):
        intervals: Array = single.parametrization.parameters_at(ends, fit.unit)
    return intervals


def _end(
    objective: Objective, box: Box, at: Array, hessian: Array, top: float, i: int, error: float, level: float
) -> float:
    """Return where the signed root of the likelihood ratio, nearly linear in a log parameter, reaches the quantile."""
    aim = NormalDist().inv_cdf(0.5 + level / 2)
    tried: list[tuple[float, float]] = [(float(at[i]), 0.0)]  # coordinate, and standard errors from the maximum
    u, here = at, float(at[i]) + aim * error
    for _ in range(MAX_FITS):
        if not abs(here - at[i]) < UNBOUNDED_DISTANCE:
            return float(np.copysign(np.inf, error))
        start = u.copy()
        start[i] = here
        point = refine(objective, start, hessian, box.pin(i, here))
        u = point.u
        tried.append((here, float(np.sqrt(max(2 * (top - point.value), 0.0)))))
        if abs(tried[-1][1] - aim) < TOLERANCE:
            return here
        inside = max((pair for pair in tried if pair[1] <= aim), key=lambda pair: pair[1])
        beyond = [pair for pair in tried if pair[1] > aim]
        if not beyond:  # extrapolate, to at most three times the distance
            slope = inside[1] / (inside[0] - at[i]) if inside[0] != at[i] else 0.0
            reach = (aim - inside[1]) / slope if slope else 2 * (here - at[i])
            limit = 2 * abs(here - at[i])
            here = here + float(np.clip(1.1 * reach, -limit, limit))
        else:
            nearest = min(beyond, key=lambda pair: pair[1])
            share = (aim - inside[1]) / (nearest[1] - inside[1])
            here = inside[0] + float(np.clip(share, 0.05, 0.95)) * (nearest[0] - inside[0])
    return here

"""How far the parameters may be off: draws from their asymptotic distribution, the bootstrap."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from clvmodels.errors import FitFailed
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.objective import Prior
from clvmodels.inference.statistics import CountedRows
from clvmodels.processes.contract import Array, Process

__all__ = ["RandomState", "bootstrap", "draw_parameters", "seed_of"]

RandomState = int | np.random.Generator


def seed_of(random_state: RandomState) -> int:
    """The one integer that all noise of a call is keyed on; a Generator is asked for it."""
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    return int(random_state)


def draw_parameters(process: Process, fit: Fit, draws: int, seed: int) -> Array:
    """Parameters drawn from their asymptotic distribution.

    Normal in the coordinates, around the estimate with the inverse of minus the Hessian as covariance, so that every
    draw lies in the parameters' range; bent along the fit's ridges, where the likelihood is not normal. Coordinates at
    a limit stay there: the draws are those of the reduced model.

    Returns
    -------
    array (k, draws)
        In the order of the parameters, in the fit's unit.
    """
    form = process.parametrization
    generator = np.random.default_rng([seed, zlib.crc32(process.name.encode())])
    noise = generator.standard_normal((len(fit.coordinates), draws))
    away = np.zeros_like(noise)
    if fit.free.any():
        inner = np.linalg.inv(-fit.hessian[np.ix_(fit.free, fit.free)])
        away[fit.free] = np.linalg.cholesky(inner) @ noise[fit.free]
    u = fit.coordinates[:, None] + away
    for ridge in fit.ridges:
        u += ridge.added(-(fit.hessian @ ridge.axis) @ away)
    for i, coordinate in enumerate(form.coordinates):
        u[i] = np.clip(u[i], coordinate.lower.at, coordinate.upper.at)
    return form.parameters_at(u, fit.unit)


def bootstrap(
    process: Process,
    fit: Fit,
    rows: CountedRows,
    replicates: int,
    seed: int,
    prior: Prior | None = None,
    done: Callable[[int], None] | None = None,
) -> Array:
    """Parameters refitted to customers drawn with replacement.

    Parameters
    ----------
    replicates : int
        Each depends on the seed and its own number alone.
    done : function of int, optional
        Called in the calling thread with the number of replicates finished; an interruption there stops the rest.

    Returns
    -------
    array (replicates, k)
        NaN where a replicate has no maximum.
    """
    chances = rows.counts / rows.counts.sum()

    def refit(number: int) -> list[float]:
        counts = np.random.default_rng([seed, number]).multinomial(rows.customers, chances).astype(float)
        kept = counts > 0
        drawn = CountedRows(tuple(column[kept] for column in rows.columns), counts[kept])
        try:
            return list(maximize(process, drawn, fit.unit, prior, start=fit.coordinates).parameters.values())
        except FitFailed:
            return [np.nan] * len(fit.parameters)

    estimates = np.full((replicates, len(fit.parameters)), np.nan)
    with ThreadPoolExecutor() as pool:
        try:
            for number, estimate in enumerate(pool.map(refit, range(replicates))):
                estimates[number] = estimate
                if done is not None:
                    done(number + 1)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return estimates

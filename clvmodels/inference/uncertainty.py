"""Uncertainty of the parameters: draws from their asymptotic distribution, and the bootstrap."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from clvmodels.errors import FitFailed
from clvmodels.inference.fitting import Fit, maximize
from clvmodels.inference.objective import Prior
from clvmodels.inference.statistics import CountedRows, unique_rows
from clvmodels.processes.contract import Array, Process, PurchaseProcess
from clvmodels.processes.threads import in_threads

__all__ = [
    "PurchasesWithin",
    "RandomState",
    "bootstrap",
    "draw_coordinates",
    "draw_parameters",
    "seed_of",
    "under_draws",
]

RandomState = int | np.random.Generator


def seed_of(random_state: RandomState) -> int:
    """Return the integer seed of all noise in a call, drawn from `random_state` if that is a Generator."""
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    return int(random_state)


def draw_parameters(process: Process, fit: Fit, draws: int, seed: int) -> Array:
    """Draw parameters from their asymptotic distribution; see `draw_coordinates`.

    Returns
    -------
    array (k, draws)
        In the order of the parameters, in the fit's unit.
    """
    return process.parametrization.parameters_at(draw_coordinates(process, fit, draws, seed), fit.unit)


def draw_coordinates(process: Process, fit: Fit, draws: int, seed: int) -> Array:
    """Draw the coordinates of parameters from their asymptotic distribution, (k, draws).

    Draws are normal in the coordinates, with the estimate as mean and the inverse of minus the Hessian as covariance,
    so that every draw lies in the parameters' range. They follow the fit's ridges where the likelihood is not close to
    normal. Coordinates at a limit stay there in half of the draws and follow the fit's edges in the others.
    """
    generator = np.random.default_rng([seed, zlib.crc32(process.name.encode())])
    noise = generator.standard_normal((len(fit.coordinates), draws))
    away = np.zeros_like(noise)
    if fit.free.any():
        inner = np.linalg.inv(-fit.hessian[np.ix_(fit.free, fit.free)])
        away[fit.free] = np.linalg.cholesky(inner) @ noise[fit.free]
    u = fit.coordinates[:, None] + away
    for ridge in fit.ridges:
        u += ridge.offset(-(fit.hessian @ ridge.axis) @ away)
    for edge in fit.edges:
        u += edge.offset(noise[edge.coordinate])
    for i, coordinate in enumerate(process.parametrization.coordinates):
        u[i] = np.clip(u[i], coordinate.lower.at, coordinate.upper.at)
    return u


@dataclass(frozen=True, slots=True)
class PurchasesWithin:
    """Expected purchases of an active customer within a length, a function of the parameters and the state."""

    process: PurchaseProcess
    length: float

    def __call__(self, p: Any, *state: Array) -> Array:
        """Return the expected purchases at one set of parameters, (n,)."""
        return self.process.purchases_if_active(p, self.length, *state)


def under_draws(function: Callable[..., Array], process: PurchaseProcess, p: Any, *state: Array) -> Array:
    """Return function(p, *state) under each draw of the parameters, (draws, n), computed once per distinct state.

    Parameters
    ----------
    function : function (p, *state)
        Called for one draw after the other, except for expected purchases of processes that take all draws at once.
    process : PurchaseProcess
        Of the parameters.
    p : tuple of arrays (draws, 1)
    state : arrays (n,)
    """
    rows = unique_rows(state)
    if isinstance(function, PurchasesWithin) and function.process.purchases_under_draws is not None:
        values = function.process.purchases_under_draws(p, function.length, *rows.columns)
    else:
        draws = [process.Parameters(*values) for values in zip(*map(np.ravel, p), strict=True)]
        values = np.stack(in_threads(lambda draw: function(draw, *rows.columns), draws))
    return np.take(values, rows.positions, axis=-1)


def bootstrap(
    process: Process,
    fit: Fit,
    rows: CountedRows,
    replicates: int,
    seed: int,
    prior: Prior | None = None,
    progress: Callable[[int], None] | None = None,
) -> Array:
    """Refit the parameters to customers drawn with replacement.

    Parameters
    ----------
    process, fit, rows
        The process, its fit, and the rows fitted.
    replicates : int
    seed : int
        A replicate depends only on the seed and its own number.
    prior : Prior, optional
        Default: flat.
    progress : function of int, optional
        Called in the calling thread with the number of finished replicates; an exception there stops the rest.

    Returns
    -------
    array (replicates, k)
        NaN in replicates without a maximum.
    """
    chances = rows.counts / rows.counts.sum()

    def refit(number: int) -> list[float]:
        counts = np.random.default_rng([seed, number]).multinomial(rows.customers, chances).astype(float)
        present = counts > 0
        drawn = CountedRows(tuple(column[present] for column in rows.columns), counts[present])
        try:
            return list(maximize(process, drawn, fit.unit, prior, start=fit.coordinates).parameters.values())
        except FitFailed:
            return [np.nan] * len(fit.parameters)

    estimates = np.full((replicates, len(fit.parameters)), np.nan)
    with ThreadPoolExecutor() as pool:
        try:
            for number, estimate in enumerate(pool.map(refit, range(replicates))):
                estimates[number] = estimate
                if progress is not None:
                    progress(number + 1)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return estimates

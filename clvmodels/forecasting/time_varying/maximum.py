"""Find the maximum of a likelihood with an exact gradient in a few coordinates, and its curvature."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from clvmodels.errors import FitFailed
from clvmodels.processes.contract import Array

__all__ = ["Maximum", "find_maximum"]

ValueAndGradient = Callable[[Array], tuple[float, Array]]

STEP = 1e-4  # step of a coordinate in differences of the gradient
NEWTON_STEPS = 12
GRADIENT_TOLERANCE = 1e-6  # change of the log-likelihood per unit of a coordinate, times the square root of customers
LEAST_CURVATURE = 1e-7  # relative to the largest; a direction with less curvature is flat
LONGEST_STEP = 1.0


class Maximum(NamedTuple):
    """coordinates (k,), value, gradient (k,), hessian (k, k) of the log-likelihood; at_limit (k,)."""

    coordinates: Array
    value: float
    gradient: Array
    hessian: Array
    at_limit: npt.NDArray[np.bool_]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: np.asarray(value).tolist() for name, value in self._asdict().items()}

    def draw(self, draws: int, seed: int) -> Array:
        """Draw coordinates from their asymptotic distribution, (draws, k).

        They are normal with the inverse of minus the Hessian as covariance. Coordinates at a limit, and directions in
        which the likelihood is flat, keep their values.
        """
        free = ~self.at_limit
        values, vectors, flat = _directions(self.hessian, free)
        generator = np.random.default_rng([seed, zlib.crc32(b"coordinates")])
        noise = generator.standard_normal((draws, len(values)))[:, ~flat]
        drawn = np.tile(self.coordinates, (draws, 1))
        drawn[:, free] += (noise / np.sqrt(values[~flat])) @ vectors[:, ~flat].T
        return drawn

    def standard_errors(self, slopes: Array) -> Array:
        """Return the standard errors of quantities with slopes (q, k) by the coordinates; NaN if undetermined."""
        free = ~self.at_limit
        values, vectors, flat = _directions(self.hessian, free)
        along = slopes[:, free] @ vectors
        undetermined = (np.abs(along[:, flat]) > np.sqrt(LEAST_CURVATURE)).any(axis=1)
        undetermined |= (np.abs(slopes[:, ~free]) > 0).any(axis=1) & ~(np.abs(slopes[:, free]) > 0).any(axis=1)
        variance = np.sum(along[:, ~flat] ** 2 / values[~flat], axis=1)
        answer: Array = np.where(undetermined, np.nan, np.sqrt(variance))
        return answer

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the maximum that `to_dict` wrote."""
        coordinates, gradient, hessian = (np.array(document[name]) for name in ("coordinates", "gradient", "hessian"))
        return cls(coordinates, float(document["value"]), gradient, hessian, np.array(document["at_limit"], dtype=bool))


def _directions(hessian: Array, free: npt.NDArray[np.bool_]) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return the curvatures of the free coordinates, their directions, and a mask of the flat ones."""
    values, vectors = np.linalg.eigh(-hessian[np.ix_(free, free)])
    return values, vectors, values <= LEAST_CURVATURE * max(float(values.max(initial=0.0)), 0.0)


def find_maximum(objective: ValueAndGradient, start: Array, limits: Array) -> Maximum:
    """Return the maximum of a log-likelihood.

    Parameters
    ----------
    objective : function of coordinates (k,)
        Returns the log-likelihood and its gradient (k,).
    start : array (k,)
    limits : array (k, 2)
        Of the coordinates.

    Raises
    ------
    FitFailed
        If the log-likelihood is not finite at the start.
    """

    def negative(point: Array) -> tuple[float, Array]:
        with np.errstate(all="ignore"):  # a long step of the search may overflow
            value, gradient = objective(point)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return 1e300, np.zeros(len(point))
        return -value, -gradient

    if negative(start)[0] >= 1e300:
        raise FitFailed("The likelihood is not finite where the search begins: check the scale of the covariates.")
    options = {"maxiter": 500, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-5}
    result = minimize(negative, start, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return _polish(objective, np.asarray(result.x), limits)


def _polish(objective: ValueAndGradient, point: Array, limits: Array) -> Maximum:
    """Refine a point near a maximum by Newton's steps, with the Hessian from differences of the gradient."""
    value, gradient = objective(point)
    hessian = _hessian(objective, point, limits)
    for _ in range(NEWTON_STEPS):
        free = ~_at_limit(point, gradient, limits)
        if not free.any() or np.max(np.abs(gradient[free])) < GRADIENT_TOLERANCE:
            break
        step = np.zeros(len(point))
        step[free] = _newton_step(hessian[np.ix_(free, free)], gradient[free])
        for length in 0.5 ** np.arange(20):
            new = np.clip(point + length * step, limits[:, 0], limits[:, 1])
            new_value, new_gradient = objective(new)
            if new_value > value:
                break
        else:
            break
        gained, point, value, gradient = new_value - value, new, new_value, new_gradient
        if gained > 1e-6:
            hessian = _hessian(objective, point, limits)
    return Maximum(point, value, gradient, hessian, _at_limit(point, gradient, limits))


def _newton_step(hessian: Array, gradient: Array) -> Array:
    """Return Newton's step, uphill even where the likelihood is not concave."""
    values, vectors = np.linalg.eigh(-hessian)
    values = np.maximum(np.abs(values), LEAST_CURVATURE * np.max(np.abs(values)))
    step: Array = vectors @ ((vectors.T @ gradient) / values)
    return step * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(step))), 1e-300))


def _hessian(objective: ValueAndGradient, point: Array, limits: Array) -> Array:
    rows = []
    for i in range(len(point)):
        low, high = (point + sign * STEP * np.eye(len(point))[i] for sign in (-1, 1))
        rows.append((objective(high)[1] - objective(low)[1]) / (2 * STEP))
    matrix = np.array(rows)
    return 0.5 * (matrix + matrix.T)


def _at_limit(point: Array, gradient: Array, limits: Array) -> npt.NDArray[np.bool_]:
    """Return a mask of coordinates at a limit beyond which the gradient points."""
    low, high = limits.T
    beyond: npt.NDArray[np.bool_] = ((point <= low) & (gradient < 0)) | ((point >= high) & (gradient > 0))
    return beyond

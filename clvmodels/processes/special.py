"""Special functions in log space, safe at the corners; each is checked against mpmath in the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln

from clvmodels.processes.contract import Array

__all__ = [
    "BetaNodes",
    "beta_nodes",
    "digamma_rise",
    "is_shared",
    "log1pexp",
    "log_beta",
    "log_rise",
    "on_distinct",
    "on_distinct_pairs",
]

LARGE = 1e4
DROP = 30.0  # tails below e^-30 of the peak are left out
NODES = 96


def log1pexp(z: Array) -> Array:
    """log(1 + exp(z)) without overflow; log(1 + e^-inf) = 0."""
    return np.logaddexp(0.0, z)


def on_distinct(function: Callable[..., Array], x: Array, *parameters: Array | float) -> Array:
    """function(x, *parameters), evaluated once for each distinct x where the parameters are shared by all rows."""
    if not all(is_shared(value) for value in parameters) or x.size == 0:
        return function(x, *parameters)
    distinct, position = np.unique(x, return_inverse=True)
    return np.take(function(distinct, *parameters), position, axis=-1)


def on_distinct_pairs(
    function: Callable[[Array, Array], Array], x: Array, T: Array, *parameters: Array | float
) -> Array:
    """function(x, T), evaluated once for each distinct pair where the parameters are shared by all rows."""
    if not all(is_shared(value) for value in parameters) or x.size == 0:
        return function(x, T)
    pairs, position = np.unique(x + 1j * T, return_inverse=True)
    return np.take(function(pairs.real, pairs.imag), position, axis=-1)


def log_rise(z: Array | float, x: Array) -> Array:
    """Log of the rising factorial, log Gamma(z + x) - log Gamma(z), for z > 0 and whole x >= 0.

    Parameters
    ----------
    z : scalar, (n,) or (draws, 1)
    x : (n,)

    Notes
    -----
    Where z is shared by all rows, sums of logarithms are looked up, which is exact where the difference of two large
    log-gammas would cancel; otherwise Stirling's series is differenced term by term from z = 1e4 on.
    """
    z = np.asarray(z, dtype=float)
    if is_shared(z) and x.size:
        return np.take(_cumulated(np.log(_steps(z, x))), x.astype(np.intp), axis=-1)
    return np.where(z < LARGE, gammaln(np.minimum(z, LARGE) + x) - gammaln(np.minimum(z, LARGE)), _stirling_rise(z, x))


def digamma_rise(z: Array | float, x: Array) -> Array:
    """digamma(z + x) - digamma(z): the derivative of `log_rise` by z, for whole x >= 0."""
    z = np.asarray(z, dtype=float)
    if is_shared(z) and x.size:
        return np.take(_cumulated(1.0 / _steps(z, x)), x.astype(np.intp), axis=-1)
    large = np.log1p(x / z) - 0.5 * (1 / (z + x) - 1 / z) - (1 / (z + x) ** 2 - 1 / z**2) / 12
    return np.where(z < LARGE, digamma(z + x) - digamma(z), large)


def is_shared(z: Array | float) -> bool:
    """Whether a parameter is the same for every row: a scalar, or a column of draws."""
    z = np.asarray(z)
    return z.ndim == 0 or z.shape[-1] == 1


def _steps(z: Array, x: Array) -> Array:
    last = z[..., None] if z.ndim == 0 else z
    steps: Array = last + np.arange(int(np.max(x)))
    return steps


def _cumulated(terms: Array) -> Array:
    total = np.zeros((*terms.shape[:-1], terms.shape[-1] + 1))
    np.cumsum(terms, axis=-1, out=total[..., 1:])
    return total


def _stirling_rise(z: Array, x: Array) -> Array:
    rise: Array = (z - 0.5) * np.log1p(x / z) + x * (np.log(z + x) - 1) + (1 / (z + x) - 1 / z) / 12
    return rise


class BetaNodes(NamedTuple):
    """Nodes of a Beta(a, b) distribution: points p, their complements 1 - p, and weights, all (..., nodes)."""

    p: Array
    q: Array
    weight: Array


def beta_nodes(a: Array | float, b: Array | float, reach: float) -> BetaNodes:
    """Nodes and weights for the p(1-p)-damped part of an expectation over p ~ Beta(a, b).

    For a smooth g, E[g(p)] = (1 - m) g(0) + m g(1) + sum_j w_j [g(p_j) - (1 - p_j) g(0) - p_j g(1)], with m = a/(a+b).
    The bracket vanishes at both ends, so in s = logit p the integrand decays at least as e^-|s| however small a and b
    are, and the trapezoidal rule converges geometrically (its strip of analyticity is |Im s| < pi).

    Parameters
    ----------
    a, b : arrays that broadcast to (...)
        Parameters of the distribution, positive.
    reach : float
        How much steeper g may be at p = 0 than across the interval, g'(0) / (g(0) - g(1)); widens the range there.

    Returns
    -------
    BetaNodes
        Each (..., 64).
    """
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    left, right = _range(a + 1, b + 1, DROP + np.log1p(reach), DROP)
    step = (right - left) / (NODES - 1)
    s = left[..., None] + step[..., None] * np.arange(NODES)
    softplus = np.log1p(np.exp(-np.abs(s)))
    log_p, log_q = np.minimum(s, 0) - softplus, -np.maximum(s, 0) - softplus
    log_density = a[..., None] * log_p + b[..., None] * log_q - log_beta(a, b)[..., None]
    weight = np.exp(log_density) * step[..., None]
    return BetaNodes(np.exp(log_p), np.exp(log_q), weight)


def log_beta(a: Array, b: Array) -> Array:
    """Log B(a, b) without cancellation for a large argument beside a small one."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    small, large = np.minimum(a, b), np.maximum(a, b)
    stirling = gammaln(small) - _stirling_rise(np.maximum(large, LARGE), small)
    answer: Array = np.where(large < LARGE, gammaln(small) + gammaln(large) - gammaln(small + large), stirling)
    return answer


def _range(a: Array, b: Array, drop_left: float, drop_right: float) -> tuple[Array, Array]:
    """Where a log p + b log(1 - p), concave in s = logit p, falls by `drop` below its peak on either side."""
    peak = np.log(a / b)
    top = -a * np.log1p(b / a) - b * np.log1p(a / b)

    def fall(s: Array) -> Array:
        return top - (-a * np.logaddexp(0, -s) - b * np.logaddexp(0, s))

    ends = []
    for sign, drop, tail in ((-1.0, drop_left, a), (1.0, drop_right, b)):
        width = np.sqrt(2 * drop * (1 / a + 1 / b)) + (drop + np.maximum(-top, 0)) / tail
        near, far = np.zeros_like(peak), width
        for _ in range(40):
            middle = 0.5 * (near + far)
            short = fall(peak + sign * middle) < drop
            near, far = np.where(short, middle, near), np.where(short, far, middle)
        ends.append(peak + sign * far)
    return ends[0], ends[1]

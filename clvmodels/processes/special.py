"""Special functions in log space, accurate for extreme arguments; the tests check each against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from clvmodels.processes.contract import Array

__all__ = [
    "MANY_TIMES",
    "BetaNodes",
    "add_up",
    "beta_node_count",
    "beta_nodes",
    "by_count",
    "by_node_count",
    "digamma_rise",
    "discounted_count",
    "discounted_length",
    "entries_of",
    "is_shared",
    "legendre",
    "log1pexp",
    "log_beta",
    "log_rise",
    "logistic",
    "softplus",
    "trigamma",
    "trigamma_rise",
]

LARGE = 1e4
LARGEST_EXPONENT = 700.0  # that does not overflow
MANY_TIMES = 100_000
DROP = 30.0  # tails below e^-30 of the peak are left out
NODE_STEP = 0.4  # step of the trapezoidal rule, whose error is of the order of exp(-pi^2 / step) = 2e-11
NODE_STEPS = 8
FEWEST_NODES = 48  # nodes over the width of a narrow distribution
TRIGAMMA_STEPS = 12
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
NEWTON_STEPS = 8  # the ends of the range need not be exact


def log1pexp(z: Array) -> Array:
    """Return log(1 + exp(z)) without overflow, to an absolute error of 1e-16; log(1 + e^-inf) = 0."""
    answer: Array = np.maximum(z, 0.0) + np.log(1.0 + np.exp(-np.abs(z)))
    return answer


def softplus(z: Array) -> tuple[Array, Array]:
    """Return log(1 + exp(z)) and its derivative, in one pass; z is overwritten."""
    if np.max(z) < LARGEST_EXPONENT:
        both = np.exp(z, out=z) + 1.0
        return np.log(both), np.divide(z, both, out=both)
    return log1pexp(z), logistic(z)


def logistic(z: Array) -> Array:
    """Return 1 / (1 + exp(-z)) without overflow; 0 at -inf."""
    small = np.exp(-np.abs(z))
    answer: Array = np.where(z >= 0, 1.0, small) / (1.0 + small)
    return answer


def entries_of(mask: npt.NDArray[np.bool_], p: Any, *columns: Array) -> tuple[Any, ...]:
    """Return parameters and columns at the entries of a mask, (m,) each; a parameter that all share stays a number."""
    count = np.count_nonzero(mask)

    def of(value: Array) -> Array:
        if np.ndim(value) == 0:
            return np.full(count, value)
        return value[mask] if np.shape(value) == mask.shape else np.broadcast_to(value, mask.shape)[mask]

    parameters = type(p)(*(value if np.ndim(value) == 0 else of(value) for value in p))
    return (parameters, *map(of, columns))


def discounted_count(count: Array, end: Array, delta: float, generator: np.random.Generator) -> Array:
    """Draw the sum of exp(-delta t) over `count` (n,) times that are uniform on (0, end), with end (n,).

    Sums of very many times are drawn from the normal distribution with their mean and variance, so that extreme draws
    of parameters need no memory for each time.
    """
    many = count > MANY_TIMES
    owner = np.repeat(np.arange(count.size), np.where(many, 0, count).astype(np.intp))
    discounts = np.exp(-delta * (end[owner] * generator.random(len(owner))))
    worth: Array = np.bincount(owner, discounts, minlength=count.size).astype(float)
    if many.any():
        reach = delta * end[many]
        mean, square = -np.expm1(-reach) / reach, -np.expm1(-2 * reach) / (2 * reach)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0) * count[many])
        worth[many] = count[many] * mean + spread * generator.standard_normal(spread.size)
    return worth


def add_up(values: Array) -> Array:
    """Sum over the first axis, term by term: numpy's sum has another order, and other last bits, of a single column."""
    total: Array = np.array(values[0], dtype=float)
    for value in values[1:]:
        total += value
    return total


def by_count(function: Callable[..., Array], x: Array, *parameters: Array | float) -> Array:
    """Return function(x, *parameters) of counts x (n,), looked up in a table of all counts if rows share parameters.

    Gamma functions depend on the count alone, and there are far fewer distinct counts than rows.
    """
    if x.size == 0 or not all(is_shared(value) for value in parameters):
        return function(x, *parameters)
    table = function(np.arange(int(np.max(x)) + 1.0), *parameters)
    return np.take(table, x.astype(np.intp), axis=-1)


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
        return np.take(_cumulate(np.log(_steps(z, x))), x.astype(np.intp), axis=-1)
    return np.where(z < LARGE, gammaln(np.minimum(z, LARGE) + x) - gammaln(np.minimum(z, LARGE)), _stirling_rise(z, x))


def digamma_rise(z: Array | float, x: Array) -> Array:
    """Return digamma(z + x) - digamma(z): the derivative of `log_rise` by z, for whole x >= 0."""
    z = np.asarray(z, dtype=float)
    if is_shared(z) and x.size:
        return np.take(_cumulate(1.0 / _steps(z, x)), x.astype(np.intp), axis=-1)
    large = np.log1p(x / z) - 0.5 * (1 / (z + x) - 1 / z) - (1 / (z + x) ** 2 - 1 / z**2) / 12
    return np.where(z < LARGE, digamma(z + x) - digamma(z), large)


def trigamma_rise(z: float, x: Array) -> Array:
    """Return trigamma(z + x) - trigamma(z): the second derivative of `log_rise` by z, for whole x >= 0."""
    return np.take(_cumulate(-1.0 / _steps(np.asarray(z, dtype=float), x) ** 2), x.astype(np.intp))


def is_shared(z: Array | float) -> bool:
    """Return whether a parameter is the same for every row: a scalar, or a column of draws."""
    z = np.asarray(z)
    return z.ndim == 0 or z.shape[-1] == 1


def _steps(z: Array, x: Array) -> Array:
    last = z[..., None] if z.ndim == 0 else z
    steps: Array = last + np.arange(int(np.max(x)))
    return steps


def _cumulate(terms: Array) -> Array:
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


def beta_nodes(a: Array | float, b: Array | float, steepness: Array | float, count: int) -> BetaNodes:
    """Return nodes and weights for the p(1-p)-damped part of an expectation over p ~ Beta(a, b).

    For a smooth g, E[g(p)] = (1 - m) g(0) + m g(1) + sum_j w_j [g(p_j) - (1 - p_j) g(0) - p_j g(1)], with m = a/(a+b).
    The bracket vanishes at both ends, so in s = logit p the integrand decays at least as e^-|s| however small a and b
    are, and the trapezoidal rule converges geometrically: the integrand is analytic for |Im s| < pi, and bounded for
    |Im s| < pi/2, where p has a positive real part.

    Parameters
    ----------
    a, b, steepness : arrays that broadcast to (...)
        Parameters of the distribution, positive; and how much steeper g may be at p = 0 than across the interval,
        g'(0) / (g(0) - g(1)), which widens the range there.
    count : int
        Number of nodes, at least that of `beta_node_count`.

    Returns
    -------
    BetaNodes
        Each (..., count).
    """
    left, right = _range(a, b, steepness)
    step = (right - left) / (count - 1)
    s = left[..., None] + step[..., None] * np.arange(count)
    softplus = np.log1p(np.exp(-np.abs(s)))
    log_p, log_q = np.minimum(s, 0) - softplus, -np.maximum(s, 0) - softplus
    a, b = np.asarray(a, dtype=float)[..., None], np.asarray(b, dtype=float)[..., None]
    weight = np.exp(a * log_p + b * log_q - log_beta(a, b)) * step[..., None]
    return BetaNodes(np.exp(log_p), np.exp(log_q), weight)


def beta_node_count(a: Array | float, b: Array | float, steepness: Array | float) -> npt.NDArray[np.intp]:
    """Return the number of nodes that `beta_nodes` needs for each of these distributions."""
    left, right = _range(a, b, steepness)
    return np.maximum(FEWEST_NODES, 1 + np.ceil((right - left) / NODE_STEP).astype(np.intp))


def by_node_count(
    function: Callable[..., Array], counts: npt.NDArray[np.intp], *columns: Array | float, steps: int = NODE_STEPS
) -> Array:
    """Return function(count, *columns), with a number of nodes per row that does not depend on the other rows.

    Parameters
    ----------
    counts : int array (..., n), or of one column for all rows
        Rounded up to a multiple of `steps`, and the largest taken over all axes but the last.
    columns : scalars, (n,), or (..., 1) and (..., n)
    """
    if counts.size == 0:
        return function(steps, *columns)
    each = steps * -(-counts // steps)
    each = np.max(each.reshape(-1, each.shape[-1] if each.ndim else 1), axis=0)
    distinct = np.unique(each)
    if len(distinct) == 1:
        return function(int(distinct[0]), *columns)
    answer: Array | None = None
    for count in distinct:
        rows = each == count
        part = function(int(count), *(value if is_shared(value) else np.asarray(value)[..., rows] for value in columns))
        if answer is None:
            answer = np.empty((*part.shape[:-1], len(each)))
        answer[..., rows] = part
    if answer is None:
        raise AssertionError("counts is not empty")
    return answer


@cache
def legendre(count: int) -> tuple[Array, Array]:
    """Return the nodes of Gauss-Legendre on [0, 1], and their weights."""
    places, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * (places + 1), 0.5 * weights


def trigamma(x: Array) -> Array:
    """Return the second derivative of log Gamma at x > 0, to a relative error of 1e-15.

    Five times as fast as scipy's `polygamma`: the asymptotic series after `TRIGAMMA_STEPS` steps upward.
    """
    x = np.asarray(x, dtype=float)
    with np.errstate(over="ignore"):
        near: Array = np.zeros_like(x)
        for step in range(TRIGAMMA_STEPS):
            above = x + step
            near += 1 / (above * above)
    inverse = 1 / (x + TRIGAMMA_STEPS)
    square, series = inverse * inverse, np.zeros_like(x)
    for number in BERNOULLI[::-1]:
        series = (series + number) * square
    answer: Array = near + inverse * (1 + 0.5 * inverse + series)
    return answer


def discounted_length(decay: Array, h: Array | float) -> Array:
    """Return the integral of exp(-decay tau) over (0, h], which is h for decay 0."""
    exponent = np.asarray(decay * h, dtype=float)
    ratio = np.divide(-np.expm1(-exponent), exponent, out=np.ones_like(exponent), where=exponent != 0)
    answer: Array = h * ratio
    return answer


def log_beta(a: Array, b: Array) -> Array:
    """Log B(a, b) without cancellation when one argument is much larger than the other."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    small, large = np.minimum(a, b), np.maximum(a, b)
    stirling = gammaln(small) - _stirling_rise(np.maximum(large, LARGE), small)
    answer: Array = np.where(large < LARGE, gammaln(small) + gammaln(large) - gammaln(small + large), stirling)
    return answer


def _range(a: Array | float, b: Array | float, steepness: Array | float) -> tuple[Array, Array]:
    """Return where (a+1) log p + (b+1) log(1 - p), concave in s = logit p, is DROP below its peak on either side."""
    a, b, steepness = np.broadcast_arrays(np.add(a, 1.0), np.add(b, 1.0), np.asarray(steepness, dtype=float))
    peak = np.log(a / b)
    top = -a * np.log1p(b / a) - b * np.log1p(a / b)
    spread, ends = np.sqrt(1 / a + 1 / b), []
    for sign, drop, tail in ((-1.0, DROP + np.log1p(steepness), a), (1.0, DROP, b)):
        s = peak + sign * (spread * np.sqrt(2 * drop) + (drop - top) / tail)  # beyond the end
        for _ in range(NEWTON_STEPS):  # Newton's steps on a concave function never pass the end
            small = np.exp(-np.abs(s))
            fallen = top + a * np.maximum(-s, 0) + b * np.maximum(s, 0) + (a + b) * np.log1p(small) - drop
            s = s - fallen / (b - (a + b) * np.where(s >= 0, small, 1.0) / (1 + small))
        ends.append(s)
    return ends[0], ends[1]

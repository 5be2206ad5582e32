"""The future of an active customer with Erlang intertimes at each stage, given the posterior of the rate.

A purchase is every k-th event of a Poisson process, so a customer j events past the last purchase (the stage) makes
M = floor((N + j)/k) purchases with the next N events, and stays after each with probability q = 1 - p. Events come at
a rate lambda ~ Gamma(shape + j, age), hence N is negative binomial, E[s^N] = (1 + (1 - s) z)^-(shape + j) for any
|s| <= 1, with z = h/age.

q^M is a sum over the k-th roots of unity w_i: with y = q^(1/k) and s_i = y w_i,

    q^floor((N + j)/k) = sum_i F_i s_i^(N + j),    F_i = (1 - 1/q) / (k (1 - 1/s_i)),

so that its mean over N is elementary. The sum cancels where few events are likely once weighted by q^M; there, only a
few numbers of purchases are possible, and their probabilities are summed directly.

All functions take p, as `roots` of any shape, and shape, z that broadcast against it; answers have the stage as a first
axis of k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincc

from clvmodels.processes.contract import Array

__all__ = [
    "Roots",
    "is_many",
    "main_purchases_at_stages",
    "purchases_at_stages",
    "rate_at_stages",
    "roots",
    "survival_at_stages",
]

FEW = 0.5  # likely purchases below which probabilities are summed directly
SHARE = 1 / 6  # ... if each further event is less likely by at least this factor
EVENTS = 21  # SHARE^EVENTS is beyond rounding
SMALL = 0.1  # up to here, a series of a few terms is exact to rounding
Numbers = Array | npt.NDArray[np.complex128]

NEGLIGIBLE_EXPONENT = 80.0  # e^-80 is below rounding of 1, and of q^(1/k - 1) where q is 2^-53
LARGEST_PROBABILITY = 1 - 2.0**-53  # the largest probability below 1


class Roots(NamedTuple):
    """A dropout probability p, and -log q, y = q^(1/k), 1 - y and log F_0, without cancellation."""

    p: Array
    decay: Array
    y: Array
    gap: Array
    log_first: Array


def roots(k: int, p: Array) -> Roots:
    """Return the roots of a dropout probability, which the functions of this module take."""
    decay = -np.log1p(-np.minimum(p, LARGEST_PROBABILITY))
    log_first = 0.5 * decay * (1 - 1 / k) + _log_sinhc(0.5 * decay) - _log_sinhc(0.5 * decay / k)
    return Roots(p, decay, np.exp(-decay / k), -np.expm1(-decay / k), log_first)


def purchases_at_stages(k: int, root: tuple[Array, ...], shape: Array, z: Array) -> Array:
    """Return E[(1 - q^M) / (1 - q)], the expected purchases until h = z age with dropout probability p."""
    p, decay, y, gap, _ = root
    few = _at_once(_tails(k, shape, z), 1 - p)
    many = main_purchases_at_stages(k, root, shape, z)
    for i in range(1, k // 2 + 1):
        s, u, share = _turned(k, i, y, z)
        term: Numbers = -share * np.exp(decay) * s / (1 - s) * _power(u, shape)
        for j in range(k):
            many[j] += np.real(term)
            term = term * s / u
    return np.where(_is_few(k, y, gap, shape, z), few, np.maximum(many, 0.0))


def main_purchases_at_stages(k: int, root: tuple[Array, ...], shape: Array, z: Array) -> Array:
    """Return the part due to the root 1, (1 - F_0 s_0^j E[s_0^N]) / p, which is everything where `is_many`."""
    p, _, y, gap, log_first = root
    growth, leaving = gap * z, p > 0
    main = -np.expm1(log_first - shape * np.log1p(growth))
    # Each further stage is a factor s_0 / (1 + gap z), so no further exponential is needed.
    factor, shift = y / (1 + growth), (gap + growth) / (1 + growth)
    safe = np.where(leaving, p, 1.0)
    parts = np.empty((k, *main.shape))
    for j in range(k):
        # The difference from 1 vanishes with p; the first order is exact.
        parts[j] = main / safe
        if not np.all(leaving):
            parts[j] = np.where(leaving, parts[j], (shape + j) * z / k + (2 * j - k + 1) / (2 * k))
        main = factor * main + shift
    return parts


def is_many(k: int, shape: Array, z: Array) -> npt.NDArray[np.bool_]:
    """Return whether the other roots are negligible: E[s_i^N] is below rounding even divided by the smallest q."""
    least = min(1.0, 1 - np.cos(2 * np.pi / k)) if k > 1 else 1.0  # of (|u| - 1) / z
    answer: npt.NDArray[np.bool_] = shape * np.log1p(least * z) > NEGLIGIBLE_EXPONENT
    return answer


def survival_at_stages(k: int, root: tuple[Array, ...], shape: Array, z: Array) -> Array:
    """Return P(still active) E[q^M] at h = z age of a customer who drops out with probability p after each purchase."""
    answer: Array = 1 - root[0] * purchases_at_stages(k, root, shape, z)
    return answer


def rate_at_stages(k: int, root: tuple[Array, ...], shape: Array, z: Array) -> Array:
    """Return the derivative of expected purchases by z: purchases per unit of time are this over the age.

    The n-th purchase is due when N = n k - j - 1 and one more event comes, at the rate after one more observed event.
    """
    p, decay, y, gap, _ = root
    chances = _chances(k * _most(k), shape + _stages(k, shape, z) + 1, z)
    due = k * np.arange(1, len(chances) // k + 1)[:, None] - np.arange(k) - 1
    few = _at_once(chances[due, np.arange(k)], 1 - p)
    log_main = np.log1p(gap * z)
    many = [np.exp(decay * (1 - (j + 1) / k) - (shape + j + 1) * log_main) / k for j in range(k)]
    for i in range(1, k // 2 + 1):
        s, u, share = _turned(k, i, y, z)
        term: Numbers = share * np.exp(decay) * s * _power(u, shape + 1)
        for j in range(k):
            many[j] = many[j] + np.real(term)
            term = term * s / u
    slopes = np.where(_is_few(k, y, gap, shape, z), few, np.maximum(np.stack(many), 0.0))
    answer: Array = (shape + _stages(k, slopes[0])) * slopes
    return answer


def _stages(k: int, *like: Array) -> Array:
    """Return stages 0 to k - 1 as a first axis before those of arrays that broadcast together."""
    dimensions = max(np.ndim(array) for array in like)
    return np.arange(k, dtype=float).reshape(k, *[1] * dimensions)


def _is_few(k: int, y: Array, gap: Array, shape: Array, z: Array) -> npt.NDArray[np.bool_]:
    """Return whether few events are likely under weights y: a negative binomial of this mean and ratio."""
    mean = (shape + k - 1) * y * z / (1 + gap * z)
    answer: npt.NDArray[np.bool_] = (mean <= FEW * k) & (y * z <= SHARE * (1 + z))
    return answer


def _turned(k: int, i: int, y: Array, z: Array) -> tuple[Numbers, Numbers, float]:
    """Return the root s = y w_i, u = 1 + (1 - s) z, and the multiplicity of the real part (2 for conjugate roots).

    The root -1, and all that follows from it, is real.
    """
    if 2 * i == k:
        return -y, 1 + (1 + y) * z, 1 / k
    angle = 2 * np.pi * i / k
    s = y * np.exp(1j * angle)
    return s, 1 + (1 - s) * z, 2 / k


def _power(u: Numbers, shape: Array) -> Numbers:
    """Return u^-shape of numbers with real part of at least 1."""
    if not np.iscomplexobj(u):
        answer: Array = np.exp(-shape * np.log(np.real(u)))
        return answer
    less, turn = np.real(u) - 1, np.imag(u)
    size = np.exp(-0.5 * shape * np.log1p(less * (2 + less) + turn * turn))
    angle = shape * np.arctan2(turn, 1 + less)
    power: Numbers = size * np.cos(angle) - 1j * (size * np.sin(angle))
    return power


def _log_sinhc(v: Array) -> Array:
    """Return log(sinh(v) / v) for v >= 0, relatively exact where it is small."""
    small, large = np.minimum(v, SMALL), np.maximum(v, SMALL)
    w = small * small
    series = w / 6 - w**2 / 180 + w**3 / 2835 - w**4 / 37800 + w**5 / 467775
    answer: Array = np.where(v < SMALL, series, large + np.log1p(-np.exp(-2 * large)) - np.log(2 * large))
    return answer


def _most(k: int) -> int:
    """Return the number of purchases whose probabilities are summed if few are likely."""
    return -(-(EVENTS + 2 * k) // k) + 1


def _chances(events: int, shape: Array, z: Array) -> Array:
    """Return P(N = n) of a negative binomial for n = 0 to events - 1, first."""
    share = z / (1 + z)
    chances = [np.exp(-shape * np.log1p(z))]
    for n in range(events - 1):
        chances.append(chances[-1] * share * (shape + n) / (n + 1))
    return np.stack(chances)


def _tails(k: int, shape: Array, z: Array) -> Array:
    """Return P(M >= n) at each stage (n, k, ...), n = 1, 2, ...: sums of positive terms, down from the largest n."""
    shapes, most = shape + _stages(k, shape, z), _most(k)
    chances = _chances(k * most, shapes, z)
    beyond = np.zeros(chances.shape[1:])
    # At a long horizon z / (1 + z) would round to 1. A stage more makes the same number of events likelier:
    # I_x(m, a + 1) = I_x(m, a) + x^m (1 - x)^a / (a B(m, a)).
    beyond[0] = betaincc(shapes[0], k * most, 1 / (1 + z))
    for j in range(k - 1):
        beyond[j + 1] = beyond[j] + chances[-1, j] * z / (1 + z) * (1 + (k * most - 1) / shapes[j])
    tails = beyond + np.cumsum(chances[::-1], axis=0)[::-1]
    due = k * np.arange(1, most + 1)[:, None] - np.arange(k)
    answer: Array = np.concatenate([tails, beyond[None]])[due, np.arange(k)]
    return answer


def _at_once(terms: Array, q: Array) -> Array:
    """Sum of q^(n-1) terms[n-1] over n, by Horner's rule."""
    total: Array = terms[-1] + np.zeros(np.shape(q))
    for term in terms[-2::-1]:
        total = term + q * total
    return total

"""A third computation by numerical integration, to decide where two implementations differ.

It uses no closed form: the behavior of a customer with known rates is averaged over the distribution of the rates among
customers, by the trapezoidal rule in the logarithm of a rate and the logit of a probability. On these scales the
integrands vanish exponentially at both ends, where the rule converges faster than any power of its step (Trefethen &
Weideman (2014), SIAM Review 56(3), 385-458). A result is used only if half the nodes give the same value. It is slow:
use it for a few customers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, logsumexp

from clvmodels.processes.contract import Array

__all__ = ["third_computation"]

FARTHEST = 20_000.0  # on the log scale: even a density like e^(0.003 u) is 0 there
ZOOM_NODES, ZOOMS = 301, 12
STEP, FEWEST_NODES, MOST_NODES = 0.2, 201, 3 * 10**7  # of the trapezoidal rule: no integrand is steeper than e^-e^u
BLOCK = 10**6
NEGLIGIBLE_EXPONENT = 46.0  # e^-46 is 1e-20
CONVERGED = 1e-9

Function = Callable[..., Array]
Parameters = Mapping[str, float]


def third_computation(process: str, p: Parameters, row: Sequence[float], horizon: float) -> dict[str, float]:
    """Return the log-likelihood and the predictions of one customer.

    Parameters
    ----------
    process : str
        Name of the process.
    p : mapping of str to float
    row : sequence of float
        The customer's statistics, in the order of the process.
    horizon : float

    Returns
    -------
    dict of str to float
        log_likelihood, probability_alive and expected_purchases, or log_likelihood and expected_spend. NaN if the sum
        did not converge, infinite if the average does not exist.
    """
    if process == "gamma_gamma":
        return _spend(p, *row)
    latent, active, gone, bought = PURCHASES[process]
    densities = [of(p) for of in latent]

    def integral(*terms: Function) -> float:
        def log_f(u: Array, v: Array) -> Array:
            total = densities[0](u) + densities[1](v)
            for term in terms:
                total = total + term(u, v)
            return total

        return log_integral(log_f, 2)

    with np.errstate(all="ignore"):
        alive = integral(lambda u, v: active(u, v, *row))
        left = integral(lambda u, v: gone(u, v, *row))
        buys = integral(lambda u, v: active(u, v, *row), lambda u, v: bought(u, v, horizon))
        likelihood = float(np.logaddexp(alive, left))
    return {
        "log_likelihood": likelihood,
        "probability_alive": float(np.exp(alive - likelihood)),
        "expected_purchases": float(np.exp(buys - likelihood)),
    }


def log_integral(log_f: Function, dimensions: int) -> float:
    """Return the logarithm of the integral of exp(log_f) over the whole plane, or the line.

    NaN if half the nodes give a different result; infinite if the integrand still grows at the farthest end.
    """
    low, high = np.full(dimensions, -FARTHEST), np.full(dimensions, FARTHEST)
    for _ in range(ZOOMS):
        values = log_f(*_grid(low, high, [ZOOM_NODES] * dimensions))
        values = np.where(np.isnan(values), -np.inf, values)
        top = np.max(values)
        if top == -np.inf:
            return -np.inf
        place = np.unravel_index(np.argmax(values), values.shape)
        if np.any(
            (np.array(place) == 0) & (low == -FARTHEST) | (np.array(place) == ZOOM_NODES - 1) & (high == FARTHEST)
        ):
            return np.inf
        inner_low, inner_high = _where_it_counts(values > top - NEGLIGIBLE_EXPONENT, low, high)
        settled = bool(np.all(inner_high - inner_low > 0.9 * (high - low)))
        low, high = inner_low, inner_high
        if settled:
            break
    nodes = np.maximum(FEWEST_NODES, np.ceil((high - low) / STEP).astype(int))
    if np.prod(2.0 * nodes) > MOST_NODES:
        return np.nan
    coarse, fine = _trapezoid(log_f, low, high, nodes), _trapezoid(log_f, low, high, 2 * nodes - 1)
    return fine if abs(fine - coarse) < CONVERGED else np.nan


def _where_it_counts(near: npt.NDArray[np.bool_], low: Array, high: Array) -> tuple[Array, Array]:
    """Return the ends of the nodes that contribute, plus two nodes on each side."""
    step = (high - low) / (ZOOM_NODES - 1)
    axes = range(near.ndim)
    used = [np.flatnonzero(near.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    inner_low = low + (np.array([nodes[0] for nodes in used]) - 2) * step
    inner_high = low + (np.array([nodes[-1] for nodes in used]) + 2) * step
    return np.maximum(inner_low, -FARTHEST), np.minimum(inner_high, FARTHEST)


def _trapezoid(log_f: Function, low: Array, high: Array, nodes: npt.NDArray[np.int64]) -> float:
    """Return the log of the sum over a grid, in blocks of its first axis; its ends are negligible."""
    first, *others = _grid(low, high, nodes)
    rows = max(1, BLOCK * len(first) // int(np.prod(nodes)))
    sums = [float(logsumexp(log_f(first[i : i + rows], *others))) for i in range(0, len(first), rows)]
    return float(logsumexp(sums) + np.sum(np.log((high - low) / (nodes - 1))))


def _grid(low: Array, high: Array, nodes: Sequence[int] | npt.NDArray[np.int64]) -> tuple[Array, ...]:
    axes = [np.linspace(start, stop, count) for start, stop, count in zip(low, high, nodes, strict=True)]
    return tuple(np.meshgrid(*axes, indexing="ij", sparse=True))


# ---- how the rates vary: densities of u = log rate, or of v = logit probability ------------------------------


def _gamma(shape: str, rate: str) -> Callable[[Parameters], Function]:
    def of(p: Parameters) -> Function:
        a, b = p[shape], p[rate]
        return lambda u: a * (u + np.log(b)) - b * np.exp(u) - gammaln(a)

    return of


def _beta(first: str, second: str) -> Callable[[Parameters], Function]:
    def of(p: Parameters) -> Function:
        a, b = p[first], p[second]
        return lambda v: a * _log_p(v) + b * _log_p(-v) - betaln(a, b)

    return of


def _log_p(v: Array) -> Array:
    """Return the log of the probability whose logit is v; -v gives its complement."""
    answer: Array = -np.logaddexp(0.0, -v)
    return answer


def _log_share(log_z: Array) -> Array:
    """Return the log of 1 - exp(-z)."""
    return np.where(log_z < -30, log_z, np.log(-np.expm1(-np.exp(log_z))))


def _times(count: float, log: Array) -> Array:
    """Return count * log, and 0 for a count of 0."""
    return count * log if count else np.zeros(())


# ---- what a customer of known rates does: still active, gone, and bought within h if active ------------------


def _bg_active(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    return _times(x, u + _log_p(-v)) - np.exp(u) * T


def _bg_gone(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    if x == 0:
        return np.full(np.broadcast_shapes(u.shape, v.shape), -np.inf)
    return _log_p(v) + _times(x - 1, _log_p(-v)) + x * u - np.exp(u) * t_x


def _bg_bought(u: Array, v: Array, h: float) -> Array:
    """Return the log of expected Poisson purchases, each the last with probability p: (1 - exp(-rate p h)) / p."""
    log_p = _log_p(v)
    return _log_share(u + log_p + np.log(h)) - log_p


def _mbg_active(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    return _times(x, u) + (x + 1) * _log_p(-v) - np.exp(u) * T


def _mbg_gone(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    return _log_p(v) + _times(x, u + _log_p(-v)) - np.exp(u) * t_x


def _pareto_active(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    return _times(x, u) - (np.exp(u) + np.exp(v)) * T


def _pareto_gone(u: Array, v: Array, x: float, t_x: float, T: float) -> Array:
    """Return the log-likelihood of a customer who left at some time between t_x and T."""
    both = np.logaddexp(u, v)
    return _times(x, u) + v - both - np.exp(both) * t_x + _log_share(both + np.log(T - t_x))


def _pareto_bought(u: Array, v: Array, h: float) -> Array:
    """Return the log of expected purchases at the rate until dropout: rate (1 - exp(-dropout h)) / dropout."""
    return u + _log_share(v + np.log(h)) - v


def _bb_active(u: Array, v: Array, x: float, t_x: float, n: float) -> Array:
    return _times(x, _log_p(u)) + _times(n - x, _log_p(-u)) + _times(n, _log_p(-v))


def _bb_gone(u: Array, v: Array, x: float, t_x: float, n: float) -> Array:
    """Return the log-likelihood of a customer who stayed for t_x to n - 1 opportunities and left before the next."""
    stays = _log_p(-u) + _log_p(-v)  # at each opportunity: bought nothing and did not leave
    series = [i * stays for i in range(round(n - t_x))]
    if not series:
        return np.full(np.broadcast_shapes(u.shape, v.shape), -np.inf)
    before = _times(x, _log_p(u)) + _times(t_x - x, _log_p(-u)) + _times(t_x, _log_p(-v)) + _log_p(v)
    answer: Array = before + np.logaddexp.reduce(np.stack(np.broadcast_arrays(*series)))
    return answer


def _bb_bought(u: Array, v: Array, h: float) -> Array:
    """Return the log of expected purchases at h opportunities until dropout."""
    stays = [i * _log_p(-v) for i in range(1, round(h) + 1)]
    answer: Array = _log_p(u) + np.logaddexp.reduce(np.stack(np.broadcast_arrays(*stays)))
    return answer


def _spend(p: Parameters, count: float, mean: float) -> dict[str, float]:
    """Return Gamma-Gamma results: the mean of `count` purchases is Gamma(p count, nu count), and E[spend] is p / nu."""
    density = _gamma("q", "v")(p)
    shape = p["p"] * count

    def likelihood(u: Array) -> Array:
        log_f = density(u)
        if count:
            rate = u + np.log(count)
            log_f = log_f + shape * rate + (shape - 1) * np.log(mean) - np.exp(rate) * mean - gammaln(shape)
        return log_f

    with np.errstate(all="ignore"):
        seen = log_integral(likelihood, 1)
        spent = log_integral(lambda u: likelihood(u) + np.log(p["p"]) - u, 1)
    return {"log_likelihood": seen, "expected_spend": float(np.exp(spent - seen))}


PURCHASES = {
    "bgnbd": ((_gamma("r", "alpha"), _beta("a", "b")), _bg_active, _bg_gone, _bg_bought),
    "mbgnbd": ((_gamma("r", "alpha"), _beta("a", "b")), _mbg_active, _mbg_gone, _bg_bought),
    "pareto_nbd": ((_gamma("r", "alpha"), _gamma("s", "beta")), _pareto_active, _pareto_gone, _pareto_bought),
    "bgbb": ((_beta("alpha", "beta"), _beta("gamma", "delta")), _bb_active, _bb_gone, _bb_bought),
}
"""The distributions of the two rates among customers; the behavior of a customer with known rates."""

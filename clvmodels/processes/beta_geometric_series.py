"""Expected purchases of active customers of BG/NBD and MBG/NBD under many draws of the parameters at once.

A customer active at T makes N purchases at the rate lambda ~ Gamma(r + x, alpha + T) within h, were it not for dropout:
N is negative binomial. The (k+1)-th of them is really made if the customer stays after each of the first k, so that

    E(purchases) = sum over n of P(N = n) S(n),  S(n) = sum over k < n of (b + x)_k / (a + b + x)_k.

All terms are positive, and both factors follow from those of n - 1 by a multiplication. S does not depend on T. For a
single set of parameters and many customers, `beta_geometric.purchases_if_active` is faster: it interpolates in T.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.processes.beta_geometric import Parameters, purchases_if_active
from clvmodels.processes.contract import Array

__all__ = ["purchases_under_draws"]

MOST_TERMS = 2_000  # with more, averages over the dropout probability are faster
NEGLIGIBLE = 37.0  # terms below e^-37 of the sum are left out
DEVIATIONS = 8.5  # standard deviations after which the largest of them are passed
LARGEST_EXPONENT = 600.0  # P(N = 0) is computed directly up to e^-600


def purchases_under_draws(p: Parameters, h: float, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of customers who are active at T under each draw, (draws, n).

    Parameters
    ----------
    p : Parameters
        Columns of draws, (draws, 1) each.
    h : float
    x, T : arrays (n,)
    """
    answer = np.empty((len(p.r), len(x)))
    terms = _count_terms(p, h, x, T)
    for count in np.unique(x):
        rows = np.flatnonzero((x == count) & (terms <= MOST_TERMS))
        if not len(rows):
            continue
        n = np.arange(int(terms[rows].max()))
        growth = (p.r + count + n) / (n + 1.0)  # P(N = n + 1) / P(N = n), but for the share of h
        stays = np.cumprod((p.b + count + n) / (p.a + p.b + count + n), axis=1)
        made = np.ones_like(stays)
        np.cumsum(stays[:, :-1], axis=1, out=made[:, 1:])
        made[:, 1:] += 1.0
        for row in rows:
            last = terms[row]
            chance = _chances(p.r + count, h / (p.alpha + T[row]), growth[:, :last])
            answer[:, row] = np.sum(chance * made[:, :last], axis=1)
    many = np.flatnonzero(terms > MOST_TERMS)
    if len(many):
        columns = np.broadcast_arrays(*(np.ravel(value) for value in p))
        answer[:, many] = [
            purchases_if_active(Parameters(*values), np.asarray(h, dtype=float), x[many], T[many])
            for values in zip(*columns, strict=True)
        ]
    return answer


def _count_terms(p: Parameters, h: float, x: Array, T: Array) -> npt.NDArray[np.intp]:
    """Return the number of terms that a customer needs under every draw, (n,); it depends on x and T alone."""
    z = h / (p.alpha + T)
    mean = (p.r + x) * z
    with np.errstate(divide="ignore"):
        tail = NEGLIGIBLE / np.log1p(1 / z)  # far out, terms fall by z / (1 + z) each
    terms = mean + DEVIATIONS * np.sqrt(mean * (1 + z)) + tail
    count: npt.NDArray[np.intp] = np.minimum(np.max(terms, axis=0) + 2, MOST_TERMS + 1).astype(np.intp)
    return count


def _chances(shape: Array, z: Array, growth: Array) -> Array:
    """Return P(N = n) for n = 1, 2, ..., (draws, terms)."""
    log_none = -shape * np.log1p(z)
    factors = growth * (z / (1 + z))
    if np.min(log_none) > -LARGEST_EXPONENT:
        factors[:, :1] *= np.exp(log_none)
        return np.cumprod(factors, axis=1, out=factors)
    logs = np.log(factors)
    logs[:, :1] += log_none
    return np.exp(np.cumsum(logs, axis=1, out=logs), out=logs)

"""The number of purchases of customers of Pareto/NBD and GGompertz/NBD, averaged over the time of dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.processes.negative_binomial import negative_binomial_tails
from clvmodels.processes.race import Remaining
from clvmodels.processes.special import legendre

__all__ = ["exceedances_if_active"]

# Nodes for up to this many purchases so far; four times as many purchases need twice as many. Against `pmf_if_active`
# they are good to 1e-9, and to 1e-6 over a year where customers with 30 purchases were observed for 39 weeks.
NODES, MANY = 24, 32.0
SHARP, MOST_TIMES = 12.0, 8  # where dropout grows with age, that many times for each 12 of b h: survival ends suddenly


def exceedances_if_active(
    law: Callable[[Any, Array], Remaining], p: Any, h: float | Array, x: Array, T: Array
) -> Iterator[Array]:
    """Yield P(more than k purchases in (T, T + h]) of a customer who is active at T, for k = 0, 1, 2, ...

    The customer stays for all of h, or drops out within it; the chance of more than k purchases by then is averaged
    over the time of dropout by Gauss-Legendre nodes in log(1 + pace tau), as many as the customer's own x needs.
    """
    counts = NODES * 2 ** np.ceil(0.5 * np.log2(np.maximum(x / MANY, 1.0))).astype(np.intp)
    aging = law(p, np.zeros(())).b
    if aging is not None:
        steep = np.atleast_1d(aging * h)
        steep = np.max(steep, axis=tuple(range(steep.ndim - 1)))  # over draws of the parameters
        counts = counts * np.ceil(np.clip(steep / SHARP, 1, MOST_TIMES)).astype(np.intp)
    rows = [np.flatnonzero(counts == count) for count in np.unique(counts)]
    parts = []
    for own in rows:
        of_rows = type(p)(*(_own(value, own, len(x)) for value in p))
        parts.append(_with_nodes(law, of_rows, _own(h, own, len(x)), x[own], T[own], int(counts[own[0]])))
    for each in zip(*parts, strict=True):
        answer = np.empty((*each[0].shape[:-1], len(x)))
        for own, values in zip(rows, each, strict=True):
            answer[..., own] = values
        yield answer


def _own(value: float | Array, rows: npt.NDArray[np.intp], n: int) -> Any:
    """Return these rows of values with one entry per customer, and others unchanged."""
    return np.asarray(value)[..., rows] if np.ndim(value) and np.shape(value)[-1] == n > 1 else value


def _with_nodes(
    law: Callable[[Any, Array], Remaining], p: Any, h: float | Array, x: Array, T: Array, count: int
) -> Iterator[Array]:
    shape, age, remaining = p.r + x, p.alpha + T, law(p, T)
    pace = (1 + remaining.s) / remaining.B + (0.0 if remaining.b is None else remaining.b)
    span = np.log1p(pace * h)
    shares, tails = [np.exp(remaining.log_survival(np.asarray(h)))], [negative_binomial_tails(shape, h / age)]
    for place, weight in zip(*legendre(count), strict=True):
        tau = np.expm1(span * place) / pace
        leaves = remaining.hazard(tau) * np.exp(remaining.log_survival(tau))
        shares.append(weight * span * (1 / pace + tau) * leaves)
        tails.append(negative_binomial_tails(shape, tau / age))
    while True:
        total: Array = np.zeros(())
        for share, tail in zip(shares, tails, strict=True):
            total = total + share * next(tail)
        yield total

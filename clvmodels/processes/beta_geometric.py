"""What BG/NBD and MBG/NBD have in common: purchase rates, dropout after a purchase, and an active customer's future.

Purchases come at a gamma-distributed rate; after each one, a customer drops out with a beta-distributed probability. A
customer active at T buys at rate lambda ~ Gamma(r + x, alpha + T) and leaves after a purchase with probability
p ~ Beta(a, b + stays), where `stays` counts the purchases after which the customer stayed: x in BG/NBD, and x + 1 in
MBG/NBD, where customers may also leave after the first purchase (b + 1 then replaces b). Every prediction is an average
over p of an elementary function.

Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284; called FHL below.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln

from clvmodels.processes.blocks import PURCHASE_RATE, BetaBlock
from clvmodels.processes.contract import Array, Score
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.negative_binomial import negative_binomial_tails
from clvmodels.processes.octaves import over_octaves
from clvmodels.processes.quantities import MEAN_DROPOUT_PROBABILITY, MEAN_PURCHASE_RATE, MEAN_TIME_BETWEEN_PURCHASES
from clvmodels.processes.special import (
    beta_node_count,
    beta_nodes,
    by_count,
    by_node_count,
    is_shared,
    legendre,
    log1pexp,
    log_beta,
    logistic,
)

__all__ = [
    "MOVES",
    "PARAMETRIZATION",
    "QUANTITY_POWERS",
    "Parameters",
    "average",
    "both_if_active",
    "discounted_if_active",
    "exceedances_if_active",
    "intensity_if_active",
    "pmf_if_active",
    "posterior_means",
    "purchases_if_active",
    "quantities",
    "residual_if_active",
    "score_from_counts",
    "starts",
    "survival_if_active",
]

SMALLEST_DROPOUT = 1e-12  # dropout probability below which no customer leaves within any horizon
BLOCK = 2**15  # rows times nodes computed at once: fits into a processor's cache
LEGENDRE_STEPS = 4  # node counts are rounded up to a multiple of this
MOST_PURCHASES = 1_000  # number of future purchases up to which the nodes are close enough


class Parameters(NamedTuple):
    """r, alpha of the purchase rate (alpha in time units); a, b of the dropout probability. All positive."""

    r: Array
    alpha: Array
    a: Array
    b: Array


def starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Return starting values: the overall rate, with little or much dropout and variation."""
    rate = max(float(np.sum(x)), 0.5) / max(float(np.sum(T)), 1e-300)
    shapes = ((0.5, 1.5, 0.2, 3.0), (2.0, 1.2, 0.05, 1.0), (0.2, 3.0, 0.5, 2.0))
    return [
        Parameters(*map(np.asarray, (r, r / (rate * boost), mean * spread, (1 - mean) * spread)))
        for r, boost, mean, spread in shapes
    ]


def score_from_counts(of_counts: Callable[..., Array], p: Parameters, x: Array, t_x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha, log a, log b).

    Parameters
    ----------
    of_counts : function (x, r, a, b)
        The terms that depend on the count alone, (6, ...): the part of the log-likelihood; its derivatives by r, log a
        and log b; the log odds a/(b + stays - 1) of leaving after the last purchase; minus their derivative by log b.
    """
    r, alpha, a, b = p
    shape, age, last_age = r + x, alpha + T, alpha + t_x
    log_age = np.log(age)
    log_ratio = log_age - np.log(last_age)
    log_counts, rise_r, rise_a, rise_b, log_last, last = by_count(of_counts, x, r, a, b)
    log_odds = log_last + shape * log_ratio
    gone = logistic(log_odds)  # weight of the second term: dropped out right after the last purchase
    value = log_counts + r * np.log(alpha) - shape * log_age + log1pexp(log_odds)
    by_log_r = r * (rise_r + np.log(alpha) - log_age + gone * log_ratio)
    by_log_alpha = r - alpha * shape * ((1 - gone) / age + gone / last_age)
    by_log_a = gone + rise_a
    by_log_b = rise_b - gone * last
    return Score(value, np.stack(np.broadcast_arrays(by_log_r, by_log_alpha, by_log_a, by_log_b)))


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T.

    FHL's closed form, eq. (10), is singular at a = 1 and cancels near it; this is the same expectation written as an
    average over p of [1 - (1 + p h/(alpha+T))^-(r+x)] / p, which is regular everywhere.
    """

    def purchases(x: Array, age: Array) -> Array:
        return _average(_purchases_until, p, h, x, p.r + x, h / age)

    return _by_age(purchases, ("purchases",), p, h, x, T)


def discounted_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return the same expectation with each purchase worth exp(-delta tau)."""
    answer: Array = both_if_active(p, h, delta, x, T)[1]
    return answer


def both_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T, and the same discounted, (2, n).

    Integrated by parts, e^(-delta h) N(h) + delta * integral of e^(-delta tau) N(tau), since expected purchases N are
    bounded and monotone where the intensity may be steep; Gauss-Legendre nodes in log(1 + pace tau), on which scale
    both factors are smooth. Where money grows with time (delta < 0), the first factor is written as 1 less the integral
    of delta e^(-delta tau), so that the large terms cancel exactly.
    """

    def with_nodes(count: int, *columns: Array) -> Array:
        p, (h, x, T) = Parameters(*columns[:4]), columns[4:]
        places, weights = legendre(count)

        def purchases(x: Array, age: Array) -> Array:
            pace = _pace(p, x, age) + abs(delta)
            span = np.log1p(pace * h)
            share = []
            for place, weight in zip(places, weights, strict=True):
                tau = np.expm1(span * place) / pace
                share += [weight * delta * span * (1 / pace + tau) * np.exp(-delta * tau), tau / age]
            last = np.exp(-delta * h) + np.zeros(np.shape(span)) if delta >= 0 else 1 - sum(share[::2])
            return _average(_purchases_by_share, p, h, x, p.r + x, *share, last, h / age)

        return _by_age(purchases, ("discounted", delta, count), p, h, x, T)

    return by_node_count(with_nodes, _discount_nodes(p, h, delta), *p, h, x, T, steps=LEGENDRE_STEPS)


def residual_if_active(p: Parameters, x: Array, T: Array) -> Array:
    """Return all expected purchases after T of a customer who is active at T: the mean of 1/p, infinite for a <= 1."""
    finite = p.a > 1
    answer = np.where(finite, (p.a + p.b + x - 1) / np.where(finite, p.a - 1, 1.0), np.inf)
    return np.broadcast_to(answer, np.broadcast_shapes(answer.shape, np.shape(p.r), np.shape(p.alpha)))


def survival_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return P(active at T + h) of a customer who is active at T: the average over p of (1 + p h/(alpha+T))^-(r+x)."""

    def survives(x: Array, age: Array) -> Array:
        return _average(_surviving, p, h, x, p.r + x, h / age)

    return np.clip(_by_age(survives, ("survival",), p, h, x, T), 0.0, 1.0)


def posterior_means(p: Parameters, alive: Array, x: Array, t_x: Array, T: Array) -> dict[str, Array]:
    """Return the means of a customer's rate and dropout probability given the history, from P(alive).

    A customer who has left did so right after the last purchase. The rate then depends on t_x, and one dropout is
    observed in place of one stay.
    """
    return {
        "purchase_rate": (p.r + x) * (alive / (p.alpha + T) + (1 - alive) / (p.alpha + t_x)),
        "dropout_probability": (p.a + 1 - alive) / (p.a + p.b + x),
    }


def intensity_if_active(p: Parameters, tau: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases per unit of time, tau after T, of a customer who is active at T."""
    shape, age = p.r + x, p.alpha + T
    answer: Array = shape / age * _average(_still_buying, p, tau, x, shape, tau / age)
    return answer


def pmf_if_active(p: Parameters, k: Array, h: Array, x: Array, T: Array) -> Array:
    """Return P(exactly k purchases in (T, T + h]) of a customer who is active at T.

    FHL eq. (8) with the posteriors of an active customer: either k purchases were made and survived, or the k-th
    (k > 0) was the last; the chance that it came in time is a regularized incomplete beta function.
    """
    r, alpha, a, b = p
    shape, age = r + x, alpha + T
    k = np.asarray(k, dtype=float)
    share = h / (age + h)
    survived = betaln(a, b + x + k) - betaln(a, b + x)
    exactly = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1) - shape * np.log1p(h / age)
    with np.errstate(divide="ignore", invalid="ignore"):
        exactly = exactly + np.where(k > 0, k * np.log(share), 0.0)
    counted = np.exp(survived + exactly)
    last = np.exp(betaln(np.add(a, 1), b + (x + np.maximum(k, 1) - 1)) - betaln(a, b + x))
    dropped = np.where(k > 0, last * betainc(np.maximum(k, 1), shape, share), 0.0)
    answer: Array = counted + dropped
    return answer


def exceedances_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Iterator[Array]:
    """Yield P(more than k purchases in (T, T + h]) of a customer who is active at T, for k = 0, 1, 2, ...

    More than k purchases are made if more than k come in time and none of the first k is the last; the two are
    independent, since rate and dropout probability are.
    """
    stays: Array = np.ones(())
    for k, in_time in enumerate(negative_binomial_tails(p.r + x, h / (p.alpha + T))):
        yield stays * in_time
        stays = stays * ((p.b + x + k) / (p.a + p.b + x + k))


def quantities(p: Parameters) -> dict[str, Array]:
    """Return the summary quantities: means over new customers, and the time between purchases at the mean rate."""
    return {
        MEAN_PURCHASE_RATE: p.r / p.alpha,
        MEAN_TIME_BETWEEN_PURCHASES: p.alpha / p.r,
        MEAN_DROPOUT_PROBABILITY: p.a / (p.a + p.b),
    }


QUANTITY_POWERS = {MEAN_PURCHASE_RATE: -1, MEAN_TIME_BETWEEN_PURCHASES: 1, MEAN_DROPOUT_PROBABILITY: 0}


def _purchases_until(q: Array, shape: Array, z: Array) -> Array:
    """Return the expected purchases until z = h/(alpha+T) of a customer who drops out with probability q after each."""
    return _per_dropout(q, np.expm1(np.log1p(q * z) * -shape), shape * z)


def _purchases_by_share(q: Array, shape: Array, *shares: Array) -> Array:
    """Return `_purchases_until` at the last of several z, and its weighted sum over all; `shares` are (weight, z)."""
    gone, all_bought, left, z = np.zeros(()), np.zeros(()), np.zeros(()), np.zeros(())
    for worth, z in zip(shares[::2], shares[1::2], strict=True):
        left = np.log1p(q * z) * -shape
        left = np.expm1(left, out=left if left.ndim else None)
        gone = gone + worth * left
        all_bought = all_bought + worth * z
    by_last, in_all = _per_dropout(q, left, shape * z), _per_dropout(q, gone, shape * all_bought)
    return np.stack(np.broadcast_arrays(by_last, in_all))


def _per_dropout(q: Array, gone: Array, without_dropout: Array) -> Array:
    """Return -gone/q, or its limit where q is 0."""
    return np.where(q > 0, -gone / np.where(q > 0, q, 1.0), without_dropout)


def _surviving(q: Array, shape: Array, z: Array) -> Array:
    """Return P(still active at z = h/(alpha+T)) of a customer who drops out with probability q after each purchase."""
    answer: Array = np.exp(-shape * np.log1p(q * z))
    return answer


def _still_buying(q: Array, shape: Array, z: Array) -> Array:
    """Return the derivative of expected purchases by z, over shape."""
    answer: Array = np.exp(-(shape + 1) * np.log1p(q * z))
    return answer


def _by_age(
    function: Callable[[Array, Array], Array], name: tuple[Hashable, ...], p: Parameters, h: Array, x: Array, T: Array
) -> Array:
    """Return function(x, alpha + T), interpolated in age where all rows share one set of parameters and one horizon.

    The name tells functions with the same parameters and horizon apart.
    """
    if all(np.ndim(value) == 0 for value in (*p, h)) and np.ndim(x) == 1:
        return over_octaves(function, x, p.alpha + T, key=(name, *map(float, (*p, h))))
    return function(x, p.alpha + T)


def _average(g: Callable[..., Array], p: Parameters, h: Array, x: Array, *columns: Array) -> Array:
    """Return the average of g(q, shape, ..., z), where (1 - q)^k falls as fast as half the purchases of the rate."""
    return average(g, p, h, x, 0.5 * (columns[0] + 1) * columns[-1], *columns)


def average(
    g: Callable[..., Array],
    p: Parameters,
    h: Array,
    x: Array,
    k: Array,
    *columns: Array,
    prepare: Callable[[Array], tuple[Array, ...]] | None = None,
) -> Array:
    """Return the average of g(q, *columns) over the dropout probability q ~ Beta(a, b + x) of a customer active at T.

    g, whose answer may have axes before those of its columns, falls from g(0) to g(1) about as fast as (1 - q)^k. What
    is left of it after g(0) (1 - q)^k + g(1) q, whose average is known, vanishes at both ends and is summed over nodes.
    These depend on the parameters, the horizon and x, never on the other customers. With `prepare`, g
    takes its result in place of q, which is computed once for all customers with the same x.
    """
    longest = np.max(h, initial=0.0)

    def with_nodes(count: int, *columns: Array) -> Array:
        p, (x, k), columns = Parameters(*columns[:4]), columns[4:6], columns[6:]
        if all(map(is_shared, p)):
            distinct, rows = np.unique(x, return_inverse=True)
        else:
            distinct, rows = x, np.arange(len(x))
        nodes = beta_nodes(p.a, p.b + distinct, (p.r + distinct) * longest / p.alpha, count)
        q, complement, weight = (np.take(part, rows, axis=-2) for part in nodes)
        if prepare is None:
            at_0, at_1 = g(np.zeros(()), *columns), g(np.ones(()), *columns)
            left = g(q, *(column[..., None] for column in columns))
        else:
            at_0, at_1 = g(prepare(np.zeros(())), *columns), g(prepare(np.ones(())), *columns)
            prepared = tuple(np.take(part, rows, axis=-2) for part in prepare(nodes.p))
            left = g(prepared, *(column[..., None] for column in columns))
        b = p.b + x
        ends = at_0 * np.exp(log_beta(p.a, b + k) - log_beta(p.a, b)) + at_1 * p.a / (p.a + b)
        left = left - at_0[..., None] * np.exp(k[..., None] * np.log(complement)) - at_1[..., None] * q
        average: Array = ends + np.sum(weight * left, axis=-1)
        return average

    counts = beta_node_count(p.a, p.b, (p.r + MOST_PURCHASES) * longest / p.alpha)
    columns = (np.maximum(1.0, k), *(np.asarray(column, dtype=float) for column in columns))
    whole = partial(by_node_count, with_nodes, counts, *p)
    if any(map(np.ndim, p)) or any(np.shape(column) != np.shape(x) for column in columns):
        return whole(x, *columns)
    rows = max(1, BLOCK // int(counts))
    blocks = [slice(start, start + rows) for start in range(0, max(len(x), 1), rows)]
    return np.concatenate([whole(x[block], *(column[block] for column in columns)) for block in blocks], axis=-1)


def _pace(p: Parameters, x: Array | float, age: Array | float) -> Array:
    """Return the rate at which expected purchases level off: purchases per unit of time, times the chance that one is
    the last.

    A dropout probability is hardly ever more than three standard deviations, each at most sqrt(a)/(a+b+x), above its
    mean a/(a+b+x).
    """
    likely = np.minimum(1.0, (p.a + 3 * np.sqrt(p.a)) / (p.a + p.b + x))
    pace: Array = np.maximum(1.0, (p.r + x) * likely) / age
    return pace


def _discount_nodes(p: Parameters, h: Array, delta: float) -> npt.NDArray[np.intp]:
    """Return enough nodes for the widest span of log(1 + pace tau), that of a customer who has just arrived."""
    pace = np.maximum(_pace(p, 0.0, p.alpha), _pace(p, MOST_PURCHASES, p.alpha))
    longest = float(np.max(h, initial=0.0))
    span = np.log1p(longest * (pace + abs(delta)))
    nodes = 1.5 * span + 4 * np.log1p(abs(delta) * longest) + max(0.0, -delta * longest)
    count: npt.NDArray[np.intp] = 6 + np.ceil(nodes).astype(np.intp)
    return count


MOVES = {
    "purchase": ("log mean purchase rate", 1.0),
    "dropout": ("logit mean dropout probability", 1.0),
    "dropout_spread": ("log (a + b)", 1.0),
}

PARAMETRIZATION = Parametrization(
    blocks=(
        PURCHASE_RATE,
        BetaBlock(
            "a",
            "b",
            of="dropout probability",
            no_variation="fit-dropout-equal",
            all_variation="fit-dropout-at-once-or-never",
            no_mean="fit-no-dropout-nbd",
            all_mean="fit-dropout-after-next-purchase",
        ),
    ),
    unit_powers={"alpha": 1},
)

"""BG/NBD: purchases at a gamma-distributed rate; after each one, a beta-distributed chance of dropping out.

Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284; called FHL below.

A customer active at T buys at rate lambda ~ Gamma(r + x, alpha + T) and drops out after a purchase with probability
p ~ Beta(a, b + x). Everything forward in time is therefore P(alive) times an average over p of an elementary function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln

from clvmodels.processes.contract import (
    Array,
    BetaBlock,
    GammaBlock,
    Parametrization,
    PurchaseProcess,
    Score,
)
from clvmodels.processes.special import (
    beta_nodes,
    digamma_rise,
    is_shared,
    log1pexp,
    log_rise,
    on_distinct_pairs,
)

__all__ = ["PROCESS", "Parameters"]

DISCOUNT_NODES = 24


class Parameters(NamedTuple):
    """r, alpha of the purchase rate (alpha in time units); a, b of the dropout probability. All positive."""

    r: Array
    alpha: Array
    a: Array
    b: Array


class History(NamedTuple):
    """Simulated statistics of customers: x (n,), t_x (n,), and who is still active at T (n,)."""

    x: Array
    t_x: Array
    active: Array


def log_likelihood(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, T). FHL eq. (6), factored so that no term overflows."""
    r, alpha, a, b = p
    alive = (
        log_rise(r, x) - r * np.log1p(T / alpha) - x * np.log(alpha + T) + log_rise(b, x) - log_rise(np.add(a, b), x)
    )
    return alive + log1pexp(_log_odds_gone(p, x, t_x, T))


def score(p: Parameters, x: Array, t_x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha, log a, log b)."""
    r, alpha, a, b = p
    odds = _log_odds_gone(p, x, t_x, T)
    gone = expit(odds)  # weight of the second term: dropped out right after the last purchase
    log_ratio = np.log1p((T - t_x) / (alpha + t_x))
    lift = T / alpha
    value = (
        log_rise(r, x)
        - r * np.log1p(lift)
        - x * np.log(alpha + T)
        + log_rise(b, x)
        - log_rise(np.add(a, b), x)
        + log1pexp(odds)
    )
    together = digamma_rise(np.add(a, b), x)
    by_r = digamma_rise(r, x) - np.log1p(lift) + gone * log_ratio
    by_alpha = (r * T / alpha - x) / (alpha + T) - gone * (r + x) * (T - t_x) / ((alpha + T) * (alpha + t_x))
    by_log_a = gone - a * together
    last = np.where(x > 0, b / np.where(x > 0, b + x - 1, 1.0), 0.0)
    by_log_b = b * (digamma_rise(b, x) - together) - gone * last
    return Score(value, np.stack(np.broadcast_arrays(r * by_r, alpha * by_alpha, by_log_a, by_log_b)))


def starts(x: Array, t_x: Array, T: Array) -> list[Parameters]:
    """Where to start: the overall rate, with little or much dropout and variation."""
    rate = max(float(np.sum(x)), 0.5) / max(float(np.sum(T)), 1e-300)
    shapes = ((0.5, 1.5, 0.2, 3.0), (2.0, 1.2, 0.05, 1.0), (0.2, 3.0, 0.5, 2.0))
    return [
        Parameters(*map(np.asarray, (r, r / (rate * boost), mean * spread, (1 - mean) * spread)))
        for r, boost, mean, spread in shapes
    ]


def probability_alive(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Probability that a customer is still active at T.

    Hardie (2008), "Computing P(alive) Using the BG/NBD Model", eq. (7). A customer with no repeat purchase (x = 0) has
    not had the chance to drop out yet, so the answer is exactly 1.
    """
    answer: Array = expit(-_log_odds_gone(p, x, t_x, T))
    return answer


def purchase_intensity(p: Parameters, tau: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases per unit of time, tau after T.

    P(alive) (r+x)/(alpha+T) 2F1(r+x+1, a; a+b+x; -tau/(alpha+T)): the 2F1 is Euler's integral for the average of
    (1 + p tau/(alpha+T))^-(r+x+1) over p ~ Beta(a, b + x), and is computed as that average.
    """
    shape, age = p.r + x, p.alpha + T

    def survive(q: Array, shape: Array, z: Array) -> Array:
        return np.exp(-(shape + 1) * np.log1p(q * z))

    return probability_alive(p, x, t_x, T) * shape / age * _average(survive, p, x, shape, tau / age)


def expected_purchases(p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] given the history. FHL eq. (10).

    The paper's closed form is singular at a = 1 and cancels near it; this is the same expectation written as an
    average over p of [1 - (1 + p h/(alpha+T))^-(r+x)] / p, which is regular everywhere.
    """
    alive = probability_alive(p, x, t_x, T)
    return alive * on_distinct_pairs(lambda x, T: _purchases_if_alive(p, h, x, T), x, T, *p)


def discounted_purchases(p: Parameters, h: Array, delta: float, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h], each worth exp(-delta tau).

    Integrated by parts, e^(-delta h) N(h) + delta * integral of e^(-delta tau) N(tau), since expected purchases N are
    bounded and monotone where the intensity may be steep; Gauss-Legendre nodes in log(alpha + T + tau).
    """
    if delta == 0:
        return expected_purchases(p, h, x, t_x, T)
    alive = probability_alive(p, x, t_x, T)
    return alive * on_distinct_pairs(lambda x, T: _discounted_if_alive(p, h, delta, x, T), x, T, *p)


def mean_purchases(p: Parameters, t: Array) -> Array:
    """Expected repeat purchases of a new customer by t. FHL eq. (9): a customer with x = 0 and T = 0."""
    nothing = np.zeros(np.shape(t))
    return _purchases_if_alive(p, t, nothing, nothing)


def pmf(p: Parameters, k: Array, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """P(exactly k purchases in (T, T + h]) given the history.

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
    last = np.exp(betaln(np.add(a, 1), b + x + np.maximum(k, 1) - 1) - betaln(a, b + x))
    dropped = np.where(k > 0, last * betainc(np.maximum(k, 1), shape, share), 0.0)
    alive = probability_alive(p, x, t_x, T)
    answer: Array = alive * (counted + dropped) + np.where(k == 0, 1 - alive, 0.0)
    return answer


def new_customer_pmf(p: Parameters, k: Array, t: Array) -> Array:
    """P(a new customer makes exactly k repeat purchases by t). FHL eq. (8)."""
    nothing = np.zeros(np.broadcast_shapes(np.shape(k), np.shape(t)))
    return pmf(p, k, t, nothing, nothing, nothing)


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Histories of new customers observed for T (n,), drawn from the process itself."""
    n = len(T)
    rate = generator.gamma(np.broadcast_to(p.r, n)) / np.broadcast_to(p.alpha, n)
    dropout = generator.beta(np.broadcast_to(p.a, n), np.broadcast_to(p.b, n))
    x, t_x, active = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    buying = np.flatnonzero(rate > 0)
    while buying.size:
        when = t_x[buying] + generator.exponential(size=buying.size) / rate[buying]
        in_time = when <= T[buying]
        buying = buying[in_time]
        x[buying] += 1
        t_x[buying] = when[in_time]
        stays = generator.random(buying.size) >= dropout[buying]
        active[buying[~stays]] = False
        buying = buying[stays]
    return History(x, t_x, active)


def _log_odds_gone(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Logarithm of P(gone) / P(alive) at T: a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x), and none for x = 0."""
    r, alpha, a, b = p
    repeat = x > 0
    log_odds = np.log(a) - np.log(np.where(repeat, b + x - 1, 1.0)) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
    return np.where(repeat, log_odds, -np.inf)


def _purchases_if_alive(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] of a customer who is active at T; depends on x and T alone."""

    def bought(q: Array, shape: Array, z: Array) -> Array:
        steep = -np.expm1(-shape * np.log1p(q * z))
        return np.where(q > 0, steep / np.where(q > 0, q, 1.0), shape * z)

    shape = p.r + x
    return _average(bought, p, x, shape, h / (p.alpha + T))


def _discounted_if_alive(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """The same, each purchase worth exp(-delta tau)."""
    age = p.alpha + T
    span = np.log1p(h / age)
    value = np.exp(-delta * np.asarray(h)) * _purchases_if_alive(p, h, x, T)
    nodes, weights = np.polynomial.legendre.leggauss(DISCOUNT_NODES)
    for node, weight in zip(0.5 * (nodes + 1), 0.5 * weights, strict=True):
        tau = age * np.expm1(span * node)
        value = value + weight * span * (age + tau) * delta * np.exp(-delta * tau) * _purchases_if_alive(p, tau, x, T)
    return value


def _average(g: Callable[..., Array], p: Parameters, x: Array, shape: Array, z: Array) -> Array:
    """Average of g(p, shape, z) over the dropout probability p ~ Beta(a, b + x) of a customer active at T."""
    shape, z = np.asarray(shape, dtype=float), np.asarray(z, dtype=float)
    if is_shared(p.a) and is_shared(p.b):  # nodes depend on x alone
        distinct, rows = np.unique(x, return_inverse=True)
    else:
        distinct, rows = x, np.arange(len(x))
    nodes = beta_nodes(p.a, p.b + distinct, reach=float(np.max(shape * z, initial=0.0)))
    q, complement, weight = (np.take(part, rows, axis=-2) for part in nodes)
    at_0, at_1 = g(np.zeros(()), shape, z), g(np.ones(()), shape, z)
    inner = g(q, shape[..., None], z[..., None]) - complement * at_0[..., None] - q * at_1[..., None]
    mean = p.a / (p.a + p.b + x)
    average: Array = (1 - mean) * at_0 + mean * at_1 + np.sum(weight * inner, axis=-1)
    return average


PROCESS = PurchaseProcess(
    name="bgnbd",
    title="BG/NBD",
    source="Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            GammaBlock(
                "r",
                "alpha",
                of="purchase rate",
                no_variation="customers do not differ in how often they buy: r is indistinguishable from infinity",
                all_variation="a few customers make all the purchases: r is indistinguishable from 0",
                no_mean="there are no repeat purchases: the purchase rate is indistinguishable from 0, "
                "and so is every expected purchase",
            ),
            BetaBlock(
                "a",
                "b",
                of="dropout probability",
                no_variation="customers do not differ in how readily they drop out: "
                "a + b is indistinguishable from infinity",
                all_variation="a customer drops out at once or never: a + b is indistinguishable from 0",
                no_mean="no dropout can be seen in these data: a/(a+b) is indistinguishable from 0; "
                "predictions equal the NBD's",
                all_mean="every customer drops out after the next purchase: a/(a+b) is indistinguishable from 1",
            ),
        ),
        unit_powers={"alpha": 1},
    ),
    statistics=("frequency", "recency", "T"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    probability_alive=probability_alive,
    purchase_intensity=purchase_intensity,
    expected_purchases=expected_purchases,
    discounted_purchases=discounted_purchases,
    mean_purchases=mean_purchases,
    pmf=pmf,
    new_customer_pmf=new_customer_pmf,
    simulate=simulate,
)

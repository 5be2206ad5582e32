"""BG/NBD: purchases at a gamma-distributed rate; after each repeat purchase, a beta-distributed chance of dropping out.

Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284; called FHL below.
"""

from __future__ import annotations

import numpy as np

from clvmodels.processes.beta_geometric import (
    PARAMETRIZATION,
    Parameters,
    discounted_if_active,
    intensity_if_active,
    pmf_if_active,
    purchases_if_active,
    quantities,
    sample_if_active,
    score_from_counts,
    simulate,
    starts,
)
from clvmodels.processes.contract import Array, Future, PurchaseProcess, Score
from clvmodels.processes.special import by_count, digamma_rise, log1pexp, log_rise, logistic

__all__ = ["PROCESS", "Parameters"]


def log_likelihood(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, T). FHL eq. (6), factored so that no term overflows."""
    age = p.alpha + T
    alive = by_count(_log_counts, x, p.r, p.a, p.b) + p.r * np.log(p.alpha) - (p.r + x) * np.log(age)
    return alive + log1pexp(_log_odds_gone(p, x, t_x, T))


def score(p: Parameters, x: Array, t_x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha, log a, log b)."""
    return score_from_counts(_score_of_counts, p, x, t_x, T)


def probability_alive(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Probability that a customer is still active at T.

    Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model" (brucehardie.com, note 021), eq. (7). A
    customer with no repeat purchase (x = 0) has not had the chance to drop out yet, so the answer is exactly 1.
    """
    return logistic(-_log_odds_gone(p, x, t_x, T))


def purchase_intensity(p: Parameters, tau: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases per unit of time, tau after T.

    P(alive) (r+x)/(alpha+T) 2F1(r+x+1, a; a+b+x; -tau/(alpha+T)): the 2F1 is Euler's integral for the average of
    (1 + p tau/(alpha+T))^-(r+x+1) over p ~ Beta(a, b + x), and is computed as that average.
    """
    return probability_alive(p, x, t_x, T) * intensity_if_active(p, tau, x, T)


def expected_purchases(p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] given the history. FHL eq. (10)."""
    return probability_alive(p, x, t_x, T) * purchases_if_active(p, h, x, T)


def discounted_purchases(p: Parameters, h: Array, delta: float, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] given the history, each worth exp(-delta tau)."""
    return probability_alive(p, x, t_x, T) * discounted_if_active(p, h, delta, x, T)


def mean_purchases(p: Parameters, t: Array) -> Array:
    """Expected repeat purchases of a new customer by t. FHL eq. (9): a customer with x = 0 and T = 0."""
    nothing = np.zeros(np.shape(t))
    return purchases_if_active(p, t, nothing, nothing)


def pmf(p: Parameters, k: Array, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """P(exactly k purchases in (T, T + h]) given the history."""
    alive = probability_alive(p, x, t_x, T)
    answer: Array = alive * pmf_if_active(p, k, h, x, T) + np.where(np.equal(k, 0), 1 - alive, 0.0)
    return answer


def new_customer_pmf(p: Parameters, k: Array, t: Array) -> Array:
    """P(a new customer makes exactly k repeat purchases by t). FHL eq. (8)."""
    nothing = np.zeros(np.broadcast_shapes(np.shape(k), np.shape(t)))
    return pmf(p, k, t, nothing, nothing, nothing)


def sample_future(
    p: Parameters, h: float, delta: float, x: Array, t_x: Array, T: Array, generator: np.random.Generator
) -> Future:
    """Draw what customers do in (T, T + h], given their histories."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, x)))
    active = generator.random(shape) < probability_alive(p, x, t_x, T)
    return sample_if_active(p, h, delta, x, T, active, generator)


def _log_odds_gone(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Logarithm of P(gone) / P(alive) at T: a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x), and none for x = 0."""
    log_ratio = np.log(p.alpha + T) - np.log(p.alpha + t_x)
    answer: Array = by_count(_log_last, x, p.a, p.b) + (p.r + x) * log_ratio
    return answer


def _log_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """What the likelihood owes to the count alone: Gamma(r+x)/Gamma(r) B(a,b+x)/B(a,b)."""
    return log_rise(r, x) + log_rise(b, x) - log_rise(np.add(a, b), x)


def _log_last(x: Array, a: Array, b: Array) -> Array:
    """Logarithm of a/(b+x-1), the odds that the last purchase was followed by dropout; -inf for x = 0."""
    repeat = x > 0
    return np.where(repeat, np.log(a) - np.log(np.where(repeat, b + (x - 1), 1.0)), -np.inf)


def _score_of_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Parts of the score that depend on the count alone, (6, ...)."""
    together = digamma_rise(np.add(a, b), x)
    repeat = x > 0
    last = np.where(repeat, b / np.where(repeat, b + (x - 1), 1.0), 0.0)
    parts = (
        _log_counts(x, r, a, b),
        digamma_rise(r, x),
        -a * together,
        b * (digamma_rise(b, x) - together),
        _log_last(x, a, b),
        last,
    )
    return np.stack(np.broadcast_arrays(*parts))


PROCESS = PurchaseProcess(
    name="bgnbd",
    title="BG/NBD",
    source="Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284",
    Parameters=Parameters,
    parametrization=PARAMETRIZATION,
    statistics=("frequency", "recency", "T"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    state=("frequency", "T"),
    probability_alive=probability_alive,
    purchases_if_active=purchases_if_active,
    discounted_if_active=discounted_if_active,
    purchase_intensity=purchase_intensity,
    expected_purchases=expected_purchases,
    discounted_purchases=discounted_purchases,
    mean_purchases=mean_purchases,
    pmf=pmf,
    new_customer_pmf=new_customer_pmf,
    simulate=simulate,
    sample_future=sample_future,
    quantities=quantities,
)

"""MBG/NBD: BG/NBD in which a customer may also drop out after the first purchase.

Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24(3), 201-209; as CBG/NBD in Hoppe & Wagner (2007), Marketing JRM 3(2),
75-90; called BDF below.

Whoever is active after x repeat purchases has stayed x + 1 times, not x. Forward in time everything is therefore BG/NBD
with b + 1 in place of b, and only P(alive) differs.
"""

from __future__ import annotations

import numpy as np

from clvmodels.processes import beta_geometric
from clvmodels.processes.beta_geometric import PARAMETRIZATION, Parameters, quantities, starts
from clvmodels.processes.contract import Array, Future, History, PurchaseProcess, Score
from clvmodels.processes.special import by_count, digamma_rise, log1pexp, log_rise, logistic

__all__ = ["PROCESS", "Parameters"]


def log_likelihood(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, T). BDF eq. (4), factored so that no term overflows."""
    counts = by_count(_log_counts, x, p.r, p.a, p.b)
    alive = counts + p.r * np.log(p.alpha) - (p.r + x) * np.log(p.alpha + T)
    return alive + log1pexp(_log_odds_gone(p, x, t_x, T))


def score(p: Parameters, x: Array, t_x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha, log a, log b)."""
    return beta_geometric.score_from_counts(_score_of_counts, p, x, t_x, T)


def probability_alive(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Probability that a customer is still active at T. BDF eq. (6); below 1 for a customer without repeat purchase."""
    return logistic(-_log_odds_gone(p, x, t_x, T))


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] of a customer who is active at T."""
    return beta_geometric.purchases_if_active(_stayed(p), h, x, T)


def discounted_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """The same, each purchase worth exp(-delta tau)."""
    return beta_geometric.discounted_if_active(_stayed(p), h, delta, x, T)


def purchase_intensity(p: Parameters, tau: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases per unit of time, tau after T."""
    return probability_alive(p, x, t_x, T) * beta_geometric.intensity_if_active(_stayed(p), tau, x, T)


def expected_purchases(p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] given the history. BDF eq. (9)."""
    return probability_alive(p, x, t_x, T) * purchases_if_active(p, h, x, T)


def discounted_purchases(p: Parameters, h: Array, delta: float, x: Array, t_x: Array, T: Array) -> Array:
    """Expected purchases in (T, T + h] given the history, each worth exp(-delta tau)."""
    return probability_alive(p, x, t_x, T) * discounted_if_active(p, h, delta, x, T)


def mean_purchases(p: Parameters, t: Array) -> Array:
    """Expected repeat purchases of a new customer by t: none of those who leave at once."""
    nothing = np.zeros(np.shape(t))
    return p.b / (p.a + p.b) * purchases_if_active(p, t, nothing, nothing)


def pmf(p: Parameters, k: Array, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """P(exactly k purchases in (T, T + h]) given the history."""
    alive = probability_alive(p, x, t_x, T)
    answer: Array = alive * beta_geometric.pmf_if_active(_stayed(p), k, h, x, T) + np.where(
        np.equal(k, 0), 1 - alive, 0.0
    )
    return answer


def new_customer_pmf(p: Parameters, k: Array, t: Array) -> Array:
    """P(a new customer makes exactly k repeat purchases by t)."""
    nothing = np.zeros(np.broadcast_shapes(np.shape(k), np.shape(t)))
    return pmf(p, k, t, nothing, nothing, nothing)


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Histories of new customers observed for T (n,), drawn from the process itself."""
    return beta_geometric.simulate(p, T, generator, leave_at_once=True)


def sample_future(
    p: Parameters, h: float, delta: float, x: Array, t_x: Array, T: Array, generator: np.random.Generator
) -> Future:
    """Draw what customers do in (T, T + h], given their histories."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, x)))
    active = generator.random(shape) < probability_alive(p, x, t_x, T)
    return beta_geometric.sample_if_active(_stayed(p), h, delta, x, T, active, generator)


def _stayed(p: Parameters) -> Parameters:
    """BG/NBD's parameters for customers who have stayed once more than they have repeated."""
    return p._replace(b=p.b + 1)


def _log_odds_gone(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Logarithm of P(gone) / P(alive) at T: a/(b+x) ((alpha+T)/(alpha+t_x))^(r+x)."""
    log_ratio = np.log(p.alpha + T) - np.log(p.alpha + t_x)
    answer: Array = np.log(p.a) - np.log(p.b + x) + (p.r + x) * log_ratio
    return answer


def _log_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """What the likelihood owes to the count alone: Gamma(r+x)/Gamma(r) B(a,b+x+1)/B(a,b)."""
    return log_rise(r, x) + log_rise(b, x + 1) - log_rise(np.add(a, b), x + 1)


def _score_of_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Parts of the score that depend on the count alone, (6, ...)."""
    together = digamma_rise(np.add(a, b), x + 1)
    parts = (
        _log_counts(x, r, a, b),
        digamma_rise(r, x),
        -a * together,
        b * (digamma_rise(b, x + 1) - together),
        np.log(a) - np.log(b + x),
        b / (b + x),
    )
    return np.stack(np.broadcast_arrays(*parts))


PROCESS = PurchaseProcess(
    name="mbgnbd",
    title="MBG/NBD",
    source="Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209",
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

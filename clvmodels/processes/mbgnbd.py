"""MBG/NBD: BG/NBD in which a customer may also drop out after the first purchase.

Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24(3), 201-209; as CBG/NBD in Hoppe & Wagner (2007), Marketing JRM 3(2),
75-90; called BDF below.

A customer who is active after x repeat purchases has stayed x + 1 times, not x. Every prediction is therefore BG/NBD's
with b + 1 in place of b, and only P(alive) differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from clvmodels.processes import beta_geometric, beta_geometric_draws, beta_geometric_series, order_times
from clvmodels.processes.beta_geometric import MOVES, PARAMETRIZATION, QUANTITY_POWERS, Parameters, quantities, starts
from clvmodels.processes.beta_geometric_totals import totals
from clvmodels.processes.contract import Array, DrawnOrders, Future, History, PurchaseProcess, Score
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
    """Return the probability that a customer is still active at T. BDF eq. (6); below 1 without a repeat purchase."""
    return logistic(-_log_odds_gone(p, x, t_x, T))


def posterior_means(p: Parameters, x: Array, t_x: Array, T: Array) -> dict[str, Array]:
    """Return the means of each customer's purchase rate and dropout probability, given the history."""
    return beta_geometric.posterior_means(_with_stay(p), probability_alive(p, x, t_x, T), x, t_x, T)


def survival_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return P(still active at T + h) of a customer who is active at T."""
    return beta_geometric.survival_if_active(_with_stay(p), h, x, T)


def residual_if_active(p: Parameters, x: Array, T: Array) -> Array:
    """Return the expected purchases ever after T of a customer who is active at T; infinite for a <= 1."""
    return beta_geometric.residual_if_active(_with_stay(p), x, T)


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T."""
    return beta_geometric.purchases_if_active(_with_stay(p), h, x, T)


def purchases_under_draws(p: Parameters, h: float, x: Array, T: Array) -> Array:
    """Return the same expectation under each draw of the parameters, (draws, n)."""
    return beta_geometric_series.purchases_under_draws(_with_stay(p), h, x, T)


def discounted_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return the same expectation with each purchase worth exp(-delta tau)."""
    return beta_geometric.discounted_if_active(_with_stay(p), h, delta, x, T)


def both_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return both expectations together, (2, n)."""
    return beta_geometric.both_if_active(_with_stay(p), h, delta, x, T)


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Simulate histories of new customers observed for T (n,)."""
    return beta_geometric_draws.simulate(p, T, generator, leave_at_once=True)


def intensity_if_active(p: Parameters, tau: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases per unit of time, tau after T, of a customer who is active at T."""
    return beta_geometric.intensity_if_active(_with_stay(p), tau, x, T)


def pmf_if_active(p: Parameters, k: Array, h: Array, x: Array, T: Array) -> Array:
    """Return P(exactly k purchases in (T, T + h]) of a customer who is active at T."""
    return beta_geometric.pmf_if_active(_with_stay(p), k, h, x, T)


def exceedances_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Iterator[Array]:
    """Yield P(more than k purchases in (T, T + h]) of a customer who is active at T, for k = 0, 1, 2, ..."""
    return beta_geometric.exceedances_if_active(_with_stay(p), h, x, T)


def sample_if_active(
    p: Parameters,
    h: float | Array,
    delta: float,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T."""
    return beta_geometric_draws.sample_if_active(_with_stay(p), h, delta, x, T, active, generator)


def sample_mean_if_active(
    p: Parameters, h: float | Array, delta: float, x: Array, T: Array, generator: np.random.Generator
) -> Array:
    """Draw rates and dropout probabilities of active customers; return the purchases expected at these."""
    return beta_geometric_draws.sample_mean_if_active(_with_stay(p), h, delta, x, T, generator)


def buys_between_if_active(p: Parameters, start: Array, end: Array, x: Array, T: Array) -> Array:
    """Return P(any purchase in (T + start, T + end]) of a customer who is active at T."""
    return order_times.buys_between_beta_geometric(_with_stay(p), start, end, x, T)


def draw_orders_if_active(
    p: Parameters, h: float | Array, x: Array, T: Array, active: npt.NDArray[np.bool_], generator: np.random.Generator
) -> DrawnOrders:
    """Draw when customers buy in (T, T + h] and when they leave, given which of them are active at T."""
    return order_times.beta_geometric_orders(_with_stay(p), h, x, T, active, generator)


def _with_stay(p: Parameters) -> Parameters:
    """Return BG/NBD's parameters for customers who have stayed once more than they have repeated."""
    return p._replace(b=p.b + 1)


def _log_odds_gone(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Return the logarithm of P(gone) / P(alive) at T: a/(b+x) ((alpha+T)/(alpha+t_x))^(r+x)."""
    log_ratio = np.log(p.alpha + T) - np.log(p.alpha + t_x)
    answer: Array = np.log(p.a) - np.log(p.b + x) + (p.r + x) * log_ratio
    return answer


def _log_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the part of the likelihood that depends on the count alone: Gamma(r+x)/Gamma(r) B(a,b+x+1)/B(a,b)."""
    return log_rise(r, x) + log_rise(b, x + 1) - log_rise(np.add(a, b), x + 1)


def _score_of_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the parts of the score that depend on the count alone, (6, ...)."""
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
    survival_if_active=survival_if_active,
    purchases_if_active=purchases_if_active,
    discounted_if_active=discounted_if_active,
    both_if_active=both_if_active,
    purchases_under_draws=purchases_under_draws,
    exceedances_if_active=exceedances_if_active,
    residual_if_active=residual_if_active,
    intensity_if_active=intensity_if_active,
    pmf_if_active=pmf_if_active,
    sample_if_active=sample_if_active,
    sample_mean_if_active=sample_mean_if_active,
    posterior_means=posterior_means,
    buys_between_if_active=buys_between_if_active,
    draw_orders_if_active=draw_orders_if_active,
    simulate=simulate,
    quantities=quantities,
    quantity_powers=QUANTITY_POWERS,
    moves=MOVES,
    elementary=True,
    totals=partial(totals, 1),
)

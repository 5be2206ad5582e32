"""BG/NBD: purchases at a gamma-distributed rate; after each repeat purchase, a beta-distributed chance of dropping out.

Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284; called FHL below.
What an active customer does is in beta_geometric.py.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from clvmodels.processes import beta_geometric
from clvmodels.processes.beta_geometric import (
    MOVES,
    PARAMETRIZATION,
    QUANTITY_POWERS,
    Parameters,
    both_if_active,
    discounted_if_active,
    exceedances_if_active,
    intensity_if_active,
    pmf_if_active,
    purchases_if_active,
    quantities,
    residual_if_active,
    score_from_counts,
    starts,
    survival_if_active,
)
from clvmodels.processes.beta_geometric_draws import sample_if_active, sample_mean_if_active, simulate
from clvmodels.processes.beta_geometric_series import purchases_under_draws
from clvmodels.processes.beta_geometric_totals import totals
from clvmodels.processes.contract import Array, PurchaseProcess, Score
from clvmodels.processes.order_times import beta_geometric_orders, buys_between_beta_geometric
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
    """Return the probability that a customer is still active at T.

    Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model" (brucehardie.com, note 021), eq. (7). A
    customer with no repeat purchase (x = 0) has not had the chance to drop out yet, so the answer is exactly 1.
    """
    return logistic(-_log_odds_gone(p, x, t_x, T))


def posterior_means(p: Parameters, x: Array, t_x: Array, T: Array) -> dict[str, Array]:
    """Return the means of each customer's purchase rate and dropout probability, given the history."""
    return beta_geometric.posterior_means(p, probability_alive(p, x, t_x, T), x, t_x, T)


def _log_odds_gone(p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Return the logarithm of P(gone) / P(alive) at T: a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x), and none for x = 0."""
    log_ratio = np.log(p.alpha + T) - np.log(p.alpha + t_x)
    answer: Array = by_count(_log_last, x, p.a, p.b) + (p.r + x) * log_ratio
    return answer


def _log_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the part of the likelihood that depends on the count alone: Gamma(r+x)/Gamma(r) B(a,b+x)/B(a,b)."""
    return log_rise(r, x) + log_rise(b, x) - log_rise(np.add(a, b), x)


def _log_last(x: Array, a: Array, b: Array) -> Array:
    """Return the logarithm of a/(b+x-1), the odds that the last purchase was followed by dropout; -inf for x = 0."""
    repeat = x > 0
    return np.where(repeat, np.log(a) - np.log(np.where(repeat, b + (x - 1), 1.0)), -np.inf)


def _score_of_counts(x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the parts of the score that depend on the count alone, (6, ...)."""
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
    buys_between_if_active=buys_between_beta_geometric,
    draw_orders_if_active=beta_geometric_orders,
    simulate=simulate,
    quantities=quantities,
    quantity_powers=QUANTITY_POWERS,
    moves=MOVES,
    elementary=True,
    one_time_buyers_stay=True,
    totals=partial(totals, 0),
)

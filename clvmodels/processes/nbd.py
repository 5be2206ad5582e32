"""NBD: purchases at a gamma-distributed rate, without dropout.

Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied Statistics 8(1), 26-41; called E below. It is the limit
of BG/NBD and similar processes when no dropout can be detected, and a benchmark that shows what modeling dropout is
worth: wherever customers leave, it forecasts too many purchases over long horizons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from clvmodels.processes.blocks import PURCHASE_RATE
from clvmodels.processes.contract import Array, Future, History, PurchaseProcess, Score
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.negative_binomial import negative_binomial_tails
from clvmodels.processes.order_times import buys_between_nbd, nbd_orders
from clvmodels.processes.quantities import MEAN_PURCHASE_RATE, MEAN_TIME_BETWEEN_PURCHASES
from clvmodels.processes.special import digamma_rise, discounted_count, discounted_length, log_rise

__all__ = ["PROCESS", "Parameters"]


class Parameters(NamedTuple):
    """r, alpha of the purchase rate (alpha in time units). Both positive."""

    r: Array
    alpha: Array


def log_likelihood(p: Parameters, x: Array, T: Array) -> Array:
    """Log-likelihood of the times of each customer's x purchases within T; the time of the last one adds no
    information.
    """
    answer: Array = log_rise(p.r, x) + p.r * np.log(p.alpha) - (p.r + x) * np.log(p.alpha + T)
    return answer


def score(p: Parameters, x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha)."""
    log_age = np.log(p.alpha + T)
    value = log_rise(p.r, x) + p.r * np.log(p.alpha) - (p.r + x) * log_age
    by_log_r = p.r * (digamma_rise(p.r, x) + np.log(p.alpha) - log_age)
    by_log_alpha = p.r - p.alpha * (p.r + x) / (p.alpha + T)
    return Score(value, np.stack(np.broadcast_arrays(by_log_r, by_log_alpha)))


def starts(x: Array, T: Array) -> list[Parameters]:
    """Return starting values: the overall rate, with little or much variation."""
    rate = max(float(np.sum(x)), 0.5) / max(float(np.sum(T)), 1e-300)
    return [Parameters(np.asarray(r), np.asarray(r / rate)) for r in (0.3, 1.0, 5.0)]


def probability_alive(p: Parameters, x: Array, T: Array) -> Array:
    """Return the probability that a customer is still active at T: 1, since customers never leave."""
    return np.ones(np.broadcast_shapes(*map(np.shape, (*p, x, T))))


def posterior_means(p: Parameters, x: Array, T: Array) -> dict[str, Array]:
    """Return the mean of each customer's purchase rate, given the history."""
    return {"purchase_rate": (p.r + x) / (p.alpha + T)}


def survival_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return P(still active at T + h): 1, since customers never leave."""
    return np.ones(np.broadcast_shapes(*map(np.shape, (*p, h, x, T))))


def residual_if_active(p: Parameters, x: Array, T: Array) -> Array:
    """Return the expected purchases ever after T: infinite."""
    return np.full(np.broadcast_shapes(*map(np.shape, (*p, x, T))), np.inf)


def purchases_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h]: the posterior mean of the rate, carried on. E section 4."""
    answer: Array = (p.r + x) / (p.alpha + T) * h
    return answer


def discounted_if_active(p: Parameters, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return the same expectation with each purchase worth exp(-delta tau)."""
    length = -np.expm1(-delta * np.asarray(h)) / delta if delta != 0 else h
    return purchases_if_active(p, length, x, T)


def pmf_if_active(p: Parameters, k: Array, h: Array, x: Array, T: Array) -> Array:
    """Return P(exactly k purchases in (T, T + h]) of a customer: negative binomial with the rate's posterior."""
    shape, age, k = p.r + x, p.alpha + T, np.asarray(k, dtype=float)
    log_pmf = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1) - shape * np.log1p(h / age)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_pmf = log_pmf + np.where(k > 0, k * np.log(h / (age + h)), 0.0)
    answer: Array = np.exp(log_pmf)
    return answer


def exceedances_if_active(p: Parameters, h: Array, x: Array, T: Array) -> Iterator[Array]:
    """Yield P(more than k purchases in (T, T + h]) of a customer, for k = 0, 1, 2, ..."""
    return negative_binomial_tails(p.r + x, h / (p.alpha + T))


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Simulate histories of new customers observed for T (n,)."""
    n = len(T)
    rate = generator.gamma(np.broadcast_to(p.r, n)) / np.broadcast_to(p.alpha, n)
    x = generator.poisson(rate * T)
    customer = np.repeat(np.arange(n), x)
    time = T[customer] * generator.random(len(customer))
    t_x = np.zeros(n)
    np.maximum.at(t_x, customer, time)
    return History(x.astype(float), t_x, np.ones(n, dtype=bool), customer, time)


def intensity_if_active(p: Parameters, tau: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases per unit of time, tau after T: the same at any time."""
    return purchases_if_active(p, np.ones(np.shape(tau)), x, T)


def sample_if_active(
    p: Parameters,
    h: float | Array,
    delta: float,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h]; all are active. Times of a Poisson process are uniform."""
    shape = np.shape(active)
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    count = generator.poisson(rate * h)
    end = np.broadcast_to(np.asarray(h, dtype=float), shape).ravel()
    worth = discounted_count(count.ravel().astype(float), end, delta, generator)
    return Future(count.astype(float), worth.reshape(shape))


def sample_mean_if_active(
    p: Parameters, h: float | Array, delta: float, x: Array, T: Array, generator: np.random.Generator
) -> Array:
    """Draw rates of customers; return the purchases expected at these."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, x, T)))
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    return rate * discounted_length(np.asarray(delta, dtype=float), h)


def quantities(p: Parameters) -> dict[str, Array]:
    """Return the summary quantities: the mean rate of new customers, and the time between purchases at that rate."""
    return {MEAN_PURCHASE_RATE: p.r / p.alpha, MEAN_TIME_BETWEEN_PURCHASES: p.alpha / p.r}


PROCESS = PurchaseProcess(
    name="nbd",
    title="NBD",
    source="Ehrenberg (1959), Applied Statistics 8(1), 26-41",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(PURCHASE_RATE,),
        unit_powers={"alpha": 1},
    ),
    statistics=("frequency", "T"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    state=("frequency", "T"),
    probability_alive=probability_alive,
    survival_if_active=survival_if_active,
    purchases_if_active=purchases_if_active,
    discounted_if_active=discounted_if_active,
    residual_if_active=residual_if_active,
    intensity_if_active=intensity_if_active,
    pmf_if_active=pmf_if_active,
    exceedances_if_active=exceedances_if_active,
    sample_if_active=sample_if_active,
    sample_mean_if_active=sample_mean_if_active,
    posterior_means=posterior_means,
    buys_between_if_active=buys_between_nbd,
    draw_orders_if_active=nbd_orders,
    simulate=simulate,
    quantities=quantities,
    quantity_powers={MEAN_PURCHASE_RATE: -1, MEAN_TIME_BETWEEN_PURCHASES: 1},
    moves={"purchase": ("log mean purchase rate", 1.0)},
)

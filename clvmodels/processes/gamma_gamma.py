"""Gamma-Gamma: spend per purchase varies around a customer's own mean, which varies across customers.

Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value" (brucehardie.com, note 025); called FH below. Spend
z ~ Gamma(p, nu) a purchase, nu ~ Gamma(q, v), independent of how often the customer buys. The mean of `count` purchases
is then a sufficient statistic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaincinv, polygamma

from clvmodels.processes.blocks import GammaBlock, PositiveBlock
from clvmodels.processes.contract import Array, Score, SpendProcess, Totals
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.special import by_count, log_beta

__all__ = ["PROCESS", "Parameters"]


class Parameters(NamedTuple):
    """p of spend within a customer; q and v (in money) of the differences between customers. All positive."""

    p: Array
    q: Array
    v: Array


def log_likelihood(p: Parameters, count: Array, mean: Array) -> Array:
    """Log-likelihood of each customer's mean spend (> 0) over count (> 0) purchases. FH eq. (1a)."""
    return score(p, count, mean).log_likelihood


def score(p: Parameters, count: Array, mean: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log p, log q, log v)."""
    shape, q, v = p
    spent = count * mean
    log_both = np.log(v + spent)
    own, other = log_both - np.log(spent), log_both - np.log(v)
    log_constant, rise_p, rise_q = by_count(_score_of_counts, count, shape, q)
    value = log_constant - np.log(mean) - shape * count * own - q * other
    by_log_p = shape * count * (rise_p - own)
    by_log_q = q * (rise_q - other)
    by_log_v = q - v * (shape * count + q) / (v + spent)
    return Score(value, np.stack(np.broadcast_arrays(by_log_p, by_log_q, by_log_v)))


def totals(weights: Array, count: Array, mean: Array) -> Callable[[Parameters, bool], Totals]:
    """Return the weighted sum of the rows' scores; fastest if rows with the same count are adjacent."""
    runs = np.flatnonzero(np.diff(count, prepend=-1.0))
    spent = count * mean
    per_row = (weights, weights * np.log(spent))
    return _Rows(count[runs], runs, weights, spent, float(weights @ np.log(mean)), *_each_count(runs, *per_row)).at


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in runs of the same count, which start at `runs`; sums of weights and of log spend for each run."""

    count: Array
    runs: npt.NDArray[np.intp]
    weights: Array
    spent: Array
    log_means: float
    sums: Array
    logs_spent: Array

    def at(self, p: Parameters, curved: bool) -> Totals:
        """Return the sums of `score` and of its derivatives, for which two numbers per count are enough."""
        shape, q, v = map(float, p)
        both = v + self.spent
        shares = self.weights / both
        logs, inverses = _each_count(self.runs, self.weights * np.log(both), shares)
        sums, alpha, whole = self.sums, shape * self.count, float(np.sum(self.sums))
        log_constant, rise_p, rise_q = _score_of_counts(self.count, p.p, p.q)
        own, other = logs - self.logs_spent, float(np.sum(logs)) - whole * np.log(v)
        value = float(sums @ log_constant) - self.log_means - float(alpha @ own) - q * other
        slopes = [alpha @ (sums * rise_p - own), q * (sums @ rise_q - other), q * whole - v * ((alpha + q) @ inverses)]
        gradient = np.array(slopes)
        if not curved:
            return Totals(value, gradient)
        squares = np.add.reduceat(shares / both, self.runs)
        together = polygamma(1, alpha + q)
        bends = np.diag([gradient[0], gradient[1], gradient[2] - q * whole + v**2 * ((alpha + q) @ squares)])
        bends[0, 0] += sums @ (alpha**2 * (together - polygamma(1, alpha)))
        bends[1, 1] += q**2 * (sums @ (together - polygamma(1, q)))
        bends[0, 1] = bends[1, 0] = q * (sums @ (alpha * together))
        bends[0, 2] = bends[2, 0] = -v * (alpha @ inverses)
        bends[1, 2] = bends[2, 1] = q * whole - v * q * np.sum(inverses)

        def scores() -> Array:
            slopes = (alpha * rise_p, alpha, rise_q)
            of_p, alphas, of_q = np.repeat(slopes, np.diff(np.append(self.runs, len(both))), axis=1)
            logs_both = np.log(both)
            return np.stack(
                [
                    of_p - alphas * (logs_both - np.log(self.spent)),
                    q * (of_q - logs_both + np.log(v)),
                    q - v * (alphas + q) / both,
                ]
            )

        return Totals(value, gradient, bends, scores)


def _each_count(runs: npt.NDArray[np.intp], *values: Array) -> list[Array]:
    """Return the sums over each run of values with one entry per row (m,)."""
    return [np.add.reduceat(value, runs) for value in values]


def starts(count: Array, mean: Array) -> list[Parameters]:
    """Return starting values: the median spend, with little or much variation within and between customers."""
    typical = float(np.median(mean))
    return [Parameters(*map(np.asarray, (p, q, q * typical / p))) for p, q in ((5.0, 3.0), (1.0, 2.0), (20.0, 10.0))]


def mean_exists(p: Parameters, count: Array) -> npt.NDArray[np.bool_]:
    """Return whether the conditional expectation of mean spend is finite: p count + q > 1."""
    exists: npt.NDArray[np.bool_] = np.asarray(p.p * count + p.q > 1)
    return exists


def expected_spend(p: Parameters, count: Array, mean: Array) -> Array:
    """Return the expected mean spend per purchase given the history. FH eq. (5); p v/(q - 1) for count 0.

    NaN where it does not exist (`mean_exists`).
    """
    rate, shape = _posterior(p, count, mean)
    return np.where(shape > 1, p.p * rate / np.where(shape > 1, shape - 1, 1.0), np.nan)


def median_spend(p: Parameters, count: Array, mean: Array) -> Array:
    """Return the median over a customer's possible mean spends given the history; exists for every parameter.

    The mean spend is p/nu with nu ~ Gamma(p count + q, v + count mean), so its median is p over the median of nu.
    """
    rate, shape = _posterior(p, count, mean)
    with np.errstate(over="ignore", divide="ignore"):
        median: Array = p.p * rate / gammaincinv(shape, 0.5)
    return np.minimum(median, np.finfo(float).max)  # infinite for q near 0


def simulate_orders(p: Parameters, customer: Array, customers: int, generator: np.random.Generator) -> Array:
    """Simulate the spend of each order (m,), given the customer of each (m,), numbered from 0 to customers - 1."""
    nu = generator.gamma(p.q, size=customers) / p.v
    orders: Array = generator.gamma(p.p, size=len(customer)) / nu[customer]
    return orders


def simulate(p: Parameters, count: Array, generator: np.random.Generator) -> Array:
    """Simulate the mean spend over `count` purchases (n,) of new customers; NaN where count is 0."""
    n = len(count)
    nu = generator.gamma(np.broadcast_to(p.q, n)) / np.broadcast_to(p.v, n)
    total = generator.gamma(np.maximum(p.p * count, 1e-12)) / nu
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def sample_spend(p: Parameters, purchases: Array, count: Array, mean: Array, generator: np.random.Generator) -> Array:
    """Draw the total spend over further purchases, given the history: Gamma(p purchases, nu)."""
    rate, shape = _posterior(p, count, mean)
    purchases, rate, shape, within = np.broadcast_arrays(purchases, rate, shape, p.p)
    total = np.zeros(purchases.shape)
    buys = purchases > 0
    nu = generator.standard_gamma(shape[buys]) / rate[buys]
    total[buys] = generator.standard_gamma((within * purchases)[buys]) / np.maximum(nu, np.finfo(float).tiny)
    return total


def sample_mean_spend(p: Parameters, count: Array, mean: Array, generator: np.random.Generator) -> Array:
    """Draw each customer's mean spend per purchase, given the history: p / nu."""
    rate, shape = _posterior(p, count, mean)
    nu = generator.standard_gamma(np.broadcast_to(shape, np.broadcast_shapes(np.shape(rate), np.shape(shape)))) / rate
    answer: Array = p.p / np.maximum(nu, np.finfo(float).tiny)
    return answer


def sample_orders(p: Parameters, customer: Array, count: Array, mean: Array, generator: np.random.Generator) -> Array:
    """Draw the spend of each further order (m,), given its customer (m,) and the histories (n,): Gamma(p, nu)."""
    n = len(count)
    buys = np.zeros(n, dtype=bool)
    buys[customer] = True
    rate, shape = _posterior(p, count, mean)
    nu = np.ones(n)
    drawn = generator.standard_gamma(np.broadcast_to(shape, n)[buys]) / np.broadcast_to(rate, n)[buys]
    nu[buys] = np.maximum(drawn, np.finfo(float).tiny)
    within = p.p if np.ndim(p.p) == 0 else p.p[customer]
    orders: Array = generator.standard_gamma(within, size=len(customer)) / nu[customer]
    return orders


def total_law(p: Parameters, purchases: Array, count: Array, mean: Array) -> tuple[Array, Array, Array]:
    """Return the scale, a and b of the total spend over further purchases, given the history: scale BetaPrime(a, b).

    The total is Gamma(p purchases, nu), and nu ~ Gamma(p count + q, v + count mean): a ratio of gamma variables.
    """
    rate, shape = _posterior(p, count, mean)
    return rate, p.p * purchases, shape


def _posterior(p: Parameters, count: Array, mean: Array) -> tuple[Array, Array]:
    """Return the rate and shape of a customer's nu given the history."""
    spent = np.where(count > 0, count * np.where(count > 0, mean, 0.0), 0.0)
    return p.v + spent, p.p * count + p.q


def _score_of_counts(count: Array, shape: Array, q: Array) -> Array:
    """Return the parts of the score that depend on the count (> 0) alone, (3, ...)."""
    alpha = shape * np.maximum(count, 1)
    both = digamma(alpha + q)
    return np.stack(np.broadcast_arrays(-log_beta(alpha, q), both - digamma(alpha), both - digamma(q)))


PROCESS = SpendProcess(
    name="gamma_gamma",
    title="Gamma-Gamma",
    source="Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            PositiveBlock(
                "p",
                too_low="fit-spend-within-unbounded",
                too_high="fit-spend-within-constant",
            ),
            GammaBlock(
                "q",
                "v",
                of="spend rate",
                no_variation="fit-spend-equal",
                all_variation="fit-spend-unbounded",
            ),
        ),
        unit_powers={"v": 1},
    ),
    statistics=("monetary_count", "monetary_value"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    mean_exists=mean_exists,
    expected_spend=expected_spend,
    median_spend=median_spend,
    simulate=simulate,
    simulate_orders=simulate_orders,
    sample_spend=sample_spend,
    sample_mean_spend=sample_mean_spend,
    sample_orders=sample_orders,
    moves={"spend": ("log mean spend rate", -1.0)},
    totals=totals,
    total_law=total_law,
)

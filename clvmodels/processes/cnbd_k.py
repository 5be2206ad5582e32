"""BG/CNBD-k and MBG/CNBD-k: BG/NBD and MBG/NBD with regular timing, a purchase being every k-th event.

Times between purchases are Erlang-k with a gamma-distributed rate, so that customers buy the more regularly the larger
k; k = 1 is BG/NBD or MBG/NBD itself. After each repeat purchase, or with MBG after the first one too, a customer drops
out with a beta-distributed probability.

Reutterer, Platzer & Schroeder (2021), "Leveraging purchase regularity for predicting customer behavior the easy way",
International Journal of Research in Marketing 38(1), 194-215; called RPS below. Platzer & Reutterer (2016), Marketing
Science 35(5), 779-799, on regularity.

The future also depends on the stage: the number of unobserved events since the last purchase. Expectations of an active
customer are exact here, averaged over the stage; the authors' package BTYDplus approximates them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, polygamma

from clvmodels.processes import beta_geometric, beta_geometric_draws, erlang_stages
from clvmodels.processes.beta_geometric import MOVES, PARAMETRIZATION, Parameters
from clvmodels.processes.blocks import PURCHASE_RATE
from clvmodels.processes.contract import Array, Future, History, PurchaseProcess, Score
from clvmodels.processes.erlang_stages import stage_terms
from clvmodels.processes.special import add_up, by_count, digamma_rise, log1pexp, log_rise, logistic

__all__ = ["Parameters", "process", "regularity", "regularity_error"]

LARGEST_LOG, HALVINGS = 14.0, 60  # largest log k that `regularity` tries, and bisections, to the last bit


def log_likelihood(
    k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array, sum_log_intertimes: Array
) -> Array:
    """Log-likelihood of the times of each customer's purchases. RPS's, factored so that no term overflows."""
    value, _ = _value(k, leave_at_once, p, x, t_x, T)
    return value + _of_intertimes(k, x, sum_log_intertimes)


def score(
    k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array, sum_log_intertimes: Array
) -> Score:
    """Log-likelihood of each customer with its gradient in (log r, log alpha, log a, log b)."""
    r, alpha, a, b = p
    shape, age, last_age = r + k * x, alpha + T, alpha + t_x
    log_age = np.log(age)
    log_ratio = log_age - np.log(last_age)
    terms = stage_terms(k, shape, t_x, T, age)
    stages = add_up(terms)
    log_counts, rise_r, rise_a, rise_b, log_last, last = by_count(
        partial(_score_of_counts, k, leave_at_once), x, r, a, b
    )
    log_odds = log_last + shape * log_ratio - np.log(stages)
    gone = logistic(log_odds)
    value = log_counts + r * np.log(alpha) - shape * log_age + np.log(stages) + log1pexp(log_odds)
    # The mean stage of the sum over the stages, and the derivative of the sum by the shape.
    stage, steep, risen = np.zeros(()), np.zeros(()), np.zeros(())
    for j in range(1, k):
        risen = risen + 1 / (shape + j - 1)
        stage = stage + j * terms[j] / stages
        steep = steep + risen * terms[j] / stages
    by_log_r = r * (rise_r + np.log(alpha) - log_age + (1 - gone) * steep + gone * log_ratio)
    by_log_alpha = r - alpha * ((1 - gone) * (shape + stage) / age + gone * shape / last_age)
    by_log_a = gone + rise_a
    by_log_b = rise_b - gone * last
    gradient = np.stack(np.broadcast_arrays(by_log_r, by_log_alpha, by_log_a, by_log_b))
    return Score(value + _of_intertimes(k, x, sum_log_intertimes), gradient)


def starts(k: int, x: Array, t_x: Array, T: Array, sum_log_intertimes: Array) -> list[Parameters]:
    """Return starting values: those of BG/NBD, with k events per purchase."""
    return [p._replace(alpha=p.alpha / k) for p in beta_geometric.starts(x, t_x, T)]


def probability_alive(
    k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array, sum_log_intertimes: Array
) -> Array:
    """Return the probability that a customer is still active at T."""
    return logistic(-_value(k, leave_at_once, p, x, t_x, T)[1])


def posterior_means(
    k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array, sum_log_intertimes: Array
) -> dict[str, Array]:
    """Return the means of each customer's purchase rate (of events, over k) and dropout probability, given the history.

    A customer who has left did so right after the last purchase, and the rate then depends on t_x.
    """
    alive = logistic(-_value(k, leave_at_once, p, x, t_x, T)[1])
    shape, age = p.r + k * x, p.alpha + T
    terms = stage_terms(k, shape, t_x, T, age)
    stage = sum((j * terms[j] for j in range(1, k)), np.zeros(())) / add_up(terms)
    events = alive * (shape + stage) / age + (1 - alive) * shape / (p.alpha + t_x)
    stayed = _with_stay(leave_at_once, p)
    return {"purchase_rate": events / k, "dropout_probability": (p.a + 1 - alive) / (p.a + stayed.b + x)}


def survival_if_active(k: int, leave_at_once: bool, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return P(still active at T + h) of a customer who is active at T."""
    return erlang_stages.survival(k, _with_stay(leave_at_once, p), h, x, t_x, T)


def purchases_if_active(k: int, leave_at_once: bool, p: Parameters, h: Array, x: Array, t_x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T."""
    return erlang_stages.purchases(k, _with_stay(leave_at_once, p), h, x, t_x, T)


def discounted_if_active(
    k: int, leave_at_once: bool, p: Parameters, h: Array, delta: float, x: Array, t_x: Array, T: Array
) -> Array:
    """Return the same expectation with each purchase worth exp(-delta tau)."""
    return erlang_stages.discounted(k, _with_stay(leave_at_once, p), h, delta, x, t_x, T)


def residual_if_active(k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array) -> Array:
    """Return the expected purchases ever after T of a customer who is active at T: timing does not matter."""
    return beta_geometric.residual_if_active(_with_stay(leave_at_once, p), x, T)


def intensity_if_active(
    k: int, leave_at_once: bool, p: Parameters, tau: Array, x: Array, t_x: Array, T: Array
) -> Array:
    """Return the expected purchases per unit of time, tau after T, of a customer who is active at T."""
    return erlang_stages.intensity(k, _with_stay(leave_at_once, p), tau, x, t_x, T)


def pmf_if_active(
    k: int, leave_at_once: bool, p: Parameters, count: Array, h: Array, x: Array, t_x: Array, T: Array
) -> Array:
    """Return P(exactly `count` purchases in (T, T + h]) of a customer who is active at T."""
    return erlang_stages.pmf(k, _with_stay(leave_at_once, p), count, h, x, t_x, T)


def exceedances_if_active(
    k: int, leave_at_once: bool, p: Parameters, h: Array, x: Array, t_x: Array, T: Array
) -> Iterator[Array]:
    """Yield P(more than m purchases in (T, T + h]) of a customer who is active at T, for m = 0, 1, 2, ..."""
    return erlang_stages.exceedances(k, _with_stay(leave_at_once, p), h, x, t_x, T)


def sample_if_active(
    k: int,
    leave_at_once: bool,
    p: Parameters,
    h: float | Array,
    delta: float,
    x: Array,
    t_x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T."""
    return erlang_stages.sample(k, _with_stay(leave_at_once, p), h, delta, x, t_x, T, active, generator)


def simulate(k: int, leave_at_once: bool, p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Simulate histories of new customers observed for T (n,)."""
    return beta_geometric_draws.simulate(p, T, generator, leave_at_once, k)


def quantities(k: int, p: Parameters) -> dict[str, Array]:
    """Return the summary quantities; the purchase rate is the rate of events divided by k."""
    return beta_geometric.quantities(p._replace(alpha=k * p.alpha))


def family(leave_at_once: bool) -> str:
    """Return the name that the processes of all k share."""
    return "mbgcnbd" if leave_at_once else "bgcnbd"


def title(k: int | str, leave_at_once: bool) -> str:
    """Return the title of the process of one k, or of all of them, with "k" in place of the number."""
    return f"{'MBG' if leave_at_once else 'BG'}/CNBD-{k}"


@cache
def process(k: int, leave_at_once: bool) -> PurchaseProcess:
    """Return BG/CNBD-k, or with `leave_at_once` MBG/CNBD-k, for one k >= 1."""
    both = (k, leave_at_once)
    return PurchaseProcess(
        name=f"{family(leave_at_once)}_{k}",
        title=title(k, leave_at_once),
        source="Reutterer, Platzer & Schroeder (2021), International Journal of Research in Marketing 38(1), 194-215",
        Parameters=Parameters,
        parametrization=replace(
            PARAMETRIZATION, blocks=(replace(PURCHASE_RATE, events=k), *PARAMETRIZATION.blocks[1:])
        ),
        statistics=("frequency", "recency", "T", "sum_log_intertimes"),
        log_likelihood=partial(log_likelihood, *both),
        score=partial(score, *both),
        starts=partial(starts, k),
        state=("frequency", "recency", "T"),
        probability_alive=partial(probability_alive, *both),
        survival_if_active=partial(survival_if_active, *both),
        purchases_if_active=partial(purchases_if_active, *both),
        discounted_if_active=partial(discounted_if_active, *both),
        residual_if_active=partial(residual_if_active, *both),
        intensity_if_active=partial(intensity_if_active, *both),
        pmf_if_active=partial(pmf_if_active, *both),
        exceedances_if_active=partial(exceedances_if_active, *both),
        sample_if_active=partial(sample_if_active, *both),
        posterior_means=partial(posterior_means, *both),
        simulate=partial(simulate, *both),
        quantities=partial(quantities, k),
        quantity_powers=beta_geometric.QUANTITY_POWERS,
        moves=MOVES,
        one_time_buyers_stay=not leave_at_once,
    )


def regularity(x: Array, t_x: Array, sum_log_intertimes: Array) -> float:
    """Return how regular purchases are: the shape of gamma intertimes, 1 for random timing, larger for regular timing.

    Given how many intertimes there were and what they sum to, their shares of the sum are Dirichlet(k, ..., k):
    whatever a customer's rate, and whatever made the purchases stop. This is the k that makes these shares likeliest.
    Wheat & Morrison (1990), "Estimating Purchase Regularity with Two Interpurchase Times", Journal of Marketing
    Research 27(1), 87-93, use the same for two intertimes per customer, which are then Beta(k, k).

    Returns
    -------
    float
        NaN where no customer has two intertimes; infinite where all intertimes of each customer are equal.
    """
    several = x >= 2
    count, customers = np.unique(x[several], return_counts=True)
    logs = float(np.sum(sum_log_intertimes[several] - x[several] * np.log(t_x[several])))

    def slope(log_k: float) -> float:
        k = np.exp(log_k)
        return float(np.sum(customers * count * (digamma(k * count) - digamma(k)))) + logs  # falls with k

    low, high = -LARGEST_LOG, LARGEST_LOG
    if not len(count):
        return float("nan")
    if slope(high) > 0:
        return float("inf")
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))


def regularity_error(k: float, x: Array) -> float:
    """Return the standard error of `regularity`, from the curvature of its likelihood; NaN where it cannot be computed.

    The shares of a customer with x intertimes are Dirichlet(k, ..., k), whose information about k is
    x trigamma(k) - x^2 trigamma(k x).
    """
    count, customers = np.unique(x[x >= 2], return_counts=True)
    if not (len(count) and np.isfinite(k)):
        return float("nan")
    return float(np.sum(customers * count * (polygamma(1, k) - count * polygamma(1, k * count))) ** -0.5)


def _with_stay(leave_at_once: bool, p: Parameters) -> Parameters:
    """Return BG's parameters: a customer who may leave at once and has not, has stayed once more than repeated."""
    return p._replace(b=p.b + 1) if leave_at_once else p


def _of_intertimes(k: int, x: Array, sum_log_intertimes: Array) -> Array:
    """Return the part of the log-likelihood that does not depend on the parameters: Erlang-k's t^(k-1) / (k-1)!."""
    answer: Array = (k - 1) * sum_log_intertimes - x * np.sum(np.log(np.arange(1.0, k)))
    return answer


def _value(k: int, leave_at_once: bool, p: Parameters, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
    """Log-likelihood but for the intertimes, and the logarithm of P(gone) / P(alive) at T."""
    shape, age = p.r + k * x, p.alpha + T
    log_counts, log_last = by_count(partial(_of_counts, k, leave_at_once), x, p.r, p.a, p.b)
    log_age = np.log(age)
    log_stages = np.log(add_up(stage_terms(k, shape, t_x, T, age)))
    log_odds = log_last + shape * (log_age - np.log(p.alpha + t_x)) - log_stages
    return log_counts + p.r * np.log(p.alpha) - shape * log_age + log_stages + log1pexp(log_odds), log_odds


def _of_counts(k: int, leave_at_once: bool, x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the part of the likelihood that depends on the count, and the log odds of dropout after the last purchase.

    Gamma(r+kx)/Gamma(r) B(a,b+s)/B(a,b), and a/(b+s-1), with s the times an active customer has stayed.
    """
    stays = x + leave_at_once
    log_counts = log_rise(r, k * x) + log_rise(b, stays) - log_rise(np.add(a, b), stays)
    may_leave = stays > 0
    log_last = np.where(may_leave, np.log(a) - np.log(np.where(may_leave, b + (stays - 1), 1.0)), -np.inf)
    return np.stack(np.broadcast_arrays(log_counts, log_last))


def _score_of_counts(k: int, leave_at_once: bool, x: Array, r: Array, a: Array, b: Array) -> Array:
    """Return the parts of the score that depend on the count alone, as beta_geometric.score_from_counts takes them."""
    stays = x + leave_at_once
    log_counts, log_last = _of_counts(k, leave_at_once, x, r, a, b)
    together = digamma_rise(np.add(a, b), stays)
    may_leave = stays > 0
    last = np.where(may_leave, b / np.where(may_leave, b + (stays - 1), 1.0), 0.0)
    parts = (
        log_counts,
        digamma_rise(r, k * x),
        -a * together,
        b * (digamma_rise(b, stays) - together),
        log_last,
        last,
    )
    return np.stack(np.broadcast_arrays(*parts))

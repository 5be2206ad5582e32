"""What Pareto/NBD and GGompertz/NBD have in common: purchases at a gamma-distributed rate until dropout at any time.

A customer active at age t after x purchases buys at rate lambda ~ Gamma(r + x, alpha + t), and stays for a further z
with probability (1 + e(z)/B)^-s, where e(z) = z under Pareto/NBD, (exp(bz) - 1)/b under GGompertz/NBD, and B grows with
t: every age is like the first day with other parameters.

What happens next is a *race* between the next purchase and dropout. With H(x, t) the chance that the purchase comes
first and K = 1 - H, the likelihood of (x, t_x, T) is

    Gamma(r+x)/Gamma(r) alpha^r [ (alpha+T)^-(r+x) S(T) H(x, T) + (alpha+t_x)^-(r+x) S(t_x) K(x, t_x) ],

S being the survival of a new customer. The textbook form, active at T or gone since some time in (t_x, T], becomes
this when the integral over that time is taken on to infinity and what was added is subtracted from the first term. Both
terms are positive, so nothing is lost by cancellation, and each needs only pairs of numbers, of which there are few.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from clvmodels.processes.contract import Array, Future, History, Score
from clvmodels.processes.dropout_counts import exceedances_if_active
from clvmodels.processes.quantities import (
    MEAN_DROPOUT_RATE,
    MEAN_PURCHASE_RATE,
    MEAN_TIME_BETWEEN_PURCHASES,
    MEDIAN_LIFETIME,
)
from clvmodels.processes.race import CHUNK, DROP, Remaining, log_chance, log_chances_of_ages, race
from clvmodels.processes.race_under_draws import log_chances_under_draws
from clvmodels.processes.special import by_node_count, digamma_rise, discounted_count, entries_of, legendre, log_rise

__all__ = ["QUANTITY_POWERS", "discounted_if_active", "functions", "mean_life"]

QUANTITY_POWERS = {
    MEAN_PURCHASE_RATE: -1,
    MEAN_TIME_BETWEEN_PURCHASES: 1,
    MEAN_DROPOUT_RATE: -1,
    MEDIAN_LIFETIME: 1,
}

SURVIVAL_EXPONENT = 45.0  # survival below e^-45 is left out
PANEL, PANEL_NODES = 3.0, 16  # nodes of the integral over the time of dropout, per width of its integrand


Law = Callable[[Any, Array], Remaining]


def functions(law: Law) -> dict[str, Any]:
    """Return the functions of the contract, by name, that follow from the law of a customer's remaining time."""
    shared: tuple[Callable[..., Any], ...] = (
        log_likelihood,
        score,
        prepare,
        probability_alive,
        survival_if_active,
        discounted_if_active,
        intensity_if_active,
        pmf_if_active,
        exceedances_if_active,
        sample_if_active,
        posterior_means,
        simulate,
    )
    return {function.__name__: partial(function, law) for function in shared}


def log_likelihood(law: Law, p: Any, x: Array, t_x: Array, T: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, T)."""
    constant = log_rise(p.r, x) + p.r * np.log(p.alpha)
    answer: Array = constant + np.logaddexp(*_terms(law, p, x, t_x, T))
    return answer


def score(law: Law, p: Any, x: Array, t_x: Array, T: Array) -> Score:
    """Log-likelihood of each customer with its gradient in the logarithms of the parameters, in their order."""
    return _score(law, p, _Pairs(x, T, shared=False), _Pairs(x, t_x, shared=False))


def prepare(
    law: Law, x: Array, t_x: Array, T: Array, alike: npt.NDArray[np.intp] | None = None
) -> Callable[[Any], Score]:
    """Return the score of fixed rows as a function of the parameters; their distinct pairs are computed once.

    Parameters may have one value per row (n,) if `alike` (n,) numbers the rows that share their values.
    """
    last, first = _Pairs(x, T, alike), _Pairs(x, t_x, alike)
    return lambda p: _score(law, p, last, first)


def probability_alive(law: Law, p: Any, x: Array, t_x: Array, T: Array) -> Array:
    """Return the probability that a customer is still active at T."""
    active = _log_active(law, p, x, T)
    answer: Array = np.exp(np.minimum(active - np.logaddexp(*_terms(law, p, x, t_x, T)), 0.0))
    return answer


def posterior_means(law: Law, p: Any, x: Array, t_x: Array, T: Array) -> dict[str, Array]:
    """Return the means of a customer's purchase rate and rate of dropout at first, given the history.

    A further factor lambda under the integral of the likelihood is one more purchase, a further factor of the dropout
    rate one more in s.
    """
    here = np.logaddexp(*_terms(law, p, x, t_x, T))
    more_purchases = np.logaddexp(*_terms(law, p, x + 1, t_x, T))
    more_dropout = np.logaddexp(*_terms(law, p._replace(s=p.s + 1), x, t_x, T))
    new = law(p, np.zeros(()))
    return {
        "purchase_rate": (p.r + x) * np.exp(more_purchases - here),
        "dropout_rate": new.s / new.B * np.exp(more_dropout - here),
    }


def survival_if_active(law: Law, p: Any, h: Array, x: Array, T: Array) -> Array:
    """Return P(still active at T + h) of a customer who is active at T."""
    answer: Array = np.exp(law(p, T).log_survival(h))
    return answer + np.zeros(np.broadcast_shapes(answer.shape, np.shape(p.r), np.shape(p.alpha), np.shape(x)))


def intensity_if_active(law: Law, p: Any, tau: Array, x: Array, T: Array) -> Array:
    """Return the expected purchases per unit of time, tau after T, of a customer who is active at T."""
    answer: Array = (p.r + x) / (p.alpha + T) * survival_if_active(law, p, tau, x, T)
    return answer


def discounted_if_active(law: Law, p: Any, h: Array, delta: float, x: Array, T: Array) -> Array:
    """Return the expected purchases in (T, T + h] of a customer who is active at T, each worth exp(-delta tau)."""
    answer: Array = (p.r + x) / (p.alpha + T) * mean_life(law(p, T), h, delta)
    return answer


def mean_life(remaining: Remaining, h: Array, delta: float = 0.0) -> Array:
    """Return the integral over (0, h] of survival times exp(-delta tau): the discounted time that a customer stays.

    The integral ends where survival or worth has fallen by e^-45; h may be infinite. If dropout grows with age, the
    time before and after the onset of aging is integrated separately, because survival bends there.
    """
    end = np.minimum(np.asarray(h, dtype=float), remaining.time_of(SURVIVAL_EXPONENT / remaining.s))
    if delta > 0:
        end = np.minimum(end, SURVIVAL_EXPONENT / delta)
    if remaining.b is None:
        return _life(remaining, end, delta)
    onset = np.minimum(remaining.onset, end)
    survives_onset = np.exp(remaining.log_survival(onset) - delta * onset)
    answer: Array = _life(remaining, onset, delta) + survives_onset * _life(remaining.later(onset), end - onset, delta)
    return answer


def _life(remaining: Remaining, end: Array, delta: float) -> Array:
    """Return the expected time until `end` that a customer stays, by Gauss-Legendre in log(1 + pace tau)."""
    s, B = remaining.s, remaining.B
    pace = (1 + s) / B + abs(delta) + (0.0 if remaining.b is None else remaining.b)
    span = np.log1p(pace * end)
    counts = 20 + np.ceil(5 * span + max(0.0, -delta) * end).astype(np.intp)

    def with_nodes(count: int, *columns: Array) -> Array:
        s, B, b, end, pace, span = columns
        law = Remaining(s, B, None if remaining.b is None else b, B, None)
        total: Array = np.zeros(np.broadcast_shapes(*map(np.shape, columns)))
        for place, weight in zip(*legendre(count), strict=True):
            tau = np.minimum(np.expm1(span * place) / pace, end)
            total += weight * span * (1 / pace + tau) * np.exp(law.log_survival(tau) - delta * tau)
        return total

    b = np.zeros(()) if remaining.b is None else remaining.b
    return by_node_count(with_nodes, counts, s, B, b, end, pace, span)


def pmf_if_active(law: Law, p: Any, k: Array, h: Array, x: Array, T: Array) -> Array:
    """Return P(exactly k purchases in (T, T + h]) of a customer who is active at T.

    k = 0 follows from the race between purchase and dropout, now and at T + h. Otherwise the customer stays for h, or
    drops out within it; the second case is an integral over the moment of dropout.
    """
    k, h, x, T = (np.asarray(value, dtype=float) for value in (k, h, x, T))
    shape, remaining, age = p.r + x, law(p, T), p.alpha + T
    stays = np.exp(_log_counts(k, shape, age, h) + remaining.log_survival(h))
    gone: Array = np.zeros(())
    if np.any(k == 0):  # the race does not depend on k
        gone = np.exp(log_chance(False, shape, age, remaining))
        gone = gone - stays * np.exp(log_chance(False, shape, age + h, law(p, T + h)))
    if np.any(k > 0):
        gone = np.where(k > 0, _leave_within(k, h, shape, age, remaining), gone)
    answer: Array = np.clip(gone + stays, 0.0, 1.0)
    return answer


def sample_if_active(
    law: Law,
    p: Any,
    h: float | Array,
    delta: float,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T: a Poisson process until dropout."""
    place = np.flatnonzero(active)
    p, x, T, length = entries_of(np.asarray(active), p, x, T, np.asarray(h, dtype=float))
    rate = generator.standard_gamma(p.r + x) / (p.alpha + T)
    stay = np.minimum(_draw_time(law(p, T), x.shape, generator), length)
    bought = generator.poisson(rate * stay)
    count = np.zeros(np.shape(active))
    count.flat[place] = bought
    if delta == 0:
        return Future(count, count)
    worth = np.zeros(np.shape(active))
    worth.flat[place] = discounted_count(bought.astype(float), stay, delta, generator)
    return Future(count, worth)


def simulate(law: Law, p: Any, T: Array, generator: np.random.Generator) -> History:
    """Simulate histories of new customers observed for T (n,)."""
    n = len(T)
    rate = generator.gamma(np.broadcast_to(p.r, n)) / np.broadcast_to(p.alpha, n)
    life = _draw_time(law(p, np.zeros(n)), (n,), generator)
    seen = np.minimum(life, T)
    x = generator.poisson(rate * seen)
    customer = np.repeat(np.arange(n), x)
    time = seen[customer] * generator.random(len(customer))
    t_x = np.zeros(n)
    np.maximum.at(t_x, customer, time)
    return History(x.astype(float), t_x, life > T, customer, time, {"purchase_rate": rate, "lifetime": life})


class _Pairs:
    """Distinct pairs (x, t) of rows with the same parameters, and the position of each row's pair."""

    def __init__(self, x: Array, t: Array, alike: npt.NDArray[np.intp] | None = None, *, shared: bool = True) -> None:
        self.x, self.t, self._first, self._rows = x, t, None, None
        if shared and np.ndim(x) == 1:
            _, age = np.unique(t, return_inverse=True)
            code = np.asarray(x).astype(np.int64) * (int(age.max(initial=0)) + 1) + age
            if alike is not None:
                code = code * (int(alike.max(initial=0)) + 1) + alike
            _, self._first, self._rows = np.unique(code, return_index=True, return_inverse=True)
            self.x, self.t = x[self._first], t[self._first]

    def parameters(self, p: Any) -> Any:
        """Return parameters of the pairs: values per row (n,) become values per pair (m,)."""
        if self._first is None:
            return p
        return type(p)(*(value[self._first] if np.ndim(value) else value for value in p))

    def each(self, values: Array) -> Array:
        """Return values of the pairs (..., m) as values of the rows (..., n)."""
        return values if self._rows is None else np.take(values, self._rows, axis=-1)


def _terms(law: Law, p: Any, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
    """Return the logarithms of the two terms of the likelihood: the next event at T is a purchase, or a dropout."""
    alike = all(np.ndim(value) == 0 or np.shape(value)[-1] == 1 for value in p)  # rows of the same parameters
    terms = []
    for t, purchase in ((T, True), (t_x, False)):
        pairs = _Pairs(x, t, shared=alike)
        log_chance = _log_chances(law, p, pairs, purchase, alike=alike)
        terms.append(pairs.each(_log_active(law, p, pairs.x, pairs.t) + log_chance))
    return terms[0], terms[1]


def _log_chances(law: Law, p: Any, pairs: _Pairs, purchase: bool, *, alike: bool) -> Array:
    """Return the log of the chance of one side of the race from each pair on."""
    shape, new = p.r + pairs.x, law(p, np.zeros(()))
    if not alike or pairs.x.ndim != 1 or new.b is not None:
        return log_chance(purchase, shape, p.alpha + pairs.t, law(p, pairs.t))
    if all(np.ndim(value) == 0 for value in p):
        return log_chances_of_ages(purchase, shape, float(p.alpha), float(new.s), float(new.B), pairs.t)
    return log_chances_under_draws(purchase, shape, p.alpha + pairs.t, new.s, new.B + pairs.t)


def _log_active(law: Law, p: Any, x: Array, t: Array) -> Array:
    """Return the logarithm of (alpha+t)^-(r+x) S(t)."""
    new = law(p, np.zeros(()))
    answer: Array = -(p.r + x) * np.log(p.alpha + t) + new.log_survival(t)
    return answer


def _score(law: Law, p: Any, last: _Pairs, first: _Pairs) -> Score:
    """Return the log-likelihood from both terms, and their slopes averaged by their weights."""
    mixed, other = last.each(_score_of_term(law, p, last, True)), first.each(_score_of_term(law, p, first, False))
    gap = mixed[0] - other[0]
    less = np.exp(-np.abs(gap))
    value = np.maximum(mixed[0], other[0]) + np.log1p(less)
    weight = np.where(gap >= 0, 1.0, less) / (1.0 + less)
    mixed -= other  # in place: with many rows, memory traffic takes the time
    mixed *= weight
    mixed += other
    return Score(value, mixed[1:])


def _score_of_term(law: Law, p: Any, pairs: _Pairs, purchase: bool) -> Array:
    """Return log of a term of the likelihood, and its slopes by log r, log alpha, (log b,) log s, log beta, (k + 1, m).

    What both terms share is in both, since their weights sum to 1.
    """
    x, t, p = pairs.x, pairs.t, pairs.parameters(p)
    shape, remaining = p.r + x, law(p, t)
    side = race(purchase, shape, p.alpha + t, remaining)
    s, B, b = remaining.s, remaining.B, remaining.b
    gone = s if purchase else s + 1  # powers of 1/(B + e): one more where dropout wins
    bought = shape + 1 if purchase else shape  # powers of 1/(A + z) likewise
    log_survival = law(p, np.zeros(())).log_survival(t)
    log_ratio = np.log(p.alpha) - np.log(p.alpha + t)
    by_log_r = p.r * (digamma_rise(p.r, x) + log_ratio - side.log_purchase + (1 / shape if purchase else 0.0))
    by_log_alpha = p.r - p.alpha * bought * side.per_age
    by_log_s = log_survival - s * side.log_growth + (0.0 if purchase else 1.0)
    by_log_beta = s - gone * remaining.by_log_beta * side.per_growth
    slopes = [by_log_r, by_log_alpha, by_log_s, by_log_beta]
    if b is not None and side.by_b is not None and remaining.by_log_b is not None:
        slopes.insert(2, -s * t / B + remaining.by_log_b * (s / B - gone * side.per_growth) + b * side.by_b)
    counted = log_rise(p.r, x) + p.r * np.log(p.alpha) - shape * np.log(p.alpha + t)
    return np.stack(np.broadcast_arrays(counted + log_survival + side.log_chance, *slopes))


def _log_counts(k: Array, shape: Array, age: Array, h: Array) -> Array:
    """Return the logarithm of P(k purchases in h) while active: negative binomial."""
    answer = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1) - shape * np.log1p(h / age)
    with np.errstate(divide="ignore", invalid="ignore"):
        counted: Array = answer + np.where(k > 0, k * np.log(h / (age + h)), 0.0)
    return counted


def _leave_within(k: Array, h: Array, shape: Array, age: Array, remaining: Remaining) -> Array:
    """Return P(k > 0 purchases, then dropout, within h): an integral over log time of dropout, in panels."""
    b = np.zeros(()) if remaining.b is None else remaining.b
    columns = np.broadcast_arrays(k, h, shape, age, remaining.s, remaining.B, b)
    flat = [column.ravel() for column in columns]
    answer = np.zeros(flat[0].size)
    live = np.flatnonzero((flat[0] > 0) & (flat[1] > 0))
    k, h, shape, age, s, B, b = (column[live] for column in flat)
    law = Remaining(s, B, None if remaining.b is None else b, B, None)
    low, top = _range_of_dropout(k, h, shape, age, law)
    counts = PANEL_NODES * (1 + np.ceil((top - low) * _steepness(k, shape, np.exp(top), law) / PANEL).astype(np.intp))
    log_ways = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1)

    def integral(count: int, *rows: Array) -> Array:
        k, shape, age, s, B, b, low, top, log_ways = (column[:, None] for column in rows)
        law = Remaining(s, B, None if remaining.b is None else b, B, None)
        places, weights = legendre(PANEL_NODES)
        panel = np.repeat(np.arange(count // PANEL_NODES), PANEL_NODES)
        place = (panel + np.tile(places, count // PANEL_NODES)) * PANEL_NODES / count
        weight = np.tile(weights, count // PANEL_NODES) * PANEL_NODES / count
        tau = np.exp(low + (top - low) * place)
        with np.errstate(over="ignore"):  # the density is 0 where tau is so small that age / tau overflows
            log_density = law.log_survival(tau) + log_ways - k * np.log1p(age / tau) - shape * np.log1p(tau / age)
        total: Array = np.sum(weight * tau * law.hazard(tau) * np.exp(log_density), axis=-1)
        return (top - low)[:, 0] * total

    rows = (k, shape, age, s, B, b, low, top, log_ways)
    for start in range(0, len(live), CHUNK):
        part = slice(start, start + CHUNK)
        answer[live[part]] = by_node_count(integral, counts[part], *(column[part] for column in rows))
    return answer.reshape(columns[0].shape)


def _steepness(k: Array, shape: Array, last: Array, law: Remaining) -> Array:
    """Return one over the width, in log time, of the integrand over the time of dropout, which is at most `last`.

    It rises as the k-th power of time and falls at most as the powers below; and where age begins to count, survival
    bends within 1/b.
    """
    if law.b is None:
        steepness: Array = np.sqrt(1 + np.minimum(k, shape + law.s))
    else:
        bend = 1 + law.b * np.minimum(last, law.onset)
        steepness = np.maximum(np.sqrt((1 + np.minimum(k, shape + law.s * (1 + law.b * last))) * bend), bend)
    return steepness


def _range_of_dropout(k: Array, h: Array, shape: Array, age: Array, law: Remaining) -> tuple[Array, Array]:
    """Return the logarithms of the times, at most h, between which dropout after k > 0 purchases is likely.

    With tau = age q/(1-q), the integrand is at most q^k, at most (1-q)^shape, and at most the survival, each times a
    factor of the order of 1 + s; and at least its value where purchases, or purchases and dropout, are most likely.
    """
    best = np.full(k.shape, -np.inf)
    for typical in (age * k / shape, k / (shape / age + law.s / law.B)):
        tau = np.minimum(typical, h)
        value = np.log(tau * law.hazard(tau)) + law.log_survival(tau)
        best = np.maximum(best, value - k * np.log1p(age / tau) - shape * np.log1p(tau / age))
    drop = DROP - best + np.log1p(law.s)
    with np.errstate(over="ignore"):
        low = age / np.expm1(drop / k)
        high = np.minimum(age * np.expm1(drop / shape), law.time_of(drop / law.s))
    top = np.minimum(h, high)
    return np.log(np.minimum(np.maximum(low, 1e-300), top)), np.log(top)


def _draw_time(remaining: Remaining, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Draw remaining times; infinite beyond the largest float."""
    return np.broadcast_to(remaining.time_of(generator.standard_exponential(shape) / remaining.s), shape)

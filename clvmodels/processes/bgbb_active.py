"""The future of an active BG/BB customer: averages over the probability of leaving before each opportunity.

A customer active after n opportunities, x of them with a purchase, buys with probability p ~ Beta(alpha + x,
beta + n - x) and leaves before the next with probability theta ~ Beta(gamma, delta + n), independent of each other:
everything forward in time is the mean of p times an average over theta of a geometric sum.

Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
29(6), 1086-1108; called FHS below. `delta` is a parameter; the continuous rate of discount is called `rate` here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from clvmodels.processes.contract import Array, Future
from clvmodels.processes.special import beta_node_count, beta_nodes, by_node_count, is_shared, log_beta

__all__ = [
    "Parameters",
    "discounted_if_active",
    "draw_stays",
    "intensity_if_active",
    "pmf_if_active",
    "purchases_if_active",
    "residual_if_active",
    "sample_if_active",
    "survival_if_active",
    "whole",
]

ROUNDING_TOLERANCE = 1e-9  # float error allowed in a whole number of opportunities
SMALLEST_DROPOUT = 1e-12  # dropout probability below which no customer leaves within any horizon
DRAWN_AT_ONCE = 2**20


class Parameters(NamedTuple):
    """alpha, beta of the purchase probability; gamma, delta of the dropout probability. All positive."""

    alpha: Array
    beta: Array
    gamma: Array
    delta: Array


def survival_if_active(p: Parameters, h: Array, x: Array, n: Array) -> Array:
    """Return P(still active after opportunity n + h) of a customer active after n."""
    answer = _survival(p, whole(h), n)
    return np.broadcast_to(answer, np.broadcast_shapes(answer.shape, *map(np.shape, (p.alpha, p.beta, x))))


def purchases_if_active(p: Parameters, h: Array, x: Array, n: Array) -> Array:
    """Return the expected purchases at the opportunities n + 1 to n + h of a customer who is active after n.

    FHS's closed form, eq. (13), is singular at gamma = 1 and cancels near it; this is the same expectation written as
    an average over theta of the sum of (1 - theta)^i, which is regular everywhere.
    """
    return discounted_if_active(p, h, 0.0, x, n)


def discounted_if_active(p: Parameters, h: Array, rate: float, x: Array, n: Array) -> Array:
    """Return the same expectation with a purchase at opportunity n + i worth exp(-rate i).

    The convention of FHS's DERT, whose (1 + d)^-i is exp(-rate i) at rate log(1 + d): the opportunity after n is a
    whole unit of time away.
    """
    answer: Array = _mean_chance(p, x, n) * _opportunities(p, h, rate, n)
    return answer


def residual_if_active(p: Parameters, x: Array, n: Array) -> Array:
    """Return the expected purchases ever after n of a customer who is active after n; infinite for gamma <= 1."""
    finite = p.gamma > 1
    answer: Array = _mean_chance(p, x, n) * np.where(finite, (p.delta + n) / np.where(finite, p.gamma - 1, 1.0), np.inf)
    return answer


def intensity_if_active(p: Parameters, tau: Array, x: Array, n: Array) -> Array:
    """Return the expected purchases at the opportunity with tau in (i - 1, i] of a customer who is active after n."""
    ahead = np.maximum(1.0, np.ceil(np.asarray(tau) - ROUNDING_TOLERANCE))
    answer: Array = _mean_chance(p, x, n) * _survival(p, ahead, n)
    return answer


def pmf_if_active(p: Parameters, k: Array, h: Array, x: Array, n: Array) -> Array:
    """Return P(exactly k purchases at the opportunities n + 1 to n + h) of a customer who is active after n.

    FHS eq. (7) with the posteriors of an active customer: the customer takes k of i opportunities and then leaves, for
    each i from k to h - 1, or takes k of all h.
    """
    k, h = np.asarray(k, dtype=float), whole(h)
    sells, fails, stays = p.alpha + x, p.beta + (n - x), p.delta + n
    either, remains = sells + fails + k, p.gamma + stays + k
    log_chance = log_beta(sells + k, fails) - log_beta(sells, fails) + log_beta(p.gamma, stays + k)
    log_chance = log_chance - log_beta(p.gamma, stays)  # of a purchase at each of k opportunities, and of staying
    spare = h - k  # opportunities without a purchase, if the customer stays
    total = np.zeros(np.broadcast_shapes(np.shape(spare), np.shape(log_chance)))
    for i in range(int(np.max(spare, initial=-1.0)) + 1):
        leaves = np.where(i < spare, p.gamma / (remains + i), 1.0)
        total += np.where(i <= spare, np.exp(log_chance) * leaves, 0.0)
        log_chance = log_chance + np.log((k + i + 1) / (i + 1) * (fails + i) / (either + i))
        log_chance = log_chance + np.log((stays + k + i) / (remains + i))
    return total


def sample_if_active(
    p: Parameters,
    h: float | Array,
    rate: float,
    x: Array,
    n: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do at the opportunities n + 1 to n + h, given which of them are active after n."""
    shape = np.shape(active)
    chance = generator.beta(np.broadcast_to(p.alpha + x, shape), np.broadcast_to(p.beta + (n - x), shape))
    dropout = generator.beta(np.broadcast_to(p.gamma, shape), np.broadcast_to(p.delta + n, shape))
    stays = np.where(active, draw_stays(dropout, whole(h), generator), 0.0)
    if rate == 0:
        count = generator.binomial(stays.astype(np.int64), chance).astype(float)
        return Future(count, count)
    count, worth = np.zeros(shape), np.zeros(shape)
    longest, some = int(np.max(stays, initial=0.0)), max(1, DRAWN_AT_ONCE // max(1, active.size))
    for first in range(1, longest + 1, some):
        i = np.arange(first, min(first + some, longest + 1)).reshape(-1, *[1] * len(shape))
        bought = (generator.random((len(i), *shape)) < chance) & (i <= stays)
        count += np.sum(bought, axis=0)
        worth += np.sum(bought * np.exp(-rate * i), axis=0)
    return Future(count, worth)


def whole(h: Array | float) -> Array:
    """Return the whole opportunities within a time, because nothing happens between opportunities."""
    answer: Array = np.floor(np.asarray(h, dtype=float) + ROUNDING_TOLERANCE)
    return answer


def draw_stays(dropout: Array, n: Array | float, generator: np.random.Generator) -> Array:
    """Draw how many of n opportunities customers stay for, given the probability of leaving before each."""
    answer: Array = np.minimum(generator.geometric(np.maximum(dropout, SMALLEST_DROPOUT)) - 1.0, n)
    return answer


def _mean_chance(p: Parameters, x: Array, n: Array) -> Array:
    """Return the mean purchase probability of a customer who is active after n."""
    answer: Array = (p.alpha + x) / (p.alpha + p.beta + n)
    return answer


def _survival(p: Parameters, h: Array, n: Array) -> Array:
    """Return the average over theta of (1 - theta)^h, for whole h."""
    stays = p.delta + n
    return np.minimum(1.0, np.exp(log_beta(p.gamma, stays + h) - log_beta(p.gamma, stays)))


def _opportunities(p: Parameters, h: Array, rate: float, n: Array) -> Array:
    """Return the expected worth of the opportunities n + 1 to n + h that a customer active after n still lives to see.

    The geometric sum over them is averaged over theta ~ Beta(gamma, delta + n). What is left of it after its value at
    theta = 0 times (1 - theta)^k, whose average is known, vanishes at both ends and is summed over nodes.
    """
    h = whole(h)
    reach = np.minimum(h, 2 / rate) if rate > 0 else h  # later opportunities are worth little
    steepness = np.maximum(1.0, 0.5 * (reach + 1))

    def with_nodes(count: int, gamma: Array, delta: Array, h: Array, steepness: Array, n: Array) -> Array:
        stays = delta + n
        theta, complement, weight = beta_nodes(gamma, stays, steepness, count)
        log_stays = np.where(theta < 0.5, np.log1p(-np.minimum(theta, 0.5)), np.log(complement))
        at_0 = _geometric_sum(np.asarray(-rate), h)
        ends = at_0 * np.exp(log_beta(gamma, stays + steepness) - log_beta(gamma, stays))
        left = _geometric_sum(log_stays - rate, h[..., None])
        left = left - at_0[..., None] * np.exp(steepness[..., None] * log_stays)
        answer: Array = ends + np.sum(weight * left, axis=-1)
        return answer

    def evaluate(n: Array) -> Array:
        counts = beta_node_count(p.gamma, p.delta, steepness)
        return by_node_count(with_nodes, counts, p.gamma, p.delta, h, steepness, n)

    if all(map(is_shared, (p.gamma, p.delta, h))) and np.ndim(n) == 1:
        distinct, rows = np.unique(n, return_inverse=True)
        return np.take(evaluate(distinct), rows, axis=-1)
    return evaluate(n)


def _geometric_sum(log_ratio: Array, h: Array) -> Array:
    """Sum of ratio^i for i from 1 to h."""
    answer: Array = np.exp(log_ratio) * h * exprel(h * log_ratio) / exprel(log_ratio)
    return answer

"""BG/BB: at each opportunity a customer leaves with one beta-distributed probability, or else buys with another.

Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
29(6), 1086-1108; called FHS below. Time is counted in opportunities to buy, such as the years of a yearly appeal: n of
them after the one of the first purchase, x with a purchase, the last at t_x.

A customer active after n of them buys with probability p ~ Beta(alpha + x, beta + n - x) and leaves before the next
with probability theta ~ Beta(gamma, delta + n), independent of each other: everything forward in time is the mean of p
times an average over theta of a geometric sum.

`delta` is a parameter of this process; the continuous rate of discount is called `rate` here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from clvmodels.processes.contract import Array, BetaBlock, Future, History, Parametrization, PurchaseProcess, Score
from clvmodels.processes.special import (
    beta_node_count,
    beta_nodes,
    by_node_count,
    digamma_rise,
    is_shared,
    log_beta,
    log_rise,
)

__all__ = ["PROCESS", "Parameters"]

ROUNDING = 1e-9  # a time so little short of a whole opportunity was meant to be one
SMALLEST = 1e-12  # dropout probability below which nobody is seen to leave
DRAWN_AT_ONCE = 2**20
FEW = 2_000  # customers whose opportunities are all looked at together


class Parameters(NamedTuple):
    """alpha, beta of the purchase probability; gamma, delta of the dropout probability. All positive."""

    alpha: Array
    beta: Array
    gamma: Array
    delta: Array


# ---- the likelihood ----------------------------------------------------------------------------------------


class Silence(NamedTuple):
    """Opportunities since the last purchase, by customers from the longest silence to the shortest.

    Whoever is active at t_x + i and has not bought since stays for the next opportunity with chance
    (delta + t_x + i)/(gamma + delta + t_x + i), and then buys nothing with chance
    (beta + t_x - x + i)/(alpha + beta + t_x + i).

    Attributes
    ----------
    order : int array (n,)
    lengths : array (n,)
        Opportunities since t_x.
    gamma : array (..., n)
    places : array (4, ..., n)
        alpha + beta + t_x, beta + t_x - x, gamma + delta + t_x, delta + t_x.
    """

    order: npt.NDArray[np.intp]
    lengths: Array
    gamma: Array
    places: Array

    def steps(self) -> Iterator[tuple[int, slice]]:
        """Number of each opportunity, from 0, and who is still silent at it."""
        for i in range(int(np.max(self.lengths, initial=0.0))):
            yield i, slice(0, int(np.searchsorted(-self.lengths, -i)))

    def in_place(self, values: Array) -> Array:
        """Values (..., n) in the order in which the customers came."""
        placed = np.empty_like(values)
        placed[..., self.order] = values
        return placed


def log_likelihood(p: Parameters, x: Array, t_x: Array, n: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, n): FHS's sum over the opportunities before which one may have left.

    Each term is told relative to the history up to t_x. All of them are then chances, whose sum neither overflows nor
    cancels, and no gamma function depends on n.
    """
    alive, gone = _since_last(p, x, t_x, n)
    answer: Array = _log_until_last(p, x, t_x) + np.log(alive + gone)
    return answer


def score(p: Parameters, x: Array, t_x: Array, n: Array) -> Score:
    """Log-likelihood of each customer with its gradient in (log alpha, log beta, log gamma, log delta)."""
    silence = _silence(p, x, t_x, n)
    shape = silence.gamma.shape
    alive, gone, later = np.ones(shape), np.zeros(shape), np.zeros(shape)
    risen, moved = np.zeros((4, *shape)), np.zeros((4, *shape))  # digammas of `places`, and their sum over who left
    for i, rows in silence.steps():
        places = silence.places[..., rows] + i
        each = 1 / places
        leaves = alive[..., rows] * silence.gamma[..., rows] * each[2]
        gone[..., rows] += leaves
        later[..., rows] += leaves * each[2]
        moved[..., rows] += leaves * risen[..., rows]
        risen[..., rows] += each
        alive[..., rows] *= places[1] * each[0] * places[3] * each[2]
    moved += alive * risen
    total = silence.in_place(alive + gone)
    either, silent, remains, stays = (silence.in_place(part) / total for part in moved)
    left, later = silence.in_place(gone) / total, silence.in_place(later) / total
    chances, lasting = digamma_rise(p.alpha + p.beta, t_x), digamma_rise(p.gamma + p.delta, t_x)
    gradient = (
        p.alpha * (digamma_rise(p.alpha, x) - chances - either),
        p.beta * (digamma_rise(p.beta, t_x - x) - chances + silent - either),
        left - p.gamma * (lasting + remains + later),
        p.delta * (digamma_rise(p.delta, t_x) - lasting + stays - remains - later),
    )
    value = _log_until_last(p, x, t_x) + np.log(total)
    return Score(value, np.stack(np.broadcast_arrays(*gradient)))


def starts(x: Array, t_x: Array, n: Array) -> list[Parameters]:
    """Where to start: the overall share of opportunities taken, with little or much dropout and variation."""
    seen = float(np.sum(n)) + 1.0
    rate, pace = (float(np.sum(x)) + 0.5) / seen, float(np.size(n)) / (seen + np.size(n))
    shapes = ((1.5, 2.0, 1.0, 2.0), (1.0, 6.0, 0.2, 1.0), (4.0, 1.0, 3.0, 0.5))
    return [
        Parameters(*map(np.asarray, (*_beta(min(0.9, rate * boost), a), *_beta(min(0.7, pace * speed), b))))
        for boost, a, speed, b in shapes
    ]


def probability_alive(p: Parameters, x: Array, t_x: Array, n: Array) -> Array:
    """Probability that a customer is still active after opportunity n. FHS eq. (A10), at n itself."""
    alive, gone = _since_last(p, x, t_x, n)
    return alive / (alive + gone)


def posterior_means(p: Parameters, x: Array, t_x: Array, n: Array) -> dict[str, Array]:
    """Means of each customer's purchase and dropout probability, given the history.

    FHS: a factor p in the integrand of the likelihood is one more alpha, and theta one more gamma.
    """
    history = log_likelihood(p, x, t_x, n)
    bought = log_likelihood(p._replace(alpha=p.alpha + 1), x, t_x, n) - history
    left = log_likelihood(p._replace(gamma=p.gamma + 1), x, t_x, n) - history
    return {
        "purchase_probability": np.minimum(1.0, p.alpha / (p.alpha + p.beta) * np.exp(bought)),
        "dropout_probability": np.minimum(1.0, p.gamma / (p.gamma + p.delta) * np.exp(left)),
    }


def _log_until_last(p: Parameters, x: Array, t_x: Array) -> Array:
    """Logarithm of the chance of x purchases at these opportunities, up to the last, and of having stayed that long."""
    bought = log_rise(p.alpha, x) + log_rise(p.beta, t_x - x) - log_rise(p.alpha + p.beta, t_x)
    answer: Array = bought + log_rise(p.delta, t_x) - log_rise(p.gamma + p.delta, t_x)
    return answer


def _since_last(p: Parameters, x: Array, t_x: Array, n: Array) -> tuple[Array, Array]:
    """P(no purchase since t_x, and still active) and P(none, and gone), given the history up to t_x."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, n)))
    if not np.any(n > t_x):
        return np.ones(shape), np.zeros(shape)
    silence = _silence(p, x, t_x, n)
    chances = _at_once(silence) if silence.gamma.size <= FEW else _step_by_step(silence)
    alive, gone = (silence.in_place(chance).reshape(shape) for chance in chances)
    return alive, gone


def _step_by_step(silence: Silence) -> tuple[Array, Array]:
    alive, gone = np.ones(silence.gamma.shape), np.zeros(silence.gamma.shape)
    for i, rows in silence.steps():
        either, silent, remains, stays = silence.places[..., rows] + i
        gone[..., rows] += alive[..., rows] * (silence.gamma[..., rows] / remains)
        alive[..., rows] *= silent / either * (stays / remains)
    return alive, gone


def _at_once(silence: Silence) -> tuple[Array, Array]:
    """The same to the last bit, the sums and products running in the same order; quicker where customers are few."""
    i = np.arange(np.max(silence.lengths)).reshape(-1, *[1] * silence.gamma.ndim)
    yet = i < silence.lengths
    either, silent, remains, stays = silence.places[:, None] + i
    alive = np.cumprod(np.where(yet, silent / either * (stays / remains), 1.0), axis=0)
    before = np.concatenate([np.ones((1, *silence.gamma.shape)), alive[:-1]])
    gone = np.cumsum(before * np.where(yet, silence.gamma / remains, 0.0), axis=0)
    return alive[-1], gone[-1]


def _silence(p: Parameters, x: Array, t_x: Array, n: Array) -> Silence:
    either, remains = p.alpha + p.beta + t_x, p.gamma + p.delta + t_x
    together = np.broadcast_arrays(either, p.beta + (t_x - x), remains, p.delta + t_x, p.gamma)
    rows = [np.atleast_1d(part) for part in together]
    lengths = np.broadcast_to(n - t_x, rows[0].shape[-1:])
    order = np.argsort(-lengths, kind="stable")
    *places, gamma = (part[..., order] for part in rows)
    return Silence(order, lengths[order], gamma, np.stack(places))


def _beta(mean: float, spread: float) -> tuple[float, float]:
    return mean * spread, (1 - mean) * spread


# ---- what an active customer does --------------------------------------------------------------------------


def survival_if_active(p: Parameters, h: Array, x: Array, n: Array) -> Array:
    """P(still active after opportunity n + h) of a customer active after n."""
    answer = _survival(p, _whole(h), n)
    return np.broadcast_to(answer, np.broadcast_shapes(answer.shape, *map(np.shape, (p.alpha, p.beta, x))))


def purchases_if_active(p: Parameters, h: Array, x: Array, n: Array) -> Array:
    """Expected purchases at the opportunities n + 1 to n + h of a customer who is active after n.

    FHS's closed form, eq. (13), is singular at gamma = 1 and cancels near it; this is the same expectation written as
    an average over theta of the sum of (1 - theta)^i, which is regular everywhere.
    """
    return discounted_if_active(p, h, 0.0, x, n)


def discounted_if_active(p: Parameters, h: Array, rate: float, x: Array, n: Array) -> Array:
    """The same, a purchase at opportunity n + i worth exp(-rate i).

    The convention of FHS's DERT, whose (1 + d)^-i is exp(-rate i) at rate log(1 + d): the opportunity after n is a
    whole unit of time away.
    """
    answer: Array = _mean_chance(p, x, n) * _opportunities(p, h, rate, n)
    return answer


def residual_if_active(p: Parameters, x: Array, n: Array) -> Array:
    """Expected purchases ever after n of a customer who is active after n; infinite for gamma <= 1."""
    finite = p.gamma > 1
    answer: Array = _mean_chance(p, x, n) * np.where(finite, (p.delta + n) / np.where(finite, p.gamma - 1, 1.0), np.inf)
    return answer


def intensity_if_active(p: Parameters, tau: Array, x: Array, n: Array) -> Array:
    """Expected purchases at the opportunity that tau falls in, ((i - 1), i], of a customer who is active after n."""
    ahead = np.maximum(1.0, np.ceil(np.asarray(tau) - ROUNDING))
    answer: Array = _mean_chance(p, x, n) * _survival(p, ahead, n)
    return answer


def pmf_if_active(p: Parameters, k: Array, h: Array, x: Array, n: Array) -> Array:
    """P(exactly k purchases at the opportunities n + 1 to n + h) of a customer who is active after n.

    FHS eq. (7) with the posteriors of an active customer: the customer takes k of i opportunities and then leaves, for
    each i from k to h - 1, or takes k of all h.
    """
    k, h = np.asarray(k, dtype=float), _whole(h)
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
    h: float,
    rate: float,
    x: Array,
    n: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do at the opportunities n + 1 to n + h if they are active after n, given who is."""
    shape = np.shape(active)
    chance = generator.beta(np.broadcast_to(p.alpha + x, shape), np.broadcast_to(p.beta + (n - x), shape))
    dropout = generator.beta(np.broadcast_to(p.gamma, shape), np.broadcast_to(p.delta + n, shape))
    stays = np.where(active, _stays(dropout, float(_whole(h)), generator), 0.0)
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


def _whole(h: Array | float) -> Array:
    """Whole opportunities within a time: nothing happens between them."""
    answer: Array = np.floor(np.asarray(h, dtype=float) + ROUNDING)
    return answer


def _mean_chance(p: Parameters, x: Array, n: Array) -> Array:
    """Mean purchase probability of a customer who is active after n."""
    answer: Array = (p.alpha + x) / (p.alpha + p.beta + n)
    return answer


def _survival(p: Parameters, h: Array, n: Array) -> Array:
    """The average over theta of (1 - theta)^h, for whole h."""
    stays = p.delta + n
    return np.minimum(1.0, np.exp(log_beta(p.gamma, stays + h) - log_beta(p.gamma, stays)))


def _opportunities(p: Parameters, h: Array, rate: float, n: Array) -> Array:
    """Expected worth of the opportunities n + 1 to n + h that a customer active after n still lives to see.

    The geometric sum over them is averaged over theta ~ Beta(gamma, delta + n). What is left of it after its value at
    theta = 0 times (1 - theta)^k, whose average is known, vanishes at both ends and is summed over nodes.
    """
    h = _whole(h)
    reach = np.minimum(h, 2 / rate) if rate > 0 else h  # what lies beyond is worth little
    steepness = np.maximum(1.0, 0.5 * (reach + 1))

    def with_nodes(count: int, gamma: Array, delta: Array, h: Array, steepness: Array, n: Array) -> Array:
        stays = delta + n
        theta, complement, weight = beta_nodes(gamma, stays, steepness, count)
        log_stays = np.where(theta < 0.5, np.log1p(-np.minimum(theta, 0.5)), np.log(complement))
        at_0 = _geometric_sum(np.asarray(-rate), h)
        known = at_0 * np.exp(log_beta(gamma, stays + steepness) - log_beta(gamma, stays))
        left = _geometric_sum(log_stays - rate, h[..., None])
        left = left - at_0[..., None] * np.exp(steepness[..., None] * log_stays)
        answer: Array = known + np.sum(weight * left, axis=-1)
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


# ---- new customers -----------------------------------------------------------------------------------------


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Histories of new customers seen at T (n,) opportunities, drawn from the process itself."""
    size, n = len(T), _whole(T)
    chance = generator.beta(np.broadcast_to(p.alpha, size), np.broadcast_to(p.beta, size))
    dropout = generator.beta(np.broadcast_to(p.gamma, size), np.broadcast_to(p.delta, size))
    stays = _stays(dropout, n, generator)
    x, t_x = np.zeros(size), np.zeros(size)
    who, times = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for i in range(1, int(np.max(stays, initial=0.0)) + 1):
        bought = np.flatnonzero((i <= stays) & (generator.random(size) < chance))
        x[bought] += 1
        t_x[bought] = i
        who.append(bought)
        times.append(np.full(bought.size, float(i)))
    return History(x, t_x, stays == n, np.concatenate(who), np.concatenate(times))


def quantities(p: Parameters) -> dict[str, Array]:
    """What people quote of the process: means over new customers."""
    return {
        "mean purchase probability": p.alpha / (p.alpha + p.beta),
        "mean dropout probability": p.gamma / (p.gamma + p.delta),
    }


def _stays(dropout: Array, n: Array | float, generator: np.random.Generator) -> Array:
    """Opportunities of n that customers live to see who drop out before each with a probability of their own."""
    answer: Array = np.minimum(generator.geometric(np.maximum(dropout, SMALLEST)) - 1.0, n)
    return answer


PROCESS = PurchaseProcess(
    name="bgbb",
    title="BG/BB",
    source="Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108",
    Parameters=Parameters,
    parametrization=Parametrization(
        blocks=(
            BetaBlock(
                "alpha",
                "beta",
                of="purchase probability",
                no_variation="customers do not differ in how readily they buy: "
                "alpha + beta is indistinguishable from infinity",
                all_variation="a customer buys at every opportunity or at none: "
                "alpha + beta is indistinguishable from 0",
                no_mean="there are no repeat purchases: alpha/(alpha+beta) is indistinguishable from 0, "
                "and so is every expected purchase",
                all_mean="customers buy at every opportunity until they drop out: "
                "alpha/(alpha+beta) is indistinguishable from 1",
            ),
            BetaBlock(
                "gamma",
                "delta",
                of="dropout probability",
                no_variation="customers do not differ in how readily they drop out: "
                "gamma + delta is indistinguishable from infinity",
                all_variation="a customer drops out at once or never: gamma + delta is indistinguishable from 0",
                no_mean="no dropout can be seen in these data: gamma/(gamma+delta) is indistinguishable from 0",
                all_mean="every customer drops out before the next opportunity: "
                "gamma/(gamma+delta) is indistinguishable from 1",
            ),
        ),
        unit_powers={},
    ),
    statistics=("frequency", "recency", "n"),
    log_likelihood=log_likelihood,
    score=score,
    starts=starts,
    state=("frequency", "n"),
    probability_alive=probability_alive,
    survival_if_active=survival_if_active,
    purchases_if_active=purchases_if_active,
    discounted_if_active=discounted_if_active,
    residual_if_active=residual_if_active,
    intensity_if_active=intensity_if_active,
    pmf_if_active=pmf_if_active,
    sample_if_active=sample_if_active,
    posterior_means=posterior_means,
    simulate=simulate,
    quantities=quantities,
    moves={
        "purchase": ("logit mean purchase probability", 1.0),
        "dropout": ("logit mean dropout probability", 1.0),
    },
    discrete=True,
)

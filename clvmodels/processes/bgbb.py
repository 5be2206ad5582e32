"""BG/BB: at each opportunity a customer leaves with one beta-distributed probability, or else buys with another.

Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
29(6), 1086-1108; called FHS below. Time is counted in opportunities to buy, such as the years of a yearly appeal: n of
them after the one of the first purchase, x with a purchase, the last at t_x. What an active customer does is in
bgbb_active.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.bgbb_active import (
    Parameters,
    discounted_if_active,
    draw_stays,
    intensity_if_active,
    pmf_if_active,
    purchases_if_active,
    residual_if_active,
    sample_if_active,
    survival_if_active,
    whole,
)
from clvmodels.processes.blocks import BetaBlock
from clvmodels.processes.contract import Array, History, PurchaseProcess, Score
from clvmodels.processes.coordinates import Parametrization
from clvmodels.processes.order_times import bgbb_orders, buys_between_bgbb
from clvmodels.processes.quantities import MEAN_DROPOUT_PROBABILITY, MEAN_PURCHASE_PROBABILITY
from clvmodels.processes.special import digamma_rise, log_rise

__all__ = ["PROCESS", "Parameters"]

LARGEST_ARRAY = 2**19  # customers times opportunities; up to this number, one array is faster and fits in memory


# ---- the likelihood ----------------------------------------------------------------------------------------


class Silence(NamedTuple):
    """Opportunities since the last purchase, by customers from the longest silence to the shortest.

    A customer who is active at t_x + i and has not bought since stays for the next opportunity with probability
    (delta + t_x + i)/(gamma + delta + t_x + i), and then does not buy with probability
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
        """Yield the number of each opportunity, from 0, and the slice of customers whose silence lasts until then."""
        for i in range(int(np.max(self.lengths, initial=0.0))):
            yield i, slice(0, int(np.searchsorted(-self.lengths, -i)))

    def in_place(self, values: Array) -> Array:
        """Return values (..., n) in the original order of the customers."""
        placed = np.empty_like(values)
        placed[..., self.order] = values
        return placed


def log_likelihood(p: Parameters, x: Array, t_x: Array, n: Array) -> Array:
    """Log-likelihood of each customer's (x, t_x, n): FHS's sum over the opportunities before which the customer may
    have left.

    Each term is conditional on the history up to t_x. All terms are then probabilities, whose sum neither overflows nor
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
    # The increase of the digammas of `places` since t_x, and its average over the possible times of leaving. They give
    # the derivatives of the gamma functions, which the likelihood avoids.
    risen, moved = np.zeros((4, *shape)), np.zeros((4, *shape))
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
    """Return starting values: the overall share of opportunities with a purchase, with little or much dropout and
    variation.
    """
    seen = float(np.sum(n)) + 1.0
    rate, pace = (float(np.sum(x)) + 0.5) / seen, float(np.size(n)) / (seen + np.size(n))
    shapes = ((1.5, 2.0, 1.0, 2.0), (1.0, 6.0, 0.2, 1.0), (4.0, 1.0, 3.0, 0.5))
    return [
        Parameters(*map(np.asarray, (*_beta(min(0.9, rate * boost), a), *_beta(min(0.7, pace * speed), b))))
        for boost, a, speed, b in shapes
    ]


def probability_alive(p: Parameters, x: Array, t_x: Array, n: Array) -> Array:
    """Return the probability that a customer is still active after opportunity n. FHS eq. (A10), at n itself."""
    alive, gone = _since_last(p, x, t_x, n)
    return alive / (alive + gone)


def posterior_means(p: Parameters, x: Array, t_x: Array, n: Array) -> dict[str, Array]:
    """Return the means of each customer's purchase and dropout probability, given the history.

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
    """Return log P(these x purchases up to the last, and active until then)."""
    bought = log_rise(p.alpha, x) + log_rise(p.beta, t_x - x) - log_rise(p.alpha + p.beta, t_x)
    answer: Array = bought + log_rise(p.delta, t_x) - log_rise(p.gamma + p.delta, t_x)
    return answer


def _since_last(p: Parameters, x: Array, t_x: Array, n: Array) -> tuple[Array, Array]:
    """Return P(no purchase since t_x, and still active) and P(none, and gone), given the history up to t_x."""
    shape = np.broadcast_shapes(*map(np.shape, (*p, n)))
    if not np.any(n > t_x):
        return np.ones(shape), np.zeros(shape)
    silence = _silence(p, x, t_x, n)
    few = silence.gamma.size * np.max(silence.lengths) <= LARGEST_ARRAY
    chances = _at_once(silence) if few else _step_by_step(silence)
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
    """Return the same to the last bit, with sums and products in the same order; faster for few customers."""
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


# ---- new customers -----------------------------------------------------------------------------------------


def simulate(p: Parameters, T: Array, generator: np.random.Generator) -> History:
    """Simulate histories of new customers seen at T (n,) opportunities."""
    size, n = len(T), whole(T)
    chance = generator.beta(np.broadcast_to(p.alpha, size), np.broadcast_to(p.beta, size))
    dropout = generator.beta(np.broadcast_to(p.gamma, size), np.broadcast_to(p.delta, size))
    stays = draw_stays(dropout, n, generator)
    x, t_x = np.zeros(size), np.zeros(size)
    who, times = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for i in range(1, int(np.max(stays, initial=0.0)) + 1):
        bought = np.flatnonzero((i <= stays) & (generator.random(size) < chance))
        x[bought] += 1
        t_x[bought] = i
        who.append(bought)
        times.append(np.full(bought.size, float(i)))
    levels = {"purchase_probability": chance, "dropout_probability": dropout}
    return History(x, t_x, stays == n, np.concatenate(who), np.concatenate(times), levels)


def quantities(p: Parameters) -> dict[str, Array]:
    """Return the summary quantities: means over new customers."""
    return {
        MEAN_PURCHASE_PROBABILITY: p.alpha / (p.alpha + p.beta),
        MEAN_DROPOUT_PROBABILITY: p.gamma / (p.gamma + p.delta),
    }


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
                no_variation="fit-purchase-probabilities-equal",
                all_variation="fit-purchases-always-or-never",
                no_mean="fit-no-repeat-purchases",
                all_mean="fit-purchases-at-every-opportunity",
            ),
            BetaBlock(
                "gamma",
                "delta",
                of="dropout probability",
                no_variation="fit-dropout-equal",
                all_variation="fit-dropout-at-once-or-never",
                no_mean="fit-no-dropout",
                all_mean="fit-dropout-before-next-opportunity",
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
    buys_between_if_active=buys_between_bgbb,
    draw_orders_if_active=bgbb_orders,
    simulate=simulate,
    quantities=quantities,
    quantity_powers={MEAN_PURCHASE_PROBABILITY: 0, MEAN_DROPOUT_PROBABILITY: 0},
    moves={
        "purchase": ("logit mean purchase probability", 1.0),
        "dropout": ("logit mean dropout probability", 1.0),
    },
    discrete=True,
)

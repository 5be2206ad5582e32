"""Random draws of BG/NBD and MBG/NBD: histories of new customers, and futures of active ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.processes.beta_geometric import SMALLEST_DROPOUT, Parameters
from clvmodels.processes.contract import Array, Future, History
from clvmodels.processes.special import discounted_count, discounted_length, entries_of

__all__ = ["Buyers", "draw_buyers", "sample_if_active", "sample_mean_if_active", "simulate"]

SMALLEST_RATE = 1e-300  # customers with a smaller purchase rate never buy; their waiting time would overflow


def simulate(
    p: Parameters, T: Array, generator: np.random.Generator, leave_at_once: bool = False, events: int = 1
) -> History:
    """Simulate histories of new customers observed for T (n,).

    With `leave_at_once`, a customer may also drop out after the first purchase, as in MBG/NBD. Every `events`-th event
    of a Poisson process at the gamma-distributed rate is a purchase.
    """
    n = len(T)
    rate = generator.gamma(np.broadcast_to(p.r, n)) / np.broadcast_to(p.alpha, n)
    dropout = generator.beta(np.broadcast_to(p.a, n), np.broadcast_to(p.b, n))
    x, t_x, active = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    who, times = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    if leave_at_once:
        active = generator.random(n) >= dropout
    buying = np.flatnonzero(active & (rate > SMALLEST_RATE))
    while buying.size:
        when = t_x[buying] + generator.standard_gamma(events, size=buying.size) / rate[buying]
        in_time = when <= T[buying]
        buying = buying[in_time]
        x[buying] += 1
        t_x[buying] = when[in_time]
        who.append(buying)
        times.append(when[in_time])
        stays = generator.random(buying.size) >= dropout[buying]
        active[buying[~stays]] = False
        buying = buying[stays]
    levels = {"purchase_rate": rate / events, "dropout_probability": dropout}
    return History(x, t_x, active, np.concatenate(who), np.concatenate(times), levels)


def sample_if_active(
    p: Parameters,
    h: float | Array,
    delta: float,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T; see `draw_buyers`."""
    buyers = draw_buyers(p, h, x, T, active, generator)
    count = np.zeros(np.shape(active))
    count.flat[buyers.place] = buyers.purchases
    if delta == 0:
        return Future(count, count)
    before = (buyers.purchases - buyers.leaves).astype(float)
    discounted = discounted_count(before, buyers.end, delta, generator)
    worth = np.zeros(np.shape(active))
    worth.flat[buyers.place] = discounted + buyers.leaves * np.exp(-delta * buyers.end)
    return Future(count, worth)


class Buyers(NamedTuple):
    """Active customers who buy in (T, T + h], (m,) each.

    `place` is their position among all customers, `leaves` whether they leave after their last purchase. The other
    purchases are uniform on (0, end), and the last purchase of customers who leave is at `end`.
    """

    place: npt.NDArray[np.intp]
    purchases: npt.NDArray[np.int64]
    leaves: npt.NDArray[np.bool_]
    end: Array


def draw_buyers(
    p: Parameters, h: float | Array, x: Array, T: Array, active: npt.NDArray[np.bool_], generator: np.random.Generator
) -> Buyers:
    """Draw who buys in (T, T + h] and how often, given which customers are active at T.

    Given the rate, purchases are Poisson; given the dropout probability, the purchase after which a customer leaves is
    geometric; the count is the smaller of the two. Times of a Poisson process are uniform, and those up to the k-th
    of n are uniform up to a beta-distributed last one. Only what matters is drawn: no rate of customers who have left,
    no dropout of customers to whom no purchase is offered.
    """
    place = np.flatnonzero(active)
    p, x, T, length = entries_of(np.asarray(active), p, x, T, np.asarray(h, dtype=float))
    offered = generator.poisson(generator.standard_gamma(p.r + x) * (length / (p.alpha + T)))
    buys = offered > 0
    place, offered = place[buys], offered[buys]
    p, x, length = entries_of(buys, p, x, length)
    dropout = generator.beta(np.broadcast_to(p.a, x.shape), p.b + x)
    last = generator.geometric(np.maximum(dropout, SMALLEST_DROPOUT))
    leaves = last <= offered
    end = np.array(length)
    end[leaves] *= generator.beta(last[leaves], (offered - last)[leaves] + 1)
    return Buyers(place, np.minimum(offered, last), leaves, end)


def sample_mean_if_active(
    p: Parameters, h: float | Array, delta: float, x: Array, T: Array, generator: np.random.Generator
) -> Array:
    """Draw rates and dropout probabilities of active customers; return the purchases expected at these.

    A customer who leaves with a probability after each purchase leaves at a constant rate, the product of both.
    """
    shape = np.broadcast_shapes(*map(np.shape, (*p, x, T)))
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    dropout = generator.beta(np.broadcast_to(p.a, shape), np.broadcast_to(p.b + x, shape))
    return rate * discounted_length(rate * dropout + delta, h)

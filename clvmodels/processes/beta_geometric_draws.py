"""Random draws of BG/NBD and MBG/NBD: histories of new customers, and futures of active ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clvmodels.processes.beta_geometric import SMALLEST_DROPOUT, Parameters
from clvmodels.processes.contract import Array, Future, History
from clvmodels.processes.special import discounted_count, discounted_length

__all__ = ["sample_if_active", "sample_mean_if_active", "simulate"]

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
    h: float,
    delta: float,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> Future:
    """Draw what customers do in (T, T + h], given which of them are active at T.

    Given the rate, purchases are Poisson; given the dropout probability, the purchase after which a customer leaves is
    geometric; the count is the smaller of the two. Times of a Poisson process are uniform, and those up to the k-th
    of n are uniform up to a beta-distributed last one, so the discounted count is drawn exactly too.
    """
    shape = np.shape(active)
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    dropout = generator.beta(np.broadcast_to(p.a, shape), np.broadcast_to(p.b + x, shape))
    offered = generator.poisson(rate * h)
    last = generator.geometric(np.maximum(dropout, SMALLEST_DROPOUT))
    count = np.where(active, np.minimum(offered, last), 0).astype(float)
    if delta == 0:
        return Future(count, count)
    left = active & (last <= offered) & (offered > 0)
    end = np.where(left, generator.beta(np.where(left, last, 1), np.where(left, offered - last + 1, 1)), 1.0)
    worth = discounted_count((count - left).ravel(), h * end.ravel(), delta, generator)
    return Future(count, worth.reshape(shape) + left * np.exp(-delta * h * end))


def sample_mean_if_active(
    p: Parameters, h: float, delta: float, x: Array, T: Array, generator: np.random.Generator
) -> Array:
    """Draw rates and dropout probabilities of active customers; return the purchases expected at these.

    A customer who leaves with a probability after each purchase leaves at a constant rate, the product of both.
    """
    shape = np.broadcast_shapes(*map(np.shape, (*p, x, T)))
    rate = generator.standard_gamma(np.broadcast_to(p.r + x, shape)) / (p.alpha + T)
    dropout = generator.beta(np.broadcast_to(p.a, shape), np.broadcast_to(p.b + x, shape))
    return rate * discounted_length(rate * dropout + delta, h)

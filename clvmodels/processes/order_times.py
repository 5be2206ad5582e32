"""Order times and windows: when an active customer orders and leaves, and the chance of an order in a later window.

Money needs more than counts: a cost is charged only in some periods, and revenue and cost must use the same draw of the
time at which a customer leaves. Each function serves one family of processes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.processes import beta_geometric, bgbb_active, dropout_time
from clvmodels.processes.beta_geometric_draws import draw_buyers
from clvmodels.processes.contract import Array, DrawnOrders
from clvmodels.processes.dropout_time import Law
from clvmodels.processes.race import log_chance
from clvmodels.processes.special import entries_of

__all__ = [
    "MOST_ORDERS",
    "beta_geometric_orders",
    "bgbb_orders",
    "buys_between_beta_geometric",
    "buys_between_bgbb",
    "buys_between_dropout_time",
    "buys_between_nbd",
    "dropout_time_orders",
    "nbd_orders",
]

MOST_ORDERS = 300_000_000


def buys_between_nbd(p: Any, start: Array, end: Array, x: Array, T: Array) -> Array:
    """Return P(an order in (T + start, T + end]) at a gamma-distributed rate, without dropout."""
    answer: Array = -np.expm1(-(p.r + x) * np.log1p((np.asarray(end) - start) / (p.alpha + T)))
    return answer


def buys_between_beta_geometric(p: Any, start: Array, end: Array, x: Array, T: Array) -> Array:
    """Return P(an order in (T + start, T + end]) of a customer active at T, where dropout follows orders.

    Given the rate and the dropout probability q, a customer is still active at `start` with probability
    exp(-rate q start), and then orders within c = end - start with probability 1 - exp(-rate c). The factor
    exp(-rate c) is what c more units of observation without an order contribute.
    """
    length = np.asarray(end) - start
    silent = beta_geometric.pmf_if_active(p, np.zeros(()), length, x, T)
    later = beta_geometric.survival_if_active(p, start, x, T + length)
    answer: Array = np.maximum(beta_geometric.survival_if_active(p, start, x, T) - silent * later, 0.0)
    return answer


def buys_between_dropout_time(law: Law, p: Any, start: Array, end: Array, x: Array, T: Array) -> Array:
    """Return P(an order in (T + start, T + end]) of a customer active at T, who leaves at a time of their own.

    Time to dropout does not depend on orders: at `start`, a customer who is still active has the law of a later age
    and the same law of the rate.
    """
    shape, age, length = p.r + x, p.alpha + T, np.asarray(end) - start
    remaining, later = law(p, T + start), law(p, T + end)
    stays = np.exp(-shape * np.log1p(length / age) + remaining.log_survival(length))
    gone = np.exp(log_chance(False, shape, age, remaining))
    gone = gone - stays * np.exp(log_chance(False, shape, age + length, later))
    active = dropout_time.survival_if_active(law, p, start, x, T)
    answer: Array = active * np.clip(1 - gone - stays, 0.0, 1.0)
    return answer


def buys_between_bgbb(p: Any, start: Array, end: Array, x: Array, n: Array) -> Array:
    """Return P(an order at the opportunities n + start + 1 to n + end) of a customer active after n.

    A customer who stays until `start`, whether ordering or not, has stayed for `start` more opportunities.
    """
    first, last = bgbb_active.whole(start), bgbb_active.whole(end)
    later = p._replace(delta=p.delta + first)
    silent = bgbb_active.pmf_if_active(later, np.zeros(()), last - first, x, n)
    answer: Array = bgbb_active.survival_if_active(p, first, x, n) * np.clip(1 - silent, 0.0, 1.0)
    return answer


def nbd_orders(
    p: Any, h: float | Array, x: Array, T: Array, active: npt.NDArray[np.bool_], generator: np.random.Generator
) -> DrawnOrders:
    """Draw order times in (T, T + h] at a gamma-distributed rate, without dropout."""
    n = len(active)
    length = np.broadcast_to(np.asarray(h, dtype=float), n)
    customer = _customer_of_each(generator.poisson(_rate(p, x, T, n, generator) * length), n)
    return DrawnOrders(customer, length[customer] * generator.random(len(customer)), np.full(n, np.inf))


def beta_geometric_orders(
    p: Any, h: float | Array, x: Array, T: Array, active: npt.NDArray[np.bool_], generator: np.random.Generator
) -> DrawnOrders:
    """Draw order times in (T, T + h], and the order after which a customer leaves; see `draw_buyers`."""
    buyers = draw_buyers(p, h, x, T, active, generator)
    owner = _customer_of_each(buyers.purchases - buyers.leaves, len(active))
    times = buyers.end[owner] * generator.random(len(owner))
    leaves = np.where(active, np.inf, 0.0)
    leaving, end = buyers.place[buyers.leaves], buyers.end[buyers.leaves]
    leaves[leaving] = end
    return DrawnOrders(np.append(buyers.place[owner], leaving), np.append(times, end), leaves)


def dropout_time_orders(
    law: Law,
    p: Any,
    h: float | Array,
    x: Array,
    T: Array,
    active: npt.NDArray[np.bool_],
    generator: np.random.Generator,
) -> DrawnOrders:
    """Draw order times in (T, T + h], and the time at which a customer leaves: a Poisson process until dropout."""
    n = len(active)
    place = np.flatnonzero(active)
    p, x, T, length = entries_of(active, p, x, T, np.asarray(h, dtype=float))
    remaining = law(p, T)
    stay = np.broadcast_to(remaining.time_of(generator.standard_exponential(len(place)) / remaining.s), len(place))
    leaves = np.zeros(n)
    leaves[place] = stay
    reach = np.minimum(stay, length)
    owner = _customer_of_each(generator.poisson(_rate(p, x, T, len(place), generator) * reach), n)
    return DrawnOrders(place[owner], reach[owner] * generator.random(len(owner)), leaves)


def bgbb_orders(
    p: Any, h: float | Array, x: Array, n: Array, active: npt.NDArray[np.bool_], generator: np.random.Generator
) -> DrawnOrders:
    """Draw the opportunities n + 1 to n + h at which customers order, and the one after which they leave."""
    customers, length = len(active), bgbb_active.whole(h)
    chance = generator.beta(np.broadcast_to(p.alpha + x, customers), np.broadcast_to(p.beta + (n - x), customers))
    dropout = generator.beta(np.broadcast_to(p.gamma, customers), np.broadcast_to(p.delta + n, customers))
    stays = np.where(active, bgbb_active.draw_stays(dropout, length, generator), 0.0)
    customer, times = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for i in range(1, int(np.max(length, initial=0.0)) + 1):
        buyers = np.flatnonzero((generator.random(customers) < chance) & (i <= stays))
        customer.append(buyers)
        times.append(np.full(len(buyers), float(i)))
    leaves = np.where(stays >= length, np.where(active, np.inf, 0.0), stays)
    return DrawnOrders(np.concatenate(customer), np.concatenate(times), leaves)


def _customer_of_each(count: npt.NDArray[np.intp], customers: int) -> npt.NDArray[np.intp]:
    """Return the position of the customer of each order, given the number of orders of each.

    Raises
    ------
    OverflowError
        If there are implausibly many orders, as under draws of poorly determined parameters.
    """
    total = float(np.sum(count, dtype=float))
    if total > MOST_ORDERS:
        raise OverflowError(f"{total:,.0f} orders of {customers:,} customers")
    return np.repeat(np.arange(len(count)), count)


def _rate(p: Any, x: Array, T: Array, n: int, generator: np.random.Generator) -> Array:
    """Draw the purchase rate of each customer, given the history."""
    rate: Array = generator.standard_gamma(np.broadcast_to(p.r + x, n)) / (p.alpha + T)
    return rate

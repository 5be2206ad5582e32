"""Intervals of single customers' values after costs, from futures drawn one customer at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from clvmodels.estimators.prediction import customer_keys
from clvmodels.inference.intervals import Bounds, bounds_of_rows, customer_generator
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.contract import Array
from clvmodels.valuation.drawn.futures import DrawnCharges, DrawnFuture, order_draws
from clvmodels.valuation.valued_customers import ValuedCustomers

__all__ = ["customer_intervals", "drawn_customer_values", "values_of_future"]


def customer_intervals(customers: ValuedCustomers, level: float, draws: int, seed: int) -> Bounds:
    """Return the interval of each customer's remaining value, (n,) each; NaN where the value does not exist.

    Parameters
    ----------
    customers : ValuedCustomers
    level : float
        Central probability.
    draws, seed : int
    """
    draw = drawn_customer_values(customers, draws, seed)
    bounds = bounds_of_rows(draw, len(customers.rfm), level)
    missing = np.isnan(customers.expectations.spend_per_order)
    return Bounds(*(np.where(missing, np.nan, end) for end in bounds))


def drawn_customer_values(customers: ValuedCustomers, draws: int, seed: int) -> Callable[[npt.NDArray[np.intp]], Array]:
    """Return a function that draws the values of the customers at positions (b,), (draws, b).

    Each draw has its own parameters of both models. The noise of a customer is keyed on the customer's id, so it does
    not depend on other customers. Revenue and costs are based on the same orders and the same time of leaving.
    """
    draw_orders, draw_amounts = order_draws(customers)
    purchases, spend, rfm = customers.purchases, customers.spend, customers.rfm
    process, spending = purchases.future, spend.process
    p = process.Parameters(*draw_parameters(process, purchases.fit_, draws, seed))
    s = spending.Parameters(*draw_parameters(spending, spend.fit_, draws, seed))
    columns = purchases.prediction(rfm, "alive", None).columns
    statistics = np.stack([np.asarray(columns[name], dtype=float) for name in process.statistics])
    state = np.stack([np.asarray(columns[name], dtype=float) for name in process.state])
    money = np.stack([np.asarray(column, dtype=float) for column in spend.spend_prediction(rfm).columns.values()])
    keys, keyed = customer_keys(rfm), customer_generator(seed)
    charges = DrawnCharges(customers)

    def repeated(column: Array) -> list[Array]:
        return [np.full(draws, value) for value in column]

    def values_of(i: int) -> Array:
        generator = keyed(int(keys[i]))
        active = generator.random(draws) < process.probability_alive(p, *repeated(statistics[:, i]))
        orders = draw_orders(p, customers.horizon, *repeated(state[:, i]), active, generator)
        amounts = draw_amounts(s, orders.customer, *repeated(money[:, i]), generator)
        net = customers.terms.margin * amounts - customers.amounts.per_order[i]
        worth = np.bincount(orders.customer, np.exp(-customers.rate * orders.time) * net, minlength=draws)
        return np.asarray(worth - _present_value(charges.of(orders, i), customers.rate))

    return lambda block: np.stack([values_of(int(i)) for i in block], axis=1)


def values_of_future(customers: ValuedCustomers, future: DrawnFuture) -> Array:
    """Return the present value of each customer in one drawn future of all, (n,); NaN without an expected value."""
    customer, time = future.orders.customer, future.orders.time
    net = customers.terms.margin * future.spend - customers.amounts.per_order[customer]
    margin = np.bincount(customer, np.exp(-customers.rate * time) * net, minlength=len(customers.rfm))
    charges = _present_value(DrawnCharges(customers).of(future.orders), customers.rate)
    return np.where(np.isnan(customers.expectations.spend_per_order), np.nan, margin - charges)


def _present_value(charges: Iterator[tuple[float, Array, Array]], rate: float) -> Array | float:
    """Return the discounted sum of charges."""
    worth: Array | float = 0.0
    for time, service, marketing in charges:
        worth = worth + np.exp(-rate * time) * (service + marketing)
    return worth

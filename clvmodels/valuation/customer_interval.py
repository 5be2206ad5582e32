"""Intervals of single customers' values after costs: each customer's futures, drawn one customer at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from clvmodels.estimators.prediction import customer_keys
from clvmodels.inference.intervals import Bounds, bounds_of_rows, customer_generator
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.contract import Array, DrawnOrders
from clvmodels.valuation.cash_flow import DrawnFuture, ValuedCustomers, charge_times, order_draws

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
    """Return a function of positions (b,) that draws the values of these customers, (draws, b).

    Each draw has its own parameters of both models; the noise of a customer is keyed on the customer's id, so that the
    other customers do not matter. Revenue and costs follow from the same orders and the same time of leaving.
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
    charged = _Charges(customers)

    def repeated(column: Array) -> list[Array]:
        return [np.full(draws, value) for value in column]

    def values_of(i: int) -> Array:
        generator = keyed(int(keys[i]))
        active = generator.random(draws) < process.probability_alive(p, *repeated(statistics[:, i]))
        orders = draw_orders(p, customers.horizon, *repeated(state[:, i]), active, generator)
        amounts = draw_amounts(s, orders.customer, *repeated(money[:, i]), generator)
        net = customers.terms.margin * amounts - customers.amounts.per_order[i]
        worth = np.bincount(orders.customer, np.exp(-customers.rate * orders.time) * net, minlength=draws)
        return np.asarray(worth - charged.worth(i, orders))

    return lambda block: np.stack([values_of(int(i)) for i in block], axis=1)


class _Charges:
    """Present values of the charges of one customer under drawn futures."""

    def __init__(self, customers: ValuedCustomers) -> None:
        self._customers = customers
        self._times = charge_times(customers)
        self._window = customers.costs.window(customers.rfm.clock)
        self._since_last = customers.rfm.T - customers.rfm.recency

    def worth(self, i: int, orders: DrawnOrders) -> Array:
        """Return the discounted charges of customer i under each draw, (draws,)."""
        costs, amounts = self._customers.costs, self._customers.amounts
        worth = np.zeros(len(orders.leaves))
        for time, share in self._times:
            factor = share * np.exp(-self._customers.rate * time)
            for amount, charged_while in (
                (amounts.per_period[i], costs.charged_while),
                (amounts.marketing[i], costs.marketing_while),
            ):
                if amount > 0:
                    worth += factor * amount * self._is_charged(i, time, charged_while, orders)
        return worth

    def _is_charged(self, i: int, time: float, charged_while: str, orders: DrawnOrders) -> npt.NDArray[np.bool_]:
        if charged_while == "alive":
            return np.asarray(orders.leaves > time)
        served = np.full(len(orders.leaves), self._since_last[i] < self._window - time)
        served[orders.customer[(orders.time > time - self._window) & (orders.time <= time)]] = True
        return served


def values_of_future(customers: ValuedCustomers, future: DrawnFuture) -> Array:
    """Return the present value of each customer in one drawn future of all, (n,); NaN where no value is expected."""
    customer, time = future.orders.customer, future.orders.time
    net = customers.terms.margin * future.spend - customers.amounts.per_order[customer]
    values = np.bincount(customer, np.exp(-customers.rate * time) * net, minlength=len(customers.rfm))
    window = customers.costs.window(customers.rfm.clock)
    for at, share in charge_times(customers):
        for amount, charged_while in (
            (customers.amounts.per_period, customers.costs.charged_while),
            (customers.amounts.marketing, customers.costs.marketing_while),
        ):
            if np.any(amount > 0):
                charged = future.charged(customers, at, charged_while, window)
                values = values - share * np.exp(-customers.rate * at) * amount * charged
    return np.where(np.isnan(customers.expectations.spend_per_order), np.nan, values)

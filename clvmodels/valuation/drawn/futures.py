"""Drawn futures: the orders, spend, charges and time of leaving of customers in one draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal, customer_keys
from clvmodels.inference.totals.reference_class import reference_class
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array, DrawnOrders
from clvmodels.processes.threads import Returned, in_threads
from clvmodels.valuation.costs import ChargedWhile
from clvmodels.valuation.valued_customers import ValuedCustomers, charge_times, period_costs

__all__ = [
    "DrawnCharges",
    "DrawnFuture",
    "FutureDraws",
    "level_factors",
    "level_findings",
    "of_drawn_futures",
    "order_draws",
]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFuture:
    """One possible future of all customers, in the order of the RFM.

    Attributes
    ----------
    orders : DrawnOrders
    spend : array (m,)
        Spend of each order.
    """

    orders: DrawnOrders
    spend: Array


class DrawnCharges:
    """Charges per period of drawn futures, based on the same orders and times of leaving as revenue.

    Parameters
    ----------
    customers : ValuedCustomers
    """

    def __init__(self, customers: ValuedCustomers) -> None:
        self._times = charge_times(customers)
        self._window = customers.costs.window(customers.rfm.clock)
        self._since_last = customers.rfm.T - customers.rfm.recency
        self._costs = period_costs(customers)

    def of(self, orders: DrawnOrders, row: int | None = None) -> Iterator[tuple[float, Array, Array]]:
        """Yield the time of each charge, and its cost for service and for marketing, (len(orders.leaves),) each.

        Parameters
        ----------
        orders : DrawnOrders
            One future of all customers, or futures of one customer, one per draw.
        row : int, optional
            Position of that customer.
        """
        rows = slice(None) if row is None else slice(row, row + 1)
        costs = [(amount[rows], charged_while) for amount, charged_while in self._costs]
        nothing = np.zeros(len(orders.leaves))
        for time, share in self._times:
            charged: dict[str, Array] = {}
            parts = []
            for amount, charged_while in costs:
                if not np.any(amount > 0):
                    parts.append(nothing)
                    continue
                if charged_while not in charged:
                    charged[charged_while] = self._is_charged(orders, rows, time, charged_while)
                parts.append(share * amount * charged[charged_while])
            yield time, parts[0], parts[1]

    def _is_charged(self, orders: DrawnOrders, rows: slice, time: float, charged_while: ChargedWhile) -> Array:
        if charged_while == "alive":
            return (orders.leaves > time).astype(float)
        served = np.zeros(len(orders.leaves), dtype=bool)
        served |= self._since_last[rows] < self._window - time
        served[orders.customer[(orders.time > time - self._window) & (orders.time <= time)]] = True
        return served.astype(float)


class FutureDraws:
    """Futures of customers, each under its own draw of the parameters of both models and with its own noise.

    Noise is drawn in the order of the customers' keys, so it does not depend on their order in the RFM.

    Parameters
    ----------
    customers : ValuedCustomers
    draws, seed : int
    """

    def __init__(self, customers: ValuedCustomers, draws: int, seed: int) -> None:
        purchases, spend, rfm = customers.purchases, customers.spend, customers.rfm
        self.customers, self.draws, self._seed = customers, draws, seed
        self._draw_orders, self._draw_amounts = order_draws(customers)
        self._order = np.argsort(customer_keys(rfm), kind="stable")
        columns = purchases.prediction(rfm, "alive", None).columns
        self._statistics = [np.asarray(columns[name])[self._order] for name in purchases.future.statistics]
        self._state = [np.asarray(columns[name])[self._order] for name in purchases.future.state]
        self._money = [np.asarray(each)[self._order] for each in spend.spend_prediction(rfm).columns.values()]
        self._of_purchases = draw_parameters(purchases.future, purchases.fit_, draws, seed)
        self._of_spend = draw_parameters(spend.process, spend.fit_, draws, seed)

    def future(self, number: int) -> DrawnFuture:
        """Return the future of all customers in a draw."""
        customers, order, count = self.customers, self._order, len(self._order)
        process, spending = customers.purchases.future, customers.spend.process
        generator = np.random.default_rng([self._seed, number])
        p = process.Parameters(*self._of_purchases[:, number])
        active = generator.random(count) < process.probability_alive(p, *self._statistics)
        orders = self._draw_orders(p, customers.horizon, *self._state, active, generator)
        s = spending.Parameters(*self._of_spend[:, number])
        amounts = self._draw_amounts(s, orders.customer, *self._money, generator)
        leaves = np.empty(count)
        leaves[order] = orders.leaves
        return DrawnFuture(DrawnOrders(order[orders.customer], orders.time, leaves), amounts)


def of_drawn_futures(
    function: Callable[[int, DrawnFuture], Returned], customers: ValuedCustomers, draws: int, seed: int
) -> list[Returned]:
    """Return function(number, future) for each drawn future of all customers, on one thread per processor."""
    futures = FutureDraws(customers, draws, seed)
    return in_threads(lambda number: function(number, futures.future(number)), range(draws))


def order_draws(customers: ValuedCustomers) -> tuple[Callable[..., DrawnOrders], Callable[..., Array]]:
    """Return the functions of both models that draw the times of orders and the spend of each.

    Raises
    ------
    InvalidOption
        If a model has no such function.
    """
    process, spending = customers.purchases.future, customers.spend.process
    if process.draw_orders_if_active is None or spending.sample_orders is None:
        raise InvalidOption(
            f"An interval needs draws of the times of orders, which {process.title} does not give: leave out "
            "interval=, or fit MBGNBD or ParetoNBD."
        )
    draw = process.draw_orders_if_active

    def draw_orders(*arguments: Any) -> DrawnOrders:
        try:
            return draw(*arguments)
        except OverflowError as error:
            raise FitFailed(
                f"A draw of the parameters of {customers.purchases.title} expects {error}: these customers hardly "
                "determine the parameters, so no interval of money can be drawn. Use more customers or a longer period."
            ) from None

    return draw_orders, spending.sample_orders


def level_factors(
    customers: ValuedCustomers, total_interval: IntervalOfTotal, draws: int, seed: int, ahead: float | None = None
) -> Array | None:
    """Return the factor of orders that all customers of a draw share (draws,), or None if there is no common level.

    Parameters
    ----------
    customers : ValuedCustomers
    total_interval : {"history", "model"} or TotalInterval
    draws, seed : int
    ahead : float, optional
        How far the draws reach beyond the end of observation; default: the horizon. Errors of other shops were measured
        for about a year at most; beyond it, the level of the longest measured period is used.
    """
    if total_interval == "model":
        return None
    purchases = customers.purchases
    length = customers.horizon if ahead is None else ahead
    if isinstance(total_interval, TotalInterval):
        days = length * purchases.clock_.days_per_unit
        return total_interval.check_horizon(days, longer=ahead is not None).level_draws(seed, draws)
    tested = reference_class("money", purchases.plain.name).longest_days / purchases.clock_.days_per_unit
    return purchases.level_of_totals(min(length, tested), "money").level_draws(seed, draws)


def level_findings(customers: ValuedCustomers, total_interval: IntervalOfTotal, ahead: float | None = None) -> Findings:
    """Return findings on the common level of draws; the parameters are those of `level_factors`."""
    if total_interval == "model":
        return ()
    if isinstance(total_interval, TotalInterval):
        return total_interval.findings
    clock = customers.purchases.clock_
    reference = reference_class("money", customers.purchases.plain.name)
    days = (customers.horizon if ahead is None else ahead) * clock.days_per_unit
    findings = [Finding("total-interval-other-shops", {"shops": len(reference.shops)}, "info")]
    if not reference.covers(days):
        figures = {"days": days, "longest": reference.longest_days}
        findings.append(Finding("total-interval-level-not-tested", figures, "caution"))
    return tuple(findings)

"""Net value by age: the realized and expected net value of each customer, by time since the first order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.objective import Returned
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.drawn.futures import DrawnCharges, DrawnFuture, level_factors, of_drawn_futures
from clvmodels.valuation.realized import RealizedOrders, past_charges, realized_orders, was_served
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, expected_charges

__all__ = ["ValueSinceAcquisition"]

ROUNDING_TOLERANCE = 1e-9
AGE_COLUMNS = ("T", "n")  # of a process's state


class ValueSinceAcquisition:
    """Net values of customers by age: margin less costs of orders and periods, before the cost of acquisition.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
    terms : ValueTerms
        Its horizon counts from the first order.
    costs : Costs or None
    ends : array (k,), optional
        Ends of the ages by which values are summed, in the clock's unit; default: the horizon. The last is the horizon.
    discounted : bool
        Whether to discount to the day of the first order.
    """

    def __init__(
        self,
        purchases: PurchaseModel,
        spend: SpendModel,
        history: KnownHistory,
        terms: ValueTerms,
        costs: Costs | None,
        ends: Array | None = None,
        discounted: bool = True,
    ) -> None:
        _refuse_latent(costs)
        self.customers = ValuedCustomers.of(purchases, spend, history.rfm, terms, costs)
        self.history = history
        self.orders: RealizedOrders = realized_orders(history)
        self.horizon = self.customers.horizon
        self.ends = np.array([self.horizon]) if ends is None else ends
        self.rate = self.customers.rate if discounted else 0.0
        self.exists = ~np.isnan(self.customers.expectations.spend_per_order)

    @property
    def T(self) -> Array:
        """Return the age of each customer at the cutoff, (n,)."""
        return self.orders.T

    def realized(self) -> Array:
        """Return the net value of orders and charges up to the cutoff, by age, (n, k)."""
        orders, customers = self.orders, self.customers
        net = customers.terms.margin * orders.amount - customers.amounts.per_order[orders.customer]
        sums = self._of_orders(orders.customer, orders.age, net)
        costs = customers.costs
        if not customers.has_period_costs():
            return sums
        clock = customers.rfm.clock
        first = int(orders.tick.min())
        cost = customers.amounts.per_period + customers.amounts.marketing
        for charge in past_charges(clock, first, self.history.cutoff, costs.period):
            served = was_served(orders, charge.time, costs.window(clock))
            self._charge(sums, charge.time, charge.share * cost * served)
        return sums

    def expected(self) -> Array:
        """Return the expected net value of orders and charges after the cutoff, by age, (n, k)."""
        customers, expectations = self.customers, self.customers.expectations
        per_order = customers.terms.margin * expectations.spend_per_order - customers.amounts.per_order
        before = np.zeros(len(self.T))
        sums = np.empty((len(self.T), len(self.ends)))
        for i, end in enumerate(self.ends):
            by_end = self._expected_orders(float(end))
            sums[:, i] = per_order * (by_end - before)
            before = by_end
        for time, service, marketing in expected_charges(customers):
            self._charge(sums, time, service + marketing)
        return sums

    def has_ahead(self) -> npt.NDArray[np.bool_]:
        """Return whether a customer's horizon ends after the cutoff, (n,): others have no drawn values."""
        return self.horizon + ROUNDING_TOLERANCE >= self.T

    def of_drawn(
        self,
        function: Callable[[Array], Returned],
        rows: npt.NDArray[np.intp],
        draws: int,
        seed: int,
        total_interval: IntervalOfTotal,
    ) -> list[Returned]:
        """Return function(values) for each draw, where values are what its future adds to some customers, by age.

        Parameters
        ----------
        function : function of an array (m, k)
            Called on one thread per processor; it may change the array.
        rows : int array (m,)
            Positions of the customers, in the order of the array.
        draws, seed : int
        total_interval : {"history", "model"} or TotalInterval
        """
        ahead = float(np.max(np.maximum(self.horizon - self.T, 0.0), initial=0.0))
        level = level_factors(self.customers, total_interval, draws, seed, ahead)
        charges = DrawnCharges(self.customers)
        place = np.full(len(self.T), -1)
        place[rows] = np.arange(len(rows))

        def of_future(i: int, future: DrawnFuture) -> Returned:
            sums = self._drawn_sums(future, place, len(rows), 1.0 if level is None else float(level[i]))
            for time, service, marketing in charges.of(future.orders):
                self._charge(sums, time, (service + marketing)[rows], rows)
            return function(sums)

        return of_drawn_futures(of_future, self.customers, draws, seed)

    def _drawn_sums(self, future: DrawnFuture, place: npt.NDArray[np.intp], rows: int, level: float) -> Array:
        """Return the discounted sums of drawn orders by row and age, (rows, k)."""
        customer, time, spend = future.orders.customer, future.orders.time, future.spend
        age = self.T[customer] + time
        included = np.flatnonzero((age <= self.horizon + ROUNDING_TOLERANCE) & (place[customer] >= 0))
        customer, age, spend = customer[included], age[included], spend[included]
        net = level * (self.customers.terms.margin * spend - self.customers.amounts.per_order[customer])
        return self._sums(place[customer], age, net, rows)

    def _of_orders(self, customer: npt.NDArray[np.intp], age: Array, net: Array) -> Array:
        """Return the discounted sums of orders within the horizon by customer and age, (n, k)."""
        within = age <= self.horizon + ROUNDING_TOLERANCE
        return self._sums(customer[within], age[within], net[within], len(self.T))

    def _sums(self, row: npt.NDArray[np.intp], age: Array, net: Array, rows: int) -> Array:
        """Return the discounted sums of orders within the horizon by row and age, (rows, k)."""
        shape = (rows, len(self.ends))
        cells = row * shape[1] + self._places(age)
        sums = np.bincount(cells, np.exp(-self.rate * age) * net, minlength=shape[0] * shape[1])
        return sums.astype(float, copy=False).reshape(shape)

    def _charge(
        self, sums: Array, time: float, cost: Array, customers: npt.NDArray[np.intp] | slice = slice(None)
    ) -> None:
        """Subtract a charge at a time relative to the cutoff, for customers whose horizon includes it."""
        age = self.T[customers] + time
        rows = np.flatnonzero((age >= 0) & (age <= self.horizon + ROUNDING_TOLERANCE) & (cost != 0))
        sums[rows, self._places(age[rows])] -= np.exp(-self.rate * age[rows]) * cost[rows]

    def _places(self, age: Array) -> npt.NDArray[np.intp]:
        return np.minimum(np.searchsorted(self.ends, age - ROUNDING_TOLERANCE), len(self.ends) - 1)

    def _expected_orders(self, end: float) -> Array:
        """Return expected orders between the cutoff and an age, discounted to the first order, (n,)."""
        purchases, expectations = self.customers.purchases, self.customers.expectations
        if not np.any(end > self.T):
            return np.zeros(len(self.T))
        age = next(i for i, name in enumerate(purchases.process.state) if name in AGE_COLUMNS)
        ahead = partial(_discounted_ahead, purchases, age, end, self.rate)
        # The future of a customer who is active at T depends on the past only through the state.
        answer: Array = expectations.alive * purchases.if_active(self.customers.rfm, ahead)
        return np.exp(-self.rate * self.T) * answer


def _discounted_ahead(purchases: PurchaseModel, age: int, end: float, rate: float, p: Any, *state: Array) -> Array:
    """Return the discounted orders of active customers until an age."""
    ahead = np.maximum(end - state[age], 0.0)
    answer: Array = purchases.future.discounted_if_active(p, ahead, rate, *state)
    return answer


def _refuse_latent(costs: Costs | None) -> None:
    """Raise an InvalidOption for costs while alive, because past activity is not observed."""
    if costs is not None and "alive" in (costs.charged_while, costs.marketing_while):
        raise InvalidOption(
            "Costs since the first order are charged to customers who were served, since activity is not observed: "
            "pass charged_while='served' and marketing_while='served'."
        )

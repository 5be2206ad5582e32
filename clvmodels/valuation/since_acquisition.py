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
from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import Costs
from clvmodels.valuation.drawn.futures import DrawnCharges, DrawnFuture, level_factors, level_findings
from clvmodels.valuation.drawn.group_totals import GroupTotals
from clvmodels.valuation.drawn.sampled_sums import ExpectedSums, SampledCustomers, drawn_sums, sampling_findings
from clvmodels.valuation.realized import RealizedOrders, past_charges, realized_orders, was_served
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups, expected_charges

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
            self._charge(sums, self.T, charge.time, charge.share * cost * served)
        return sums

    def expected(self) -> Array:
        """Return the expected net value of orders and charges after the cutoff, by age, (n, k)."""
        everyone = SampledCustomers(np.arange(len(self.T)), self.customers)
        return self.expected_of(everyone).at(1.0)

    def expected_of(self, sample: SampledCustomers) -> ExpectedSums:
        """Return the same of some customers, orders and charges apart, (m, k) each; without weights."""
        customers, T = sample.customers, self.T[sample.rows]
        expectations = customers.expectations
        per_order = customers.terms.margin * expectations.spend_per_order - customers.amounts.per_order
        before = np.zeros(len(T))
        orders, charges = np.empty((len(T), len(self.ends))), np.zeros((len(T), len(self.ends)))
        for i, end in enumerate(self.ends):
            by_end = self._expected_orders(customers, T, float(end))
            orders[:, i] = per_order * (by_end - before)
            before = by_end
        for time, service, marketing in expected_charges(customers):
            self._charge(charges, T, time, service + marketing)
        return ExpectedSums(orders, charges)

    def has_ahead(self) -> npt.NDArray[np.bool_]:
        """Return whether a customer's horizon ends after the cutoff, (n,): others have no drawn values."""
        return self.horizon + ROUNDING_TOLERANCE >= self.T

    def drawn_of(self, sample: SampledCustomers, future: DrawnFuture, level: float) -> Array:
        """Return what a drawn future adds to the net value of some customers, by age, (m, k); without weights.

        Parameters
        ----------
        sample : SampledCustomers
        future : DrawnFuture
            Of the customers of the sample.
        level : float
            A factor of orders.
        """
        customers, T = sample.customers, self.T[sample.rows]
        customer, time, spend = future.orders.customer, future.orders.time, future.spend
        age = T[customer] + time
        included = np.flatnonzero(age <= self.horizon + ROUNDING_TOLERANCE)
        customer, age, spend = customer[included], age[included], spend[included]
        net = level * (customers.terms.margin * spend - customers.amounts.per_order[customer])
        sums = self._sums(customer, age, net, len(T))
        for at, service, marketing in DrawnCharges(customers).of(future.orders):
            self._charge(sums, T, at, service + marketing)
        return sums

    def drawn_totals(
        self,
        groups: ValueGroups,
        draws: int,
        seed: int,
        total_interval: IntervalOfTotal,
        visit: Callable[[int, SampledCustomers, Array], None] | None = None,
    ) -> Array:
        """Return draws of what the future adds to the net value of each group, by age, (draws, g, k).

        Parameters
        ----------
        groups : ValueGroups
            Customers whose horizon ends before the cutoff, or who have no value, are left out.
        draws, seed : int
        total_interval : {"history", "model"} or TotalInterval
        visit : function (number, sample, values), optional
            Called for each draw, on one thread per processor, with the values of the customers who are drawn (m, k).
        """
        level = level_factors(self.customers, total_interval, draws, seed, self._farthest)
        codes = self._codes_ahead(groups)
        sums = _GroupSums(self, ValueGroups(groups.labels, codes), visit)
        return drawn_sums(sums, self.customers, codes, draws, seed, level)

    def findings_of_draws(
        self, groups: ValueGroups, draws: int, seed: int, total_interval: IntervalOfTotal
    ) -> Findings:
        """Return findings on drawn totals: on their common level, and whether they have the futures of a sample."""
        sampled = sampling_findings(self.customers, self._codes_ahead(groups), draws, seed)
        return (*level_findings(self.customers, total_interval, self._farthest), *sampled)

    @property
    def _farthest(self) -> float:
        """How far ahead of the cutoff the last horizon of a customer ends, in the clock's unit."""
        return float(np.max(np.maximum(self.horizon - self.T, 0.0), initial=0.0))

    def _codes_ahead(self, groups: ValueGroups) -> npt.NDArray[np.intp]:
        return np.where(self.exists & self.has_ahead(), groups.codes, -1)

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

    def _charge(self, sums: Array, T: Array, time: float, cost: Array) -> None:
        """Subtract a charge at a time relative to the cutoff, for customers whose horizon includes it."""
        age = T + time
        rows = np.flatnonzero((age >= 0) & (age <= self.horizon + ROUNDING_TOLERANCE) & (cost != 0))
        sums[rows, self._places(age[rows])] -= np.exp(-self.rate * age[rows]) * cost[rows]

    def _places(self, age: Array) -> npt.NDArray[np.intp]:
        if len(self.ends) == 1:
            return np.zeros(len(age), dtype=np.intp)
        return np.minimum(np.searchsorted(self.ends, age - ROUNDING_TOLERANCE), len(self.ends) - 1)

    def _expected_orders(self, customers: ValuedCustomers, T: Array, end: float) -> Array:
        """Return expected orders between the cutoff and an age, discounted to the first order, (m,)."""
        purchases, expectations = customers.purchases, customers.expectations
        if not np.any(end > T):
            return np.zeros(len(T))
        age = next(i for i, name in enumerate(purchases.process.state) if name in AGE_COLUMNS)
        ahead = partial(_discounted_ahead, purchases, age, end, self.rate)
        # The future of a customer who is active at T depends on the past only through the state.
        answer: Array = expectations.alive * purchases.if_active(customers.rfm, ahead)
        return np.exp(-self.rate * T) * answer


class _GroupSums:
    """Sums over the customers of each group of net values after the cutoff, by age, (g, k)."""

    def __init__(
        self,
        since: ValueSinceAcquisition,
        groups: ValueGroups,
        visit: Callable[[int, SampledCustomers, Array], None] | None,
    ) -> None:
        self._since, self._groups, self._visit = since, groups, visit

    def expected(self, sample: SampledCustomers) -> ExpectedSums:
        """Return the weighted sums of expected values."""
        parts = self._since.expected_of(sample)
        return ExpectedSums(self._totals(sample, parts.of_orders), self._totals(sample, parts.of_charges))

    def drawn(self, sample: SampledCustomers, number: int, future: DrawnFuture, level: float) -> Array:
        """Return the weighted sums of drawn values."""
        values = self._since.drawn_of(sample, future, level)
        totals = self._totals(sample, values)
        if self._visit is not None:
            self._visit(number, sample, values)
        return totals

    def _totals(self, sample: SampledCustomers, values: Array) -> Array:
        groups = ValueGroups(self._groups.labels, self._groups.codes[sample.rows])
        return GroupTotals(groups).of(values, sample.weights)


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

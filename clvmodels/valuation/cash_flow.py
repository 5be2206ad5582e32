"""Cash flow by period: orders, revenue, margin, costs and present value, expected and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.language import Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.drawn.futures import DrawnCharges, DrawnFuture
from clvmodels.valuation.drawn.sampled_sums import ExpectedSums, SampledCustomers, drawn_sums, sampling_findings
from clvmodels.valuation.periods import Periods
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups, expected_charges

__all__ = [
    "CashFlow",
    "PresentValues",
    "drawn_cash_flow",
    "expected_cash_flow",
    "present_values",
    "sampling_findings_of",
]

LINES = ("orders", "revenue", "margin", "order_cost", "period_cost", "marketing_cost", "net_cash_flow", "present_value")


class PresentValues(NamedTuple):
    """Present values of each customer within the horizon, (n,) each."""

    orders: Array
    discounted_orders: Array
    margin: Array
    costs: Array

    @property
    def value(self) -> Array:
        """Return the margin minus the costs."""
        return self.margin - self.costs


@dataclass(frozen=True, slots=True, eq=False)
class CashFlow:
    """Sums over the customers of each group in each period, (..., groups, k) each.

    `present_value` is the net cash flow discounted from the time of each order and charge.
    """

    orders: Array
    revenue: Array
    margin: Array
    order_cost: Array
    period_cost: Array
    marketing_cost: Array
    net_cash_flow: Array
    present_value: Array


def present_values(customers: ValuedCustomers) -> PresentValues:
    """Return the expected present values of each customer within the horizon."""
    expected, amounts = customers.expectations, customers.amounts
    orders, discounted = expected.orders(customers.horizon)
    costs = amounts.per_order * discounted
    for time, service, marketing in expected_charges(customers):
        costs = costs + np.exp(-customers.rate * time) * (service + marketing)
    return PresentValues(orders, discounted, customers.terms.margin * expected.spend_per_order * discounted, costs)


def expected_cash_flow(customers: ValuedCustomers, periods: Periods, segments: ValueGroups) -> CashFlow:
    """Return the expected cash flow of each group in each period, without customers who have no expected spend."""
    flows = _Flows(customers, periods, segments)
    return CashFlow(*flows.expected(SampledCustomers(np.arange(len(segments.codes)), customers)).at(1.0))


def drawn_cash_flow(
    customers: ValuedCustomers,
    periods: Periods,
    segments: ValueGroups,
    draws: int,
    seed: int,
    level: Array | None = None,
) -> CashFlow:
    """Return draws of the cash flow, from draws of the parameters and of futures, (draws, groups, k) each.

    Revenue and costs of a draw are based on the same orders and the same time of leaving. Draws of large bases are
    computed from the futures of some customers; see `sampled_sums`.

    Parameters
    ----------
    customers : ValuedCustomers
    periods : Periods
    segments : ValueGroups
    draws, seed : int
    level : array (draws,), optional
        A factor of orders that all customers of a draw share.
    """
    flows = _Flows(customers, periods, segments)
    return CashFlow(*np.moveaxis(drawn_sums(flows, customers, flows.codes, draws, seed, level), 0, 1))


def sampling_findings_of(customers: ValuedCustomers, draws: int, seed: int) -> Findings:
    """Return a finding if draws of cash flows have the futures of a sample of the customers."""
    codes = np.where(np.isnan(customers.expectations.spend_per_order), -1, 0)
    return sampling_findings(customers, codes, draws, seed)


class _Flows:
    """Cash flows of groups of customers in each period, (lines, groups, k)."""

    def __init__(self, customers: ValuedCustomers, periods: Periods, segments: ValueGroups) -> None:
        self.codes = np.where(np.isnan(customers.expectations.spend_per_order), -1, segments.codes)
        self._periods, self._shape = periods, (len(segments.labels), len(periods))

    def expected(self, sample: SampledCustomers) -> ExpectedSums:
        """Return the expected cash flow."""
        customers, periods = sample.customers, self._periods
        expected, amounts, margin = customers.expectations, customers.amounts, customers.terms.margin
        of_orders, of_charges = self._sums(sample), self._sums(sample)
        before, worth_before = expected.orders(0.0)
        for i, end in enumerate(periods.ends):
            by_end, worth_by_end = expected.orders(float(end))
            orders, worth = by_end - before, worth_by_end - worth_before
            before, worth_before = by_end, worth_by_end
            revenue, cost = expected.spend_per_order * orders, amounts.per_order * orders
            of_orders.add(i, orders=orders, revenue=revenue, margin=margin * revenue, order_cost=cost)
            of_orders.add(i, present_value=(margin * expected.spend_per_order - amounts.per_order) * worth)
        for time, service, marketing in expected_charges(customers):
            self._charge(of_charges, customers, time, service, marketing)
        return ExpectedSums(of_orders.lines(), of_charges.lines())

    def drawn(self, sample: SampledCustomers, _: int, future: DrawnFuture, level: float) -> Array:
        """Return the cash flow of one drawn future."""
        customers, periods = sample.customers, self._periods
        customer, time = future.orders.customer, future.orders.time
        margin, per_order = customers.terms.margin, customers.amounts.per_order[customer]
        place = periods.positions(time)
        sums = self._sums(sample)
        net = level * (margin * future.spend - per_order)
        sums.add_orders(customer, place, level + np.zeros(len(time)), "orders")
        sums.add_orders(customer, place, level * future.spend, "revenue")
        sums.add_orders(customer, place, level * margin * future.spend, "margin")
        sums.add_orders(customer, place, level * per_order, "order_cost")
        sums.add_orders(customer, place, np.exp(-customers.rate * time) * net, "present_value")
        for at, service, marketing in DrawnCharges(customers).of(future.orders):
            self._charge(sums, customers, at, service, marketing)
        return sums.lines()

    def _sums(self, sample: SampledCustomers) -> _Sums:
        return _Sums(self.codes[sample.rows], *self._shape, sample.weights)

    def _charge(self, sums: _Sums, customers: ValuedCustomers, time: float, service: Array, marketing: Array) -> None:
        i = int(self._periods.positions(np.array([time]))[0])
        worth = -np.exp(-customers.rate * time) * (service + marketing)
        sums.add(i, period_cost=service, marketing_cost=marketing, present_value=worth)


class _Sums:
    """Sums over the customers of each group, by period and line."""

    def __init__(self, codes: npt.NDArray[np.intp], groups: int, periods: int, weights: Array | None = None) -> None:
        self._codes, self._rows, self._weights = codes, codes >= 0, weights
        self._included = codes[self._rows]
        self._shape = (groups, periods)
        self._lines = {line: np.zeros(self._shape) for line in LINES}

    def add(self, period: int, **values: Array) -> None:
        """Add values of customers (n,) to lines of one period."""
        for line, value in values.items():
            value = value if self._weights is None else self._weights * value
            sums = np.bincount(self._included, value[self._rows], minlength=self._shape[0])
            self._lines[line][:, period] += sums

    def add_orders(
        self, customer: npt.NDArray[np.intp], period: npt.NDArray[np.intp], values: Array, line: str
    ) -> None:
        """Add values of orders (m,) to a line, each in its own period."""
        codes = self._codes[customer]
        rows = codes >= 0
        cells = codes[rows] * self._shape[1] + period[rows]
        values = values if self._weights is None else self._weights[customer] * values
        sums = np.bincount(cells, values[rows], minlength=self._shape[0] * self._shape[1])
        self._lines[line] += sums.reshape(self._shape)

    def lines(self) -> Array:
        """Return the sums, with the net cash flow, (lines, groups, periods)."""
        lines = self._lines
        costs = lines["order_cost"] + lines["period_cost"] + lines["marketing_cost"]
        return np.stack([*({**lines, "net_cash_flow": lines["margin"] - costs}[line] for line in LINES)])

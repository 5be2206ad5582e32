"""Cash flow by period: orders, revenue, margin, costs and present value, expected and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clvmodels.errors import FitFailed, InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal, customer_keys
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.contract import Array, DrawnOrders
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.costs import Costs, CustomerCosts
from clvmodels.valuation.expectations import Expectations
from clvmodels.valuation.periods import Periods, periods_after
from clvmodels.valuation.value_terms import ValueTerms

__all__ = [
    "CashFlow",
    "DrawnFuture",
    "PresentValues",
    "ValueGroups",
    "ValuedCustomers",
    "charge_times",
    "drawn_cash_flow",
    "drawn_futures",
    "expected_cash_flow",
    "level_factors",
    "order_draws",
    "present_values",
]

LINES = ("orders", "revenue", "margin", "order_cost", "period_cost", "marketing_cost", "net_cash_flow", "present_value")


@dataclass(frozen=True, slots=True, eq=False)
class ValuedCustomers:
    """Customers, the models that forecast them, and the terms and costs by which they are valued.

    Attributes
    ----------
    purchases, spend : fitted models
    rfm : RFM
    terms : ValueTerms
    costs : Costs
    amounts : CustomerCosts
        The amounts of each customer.
    """

    purchases: PurchaseModel
    spend: SpendModel
    rfm: RFM
    terms: ValueTerms
    costs: Costs
    amounts: CustomerCosts

    @classmethod
    def of(
        cls, purchases: PurchaseModel, spend: SpendModel, rfm: RFM, terms: ValueTerms, costs: Costs | None
    ) -> ValuedCustomers:
        """Return the customers of an RFM with their costs; invalid costs raise an error."""
        costs = Costs() if costs is None else costs
        costs.check_process(purchases.process)
        return cls(purchases.ahead_of(rfm), spend, rfm, terms, costs, costs.of_customers(rfm))

    @property
    def horizon(self) -> float:
        """In the clock's unit."""
        return self.terms.length(self.rfm.clock)

    @property
    def rate(self) -> float:
        """Continuous discount rate per unit of the clock."""
        return self.terms.rate(self.rfm.clock)

    @property
    def expectations(self) -> Expectations:
        """What the customers are expected to do."""
        return Expectations(self.purchases, self.spend, self.rfm, self.rate)

    @property
    def charges(self) -> Periods:
        """The periods at whose ends costs are charged."""
        return periods_after(self.rfm.clock, self.rfm.observation_end, self.horizon, self.costs.period)

    def has_period_costs(self) -> bool:
        """Whether any customer has costs per period."""
        return bool(np.any(self.amounts.per_period > 0) or np.any(self.amounts.marketing > 0))


class ValueGroups(NamedTuple):
    """Labels of groups (g,), and the group of each customer (n,); -1 leaves a customer out."""

    labels: npt.NDArray[np.object_]
    codes: npt.NDArray[np.intp]


class PresentValues(NamedTuple):
    """Present values of each customer within the horizon, (n,) each."""

    orders: Array
    discounted_orders: Array
    margin: Array
    costs: Array

    @property
    def value(self) -> Array:
        """Margin less costs."""
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
    for time, service, marketing in _expected_charges(customers, expected):
        costs = costs + np.exp(-customers.rate * time) * (service + marketing)
    return PresentValues(orders, discounted, customers.terms.margin * expected.spend_per_order * discounted, costs)


def expected_cash_flow(customers: ValuedCustomers, periods: Periods, segments: ValueGroups) -> CashFlow:
    """Return the expected cash flow of each group in each period; customers without an expected spend are left out."""
    expected, amounts, margin = customers.expectations, customers.amounts, customers.terms.margin
    codes = np.where(np.isnan(expected.spend_per_order), -1, segments.codes)
    sums = _Sums(codes, len(segments.labels), len(periods))
    before, worth_before = expected.orders(0.0)
    for i, end in enumerate(periods.ends):
        by_end, worth_by_end = expected.orders(float(end))
        orders, worth = by_end - before, worth_by_end - worth_before
        before, worth_before = by_end, worth_by_end
        revenue, cost = expected.spend_per_order * orders, amounts.per_order * orders
        sums.add(i, orders=orders, revenue=revenue, margin=margin * revenue, order_cost=cost)
        sums.add(i, present_value=(margin * expected.spend_per_order - amounts.per_order) * worth)
    for time, service, marketing in _expected_charges(customers, expected):
        i = int(periods.positions(np.array([time]))[0])
        worth = -np.exp(-customers.rate * time) * (service + marketing)
        sums.add(i, period_cost=service, marketing_cost=marketing, present_value=worth)
    return sums.cash_flow()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFuture:
    """One possible future of all customers, in the order of the RFM.

    Attributes
    ----------
    orders : DrawnOrders
    spend : array (m,)
        What each order costs the customer.
    """

    orders: DrawnOrders
    spend: Array

    def charged(self, customers: ValuedCustomers, time: float, charged_while: str, window: float) -> Array:
        """Return whether each customer is charged at a time, (n,)."""
        if charged_while == "alive":
            return (self.orders.leaves > time).astype(float)
        rfm = customers.rfm
        served = rfm.T - rfm.recency < window - time
        recent = (self.orders.time > time - window) & (self.orders.time <= time)
        served[self.orders.customer[recent]] = True
        return served.astype(float)


def drawn_futures(customers: ValuedCustomers, draws: int, seed: int) -> Iterator[DrawnFuture]:
    """Draw futures of all customers, each under its own draw of the parameters of both models.

    The order of customers in the RFM does not matter: noise is drawn in the order of their keys.
    """
    purchases, spend, rfm = customers.purchases, customers.spend, customers.rfm
    process, spending = purchases.future, spend.process
    draw_orders, draw_amounts = order_draws(customers)
    order = np.argsort(customer_keys(rfm), kind="stable")
    columns = purchases.prediction(rfm, "alive", None).columns
    statistics = [np.asarray(columns[name])[order] for name in process.statistics]
    state = [np.asarray(columns[name])[order] for name in process.state]
    money = [np.asarray(column)[order] for column in spend.spend_prediction(rfm).columns.values()]
    drawn = draw_parameters(process, purchases.fit_, draws, seed)
    drawn_spend = draw_parameters(spending, spend.fit_, draws, seed)
    for i in range(draws):
        generator = np.random.default_rng([seed, i])
        p = process.Parameters(*drawn[:, i])
        active = generator.random(len(rfm)) < process.probability_alive(p, *statistics)
        orders = draw_orders(p, customers.horizon, *state, active, generator)
        amounts = draw_amounts(spending.Parameters(*drawn_spend[:, i]), orders.customer, *money, generator)
        leaves = np.empty(len(rfm))
        leaves[order] = orders.leaves
        yield DrawnFuture(DrawnOrders(order[orders.customer], orders.time, leaves), amounts)


def order_draws(customers: ValuedCustomers) -> tuple[Callable[..., DrawnOrders], Callable[..., Array]]:
    """Return the functions of both models that draw the times of orders and what each of them costs.

    Raises
    ------
    InvalidOption
        If a model does not have one.
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
                "determine the parameters, so that no interval of money can be drawn. More customers or a longer "
                "period help."
            ) from None

    return draw_orders, spending.sample_orders


def drawn_cash_flow(
    customers: ValuedCustomers,
    periods: Periods,
    segments: ValueGroups,
    draws: int,
    seed: int,
    level: Array | None = None,
) -> CashFlow:
    """Return cash flows under draws of the parameters and of futures, (draws, groups, k) each.

    Revenue and costs of a draw follow from the same orders and the same time of leaving.

    Parameters
    ----------
    customers : ValuedCustomers
    periods : Periods
    segments : ValueGroups
    draws, seed : int
    level : array (draws,), optional
        A factor of orders that all customers of a draw share.
    """
    codes = np.where(np.isnan(customers.expectations.spend_per_order), -1, segments.codes)
    flows = []
    for i, future in enumerate(drawn_futures(customers, draws, seed)):
        factor = 1.0 if level is None else float(level[i])
        flows.append(_flow_of_draw(customers, periods, codes, len(segments.labels), future, factor))
    return CashFlow(*(np.stack([getattr(flow, line) for flow in flows]) for line in LINES))


def level_factors(customers: ValuedCustomers, total_interval: IntervalOfTotal, draws: int, seed: int) -> Array | None:
    """Return the factor of orders that all customers of a draw share, (draws,); None without a common level."""
    if total_interval == "model":
        return None
    common = (
        total_interval
        if isinstance(total_interval, TotalInterval)
        else customers.purchases.level_of_totals(customers.horizon, "money")
    )
    return common.level_draws(seed, draws)


def _flow_of_draw(
    customers: ValuedCustomers,
    periods: Periods,
    codes: npt.NDArray[np.intp],
    count: int,
    future: DrawnFuture,
    level: float,
) -> CashFlow:
    """Return the cash flow of one drawn future, (groups, k) each."""
    customer, time = future.orders.customer, future.orders.time
    margin, per_order = customers.terms.margin, customers.amounts.per_order[customer]
    place, k = periods.positions(time), len(periods)
    sums = _Sums(codes, count, k)
    net = level * (margin * future.spend - per_order)
    sums.add_orders(customer, place, level + np.zeros(len(time)), "orders")
    sums.add_orders(customer, place, level * future.spend, "revenue")
    sums.add_orders(customer, place, level * margin * future.spend, "margin")
    sums.add_orders(customer, place, level * per_order, "order_cost")
    sums.add_orders(customer, place, np.exp(-customers.rate * time) * net, "present_value")
    for at, share in charge_times(customers):
        window = customers.costs.window(customers.rfm.clock)
        service, marketing = (
            share * amount * future.charged(customers, at, charged_while, window)
            for amount, charged_while in _period_costs(customers)
        )
        worth = -np.exp(-customers.rate * at) * (service + marketing)
        i = int(periods.positions(np.array([at]))[0])
        sums.add(i, period_cost=service, marketing_cost=marketing, present_value=worth)
    return sums.cash_flow()


def charge_times(customers: ValuedCustomers) -> list[tuple[float, float]]:
    """Return the time of each charge and its share of a period's cost; empty without costs per period."""
    if not customers.has_period_costs():
        return []
    charges = customers.charges
    return [(float(end), float(share)) for end, share in zip(charges.ends, charges.share, strict=True) if end > 0]


def _period_costs(customers: ValuedCustomers) -> list[tuple[Array, str]]:
    """Return the two costs per period of each customer, with who is charged."""
    amounts, costs = customers.amounts, customers.costs
    return [(amounts.per_period, costs.charged_while), (amounts.marketing, costs.marketing_while)]


def _expected_charges(customers: ValuedCustomers, expected: Expectations) -> Iterator[tuple[float, Array, Array]]:
    """Yield the time of each charge, and the expected service and marketing cost of each customer, (n,)."""
    window = customers.costs.window(customers.rfm.clock)
    for time, share in charge_times(customers):
        parts, chances = [], {}
        for amount, charged_while in _period_costs(customers):
            if not np.any(amount > 0):
                parts.append(np.zeros(len(customers.rfm)))
                continue
            if charged_while not in chances:
                chances[charged_while] = expected.charged(time, charged_while, window)  # type: ignore[arg-type]
            parts.append(share * amount * chances[charged_while])
        yield time, parts[0], parts[1]


class _Sums:
    """Sums over the customers of each group, by period and line."""

    def __init__(self, codes: npt.NDArray[np.intp], groups: int, periods: int) -> None:
        self._codes, self._rows = codes, codes >= 0
        self._included = codes[self._rows]
        self._shape = (groups, periods)
        self._lines = {line: np.zeros(self._shape) for line in LINES}

    def add(self, period: int, **values: Array) -> None:
        """Add values of customers (n,) to lines of one period."""
        for line, value in values.items():
            sums = np.bincount(self._included, value[self._rows], minlength=self._shape[0])
            self._lines[line][:, period] += sums

    def add_orders(
        self, customer: npt.NDArray[np.intp], period: npt.NDArray[np.intp], values: Array, line: str
    ) -> None:
        """Add values of orders (m,) to a line, each in its own period."""
        codes = self._codes[customer]
        rows = codes >= 0
        cells = codes[rows] * self._shape[1] + period[rows]
        sums = np.bincount(cells, values[rows], minlength=self._shape[0] * self._shape[1])
        self._lines[line] += sums.reshape(self._shape)

    def cash_flow(self) -> CashFlow:
        """Return the sums, with the net cash flow."""
        lines = self._lines
        costs = lines["order_cost"] + lines["period_cost"] + lines["marketing_cost"]
        return CashFlow(**{**lines, "net_cash_flow": lines["margin"] - costs})

"""Customers to come: their number by a plan, their purchases, and their value net of acquisition costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption
from clvmodels.inference.calendar_time import on_calendar
from clvmodels.inference.uncertainty import draw_parameters
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.processes.special import legendre
from clvmodels.transactions.calendar_columns import time_ahead
from clvmodels.valuation.periods import Periods
from clvmodels.valuation.valued_customers import ValuedCustomers, charge_times, period_costs

__all__ = ["MONTH_LENGTH", "AcquisitionPlan", "CustomersToCome", "is_month"]

MONTH_LENGTH = 7  # length of YYYY-MM
NODES, NODE_WEIGHTS = legendre(8)  # nodes of the time of arrival within a month, in which expectations are smooth


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionPlan:
    """The number of customers to acquire in each month, and the cost of each.

    Parameters
    ----------
    customers : mapping of str to float
        New customers by month, such as {"1997-10": 300, "1997-11": 280}; they arrive evenly within the month.
    cac : float, default=0.0
        Cost of acquiring one of them.
    spread : float, default=0.1
        Standard deviation of the logarithm of a factor that all months share, for the error of the plan.
    relative_spend : float, default=1.0
        Spend per order of the new customers, relative to that which the models expect of a new customer.
    drift : float, default=0.0
        Standard deviation of the logarithm of a factor of the new customers' spend, because cohorts differ;
        `forecast_arrivals` estimates both from the cohorts of a log.

    Raises
    ------
    InvalidOption
        For months that cannot be read, and numbers below 0.

    Examples
    --------
    >>> import clvmodels as clv
    >>> plan = clv.AcquisitionPlan(customers={"1997-10": 300, "1997-11": 280}, cac=12.0)
    >>> sum(plan.customers.values())
    580
    """

    customers: Mapping[str, float]
    cac: float = 0.0
    spread: float = 0.1
    relative_spend: float = 1.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            f"customers[{month!r}]={count!r} is not a number of customers in a month written YYYY-MM."
            for month, count in self.customers.items()
            if not (is_month(month) and _is_amount(count))
        ]
        faults += [
            f"{name}={getattr(self, name)!r} must be a number of 0 or more."
            for name in ("cac", "spread", "relative_spend", "drift")
            if not _is_amount(getattr(self, name))
        ]
        if faults:
            raise InvalidOption(" ".join(faults))


@dataclass(frozen=True, slots=True, eq=False)
class CustomersToCome:
    """New customers of each period (k,), and their costs: per order, and per period while they are served.

    With a calendar, their orders follow its season from the day of their arrival.
    """

    base: ValuedCustomers
    periods: Periods
    counts: Array
    cac: float
    spread: float
    per_order: float
    relative_spend: float
    drift: float

    @classmethod
    def of(cls, base: ValuedCustomers, plan: AcquisitionPlan | None, periods: Periods) -> CustomersToCome:
        """Return the customers of a plan; a plan that does not fit the periods raises an error."""
        plan = AcquisitionPlan(customers={}) if plan is None else plan
        if plan.customers and (base.purchases.process.discrete or base.rfm.observation_end is None):
            raise InvalidOption("A plan needs dates and times of orders: an RFM with its end, not in opportunities.")
        plain = base.purchases.process is base.purchases.plain and base.spend.process is base.spend.plain
        if plan.customers and not plain:
            raise InvalidOption(
                "A plan needs models without covariates and groups, which new customers do not have yet."
            )
        if plan.customers and base.has_period_costs():
            if base.horizon > base.costs.window(base.rfm.clock):
                raise InvalidOption("With costs per period and a plan, the horizon must be within served_within=.")
            if "alive" in (base.costs.charged_while, base.costs.marketing_while):
                raise InvalidOption("With a plan, costs per period are charged to customers who are served.")
        months = [label[:MONTH_LENGTH] for label in periods.labels]
        outside = sorted(month for month in plan.customers if month not in months)
        if outside:
            raise InvalidOption(
                f"The plan has customers in {', '.join(outside)}, but the forecast goes from {months[0]} to "
                f"{months[-1]}: leave out months that are over, and name a horizon that covers the plan."
            )
        counts = np.array([float(plan.customers.get(month, 0.0)) for month in months])
        per_order = float(np.mean(base.amounts.per_order))
        return cls(base, periods, counts, plan.cac, plan.spread, per_order, plan.relative_spend, plan.drift)

    def expected(self) -> tuple[Array, float]:
        """Return the expected revenue of each period (k,), and the present value net of acquisition."""
        revenue = np.zeros(len(self.counts))
        if not self.counts.any():
            return revenue, 0.0
        base, rate = self.base, self.base.rate
        p = base.purchases._parameters
        nobody = np.zeros(1)
        spend = float(base.spend.process.expected_spend(base.spend._parameters, nobody, nobody)[0])
        spend *= self.relative_spend
        net = base.terms.margin * spend - self.per_order
        starts = np.append(0.0, self.periods.ends[:-1])
        horizon, value = float(self.periods.ends[-1]), 0.0
        for count, start, end in zip(self.counts, starts, self.periods.ends, strict=True):
            for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
                arrival = start + node * (end - start)
                share = count * weight
                process = self._process_from(arrival)
                ahead = np.maximum(self.periods.ends - arrival, 0.0)
                orders = process.mean_purchases(p, ahead)
                revenue += share * spend * np.diff(orders, prepend=0.0)
                state = [np.zeros(1)] * len(process.state)
                alive = process.probability_alive(p, *[np.zeros(1)] * len(process.statistics))
                worth = alive * process.discounted_if_active(p, horizon - arrival, rate, *state)
                value += share * np.exp(-rate * arrival) * (net * (1 + float(worth[0])) - self.cac)
        revenue += self.counts * spend
        return revenue, value - self._charges(self.counts)

    def draw(self, draws: int, seed: int, level: Array | None) -> tuple[Array, Array]:
        """Return revenue (draws, k) and present values (draws,) under draws of plan, parameters and behavior."""
        base, k = self.base, len(self.counts)
        revenue, values = np.zeros((draws, k)), np.zeros(draws)
        if not self.counts.any():
            return revenue, values
        process, spending = base.purchases.process, base.spend.process
        p = draw_parameters(process, base.purchases.fit_, draws, seed)
        s = draw_parameters(spending, base.spend.fit_, draws, seed)
        starts = np.append(0.0, self.periods.ends[:-1])
        horizon = float(self.periods.ends[-1])
        for i in range(draws):
            generator = np.random.default_rng([seed, draws + i])
            counts = generator.poisson(self.counts * np.exp(self.spread * generator.standard_normal()))
            period = np.repeat(np.arange(k), counts)
            arrival = starts[period] + generator.random(len(period)) * (self.periods.ends - starts)[period]
            customer, time = self._orders_of(arrival, process.Parameters(*p[:, i]), horizon, generator)
            amounts = spending.simulate_orders(spending.Parameters(*s[:, i]), customer, len(period), generator)
            factor = np.where(np.arange(len(customer)) < len(period), 1.0, 1.0 if level is None else level[i])
            amounts = factor * self._spend_factor(seed, draws + i) * amounts
            revenue[i] = np.bincount(self.periods.positions(time), amounts, minlength=k)
            net = base.terms.margin * amounts - factor * self.per_order
            acquisition = self.cac * np.sum(np.exp(-base.rate * arrival))
            values[i] = np.sum(np.exp(-base.rate * time) * net) - acquisition - self._charges(counts)
        return revenue, values

    def _spend_factor(self, seed: int, number: int) -> float:
        """Draw the spend of new customers relative to what the models expect; its mean is `relative_spend`."""
        if not self.drift:
            return self.relative_spend
        noise = np.random.default_rng([seed, number, 1]).standard_normal()
        return self.relative_spend * float(np.exp(self.drift * noise - 0.5 * self.drift**2))

    def _process_from(self, arrival: float) -> PurchaseProcess:
        """Return the process of customers who arrive at a time; with a calendar, it follows the season from then on."""
        base = self.base
        if not base.rfm.clock.seasonal:
            return base.purchases.process
        ahead = time_ahead(base.rfm.clock, base.rfm.observation_end)
        return on_calendar(base.purchases.process, replace(ahead, day=ahead.day + arrival * ahead.days_per_unit))

    def _orders_of(
        self, arrival: Array, p: Any, horizon: float, generator: np.random.Generator
    ) -> tuple[npt.NDArray[np.intp], Array]:
        """Draw the customers and times of the orders of customers who arrive at given times, first orders first."""
        process, clock = self.base.purchases.process, self.base.rfm.clock
        if not clock.seasonal:
            future = process.simulate(p, horizon - arrival, generator)
            time = arrival[future.customer] + future.time
        else:
            ahead = time_ahead(clock, self.base.rfm.observation_end)
            begin = ahead.calendar_time(arrival)
            future = process.simulate(p, ahead.calendar_time(horizon) - begin, generator)
            time = np.minimum(ahead.plain_time(begin[future.customer] + future.time), horizon)
        return np.append(np.arange(len(arrival)), future.customer), np.append(arrival, time)

    def _charges(self, counts: Array) -> float:
        """Return the present value of costs per period; within the horizon, all who have arrived are served."""
        base, starts = self.base, np.append(0.0, self.periods.ends[:-1])
        cost = sum(float(np.mean(amount)) for amount, _ in period_costs(base))
        worth = 0.0
        for time, share in charge_times(base):
            arrived = np.clip((time - starts) / (self.periods.ends - starts), 0, 1) @ counts
            worth += share * float(arrived) * np.exp(-base.rate * time)
        return float(cost * worth)


def is_month(text: Any) -> bool:
    """Return whether a value is a month written YYYY-MM."""
    return (
        isinstance(text, str)
        and len(text) == MONTH_LENGTH
        and text[4] == "-"
        and text[:4].isdigit()
        and text[5:].isdigit()
        and 1 <= int(text[5:]) <= 12
    )


def _is_amount(value: Any) -> bool:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return is_number and 0 <= float(value) < np.inf

"""Customers with the models that forecast them, and the terms and costs of their valuation."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.costs import ChargedWhile, Costs, CustomerCosts
from clvmodels.valuation.expectations import Expectations
from clvmodels.valuation.periods import Periods, periods_after
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["ValueGroups", "ValuedCustomers", "charge_times", "expected_charges", "period_costs"]

FittedModel = TypeVar("FittedModel", PurchaseModel, SpendModel)


@dataclass(frozen=True, slots=True, eq=False)
class ValuedCustomers:
    """Customers, the models that forecast them, and the terms and costs of their valuation.

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

    def some(self, rows: npt.NDArray[np.intp]) -> ValuedCustomers:
        """Return the customers at these positions."""
        return replace(self, rfm=self.rfm[rows], amounts=self.amounts.some(rows))

    def at(self, of_purchases: Array, of_spend: Array) -> ValuedCustomers:
        """Return the customers with both models at other parameters, in the order of those of the fits."""
        purchases, spend = _at_parameters(self.purchases, of_purchases), _at_parameters(self.spend, of_spend)
        return replace(self, purchases=purchases, spend=spend)

    @property
    def horizon(self) -> float:
        """Return the horizon in the clock's unit."""
        return self.terms.length(self.rfm.clock)

    @property
    def rate(self) -> float:
        """Return the continuous discount rate per unit of the clock."""
        return self.terms.rate(self.rfm.clock)

    @property
    def expectations(self) -> Expectations:
        """Return the expectations of the customers."""
        return Expectations(self.purchases, self.spend, self.rfm, self.rate)

    @property
    def charges(self) -> Periods:
        """Return the periods at whose ends costs are charged."""
        return periods_after(self.rfm.clock, self.rfm.observation_end, self.horizon, self.costs.period)

    def has_period_costs(self) -> bool:
        """Return whether any customer has costs per period."""
        return bool(np.any(self.amounts.per_period > 0) or np.any(self.amounts.marketing > 0))


def _at_parameters(model: FittedModel, values: Array) -> FittedModel:
    """Return a fitted model with other parameters, in the order of those of the fit and in its unit."""
    other = copy(model)
    other.parameters_ = dict(zip(model.fit_.parameters, map(float, values), strict=True))
    return other


class ValueGroups(NamedTuple):
    """Labels of groups (g,), and the group of each customer (n,); -1 leaves a customer out."""

    labels: npt.NDArray[np.object_]
    codes: npt.NDArray[np.intp]


def charge_times(customers: ValuedCustomers) -> list[tuple[float, float]]:
    """Return the time of each charge and its share of a period's cost; empty without costs per period."""
    if not customers.has_period_costs():
        return []
    charges = customers.charges
    return [(float(end), float(share)) for end, share in zip(charges.ends, charges.share, strict=True) if end > 0]


def period_costs(customers: ValuedCustomers) -> list[tuple[Array, ChargedWhile]]:
    """Return the two costs per period of each customer, each with the customers it is charged to."""
    amounts, costs = customers.amounts, customers.costs
    return [(amounts.per_period, costs.charged_while), (amounts.marketing, costs.marketing_while)]


def expected_charges(customers: ValuedCustomers) -> Iterator[tuple[float, Array, Array]]:
    """Yield the time of each charge, and the expected service and marketing cost of each customer, (n,)."""
    expected, window = customers.expectations, customers.costs.window(customers.rfm.clock)
    for time, share in charge_times(customers):
        parts, chances = [], {}
        for amount, charged_while in period_costs(customers):
            if not np.any(amount > 0):
                parts.append(np.zeros(len(customers.rfm)))
                continue
            if charged_while not in chances:
                chances[charged_while] = expected.charged(time, charged_while, window)
            parts.append(share * amount * chances[charged_while])
        yield time, parts[0], parts[1]

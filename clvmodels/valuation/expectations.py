"""Expectations for each customer up to a time: orders, discounted orders, and the probability of charges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.costs import ChargedWhile

__all__ = ["Expectations"]


@dataclass(frozen=True, eq=False)
class Expectations:
    """Expectations of customers under fitted models, at times after the end of observation.

    Attributes
    ----------
    purchases, spend : fitted models
    rfm : RFM
    rate : float
        Continuous discount rate per unit of the clock.
    parameters : object, optional
        Parameters of the purchase process for the future of active customers; default: those of the fit.
    """

    purchases: PurchaseModel
    spend: SpendModel
    rfm: RFM
    rate: float
    parameters: Any = None

    @cached_property
    def alive(self) -> Array:
        """Return P(active at the end of observation), (n,)."""
        return self.purchases.alive(self.rfm)

    @cached_property
    def spend_per_order(self) -> Array:
        """Return the expected spend per order, (n,), NaN if it does not exist."""
        return self.spend.spend_prediction(self.rfm).point

    @cached_property
    def reason(self) -> npt.NDArray[np.object_] | None:
        """Return the reason why the spend is missing, (n,)."""
        return self.spend.spend_prediction(self.rfm).reason

    def orders(self, time: float) -> tuple[Array, Array]:
        """Return the expected orders up to a time, and the same discounted, each from its own time, (n,) each."""
        if time <= 0:
            return np.zeros(len(self.rfm)), np.zeros(len(self.rfm))
        both = self._if_active(partial(self.purchases.purchases_and_worth_if_active, time, self.rate))
        return self.alive * both[0], self.alive * both[1]

    def charged(self, time: float, charged_while: ChargedWhile, window: float) -> Array:
        """Return the probability that a customer is charged at a time, (n,).

        Parameters
        ----------
        time : float
        charged_while : {"served", "alive"}
            Whether customers with an order in (time - window, time] are charged, or those who are active.
        window : float
        """
        process = self.purchases.future
        if charged_while == "alive":
            return self.alive * self._if_active(partial(self.purchases.survival_if_active, time))
        if process.buys_between_if_active is None:
            raise InvalidOption(
                f"Costs per period while customers are served need the chance of an order in a later window, which "
                f"{process.title} does not give: fit MBGNBD or ParetoNBD, or charge costs per order."
            )
        start = max(0.0, time - window)
        if time <= start:
            return np.zeros(len(self.rfm))
        buys = self.buys(time, start)
        return np.where(self.rfm.T - self.rfm.recency < window - time, 1.0, buys)

    def buys(self, end: float, start: float = 0.0) -> Array:
        """Return the probability of an order in (start, end], for models that have it, (n,)."""
        return self.alive * self._if_active(partial(_buys_between, self.purchases.future, start, end))

    def _if_active(self, function: Any) -> Array:
        if self.parameters is None:
            return self.purchases.if_active(self.rfm, function)
        return self.purchases.if_active(self.rfm, lambda _, *state: function(self.parameters, *state))


def _buys_between(process: Any, start: float, end: float, p: Any, *state: Array) -> Array:
    answer: Array = process.buys_between_if_active(p, start, end, *state)
    return answer

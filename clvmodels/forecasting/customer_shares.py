"""Customers' shares of a total, computed for some customers at a time from sums over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clvmodels.forecasts import ForecastQuantity
from clvmodels.processes.contract import Array

__all__ = ["CustomerShares", "Sums", "named_sums", "sums_of_quantity"]

Sums = Mapping[str, float]
"""Sums over customers, by name; those of disjoint sets of customers add up."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerShares:
    """What the forecasts of customers are made of; each is computed from a customer's own history.

    Attributes
    ----------
    processes : mapping of str to array (n,)
        Expectations of the processes that give the total, by id.
    base : array (n,)
        Forecast of the process or of a stack, to which shares are proportional.
    trees : array (n,) or None
        Forecast of boosted trees, which are averaged with it.
    """

    processes: Mapping[str, Array]
    base: Array
    trees: Array | None

    def sums(self) -> dict[str, float]:
        """Return the sums on which the forecast of each customer depends."""
        sums = {name: float(np.nansum(each)) for name, each in self.processes.items()}
        sums["base"] = float(np.nansum(self.base))
        if self.trees is None:
            return sums
        counted = self.trees[np.isfinite(self.base)]  # others have no forecast
        return sums | {"trees": float(np.nansum(self.trees)), "trees_with_base": float(np.nansum(counted))}

    def means(self, sums: Sums, total: float) -> Array:
        """Return the forecasts (n,), which add up to a total over all customers.

        The trees are first scaled to the sum of the others.
        """
        share, shares = self.base, sums["base"]
        if self.trees is not None and sums["trees"] > 0:
            scale = sums["base"] / sums["trees"]
            share = 0.5 * (self.base + self.trees * scale)
            shares = 0.5 * (sums["base"] + sums["trees_with_base"] * scale)
        means: Array = share * (total / shares if shares > 0 else 0.0)
        return means


def named_sums(shares: Mapping[ForecastQuantity, CustomerShares]) -> dict[str, float]:
    """Return the sums of several quantities, with names that begin with the quantity."""
    return {f"{quantity}_{name}": value for quantity, each in shares.items() for name, value in each.sums().items()}


def sums_of_quantity(sums: Sums, quantity: ForecastQuantity) -> dict[str, float]:
    """Return the sums of one quantity, by their own names."""
    return {name.removeprefix(f"{quantity}_"): value for name, value in sums.items() if name.startswith(quantity)}

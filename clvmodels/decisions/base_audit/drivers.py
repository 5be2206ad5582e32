"""The drivers of a change of revenue or margin: customers, their mix, orders, units, products, prices and margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.decisions.base_audit.log_periods import LogPeriods
from clvmodels.decisions.base_audit.order_lines import OrderLines
from clvmodels.decisions.base_audit.split import largest_remainder, shapley_parts
from clvmodels.decisions.quotients import quotient
from clvmodels.processes.contract import Array

__all__ = ["OTHER_LINES", "line_drivers"]

OTHER_LINES = "lines without units or revenue"
NAMES = {
    "customers": "number of customers",
    "groups": "mix of customers",
    "orders": "orders per customer",
    "units": "units per order",
    "products": "mix of products",
    "price": "price",
    "margin": "margin rate",
}


@dataclass(frozen=True, slots=True, eq=False)
class _Period:
    """The factors of a period's revenue or margin, and the amount of lines that have no price or rate, in cents."""

    factors: dict[str, Array]
    rest: float
    total: int


def line_drivers(
    lines: OrderLines, orders: LogPeriods, later: int, earlier: int, of_margin: bool = False
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the names of the drivers, and what each adds to the change between two periods, in cents.

    Revenue is the product, summed over groups g and items i,

        customers * share_g * orders_g * units_g * share of units_gi * price_gi (* margin rate_gi)

    of which each factor is changed from its old to its new value. Without items, price is the order value. Lines whose
    units or revenue add up to 0 or less have no price or no margin rate, and are a separate part.

    Parameters
    ----------
    lines : OrderLines
    orders : LogPeriods
    later, earlier : int
    of_margin : bool
        Whether to split the change of margin instead of revenue.
    """
    sides = [_period(lines, orders, period, of_margin) for period in (earlier, later)]
    names = _names(lines, of_margin)
    cell_group = np.repeat(np.arange(len(lines.groups)), len(lines.items))

    def value(factors: object) -> float:
        by_name = dict(zip(names, factors, strict=True))  # type: ignore[call-overload]
        product = np.ones(len(cell_group))
        for name, factor in by_name.items():
            product = product * (factor[cell_group] if name in ("groups", "orders", "units") else factor)
        return float(product.sum())

    before, after = ([side.factors[name] for name in names] for side in sides)
    parts, shown = shapley_parts(value, before, after), [NAMES[name] for name in names]
    if not lines.has_items:
        shown = [name if name != "price" else "order value" for name in shown]
    rest = sides[1].rest - sides[0].rest
    if abs(round(rest)) >= 1:
        parts, shown = np.append(parts, rest), [*shown, OTHER_LINES]
    return shown, largest_remainder(parts, sides[1].total - sides[0].total)


def _names(lines: OrderLines, of_margin: bool) -> list[str]:
    present = {
        "groups": lines.has_groups,
        "units": lines.has_items,
        "products": lines.has_items,
        "margin": of_margin,
    }
    return [name for name in NAMES if present.get(name, True)]


def _period(lines: OrderLines, orders: LogPeriods, period: int, of_margin: bool) -> _Period:
    """Return the factors of one period, and its total."""
    groups, items = len(lines.groups), len(lines.items)
    number, cents = orders.by_customer(orders.period == period)
    bought = number > 0
    customers = np.bincount(lines.group[bought], minlength=groups).astype(float)
    count = np.bincount(lines.group, number, minlength=groups).astype(float)
    inside = lines.period == period
    cell = lines.group[lines.customer[inside]] * items + lines.item[inside]

    def sums(values: Array) -> Array:
        return np.bincount(cell, values[inside], minlength=groups * items).astype(float)

    revenue, units = sums(lines.cents), sums(lines.units)
    if not lines.has_items:
        units = count.astype(float)
    amount = sums(lines.margin) if of_margin else revenue
    total = round(float(amount.sum())) if of_margin else int(cents.sum())
    priced = (units > 0) & (revenue > 0) if of_margin or lines.has_items else units > 0
    units, revenue, counted = (
        np.where(priced, units, 0.0),
        np.where(priced, revenue, 0.0),
        np.where(priced, amount, 0.0),
    )
    by_group = units.reshape(groups, items).sum(axis=1)
    factors = {
        "customers": np.array([customers.sum()]),
        "groups": quotient(customers, customers.sum()),
        "orders": quotient(count, customers),
        "units": quotient(by_group, count),
        "products": quotient(units, np.repeat(by_group, items)),
        "price": quotient(revenue, units),
        "margin": quotient(counted, revenue),
    }
    return _Period(factors, total - float(counted.sum()), total)

"""Early value: what customers turned out to be worth, by their orders in their first days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import group_codes
from clvmodels.forecasts import KnownHistory
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.realized import realized_orders
from clvmodels.valuation.value_terms import ValueTerms, refuse_negative_margin

__all__ = ["early_value"]

MOST_ORDERS = 3  # the last class has at least this many orders
ROUNDING_TOLERANCE = 1e-9


def early_value(
    history: KnownHistory,
    *,
    horizon: float | str,
    margin: float,
    annual_discount_rate: float = 0.0,
    days: Sequence[int] = (7, 30, 90),
    by: str = "total",
    half_life: float | str = "12 months",
    currency: str | None = None,
) -> frames.Frame:
    """Return what customers were worth within a horizon, by their number of orders in their first days.

    Only customers who were observed for the whole horizon count, so nothing is forecast. A customer whose horizon ended
    one half-life before the cutoff counts half as much as one whose horizon ends there.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        Counts from the first order.
    margin : float
        Share of spend that remains as margin.
    annual_discount_rate : float, default=0.0
        Effective rate per year; values are in money of the day of the first order.
    days : sequence of int, default=(7, 30, 90)
        Ages in days at which orders are counted; none may be beyond the horizon.
    by : str, default="total"
        "total" or an attribute of the customers, such as a channel or whether a promotion acquired them.
    half_life : float or str, default="12 months"
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    frame
        One row per group, days and number of orders by then ("1", "2" or "3+", the first included): the group; days;
        orders; customers; share, of the group's customers; value_by_then and value_at_acquisition, weighted means per
        customer of the margin by then and within the horizon. Missing without customers.

    Raises
    ------
    InvalidOption
        If no customer was observed for the horizon, or for values out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1998-06-30")
    >>> table = clv.early_value(history, horizon="12 months", margin=0.35, days=(30,))
    >>> table[["orders", "customers", "value_at_acquisition"]].round(1).values.tolist()
    [['1', 1947, 21.4], ['2', 308, 63.0], ['3+', 102, 134.8]]
    """
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    refuse_negative_margin(margin)
    code = check_currency(currency)
    clock = history.clock
    length, fading = terms.length(clock), clock.duration(half_life, "half_life")
    wrong = [day for day in days if not 0 < day <= length * clock.days_per_unit]
    if wrong or fading <= 0:
        raise InvalidOption(f"days={list(days)!r} must be positive and within the horizon, and half_life= positive.")
    orders = realized_orders(history)
    old_enough = length - ROUNDING_TOLERANCE <= orders.T
    if not old_enough.any():
        raise InvalidOption(
            f"horizon={horizon!r}: no customer was observed for that long; the longest was "
            f"{float(orders.T.max()) * clock.days_per_unit:,.0f} days."
        )
    weights = np.where(old_enough, 0.5 ** ((orders.T - length) / fading), 0.0)
    worth = margin * orders.amount * np.exp(-terms.rate(clock) * orders.age)
    labels, codes = group_codes(history.rfm, by)
    n = len(orders.T)

    def by_age(age: float, values: Any) -> Any:
        return np.bincount(orders.customer, values * (orders.age <= age + ROUNDING_TOLERANCE), minlength=n)

    final = by_age(length, worth)
    rows: dict[str, list[Any]] = {
        name: [] for name in (by, "days", "orders", "customers", "share", "value_by_then", "value_at_acquisition")
    }
    for group, label in enumerate(labels):
        mine = old_enough & (codes == group)
        for day in days:
            age = day / clock.days_per_unit
            count, so_far = by_age(age, np.ones(len(worth))), by_age(age, worth)
            for orders_by_then in range(1, MOST_ORDERS + 1):
                rows_here = mine & (np.minimum(count, MOST_ORDERS) == orders_by_then)
                weight = weights * rows_here
                total = float(weight.sum())
                means = [float(weight @ values) / total if total > 0 else np.nan for values in (so_far, final)]
                more = "+" if orders_by_then == MOST_ORDERS else ""
                share = float(rows_here.sum()) / max(int(mine.sum()), 1)
                row = (label, day, f"{orders_by_then}{more}", int(rows_here.sum()), share, *means)
                for name, value in zip(rows, row, strict=True):
                    rows[name].append(value)
    return frames.table(history.rfm.kind, with_currency(rows, code))

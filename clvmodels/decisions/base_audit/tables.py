"""The tables of an audit, from orders by period."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels.decisions.base_audit.drivers import line_drivers
from clvmodels.decisions.base_audit.log_periods import CENTS, LogPeriods, sums_of_cents
from clvmodels.decisions.base_audit.order_lines import OrderLines
from clvmodels.decisions.base_audit.split import largest_remainder, shapley_of_product
from clvmodels.decisions.quotients import quotient
from clvmodels.validation.tables.metrics import captured_at, deciles

__all__ = [
    "breadth_table",
    "change_table",
    "cohort_table",
    "concentration_table",
    "decile_table_of_period",
    "period_table",
]

MOST_ITEMS = 5  # items in the last row of breadth, which includes customers with more
TOPS = (0.01, 0.05, 0.1, 0.2, 0.5)
DRIVERS = ("number of customers", "orders per customer", "order value")
GROUPS = ("first orders", "new customers", "continuing customers", "returning customers", "silent customers")


def period_table(orders: LogPeriods) -> pd.DataFrame:
    """Return one row per period for the whole base."""
    count = len(orders.labels)
    customers = np.bincount(orders.period[orders.is_first_of_period()], minlength=count)
    number = np.bincount(orders.period, minlength=count)
    revenue = sums_of_cents(orders.period, orders.cents, count)
    first = sums_of_cents(orders.period[orders.is_first], orders.cents[orders.is_first], count)
    return pd.DataFrame(
        {
            "period": orders.labels,
            "complete": orders.complete,
            "customers": customers,
            "new_customers": np.bincount(orders.cohort(), minlength=count),
            "orders": number,
            "revenue": revenue / CENTS,
            "revenue_of_first_orders": first / CENTS,
            "orders_per_customer": quotient(number, customers),
            "order_value": quotient(revenue / CENTS, number),
        }
    )


def decile_table_of_period(orders: LogPeriods, period: int) -> pd.DataFrame:
    """Return the customers of a period by decile of revenue; customers with equal revenue are in the same decile."""
    number, cents = orders.by_customer(orders.period == period)
    bought = number > 0
    group = deciles(cents[bought].astype(float)) - 1
    size = np.bincount(group, minlength=10)
    count, revenue = np.bincount(group, number[bought], minlength=10), sums_of_cents(group, cents[bought], 10)
    table = pd.DataFrame(
        {
            "decile": np.arange(1, 11),
            "customers": size,
            "orders": count.astype(np.int64),
            "revenue": revenue / CENTS,
            "share": quotient(revenue, np.full(10, revenue.sum())),
            "orders_per_customer": quotient(count, size),
            "order_value": quotient(revenue / CENTS, count),
        }
    )
    return table[table["customers"] > 0].reset_index(drop=True)


def concentration_table(orders: LogPeriods, period: int) -> pd.DataFrame:
    """Return the share of a period's revenue that comes from the customers with the most revenue."""
    number, cents = orders.by_customer(orders.period == period)
    revenue = cents[number > 0].astype(float)
    share = captured_at(revenue, revenue, np.array(TOPS))
    count = np.maximum(1, np.round(np.array(TOPS) * len(revenue))).astype(int)
    return pd.DataFrame({"top": TOPS, "customers": count, "share": share})


def change_table(orders: LogPeriods, lines: OrderLines | None, later: int, earlier: int) -> pd.DataFrame:
    """Return the parts of the change of revenue, by customers and by drivers; each split adds up to the cent."""
    splits = {"customers": (list(GROUPS), _by_group(orders, later, earlier))}
    if lines is None:
        splits["drivers"] = (list(DRIVERS), _by_driver(orders, later, earlier))
    else:
        splits["drivers"] = line_drivers(lines, orders, later, earlier)
        if lines.has_margin:
            splits["margin"] = line_drivers(lines, orders, later, earlier, of_margin=True)
    return pd.DataFrame(
        {
            "split": [split for split, (names, _) in splits.items() for _ in names],
            "part": [name for names, _ in splits.values() for name in names],
            "amount": np.concatenate([cents for _, cents in splits.values()]) / CENTS,
        }
    )


def breadth_table(orders: LogPeriods, lines: OrderLines, period: int) -> pd.DataFrame:
    """Return the customers of a period by number of different items, with the extra revenue of the next row."""
    inside = lines.period == period
    pairs = np.unique(lines.customer[inside] * len(lines.items) + lines.item[inside])
    breadth = np.bincount(pairs // len(lines.items), minlength=orders.customers)
    number, cents = orders.by_customer(orders.period == period)
    bought = number > 0
    group = np.clip(breadth[bought], 1, MOST_ITEMS) - 1
    size = np.bincount(group, minlength=MOST_ITEMS)
    count, revenue = (
        np.bincount(group, number[bought], minlength=MOST_ITEMS),
        sums_of_cents(group, cents[bought], MOST_ITEMS),
    )
    each = quotient(revenue / CENTS, size)
    table = pd.DataFrame(
        {
            "items": [*map(str, range(1, MOST_ITEMS)), f"{MOST_ITEMS}+"],
            "customers": size,
            "share": quotient(size, np.full(MOST_ITEMS, size.sum())),
            "orders_per_customer": quotient(count, size),
            "revenue": revenue / CENTS,
            "revenue_per_customer": each,
        }
    )
    table = table[table["customers"] > 0].reset_index(drop=True)
    return table.assign(next_row=table["revenue_per_customer"].diff().shift(-1))


def _by_group(orders: LogPeriods, later: int, earlier: int) -> npt.NDArray[np.int64]:
    """Return the change by group of customers in whole cents, which add up exactly."""
    cohort = orders.cohort()[orders.customer]
    first, new, old = [], [], []
    for period in (earlier, later):
        inside = orders.period == period
        first.append(orders.cents[inside & orders.is_first].sum())
        new.append(orders.cents[inside & ~orders.is_first & (cohort == period)].sum())
        old.append(orders.by_customer(inside & (cohort < period)))
    (orders_before, cents_before), (orders_after, cents_after) = old
    both, returned = (orders_before > 0) & (orders_after > 0), (orders_before == 0) & (orders_after > 0)
    silent = (orders_before > 0) & (orders_after == 0)
    continuing = (cents_after - cents_before)[both].sum()
    parts = [first[1] - first[0], new[1] - new[0], continuing, cents_after[returned].sum(), -cents_before[silent].sum()]
    return np.array(parts, dtype=np.int64)


def _by_driver(orders: LogPeriods, later: int, earlier: int) -> npt.NDArray[np.int64]:
    """Return the change by number of customers, orders per customer and order value, in cents."""
    factors, totals = [], []
    for period in (earlier, later):
        number, cents = orders.by_customer(orders.period == period)
        customers, count, total = int(np.sum(number > 0)), int(number.sum()), int(cents.sum())
        nothing = float("nan")
        factors.append(
            np.array([customers, count / customers if customers else nothing, total / count if count else nothing])
        )
        totals.append(total)
    return largest_remainder(shapley_of_product(*factors), totals[1] - totals[0])


def cohort_table(orders: LogPeriods) -> pd.DataFrame:
    """Return one row per cohort and period, beginning with the cohort's own period."""
    count = len(orders.labels)
    cohort = orders.cohort()
    size = np.bincount(cohort, minlength=count)
    cell = cohort[orders.customer] * count + orders.period
    active = np.bincount(cell[orders.is_first_of_period()], minlength=count**2)
    number = np.bincount(cell, minlength=count**2)
    revenue = sums_of_cents(cell, orders.cents, count**2)
    begin, period = np.divmod(np.arange(count**2), count)
    shown = (period >= begin) & (size[begin] > 0)
    begin, period = begin[shown], period[shown]
    labels = np.array(orders.labels, dtype=object)
    return pd.DataFrame(
        {
            "cohort": labels[begin],
            "period": labels[period],
            "age": period - begin,
            "cohort_size": size[begin],
            "customers": active[shown],
            "orders": number[shown],
            "revenue": revenue[shown] / CENTS,
            "share_active": active[shown] / size[begin],
        }
    )

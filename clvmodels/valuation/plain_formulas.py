"""Widely quoted formulas for customer value, as benchmarks next to a model's forecast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.forecasts import KnownHistory
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.realized import RealizedOrders, realized_orders
from clvmodels.valuation.value_terms import ValueTerms, refuse_negative_margin

__all__ = ["plain_formulas", "retention_value"]

DAYS_PER_YEAR = 365.25
FEWEST_IN_CURVE = 30  # customers needed at an age for the cohort curve to continue to it
STEPS_PER_YEAR = 12
ROUNDING_TOLERANCE = 1e-9


def retention_value(
    annual_margin: float, retention: float, annual_discount_rate: float, *, first_cash_flow: str = "end_of_year"
) -> float:
    """Return the value of a customer by the textbook formula with a constant retention rate.

    With the first cash flow at the end of the first year, if the customer is retained, it is
    margin * r / (1 + d - r); with a certain first cash flow today it is margin * (1 + d) / (1 + d - r). The two differ
    by exactly one margin, and both are quoted as "the" formula.

    Parameters
    ----------
    annual_margin : float
        Margin of a year in which the customer stays; if it is negative, so is the value.
    retention : float
        Share of customers who stay from one year to the next, from 0 to 1.
    annual_discount_rate : float
    first_cash_flow : {"end_of_year", "today"}, default="end_of_year"

    Returns
    -------
    float

    Raises
    ------
    InvalidOption
        If the sum over all years is infinite (1 + d <= r), or for values out of range.

    References
    ----------
    Gupta & Lehmann (2003), "Customers as Assets", Journal of Interactive Marketing 17(1), 9-24.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.retention_value(100.0, 0.8, 0.10)
    266.66666666666663
    >>> clv.retention_value(100.0, 0.8, 0.10, first_cash_flow="today")
    366.6666666666667
    """
    if np.ndim(annual_margin) or not math.isfinite(annual_margin):
        raise InvalidOption(f"annual_margin={annual_margin!r} must be a finite number.")
    if not 0 <= retention <= 1:
        raise InvalidOption(f"retention={retention!r} must be a share of customers, from 0 to 1.")
    if not annual_discount_rate > -1 or 1 + annual_discount_rate <= retention:
        raise InvalidOption(
            f"annual_discount_rate={annual_discount_rate!r} must be above retention - 1 = {retention - 1:.4g}: the sum "
            "over all years is infinite otherwise."
        )
    if first_cash_flow not in ("end_of_year", "today"):
        raise InvalidOption(f"first_cash_flow={first_cash_flow!r} is not one of 'end_of_year', 'today'.")
    first = retention if first_cash_flow == "end_of_year" else 1 + annual_discount_rate
    return annual_margin * first / (1 + annual_discount_rate - retention)


def plain_formulas(
    history: KnownHistory,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    currency: str | None = None,
) -> frames.Frame:
    """Return customer value by widely quoted formulas, and what they forecast for the horizon.

    They are benchmarks: none of them considers which customers are still active. Money is per customer and after the
    margin.

    Parameters
    ----------
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        Horizon of the forecast, from the cutoff on.
    annual_discount_rate : float
        Effective rate per year of the retention formulas; the others do not discount.
    margin : float
        Share of spend that remains as margin.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    frame
        One row per formula: formula; value, of a new customer; forecast, the margin per current customer within the
        horizon, not discounted; actual, the margin realized, missing if the log ends before the horizon. Inputs are in
        columns average_order_value, orders_per_year and retention (missing where a formula does not use them).

        - order_value_x_frequency_x_lifespan: average order value times orders per year times the mean lifespan
          1 / (1 - retention).
        - retention_first_cash_flow_at_end_of_year, retention_first_cash_flow_today: see `retention_value`.
        - historic_value: the margin of customers so far, which forecasts nothing.
        - cohort_curve: the mean cumulative margin by age of customers old enough, extrapolated beyond the oldest age at
          the rate of its last year.

        Retention is the share of the customers of the year before last year who ordered in the last year; if the log is
        shorter than two years, its halves replace the two years, and the share is raised to the power that makes it
        yearly.

    Raises
    ------
    InvalidOption
        For values out of range, or a history without amounts.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> table = clv.plain_formulas(history, horizon="39 weeks", annual_discount_rate=0.10, margin=0.35)
    >>> table[["formula", "forecast", "actual"]].round(2).values.tolist()[0]
    ['order_value_x_frequency_x_lifespan', 30.64, 10.54]
    """
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    refuse_negative_margin(margin)
    code = check_currency(currency)
    orders, clock = realized_orders(history), history.clock
    ahead = terms.length(clock) * clock.days_per_unit / DAYS_PER_YEAR
    to_years = clock.days_per_unit / DAYS_PER_YEAR
    spent = np.bincount(orders.customer, orders.amount, minlength=len(orders.T))
    order_value = float(orders.amount.mean())
    frequency = len(orders.amount) / max(float(np.sum(orders.T)) * to_years, 1e-9)
    retention = _retention(orders, to_years)
    yearly = margin * order_value * frequency
    lifespan = 1 / (1 - retention) if retention < 1 else math.inf
    curve = _curve(orders, to_years)
    stays = _stays(retention, ahead)
    rows: list[tuple[str, float, float, float, float, float]] = [
        (
            "order_value_x_frequency_x_lifespan",
            yearly * lifespan,
            yearly * min(ahead, lifespan),
            order_value,
            frequency,
            retention,
        )
    ]
    for when in ("end_of_year", "today"):
        infinite = 1 + annual_discount_rate <= retention
        value = math.inf if infinite else retention_value(yearly, retention, annual_discount_rate, first_cash_flow=when)
        name = f"retention_first_cash_flow_{'at_' if when == 'end_of_year' else ''}{when}"
        rows.append((name, value, yearly * stays, order_value, frequency, retention))
    nothing = math.nan
    rows.append(("historic_value", margin * float(spent.mean()), nothing, nothing, nothing, nothing))
    age = orders.T * to_years
    gained = margin * float(np.mean(_at(curve, age + ahead) - _at(curve, age)))
    rows.append(("cohort_curve", margin * float(_at(curve, np.array([ahead]))[0]), gained, nothing, nothing, nothing))
    names = ("formula", "value", "forecast", "average_order_value", "orders_per_year", "retention")
    columns: dict[str, Any] = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    columns["actual"] = np.full(len(rows), _actual(history, terms, margin))
    return frames.table(history.rfm.kind, with_currency(columns, code))


def _retention(orders: RealizedOrders, to_years: float) -> float:
    """Return the yearly share of the buyers of one period who bought again in the next."""
    when = (orders.age - orders.T[orders.customer]) * to_years  # 0 at the cutoff, negative before
    span = min(1.0, 0.5 * float(np.max(orders.T)) * to_years)
    bought = np.zeros((2, len(orders.T)), dtype=bool)
    for i, (begin, end) in enumerate(((-2 * span, -span), (-span, 0.0))):
        bought[i, orders.customer[(when >= begin - ROUNDING_TOLERANCE) & (when <= end)]] = True
    before = int(bought[0].sum())
    share = float(np.sum(bought[0] & bought[1])) / before if before else math.nan
    return float(share ** (1 / span)) if span > 0 else math.nan


def _stays(retention: float, years: float) -> float:
    """Return the expected active years, within a number of years, of a customer who leaves at a constant rate."""
    if retention >= 1:
        return years
    if retention <= 0:
        return 0.0
    return float((1 - retention**years) / -math.log(retention))


def _curve(orders: RealizedOrders, to_years: float) -> Array:
    """Return the mean cumulative spend per customer at each twelfth of a year of age, over customers that old."""
    oldest = np.sort(orders.T)[-min(FEWEST_IN_CURVE, len(orders.T))] * to_years
    steps = max(1, math.floor(oldest * STEPS_PER_YEAR))
    increments = []
    age, T = orders.age * to_years, orders.T * to_years
    for step in range(steps + 1):
        begin, end = (step - 1) / STEPS_PER_YEAR, step / STEPS_PER_YEAR
        old_enough = min(end, oldest) <= T
        rows = old_enough[orders.customer] & (age > begin) & (age <= end)
        increments.append(float(orders.amount[rows].sum()) / max(int(old_enough.sum()), 1))
    return np.cumsum(increments)


def _at(curve: Array, age: Array) -> Array:
    """Return the curve at ages in years, extrapolated at the rate of its last year."""
    last = len(curve) - 1
    back = min(last, STEPS_PER_YEAR)
    pace = (curve[last] - curve[last - back]) / back if back else 0.0
    place = age * STEPS_PER_YEAR
    answer: Array = np.interp(place, np.arange(len(curve)), curve) + pace * np.maximum(place - last, 0.0)
    return answer


def _actual(history: KnownHistory, terms: ValueTerms, margin: float) -> float:
    """Return the margin per current customer within the horizon; NaN if the log ends earlier."""
    log, clock = history.purchase_log, history.clock
    end = history.cutoff + round(terms.length(clock) * clock.ticks_per_unit)
    if end > log.last_tick or end <= history.cutoff:
        return math.nan
    holdout = history.follow(end)
    spent = holdout.spend
    return math.nan if spent is None else margin * float(np.mean(spent))

"""Remaining value: the value of customers from the end of observation on, after costs, or their cash flow by period."""

from __future__ import annotations

from typing import Any

import numpy as np

from clvmodels.estimators.prediction import IntervalOfTotal, PredictionOptions, group_codes
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import (
    CashFlow,
    drawn_cash_flow,
    expected_cash_flow,
    present_values,
    sampling_findings_of,
)
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.drawn.customer_interval import customer_intervals
from clvmodels.valuation.drawn.futures import level_factors, level_findings
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import MoneyTable, negative_finding
from clvmodels.valuation.periods import CalendarUnit, check_unit, periods_after
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

__all__ = ["customer_findings", "interval_columns", "remaining_value", "terms_findings"]

SHOWN = ("orders", "revenue", "margin", "order_cost", "period_cost", "marketing_cost", "net_cash_flow")


def remaining_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs | None = None,
    currency: str | None = None,
    by_period: CalendarUnit | None = None,
    by: str | None = None,
    interval: float | None = None,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> MoneyTable:
    """Return the value of customers from the end of observation on, after costs.

    The value of a customer is the discounted margin of the orders within the horizon, minus the discounted costs::

        (margin * spend - cost per order) * discounted orders
            - sum over charges of (1 + annual_discount_rate) ** (-t / 365.25) * cost * P(charged at t)

    The cost of acquisition is sunk and not part of it. Without costs it equals `lifetime_value`.

    Parameters
    ----------
    purchases, spend : fitted models
        Both fitted with the same clock.
    rfm : RFM
        With the clock of the models.
    horizon : float or str
        A number in the clock's unit, or a length with its unit such as "12 months".
    annual_discount_rate : float
        Effective rate per year: 0.10 is ten percent. Each order and charge is discounted from its own time.
    margin : float
        Share of spend that remains as margin before these costs: 0.35 for 35 %.
    costs : Costs, optional
        Default: no costs. Its cost of acquisition is not used here.
    currency : str, optional
        Code of three letters, such as "EUR". It must be that of the costs, if they have one.
    by_period : {"week", "month", "quarter", "year"}, optional
        Return the cash flow instead, one row per calendar period. Its values add up to those of the customers.
    by : str, optional
        "total" or an attribute of the RFM: one row per group, or with `by_period` one per group and period.
    interval : float, optional
        Central probability of intervals, such as 0.9. They cover what customers may do and spend, and the uncertainty
        of the parameters. Revenue and costs of a draw are based on the same orders and the same time of leaving.
        Intervals of single customers are drawn one customer at a time, about a thousand per second; without costs,
        `lifetime_value` is faster.
    draws : int, default=200
        Number of draws for the interval. Of more than 100,000 customers, each draw of a sum has the futures of about
        20,000, at least 500 of each group or all of a smaller one, from which the sum over all is estimated: the
        expectation is that of all customers, and the noise has their variance. All are drawn if spend may have an
        infinite variance (q of `GammaGamma` up to 2), or has covariates or groups.
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        Whether intervals of groups and periods also allow for changing conditions, by a factor that all customers of a
        draw share: as in other shops, or as `CustomerModel.total` learned from a log. "model": only for chance
        and parameters.

    Returns
    -------
    MoneyTable
        Per customer: customer_id, expected_purchases, discounted_purchases, margin and costs (present values),
        remaining_value, its interval, and reason where the value is missing. With `by`: the group, customers, negative
        (customers with a value below 0), margin, costs, remaining_value and its interval. With `by_period`: period (its
        first day), partial (whether more than a day of it is missing), orders, revenue, margin, order_cost,
        period_cost, marketing_cost, net_cash_flow (not discounted), remaining_value (discounted), and intervals of
        revenue, net_cash_flow and remaining_value.

    Raises
    ------
    InvalidOption
        For values out of range, costs in another currency, or costs that depend on who is active with a model in which
        one-time buyers cannot leave.
    InvalidRFM
        If an attribute that costs name has blanks.
    ClockMismatch
        When models and RFM have different clocks.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> terms = {"horizon": "3 months", "annual_discount_rate": 0.10, "margin": 0.35, "currency": "USD"}
    >>> costs = clv.Costs(per_order=2.0, per_period=0.1)
    >>> flow = clv.remaining_value(*models, rfm, costs=costs, by_period="month", **terms)
    >>> flow.frame()[["period", "orders", "revenue", "net_cash_flow", "remaining_value"]].round(2)
           period  orders  revenue  net_cash_flow  remaining_value
    0  1997-10-01  219.72  7971.35        2114.83          2107.35
    1  1997-11-01  199.66  7240.47        1899.14          1877.47
    2  1997-12-01  190.49  6905.23        1805.37          1770.82
    """
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    check_same_clock(purchases, spend)
    seed = seed_of(random_state)  # once: a Generator has another seed each time
    options = PredictionOptions(interval, "outcome", by, draws, seed, total_interval)
    unit = None if by_period is None else check_unit(by_period, "by_period")
    code = check_currency(currency, None if costs is None else costs.currency)
    customers = ValuedCustomers.of(purchases, spend, rfm, terms, costs)
    if unit is None and by is None:
        columns = _by_customer(customers, options)
    elif unit is None:
        columns = _by_group(customers, options)
    else:
        columns = _by_period(customers, unit, options)
    findings = [*terms_findings(customers, code), *_value_findings(columns, customers)]
    if options.interval is not None and (unit is not None or by is not None):
        findings += [*level_findings(customers, total_interval), *sampling_findings_of(customers, draws, seed)]
    return MoneyTable("remaining_value", columns, rfm.kind, code, tuple(findings))


def _by_customer(customers: ValuedCustomers, options: PredictionOptions) -> dict[str, Any]:
    values = present_values(customers)
    columns: dict[str, Any] = {
        "customer_id": customers.rfm.customer_id,
        "expected_purchases": values.orders,
        "discounted_purchases": values.discounted_orders,
        "margin": values.margin,
        "costs": values.costs,
        "remaining_value": values.value,
    }
    if options.interval is not None:
        ends = customer_intervals(customers, options.interval, options.draws, seed_of(options.random_state))
        columns |= {"remaining_value_lower": ends.lower, "remaining_value_upper": ends.upper}
    return columns if (reason := customers.expectations.reason) is None else {**columns, "reason": reason.tolist()}


def _by_group(customers: ValuedCustomers, options: PredictionOptions) -> dict[str, Any]:
    values = present_values(customers)
    labels, codes = group_codes(customers.rfm, str(options.by))
    exists = ~np.isnan(values.value)

    def total(column: Array) -> Array:
        return np.bincount(codes[exists], column[exists], minlength=len(labels)).astype(float)

    ones = np.ones(len(codes))
    columns = {
        str(options.by): labels,
        "customers": total(ones).astype(np.int64),
        "negative": total((values.value < 0).astype(float)).astype(np.int64),
        "margin": total(values.margin),
        "costs": total(values.costs),
        "remaining_value": total(values.value),
    }
    if options.interval is None:
        return columns
    whole = periods_after(customers.rfm.clock, None, customers.horizon, "year")
    flow = _drawn(customers, whole, ValueGroups(labels, codes), options)
    return columns | interval_columns("remaining_value", flow.present_value.sum(axis=2), options.interval)


def _by_period(customers: ValuedCustomers, unit: CalendarUnit, options: PredictionOptions) -> dict[str, Any]:
    rfm = customers.rfm
    periods = periods_after(rfm.clock, rfm.observation_end, customers.horizon, unit)
    labels, codes = group_codes(rfm, options.by or "total")
    segments = ValueGroups(labels, codes)
    flow = expected_cash_flow(customers, periods, segments)
    columns: dict[str, Any] = {} if options.by is None else {options.by: np.repeat(labels, len(periods))}
    columns |= {
        "period": np.tile(np.asarray(periods.labels), len(labels)),
        "partial": np.tile(periods.partial, len(labels)),
        **{name: getattr(flow, name).ravel() for name in SHOWN},
        "remaining_value": flow.present_value.ravel(),
    }
    if options.interval is None:
        return columns
    drawn = _drawn(customers, periods, segments, options)
    for name, lines in (
        ("revenue", drawn.revenue),
        ("net_cash_flow", drawn.net_cash_flow),
        ("remaining_value", drawn.present_value),
    ):
        columns |= interval_columns(name, lines.reshape(len(lines), -1), options.interval)
    return columns


def _drawn(customers: ValuedCustomers, periods: Any, segments: ValueGroups, options: PredictionOptions) -> CashFlow:
    seed = seed_of(options.random_state)
    level = level_factors(customers, options.total_interval, options.draws, seed)
    return drawn_cash_flow(customers, periods, segments, options.draws, seed, level)


def interval_columns(name: str, drawn: Array, level: float) -> dict[str, Array]:
    """Return the lower and upper ends of central intervals of draws (draws, n), as two columns."""
    tail = 0.5 * (1 - level)
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return {f"{name}_lower": lower, f"{name}_upper": upper}


def terms_findings(customers: ValuedCustomers, currency: str | None) -> Findings:
    """Return findings on the terms of a remaining value and on the customers."""
    figures = {"quantity": "remaining_value", "has_currency": currency is not None, "currency": currency or ""}
    findings = [Finding("money-terms", {**figures, "terms": customers.terms.finding})]
    return (*findings, *customer_findings(customers))


def customer_findings(customers: ValuedCustomers) -> Findings:
    """Return findings on the margin, the costs and the customers."""
    spend = customers.expectations.spend_per_order
    findings: list[Finding] = []
    if customers.terms.margin < 0:
        findings.append(Finding("money-negative-margin", {"margin": customers.terms.margin}, "caution"))
    if missing := int(np.isnan(spend).sum()):
        findings.append(Finding("money-no-mean-spend", {"customers": missing}, "caution"))
    return (*findings, *customers.costs.findings(customers.rfm))


def _value_findings(columns: dict[str, Any], customers: ValuedCustomers) -> Findings:
    """Return a finding on the customers with a negative value."""
    if "customer_id" in columns:
        return negative_finding("remaining_value", columns["remaining_value"])
    if "negative" not in columns or not (negative := int(np.sum(columns["negative"]))):
        return ()
    return (Finding("money-negative-customers", {"customers": negative, "of": len(customers.rfm)}),)

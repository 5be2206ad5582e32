"""Value at acquisition and lifetime net value: the value of customers from their first order on."""

from __future__ import annotations

from typing import Any

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal, PredictionOptions, group_codes
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding
from clvmodels.processes.contract import Array
from clvmodels.valuation.cash_flow import present_values
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import MoneyTable, negative_finding
from clvmodels.valuation.remaining_value import customer_findings, interval_columns
from clvmodels.valuation.since_acquisition import ValueSinceAcquisition
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

__all__ = ["acquisition_finding", "lifetime_net_value", "value_at_acquisition", "values_and_totals_at_acquisition"]


def value_at_acquisition(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs | None = None,
    currency: str | None = None,
    by: str | None = None,
    interval: float | None = None,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> MoneyTable:
    """Return what customers are worth at their first order, that order included, before the cost of acquisition.

    It is the most that an acquisition may cost (the break-even CAC), and the numerator of CLV:CAC. Orders within the
    horizon after the first order count: those up to the cutoff as they were, the rest as expected.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        Counts from each customer's first order.
    annual_discount_rate : float
        Effective rate per year; values are in money of the day of the first order.
    margin : float
        Share of spend that remains as margin before these costs.
    costs : Costs, optional
        Default: no costs. Its cost of acquisition is not subtracted.
    currency : str, optional
        Code of three letters, such as "EUR".
    by : str, optional
        "total" or an attribute of the customers: one row per group.
    interval : float, optional
        Central probability of an interval for groups, such as 0.9.
    draws : int, default=200
        Number of draws for the interval; see `remaining_value` for more than 100,000 customers.
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        Whether intervals also allow for changing conditions; see `remaining_value`.

    Returns
    -------
    MoneyTable
        customer_id, realized, expected and value_at_acquisition, their sum; with `by` the group, customers and sums.

    Raises
    ------
    InvalidOption
        For values out of range, a history without amounts, or costs charged while alive, which is not observed.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "24 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.value_at_acquisition(*models, history, by="total", **terms).frame()
    >>> value.round(2).values.tolist()
    [['total', 2357, 59816.33, 28387.05, 88203.37]]
    """
    since, code = _prepared(purchases, spend, history, horizon, annual_discount_rate, margin, costs, currency)
    options = _options(interval, by, draws, random_state, total_interval)
    realized, expected = since.realized()[:, 0], since.expected()[:, 0]
    parts = {"realized": realized, "expected": expected, "value_at_acquisition": realized + expected}
    columns = _columns(since, parts, options)
    if options.interval is not None and by is not None:
        drawn = _drawn_totals(since, realized, by, options)
        columns |= interval_columns("value_at_acquisition", drawn, options.interval)
    findings = [
        acquisition_finding(since, code),
        *customer_findings(since.customers),
        *negative_finding("value_at_acquisition", parts["value_at_acquisition"]),
    ]
    if options.interval is not None and by is not None:
        groups = ValueGroups(*group_codes(history.rfm, by))
        findings += since.findings_of_draws(groups, options.draws, seed_of(options.random_state), total_interval)
    return MoneyTable("value_at_acquisition", columns, history.rfm.kind, code, tuple(findings))


def values_and_totals_at_acquisition(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    terms: ValueTerms,
    total_interval: IntervalOfTotal,
    draws: int = 200,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Return the value at acquisition of each customer who has one (m,), and draws of their total (draws,)."""
    since = ValueSinceAcquisition(purchases, spend, history, terms, None)
    realized = since.realized()[:, 0]
    totals = _drawn_totals(
        since, realized, "total", PredictionOptions(None, "outcome", "total", draws, seed, total_interval)
    )
    return (realized + since.expected()[:, 0])[since.exists], totals[:, 0]


def lifetime_net_value(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs | None = None,
    currency: str | None = None,
    by: str | None = None,
) -> MoneyTable:
    """Return the realized and remaining value of customers, minus the cost of acquisition.

    All amounts are discounted to the day of each customer's first order::

        realized + (1 + annual_discount_rate) ** (-age / 365.25) * remaining value - cost of acquisition

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        Horizon of the remaining value, from the cutoff on.
    annual_discount_rate : float
        Effective rate per year.
    margin : float
        Share of spend that remains as margin before these costs.
    costs : Costs, optional
        Default: no costs.
    currency : str, optional
        Code of three letters, such as "EUR".
    by : str, optional
        "total" or an attribute of the customers: one row per group.

    Returns
    -------
    MoneyTable
        customer_id, realized, remaining, acquisition_cost and lifetime_net_value; with `by` the group, customers and
        sums.

    Raises
    ------
    InvalidOption
        For values out of range, a history without amounts, or costs charged while alive, which is not observed.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> net = clv.lifetime_net_value(*models, history, costs=clv.Costs(acquisition=15.0), by="total", **terms)
    >>> net.frame().round(2).values.tolist()
    [['total', 2357, 59816.33, 22713.46, 35355.0, 47174.79]]
    """
    options = _options(None, by)
    whole_life = max(float(history.rfm.T.max()), 1.0)
    since, code = _prepared(purchases, spend, history, whole_life, annual_discount_rate, margin, costs, currency)
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    customers = ValuedCustomers.of(purchases, spend, history.rfm, terms, costs)
    remaining = np.exp(-customers.rate * since.T) * present_values(customers).value
    realized, acquisition = since.realized()[:, 0], customers.amounts.acquisition
    parts = {
        "realized": realized,
        "remaining": remaining,
        "acquisition_cost": acquisition,
        "lifetime_net_value": realized + remaining - acquisition,
    }
    figures = {"quantity": "lifetime_net_value", "has_currency": code is not None, "currency": code or ""}
    findings = [
        Finding("money-terms", {**figures, "terms": terms.finding}),
        *customer_findings(customers),
        *negative_finding("lifetime_net_value", parts["lifetime_net_value"]),
    ]
    return MoneyTable("lifetime_net_value", _columns(since, parts, options), history.rfm.kind, code, tuple(findings))


def acquisition_finding(since: ValueSinceAcquisition, currency: str | None) -> Finding:
    """Return a finding with the terms of a value at acquisition."""
    terms, clock = since.customers.terms, since.customers.rfm.clock
    figures = {
        "quantity": "value_at_acquisition",
        "has_currency": currency is not None,
        "currency": currency or "",
        "days": since.horizon * clock.days_per_unit,
        "discounted": since.rate != 0,
        "annual_rate": terms.annual_rate,
        "margin": terms.margin,
    }
    return Finding("money-terms-since-first-order", figures)


def _options(
    interval: float | None,
    by: str | None,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> PredictionOptions:
    if interval is not None and by is None:
        raise InvalidOption(f"interval={interval!r} needs groups: pass by='total' or by= an attribute.")
    seed = seed_of(random_state)  # once: a Generator has another seed each time
    return PredictionOptions(interval, "outcome", by, draws, seed, total_interval)


def _prepared(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs | None,
    currency: str | None,
) -> tuple[ValueSinceAcquisition, str | None]:
    """Return the values since acquisition and the currency; invalid arguments raise an error."""
    check_same_clock(purchases, spend)
    if not isinstance(history, KnownHistory):
        raise InvalidOption(
            f"history is a {type(history).__name__}, not a KnownHistory, which has each order: "
            "KnownHistory.from_log(log, amount='amount', ...)."
        )
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    code = check_currency(currency, None if costs is None else costs.currency)
    return ValueSinceAcquisition(purchases, spend, history, terms, costs), code


def _columns(since: ValueSinceAcquisition, parts: dict[str, Array], options: PredictionOptions) -> dict[str, Any]:
    """Return the columns per customer, or their sums per group over customers with a value."""
    rfm = since.customers.rfm
    if options.by is None:
        return {"customer_id": rfm.customer_id, **parts}
    labels, codes = group_codes(rfm, options.by)
    codes = codes[since.exists]
    sums = {name: np.bincount(codes, part[since.exists], minlength=len(labels)) for name, part in parts.items()}
    return {options.by: labels, "customers": np.bincount(codes, minlength=len(labels)), **sums}


def _drawn_totals(since: ValueSinceAcquisition, realized: Array, by: str, options: PredictionOptions) -> Array:
    """Return the totals of groups under draws, (draws, groups)."""
    groups = ValueGroups(*group_codes(since.customers.rfm, by))
    before = np.bincount(groups.codes[since.exists], realized[since.exists], minlength=len(groups.labels))
    drawn = since.drawn_totals(groups, options.draws, seed_of(options.random_state), options.total_interval)
    totals: Array = before + drawn[:, :, 0]
    return totals

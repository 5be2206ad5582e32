"""Forecast revenue by month, and customer equity, of existing customers and of customers to come by a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from clvmodels import displays, frames
from clvmodels.estimators.prediction import IntervalOfTotal, PredictionOptions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.revenue.customers_to_come import AcquisitionPlan, CustomersToCome
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import drawn_cash_flow, expected_cash_flow, sampling_findings_of
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.drawn.futures import level_factors, level_findings
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.remaining_value import interval_columns, terms_findings
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

__all__ = ["RevenueForecast", "revenue_forecast"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RevenueForecast(displays.Display):
    """Revenue by month and present value, of existing customers and of customers to come.

    Attributes
    ----------
    months : frame
        One row per calendar month: period (its first day), partial, existing, new_customers, new and revenue (existing
        and new); existing, new and revenue with intervals.
    equity : frame
        One row for each of current_customers and customers_to_come: line, customers, present_value and its interval.
        Customers to come are net of the cost of acquiring them, discounted from their arrival; they are never part of
        the customer equity, which is the first row.
    totals : frame
        One row for each of existing, new and revenue: line, revenue within the horizon and its interval, which is
        narrower than the sum of those of months.
    currency : str or None
    findings : tuple of Finding

    Examples
    --------
    See `revenue_forecast`.

    >>> import clvmodels as clv
    >>> clv.RevenueForecast.__slots__[:2]
    ('months', 'equity')
    """

    shown_table: ClassVar[str] = "months"
    months: frames.Frame
    equity: frames.Frame
    totals: frames.Frame
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table with one row per month."""
        return self.months

    def plot(self, **options: Any) -> Any:
        """Draw revenue by month with its interval; see `clvmodels.plots.monthly_revenue`."""
        return displays.draw("monthly_revenue", self.months, **options)


def revenue_forecast(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    plan: AcquisitionPlan | None = None,
    costs: Costs | None = None,
    currency: str | None = None,
    interval: float = 0.9,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> RevenueForecast:
    """Forecast revenue by calendar month, of existing customers and of customers to come.

    Parameters
    ----------
    purchases, spend : fitted models
        For customers to come, models without covariates and groups, because theirs are not known yet.
    rfm : RFM
        With the date of its end of observation.
    horizon : float or str
    annual_discount_rate : float
        Effective rate per year, of the present values.
    margin : float
        Share of spend that is left.
    plan : AcquisitionPlan, optional
        Default: no customers to come.
    costs : Costs, optional
        Default: no costs. Customers to come have the mean costs of the existing ones; their cost of acquisition is the
        plan's.
    currency : str, optional
        Code of three letters.
    interval : float, default=0.9
        Central probability of the intervals.
    draws : int, default=200
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        Whether bands also allow for changing conditions; see `remaining_value`. All customers and months, including
        customers to come, share one draw of the level.

    Returns
    -------
    RevenueForecast

    Raises
    ------
    InvalidOption
        If a plan begins before the end of observation or ends after the horizon, for models with covariates or groups
        with a plan, and for values out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> plan = clv.AcquisitionPlan(customers={"1997-10": 300, "1997-11": 280, "1997-12": 350}, cac=5.0)
    >>> terms = {"horizon": "92 days", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> forecast = clv.revenue_forecast(*models, rfm, plan=plan, draws=50, **terms)
    >>> forecast.frame()[["period", "existing", "new"]].round(0).values.tolist()
    [['1997-10-01', 7971.0, 11728.0], ['1997-11-01', 7240.0, 12904.0], ['1997-12-01', 7057.0, 17340.0]]
    """
    check_same_clock(purchases, spend)
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    options = PredictionOptions(interval, "outcome", None, draws, random_state, total_interval)
    code = check_currency(currency, None if costs is None else costs.currency)
    customers = ValuedCustomers.of(purchases, spend, rfm, terms, costs)
    periods = periods_after(rfm.clock, rfm.observation_end, customers.horizon, "month")
    segments = ValueGroups(np.array(["all"]), np.zeros(len(rfm), dtype=np.intp))
    seed = seed_of(random_state)
    level = level_factors(customers, options.total_interval, draws, seed)
    current = expected_cash_flow(customers, periods, segments)
    drawn = drawn_cash_flow(customers, periods, segments, draws, seed, level)
    to_come = CustomersToCome.of(customers, plan, periods)
    new, new_value = to_come.expected()
    new_drawn, new_value_drawn = to_come.draw(draws, seed, level)
    existing, existing_drawn = current.revenue[0], drawn.revenue[:, 0]
    level_of = options.interval or 0.9
    months = {
        "period": np.asarray(periods.labels),
        "partial": periods.partial,
        "existing": existing,
        **interval_columns("existing", existing_drawn, level_of),
        "new_customers": to_come.counts,
        "new": new,
        **interval_columns("new", new_drawn, level_of),
        "revenue": existing + new,
        **interval_columns("revenue", existing_drawn + new_drawn, level_of),
    }
    values = np.array([current.present_value.sum(), new_value])
    value_draws = np.stack([drawn.present_value.sum(axis=(1, 2)), new_value_drawn], axis=1)
    equity = {
        "line": np.array(["current_customers", "customers_to_come"]),
        "customers": np.array([len(rfm), to_come.counts.sum()]),
        "present_value": values,
        **interval_columns("present_value", value_draws, level_of),
    }
    sums = {"existing": (existing, existing_drawn), "new": (new, new_drawn)}
    sums["revenue"] = (existing + new, existing_drawn + new_drawn)
    totals = {
        "line": np.array(list(sums)),
        "revenue": np.array([expected.sum() for expected, _ in sums.values()]),
        **interval_columns("revenue", np.stack([each.sum(axis=1) for _, each in sums.values()], axis=1), level_of),
    }
    figures = {"months": len(periods), "learned": level is not None, "planned": float(to_come.counts.sum())}
    of_draws = (*level_findings(customers, total_interval), *sampling_findings_of(customers, draws, seed))
    findings = (Finding("revenue-forecast", figures), *terms_findings(customers, code), *of_draws)
    tables = [frames.table(rfm.kind, with_currency(table, code)) for table in (months, equity, totals)]
    return RevenueForecast(tables[0], tables[1], tables[2], code, findings)

"""What-if: by how many percent the value of the customer base changes if one driver changes by one percent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from clvmodels import displays, frames
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.revenue.customers_to_come import AcquisitionPlan, CustomersToCome
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import present_values
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.remaining_value import customer_findings
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, charge_times, period_costs

__all__ = ["Elasticities", "elasticities"]

# Processes in which a customer orders at a constant rate while active, and leaves at a constant hazard.
CONSTANT_HAZARD = ("nbd", "bgnbd", "mbgnbd", "pareto_nbd")
STEP = 0.01  # relative change of a driver


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Elasticities(displays.Display):
    """By how many percent a value changes if one driver changes by one percent, all else equal.

    An elasticity is arithmetic, not a causal effect: it shows what a driver is worth, not what would change it.

    Attributes
    ----------
    drivers : frame
        One row per driver: driver ("dropout", "purchase_rate", "spend", "margin" and, with a plan, "acquisitions");
        factor, by which it is multiplied; line, whose value changes ("current_customers" or "customers_to_come");
        value; changed_value; elasticity, the relative change of the value by that of the driver.
    currency : str or None
    findings : tuple of Finding

    Examples
    --------
    See `elasticities`.

    >>> import clvmodels as clv
    >>> clv.Elasticities.__slots__[0]
    'drivers'
    """

    shown_table: ClassVar[str] = "drivers"
    drivers: frames.Frame
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table with one row per driver."""
        return self.drivers

    def plot(self, **options: Any) -> Any:
        """Draw the elasticity of each driver; see `clvmodels.plots.elasticity_bars`."""
        return displays.draw("elasticity_bars", self.drivers, **options)


def elasticities(
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
) -> Elasticities:
    """Return how the value of the customer base responds to each of its drivers, one at a time.

    - dropout: 0.99 times each customer's hazard of leaving from the end of observation on.
    - purchase_rate: 1.01 times as many orders while a customer is active; the hazard of leaving stays.
    - spend: 1.01 times the spend per order.
    - margin: 1.01 times the margin, so 35.35 % instead of 35 %.
    - acquisitions: 1.01 times the customers of a plan; their value net of acquisition is a separate line.

    The history stays as it is, and so do each customer's rates and P(alive). Costs per order follow the orders, and
    costs while customers are active follow the dropout; costs while they are served stay as they are.

    Parameters
    ----------
    purchases : fitted model
        NBD, BG/NBD, MBG/NBD or Pareto/NBD, in which customers order at a constant rate and leave at a constant hazard.
    spend : fitted model
    rfm : RFM
        With the clock of the models, which has no calendar.
    horizon : float or str
        A number in the clock's unit, or a length with its unit such as "12 months".
    annual_discount_rate : float
        Effective rate per year.
    margin : float
        Share of spend that remains as margin before costs.
    plan : AcquisitionPlan, optional
        Default: no customers to come.
    costs : Costs, optional
        Default: no costs.
    currency : str, optional
        Code of three letters.

    Returns
    -------
    Elasticities

    Raises
    ------
    InvalidOption
        For another purchase model, a calendar, values out of range, or a plan outside the horizon.
    ClockMismatch
        When models and RFM have different clocks.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), "Valuing Customers", Journal of Marketing Research 41(1), 7-18.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> result = clv.elasticities(*models, rfm, costs=clv.Costs(per_order=2.0), **terms)
    >>> result.frame()[["driver", "factor", "elasticity"]].round(3).values.tolist()
    [['dropout', 0.99, -0.226], ['purchase_rate', 1.01, 1.0], ['spend', 1.01, 1.187], ['margin', 1.01, 1.187]]
    """
    check_same_clock(purchases, spend)
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    code = check_currency(currency, None if costs is None else costs.currency)
    _check_process(purchases)
    customers = ValuedCustomers.of(purchases, spend, rfm, terms, costs)
    value = present_values(customers)
    total = float(np.nansum(value.value))
    order_cost = customers.amounts.per_order * value.discounted_orders
    of_orders = float(np.nansum(value.margin - order_cost))
    of_spend = STEP * float(np.nansum(value.margin))
    rows = [
        ("dropout", 1 - STEP, "current_customers", total, _with_hazard(customers, 1 - STEP)),
        ("purchase_rate", 1 + STEP, "current_customers", total, total + STEP * of_orders),
        ("spend", 1 + STEP, "current_customers", total, total + of_spend),
        ("margin", 1 + STEP, "current_customers", total, total + of_spend),
    ]
    if plan is not None:
        periods = periods_after(rfm.clock, rfm.observation_end, customers.horizon, "month")
        to_come = CustomersToCome.of(customers, plan, periods)
        more = replace(to_come, counts=(1 + STEP) * to_come.counts)
        rows.append(("acquisitions", 1 + STEP, "customers_to_come", to_come.expected()[1], more.expected()[1]))
    columns: dict[str, Any] = dict(
        zip(("driver", "factor", "line", "value", "changed_value"), map(np.array, zip(*rows, strict=True)), strict=True)
    )
    columns["elasticity"] = _elasticity(columns["factor"], columns["value"], columns["changed_value"])
    if code is not None:
        columns["currency"] = np.full(len(rows), code)
    findings = (*_findings(customers, columns), *customer_findings(customers))
    return Elasticities(frames.table(rfm.kind, columns), code, findings)


def _check_process(purchases: PurchaseModel) -> None:
    """Raise an InvalidOption for models without one hazard per customer."""
    if purchases.plain.name not in CONSTANT_HAZARD:
        raise InvalidOption(
            f"Elasticities need a model in which customers order at a constant rate and leave at a constant hazard, "
            f"which {purchases.plain.title} is not: fit NBD, BGNBD, MBGNBD or ParetoNBD."
        )
    if purchases.clock_.seasonal:
        raise InvalidOption("Elasticities need a clock without a calendar: fit the models without a calendar.")


def _with_hazard(customers: ValuedCustomers, factor: float) -> float:
    """Return the value of all customers if each hazard of leaving is multiplied by a factor from today on.

    Given a customer's rate and hazard, orders have the intensity rate * exp(-factor * hazard * t). With u = factor * t,
    this is the unchanged process in the time u, with orders divided by the factor and the discount rate too.
    """
    scaled = replace(customers.expectations, rate=customers.rate / factor)
    _, discounted = scaled.orders(factor * customers.horizon)
    discounted = discounted / factor
    costs = customers.amounts.per_order * discounted
    for time, share in charge_times(customers):
        for amount, charged_while in period_costs(customers):
            at = factor * time if charged_while == "alive" else time
            if np.any(amount > 0):
                costs = costs + share * np.exp(-customers.rate * time) * amount * _charged(customers, at, charged_while)
    margin = customers.terms.margin * customers.expectations.spend_per_order * discounted
    return float(np.nansum(margin - costs))


def _charged(customers: ValuedCustomers, time: float, charged_while: Any) -> Array:
    return customers.expectations.charged(time, charged_while, customers.costs.window(customers.rfm.clock))


def _elasticity(factor: Array, value: Array, changed: Array) -> Array:
    """Return the relative change of a value over that of its driver, missing where the value is 0."""
    return (quotient(changed, value) - 1) / (factor - 1)


def _findings(customers: ValuedCustomers, columns: dict[str, Any]) -> Findings:
    """Return a finding on the driver with the largest elasticity, and on what is held fixed."""
    dropout, _, spend = columns["elasticity"][:3]
    findings = []
    if np.isfinite(dropout) and np.isfinite(spend):
        changes = {"dropout_change": float(STEP * dropout), "spend_change": float(STEP * spend)}
        findings.append(Finding("elasticities", {"terms": customers.terms.finding, **changes}))
    served = "served" in (customers.costs.charged_while, customers.costs.marketing_while)
    if served and customers.has_period_costs():
        findings.append(Finding("elasticities-served-fixed", {}))
    return tuple(findings)

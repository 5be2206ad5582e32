"""The audit of a customer base: how customers differ, what changed, how cohorts compare, before any model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from clvmodels import displays, frames
from clvmodels.clock import Clock
from clvmodels.decisions.base_audit.fiscal_calendar import FiscalCalendar
from clvmodels.decisions.base_audit.log_periods import LogPeriods, PeriodLength, log_periods
from clvmodels.decisions.base_audit.order_lines import LineColumns, order_lines
from clvmodels.decisions.base_audit.tables import (
    breadth_table,
    change_table,
    cohort_table,
    concentration_table,
    decile_table_of_period,
    period_table,
)
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings
from clvmodels.transactions.log import MissingId
from clvmodels.transactions.purchase_log import purchases_of
from clvmodels.transactions.snapshots import LogTable
from clvmodels.valuation.costs import check_currency

__all__ = ["Audit", "audit"]

AuditTable = Literal["periods", "deciles", "concentration", "change", "cohorts", "breadth"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Audit(displays.Display):
    """The five questions of a customer-base audit, as tables.

    Attributes
    ----------
    periods : DataFrame
        The whole base, one row per period: period, complete, customers (who bought), new_customers, orders, revenue,
        revenue_of_first_orders, orders_per_customer, order_value.
    deciles : DataFrame
        How customers differ in `period`: decile by revenue (1 is the highest), customers, orders, revenue, share,
        orders_per_customer, order_value.
    concentration : DataFrame
        The share of revenue of the customers with the most of it in `period`: top (share of customers), customers,
        share.
    change : DataFrame
        What changed from `earlier_period` to `period`: split ("customers" or "drivers"), part, amount. The parts of
        each split add up to the change of revenue, to the cent; with a column of margins, those of the split "margin"
        to the change of margin.
    cohorts : DataFrame
        Cohorts over time, one row per cohort and period: cohort, period, age (periods since), cohort_size, customers,
        orders, revenue, share_active.
    breadth : DataFrame or None
        With items: the customers of `period` by how many different items they bought: items ("5+" is five or more),
        customers, share, orders_per_customer, revenue, revenue_per_customer, and next_row, how much more a customer of
        the next row brings: an upper limit of what cross-selling could, since broad buyers buy more anyway.
    currency : str or None
        Of the amounts; a column of the tables with amounts names it.
    period, earlier_period : str
        The last complete period, and the one it is compared with: the same a year before if it is complete, otherwise
        the one before.
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> result = clv.audit(clv.datasets.load_cdnow(sample=True), amount="amount", period="quarter")
    >>> result.period, result.earlier_period
    ('1998 Q2', '1997 Q2')
    """

    shown_table: ClassVar[str] = "change"
    periods: pd.DataFrame
    deciles: pd.DataFrame
    concentration: pd.DataFrame
    change: pd.DataFrame
    cohorts: pd.DataFrame
    period: str
    earlier_period: str
    findings: Findings
    breadth: pd.DataFrame | None = None
    currency: str | None = None

    def frame(self, table: AuditTable = "change") -> pd.DataFrame:
        """Return one of the tables by its name."""
        if table not in get_args(AuditTable):
            raise InvalidOption(f"table={table!r} is not one of {', '.join(map(repr, get_args(AuditTable)))}.")
        frame: pd.DataFrame | None = getattr(self, table)
        if frame is None:
            raise InvalidOption(f"table={table!r} needs the column of items: audit(log, item=, ...).")
        return frame

    def plot(self, **options: Any) -> Any:
        """Draw the parts of the change of revenue; see `clvmodels.plots.revenue_change`."""
        return displays.draw("revenue_change", self.change, **options)


@frames.load_once()
def audit(
    log: LogTable,
    *,
    amount: str,
    customer_id: str = "customer_id",
    date: str = "date",
    period: PeriodLength = "quarter",
    fiscal: FiscalCalendar | None = None,
    observation_end: str | Date | datetime | None = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    on_missing_id: MissingId = "raise",
    item: str | None = None,
    quantity: str | None = None,
    margin: str | None = None,
    by: str | None = None,
    currency: str | None = None,
) -> Audit:
    """Answer the five questions of a customer-base audit from a log, without a model.

    How do customers differ in one period? How did they change from one period to another? How does a cohort behave over
    time? How do cohorts compare? And what do they add up to? The change in revenue is split twice:

    - by customers: first orders, further orders of new customers, earlier customers who bought in both periods
      ("continuing"), only in the later one ("returning") or only in the earlier one ("silent");
    - by drivers: number of customers, orders per customer and value per order, by Shapley's rule over all orders of
      changing them one by one. With `by`, the mix of customers between its groups is a separate part, and the others
      are changes within groups. With `item`, the value per order is units per order, the mix of products and their
      prices: an item sold in only one of the two periods belongs to the mix. With `margin`, a third split is that of
      the change of margin, with the margin rate as one more driver.

    Parameters
    ----------
    log : frame or path
        One row per transaction. Purchases on one day are one order.
    amount : str
        Column of the amount.
    customer_id, date : str
        Columns of the customer and the date.
    period : {"month", "quarter", "year"}
        Calendar periods. A period that the log does not cover to its last day is incomplete, and not compared.
    fiscal : FiscalCalendar, optional
        Periods are those of this calendar, such as months of 4, 4 and 5 weeks.
    observation_end : date or str, optional
        Last day to include; default: the latest in the log.
    date_format, time_zone, on_missing_id
        As for `rfm_summary`.
    item : str, optional
        Column of the item of each row.
    quantity : str, optional
        Column of units, with `item`; default: one unit per row.
    margin : str, optional
        Column of the margin of each row, in money.
    by : str, optional
        Column of the group of the row's customer, such as a channel or a tier.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    Audit

    Raises
    ------
    InvalidTransactions
        If rows break the rules of a log.
    InvalidOption
        If there are no two complete periods to compare.

    References
    ----------
    Fader, Hardie & Ross (2022), "The Customer-Base Audit", Wharton School Press. Shapley (1953), "A Value for n-Person
    Games", Contributions to the Theory of Games II, 307-317.

    Examples
    --------
    >>> import clvmodels as clv
    >>> result = clv.audit(clv.datasets.load_cdnow(sample=True), amount="amount", period="quarter")
    >>> print(result.change.query("split == 'drivers'")[["part", "amount"]].to_string(index=False))
                   part    amount
    number of customers -13899.84
    orders per customer  -1587.70
            order value   -161.55
    """
    if period not in get_args(PeriodLength):
        raise InvalidOption(f"period={period!r} is not one of {', '.join(map(repr, get_args(PeriodLength)))}.")
    if not (fiscal is None or isinstance(fiscal, FiscalCalendar)):
        raise InvalidOption(f"fiscal={fiscal!r} must be a FiscalCalendar.")
    code = check_currency(currency)
    clock = Clock("day", "day", time_zone)
    purchases = purchases_of(log, clock, customer_id, date, amount, date_format, on_missing_id)
    end = purchases.last_tick if observation_end is None else clock.closing_tick(observation_end, "observation_end")
    orders = log_periods(purchases, end, period, fiscal)
    later, earlier = orders.compared()
    columns = LineColumns(
        customer_id=customer_id, date=date, amount=amount, item=item, quantity=quantity, margin=margin, by=by
    )
    if quantity is not None and item is None:
        raise InvalidOption("quantity= counts the units of items: pass item= too.")
    # A second pass over rows that the first pass checked; lines are added up while they are read, to save memory.
    lines = order_lines(log, columns, clock, date_format, orders) if columns.has_more else None
    periods, change = period_table(orders), change_table(orders, lines, later, earlier)
    concentration = concentration_table(orders, later)
    labels = orders.labels
    breadth = breadth_table(orders, lines, later) if lines is not None and lines.has_items else None
    in_currency = {} if code is None else {"currency": code}
    in_code = () if code is None else (Finding("audit-currency", {"currency": code}),)
    return Audit(
        periods=periods.assign(**in_currency),
        deciles=decile_table_of_period(orders, later).assign(**in_currency),
        concentration=concentration,
        change=change.assign(**in_currency),
        cohorts=cohort_table(orders).assign(**in_currency),
        period=labels[later],
        earlier_period=labels[earlier],
        findings=(*_findings(orders, periods, change, concentration, later, earlier), *in_code),
        breadth=None if breadth is None else breadth.assign(**in_currency),
        currency=code,
    )


def _findings(
    orders: LogPeriods,
    periods: pd.DataFrame,
    change: pd.DataFrame,
    concentration: pd.DataFrame,
    later: int,
    earlier: int,
) -> Findings:
    """Return findings on what changed, the largest part of the change, and how concentrated revenue is."""
    revenue = periods["revenue"]
    names = {"period": orders.labels[later], "earlier": orders.labels[earlier]}
    figures = {"revenue": float(revenue[later]), "before": float(revenue[earlier])}
    findings = [Finding("audit-change", names | figures)]
    for split, code in (("customers", "audit-largest-group"), ("drivers", "audit-largest-driver")):
        parts = change[change["split"] == split]
        largest = parts.iloc[int(np.argmax(np.abs(parts["amount"])))]
        findings.append(Finding(code, {"part": str(largest["part"]), "amount": float(largest["amount"])}))
    top = concentration[concentration["top"] == 0.2].iloc[0]
    findings.append(Finding("audit-concentration", {"share": float(top["share"]), "period": names["period"]}))
    incomplete = [label for label, whole in zip(orders.labels, orders.complete, strict=True) if not whole]
    if incomplete:
        findings.append(Finding("audit-incomplete", {"names": incomplete}, "caution"))
    return tuple(findings)

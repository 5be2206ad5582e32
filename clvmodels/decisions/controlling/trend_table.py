"""The trend table: order value, purchase frequency, stickiness and loyalty, past, now and expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames
from clvmodels.decisions.unit_economics import customer_groups, group_name
from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.realized import realized_orders
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

__all__ = ["TrendTable", "trend_table"]

MEASURES = ("order_value", "purchase_frequency", "stickiness", "loyalty")
LOW, HIGH = 0.8, 1.25  # limits of a "middling" value, as multiples of that of all customers
LEAST_CHANGE = 0.05
STANDARD_ERRORS = 2.0
ROUNDING_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrendTable(displays.Display):
    """How customers bought in the last two periods, and are expected to buy in the next.

    Attributes
    ----------
    groups : frame
        One row per group and measure: the group; customers; measure ("order_value", revenue per order;
        "purchase_frequency", orders per buyer; "stickiness", the share of the buyers of the period before who bought
        again; "loyalty", the share of the customers from before the period who bought in it); past, now and expected;
        level ("low" below .8 of all customers, "high" above 1.25, otherwise "middling"; missing for one group);
        direction from past to now ("rising" or "falling" if it changed by more than 5 % and by two standard errors,
        otherwise "stable"); and outlook from now to expected ("rising" or "falling" by more than 5 %). What the log
        does not cover is missing.
    findings : tuple of Finding

    Examples
    --------
    See `trend_table`.

    >>> import clvmodels as clv
    >>> clv.TrendTable.__slots__
    ('groups', 'findings')
    """

    shown_table: ClassVar[str] = "groups"
    groups: frames.Frame
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table, one row per group and measure."""
        return self.groups

    def plot(self, **options: Any) -> Any:
        """Draw how the measures changed, and how they are expected to; see `clvmodels.plots.trend_changes`."""
        return displays.draw("trend_changes", self.groups, **options)


def trend_table(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    period: float | str = "3 months",
    by: str = "total",
    currency: str | None = None,
) -> TrendTable:
    """Compare order value, purchase frequency, stickiness and loyalty in the past, now and as expected.

    "Now" is the period up to the cutoff, "past" the one before, and "expected" the one after. All three cover customers
    known at the cutoff: customers to come are not included.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    period : float or str, default="3 months"
        A number in the clock's unit, or a length with its unit.
    by : str, default="total"
        "total", an attribute of the customers such as a tier, or a cohort such as "cohort_quarter"; see
        `unit_economics`. Tiers must have been known before the past period: those made from spend since then rise or
        fall by construction.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    TrendTable

    Raises
    ------
    InvalidOption
        For values out of range, a history without amounts, or one that is shorter than one period.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week")
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> table = clv.trend_table(*models, history, period="13 weeks").frame()
    >>> print(table[["measure", "past", "now", "expected", "direction"]].round(2).to_string(index=False))
               measure  past   now  expected direction
           order_value 38.01 36.32     36.69    stable
    purchase_frequency  1.72  1.65      1.73    stable
            stickiness  0.49  0.44      0.50    stable
               loyalty  0.16  0.13      0.13   falling
    """
    check_same_clock(purchases, spend)
    code = check_currency(currency)
    length = history.clock.duration(period, "period")
    terms = ValueTerms.from_keywords(horizon=length, annual_discount_rate=0.0, margin=1.0)
    customers = ValuedCustomers.of(purchases, spend, history.rfm, terms, None)
    groups, _ = customer_groups(history, by)
    windows = _Windows.of(history, length)
    if length <= 0 or not windows.covered(0):
        raise InvalidOption(f"period={period!r} must be positive, and the log must cover it.")
    now, past, ahead = windows.ratios(0), windows.ratios(1), _expected(customers, windows)
    everybody = ValueGroups(np.array(["total"], dtype=object), np.zeros(len(history.rfm), dtype=np.intp))
    name = group_name(history, by)
    rows: dict[str, list[Any]] = {
        each: [] for each in (name, "customers", "measure", "past", "now", "expected", "level", "direction", "outlook")
    }
    size = np.bincount(groups.codes, minlength=len(groups.labels))
    for group, label in enumerate(groups.labels):
        inside = groups.codes == group
        for measure in MEASURES:
            before, today, expected = (side[measure].value(inside) for side in (past, now, ahead))
            reference = now[measure].value(everybody.codes == 0)
            error = _error_of_change(now[measure], past[measure], inside)
            row = (label, int(size[group]), measure, before, today, expected)
            level = _level(today, reference) if len(groups.labels) > 1 else None
            words = (level, _direction(before, today, STANDARD_ERRORS * error), _direction(today, expected, 0.0))
            for column, value in zip(rows, (*row, *words), strict=True):
                rows[column].append(value)
    columns = {column: np.array(values) for column, values in rows.items()}
    days = round(length * history.clock.days_per_unit)
    return TrendTable(frames.table(history.rfm.kind, with_currency(columns, code)), _findings(rows, name, days))


@dataclass(frozen=True, slots=True, eq=False)
class _Ratio:
    """A ratio of sums over customers: numerators and denominators (n,), and whether the log covers its period."""

    top: Array
    bottom: Array
    covered: bool = True

    def value(self, inside: npt.NDArray[np.bool_]) -> float:
        """Return the ratio of the customers in a mask; NaN if the denominator is 0 or the log does not cover it."""
        bottom = float(self.bottom[inside].sum())
        return float(self.top[inside].sum()) / bottom if self.covered and bottom > 0 else float("nan")

    def influence(self, inside: npt.NDArray[np.bool_]) -> Array:
        """Return each customer's effect on the ratio to first order, for the customers in a mask."""
        top, bottom = self.top[inside], self.bottom[inside]
        answer: Array = (top - self.value(inside) * bottom) / max(float(bottom.sum()), 1e-300)
        return answer


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Orders and spend of each customer in the last periods, newest first, (3, n) each, and their ages."""

    orders: Array
    spent: Array
    T: Array
    length: float
    seen: float

    @classmethod
    def of(cls, history: KnownHistory, length: float) -> _Windows:
        """Return the last three periods of this length before the cutoff."""
        realized, log = realized_orders(history), history.purchase_log
        back = realized.T[realized.customer] - realized.age
        window = np.floor(back / max(length, ROUNDING_TOLERANCE) + ROUNDING_TOLERANCE).astype(np.int64)
        n = len(realized.T)
        orders, spent = np.zeros((3, n)), np.zeros((3, n))
        for i in range(3):
            inside = window == i
            orders[i] = np.bincount(realized.customer[inside], minlength=n)
            spent[i] = np.bincount(realized.customer[inside], realized.amount[inside], minlength=n)
        seen = (history.cutoff - log.first_tick + 1) / history.clock.ticks_per_unit
        return cls(orders, spent, realized.T, length, float(seen))

    def covered(self, window: int) -> bool:
        """Return whether the log covers a period; 0 is the last one."""
        return self.seen >= (window + 1) * self.length - ROUNDING_TOLERANCE

    def ratios(self, window: int) -> dict[str, _Ratio]:
        """Return the ratios of a period by name."""
        bought, before = (self.orders[window + i] > 0 for i in range(2))
        acquired = (window + 1) * self.length - ROUNDING_TOLERANCE <= self.T
        covered = self.covered(window)
        return {
            "order_value": _Ratio(self.spent[window], self.orders[window], covered),
            "purchase_frequency": _Ratio(self.orders[window], bought.astype(float), covered),
            "stickiness": _Ratio((bought & before).astype(float), before.astype(float), self.covered(window + 1)),
            "loyalty": _Ratio((bought & acquired).astype(float), acquired.astype(float), covered),
        }


def _expected(customers: ValuedCustomers, windows: _Windows) -> dict[str, _Ratio]:
    """Return the expected measures of the period ahead; some are missing if the model gives no chance of an order."""
    expectations, length = customers.expectations, windows.length
    orders, _ = expectations.orders(length)
    spend = np.nan_to_num(expectations.spend_per_order)
    gives_chance = customers.purchases.future.buys_between_if_active is not None
    buys = np.zeros(len(orders))
    if gives_chance:
        buys = expectations.buys(length)
    before = (windows.orders[0] > 0).astype(float)
    return {
        "order_value": _Ratio(orders * spend, orders),
        "purchase_frequency": _Ratio(orders, buys, gives_chance),
        "stickiness": _Ratio(buys * before, before, gives_chance),
        "loyalty": _Ratio(buys, np.ones(len(orders)), gives_chance),
    }


def _error_of_change(now: _Ratio, past: _Ratio, inside: npt.NDArray[np.bool_]) -> float:
    """Return the standard error of the change of a ratio, with customers as the sample."""
    return float(np.sqrt(np.sum((now.influence(inside) - past.influence(inside)) ** 2)))


def _level(value: float, reference: float) -> str | None:
    """Return "low", "middling" or "high", by comparison with the value of all customers."""
    if not np.isfinite(value) or not reference > 0:
        return None
    return "low" if value < LOW * reference else "high" if value > HIGH * reference else "middling"


def _direction(before: float, after: float, noise: float) -> str | None:
    """Return "rising", "falling" or "stable"."""
    if not (np.isfinite(before) and np.isfinite(after)):
        return None
    if abs(after - before) <= max(LEAST_CHANGE * abs(before), noise):
        return "stable"
    return "rising" if after > before else "falling"


def _findings(rows: dict[str, list[Any]], name: str, days: int) -> Findings:
    """Return findings on the measures that changed."""
    findings = []
    for direction in ("falling", "rising"):
        names = [
            f"{measure} ({label})"
            for label, measure, way in zip(rows[name], rows["measure"], rows["direction"], strict=True)
            if way == direction
        ]
        if names:
            code = "trend-falling" if direction == "falling" else "trend-rising"
            findings.append(Finding(code, {"names": names, "days": days}))
    return tuple(findings) or (Finding("trend-stable", {"days": days}),)

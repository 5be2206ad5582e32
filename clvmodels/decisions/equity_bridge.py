"""Equity bridge: why the value of the customer base changed between two dates, in steps that add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from clvmodels import displays, frames
from clvmodels.errors import ClockMismatch, InvalidOption, InvalidRFM
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import present_values
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.remaining_value import customer_findings
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers

__all__ = ["BaseValuation", "EquityBridge", "equity_bridge"]

EXAMPLES = 3  # customers named in an error


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BaseValuation:
    """A customer base at one date, with the models, terms and costs by which it is valued.

    Parameters
    ----------
    purchases, spend : fitted models
    rfm : RFM
        Its end of observation must have a date.
    horizon : float or str
    annual_discount_rate : float
        Effective rate per year.
    margin : float
    costs : Costs, optional
        Default: no costs.
    currency : str, optional
        Code of three letters.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> models = {"purchases": clv.MBGNBD().fit(rfm), "spend": clv.GammaGamma().fit(rfm)}
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> round(clv.BaseValuation(rfm=rfm, **models, **terms).equity)
    24111
    """

    purchases: PurchaseModel
    spend: SpendModel
    rfm: RFM
    horizon: float | str
    annual_discount_rate: float
    margin: float
    costs: Costs | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        check_same_clock(self.purchases, self.spend)
        check_currency(self.currency, None if self.costs is None else self.costs.currency)
        if self.rfm.observation_end is None:
            raise InvalidOption("The RFM has no date: pass its end of observation, RFM.from_frame(observation_end=).")

    @property
    def code(self) -> str | None:
        """Return the currency of the valuation or, without one, of its costs."""
        return check_currency(self.currency, None if self.costs is None else self.costs.currency)

    @property
    def equity(self) -> float:
        """Return the sum of the customers' remaining values."""
        return float(np.nansum(self.values()))

    def values(self) -> Array:
        """Return the remaining value of each customer, (n,)."""
        return present_values(self.customers()).value

    def customers(self) -> ValuedCustomers:
        """Return the customers with their costs."""
        terms = ValueTerms.from_keywords(
            horizon=self.horizon, annual_discount_rate=self.annual_discount_rate, margin=self.margin
        )
        return ValuedCustomers.of(self.purchases, self.spend, self.rfm, terms, self.costs)

    def __repr__(self) -> str:
        models = f"{self.purchases.title} and {self.spend.title}"
        return f"BaseValuation of {len(self.rfm):,} customers at {self.rfm.observation_end}, by {models}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EquityBridge(displays.Display):
    """The steps from the value of a customer base at one date to its value at another.

    Attributes
    ----------
    steps : frame
        One row per step, in their fixed order: step, amount, and balance, the value after the step.
    currency : str or None
    findings : tuple of Finding

    Examples
    --------
    See `equity_bridge`.

    >>> from clvmodels.decisions.equity_bridge import STEPS
    >>> STEPS[0], STEPS[-1]
    ('opening', 'closing')
    """

    shown_table: ClassVar[str] = "steps"
    steps: frames.Frame
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table of steps."""
        return self.steps

    def plot(self, **options: Any) -> Any:
        """Draw the steps from the opening to the closing value; see `clvmodels.plots.equity_steps`."""
        return displays.draw("equity_steps", self.steps, **options)


STEPS = (
    "opening",
    "discount_unwound",
    "expected_cash_released",
    "horizon_rolled_forward",
    "experience_orders",
    "experience_spend",
    "experience_alive",
    "acquired",
    "reestimation",
    "assumption_margin",
    "assumption_costs",
    "assumption_rate",
    "assumption_horizon",
    "closing",
)


def equity_bridge(opening: BaseValuation, closing: BaseValuation) -> EquityBridge:
    """Return why the value of the customer base changed between two dates.

    The steps have a fixed order, since each is measured after those before it; their sum is the closing value to the
    cent. Steps 1 to 8 are measured with the models, terms and costs of the opening.

    1. opening: the value of the customers at the first date.
    2. discount_unwound: interest on it at the discount rate, because the same money is closer.
    3. expected_cash_released: the net cash that the opening expected between the dates, with interest to the second
       date.
    4. horizon_rolled_forward: the value of the time by which the horizon now reaches further.
    5. experience_orders: orders differed from the expected ones, which changes the orders and charges to come.
    6. experience_spend: spend per order differed.
    7. experience_alive: P(alive) differed.
    8. acquired: customers whose first order lies between the dates.
    9. reestimation: the models of the closing replace those of the opening.
    10. assumption_margin, _costs, _rate, _horizon: the terms of the closing, one after the other.
    11. closing.

    Parameters
    ----------
    opening, closing : BaseValuation
        Of the same shop at two dates, in one currency and with one clock. The closing has all customers of the opening.

    Returns
    -------
    EquityBridge

    Raises
    ------
    InvalidOption
        If the closing is not later than the opening, or the currencies differ.
    InvalidRFM
        If customers of the opening are missing from the closing.
    ClockMismatch
        If the clocks differ.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> def value(day):
    ...     rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end=day)
    ...     models = {"purchases": clv.MBGNBD().fit(rfm), "spend": clv.GammaGamma().fit(rfm)}
    ...     return clv.BaseValuation(rfm=rfm, horizon="1 year", annual_discount_rate=0.1, margin=0.35, **models)
    >>> bridge = clv.equity_bridge(value("1997-09-30"), value("1997-12-31")).frame()
    >>> bridge.iloc[[0, 1, 2, -1]][["step", "amount"]].round(0).values.tolist()
    [['opening', 24111.0], ['discount_unwound', 586.0], ['expected_cash_released', -7891.0], ['closing', 25608.0]]
    """
    code = check_currency(opening.code, closing.code)
    between = _time_between(opening, closing)
    known_before = _positions(opening.rfm, closing.rfm)
    growth = float(np.exp(opening.customers().rate * between))
    first, horizon = opening.equity, opening.customers().horizon
    by_second_date = _equity(opening, between)
    beyond = _equity(opening, horizon + between)
    expected = growth * (beyond - by_second_date)
    moved = replace(opening, rfm=closing.rfm)
    orders, spend, alive, acquired = _experience(opening, moved, known_before, between, expected)
    steps = [first, (growth - 1) * first, -growth * by_second_date, growth * (beyond - first)]
    steps += [orders, spend, alive, acquired]
    stages = [moved]
    for change in (
        {"purchases": closing.purchases, "spend": closing.spend},
        {"margin": closing.margin},
        {"costs": closing.costs},
        {"annual_discount_rate": closing.annual_discount_rate},
        {"horizon": closing.horizon},
    ):
        stages.append(replace(stages[-1], currency=None, **change))
    values = [stage.equity for stage in stages]
    steps += list(np.diff(values))
    balance = np.append(np.cumsum(steps), values[-1])
    columns: dict[str, Any] = {"step": np.array(STEPS), "amount": np.array([*steps, values[-1]]), "balance": balance}
    if code is not None:
        columns["currency"] = np.full(len(STEPS), code)
    figures = {
        "begin": opening.rfm.observation_end,
        "end": closing.rfm.observation_end,
        "change": values[-1] / first - 1 if first else float("nan"),
        "acquired": len(closing.rfm) - len(opening.rfm),
    }
    findings = (Finding("equity-bridge", figures), *customer_findings(closing.customers()))
    return EquityBridge(frames.table(closing.rfm.kind, columns), code, findings)


def _experience(
    opening: BaseValuation, moved: BaseValuation, rows: Any, between: float, expected: float
) -> tuple[float, float, float, float]:
    """Return the steps from orders, spend and P(alive) of the customers of the opening, and from new customers.

    Missing spend counts as 0.
    """
    before, after = opening.customers(), moved.customers()
    spend_before = np.nan_to_num(before.expectations.spend_per_order)
    survives = before.purchases.if_active(
        before.rfm, lambda p, *state: before.purchases.future.survival_if_active(p, between, *state)
    )
    alive_expected = before.expectations.alive * survives
    now = after.expectations
    _, worth = now.orders(after.horizon)
    per_active = np.divide(worth, now.alive, out=np.zeros(len(worth)), where=now.alive > 0)[rows]
    spend_after = np.nan_to_num(now.spend_per_order)[rows]
    margin, per_order = after.terms.margin, after.amounts.per_order[rows]
    values = present_values(after)
    totals = np.nan_to_num(values.value)
    charges = np.where(np.isnan(values.value), 0.0, values.costs - after.amounts.per_order * worth)[rows]
    as_expected = float(np.sum(alive_expected * per_active * (margin * spend_before - per_order) - charges))
    by_spend = float(np.sum(alive_expected * per_active * margin * (spend_after - spend_before)))
    existing = float(np.sum(totals[rows]))
    by_alive = existing - as_expected - by_spend
    return as_expected - expected, by_spend, by_alive, float(np.sum(totals)) - existing


def _equity(valuation: BaseValuation, horizon: float) -> float:
    return replace(valuation, horizon=horizon).equity


def _time_between(opening: BaseValuation, closing: BaseValuation) -> float:
    """Return the time between the two dates in the clock's unit."""
    clock = opening.rfm.clock
    if clock != closing.rfm.clock:
        raise ClockMismatch(
            f"The opening is in {clock}, the closing in {closing.rfm.clock}: summarize both with the same clock."
        )
    begin, end = opening.rfm.observation_end, closing.rfm.observation_end
    ticks = clock.last_tick(str(end)) - clock.last_tick(str(begin))
    if ticks <= 0:
        raise InvalidOption(f"The closing ({end}) is not later than the opening ({begin}).")
    return ticks / clock.ticks_per_unit


def _positions(before: RFM, after: RFM) -> Any:
    """Return the position of each earlier customer in the later RFM, (n,)."""
    places = {key: i for i, key in enumerate(after.customer_id.to_list())}
    keys = before.customer_id.to_list()
    missing = [key for key in keys if key not in places]
    if missing:
        raise InvalidRFM(
            f"{len(missing):,} customers of the opening are missing from the closing (first: "
            f"{', '.join(map(repr, missing[:EXAMPLES]))}): summarize the same log up to both dates."
        )
    return np.array([places[key] for key in keys], dtype=np.intp)

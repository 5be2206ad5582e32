"""Unit economics: the cost of acquiring customers, their value, and when they pay back, by cohort or channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import IntervalOfTotal, PredictionOptions, group_codes
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.valuation.acquisition_value import acquisition_finding
from clvmodels.valuation.costs import Costs, check_currency
from clvmodels.valuation.drawn.group_totals import GroupTotals
from clvmodels.valuation.drawn.sampled_sums import SampledCustomers
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.periods import CalendarUnit
from clvmodels.valuation.realized import calendar_ticks
from clvmodels.valuation.remaining_value import customer_findings, interval_columns
from clvmodels.valuation.since_acquisition import ValueSinceAcquisition
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValueGroups

__all__ = ["UnitEconomics", "acquisition_cohorts", "customer_groups", "group_name", "unit_economics"]

MONTH_DAYS = 365.25 / 12
MOST_MONTHS = 120
COHORTS = {f"cohort_{unit}": unit for unit in get_args(CalendarUnit)}
ROUNDING_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class UnitEconomics(displays.Display):
    """The cost of acquiring groups of customers, their value, and when they pay back.

    Amounts are values at acquisition: from the first order on, before the cost of acquisition, in money of the day of
    the first order unless they are not discounted.

    Attributes
    ----------
    groups : frame
        One row per group: the group; customers; partial (whether the cohort's period is only partly observed);
        acquisition_cost; value_to_date, expected_value and value_at_acquisition (their sum); cac and break_even_cac,
        per customer, the latter with its interval; clv_to_cac and roi, (value - cost) / cost, both missing without a
        cost; payback_month, the first month by whose end the expected value covers the cost, missing if none does.
    payback : frame
        One row per group and month since the first order: the group; month; customers; seen, the customers whose month
        is over; status ("observed" if all are seen, "partly", "expected" if none is); acquisition_cost; value, the
        group's value by the end of the month, with its interval; probability_covered, P(the value covers the cost);
        share_paid_back, the expected share of customers whose own value covers their own cost; observed_share, that
        share among the customers seen, missing if none is. With interval=None, the interval, probability_covered and
        share_paid_back are left out.
    currency : str or None
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> result = clv.unit_economics(*models, history, costs=clv.Costs(acquisition=15.0), draws=50, **terms)
    >>> result.frame()[["customers", "cac", "break_even_cac", "clv_to_cac", "payback_month"]].round(2).values.tolist()
    [[2357.0, 15.0, 29.73, 1.98, 1.0]]
    """

    shown_table: ClassVar[str] = "groups"
    groups: frames.Frame
    payback: frames.Frame
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table with one row per group."""
        return self.groups

    def plot(self, **options: Any) -> Any:
        """Draw the value of each group by month as a multiple of its cost; see `clvmodels.plots.payback`."""
        return displays.draw("payback", self.payback, **options)


def unit_economics(
    purchases: PurchaseModel,
    spend: SpendModel,
    history: KnownHistory,
    *,
    horizon: float | str,
    annual_discount_rate: float,
    margin: float,
    costs: Costs,
    currency: str | None = None,
    by: str = "total",
    discounted: bool = True,
    interval: float | None = 0.9,
    draws: int = 200,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
) -> UnitEconomics:
    """Compare the cost of acquiring customers with their value, by cohort, channel or any attribute.

    CLV:CAC divides the value at acquisition, not the remaining value, by the cost of acquisition: what customers have
    spent so far counts too. Orders up to the cutoff count as they were, the rest of the horizon as expected.

    Parameters
    ----------
    purchases, spend : fitted models
    history : KnownHistory
        The log with amounts, from `KnownHistory.from_log`.
    horizon : float or str
        Counts from each customer's first order; at most 120 months.
    annual_discount_rate : float
        Effective rate per year.
    margin : float
        Share of spend that remains as margin before these costs.
    costs : Costs
        With the cost of acquisition, as a number, a column or a table by channel.
    currency : str, optional
        Code of three letters, such as "EUR".
    by : str, default="total"
        "total", an attribute of the customers, or "cohort_week", "cohort_month", "cohort_quarter" or "cohort_year":
        the calendar period of the first order.
    discounted : bool, default=True
        Whether values are discounted to the day of the first order.
    interval : float or None, default=0.9
        Central probability of intervals. None leaves out intervals and probabilities, which need draws: much faster.
    draws : int, default=200
        Number of draws, from which intervals and probabilities are computed; see `remaining_value` for more than
        100,000 customers.
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        Whether intervals also allow for changing conditions; see `remaining_value`.

    Returns
    -------
    UnitEconomics

    Raises
    ------
    InvalidOption
        For values out of range, a history without amounts, or costs charged while alive, which is not observed.
    InvalidRFM
        If a column of costs has blanks.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"amount": "amount", "time_unit": "week", "observation_end": "1997-09-30"}
    >>> history = clv.KnownHistory.from_log(log, **options)
    >>> models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35, "draws": 20}
    >>> costs = clv.Costs(acquisition=15.0)
    >>> payback = clv.unit_economics(*models, history, costs=costs, **terms).payback
    >>> payback["status"].tolist()[4:9], payback["share_paid_back"].round(2).tolist()[:3]
    (['observed', 'observed', 'partly', 'partly', 'expected'], [0.29, 0.34, 0.36])
    """
    check_same_clock(purchases, spend)
    terms = ValueTerms.from_keywords(horizon=horizon, annual_discount_rate=annual_discount_rate, margin=margin)
    seed = seed_of(random_state)  # once: a Generator has another seed each time
    options = PredictionOptions(interval, "outcome", by, draws, seed, total_interval)
    if not isinstance(costs, Costs):
        raise InvalidOption(f"costs={costs!r} is not clv.Costs, such as clv.Costs(acquisition=12.0).")
    code = check_currency(currency, costs.currency)
    months = _months(terms, history)
    since = ValueSinceAcquisition(purchases, spend, history, terms, costs, months, discounted)
    groups, partial = customer_groups(history, by)
    segments = ValueGroups(groups.labels, np.where(since.exists, groups.codes, -1))
    flows = _Flows.of(since, segments, options)
    findings = [acquisition_finding(since, code), *customer_findings(since.customers), *_findings(flows)]
    if options.interval is not None:
        findings += since.findings_of_draws(segments, draws, seed, total_interval)
    kind = history.rfm.kind
    name = group_name(history, by)
    return UnitEconomics(
        frames.table(kind, _group_table(name, flows, partial, options, code)),
        frames.table(kind, _payback_table(name, flows, options, code)),
        code,
        tuple(findings),
    )


def acquisition_cohorts(history: KnownHistory, unit: CalendarUnit) -> tuple[ValueGroups, npt.NDArray[np.bool_]]:
    """Return the period of each customer's first order, by its first day, and a mask of partly observed periods."""
    clock, log, cutoff = history.clock, history.purchase_log, history.cutoff
    first = log.first[log.first <= cutoff]
    days, ends = calendar_ticks(clock, int(first.min()), cutoff, unit)
    codes = np.searchsorted(ends, first)
    partial = ends > cutoff
    begins = clock.last_tick(days[0])
    partial[0] |= log.first_tick > begins  # the log starts after the first day of the first period
    return ValueGroups(np.array([day.isoformat() for day in days], dtype=object), codes), partial


def group_name(history: KnownHistory, by: str) -> str:
    """Return the name of the column of groups."""
    return by if by in history.rfm.attributes or by not in COHORTS else "cohort"


def _months(terms: ValueTerms, history: KnownHistory) -> Array:
    """Return the ends of the months since the first order, in the clock's unit; the last is the horizon."""
    clock = history.clock
    horizon = terms.length(clock)
    month = 1.0 if clock.discrete and clock.time_unit == "month" else MONTH_DAYS / clock.days_per_unit
    count = max(1, int(np.ceil(horizon / month - ROUNDING_TOLERANCE)))
    if count > MOST_MONTHS:
        raise InvalidOption(
            f"horizon={terms.horizon!r} is {count:,} months, more than {MOST_MONTHS}: name a shorter one."
        )
    ends: Array = np.minimum(month * np.arange(1.0, count + 1), horizon)
    return ends


def customer_groups(history: KnownHistory, by: str) -> tuple[ValueGroups, npt.NDArray[np.bool_]]:
    """Return the groups of customers by attribute or cohort, and a mask of cohorts of a partly observed period."""
    if by in COHORTS and by not in history.rfm.attributes:
        every, every_partial = acquisition_cohorts(history, COHORTS[by])
        present = np.bincount(every.codes, minlength=len(every.labels)) > 0
        return ValueGroups(every.labels[present], (np.cumsum(present) - 1)[every.codes]), every_partial[present]
    groups = ValueGroups(*group_codes(history.rfm, by))
    return groups, np.zeros(len(groups.labels), dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class _DrawnFlows:
    """Values of groups under draws, (draws, g, k), and the share of customers who have paid back, (g, k)."""

    values: Array
    paid_back: Array

    @classmethod
    def of(
        cls, since: ValueSinceAcquisition, segments: ValueGroups, realized: Array, options: PredictionOptions
    ) -> _DrawnFlows:
        """Draw values after the cutoff and add them to realized ones (n, k), by group and by customer."""
        groups, cac = GroupTotals(segments), since.customers.amounts.acquisition[:, None]
        covered, ahead = realized >= cac, since.has_ahead()
        change = np.zeros((options.draws, len(segments.labels), realized.shape[1]))

        def count_paid_back(number: int, sample: SampledCustomers, future: Array) -> None:
            """Estimate how many more customers of each group have paid back in a draw than up to the cutoff."""
            rows = np.flatnonzero((segments.codes[sample.rows] >= 0) & ahead[sample.rows])
            at = sample.rows[rows]
            paid_back = realized[at] + np.cumsum(future[rows], axis=1) >= cac[at]
            totals = GroupTotals(ValueGroups(segments.labels, segments.codes[at]))
            more = paid_back.astype(float) - covered[at]
            # Weights are those of noise, 1 / sqrt(chance): a customer stands for 1 / chance customers.
            change[number] = totals.of(more, None if sample.weights is None else sample.weights[rows] ** 2)

        seed = seed_of(options.random_state)
        ahead_of_cutoff = since.drawn_totals(segments, options.draws, seed, options.total_interval, count_paid_back)
        paid_back = options.draws * groups.of(covered) + change.sum(axis=0)
        return cls(
            groups.of(realized) + np.cumsum(ahead_of_cutoff, axis=2),
            # An estimate from a sample may be slightly outside.
            np.clip(paid_back / options.draws / np.maximum(groups.size, 1)[:, None], 0.0, 1.0),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Flows:
    """Sums over the customers of group g by month k: realized, expected and drawn values, and the share paid back."""

    labels: Any
    customers: npt.NDArray[np.int64]
    cost: Array
    realized: Array
    expected: Array
    observed_share: Array
    seen: npt.NDArray[np.int64]
    drawn: _DrawnFlows | None

    @classmethod
    def of(cls, since: ValueSinceAcquisition, segments: ValueGroups, options: PredictionOptions) -> _Flows:
        """Return the sums, with values cumulative over months."""
        totals, cac = GroupTotals(segments), since.customers.amounts.acquisition[:, None]
        realized = np.cumsum(since.realized(), axis=1)
        over = since.T[:, None] >= since.ends - ROUNDING_TOLERANCE
        seen = totals.of(over)
        observed = totals.of(over & (realized >= cac))
        drawn = None if options.interval is None else _DrawnFlows.of(since, segments, realized, options)
        return cls(
            segments.labels,
            totals.size,
            totals.of(cac)[:, 0],
            totals.of(realized),
            np.cumsum(totals.of(since.expected()), axis=1),
            quotient(observed, seen),
            seen.astype(np.int64),
            drawn,
        )

    @property
    def value(self) -> Array:
        """Return realized plus expected values, cumulative over months, (g, k)."""
        return self.realized + self.expected


def _group_table(
    name: str, flows: _Flows, partial: npt.NDArray[np.bool_], options: PredictionOptions, currency: str | None
) -> dict[str, Any]:
    value, cost, customers = flows.value[:, -1], flows.cost, np.maximum(flows.customers, 1)
    covered = flows.value >= flows.cost[:, None]
    drawn = None if flows.drawn is None else flows.drawn.values[:, :, -1] / customers
    month = np.where(covered.any(axis=1), covered.argmax(axis=1) + 1.0, np.nan)
    table = {
        name: flows.labels,
        "customers": flows.customers,
        "partial": partial,
        "acquisition_cost": cost,
        "value_to_date": flows.realized[:, -1],
        "expected_value": flows.expected[:, -1],
        "value_at_acquisition": value,
        "cac": cost / customers,
        "break_even_cac": value / customers,
        **_interval("break_even_cac", drawn, options),
        "clv_to_cac": quotient(value, cost),
        "roi": quotient(value - cost, cost),
        "payback_month": month,
    }
    return with_currency(table, currency)


def _payback_table(name: str, flows: _Flows, options: PredictionOptions, currency: str | None) -> dict[str, Any]:
    count, months = flows.value.shape
    customers, cost = np.repeat(flows.customers, months), np.repeat(flows.cost, months)
    seen = flows.seen.ravel()
    drawn = None if flows.drawn is None else flows.drawn.values.reshape(len(flows.drawn.values), -1)
    status = np.where(seen == customers, "observed", np.where(seen == 0, "expected", "partly"))
    table = {
        name: np.repeat(flows.labels, months),
        "month": np.tile(np.arange(1, months + 1), count),
        "customers": customers,
        "seen": seen,
        "status": status,
        "acquisition_cost": cost,
        "value": flows.value.ravel(),
        **_interval("value", drawn, options),
    }
    if flows.drawn is not None and drawn is not None:
        table["probability_covered"] = np.mean(drawn >= cost - ROUNDING_TOLERANCE, axis=0)
        table["share_paid_back"] = flows.drawn.paid_back.ravel()
    table["observed_share"] = flows.observed_share.ravel()
    return with_currency(table, currency)


def _interval(name: str, drawn: Array | None, options: PredictionOptions) -> dict[str, Array]:
    """Return the columns of an interval, or no columns without draws."""
    return {} if drawn is None or options.interval is None else interval_columns(name, drawn, options.interval)


def _findings(flows: _Flows) -> Findings:
    """Return findings on groups without a cost of acquisition, and on groups not expected to pay back."""
    findings = []
    free = [str(label) for label in flows.labels[(flows.cost == 0) & (flows.customers > 0)]]
    if free:
        findings.append(Finding("unit-economics-no-cost", {"groups": free}, "caution"))
    covered = np.any(flows.value >= flows.cost[:, None], axis=1)
    never = [str(label) for label in flows.labels[~covered & (flows.cost > 0)]]
    if never:
        figures = {"groups": never, "months": flows.value.shape[1]}
        findings.append(Finding("unit-economics-no-payback", figures, "caution"))
    return tuple(findings)

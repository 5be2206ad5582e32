"""Groups of customers whose revenue differs from its forecast by more than chance, with a common shock in the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames
from clvmodels.decisions.quotients import quotient
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.estimators.prediction import IntervalOfTotal, PredictionOptions, group_codes
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasts import KnownHistory
from clvmodels.inference.uncertainty import RandomState, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM
from clvmodels.valuation.cash_flow import drawn_cash_flow, expected_cash_flow
from clvmodels.valuation.costs import check_currency
from clvmodels.valuation.drawn.futures import level_factors
from clvmodels.valuation.lifetime_value import check_same_clock
from clvmodels.valuation.money_table import with_currency
from clvmodels.valuation.periods import periods_after
from clvmodels.valuation.realized import realized_orders
from clvmodels.valuation.value_terms import ValueTerms
from clvmodels.valuation.valued_customers import ValuedCustomers, ValueGroups

__all__ = ["EVERYBODY", "ChangeFlags", "flag_changes", "flagged_names", "flagged_rows"]

EVERYBODY = "all customers"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChangeFlags(displays.Display):
    """The revenue of groups of customers against its forecast, and which groups differ by more than chance.

    Attributes
    ----------
    groups : frame
        One row for all customers, then one per group: the group; customers; expected and actual revenue; relative, the
        actual over the expected less 1; against_others, the same over that of the other groups, in which a shock that
        is common to all cancels; multiple_of_chance, the deviation over the largest that chance explains: of `relative`
        for all customers, where chance includes a common shock, of `against_others` for groups; flagged, if beyond 1.
    level : float
        Largest chance of any flag in the table if nothing changed.
    findings : tuple of Finding

    Examples
    --------
    See `flag_changes`.

    >>> import clvmodels as clv
    >>> clv.ChangeFlags.__slots__[0]
    'groups'
    """

    shown_table: ClassVar[str] = "groups"
    groups: frames.Frame
    level: float
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table, one row for all customers and one per group."""
        return self.groups

    def plot(self, **options: Any) -> Any:
        """Draw how far each group is from its forecast; see `clvmodels.plots.changes_by_group`."""
        return displays.draw("changes_by_group", self.groups, **options)


def flag_changes(
    purchases: PurchaseModel,
    spend: SpendModel,
    rfm: RFM,
    later: KnownHistory,
    *,
    by: str,
    level: float = 0.05,
    draws: int = 500,
    random_state: RandomState = 0,
    total_interval: IntervalOfTotal = "history",
    currency: str | None = None,
) -> ChangeFlags:
    """Flag groups of customers whose revenue differs from its forecast by more than chance.

    Revenue between the end of observation of the RFM and the cutoff of a later history is compared with its forecast. A
    group is compared with the other groups, so a shock common to all, such as a bad season, flags none of them; the row
    of all customers has a common shock in its noise. The limit of chance is the largest deviation of any group that
    joint draws of all futures exceed with a chance of `level`, so it holds for the whole table. A flagged group is then
    left out of the comparison of the others.

    Groups must be known at the end of observation, such as tiers made from that day's values.

    Parameters
    ----------
    purchases, spend : fitted models
        Fitted to what was known at the end of observation.
    rfm : RFM
        With its date, and the group among its attributes (see `rfm.with_columns`).
    later : KnownHistory
        The log with amounts up to a later day, with the clock of the RFM. Customers acquired since are left out.
    by : str
        An attribute of the RFM.
    level : float, default=0.05
        Chance of any false flag in the table.
    draws : int, default=500
    random_state : int or Generator, default=0
    total_interval : {"history", "model"} or TotalInterval, default="history"
        The common shock: as large as in other shops, or as learned from a log; see `remaining_value`. "model": none.
    currency : str, optional
        Code of three letters, such as "EUR".

    Returns
    -------
    ChangeFlags

    Raises
    ------
    InvalidOption
        If the history is not later than the RFM, or for values out of range.
    InvalidRFM
        If customers of the RFM are missing from the history.

    References
    ----------
    Westfall & Young (1993), "Resampling-Based Multiple Testing", Wiley, for thresholds from the largest deviation.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> reading = {"amount": "amount", "time_unit": "week"}
    >>> rfm = clv.rfm_summary(log, observation_end="1997-09-30", **reading)
    >>> models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> tiers = clv.tiers(clv.lifetime_value(*models, rfm, **terms)).frame()[["customer_id", "tier_today"]]
    >>> later = clv.KnownHistory.from_log(log, observation_end="1997-12-31", **reading)
    >>> result = clv.flag_changes(*models, rfm.with_columns(tiers), later, by="tier_today", draws=100)
    >>> result.frame()[["tier_today", "flagged"]].values.tolist()
    [['all customers', False], ['A', False], ['B', False], ['C', False], ['D', False]]
    """
    check_same_clock(purchases, spend)
    options = PredictionOptions(None, "outcome", by, draws, random_state, total_interval)
    if not 0 < level < 1:
        raise InvalidOption(f"level={level!r} must be between 0 and 1, such as 0.05.")
    code, length = check_currency(currency), _length(rfm, later)
    terms = ValueTerms.from_keywords(horizon=length, annual_discount_rate=0.0, margin=1.0)
    customers = ValuedCustomers.of(purchases, spend, rfm, terms, None)
    labels, codes = group_codes(rfm, by)
    segments = ValueGroups(labels, np.where(np.isnan(customers.expectations.spend_per_order), -1, codes))
    whole = periods_after(rfm.clock, None, length, "year")
    seed = seed_of(random_state)
    expected = expected_cash_flow(customers, whole, segments).revenue.sum(axis=1)
    drawn = drawn_cash_flow(customers, whole, segments, draws, seed).revenue.sum(axis=2)
    common = level_factors(customers, options.total_interval, draws, seed)
    actual = _actual(rfm, later, segments)
    multiple, flagged, against = flagged_rows(actual, expected, drawn, common, level)
    included = segments.codes >= 0
    count = np.bincount(segments.codes[included], minlength=len(labels))
    columns: dict[str, Any] = {
        by: np.array([EVERYBODY, *labels.tolist()], dtype=object),
        "customers": np.append(count.sum(), count),
        "expected": np.append(expected.sum(), expected),
        "actual": np.append(actual.sum(), actual),
    }
    columns["relative"] = quotient(columns["actual"], columns["expected"]) - 1
    columns |= {"against_others": against, "multiple_of_chance": multiple, "flagged": flagged}
    table = frames.table(rfm.kind, with_currency(columns, code))
    return ChangeFlags(table, level, _findings(columns, by, level))


def flagged_rows(
    actual: Array, expected: Array, drawn: Array, common: Array | None, level: float
) -> tuple[Array, npt.NDArray[np.bool_], Array]:
    """Return the deviations as multiples of the limits of chance, the flags, and the deviations from other groups.

    The first of g + 1 rows is that of all customers, which gets 1 / (g + 1) of the level; groups share the rest,
    through the distribution of their largest deviation.

    Parameters
    ----------
    actual, expected : arrays (g,)
    drawn : array (draws, g)
        What groups may spend if nothing changed.
    common : array (draws,) or None
        Draws of a factor common to all groups.
    level : float
        Chance of any false flag.
    """
    rows = len(expected) + 1
    shock = np.ones(len(drawn)) if common is None else common
    totals = shock * drawn.sum(axis=1) / expected.sum() - 1
    away = np.abs(totals - np.median(totals))
    limit = np.quantile(away, 1 - level / rows, method="higher")
    multiple, against, flagged = np.full(rows, np.nan), np.full(rows, np.nan), np.zeros(rows, dtype=bool)
    multiple[0] = (actual.sum() / expected.sum() - 1 - np.median(totals)) / limit
    flagged[0] = abs(multiple[0]) > 1
    if rows == 2:
        return multiple, flagged, against  # a single group has no others to compare with
    largest = np.max(np.nan_to_num(np.abs(_standardized(_against(drawn, expected), None))), axis=1)
    limit = np.quantile(largest, 1 - level * (rows - 1) / rows, method="higher")
    while (included := np.flatnonzero(~flagged[1:])).size > 1:
        draws, observed = (_against(values[:, included], expected[included]) for values in (drawn, actual[None, :]))
        now = _standardized(draws, observed)[0] / limit
        multiple[1 + included], against[1 + included] = now, observed[0]
        size = np.nan_to_num(np.abs(now))
        if size.max() <= 1:
            break
        flagged[1 + included[int(np.argmax(size))]] = True
    return multiple, flagged, against


def _standardized(draws: Array, values: Array | None) -> Array:
    """Return values, by default the draws, minus the median of the draws (draws, g), in units of their spread.

    The spread is half of the central 68 %, which a few extreme draws do not move.
    """
    incomparable = np.isnan(draws).all(axis=0)  # the result of groups without anything to compare with is missing
    lower, middle, upper = np.nanquantile(np.where(incomparable, 0.0, draws), [0.16, 0.5, 0.84], axis=0)
    return quotient((draws if values is None else values) - middle, 0.5 * (upper - lower))


def _against(values: Array, expected: Array) -> Array:
    """Return each group's ratio of value to expectation, divided by that of all other groups, minus 1, (..., g)."""
    others = values.sum(axis=1)[:, None] - values
    return quotient(quotient(values, expected), quotient(others, expected.sum() - expected)) - 1


def _length(rfm: RFM, later: KnownHistory) -> float:
    """Return the time from the end of observation to the later cutoff, in the clock's unit."""
    if rfm.observation_end is None:
        raise InvalidOption("The RFM has no date: pass its end of observation, RFM.from_frame(observation_end=).")
    if later.clock != rfm.clock:
        raise InvalidOption(
            f"The RFM is in {rfm.clock}, the later history in {later.clock}: read both with the same clock."
        )
    ticks = later.cutoff - rfm.clock.last_tick(rfm.observation_end)
    if ticks <= 0:
        day = later.clock.describe_tick(later.cutoff)
        raise InvalidOption(f"The later history ends on {day}, not after the RFM ({rfm.observation_end}).")
    return float(ticks / rfm.clock.ticks_per_unit)


def _actual(rfm: RFM, later: KnownHistory, segments: ValueGroups) -> Array:
    """Return what each group spent after the end of observation, (g,)."""
    orders = realized_orders(later)
    place = {key: i for i, key in enumerate(later.rfm.customer_id.to_list())}
    mine = np.array([place.get(key, -1) for key in rfm.customer_id.to_list()], dtype=np.intp)
    if (missing := int((mine < 0).sum())) > 0:
        raise InvalidRFM(
            f"{missing:,} customers of the RFM are missing from the later history: read both from the same log."
        )
    codes = np.full(len(later.rfm), -1, dtype=np.intp)
    codes[mine] = segments.codes
    group = codes[orders.customer]
    counted = (group >= 0) & (orders.tick > rfm.clock.last_tick(str(rfm.observation_end)))
    return np.bincount(group[counted], orders.amount[counted], minlength=len(segments.labels)).astype(float)


def flagged_names(columns: dict[str, Any], by: str) -> list[str]:
    """Return the names of the groups that are flagged."""
    return [str(name) for name, flag in zip(columns[by], columns["flagged"], strict=True) if flag]


def _findings(columns: dict[str, Any], by: str, level: float) -> Findings:
    """Return a finding on the groups that changed, or on there being none."""
    names = flagged_names(columns, by)
    if not names:
        return (Finding("change-flags-none", {"level": level}),)
    return (Finding("change-flags", {"groups": names, "count": len(names), "level": level}, "caution"),)

"""The first screen of the report: the value of the customers, whether it can be used, and who is still active."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np

from clvmodels.clock import Clock
from clvmodels.frames import Frame
from clvmodels.language import Finding, Severity, message
from clvmodels.language.numbers import fixed, percent
from clvmodels.reporting.acting import ActiveCustomers, CustomerDecisions, NewCustomer, WhatToDo
from clvmodels.reporting.acting.amounts import AmountFormat
from clvmodels.reporting.acting.customer_decisions import WRITTEN_AS_ALL
from clvmodels.reporting.acting.outlook import PurchaseOutlook
from clvmodels.reporting.acting.what_to_do import newcomer_figures
from clvmodels.reporting.cautions import Caution
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.series.past_report import ValueChange
from clvmodels.reporting.value_summary import ValueBasis, ValueSummary, sorted_values, summarize_value
from clvmodels.reporting.verdict.ranking import grade_ranking
from clvmodels.reporting.verdict.totals import errors_of_totals
from clvmodels.valuation.value_terms import LIFETIME

__all__ = ["AtAGlance", "Card", "Grade", "Range", "Status", "glance_at"]

Grade = Literal["good", "fair", "poor", "none"]
LEVEL_GOOD, LEVEL_FAIR = 0.10, 0.25  # largest error of a total at a cutoff for the grades good and fair
SEVERITIES: dict[Grade, Severity] = {"good": "info", "fair": "caution", "poor": "problem", "none": "caution"}
REVISED = 0.01  # relative difference of an earlier value from that in its own report that is worth mentioning
SHOWN_LEVEL = 0.02  # relative change of the total by the recent level that is worth mentioning
NEAR_HALF = 0.05  # largest difference of a share of the value from one half that counts as one half


@dataclass(frozen=True, slots=True)
class Status:
    """A grade of one aspect of the numbers, with evidence.

    Attributes
    ----------
    aspect : {"level", "ranking", "data"}
    grade : {"good", "fair", "poor", "none"}
        "none" if nothing was tested.
    finding : Finding
        The evidence in one sentence.
    """

    aspect: Literal["level", "ranking", "data"]
    grade: Grade
    finding: Finding

    @property
    def label(self) -> str:
        """Return the aspect and the grade as text."""
        return message(f"status-{self.aspect}", {"grade": self.grade})

    @property
    def text(self) -> str:
        """Return the evidence as a sentence."""
        return self.finding.text

    @property
    def thresholds(self) -> str:
        """Return an explanation of the grades."""
        return message(f"grade-{self.aspect}", {"good": LEVEL_GOOD, "fair": LEVEL_FAIR})

    def to_dict(self) -> dict[str, Any]:
        """Return aspect, grade and finding as plain values."""
        return {"aspect": self.aspect, "grade": self.grade, "finding": self.finding.to_dict()}


@dataclass(frozen=True, slots=True)
class Range:
    """An interval as a bar: its ends as text, and the position of the total, in percent of the width."""

    lower: str
    upper: str
    label: str
    mark: float


@dataclass(frozen=True, slots=True)
class Card:
    """One number with its label, an optional interval, and sentences below it."""

    label: str
    number: str
    notes: tuple[str, ...]
    interval: Range | None = None


@dataclass(frozen=True, slots=True)
class AtAGlance:
    """The first screen.

    Attributes
    ----------
    title, about : str
    headline : Card
        The value of the customers, or their expected purchases if there is no money.
    statuses : tuple of Status
    cards : tuple of Card
        Further numbers.
    now : tuple of (str, str)
        First things to do: headings with one sentence each.
    """

    title: str
    about: str
    headline: Card
    statuses: tuple[Status, ...]
    cards: tuple[Card, ...]
    now: tuple[tuple[str, str], ...] = ()


def glance_at(
    view: Selection,
    value: Frame | None,
    basis: ValueBasis | None,
    cautions: list[Caution],
    decisions: CustomerDecisions | None,
    actions: WhatToDo,
    change: ValueChange | None,
    name: str,
    money: AmountFormat,
    outlook: PurchaseOutlook | None = None,
) -> AtAGlance:
    """Return the first screen of a report.

    Parameters
    ----------
    view : Selection
    value : pandas or polars frame, optional
        From `lifetime_value`.
    basis : ValueBasis, optional
        The terms of these values.
    cautions : list of Caution
    decisions : CustomerDecisions, optional
    actions : WhatToDo
    change : ValueChange, optional
        The change since an earlier report, shown instead of the average customer.
    name : str
        Name of the shop; empty if it is not known.
    money : AmountFormat
        How amounts are written.
    outlook : PurchaseOutlook, optional
        Outlook of a log without money.
    """
    summary = None if value is None else summarize_value(value)
    horizon = outlook.horizon if outlook is not None else None if basis is None else basis.terms.horizon
    statuses = (_judge_level(view, horizon), _judge_ranking(view), _judge_data(cautions))
    kind = "money" if summary is not None else "purchases"
    title = message("glance-title", {"kind": kind, "name": name, "has_name": bool(name)})
    if value is None or summary is None:
        if outlook is None:
            return AtAGlance(title, _about(view, None), _purchases_card(view), statuses, (), actions.now)
        active = () if outlook.active is None else (_share_card(outlook.active),)
        return AtAGlance(
            title,
            _about(view, None, None if outlook.active is None else outlook.active.customers),
            _outlook_card(outlook),
            statuses,
            active,
            actions.now,
        )
    newcomer = None if decisions is None else decisions.newcomer
    cards = [_active_card(view, value, decisions)]
    cards.append(_mean_card(summary, money) if change is None else _change_card(change, money))
    cards.append(None if newcomer is None else _newcomer_card(newcomer, basis, money))
    best_share = None if decisions is None else float(decisions.tiers.summary["share_of_value"].iloc[0])
    headline = _value_card(value, summary, basis, money, best_share)
    shown = tuple(card for card in cards if card is not None)
    return AtAGlance(title, _about(view, basis, summary.customers), headline, statuses, shown, actions.now)


def _about(view: Selection, basis: ValueBasis | None, customers: int | None = None) -> str:
    """Return a text on the customers behind the numbers, those valued or of the last test, with days and terms."""
    facts = view.facts
    figures = {"start": facts["calibration_start"], "end": facts["holdout_end"]}
    figures |= {"customers": facts["customers"] if customers is None else customers, "tested": customers is None}
    parts = [Finding("glance-about", figures).text]
    if basis is not None:
        parts.append(basis.terms.text)
    return " · ".join(parts)


def _value_card(
    value: Frame, summary: ValueSummary, basis: ValueBasis | None, money: AmountFormat, best_share: float | None
) -> Card:
    """Return the card of the value of all customers, with the interval that earlier errors support.

    `best_share` is the share of the value that the best tier holds, if there are tiers.
    """
    has_horizon = basis is not None and isinstance(basis.terms.horizon, str)
    is_lifetime = basis is not None and basis.terms.is_lifetime
    is_revenue = basis is not None and basis.terms.margin == 1
    figures = {"revenue": is_revenue, "has_horizon": has_horizon and not is_lifetime, "lifetime": is_lifetime}
    label = message("glance-value", figures | {"horizon": basis.terms.horizon if basis else ""})
    notes = []
    if basis is not None and basis.terms.margin < 1:
        notes.append(message("glance-margin", {"margin": basis.terms.margin}))
    if summary.total > 0:
        values = sorted_values(value)
        half = int(np.searchsorted(np.cumsum(values), 0.5 * summary.total)) + 1
        if best_share is None or abs(best_share - 0.5) > NEAR_HALF:  # unless the sentence on tier A says it already
            notes.append(message("glance-half", {"customers": half, "share": half / len(values)}))
        notes.append(message("glance-newcomers-excluded"))
    if basis is not None and basis.has_interval and not basis.tested:
        notes.append(message("glance-untested-interval", {"chosen": basis.total_interval}))
    if basis is not None and abs(basis.at_recent_level / summary.total - 1) > SHOWN_LEVEL:
        more = basis.at_recent_level > summary.total
        notes.append(message("glance-recent-level", {"amount": money.round(basis.at_recent_level), "more": more}))
    return Card(label, money.round(summary.total), tuple(notes), _range(summary.total, basis, money))


def _range(total: float, basis: ValueBasis | None, money: AmountFormat) -> Range | None:
    """Return the interval of the total as a bar from its lower to its upper end."""
    if basis is None or not basis.has_interval or not basis.upper > basis.lower:
        return None
    mark = round(100 * (total - basis.lower) / (basis.upper - basis.lower), 1)
    label = message("glance-interval", {"level": basis.level})
    return Range(money.round(basis.lower), money.round(basis.upper), label, min(max(mark, 0.0), 100.0))


def _outlook_card(outlook: PurchaseOutlook) -> Card:
    """Return the card of expected purchases, with the interval that earlier errors support."""
    number = AmountFormat("")  # purchases are rounded in the same way as amounts
    customers = 0 if outlook.active is None else outlook.active.customers
    notes = []
    if customers:
        notes.append(message("glance-half", {"customers": outlook.half, "share": outlook.half / customers}))
        notes.append(message("glance-newcomers-excluded"))
    if not outlook.tested:
        notes.append(message("glance-untested-interval", {"chosen": outlook.total_interval}))
    if abs(outlook.at_recent_level - outlook.expected) > SHOWN_LEVEL * outlook.expected:
        more = outlook.at_recent_level > outlook.expected
        figures = {"purchases": number.round(outlook.at_recent_level), "more": more}
        notes.append(message("glance-recent-purchases", figures))
    label = message("glance-outlook", {"horizon": outlook.horizon})
    interval = None
    if outlook.upper > outlook.lower:
        mark = round(100 * (outlook.expected - outlook.lower) / (outlook.upper - outlook.lower), 1)
        between = message("glance-interval", {"level": outlook.level})
        ends = number.round(outlook.lower), number.round(outlook.upper)
        interval = Range(*ends, between, min(max(mark, 0.0), 100.0))
    return Card(label, number.round(outlook.expected), tuple(notes), interval)


def _purchases_card(view: Selection) -> Card:
    """Return the card of the forecast of purchases at the last cutoff, for a log without money."""
    row = view.row("purchases")
    figures = {"horizon": view.horizon, "cutoff": view.facts["calibration_end"]}
    if row is None:
        return Card(message("glance-purchases", figures), fixed(math.nan, 0), ())
    notes = (message("glance-purchases-actual", {"actual": float(row["actual"])}),)
    return Card(message("glance-purchases", figures), fixed(float(row["predicted"]), 0), notes)


def _active_card(view: Selection, value: Frame, decisions: CustomerDecisions | None) -> Card | None:
    """Return the card of the share of active customers, or None if no model can estimate it."""
    active = None if decisions is None else decisions.active
    if active is None:
        frame = nw.from_native(value, eager_only=True)
        if "probability_alive" not in frame.columns or view.reference in view.one_time_buyers_stay:
            return None
        alive = np.asarray(frame["probability_alive"].to_numpy(), dtype=float)
        alive = alive[np.isfinite(alive)]
        if not len(alive) or np.mean(1 - alive) < WRITTEN_AS_ALL:  # nearly without dropout, the model cannot tell
            return None
        active = ActiveCustomers(float(alive.sum()), len(alive), view.name)
    return _share_card(active)


def _share_card(active: ActiveCustomers) -> Card:
    """Return the card of the share of customers who are still active."""
    share = percent(active.active / active.customers, 0)
    return Card(message("glance-active"), share, (message("glance-active-note", active._asdict()),))


def _mean_card(summary: ValueSummary, money: AmountFormat) -> Card:
    """Return the card of the value of the average customer."""
    note = message("glance-customer-note", {"median": money.round(summary.median)})
    return Card(message("glance-customer"), money.round(summary.mean), (note,))


def _change_card(change: ValueChange, money: AmountFormat) -> Card:
    """Return the card of why the value changed, beginning with what customers did beyond expectation."""
    parts = {name: money.signed(getattr(change, name)) for name in ("experience", "acquired", "as_expected", "other")}
    direction = "worse" if change.experience < 0 else "better"
    notes = [message("glance-change-note", parts | {"direction": direction})]
    if abs(change.opening - change.stated) > REVISED * abs(change.stated):
        notes.append(message("glance-change-revised", {"stated": money.round(change.stated)}))
    return Card(message("glance-change", {"begin": change.begin}), money.signed(change.change), tuple(notes))


def _newcomer_card(newcomer: NewCustomer, basis: ValueBasis | None, money: AmountFormat) -> Card:
    """Return the card of the value of a new customer, which is the most that one may cost."""
    figures = newcomer_figures(newcomer, basis, money)
    note = message("glance-newcomer-note", figures)
    return Card(message("glance-newcomer", figures), figures["value"], (note,))


def _judge_level(view: Selection, horizon: float | str | None) -> Status:
    """Return the grade of totals by their largest error at a cutoff, never good if values look further ahead."""
    errors = errors_of_totals(view)
    quantity = "money" if "money" in errors else "purchases"
    each = errors.get(quantity, [])
    if not each:
        return _status("level", "none", Finding("status-level-untested", severity="caution"))
    largest = max(map(abs, each))
    grade: Grade = "good" if largest <= LEVEL_GOOD else "fair" if largest <= LEVEL_FAIR else "poor"
    further = horizon is not None and _looks_further(view, horizon)
    direction = "low" if max(each) < 0 else "high" if min(each) > 0 else "mixed"
    figures = {
        "quantity": quantity,
        "cutoffs": len(each),
        "lowest": min(each),
        "highest": max(each),
        "direction": direction,
        "least": -min(each) if direction == "mixed" else min(map(abs, each)),
        "most": max(each) if direction == "mixed" else largest,
        "further": further,
        "horizon": view.horizon if horizon is None else horizon,
        "tested": view.horizon,
        "capped": further and grade == "good",  # good, but never so called while the horizon is untested
        **view.sample,
    }
    return _status("level", "fair" if figures["capped"] else grade, Finding("status-level-evidence", figures))


def _looks_further(view: Selection, horizon: float | str) -> bool:
    """Return whether the headline looks further ahead than the forecasts that were tested."""
    clock = Clock(view.facts["time_unit"])
    return horizon == LIFETIME or clock.duration(horizon) > clock.duration(view.horizon) + 1e-9


def _judge_ranking(view: Selection) -> Status:
    """Return the grade of the ranking by its Gini at the last cutoff, with the share of the first 10 % as evidence."""
    for quantity in ("money", "purchases"):
        row = view.row(quantity)
        if row is not None and math.isfinite(row["gini"]) and math.isfinite(row["capture"]):
            figures = {"quantity": quantity, "captured": float(row["capture"])}
            return _status("ranking", grade_ranking(view), Finding("status-ranking-evidence", figures))
    return _status("ranking", "none", Finding("status-ranking-untested", severity="caution"))


def _judge_data(cautions: list[Caution]) -> Status:
    """Return the grade of the data by the most severe finding about the data and the fits."""
    problems = sum(caution.finding.severity == "problem" for caution in cautions)
    figures = {"cautions": len(cautions), "problems": problems}
    grade: Grade = "poor" if problems else "fair" if cautions else "good"
    return _status("data", grade, Finding("status-data-evidence", figures))


def _status(aspect: Literal["level", "ranking", "data"], grade: Grade, finding: Finding) -> Status:
    return Status(aspect, grade, Finding(finding.code, finding.figures, SEVERITIES[grade]))

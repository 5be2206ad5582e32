"""The first screen of the report: what the customers are worth, whether that can be used, and who is still active."""

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
from clvmodels.reporting.cautions import Caution
from clvmodels.reporting.selection import Selection
from clvmodels.reporting.value_summary import ValueBasis, ValueSummary, sorted_values, summarize_value
from clvmodels.reporting.verdict.ranking import grade_ranking
from clvmodels.reporting.verdict.totals import errors_of_totals

__all__ = ["AtAGlance", "Card", "Grade", "Range", "Status", "glance_at"]

Grade = Literal["good", "fair", "poor", "none"]
LEVEL_GOOD, LEVEL_FAIR = 0.10, 0.25  # largest error of a total at a cutoff up to which the level is good, and fair
SEVERITIES: dict[Grade, Severity] = {"good": "info", "fair": "caution", "poor": "problem", "none": "caution"}
DIGITS = 3  # leading digits of a headline number: more would be noise


@dataclass(frozen=True, slots=True)
class Status:
    """Whether one aspect of the numbers can be used.

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
        """The aspect and the grade in words."""
        return message(f"status-{self.aspect}", {"grade": self.grade})

    @property
    def text(self) -> str:
        """The evidence as a sentence."""
        return self.finding.text

    @property
    def thresholds(self) -> str:
        """What the grades mean."""
        return message(f"grade-{self.aspect}", {"good": LEVEL_GOOD, "fair": LEVEL_FAIR})

    def to_dict(self) -> dict[str, Any]:
        """Return aspect, grade and finding as plain values."""
        return {"aspect": self.aspect, "grade": self.grade, "finding": self.finding.to_dict()}


@dataclass(frozen=True, slots=True)
class Range:
    """An interval as a bar: its ends as text, and where bar and mark are, in percent of the width."""

    lower: str
    upper: str
    label: str
    start: float
    end: float
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
    """

    title: str
    about: str
    headline: Card
    statuses: tuple[Status, ...]
    cards: tuple[Card, ...]


def glance_at(
    view: Selection, value: Frame | None, basis: ValueBasis | None, cautions: list[Caution], name: str, currency: str
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
    name, currency : str
        Of the shop; empty if they are not known.
    """
    summary = None if value is None else summarize_value(value)
    statuses = (_judge_level(view, basis), _judge_ranking(view), _judge_data(cautions))
    kind = "money" if summary is not None else "purchases"
    title = message("glance-title", {"kind": kind, "name": name, "has_name": bool(name)})
    if value is None or summary is None:
        return AtAGlance(title, _about(view, None), _purchases_card(view), statuses, ())
    money = _Money(currency)
    cards = [_active_card(view, value), _mean_card(summary, money)]
    headline = _value_card(value, summary, basis, money)
    return AtAGlance(title, _about(view, basis), headline, statuses, tuple(card for card in cards if card is not None))


@dataclass(frozen=True, slots=True)
class _Money:
    """How amounts are written."""

    currency: str

    def round(self, amount: float) -> str:
        """Return an amount to its leading digits, with the currency."""
        if not math.isfinite(amount):
            return fixed(amount, 0)
        digits = 0 if amount == 0 else DIGITS - 1 - math.floor(math.log10(abs(amount)))
        return self.exact(round(amount, digits), max(0, digits))

    def exact(self, amount: float, places: int) -> str:
        text = fixed(amount, places)
        return message("glance-money", {"amount": text, "currency": self.currency}) if self.currency else text


def _about(view: Selection, basis: ValueBasis | None) -> str:
    """Return what the numbers are about: customers, days, terms."""
    facts = view.facts
    figures = {"customers": facts["customers"], "start": facts["calibration_start"], "end": facts["holdout_end"]}
    parts = [Finding("glance-about", figures).text]
    if basis is not None:
        parts.append(basis.terms.text)
    return " · ".join(parts)


def _value_card(value: Frame, summary: ValueSummary, basis: ValueBasis | None, money: _Money) -> Card:
    """Return the value of all customers, with the interval that earlier errors support."""
    has_horizon = basis is not None and isinstance(basis.terms.horizon, str)
    is_lifetime = basis is not None and basis.terms.is_lifetime
    is_revenue = basis is not None and basis.terms.margin == 1
    figures = {"revenue": is_revenue, "has_horizon": has_horizon and not is_lifetime, "lifetime": is_lifetime}
    label = message("glance-value", figures | {"horizon": basis.terms.horizon if basis else ""})
    notes = []
    if summary.total > 0:
        values = sorted_values(value)
        half = int(np.searchsorted(np.cumsum(values), 0.5 * summary.total)) + 1
        notes.append(message("glance-half", {"customers": half, "share": half / len(values)}))
    if basis is not None and basis.has_interval and not basis.tested:
        notes.append(message("glance-untested-interval"))
    return Card(label, money.round(summary.total), tuple(notes), _range(summary.total, basis, money))


def _range(total: float, basis: ValueBasis | None, money: _Money) -> Range | None:
    """Return the interval of the total as a bar from nothing to a quarter above the upper end."""
    if basis is None or not basis.has_interval or not basis.upper > 0:
        return None
    width = 1.25 * basis.upper
    places = [round(100 * max(amount, 0.0) / width, 1) for amount in (basis.lower, basis.upper, total)]
    label = message("glance-interval", {"level": basis.level})
    return Range(money.round(basis.lower), money.round(basis.upper), label, *places)


def _purchases_card(view: Selection) -> Card:
    """Return the forecast of purchases at the last cutoff, for a log without money."""
    row = view.row("purchases")
    figures = {"horizon": view.horizon, "cutoff": view.facts["calibration_end"]}
    if row is None:
        return Card(message("glance-purchases", figures), fixed(math.nan, 0), ())
    notes = (message("glance-purchases-actual", {"actual": float(row["actual"])}),)
    return Card(message("glance-purchases", figures), fixed(float(row["predicted"]), 0), notes)


def _active_card(view: Selection, value: Frame) -> Card | None:
    """Return the share of customers who are still active; None if the model cannot say so."""
    frame = nw.from_native(value, eager_only=True)
    if "probability_alive" not in frame.columns or view.reference in view.one_time_buyers_stay:
        return None
    alive = np.asarray(frame["probability_alive"].to_numpy(), dtype=float)
    alive = alive[np.isfinite(alive)]
    if not len(alive):
        return None
    figures = {"active": float(alive.sum()), "customers": len(alive), "title": view.name}
    return Card(message("glance-active"), percent(float(alive.mean()), 0), (message("glance-active-note", figures),))


def _mean_card(summary: ValueSummary, money: _Money) -> Card:
    """Return the value of the average customer."""
    note = message("glance-customer-note", {"median": money.exact(summary.median, 2)})
    return Card(message("glance-customer"), money.exact(summary.mean, 2), (note,))


def _judge_level(view: Selection, basis: ValueBasis | None) -> Status:
    """Grade the totals by their largest error at a cutoff; never good while the value looks further ahead."""
    errors = errors_of_totals(view)
    quantity = "money" if "money" in errors else "purchases"
    each = errors.get(quantity, [])
    if not each:
        return _status("level", "none", Finding("status-level-untested", severity="caution"))
    largest = max(map(abs, each))
    grade: Grade = "good" if largest <= LEVEL_GOOD else "fair" if largest <= LEVEL_FAIR else "poor"
    further = basis is not None and _looks_further(view, basis)
    figures = {
        "quantity": quantity,
        "cutoffs": len(each),
        "lowest": min(each),
        "highest": max(each),
        "further": further,
        "horizon": basis.terms.horizon if basis is not None else view.horizon,
        "tested": view.horizon,
    }
    return _status("level", "fair" if further and grade == "good" else grade, Finding("status-level-evidence", figures))


def _looks_further(view: Selection, basis: ValueBasis) -> bool:
    """Return whether the value looks further ahead than the forecasts that were tested."""
    clock = Clock(view.facts["time_unit"])
    return basis.terms.is_lifetime or clock.duration(basis.terms.horizon) > clock.duration(view.horizon) + 1e-9


def _judge_ranking(view: Selection) -> Status:
    """Grade the ranking by its normalized Gini at the last cutoff, with what the first 10% made as evidence."""
    for quantity in ("money", "purchases"):
        row = view.row(quantity)
        if row is not None and math.isfinite(row["gini"]) and math.isfinite(row["capture"]):
            figures = {"quantity": quantity, "captured": float(row["capture"])}
            return _status("ranking", grade_ranking(view), Finding("status-ranking-evidence", figures))
    return _status("ranking", "none", Finding("status-ranking-untested", severity="caution"))


def _judge_data(cautions: list[Caution]) -> Status:
    """Grade the data by the severest finding about them and about the fits."""
    problems = sum(caution.finding.severity == "problem" for caution in cautions)
    figures = {"cautions": len(cautions), "problems": problems}
    grade: Grade = "poor" if problems else "fair" if cautions else "good"
    return _status("data", grade, Finding("status-data-evidence", figures))


def _status(aspect: Literal["level", "ranking", "data"], grade: Grade, finding: Finding) -> Status:
    return Status(aspect, grade, Finding(finding.code, finding.figures, SEVERITIES[grade]))

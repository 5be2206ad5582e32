"""An earlier report, read from its JSON, and the change since then."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels.decisions.equity_bridge import BaseValuation, equity_bridge
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasts import KnownHistory
from clvmodels.language import Finding, Severity
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["PastReport", "ValueChange", "explain_change", "read_past_report"]

AS_EXPECTED = ("discount_unwound", "expected_cash_released", "horizon_rolled_forward")
EXPERIENCE = ("experience_orders", "experience_spend", "experience_alive")


@dataclass(frozen=True, slots=True)
class PastReport:
    """The numbers of an earlier report, from the JSON next to its page.

    Attributes
    ----------
    file : str
        Name of the file.
    name, currency : str
    end : str
        Last day of its log.
    customers : int
        All customers of the values; without values, the customers known at its last cutoff.
    value, lower, upper : float
        Value of all customers and its interval; NaN without values.
    terms : dict
        Horizon, rate and margin of the values; empty without values.
    bias, coverage : float
        Error of the total, and share of customers inside their intervals, at its last cutoff; NaN if not known.
    grades : dict
        The grade of each status by aspect.
    """

    file: str
    name: str
    currency: str
    end: str
    customers: int
    value: float
    lower: float
    upper: float
    terms: dict[str, Any]
    bias: float
    coverage: float
    grades: dict[str, str]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """The change of the value of the customers since an earlier report, by causes that add up to it.

    Attributes
    ----------
    begin, end : str
    opening, closing : float
        Value of all customers at both dates.
    acquired : float
        Value of customers whose first order is later than the earlier date.
    as_expected : float
        Expected changes of the value of earlier customers, such as orders made and the time that the horizon now
        covers.
    experience : float
        Changes due to what earlier customers did beyond expectation, the only part that shows whether they became
        better or worse.
    other : float
        Changes of estimates and terms.
    stated : float
        The opening value as stated in the earlier report.
    """

    begin: str
    end: str
    opening: float
    closing: float
    acquired: float
    as_expected: float
    experience: float
    other: float
    stated: float

    @property
    def change(self) -> float:
        """Return the closing minus the opening value."""
        return self.closing - self.opening

    @property
    def finding(self) -> Finding:
        """Return the change as a finding."""
        figures = {name: getattr(self, name) for name in self.__slots__}
        severity: Severity = "caution" if self.experience < 0 else "info"
        return Finding("report-change", figures | {"change": self.change}, severity)


def read_past_report(path: str | Path) -> PastReport:
    """Read the numbers of a report.

    Parameters
    ----------
    path : str or Path
        The JSON file next to the page.

    Returns
    -------
    PastReport

    Raises
    ------
    InvalidOption
        If the file cannot be read or is not the JSON of a report.
    """
    if not isinstance(path, (str, Path)):
        raise InvalidOption(f"compare={path!r} must be the path of the JSON of a report.")
    path = Path(path)
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InvalidOption(f"{path} cannot be read as the numbers of a report (JSON): {error}.") from None
    if not isinstance(numbers, dict) or not {"statuses", "facts", "scores"} <= set(numbers):
        raise InvalidOption(f"{path} is not the JSON that `clv report` writes next to its page: pass that file.")
    basis, value, facts = numbers.get("value_basis") or {}, numbers.get("value") or {}, numbers["facts"]
    about = numbers.get("report", {})
    row = _scores_of_reference(numbers)
    return PastReport(
        file=path.name,
        name=str(about.get("name", "")),
        currency=str(about.get("currency", "")),
        end=str(basis.get("end") or facts["holdout_end"]),
        customers=int(value.get("customers", facts["customers"])),
        value=_number(value.get("total")),
        lower=_number(basis.get("lower")),
        upper=_number(basis.get("upper")),
        terms=dict(basis.get("terms") or {}),
        bias=_number(row.get("bias")),
        coverage=_number(row.get("coverage")),
        grades={str(each["aspect"]): str(each["grade"]) for each in numbers["statuses"]},
    )


def explain_change(past: PastReport, opening: BaseValuation, closing: BaseValuation) -> ValueChange:
    """Return the causes of the change of the value since an earlier report, from an equity bridge.

    Parameters
    ----------
    past : PastReport
    opening : BaseValuation
        The base valued from the same log up to the end of the earlier report.
    closing : BaseValuation

    Returns
    -------
    ValueChange
    """
    steps = nw.from_native(equity_bridge(opening, closing).frame(), eager_only=True)
    amounts = dict(zip(steps["step"].to_list(), steps["amount"].to_list(), strict=True))
    earlier_parts = (*AS_EXPECTED, *EXPERIENCE, "acquired", "opening", "closing")
    return ValueChange(
        begin=past.end,
        end=str(closing.rfm.observation_end),
        opening=amounts["opening"],
        closing=amounts["closing"],
        acquired=amounts["acquired"],
        as_expected=sum(amounts[name] for name in AS_EXPECTED),
        experience=sum(amounts[name] for name in EXPERIENCE),
        other=sum(amount for name, amount in amounts.items() if name not in earlier_parts),
        stated=past.value,
    )


def valuation(model: CustomerModel, history: KnownHistory, terms: ValueTerms) -> BaseValuation:
    """Return a customer base with its models and terms."""
    if model.spend is None:
        raise AssertionError("values need a spend model")
    return BaseValuation(
        purchases=model.purchases,
        spend=model.spend,
        rfm=history.rfm,
        horizon=terms.horizon,
        annual_discount_rate=terms.annual_rate,
        margin=terms.margin,
    )


def check_comparable(past: PastReport) -> ValueTerms:
    """Return the terms of an earlier report; raise an InvalidOption if it has no values to compare with."""
    if not past.terms or math.isnan(past.value):
        raise InvalidOption(f"{past.file} has no values of customers to compare with: make that report with amounts.")
    terms = past.terms
    return ValueTerms.from_keywords(
        horizon=terms["horizon"], annual_discount_rate=terms["annual_rate"], margin=terms["margin"]
    )


def _scores_of_reference(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores of the report's model at its last cutoff, of money if there is any."""
    reference = numbers["facts"].get("reference")
    processes = {
        row["id"]: row.get("process") for row in numbers.get("forecasters", []) if row.get("kind") == "process"
    }
    rows = [row for row in numbers["scores"] if processes.get(row["forecaster"]) == reference]
    if not rows:
        return {}
    last = max(row["cutoff"] for row in rows)
    at_last = {row["quantity"]: row for row in reversed(rows) if row["cutoff"] == last}
    scores = dict(at_last.get("money") or at_last.get("purchases") or {})
    return scores | {"coverage": at_last.get("purchases", {}).get("coverage")}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan

"""Totals of a table of lifetime values, its concentration, and the most valuable customers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import TotalIntervalName
from clvmodels.frames import Frame
from clvmodels.language import Finding
from clvmodels.language.numbers import listed
from clvmodels.valuation.value_terms import ValueTerms

if TYPE_CHECKING:
    from clvmodels.processes.contract import Array

__all__ = [
    "ValueBasis",
    "ValueSummary",
    "check_value",
    "concentration",
    "sorted_values",
    "summarize_value",
    "top_customers",
]

REQUIRED_COLUMNS = ("customer_id", "expected_purchases", "lifetime_value")
MOST_CUSTOMERS = 20  # in the list of the most valuable


@dataclass(frozen=True, slots=True)
class ValueBasis:
    """The terms and models of a table of lifetime values, and the interval of its total.

    Attributes
    ----------
    terms : ValueTerms
    model, spend : str
        Titles of the models.
    end : str
        The end of observation of the valued customers.
    level, lower, upper : float
        The interval of the total; NaN without one.
    tested : bool
        Whether the interval allows for changing conditions.
    total_interval : {"history", "model"}
        The option of the interval.
    at_recent_level : float
        The total if the level of the last windows of the log persists as much as it usually does; NaN if not known.
    """

    terms: ValueTerms
    model: str = ""
    spend: str = ""
    end: str = ""
    level: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    tested: bool = False
    total_interval: TotalIntervalName = "history"
    at_recent_level: float = math.nan

    @property
    def has_interval(self) -> bool:
        """Return whether there is an interval of the total."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    def to_dict(self) -> dict[str, Any]:
        """Return terms, models and the interval as plain values."""
        return asdict(self)

    @property
    def finding(self) -> Finding:
        """Return the basis as a finding, or only the terms if the models are not known."""
        if not self.model:
            return self.terms.finding
        figures = {name: getattr(self, name) for name in ("model", "spend", "end", "level", "lower", "upper", "tested")}
        figures |= {"has_interval": self.has_interval, "chosen": self.total_interval}
        return Finding("value-basis", figures | {"terms": self.terms.finding})


@dataclass(frozen=True, slots=True)
class ValueSummary:
    """A summary of the lifetime values of all customers.

    Attributes
    ----------
    customers, missing : int
        All customers, and customers without a value.
    total, mean, median : float
        Money, over customers with a value; NaN if no customer has one.
    expected_purchases : float
        Expected purchases of the customers with a value, undiscounted; NaN if they have no mean.
    top_customers : int
        A tenth of the number of customers with a value, rounded up.
    top_share : float
        These customers' share of the total; NaN if the total is not positive.
    reasons : list of str
        The reasons of missing values.
    """

    customers: int
    missing: int
    total: float
    mean: float
    median: float
    expected_purchases: float
    top_customers: int
    top_share: float
    reasons: list[str]


def check_value(table: Any) -> None:
    """Raise an InvalidOption unless this is a table of `lifetime_value` with one row per customer."""
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        problem = f"got a {type(table).__name__}"
    elif missing := [name for name in REQUIRED_COLUMNS if name not in frame.columns]:
        problem = f"{listed(missing)} missing from the columns {', '.join(frame.columns)}"
    else:
        return
    raise InvalidOption(
        f"value must be a table of lifetime_value with one row per customer, made without by=: {problem}. To show the "
        "total of by='total' and its interval, write them into value_terms."
    )


def summarize_value(table: Frame) -> ValueSummary:
    """Summarize a pandas or polars table of `lifetime_value`."""
    frame = nw.from_native(table, eager_only=True)
    values = sorted_values(table)
    has_value = np.isfinite(_floats(frame["lifetime_value"]))
    top = math.ceil(len(values) / 10)
    total = float(values.sum())
    return ValueSummary(
        customers=len(frame),
        missing=len(frame) - len(values),
        total=total if len(values) else math.nan,
        mean=float(values.mean()) if len(values) else math.nan,
        median=float(np.median(values)) if len(values) else math.nan,
        expected_purchases=float(_floats(frame["expected_purchases"])[has_value].sum()),
        top_customers=top,
        top_share=float(concentration(values)[1][top]) if total > 0 else math.nan,
        reasons=_reasons(frame[np.flatnonzero(~has_value).tolist()]),
    )


def sorted_values(table: Frame) -> Array:
    """Return the lifetime values that are not missing, (n,), the highest first."""
    values = _floats(nw.from_native(table, eager_only=True)["lifetime_value"])
    return np.sort(values[np.isfinite(values)])[::-1]


def concentration(values: Array) -> tuple[Array, Array]:
    """Return the cumulative share of customers and of the value they hold, the most valuable first.

    Parameters
    ----------
    values : array (n,)
        In descending order, with a positive sum.

    Returns
    -------
    tuple of array (n + 1,)
        Both from 0 to 1; entry k covers the first k customers.
    """
    held = np.concatenate([[0.0], np.cumsum(values)]) / values.sum()
    return np.arange(len(values) + 1) / len(values), held


def top_customers(table: Frame) -> list[dict[str, Any]]:
    """Return the rows of the most valuable customers, at most twenty; ties keep the order of the table."""
    frame = nw.from_native(table, eager_only=True)
    values = _floats(frame["lifetime_value"])
    order = np.argsort(-np.where(np.isfinite(values), values, -np.inf), kind="stable")[
        : min(MOST_CUSTOMERS, len(values))
    ]
    chosen = [int(row) for row in order if np.isfinite(values[row])]
    rows: list[dict[str, Any]] = frame[chosen].rows(named=True)
    return rows


def _floats(column: nw.Series[Any]) -> Array:
    return np.asarray(column.to_numpy(), dtype=float)


def _reasons(frame: nw.DataFrame[Any]) -> list[str]:
    if "reason" not in frame.columns:
        return []
    return sorted({reason for reason in frame["reason"].to_list() if isinstance(reason, str) and reason})

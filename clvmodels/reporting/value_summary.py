"""What the frame of `lifetime_value` says as a whole: totals, how few customers hold how much, who comes first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.frames import Frame
from clvmodels.language.numbers import listed

if TYPE_CHECKING:
    from clvmodels.processes.contract import Array

__all__ = ["ValueSummary", "check_value", "concentration", "known_values", "summarize_value", "top_customers"]

NEEDED = ("customer_id", "expected_purchases", "lifetime_value")
TOP = 20  # customers listed


@dataclass(frozen=True, slots=True)
class ValueSummary:
    """Lifetime values of all customers together.

    Attributes
    ----------
    customers, missing : int
        All customers, and those without a value.
    total, mean, median : float
        Money, over customers with a value; NaN where nobody has one.
    expected_purchases : float
        Expected purchases of the customers with a value, undiscounted.
    top_customers : int
        How many are a tenth of the customers with a value, rounded up.
    top_share : float
        Share of the total they hold; NaN where the total is not positive.
    reasons : list of str
        Why values are missing.
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
    """Raise InvalidOption for what is no table of `lifetime_value` with a row a customer."""
    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        came = f"a {type(table).__name__} came"
    elif missing := [name for name in NEEDED if name not in frame.columns]:
        came = f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not among {', '.join(frame.columns)}"
    else:
        return
    raise InvalidOption(
        f"value must be the table of lifetime_value with a row a customer, without by=: {came}. The total of all and "
        "its interval, from by='total', can be told in value_terms."
    )


def summarize_value(table: Frame) -> ValueSummary:
    """Totals of the frame that `lifetime_value` returns, pandas or polars."""
    frame = nw.from_native(table, eager_only=True)
    values = known_values(table)
    known = np.isfinite(_floats(frame["lifetime_value"]))
    top = math.ceil(len(values) / 10)
    total = float(values.sum())
    return ValueSummary(
        customers=len(frame),
        missing=len(frame) - len(values),
        total=total if len(values) else math.nan,
        mean=float(values.mean()) if len(values) else math.nan,
        median=float(np.median(values)) if len(values) else math.nan,
        expected_purchases=float(_floats(frame["expected_purchases"])[known].sum()),
        top_customers=top,
        top_share=float(concentration(values)[1][top]) if total > 0 else math.nan,
        reasons=_reasons(frame),
    )


def known_values(table: Frame) -> Array:
    """Lifetime values that are not missing, (n,), the highest first."""
    values = _floats(nw.from_native(table, eager_only=True)["lifetime_value"])
    return np.sort(values[np.isfinite(values)])[::-1]


def concentration(values: Array) -> tuple[Array, Array]:
    """Share of customers and the share of total value they hold, the highest first.

    Parameters
    ----------
    values : array (n,)
        In descending order, with a positive sum.

    Returns
    -------
    tuple of array (n + 1,)
        Both from 0 to 1; entry k is about the first k customers.
    """
    held = np.concatenate([[0.0], np.cumsum(values)]) / values.sum()
    return np.arange(len(values) + 1) / len(values), held


def top_customers(table: Frame) -> list[dict[str, Any]]:
    """The customers of highest value, at most twenty, as rows; equal values in the order of the frame."""
    frame = nw.from_native(table, eager_only=True)
    values = _floats(frame["lifetime_value"])
    order = np.argsort(-np.where(np.isfinite(values), values, -np.inf), kind="stable")[: min(TOP, len(values))]
    chosen = [int(row) for row in order if np.isfinite(values[row])]
    rows: list[dict[str, Any]] = frame[chosen].rows(named=True)
    return rows


def _floats(column: nw.Series[Any]) -> Array:
    return np.asarray(column.to_numpy(), dtype=float)


def _reasons(frame: nw.DataFrame[Any]) -> list[str]:
    if "reason" not in frame.columns:
        return []
    return sorted({reason for reason in frame["reason"].to_list() if isinstance(reason, str) and reason})

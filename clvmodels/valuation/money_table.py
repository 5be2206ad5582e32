"""A table of money as a result, with its quantity, its currency and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from clvmodels import displays, frames, html
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings, as_text
from clvmodels.language.numbers import fixed

__all__ = ["MoneyQuantity", "MoneyTable", "negative_finding", "with_currency"]

MoneyQuantity = Literal["remaining_value", "value_at_acquisition", "lifetime_net_value"]
PREVIEW = 5


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MoneyTable:
    """A table of money, with the quantity it holds, its currency, and findings.

    Attributes
    ----------
    quantity : {"remaining_value", "value_at_acquisition", "lifetime_net_value"}
        Name of the column of values; the three are never mixed.
    columns : mapping of str to array
        The columns of the table, by name.
    kind : FrameKind
        The kind of frame that `frame` returns.
    currency : str or None
        Currency of all amounts.
    findings : tuple of Finding
        The terms, negative values, and customers left out.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> terms = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 0.35}
    >>> value = clv.remaining_value(clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, currency="USD", **terms)
    >>> value.quantity, value.currency, round(value.total)
    ('remaining_value', 'USD', 24111)
    """

    quantity: MoneyQuantity
    columns: Mapping[str, Any]
    kind: frames.FrameKind
    currency: str | None
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table, of the same kind as the log; with a currency, it has a column `currency`."""
        return frames.table(self.kind, with_currency(self.columns, self.currency))

    @property
    def total(self) -> float:
        """Return the sum of the values that are not missing, in the currency of the table."""
        return float(np.nansum(self.columns[self.quantity]))

    @property
    def text(self) -> str:
        """Return the findings as sentences."""
        return as_text(self.findings)

    def plot(self, **options: Any) -> Any:
        """Draw a cash flow by period, the values of groups, or how customers' values are distributed.

        See `clvmodels.plots.cash_flow`, `clvmodels.plots.group_values` and `clvmodels.plots.value_distribution`.
        """
        if "period" in self.columns:
            return displays.draw("cash_flow", self.frame(), **options)
        if "customer_id" in self.columns:
            values = np.asarray(self.columns[self.quantity], dtype=float)
            return displays.draw("value_distribution", frames.table("polars", {"lifetime_value": values}), **options)
        return displays.draw("group_values", self.frame(), **options)

    def plus(self, other: MoneyTable) -> float:
        """Return the sum of two totals of the same quantity and currency.

        Raises
        ------
        InvalidOption
            If the quantities or the currencies differ.
        """
        if (self.quantity, self.currency) != (other.quantity, other.currency):
            raise InvalidOption(
                f"{self.quantity} in {self.currency or 'an unnamed currency'} and {other.quantity} in "
                f"{other.currency or 'an unnamed currency'} cannot be added: value both on the same terms."
            )
        return self.total + other.total

    def __repr__(self) -> str:
        head = frames.table("polars", {name: values[:PREVIEW] for name, values in self.columns.items()})
        unit = "" if self.currency is None else f" {self.currency}"
        return f"{self.quantity}: {fixed(self.total, 2)}{unit} in total. {self.text}\n{head}"

    def _repr_html_(self) -> str:
        rows = len(self.columns[self.quantity])
        columns = {name: values[:PREVIEW] for name, values in self.columns.items()}
        unit = "" if self.currency is None else f" in {self.currency}"
        more = f"… {rows:,} rows" if rows > PREVIEW else ""
        return html.block(f"{self.quantity}{unit}", self.text, html.table(columns, names={"customer_id"}, more=more))


def with_currency(columns: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    """Return the columns of a table, with a column `currency` if the currency is known."""
    if currency is None:
        return dict(columns)
    return {**columns, "currency": np.full(len(next(iter(columns.values()))), currency)}


def negative_finding(quantity: MoneyQuantity, values: Any) -> Findings:
    """Return a finding on the number and the sum of negative values, or nothing if there are none."""
    negative = values[values < 0]
    if not len(negative):
        return ()
    figures = {"quantity": quantity, "values": len(negative), "of": len(values), "sum": float(negative.sum())}
    return (Finding("money-negative", figures),)

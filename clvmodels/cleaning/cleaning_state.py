"""The rows of one partition of a log while it is cleaned, and the rule that set each row aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.cleaning.ledger import UNITS, Example, LedgerTally
from clvmodels.cleaning.ledger_rules import SET_ASIDE_RULES
from clvmodels.cleaning.reading import LineItems
from clvmodels.cleaning.refund_matching import RowMask, Units
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["CleaningState", "first_example"]

KEYS = ("customer_id", "date", "order_id", "product", "price")


@dataclass(frozen=True, slots=True)
class CleaningState:
    """One partition of a log while it is cleaned; arrays of shape (rows,), which change in place.

    Attributes
    ----------
    rows : narwhals.DataFrame
        The columns under their roles, and `row`, the position of each row.
    log, rules, tally
        The log as read, the rules to apply, and what they have done so far.
    rule : int array
        Position in `SET_ASIDE_RULES` of the rule that set the row aside; REMAINS if none did.
    units : int array
        Money of each row, negative for refunds.
    left : int array
        What remains of it after refunds are netted.
    stated_refunds : int array
        What the row states was refunded of its order, at least 0.
    """

    rows: nw.DataFrame[Any]
    log: LineItems
    rules: CleaningRules
    tally: LedgerTally
    rule: npt.NDArray[np.int8]
    units: Units
    left: Units
    stated_refunds: Units

    @property
    def content(self) -> list[str]:
        """Columns to sort by; only rows that are equal in every column tie."""
        first = [name for name in KEYS if name in self.log.columns]
        return [*first, *(name for name in self.log.columns if name not in first)]

    def where(self, mask: npt.NDArray[Any], rows: nw.DataFrame[Any] | None = None) -> nw.DataFrame[Any]:
        """Return the rows under a mask."""
        rows = self.rows if rows is None else rows
        return rows.filter(nw.new_series("mask", mask.astype(bool), backend=rows.implementation))

    def set_aside(self, rule: str, mask: npt.NDArray[Any], units: Units) -> None:
        """Set the rows under a mask aside by a rule, and count them with their money."""
        mask = mask.astype(bool)
        if mask.any():
            self.rule[mask] = SET_ASIDE_RULES.index(rule)
            self.tally.add(rule, int(mask.sum()), self.total(units[mask]), example=self.example(mask))

    def example(self, mask: RowMask) -> Example | None:
        """Return the first row under a mask, in the order of their content, as text with its sort key."""
        return first_example(self.where(mask), tuple(self.log.columns))

    @staticmethod
    def total(units: Units) -> int:
        """Return the exact sum, whatever its size."""
        small = units.dtype != object and np.abs(units.astype(np.float64)).sum() < 2.0**62
        return int((units if small else units.astype(object)).sum()) if len(units) else 0


def first_example(rows: nw.DataFrame[Any], columns: tuple[str, ...]) -> Example | None:
    """Return the first row by content as text with its sort key, or None if the table is empty."""
    if not len(rows):
        return None
    first = rows["customer_id"].min()
    if first is not None:
        rows = rows.filter(nw.col("customer_id") == first)
    keys = list(dict.fromkeys(name for name in (*KEYS, *columns) if name in rows.columns))
    row = rows.sort(*keys, nulls_last=True).head(1).rows(named=True)[0]
    return tuple(str(row[key]) for key in keys), ", ".join(_description(row))


def _description(row: dict[str, Any]) -> list[str]:
    """Return what identifies a row or an order, and its money."""
    parts = [] if row["customer_id"] is None else [f"customer {row['customer_id']}"]
    if row.get("order_id") is not None:
        parts.append(f"order {row['order_id']}")
    if row.get("product") is not None:
        parts.append(str(row["product"]))
    if row.get("date") is not None:
        parts.append(str(row["date"]).removesuffix(" 00:00:00"))
    if "lines" in row:
        parts.append(f"{row['lines']:,} lines")
    elif row.get("units") is not None:
        parts.append(f"{row['units'] / UNITS:,.2f}")
    elif row.get("amount") is not None:
        parts.append(f"{row['amount']:,.2f}")
    return parts

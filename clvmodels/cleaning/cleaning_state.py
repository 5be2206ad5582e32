"""The rows of a part of a log while it is cleaned, and which rule has taken which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels.cleaning.ledger import UNITS, LedgerTally
from clvmodels.cleaning.reading import JUDGED, LineItems
from clvmodels.cleaning.refund_matching import RowMask, Units
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["DUPLICATE", "LEFT_IN", "TAKES_ROWS", "ZERO", "CleaningState", "described"]

DUPLICATE = "exact duplicate"
ZERO = "zero amount"
REFUNDS = (
    "refund dropped",
    "refund netted",
    "refund beyond its purchase",
    "refund before any purchase",
    "refund of no purchase seen",
    "purchase reversed",
)
TAKES_ROWS = (*JUDGED, DUPLICATE, *REFUNDS, ZERO)
LEFT_IN = -1
KEYS = ("customer_id", "date", "order_id", "product", "price")


@dataclass(frozen=True, slots=True)
class CleaningState:
    """A part of a log being cleaned; arrays of shape (rows,), which change in place.

    Attributes
    ----------
    rows : narwhals.DataFrame
        The named columns under their roles, and `row`, the place of each.
    log, rules, tally
        What was read, what is to be done with it, and what was done.
    rule : int array
        Place in `TAKES_ROWS` of the rule that took the row out; LEFT_IN if none did.
    units : int array
        Money of each row, refunds below 0.
    left : int array
        What refunds have left of it.
    back : int array
        What the row says was given back of its order, at least 0.
    """

    rows: nw.DataFrame[Any]
    log: LineItems
    rules: CleaningRules
    tally: LedgerTally
    rule: npt.NDArray[np.int8]
    units: Units
    left: Units
    back: Units

    @property
    def content(self) -> list[str]:
        """Columns to sort by so that only rows equal in every named column tie."""
        first = [name for name in KEYS if name in self.log.columns]
        return [*first, *(name for name in self.log.columns if name not in first)]

    def where(self, mask: npt.NDArray[Any], rows: nw.DataFrame[Any] | None = None) -> nw.DataFrame[Any]:
        """Rows under a mask."""
        rows = self.rows if rows is None else rows
        return rows.filter(nw.new_series("mask", mask.astype(bool), backend=rows.implementation))

    def take(self, name: str, which: npt.NDArray[Any], units: Units) -> None:
        """Take rows out under a rule, with the money that goes with them."""
        which = which.astype(bool)
        if which.any():
            self.rule[which] = TAKES_ROWS.index(name)
            self.tally.add(name, int(which.sum()), self.total(units[which]), example=self.example(which))

    def example(self, which: RowMask) -> tuple[tuple[str, ...], str] | None:
        """The first row by content under a mask, in words, with what it sorts by."""
        return described(self.where(which), tuple(self.log.columns))

    @staticmethod
    def total(units: Units) -> int:
        """Exact sum, whatever its size."""
        small = units.dtype != object and np.abs(units.astype(np.float64)).sum() < 2.0**62
        return int((units if small else units.astype(object)).sum()) if len(units) else 0


def described(rows: nw.DataFrame[Any], shown: tuple[str, ...]) -> tuple[tuple[str, ...], str] | None:
    """The first row by content, in words, with what it sorts by; None where there is none."""
    if not len(rows):
        return None
    first = rows["customer_id"].min()
    if first is not None:
        rows = rows.filter(nw.col("customer_id") == first)
    keys = list(dict.fromkeys(name for name in (*KEYS, *shown) if name in rows.columns))
    row = rows.sort(*keys, nulls_last=True).head(1).rows(named=True)[0]
    words = [] if row["customer_id"] is None else [f"customer {row['customer_id']}"]
    if row.get("order_id") is not None:
        words.append(f"order {row['order_id']}")
    if row.get("product") is not None:
        words.append(str(row["product"]))
    if row.get("date") is not None:
        words.append(str(row["date"]).removesuffix(" 00:00:00"))
    if "lines" in row:
        words.append(f"{row['lines']:,} lines")
    elif row.get("units") is not None:
        words.append(f"{row['units'] / UNITS:,.2f}")
    elif row.get("amount") is not None:
        words.append(f"{row['amount']:,.2f}")
    return tuple(str(row[key]) for key in keys), ", ".join(words)

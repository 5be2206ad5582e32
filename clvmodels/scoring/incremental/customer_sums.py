"""A log reduced to one row per customer, to which later rows can be added without reading older ones again."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.transactions.amounts import AMOUNT_UNIT, Floats, exact_amount, money
from clvmodels.transactions.ids import FEWEST_ROWS, placeholder_among
from clvmodels.transactions.reduction import CustomerTotals, Ints

__all__ = ["CustomerSums", "LaterSums", "exact_of", "split", "sum_by_customer"]

UNITS = round(1 / AMOUNT_UNIT)  # multiples of AMOUNT_UNIT in one unit of money
ROWS_PER_PARTITION = 16_000_000


@dataclass(frozen=True, slots=True, eq=False)
class CustomerSums:
    """Sums of the purchases of each customer up to a day, in order of customer id.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
    first, last : int arrays (n,)
        Ticks of the first and the last purchase.
    purchases, rows : int arrays (n,)
        Purchases, the first included, and rows of the log.
    whole, fraction : int arrays (n,), or None
        The exact sum of money: whole units, and the remainder in multiples of AMOUNT_UNIT.
    paid_whole, paid_fraction : int arrays (n,), or None
        All money, where a forecaster reads it and the first purchase does not count.
    """

    customer_id: nw.Series[Any]
    first: Ints
    last: Ints
    purchases: Ints
    rows: Ints
    whole: Ints | None = None
    fraction: Ints | None = None
    paid_whole: Ints | None = None
    paid_fraction: Ints | None = None

    def to_frame(self) -> nw.DataFrame[Any]:
        """Return the customers as a table."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return nw.from_dict({name: column for name, column in columns.items() if column is not None}, backend="polars")

    @classmethod
    def from_frame(cls, table: nw.DataFrame[Any]) -> CustomerSums:
        """Return the customers from a table made by `to_frame`."""
        columns = {name: table[name].to_numpy() for name in table.columns if name != "customer_id"}
        return cls(table["customer_id"], **columns)

    def totals(self, end: int) -> CustomerTotals:
        """Return purchases, recency, age and money as of a tick."""
        spend = None
        if self.whole is not None and self.fraction is not None:
            spend = money(exact_of(self.whole, self.fraction))
        return CustomerTotals(self.customer_id, self.purchases, self.last - self.first, end - self.first, spend)

    @property
    def paid(self) -> Floats | None:
        """All money of each customer, (n,), if the sums have it: they must have been made with `keeps_paid`."""
        if self.paid_whole is not None and self.paid_fraction is not None:
            return money(exact_of(self.paid_whole, self.paid_fraction))
        return None if self.whole is None or self.fraction is None else money(exact_of(self.whole, self.fraction))

    def add(self, later: LaterSums) -> CustomerSums:
        """Return these sums with those of later days added."""
        new = later.sums
        places = frames.sorted_places(self.customer_id, new.customer_id)
        is_old = (self.customer_id[np.minimum(places, len(self.first) - 1)] == new.customer_id).to_numpy()
        new_rows, newcomers, before = np.flatnonzero(is_old), np.flatnonzero(~is_old), places[~is_old]
        together = self._with(new, newcomers, before) if len(newcomers) else self._copy()
        old_rows = places[is_old] + np.searchsorted(before, places[is_old], side="right")
        together.last[old_rows] = new.last[new_rows]
        together.purchases[old_rows] += new.purchases[new_rows]
        together.rows[old_rows] += new.rows[new_rows]
        if later.whole is not None and later.fraction is not None:
            for whole, fraction in (
                (together.whole, together.fraction),
                (together.paid_whole, together.paid_fraction),
            ):
                if whole is not None and fraction is not None:
                    fraction[old_rows] += later.fraction[new_rows]
                    whole[old_rows] += later.whole[new_rows] + fraction[old_rows] // UNITS
                    fraction[old_rows] %= UNITS
        return together

    @property
    def _columns(self) -> dict[str, Ints]:
        """The columns but the ids, as far as there are any, by name."""
        columns = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "customer_id"}
        return {name: column for name, column in columns.items() if column is not None}

    def _copy(self) -> CustomerSums:
        """Return the same customers in arrays of their own."""
        columns: dict[str, Any] = {name: column.copy() for name, column in self._columns.items()}
        return replace(self, **columns)

    def _with(self, new: CustomerSums, rows: npt.NDArray[np.intp], before: Ints) -> CustomerSums:
        """Return these customers and some others, each before the position where its id belongs, in new arrays."""
        size = len(self.first)
        added = before + np.arange(len(rows))
        was_there = np.ones(size + len(rows), dtype=bool)
        was_there[added] = False

        def merge(old: Ints, others: Ints) -> Ints:
            column = np.empty(len(was_there), dtype=np.int64)
            column[was_there], column[added] = old, others
            return column

        order = merge(np.arange(size), np.arange(size, size + len(rows)))
        ids = [self.customer_id.alias("customer_id"), new.customer_id.alias("customer_id")[rows]]
        columns: dict[str, Any] = {
            name: merge(column, getattr(new, name)[rows]) for name, column in self._columns.items()
        }
        return CustomerSums(nw.concat([each.to_frame() for each in ids])["customer_id"][order], **columns)

    @property
    def has_placeholder(self) -> bool:
        """Return whether an id such as 0 has far more rows than any other, and probably means unknown customers."""
        if self.rows.max(initial=0) < FEWEST_ROWS:
            return False
        first = int(self.rows.argmax())
        after = first + 1
        rest = [(begin, part) for begin, part in ((0, self.rows[:first]), (after, self.rows[after:])) if len(part)]
        top = [first, *(begin + int(part.argmax()) for begin, part in rest)]
        most = sorted(((int(self.rows[place]), place) for place in top), reverse=True)[:2]
        ids = self.customer_id.to_native()
        return placeholder_among([(ids[place], rows) for rows, place in most], int(self.rows.sum())) is not None


@dataclass(frozen=True, slots=True, eq=False)
class LaterSums:
    """The purchases of some days, which can be added to those of the days before.

    Attributes
    ----------
    sums : CustomerSums
        The sums of customers as if they had not bought before.
    whole, fraction : int arrays (n,), or None
        Their money, including that of their first purchase in these days.
    """

    sums: CustomerSums
    whole: Ints | None
    fraction: Ints | None


def sum_by_customer(
    lazy: nw.LazyFrame[Any],
    has_amount: bool,
    include_first_transaction: bool,
    rows: int,
    *,
    keeps_paid: bool = False,
) -> LaterSums:
    """Reduce checked transactions to one row per customer.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
        Columns customer_id, tick and, if there is money, amount.
    has_amount, include_first_transaction : bool
        Whether there is money, and whether that of each customer's first purchase counts.
    rows : int
        Approximate number of rows, which determines the number of partitions.
    keeps_paid : bool
        Whether the sums have all money of each customer too.
    """

    def reduce(rows_of_part: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        spent = [exact_amount(nw.col("amount")).sum()] if has_amount else []
        purchases = rows_of_part.group_by("customer_id", "tick").agg(*spent, nw.len().alias("rows"))
        tick, paid = nw.col("tick"), nw.col("amount")
        sums = [paid.sum().alias("paid"), paid.filter(tick > tick.min()).sum().alias("later")] if has_amount else []
        return purchases.group_by("customer_id").agg(
            tick.min().alias("first"),
            tick.max().alias("last"),
            nw.len().alias("purchases"),
            nw.col("rows").sum(),
            *sums,
        )

    table = frames.collect_in_parts(reduce, lazy, "customer_id", 1 + rows // ROWS_PER_PARTITION).sort("customer_id")
    arrays = {name: table[name].to_numpy().astype(np.int64) for name in ("first", "last", "purchases", "rows")}
    if not has_amount:
        return LaterSums(CustomerSums(table["customer_id"], **arrays), None, None)
    paid = split(table["paid"])
    counted = paid if include_first_transaction else split(table["later"])
    sums = CustomerSums(table["customer_id"], **arrays, whole=counted[0], fraction=counted[1])
    if keeps_paid and not include_first_transaction:
        sums = replace(sums, paid_whole=paid[0], paid_fraction=paid[1])
    return LaterSums(sums, *paid)


def exact_of(whole: Any, fraction: Any) -> nw.Series[Any]:
    """Return money in whole multiples of AMOUNT_UNIT, from its whole units and what is left."""
    parts = nw.from_dict({"whole": whole, "fraction": fraction}, backend="polars")
    exact = nw.col("whole").cast(nw.Int128) * nw.lit(UNITS, nw.Int128) + nw.col("fraction").cast(nw.Int128)
    return parts.select(exact=exact)["exact"]


def split(exact: nw.Series[Any]) -> tuple[Ints, Ints]:
    """Return multiples of AMOUNT_UNIT as whole units of money and the remainder."""
    unit = nw.lit(UNITS, nw.Int128)
    parts = exact.alias("exact").to_frame().select(whole=nw.col("exact") // unit, rest=nw.col("exact") % unit)
    whole, rest = (parts[name].cast(nw.Int64).to_numpy().astype(np.int64) for name in ("whole", "rest"))
    return whole, rest

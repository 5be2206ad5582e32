"""The lines of a log by period, customer and item: units, revenue and margin, for the parts of a change of revenue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.decisions.base_audit.groups_of_log import refuse_several_groups
from clvmodels.decisions.base_audit.log_periods import CENTS, LogPeriods
from clvmodels.errors import InvalidTransactions
from clvmodels.processes.contract import Array
from clvmodels.transactions.ids import clean_ids, missing_words
from clvmodels.transactions.log import with_numbers, with_ticks
from clvmodels.transactions.snapshots import LogTable

__all__ = ["LineColumns", "OrderLines", "order_lines"]

NUMBERS = ("amount", "quantity", "margin")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineColumns:
    """Names of the columns of a log of order lines; None for columns that it lacks."""

    customer_id: str
    date: str
    amount: str
    item: str | None = None
    quantity: str | None = None
    margin: str | None = None
    by: str | None = None

    @property
    def roles(self) -> dict[str, str]:
        """Return the columns that the log has, by role."""
        roles = ("customer_id", "date", *NUMBERS, "item", "by")
        return {role: getattr(self, role) for role in roles if getattr(self, role) is not None}

    @property
    def has_more(self) -> bool:
        """Return whether there are columns to split a change by, apart from orders and their amounts."""
        return any(each is not None for each in (self.item, self.margin, self.by))


@dataclass(frozen=True, slots=True, eq=False)
class OrderLines:
    """Lines of a log up to its end; lines of one customer, item and period are added up.

    Attributes
    ----------
    groups : object array (g,)
        Groups of customers; one, "all customers", without a column.
    group : int array (customers,)
        The group of each customer of the periods, in their order.
    items : object array (i,)
        Items; one without a column.
    customer, period, item : int arrays (m,)
    units, cents, margin : arrays (m,)
        Units sold (lines without a column of quantities), revenue, and margin in cents, missing without a column.
    has_items, has_margin, has_groups : bool
    """

    groups: npt.NDArray[np.object_]
    group: npt.NDArray[np.intp]
    items: npt.NDArray[np.object_]
    customer: npt.NDArray[np.intp]
    period: npt.NDArray[np.intp]
    item: npt.NDArray[np.intp]
    units: Array
    cents: Array
    margin: Array
    has_items: bool
    has_margin: bool
    has_groups: bool


def order_lines(
    log: LogTable, columns: LineColumns, clock: Clock, date_format: str | None, orders: LogPeriods
) -> OrderLines:
    """Read the lines of a log, given its orders by period.

    Raises
    ------
    InvalidTransactions
        If a column has blanks, or a customer is in more than one group.
    """
    opened = frames.open_frame(log, columns.roles, text_id="customer_id", csv_as_text=True, roles_are_arguments=True)
    lazy = clean_ids(opened.lazy, "customer_id", missing_words(None), parse_integers=opened.as_text)
    lazy = with_ticks(lazy, clock, columns.date, date_format, opened.longest.get("date"))
    for role in NUMBERS:
        if role in columns.roles:
            lazy = with_numbers(lazy, role, columns.roles[role], opened.as_text)
    last = orders.first_tick + len(orders.of_tick) - 1
    lazy = lazy.filter(~nw.col("customer_id").is_null() & (nw.col("tick") <= last))
    keys = ["customer_id", "tick", *(name for name in ("item", "by") if name in columns.roles)]
    sums = [nw.col(name).cast(nw.Float64).sum() for name in NUMBERS if name in columns.roles]
    filled = (name for name in columns.roles if name not in ("customer_id", "date"))
    blanks = [nw.col(name).is_null().sum().alias(f"no_{name}") for name in filled]
    _refuse_blanks(frames.collect(lazy.select(*blanks)), columns)
    table = frames.collect(lazy.group_by(keys).agg(*sums, nw.len().alias("lines"))).sort(*keys)
    ids, customer = _numbered(table["customer_id"])
    items, item = _labels(table, "item")
    groups, of_line = _labels(table, "by")
    group = np.zeros(len(ids), dtype=np.intp)
    group[customer] = of_line
    wrong = np.unique(customer[group[customer] != of_line])
    refuse_several_groups([ids[i] for i in wrong], str(columns.by))
    period = orders.of_tick[table["tick"].to_numpy().astype(np.int64) - orders.first_tick]
    units = _numbers(table, "quantity" if columns.quantity is not None else "lines")
    margin = CENTS * _numbers(table, "margin") if columns.margin is not None else np.full(len(table), np.nan)
    return OrderLines(
        groups if columns.by is not None else np.array(["all customers"], dtype=object),
        group,
        items,
        customer,
        period.astype(np.intp),
        item,
        units,
        CENTS * _numbers(table, "amount"),
        margin,
        columns.item is not None,
        columns.margin is not None,
        columns.by is not None,
    )


def _numbers(table: nw.DataFrame[Any], name: str) -> Array:
    values: Array = table[name].to_numpy().astype(float)
    return values


def _numbered(column: nw.Series[Any]) -> tuple[list[Any], npt.NDArray[np.intp]]:
    """Return the different values of a column in order, and the position of each row's value among them."""
    new = np.append(True, (column != column.shift(1)).to_numpy()[1:].astype(bool))
    return column.to_numpy()[new].tolist(), np.cumsum(new) - 1


def _labels(table: nw.DataFrame[Any], name: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp]]:
    """Return the labels of a column and the position of each row's label; a single label if there is no column."""
    if name not in table.columns:
        return np.array(["all"], dtype=object), np.zeros(len(table), dtype=np.intp)
    labels, codes = np.unique(np.array([str(each) for each in table[name].to_list()]), return_inverse=True)
    return labels.astype(object), codes.astype(np.intp)


def _refuse_blanks(counts: nw.DataFrame[Any], columns: LineColumns) -> None:
    """Raise InvalidTransactions for columns with blanks."""
    blank = {name.removeprefix("no_"): int(counts[name].item()) for name in counts.columns}
    faults = [
        f"{role}={columns.roles[role]!r} is blank in {count:,} {'row' if count == 1 else 'rows'}"
        for role, count in blank.items()
        if count
    ]
    if faults:
        raise InvalidTransactions(f"{'; '.join(faults)}: fill them in, or leave the column out.")

"""Tables with one row per customer that users pass to decisions: values, published tiers, consent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidTable, InvalidTransactions, closest
from clvmodels.processes.contract import Array

__all__ = ["EXAMPLES", "CustomerTable", "first_ids", "hash_keys", "hashed_shares", "read_customer_table", "verb"]

EXAMPLES = 3  # customers named in an error


@dataclass(frozen=True, slots=True)
class CustomerTable:
    """A table with one row per customer, each with an id that appears once.

    Attributes
    ----------
    argument : str
        Name of the argument that the table was passed as, which errors mention.
    data : narwhals.DataFrame
        All columns of the table, in its order.
    kind : FrameKind
        The kind of frame to return.
    """

    argument: str
    data: nw.DataFrame[Any]
    kind: frames.FrameKind

    def __len__(self) -> int:
        return len(self.data)

    @property
    def customer_id(self) -> nw.Series[Any]:
        """Return the ids, (n,)."""
        return self.data["customer_id"]

    def has(self, name: str) -> bool:
        """Return whether the table has a column."""
        return name in self.data.columns

    def column(self, name: str) -> nw.Series[Any]:
        """Return a column; raise an InvalidTable that lists the columns if it is missing."""
        if not self.has(name):
            present = [column for column in self.data.columns if column != "customer_id"]
            raise InvalidTable(
                f"{self.argument}= has no column {name!r}; its columns are {', '.join(map(repr, present))}."
                f"{closest(name, present)}"
            )
        return self.data[name]

    def numbers(self, name: str) -> Array:
        """Return a column of numbers as floats (n,), NaN if missing; raise an InvalidTable if any is infinite."""
        column = self.column(name)
        if not (column.dtype.is_numeric() or column.is_null().all()):
            raise InvalidTable(f"Column {name!r} of {self.argument}= has type {column.dtype}: it must be numeric.")
        values = column.cast(nw.Float64).to_numpy().astype(float)
        self.refuse(np.isinf(values), f"an infinite {name!r}")
        return values

    def texts(self, name: str) -> npt.NDArray[np.object_]:
        """Return a column as text (n,), None if missing."""
        values = self.column(name).to_list()
        return np.array([None if value is None or value != value else str(value) for value in values], dtype=object)

    def refuse(self, mask: npt.NDArray[np.bool_], fault: str, remedy: str = "") -> None:
        """Raise an InvalidTable that counts and names the customers with a fault, if there are any."""
        count = int(mask.sum())
        if count:
            ids = first_ids(self.customer_id.filter(mask.tolist()))
            raise InvalidTable(
                f"{count:,} of {len(self):,} customers of {self.argument}= {verb(count, 'has', 'have')} {fault} "
                f"(first: {ids}).{remedy}"
            )

    def positions_of(self, customer_id: nw.Series[Any]) -> npt.NDArray[np.int64]:
        """Return the row of each of these customers in the table, or -1, (m,)."""
        if customer_id.dtype.is_integer() != self.customer_id.dtype.is_integer() and len(self) and len(customer_id):
            raise InvalidTable(
                f"customer_id is {self.customer_id.dtype} in {self.argument}= and {customer_id.dtype} in the other "
                "table: convert one of them."
            )
        keys = customer_id.alias("customer_id").to_frame().with_row_index("row")
        table = self.customer_id.alias("customer_id").to_frame().with_row_index("position")
        matched = keys.join(table, on="customer_id", how="left").sort("row")
        return matched["position"].cast(nw.Int64).fill_null(-1).to_numpy()


def read_customer_table(source: frames.Frame | str | Path, argument: str) -> CustomerTable:
    """Read a table with one row per customer, with all its columns.

    Parameters
    ----------
    source : frame or path
        With a column customer_id; a pandas index of this name is used as the column.
    argument : str
        Name of the argument, which errors mention.

    Raises
    ------
    InvalidTable
        If it is not a table, has no rows, lacks ids, or has an id twice.
    """
    if not isinstance(source, (str, Path)) and getattr(getattr(source, "index", None), "name", None) == "customer_id":
        source = source.reset_index(drop="customer_id" in source.columns)
    try:
        names = ("customer_id", *frames.column_names(source))
        opened = frames.open_frame(source, {str(name): name for name in names}, text_id="customer_id")
        table = CustomerTable(argument, frames.collect(opened.lazy), opened.kind)
    except InvalidTransactions as error:
        raise InvalidTable(f"{argument}=: {error}") from error
    if not len(table):
        raise InvalidTable(f"{argument}= has no rows: it needs one row per customer.")
    table.refuse(table.customer_id.is_null().to_numpy(), "no customer_id", " Fill it in, or leave these rows out.")
    table.refuse(
        table.customer_id.is_duplicated().to_numpy(), "a customer_id that appears more than once", " Keep one row each."
    )
    return table


def hash_keys(texts: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return a hash of each text (n,), the same on every machine."""
    digests = b"".join(hashlib.sha256(text.encode()).digest()[:8] for text in texts)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def hashed_shares(name: str, ids: Iterable[Any]) -> Array:
    """Return a number from 0 to 1 for each id (n,), from a hash of a name and the id."""
    return hash_keys(f"{name}|{each}" for each in ids).astype(float) / 2.0**64


def first_ids(customers: nw.Series[Any]) -> str:
    """Return the first ids, separated by commas."""
    return ", ".join(map(str, customers.head(EXAMPLES).to_list()))


def verb(count: int, singular: str, plural: str) -> str:
    """Return the form of a verb for a number of customers."""
    return singular if count == 1 else plural

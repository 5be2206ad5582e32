"""Read covariates that change over time, from one row per customer and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array

__all__ = ["CovariateHistory"]

SHOWN = 3  # ids shown in messages
DayNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CovariateHistory:
    """Covariates of customers that change in time. Make one with `CovariateHistory.from_frame`.

    Attributes
    ----------
    customer_id : narwhals.Series, shape (n,)
        Sorted.
    start : int array, shape (n + 1,)
        Position of each customer's first row, and, last, the number of rows.
    day : int array, shape (m,)
        The first day to which a row applies, counted from 1970-01-01.
    values : array, shape (m, k)
    names : tuple of str, length k

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"customer_id": [1, 1, 2], "date": ["2024-01-01", "2024-11-20", "2024-01-01"], "promotions": [0, 1, 0]}
    ... )
    >>> history = clv.CovariateHistory.from_frame(table)
    >>> history.names, len(history.day)
    (('promotions',), 3)
    """

    customer_id: nw.Series[Any]
    start: DayNumbers
    day: DayNumbers
    values: Array
    names: tuple[str, ...]

    @classmethod
    def from_frame(
        cls,
        frame: frames.Frame | str | Path,
        *,
        customer_id: str = "customer_id",
        date: str = "date",
        columns: Sequence[str] | None = None,
    ) -> Self:
        """Read a table with one row per customer and change.

        A row applies from its date until the customer's next row. Rows at regular dates, such as one per week, are
        accepted; rows without a change are dropped.

        Parameters
        ----------
        frame : frame or path
        customer_id, date : str
            Column names. Dates are dates, or text written YYYY-MM-DD.
        columns : sequence of str, optional
            The covariates, which are numbers; default: all other columns.

        Raises
        ------
        InvalidOption
            If a column is missing or is not numeric, a value is missing, or a customer has two rows of one date.
        """
        names = tuple(columns) if columns is not None else _other_columns(frame, customer_id, date)
        if not names:
            raise InvalidOption("The table has no covariates: it needs a column other than the customer and the date.")
        table = _collect(frame, {"customer_id": customer_id, "date": date, **{name: name for name in names}})
        days = frames.days_of_dates(table["date"], "covariates").astype(np.int64)
        table = table.with_columns(date=nw.new_series("date", days, backend=table.implementation))
        table = table.sort("customer_id", "date")
        ids, day = table["customer_id"], table["date"].to_numpy().astype(np.int64)
        values = np.column_stack([_numbers(table[name], name) for name in names])
        new = np.append(True, (ids != ids.shift(1)).to_numpy()[1:].astype(bool))[: len(ids)]
        _refuse(ids, ids.is_null().to_numpy(), "have no customer id")
        _refuse(ids, ~np.all(np.isfinite(values), axis=1), "have a covariate that is missing or infinite")
        _refuse(ids, ~new & (np.diff(day, prepend=day[:1]) == 0), "repeat the date of the customer's row before")
        changes = new | np.append(True, np.any(values[1:] != values[:-1], axis=1))
        rows = np.flatnonzero(changes)
        starts = np.flatnonzero(new[rows])
        return cls(ids[rows[starts]], np.append(starts, len(rows)).astype(np.int64), day[rows], values[rows], names)

    def __repr__(self) -> str:
        return (
            f"CovariateHistory: {', '.join(self.names)} of {len(self.customer_id):,} customers, {len(self.day):,} rows"
        )

    def __len__(self) -> int:
        return len(self.customer_id)

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return the positions of covariates.

        Raises
        ------
        InvalidOption
            If one is missing.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise InvalidOption(
                f"There is no covariate {', '.join(map(repr, missing))}: the table has {', '.join(self.names)}."
            )
        return [self.names.index(name) for name in names]

    def rows_of(self, customers: nw.Series[Any]) -> DayNumbers:
        """Return the positions of some customers in this history.

        Raises
        ------
        InvalidOption
            If customers have no rows.
        """
        if customers.dtype != self.customer_id.dtype:
            raise InvalidOption(
                f"customer_id is {self.customer_id.dtype} in the covariates and {customers.dtype} in the log: "
                "convert one."
            )
        own = self.customer_id.alias("customer_id").to_frame().with_row_index("position")
        keys = customers.alias("customer_id").to_frame().with_row_index("row")
        matched = keys.join(own, on="customer_id", how="left").sort("row")["position"]
        _refuse(customers, matched.is_null().to_numpy(), "have no covariates", "customers")
        return matched.to_numpy().astype(np.int64)


def _other_columns(frame: Any, customer_id: str, date: str) -> tuple[str, ...]:
    return tuple(str(name) for name in frames.column_names(frame) if name not in (customer_id, date))


def _collect(frame: Any, columns: dict[str, str]) -> nw.DataFrame[Any]:
    return frames.collect(frames.open_frame(frame, columns, text_id="customer_id", roles_are_arguments=True).lazy)


def _numbers(column: nw.Series[Any], name: str) -> Array:
    if not (column.dtype.is_numeric() or column.dtype == nw.Boolean):
        raise InvalidOption(
            f"The covariate {name!r} has type {column.dtype}: it must be numeric; code groups as 0 and 1."
        )
    return column.cast(nw.Float64).to_numpy().astype(float)


def _refuse(ids: nw.Series[Any], faulty: npt.NDArray[np.bool_], problem: str, what: str = "rows of covariates") -> None:
    count = int(faulty.sum())
    if count:
        first = ", ".join(map(str, ids.filter(faulty.tolist()).head(SHOWN).to_list()))
        raise InvalidOption(f"{count:,} {what} {problem} (first customers: {first}).")

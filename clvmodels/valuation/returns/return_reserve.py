"""A reserve for future returns, by lag, from how soon earlier orders were returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames, html
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.processes.contract import Array

__all__ = ["ReturnReserve", "reserve_returns"]

RESERVE, NET_AMOUNT = "return_reserve", "net_amount"
EXAMPLES = 3  # rows named in an error


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReturnReserve:
    """A log with a reserve for future returns.

    Attributes
    ----------
    log : frame
        The log up to the end of observation, with the columns return_reserve and net_amount, the amount minus what was
        returned and what is reserved.
    lags : frame
        One row per lag in days: lag; amount of the orders observed for at least that long; amount returned at this lag;
        share, returned over amount.
    total : float
        The sum of the reserve.

    Examples
    --------
    See `reserve_returns`.

    >>> import clvmodels as clv
    >>> clv.ReturnReserve.__slots__
    ('log', 'lags', 'total')
    """

    log: frames.Frame
    lags: frames.Frame
    total: float

    def frame(self) -> frames.Frame:
        """Return the log with the reserve of each row."""
        return self.log

    def __repr__(self) -> str:
        return f"ReturnReserve: {self.total:,.2f} in total, returns at {len(self.lags):,} lags"

    def _repr_html_(self) -> str:
        return html.block("ReturnReserve", repr(self), displays.html_table(self.lags))


def reserve_returns(
    log: frames.Frame,
    *,
    amount: str = "amount",
    date: str = "date",
    returned: str = "returned",
    return_date: str = "return_date",
    observation_end: str | None = None,
    longest: int = 60,
) -> ReturnReserve:
    """Reserve for returns after the end of observation, by lag.

    The share of amounts returned at a lag is estimated from all orders observed for at least that long::

        share(lag) = returned at this lag / amounts of orders with an age of at least the lag
        reserve of an order = amount * sum of share(lag) over the lags beyond its age, up to `longest`

    Returns after the end of observation are left out, so a backtest does not use them.

    Parameters
    ----------
    log : frame of pandas, polars or PyArrow
        One row per order or line.
    amount : str, default="amount"
        Column of the amount, before returns.
    date, return_date : str
        Columns of dates, or of text such as "2024-03-01". A row without a return has no return date.
    returned : str, default="returned"
        Column of the amount returned of the row, 0 or blank without a return.
    observation_end : str, optional
        Last day of the log to use, such as "2024-03-31". Default: the latest date of an order.
    longest : int, default=60
        Largest lag in days. Later returns count at this lag.

    Returns
    -------
    ReturnReserve

    Raises
    ------
    InvalidOption
        For columns that do not exist or exist already, or when no order was observed for `longest` days.
    InvalidTransactions
        For rows with a blank amount or date, or a return without a date, before the order, or above the amount.

    References
    ----------
    Schmidt & Zocher (2008), "The Bornhuetter-Ferguson Principle", Variance 2(1), 85-110, for the additive method.

    Examples
    --------
    >>> import pandas as pd
    >>> import clvmodels as clv
    >>> log = pd.DataFrame(
    ...     {
    ...         "date": ["2024-01-01", "2024-01-02", "2024-01-30"],
    ...         "amount": [100.0, 100.0, 50.0],
    ...         "returned": [40.0, 0.0, 0.0],
    ...         "return_date": ["2024-01-11", None, None],
    ...     }
    ... )
    >>> result = clv.reserve_returns(log, observation_end="2024-01-31", longest=20)
    >>> result.frame()[["return_reserve", "net_amount"]].values.tolist()
    [[0.0, 60.0], [0.0, 100.0], [10.0, 40.0]]
    """
    table = nw.from_native(log, eager_only=True)
    _check(table, {"amount": amount, "date": date, "returned": returned, "return_date": return_date}, longest)
    day, back = _days(table, date), _days(table, return_date)
    price, money = _numbers(table, amount), np.nan_to_num(_numbers(table, returned))
    end = np.nanmax(day) if observation_end is None else float(np.datetime64(observation_end, "D").astype(np.int64))
    rows = np.flatnonzero(~(day > end))
    table, day, back, price, money = table[rows.tolist()], day[rows], back[rows], price[rows], money[rows]
    _refuse(~(np.isfinite(price) & np.isfinite(day)), "a blank amount or date")
    _refuse((money > 0) & ~np.isfinite(back), f"{returned} above 0 and no {return_date}")
    _refuse(back < day, f"a {return_date} before the order")
    _refuse((money < 0) | (money > np.maximum(price, 0.0)), f"{returned} below 0 or above the amount")
    money = np.where(back <= end, money, 0.0)
    age = np.minimum(end - day, longest).astype(np.int64)
    if not np.any(age == longest):
        raise InvalidOption(
            f"longest={longest}: no order was observed for that many days; the longest was {age.max()}."
        )
    lag = np.where(money > 0, np.minimum(np.nan_to_num(back - day), longest), 0).astype(np.int64)
    exposed = np.cumsum(np.bincount(age, np.maximum(price, 0.0), minlength=longest + 1)[::-1])[::-1]
    came = np.bincount(lag, money, minlength=longest + 1)
    share = np.divide(came, exposed, out=np.zeros(longest + 1), where=exposed > 0)
    ahead = share.sum() - np.cumsum(share)
    reserve = np.maximum(price, 0.0) * np.maximum(ahead[age], 0.0)
    backend = table.implementation
    columns = {RESERVE: reserve, NET_AMOUNT: price - money - reserve}
    out = table.with_columns(*(nw.new_series(name, values, backend=backend) for name, values in columns.items()))
    lags = {"lag": np.arange(longest + 1), "amount": exposed, "returned": came, "share": share}
    series = {name: nw.new_series(name, values, backend=backend) for name, values in lags.items()}
    return ReturnReserve(out.to_native(), nw.from_dict(series).to_native(), float(reserve.sum()))


def _check(table: nw.DataFrame[Any], columns: dict[str, str], longest: Any) -> None:
    missing = [f"{role}={name!r}" for role, name in columns.items() if name not in table.columns]
    if missing:
        names = ", ".join(map(repr, table.columns))
        raise InvalidOption(f"{', '.join(missing)}: there is no such column; the log has {names}.")
    present = [name for name in (RESERVE, NET_AMOUNT) if name in table.columns]
    if present:
        raise InvalidOption(f"The log already has a column {present[0]!r}: rename it first.")
    if not (isinstance(longest, int) and longest >= 1):
        raise InvalidOption(f"longest={longest!r} must be a whole number of days, at least 1.")


def _days(table: nw.DataFrame[Any], name: str) -> Array:
    """Return the days since 1970 of a column of dates, NaN if missing."""
    column = table[name]
    try:
        if column.dtype == nw.String or column.dtype == nw.Object:
            texts = [None if each is None or each != each else str(each)[:10] for each in column.to_list()]
            moments = np.array(["NaT" if text is None else text for text in texts], dtype="datetime64[D]")
        else:
            moments = np.asarray(column.to_numpy()).astype("datetime64[D]")
    except ValueError as error:
        raise InvalidTransactions(f"Column {name!r} has a value that is not a date: {error}.") from None
    missing = np.isnat(moments)
    days: Array = np.where(missing, np.nan, moments.astype(np.int64).astype(float))
    return days


def _numbers(table: nw.DataFrame[Any], name: str) -> Array:
    if not table[name].dtype.is_numeric():
        raise InvalidTransactions(f"Column {name!r} has the type {table[name].dtype}, not numbers: convert it.")
    values: Array = table[name].cast(nw.Float64).to_numpy().astype(float)
    return values


def _refuse(wrong: npt.NDArray[np.bool_], what: str) -> None:
    """Raise an InvalidTransactions with the number of wrong rows and the first ones, if there are any."""
    rows = np.flatnonzero(wrong)
    if len(rows):
        first = ", ".join(map(str, rows[:EXAMPLES]))
        of = "row has" if len(rows) == 1 else "rows have"
        raise InvalidTransactions(f"{len(rows):,} {of} {what} (first of the rows up to the end, from 0: {first}).")

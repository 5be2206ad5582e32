"""Convert amounts to the prices of one day, so that models do not mistake inflation for larger orders."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidOption

__all__ = ["deflate"]


def deflate(
    log: frames.Frame,
    prices: frames.Frame,
    *,
    amount: str = "amount",
    date: str = "date",
    index: str = "index",
    base: str | None = None,
) -> frames.Frame:
    """Return a log with its amounts in the prices of one day.

    Amounts divided by a price index no longer grow with prices, so that a change reflects the orders. Models of spend
    fitted to such amounts give values in the money of the base day.

    Parameters
    ----------
    log : frame of pandas, polars or PyArrow
        One row per transaction.
    prices : frame
        The price index, in any unit, with columns `date` and `index`. A row applies from its date until the next row.
    amount, date : str
        Columns of the log; `date` is also that of the index. Dates are dates, or text that begins with YYYY-MM-DD.
    index : str, default="index"
        Column of the index.
    base : str, optional
        The day whose prices to use, as YYYY-MM-DD; default: the day of the last row of the index.

    Returns
    -------
    frame
        The log with new amounts.

    Raises
    ------
    InvalidOption
        If a column is missing, the index is not positive or has a date twice, or rows of the log are earlier than it.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> log = pd.DataFrame({"customer_id": [1, 1], "date": ["2022-05-03", "2023-05-03"], "amount": [100.0, 110.0]})
    >>> prices = pd.DataFrame({"date": ["2022-01-01", "2023-01-01"], "index": [100.0, 110.0]})
    >>> clv.deflate(log, prices)["amount"].round(2).tolist()
    [110.0, 110.0]
    """
    table, levels = (
        _frame(each, columns, name)
        for each, columns, name in ((log, (amount, date), "log"), (prices, (date, index), "prices"))
    )
    since, level = frames.days_of_dates(levels[date], "prices"), levels[index].cast(nw.Float64).to_numpy().astype(float)
    order = np.argsort(since, kind="stable")
    since, level = since[order], level[order]
    if len(since) == 0 or not np.all(np.isfinite(level) & (level > 0)):
        raise InvalidOption(f"The index {index!r} must have positive numbers, and at least one row.")
    if np.any(np.diff(since) == 0):
        raise InvalidOption(
            f"{int(np.sum(np.diff(since) == 0)):,} dates of the index appear twice: keep one row per date."
        )
    days = frames.days_of_dates(table[date], "log")
    early = int(np.sum(days < since[0]))
    if early:
        raise InvalidOption(f"{early:,} rows of the log are before the index begins on {since[0]}: add earlier prices.")
    at_base = level[-1]
    if base is not None:
        day = frames.days_of_dates(nw.new_series("base", [base], backend=table.implementation), "base")[0]
        if day < since[0]:
            raise InvalidOption(f"base={base!r} is before the index begins on {since[0]}.")
        at_base = level[np.searchsorted(since, day, side="right") - 1]
    factor = at_base / level[np.searchsorted(since, days, side="right") - 1]
    real = table[amount].cast(nw.Float64).to_numpy().astype(float) * factor
    column = nw.new_series(amount, real, nw.Float64, backend=table.implementation)
    if table.implementation.is_pandas():
        native = table.to_native().copy()
        native[amount] = real
        return native
    return table.with_columns(column).to_native()


def _frame(table: Any, columns: tuple[str, ...], name: str) -> nw.DataFrame[Any]:
    try:
        frame: nw.DataFrame[Any] = nw.from_native(table, eager_only=True)
    except TypeError:
        raise InvalidOption(f"{name} must be a frame of pandas, polars or PyArrow.") from None
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InvalidOption(f"{name} has no column {', '.join(map(repr, missing))}: it has {', '.join(frame.columns)}.")
    return frame

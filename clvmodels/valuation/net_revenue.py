"""Net revenue: amounts without tax, shipping, discounts and returns, in one currency."""

from __future__ import annotations

import math
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.valuation.costs import check_currency

__all__ = ["net_revenue"]

NET_AMOUNT = "net_amount"
EXAMPLES = 3  # rows or codes named in an error


def net_revenue(
    log: frames.Frame,
    *,
    amount: str = "amount",
    discount: str | float = 0.0,
    shipping: str | float = 0.0,
    tax: str | float = 0.0,
    returns: str | float = 0.0,
    currency: str | None = None,
) -> frames.Frame:
    """Return a log with a column net_amount, the amount after all deductions.

    Each deduction is a column of amounts, or a rate, and they apply in this order::

        amount - discount - shipping - tax - returns

    A rate of discount, shipping or returns is a share of what remains at that step. A rate of tax is added to the net
    price, so 0.20 leaves 1 / 1.20.

    Parameters
    ----------
    log : frame of pandas, polars or PyArrow
        One row per transaction.
    amount : str, default="amount"
        Column of the amount charged, before deductions.
    discount, shipping, tax, returns : str or float, default=0.0
        A column of amounts of 0 or more, or a rate.
    currency : str, optional
        A code of three letters, or a column of codes, which must all be the same.

    Returns
    -------
    frame
        The log with the column net_amount; a net amount may be 0 or, after returns, negative.

    Raises
    ------
    InvalidOption
        For rates out of range, columns that do not exist, and a log that already has a column net_amount.
    InvalidTransactions
        For blanks, negative deductions, and amounts in more than one currency; the message names the first rows.

    Examples
    --------
    >>> import pandas as pd
    >>> import clvmodels as clv
    >>> log = pd.DataFrame({"customer_id": [1, 2], "amount": [120.0, 60.0], "postage": [6.0, 0.0]})
    >>> clv.net_revenue(log, shipping="postage", tax=0.20, returns=0.05)["net_amount"].round(2).tolist()
    [90.25, 47.5]
    """
    table = nw.from_native(log, eager_only=True)
    if NET_AMOUNT in table.columns:
        raise InvalidOption(f"The log already has a column {NET_AMOUNT!r}: rename it first.")
    _check_one_currency(table, currency)
    net = _column(table, "amount", amount, lowest=-math.inf)
    for name, value in (("discount", discount), ("shipping", shipping), ("tax", tax), ("returns", returns)):
        if isinstance(value, str):
            net = net - _column(table, name, value, lowest=0.0)
            continue
        _check_rate(name, value)
        net = net / (1 + value) if name == "tax" else net * (1 - value)
    series = nw.new_series(NET_AMOUNT, net, backend=table.implementation)
    return table.with_columns(series).to_native()


def _column(table: nw.DataFrame[Any], name: str, column: str, lowest: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column of amounts; raise an error that names the first rows that are blank or too low."""
    if column not in table.columns:
        raise InvalidOption(f"{name}={column!r} is not a column: the log has {', '.join(map(repr, table.columns))}.")
    if not table[column].dtype.is_numeric():
        raise InvalidTransactions(f"{name}={column!r} has the type {table[column].dtype}, not numbers: convert it.")
    values: np.ndarray[Any, np.dtype[np.float64]] = table[column].cast(nw.Float64).to_numpy().astype(float)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= lowest)))
    if len(wrong):
        first = ", ".join(str(row) for row in wrong[:EXAMPLES])
        of = "row has" if len(wrong) == 1 else "rows have"
        least = "" if lowest == -math.inf else " or below 0"
        raise InvalidTransactions(
            f"{name}={column!r}: {len(wrong):,} {of} an amount that is blank{least} (first, from 0: {first}): fill it "
            "in, with 0 where nothing is deducted."
        )
    return values


def _check_rate(name: str, value: Any) -> None:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not (is_number and 0 <= value < 1):
        raise InvalidOption(f"{name}={value!r} is neither a column nor a rate from 0 to below 1: 20 % is 0.20.")


def _check_one_currency(table: nw.DataFrame[Any], currency: str | None) -> None:
    """Raise an error unless all amounts are in one currency."""
    if currency is None or currency not in table.columns:
        check_currency(currency)
        return
    codes = table[currency]
    if blank := int(codes.is_null().sum()):
        raise InvalidTransactions(f"currency={currency!r} is blank in {blank:,} rows: fill it in.")
    different = sorted(map(str, codes.unique().to_list()))
    if len(different) > 1:
        raise InvalidTransactions(
            f"currency={currency!r} has {len(different)} codes ({', '.join(different[:EXAMPLES])}): amounts of two "
            "currencies are never added, so convert them to one first."
        )
    check_currency(different[0])

"""Propose the roles of the columns of a table, from their names and from what they contain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.readers.column_contents import (
    date_formats,
    few_words,
    fits_role,
    has_statuses,
    refuse_values_as_names,
    roles_by_contents,
    zone_of,
)

__all__ = ["ColumnSuggestion", "formats_of", "suggest_columns"]

FIRST_ROWS, MOST_ROWS = 2_000, 20_000_000
ROLES = ("customer_id", "date", "amount")


@dataclass(frozen=True, slots=True)
class ColumnSuggestion:
    """Proposed roles of columns, for a person to check before they are used.

    Attributes
    ----------
    columns : mapping of role to column
        Keywords of `rfm_summary`, `profile` and others: customer_id, date and, if there is money, amount.
    others : mapping of role to column
        Further keywords of `clean`, such as order_id, quantity, price, product, status and currency.
    alternatives : mapping of role to columns
        Other candidates for a role; all candidates if several are equally likely.
    date_formats : tuple of str
        Formats that read every date looked at, as `date_format` takes them; empty for dates, and for ISO 8601.
    time_zone : str or None
        The time zone that the dates state, such as "UTC"; the calendar of the shop may use another.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> log = pd.DataFrame(
    ...     {"Kunde": ["A", "A", "B"], "Datum": ["05.01.24", "13.02.24", "01.02.24"], "Betrag": [1.5, 2, 3]}
    ... )
    >>> suggestion = clv.suggest_columns(log)
    >>> dict(suggestion.columns), suggestion.date_formats
    ({'customer_id': 'Kunde', 'date': 'Datum', 'amount': 'Betrag'}, ('%d.%m.%y',))
    """

    columns: Mapping[str, str]
    others: Mapping[str, str]
    alternatives: Mapping[str, tuple[str, ...]]
    date_formats: tuple[str, ...]
    time_zone: str | None = None


def suggest_columns(log: frames.Frame | str | Path | frames.OpenedFile) -> ColumnSuggestion:
    """Propose which columns of a table are customers, dates, amounts and so on.

    A column is proposed if its name is usual for a role in English, Chinese, German, French, Spanish, Portuguese or
    Japanese, and its first values are of the kind that the role needs: dates can be read in some format, amounts are
    numbers, and at least one customer comes more than once if another column of customers has that. Where no name is
    usual, a role goes to the only column whose values can have it, such as the only column of dates.

    Parameters
    ----------
    log : frame, path or OpenedFile
        As for `rfm_summary`.

    Returns
    -------
    ColumnSuggestion

    Raises
    ------
    InvalidTransactions
        If the table cannot be read, or is an RFM summary.

    Examples
    --------
    >>> import clvmodels as clv
    >>> dict(clv.suggest_columns(clv.datasets.load_cdnow(sample=True)).columns)
    {'customer_id': 'customer_id', 'date': 'date', 'amount': 'amount'}
    """
    names = frames.column_names(log)
    refuse_values_as_names(names)
    rows = frames.first_values(log, names, FIRST_ROWS)
    roles = frames.roles_by_name(names)
    fitting = {role: [name for name in roles.get(role, ()) if fits_role(role, rows[name])] for role in roles}
    fitting = {role: columns for role, columns in fitting.items() if columns}
    if "status" not in fitting:
        fitting["status"] = [name for name in frames.kinds_of_rows(names) if _says_what_rows_are(log, rows[name])]
    fitting = {role: columns for role, columns in fitting.items() if columns}
    by_contents = roles_by_contents(rows, fitting)
    fitting |= by_contents
    frames.refuse_summary(names, next(iter(fitting.get("date", ())), None))
    if len(fitting.get("customer_id", ())) > 1:  # a column with repeated values comes first
        fitting["customer_id"].sort(key=lambda name: len(set(rows[name].drop_nulls().to_list())) == len(rows))
    undecided = [role for role, columns in by_contents.items() if len(columns) > 1]
    chosen = {role: columns[0] for role, columns in fitting.items() if role not in undecided}
    if "amount" in chosen:
        chosen.pop("price", None)
    elif "quantity" not in chosen and "price" in chosen:
        chosen["amount"] = chosen.pop("price")
    if not {"amount", "price"} & chosen.keys():
        chosen.pop("quantity", None)
    if "price" not in chosen:  # usually the amount paid
        chosen.pop("discount", None)
    formats = formats_of(log, rows[chosen["date"]]) if "date" in chosen else ()
    return ColumnSuggestion(
        columns={role: chosen[role] for role in ROLES if role in chosen},
        others={role: name for role, name in chosen.items() if role not in ROLES},
        alternatives={
            role: tuple(columns if role in undecided else columns[1:])
            for role, columns in fitting.items()
            if len(columns) > 1
        },
        date_formats=formats,
        time_zone=zone_of(rows[chosen["date"]]) if "date" in chosen else None,
    )


def _says_what_rows_are(log: frames.Frame | str | Path | frames.OpenedFile, values: nw.Series[Any]) -> bool:
    """Return whether a column has row types, such as "sale" and "return", in any of its rows."""
    return few_words(values) and has_statuses(frames.first_values(log, [values.name], MOST_ROWS)[values.name])


def formats_of(log: frames.Frame | str | Path | frames.OpenedFile, values: nw.Series[Any]) -> tuple[str, ...]:
    """Return the formats that read a column as dates, from its first values; empty for dates and for ISO 8601.

    If several formats read the first values, such as days 1 to 12 of a month, all values decide.
    """
    if values.dtype != nw.String and not values.dtype.is_numeric():
        return ()
    ways = tuple(date_formats(values))
    if len(ways) > 1:
        ways = tuple(date_formats(frames.first_values(log, [values.name], MOST_ROWS)[values.name]))
    return () if any(form.startswith(frames.ISO_DATE) for form in ways) else ways

"""Propose the roles of the columns of a table, from their names and from what they contain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from clvmodels import frames

__all__ = ["ColumnSuggestion", "suggest_columns"]

FIRST_ROWS = 2_000
ROLES = ("customer_id", "date", "amount")
MOSTLY = 0.95  # share of values that must be of the kind a role needs


@dataclass(frozen=True, slots=True)
class ColumnSuggestion:
    """Proposed roles of columns: a person looks at them before they are used.

    Attributes
    ----------
    columns : mapping of role to column
        Keywords of `rfm_summary`, `profile` and others: customer_id, date and, if there is money, amount.
    others : mapping of role to column
        Further keywords of `clean`, such as order_id, quantity, price, product, status and currency.
    alternatives : mapping of role to columns
        Other columns that a role may mean.
    date_formats : tuple of str
        Formats that read every date looked at, as `date_format` takes them; empty for dates, and for ISO 8601.

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


def suggest_columns(log: frames.Frame | str | Path | frames.OpenedFile) -> ColumnSuggestion:
    """Propose which columns of a table are customers, dates, amounts and so on.

    A column is proposed if its name is usual for a role in English, Chinese, German, French, Spanish, Portuguese or
    Japanese, and its first values are of the kind that the role needs: dates can be read in some format, amounts are
    numbers, and at least one customer comes more than once if another column of customers has that.

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
        If the table cannot be read.

    Examples
    --------
    >>> import clvmodels as clv
    >>> dict(clv.suggest_columns(clv.datasets.load_cdnow(sample=True)).columns)
    {'customer_id': 'customer_id', 'date': 'date', 'amount': 'amount'}
    """
    names = frames.column_names(log)
    rows = frames.first_values(log, names, FIRST_ROWS)
    roles = frames.roles_by_name(names)
    fitting = {role: [name for name in roles.get(role, ()) if _fits(role, rows[name])] for role in roles}
    if len(fitting.get("customer_id", ())) > 1:  # one that repeats comes first
        fitting["customer_id"].sort(key=lambda name: len(set(rows[name].drop_nulls().to_list())) == len(rows))
    chosen = {role: columns[0] for role, columns in fitting.items() if columns}
    if "amount" in chosen:
        chosen.pop("price", None)
    elif "quantity" not in chosen and "price" in chosen:
        chosen["amount"] = chosen.pop("price")
    if not {"amount", "price"} & chosen.keys():
        chosen.pop("quantity", None)
    if "price" not in chosen:  # an amount is usually what was paid
        chosen.pop("discount", None)
    formats: tuple[str, ...] = ()
    if "date" in chosen and rows[chosen["date"]].dtype == nw.String:
        ways = _formats(rows[chosen["date"]])
        formats = () if any(form.startswith(frames.ISO_DATE) for form in ways) else tuple(ways)
    return ColumnSuggestion(
        columns={role: chosen[role] for role in ROLES if role in chosen},
        others={role: name for role, name in chosen.items() if role not in ROLES},
        alternatives={role: tuple(columns[1:]) for role, columns in fitting.items() if columns[1:]},
        date_formats=formats,
    )


def _fits(role: str, values: nw.Series[Any]) -> bool:
    """Return whether values are of the kind that a role needs."""
    values = values.drop_nulls()
    if not len(values):
        return False
    if role == "date":
        if isinstance(values.dtype, nw.Datetime) or values.dtype == nw.Date:
            return True
        return bool(_formats(values) or _iso_share(values) >= MOSTLY)
    if role == "discount":
        return (
            values.dtype.is_numeric()
            or float(values.cast(nw.String).str.contains(r"^[\d.,\s-]*\d%?$").mean()) >= MOSTLY
        )
    if role in ("amount", "quantity", "price"):
        if values.dtype.is_numeric():
            return True
        digits = values.cast(nw.String).str.contains(r"^\D{0,5}\d[\d.,'\s]*\D{0,5}$")
        return float(digits.mean()) >= MOSTLY
    return True


def _formats(values: nw.Series[Any]) -> Sequence[str]:
    texts = [text.strip() for text in values.cast(nw.String).unique(maintain_order=True).to_list() if text]
    return list(frames.formats_that_read(texts))


def _iso_share(values: nw.Series[Any]) -> float:
    return float(values.cast(nw.String).str.contains(r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?$").mean())

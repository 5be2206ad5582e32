"""Check whether the values of a column fit a role, and find roles of columns whose names are unusual."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidTransactions, list_names
from clvmodels.transactions.ids import MISSING_IDS
from clvmodels.transactions.statuses import meaning_of

__all__ = [
    "date_formats",
    "few_words",
    "fits_role",
    "has_statuses",
    "refuse_values_as_names",
    "roles_by_contents",
    "zone_of",
]

REQUIRED_SHARE = 0.95  # share of values that must fit the role
ISO_PATTERN = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?$"
NUMBER_PATTERN = r"^\D{0,5}\d[\d.,'\s]*\D{0,5}$"
IN_UTC = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}.*(?:[zZ]|UTC|GMT|[+-]00:?00)$"
MOST_ROW_TYPES = 20  # most distinct words in a column of row types
BARE_IDS = ("id", "no", "nr", "code", "编号", "番号")  # names of id columns that do not say whose ids they are
NOT_A_PURCHASE = re.compile(r"birth|born|geburt|naiss|nacim|nascim|出生|生日|誕生|生年", re.IGNORECASE)


def fits_role(role: str, values: nw.Series[Any]) -> bool:
    """Return whether the values of a column fit a role."""
    values = values.drop_nulls()
    if not len(values):
        return False
    if role == "date":
        return _is_date(values) or bool(date_formats(values))
    if role == "discount":
        digits = values.cast(nw.String).str.contains(r"^[\d.,\s-]*\d%?$")
        return values.dtype.is_numeric() or float(digits.mean()) >= REQUIRED_SHARE
    return role not in ("amount", "quantity", "price") or _is_number(values)


def date_formats(values: nw.Series[Any]) -> Sequence[str]:
    """Return the formats and units that read every value as a date."""
    texts = [text.strip() for text in values.cast(nw.String).unique(maintain_order=True).to_list() if text]
    return list(frames.formats_that_read([text for text in texts if text.casefold() not in MISSING_IDS]))


def few_words(values: nw.Series[Any]) -> bool:
    """Return whether a column has few distinct values, as a column of row types does."""
    return values.drop_nulls().n_unique() <= MOST_ROW_TYPES


def has_statuses(values: nw.Series[Any]) -> bool:
    """Return whether a column has row types, such as "Return" and "view"."""
    meanings = [meaning_of(word) for word in values.drop_nulls().cast(nw.String).unique().to_list()]
    return any(meaning is not None and meaning.whole for meaning in meanings)


def zone_of(values: nw.Series[Any]) -> str | None:
    """Return the time zone of a column, or "UTC" if it is text in which every value is in UTC; None otherwise."""
    if isinstance(values.dtype, nw.Datetime):
        return values.dtype.time_zone
    if values.dtype != nw.String or not len(values.drop_nulls()):
        return None
    return "UTC" if values.drop_nulls().str.contains(IN_UTC).all() else None


def refuse_values_as_names(names: Sequence[str]) -> None:
    """Raise InvalidTransactions if the names of columns are values because the file has no header.

    Parameters
    ----------
    names : sequence of str
    """
    dates = [name for name in names if re.match(r"\s*\d{4}-\d{2}-\d{2}\b|\s*\d{1,2}[./]\d{1,2}[./]\d{2,4}\b", name)]
    numbers = [name for name in names if re.fullmatch(r"\s*\d[\d.,\s]*", name)]
    if (dates or numbers) and len({*dates, *numbers}) >= len(names) / 2:
        raise InvalidTransactions(
            f"The first row, {list_names(names)}, seems to have values and not the names of columns: add a first row "
            "with names, such as customer_id, date and amount."
        )


def roles_by_contents(rows: nw.DataFrame[Any], named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return candidate columns for the roles customer_id, date and amount that no column name indicates.

    Parameters
    ----------
    rows : narwhals.DataFrame
        The first rows of a table.
    named : mapping of role to columns
        Columns whose names and values fit a role.

    Returns
    -------
    dict of role to columns
        One column if only one can have the role. Customers and amounts are looked for only in tables without a single
        informative name; other tables usually contain other texts and numbers.
    """
    taken = {name for columns in named.values() for name in columns}
    rest = [name for name in rows.columns if name not in taken and len(rows[name].drop_nulls())]
    kinds = {name: _kind(rows[name].drop_nulls()) for name in rest}
    roles: dict[str, list[str]] = {}
    if "date" not in named:
        dates = [name for name in rest if kinds[name] == "date" and not NOT_A_PURCHASE.search(name)]
        roles["date"] = dates or [name for name in rest if kinds[name] == "number of days"]
    ids = [name for name in rest if name.strip().casefold() in BARE_IDS]
    if "customer_id" not in named and ids:
        roles["customer_id"] = ids
    if not {"customer_id", "date", "amount", "price"} & named.keys() and not ids:
        texts = [name for name in rest if kinds[name] == "text"]
        numbers = [name for name in rest if kinds[name] in ("number", "fraction") and name not in roles["date"]]
        whole = [name for name in numbers if kinds[name] == "number"]
        if not texts and len(whole) == 1 and len(numbers) == 2:
            texts, numbers = whole, [name for name in numbers if name not in whole]
        roles |= {"customer_id": texts, "amount": numbers}
    return {role: columns for role, columns in roles.items() if columns}


def _kind(values: nw.Series[Any]) -> str:
    """Return what values are: "date", "number of days", "fraction", "number" or "text"."""
    if _is_number(values):
        days = {"excel days", "unix seconds", "unix milliseconds"}
        formats = set(date_formats(values.head(200)))
        if formats - days:
            return "date"  # such as 20240105
        if formats:
            return "number of days"
        return "fraction" if values.cast(nw.String).str.contains(r"\d[.,]\d{1,2}\D*$").any() else "number"
    return "date" if _is_date(values) or date_formats(values) else "text"


def _is_date(values: nw.Series[Any]) -> bool:
    if isinstance(values.dtype, nw.Datetime) or values.dtype == nw.Date:
        return True
    return float(values.cast(nw.String).str.contains(ISO_PATTERN).mean()) >= REQUIRED_SHARE


def _is_number(values: nw.Series[Any]) -> bool:
    return (
        values.dtype.is_numeric() or float(values.cast(nw.String).str.contains(NUMBER_PATTERN).mean()) >= REQUIRED_SHARE
    )

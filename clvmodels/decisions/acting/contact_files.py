"""Contact properties as CSV, under the headers that marketing systems import."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from clvmodels import files, frames
from clvmodels.decisions.customer_table import CustomerTable, read_customer_table
from clvmodels.errors import InvalidOption, InvalidTable, closest

__all__ = ["ContactSystem", "write_contacts"]

ContactSystem = Literal["plain", "hubspot", "salesforce", "klaviyo", "ga4"]
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets run a cell that begins with one of these as a formula
LONGEST_GA4_NAME = 24  # characters allowed in the name of a user property


def write_contacts(
    table: frames.Frame | str | Path,
    path: str | Path,
    *,
    system: ContactSystem = "plain",
    id_column: str = "customer_id",
    hash_ids: bool = False,
    suppressed: frames.Frame | str | Path | None = None,
) -> int:
    """Write one row per customer with its properties, for import into a marketing system.

    The id goes under the header that the system matches contacts by: "Email" for HubSpot, Salesforce and Klaviyo,
    "user_id" for the user data import of Google Analytics 4. Properties are custom fields that must exist there:
    lifetime_value is "Lifetime_Value__c" in Salesforce, and keeps its name elsewhere. Text that a spreadsheet would run
    as a formula gets an apostrophe in front; numbers are written as they are.

    Parameters
    ----------
    table : frame or path
        One row per customer: customer_id and any other columns, such as `Tiers.frame()`.
    path : str or Path
        The CSV file, or with system="plain" a Parquet file (.parquet), which keeps numbers and dates as they are; it is
        written completely or not at all.
    system : {"plain", "hubspot", "salesforce", "klaviyo", "ga4"}
    id_column : str, default="customer_id"
        Column of the id, such as one of e-mail addresses.
    hash_ids : bool, default=False
        Write the SHA-256 of each id in hexadecimal, of text without surrounding blanks and in lower case.
    suppressed : frame or path, optional
        Customers (customer_id) who must not be contacted; they are left out.

    Returns
    -------
    int
        The number of customers written.

    Raises
    ------
    InvalidTable
        If the table is invalid, or ids are missing or equal once they are normalized.
    InvalidOption
        For an unknown system, or Parquet for one that imports CSV.

    Examples
    --------
    >>> from pathlib import Path
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> table = pd.DataFrame({"customer_id": ["a@example.com"], "tier": ["=gold"], "lifetime_value": [-3.5]})
    >>> clv.write_contacts(table, "contacts.csv", system="salesforce")
    1
    >>> print(Path("contacts.csv").read_text().strip())
    Email,Tier__c,Lifetime_Value__c
    a@example.com,'=gold,-3.5
    """
    if system not in get_args(ContactSystem):
        options = ", ".join(map(repr, get_args(ContactSystem)))
        raise InvalidOption(f"system={system!r} is not one of {options}.{closest(system, get_args(ContactSystem))}")
    as_parquet = Path(path).suffix == ".parquet"
    if as_parquet and system != "plain":
        raise InvalidOption(f"system={system!r} imports CSV: name a .csv file, or use system='plain' for Parquet.")
    contacts = read_customer_table(table, "table")
    ids = _ids(contacts, id_column, hash_ids, as_parquet)
    headers = _headers(contacts, id_column, SYSTEMS[system])
    included = np.ones(len(contacts), dtype=bool)
    if suppressed is not None:
        included = read_customer_table(suppressed, "suppressed").positions_of(contacts.customer_id) < 0
    if as_parquet:
        columns = {id_column: ids, **{header: contacts.data[name] for name, header in headers.items()}}
        rows = {name: _filtered(values, included) for name, values in columns.items()}
        with files.replacing(Path(path)) as temporary:
            frames.write_table(frames.table("polars", rows), temporary)
        return int(included.sum())
    cells = [ids, *([_cell(value) for value in contacts.data[name].to_list()] for name in headers)]
    names = [SYSTEMS[system].id_header or id_column, *headers.values()]
    with (
        files.replacing(Path(path)) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(row for row, keep in zip(zip(*cells, strict=True), included, strict=True) if keep)
    return int(included.sum())


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """How a system names columns: the header of the id (None: as it is), and of properties."""

    id_header: str | None
    of_property: Callable[[str], str]


def _salesforce_name(name: str) -> str:
    """Return the API name of a custom field."""
    return "_".join(word[:1].upper() + word[1:] for word in name.split("_")) + "__c"


def _ga4_name(name: str) -> str:
    """Return the name of a user property."""
    if len(name) > LONGEST_GA4_NAME:
        raise InvalidTable(
            f"Column {name!r} has {len(name)} characters, and user properties of GA4 have at most {LONGEST_GA4_NAME}: "
            "rename it."
        )
    return name


SYSTEMS: Mapping[str, HeaderRule] = {
    "plain": HeaderRule(None, str),
    "hubspot": HeaderRule("Email", str),
    "salesforce": HeaderRule("Email", _salesforce_name),
    "klaviyo": HeaderRule("Email", str),
    "ga4": HeaderRule("user_id", _ga4_name),
}


def _ids(contacts: CustomerTable, id_column: str, hash_ids: bool, as_parquet: bool) -> list[str]:
    """Return the ids as they are written to the file."""
    texts = contacts.texts(id_column)
    normalized = ["" if text is None else text.strip() for text in texts]
    contacts.refuse(np.array([not text for text in normalized]), f"no {id_column}", " Leave these customers out.")
    keys = [text.lower() for text in normalized] if hash_ids else normalized
    _, position, count = np.unique(keys, return_inverse=True, return_counts=True)
    contacts.refuse(count[position] > 1, f"the same {id_column} as another", " Merge these customers first.")
    if hash_ids:
        return [hashlib.sha256(key.encode()).hexdigest() for key in keys]
    return normalized if as_parquet else [str(_cell(text)) for text in normalized]


def _headers(contacts: CustomerTable, id_column: str, rule: HeaderRule) -> dict[str, str]:
    """Return the header of each property by column; raise an InvalidTable if two are the same."""
    hidden = {id_column, "customer_id"}
    headers = {name: rule.of_property(name) for name in contacts.data.columns if name not in hidden}
    taken = [*headers.values(), rule.id_header]
    twice = sorted({name for name in headers.values() if taken.count(name) > 1})
    if twice:
        raise InvalidTable(f"Two columns would have the header {twice[0]!r}: rename one.")
    return headers


def _filtered(values: Any, included: npt.NDArray[np.bool_]) -> Any:
    """Return the values of the customers who may be contacted."""
    if isinstance(values, list):
        return [value for value, keep in zip(values, included, strict=True) if keep]
    return values.filter(included.tolist())


def _cell(value: Any) -> Any:
    """Return a value as a cell: empty if missing, and with an apostrophe before text that looks like a formula."""
    if value is None or value != value:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value

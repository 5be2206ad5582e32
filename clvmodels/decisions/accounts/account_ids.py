"""From customers to accounts: households, companies and merged ids, with chains resolved and loops refused."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from clvmodels import frames
from clvmodels.decisions.customer_table import EXAMPLES, CustomerTable, read_customer_table
from clvmodels.errors import InvalidOption, InvalidTable, InvalidTransactions
from clvmodels.transactions.ids import clean_ids, missing_words
from clvmodels.transactions.snapshots import LogTable

__all__ = ["accounts_of", "merge_accounts"]


def merge_accounts(
    log: LogTable,
    accounts: LogTable,
    *,
    customer_id: str = "customer_id",
    account_id: str = "account_id",
    chains: bool | None = None,
) -> frames.Frame:
    """Add the account of each customer to a log, so that members of an account are summarized and valued once.

    Pass the result to `rfm_summary` and other functions with `customer_id="account_id"`. Customers without an account
    are accounts of their own. A customer who comes back under a new id is not new, if the accounts name the old one.

    Parameters
    ----------
    log : frame or path
        One row per transaction.
    accounts : frame or path
        One row per customer: customer_id and the account, missing if there is none.
    customer_id : str
        Column of the customer in the log.
    account_id : str, default="account_id"
        Column of the account in `accounts`, and in the result.
    chains : bool, optional
        Whether ids of accounts are ids of customers, as after merging records: then a customer merged into one who was
        merged too belongs to the last of them. False if accounts have numbers of their own, such as households. It is
        needed only if some id is that of an account and of another customer.

    Returns
    -------
    frame
        The log with the column of the account, of the same kind. Its ids are text unless all are integers.

    Raises
    ------
    InvalidTable
        If a customer has two accounts, or customers were merged in a loop.
    InvalidOption
        If ids are those of accounts and customers, and `chains` does not say which.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> log = pd.DataFrame({"customer_id": ["a", "b", "c"], "date": "2024-05-01"})
    >>> merged = pd.DataFrame({"customer_id": ["a", "b"], "account_id": ["b", "c"]})
    >>> clv.merge_accounts(log, merged, chains=True)["account_id"].tolist()
    ['c', 'c', 'c']
    """
    names = [name for name in frames.column_names(log, [customer_id]) if name != account_id]
    if customer_id not in names:
        raise InvalidTransactions(
            f"The log has no column {customer_id!r}; its columns are {', '.join(map(repr, names))}."
        )
    opened = frames.open_frame(log, {name: name for name in names}, text_id=customer_id)
    lazy = clean_ids(opened.lazy, customer_id, missing_words(None), parse_integers=True)
    rows = frames.collect(lazy.select(*names))
    customers = rows[customer_id].unique().drop_nulls().sort()
    table = read_customer_table(accounts, "accounts")
    account_of_each = accounts_of(customers, table, account_id, chains)
    ids = np.array([*account_of_each, None], dtype=object)  # the last one for rows without a customer
    codes = _codes(rows[customer_id], customers)
    columns: dict[str, Any] = {name: rows[name] for name in names}
    return frames.table(opened.kind, columns | {account_id: _one_type(ids[codes])})


def _codes(ids: nw.Series[Any], customers: nw.Series[Any]) -> npt.NDArray[np.intp]:
    """Return the position of each id among the customers, -1 for missing ids, (m,)."""
    places = {each: place for place, each in enumerate(customers.to_list())}
    return np.array([places.get(each, -1) for each in ids.to_list()], dtype=np.intp)


def _one_type(ids: npt.NDArray[np.object_]) -> list[Any]:
    """Return the ids as integers if all of them are integers, otherwise as text."""
    if all(each is None or isinstance(each, int) for each in ids):
        return list(ids.tolist())
    return [None if each is None else str(each) for each in ids]


def accounts_of(
    customers: nw.Series[Any], table: CustomerTable, column: str, chains: bool | None
) -> npt.NDArray[np.object_]:
    """Return the account of each customer (n,), which is the customer's own id if there is no account.

    Raises
    ------
    InvalidTable, InvalidOption
        See `merge_accounts`.
    """
    if chains not in (None, True, False):
        raise InvalidOption(f"chains={chains!r} must be True, False or None.")
    table.positions_of(customers)  # raises an error if the ids have another type
    named = zip(table.customer_id.to_list(), table.column(column).to_list(), strict=True)
    accounts = {customer: account for customer, account in named if account is not None and account == account}
    own = customers.to_list()
    both = _both(accounts, own)
    if both and chains is None:
        raise InvalidOption(
            f"{len(both):,} account ids are also ids of customers who are not in that account "
            f"(first: {_listed(both)}): pass chains=True if customers were merged into other customers, or "
            "chains=False if accounts have their own ids."
        )
    if not chains:
        alone = {*own} - {*accounts}
        clash = [each for each in both if each in alone]
        if clash:
            raise InvalidTable(
                f"{len(clash):,} accounts have the same id as a customer without an account (first: "
                f"{_listed(clash)}): rename the accounts, such as 'household 1'."
            )
        return np.array([accounts.get(each, each) for each in own], dtype=object)
    ends = _ends(accounts)
    return np.array([ends.get(each, each) for each in own], dtype=object)


def _both(accounts: dict[Any, Any], own: list[Any]) -> list[Any]:
    """Return the ids shared by an account and a customer who is not in that account."""
    every_id = {*own} | {*accounts}
    return [each for each in dict.fromkeys(accounts.values()) if each in every_id and accounts.get(each) != each]


def _ends(accounts: dict[Any, Any]) -> dict[Any, Any]:
    """Return the end of each customer's chain of accounts; raise an InvalidTable that lists any loops."""
    ends: dict[Any, Any] = {}
    loops: list[str] = []
    for customer in accounts:
        path: dict[Any, None] = {}
        each = customer
        while each not in ends and each not in path and accounts.get(each, each) != each:
            path[each] = None
            each = accounts[each]
        if each in path:
            loop = [*path][[*path].index(each) :]
            loops.append(" -> ".join(map(str, [*loop, each])))
        end = ends.get(each, each)
        ends |= dict.fromkeys(path, end)
    if loops:
        more = f" and {len(loops) - EXAMPLES} more" if len(loops) > EXAMPLES else ""
        raise InvalidTable(
            f"accounts= merges customers in {len(loops):,} {'loops' if len(loops) > 1 else 'loop'}: "
            f"{'; '.join(loops[:EXAMPLES])}{more}. Choose one id to keep in each loop."
        )
    return ends


def _listed(ids: list[Any]) -> str:
    """Return the first ids, separated by commas."""
    return ", ".join(map(str, ids[:EXAMPLES]))

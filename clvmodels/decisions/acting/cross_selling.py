"""Which item to offer to whom: the item that customers with the same items buy too, with the money at stake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from clvmodels import displays, frames
from clvmodels.decisions.acting.action_lists import best_rows, check_size, list_findings, list_summary
from clvmodels.errors import InvalidOption, InvalidTable, InvalidTransactions
from clvmodels.language import Findings
from clvmodels.processes.contract import Array

__all__ = ["CrossSelling", "cross_selling"]

MOST_ITEMS = 200  # items considered, those with the most customers: rarer ones have too few customers to learn from
PRIOR = 20.0  # weight of the share of all customers, as a number of customers who have the item
BLOCK = 20_000  # customers whose offers are computed together


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CrossSelling(displays.Display):
    """Customers to offer an item that they have not bought.

    Attributes
    ----------
    columns : mapping of str to array (k,)
        One row per listed customer, the most money at stake first: customer_id, item (to offer), probability (that a
        customer with the same items has bought it too), money_at_stake, because_of (the owned item that makes it most
        likely; missing if none does), popular (the item that a list by popularity alone would offer).
    summary : DataFrame
        One row: list ("cross-selling"), candidates, customers, money_at_stake.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> rows = [(c, i) for c in range(60) for i in (("tea", "pot") if c % 2 else ("coffee", "mill"))]
    >>> bought = pd.DataFrame([*rows, (60, "tea"), (61, "coffee")], columns=["customer_id", "item"])
    >>> clv.cross_selling(bought, item="item", size=2).frame()["item"].tolist()
    ['pot', 'mill']
    """

    columns: Mapping[str, Any]
    summary: pd.DataFrame
    findings: Findings
    kind: frames.FrameKind

    def frame(self) -> frames.Frame:
        """Return the listed customers, of the same kind as the table."""
        return frames.table(self.kind, self.columns)

    def plot(self, **options: Any) -> Any:
        """Draw the money at stake; see `clvmodels.plots.money_at_stake`."""
        return displays.draw("money_at_stake", self.summary, **options)

    def check(self, later: frames.Frame | str | Path, *, item: str) -> pd.DataFrame:
        """Return how often the list was right, if it was made at an earlier cutoff.

        Parameters
        ----------
        later : frame or path
            What customers bought after the cutoff: customer_id and the item.
        item : str
            Column of the item.

        Returns
        -------
        DataFrame
            One row: list, customers, right (the share who bought the item that the list offers them), right_popular
            (the share who bought the most popular item that they did not have).
        """
        bought = _read(later, "later", item, None)
        pairs = {*zip(bought.customers.to_list(), bought.items.tolist(), strict=True)}
        ids = self.columns["customer_id"].to_list()
        shares = [
            float(np.mean([pair in pairs for pair in zip(ids, self.columns[name], strict=True)]))
            if ids
            else float("nan")
            for name in ("item", "popular")
        ]
        return pd.DataFrame([("cross-selling", len(ids), *shares)], columns=[*CHECKED])


CHECKED = ("list", "customers", "right", "right_popular")


@dataclass(frozen=True, slots=True, eq=False)
class _Bought:
    """One row per item that a customer bought: ids, items as text, and amounts, each (m,)."""

    customers: nw.Series[Any]
    items: npt.NDArray[np.object_]
    amounts: Array
    kind: frames.FrameKind


def cross_selling(
    bought: frames.Frame | str | Path,
    *,
    item: str,
    amount: str | None = None,
    margin: float = 1.0,
    size: int = 100,
) -> CrossSelling:
    """List the customers to whom to offer an item that they do not have, with the item and the reason.

    The probability that a customer buys an item is estimated from the owned item that makes it most likely: the share
    of its buyers who have both, shrunk toward the share of all customers as if 20 more customers had it (item-to-item,
    Linden, Smith & York 2003). The money at stake is this probability times the margin per customer of the item. It is
    what there is to gain, not what an offer would bring: that takes a test with a control group.

    Parameters
    ----------
    bought : frame or path
        What customers bought so far: customer_id, the item and, optionally, the amount. Rows may repeat.
    item : str
        Column of the item, such as a product or a category. The 200 items with the most customers are considered.
    amount : str, optional
        Column of the amount paid for the row. Without it, every item counts 1.
    margin : float, default=1.0
        Share of spend that counts.
    size : int, default=100
        Largest number of customers; those with the same money at stake as the last one are left out too, if there is no
        room for all of them.

    Returns
    -------
    CrossSelling

    Raises
    ------
    InvalidTable
        If the table lacks a column, or has one item only.
    InvalidOption
        For options out of range.

    References
    ----------
    Linden, Smith & York (2003), "Amazon.com recommendations: item-to-item collaborative filtering", IEEE Internet
    Computing 7(1), 76-80.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> rows = [(c, i) for c in range(60) for i in (("tea", "pot") if c % 2 else ("coffee", "mill"))]
    >>> bought = pd.DataFrame([*rows, (60, "tea")], columns=["customer_id", "item"])
    >>> offers = clv.cross_selling(bought, item="item", size=1)
    >>> print(offers.frame()[["customer_id", "item", "because_of"]].to_string(index=False))
     customer_id item because_of
              60  pot        tea
    """
    check_size(size)
    _check_margin(margin)
    rows = _read(bought, "bought", item, amount)
    customers, who = _numbered(rows.customers)
    names, what, worth = _items(rows, who)
    offers = _offers(who, what, len(customers), len(names), worth * margin)
    candidate = ~np.isnan(offers.stake)
    chosen = best_rows(np.flatnonzero(candidate & (offers.stake > 0)), offers.stake, size)
    columns = {
        "customer_id": customers[chosen],
        "item": names[offers.item[chosen]],
        "probability": offers.chance[chosen],
        "money_at_stake": offers.stake[chosen],
        "because_of": np.array([*names, None], dtype=object)[offers.reason[chosen]],
        "popular": names[offers.popular[chosen]],
    }
    summary = list_summary([("cross-selling", int(candidate.sum()), offers.stake[chosen])])
    return CrossSelling(columns, summary, list_findings(summary), rows.kind)


def _check_margin(margin: Any) -> None:
    """Raise an InvalidOption unless the margin is a share."""
    if not isinstance(margin, (int, float)) or not 0 <= margin <= 1:
        raise InvalidOption(f"margin={margin!r} must be a share between 0 and 1, such as 0.35.")


def _read(source: Any, argument: str, item: str, amount: str | None) -> _Bought:
    """Return the rows of a table of what customers bought, without those that lack the customer or the item."""
    names = {"customer_id": "customer_id", "item": item} | ({} if amount is None else {"amount": amount})
    try:
        opened = frames.open_frame(source, names, text_id="customer_id")
        data = frames.collect(opened.lazy)
    except InvalidTransactions as error:
        raise InvalidTable(f"{argument}=: {error}") from error
    data = data.filter(~nw.col("customer_id").is_null() & ~nw.col("item").is_null())
    if not len(data):
        raise InvalidTable(f"{argument}= has no rows with a customer_id and an item.")
    if amount is not None and not data["amount"].dtype.is_numeric():
        raise InvalidTable(f"Column {amount!r} of {argument}= has type {data['amount'].dtype}: it must be numeric.")
    amounts = np.ones(len(data)) if amount is None else data["amount"].cast(nw.Float64).fill_null(0.0).to_numpy()
    items = np.array([str(each) for each in data["item"].to_list()], dtype=object)
    return _Bought(data["customer_id"], items, np.nan_to_num(amounts.astype(float)), opened.kind)


def _numbered(customers: nw.Series[Any]) -> tuple[nw.Series[Any], npt.NDArray[np.intp]]:
    """Return the different customers in order, and the position of each row's customer among them, (m,)."""
    different = customers.unique().sort()
    place = {each: position for position, each in enumerate(different.to_list())}
    return different, np.array([place[each] for each in customers.to_list()], dtype=np.intp)


def _items(
    rows: _Bought, customer: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.intp], Array]:
    """Return the items with the most customers, the item of each row or -1 (m,), and the spend per customer of each."""
    names, item = np.unique(rows.items.astype(str), return_inverse=True)
    if len(names) < 2:
        raise InvalidTable(f"All rows have the same item, {names[0]!r}: there is nothing else to offer.")
    pairs = np.unique(customer * len(names) + item)
    buyers = np.bincount(pairs % len(names), minlength=len(names))
    frequent = np.sort(np.argsort(-buyers, kind="stable")[:MOST_ITEMS])
    place = np.full(len(names), -1, dtype=np.intp)
    place[frequent] = np.arange(len(frequent))
    order = np.argsort(rows.amounts, kind="stable")  # so that sums do not depend on the order of rows
    spent = np.bincount(item[order], rows.amounts[order], minlength=len(names))[frequent]
    return names[frequent].astype(object), place[item], np.maximum(spent, 0.0) / buyers[frequent]


@dataclass(frozen=True, slots=True, eq=False)
class _Offers:
    """The best offer of each customer, each (n,); the stake is NaN for customers who have all items."""

    item: npt.NDArray[np.intp]
    chance: Array
    stake: Array
    reason: npt.NDArray[np.intp]
    popular: npt.NDArray[np.intp]


def _offers(
    customer: npt.NDArray[np.intp], item: npt.NDArray[np.intp], customers: int, items: int, worth: Array
) -> _Offers:
    """Return the offer with the most money at stake for each customer; customer and item are those of each row."""
    frequent = item >= 0
    ones = np.ones(int(frequent.sum()), dtype=np.int32)
    owned = csr_array((ones, (customer[frequent], item[frequent])), shape=(customers, items))
    owned.data[:] = 1  # repeated rows were added up
    both = (owned.T @ owned).toarray().astype(float)
    count = both.diagonal()
    share = count / customers
    # The last row is for customers without any of the items: the share of all customers.
    likely = np.vstack([(both + PRIOR * share) / (count[:, None] + PRIOR), share])
    starts = range(0, customers, BLOCK)
    parts = [_of_block(owned[start : start + BLOCK].toarray().astype(bool), likely, worth) for start in starts]
    return _Offers(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_block(owned: npt.NDArray[np.bool_], likely: Array, worth: Array) -> tuple[npt.NDArray[Any], ...]:
    """Return the columns of `_Offers` for a block of customers; owned (b, items)."""
    some: npt.NDArray[np.bool_] = np.asarray(owned.sum(axis=1) > 0)
    chance = np.where(some[:, None], 0.0, likely[-1])
    reason = np.full(owned.shape, len(worth))
    for item, has in enumerate(owned.T):
        rows = np.flatnonzero(has)
        better = likely[item] > chance[rows]
        chance[rows] = np.where(better, likely[item], chance[rows])
        reason[rows] = np.where(better, item, reason[rows])
    reason[chance <= likely[-1]] = len(worth)  # no item that the customer owns makes it more likely
    every = np.arange(len(owned))
    money = np.where(owned, -np.inf, chance * worth)
    best = np.argmax(money, axis=1)
    popular = np.argmax(np.where(owned, -np.inf, likely[-1] * worth), axis=1)
    stake = np.where(owned.all(axis=1), np.nan, money[every, best])
    return best, chance[every, best], stake, reason[every, best], popular

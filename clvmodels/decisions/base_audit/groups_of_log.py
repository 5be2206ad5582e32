"""The group of each customer of a log, such as a channel, from a column of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.ids import clean_ids, missing_words
from clvmodels.transactions.snapshots import LogTable

__all__ = ["groups_of_log", "refuse_several_groups"]

EXAMPLES = 3  # customers named in an error


def groups_of_log(log: LogTable, *, customer_id: str = "customer_id", by: str) -> frames.Frame:
    """Return a table with the group of each customer, for `KnownHistory.from_log(attributes=)`.

    Parameters
    ----------
    log : frame or path
    customer_id, by : str
        Columns of the customer and of the group.

    Returns
    -------
    frame
        One row per customer: customer_id and a column named as `by`.

    Raises
    ------
    InvalidTransactions
        If the column has blanks, or a customer is in more than one group.
    """
    roles = {"customer_id": customer_id, "by": by}
    opened = frames.open_frame(log, roles, text_id="customer_id", csv_as_text=True, roles_are_arguments=True)
    lazy = clean_ids(opened.lazy, "customer_id", missing_words(None), parse_integers=opened.as_text)
    lazy = lazy.filter(~nw.col("customer_id").is_null()).select("customer_id", "by")
    blank = int(frames.collect(lazy.select(nw.col("by").is_null().sum()))["by"].item())
    if blank:
        rows = "row" if blank == 1 else "rows"
        raise InvalidTransactions(f"by={by!r} is blank in {blank:,} {rows}: fill them in, or leave the column out.")
    pairs = frames.collect(lazy.unique()).sort("customer_id", "by")
    again = pairs.filter(nw.col("customer_id").is_duplicated())
    if len(again):
        refuse_several_groups(again["customer_id"].unique(maintain_order=True).to_list(), by)
    table: nw.DataFrame[Any] = pairs.rename({"by": by})
    return table.to_native()


def refuse_several_groups(customers: Sequence[Any], by: str) -> None:
    """Raise InvalidTransactions for customers who are in more than one group, if there are any."""
    if not len(customers):
        return
    first = ", ".join(repr(each) for each in customers[:EXAMPLES])
    of = "customer is" if len(customers) == 1 else "customers are"
    raise InvalidTransactions(
        f"by={by!r}: {len(customers):,} {of} in more than one group (first: {first}): give each customer one, such as "
        "that of the first order."
    )

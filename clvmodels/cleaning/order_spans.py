"""Order ids that name several purchases, months apart or of several customers, and totals repeated on every line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.rules import CleaningRules

__all__ = ["repeated_cells", "repeated_totals", "shared_orders", "split_orders", "with_customers_of_orders"]

MONTHS_APART = 45 * 24 * 60  # minutes; lines of one id that are farther apart belong to different orders
FEWEST_BLANK, BLANK_SHARE = 2, 0.05  # rows that have only an amount, and their share: cells were merged
FEWEST_ORDERS, REPEATED_SHARE = 3, 0.9  # orders with several lines, and the share of them with the same amount on each


def split_orders(lines: nw.DataFrame[Any], rules: CleaningRules) -> tuple[nw.DataFrame[Any], nw.DataFrame[Any]]:
    """Add `part` to the lines of named orders, the number of the purchase that a line belongs to within its order.

    Also return the first line of every further purchase of an order. An order is split by day, or where its lines are
    months apart; if refunds are kept in place, later lines may be refunds, and nothing is split.
    """
    if rules.refunds == "keep":
        return lines.with_columns(part=nw.lit(0)), lines.head(0)
    keys = ["customer_id", "order_id"]
    moment = nw.col("date").cast(nw.Datetime("us"))
    spans = lines.lazy().group_by(keys).agg(moment.min().alias("first"), moment.max().alias("last"))
    limit = 0 if rules.orders == "split" else MONTHS_APART
    far = frames.collect(spans.filter((nw.col("last") - nw.col("first")).dt.total_minutes() > limit).select(keys))
    if not len(far):
        return lines.with_columns(part=nw.lit(0)), lines.head(0)
    single = lines.join(far, on=keys, how="anti").with_columns(part=nw.lit(0))
    several = lines.join(far, on=keys, how="semi").sort(*keys, "date")
    same = (nw.col("customer_id") == nw.col("customer_id").shift(1)) & (
        nw.col("order_id") == nw.col("order_id").shift(1)
    )
    when = nw.col("date").cast(nw.Datetime("us"))
    if rules.orders == "split":
        later = when.dt.truncate("1d") > when.shift(1).dt.truncate("1d")
    else:
        later = (when - when.shift(1)).dt.total_minutes() > MONTHS_APART
    several = several.with_columns(further=(same & later).fill_null(value=False))
    several = several.with_columns(part=nw.col("further").cast(nw.Int32).cum_sum())
    reused = several.filter(nw.col("further")).drop("further", "part")
    return nw.concat([single, several.drop("further").select(single.columns)]), reused


def shared_orders(orders: nw.DataFrame[Any]) -> int:
    """Return how many order ids belong to several customers."""
    if "order_id" not in orders.columns:
        return 0
    named = orders.filter(~nw.col("order_id").is_null()).lazy()
    customers = named.group_by("order_id").agg(nw.col("customer_id").n_unique().alias("customers"))
    return int(frames.collect(customers.select((nw.col("customers") > 1).sum())).item())


def repeated_totals(lazy: nw.LazyFrame[Any], compared: list[str], columns: Mapping[str, str]) -> str | None:
    """Return what is wrong if nearly all orders of several lines have the same amount on each; None otherwise.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
        The rows that no rule has set aside.
    compared : list of str
        Columns in which exact duplicates agree, which are not lines of their own.
    columns : mapping of role to column name
    """
    named = lazy.filter(~nw.col("order_id").is_null(), nw.col("units") > 0)
    lines = named.unique(subset=[*compared, "units"]) if compared else named
    day = nw.col("tick") // 24  # an id may be used again later, for another order
    amounts = (
        lines.with_columns(day=day)
        .group_by("customer_id", "order_id", "day")
        .agg(nw.len().alias("lines"), nw.col("units").min().alias("least"), nw.col("units").max().alias("most"))
    )
    several = amounts.filter(nw.col("lines") > 1)
    orders = frames.collect(several)
    repeated = orders.filter(nw.col("least") == nw.col("most"))
    distinct = repeated["most"].n_unique() if len(repeated) else 0
    if len(repeated) < max(FEWEST_ORDERS, REPEATED_SHARE * len(orders)) or distinct < max(3, len(repeated) / 2):
        return None
    return (
        f"{len(repeated):,} of {len(orders):,} orders with several lines have the same {columns['amount']!r} on each "
        "line, which is probably the total of the order: pass repeated_totals='once' to count it once per order, or "
        "repeated_totals='sum' if it is the amount of a line (in Python, a field of CleaningRules)."
    )


def with_customers_of_orders(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> tuple[nw.LazyFrame[Any], int]:
    """Fill in blank customer ids from other lines of the same order, if these have one customer; also return how many.

    Files that write an order's cells only on its first line have such blanks, as do merged cells.
    """
    customer, order = nw.col("customer_id"), nw.col("order_id")
    if "order_id" not in columns:
        return lazy, 0
    readable = ~nw.col("tick").is_null() | nw.col("written").is_null()
    blank = customer.is_null() & ~order.is_null() & readable
    if "stated_customer_id" in lazy.collect_schema().names():
        blank = blank & nw.col("stated_customer_id").is_null()  # "guest" is not blank
    if not frames.collect(lazy.select(blank.any())).item():
        return lazy, 0
    first, last = customer.min().over("order_id"), customer.max().over("order_id")
    filled = (blank & (first == last)).fill_null(value=False)
    rows = int(frames.collect(lazy.select(filled.sum())).item())
    return (lazy.with_columns(customer_id=nw.when(filled).then(first).otherwise(customer)), rows) if rows else (lazy, 0)


def repeated_cells(lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rows: int) -> str | None:
    """Return what is wrong if many rows have an amount but neither a customer, a date nor an order; None otherwise.

    A single such row is a total. Several are further lines of the rows above them, whose cells were merged or left out.
    """
    blank = nw.col("customer_id").is_null() & nw.col("written").is_null() & (nw.col("units") != 0)
    if "order_id" in columns:
        blank = blank & nw.col("order_id").is_null()
    count = int(frames.collect(lazy.select(blank.fill_null(value=False).sum())).item())
    if count < max(FEWEST_BLANK, BLANK_SHARE * rows):
        return None
    return (
        f"{count:,} of {rows:,} rows have an amount but no customer and no date: probably the cells of the row above "
        "were merged, or not repeated. Fill them in from above before the log is read."
    )

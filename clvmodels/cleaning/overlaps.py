"""Handle overlapping files, such as monthly exports: if several contain an order, the rows of the latest file count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.errors import InvalidTransactions

__all__ = ["Superseded", "orders_in_two_states", "with_superseded"]

LogRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Superseded:
    """A log in which rows of orders that a later file has in another state are marked.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        With the column `superseded`.
    any : bool
        Whether there are such rows.
    faults : tuple of str
        Why the later file, or whether rows are lines or states of an order, cannot be recognized; with one example.
    """

    lazy: nw.LazyFrame[Any]
    any: bool = False
    faults: tuple[str, ...] = ()


def with_superseded(
    lazy: nw.LazyFrame[Any],
    columns: Mapping[str, str],
    others: Sequence[str],
    files: frames.RowNames,
    rules: CleaningRules,
) -> Superseded:
    """Add `superseded`: whether a later file has the order of a row in another state.

    A file is later if it has a later date. Lines of one order in several files that have no line in common are parts of
    it, and all of them count. Rows that are the same in all files are duplicates.
    """
    if rules.overlaps == "sum" or "order_id" not in columns or len(files.paths) < 2:
        return Superseded(lazy.with_columns(superseded=nw.lit(value=False)))
    lazy = frames.with_positions(lazy)
    reached = [(nw.col("position") >= end).cast(nw.Int32) for end in files.ends()[:-1]]
    rows = lazy.with_columns(file=nw.sum_horizontal(*reached))
    named = rows.filter(~nw.col("order_id").is_null())
    counts = named.group_by("order_id").agg(nw.col("file").n_unique().alias("files"))
    shared = counts.filter(nw.col("files") > 1).select("order_id")
    content = [*columns, *others]
    table = frames.collect(named.join(shared, on="order_id", how="semi").select("position", "file", *content))
    orders: dict[Any, dict[int, list[LogRow]]] = defaultdict(lambda: defaultdict(list))
    for row in table.rows(named=True):
        orders[row["order_id"]][row["file"]].append(row)
    ends = dict(frames.collect(rows.group_by("file").agg(nw.col("tick").max())).rows())
    older, faults = [], []
    for order, states in orders.items():
        if not _differ(states, content):
            continue
        try:
            if _are_states(order, states, columns, rules):
                older += [row["position"] for row in _older(order, states, ends, files)]
        except InvalidTransactions as error:
            faults.append(str(error))
    return Superseded(lazy.with_columns(superseded=nw.col("position").is_in(older)), bool(older), tuple(faults[:1]))


def _differ(states: Mapping[int, list[LogRow]], content: Sequence[str]) -> bool:
    """Return whether two files have different rows of an order."""
    return len({tuple(sorted(str([row[name] for name in content]) for row in rows)) for rows in states.values()}) > 1


def _are_states(
    order: Any, states: Mapping[int, list[LogRow]], columns: Mapping[str, str], rules: CleaningRules
) -> bool:
    """Return whether the rows of an order in several files are its states, not its lines."""
    if rules.overlaps == "latest":
        return True
    names = [name for name in ("customer_id", "date", "product") if name in columns]
    lines = [{tuple(row[name] for name in names) for row in rows} for rows in states.values()]
    if not set.intersection(*lines):
        return False
    if "product" in columns or all(len(rows) == 1 for rows in states.values()):
        return True
    raise InvalidTransactions(
        f"Order {order!r} has different rows in {len(states)} files, which may be lines of it or states on different "
        "days: name the product of a line with product=, or pass overlaps='latest' or overlaps='sum' (in Python, a "
        "field of CleaningRules)."
    )


def _older(
    order: Any, states: Mapping[int, list[LogRow]], ends: Mapping[int, int | None], files: frames.RowNames
) -> Iterator[LogRow]:
    """Yield the rows of an order in all files but the latest."""
    by_end = sorted(states, key=lambda file: ends[file] or 0)
    last, before = by_end[-1], by_end[-2]
    if ends[last] == ends[before]:
        one, other = (files.paths[file].name for file in sorted((before, last)))
        raise InvalidTransactions(
            f"{one!r} and {other!r} state order {order!r} differently and have the same latest date, so that the later "
            "file cannot be recognized: leave the earlier one out."
        )
    for file in by_end[:-1]:
        yield from states[file]


def orders_in_two_states(lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules) -> str | None:
    """Return an error text if a log has an order in several states, as exports of different days do.

    The rows of such an order differ only in the status or the refunded amount. Superseded rows are already left out.
    """
    states = [role for role in ("status", "refunded") if role in columns]
    if (
        rules.overlaps != "auto"
        or "order_id" not in columns
        or not states
        or "paid" not in lazy.collect_schema().names()
    ):
        return None
    named = lazy.filter(~nw.col("order_id").is_null(), ~nw.col("superseded"), ~nw.col("customer_id").is_null())
    named = named.filter(nw.col("paid") > 0)
    alike = ["customer_id", "order_id", "tick", "paid", *(["product"] if "product" in columns else [])]
    several = nw.any_horizontal(*(nw.col(role).n_unique() > 1 for role in states), ignore_nulls=True)
    orders = frames.collect(named.group_by(alike).agg(several.alias("several")).filter(nw.col("several")))
    if not len(orders):
        return None
    names = " or ".join(repr(columns[role]) for role in states)
    count = f"{len(orders):,} order{' is' if len(orders) == 1 else 's are'}"
    return (
        f"{count} in the log more than once and {'differs' if len(orders) == 1 else 'differ'} only in {names} "
        f"(such as {orders['order_id'][0]!r}), as if exports of several days had been put together: keep the "
        "latest row of each order, name the product of a line with product=, or pass overlaps='sum' if the rows "
        "are lines of their order (in Python, a field of CleaningRules)."
    )

"""Faults of rows of a log: rules that rows may break, and one error that reports all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import narwhals as nw

from clvmodels import frames
from clvmodels.errors import InvalidTransactions

__all__ = ["Fault", "refuse", "repeated_in_files"]

EXAMPLES = 3
REPEATED_SHARE = 0.5  # files overlap if they share this share of the rows in the period that both cover
OVERLAPPING = (  # what to do about files, and about sections of a file, before a log is summarized
    "Leave one out, clean the files with order_id=, or read them as one frame if both rows are sales.",
    "Leave one section out, clean the log with order_id=, or remove the rows that repeat the header if both are sales.",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that rows of a log may break.

    Attributes
    ----------
    column : str
        Column to show in the examples.
    mask : narwhals.Expr
        Whether a row breaks the rule.
    problem : str
        What such a row has, such as "no date in 'when'".
    remedy : str
    case : Fault, optional
        A narrower rule with a remedy of its own; looked at only if rows break this one.
    """

    column: str
    mask: nw.Expr
    problem: str
    remedy: str
    case: Fault | None = None


def refuse(
    lazy: nw.LazyFrame[Any],
    faults: list[tuple[Fault, int]],
    rows: int,
    date_format: str | None = None,
    row_names: frames.RowNames | None = None,
    other_faults: Sequence[str] = (),
) -> None:
    """Raise InvalidTransactions if there are faults, each with its count, its first rows and its remedy.

    Parameters
    ----------
    lazy : narwhals.LazyFrame
    faults : list of pairs of a Fault and the number of rows that break it
    rows : int
        Rows of the log.
    date_format : str, optional
        As for `read_transactions`.
    row_names : RowNames, optional
        How to name rows; by default only their customers are named.
    other_faults : sequence of str, optional
        Messages about faults of the log as a whole.
    """
    if not faults and not other_faults:
        return
    lazy = frames.mark_missing_days(lazy, "written", date_format)
    of_dates = any(fault.column == "written" for fault, _ in faults)
    proposal = frames.date_proposal(lazy, "written", date_format) if of_dates else ""
    messages = []
    for fault, count in _split_cases(lazy, faults):
        first = frames.first_rows(lazy, fault.mask, EXAMPLES)
        verb = "has" if count == 1 else "have"
        examples = _examples(first, fault.column, row_names)
        messages.append(f"{count:,} of {rows:,} rows {verb} {fault.problem}{examples}. {fault.remedy}")
        messages[-1] += proposal if fault.column == "written" else ""
    raise InvalidTransactions("\n".join([*messages, *other_faults]))


def _split_cases(lazy: nw.LazyFrame[Any], faults: list[tuple[Fault, int]]) -> Iterator[tuple[Fault, int]]:
    """Yield each fault with its count; rows of a narrower case are counted there only."""
    for fault, count in faults:
        if fault.case is None:
            yield fault, count
            continue
        mask = fault.mask & fault.case.mask
        of_case = int(frames.collect(lazy.select(mask.sum())).item())
        if of_case:
            yield replace(fault.case, mask=mask), of_case
        if of_case < count:
            yield replace(fault, mask=fault.mask & ~fault.case.mask), count - of_case


def _examples(first: list[dict[str, Any]], column: str, row_names: frames.RowNames | None) -> str:
    """Return the first rows at fault in parentheses: values with their customers, and the rows."""
    names = [] if row_names is None else row_names.of([row["position"] for row in first])
    note = f"; {row_names.note}" if row_names is not None and row_names.note else ""
    if column == "customer_id":
        stated = [row.get("stated_customer_id") for row in first]
        rows = (
            [name if word is None else f"{word!r} in {name}" for word, name in zip(stated, names, strict=True)]
            if names
            else []
        )
        return f" (first: {', '.join(rows)}{note})" if rows else ""
    values = [f"{_quote(row[column])} {_whose(row['customer_id'])}" for row in first]
    if names:
        values = [f"{value} ({name})" for value, name in zip(values, names, strict=True)]
    return f" (first: {', '.join(values)}{note})"


def _whose(customer_id: Any) -> str:
    return "without a customer id" if customer_id is None else f"of customer {customer_id}"


def _quote(value: Any) -> str:
    """Return a value as in the log, with text in quotes to make spaces visible."""
    return repr(value) if isinstance(value, str) else str(value)


def repeated_in_files(
    lazy: nw.LazyFrame[Any], row_names: frames.RowNames, remedies: tuple[str, str] = OVERLAPPING
) -> str | None:
    """Return an error text if several files share rows, as exports of overlapping periods do; None otherwise.

    Files overlap if at least half of the rows in the period that both cover are in both. Where a table repeats its
    header, the sections of it count as files; `remedies` are what to do about files and about sections.
    """
    parts = row_names.parts
    if not parts:
        return None
    reached = [(nw.col("position") >= begin).cast(nw.Int32) for begin in parts]
    rows = frames.with_positions(lazy).with_columns(file=nw.sum_horizontal(*reached))
    tick = nw.col("tick")
    periods = frames.collect(
        rows.group_by("file").agg(tick.min().alias("first"), tick.max().alias("last")).sort("file")
    )
    covered = [(row["first"], row["last"]) for row in periods.drop_nulls().rows(named=True)]
    common = [(max(a, c), min(b, d)) for (a, b), (c, d) in combinations(covered, 2) if max(a, c) <= min(b, d)]
    if not common:
        return None
    first, last = min(start for start, _ in common), max(end for _, end in common)
    content = [name for name in ("customer_id", "written", "amount") if name in rows.collect_schema().names()]
    inside = rows.filter(tick >= first, tick <= last).group_by(content)
    alike = frames.collect(inside.agg(nw.len().alias("rows"), nw.col("file").n_unique().alias("files")))
    repeated = int(alike.filter(nw.col("files") > 1)["rows"].sum() or 0)
    if repeated < REPEATED_SHARE * int(alike["rows"].sum()):
        return None
    if len(row_names.paths) < 2:
        return (
            f"{repeated:,} rows are in two sections or more of a table that repeats its header, as if a file had been "
            f"put together with itself or with an overlapping one: each would count twice. {remedies[1]}"
        )
    names = ", ".join(repr(path.name) for path in row_names.paths[:EXAMPLES])
    return (
        f"{repeated:,} rows are in two files or more, which seem to be exports of overlapping periods ({names}): each "
        f"would count twice. {remedies[0]}"
    )

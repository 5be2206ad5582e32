"""Read a transaction log: check three columns, turn dates into ticks, and report every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args

import narwhals as nw

from clvmodels import frames
from clvmodels.clock import EPOCH, FIRST_MONDAY, Clock
from clvmodels.errors import InvalidOption, InvalidTransactions

__all__ = [
    "LATEST",
    "Fault",
    "MissingId",
    "Transactions",
    "date_faults",
    "read_transactions",
    "refuse",
    "refuse_shared",
    "with_numbers",
    "with_ticks",
]

MissingId = Literal["raise", "drop"]
HOUR, DAY = 3_600_000, 86_400_000  # in milliseconds
EARLIEST, LATEST = "1900-01-01", "2200-01-01"  # a date outside is a typing error, such as the year 0014
EXAMPLES = 3
LARGEST_AMOUNT = 1e12  # a hundred million of these add up without overflow


@dataclass(frozen=True, slots=True)
class Transactions:
    """A checked log as a lazy plan.

    Attributes
    ----------
    lazy : narwhals.LazyFrame
        Columns customer_id, tick (whole merge periods since 1970) and, if there is money, amount; one row per
        transaction.
    kind : FrameKind
        The kind of frame to return.
    in_memory : bool
        Whether the rows are in memory, so that reading them again is cheap.
    has_amount : bool
    first_tick, last_tick : int
        Ticks of the earliest and the latest transaction.
    rows, rows_after : int
        Transactions, and how many of them are later than the last tick that counts.
    rows_without_id : int
        Rows without a customer id, which were left out (`on_missing_id="drop"`).
    opened_files : tuple of OpenedFile
        What was recognized of the files.
    """

    lazy: nw.LazyFrame[Any]
    kind: frames.FrameKind
    in_memory: bool
    has_amount: bool
    first_tick: int
    last_tick: int
    rows: int
    rows_after: int
    rows_without_id: int
    opened_files: tuple[frames.OpenedFile, ...] = ()


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


def read_transactions(
    log: frames.Frame | str | Path,
    clock: Clock,
    customer_id: str,
    date: str,
    amount: str | None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    end: int | None = None,
) -> Transactions:
    """Open a log, check every row, and count the rows later than tick `end`.

    Raises
    ------
    InvalidTransactions
        One error that lists every fault: the column, the number of rows, the first few, and the remedy.
    """
    if on_missing_id not in get_args(MissingId):
        raise InvalidOption(f"on_missing_id={on_missing_id!r} is not one of 'raise', 'drop'.")
    columns = {"customer_id": customer_id, "date": date} | ({"amount": amount} if amount is not None else {})
    refuse_shared(columns)
    opened = frames.open_frame(log, columns, text_id="customer_id", csv_as_text=True, roles_are_arguments=True)
    lazy = with_ticks(opened.lazy, clock, date, date_format, opened.longest.get("date"))
    if amount is not None:
        lazy = with_numbers(lazy, "amount", amount, opened.as_text)
    without_id = nw.col("customer_id").is_null()
    rows_without_id = 0
    if on_missing_id == "drop":
        rows_without_id = int(frames.collect(lazy.select(without_id.sum())).item())
        lazy = frames.with_positions(lazy).filter(~without_id)
    faults = list(_faults(columns, clock, date_format))
    later = nw.lit(0) if end is None else (nw.col("tick") > end).sum()
    rows, rows_after, first, last, *counts = frames.collect(
        lazy.select(
            nw.len().alias("rows"),
            later.alias("later"),
            nw.col("tick").min().alias("first"),
            nw.col("tick").max().alias("last"),
            *(fault.mask.sum().alias(f"fault_{i}") for i, fault in enumerate(faults)),
        )
    ).row(0)
    broken = [(fault, count) for fault, count in zip(faults, counts, strict=True) if count]
    refuse(lazy, broken, rows, date_format, opened.row_names)
    if rows == 0:
        reason = f"none of its {rows_without_id:,} rows has a customer id" if rows_without_id else "it has no rows"
        raise InvalidTransactions(f"The log has no transactions to summarize: {reason}.")
    return Transactions(
        lazy=lazy.select("customer_id", nw.col("tick").cast(nw.Int32), *(["amount"] if amount is not None else [])),
        kind=opened.kind,
        in_memory=opened.in_memory,
        has_amount=amount is not None,
        first_tick=first,
        last_tick=last,
        rows=rows,
        rows_after=rows_after,
        rows_without_id=rows_without_id,
        opened_files=opened.opened_files,
    )


def refuse_shared(columns: Mapping[str, str]) -> None:
    """Raise InvalidOption if one column is named as customer, date or amount at the same time."""
    for one, other in combinations(("customer_id", "date", "amount"), 2):
        if one in columns and columns[one] == columns.get(other):
            raise InvalidOption(f"Column {columns[one]!r} is named twice: {one}= and {other}= need a column each.")


def with_ticks(
    lazy: nw.LazyFrame[Any], clock: Clock, name: str, date_format: str | None, longest: int | None = None
) -> nw.LazyFrame[Any]:
    """Add `tick`, missing where the date cannot be read, and `written`, the date as it was, for error messages.

    `longest` is the length of the longest text, if it is known.
    """
    dtype = lazy.collect_schema()["date"]
    lazy = lazy.with_columns(written=nw.col("date"))
    if dtype == nw.String:
        lazy = frames.parse_dates(lazy, "date", date_format, clock.time_zone, longest)
    elif isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        if clock.time_zone is None:
            raise InvalidTransactions(
                f"Column {name!r} has timestamps in zone {dtype.time_zone}, and the day of a purchase depends on the "
                "zone of the calendar: name it with time_zone=, for example time_zone='Europe/London'."
            )
        lazy = lazy.with_columns(nw.col("date").dt.convert_time_zone(clock.time_zone).dt.replace_time_zone(None))
    elif dtype.is_numeric() and date_format in frames.DATE_UNITS:
        lazy = frames.parse_dates(lazy, "date", date_format, clock.time_zone, longest)
    elif not (dtype == nw.Date or isinstance(dtype, nw.Datetime)):
        if not _has_no_value(lazy, "date"):
            raise InvalidTransactions(
                f"Column {name!r} has type {dtype}, which is not a date: pass dates, timestamps, or text written "
                f"YYYY-MM-DD (for any other text, pass date_format=).{frames.date_proposal(lazy, 'date', date_format)}"
            )
        return lazy.with_columns(tick=nw.lit(None, dtype=nw.Int64))
    return lazy.with_columns(tick=_tick(nw.col("date"), clock))


def _tick(moment: nw.Expr, clock: Clock) -> nw.Expr:
    """Return merge periods since 1970: months and years by the calendar, the others by their fixed length."""
    if clock.merge_within in ("month", "year"):
        years = moment.dt.year().cast(nw.Int64) - EPOCH.year
        return years if clock.merge_within == "year" else 12 * years + moment.dt.month().cast(nw.Int64) - 1
    milliseconds = moment.cast(nw.Datetime("ms")).dt.timestamp("ms")
    if clock.merge_within == "week":
        return (milliseconds + FIRST_MONDAY * DAY) // (7 * DAY)
    return milliseconds // (HOUR if clock.merge_within == "hour" else DAY)


def with_numbers(lazy: nw.LazyFrame[Any], role: str, name: str, as_text: bool) -> nw.LazyFrame[Any]:
    """Convert a column to floats, missing where text cannot be read; `stated_<role>` has it as it was, for errors."""
    dtype = lazy.collect_schema()[role]
    lazy = lazy.with_columns(nw.col(role).alias(f"stated_{role}"))
    if as_text:
        return frames.parse_numbers(lazy, role)
    if not dtype.is_numeric():
        if not _has_no_value(lazy, role):
            raise InvalidTransactions(
                f"Column {name!r} has type {dtype}, which is not a number ({role}): convert it to numbers first "
                "(thousands separators and currency signs cannot be read)."
            )
        return lazy.with_columns(nw.lit(None, dtype=nw.Float64).alias(role))
    return lazy.with_columns(nw.col(role).cast(nw.Float64))


def _has_no_value(lazy: nw.LazyFrame[Any], role: str) -> bool:
    """Return whether a column has no row or only missing values, so that its type means nothing."""
    return bool(frames.collect(lazy.select(nw.col(role).is_null().all())).item())


def _faults(columns: dict[str, str], clock: Clock, date_format: str | None) -> Iterator[Fault]:
    """Yield the faults of customer ids, dates and amounts."""
    yield Fault(
        "customer_id",
        nw.col("customer_id").is_null(),
        f"no customer id in {columns['customer_id']!r}",
        'Pass on_missing_id="drop" to leave them out.',
    )
    yield from date_faults(columns["date"], clock, date_format)
    if "amount" in columns:
        yield from _amount_faults(columns["amount"])


def _amount_faults(name: str) -> Iterator[Fault]:
    """Yield the faults of amounts: missing, unreadable, infinite, negative, or too large."""
    paid, stated = nw.col("amount"), nw.col("stated_amount")
    yield Fault(
        "amount",
        (paid.is_null() & stated.is_null()) | paid.is_nan().fill_null(False),
        f"no amount in {name!r}",
        "Fill in the amounts, remove the rows, or omit amount= to model purchases only.",
    )
    yield Fault(
        "stated_amount",
        paid.is_null() & ~stated.is_null(),
        f"an amount in {name!r} that cannot be read as a number",
        "Write amounts with a decimal point and without thousands separators or currency signs.",
    )
    yield Fault(
        "amount",
        (~paid.is_finite() & ~paid.is_nan()).fill_null(False),
        f"an infinite amount in {name!r}",
        "Correct or remove them.",
    )
    yield Fault(
        "amount",
        (paid < 0).fill_null(False),
        f"a negative amount in {name!r}",
        "Net refunds against the purchases they reverse with `clean`, or remove them; then summarize the log.",
    )
    yield Fault(
        "amount",
        ((paid > LARGEST_AMOUNT) & paid.is_finite()).fill_null(False),
        f"an amount above {LARGEST_AMOUNT:g} in {name!r}",
        "Correct them, or state all amounts in a larger unit, such as thousands.",
    )


def date_faults(name: str, clock: Clock, date_format: str | None) -> Iterator[Fault]:
    """Yield the faults of dates: missing, unreadable, or centuries away."""
    tick = nw.col("tick")
    yield Fault(
        "written",
        tick.is_null() & nw.col("written").is_null(),
        f"no date in {name!r}",
        "Remove them or fill in the date.",
    )
    shape, remedy = "YYYY-MM-DD", "Pass date_format= with the right strftime codes, such as date_format='%d/%m/%Y'"
    if date_format is not None:
        shape, remedy = date_format, "Pass the codes of these dates with date_format=, or omit it if they are ISO dates"
    yield Fault(
        "written",
        tick.is_null() & ~nw.col("written").is_null(),
        f"a date in {name!r} that cannot be read as {shape}",
        remedy + ("; text with a time zone also needs time_zone=." if clock.time_zone is None else "."),
        Fault(
            "written",
            nw.col("missing_day"),
            f"a date in {name!r} that is not in the calendar",
            "Correct the day, or remove the rows.",
        ),
    )
    earliest, latest = clock.last_tick(EARLIEST), clock.last_tick(LATEST)
    yield Fault(
        "written",
        ((tick < earliest) | (tick > latest)).fill_null(False),
        f"a date in {name!r} outside {EARLIEST[:4]} to {LATEST[:4]}",
        "Correct the year; if years have two digits, pass date_format=, such as date_format='%d-%m-%y'.",
    )


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
        How rows are named; by default only customers are.
    other_faults : sequence of str, optional
        Messages about faults that are not of single rows.
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
        return f" (first: {', '.join(names)}{note})" if names else ""
    values = [f"{_quoted(row[column])} {_whose(row['customer_id'])}" for row in first]
    if names:
        values = [f"{value} ({name})" for value, name in zip(values, names, strict=True)]
    return f" (first: {', '.join(values)}{note})"


def _whose(customer_id: Any) -> str:
    return "without a customer id" if customer_id is None else f"of customer {customer_id}"


def _quoted(value: Any) -> str:
    """Return a value as it is in the log, text in quotes so that spaces show."""
    return repr(value) if isinstance(value, str) else str(value)

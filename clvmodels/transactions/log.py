"""Read a transaction log: check its columns, convert dates to ticks, and report all faults at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args

import narwhals as nw

from clvmodels import frames
from clvmodels.clock import EPOCH, FIRST_MONDAY, Clock
from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.transactions.faults import Fault, refuse, repeated_in_files
from clvmodels.transactions.ids import (
    MissingIds,
    clean_ids,
    find_placeholder,
    is_shortened,
    missing_words,
    placeholder_fault,
)
from clvmodels.transactions.stray_dates import EARLIEST, LATEST, PeriodArguments, doubtful_dates
from clvmodels.transactions.unnamed_columns import Kind, unnamed_columns, unnamed_faults

__all__ = [
    "CLEAN_FIRST",
    "EARLIEST",
    "LARGEST_AMOUNT",
    "LATEST",
    "MissingId",
    "Transactions",
    "date_faults",
    "id_faults",
    "read_transactions",
    "refuse_shared",
    "with_numbers",
    "with_ticks",
    "with_types",
    "zone_needed",
]

MissingId = Literal["raise", "drop"]
HOUR, DAY = 3_600_000, 86_400_000  # in milliseconds
CLEAN_FIRST: dict[Kind, str] = {  # remedies for columns that were not named
    "currency": "clean the log with currency= and rate=, or keep the rows of one currency",
    "test": "clean the log with test=, or remove these rows",
    "status": "Clean the log with status={name!r}, or remove the column if all rows are sales",
    "refund": "Clean the log (a column of refunded amounts is refunded={name!r}, any other is status={name!r}), or "
    "remove the column if all rows are sales",
    "payment": "Remove these rows, or the column if all rows are sales",
}
ANY_DAY = "2000-01-01"
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


@frames.load_once()
def read_transactions(
    log: frames.Frame | str | Path,
    clock: Clock,
    customer_id: str,
    date: str,
    amount: str | None,
    date_format: str | None = None,
    on_missing_id: MissingId = "raise",
    end: int | None = None,
    missing_ids: MissingIds = None,
    doubts: Literal["raise", "leave"] = "raise",
    since: Date | None = None,
    period: PeriodArguments | None = None,
) -> Transactions:
    """Open a log, check every row, and count the rows later than tick `end`.

    With `doubts="leave"`, an id that probably stands for unknown customers is accepted; with `since`, rows of earlier
    days are dropped before the checks, as `frames.rows_since` does. If `period` names the arguments that confirm dates
    far from the others, such dates and ids are reported with any other faults; otherwise the caller does it.

    Raises
    ------
    InvalidTransactions
        One error that lists every fault: the column, the number of rows, the first few, and the remedy.
    """
    if on_missing_id not in get_args(MissingId):
        raise InvalidOption(f"on_missing_id={on_missing_id!r} is not one of 'raise', 'drop'.")
    columns = {"customer_id": customer_id, "date": date} | ({"amount": amount} if amount is not None else {})
    refuse_shared(columns)
    unnamed = unnamed_columns(log, columns, has_money=amount is not None)
    opened = frames.open_frame(
        log,
        columns | unnamed,
        text_id="customer_id",
        csv_as_text=True,
        roles_are_arguments=True,
        collect_faults=True,
    )
    lazy = opened.lazy if since is None else frames.rows_since(opened.lazy, since)
    lazy = clean_ids(lazy, "customer_id", missing_words(missing_ids), parse_integers=opened.as_text)
    lazy, wrong_types = with_types(lazy, clock, columns, date_format, opened)
    others = [*opened.faults, *wrong_types]
    without_id = nw.col("customer_id").is_null()
    rows_without_id = 0
    if on_missing_id == "drop":
        rows_without_id = int(frames.collect(lazy.select(without_id.sum())).item())
        lazy = frames.with_positions(lazy).filter(~without_id)
    faults = [*id_faults(lazy, columns), *_faults(columns, clock, date_format)]
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
    others += unnamed_faults(dict.fromkeys(unnamed, lazy), unnamed, CLEAN_FIRST)
    by_files = opened.as_text or opened.row_names.sections
    repeated = repeated_in_files(lazy, opened.row_names) if by_files else None
    others += [] if repeated is None else [repeated]
    if missing_ids is None and (doubts == "raise" or (period is not None and (broken or others))):
        placeholder = find_placeholder(lazy)
        others += [] if placeholder is None else [placeholder_fault(placeholder, customer_id, "on_missing_id='drop'")]
    if period is not None and (broken or others):
        others += doubtful_dates(lazy, clock, period)
    refuse(lazy, broken, rows, date_format, opened.row_names, others)
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


def with_types(
    lazy: nw.LazyFrame[Any],
    clock: Clock,
    columns: Mapping[str, str],
    date_format: str | None,
    opened: frames.OpenedFrame,
    numbers: Sequence[str] = ("amount",),
) -> tuple[nw.LazyFrame[Any], list[str]]:
    """Return a log with ticks and numbers, and error texts about columns that have neither dates nor numbers.

    Such a column gets one valid value, so that the other columns can still be checked.
    """
    faults = []
    try:
        lazy = with_ticks(lazy, clock, columns["date"], date_format, opened.longest.get("date"))
    except InvalidTransactions as error:
        faults.append(str(error))
        lazy = lazy.with_columns(tick=nw.lit(clock.last_tick(ANY_DAY)), written=nw.col("date"))
    for role in [role for role in numbers if role in columns]:
        try:
            lazy = with_numbers(lazy, role, columns[role], opened.as_text)
        except InvalidTransactions as error:
            faults.append(str(error))
            lazy = lazy.with_columns(nw.col(role).alias(f"stated_{role}"), nw.lit(1.0).alias(role))
    return lazy, faults


def refuse_shared(columns: Mapping[str, str]) -> None:
    """Raise InvalidOption if one column is named as customer, date or amount at the same time."""
    for one, other in combinations(("customer_id", "date", "amount"), 2):
        if one in columns and columns[one] == columns.get(other):
            raise InvalidOption(f"Column {columns[one]!r} is named twice: {one}= and {other}= need a column each.")


def with_ticks(
    lazy: nw.LazyFrame[Any], clock: Clock, name: str, date_format: str | None, longest: int | None = None
) -> nw.LazyFrame[Any]:
    """Add `tick`, missing where the date cannot be read, and `written`, the date as it was, for error messages.

    `longest` is the length of the longest text, if the caller knows it.
    """
    dtype = lazy.collect_schema()["date"]
    if dtype.is_integer() and date_format is not None and date_format not in frames.DATE_UNITS:
        lazy, dtype = lazy.with_columns(nw.col("date").cast(nw.String)), nw.String()  # such as 20240105
    lazy = lazy.with_columns(written=nw.col("date"))
    zone = clock.time_zone if clock.merge_within == "hour" else None  # hours are counted as elapsed time
    if dtype == nw.String:
        if zone is not None:
            lazy = frames.parse_dates(lazy.with_columns(moment=nw.col("date")), "moment", date_format, "UTC")
        lazy = frames.parse_dates(lazy, "date", date_format, clock.time_zone, longest)
    elif isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        if clock.time_zone is None:
            raise zone_needed(name, dtype.time_zone)
        if zone is not None:
            lazy = lazy.with_columns(moment=nw.col("date").dt.convert_time_zone("UTC").dt.replace_time_zone(None))
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
    if zone is None:
        lazy = lazy.with_columns(tick=_tick(nw.col("date"), clock))
    else:
        lazy = frames.moments_in_utc(lazy, "date", "moment", zone)
        lazy = lazy.with_columns(tick=_tick(nw.col("moment") + clock.standard_offset, clock)).drop("moment")
    if dtype == nw.String:
        return lazy
    # Python's dates do not have all years, so error messages show the text in `written` instead.
    readable = (nw.col("tick") >= clock.last_tick("0002-01-01")) & (nw.col("tick") <= clock.last_tick("9998-01-01"))
    return lazy.with_columns(nw.when(readable).then(nw.col("date")).alias("date"))


def zone_needed(name: str, zone: str) -> InvalidTransactions:
    """Return the error about timestamps with a time zone if the clock has no zone."""
    return InvalidTransactions(
        f"Column {name!r} has timestamps with a time zone ({zone}), and the day of a purchase depends on the zone of "
        "the calendar: pass it with time_zone=, for example time_zone='Europe/London'."
    )


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
    if as_text or dtype == nw.String:
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
    """Return whether a column has no values, in which case its type means nothing."""
    return bool(frames.collect(lazy.select(nw.col(role).is_null().all())).item())


def _faults(columns: Mapping[str, str], clock: Clock, date_format: str | None) -> Iterator[Fault]:
    """Yield the faults of customer ids, dates and amounts."""
    yield Fault(
        "customer_id",
        nw.col("customer_id").is_null(),
        f"no customer id in {columns['customer_id']!r}",
        'Pass on_missing_id="drop" to leave them out.',
    )
    yield from date_faults(columns["date"], clock, date_format)
    if clock.calendar is not None and (closed := clock.calendar.days_without_purchases()):
        day = nw.col("tick") // 24 if clock.merge_within == "hour" else nw.col("tick")
        yield Fault(
            "written",
            day.is_in(closed).fill_null(False),
            f"a date in {columns['date']!r} on which the calendar allows no purchases",
            "Correct the calendar: give a period with purchases a speed above 0 instead of 'closed'.",
        )
    if "amount" in columns:
        yield from _amount_faults(columns["amount"])


def id_faults(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the faults of ids of customers and orders that are text."""
    schema = lazy.collect_schema()
    for role in ("customer_id", "order_id"):
        if role in columns and schema[role] == nw.String:
            yield Fault(
                role,
                is_shortened(role),
                f"an id in {columns[role]!r} such as 1.2E+17, which a spreadsheet rounded",
                "Export the ids as text, or take them from the original file.",
            )


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


def date_faults(
    name: str, clock: Clock, date_format: str | None, if_missing: str = "Remove them or fill in the date."
) -> Iterator[Fault]:
    """Yield the faults of dates: missing, unreadable, or centuries away."""
    tick = nw.col("tick")
    yield Fault(
        "written",
        tick.is_null() & nw.col("written").is_null(),
        f"no date in {name!r}",
        if_missing,
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

"""Check a log in the engine that holds it, by the rules of `read_transactions`; only counts leave the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidTransactions
from clvmodels.transactions.ids import (
    FEWEST_ROWS,
    PLACEHOLDERS,
    MissingIds,
    Placeholder,
    is_shortened,
    missing_words,
    placeholder_among,
    placeholder_fault,
)
from clvmodels.transactions.log import (
    CLEAN_FIRST,
    EARLIEST,
    LARGEST_AMOUNT,
    LATEST,
    MissingId,
    read_transactions,
    refuse_shared,
    zone_needed,
)
from clvmodels.transactions.stray_dates import FEW_CUSTOMERS, PeriodArguments, count_by_tick, doubts_about_dates
from clvmodels.transactions.unnamed_columns import unnamed_columns, unnamed_faults

__all__ = ["EngineLog", "LogOptions", "read_in_engine"]

COPIED_ROWS = 2_000_000  # largest log with faults that is copied, so that the error can name its rows
ROWS_SHOWN = 1_000  # rows at fault of a larger log that the error is made from
DAYS_SHOWN = 3
MOST_SHORTENED = 100_000  # most ids that are checked for rounded numbers
ROWS_PER_BLOCK = 1_000_000  # rows per streamed block
MOST_HISTORIES = 10_000_000  # most customers whose first and last dates are compared
ZONED = "UTC"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How the columns of a log are read, as for `rfm_summary`.

    Attributes
    ----------
    customer_id, date : str
    amount, date_format : str or None
    on_missing_id, missing_ids
    period : PeriodArguments or None
        As for `read_transactions`.
    """

    customer_id: str
    date: str
    amount: str | None
    date_format: str | None
    on_missing_id: MissingId
    missing_ids: MissingIds
    period: PeriodArguments | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Names of the columns by role."""
        amount = {} if self.amount is None else {"amount": self.amount}
        return {"customer_id": self.customer_id, "date": self.date, **amount}


@dataclass(frozen=True, slots=True, eq=False)
class EngineLog:
    """A checked log in its engine.

    Attributes
    ----------
    engine : Engine
    query : LogQuery
        How its rows are read.
    clock : Clock
    kind : FrameKind
        The kind of frame to return.
    rows, rows_after, rows_without_id : int
        Rows with a customer id, how many of them are later than the last tick that counts, and rows without an id.
    first_tick, last_tick : int
    """

    engine: frames.Engine
    query: frames.LogQuery
    clock: Clock
    kind: frames.FrameKind
    rows: int
    rows_after: int
    rows_without_id: int
    first_tick: int
    last_tick: int

    @property
    def source_query(self) -> frames.LogQuery:
        """How the rows of the original table are read, for results that outlive this object."""
        return replace(self.query, kept_rows=None)

    def fetch(self, query: frames.Query) -> nw.DataFrame[Any]:
        """Run a query and return its rows."""
        return self.engine.fetch(query.text(), query.types)

    def stream(self, query: frames.Query) -> Iterator[nw.DataFrame[Any]]:
        """Run a query and yield its rows in blocks, in no particular order."""
        return self.engine.stream(query.text(), query.types, ROWS_PER_BLOCK)

    def refuse_changed(self, rows: int, up_to_end: bool = True, checked: int | None = None) -> None:
        """Raise InvalidTransactions if a later query read a different number of rows than the check did."""
        if checked is None:
            checked = self.rows - self.rows_after if up_to_end else self.rows
        if rows != checked:
            raise InvalidTransactions(
                f"The table changed while it was read: {checked:,} rows at first, {rows:,} later. Read a snapshot, "
                "such as a table that is not written to, or a transaction with repeatable reads."
            )


def read_in_engine(
    log: frames.Frame,
    clock: Clock,
    options: LogOptions,
    end: int | None = None,
    doubts: Literal["raise", "leave"] = "raise",
) -> EngineLog | None:
    """Check a log in its engine.

    Parameters
    ----------
    log : frame
    clock : Clock
    options : LogOptions
    end : int, optional
        Rows later than this tick are counted.
    doubts : {"raise", "leave"}
        Whether an id that probably stands for unknown customers is refused.

    Returns
    -------
    EngineLog or None
        None if the log is not in an engine, or `read_transactions` has to read it: for the types of its columns, or to
        report its faults.

    Raises
    ------
    InvalidTransactions
        If a log that is too large to be copied has faults.
    """
    engine = frames.engine_of(log)
    if (
        engine is None
        or _needs_polars(clock)
        or options.date_format is not None
        or options.on_missing_id not in get_args(MissingId)
    ):
        return None
    columns = options.columns
    refuse_shared(columns)
    types = _types(engine, frames.column_names(log), columns)
    if types is None:
        return None
    if types["date"] == "instant" and clock.time_zone is None:
        raise zone_needed(columns["date"], ZONED)
    query = frames.LogQuery(engine.dialect, engine.source, columns, types, clock, missing_words(options.missing_ids))
    query = replace(query, kept_rows=engine.keep(query.rows))
    earliest, latest = clock.last_tick(EARLIEST), clock.last_tick(LATEST)
    check = query.check(end, earliest, latest, LARGEST_AMOUNT, PLACEHOLDERS)
    counts = {name: value or 0 for name, value in engine.fetch(check.text(), check.types).rows(named=True)[0].items()}
    dropped = counts["no_id"] if options.on_missing_id == "drop" else 0
    faults = counts["no_id"] - dropped + counts["bad_date"] + counts["bad_amount"]
    faults += _shortened_ids(engine, query, counts)
    rows = counts["all_rows"] - dropped
    closed = _rows_on_closed_days(engine, query, clock)
    if (faults or closed or not rows) and counts["all_rows"] <= COPIED_ROWS:
        return None
    others = _unnamed_faults(log, engine, options)
    if closed:
        days = ", ".join(list(closed)[:DAYS_SHOWN])
        others.append(
            f"{sum(closed.values()):,} of {rows:,} rows have a date in {columns['date']!r} on which the calendar "
            f"allows no purchases (first: {days}). Correct the calendar: give a period with purchases a speed above 0 "
            "instead of 'closed'."
        )
    named = doubts == "raise" or (options.period is not None and bool(faults or others))
    if named and options.missing_ids is None and counts["placeholder"] >= FEWEST_ROWS:
        placeholder = _placeholder(engine, query, rows)
        if placeholder is not None:
            others.append(placeholder_fault(placeholder, options.customer_id, "on_missing_id='drop'"))
    if (faults or others) and options.period is not None:
        others += _doubtful_dates(engine, query, clock, options.period)
    if faults or not rows:
        _refuse_some(engine, query, clock, options, faults, counts["all_rows"], others)
    if others:
        raise InvalidTransactions("\n".join(others))
    return EngineLog(
        engine=engine,
        query=query,
        clock=clock,
        kind=frames.kind_of_database(log),
        rows=rows,
        rows_after=counts["later"],
        rows_without_id=dropped,
        first_tick=counts["min_tick"],
        last_tick=counts["max_tick"],
    )


def _needs_polars(clock: Clock) -> bool:
    """Return whether a clock uses hours of a time zone, which engines compute differently."""
    return clock.merge_within == "hour" and clock.time_zone is not None


def _rows_on_closed_days(engine: frames.Engine, query: frames.LogQuery, clock: Clock) -> dict[str, int]:
    """Return the days on which the calendar allows no purchases and the log has rows, and how many."""
    if clock.calendar is None or not clock.calendar.days_without_purchases():
        return {}
    by_tick = query.rows_by_tick()
    table = engine.fetch(by_tick.text(), by_tick.types).drop_nulls().sort("tick")
    ticks, rows = (table[name].to_numpy().astype(np.int64) for name in ("tick", "tick_rows"))
    closed = np.flatnonzero(clock.calendar.speeds(ticks // (24 if clock.merge_within == "hour" else 1)) == 0)
    return {clock.describe_tick(int(ticks[i])): int(rows[i]) for i in closed}


def _types(
    engine: frames.Engine, names: Sequence[str], columns: Mapping[str, str]
) -> dict[str, frames.ColumnType] | None:
    """Return the types of the columns by role; None if one is missing or the engine cannot use its type."""
    if any(names.count(name) != 1 for name in columns.values()):
        return None
    present = engine.column_types()
    types = {role: present[name] for role, name in columns.items()}
    computed = (
        types["customer_id"] in ("integer", "text")
        and types["date"] in ("date", "timestamp", "instant")
        and types.get("amount", "number") in ("number", "integer")
    )
    return types if computed else None


def _shortened_ids(engine: frames.Engine, query: frames.LogQuery, counts: Mapping[str, int]) -> int:
    """Return how many ids are rounded numbers such as 1.2E+17."""
    if not counts["shortened"]:
        return 0
    few = query.shortened(MOST_SHORTENED)
    ids = engine.fetch(few.text(), few.types)
    return len(ids.filter(is_shortened("customer_id")))


def _unnamed_faults(log: frames.Frame, engine: frames.Engine, options: LogOptions) -> list[str]:
    """Return faults by columns that the user did not name, such as several currencies."""
    unnamed = unnamed_columns(log, options.columns, has_money=options.amount is not None)
    tables = {
        role: engine.fetch(*frames.count_values(engine.dialect, engine.source, name, role)).lazy()
        for role, name in unnamed.items()
    }
    return unnamed_faults(tables, unnamed, CLEAN_FIRST, count="value_rows")


def _placeholder(engine: frames.Engine, query: frames.LogQuery, rows: int) -> Placeholder | None:
    """Return an id such as 0 that has far more rows than any other id; None if there is none."""
    top = query.most_frequent()
    frequent = engine.fetch(top.text(), top.types).rows()
    return placeholder_among([(value, count) for value, count in frequent], rows)


def _doubtful_dates(engine: frames.Engine, query: frames.LogQuery, clock: Clock, period: PeriodArguments) -> list[str]:
    """Return error texts about dates far from the others, in a log that has other faults."""
    earliest, latest = clock.last_tick(EARLIEST), clock.last_tick(LATEST)
    end = latest if period.end_tick is None else period.end_tick
    histories = query.histories(end, frames.CustomerChoice(), MOST_HISTORIES)
    table = engine.fetch(histories.text(), histories.types)
    age, recency, customers = (table[name].to_numpy().astype(np.int64) for name in ("age", "recency", "customers"))
    first = end - age
    if period.compared == "customers" and customers.sum() >= FEW_CUSTOMERS:
        plausible = first >= earliest
        counts = customers[plausible]
        by_first, by_last = (count_by_tick(ticks[plausible], counts) for ticks in (first, first + recency))
        return doubts_about_dates(by_first, by_last, clock, period)
    by_tick = query.rows_by_tick()
    rows = engine.fetch(by_tick.text(), by_tick.types).drop_nulls()
    rows = rows.filter(nw.col("tick") >= earliest, nw.col("tick") <= end).sort("tick")
    all_rows = (rows["tick"].to_numpy().astype(np.int64), rows["tick_rows"].to_numpy().astype(np.int64))
    return doubts_about_dates(all_rows, all_rows, clock, period)


def _refuse_some(
    engine: frames.Engine,
    query: frames.LogQuery,
    clock: Clock,
    options: LogOptions,
    faults: int,
    rows: int,
    others: Sequence[str],
) -> None:
    """Raise InvalidTransactions about the first rows at fault of a log that is too large to be copied, and `others`."""
    limits = (clock.last_tick(EARLIEST), clock.last_tick(LATEST))
    text, types = query.faults(*limits, LARGEST_AMOUNT, options.on_missing_id == "raise", ROWS_SHOWN)
    faulty = engine.fetch(text, types).rename(options.columns).to_native()
    where = f"{faults:,} faults in {rows:,} rows of the table. The first rows at fault:"
    try:
        read_transactions(
            faulty,
            clock,
            options.customer_id,
            options.date,
            options.amount,
            None,
            options.on_missing_id,
            None,
            options.missing_ids,
            "leave",
        )
    except InvalidTransactions as error:
        raise InvalidTransactions("\n".join([where, str(error), *others])) from None
    raise InvalidTransactions(f"{where} {engine.title} and polars disagree about them; convert the columns first.")

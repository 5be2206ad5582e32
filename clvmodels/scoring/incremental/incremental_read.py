"""Read only the recent rows of a job's log, and add them to the state kept by earlier runs.

The state has the customers up to a boundary, which is the overlap before the last published day. Rows of later days are
read again in each run, so late rows and deletions among them are found. Rows up to the boundary are counted by day: if
any count changed, or anything else is unclear, the whole log is read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.clock import EPOCH, Clock
from clvmodels.errors import InvalidJob, InvalidManifest, InvalidTransactions
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.events import event
from clvmodels.scoring.incremental.days import changed_days, join_counts, up_to
from clvmodels.scoring.incremental.log_statistics import LogStatistics, log_statistics
from clvmodels.scoring.incremental.log_sums import LogSums, SumOptions, sums_up_to
from clvmodels.scoring.incremental.reading import FullReadReason, SourceReading
from clvmodels.scoring.incremental.stored_state import LogState, read_state
from clvmodels.scoring.stores import open_source
from clvmodels.scoring.stores.dated_rows import DAY, DAY_ROWS, query_of_days, query_since
from clvmodels.transactions.amounts import Floats
from clvmodels.transactions.log import Transactions, read_transactions
from clvmodels.transactions.purchase_log import RecentPurchases
from clvmodels.transactions.reduction import Ints
from clvmodels.transactions.summary import RFM, ObservedPeriod, build_rfm, reduce_transactions

__all__ = ["IncrementalSource", "NightlyRead", "ReadInFull", "StateUse"]


class ReadInFull(Exception):  # not an error: it changes how the log is read
    """The state cannot be used, so the whole log has to be read."""

    def __init__(self, reason: FullReadReason, changed: Ints | None = None) -> None:
        super().__init__(reason)
        self.reason: FullReadReason = reason
        self.changed = changed if changed is not None else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class StateUse:
    """How a run uses the state kept by earlier runs.

    Attributes
    ----------
    folder : Path
        Folder of the job.
    keep : bool
        Whether to keep a state for the next run.
    reason : str or None
        The reason to read the log in full, if it is known already.
    look_back : int
        Ticks before the date whose purchases the forecaster reads one by one; 0 for none.
    """

    folder: Path
    keep: bool
    reason: FullReadReason | None = None
    look_back: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class NightlyRead:
    """What a run read from its log.

    Attributes
    ----------
    statistics : LogStatistics
        Statistics up to the date.
    reading : SourceReading
    state : LogState or None
        The state to keep for the next run once this one is published; None if there is none.
    recent : RecentPurchases or None
        The purchases that a forecaster reads one by one; None if it reads none, or the whole log is there.
    paid : float array (n,), or None
        With these purchases, all money that each customer spent.
    """

    statistics: LogStatistics
    reading: SourceReading
    state: LogState | None
    recent: RecentPurchases | None = None
    paid: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CustomerRead:
    """The customers of a log, from recent rows and a state or from all rows.

    Attributes
    ----------
    rfm : RFM
    end : int
        Tick of the date.
    night : NightlyRead
    """

    rfm: RFM
    end: int
    night: NightlyRead


@dataclass(frozen=True, slots=True, eq=False)
class IncrementalSource:
    """The log of a job that reads only recent rows.

    Attributes
    ----------
    job : Job
    clock : Clock
    columns : dict of str to str or None
        Names of columns by role.
    staging : Path
        Folder for copies of tables in databases.
    uri : str
        URI of the database.
    use : StateUse
    """

    job: Job
    clock: Clock
    columns: Mapping[str, str | None]
    staging: Path
    uri: str
    use: StateUse

    @property
    def overlap(self) -> int:
        """Return the days that are read again."""
        return self.job.source.overlap_days

    @property
    def settings(self) -> str:
        """Return a fingerprint of everything that the state depends on."""
        source, cleaning = self.job.source, self.job.cleaning
        content = {
            "source": source.model_dump(mode="json"),
            "columns": dict(self.columns),
            "ids": [cleaning.on_missing_id, cleaning.missing_ids],
            "clock": self.clock.to_dict(),
            "first": self.job.models.include_first_transaction,
            "release": metadata.version("clvmodels"),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def _sums(self) -> SumOptions:
        return SumOptions(self.job.models.include_first_transaction, self.use.look_back)

    def read_recent(self, as_of: int | None) -> CustomerRead:
        """Read the rows after the boundary, and add them to the state.

        Parameters
        ----------
        as_of : int or None
            Tick of the date; None means the latest of the log.

        Raises
        ------
        ReadInFull
            If the state cannot be used.
        """
        state = self._usable_state()
        if as_of is not None and as_of - self.overlap < state.boundary:
            raise ReadInFull("older-day")
        try:
            days, day_rows = self._rows_by_day(state.stored)
            changed = changed_days(state, days, day_rows)
            if len(changed):
                raise ReadInFull("older-rows", changed)
            if not (days > state.boundary).any():
                raise ReadInFull("no-rows")
            source = self._recent_source(state)
            if self.job.source.store != "file":
                days, day_rows = self._days_of(source, state.stored)
            since = _day(state.boundary + 1)
            named, ids = self.columns, self._ids
            recent = read_transactions(source, self.clock, **named, end=as_of, **ids, doubts="leave", since=since)  # type: ignore[arg-type]
        except InvalidTransactions:  # the full read counts the rows at fault among all rows, and raises the error
            raise ReadInFull("faults") from None
        if recent.last_tick <= state.boundary:
            raise ReadInFull("no-rows")
        end = recent.last_tick if as_of is None else as_of
        if end - self.overlap < state.boundary:
            raise ReadInFull("older-day")
        return self._add(state, _after(recent, state.boundary), (days, day_rows), end)

    def read_in_full(
        self, transactions: Transactions, source: Any, end: int, full: ReadInFull, intertimes: bool
    ) -> CustomerRead:
        """Return the customers of a log that was read in full, and from the same reduction the state to keep.

        No state is kept of a log that is shorter than the overlap.

        Raises
        ------
        InvalidJob
            If days cannot be selected by the dates of the source.
        """
        statistics = log_statistics(transactions, self.clock, end)
        reading = _reading_of_all(transactions, full)
        stored, boundary = self._stored_dates(source), end - self.overlap
        if not self.use.keep or transactions.first_tick > boundary:
            rfm = reduce_transactions(transactions, self.clock, end, self._sums.include_first, intertimes)
            return CustomerRead(rfm, end, NightlyRead(statistics, reading, None))
        since = end - self.use.look_back
        sums = sums_up_to(transactions, boundary, since, self._sums)
        counted = up_to(boundary, *self._days_of(source, stored))
        state = LogState(
            self.settings, boundary, stored, sums, log_statistics(transactions, self.clock, boundary), *counted
        )
        self._refuse_other_days(state)
        tonight = sums.followed_by(transactions, (boundary, end), since, self._sums)
        period = ObservedPeriod(
            clock=self.clock,
            end=end,
            after=None,
            older_customers=0,
            rows_after_end=transactions.rows_after,
            rows_without_id=transactions.rows_without_id,
            kind=transactions.kind,
            opened_files=transactions.opened_files,
        )
        return self._customers(tonight, period, statistics, reading, state)

    def _customers(
        self,
        sums: LogSums,
        period: ObservedPeriod,
        statistics: LogStatistics,
        reading: SourceReading,
        state: LogState | None,
    ) -> CustomerRead:
        """Return the customers of the sums up to a date, with what to keep for the next night."""
        customers = sums.customers
        rfm = build_rfm(customers.totals(period.end), period, self._sums.include_first)
        recent = None if sums.recent is None else sums.recent.repeat_purchases(customers)
        night = NightlyRead(statistics, reading, state, recent, None if recent is None else customers.paid)
        return CustomerRead(rfm, period.end, night)

    @property
    def _ids(self) -> dict[str, Any]:
        return {"on_missing_id": self.job.cleaning.on_missing_id, "missing_ids": self.job.cleaning.missing_ids}

    def _usable_state(self) -> LogState:
        """Return the state kept by earlier runs; raise ReadInFull if it cannot be used."""
        if self.use.reason is not None:
            raise ReadInFull(self.use.reason)
        try:
            state = read_state(self.use.folder)
        except InvalidManifest as error:
            event("damaged", str(error), logging.WARNING)
            raise ReadInFull("damaged") from None
        if state is None:
            raise ReadInFull("first")
        if state.settings != self.settings:
            raise ReadInFull("settings")
        recent, back = state.sums.recent, self.use.look_back
        if back and (recent is None or recent.since > state.boundary + self.overlap - back):
            raise ReadInFull("windows")
        return state

    def _add(self, state: LogState, recent: Transactions, days: tuple[Ints, Ints], end: int) -> CustomerRead:
        """Return the customers of the state and of later rows, and the next state."""
        if recent.lazy.collect_schema()["customer_id"] != state.sums.customers.customer_id.dtype:
            raise ReadInFull("settings")
        boundary, since = end - self.overlap, end - self.use.look_back
        moved = state.sums.followed_by(recent, (state.boundary, boundary), since, self._sums)
        tonight = moved.followed_by(recent, (boundary, end), since, self._sums)
        if self.job.cleaning.missing_ids is None:
            later = (end, recent.last_tick)
            everyone = tonight.followed_by(recent, later, since, self._sums) if recent.rows_after else tonight
            if everyone.customers.has_placeholder:
                raise ReadInFull("faults")
        every_day = join_counts(state.boundary, (state.days, state.day_rows), days)
        following = None
        if self.use.keep and boundary > state.boundary:
            counted = up_to(boundary, *every_day)
            statistics = state.statistics.followed_by(log_statistics(recent, self.clock, boundary), boundary)
            following = LogState(state.settings, boundary, state.stored, moved, statistics, *counted)
        rows_with_id = int(state.statistics.rows.sum()) + recent.rows
        period = ObservedPeriod(
            clock=self.clock,
            end=end,
            after=None,
            older_customers=0,
            rows_after_end=recent.rows_after,
            rows_without_id=int(every_day[1].sum()) - rows_with_id,
            kind="polars",
            opened_files=recent.opened_files,
        )
        read = int(days[1][days[0] > state.boundary].sum())
        reading = SourceReading(mode="recent", since=str(_day(state.boundary + 1)), rows_read=read)
        statistics = state.statistics.followed_by(log_statistics(recent, self.clock, end), end)
        return self._customers(tonight, period, statistics, reading, following)

    def _recent_source(self, state: LogState) -> Any:
        """Return the source of rows after the boundary: the files, or a copy of these rows of a database."""
        place = self.job.source
        if place.store == "file":
            return self._open(place.table, place.query)
        since = _day(state.boundary + 1)
        return self._open(None, query_since(place.table, place.query, self._date, state.stored, since))

    def _open(self, table: str | None, query: str | None) -> Any:
        place, columns = self.job.source, self.job.columns
        keys = [f"columns.{key}" for key in columns.read_keys]
        options = place.file_options
        return open_source(
            place.store, place.path, self.uri, table, query, columns.read, self.staging, "source", keys, options
        )

    @property
    def _date(self) -> str:
        return self.job.columns.date

    def _rows_by_day(self, stored: frames.StoredDates) -> tuple[Ints, Ints]:
        """Return the days of the whole source that have rows, and the number of rows of each."""
        place = self.job.source
        if place.store == "file":
            source = self._open(place.table, place.query)
            if self._stored_dates(source) != stored:
                raise ReadInFull("settings")
            return self._days_of(source, stored)
        query = query_of_days(place.table, place.query, self._date, stored, self.clock.time_zone)
        copy = open_source(place.store, place.path, self.uri, None, query, [], self.staging, "source-days")
        lazy = frames.open_frame(copy, {"date": DAY, "rows": DAY_ROWS}).lazy
        return frames.rows_by_day(lazy, "text" if stored == "text" else "date", None)

    def _days_of(self, source: Any, stored: frames.StoredDates) -> tuple[Ints, Ints]:
        """Return the days of an opened source that have rows, and the number of rows of each."""
        return frames.rows_by_day(frames.open_frame(source, {"date": self._date}).lazy, stored, self.clock.time_zone)

    def _stored_dates(self, source: Any) -> frames.StoredDates:
        """Return how the dates of an opened source are stored."""
        opened = frames.open_frame(source, {"date": self._date}, csv_as_text=True)
        stored = None if opened.as_text else frames.stored_dates(opened.lazy, self.clock.time_zone)
        if stored is None:
            what = "files of text" if opened.as_text else f"column {self._date!r}, of type {_type(opened)},"
            raise InvalidJob(
                f"source.incremental: rows of some days cannot be selected in {what}: store the log as Parquet or in a "
                "database, with dates, timestamps or text such as 2026-01-31, or leave incremental out."
            )
        return stored

    def _refuse_other_days(self, state: LogState) -> None:
        """Raise an InvalidJob if days of stored dates are not those of the clock."""
        counts = dict(zip(state.days.tolist(), state.day_rows.tolist(), strict=True))
        of_ticks = zip(state.statistics.ticks.tolist(), state.statistics.rows.tolist(), strict=True)
        if frames.UNREADABLE_DAY in counts or any(rows > counts.get(day, 0) for day, rows in of_ticks):
            raise InvalidJob(
                f"source.incremental: the dates in {self._date!r} are not all written YYYY-MM-DD, so rows of some days "
                "cannot be selected: store dates, or leave incremental out."
            )


def _reading_of_all(transactions: Transactions, full: ReadInFull) -> SourceReading:
    """Return how a log was read in full, and why."""
    days = full.changed
    return SourceReading(
        mode="full",
        since=None,
        rows_read=transactions.rows + transactions.rows_without_id,
        reason=full.reason,
        changed_days=len(days),
        first_changed_day=str(_day(int(days[0]))) if len(days) else None,
    )


def _type(opened: frames.OpenedFrame) -> str:
    return str(opened.lazy.collect_schema()["date"])


def _day(tick: int) -> date:
    """Return the day of a tick, for a clock that merges purchases by day."""
    return EPOCH.date() + timedelta(days=tick)


def _after(recent: Transactions, boundary: int) -> Transactions:
    """Return the transactions after a tick, in memory: they are few, and several steps read them."""
    rows = frames.collect(recent.lazy.filter(nw.col("tick") > boundary))
    first = max(recent.first_tick, boundary + 1)
    return replace(recent, lazy=rows.lazy(), rows=len(rows), first_tick=first, in_memory=True)

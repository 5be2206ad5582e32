"""Read only the recent rows of a job's log, and add them to the state that the nights before have kept.

The state holds the customers up to a boundary, which lies a stated overlap before the last published day. Rows of later
days are read again each night, so late rows and deletions among them are seen. Rows up to the boundary are counted by
day: if any count changed, or anything else is in doubt, the whole log is read.
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
from clvmodels.scoring.incremental.customer_sums import CustomerSums, sum_by_customer
from clvmodels.scoring.incremental.log_statistics import LogStatistics, log_statistics
from clvmodels.scoring.incremental.reading import FullReadReason, SourceReading
from clvmodels.scoring.incremental.stored_state import LogState, read_state
from clvmodels.scoring.stores import open_source
from clvmodels.scoring.stores.dated_rows import DAY, DAY_ROWS, query_of_days, query_since
from clvmodels.transactions.log import Transactions, read_transactions
from clvmodels.transactions.reduction import Ints
from clvmodels.transactions.summary import RFM, ObservedPeriod, build_rfm

__all__ = ["IncrementalSource", "NightlyRead", "ReadInFull", "StateUse"]


class ReadInFull(Exception):  # not an error: what to do next
    """The state does not serve, so the whole log is to be read."""

    def __init__(self, reason: FullReadReason, changed: Ints | None = None) -> None:
        super().__init__(reason)
        self.reason: FullReadReason = reason
        self.changed = changed if changed is not None else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class StateUse:
    """How a run uses the state of the nights before.

    Attributes
    ----------
    folder : Path
        Of the job.
    keep : bool
        Whether a state is kept for the next night.
    reason : str or None
        Why the log must be read in full, if that is known already.
    """

    folder: Path
    keep: bool
    reason: FullReadReason | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NightlyRead:
    """What a night knows of its log.

    Attributes
    ----------
    statistics : LogStatistics
        Up to the date.
    reading : SourceReading
    state : LogState or None
        What to keep for the next night once the run is published; None if nothing is to be kept.
    """

    statistics: LogStatistics
    reading: SourceReading
    state: LogState | None


@dataclass(frozen=True, slots=True, eq=False)
class RecentRead:
    """The customers of a log of which only recent rows were read.

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
    """The log of a job that reads recent rows.

    Attributes
    ----------
    job : Job
    clock : Clock
    columns : dict of str to str or None
        Names by role.
    staging : Path
        For copies of tables in databases.
    uri : str
        Of the database.
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
        """Days that are read again."""
        return self.job.source.overlap_days

    @property
    def settings(self) -> str:
        """The fingerprint of what the state depends on."""
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

    def read_recent(self, as_of: int | None) -> RecentRead:
        """Read the rows after the boundary, and add them to the state.

        Parameters
        ----------
        as_of : int or None
            Tick of the date; None means the latest of the log.

        Raises
        ------
        ReadInFull
            When the state does not serve.
        """
        state = self._usable_state()
        if as_of is not None and as_of - self.overlap < state.boundary:
            raise ReadInFull("older-day")
        try:
            days, day_rows = self._rows_by_day(state.stored)
            changed = _changed_days(state, days, day_rows)
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
        except InvalidTransactions:  # the full read counts the rows at fault among all rows, and says what to do
            raise ReadInFull("faults") from None
        if recent.last_tick <= state.boundary:
            raise ReadInFull("no-rows")
        end = recent.last_tick if as_of is None else as_of
        if end - self.overlap < state.boundary:
            raise ReadInFull("older-day")
        return self._add(state, _after(recent, state.boundary), (days, day_rows), end)

    def read_in_full(self, transactions: Transactions, source: Any, end: int, full: ReadInFull) -> NightlyRead:
        """Return the statistics of a log that was read in full, and the state to keep.

        Raises
        ------
        InvalidJob
            When days cannot be selected by the dates of the source.
        """
        statistics = log_statistics(transactions, self.clock, end)
        days = full.changed
        reading = SourceReading(
            mode="full",
            since=None,
            rows_read=transactions.rows + transactions.rows_without_id,
            reason=full.reason,
            changed_days=len(days),
            first_changed_day=str(_day(int(days[0]))) if len(days) else None,
        )
        stored = self._stored_dates(source)
        boundary = end - self.overlap
        if not self.use.keep or transactions.first_tick > boundary:
            return NightlyRead(statistics, reading, None)
        until = transactions.lazy.filter(nw.col("tick") <= boundary)
        sums = sum_by_customer(until, transactions.has_amount, self._include_first, transactions.rows).sums
        counted = _up_to(boundary, *self._days_of(source, stored))
        state = LogState(
            self.settings, boundary, stored, sums, log_statistics(transactions, self.clock, boundary), *counted
        )
        self._refuse_other_days(state)
        return NightlyRead(statistics, reading, state)

    @property
    def _ids(self) -> dict[str, Any]:
        return {"on_missing_id": self.job.cleaning.on_missing_id, "missing_ids": self.job.cleaning.missing_ids}

    @property
    def _include_first(self) -> bool:
        return self.job.models.include_first_transaction

    def _usable_state(self) -> LogState:
        """Return the state of the nights before."""
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
        return state

    def _add(self, state: LogState, recent: Transactions, days: tuple[Ints, Ints], end: int) -> RecentRead:
        """Return the customers of the state and of later rows, and the next state."""
        later = log_statistics(recent, self.clock, end)
        statistics = state.statistics.followed_by(later, end)
        customers = self._with_rows(state, recent, end)
        everyone = customers if not recent.rows_after else self._with_rows(state, recent, recent.last_tick)
        if self.job.cleaning.missing_ids is None and everyone.has_placeholder:
            raise ReadInFull("faults")
        every_day = _join(state.boundary, (state.days, state.day_rows), days)
        boundary, following = end - self.overlap, None
        if self.use.keep and boundary > state.boundary:
            following = replace(
                state,
                boundary=boundary,
                customers=self._with_rows(state, recent, boundary),
                statistics=state.statistics.followed_by(log_statistics(recent, self.clock, boundary), boundary),
                days=_up_to(boundary, *every_day)[0],
                day_rows=_up_to(boundary, *every_day)[1],
            )
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
        rfm = build_rfm(customers.totals(end), period, self._include_first)
        since = _day(state.boundary + 1)
        read = int(days[1][days[0] > state.boundary].sum())
        reading = SourceReading(mode="recent", since=str(since), rows_read=read)
        return RecentRead(rfm, end, NightlyRead(statistics, reading, following))

    def _with_rows(self, state: LogState, recent: Transactions, end: int) -> CustomerSums:
        """Return the customers of the state and of later rows up to a tick."""
        rows = recent.lazy.filter(nw.col("tick") <= end)
        later = sum_by_customer(rows, recent.has_amount, self._include_first, recent.rows)
        if later.sums.customer_id.dtype != state.customers.customer_id.dtype:
            raise ReadInFull("settings")
        return state.customers.add(later)

    def _recent_source(self, state: LogState) -> Any:
        """Return what has the rows after the boundary: the files, or a copy of these rows of a database."""
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
        """Return the days of the whole source that have rows, and the rows of each."""
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
        """Return the days of an opened source that have rows, and the rows of each."""
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
        """Raise InvalidJob if days by stored values are not those of the clock."""
        counts = dict(zip(state.days.tolist(), state.day_rows.tolist(), strict=True))
        of_ticks = zip(state.statistics.ticks.tolist(), state.statistics.rows.tolist(), strict=True)
        if frames.UNREADABLE_DAY in counts or any(rows > counts.get(day, 0) for day, rows in of_ticks):
            raise InvalidJob(
                f"source.incremental: the dates in {self._date!r} are not all written YYYY-MM-DD, so rows of some days "
                "cannot be selected: store dates, or leave incremental out."
            )


def _type(opened: frames.OpenedFrame) -> str:
    return str(opened.lazy.collect_schema()["date"])


def _day(tick: int) -> date:
    """Return the day of a tick of a clock that merges purchases by day."""
    return EPOCH.date() + timedelta(days=tick)


def _after(recent: Transactions, boundary: int) -> Transactions:
    """Return the transactions after a tick."""
    lazy = recent.lazy.filter(nw.col("tick") > boundary)
    rows = int(frames.collect(lazy.select(nw.len())).item())
    return replace(recent, lazy=lazy, rows=rows, first_tick=max(recent.first_tick, boundary + 1))


def _up_to(boundary: int, days: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the days up to a boundary."""
    return days[days <= boundary], rows[days <= boundary]


def _join(boundary: int, older: tuple[Ints, Ints], later: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    """Return the older days up to a boundary and the later ones after it."""
    after = later[0] > boundary
    return np.concatenate([older[0], later[0][after]]), np.concatenate([older[1], later[1][after]])


def _changed_days(state: LogState, days: Ints, rows: Ints) -> Ints:
    """Return the days up to the boundary whose number of rows is not that of the state."""
    before = dict(zip(state.days.tolist(), state.day_rows.tolist(), strict=True))
    now = dict(zip(*(values.tolist() for values in _up_to(state.boundary, days, rows)), strict=True))
    changed = [day for day in {*before, *now} if before.get(day, 0) != now.get(day, 0)]
    return np.array(sorted(changed), dtype=np.int64)

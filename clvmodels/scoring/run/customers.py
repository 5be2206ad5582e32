"""The customers of a job's source as of a date: buyers, listed customers who have not bought, attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from clvmodels import frames
from clvmodels.calendar import Calendar
from clvmodels.cleaning.clean import clean
from clvmodels.clock import Clock
from clvmodels.errors import InvalidJob, InvalidTransactions
from clvmodels.forecasts import KnownHistory
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.config.sections import CleaningSettings, ColumnSettings, SourceSettings, StoreSettings
from clvmodels.scoring.events import event
from clvmodels.scoring.incremental.incremental_read import IncrementalSource, NightlyRead, ReadInFull, StateUse
from clvmodels.scoring.incremental.log_statistics import LogStatistics, log_statistics
from clvmodels.scoring.run.score_columns import KnownCustomers
from clvmodels.scoring.stores import open_source
from clvmodels.transactions.in_engine.reading import EngineLog, LogOptions, read_in_engine
from clvmodels.transactions.log import Transactions, read_transactions
from clvmodels.transactions.purchase_log import to_purchase_log
from clvmodels.transactions.stray_dates import PeriodArguments
from clvmodels.transactions.summary import (
    RFM,
    acquisition_tick,
    drop_older,
    reduce_in_engine,
    reduce_transactions,
    refuse_far_dates,
)

__all__ = ["SourceData", "log_of", "read"]

# Dates far earlier than others only affect their own customers.
WITHOUT_DATE = PeriodArguments("as_of", has_start=True, compared="customers")


@dataclass(frozen=True, slots=True, eq=False)
class SourceData:
    """The customers of a job, with the log they come from.

    Attributes
    ----------
    customers : KnownCustomers
    end : int
        Tick of the date.
    transactions : Transactions, EngineLog or None
        The log, possibly in its engine; None if the source has summaries, or only recent rows were read.
    source : object
        The table for `holdout_split`, with its `columns` by role and the format of its dates.
    night : NightlyRead or None
        For a job with `source.incremental`: how the log was read, and the state to keep for the next run.
    """

    customers: KnownCustomers
    end: int
    transactions: Transactions | EngineLog | None
    source: Any
    columns: dict[str, Any]
    date_format: str | None
    night: NightlyRead | None = None

    def with_calendar(self, calendar: Calendar | None) -> SourceData:
        """Return the same customers in the time of a calendar."""
        rfm = self.customers.rfm
        if calendar == rfm.clock.calendar:
            return self
        return replace(self, customers=replace(self.customers, rfm=rfm.with_calendar(calendar)))

    def statistics(self) -> LogStatistics | None:
        """Return the statistics of the log up to the date, or None if the source has summaries."""
        if self.night is not None:
            return self.night.statistics
        return (
            None if self.transactions is None else log_statistics(self.transactions, self.customers.rfm.clock, self.end)
        )

    def history(self, job: Job, acquired_after: str | None = None) -> KnownHistory:
        """Return the log up to the date, for forecasters that learn from it."""
        if self.night is not None and self.night.recent is not None:
            rfm = self.customers.rfm[self.customers.bought]
            return KnownHistory(
                None,
                self.end,
                job.models.include_first_transaction,
                summaries=rfm,
                spent=self.night.paid,
                recent=self.night.recent,
            )
        if self.transactions is None:
            raise InvalidJob("source.kind: the forecaster reads transactions: set source.kind = 'transactions'.")
        clock = self.customers.rfm.clock
        log = replace(to_purchase_log(self.transactions, clock), kind="polars")  # no results are returned to an engine
        after = acquisition_tick(clock, acquired_after, self.end)
        log = log if after is None else drop_older(log, after)
        return KnownHistory(log, self.end, job.models.include_first_transaction)


def read(
    job: Job,
    as_of: str | None,
    clock: Clock,
    *,
    intertimes: bool,
    has_spend: bool,
    staging: Path,
    uris: dict[str, str],
    acquired_after: str | None = None,
    state: StateUse | None = None,
) -> SourceData:
    """Read the source of a job, and the customers that the job lists.

    Parameters
    ----------
    as_of : str, optional
        Default: the latest date of the log.
    clock : Clock
        Clock of the model.
    intertimes, has_spend : bool
        Whether the model needs times between purchases, and money.
    staging : Path
        A folder for copies of tables in databases.
    uris : dict of str to str
        Values of the environment variables that name databases.
    acquired_after : str, optional
        Leave out customers first seen up to this day.
    state : StateUse, optional
        For a job that reads only recent rows.
    """
    if job.source.kind == "rfm":
        if as_of is None:
            raise InvalidJob("as_of: summaries have no dates: pass as_of=, the date they were made for.")
        rfm = _summaries(_open(job.source, [], staging, uris, "source"), clock, as_of)
        data = _data(rfm, clock.closing_tick(as_of, "as_of"), None, None, {}, None)
    else:
        data = _read_log(job, as_of, clock, intertimes, has_spend, staging, uris, acquired_after, state)
    _refuse_nul(data.customers.rfm)
    if job.customers is None:
        return data
    settings = job.customers
    table = _open(settings, [settings.customer_id, *settings.attributes], staging, uris, "customers")
    listed = _read_listed(table, settings.customer_id, settings.attributes)
    return replace(data, customers=_add_listed(data.customers.rfm, listed))


def _data(
    rfm: RFM,
    end: int,
    transactions: Transactions | EngineLog | None,
    source: Any,
    columns: dict[str, Any],
    date_format: str | None,
    night: NightlyRead | None = None,
) -> SourceData:
    """Return the customers of a log or of summaries, as a table on this machine."""
    customers = KnownCustomers(replace(rfm, kind="polars"), np.ones(len(rfm), dtype=bool))
    return SourceData(customers, end, transactions, source, columns, date_format, night)


def _read_log(
    job: Job,
    as_of: str | None,
    clock: Clock,
    intertimes: bool,
    has_spend: bool,
    staging: Path,
    uris: dict[str, str],
    acquired_after: str | None,
    state: StateUse | None,
) -> SourceData:
    """Return the customers of a log, from recent rows and the state of earlier runs if possible, or from all rows."""
    as_of_tick = None if as_of is None else clock.closing_tick(as_of, "as_of")
    incremental, full = None, ReadInFull("first")
    if state is not None:
        named = _named(job, has_spend)
        uri = uris.get(job.source.uri_variable or "", "")
        incremental = IncrementalSource(job, clock, named, staging, uri, state)
        try:
            recent = incremental.read_recent(as_of_tick)
        except ReadInFull as reason:
            full = reason
        else:
            if as_of is None:
                refuse_far_dates(recent.rfm, recent.night.statistics.by_tick, recent.end, WITHOUT_DATE)
            return _data(recent.rfm, recent.end, None, None, named, None, recent.night)
    source, named, date_format = log_of(job, clock, staging, uris)
    named_here = named if has_spend else {**named, "amount": None}
    in_engine = _in_engine(source, named_here, date_format, job, clock, as_of_tick)
    include_first = job.models.include_first_transaction
    log = in_engine or _read_here(source, named_here, date_format, job, clock, as_of_tick)
    end = log.last_tick if as_of_tick is None else as_of_tick
    after = acquisition_tick(clock, acquired_after, end)
    night = None
    if isinstance(log, EngineLog):
        rfm = reduce_in_engine(log, end, include_first, after, intertimes)
    elif incremental is not None:
        all_rows = incremental.read_in_full(log, source, end, full, intertimes)
        rfm, night = all_rows.rfm, all_rows.night
    else:
        rfm = reduce_transactions(log, clock, end, include_first, intertimes, after)
    if as_of is None:
        refuse_far_dates(rfm, log, end, WITHOUT_DATE)
    return _data(rfm, end, log, source, named, date_format, night)


def _in_engine(
    source: Any, columns: dict[str, Any], date_format: str | None, job: Job, clock: Clock, end: int | None
) -> EngineLog | None:
    """Return a log in its engine, or None if it has to be read on this machine."""
    period = WITHOUT_DATE if end is None else None
    options = LogOptions(**columns, date_format=date_format, **_ids(job.cleaning), period=period)
    return read_in_engine(source, clock, options, end)


def _read_here(
    source: Any, columns: dict[str, Any], date_format: str | None, job: Job, clock: Clock, end: int | None
) -> Transactions:
    """Return a log read on this machine."""
    period = WITHOUT_DATE if end is None else None
    return read_transactions(
        source, clock, **columns, date_format=date_format, end=end, **_ids(job.cleaning), period=period
    )


def _ids(cleaning: CleaningSettings) -> dict[str, Any]:
    return {"on_missing_id": cleaning.on_missing_id, "missing_ids": cleaning.missing_ids}


def _refuse_nul(rfm: RFM) -> None:
    """Raise an InvalidTransactions for ids with the character NUL, which databases cannot store."""
    ids = rfm.customer_id
    if ids.dtype != nw.String:
        return
    wrong = ids.filter(ids.str.contains("\0", literal=True))
    if len(wrong):
        raise InvalidTransactions(
            f"{len(wrong):,} of {len(ids):,} customers have an id with the character NUL, which databases cannot store "
            f"(first: {', '.join(map(repr, wrong.head(3).to_list()))}): remove it from the ids."
        )


def log_of(job: Job, clock: Clock, staging: Path, uris: dict[str, str]) -> tuple[Any, dict[str, Any], str | None]:
    """Return the cleaned transactions of a job: a table, its columns by role, and the format of its dates."""
    columns = job.columns
    keys = [f"columns.{key}" for key in columns.read_keys]
    source = _open(job.source, columns.read, staging, uris, "source", keys)
    named = _named(job, has_money=True)
    if job.cleaning.rules is None:
        return source, named, job.cleaning.date_format
    return _clean(job, source, clock), {role: role for role in named}, None


def _named(job: Job, has_money: bool) -> dict[str, Any]:
    """Return the columns of a log by role."""
    columns = job.columns
    amount = columns.amount if has_money else None
    return {"customer_id": columns.customer_id, "date": columns.date, "amount": amount}


def _clean(job: Job, source: Any, clock: Clock) -> Any:
    """Return the transactions of a log after the cleaning rules, with columns named by role."""
    columns = job.columns
    roles = {name: getattr(columns, name) for name in ("amount", *ColumnSettings.EXTRA)}
    cleaned = clean(
        source,
        customer_id=columns.customer_id,
        date=columns.date,
        **roles,
        rules=job.cleaning.rules,
        date_format=job.cleaning.date_format,
        time_zone=clock.time_zone,
        missing_ids=job.cleaning.missing_ids,
    )
    for row in cleaned.ledger.to_dict("records"):
        event(
            "cleaned",
            f"{row['description']}: {row['rows']:,} rows",
            **{str(name): row[name] for name in ("rule", "rows", "money")},
        )
    return cleaned.transactions


def _open(
    place: StoreSettings,
    columns: list[str],
    staging: Path,
    uris: dict[str, str],
    name: str,
    keys: Sequence[str] = (),
) -> Any:
    uri = uris.get(place.uri_variable or "", "")
    options = place.file_options if isinstance(place, SourceSettings) else None
    return open_source(place.store, place.path, uri, place.table, place.query, columns, staging, name, keys, options)


def _summaries(source: Any, clock: Clock, as_of: str) -> RFM:
    """Return the customers of a table of summaries, in order of id."""
    rfm = RFM.from_frame(
        source,
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        observation_end=as_of,
    ).with_calendar(clock.calendar)
    if rfm.customer_id.is_sorted():
        return rfm
    order = rfm.customer_id.alias("id").to_frame().with_row_index("row").sort("id")["row"].to_numpy()
    ordered: RFM = rfm[order.astype(np.intp)]
    return ordered


def _read_listed(source: Any, customer_id: str, attributes: list[str]) -> nw.DataFrame[Any]:
    """Return the listed customers with their attributes, in order of id; raise an error if one is listed twice."""
    try:
        roles = {"customer_id": customer_id, **{name: name for name in attributes}}
        rows = frames.collect(frames.open_frame(source, roles, text_id="customer_id").lazy)
    except InvalidTransactions as error:
        raise InvalidTransactions(f"[customers] {error}") from None
    ids = rows["customer_id"]
    without = int(ids.is_null().sum())
    twice = ids.filter(ids.is_duplicated() & ~ids.is_null()).unique(maintain_order=True)
    if len(twice) or without:
        first = ", ".join(map(str, twice.head(3).to_list()))
        faults = [f"{len(twice):,} customers are listed more than once (first: {first})"] if len(twice) else []
        faults += [f"{without:,} rows have no customer id"] if without else []
        raise InvalidTransactions(f"[customers] {' and '.join(faults)}: list every customer once.")
    return rows.sort("customer_id")


def _add_listed(rfm: RFM, listed: nw.DataFrame[Any]) -> KnownCustomers:
    """Return the customers of the log and the listed ones, in order of id.

    A listed customer who has not bought gets the history of a first purchase made now.
    """
    ids = rfm.customer_id.alias("customer_id")
    if ids.dtype != listed["customer_id"].dtype:
        raise InvalidTransactions(
            f"[customers] customer_id is {listed['customer_id'].dtype} here and {ids.dtype} in the log: convert one."
        )
    new = listed.select("customer_id").join(ids.to_frame(), on="customer_id", how="anti")["customer_id"]
    every = nw.concat([ids.to_frame(), new.to_frame()]).with_row_index("row").sort("customer_id")
    order = every["row"].to_numpy().astype(np.intp)
    count = len(new)

    def padded(column: Any, value: float = 0.0) -> Any:
        return None if column is None else np.concatenate([column, np.full(count, value, column.dtype)])[order]

    together = replace(
        rfm,
        customer_id=every["customer_id"],
        frequency=padded(rfm.frequency),
        recency=padded(rfm.recency),
        T=padded(rfm.T),
        monetary_value=padded(rfm.monetary_value, np.nan),
        monetary_count=padded(rfm.monetary_count),
        sum_log_intertimes=padded(rfm.sum_log_intertimes),
        attributes={name: _extend_attribute(rfm, name, new, order) for name in rfm.attributes},
    )
    named = every.select("customer_id").join(listed, on="customer_id", how="left").sort("customer_id")
    attributes = {name: named[name] for name in listed.columns if name != "customer_id"}
    return KnownCustomers(replace(together, attributes={**together.attributes, **attributes}), order < len(rfm))


def _extend_attribute(rfm: RFM, name: str, new: nw.Series[Any], order: Any) -> nw.Series[Any]:
    """Return an attribute for all customers, missing for those who are not in the table."""
    column = rfm.attributes[name].alias(name).to_frame()
    missing = new.to_frame().with_columns(nw.lit(None).cast(column[name].dtype).alias(name)).select(name)
    matched: nw.Series[Any] = nw.concat([column, missing])[name][order]
    return matched

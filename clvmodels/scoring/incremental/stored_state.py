"""The state that a job keeps between runs, in a folder: its customers up to a day, and the rows of each day.

`state.json` has the name of the file of customers and its SHA-256, so an incomplete state is not used.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import numpy as np
from pydantic import ValidationError

from clvmodels import files, frames
from clvmodels.errors import CLVError, InvalidManifest
from clvmodels.scoring.gates.feed import DailyRows
from clvmodels.scoring.gates.run_statistics import Count, Record
from clvmodels.scoring.incremental.customer_sums import CustomerSums
from clvmodels.scoring.incremental.log_statistics import LogStatistics
from clvmodels.scoring.incremental.log_sums import LogSums
from clvmodels.scoring.incremental.recent_rows import RecentRows
from clvmodels.transactions.reduction import Ints

__all__ = ["LogState", "read_state", "write_state"]

FOLDER, DOCUMENT = "log-state", "state.json"
FORMAT = "clvmodels.LogState"
SUMS = ("customer_id", "first", "last", "purchases", "rows", "whole", "fraction", "paid_whole", "paid_fraction")
PURCHASES = ("customer_id", "tick", "whole", "fraction")


@dataclass(frozen=True, slots=True, eq=False)
class LogState:
    """The customers and statistics of a log up to a day.

    Attributes
    ----------
    settings : str
        Fingerprint of everything that the state depends on: source, columns, options, clock, release.
    boundary : int
        Tick of the day.
    stored : {"date", "timestamp", "moment", "text"}
        How the dates of the source are stored.
    sums : LogSums
        Its customers and, for forecasters that look at recent time windows, the purchases of these.
    statistics : LogStatistics
        Statistics of the rows with a customer id.
    days, day_rows : int arrays (k,)
        Days with rows in the source, and the number of these rows, including rows without a customer id.
    """

    settings: str
    boundary: int
    stored: frames.StoredDates
    sums: LogSums
    statistics: LogStatistics
    days: Ints
    day_rows: Ints


class _Daily(Record):
    first: int
    rows: tuple[Count, ...]
    distinct: tuple[Count, ...]
    amounts: tuple[float | None, ...] | None


class _Document(Record):
    format: Literal["clvmodels.LogState"] = "clvmodels.LogState"
    schema_version: Literal[1] = 1
    settings: str
    boundary: int
    stored: frames.StoredDates
    ticks: tuple[int, ...]
    rows: tuple[Count, ...]
    daily: _Daily | None
    days: tuple[int, ...]
    day_rows: tuple[Count, ...]
    customers: Count
    customers_file: str
    customers_sha256: str
    recent_since: int | None = None
    recent_file: str | None = None
    recent_sha256: str | None = None


def write_state(state: LogState, folder: Path) -> None:
    """Write a state into a job's folder, replacing the previous one completely or not at all."""
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    customers, recent = state.sums.customers, state.sums.recent
    name, digest = _write_table(customers.to_frame(), place, "customers")
    recent_name, recent_digest = (None, None) if recent is None else _write_table(recent.table, place, "recent")
    document = _Document(
        settings=state.settings,
        boundary=state.boundary,
        stored=state.stored,
        ticks=tuple(state.statistics.ticks.tolist()),
        rows=tuple(state.statistics.rows.tolist()),
        daily=_daily_document(state.statistics.daily),
        days=tuple(state.days.tolist()),
        day_rows=tuple(state.day_rows.tolist()),
        customers=len(customers.first),
        customers_file=name,
        customers_sha256=digest,
        recent_since=None if recent is None else recent.since,
        recent_file=recent_name,
        recent_sha256=recent_digest,
    )
    files.write_checked(place / DOCUMENT, document.model_dump(mode="json"))
    for left in (*place.glob("*.parquet"), *place.glob(".*")):
        if left.name not in (name, recent_name):
            left.unlink(missing_ok=True)


def _write_table(table: nw.DataFrame[Any], folder: Path, name: str) -> tuple[str, str]:
    """Write a table to a new file of a folder, whole or not at all; return the file's name and its SHA-256."""
    name = f"{name}-{secrets.token_hex(8)}.parquet"
    with files.replacing(folder / name) as temporary:
        frames.write_table(table.to_native(), temporary)
        return name, _sha256(temporary)


def read_state(folder: Path) -> LogState | None:
    """Return the state in a job's folder, or None if there is none.

    Raises
    ------
    InvalidManifest
        If the state is damaged, or of another release.
    """
    path = folder / FOLDER / DOCUMENT
    if not path.exists():
        return None
    content = files.read_document(path, "state of a log", FORMAT, 1, InvalidManifest)
    files.refuse_damaged(path, content, InvalidManifest, "The source is read in full.")
    del content["checksum"]
    try:
        document = _Document.model_validate_json(json.dumps(content))
        sums = LogSums(_read_customers(path, document), _read_recent(path, document))
    except ValidationError as error:
        raise InvalidManifest(f"{path}: is damaged: {files.fields_at_fault(error)}.") from None
    except (OSError, CLVError) as error:
        raise InvalidManifest(f"{path}: is damaged: {error}") from None
    ticks, rows, days, day_rows = (
        np.array(getattr(document, name), dtype=np.int64) for name in ("ticks", "rows", "days", "day_rows")
    )
    statistics = LogStatistics(ticks, rows, _daily_of(document.daily))
    return LogState(document.settings, document.boundary, document.stored, sums, statistics, days, day_rows)


def _read_customers(path: Path, document: _Document) -> CustomerSums:
    """Return the customers of a state."""
    return CustomerSums.from_frame(_read_table(path, document.customers_file, document.customers_sha256, SUMS))


def _read_recent(path: Path, document: _Document) -> RecentRows | None:
    """Return the recent purchases of a state; None if it has none."""
    if document.recent_since is None or document.recent_file is None or document.recent_sha256 is None:
        return None
    return RecentRows(document.recent_since, _read_table(path, document.recent_file, document.recent_sha256, PURCHASES))


def _read_table(document: Path, name: str, digest: str, columns: tuple[str, ...]) -> nw.DataFrame[Any]:
    """Return the table of a file whose content is as it was written, with the first of some columns."""
    path = document.with_name(name)
    if _sha256(path) != digest:
        raise InvalidManifest(f"the content of {path.name} does not match its checksum")
    names = frames.column_names(path)
    if list(columns[: len(names)]) != names:
        raise InvalidManifest(f"{path.name} has other columns")
    return frames.collect(frames.open_frame(path, {name: name for name in names}).lazy)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _daily_document(daily: DailyRows | None) -> _Daily | None:
    if daily is None:
        return None
    amounts = None if daily.amounts is None else tuple(None if np.isnan(a) else float(a) for a in daily.amounts)
    first = int((daily.days[0] - np.datetime64("1970-01-01")).astype(np.int64))
    return _Daily(
        first=first, rows=tuple(daily.rows.tolist()), distinct=tuple(daily.distinct.tolist()), amounts=amounts
    )


def _daily_of(daily: _Daily | None) -> DailyRows | None:
    if daily is None:
        return None
    days = np.datetime64("1970-01-01") + np.arange(daily.first, daily.first + len(daily.rows))
    rows, distinct = (np.array(values, dtype=np.int64) for values in (daily.rows, daily.distinct))
    amounts = None
    if daily.amounts is not None:
        amounts = np.array([np.nan if amount is None else amount for amount in daily.amounts], dtype=float)
    return DailyRows(days, rows, distinct, amounts)

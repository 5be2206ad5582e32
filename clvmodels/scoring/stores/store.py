"""The protocol of a store: a table is staged invisibly to readers, and published in one step."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import filelock
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clvmodels.errors import CLVError, InvalidJob, InvalidOption, JobLocked, StoreUnreachable
from clvmodels.files import UNFINISHED_RUN, sync
from clvmodels.scoring.stores.uri import hidden

__all__ = [
    "KEY",
    "NOT_UNIQUE",
    "RUN_ID",
    "STAGED",
    "WAIT",
    "HeldTable",
    "KeptRuns",
    "ScoreStore",
    "StagedTable",
    "StoreWithRuns",
    "check_folder",
    "check_key",
    "comment_statements",
    "count_batches",
    "counted_table",
    "counting_statement",
    "held_runs",
    "key_columns",
    "literal",
    "locked",
    "needs",
    "of_days",
    "only_own",
    "quoted",
    "reaching",
    "runs_statement",
    "sync",
]

RUN_ID = "run_id"  # the column with the run of a row
REQUIRED_COLUMNS = (RUN_ID, "as_of")  # every table of a job has them, and hardly any other table does
STAGED = UNFINISHED_RUN  # in the names of staged files and tables
KEY = "customer_id"  # the column that identifies a row of scores
KEY_OF_MANY_DAYS = (
    'the table keeps the runs of several days, which would all be replaced: set mode = "append", or name another table.'
)
WAIT = 60  # seconds to wait for a lock that readers hold
NOT_UNIQUE = "the staged table does not hold every row exactly once; nothing was published."


@dataclass(frozen=True, slots=True)
class HeldTable:
    """The table in a store, as far as it was read.

    Attributes
    ----------
    run_id, as_of : str
        Run and date of its first row.
    rows : int or None
        Rows of that run; None if they were not counted.
    totals : dict of str to float
        Sums of columns by name.
    """

    run_id: str
    as_of: str
    rows: int | None = None
    totals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptRuns:
    """How long a store keeps the runs of earlier days; without limits, forever.

    Attributes
    ----------
    days : int or None
        Runs of days more than this before the newest are removed.
    runs : int or None
        Runs of this many of the newest days are kept.
    """

    days: int | None = None
    runs: int | None = None

    def outdated(self, days: Iterable[str]) -> list[str]:
        """Return the days (YYYY-MM-DD) whose runs are to be removed, never the newest."""
        ordered = sorted(set(days), reverse=True)
        old = set() if self.runs is None else set(ordered[self.runs :])
        if self.days is not None and ordered:
            first = date.fromisoformat(ordered[0][:10]) - timedelta(days=self.days)
            old |= {day for day in ordered if day[:10] < first.isoformat()}
        return sorted(old)

    @property
    def text(self) -> str:
        """Return the limits as settings of a job."""
        limits = {"keep_days": self.days, "keep_runs": self.runs}
        return ", ".join(f"{name} = {value}" for name, value in limits.items() if value is not None)


class StagedTable(Protocol):
    """A table that is being written, invisible to readers until `publish`."""

    def write(self, rows: pa.Table) -> None:
        """Append rows."""

    def count(self) -> int:
        """Finish the table and return its number of rows in the store; raise an error for duplicate customers."""

    def publish(self) -> None:
        """Replace the old table with this one, in one step."""

    def discard(self) -> None:
        """Remove the staged table; after `publish`, do nothing."""


class ScoreStore(Protocol):
    """A place to publish a score table to."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other jobs from publishing to this store; raise a JobLocked if one is publishing."""

    def holds(self) -> HeldTable | None:
        """Return the run whose table is published, or None if there is none.

        InvalidJob if the table is not one that this sink writes.
        """

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        """Return the rows and totals of the table of a run, or None if there is no such table.

        A table with rows of other runs, or one that cannot be read, does not count.
        """

    def check_access(self) -> None:
        """Raise an error if a table could not be published, because of a missing folder or right, without writing."""

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> StagedTable:
        """Stage a table, with comments on its columns if the store supports them.

        Leftovers of an earlier run that was killed are removed.
        """


@runtime_checkable
class StoreWithRuns(ScoreStore, Protocol):
    """A store that keeps the runs of earlier days."""

    def runs(self) -> list[HeldTable]:
        """Return the runs by date, with their number of rows."""

    def remove(self, days: Sequence[str]) -> None:
        """Remove the runs of some days, except the current one of a set."""


def of_days(days: Iterable[str]) -> str:
    """Return an SQL condition that a row belongs to one of these days."""
    return f"as_of IN ({', '.join(literal(day) for day in days)})"


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def runs_statement(table: str) -> str:
    """Return SQL that lists the runs of a table, whose name is already quoted: id, date, number of rows."""
    day = "CAST(as_of AS VARCHAR(99))"
    return f"SELECT {quoted(RUN_ID)}, {day}, count(*) FROM {table} GROUP BY 1, 2 ORDER BY 2, 1"


def held_runs(rows: Iterable[Sequence[Any]]) -> list[HeldTable]:
    """Return the runs from the rows of `runs_statement`."""
    return [HeldTable(str(run_id), str(as_of), int(count)) for run_id, as_of, count in rows]


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    if "\0" in name:
        raise InvalidOption(f"{name!r} cannot name a table or column: it contains a NUL.")
    return '"' + name.replace('"', '""') + '"'


def comment_statements(table: str, comments: Mapping[str, str]) -> list[str]:
    """Return SQL statements that comment on the columns of a table, whose name is already quoted."""
    return [f"COMMENT ON COLUMN {table}.{quoted(column)} IS {literal(text)}" for column, text in comments.items()]


def counting_statement(table: str, columns: Sequence[str], run_id: str | None = None) -> str:
    """Return SQL that counts the rows of a table, whose name is already quoted, and adds up columns.

    Parameters
    ----------
    run_id : str, optional
        Count only this run, in a table that keeps the runs of other days.
    """
    sums = "".join(f", sum({quoted(column)})" for column in columns)
    one = "" if run_id is None else f" WHERE {quoted(RUN_ID)} = {literal(run_id)}"
    return f"SELECT count(*), min({quoted(RUN_ID)}), max({quoted(RUN_ID)}){sums} FROM {table}{one}"


def counted_table(run_id: str, row: Sequence[Any], columns: Sequence[str]) -> HeldTable | None:
    """Return the result of `counting_statement`, or None if the table has rows of another run."""
    rows, first, last, *sums = row
    if (first, last) != (run_id, run_id):
        return None
    return HeldTable(run_id, "", int(rows), {n: float(s or 0.0) for n, s in zip(columns, sums, strict=True)})


def only_own(name: str, columns: Collection[str], id_column: str) -> None:
    """Raise an InvalidJob unless the columns are those of a table that this sink writes, which may be replaced."""
    missing = [column for column in (*REQUIRED_COLUMNS, id_column) if column not in columns]
    if missing:
        raise InvalidJob(
            f"{name}: the existing table is not one that this sink writes (it has no {' and no '.join(missing)}), so "
            "it is not replaced: name another table or file in [[sinks]], or remove this one if it is not needed."
        )


def check_folder(path: Path, name: str) -> None:
    """Raise a StoreUnreachable unless a file can be replaced, or created with missing folders."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise StoreUnreachable(f"{name}: {str(folder)!r} is not a folder: name another path.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreUnreachable(f"{name}: the user of this process may not write to {str(folder)!r}: grant it.")


def key_columns(id_column: str, keeping: KeptRuns | None) -> tuple[str, ...]:
    """Return the key of a table: of one that keeps the runs of several days, the day is part of it."""
    return (id_column, "as_of") if keeping else (id_column,)


def check_key(name: str, key: Collection[str], id_column: str, keeping: KeptRuns | None) -> None:
    """Raise an InvalidJob if the key of a table prevents several days, or if it has them and each run replaces all."""
    if keeping and set(key) == {id_column}:
        raise InvalidJob(
            f"{name}: the key of the table is {id_column} alone, so it cannot keep the runs of several days: change "
            f"the key to ({id_column}, as_of), or name another table for this sink."
        )
    if not keeping and set(key) == {id_column, "as_of"}:
        raise InvalidJob(f"{name}: {KEY_OF_MANY_DAYS}")


def count_batches(run_id: str, batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> HeldTable | None:
    """Return the rows and totals of a table, or None if it has rows of another run."""
    rows, totals = 0, dict.fromkeys(columns, 0.0)
    for batch in batches:
        if len(batch) and not pc.all(pc.equal(batch[RUN_ID], run_id), skip_nulls=False).as_py():
            return None
        rows += len(batch)
        for name in columns:
            totals[name] += float(np.nansum(batch[name].to_numpy(zero_copy_only=False)))
    return HeldTable(run_id, "", rows, totals)


@contextlib.contextmanager
def reaching(name: str, uri: str = "", failures: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
    """Turn a failure of the system or a driver into a StoreUnreachable without secrets in its message."""
    try:
        yield
    except CLVError:
        raise
    except (OSError, pa.ArrowException, *failures) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise StoreUnreachable(f"{name}: {hidden(text, uri) if uri else text}") from None


@contextlib.contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock that the operating system releases when the process dies."""
    with reaching(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise JobLocked(f"{name}: another job is running ({path} is locked); nothing was changed.") from None
    try:
        yield
    finally:
        lock.release()


def needs(module: str, extra: str) -> Any:
    """Return an imported driver; raise an error with the command to install it if it is missing."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise InvalidOption(f"{module} is not installed: pip install 'clvmodels[{extra}]'.") from None

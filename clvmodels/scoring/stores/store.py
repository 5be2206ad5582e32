"""The protocol of a store: a table is staged out of sight of readers, and published in one step."""

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
    """The table that a store holds, as far as it was read.

    Attributes
    ----------
    run_id, as_of : str
        Of its first row.
    rows : int or None
        Rows of that run; None if they were not counted.
    totals : dict of str to float
        Sums of the columns that were added up.
    """

    run_id: str
    as_of: str
    rows: int | None = None
    totals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptRuns:
    """How long a store keeps the runs of earlier days; without limits, for ever.

    Attributes
    ----------
    days : int or None
        Runs of days longer before the newest than this are removed.
    runs : int or None
        Runs of this many days are kept, the newest.
    """

    days: int | None = None
    runs: int | None = None

    def outdated(self, days: Iterable[str]) -> list[str]:
        """Return those of some days, as YYYY-MM-DD, whose runs are to be removed; never the newest."""
        ordered = sorted(set(days), reverse=True)
        old = set() if self.runs is None else set(ordered[self.runs :])
        if self.days is not None and ordered:
            first = date.fromisoformat(ordered[0][:10]) - timedelta(days=self.days)
            old |= {day for day in ordered if day[:10] < first.isoformat()}
        return sorted(old)


class StagedTable(Protocol):
    """A table that is being written, which readers do not see before `publish`."""

    def write(self, rows: pa.Table) -> None:
        """Append rows."""

    def count(self) -> int:
        """Finish the table and return its number of rows, counted in the store; a duplicate customer is an error."""

    def publish(self) -> None:
        """Replace the old table with this one, in one step."""

    def discard(self) -> None:
        """Remove the staged table; after `publish`, do nothing."""


class ScoreStore(Protocol):
    """A place where a score table is published."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other jobs from publishing here; JobLocked if one is publishing."""

    def holds(self) -> HeldTable | None:
        """Return the run whose table is published here, None if there is none.

        InvalidJob if the table is not one that this sink writes.
        """

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        """Read the table of a run as a whole, count its rows and add up columns; None if it is not there.

        A table that other rows are mixed into, or that cannot be read, is not there.
        """

    def check_access(self) -> None:
        """Raise an error if a table could not be published here, for want of a folder or a right; write nothing."""

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> StagedTable:
        """Begin a table, with comments on its columns where the store can keep them.

        Leftovers of an earlier run that was killed are removed.
        """


@runtime_checkable
class StoreWithRuns(ScoreStore, Protocol):
    """A store that keeps the runs of earlier days."""

    def runs(self) -> list[HeldTable]:
        """Return the runs that are there, with their rows, by date."""

    def remove(self, days: Sequence[str]) -> None:
        """Remove the runs of some days; the current one of a set stays."""


def of_days(days: Iterable[str]) -> str:
    """Return an SQL condition on rows: that they are of one of some days."""
    return f"as_of IN ({', '.join(literal(day) for day in days)})"


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def runs_statement(table: str) -> str:
    """Return SQL that lists the runs in a table, whose name is quoted already: id, date, rows."""
    day = "CAST(as_of AS VARCHAR(99))"
    return f"SELECT {quoted(RUN_ID)}, {day}, count(*) FROM {table} GROUP BY 1, 2 ORDER BY 2, 1"


def held_runs(rows: Iterable[Sequence[Any]]) -> list[HeldTable]:
    """Return the runs that `runs_statement` lists."""
    return [HeldTable(str(run_id), str(as_of), int(count)) for run_id, as_of, count in rows]


def quoted(name: str) -> str:
    """Return a name as an SQL identifier, whatever characters it has."""
    if "\0" in name:
        raise InvalidOption(f"{name!r} cannot name a table or column: it contains a NUL.")
    return '"' + name.replace('"', '""') + '"'


def comment_statements(table: str, comments: Mapping[str, str]) -> list[str]:
    """Return SQL statements that comment the columns of a table, whose name is quoted already."""
    return [f"COMMENT ON COLUMN {table}.{quoted(column)} IS {literal(text)}" for column, text in comments.items()]


def counting_statement(table: str, columns: Sequence[str], run_id: str | None = None) -> str:
    """Return SQL that counts the rows of a table, whose name is quoted already, and adds up columns.

    Parameters
    ----------
    run_id : str, optional
        Count this run only, in a table that keeps the runs of other days.
    """
    sums = "".join(f", sum({quoted(column)})" for column in columns)
    one = "" if run_id is None else f" WHERE {quoted(RUN_ID)} = {literal(run_id)}"
    return f"SELECT count(*), min({quoted(RUN_ID)}), max({quoted(RUN_ID)}){sums} FROM {table}{one}"


def counted_table(run_id: str, row: Sequence[Any], columns: Sequence[str]) -> HeldTable | None:
    """Return what `counting_statement` found, None if the table has rows of another run."""
    rows, first, last, *sums = row
    if (first, last) != (run_id, run_id):
        return None
    return HeldTable(run_id, "", int(rows), {n: float(s or 0.0) for n, s in zip(columns, sums, strict=True)})


def only_own(name: str, columns: Collection[str], id_column: str) -> None:
    """Raise InvalidJob unless the columns are those of a table that this sink writes: no other may be replaced."""
    missing = [column for column in (*REQUIRED_COLUMNS, id_column) if column not in columns]
    if missing:
        raise InvalidJob(
            f"{name}: the existing table is not one that this sink writes (it has no {' and no '.join(missing)}), so "
            "it is not replaced: name another table or file in [[sinks]], or remove this one yourself if nobody "
            "needs it."
        )


def check_folder(path: Path, name: str) -> None:
    """Raise StoreUnreachable unless a file can be replaced, or created with the folders that are missing."""
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
    """Raise InvalidJob if the key of a table does not let it hold several days, or if it holds them already."""
    if keeping and set(key) == {id_column}:
        raise InvalidJob(
            f"{name}: the key of the table is {id_column} alone, so it cannot keep the runs of several days: change "
            f"the key to ({id_column}, as_of), or name another table for this sink."
        )
    if not keeping and set(key) == {id_column, "as_of"}:
        raise InvalidJob(f"{name}: {KEY_OF_MANY_DAYS}")


def count_batches(run_id: str, batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> HeldTable | None:
    """Count the rows of a table and add up columns; None if it has rows of another run."""
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
    """Turn a failure of the system or a driver into StoreUnreachable, without secrets in its message."""
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
    """Import a driver; an error says how to install it."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise InvalidOption(f"{module} is not installed: pip install 'clvmodels[{extra}]'.") from None

"""What a store is: a table is staged where no reader looks, and published in one step."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Protocol

import filelock
import pyarrow as pa

from clvmodels.errors import CLVError, InvalidJob, InvalidOption, JobLocked, StoreUnreachable
from clvmodels.scoring.stores.uri import hidden

__all__ = ["RUN_ID", "ScoreStore", "StagedTable", "locked", "needs", "only_scores", "quoted", "reaching", "sync"]

RUN_ID = "run_id"  # the column that says of which run a row is
OURS = (RUN_ID, "as_of")  # what every table of scores has, and hardly any other


class StagedTable(Protocol):
    """A table that is being written, which no reader sees before `publish`."""

    def write(self, rows: pa.Table) -> None:
        """Append rows."""

    def count(self) -> int:
        """Rows that arrived, counted where they lie; the table is whole then. A customer twice is an error."""

    def publish(self) -> None:
        """Put the table in the place of the old one, in one step."""

    def discard(self) -> None:
        """Leave no trace; after `publish`, nothing."""


class ScoreStore(Protocol):
    """Where a table of scores is published."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep others from publishing here; JobLocked if one does."""

    def holds(self) -> str | None:
        """The run whose table is published here; None if there is none. InvalidJob if what is here is no scores."""

    def stage(self, run_id: str, schema: pa.Schema) -> StagedTable:
        """Begin a table; what an earlier run that died left is removed."""


def quoted(name: str) -> str:
    """An SQL identifier, whatever it holds."""
    if "\0" in name:
        raise InvalidOption(f"{name!r} is no name of a table or column: it holds a NUL.")
    return '"' + name.replace('"', '""') + '"'


def only_scores(name: str, columns: Collection[str]) -> None:
    """Let a table be replaced only where it is one of scores."""
    missing = [column for column in OURS if column not in columns]
    if missing:
        raise InvalidJob(
            f"{name}: what is there is no table of scores (it has no {' and no '.join(missing)}) and would be lost, so "
            "it is not replaced: name another table or file in [[sinks]], or remove it yourself if nobody needs it."
        )


@contextlib.contextmanager
def reaching(name: str, uri: str = "", failures: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
    """Turn a failure of the system or a driver into StoreUnreachable, without a secret in it."""
    try:
        yield
    except CLVError:
        raise
    except (OSError, pa.ArrowException, *failures) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise StoreUnreachable(f"{name}: {hidden(told, uri) if uri else told}") from None


@contextlib.contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock that the operating system lets go of when the process dies."""
    with reaching(name):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise JobLocked(f"{name}: another job is at work ({path} is locked); nothing was changed.") from None
    try:
        yield
    finally:
        lock.release()


def needs(module: str, extra: str) -> Any:
    """A driver, or the error that says how to install it."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise InvalidOption(f"{module} is not installed: pip install 'clvmodels[{extra}]'.") from None


def sync(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder, on Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

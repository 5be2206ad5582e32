"""The state of a job's source files at the start of a run, which reads them several times: they must not change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clvmodels import frames
from clvmodels.errors import StoreUnreachable
from clvmodels.scoring.config.job import Job

__all__ = ["PinnedFiles"]

State = tuple[str, int, int, int]  # path, bytes, time of the last change in nanoseconds, inode


@dataclass(frozen=True, slots=True)
class PinnedFiles:
    """The files that a job reads, and their state.

    Attributes
    ----------
    places : dict of str to Path
        File, folder or glob by section; databases are copied in one transaction instead.
    states : tuple of (str, int, int, int)
    """

    places: dict[str, Path]
    states: tuple[State, ...]

    @classmethod
    def of(cls, job: Job) -> PinnedFiles:
        """Return the files of a job with their current state."""
        sections = {"source": job.source, "customers": job.customers}
        places = {
            name: place.path
            for name, place in sections.items()
            if place is not None and place.store == "file" and place.path is not None
        }
        places |= {} if job.actions is None else job.actions.files
        return cls(places, _states(places))

    def check(self) -> None:
        """Raise a StoreUnreachable if a file was changed, added or removed."""
        now = _states(self.places)
        if now != self.states:
            changed = sorted({state[0] for state in set(now) ^ set(self.states)})
            raise StoreUnreachable(
                f"{', '.join(self.places)}: {', '.join(map(repr, changed[:3]))} changed while it was read, so nothing "
                "was published: let the file be written under another name and renamed, and run again."
            )

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Replace any error by a clear one if a file changed in the meantime."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # polars panics if a file shrinks, and its PanicException is not an Exception
            self.check()
            raise


def _states(places: dict[str, Path]) -> tuple[State, ...]:
    """Return the states of all files at the places."""
    files = {file for path in places.values() for file in _files(path)}
    return tuple(sorted(state for file in files if (state := _state(file)) is not None))


def _files(path: Path) -> list[Path]:
    if frames.is_glob(path) and not path.exists():
        with contextlib.suppress(ValueError):  # without a matching file, reading raises the error
            return list(frames.matching_files(path))
        return []
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _state(file: Path) -> State | None:
    """Return the state of a file, or None if it does not exist."""
    try:
        status = file.stat()
    except OSError:
        return None
    return str(file), status.st_size, status.st_mtime_ns, status.st_ino

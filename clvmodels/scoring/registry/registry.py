"""The registry of models: a folder of versions that never change, and of moves that made one of them the champion.

    versions/<version>/model.json, manifest.json
    champion/000001/move.json, champion/000002/move.json, ...     the last one names the champion

A version or a move is written to a temporary folder next to its place and renamed to it, which only one of two writers
can do. An incomplete one is therefore never used, none is overwritten, and the history of moves cannot be lost.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from clvmodels import files
from clvmodels.errors import InvalidOption, InvalidRegistry
from clvmodels.forecasting.persistence import load
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.gates.run_statistics import Record, RunStatistics
from clvmodels.scoring.stores.store import sync

__all__ = ["Move", "Registry", "Version", "VersionRecord"]

MANIFEST, MODEL, MOVE = "manifest.json", "model.json", "move.json"
DIGITS = 16  # digits of the SHA-256 of a version's content that are its name
NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}")
NUMBER = re.compile(r"\d{6}")
R = TypeVar("R", bound=Record)
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES)  # EACCES on Windows


class VersionRecord(Record):
    """What the registry stores of a version in addition to its model, as plain values.

    Attributes
    ----------
    job : dict or None
        The job that made it, without secrets.
    source : str
        Fingerprint of the data it was fitted to.
    packages : dict of str to str
        Versions of the packages it was fitted with.
    certificates : tuple of dict
        Certificate of each fit.
    holdout : tuple of dict or None
        Scores of a holdout period, one dict per forecast and quantity.
    evidence : RunStatistics or None
        Statistics of the customers it was fitted to, which gates compare with later data.
    gates : tuple of GateResult
        Results of the gates of the fit.
    forced : bool
        Whether it was promoted even though a gate refused.
    """

    job: dict[str, Any] | None = None
    source: str
    packages: dict[str, str] = Field(default_factory=dict)
    certificates: tuple[dict[str, Any], ...] = ()
    holdout: tuple[dict[str, Any], ...] | None = None
    evidence: RunStatistics | None = None
    gates: tuple[GateResult, ...] = ()
    forced: bool = False


class VersionManifest(Record):
    format: Literal["clvmodels.ModelVersion"] = "clvmodels.ModelVersion"
    schema_version: Literal[1] = 1
    version: str
    made: str | None
    record: VersionRecord


class Move(Record):
    """A change of champion.

    Attributes
    ----------
    number : int
        Number of the move, from 1.
    version : str
        The champion from then on.
    why : {"promote", "rollback"}
    forced : bool
        Whether a gate had refused the version.
    made : str or None
        Time, passed by the caller.
    """

    number: int
    version: str
    why: Literal["promote", "rollback"]
    forced: bool = False
    made: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version in the registry.

    Attributes
    ----------
    name : str
        Hash of its content.
    made : str or None
        Time, passed by the caller.
    record : VersionRecord
    path : Path
        File of its forecaster, as written by `save`.
    """

    name: str
    made: str | None
    record: VersionRecord
    path: Path

    def load(self) -> Forecaster:
        """Load the forecaster.

        Raises
        ------
        InvalidModelFile
            If the file is not a model, even though it has not changed.
        """
        return load(self.path)


class Registry:
    """Versions of a model in a folder, one of which is the champion.

    Parameters
    ----------
    path : str or Path
        The folder; it need not exist yet.

    Raises
    ------
    InvalidRegistry
        By every method, if a file that it reads is missing, damaged or changed.

    Examples
    --------
    >>> import clvmodels as clv
    >>> registry = clv.Registry("models")  # `fit_job` adds versions
    >>> registry.versions(), registry.champion()
    ([], None)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def add(self, model: Forecaster, record: VersionRecord, made: str | None = None) -> Version:
        """Add a fitted forecaster; the same content is always the same version and is added once."""
        with _temporary_folder(self.path / "versions") as folder:
            model.save(folder / MODEL)
            name = _name(folder / MODEL, record.model_dump(mode="json"))
            manifest = VersionManifest(version=name, made=made, record=record)
            files.write_json(folder / MANIFEST, manifest.model_dump(mode="json"))
            _place(folder, self._folder(name))
        return self.version(name)

    def promote(self, name: str, *, forced: bool = False, made: str | None = None) -> Move:
        """Make a version the champion, if it is not yet."""
        return self._move(self.version(name).name, "promote", forced, made)

    def rollback(self, made: str | None = None) -> Move:
        """Make the previous champion the champion again; two rollbacks in a row go back two."""
        line = self._line()
        if len(line) < 2:
            raise InvalidOption(f"{self.path}: there is no earlier champion to go back to.")
        return self._move(self.version(line[-2]).name, "rollback", False, made)

    def champion(self) -> Version | None:
        """Return the champion, or None if no version was promoted yet."""
        moves = self.moves()
        return self.version(moves[-1].version) if moves else None

    def moves(self) -> list[Move]:
        """Return every change of champion, in order."""
        moves = []
        for number in self._numbers():
            move, _ = _read(self._step(number) / MOVE, Move)
            if move.number != number or not NAME.fullmatch(move.version):
                raise InvalidRegistry(f"{self._step(number) / MOVE}: is damaged: it is not a move to a version.")
            moves.append(move)
        return moves

    def versions(self) -> list[Version]:
        """Return every version, in the order they were made."""
        return sorted(map(self.version, self._names()), key=lambda version: (version.made or "", version.name))

    def version(self, name: str) -> Version:
        """Return a version by its name or first digits, after checking its content against its name."""
        name = self._resolve(name)
        folder = self._folder(name)
        manifest, document = _read(folder / MANIFEST, VersionManifest)
        # The name is computed from the record in the file, which may have the fields of an earlier release.
        if manifest.version != name or _name(folder / MODEL, document["record"]) != name:
            raise InvalidRegistry(
                f"{folder}: is damaged: its content is not what was added under this name. Roll back to another "
                "version, or fit again."
            )
        return Version(name, manifest.made, manifest.record, folder / MODEL)

    def _resolve(self, prefix: str) -> str:
        """Return the full name of the version whose name begins with a prefix."""
        names = self._names()
        matches = [name for name in names if name.startswith(prefix)] if prefix else []
        if len(matches) != 1:
            which = f"{len(matches)} versions begin with" if matches else "no version is called"
            raise InvalidRegistry(f"{self.path}: {which} {prefix!r}; there are: {', '.join(names) or 'none'}.")
        return matches[0]

    def _move(self, version: str, why: Literal["promote", "rollback"], forced: bool, made: str | None) -> Move:
        while True:
            moves = self.moves()
            if moves and moves[-1].version == version:
                return moves[-1]
            move = Move(number=len(moves) + 1, version=version, why=why, forced=forced, made=made)
            with _temporary_folder(self.path / "champion") as folder:
                files.write_json(folder / MOVE, move.model_dump(mode="json"))
                if _place(folder, self._step(move.number)):
                    return move

    def _line(self) -> list[str]:
        """Return the stack of champions: a promotion pushes one, a rollback removes the last."""
        line: list[str] = []
        for move in self.moves():
            if move.why == "rollback" and len(line) > 1:
                line.pop()
            else:
                line.append(move.version)
        return line

    def _folder(self, version: str) -> Path:
        return self.path / "versions" / version

    def _step(self, number: int) -> Path:
        return self.path / "champion" / f"{number:06d}"

    def _names(self) -> list[str]:
        return [name for name in _list(self.path / "versions") if NAME.fullmatch(name)]

    def _numbers(self) -> list[int]:
        numbers = [int(name) for name in _list(self.path / "champion") if NUMBER.fullmatch(name)]
        if numbers != list(range(1, len(numbers) + 1)):
            raise InvalidRegistry(f"{self.path / 'champion'}: is damaged: a move is missing among {numbers}.")
        return numbers


def _name(model: Path, record: dict[str, Any]) -> str:
    """Return the name of a version: digits of the SHA-256 of the model's bytes and of its record."""
    try:
        content = model.read_bytes()
    except OSError as error:
        raise InvalidRegistry(f"{model}: cannot be read ({error.strerror or error}).") from error
    return hashlib.sha256(content + json.dumps(record, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _read(path: Path, kind: type[R]) -> tuple[R, dict[str, Any]]:
    """Return a record of a file, and its plain values."""
    try:
        content = path.read_bytes()
        return kind.model_validate_json(content), json.loads(content)
    except OSError as error:
        raise InvalidRegistry(f"{path}: cannot be read ({error.strerror or error}).") from error
    except ValidationError as error:
        faults = files.fields_at_fault(error)
        raise InvalidRegistry(f"{path}: is damaged, or not of this release: {faults}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRegistry(f"{path}: is damaged: {error}.") from error


def _list(folder: Path) -> list[str]:
    """Return the names in a folder, or no names if it does not exist."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidRegistry(f"{folder}: cannot be read ({error.strerror or error}).") from error


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Make a temporary folder within a folder, with a name that no version or move has, and remove it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
    try:
        made.chmod(0o755)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _place(made: Path, place: Path) -> bool:
    """Rename a folder to its place after syncing it to the disk; return False if the place is taken."""
    for path in (*made.iterdir(), made):
        sync(path)
    try:
        made.rename(place)
    except OSError as error:
        if error.errno in TAKEN and place.exists():
            return False
        raise
    sync(place.parent)
    return True

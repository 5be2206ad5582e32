"""The registry of models: a folder of versions that never change, and the moves that made one of them the champion.

    versions/<version>/model.json, manifest.json
    champion/000001/move.json, champion/000002/move.json, ...     the last one says which version is the champion

A version, and a move, is made as a folder beside its place and renamed to it, which no two writers can both do: half of
one never looks whole, none is overwritten, and the history of moves cannot be lost.
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
from clvmodels.estimators.customer_model import CustomerModel, load
from clvmodels.scoring.gates.gates import GateResult
from clvmodels.scoring.gates.run_statistics import Record, RunStatistics
from clvmodels.scoring.stores.store import sync

__all__ = ["Move", "Registry", "Version", "VersionRecord"]

MANIFEST, MODEL, MOVE = "manifest.json", "model.json", "move.json"
DIGITS = 16  # of a version's name: of the SHA-256 of its content
NAME = re.compile(rf"[0-9a-f]{{{DIGITS}}}")
NUMBER = re.compile(r"\d{6}")
R = TypeVar("R", bound=Record)
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES)  # the last on Windows


class VersionRecord(Record):
    """What is known of a version beside its model; plain values.

    Attributes
    ----------
    job : dict or None
        The job that made it, without secrets.
    source : str
        Fingerprint of the data it was fitted to.
    packages : dict of str to str
        Versions of the packages it was fitted with.
    certificates : tuple of dict
        What each fit can vouch for.
    holdout : tuple of dict or None
        Scores of a holdout period, a dict a forecast.
    evidence : Evidence or None
        What the fit saw, small: gates compare later data with it.
    gates : tuple of Outcome
        What the gates found before it could be promoted.
    forced : bool
        Whether it was promoted although a gate refused.
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
        From 1 on.
    version : str
        The champion from then on.
    why : {"promote", "rollback"}
    forced : bool
        Whether a gate had refused it.
    made : str or None
        When, as told by who moved it.
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
        Taken from its content.
    made : str or None
        When, as told by who added it.
    record : VersionRecord
    path : Path
        Its model, as `CustomerModel.save` writes it.
    """

    name: str
    made: str | None
    record: VersionRecord
    path: Path

    def load(self) -> CustomerModel:
        """The model.

        Raises
        ------
        InvalidModelFile
            When the file is none, although it is what was added.
        """
        return load(self.path)


class Registry:
    """Versions of a model in a folder, one of which is the champion.

    Parameters
    ----------
    path : str or Path
        The folder; it need not be there yet.

    Raises
    ------
    InvalidRegistry
        By every method, where what it reads is missing, damaged, or not what was registered.

    Examples
    --------
    >>> import clvmodels as clv
    >>> registry = clv.Registry("models")  # `fit_job` adds versions
    >>> registry.versions(), registry.champion()
    ([], None)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def add(self, model: CustomerModel, record: VersionRecord, made: str | None = None) -> Version:
        """Add a fitted model; the same content, whenever it is made, is the same version and is added once."""
        with _beside(self.path / "versions") as folder:
            model.save(folder / MODEL)
            name = _name(folder / MODEL, record)
            files.write_json(
                folder / MANIFEST, VersionManifest(version=name, made=made, record=record).model_dump(mode="json")
            )
            _placed(folder, self._folder(name))
        return self.version(name)

    def promote(self, name: str, *, forced: bool = False, made: str | None = None) -> Move:
        """Make a version the champion; nothing changes if it is already."""
        return self._move(self.version(name).name, "promote", forced, made)

    def rollback(self, made: str | None = None) -> Move:
        """Make the champion before this one the champion again; twice in a row goes back two."""
        line = self._line()
        if len(line) < 2:
            raise InvalidOption(f"{self.path}: there is no earlier champion to go back to.")
        return self._move(self.version(line[-2]).name, "rollback", False, made)

    def champion(self) -> Version | None:
        """The version that is the champion, or None if none was promoted yet."""
        moves = self.moves()
        return self.version(moves[-1].version) if moves else None

    def moves(self) -> list[Move]:
        """Every change of champion, in order."""
        found = []
        for number in self._numbers():
            move = _read(self._step(number) / MOVE, Move)
            if move.number != number or not NAME.fullmatch(move.version):
                raise InvalidRegistry(f"{self._step(number) / MOVE}: is damaged: it is no move to a version.")
            found.append(move)
        return found

    def versions(self) -> list[Version]:
        """Every version, by when it was made."""
        found = [self.version(name) for name in self._names()]
        return sorted(found, key=lambda version: (version.made or "", version.name))

    def version(self, name: str) -> Version:
        """A version by its name or the first digits of it; its content is checked against its name."""
        name = self._resolved(name)
        folder = self._folder(name)
        manifest = _read(folder / MANIFEST, VersionManifest)
        if manifest.version != name or _name(folder / MODEL, manifest.record) != name:
            raise InvalidRegistry(
                f"{folder}: is damaged: its content is not what was added under this name. Roll back to another "
                "version, or fit again."
            )
        return Version(name, manifest.made, manifest.record, folder / MODEL)

    def _resolved(self, name: str) -> str:
        names = self._names()
        found = [known for known in names if known.startswith(name)] if name else []
        if len(found) != 1:
            which = f"{len(found)} versions begin with" if found else "no version is called"
            raise InvalidRegistry(f"{self.path}: {which} {name!r}; there are: {', '.join(names) or 'none'}.")
        return found[0]

    def _move(self, version: str, why: Literal["promote", "rollback"], forced: bool, made: str | None) -> Move:
        while True:
            moves = self.moves()
            if moves and moves[-1].version == version:
                return moves[-1]
            move = Move(number=len(moves) + 1, version=version, why=why, forced=forced, made=made)
            with _beside(self.path / "champion") as folder:
                files.write_json(folder / MOVE, move.model_dump(mode="json"))
                if _placed(folder, self._step(move.number)):
                    return move

    def _line(self) -> list[str]:
        """The champions one above the other: a rollback takes the uppermost off."""
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
        return [name for name in _listed(self.path / "versions") if NAME.fullmatch(name)]

    def _numbers(self) -> list[int]:
        numbers = [int(name) for name in _listed(self.path / "champion") if NUMBER.fullmatch(name)]
        if numbers != list(range(1, len(numbers) + 1)):
            raise InvalidRegistry(f"{self.path / 'champion'}: is damaged: a move is missing among {numbers}.")
        return numbers


def _name(model: Path, record: VersionRecord) -> str:
    """The name of a version: digits of the SHA-256 of the model's bytes and of what is known of it."""
    try:
        content = model.read_bytes()
    except OSError as error:
        raise InvalidRegistry(f"{model}: cannot be read ({error.strerror or error}).") from error
    told = json.dumps(record.model_dump(mode="json"), sort_keys=True, allow_nan=False)
    return hashlib.sha256(content + told.encode()).hexdigest()[:DIGITS]


def _read(path: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidRegistry(f"{path}: cannot be read ({error.strerror or error}).") from error
    except ValidationError as error:
        told = files.fields_at_fault(error)
        raise InvalidRegistry(f"{path}: is damaged, or not of this release: {told}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRegistry(f"{path}: is damaged: {error}.") from error


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidRegistry(f"{folder}: cannot be read ({error.strerror or error}).") from error


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder within a folder, under a name that is none of a version or move, and gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
    try:
        made.chmod(0o755)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _placed(made: Path, place: Path) -> bool:
    """Give a folder its place, on the disk before it has its name; False if the place is taken."""
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

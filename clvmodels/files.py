"""Write files so that an incomplete file never looks complete; convert values to JSON; detect damaged documents.

A folder of runs holds `runs/RUN_ID/` for each run, which never changes, and a pointer, `current.json`, to one of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clvmodels.errors import CLVError, InvalidOption

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "CURRENT_RUN",
    "RUNS",
    "UNFINISHED_RUN",
    "fields_at_fault",
    "folder_of_run",
    "keep_rights",
    "plain",
    "point_to_run",
    "read_document",
    "refuse_damaged",
    "replacing",
    "replacing_workbook",
    "sync",
    "target",
    "with_checksum",
    "write_checked",
    "write_json",
]

RUNS, CURRENT_RUN, UNFINISHED_RUN = "runs", "current.json", ".clv-staged"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` if the block succeeds, and is removed if it fails.

    The file is on the disk before it gets its name. It has the mode and the group of the file it replaces, or those of
    a new file; a symbolic link stays, and its target is replaced.
    """
    path = target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{path.suffix}")
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))  # less the bits of the umask
    try:
        yield temporary
        keep_rights(path, temporary)
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_workbook(path: Path, options: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Yield a new workbook of xlsxwriter that replaces `path` if the block succeeds.

    Raises
    ------
    InvalidOption
        If xlsxwriter is not installed.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise InvalidOption("A workbook needs xlsxwriter: pip install 'clvmodels[excel]'.") from None
    with replacing(path) as temporary, xlsxwriter.Workbook(str(temporary), dict(options or {})) as book:
        yield book


def target(path: Path) -> Path:
    """Return the file behind a path, through symbolic links; raise an error if the path is not that of a file."""
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise InvalidOption(f"{path}: is a folder or a device, which is not replaced by a file: name another path.")
    return path


def keep_rights(old: Path, new: Path) -> None:
    """Give a file the mode and, if permitted, the group of the file that it will replace."""
    with contextlib.suppress(FileNotFoundError):
        status = old.stat()
        with contextlib.suppress(OSError, AttributeError):  # a group of which this user is not a member, or Windows
            os.chown(new, -1, status.st_gid)
        new.chmod(stat.S_IMODE(status.st_mode))


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder on Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def plain(value: Any) -> Any:
    """Return values that JSON supports: NaN becomes None, and infinity the text "inf" or "-inf"."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write plain values as JSON, completely or not at all; raises ValueError for numbers that are not finite."""
    text = json.dumps(document, indent=2, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def folder_of_run(folder: Path, run_id: str, *, unfinished: bool = False) -> Path:
    """Return the folder of a run in a folder of runs, or the folder in which an unfinished run is written."""
    return folder / RUNS / f"{run_id}{UNFINISHED_RUN if unfinished else ''}"


def point_to_run(folder: Path, run_id: str, rows: int, parts: Sequence[str]) -> None:
    """Make a run, with the names of its files, the current one of a folder of runs."""
    write_json(folder / CURRENT_RUN, {"run_id": run_id, "rows": rows, "parts": list(parts)})


def with_checksum(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the SHA-256 of all its other fields, which reveals any change."""
    return {**document, "checksum": _checksum(document)}


def write_checked(path: Path, document: Mapping[str, Any]) -> None:
    """Write plain values and their checksum as JSON, completely or not at all."""
    write_json(path, with_checksum(document))


def refuse_damaged(path: Path, document: Mapping[str, Any], error: type[CLVError], remedy: str) -> None:
    """Raise an error if a document that was read from a path does not match its checksum."""
    if document.get("checksum") != _checksum(document):
        raise error(f"{path}: is damaged: its content does not match its checksum. {remedy}")


def _checksum(document: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in document.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_document(path: Path, kind: str, form: str, version: int, error: type[CLVError]) -> dict[str, Any]:
    """Read a JSON document that states its format and version.

    Parameters
    ----------
    path : Path
    kind : str
        What error messages call it, such as "model".
    form : str
        The required value of its field "format".
    version : int
        The required value of its field "schema_version".
    error : type of CLVError
        Raised if the file is missing, damaged, of another version, or something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror or fault}).") from fault
    except (ValueError, RecursionError) as fault:
        raise error(f"{path}: is damaged or not a {kind}: it is not JSON ({fault}).") from fault
    if not isinstance(document, dict) or document.get("format") != form:
        raise error(f"{path}: is JSON, but not a {kind}: its format is not {form!r}.")
    if document.get("schema_version") != version:
        raise error(
            f"{path}: has schema version {document.get('schema_version')!r}; this release reads version {version}. "
            f"Create the {kind} again with this release, or read it with the release that wrote it."
        )
    return document


def fields_at_fault(error: ValidationError) -> str:
    """Return the first few fields that do not match a schema, with reasons."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'content'}: {e['msg']}" for e in error.errors()[:5])

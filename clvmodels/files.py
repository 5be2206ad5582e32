"""Writing files so that half a file never looks whole, values that JSON knows, and documents that show damage."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clvmodels.errors import CLVError

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "fields_at_fault",
    "plain",
    "read_document",
    "refuse_damaged",
    "replacing",
    "with_checksum",
    "write_checked",
    "write_json",
]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that replaces it once the block ends well, and is removed if it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix, delete=False
    ) as made:
        temporary = Path(made.name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """Values that JSON knows: a missing number becomes None, an infinite one the text "inf" or "-inf"."""
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
    """Write plain values as JSON, whole or not at all; what is not finite is a ValueError."""
    text = json.dumps(document, indent=2, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def with_checksum(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with the SHA-256 of everything else in it: a changed digit is damage too."""
    return {**document, "checksum": _checksum(document)}


def write_checked(path: Path, document: Mapping[str, Any]) -> None:
    """Write plain values and their checksum as JSON, whole or not at all."""
    write_json(path, with_checksum(document))


def refuse_damaged(path: Path, document: Mapping[str, Any], error: type[CLVError], remedy: str) -> None:
    """Raise an error if a document that was read from a path does not match its checksum."""
    if document.get("checksum") != _checksum(document):
        raise error(f"{path}: is damaged: its content does not match its checksum. {remedy}")


def _checksum(document: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in document.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_document(path: Path, kind: str, form: str, version: int, error: type[CLVError]) -> dict[str, Any]:
    """Read a JSON document that says of itself what it is.

    Parameters
    ----------
    path : Path
    kind : str
        What errors call it, such as "model".
    form : str
        What it must say its "format" is.
    version : int
        What its "schema_version" must be.
    error : type of CLVError
        Raised where the file is missing, damaged, of another version or something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror or fault}).") from fault
    except (ValueError, RecursionError) as fault:
        raise error(f"{path}: is damaged or no {kind} at all: it is not JSON ({fault}).") from fault
    if not isinstance(document, dict) or document.get("format") != form:
        raise error(f"{path}: is JSON, but no {kind}: it does not say it is a {form}.")
    if document.get("schema_version") != version:
        raise error(
            f"{path}: has schema version {document.get('schema_version')!r}; this release reads version {version}. "
            f"Make the {kind} again with this release, or read it with the one that wrote it."
        )
    return document


def fields_at_fault(error: ValidationError) -> str:
    """The first few fields that do not fit a schema, and why."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'content'}: {e['msg']}" for e in error.errors()[:5])

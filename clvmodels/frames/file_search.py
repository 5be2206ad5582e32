"""Find the files of a path, folder, pattern or archive, and their format."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.formats.database_files import is_duckdb_file, is_sqlite_file
from clvmodels.frames.formats.opened_file import FileOptions, Format

__all__ = ["FileSet", "find_files", "format_of", "is_glob", "matching_files"]

COMPRESSED = r"(?:\.(?:gz|zst|zlib))?"
ENDINGS: dict[Format, re.Pattern[str]] = {
    "Parquet": re.compile(r".*\.(?:parquet|pq)", re.IGNORECASE),
    "CSV": re.compile(r".*\.(?:csv|txt|tsv|tab)" + COMPRESSED, re.IGNORECASE),
    "JSON lines": re.compile(r".*\.(?:jsonl|ndjson)" + COMPRESSED, re.IGNORECASE),
    "JSON": re.compile(r".*\.json(?:\.gz)?", re.IGNORECASE),
    "Excel": re.compile(r".*\.(?:xlsx|xlsm|xlsb|xls|ods)", re.IGNORECASE),
    "SQLite": re.compile(r".*\.(?:sqlite|sqlite3)", re.IGNORECASE),
    "DuckDB": re.compile(r".*\.(?:duckdb|ddb)", re.IGNORECASE),
}
GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FileSet:
    """Files of one format that together are one table, in the order of their names."""

    format: Format
    paths: tuple[Path, ...]
    hive: bool  # whether folders such as country=DE are columns
    options: FileOptions = field(default_factory=FileOptions)
    lasting: bool = True  # whether the files still exist when a plan is run


def format_of(path: Path) -> Format | None:
    """Return the format of a file by its extension, or of a database by its first bytes; None if it is unknown."""
    form = next((form for form, ending in ENDINGS.items() if ending.fullmatch(path.name)), None)
    if form is None and path.suffix.lower() == ".db" and path.is_file():
        return "SQLite" if is_sqlite_file(path) else "DuckDB" if is_duckdb_file(path) else None
    return form


def is_glob(path: str | Path) -> bool:
    """Return whether a path that is not a file or folder is a pattern for several files."""
    return not Path(path).exists() and GLOB.search(str(path)) is not None


def matching_files(path: str | Path) -> list[Path]:
    """Return the existing files that a path, glob or folder names, sorted by name, without hidden files of folders.

    Raises
    ------
    InvalidTransactions
        If there are none, or the path is an empty text, which does not mean the current folder.
    """
    if path == "":
        raise InvalidTransactions("The path is empty: expected a file, a folder or a pattern; '.' is this folder.")
    place = Path(path)
    if place.is_file():  # even if its name contains a star or brackets
        return [place]
    if place.is_dir():
        inside = sorted(file for file in place.rglob("*") if file.is_file())
        files = [file for file in inside if not _is_hidden(file.relative_to(place))]
        if not files:
            raise InvalidTransactions(f"The folder {str(path)!r} contains no files.")
    elif is_glob(path):
        anchor = Path(place.anchor)
        files = sorted(file for file in anchor.glob(str(place.relative_to(anchor))) if file.is_file())
        if not files:
            raise InvalidTransactions(f"No file matches {str(path)!r}.")
    else:
        raise InvalidTransactions(f"There is no file {str(path)!r}.")
    return files


@contextmanager
def find_files(path: str | Path, options: FileOptions | None = None) -> Iterator[FileSet]:
    """Yield the files that a path names; those of an archive exist only within the context.

    Raises
    ------
    InvalidTransactions
        If there are none, or their formats are unknown or differ.
    """
    files = matching_files(path)
    if not any(file.suffix.lower() == ".zip" for file in files):
        yield _file_set(path, files, options or FileOptions(), lasting=True)
        return
    with tempfile.TemporaryDirectory(prefix="clvmodels-", ignore_cleanup_errors=True) as folder:
        members = [member for file in files for member in _extract(file, Path(folder))]
        yield _file_set(path, members, options or FileOptions(), lasting=False)


def _extract(file: Path, folder: Path) -> list[Path]:
    """Extract the files of an archive into a folder of its own; any other file is returned as it is."""
    if file.suffix.lower() != ".zip":
        return [file]
    inside = folder / file.stem
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            names = [name for name in names if not _is_hidden(Path(name)) and "__MACOSX" not in name]
            archive.extractall(inside, names)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise InvalidTransactions(f"{file.name!r} cannot be unpacked: {error}.") from None
    if not names:
        raise InvalidTransactions(f"The archive {file.name!r} contains no files.")
    return sorted(inside / name for name in names)


def _file_set(path: str | Path, files: list[Path], options: FileOptions, lasting: bool) -> FileSet:
    """Return a set of files; raise an error if their formats differ."""
    formats = {file: format_of(file) for file in files}
    first = files[0]
    for file, form in formats.items():
        if form is None:
            raise InvalidTransactions(
                f"{file.name!r} is not a file that can be read: expected text (.csv, .tsv, .txt, also .gz or .zip), "
                "Excel (.xlsx, .xls, .ods), JSON (.json, .jsonl, .ndjson), Parquet, or a SQLite or DuckDB file."
            )
        if form != formats[first]:
            raise InvalidTransactions(
                f"{str(path)!r} contains files of several formats, such as {first.name!r} and {file.name!r}: "
                "name files of one format, for instance with a pattern such as '*.csv'."
            )
    only = formats[first]
    if only is None:
        raise AssertionError("one file is left")
    return FileSet(only, tuple(files), only == "Parquet" and "=" in str(first.parent), options, lasting)


def _is_hidden(path: Path) -> bool:
    """Return whether a path is hidden, such as _SUCCESS and .part-0.crc, which engines write next to their files."""
    return any(part.startswith((".", "_")) for part in path.parts)

"""Open a file of separated text: directly if it is UTF-8, otherwise decoded in memory."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from clvmodels.errors import InvalidTransactions
from clvmodels.frames.formats.encodings import decode, recognize_encoding
from clvmodels.frames.formats.layout import (
    LATEST_HEADER,
    Layout,
    ends_with_delimiters,
    recognize_layout,
    with_last_column,
)
from clvmodels.frames.formats.opened_file import FileOptions, OpenedFile

__all__ = ["TextFile", "known_header", "open_text", "refuse_truncated"]

START = 1 << 18  # bytes from which encoding and layout are recognized
TAIL = 1 << 16  # bytes at the end of a file that contain its last row
UTF_8 = ("utf-8", "utf-8-sig", "utf8")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of separated text.

    Attributes
    ----------
    path : Path
    opened : OpenedFile
        What was recognized.
    skipped : int
        Lines before the header.
    content : bytes or None
        The whole text as UTF-8, if the engine cannot read the file directly.
    """

    path: Path
    opened: OpenedFile
    skipped: int
    content: bytes | None

    @property
    def options(self) -> dict[str, Any]:
        """Options of the engine other than the defaults; plain files with the same header are scanned together."""
        options: dict[str, Any] = {}
        if self.opened.delimiter != ",":
            options["separator"] = self.opened.delimiter
        if self.skipped:
            options["skip_lines"] = self.skipped
        return options

    def scan(self, **reading: Any) -> pl.LazyFrame:
        """Return a plan over the rows; `reading` are options of the engine."""
        if self.content is None:
            return pl.scan_csv(self.path, glob=False, **self.options, **reading)
        return pl.read_csv(io.BytesIO(self.content), **self.options, **reading).lazy()


def open_text(path: Path, name: str, needed: Sequence[str], options: FileOptions, whole: bool) -> TextFile:
    """Recognize encoding, separator and header of a file of text.

    Parameters
    ----------
    path : Path
    name : str
        Its name, for errors.
    needed : sequence of str
        Names of columns that the header should have.
    options : FileOptions
        What the user named.
    whole : bool
        Check the whole file, because its first part looks like UTF-8 but the rest is not.
    """
    start, complete = (_content(path), True) if whole else _start(path)
    encoding = options.encoding or recognize_encoding(start, complete, needed, name)
    content = None
    if encoding.lower() in UTF_8 and b"\n" not in start and b"\r" in start.rstrip(b"\r"):
        encoding, whole = "utf-8", True  # line ends of old Macs
    if encoding.lower() not in UTF_8 or (whole and options.encoding is None):
        content = decode(start if complete else _content(path), encoding, name).encode("utf-8")
        start = content[:START]
        complete = len(content) <= START
    text = _complete_lines(start, complete).decode("utf-8", errors="replace").removeprefix("\ufeff")
    layout = recognize_layout(text, needed, options.delimiter, name)
    if ends_with_delimiters(text, layout):
        content = _content(path) if content is None else content
        content = with_last_column(content.removeprefix(codecs.BOM_UTF8), layout, name)
    return TextFile(path, _record(path, encoding, layout, options), layout.skipped, content)


def known_header(path: Path, name: str, options: FileOptions, headers: Sequence[Collection[str]]) -> list[str]:
    """Return the first of some headers whose names are all in one of the first lines of a file; empty if none is."""
    start, complete = _start(path)
    encoding = options.encoding or recognize_encoding(start, complete, (), name)
    lines = re.split(r"[\r\n]+", start.decode(encoding, errors="replace"))[:LATEST_HEADER]
    for header in headers:
        if any(all(column in line for column in header) for line in lines):
            return sorted(header)
    return []


def _record(path: Path, encoding: str, layout: Layout, options: FileOptions) -> OpenedFile:
    """Return what was recognized."""
    return OpenedFile(
        path=path,
        format="CSV",
        columns=tuple(name.strip() for name in layout.names),
        encoding="utf-8" if encoding.lower() in UTF_8 else encoding,
        delimiter=layout.delimiter,
        decimal=options.decimal,
        header_row=layout.skipped + 1,
        options=options,
    )


def _start(path: Path) -> tuple[bytes, bool]:
    """Return the first bytes of a file, decompressed, and whether these are all; empty if it cannot be decompressed."""
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                start = file.read(START + 1)
        elif path.suffix.lower() == ".zlib":
            start = zlib.decompressobj().decompress(path.read_bytes(), START + 1)
        elif path.suffix.lower() == ".zst":
            return b"", True  # the engine can read it
        else:
            with path.open("rb") as plain:
                start = plain.read(START + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b"", True  # the engine reports the error
    return start[:START], len(start) <= START


def _content(path: Path) -> bytes:
    """Return all bytes of a file, decompressed."""
    content = path.read_bytes()
    try:
        if path.suffix.lower() == ".gz":
            return gzip.decompress(content)
        return zlib.decompress(content) if path.suffix.lower() == ".zlib" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidTransactions(f"{path.name!r} cannot be decompressed: {error}.") from None


def _complete_lines(start: bytes, complete: bool) -> bytes:
    """Return the complete lines of a text."""
    return start if complete else start[: start.rfind(b"\n") + 1] or start


def refuse_truncated(file: TextFile, fields: int) -> None:
    """Raise InvalidTransactions if a text ends in the middle of a row, so that its last value may be incomplete."""
    path, mark = file.path, str(file.opened.delimiter).encode()
    if file.content is not None:
        tail = file.content[-TAIL:]
    elif path.suffix.lower() in (".gz", ".zst", ".zlib"):
        return
    else:
        with path.open("rb") as opened:
            opened.seek(max(path.stat().st_size - TAIL, 0))
            tail = opened.read()
    head, newline, last = tail.rpartition(b"\n")
    present = last.count(mark) + 1
    if head and newline and last.strip() and b'"' not in last and present < fields:
        raise InvalidTransactions(
            f"{path.name!r} ends in the middle of a row, with {present} of {fields} fields: the file is "
            "incomplete. Export it again."
        )

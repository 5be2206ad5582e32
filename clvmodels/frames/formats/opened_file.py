"""Records of how a file is read: what was recognized, and what the user named."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings

__all__ = ["DELIMITERS", "FileOptions", "Format", "OpenedFile", "file_findings"]

Format = Literal["CSV", "JSON lines", "JSON", "Parquet", "Excel", "SQLite", "DuckDB"]
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
PLAIN_ENCODINGS = (None, "utf-8")


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read a file, as far as the user named it; the rest is recognized.

    Attributes
    ----------
    encoding : str, optional
        Name of a codec of Python, such as "gb18030".
    delimiter : str, optional
        One character, or its name: "comma", "semicolon", "tab" or "pipe".
    decimal : {".", ","}, optional
    sheet : str, optional
        Name of a sheet of a workbook, or of a table of a database file.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if value is not None and not isinstance(value, str):
                raise InvalidOption(f"{option.name}={value!r} is not text.")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise InvalidOption(
                    f"encoding={self.encoding!r} is not an encoding: use a name such as 'utf-8', 'utf-16', 'gb18030', "
                    "'big5', 'shift_jis' or 'cp1252'."
                ) from None
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", WORDS.get(self.delimiter, self.delimiter))
            if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
                raise InvalidOption(
                    f"delimiter={self.delimiter!r} is not one character between columns, such as ';', 'tab' or '|'."
                )
        if self.decimal not in (None, ".", ","):
            raise InvalidOption(f"decimal={self.decimal!r} is neither '.' nor ','.")


@dataclass(frozen=True, slots=True)
class OpenedFile:
    r"""A file, what was recognized of it, and what its user named; every function that reads a log reads it.

    Attributes
    ----------
    path : Path
        The file, folder or pattern.
    format : {"CSV", "JSON lines", "JSON", "Parquet", "Excel", "SQLite", "DuckDB"} or None
        "CSV" is any text with separated columns; None if the file has not been looked at.
    columns : tuple of str
        Names of the columns.
    encoding : str or None
        Encoding of a text file, as a codec of Python; None if it has none.
    delimiter : str or None
        What separates the columns of a text file.
    decimal : {".", ","} or None
        The decimal separator of the numbers; None until numbers with a separator are read.
    sheet : str or None
        Sheet of a workbook, or table of a database file.
    header_row : int or None
        Row of the file with the names of the columns, counted from 1.
    options : FileOptions
        What the user named.
    repeated_headers : int
        Rows that repeat the header and were left out; of several files, those of all of them.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from pathlib import Path
    >>> path = Path("orders.csv")
    >>> written = path.write_text("Kunde;Datum;Betrag\nA;2024-01-05;1.234,50\n", encoding="utf-8")
    >>> opened = clv.open_file(path)
    >>> opened.delimiter, opened.header_row, opened.columns
    (';', 1, ('Kunde', 'Datum', 'Betrag'))
    """

    path: Path
    format: Format | None = None
    columns: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    options: FileOptions = field(default_factory=FileOptions)
    repeated_headers: int = 0

    @property
    def findings(self) -> Findings:
        """What was recognized and not named, if the file is not a plain table."""
        file, named, findings = self.path.name, self.options, []
        if self.encoding not in PLAIN_ENCODINGS and named.encoding is None:
            findings.append(Finding("file-encoding", {"file": file, "encoding": str(self.encoding)}))
        if self.delimiter not in (None, ",") and named.delimiter is None:
            mark = DELIMITERS.get(str(self.delimiter), "other")
            findings.append(Finding("file-delimiter", {"file": file, "delimiter": mark}))
        if self.decimal == "," and named.decimal is None:
            findings.append(Finding("file-decimal-comma", {"file": file}))
        if self.header_row is not None and self.header_row > 1:
            findings.append(Finding("file-header-row", {"file": file, "row": self.header_row}))
        if self.sheet is not None and named.sheet is None:
            findings.append(Finding("file-sheet", {"file": file, "sheet": self.sheet}))
        if self.repeated_headers:
            findings.append(Finding("file-repeated-headers", {"rows": self.repeated_headers}))
        return tuple(findings)

    def with_decimal(self, decimal: str | None) -> OpenedFile:
        """Return the record with the decimal separator that its numbers have."""
        return replace(self, decimal=decimal)


def file_findings(files: Sequence[OpenedFile]) -> Findings:
    """Return findings on what was recognized of the files of a log, without repeating those of the first file."""
    findings: dict[tuple[object, ...], Finding] = {}
    for file in files:
        for finding in file.findings:
            figures = {name: value for name, value in finding.figures.items() if name != "file"}
            findings.setdefault((finding.code, *figures.values()), finding)
    return tuple(findings.values())

"""Read a table of a SQLite or DuckDB file: the table that the user named, or the one with the needed columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from clvmodels.errors import InvalidOption, InvalidTransactions, closest
from clvmodels.frames.databases import spool
from clvmodels.frames.formats.opened_file import FileOptions, Format, OpenedFile
from clvmodels.frames.formats.text_values import LoadedTable
from clvmodels.frames.running import first_line

__all__ = ["is_duckdb_file", "is_sqlite_file", "read_database"]


def is_sqlite_file(path: Path) -> bool:
    """Return whether a file starts as SQLite's do."""
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\x00"


def is_duckdb_file(path: Path) -> bool:
    """Return whether a file starts as DuckDB's do."""
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def read_database(path: Path, name: str, needed: Sequence[str], options: FileOptions, form: Format) -> LoadedTable:
    """Return the rows of a table of a database file.

    Raises
    ------
    InvalidOption
        If there is no such table, or duckdb is not installed.
    InvalidTransactions
        If the file cannot be read, or no table or several have the columns.
    """
    read = _read_sqlite if form == "SQLite" else _read_duckdb
    return read(path, name, needed, options)


def _read_sqlite(path: Path, name: str, needed: Sequence[str], options: FileOptions) -> LoadedTable:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            statement = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            names = [row[0] for row in connection.execute(statement)]
            columns = {
                table: [row[1] for row in connection.execute(f"PRAGMA table_info({_quote(table)})")] for table in names
            }
            table = _choose(columns, needed, options, name)
            wanted = list(needed) if set(needed) <= set(columns[table]) and needed else columns[table]
            selected = ", ".join(map(_quote, wanted))
            rows = connection.execute(f"SELECT {selected} FROM {_quote(table)}").fetchall()  # noqa: S608  # quoted
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise InvalidTransactions(f"{name!r} cannot be read as SQLite: {first_line(error)}.") from None
    values = {column: [row[i] for row in rows] for i, column in enumerate(wanted)}
    numeric = {
        c for c, cells in values.items() if all(isinstance(cell, (int, float)) for cell in cells if cell is not None)
    }
    texts = {c: pl.Series(c, [_text(cell) for cell in cells], dtype=pl.String) for c, cells in values.items()}
    opened = _record(path, "SQLite", columns[table], table, len(columns), options)
    return LoadedTable(pl.DataFrame(texts).lazy(), opened, frozenset(numeric))


def _read_duckdb(path: Path, name: str, needed: Sequence[str], options: FileOptions) -> LoadedTable:
    try:
        import duckdb
    except ImportError:
        raise InvalidOption(
            f"{name!r} is a DuckDB file: install duckdb with pip install 'clvmodels[duckdb]'."
        ) from None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            columns: dict[str, list[str]] = {}
            for table, column in connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'main' "
                "ORDER BY table_name, ordinal_position"
            ).fetchall():
                columns.setdefault(table, []).append(column)
            table = _choose(columns, needed, options, name)
            wanted = list(needed) if set(needed) <= set(columns[table]) and needed else columns[table]
            plan = spool(connection.table(_quote(table)), wanted)
    except duckdb.Error as error:
        raise InvalidTransactions(f"{name!r} cannot be read as DuckDB: {first_line(error)}.") from None
    return LoadedTable(plan, _record(path, "DuckDB", columns[table], table, len(columns), options), frozenset(wanted))


def _record(
    path: Path, form: Format, columns: Sequence[str], table: str, tables: int, options: FileOptions
) -> OpenedFile:
    sheet = table if tables > 1 else None
    return OpenedFile(path, form, tuple(columns), sheet=sheet, options=options)


def _choose(columns: Mapping[str, Sequence[str]], needed: Sequence[str], options: FileOptions, name: str) -> str:
    """Return the table that the user named, or the only table with the needed columns, or the only table."""
    if options.sheet is not None:
        if options.sheet not in columns:
            raise InvalidOption(
                f"{name!r} has no table {options.sheet!r}; its tables are {', '.join(map(repr, columns))}."
                f"{closest(options.sheet, columns)}"
            )
        return options.sheet
    having = [table for table, names in columns.items() if set(needed) <= set(names)]
    if len(having) == 1:
        return having[0]
    if len(columns) == 1:
        return next(iter(columns))
    if not columns:
        raise InvalidTransactions(f"{name!r} has no table.")
    listed = "; ".join(f"{table!r} has {', '.join(map(repr, list(names)[:20]))}" for table, names in columns.items())
    problem = "has several tables with these columns" if having and needed else "has no table with these columns"
    raise InvalidTransactions(
        f"{name!r} {problem if needed else 'has several tables'}: {listed}. Pass one with sheet=."
    )


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    return repr(cell)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

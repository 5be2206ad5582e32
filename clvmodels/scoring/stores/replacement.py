"""SQL that replaces the rows of a table in place by those of a staged table, and keeps columns that others added."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from clvmodels.scoring.stores.store import KeptRuns, quoted

__all__ = ["columns_not_written", "inserting_statement", "replacing_statements", "to_remove"]

# Beginnings of the names of columns that depend on settings.
PREDICTED = ("expected_purchases_", "lifetime_value_", "probability_", "monetary_value")


def columns_not_written(old: Collection[str], new: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the columns of a table that a run does not write: added by others, or of earlier settings."""
    left = [name for name in old if name not in new]
    others = [name for name in left if not name.startswith(PREDICTED)]
    return others, [name for name in left if name.startswith(PREDICTED)]


def to_remove(keeping: KeptRuns, days: Collection[str], day: str) -> list[str]:
    """Return the days to remove from a table that gets the rows of a day: the same day, and outdated ones."""
    return [day, *(old for old in keeping.outdated([*days, day]) if old != day)]


def inserting_statement(table: str, staged: str, columns: Sequence[str]) -> str:
    """Return a statement that adds the staged rows to a table, in the order of the first column, which is the key."""
    names = ", ".join(map(quoted, columns))
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged} ORDER BY {quoted(columns[0])}"


def replacing_statements(
    table: str, staged: str, columns: Sequence[str], dropped: Sequence[str], *, keep: bool
) -> Iterator[str]:
    """Yield statements that replace the rows of a table.

    Parameters
    ----------
    columns, dropped : sequence of str
        Columns to fill, of which the first is the key, and those of earlier settings, which become missing.
    keep : bool
        Whether rows whose key stays must not be deleted: others reference them, or the table has more columns.
    """
    names = ", ".join(map(quoted, columns))
    source = ", ".join(f"s.{quoted(name)}" for name in columns)
    same = f"t.{quoted(columns[0])} = s.{quoted(columns[0])}"
    if not keep:
        yield f"DELETE FROM {table}"
        yield inserting_statement(table, staged, columns)
        return
    values = [f"{quoted(name)} = s.{quoted(name)}" for name in columns[1:]]
    values += [f"{quoted(name)} = NULL" for name in dropped]
    yield f"DELETE FROM {table} AS t WHERE NOT EXISTS (SELECT 1 FROM {staged} AS s WHERE {same})"
    yield f"UPDATE {table} AS t SET {', '.join(values)} FROM {staged} AS s WHERE {same}"
    missing = f"NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})"
    yield f"INSERT INTO {table} ({names}) SELECT {source} FROM {staged} AS s WHERE {missing}"

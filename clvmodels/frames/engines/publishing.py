"""Publish a table in the engine that computed it: staged out of sight, counted, and committed in one step."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clvmodels import files
from clvmodels.errors import InvalidOption, InvalidTransactions, list_names
from clvmodels.frames.engines.protocol import STAGED, Engine
from clvmodels.frames.running import first_line

__all__ = ["PublishedTable", "count_unique", "discard", "publish_file", "publish_run", "publish_table", "table_name"]

MOST_PARTS = 2  # parts of the name of a table: a schema, and the table in it


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table that was published.

    Attributes
    ----------
    target : str
        Name of the table, or path of the file or folder.
    rows : int
        Its rows, counted in the staged copy before it was published.
    """

    target: str
    rows: int


def publish_table(engine: Engine, target: str, key: str) -> PublishedTable:
    """Write the engine's table to another table of its database; readers see the old rows or the new ones.

    The rows are computed once, into a staged table. In one transaction they then replace those of the target, which
    keeps its rights and the views on it, or the staged table takes its name if there is none. In Spark, whose tables
    have no transactions, the target is a view on the table of the current run.

    Parameters
    ----------
    engine : Engine
    target : str
        Name of the table, or schema and name with a point between them.
    key : str
        The column whose values are unique.

    Raises
    ------
    InvalidOption
        If a table of that name has other columns, or is not a view in Spark.
    InvalidTransactions
        If the staged rows are not unique, or the engine cannot write them; the target is then unchanged.
    """
    parts = table_name(target)
    _refuse_other_columns(engine, target, parts)
    staged = engine.staged_name(parts)
    try:
        engine.write_staged(staged)
        rows = count_unique(engine, staged, key)
        engine.replace_table(parts, staged)
    except (InvalidOption, InvalidTransactions):
        discard(engine, staged)
        raise
    except Exception as error:  # any error of any driver
        discard(engine, staged)
        raise InvalidTransactions(
            f"{engine.title} cannot write table {target!r}: {first_line(error)}. The table is unchanged."
        ) from error
    return PublishedTable(target, rows)


def publish_file(engine: Engine, path: Path, key: str) -> PublishedTable:
    """Write the engine's table to a Parquet file under a temporary name, count its rows, and rename it.

    Raises
    ------
    InvalidTransactions
        As for `publish_table`.
    """
    final = files.target(path)
    staged = final.with_name(f".{final.name}{STAGED}.parquet")
    try:
        engine.write_parquet(list(engine.column_types()), staged)
        rows = _count_files([staged], key)
        files.keep_rights(final, staged)
        files.sync(staged)
        staged.replace(final)
    except InvalidTransactions:
        raise
    except Exception as error:  # any error of any driver, or of the file system
        raise InvalidTransactions(f"{engine.title} cannot write {path}: {first_line(error)}.") from error
    finally:
        staged.unlink(missing_ok=True)
    return PublishedTable(str(path), rows)


def publish_run(engine: Engine, folder: Path, key: str) -> PublishedTable:
    """Write the engine's table to a new folder of Parquet files, then point the pointer file to it.

    Several workers can write at once. Readers follow `current.json`, which is replaced last; earlier runs stay.

    Raises
    ------
    InvalidTransactions
        As for `publish_table`; the pointer is then unchanged.
    """
    run_id = secrets.token_hex(8)
    final, staged = files.folder_of_run(folder, run_id), files.folder_of_run(folder, run_id, unfinished=True)
    try:
        staged.mkdir(parents=True)
        names = engine.write_parts(staged)
        rows = _count_files([staged / name for name in names], key)
        for name in names:
            files.sync(staged / name)
        staged.rename(final)
        files.sync(final.parent)
        files.point_to_run(folder, run_id, rows, names)
    except InvalidTransactions:
        raise
    except Exception as error:  # any error of any driver, or of the file system
        raise InvalidTransactions(f"{engine.title} cannot write {folder}: {first_line(error)}.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return PublishedTable(str(folder), rows)


def _count_files(paths: Sequence[Path], key: str) -> int:
    """Return the number of rows in Parquet files; raise an error if the key is not unique."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    keys = pa.chunked_array([chunk for path in paths for chunk in parquet.read_table(path, columns=[key])[0].chunks])
    return _check_unique(len(keys), len(keys.unique()), key)


def table_name(target: str) -> list[str]:
    """Return the schema, if it is named, and the table that a text such as "schema.table" names."""
    parts = target.split(".")
    if len(parts) > MOST_PARTS or not all(parts):
        raise InvalidOption(f"{target!r} is not the name of a table: write 'scores', or 'schema.scores'.")
    return parts


def count_unique(engine: Engine, table: Sequence[str], key: str) -> int:
    """Return the number of rows in a table; raise an error if the key is not unique."""
    column = engine.dialect.name_of(key)
    rows, keys = engine.read_row(f"SELECT COUNT(*), COUNT(DISTINCT {column}) FROM {engine.address(table)}")
    return _check_unique(rows, keys, key)


def _check_unique(rows: int, keys: int, key: str) -> int:
    if rows != keys:
        raise InvalidTransactions(
            f"The staged table has {rows:,} rows and {keys:,} values of {key!r}, which must be unique; nothing was "
            "published. Pass scores as `score_in_engine` returns them."
        )
    return rows


def _refuse_other_columns(engine: Engine, target: str, parts: Sequence[str]) -> None:
    """Raise InvalidOption if a table with this name exists and has other columns."""
    present, own = engine.columns_of(parts), list(engine.column_types())
    if present is not None and present != own:
        raise InvalidOption(
            f"Table {target!r} has the columns {list_names(present)}, not those of these scores ({list_names(own)}), "
            "so its rows are not replaced: name another table, or remove this one yourself."
        )


def discard(engine: Engine, staged: Sequence[str]) -> None:
    """Remove a staged table, if it exists and can be removed."""
    with contextlib.suppress(Exception):
        engine.execute(f"DROP TABLE IF EXISTS {engine.address(staged)}")

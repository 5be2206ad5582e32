"""The protocol of an engine that holds a table: types of columns, queries, fetched rows and stored results."""

from __future__ import annotations

import contextlib
import itertools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import narwhals as nw
import polars as pl
import pyarrow as pa

from clvmodels.errors import CLVError, InvalidOption, InvalidTransactions
from clvmodels.frames.engines.dialects import Dialect
from clvmodels.frames.running import first_line

__all__ = ["STAGED", "BlockFunction", "ColumnType", "Engine", "OutputType", "OutputTypes", "require_sqlglot"]

log = logging.getLogger("clvmodels.engine")

ColumnType = Literal["integer", "text", "date", "timestamp", "instant", "number", "boolean", "other"]
"""Types of columns of a log: a timestamp has no zone, an instant is a point in time, and "other" is not supported."""
OutputType = Literal["integer", "number", "text", "date", "timestamp", "boolean"]
OutputTypes: TypeAlias = Mapping[str, OutputType]
"""Columns of the result of a query, in order."""

STAGED = "_clvmodels_staged"  # at the end of the name of a staged table
BlockFunction: TypeAlias = Callable[[Iterator[pa.Table]], Iterator[pa.Table]]
NUMBERS = itertools.count()  # unique numbers, so that a pending result never reads another result's table
ARROW_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.large_string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "boolean": pa.bool_(),
}


class Engine(ABC):
    """A table in an engine, in which queries run.

    A query is text in the engine's dialect of SQL (see `queries`) and names the table `source`.

    Attributes
    ----------
    title : str
        Name of the engine for messages, such as "DuckDB".
    dialect : Dialect
        How the engine writes SQL.
    source : str
        Name of the table in queries.
    fetched_bytes : int
        Size in Arrow of all rows fetched from the engine so far.
    has_workers : bool
        Whether functions of blocks run on machines of the engine, each of which sees some of the blocks.
    """

    title: str
    dialect: Dialect
    has_workers: ClassVar[bool] = False

    def __init__(self) -> None:
        self.source = f"clvmodels_log_{next(NUMBERS)}"
        self.fetched_bytes = 0

    def column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column; raise InvalidTransactions if the table cannot be read."""
        try:
            return self._column_types()
        except Exception as error:  # such as a closed connection
            raise InvalidTransactions(f"The table cannot be read: {first_line(error)}.") from error

    @abstractmethod
    def _column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column."""

    def keep(self, query: str) -> str | None:
        """Store the rows of a query in a table of the engine, if a later query could differ; return its name.

        The table is removed with this object.
        """
        return None

    def hold(self, name: str, query: str) -> None:
        """Write the rows of a query to a temporary table, which later queries name, until it is released."""
        try:
            self._execute_here(f"CREATE TEMPORARY TABLE {name} AS {query}")
        except Exception as error:  # any error of any driver
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error

    def hold_for_result(self, name: str, query: str) -> None:
        """Hold the rows of a query for a result, which an engine may compute after the release; here it does before."""
        self.hold(name, query)

    def release(self, name: str) -> None:
        """Remove a table that is held."""
        self._execute_here(f"DROP TABLE IF EXISTS {name}")

    @contextlib.contextmanager
    def stored(self, query: str) -> Iterator[str]:
        """Store the rows of a query, and yield a query of them, which stay the same if the tables change meanwhile."""
        name = f"clvmodels_rows_{next(NUMBERS)}"
        self.hold_for_result(name, query)
        try:
            yield f"SELECT * FROM {name}"
        finally:
            self.release(name)

    def add_up(self, query: str, column: str) -> int:
        """Return the sum of a column of whole numbers of a query, 0 without rows."""
        total = f"SELECT SUM({column}) AS total FROM ({query}) AS added"
        return int(self.fetch(total, {"total": "integer"}).item() or 0)

    def _execute_here(self, statement: str) -> None:
        """Run a statement about a temporary table, in the connection that reads it."""
        self.execute(statement)

    @abstractmethod
    def _run(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run a query, which can refer to small tables by name, and return its rows."""

    @abstractmethod
    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        """Return the result of a query as a table of the engine, without fetching its rows."""

    @abstractmethod
    def write_parquet(self, names: Sequence[str], path: Path) -> None:
        """Write columns of the table to a Parquet file on this machine."""

    def write_parts(self, folder: Path) -> list[str]:
        """Write the table to Parquet files in a folder, and return their names, which are part-NUMBER.parquet."""
        name = "part-00000.parquet"
        self.write_parquet(list(self.column_types()), folder / name)
        return [name]

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Run a statement that changes tables, and commit it."""

    def execute_at_once(self, statements: Sequence[str]) -> None:
        """Run statements in one transaction: all of them, or none."""
        raise NotImplementedError

    @abstractmethod
    def read_row(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query."""

    @abstractmethod
    def columns_of(self, name: Sequence[str]) -> list[str] | None:
        """Return the columns of a table of the database, given as (schema, table) or (table,); None without one."""

    def address(self, name: Sequence[str]) -> str:
        """Return the name of a table of the database, given as (schema, table) or (table,), as SQL writes it."""
        return ".".join(map(self.dialect.name_of, name))

    def staged_name(self, name: Sequence[str]) -> list[str]:
        """Return the name of the table in which the next rows of a table are staged."""
        *schema, table = name
        return [*schema, f"{table}{STAGED}"]

    def write_staged(self, staged: Sequence[str]) -> None:
        """Write this table to a new table of the database."""
        self.execute(f"DROP TABLE IF EXISTS {self.address(staged)}")
        self.execute(f"CREATE TABLE {self.address(staged)} AS SELECT * FROM {self.source}")

    def append(self, name: Sequence[str], rows: pa.Table) -> None:
        """Add rows to a table of the database, which is created if there is none."""
        raise NotImplementedError

    def replace_table(self, name: Sequence[str], staged: Sequence[str]) -> None:
        """Replace the rows of a table with those of a staged table, in one transaction.

        The table keeps its access rights and the views on it. If it does not exist, the staged table is renamed.
        """
        table, source = self.address(name), self.address(staged)
        if self.columns_of(name) is None:
            statements = [f"ALTER TABLE {source} RENAME TO {self.dialect.name_of(name[-1])}"]
        else:
            statements = [f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM {source}", f"DROP TABLE {source}"]
        self.execute_at_once(statements)

    def map_blocks(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> Any:
        """Apply a function to the blocks of a query, and return its rows as a table of the engine.

        Blocks are streamed to this machine, which runs the function.

        Parameters
        ----------
        query : str
        types : mapping
        function : function of an iterator of Arrow tables, which yields Arrow tables
        result_types : mapping
        rows : int
            Most rows of a block.
        """
        name = f"clvmodels_scores_{next(NUMBERS)}"
        names = ", ".join(self.dialect.name_of(column) for column in result_types)
        table = self._map_here(query, types, function, result_types, rows)
        return self.table(f"SELECT {names} FROM {name}", result_types, {name: table})

    def reduce_blocks(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> nw.DataFrame[Any]:
        """Apply a function to the blocks of a query as `map_blocks` does, and return its few rows on this machine."""
        return nw.from_native(pl.DataFrame(self._reduce(query, types, function, result_types, rows)), eager_only=True)

    def _reduce(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> pa.Table:
        """Apply a function to the blocks of a query, and return its rows; here, blocks are streamed to this machine."""
        return self._map_here(query, types, function, result_types, rows)

    def _map_here(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> pa.Table:
        schema, result_schema = _schema(types), _schema(result_types)
        try:
            blocks = (table.select(list(types)).cast(schema) for table in self._blocks(query, types, rows))
            made = [table.cast(result_schema) for table in function(self._count_bytes(blocks))]
        except CLVError:
            raise
        except Exception as error:  # any error of any driver
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error
        return pa.concat_tables(made) if made else result_schema.empty_table()

    def stream(self, query: str, types: OutputTypes, rows: int) -> Iterator[nw.DataFrame[Any]]:
        """Yield the rows of a query in blocks of at most this number; types, errors and counts are those of `fetch`."""
        schema = _schema(types)
        try:
            blocks = (table.select(list(types)).cast(schema) for table in self._blocks(query, types, rows))
            for block in self._count_bytes(blocks):
                yield nw.from_native(pl.DataFrame(block), eager_only=True)
        except CLVError:
            raise
        except Exception as error:  # any error of any driver
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error

    def _blocks(self, query: str, types: OutputTypes, rows: int) -> Iterator[pa.Table]:
        """Yield the rows of a query in blocks; here, all of them are fetched at once."""
        table = self._run(query, types, {})
        for start in range(0, len(table), rows):
            yield table.slice(start, rows)

    def _count_bytes(self, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for block in blocks:
            self._count(block)
            yield block

    def _count(self, table: pa.Table) -> None:
        """Count and log the bytes of rows that were fetched."""
        self.fetched_bytes += table.nbytes
        log.info("fetched %s rows, %s bytes from %s", f"{len(table):,}", f"{table.nbytes:,}", self.title)

    def fetch(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table] | None = None) -> nw.DataFrame[Any]:
        """Run a query and return its rows, whose size in bytes is counted and logged.

        Raises
        ------
        InvalidTransactions
            If the engine cannot run the query, with the first line of its error.
        """
        try:
            table = self._run(query, types, tables or {}).select(list(types)).cast(_schema(types))
        except Exception as error:  # any error of any driver
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error
        self._count(table)
        return nw.from_native(pl.DataFrame(table), eager_only=True)

    def table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table] | None = None) -> Any:
        """Return the result of a query as a table of the engine; the types and errors are those of `fetch`."""
        try:
            return self._table(query, types, tables or {})
        except Exception as error:
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error


def require_sqlglot() -> None:
    """Raise InvalidOption if sqlglot, which writes dialects of SQL, is not installed."""
    try:
        import sqlglot  # noqa: F401
    except ImportError:
        raise InvalidOption(
            "SQL for this engine is written by sqlglot, which is not installed: pip install 'clvmodels[ibis]' or "
            "'clvmodels[spark]'."
        ) from None


def _schema(types: OutputTypes) -> pa.Schema:
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in types.items()])

"""Tables of Ibis and Spark as sinks: rows are staged in the engine, counted there, and committed by the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import pyarrow as pa

from clvmodels import frames
from clvmodels.errors import CLVError, InvalidJob, StoreUnreachable, list_names
from clvmodels.scoring.stores.engine_sources import connect, reaching_engine
from clvmodels.scoring.stores.store import KEY, NOT_UNIQUE, RUN_ID, HeldTable, counted_table, only_own

__all__ = ["EngineTable"]


class EngineTable:
    """A table in a database of Ibis, or a view of Spark on the table of the current run.

    Parameters
    ----------
    store : {"ibis", "spark"}
    uri : str
        As for `engine_sources.connect`.
    db_schema : str
        Empty for the current schema.
    table, name, id_column : str
    """

    def __init__(self, store: str, uri: str, db_schema: str, table: str, name: str, id_column: str = KEY) -> None:
        self.uri, self.name, self.id_column = uri, name, id_column
        self.parts = [*([db_schema] if db_schema else []), table]
        session = connect(store, uri, name)
        with self.reaching():
            any_table = session.range(1) if store == "spark" else session.sql("SELECT 1 AS one")
            engine = frames.engine_of(any_table)
        if engine is None:
            raise InvalidJob(
                f"{name}: Ibis publishes in DuckDB, PostgreSQL and SQLite only: name a URI of one of these."
            )
        self.engine = engine

    def reaching(self) -> contextlib.AbstractContextManager[None]:
        return reaching_engine(self.name, self.uri)

    @property
    def address(self) -> str:
        return self.engine.address(self.parts)

    def _name(self, column: str) -> str:
        return self.engine.dialect.name_of(column)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Do nothing: engines have no lock that ends with a process, but the folder of the runs has one."""
        return contextlib.nullcontext()

    def holds(self) -> HeldTable | None:
        with self.reaching():
            columns = self.engine.columns_of(self.parts)
            if columns is None:
                return None
            only_own(self.name, columns, self.id_column)
            text = self.engine.dialect.text
            rows, run_id, as_of = self.engine.read_row(
                f"SELECT COUNT(*), MIN({self._name(RUN_ID)}), CAST(MIN({self._name('as_of')}) AS {text}) "
                f"FROM {self.address}"
            )
        return HeldTable(str(run_id), str(as_of)) if rows else None

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        sums = "".join(f", SUM({self._name(column)})" for column in columns)
        run = self._name(RUN_ID)
        with self.reaching():
            row = self.engine.read_row(f"SELECT COUNT(*), MIN({run}), MAX({run}){sums} FROM {self.address}")
        return counted_table(run_id, row, columns)

    def check_access(self) -> None:
        """Do nothing: the engine is known to answer, and missing rights raise an error when a table is staged."""

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> _StagedInEngine:
        """Stage a table, without comments on its columns."""
        with self.reaching():
            staged = self.engine.staged_name(self.parts)
            self.engine.execute(f"DROP TABLE IF EXISTS {self.engine.address(staged)}")
        return _StagedInEngine(self, staged)


class _StagedInEngine:
    def __init__(self, sink: EngineTable, staged: Sequence[str]) -> None:
        self._sink, self._staged, self._published = sink, staged, False

    def write(self, rows: pa.Table) -> None:
        with self._sink.reaching():
            self._sink.engine.append(self._staged, rows)

    def count(self) -> int:
        with self._sink.reaching():
            try:
                return frames.count_unique(self._sink.engine, self._staged, self._sink.id_column)
            except CLVError:
                raise StoreUnreachable(f"{self._sink.name}: {NOT_UNIQUE}") from None

    def publish(self) -> None:
        engine, parts = self._sink.engine, self._sink.parts
        with self._sink.reaching():
            old, new = engine.columns_of(parts), engine.columns_of(self._staged)
            if old is not None and new is not None and old != new:
                only_own(self._sink.name, old, self._sink.id_column)
                raise InvalidJob(
                    f"{self._sink.name}: the table has the columns {list_names(old)}, the new one has "
                    f"{list_names(new)}: rename or drop the table, or give this sink another one."
                )
            engine.replace_table(parts, self._staged)
            self._published = True

    def discard(self) -> None:
        if not self._published:
            frames.discard(self._sink.engine, self._staged)

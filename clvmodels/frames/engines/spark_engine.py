"""Spark, classic or Connect: queries run on the cluster, without Python on its workers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clvmodels.errors import InvalidOption, InvalidTransactions
from clvmodels.frames.engines.arrow import with_utc
from clvmodels.frames.engines.dialects import DIALECTS
from clvmodels.frames.engines.protocol import BlockFunction, ColumnType, Engine, OutputType, OutputTypes
from clvmodels.frames.running import first_line

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["Spark", "SparkEngine"]

SPARK_TYPES = {"integer": "bigint", "number": "double", "text": "string"}
WORKER_TYPES = {"integer": pa.int64(), "number": pa.float64(), "text": pa.string()}
RUN, KEPT_RUNS = "_run_", 2  # prefix of numbers in the names of tables of runs, and the number of runs that stay
ROWS_PER_BLOCK = 4_000_000  # rows per block of a copy; each block is fetched at once
TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    "string": "text",
    "date": "date",
    "boolean": "boolean",
    "timestamp": "instant",
    "timestamp_ntz": "timestamp",
}


@dataclass(frozen=True, slots=True, eq=False)
class Spark:
    """The kind of frame of Spark: results are frames of the same session.

    Attributes
    ----------
    session : SparkSession or None
        None after a copy to another process, where the session does not exist; results then belong to the active one.
    """

    session: Any

    def __reduce__(self) -> Any:
        return Spark, (None,)

    def __copy__(self) -> Spark:
        return self

    def __deepcopy__(self, memo: Any) -> Spark:
        return self

    def relation(self, columns: pa.Table) -> DataFrame:
        """Return a table as a frame of the session."""
        session = self.session
        if session is None:
            from pyspark.sql import SparkSession

            session = SparkSession.builder.getOrCreate()
        frame: DataFrame = session.createDataFrame(columns)
        return frame


@dataclass(frozen=True, slots=True)
class _OnBatches:
    """A function of tables, wrapped as a function of record batches."""

    function: BlockFunction
    types: dict[str, OutputType]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([(name, WORKER_TYPES[kind]) for name, kind in self.types.items()])
        for table in self.function(pa.Table.from_batches([batch]) for batch in batches):
            yield from table.cast(schema).to_batches()


class SparkEngine(Engine):
    """A frame of Spark.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    """

    title = "Spark"
    dialect = DIALECTS["spark"]
    has_workers = True

    def __init__(self, frame: DataFrame) -> None:
        super().__init__()
        self.frame = frame
        self.held: dict[str, DataFrame] = {}

    def hold(self, name: str, query: str) -> None:
        """Let the cluster keep the rows of a query, in memory or on its disks, until they are released."""
        self.held[name] = self.table(query, {}).persist()

    def hold_for_result(self, name: str, query: str) -> None:
        """Let the executors store the rows of a query as long as a result refers to them.

        Rows that are lost with an executor are not computed again from a table that may have changed: to read the
        result is then an error.
        """
        self.held[name] = self.table(query, {}).localCheckpoint()

    def release(self, name: str) -> None:
        """Let the cluster forget the rows of a query."""
        self.held.pop(name).unpersist()

    def _column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column; a timestamp of Spark is an instant that is shown in the session's zone."""
        return {
            name: "number" if kind.startswith("decimal") else TYPES.get(kind, "other")
            for name, kind in self.frame.dtypes
        }

    def _run(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> pa.Table:
        return self._table(query, types, tables).toArrow()

    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        session = self.frame.sparkSession
        frames = {name: session.createDataFrame(table, _schema(table)) for name, table in tables.items()} | self.held
        escaped = query.replace("{", "{{").replace("}", "}}")
        for name in (self.source, *frames):  # Spark reads frames from format fields of the text
            escaped = re.sub(rf"\b{name}\b", f"{{{name}}}", escaped)
        return session.sql(escaped, **{self.source: self.frame}, **frames)

    def map_blocks(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> DataFrame:
        """Run a function on the workers, on their blocks of a query; Spark sets the size of the blocks.

        The function is sent to the workers, where its module must be installed.
        """
        schema = ", ".join(f"`{name}` {SPARK_TYPES[kind]}" for name, kind in result_types.items())
        mapped: DataFrame = self.table(query, types).mapInArrow(_OnBatches(function, dict(result_types)), schema)
        return mapped

    def _reduce(
        self, query: str, types: OutputTypes, function: BlockFunction, result_types: OutputTypes, rows: int
    ) -> pa.Table:
        """Run a function on the workers, and return the few rows that they make."""
        try:
            table: pa.Table = self.map_blocks(query, types, function, result_types, rows).toArrow()
        except Exception as error:  # such as one raised on a worker
            raise InvalidTransactions(f"{self.title} cannot compute this: {first_line(error)}.") from error
        self._count(table)
        return table

    def blocks(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield columns of the table in blocks of rows, each of which fits into memory."""
        selected = self.frame.select(*map(self.dialect.name_of, names))
        count = 1 + selected.count() // ROWS_PER_BLOCK
        for number in range(count):
            part = selected
            if count > 1:
                from pyspark.sql import functions

                part = selected.where(functions.expr(f"PMOD(XXHASH64(*), {count}) = {number}"))
            table = part.toArrow()
            yield table.cast(with_utc(table.schema))

    def execute(self, statement: str) -> None:
        """Run a statement that changes the catalog."""
        self.frame.sparkSession.sql(statement)

    def read_row(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query."""
        return tuple(self.frame.sparkSession.sql(query).head(1)[0])

    def columns_of(self, name: Sequence[str]) -> list[str] | None:
        """Return the columns of a table or view of the catalog; None without one."""
        session, address = self.frame.sparkSession, self.address(name)
        return list(session.table(address).columns) if session.catalog.tableExists(address) else None

    def staged_name(self, name: Sequence[str]) -> list[str]:
        """Return the name of the table of the next run, which the published view will refer to."""
        *schema, table = name
        latest = max((self._number(other, table) for other in self._runs(name)), default=0)
        return [*schema, f"{table}{RUN}{latest + 1:06d}"]

    def write_staged(self, staged: Sequence[str]) -> None:
        """Write this table to a new table of the catalog."""
        self.frame.write.format("parquet").saveAsTable(self.address(staged))

    def append(self, name: Sequence[str], rows: pa.Table) -> None:
        """Add rows to a table of the catalog, which is created if there is none."""
        frame = self.frame.sparkSession.createDataFrame(rows)
        frame.write.format("parquet").mode("append").saveAsTable(self.address(name))

    def replace_table(self, name: Sequence[str], staged: Sequence[str]) -> None:
        """Point a view to a staged table, in one change of the catalog; the previous table is kept.

        A query that is already running continues with the previous table.
        """
        view = self.address(name)
        catalog = self.frame.sparkSession.catalog
        if catalog.tableExists(view) and catalog.getTable(view).tableType != "VIEW":
            raise InvalidOption(
                f"{view} is a table of Spark, whose rows cannot be replaced in one step: name another one, which will "
                "be a view, or remove this one yourself."
            )
        self.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {self.address(staged)}")
        for other in sorted(self._runs(name), key=lambda run: self._number(run, name[-1]))[:-KEPT_RUNS]:
            self.execute(f"DROP TABLE {self.address([*name[:-1], other])}")

    def _runs(self, name: Sequence[str]) -> list[str]:
        """Return the names of the tables with the runs of a view."""
        *schema, table = name
        where = f" IN {self.address(schema)}" if schema else ""
        rows = self.frame.sparkSession.sql(f"SHOW TABLES{where}").collect()
        pattern = re.compile(rf"{re.escape(table.lower())}{RUN}\d+")  # Spark writes names in lower case
        return [row["tableName"] for row in rows if pattern.fullmatch(row["tableName"].lower())]

    @staticmethod
    def _number(run: str, table: str) -> int:
        return int(run[len(table) + len(RUN) :])

    def write_parts(self, folder: Path) -> list[str]:
        """Write the table to Parquet files on the workers, in a folder that they share with this machine."""
        written = folder / "spark"
        self.frame.write.parquet(str(written))
        parts = sorted(written.glob("part-*.parquet"))
        names = [f"part-{number:05d}.parquet" for number in range(len(parts))]
        for part, name in zip(parts, names, strict=True):
            part.rename(folder / name)
        shutil.rmtree(written)
        return names

    def write_parquet(self, names: Sequence[str], path: Path) -> None:
        """Write columns of the table to a Parquet file on this machine, one block after another."""
        import pyarrow.parquet as parquet

        writer = None
        try:
            for table in self.blocks(names):
                writer = writer or parquet.ParquetWriter(path, table.schema, compression="lz4")
                writer.write_table(table)
                self.fetched_bytes += table.nbytes
        finally:
            if writer is not None:
                writer.close()


def _schema(table: pa.Table) -> str | None:
    """Return the columns of a table with timestamps as Spark writes them; None to take them as Spark does.

    Spark takes timestamps without a zone as points in time, unless its session says otherwise. Spark Connect does not
    take the types of a table without rows.
    """
    kinds = {
        field.name: "timestamp_ntz"
        if pa.types.is_timestamp(field.type)
        else "date"
        if pa.types.is_date(field.type)
        else "bigint"
        if pa.types.is_integer(field.type)
        else "double"
        if pa.types.is_floating(field.type)
        else "boolean"
        if pa.types.is_boolean(field.type)
        else "string"
        for field in table.schema
    }
    if len(table) and "timestamp_ntz" not in kinds.values():
        return None
    return ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())

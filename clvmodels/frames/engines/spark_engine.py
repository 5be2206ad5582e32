"""Spark, classic or Connect: queries run on the cluster, without Python on its workers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from clvmodels.frames.engines.arrow import with_utc
from clvmodels.frames.engines.dialects import DIALECTS
from clvmodels.frames.engines.protocol import ColumnType, Engine, OutputTypes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["Spark", "SparkEngine"]

ROWS_PER_BLOCK = 4_000_000  # of a copy; each block is fetched at once
TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), "integer"),
    **dict.fromkeys(("float", "double"), "number"),
    "string": "text",
    "date": "date",
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


class SparkEngine(Engine):
    """A frame of Spark.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    """

    title = "Spark"
    dialect = DIALECTS["spark"]

    def __init__(self, frame: DataFrame) -> None:
        super().__init__()
        self.frame = frame

    def _column_types(self) -> dict[str, ColumnType]:
        """Return the type of each column; a timestamp of Spark is an instant, which it shows in the session's zone."""
        return {
            name: "number" if kind.startswith("decimal") else TYPES.get(kind, "other")
            for name, kind in self.frame.dtypes
        }

    def _run(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> pa.Table:
        return self._table(query, types, tables).toArrow()

    def _table(self, query: str, types: OutputTypes, tables: Mapping[str, pa.Table]) -> Any:
        session = self.frame.sparkSession
        frames = {name: session.createDataFrame(table) for name, table in tables.items()}
        escaped = query.replace("{", "{{").replace("}", "}}")
        for name in (self.source, *tables):  # Spark takes frames as fields of the text
            escaped = re.sub(rf"\b{name}\b", f"{{{name}}}", escaped)
        return session.sql(escaped, **{self.source: self.frame}, **frames)

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

    def write_parts(self, folder: Path) -> list[str]:
        """Let the workers write the table to Parquet files in a folder, which they share with this machine."""
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

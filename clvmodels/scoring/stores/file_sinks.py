"""CSV files and Parquet files as sinks."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from clvmodels import files
from clvmodels.errors import StoreUnreachable
from clvmodels.processes.threads import start_in_background
from clvmodels.scoring.stores.store import (
    KEY,
    NOT_UNIQUE,
    RUN_ID,
    STAGED,
    HeldTable,
    check_folder,
    count_batches,
    locked,
    only_own,
    reaching,
    sync,
)

__all__ = ["CSVFile", "ParquetFile", "ParquetWriter", "count_files"]

ROW_GROUP = 65_536


class ParquetWriter:
    """A Parquet file written in row groups of equal size, independent of the sizes of the tables passed.

    Rows are compressed while the caller makes the next ones; an error is raised by the call after it.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        repeated = [field.name for field in schema if not pa.types.is_floating(field.type)]
        repeated = [name for name in repeated if name != schema.names[0]]  # which identifies the row
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated)
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._finish: Callable[[], None] = _ignore

    def write(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows >= ROW_GROUP:
            rows = pa.concat_tables(self._waiting)
            whole = self._rows - self._rows % ROW_GROUP
            self._waiting, self._rows = [rows.slice(whole)], self._rows - whole
            self._begin(rows.slice(0, whole))

    def close(self) -> None:
        """Write the remaining rows and the end of the file."""
        try:
            if self._rows:
                rest, self._waiting, self._rows = pa.concat_tables(self._waiting), [], 0
                self._begin(rest)
            self._finish()
        finally:
            self._writer.close()

    def _begin(self, rows: pa.Table) -> None:
        """Write rows on another thread, after those before."""
        finish, self._finish = self._finish, _ignore
        finish()
        self._finish = start_in_background(partial(self._writer.write_table, rows, row_group_size=ROW_GROUP))


def _ignore() -> None:
    """Finish nothing."""


class CSVWriter:
    """A CSV file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pa.csv.CSVWriter(path, schema)

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)

    def close(self) -> None:
        self._writer.close()


class ParquetFile:
    """One Parquet file."""

    writer: Any = ParquetWriter

    def __init__(self, path: Path, name: str, id_column: str = KEY) -> None:
        self.path, self.name, self.id_column = files.target(path), name, id_column

    @property
    def staged(self) -> Path:
        """Return the path of the staged table, in the same folder so that publication only renames it."""
        return self.path.with_name(f".{self.path.name}{STAGED}{self.path.suffix}")

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(f".{self.path.name}.lock"), self.name)

    def holds(self) -> HeldTable | None:
        with reaching(self.name):
            if not self.path.exists() or not self.path.stat().st_size:
                return None
            only_own(self.name, self.columns_of(self.path), self.id_column)
            return self.first_row(self.path)

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        return count_files(self, [self.path], run_id, columns)

    def check_access(self) -> None:
        check_folder(self.path, self.name)

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> StagedFile:
        """Stage a file, without comments on columns."""
        with reaching(self.name):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.staged.unlink(missing_ok=True)
            return StagedFile(self, schema)

    def columns_of(self, path: Path) -> list[str]:
        """Return the columns of a file, or no columns if it has another format."""
        try:
            return list(pq.read_schema(path).names)
        except pa.ArrowException:
            return []

    def first_row(self, path: Path) -> HeldTable | None:
        """Return the run and the date of a file, None if it is not one that this sink writes."""
        try:
            with pq.ParquetFile(path) as opened:
                for batch in opened.iter_batches(batch_size=1, columns=[RUN_ID, "as_of"]):
                    return HeldTable(str(batch[RUN_ID][0]), str(batch["as_of"][0]))
        except (pa.ArrowException, KeyError, IndexError):
            return None
        return None

    def batches(self, path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the run ids of a file and some columns of numbers."""
        with pq.ParquetFile(path) as opened:
            yield from opened.iter_batches(columns=[RUN_ID, *columns])

    def rows_of(self, path: Path, id_type: pa.DataType) -> int:
        """Return the number of rows of a staged file; an error unless each id is there once, in order."""
        last, rows = None, 0
        with pq.ParquetFile(path) as opened:
            for batch in opened.iter_batches(columns=[self.id_column]):
                last = _check_order(batch.column(0), last, self.name)
                rows += len(batch)
        return rows


class CSVFile(ParquetFile):
    """One CSV file."""

    writer = CSVWriter

    def columns_of(self, path: Path) -> list[str]:
        with path.open(newline="", encoding="utf-8", errors="replace") as lines, contextlib.suppress(csv.Error):
            return next(csv.reader(lines), [])
        return []

    def first_row(self, path: Path) -> HeldTable | None:
        with path.open(newline="", encoding="utf-8", errors="replace") as lines:
            rows = csv.DictReader(lines)
            with contextlib.suppress(csv.Error, StopIteration):
                row = next(rows)
                return HeldTable(row.get(RUN_ID) or "", row.get("as_of") or "")
        return None

    def batches(self, path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        types = dict.fromkeys(columns, pa.float64()) | {RUN_ID: pa.string()}
        read = pa.csv.ConvertOptions(include_columns=[RUN_ID, *columns], column_types=types)
        newlines = pa.csv.ParseOptions(newlines_in_values=True)
        with pa.csv.open_csv(path, convert_options=read, parse_options=newlines) as opened:
            yield from opened

    def rows_of(self, path: Path, id_type: pa.DataType) -> int:
        last, rows = None, 0
        ids_only = pa.csv.ConvertOptions(include_columns=[self.id_column], column_types={self.id_column: id_type})
        newlines = pa.csv.ParseOptions(newlines_in_values=True)
        with pa.csv.open_csv(path, convert_options=ids_only, parse_options=newlines) as opened:
            for batch in opened:
                last = _check_order(batch.column(0), last, self.name)
                rows += len(batch)
        return rows


class StagedFile:
    """A file in the same folder as the one it will replace."""

    def __init__(self, sink: ParquetFile, schema: pa.Schema) -> None:
        self._sink = sink
        self._writer = sink.writer(sink.staged, schema)
        self._id_type = schema.field(sink.id_column).type
        self._open = True

    def write(self, rows: pa.Table) -> None:
        with reaching(self._sink.name):
            self._writer.write(rows)

    def count(self) -> int:
        with reaching(self._sink.name):
            self._close()
            return self._sink.rows_of(self._sink.staged, self._id_type)

    def publish(self) -> None:
        with reaching(self._sink.name):
            files.keep_rights(self._sink.path, self._sink.staged)
            sync(self._sink.staged)
            self._sink.staged.replace(self._sink.path)
            sync(self._sink.path.parent)

    def discard(self) -> None:
        with contextlib.suppress(OSError, pa.ArrowException):
            self._close()
        self._sink.staged.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._writer.close()


def count_files(file: ParquetFile, paths: Sequence[Path], run_id: str, columns: Sequence[str]) -> HeldTable | None:
    """Return the rows and totals of the files of a table, or None if they do not exist or are damaged."""
    with reaching(file.name):
        try:
            return count_batches(run_id, (batch for path in paths for batch in file.batches(path, columns)), columns)
        except (FileNotFoundError, pa.ArrowException, KeyError):
            return None


def _check_order(ids: pa.Array, last: Any, name: str) -> Any:
    """Return the last id of a batch; raise an error unless ids increase, from the last of the batch before."""
    if not len(ids):
        return last
    values = ids.to_numpy(zero_copy_only=False)
    if not np.all(values[1:] > values[:-1]) or (last is not None and not values[0] > last):
        raise StoreUnreachable(f"{name}: {NOT_UNIQUE}")
    return values[-1]

"""A set of Parquet files as a sink: each run has its own folder, and a pointer names the current one."""

from __future__ import annotations

import contextlib
import filecmp
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clvmodels import files
from clvmodels.errors import StoreUnreachable
from clvmodels.scoring.stores.file_sinks import ParquetFile, ParquetWriter, count_files
from clvmodels.scoring.stores.store import (
    KEY,
    STAGED,
    HeldTable,
    KeptRuns,
    check_folder,
    locked,
    only_own,
    reaching,
    sync,
)

__all__ = ["ParquetSet", "published_parts"]

RUNS, CURRENT = files.RUNS, files.CURRENT_RUN
ROWS_PER_PART = 1_048_576
RUN_NAME = re.compile(r"[0-9a-f]{8,64}")


class ParquetSet:
    """A folder of runs, each an unchanging folder of Parquet files, with a pointer to the current one."""

    def __init__(self, path: Path, name: str, keeping: KeptRuns, backfill: bool = False, id_column: str = KEY) -> None:
        self.path, self.name, self.keeping, self.backfill = path, name, keeping, backfill
        self.id_column = id_column

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path / ".lock", self.name)

    def holds(self) -> HeldTable | None:
        with reaching(self.name):
            pointer = _pointer(self.path)
            if pointer is None:
                return None
            first = next(iter(published_parts(self.path) or []), None)
            row = None
            if first is not None and first.exists():
                file = ParquetFile(first, self.name, self.id_column)
                only_own(self.name, file.columns_of(first), self.id_column)
                row = file.first_row(first)
        return row or HeldTable(str(pointer["run_id"]), "")

    def count(self, run_id: str, columns: Sequence[str]) -> HeldTable | None:
        pointer = None if self.backfill else _pointer(self.path)
        if not self.backfill and (pointer is None or pointer["run_id"] != run_id):
            return None
        parts = published_parts(self.path, run_id if self.backfill else None)
        return count_files(ParquetFile(parts[0], self.name), parts, run_id, columns) if parts else None

    def runs(self) -> list[HeldTable]:
        """Return the readable runs by date."""
        present = []
        with reaching(self.name):
            for folder in (self.path / RUNS).glob("*"):
                parts = published_parts(self.path, folder.name) or []
                row = ParquetFile(parts[0], self.name).first_row(parts[0]) if parts else None
                if row is not None:
                    rows = sum(pq.read_metadata(part).num_rows for part in parts)
                    present.append(HeldTable(folder.name, row.as_of, rows))
        return sorted(present, key=lambda run: (run.as_of, run.run_id))

    def remove(self, days: Sequence[str]) -> None:
        """Remove the runs of some days, except the current one."""
        pointer = _pointer(self.path)
        current = None if pointer is None else pointer["run_id"]
        with reaching(self.name):
            for run in self.runs():
                if run.as_of in days and run.run_id != current:
                    folder = files.folder_of_run(self.path, run.run_id)
                    gone = folder.with_name(f"{run.run_id}-outdated{STAGED}")
                    folder.rename(gone)  # a partly removed run is never visible
                    shutil.rmtree(gone)

    def check_access(self) -> None:
        check_folder(self.path / CURRENT, self.name)

    def stage(self, run_id: str, schema: pa.Schema, comments: Mapping[str, str] | None = None) -> StagedSet:
        """Stage the folder of a run, without comments on columns."""
        with reaching(self.name):
            (self.path / RUNS).mkdir(parents=True, exist_ok=True)
            for leftover in (self.path / RUNS).glob(f"*{STAGED}"):
                shutil.rmtree(leftover)
            for leftover in self.path.glob(f".{CURRENT}*"):
                leftover.unlink()
            return StagedSet(self, run_id, schema)


class StagedSet:
    """A run's folder, under another name."""

    def __init__(self, sink: ParquetSet, run_id: str, schema: pa.Schema) -> None:
        self._sink, self._run_id, self._schema = sink, run_id, schema
        self._folder = files.folder_of_run(sink.path, run_id, unfinished=True)
        self._folder.mkdir()
        self._parts: list[Path] = []
        self._writer: ParquetWriter | None = None
        self._space = self._rows = 0

    def write(self, rows: pa.Table) -> None:
        with reaching(self._sink.name):
            while len(rows):
                if self._writer is None:
                    self._parts.append(self._folder / f"part-{len(self._parts):05d}.parquet")
                    self._writer = ParquetWriter(self._parts[-1], self._schema)
                    self._space = ROWS_PER_PART
                piece = rows.slice(0, self._space)
                self._writer.write(piece)
                self._space -= len(piece)
                rows = rows.slice(len(piece))
                if not self._space:
                    self._close()

    def count(self) -> int:
        with reaching(self._sink.name):
            self._close()
            file = ParquetFile(self._folder / CURRENT, self._sink.name, self._sink.id_column)
            id_type = self._schema.field(self._sink.id_column).type
            self._rows = sum(file.rows_of(part, id_type) for part in self._parts)
            return self._rows

    def publish(self) -> None:
        with reaching(self._sink.name):
            final = files.folder_of_run(self._sink.path, self._run_id)
            for part in self._parts:
                sync(part)
            sync(self._folder)
            if final.exists() and not self._same(final):  # folders never change, so this one is damaged
                final.rename(final.with_name(f"{final.name}-damaged{STAGED}"))
            if final.exists():
                shutil.rmtree(self._folder)
            else:
                self._folder.rename(final)
            sync(final.parent)
            shutil.rmtree(final.with_name(f"{final.name}-damaged{STAGED}"), ignore_errors=True)
            if self._sink.backfill:
                return
            files.point_to_run(self._sink.path, self._run_id, self._rows, [part.name for part in self._parts])
        if self._sink.keeping != KeptRuns():
            with contextlib.suppress(StoreUnreachable):  # the table is published, and the next run tries again
                self._sink.remove(self._sink.keeping.outdated(run.as_of for run in self._sink.runs()))

    def _same(self, folder: Path) -> bool:
        """Return whether a folder has the same parts, byte by byte."""
        names = [part.name for part in self._parts]
        if sorted(part.name for part in folder.iterdir()) != names:
            return False
        return filecmp.cmpfiles(folder, self._folder, names, shallow=False)[0] == names

    def discard(self) -> None:
        with contextlib.suppress(OSError, pa.ArrowException):
            self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def published_parts(path: str | Path, run_id: str | None = None) -> list[Path] | None:
    """Return the Parquet files of a run, by default the current one, or None if there is none."""
    path = Path(path)
    if run_id is None:
        pointer = _pointer(path)
        return None if pointer is None else [files.folder_of_run(path, pointer["run_id"]) / n for n in pointer["parts"]]
    folder = files.folder_of_run(path, run_id)
    return sorted(folder.glob("part-*.parquet")) if RUN_NAME.fullmatch(run_id) and folder.is_dir() else None


def _pointer(path: Path) -> dict[str, Any] | None:
    """Return the pointer of a set after checking it."""
    try:
        pointer = json.loads((path / CURRENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        pointer = None
    if not _is_pointer(pointer):
        raise StoreUnreachable(f"{path / CURRENT}: is damaged, so the current run is unknown: remove it.")
    return dict(pointer)


def _is_pointer(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    run_id, parts = document.get("run_id"), document.get("parts")
    if not isinstance(run_id, str) or not isinstance(parts, list):
        return False
    return RUN_NAME.fullmatch(run_id) is not None and all(map(_is_part, parts))


def _is_part(name: Any) -> bool:
    return isinstance(name, str) and re.fullmatch(r"part-\d+\.parquet", name) is not None

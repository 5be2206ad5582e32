"""The tables of past runs in sinks: files of partitioned Parquet sinks, and rows of tables with all days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clvmodels.scoring.config.job import Job
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.run.manifest import RunManifest, manifests_near, past_runs, read_manifests
from clvmodels.scoring.stores import open_source, place_with_runs
from clvmodels.scoring.stores.store import RUN_ID, literal, quoted

__all__ = ["KeptTable", "kept_tables", "last_kept"]


@dataclass(frozen=True, slots=True)
class KeptTable:
    """The table of a past run that still exists.

    Attributes
    ----------
    manifest : RunManifest
    parts : tuple of Path
        Its files; empty for a table in a database.
    sink : SinkSettings or None
        The database of the table.
    uri : str
        The value of its environment variable.
    """

    manifest: RunManifest
    parts: tuple[Path, ...] = ()
    sink: SinkSettings | None = None
    uri: str = ""

    def source(self, columns: Sequence[str], staging: Path) -> Any:
        """Return the source of some columns: the files, or a copy of the rows of a database in a folder.

        Parameters
        ----------
        columns : sequence of str
        staging : Path
            A folder for the copy.
        """
        if self.sink is None:
            return list(self.parts)
        sink, named = self.sink, ", ".join(map(quoted, columns))
        table = quoted(sink.table) if sink.store != "postgres" else f"{quoted(sink.db_schema)}.{quoted(sink.table)}"
        run_id = self.manifest.run_id
        query = f"SELECT {named} FROM {table} WHERE {quoted(RUN_ID)} = {literal(run_id)}"  # noqa: S608  # quoted
        return open_source(sink.store, sink.path, self.uri, None, query, [], staging, f"run-{run_id}")


def kept_tables(job: Job, manifests: Sequence[RunManifest], uris: Mapping[str, str]) -> list[KeptTable]:
    """Return the tables of past runs of a job that still exist.

    Parameters
    ----------
    manifests : sequence of RunManifest
    uris : mapping of str to str
        Values of the environment variables that name databases.
    """
    tables = [KeptTable(manifest, tuple(parts)) for manifest, parts in past_runs(manifests)]
    in_files = {table.manifest.run_id for table in tables}
    sinks = {sink.name: sink for sink in job.sinks if sink.mode == "append" and sink.content == "scores"}
    present: dict[str, set[str]] = {}
    for manifest in manifests:
        for name in [state.name for state in manifest.sinks if state.done and state.name in sinks]:
            uri = uris.get(sinks[name].uri_variable or "", "")
            if name not in present:
                present[name] = {run.run_id for run in place_with_runs(sinks[name], uri).runs()}
            if manifest.run_id in present[name] - in_files:
                tables.append(KeptTable(manifest, sink=sinks[name], uri=uri))
                break
    return tables


def last_kept(job: Job, uris: Mapping[str, str], as_of: str, end: int, *, backfill: bool) -> KeptTable | None:
    """Return the table of the last run of an earlier day that every sink had, or None.

    A run of the same day is never used, so running a day again gives the same result. For the same reason, only
    backfills use the tables of backfills, which may be made at any time.

    Parameters
    ----------
    as_of : str
        The date of the run.
    end : int
        Tick of that date.
    backfill : bool
        Whether this run is a backfill.
    """
    folder = job.run.folder
    if folder is None:
        return None
    near = manifests_near(folder, as_of, end - 1, "", set_aside=False)
    return _last_of(job, near, uris, end, backfill) or _last_of(job, read_manifests(folder), uris, end, backfill)


def _last_of(
    job: Job, manifests: Sequence[RunManifest], uris: Mapping[str, str], end: int, backfill: bool
) -> KeptTable | None:
    """Return the last of some runs before a tick whose table every sink had."""
    earlier = [each for each in manifests if each.published and each.end < end and (backfill or not each.backfill)]
    return max(kept_tables(job, earlier, uris), key=_place, default=None)


def _place(table: KeptTable) -> tuple[int, int, str]:
    """Return the sort key of a run: of two runs of one day, the one with more rows of the log is later."""
    manifest = table.manifest
    return manifest.end, manifest.rows_to_as_of or 0, manifest.run_id

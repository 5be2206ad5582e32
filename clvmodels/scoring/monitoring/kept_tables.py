"""The tables of past runs: files of partitioned Parquet sinks, and rows of tables that keep the runs of all days."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from clvmodels.scoring.config.job import Job
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.monitoring.follow_up import HISTORY, PastRun
from clvmodels.scoring.run.manifest import RunManifest, past_runs, read_manifests
from clvmodels.scoring.run.score_columns import prediction_column
from clvmodels.scoring.stores import open_source, place_with_runs
from clvmodels.scoring.stores.store import RUN_ID, literal, quoted

__all__ = ["runs_with_tables"]


def runs_with_tables(job: Job, folder: Path, uris: Mapping[str, str], staging: Path) -> list[PastRun]:
    """Return the past runs of a job whose tables are still there.

    Parameters
    ----------
    folder : Path
        Of the manifests.
    uris : mapping of str to str
        Values of the environment variables that name databases.
    staging : Path
        A folder for copies of rows of databases, which are made when a run is compared.
    """
    runs = [_past_run(manifest, parts) for manifest, parts in past_runs(folder)]
    in_files = {run.run_id for run in runs}
    sinks = {sink.name: sink for sink in job.sinks if sink.mode == "append"}
    present: dict[str, set[str]] = {}
    for manifest in read_manifests(folder):
        for name in [state.name for state in manifest.sinks if state.done and state.name in sinks]:
            if name not in present:
                place = place_with_runs(sinks[name], uris.get(sinks[name].uri_variable or "", ""))
                present[name] = {run.run_id for run in place.runs()}
            if manifest.run_id in present[name] - in_files:
                uri = uris.get(sinks[name].uri_variable or "", "")
                runs.append(_past_run(manifest, partial(_copy, sinks[name], uri, manifest, staging)))
                break
    return runs


def _past_run(manifest: RunManifest, scores: object) -> PastRun:
    horizons, model_as_of = manifest.horizons, manifest.model_as_of
    return PastRun(manifest.run_id, manifest.as_of, manifest.version, horizons, scores, model_as_of)


def _copy(sink: SinkSettings, uri: str, manifest: RunManifest, staging: Path) -> Path:
    """Copy what is compared of a run from a table to a file, and return its path."""
    predicted = [prediction_column("expected_purchases", horizon) for horizon in manifest.horizons]
    columns = ", ".join(map(quoted, ("customer_id", *HISTORY, *predicted)))
    table = quoted(sink.table) if sink.store != "postgres" else f"{quoted(sink.db_schema)}.{quoted(sink.table)}"
    query = f"SELECT {columns} FROM {table} WHERE {quoted(RUN_ID)} = {literal(manifest.run_id)}"  # noqa: S608  # quoted
    copy: Path = open_source(sink.store, sink.path, uri, None, query, [], staging, f"run-{manifest.run_id}")
    return copy

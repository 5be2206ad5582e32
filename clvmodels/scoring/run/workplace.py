"""The working environment of a run: the locked folder, the values of environment variables, the sinks."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from clvmodels.errors import InvalidJob, StoreUnreachable
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.config.sections import StoreSettings
from clvmodels.scoring.config.sinks import SinkSettings
from clvmodels.scoring.run.manifest import RunManifest
from clvmodels.scoring.run.publishing import SinkWriter
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.stores.store import locked, reaching

__all__ = ["open_outlet", "refuse_unreachable", "sinks_of", "uris_of", "working_folder"]


@contextlib.contextmanager
def working_folder(job: Job, dry_run: bool) -> Iterator[Path]:
    """Lock the job, and yield a temporary folder for copies, after removing leftovers of killed jobs."""
    folder = job.run.folder
    if dry_run or folder is None:
        with tempfile.TemporaryDirectory(prefix="clv-") as made:
            yield Path(made)
        return
    with locked(folder / ".lock", f"The job in {folder}"):
        staging = folder / ".staging"
        shutil.rmtree(staging, ignore_errors=True)
        with reaching(f"The job in {folder}"):
            for left in (folder / "runs").glob(".*"):
                left.unlink()
            staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def uris_of(job: Job) -> dict[str, str]:
    """Return the values of the environment variables in the job."""
    places: dict[str, StoreSettings | SinkSettings | None] = {"source": job.source, "customers": job.customers}
    places |= {f"sinks[{i}]": sink for i, sink in enumerate(job.sinks)}
    names = {section: place.uri_variable for section, place in places.items() if place and place.uri_variable}
    missing = [f"{section}.uri_variable ({name})" for section, name in names.items() if not os.environ.get(name)]
    if missing:
        raise InvalidJob(
            f"{', '.join(missing)}: the environment variable is not set: export it. Cron does not see the variables of "
            "your shell: write NAME=... into the crontab, or let the job's command read a file of them first."
        )
    return {name: os.environ[name] for name in names.values()}


def sinks_of(job: Job, dry_run: bool, backfill: bool) -> list[SinkSettings]:
    """Return the sinks that a run writes to; for a backfill, only those that keep runs."""
    if not job.sinks and not dry_run:
        raise InvalidJob("sinks: is empty: name at least one, such as {store = 'parquet', path = 'scores.parquet'}.")
    if not backfill:
        return job.sinks
    keeping = [sink for sink in job.sinks if sink.keeps_runs]
    if not keeping:
        raise InvalidJob(
            "sinks: no sink keeps the table of each run, so there is no history to add to: set "
            "partitioned = true for a Parquet sink, or mode = 'append' for a table in SQLite or PostgreSQL."
        )
    return keeping


def open_outlet(
    sink: SinkSettings,
    uris: dict[str, str],
    same: RunManifest | None,
    stack: contextlib.ExitStack,
    *,
    lock: bool,
    backfill: bool,
) -> SinkWriter:
    """Return the writer of a sink, locked for this run, after checking whether it already has the run's table.

    Parameters
    ----------
    same : RunManifest or None
        The manifest of this run, if it ran before: the table must match its customers and totals.
    """
    outlet = SinkWriter(sink.name, sink.content, None)
    with outlet.trying():
        outlet.place = place_of(sink, uris.get(sink.uri_variable or "", ""), backfill)
        if lock:
            stack.enter_context(outlet.place.lock())
        outlet.held = outlet.place.holds()
        is_there = outlet.held is not None and (backfill or (same is not None and outlet.held.run_id == same.run_id))
        if same is not None and is_there:
            totals = list(same.evidence.totals) if sink.content == "scores" else []
            counted = outlet.place.count(same.run_id, totals)
            outlet.done = counted is not None and same.describes(counted, sink.name, sink.content)
            outlet.rows = 0 if counted is None or counted.rows is None else counted.rows
    return outlet


def refuse_unreachable(outlets: Sequence[SinkWriter]) -> None:
    """Raise an error that names every sink that could not be reached."""
    faults = [outlet.fault for outlet in outlets if outlet.fault is not None]
    if faults:
        done = [outlet.name for outlet in outlets if outlet.done]
        raise StoreUnreachable(
            f"{len(faults)} of {len(outlets)} sinks could not be reached: {'; '.join(faults)}. "
            f"{'Published in ' + ', '.join(done) if done else 'Nothing was published'}; run again to finish."
        )

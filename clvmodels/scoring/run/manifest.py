"""The manifest of a run: data, model, results and sinks, as JSON that is checked when it is read."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from clvmodels import files
from clvmodels.errors import InvalidManifest
from clvmodels.scoring.config.sinks import Content
from clvmodels.scoring.events import event
from clvmodels.scoring.gates.feed import FeedStatistics
from clvmodels.scoring.gates.result import GateResult
from clvmodels.scoring.gates.run_statistics import Count, Record, RunStatistics
from clvmodels.scoring.gates.tier_gates import TierCounts
from clvmodels.scoring.incremental.reading import SourceReading
from clvmodels.scoring.stores.parquet_set import published_parts
from clvmodels.scoring.stores.store import HeldTable

__all__ = [
    "FORMAT",
    "RunManifest",
    "SinkState",
    "last_published",
    "manifests_near",
    "past_runs",
    "read_manifest",
    "read_manifests",
    "write",
]

FORMAT = "clvmodels.Run"
SUM_TOLERANCE = 1e-9  # stores add up in different orders, and CSV has at least 15 digits
RUN_ID = re.compile(r"[0-9a-f]{16}")


class SinkState(Record):
    """A sink of a run.

    Attributes
    ----------
    name : str
        Name of the sink in the job; never a secret.
    done : bool
        Whether it has this run's table, or had it until another run replaced it.
    rows : int
        Rows of the table, counted in the sink before publication; 0 until then.
    runs : str or None
        For a partitioned Parquet sink: its folder, in which every run stays.
    """

    name: str
    done: bool = False
    rows: Count = 0
    runs: str | None = None


class RunManifest(Record):
    """The manifest of a run.

    Attributes
    ----------
    run_id : str
        Hash of everything that the table depends on: job, date, model, data, release.
    as_of : str
        Last date (or hour) of the data.
    end : int
        The same date as a tick of the clock.
    version : str or None
        Version of the model in the registry.
    model_fingerprint, source_fingerprint : str
        SHA-256 of the model's file, and of the customers' summaries as of the date.
    horizons, columns : tuple of str
        Horizons and columns of the table.
    customers, scored, refused : int
        customers = scored + refused; refused customers have a reason.
    reasons : dict of str to int
        Number of refused customers by reason.
    new_since_fit, not_yet_bought : int
    rows_to_as_of : int or None
        Rows of the log dated up to the date; None if the source is not a log.
    late_rows : int or None
        Rows dated up to the last run's date that it did not read; negative if rows were removed.
    feed : FeedStatistics or None
        Age of the log's latest row, and the rows of its last day with those expected on this weekday.
    evidence : RunStatistics
        Totals and distributions, which gates compare with later runs.
    gates : tuple of GateResult
    forced : bool
        Whether it was published even though a gate refused.
    status : {"published", "unfinished", "refused"}
        Published to every sink; to some or none yet; or to none because a gate refused.
    refusal : str or None
        The texts of the gates that refused.
    sinks : tuple of SinkState
    packages : dict of str to str
    job : dict
        The job, with the names of environment variables and without their values.
    backfill : bool
        Whether the run only added to the history of runs.
    model_as_of : str or None
        Last date of the data the model was fitted to; None in manifests of 0.1.0.
    tiers : TierCounts or None
        Customers by tier, and their moves since the previous run; None if the job has no tiers.
    reading : SourceReading or None
        Whether the log was read in full or from a day on; None without `source.incremental`.
    lineage : dict
        Inputs and outputs with times, in the format of OpenLineage; empty in manifests of earlier releases.
    """

    format: Literal["clvmodels.Run"] = "clvmodels.Run"
    schema_version: Literal[1] = 1
    run_id: str
    as_of: str
    end: int
    version: str | None
    model_fingerprint: str
    source_fingerprint: str
    horizons: tuple[str, ...]
    columns: tuple[str, ...]
    customers: Count
    scored: Count
    refused: Count
    reasons: dict[str, Count]
    new_since_fit: Count
    not_yet_bought: Count
    rows_to_as_of: Count | None
    late_rows: int | None
    evidence: RunStatistics
    gates: tuple[GateResult, ...]
    forced: bool
    status: Literal["published", "unfinished", "refused"] = "unfinished"
    refusal: str | None = None
    sinks: tuple[SinkState, ...]
    packages: dict[str, str]
    job: dict[str, Any]
    backfill: bool = False
    model_as_of: str | None = None
    feed: FeedStatistics | None = None
    tiers: TierCounts | None = None
    reading: SourceReading | None = None
    lineage: dict[str, Any] = Field(default_factory=dict)

    @field_validator("run_id")
    @classmethod
    def _names_a_run(cls, run_id: str) -> str:
        if RUN_ID.fullmatch(run_id) is None:
            raise ValueError("must be 16 hexadecimal digits")
        return run_id

    @field_validator("as_of")
    @classmethod
    def _is_a_date(cls, as_of: str) -> str:
        date.fromisoformat(as_of[:10])
        return as_of

    @property
    def published(self) -> bool:
        """Return whether every sink has had the table."""
        return bool(self.sinks) and all(sink.done for sink in self.sinks)

    def describes(self, table: HeldTable, sink: str, content: Content) -> bool:
        """Return whether the table of a sink has the rows of this run; of scores, also its totals."""
        if content == "cohorts":
            return table.rows in [state.rows for state in self.sinks if state.name == sink and state.done]
        same = table.rows == self.customers and set(table.totals) == set(self.evidence.totals)
        return same and all(
            math.isclose(total, self.evidence.totals[name], rel_tol=SUM_TOLERANCE, abs_tol=SUM_TOLERANCE)
            for name, total in table.totals.items()
        )

    @property
    def file_name(self) -> str:
        return f"{self.as_of.replace(':', '')}-{self.run_id}.json"


def write(manifest: RunManifest, folder: Path) -> Path:
    """Write a manifest completely or not at all, replacing an earlier one of the same run."""
    path = folder / "runs" / manifest.file_name
    files.write_checked(path, manifest.model_dump(mode="json"))
    return path


def read_manifest(path: Path) -> RunManifest:
    """Read a manifest.

    Raises
    ------
    InvalidManifest
        If it is missing, damaged, of an unknown version, or not a manifest.
    """
    document = files.read_document(path, "manifest of a run", FORMAT, 1, InvalidManifest)
    files.refuse_damaged(path, document, InvalidManifest, "Remove it, and run again.")
    del document["checksum"]
    try:
        return RunManifest.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise InvalidManifest(f"{path}: is damaged: {files.fields_at_fault(error)}.") from None


def read_manifests(folder: Path, set_aside: bool = False) -> list[RunManifest]:
    """Return the manifests of all runs in a job's folder by date, and report damaged ones."""
    paths = sorted((folder / "runs").glob("[!.]*.json"))  # files whose names begin with a dot are being written
    manifests = [manifest for path in paths if (manifest := _read_or_report(path, set_aside)) is not None]
    return sorted(manifests, key=lambda manifest: (manifest.end, manifest.run_id))


def _read_or_report(path: Path, set_aside: bool) -> RunManifest | None:
    """Return a manifest, or log that it is damaged and, with `set_aside`, rename it so that it is not read again."""
    try:
        return read_manifest(path)
    except InvalidManifest as error:
        if _is_of_another_release(path):
            raise
        place = path.with_name(f"{path.name}.damaged")
        note = f"; it is set aside as {place.name}" if set_aside else ""
        event("damaged", f"{error}{note}", logging.WARNING, path=str(path))
        if set_aside:
            path.replace(place)
        return None


def _is_of_another_release(path: Path) -> bool:
    """Return whether a file is a valid manifest with another version of the schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return (
        isinstance(document, dict)
        and document.get("format") == FORMAT
        and isinstance(document.get("schema_version"), int)
        and document["schema_version"] > 1
    )


def manifests_near(folder: Path | None, as_of: str, end: int, run_id: str, set_aside: bool) -> list[RunManifest]:
    """Return the manifests that a run is compared with by date, without reading all of them.

    They are those of its day, of later days, and of earlier days back to the last published run.

    Parameters
    ----------
    as_of : str
        Last date of the run.
    end : int
        Tick of that date.
    run_id : str
        Id of the run, which is not compared with itself.
    """
    if folder is None:
        return []
    days: dict[str, list[Path]] = {}
    for path in (folder / "runs").glob("[!.]*.json"):
        days.setdefault(path.name[:10], []).append(path)  # the date at the beginning of `file_name`
    manifests: list[RunManifest] = []
    for day in sorted(days, reverse=True):
        if day < as_of[:10] and last_published(manifests, end, run_id) is not None:
            break
        read = (_read_or_report(path, set_aside) for path in sorted(days[day]))
        manifests += [manifest for manifest in read if manifest is not None]
    return sorted(manifests, key=lambda manifest: (manifest.end, manifest.run_id))


def last_published(manifests: Iterable[RunManifest], end: int, but: str = "") -> RunManifest | None:
    """Return the last published run as of a tick or earlier, except the run `but`."""
    published = [m for m in manifests if m.published and m.end <= end and m.run_id != but]
    return max(published, key=lambda manifest: manifest.end) if published else None


def past_runs(manifests: Iterable[RunManifest]) -> list[tuple[RunManifest, list[Path]]]:
    """Return the published runs whose table is still in a partitioned Parquet sink, with its files."""
    runs = []
    for manifest in manifests:
        folders = [Path(sink.runs) for sink in manifest.sinks if sink.done and sink.runs]
        parts = next(filter(None, (published_parts(folder, manifest.run_id) for folder in folders)), None)
        if parts:
            runs.append((manifest, parts))
    return runs

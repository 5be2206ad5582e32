"""The past runs of a job whose tables still exist, which monitoring compares with the log."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from clvmodels.scoring.config.job import Job
from clvmodels.scoring.monitoring.follow_up import HISTORY, PastRun
from clvmodels.scoring.run.kept_runs import KeptTable, kept_tables
from clvmodels.scoring.run.manifest import read_manifests
from clvmodels.scoring.run.score_columns import prediction_column

__all__ = ["runs_with_tables"]


def runs_with_tables(job: Job, folder: Path, uris: Mapping[str, str], staging: Path) -> list[PastRun]:
    """Return the past runs of a job whose tables still exist.

    Parameters
    ----------
    folder : Path
        Folder of the manifests.
    uris : mapping of str to str
        Values of the environment variables that name databases.
    staging : Path
        A folder for copies of rows of databases, which are made when a run is compared.
    """
    return [_past_run(table, staging) for table in kept_tables(job, read_manifests(folder), uris)]


def _past_run(table: KeptTable, staging: Path) -> PastRun:
    manifest = table.manifest
    predicted = [prediction_column("expected_purchases", horizon) for horizon in manifest.horizons]
    copy = partial(table.source, ("customer_id", *HISTORY, *predicted), staging)
    scores = list(table.parts) if table.parts else copy
    return PastRun(manifest.run_id, manifest.as_of, manifest.version, manifest.horizons, scores, manifest.model_as_of)

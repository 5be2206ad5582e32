"""`clv monitor` as a function: a job's past runs followed, history, JSON and page kept in its folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from clvmodels.errors import InvalidJob
from clvmodels.reporting.monitoring_page import write_monitoring
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.events import Tell, event, silent
from clvmodels.scoring.fit_and_score import uris_of
from clvmodels.scoring.monitoring.follow_up import PastRun
from clvmodels.scoring.monitoring.monitor import Monitoring, keep_history, monitor, read_history
from clvmodels.scoring.registry.registry import Registry, Version
from clvmodels.scoring.run.customers import log_of
from clvmodels.scoring.run.manifest import past_runs

__all__ = ["MonitorResult", "monitor_job"]

HISTORY, JSON, PAGE = "history.parquet", "monitoring.json", "monitoring.html"


@dataclass(frozen=True, slots=True, eq=False)
class MonitorResult:
    """What `monitor_job` found, and the folder that holds history.parquet, monitoring.json and monitoring.html."""

    monitoring: Monitoring
    folder: Path


def monitor_job(
    job: Job | str | Path,
    until: str | None = None,
    *,
    folder: str | Path | None = None,
    tell: Tell | None = None,
) -> MonitorResult:
    """Follow the past runs of a job with its source as it is now.

    Parameters
    ----------
    job : Job or path of its TOML file
    until : str, optional
        Last day that counts; default: the latest of the log.
    folder : path, optional
        Where history, JSON and page go; default: monitoring, in the job's folder of runs.
    tell : function of str, optional
        Called with what is being done.

    Returns
    -------
    Watched

    Raises
    ------
    InvalidJob
        When there is no past run to follow, or the source is no log.
    InvalidManifest, InvalidRegistry, InvalidTransactions, StoreUnreachable

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.load_cdnow(sample=True).to_csv("orders.csv", index=False)
    >>> job = clv.read_job(
    ...     None,
    ...     {
    ...         "source": {"path": "orders.csv"},
    ...         "columns": {"amount": "amount"},
    ...         "registry": {"folder": "models"},
    ...         "run": {"folder": "runs"},
    ...         "sinks": [{"store": "parquet", "path": "scores", "partitioned": True}],
    ...     },
    ... )
    >>> fitted, scored = clv.fit_job(job, "1997-09-30"), clv.score_job(job, "1997-10-01")
    >>> found = clv.monitor_job(job, until="1998-01-31")
    >>> found.monitoring.history["horizon"].tolist()
    ['12 months']
    >>> sorted(path.name for path in found.folder.iterdir())
    ['history.parquet', 'monitoring.html', 'monitoring.json']
    """
    job, tell = as_job(job), tell or silent
    if job.source.kind != "transactions":
        raise InvalidJob("source.kind: past runs are followed in a log of transactions, not in summaries.")
    if job.run.folder is None:
        raise InvalidJob("run.folder: is missing: name the folder with the manifests of past runs.")
    where = job.run.folder / "monitoring" if folder is None else Path(folder)
    tell("Reading past runs")
    past = past_runs(job.run.folder)
    if not past:
        raise InvalidJob(
            f"run.folder: {job.run.folder} has no past run whose table is still there: score into a Parquet sink with "
            "partitioned = true, which keeps the table of each run."
        )
    runs = [PastRun(told.run_id, told.as_of, told.version, told.horizons, parts) for told, parts in past]
    versions = _versions(job, {run.version for run in runs if run.version is not None})
    history = read_history(where / HISTORY)
    with tempfile.TemporaryDirectory(prefix="clv-") as staging:
        tell("Reading the source")
        source, columns, date_format = log_of(job, job.clock.clock, Path(staging), uris_of(job))
        followed = f"{len(runs)} past run{'s' if len(runs) > 1 else ''}"
        tell(f"Following {followed}")
        found = monitor(
            runs,
            {name: version.load() for name, version in versions.items()},
            source,
            clock=job.clock.clock,
            customer_id=columns["customer_id"],
            date=columns["date"],
            until=until,
            date_format=date_format,
            on_missing_id=job.cleaning.on_missing_id,
            history=history,
            usual={name: change for name, version in versions.items() if (change := _usual(version)) is not None},
        )
    tell("Writing")
    keep_history(found.history, where / HISTORY)
    found.to_json(where / JSON)
    write_monitoring(
        where / PAGE,
        status=found.verdict.status,
        sentences=found.sentences,
        until=found.until,
        tables={"windows": found.newest, "deciles": found.deciles, "cohorts": found.cohorts},
    )
    event(
        "monitored",
        f"Followed {followed} to {found.until}: {found.verdict.status}",
        as_of=found.until,
        status=found.verdict.status,
        findings=found.sentences,
    )
    return MonitorResult(found, where)


def _versions(job: Job, wanted: set[str]) -> dict[str, Version]:
    """The versions that made the runs, as far as they are still in the registry."""
    if job.registry.folder is None:
        return {}
    return {version.name: version for version in Registry(job.registry.folder).versions() if version.name in wanted}


def _usual(version: Version) -> float | None:
    """What came in a version's holdout, relative to what it forecast; None if it had none."""
    if not version.record.holdout:
        return None
    purchases = [row for row in version.record.holdout if row.get("quantity") == "purchases"]
    title = version.load().purchases.title
    forecast = next((row for row in purchases if row.get("forecast") == title), None)
    if forecast is None or not forecast.get("predicted"):
        return None
    return float(forecast["actual"]) / float(forecast["predicted"]) - 1

"""`clv monitor` as a function: compare the past runs of a job with its log, and write history, JSON and page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from clvmodels.errors import InvalidJob
from clvmodels.files import plain
from clvmodels.reporting.monitoring_page import write_monitoring
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.events import Progress, event, ignore
from clvmodels.scoring.monitoring.feed_history import feed_history
from clvmodels.scoring.monitoring.kept_tables import runs_with_tables
from clvmodels.scoring.monitoring.monitor import Monitoring, keep_history, monitor, read_history
from clvmodels.scoring.monitoring.tier_history import tier_history, tier_migration
from clvmodels.scoring.registry.registry import Registry, Version
from clvmodels.scoring.run.customers import log_of
from clvmodels.scoring.run.manifest import read_manifests
from clvmodels.scoring.run.workplace import uris_of

__all__ = ["MonitorResult", "holdout_error", "monitor_job"]

HISTORY, JSON, PAGE = "history.parquet", "monitoring.json", "monitoring.html"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MonitorResult:
    """The result of `monitor_job`, and the folder with history.parquet, monitoring.json and monitoring.html."""

    monitoring: Monitoring
    folder: Path

    def __repr__(self) -> str:
        return f"MonitorResult up to {self.monitoring.until}, in {self.folder}: {self.monitoring.verdict.text}"


def monitor_job(
    job: Job | str | Path,
    until: str | None = None,
    *,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> MonitorResult:
    """Compare the past runs of a job with its source as it is now.

    Parameters
    ----------
    job : Job or path of its TOML file
    until : str, optional
        Last day to use; default: the latest of the log.
    folder : path, optional
        Folder for history, JSON and page. Default: "monitoring" in the job's folder of runs.
    progress : function of str, optional
        Called with what is being done.

    Returns
    -------
    MonitorResult

    Raises
    ------
    InvalidJob
        When there is no past run to compare, or the source is not a log.
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
    >>> result = clv.monitor_job(job, until="1998-01-31")
    >>> result.monitoring.history["horizon"].tolist()
    ['12 months']
    >>> sorted(path.name for path in result.folder.iterdir())
    ['history.parquet', 'monitoring.html', 'monitoring.json']
    """
    job, progress = as_job(job), progress or ignore
    if job.source.kind != "transactions":
        raise InvalidJob("source.kind: past runs are compared with a log of transactions, not with summaries.")
    if job.run.folder is None:
        raise InvalidJob("run.folder: is missing: set the folder with the manifests of past runs.")
    output = job.run.folder / "monitoring" if folder is None else Path(folder)
    progress("Reading past runs")
    with tempfile.TemporaryDirectory(prefix="clv-") as staging:
        uris = uris_of(job)
        runs = runs_with_tables(job, job.run.folder, uris, Path(staging))
        if not runs:
            raise InvalidJob(
                f"run.folder: {job.run.folder} has no past run whose table still exists: score into a Parquet sink "
                "with partitioned = true, or a table with mode = 'append', which keep the table of each run."
            )
        versions = _versions(job, {run.version for run in runs if run.version is not None})
        history = read_history(output / HISTORY)
        progress("Reading the source")
        source, columns, date_format = log_of(job, job.clock.clock, Path(staging), uris)
        count = f"{len(runs)} past run{'s' if len(runs) > 1 else ''}"
        progress(f"Comparing {count}")
        monitoring = monitor(
            runs,
            {name: version.load() for name, version in versions.items()},
            source,
            clock=job.clock.clock,
            customer_id=columns["customer_id"],
            date=columns["date"],
            until=until,
            date_format=date_format,
            on_missing_id=job.cleaning.on_missing_id,
            missing_ids=job.cleaning.missing_ids,
            history=history,
            usual={name: error for name, version in versions.items() if (error := holdout_error(version)) is not None},
        )
    manifests = read_manifests(job.run.folder)
    tiers, migration = (table(manifests, monitoring.until) for table in (tier_history, tier_migration))
    feed = feed_history(manifests, monitoring.until)
    monitoring = replace(monitoring, tiers=tiers, tier_migration=migration, feed=feed)
    progress("Writing")
    keep_history(monitoring.history, output / HISTORY)
    monitoring.to_json(output / JSON)
    write_monitoring(
        output / PAGE,
        status=monitoring.verdict.status,
        sentences=[finding.text for finding in monitoring.findings],
        until=monitoring.until,
        tables={"windows": monitoring.newest, "deciles": monitoring.deciles, "cohorts": monitoring.cohorts}
        | {"tiers": tiers, "tier_migration": migration, "feed": feed},
    )
    event(
        "monitored",
        f"Compared {count} up to {monitoring.until}: {monitoring.verdict.status}",
        as_of=monitoring.until,
        status=monitoring.verdict.status,
        findings=[plain(finding.to_dict()) for finding in monitoring.findings],
    )
    return MonitorResult(monitoring, output)


def _versions(job: Job, wanted: set[str]) -> dict[str, Version]:
    """Return the versions of the runs that are still in the registry."""
    if job.registry.folder is None:
        return {}
    return {version.name: version for version in Registry(job.registry.folder).versions() if version.name in wanted}


def holdout_error(version: Version) -> float | None:
    """Return the relative error of a version in its holdout period, actual / predicted - 1, or None without one."""
    if not version.record.holdout:
        return None
    forecaster = version.load()
    identity, title = forecaster.identity("purchases"), forecaster.process_model.purchases.title
    for row in version.record.holdout:
        # Versions made by release 0.1.0 name forecasters by their titles, in "forecast".
        own = row.get("forecaster") == (identity and identity.id) or row.get("forecast") == title
        if own and row.get("quantity") == "purchases" and row.get("predicted"):
            return float(row["actual"]) / float(row["predicted"]) - 1
    return None

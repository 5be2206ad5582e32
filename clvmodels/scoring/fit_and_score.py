"""The scheduled job: `fit_job` now and then, `score_job` every night. Here environment and clock are read.

A run is a function of job, date, model and data: its id is their hash. Run again, it gives the same table, and
publishes it only where it is not yet.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clvmodels.errors import InvalidJob, StoreUnreachable
from clvmodels.estimators.customer_model import CustomerModel, load
from clvmodels.estimators.regular import reads_intertimes
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.config.sections import SinkSettings, StoreSettings
from clvmodels.scoring.events import Tell, event, silent
from clvmodels.scoring.gates import gates
from clvmodels.scoring.gates.gates import GateResult
from clvmodels.scoring.gates.run_statistics import RunStatistics
from clvmodels.scoring.registry.candidate import judged, unfitted
from clvmodels.scoring.registry.registry import Registry
from clvmodels.scoring.run.customers import SourceData, read
from clvmodels.scoring.run.manifest import RunManifest
from clvmodels.scoring.run.publishing import SinkWriter
from clvmodels.scoring.run.run import perform, plan
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.stores.store import locked, reaching
from clvmodels.transactions.summary import RFM

__all__ = ["FitResult", "ScoreResult", "fit_job", "score_job", "uris_of"]


@dataclass(frozen=True, slots=True)
class FitResult:
    """What `fit_job` did.

    Attributes
    ----------
    model : CustomerModel
    rfm : RFM
        What it was fitted to.
    path : Path or None
        Where the model lies; None after a dry run.
    version : str or None
        Of the registry.
    gates : tuple of Outcome
    promoted : bool
        Whether the version is the champion now.
    """

    model: CustomerModel
    rfm: RFM
    path: Path | None
    version: str | None
    gates: tuple[GateResult, ...]
    promoted: bool


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What `score_job` did, or after a dry run would do.

    Attributes
    ----------
    manifest : Manifest
    path : Path or None
        Where the manifest lies; None after a dry run.
    published : tuple of str
        Sinks that got the table now; those that had it already are not written again.
    facts : tuple of str
        What a reader should know of the customers, in words.
    model : CustomerModel
        What they were scored with.
    rfm : RFM
        The customers; who is only listed is as one who buys for the first time now.
    """

    manifest: RunManifest
    path: Path | None
    published: tuple[str, ...]
    facts: tuple[str, ...]
    model: CustomerModel
    rfm: RFM


def fit_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    tell: Tell | None = None,
) -> FitResult:
    """Fit a job's models, and make them the champion if the gates let them.

    Parameters
    ----------
    job : Job or path of its TOML file
    as_of : str, optional
        Last date to learn from; default: the latest of the log.
    dry_run : bool
        Fit and judge, and keep nothing.
    force : bool
        Promote although a gate refuses; the record says so.
    tell : function of str, optional
        Called with what is being done.

    Returns
    -------
    FitDone

    Raises
    ------
    GateRefused
        The version is kept in the registry, and not promoted.
    InvalidJob, InvalidTransactions, InvalidRFM, FitFailed, StoreUnreachable, JobLocked

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
    >>> done = clv.fit_job(job, "1997-09-30")
    >>> done.promoted, len(done.rfm)
    (True, 2357)
    """
    job, tell = as_job(job), tell or silent
    kept = job.registry
    if kept.folder is None and kept.file is None:
        raise InvalidJob("registry.folder: is missing: name the folder for models (or registry.file, one file).")
    with _at_work(job, dry_run) as staging:
        tell("Reading the source")
        model = unfitted(job)
        data = read(
            job,
            as_of,
            job.clock.clock,
            intertimes=reads_intertimes([model.purchases]),
            has_spend=model.spend is not None,
            staging=staging,
            uris=uris_of(job),
            acquired_after=job.models.acquired_after,
        )
        rfm = data.customers.rfm[data.customers.bought]
        texts = [finding.text for finding in rfm.findings]
        event("read", "Read the source", customers=len(rfm), as_of=rfm.observation_end, facts=texts)
        tell("Fitting")
        model.fit(rfm)
        event("fitted", "Fitted", models=[f"{part}" for part in model.parts])
        if kept.folder is not None:
            return _registered(job, Registry(kept.folder), data, model, rfm, dry_run=dry_run, force=force, tell=tell)
        if not dry_run and kept.file is not None:
            model.save(kept.file)
            event("saved", f"Model written to {kept.file}")
        return FitResult(model, rfm, None if dry_run else kept.file, None, (), False)


def score_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    tell: Tell | None = None,
) -> ScoreResult:
    """Score every customer as of a date with the champion, and publish the table in every sink.

    Parameters
    ----------
    job : Job or path of its TOML file
    as_of : str, optional
        Last date that counts; default: the latest of the log. Later rows are left out.
    dry_run : bool
        Score and judge, and publish nothing.
    force : bool
        Publish although a gate refuses; the manifest says so.
    tell : function of str, optional
        Called with what is being done.

    Returns
    -------
    ScoreDone

    Raises
    ------
    GateRefused
        Nothing was published.
    StoreUnreachable
        The source, or some sinks: the others have the table, and running again finishes the rest.
    InvalidJob, InvalidTransactions, InvalidRFM, InvalidModelFile, InvalidManifest, JobLocked

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
    >>> fitted = clv.fit_job(job, "1997-09-30")
    >>> done = clv.score_job(job, "1997-10-01")
    >>> done.manifest.customers, done.published
    (2357, ('parquet:scores',))
    >>> clv.score_job(job, "1997-10-01").published  # the same run again: there already
    ()
    """
    job, tell = as_job(job), tell or silent
    if not job.sinks and not dry_run:
        raise InvalidJob(
            "sinks: there is none: name at least one, such as {store = 'parquet', path = 'scores.parquet'}."
        )
    with contextlib.ExitStack() as stack:
        staging = stack.enter_context(_at_work(job, dry_run))
        uris = uris_of(job)
        champion, version, path, fitted = _champion(job)
        clock = champion.purchases.clock_
        if "clock" in job.model_fields_set and clock != job.clock.clock:
            raise InvalidJob(f"clock: the model tells time in {clock}, the job in {job.clock.clock}: make them agree.")
        tell("Reading the source")
        paid = champion.spend is not None and (job.source.kind == "rfm" or job.columns.has_money)
        intertimes = reads_intertimes([champion.purchases])
        data = read(job, as_of, clock, intertimes=intertimes, has_spend=paid, staging=staging, uris=uris)
        paid = paid and data.customers.rfm.monetary_value is not None
        model = champion if paid else CustomerModel(champion.purchases)
        planned = plan(job, model, version, path, fitted, data)
        facts = [finding.text for finding in data.customers.rfm.findings]
        if champion.spend is not None and not paid:
            facts.append("no money in the source: purchases alone are scored")
        told: dict[str, Any] = {"run_id": planned.run_id, "as_of": planned.as_of, "version": version}
        event("read", "Read the source: " + "; ".join(facts), customers=len(data.customers), **told)
        lock = not dry_run and job.run.folder is not None
        outlets = [_outlet(sink, uris, planned.run_id, stack, lock) for sink in job.sinks]
        finished, published = perform(planned, outlets, dry_run=dry_run, force=force, tell=tell)
        faults = [f"{outlet.fault}" for outlet in outlets if outlet.fault is not None]
        if faults and not dry_run:
            done = [outlet.name for outlet in outlets if outlet.done]
            raise StoreUnreachable(
                f"{len(faults)} of {len(outlets)} sinks could not be reached: {'; '.join(faults)}. "
                f"{'Published in ' + ', '.join(done) if done else 'Nothing was published'}; run again to finish."
            )
        where = None if dry_run or job.run.folder is None else job.run.folder / "runs" / finished.file_name
        return ScoreResult(finished, where, published, tuple(facts), model, data.customers.rfm)


def _registered(
    job: Job,
    registry: Registry,
    data: SourceData,
    model: CustomerModel,
    rfm: RFM,
    *,
    dry_run: bool,
    force: bool,
    tell: Tell,
) -> FitResult:
    """Judge a fit, keep it as a version, and promote it if the gates let it."""
    if job.models.holdout is not None:
        tell("Forecasting a holdout period")
    found = judged(job, registry.champion(), data, model, rfm, force=force)
    record, outcomes = found.record, found.record.gates
    if dry_run:
        return FitResult(model, rfm, None, None, outcomes, False)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = registry.add(model, record, made=now)
    event("added", f"Version {version.name} added to {registry.path}", version=version.name)
    if found.refused and not force:
        gates.refuse(outcomes)
    registry.promote(version.name, forced=record.forced, made=now)
    event("promoted", f"Version {version.name} is the champion", version=version.name, forced=record.forced)
    return FitResult(model, rfm, version.path, version.name, outcomes, True)


def _champion(job: Job) -> tuple[CustomerModel, str | None, Path, RunStatistics | None]:
    """The model to score with, its version, its file, and what its fit saw."""
    kept = job.registry
    if kept.file is not None:
        return load(kept.file), None, kept.file, None
    if kept.folder is None:
        raise InvalidJob("registry.folder: is missing: name the folder of models (or registry.file, one model).")
    champion = Registry(kept.folder).champion()
    if champion is None:
        raise InvalidJob(f"registry.folder: {kept.folder} has no champion yet: run `clv fit --job` first.")
    return champion.load(), champion.name, champion.path, champion.record.evidence


def _outlet(
    sink: SinkSettings, uris: dict[str, str], run_id: str, stack: contextlib.ExitStack, lock: bool
) -> SinkWriter:
    """A sink, locked for this run, and whether it has the run's table already."""
    outlet = SinkWriter(sink.name, None)
    with outlet.trying():
        outlet.place = place_of(sink, uris.get(sink.uri_variable or "", ""))
        if lock:
            stack.enter_context(outlet.place.lock())
        outlet.done = outlet.place.holds() == run_id
    return outlet


@contextlib.contextmanager
def _at_work(job: Job, dry_run: bool) -> Iterator[Path]:
    """The job's lock, and a folder for copies that is gone afterwards; what a killed job left there goes too."""
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
    """What the job's environment variables hold."""
    places: dict[str, StoreSettings | SinkSettings | None] = {"source": job.source, "customers": job.customers}
    places |= {f"sinks[{i}]": sink for i, sink in enumerate(job.sinks)}
    names = {section: place.uri_variable for section, place in places.items() if place and place.uri_variable}
    missing = [f"{section}.uri_variable ({name})" for section, name in names.items() if not os.environ.get(name)]
    if missing:
        raise InvalidJob(
            f"{', '.join(missing)}: the environment does not set it: export it. Cron does not know the "
            "variables of your shell: write NAME=... into the crontab, or have the job read a file of them first."
        )
    return {name: os.environ[name] for name in names.values()}

"""The scheduled job: `fit_job` now and then, `score_job` every night. Here environment and clock are read.

A run is a function of job, date, model and data: its id is their hash. Run again, it gives the same table, and
publishes it only where it is not yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidJob, StoreUnreachable
from clvmodels.estimators import persistence
from clvmodels.estimators.customer_model import CustomerModel, load
from clvmodels.estimators.regular import RegularModel
from clvmodels.scoring import chunks, gates
from clvmodels.scoring.customers import Data, read
from clvmodels.scoring.events import event, tell_outcomes
from clvmodels.scoring.evidence import Evidence, Tally, forecast_of
from clvmodels.scoring.gates import Outcome
from clvmodels.scoring.manifest import Manifest
from clvmodels.scoring.publishing import Outlet
from clvmodels.scoring.record import Job, read_job
from clvmodels.scoring.registry import Registry, VersionRecord
from clvmodels.scoring.run import packages, perform, plan
from clvmodels.scoring.sections import NO_SPEND, Place, Sink
from clvmodels.scoring.stores import place_of
from clvmodels.scoring.stores.contract import locked, reaching
from clvmodels.transactions.holdout import holdout_split
from clvmodels.transactions.rfm import RFM
from clvmodels.validation.validate import validate

__all__ = ["FitDone", "ScoreDone", "fit_job", "score_job", "uris_of"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FitDone:
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
    gates: tuple[Outcome, ...]
    promoted: bool


@dataclass(frozen=True, slots=True)
class ScoreDone:
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
    """

    manifest: Manifest
    path: Path | None
    published: tuple[str, ...]
    facts: tuple[str, ...]


def fit_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    tell: Tell | None = None,
) -> FitDone:
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
    job = job if isinstance(job, Job) else read_job(job)
    tell = tell or _silent
    kept = job.registry
    if kept.folder is None and kept.file is None:
        raise InvalidJob("registry.folder: is missing: name the folder for models (or registry.file, one file).")
    with _at_work(job, dry_run) as staging:
        tell("Reading the source")
        model = _unfitted(job)
        data = read(
            job,
            as_of,
            job.clock.clock,
            intertimes=_reads_intertimes(model),
            has_spend=model.spend is not None,
            staging=staging,
            uris=uris_of(job),
            acquired_after=job.models.acquired_after,
        )
        rfm = data.customers.rfm[data.customers.bought]
        event("read", "Read the source", customers=len(rfm), as_of=rfm.observation_end, facts=rfm.facts())
        tell("Fitting")
        model.fit(rfm)
        event("fitted", "Fitted", models=[f"{part}" for part in model.parts])
        if kept.folder is not None:
            return _registered(job, Registry(kept.folder), data, model, rfm, dry_run=dry_run, force=force, tell=tell)
        if not dry_run and kept.file is not None:
            model.save(kept.file)
            event("saved", f"Model written to {kept.file}")
        return FitDone(model, rfm, None if dry_run else kept.file, None, (), False)


def score_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    tell: Tell | None = None,
) -> ScoreDone:
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
    job = job if isinstance(job, Job) else read_job(job)
    tell = tell or _silent
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
        intertimes = _reads_intertimes(champion)
        data = read(job, as_of, clock, intertimes=intertimes, has_spend=paid, staging=staging, uris=uris)
        paid = paid and data.customers.rfm.monetary_value is not None
        model = champion if paid else CustomerModel(champion.purchases)
        planned = plan(job, model, version, path, fitted, data)
        facts = data.customers.rfm.facts()
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
        return ScoreDone(finished, where, published, tuple(facts))


def _registered(
    job: Job, registry: Registry, data: Data, model: CustomerModel, rfm: RFM, *, dry_run: bool, force: bool, tell: Tell
) -> FitDone:
    """Judge a fit, keep it as a version, and promote it if the gates let it."""
    champion = registry.champion()
    fitted = None if champion is None else champion.record.evidence
    tally = Tally.of(rfm, since_last=0 if fitted is None else max(0, data.end - fitted.end))
    evidence = tally.evidence(str(rfm.observation_end), data.end, forecast=forecast_of(model.purchases, rfm))
    outcomes = gates.on_fit(job.gates, model, tally, evidence, None if champion is None else champion.load(), fitted)
    refused = tell_outcomes(outcomes)
    if job.models.holdout is not None:
        tell("Forecasting a holdout period")
    record = VersionRecord(
        job=job.published(),
        source=chunks.fingerprint(data.customers),
        packages=packages(),
        certificates=tuple(_plain(part.certificate()) for part in model.parts),
        holdout=_holdout(job, data, model),
        evidence=evidence,
        gates=outcomes,
        forced=force and refused,
    )
    if dry_run:
        return FitDone(model, rfm, None, None, outcomes, False)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = registry.add(model, record, made=now)
    event("added", f"Version {version.name} added to {registry.path}", version=version.name)
    if refused and not force:
        gates.refuse(outcomes)
    registry.promote(version.name, forced=record.forced, made=now)
    event("promoted", f"Version {version.name} is the champion", version=version.name, forced=record.forced)
    return FitDone(model, rfm, version.path, version.name, outcomes, True)


def _champion(job: Job) -> tuple[CustomerModel, str | None, Path, Evidence | None]:
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


def _outlet(sink: Sink, uris: dict[str, str], run_id: str, stack: contextlib.ExitStack, lock: bool) -> Outlet:
    """A sink, locked for this run, and whether it has the run's table already."""
    outlet = Outlet(sink.name, None)
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
    places: dict[str, Place | Sink | None] = {"source": job.source, "customers": job.customers}
    places |= {f"sinks[{i}]": sink for i, sink in enumerate(job.sinks)}
    names = {section: place.uri_variable for section, place in places.items() if place and place.uri_variable}
    missing = [f"{section}.uri_variable ({name})" for section, name in names.items() if not os.environ.get(name)]
    if missing:
        raise InvalidJob(
            f"{', '.join(missing)}: the environment does not set it: export it. Cron does not know the "
            "variables of your shell: write NAME=... into the crontab, or have the job read a file of them first."
        )
    return {name: os.environ[name] for name in names.values()}


def _unfitted(job: Job) -> CustomerModel:
    asked = job.models
    known: dict[str, Any] = {**persistence.PURCHASE_MODELS, **persistence.REGULAR_MODELS}
    shared: dict[str, Any] = {"by": asked.by, "smallest_group": asked.smallest_group}
    purchases = known[asked.purchases](purchase=asked.purchase_formula, dropout=asked.dropout_formula, **shared)
    if asked.spend == NO_SPEND or (job.source.kind == "transactions" and not job.columns.has_money):
        return CustomerModel(purchases)
    return CustomerModel(purchases, persistence.SPEND_MODELS[asked.spend](spend=asked.spend_formula, **shared))


def _reads_intertimes(model: CustomerModel) -> bool:
    return isinstance(model.purchases, RegularModel)


def _holdout(job: Job, data: Data, model: CustomerModel) -> tuple[dict[str, Any], ...] | None:
    """Scores of models fitted before a holdout period that ends with the data."""
    length, clock = job.models.holdout, job.clock.clock
    if length is None or data.transactions is None:
        return None
    day = datetime.fromisoformat(clock.describe_tick(data.end)[:10])
    days = Clock("day").duration(length)
    fresh = _unfitted(job)
    split = holdout_split(
        data.source,
        **{name: column for name, column in data.columns.items() if name != "amount" or fresh.spend is not None},
        time_unit=clock.time_unit,
        merge_within=clock.merge_within,
        time_zone=clock.time_zone,
        calibration_end=(day - timedelta(days=days)).date(),
        holdout_end=day.date(),
        include_first_transaction=job.models.include_first_transaction,
        intertimes=_reads_intertimes(model),
        date_format=data.date_format,
        on_missing_id=job.cleaning.on_missing_id,
        acquired_after=job.models.acquired_after,
    )
    if data.customers.rfm.attributes:
        rfm = data.customers.rfm
        split = split.with_columns(frames.table("polars", {"customer_id": rfm.customer_id, **rfm.attributes}))
    scores = validate(split, [fresh.purchases], fresh.spend).scores
    return tuple(_plain(row) for row in json.loads(scores.to_json(orient="records")))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(json.dumps(values, default=float)))


def _silent(_: str) -> None:
    """Nobody watches."""

"""The scheduled job: `fit_job` occasionally, `score_job` every night. Only these read the environment and the time.

A run is a function of job, date, model and data: its id is their hash. Running it again gives the same table, and
publishes it only in sinks that do not have it yet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from clvmodels.errors import InvalidJob
from clvmodels.files import plain
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.seasons.calendar_choice import AUTO_CALENDAR, on_calendar
from clvmodels.language import Finding, Findings, as_text
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.events import Progress, event, ignore
from clvmodels.scoring.gates.result import GateResult, refuse
from clvmodels.scoring.incremental.incremental_read import StateUse
from clvmodels.scoring.incremental.use_of_state import keep_state, use_of_state
from clvmodels.scoring.registry.candidate import build_forecaster, evaluate
from clvmodels.scoring.registry.champion import champion_of, compare_with_job
from clvmodels.scoring.registry.registry import Registry
from clvmodels.scoring.run.customers import SourceData, read
from clvmodels.scoring.run.forecasts import forecast_customers
from clvmodels.scoring.run.kept_runs import last_kept
from clvmodels.scoring.run.manifest import RunManifest, manifests_near
from clvmodels.scoring.run.order import refuse_outdated_backfill
from clvmodels.scoring.run.pinned import PinnedFiles
from clvmodels.scoring.run.run import perform, plan
from clvmodels.scoring.run.workplace import (
    open_outlet,
    refuse_unreachable,
    sinks_of,
    uris_of,
    working_folder,
)
from clvmodels.transactions.summary import RFM

__all__ = ["FitResult", "ScoreResult", "fit_job", "score_job"]


@dataclass(frozen=True, slots=True, repr=False)
class FitResult:
    """The result of `fit_job`.

    Attributes
    ----------
    model : CustomerModel
        The fitted model; for the best forecaster, its process.
    rfm : RFM
        The customers it was fitted to.
    path : Path or None
        The model's file; None after a dry run.
    version : str or None
        The name of the version in the registry.
    gates : tuple of GateResult
    promoted : bool
        Whether the version is the champion now.
    forecaster : Forecaster
        The fitted forecaster: the model itself, or the best forecaster.
    """

    model: CustomerModel
    rfm: RFM
    path: Path | None
    version: str | None
    gates: tuple[GateResult, ...]
    promoted: bool
    forecaster: Forecaster

    def __repr__(self) -> str:
        state = "the champion" if self.promoted else "not promoted"
        version = "" if self.version is None else f"version {self.version}, {state}, "
        return f"FitResult: {version}{self.forecaster.id} fitted to {len(self.rfm):,} customers"


@dataclass(frozen=True, slots=True, repr=False)
class ScoreResult:
    """The result of `score_job` or, after a dry run, what it would have been.

    Attributes
    ----------
    manifest : RunManifest
    path : Path or None
        The manifest's file; None after a dry run.
    published : tuple of str
        Sinks to which the table was written, without those that already had it.
    findings : tuple of Finding
        Findings about the customers.
    model : CustomerModel
        The model that scored; for the best forecaster, its process.
    rfm : RFM
        The customers. Customers who have not bought yet have the history of a first purchase made now.
    totals : dict of str to (float, float), or None
        For the best forecaster, the interval of the total of each predicted column of purchases, at the level of the
        job's intervals (90 % by default). Empty for boosted trees and blends, which give none. None for a process,
        whose totals `lifetime_value` and `expected_purchases` give with by="total".
    """

    manifest: RunManifest
    path: Path | None
    published: tuple[str, ...]
    findings: Findings
    model: CustomerModel
    rfm: RFM
    totals: dict[str, tuple[float, float]] | None

    def __repr__(self) -> str:
        run, places = self.manifest, ", ".join(self.published) or "nowhere now"
        return f"ScoreResult: {run.customers:,} customers as of {run.as_of} (run {run.run_id}), published in {places}"


def fit_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> FitResult:
    """Fit the models of a job, and make them the champion if the gates pass.

    Parameters
    ----------
    job : Job or path of its TOML file
    as_of : str, optional
        Last date to learn from; default: the latest of the log.
    dry_run : bool
        Fit and check the gates, without writing anything.
    force : bool
        Promote even if a gate refuses, which the registry records.
    progress : function of str, optional
        Called with what is being done.

    Returns
    -------
    FitResult

    Raises
    ------
    GateRefused
        A gate refused: the version was added to the registry but not promoted.
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
    job, progress = as_job(job), progress or ignore
    registry = job.registry
    if registry.folder is None and registry.file is None:
        raise InvalidJob("registry.folder: is missing: set a folder for versions, or registry.file for a single file.")
    pinned = PinnedFiles.of(job)
    with pinned.explaining(), working_folder(job, dry_run) as staging:
        progress("Reading the source")
        forecaster = build_forecaster(job)
        read_by = partial(
            read,
            job,
            as_of,
            intertimes="intertimes" in forecaster.needs,
            has_spend=job.has_spend,
            staging=staging,
            uris=uris_of(job),
            acquired_after=job.models.acquired_after,
        )
        data, chosen = _on_calendar(job, read_by(clock=job.clock.clock), read_by)
        rfm = data.customers.rfm[data.customers.bought]
        event("read", "Read the source", customers=len(rfm), as_of=rfm.observation_end, findings=_plain(rfm.findings))
        progress("Fitting")
        if "log" in forecaster.needs:
            forecaster.fit(data.history(job, job.models.acquired_after), job.longest_horizon)
        else:
            forecaster.fit(rfm)
        model = forecaster.process_model
        pinned.check()
        event("fitted", "Fitted", models=[f"{part}" for part in model.parts], findings=_plain(chosen))
        if registry.folder is not None:
            versions = Registry(registry.folder)
            return _register(job, versions, data, forecaster, rfm, dry_run=dry_run, force=force, progress=progress)
        if not dry_run and registry.file is not None:
            forecaster.save(registry.file)
            event("saved", f"Model written to {registry.file}")
        return FitResult(model, rfm, None if dry_run else registry.file, None, (), False, forecaster)


def score_job(
    job: Job | str | Path,
    as_of: str | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
    backfill: bool = False,
    full: bool = False,
    progress: Progress | None = None,
) -> ScoreResult:
    """Score every customer as of a date with the champion, and publish the table in every sink.

    Parameters
    ----------
    job : Job or path of its TOML file
    as_of : str, optional
        Last date to score from; default: the latest of the log. Later rows are left out.
    dry_run : bool
        Score and check the gates, without publishing.
    force : bool
        Publish even if a gate refuses, which the manifest records. A later day is never replaced.
    backfill : bool
        Add the table to the runs that sinks keep, and leave current tables as they are. The model is the champion
        fitted last before the date or, without one, today's; monitoring then leaves the run out.
    full : bool
        Read the whole log even with `source.incremental`, and keep a new state.
    progress : function of str, optional
        Called with what is being done.

    Returns
    -------
    ScoreResult

    Raises
    ------
    GateRefused
        Nothing was published: a gate refused, or a run as of a later date is published already.
    StoreUnreachable
        The source or some sinks could not be reached. The other sinks have the table; run again to finish the rest.
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
    >>> clv.score_job(job, "1997-10-01").published  # the same run again: it is there already
    ()
    """
    job, progress = as_job(job), progress or ignore
    if backfill and as_of is None:
        raise InvalidJob("as_of: is missing: pass as_of=, the day to add to the history.")
    sinks = sinks_of(job, dry_run, backfill)
    pinned = PinnedFiles.of(job)
    with pinned.explaining(), contextlib.ExitStack() as stack:
        staging = stack.enter_context(working_folder(job, dry_run))
        uris = uris_of(job)
        if backfill:
            refuse_outdated_backfill(sinks, uris, [str(as_of)])
        forecaster, version, path, fit_statistics = champion_of(job, as_of if backfill else None)
        champion: CustomerModel = forecaster.process_model
        progress("Reading the source")
        state = use_of_state(job, forecaster, dry_run=dry_run, backfill=backfill, full=full)
        data, model = _read_for(job, champion, as_of, staging, uris, state)
        totals: dict[str, tuple[float, float]] | None = None
        if "log" in forecaster.needs:
            progress("Forecasting")
            data, totals = forecast_customers(job, forecaster, data)
        day = str(data.customers.rfm.observation_end)
        before = last_kept(job, uris, day, data.end, backfill=backfill) if job.reads_earlier_run else None
        planned = plan(
            job, model, version, path, fit_statistics, data, pinned, backfill=backfill, earlier=before, now=_now
        )
        findings = (*data.customers.rfm.findings, *compare_with_job(job, forecaster))
        if data.night is not None:
            findings = (*findings, data.night.reading.finding)
        if champion.spend is not None and model.spend is None:
            findings = (*findings, Finding("score-no-money", severity="caution"))
        run: dict[str, Any] = {"run_id": planned.run_id, "as_of": planned.as_of, "version": version}
        text = f"Read the source: {as_text(findings, separator='; ')}"
        event("read", text, customers=len(data.customers), findings=_plain(findings), **run)
        lock = not dry_run and job.run.folder is not None
        earlier = manifests_near(job.run.folder, planned.as_of, data.end, planned.run_id, set_aside=not dry_run)
        same = next((manifest for manifest in earlier if manifest.run_id == planned.run_id), None)
        outlets = [open_outlet(sink, uris, same, stack, lock=lock, backfill=backfill) for sink in sinks]
        finished, published = perform(
            planned, earlier, outlets, staging=staging, dry_run=dry_run, force=force, progress=progress
        )
        if not dry_run:
            refuse_unreachable(outlets)
            keep_state(job, data.night, published=finished.published)
        saved = None if dry_run or job.run.folder is None else job.run.folder / "runs" / finished.file_name
        return ScoreResult(finished, saved, published, findings, model, data.customers.rfm, totals)


def _read_for(
    job: Job,
    champion: CustomerModel,
    as_of: str | None,
    staging: Path,
    uris: dict[str, str],
    state: StateUse | None,
) -> tuple[SourceData, CustomerModel]:
    """Read the source with the clock of a model; return it, and the model, without spend if there is no money."""
    clock = champion.purchases.clock_
    if "clock" in job.model_fields_set and not job.clock.agrees(clock):
        raise InvalidJob(
            f"clock: the model was fitted in {clock}, the job uses {job.clock.clock}: change [clock] or fit again."
        )
    has_spend = champion.spend is not None and (job.source.kind == "rfm" or job.columns.has_money)
    intertimes = "intertimes" in champion.needs
    data = read(job, as_of, clock, intertimes=intertimes, has_spend=has_spend, staging=staging, uris=uris, state=state)
    has_spend = has_spend and data.customers.rfm.monetary_value is not None
    return data, champion if has_spend else CustomerModel(champion.purchases)


def _on_calendar(job: Job, data: SourceData, read_by: Callable[..., SourceData]) -> tuple[SourceData, Findings]:
    """Return the customers with the calendar estimated from the log, and findings on it; unchanged without "auto"."""
    if job.clock.calendar != AUTO_CALENDAR:
        return data, ()
    history = data.history(job, job.models.acquired_after)
    measured, findings = on_calendar(history, AUTO_CALENDAR, history.ticks(job.longest_horizon))
    for finding in findings:
        event("calendar", finding.text)
    if data.customers.rfm.sum_log_intertimes is None or measured.clock.calendar is None:
        return data.with_calendar(measured.clock.calendar), findings
    return read_by(clock=measured.clock), findings  # times between purchases use the calendar too


def _register(
    job: Job,
    registry: Registry,
    data: SourceData,
    forecaster: Forecaster,
    rfm: RFM,
    *,
    dry_run: bool,
    force: bool,
    progress: Progress,
) -> FitResult:
    """Check the gates of a fit, add it to the registry, and promote it if they pass."""
    if job.models.holdout is not None:
        progress("Forecasting a holdout period")
    candidate = evaluate(job, registry.champion(), data, forecaster, rfm, force=force)
    record, results, model = candidate.record, candidate.record.gates, forecaster.process_model
    if dry_run:
        return FitResult(model, rfm, None, None, results, False, forecaster)
    now = _now()
    version = registry.add(forecaster, record, made=now)
    event("added", f"Version {version.name} added to {registry.path}", version=version.name)
    if candidate.refused and not force:
        refuse(results)
    registry.promote(version.name, forced=record.forced, made=now)
    event("promoted", f"Version {version.name} is the champion", version=version.name, forced=record.forced)
    return FitResult(model, rfm, version.path, version.name, results, True, forecaster)


def _now() -> str:
    """Return the current time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _plain(findings: Findings) -> list[dict[str, Any]]:
    """Return findings as plain values for the log."""
    return [plain(finding.to_dict()) for finding in findings]

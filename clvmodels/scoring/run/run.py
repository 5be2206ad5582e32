"""A run: its identity, and the steps from customers to published tables: stage, count, check gates, publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.events import Progress, event, log_gates
from clvmodels.scoring.gates.feed import check_feed, check_late
from clvmodels.scoring.gates.gates import check_run
from clvmodels.scoring.gates.result import refusal, refuse
from clvmodels.scoring.gates.run_statistics import RunStatistics
from clvmodels.scoring.gates.tier_gates import TierCounts, check_tiers
from clvmodels.scoring.incremental.log_statistics import LogStatistics
from clvmodels.scoring.lineage import lineage_of, with_state
from clvmodels.scoring.run import manifest, publishing, score_table
from clvmodels.scoring.run.cohort_table import COHORT_COLUMNS, cohort_rows
from clvmodels.scoring.run.customers import SourceData
from clvmodels.scoring.run.decision_columns import decision_columns
from clvmodels.scoring.run.decisions import decide
from clvmodels.scoring.run.kept_runs import KeptTable
from clvmodels.scoring.run.manifest import RunManifest, SinkState
from clvmodels.scoring.run.order import check_order, refuse_newer_backfill, refuse_older
from clvmodels.scoring.run.pinned import PinnedFiles
from clvmodels.scoring.run.publishing import PublishedCounts, SinkWriter
from clvmodels.scoring.run.score_columns import RunStamp, ScoreColumn
from clvmodels.scoring.stores.store import reaching

__all__ = ["RunPlan", "packages", "perform", "plan"]

PACKAGES = ("clvmodels", "numpy", "scipy", "polars", "pyarrow")


@dataclass(frozen=True, slots=True, eq=False)
class RunPlan:
    """Everything a run depends on, and its identity.

    Attributes
    ----------
    job : Job
    model : CustomerModel
        The model that scores, without its spend model if there is no money.
    version : str or None
        The version of the model in the registry.
    fit_statistics : RunStatistics or None
        Statistics of the customers that the version was fitted to.
    data : SourceData
    pinned : PinnedFiles
        The files of the source.
    as_of : str
    model_fingerprint, source_fingerprint, run_id : str
    backfill : bool
        Whether the run only adds to the history.
    earlier : KeptTable or None
        The previous run, on whose tiers and stages those of this run depend.
    now : function
        Returns the current time in ISO 8601.
    """

    job: Job
    model: CustomerModel
    version: str | None
    fit_statistics: RunStatistics | None
    data: SourceData
    pinned: PinnedFiles
    as_of: str
    model_fingerprint: str
    source_fingerprint: str
    run_id: str
    backfill: bool
    earlier: KeptTable | None
    now: Callable[[], str]

    @property
    def since_earlier(self) -> int:
        """Return the ticks since the previous run."""
        return 0 if self.earlier is None else self.data.end - self.earlier.manifest.end


def plan(
    job: Job,
    model: CustomerModel,
    version: str | None,
    path: Path,
    fit_statistics: RunStatistics | None,
    data: SourceData,
    pinned: PinnedFiles,
    *,
    backfill: bool = False,
    earlier: KeptTable | None = None,
    now: Callable[[], str],
) -> RunPlan:
    """Return the plan of a run, whose id is the hash of everything that its table depends on."""
    as_of = str(data.customers.rfm.observation_end)
    file, source = hashlib.sha256(path.read_bytes()).hexdigest(), score_table.fingerprint(data.customers)
    identity = {
        "job": job.identity(),
        "as_of": as_of,
        "model": file,
        "source": source,
        "spend": model.spend is not None,
        "release": metadata.version("clvmodels"),
    }
    if job.reads_earlier_run:
        identity["earlier"] = None if earlier is None else earlier.manifest.run_id
    run_id = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    return RunPlan(
        job, model, version, fit_statistics, data, pinned, as_of, file, source, run_id, backfill, earlier, now
    )


def packages() -> dict[str, str]:
    """Return the versions of the packages that results depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def perform(
    planned: RunPlan,
    earlier: Sequence[RunManifest],
    outlets: Sequence[SinkWriter],
    *,
    staging: Path,
    dry_run: bool,
    force: bool,
    progress: Progress,
) -> tuple[RunManifest, tuple[str, ...]]:
    """Perform the remaining steps of a run; return its manifest, and the sinks that the table was published to.

    Parameters
    ----------
    earlier : sequence of RunManifest
        The runs so far.
    staging : Path
        A folder for copies.

    Raises
    ------
    GateRefused
        A gate refused, and nothing was published.
    """
    folder, run_id = planned.job.run.folder, planned.run_id
    same = next((run for run in earlier if run.run_id == run_id), None)
    if same is not None and not dry_run and all(outlet.done for outlet in outlets):
        event("done", "Every sink has this run's table already", run_id=run_id)
        return _save(planned, same, outlets), ()
    if planned.backfill:
        refuse_newer_backfill(planned.as_of, planned.data.end, earlier)
    order = [] if planned.backfill else check_order(planned.as_of, planned.data.end, earlier, outlets)
    if folder is not None and not dry_run:
        log_gates(order)
        refuse_older(order)
    last = manifest.last_published(earlier, planned.data.end, but=run_id)
    customers, predictions = planned.data.customers, planned.job.predictions
    added = decision_columns(planned.job, customers.rfm.clock.time_unit)
    columns = score_table.columns_of(customers, planned.model.spend is not None, predictions, added)
    if planned.job.decides:
        progress("Deciding")
    decisions = decide(planned.job, planned.model, customers, planned.earlier, planned.since_earlier, staging)
    stamp = RunStamp(run_id, planned.as_of, _since_fit(planned), planned.version)
    used = () if dry_run else outlets
    with_cohorts = [outlet for outlet in outlets if outlet.content == "cohorts" and outlet.pending]
    if with_cohorts:
        progress("Making the table of cohorts")
    cohorts = cohort_rows(planned.job, planned.model, planned.data, stamp) if with_cohorts else None
    with publishing.staged(used, run_id, {"scores": columns, "cohorts": COHORT_COLUMNS}):
        counts = publishing.score_all(
            planned.model,
            replace(customers, decisions=decisions.columns),
            predictions,
            stamp,
            columns,
            used,
            planned.job.run.customers_at_once,
            _since_last(planned, last),
            progress,
        )
        if cohorts is not None:
            publishing.write_cohorts(used, cohorts)
        run = _describe(planned, counts, last, columns, decisions.tiers)
        run = run.model_copy(update={"gates": (*order, *run.gates)})
        planned.pinned.check()
        # A run without a folder has no history and is not scheduled: gates are reported but do not refuse.
        refused = log_gates(run.gates) and folder is not None
        forced = refused and (force or (same is not None and same.forced))
        states = () if same is None else same.sinks
        run = run.model_copy(update={"forced": forced, "sinks": _states(planned.job, outlets, states)})
        if dry_run:
            return run, ()
        if refused and not forced:
            if same is None or same.refusal is not None:  # the manifest of a published run stays
                _save(planned, run.model_copy(update={"refusal": refusal(run.gates)}), outlets)
            refuse(run.gates)
        progress("Publishing")
        return _publish(planned, run, outlets)


def _publish(planned: RunPlan, run: RunManifest, outlets: Sequence[SinkWriter]) -> tuple[RunManifest, tuple[str, ...]]:
    """Publish to one sink after another; the manifest is written before the first and after each."""
    published: list[str] = []
    run = _save(planned, run, outlets)
    try:
        run = _publish_each(planned, run, outlets, published)
    except KeyboardInterrupt as interrupt:
        pending = [outlet.name for outlet in outlets if outlet.pending]
        done = f"{', '.join(published)} has the new table" if published else "nothing was published"
        interrupt.add_note(f"{done}; {', '.join(pending)} still has the old one: run again to finish.")
        raise
    return run, tuple(published)


def _publish_each(
    planned: RunPlan, run: RunManifest, outlets: Sequence[SinkWriter], published: list[str]
) -> RunManifest:
    """Publish to each sink that lacks the table, and append its name to `published`."""
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.stage.publish()
                outlet.done = True
                published.append(outlet.name)
                event("published", f"Published in {outlet.name}", sink=outlet.name, rows=outlet.rows, run_id=run.run_id)
            run = _save(planned, run, outlets)
    return run


def _describe(
    planned: RunPlan,
    counts: PublishedCounts,
    last: RunManifest | None,
    columns: Sequence[ScoreColumn],
    tiers: TierCounts | None,
) -> RunManifest:
    """Return the manifest of a run that is counted but not yet published."""
    data = planned.data
    if counts.collector is None:
        raise AssertionError("a summary has at least one row")
    statistics = counts.collector.summarize(planned.as_of, data.end, refused=counts.refused, totals=counts.totals)
    before = None if last is None else last.evidence
    by_day = data.statistics()
    late = _late(by_day, last)
    gates = check_run(planned.job.gates, counts.collector, statistics, before, planned.fit_statistics)
    gates += check_tiers(planned.job.gates, tiers)
    clock = data.customers.rfm.clock
    daily = None if by_day is None else by_day.daily
    if daily is not None:
        days = 1 if last is None else -(-(data.end - last.end) // (24 if clock.merge_within == "hour" else 1))
        seen = len(daily.rows) - days
        gates += (*check_feed(planned.job.gates, daily, days),)
        if last is not None and seen > 0:
            gates += (*check_late(planned.job.gates, late, last.as_of, daily.rows[max(seen - 28, 0) : seen]),)
    return RunManifest(
        run_id=planned.run_id,
        as_of=planned.as_of,
        end=data.end,
        version=planned.version,
        model_fingerprint=planned.model_fingerprint,
        source_fingerprint=planned.source_fingerprint,
        horizons=tuple(planned.job.predictions.horizons),
        columns=tuple(column.name for column in columns),
        customers=counts.customers,
        scored=counts.customers - counts.refused,
        refused=counts.refused,
        reasons=counts.reasons,
        new_since_fit=counts.new_since_fit,
        not_yet_bought=counts.not_yet_bought,
        rows_to_as_of=None if by_day is None else by_day.rows_up_to(data.end),
        late_rows=late,
        feed=None if daily is None else daily.statistics(),
        evidence=statistics,
        gates=gates,
        forced=False,
        sinks=(),
        packages=packages(),
        job=planned.job.published(),
        backfill=planned.backfill,
        model_as_of=_model_as_of(planned),
        tiers=tiers,
        reading=None if data.night is None else data.night.reading,
        lineage=lineage_of(
            planned.job,
            planned.run_id,
            planned.as_of,
            _rows_read(data, by_day),
            {"scores": columns, "cohorts": COHORT_COLUMNS},
        ),
    )


def _rows_read(data: SourceData, log: LogStatistics | None) -> dict[str, int]:
    """Return the number of rows of the source up to the date."""
    return {"source": len(data.customers.rfm) if log is None else log.rows_up_to(data.end)}


def _since_fit(planned: RunPlan) -> int | None:
    """Return the ticks from the end of the data the model was fitted to."""
    purchases = planned.model.purchases
    fit_end = purchases.observation_end_
    return None if fit_end is None else planned.data.end - purchases.clock_.last_tick(fit_end)


def _model_as_of(planned: RunPlan) -> str | None:
    """Return the last date of the data the model was fitted to."""
    purchases = planned.model.purchases
    fit_end = purchases.observation_end_
    return None if fit_end is None else purchases.clock_.describe_tick(purchases.clock_.last_tick(fit_end))


def _since_last(planned: RunPlan, last: RunManifest | None) -> int:
    """Return the ticks since the end of the run, or of the fit, that gates compare with."""
    reference = planned.fit_statistics if last is None else last.evidence
    return 0 if reference is None else max(0, planned.data.end - reference.end)


def _late(log: LogStatistics | None, last: RunManifest | None) -> int | None:
    """Return the number of rows dated up to the last run's date that it did not read."""
    if log is None or last is None or last.rows_to_as_of is None:
        return None
    return log.rows_up_to(last.end) - last.rows_to_as_of


def _states(job: Job, outlets: Sequence[SinkWriter], before: Sequence[SinkState]) -> tuple[SinkState, ...]:
    """Return the states of a run's sinks; sinks that this call does not write to keep their states."""
    folders = {
        sink.name: str(sink.path.resolve())
        for sink in job.sinks
        if sink.partitioned and sink.path is not None and sink.content == "scores"
    }
    states = [
        SinkState(
            name=outlet.name,
            done=outlet.done,
            rows=outlet.rows if outlet.done else 0,
            runs=folders.get(outlet.name),
        )
        for outlet in outlets
    ]
    names = {outlet.name for outlet in outlets}
    named = {sink.name for sink in job.sinks}
    return (*states, *(state for state in before if state.name in named - names and state.done))


def _save(planned: RunPlan, run: RunManifest, outlets: Sequence[SinkWriter]) -> RunManifest:
    """Write the manifest with the current state of the sinks, and return it."""
    run = run.model_copy(update={"sinks": _states(planned.job, outlets, run.sinks)})
    status = "published" if run.published else "unfinished" if run.refusal is None else "refused"
    done = {state.name: state.rows for state in run.sinks}
    lineage = with_state(run.lineage, status, [done.get(sink.name, 0) for sink in planned.job.sinks], planned.now())
    run = run.model_copy(update={"status": status, "lineage": lineage})
    folder = planned.job.run.folder
    if folder is not None:
        with reaching(f"The manifest in {folder}"):
            manifest.write(run, folder)
    return run

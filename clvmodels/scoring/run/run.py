"""A run: its identity, and the steps from customers to published tables: stage, reconcile, judge, publish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.events import Tell, event, tell_outcomes
from clvmodels.scoring.gates import gates
from clvmodels.scoring.gates.run_statistics import RunStatistics
from clvmodels.scoring.run import manifest, publishing, score_table
from clvmodels.scoring.run.customers import SourceData
from clvmodels.scoring.run.manifest import RunManifest, SinkState
from clvmodels.scoring.run.publishing import PublishedCounts, SinkWriter
from clvmodels.scoring.stores.store import reaching

__all__ = ["RunPlan", "packages", "perform", "plan"]

PACKAGES = ("clvmodels", "numpy", "scipy", "polars", "pyarrow")


@dataclass(frozen=True, slots=True, eq=False)
class RunPlan:
    """What a run will be.

    Attributes
    ----------
    job : Job
    model : CustomerModel
        What scores: without its spend model where there is no money.
    version : str or None
        Of the registry.
    fitted : Evidence or None
        What the fit of that version saw.
    data : Data
    as_of : str
    model_fingerprint, source_fingerprint, run_id : str
    """

    job: Job
    model: CustomerModel
    version: str | None
    fitted: RunStatistics | None
    data: SourceData
    as_of: str
    model_fingerprint: str
    source_fingerprint: str
    run_id: str


def plan(
    job: Job, model: CustomerModel, version: str | None, path: Path, fitted: RunStatistics | None, data: SourceData
) -> RunPlan:
    """The plan of a run; its id is the hash of everything that shapes its table."""
    as_of = str(data.customers.rfm.observation_end)
    file, source = hashlib.sha256(path.read_bytes()).hexdigest(), score_table.fingerprint(data.customers)
    told = {
        "job": job.identity(),
        "as_of": as_of,
        "model": file,
        "source": source,
        "spend": model.spend is not None,
        "release": metadata.version("clvmodels"),
    }
    run_id = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return RunPlan(job, model, version, fitted, data, as_of, file, source, run_id)


def packages() -> dict[str, str]:
    """Versions of the packages that numbers depend on."""
    return {name: metadata.version(name) for name in PACKAGES}


def perform(
    planned: RunPlan, outlets: Sequence[SinkWriter], *, dry_run: bool, force: bool, tell: Tell
) -> tuple[RunManifest, tuple[str, ...]]:
    """Do what is left to do of a run: the manifest, and the sinks that got the table now.

    Raises
    ------
    GateRefused
        Nothing was published.
    """
    folder, run_id = planned.job.run.folder, planned.run_id
    earlier = [] if folder is None else manifest.read_manifests(folder)
    known = next((run for run in earlier if run.run_id == run_id), None)
    if known is not None and not dry_run and all(outlet.done for outlet in outlets):
        event("done", "Every sink has this run's table already", run_id=run_id)
        return _kept(planned, known, outlets), ()
    last = manifest.last_published(earlier, planned.data.end, but=run_id)
    customers, predictions = planned.data.customers, planned.job.predictions
    table = score_table.schema(customers, planned.model.spend is not None, predictions)
    stamp = score_table.RunStamp(run_id, planned.as_of, _since_fit(planned))
    used = () if dry_run else outlets
    with publishing.staged(used, run_id, table):
        counted = publishing.score_all(
            planned.model,
            customers,
            predictions,
            stamp,
            table,
            used,
            planned.job.run.customers_at_once,
            _since_last(planned, last),
            tell,
        )
        run = _described(planned, counted, last, tuple(table.names))
        # Without a folder nothing is kept and nobody scheduled it: gates tell, and refuse nothing.
        refused = tell_outcomes(run.gates) and folder is not None
        forced = refused and (force or (known is not None and known.forced))
        run = run.model_copy(update={"forced": forced, "sinks": _states(planned.job, outlets, run.customers)})
        if dry_run:
            return run, ()
        if refused and not forced:
            if known is None or known.refusal is not None:  # what is known of a run that was published stays
                _kept(planned, run.model_copy(update={"refusal": gates.refusal(run.gates)}), outlets)
            gates.refuse(run.gates)
        tell("Publishing")
        return _published(planned, run, outlets)


def _published(
    planned: RunPlan, run: RunManifest, outlets: Sequence[SinkWriter]
) -> tuple[RunManifest, tuple[str, ...]]:
    """Publish in one sink after the other; the manifest is written before the first and after each."""
    published = []
    run = _kept(planned, run, outlets)
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.stage.publish()
                outlet.done = True
                published.append(outlet.name)
                event(
                    "published", f"Published in {outlet.name}", sink=outlet.name, rows=run.customers, run_id=run.run_id
                )
            run = _kept(planned, run, outlets)
    return run, tuple(published)


def _described(
    planned: RunPlan, counted: PublishedCounts, last: RunManifest | None, columns: tuple[str, ...]
) -> RunManifest:
    """The manifest of a run that is counted and not yet published."""
    data = planned.data
    assert counted.tally is not None, "a summary has at least one row"
    evidence = counted.tally.evidence(planned.as_of, data.end, refused=counted.refused, totals=counted.totals)
    before = None if last is None else last.evidence
    return RunManifest(
        run_id=planned.run_id,
        as_of=planned.as_of,
        end=data.end,
        version=planned.version,
        model_fingerprint=planned.model_fingerprint,
        source_fingerprint=planned.source_fingerprint,
        horizons=tuple(planned.job.predictions.horizons),
        columns=columns,
        customers=counted.customers,
        scored=counted.customers - counted.refused,
        refused=counted.refused,
        reasons=counted.reasons,
        new_since_fit=counted.new_since_fit,
        not_yet_bought=counted.not_yet_bought,
        rows_to_as_of=data.rows_to_as_of,
        late_rows=_late(data, last),
        evidence=evidence,
        gates=gates.on_run(planned.job.gates, counted.tally, evidence, before, planned.fitted),
        forced=False,
        sinks=(),
        packages=packages(),
        job=planned.job.published(),
    )


def _since_fit(planned: RunPlan) -> int | None:
    """Ticks from the end of what the model was fitted to."""
    purchases = planned.model.purchases
    fitted = purchases.observation_end_
    return None if fitted is None else planned.data.end - purchases.clock_.last_tick(fitted)


def _since_last(planned: RunPlan, last: RunManifest | None) -> int:
    """Ticks from the end of what gates compare with."""
    reference = planned.fitted if last is None else last.evidence
    return 0 if reference is None else max(0, planned.data.end - reference.end)


def _late(data: SourceData, last: RunManifest | None) -> int | None:
    """Rows dated up to the last run's date that it did not see."""
    if last is None or last.rows_to_as_of is None:
        return None
    rows = data.rows_up_to(last.end)
    return None if rows is None else rows - last.rows_to_as_of


def _states(job: Job, outlets: Sequence[SinkWriter], rows: int) -> tuple[SinkState, ...]:
    kept = {sink.name: str(sink.path.resolve()) for sink in job.sinks if sink.partitioned and sink.path is not None}
    return tuple(
        SinkState(name=outlet.name, done=outlet.done, rows=rows if outlet.done else 0, runs=kept.get(outlet.name))
        for outlet in outlets
    )


def _kept(planned: RunPlan, run: RunManifest, outlets: Sequence[SinkWriter]) -> RunManifest:
    """The manifest with the state of the sinks, written."""
    run = run.model_copy(update={"sinks": _states(planned.job, outlets, run.customers)})
    status = "published" if run.published else "unfinished" if run.refusal is None else "refused"
    run = run.model_copy(update={"status": status})
    folder = planned.job.run.folder
    if folder is not None:
        with reaching(f"The manifest in {folder}"):
            manifest.write(run, folder)
    return run

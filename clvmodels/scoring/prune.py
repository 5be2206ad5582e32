"""Remove old runs from the sinks that keep them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clvmodels.errors import InvalidJob, InvalidOption
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.events import event
from clvmodels.scoring.run.workplace import uris_of
from clvmodels.scoring.stores import place_with_runs
from clvmodels.scoring.stores.store import KeptRuns, StoreWithRuns

__all__ = ["PrunedRun", "prune_job"]


@dataclass(frozen=True, slots=True)
class PrunedRun:
    """A run that `prune_job` removed, or would remove.

    Attributes
    ----------
    sink, run_id, as_of : str
    rows : int
    """

    sink: str
    run_id: str
    as_of: str
    rows: int


def prune_job(
    job: Job | str | Path, *, keep_days: int | None = None, keep_runs: int | None = None, dry_run: bool = False
) -> list[PrunedRun]:
    """Remove old runs from the sinks of a job that keep them; the current run always stays.

    Parameters
    ----------
    job : Job or path of its TOML file
    keep_days : int, optional
        Remove runs of days more than this before the newest; default: `keep_days` of each sink.
    keep_runs : int, optional
        Keep the runs of this many of the newest days; default: `keep_runs` of each sink.
    dry_run : bool, default=False
        Return the runs that would be removed, without removing them.

    Returns
    -------
    list of PrunedRun
        By sink and date.

    Raises
    ------
    InvalidJob
        If no sink keeps runs, or if neither the job nor the arguments limit them.
    InvalidOption
        If a limit is not at least 1.
    StoreUnreachable, JobLocked

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
    ...         "sinks": [{"store": "sqlite", "path": "scores.db", "mode": "append"}],
    ...     },
    ... )
    >>> fitted = clv.fit_job(job, "1997-09-30")
    >>> scored = [clv.score_job(job, day) for day in ("1997-10-01", "1997-10-08")]
    >>> [run.as_of for run in clv.prune_job(job, keep_runs=1)]
    ['1997-10-01']
    """
    job = as_job(job)
    limits = {"keep_days": keep_days, "keep_runs": keep_runs}
    wrong = [f"{name}={value!r}" for name, value in limits.items() if value is not None and value < 1]
    if wrong:
        raise InvalidOption(f"{', '.join(wrong)} must be at least 1.")
    sinks = [sink for sink in job.sinks if sink.keeps_runs]
    if not sinks:
        raise InvalidJob("sinks: no sink keeps runs: set mode = 'append', or partitioned = true for Parquet.")
    own = keep_days is None and keep_runs is None
    rules = [KeptRuns(sink.keep_days, sink.keep_runs) if own else KeptRuns(keep_days, keep_runs) for sink in sinks]
    unlimited = [sink.name for sink, keeping in zip(sinks, rules, strict=True) if keeping == KeptRuns()]
    if unlimited:
        raise InvalidJob(
            f"No limit for {', '.join(unlimited)}: set keep_days or keep_runs, or pass keep_days= or keep_runs=."
        )
    uris = uris_of(job)
    removed: list[PrunedRun] = []
    for sink, keeping in zip(sinks, rules, strict=True):
        place = place_with_runs(sink, uris.get(sink.uri_variable or "", ""))
        with place.lock():
            removed += _prune(sink.name, place, keeping, dry_run=dry_run)
    return removed


def _prune(name: str, place: StoreWithRuns, keeping: KeptRuns, *, dry_run: bool) -> list[PrunedRun]:
    """Remove the outdated runs of one sink, and return them."""
    runs = place.runs()
    days = keeping.outdated(run.as_of for run in runs)
    old = [PrunedRun(name, run.run_id, run.as_of, run.rows or 0) for run in runs if run.as_of in days]
    if old and not dry_run:
        place.remove(days)
        event("pruned", f"{name}: {len(old)} runs removed, of {days[0]} to {days[-1]}", sink=name, days=days)
    return old

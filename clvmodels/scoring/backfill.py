"""Add past days to the runs that sinks keep: `score_job` for one day after another, the oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from clvmodels.errors import GateRefused, InvalidOption
from clvmodels.scoring.config.job import Job, as_job
from clvmodels.scoring.events import Progress, event, ignore
from clvmodels.scoring.fit_and_score import ScoreResult, score_job
from clvmodels.scoring.run.order import refuse_outdated_backfill
from clvmodels.scoring.run.workplace import uris_of

__all__ = ["backfill_job"]


def backfill_job(
    job: Job | str | Path,
    start: str,
    end: str,
    *,
    days: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> list[ScoreResult]:
    """Score past days, the oldest first, and add them to the history of runs; current tables stay as they are.

    A day that already has a table is not scored again, so an interrupted backfill continues where it stopped.

    Parameters
    ----------
    job : Job or path of its TOML file
    start, end : str
        First and last day, as YYYY-MM-DD.
    days : int
        Days between one scored day and the next.
    force : bool
        Continue even if a gate refuses, which the manifests record.
    progress : function of str, optional
        Called with a text on each step.

    Returns
    -------
    list of ScoreResult
        One per day, in order.

    Raises
    ------
    GateRefused
        A gate refused a day; the days before it are in the history.
    InvalidJob
        If the limits of a sink, `keep_days` or `keep_runs`, would remove some of the days again.
    StoreUnreachable, InvalidOption, InvalidTransactions, JobLocked

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
    >>> fitted, scored = clv.fit_job(job, "1997-09-30"), clv.score_job(job, "1997-10-31")
    >>> [done.manifest.as_of for done in clv.backfill_job(job, "1997-10-01", "1997-10-15", days=7)]
    ['1997-10-01', '1997-10-08', '1997-10-15']
    """
    job, progress = as_job(job), progress or ignore
    results, all_days = [], list(_days(start, end, days))
    refuse_outdated_backfill(job.sinks, uris_of(job), all_days)
    for day in all_days:
        progress(f"Scoring as of {day}")
        try:
            results.append(score_job(job, day, force=force, backfill=True))
        except GateRefused as error:
            raise GateRefused(f"As of {day}, after {len(results)} days in the history: {error}") from None
        event("backfilled", f"The history has {day}", as_of=day, run_id=results[-1].manifest.run_id)
    return results


def _days(start: str, end: str, step: int) -> Iterator[str]:
    """Yield the days from start to end as text."""
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
    except (TypeError, ValueError):
        raise InvalidOption(f"start={start!r} and end={end!r} must be days written YYYY-MM-DD.") from None
    if first > last or step < 1:
        raise InvalidOption(f"start={start!r} must not be later than end={end!r}, and days={step!r} at least 1.")
    while first <= last:
        yield first.isoformat()
        first += timedelta(days=step)

"""How a run uses the state of the nights before, and when it keeps one for the next night."""

from __future__ import annotations

from collections.abc import Collection

from clvmodels.scoring.config.job import Job
from clvmodels.scoring.incremental.incremental_read import NightlyRead, StateUse
from clvmodels.scoring.incremental.reading import FullReadReason
from clvmodels.scoring.incremental.stored_state import write_state
from clvmodels.scoring.stores.store import reaching

__all__ = ["keep_state", "use_of_state"]


def use_of_state(job: Job, needs: Collection[str], *, dry_run: bool, backfill: bool, full: bool) -> StateUse | None:
    """Return how a run uses the state; None if the job reads its whole log every night.

    Parameters
    ----------
    needs : collection of str
        Of the forecaster: one that reads the log or the times between purchases needs all rows.
    full : bool
        Whether the whole log is to be read, and a new state kept.
    """
    if not job.source.incremental or job.run.folder is None:
        return None
    reason: FullReadReason | None = "asked" if full else "backfill" if backfill else None
    if "log" in needs or "intertimes" in needs:
        reason = "model"
    return StateUse(job.run.folder, keep=not (dry_run or backfill or reason == "model"), reason=reason)


def keep_state(job: Job, night: NightlyRead | None, *, published: bool) -> None:
    """Keep the state for the next night if the run is published: what a gate refused is read again."""
    folder = job.run.folder
    if night is not None and night.state is not None and folder is not None and published:
        with reaching(f"The state of the log in {folder}"):
            write_state(night.state, folder)

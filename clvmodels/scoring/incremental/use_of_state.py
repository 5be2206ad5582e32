"""How a run uses the state kept by earlier runs, and when it keeps one for the next run."""

from __future__ import annotations

from clvmodels.forecasting.protocol import Forecaster
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.incremental.incremental_read import NightlyRead, StateUse
from clvmodels.scoring.incremental.reading import FullReadReason
from clvmodels.scoring.incremental.stored_state import write_state
from clvmodels.scoring.stores.store import reaching

__all__ = ["keep_state", "use_of_state"]


def use_of_state(job: Job, forecaster: Forecaster, *, dry_run: bool, backfill: bool, full: bool) -> StateUse | None:
    """Return how a run uses the state, or None if the job always reads its whole log.

    Parameters
    ----------
    forecaster : Forecaster
        Says how far back it reads purchases one by one; one that reads all of them needs the whole log.
    full : bool
        Whether to read the whole log and keep a new state.
    """
    if not job.source.incremental or job.run.folder is None:
        return None
    reason: FullReadReason | None = "asked" if full else "backfill" if backfill else None
    back, look_back = forecaster.looks_back, 0
    if back is None:
        reason = "model"
    elif "log" in forecaster.needs:
        clock = forecaster.process_model.purchases.clock_
        look_back = max(1, round(back * clock.ticks_per_unit))
    keep = not (dry_run or backfill or reason == "model")
    return StateUse(job.run.folder, keep=keep, reason=reason, look_back=look_back)


def keep_state(job: Job, night: NightlyRead | None, *, published: bool) -> None:
    """Keep the state for the next run if this one is published; otherwise the same rows are read again."""
    folder = job.run.folder
    if night is not None and night.state is not None and folder is not None and published:
        with reaching(f"The state of the log in {folder}"):
            write_state(night.state, folder)

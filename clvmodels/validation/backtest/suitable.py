"""The models that the profile of a log finds suitable, from what was known at a cutoff."""

from __future__ import annotations

from clvmodels.clock import Clock, Moment
from clvmodels.errors import InvalidOption
from clvmodels.estimators.persistence import MODEL_CLASSES
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.profiling.suitability import suitable_processes
from clvmodels.transactions.purchase_log import PurchaseLog
from clvmodels.transactions.snapshots import SnapshotReader

__all__ = ["suitable_at", "suitable_models"]


def suitable_models(reader: SnapshotReader, end: Moment | None, name: str) -> list[PurchaseModel]:
    """Return an unfitted model of each process suitable for a log up to a day, by default its last.

    Parameters
    ----------
    reader : SnapshotReader
    end : str, date, datetime or None
    name : str
        Name of the option of the day, for errors.

    Raises
    ------
    InvalidOption
        As for `suitable_at`.
    """
    log = reader.whole()
    return suitable_at(log, log.last_tick if end is None else reader.clock.last_tick(end, name), reader.clock)


def suitable_at(log: PurchaseLog, cutoff: int, clock: Clock) -> list[PurchaseModel]:
    """Return an unfitted model of each process suitable for the log up to a cutoff (tick).

    Raises
    ------
    InvalidOption
        If purchases are not counted by day, which a profile needs, or if they fall on opportunities.
    """
    if clock.merge_within != "day":
        raise InvalidOption(
            "models='auto' profiles purchases by day, but this log is read with "
            f"merge_within={clock.merge_within!r}: name the models."
        )
    models = [MODEL_CLASSES[process]() for process in suitable_processes(log, cutoff)]
    if any(model.process.discrete for model in models):
        raise InvalidOption(
            "models='auto' found that customers buy at most once per opportunity: pass models=BGBB() with the "
            "opportunity as merge_within, such as 'month'; `profile` says which."
        )
    return models

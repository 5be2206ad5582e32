"""From customers to published tables: chunks go to every sink's staged table, are counted there, and then published."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clvmodels.errors import StoreUnreachable
from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.scoring.config.sections import PredictionSettings
from clvmodels.scoring.events import Tell
from clvmodels.scoring.gates.run_statistics import StatisticsCollector
from clvmodels.scoring.run import score_table
from clvmodels.scoring.run.score_table import KnownCustomers, RunStamp
from clvmodels.scoring.stores import ScoreStore, StagedTable

__all__ = ["PublishedCounts", "SinkWriter", "score_all", "staged"]


@dataclass(slots=True)
class SinkWriter:
    """A sink during a run.

    Attributes
    ----------
    name : str
    place : ScoreStore or None
        None where it could not be reached to begin with.
    done : bool
        Whether the run's table is published there.
    fault : str or None
        Why it could not be reached; it is left out from then on.
    stage : StagedTable or None
    rows : int
        Counted in the staged table.
    """

    name: str
    place: ScoreStore | None
    done: bool = False
    fault: str | None = None
    stage: StagedTable | None = None
    rows: int = 0

    @property
    def pending(self) -> bool:
        """Whether there is still something to do here, and it can be done."""
        return not self.done and self.fault is None

    @contextlib.contextmanager
    def trying(self) -> Iterator[None]:
        """Leave this sink out once it cannot be reached: the others go on."""
        try:
            yield
        except StoreUnreachable as error:
            self.fault = str(error)


@dataclass(slots=True)
class PublishedCounts:
    """What a run is made of, added up over the blocks in their order."""

    customers: int = 0
    refused: int = 0
    new_since_fit: int = 0
    not_yet_bought: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    tally: StatisticsCollector | None = None

    def add(self, rows: pa.Table, tally: StatisticsCollector) -> None:
        """Count a block."""
        self.customers += len(rows)
        self.new_since_fit += pc.sum(rows["new_since_fit"]).as_py() or 0
        self.not_yet_bought += pc.sum(rows["not_yet_bought"]).as_py() or 0
        for told in pc.value_counts(rows["reason"].drop_null()).to_pylist():
            self.refused += told["counts"]
            self.reasons[told["values"]] = self.reasons.get(told["values"], 0) + told["counts"]
        for name in rows.column_names:
            if name.startswith(score_table.QUANTITIES) and not name.endswith(score_table.ENDS):  # a sum of ends is none
                values = rows[name].to_numpy()
                self.totals[name] = self.totals.get(name, 0.0) + float(np.nansum(values))
        self.tally = tally if self.tally is None else self.tally + tally


@contextlib.contextmanager
def staged(outlets: Sequence[SinkWriter], run_id: str, schema: pa.Schema) -> Iterator[None]:
    """Staged tables in every sink that is pending, gone at the end whatever happens."""
    try:
        for outlet in outlets:
            if outlet.pending and outlet.place is not None:
                with outlet.trying():
                    outlet.stage = outlet.place.stage(run_id, schema)
        yield
    finally:
        for outlet in outlets:
            if outlet.stage is not None:
                outlet.stage.discard()


def score_all(
    model: CustomerModel,
    customers: KnownCustomers,
    predictions: PredictionSettings,
    stamp: RunStamp,
    schema: pa.Schema,
    outlets: Sequence[SinkWriter],
    at_once: int,
    since_last: int,
    tell: Tell,
) -> PublishedCounts:
    """Score every customer, write the rows to the staged tables, and reconcile what arrived.

    Raises
    ------
    StoreUnreachable
        When a sink holds another number of rows than there are customers: a fault of the store.
    """
    counted, held = PublishedCounts(), list[pa.Table]()
    each = max(1, at_once // score_table.BLOCK)
    for block in score_table.blocks(customers):
        rows = score_table.score(model, block, predictions, stamp, schema)
        # Gates look at those who have a history that the model can read.
        judged = block.bought & ~rows["probability_alive"].is_null().to_numpy()
        tally = StatisticsCollector.of(
            block.rfm if judged.all() else block.rfm[judged],
            since_last=since_last,
            model=model.purchases,
            since_fit=stamp.since_fit,
        )
        counted.add(rows, tally)
        held.append(rows)
        if len(held) == each or counted.customers == len(customers):
            _write(outlets, pa.concat_tables(held))
            held = []
            tell(f"Scoring: {counted.customers:,} of {len(customers):,} customers")
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.rows = outlet.stage.count()
                if outlet.rows != len(customers):
                    raise StoreUnreachable(
                        f"{outlet.name}: {outlet.rows:,} rows arrived of {len(customers):,}; nothing was published."
                    )
    return counted


def _write(outlets: Sequence[SinkWriter], rows: pa.Table) -> None:
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.stage.write(rows)

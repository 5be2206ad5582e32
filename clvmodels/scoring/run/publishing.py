"""From customers to published tables: blocks are written to the staged table of every sink, counted, and published."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clvmodels.errors import StoreUnreachable
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.processes.threads import in_threads
from clvmodels.scoring.config.sections import PredictionSettings
from clvmodels.scoring.config.sinks import Content
from clvmodels.scoring.events import Progress
from clvmodels.scoring.gates.run_statistics import StatisticsCollector
from clvmodels.scoring.run import score_table
from clvmodels.scoring.run.score_columns import KnownCustomers, RunStamp, ScoreColumn
from clvmodels.scoring.stores import ScoreStore, StagedTable
from clvmodels.scoring.stores.store import HeldTable
from clvmodels.scoring.table_columns import TableColumn, column_comments, schema

__all__ = ["PublishedCounts", "SinkWriter", "score_all", "staged", "write_cohorts"]


@dataclass(slots=True)
class SinkWriter:
    """A sink in a run.

    Attributes
    ----------
    name : str
    content : {"scores", "cohorts"}
    place : ScoreStore or None
        None if the sink could not be reached at the start.
    held : HeldTable or None
        The table of the sink at the start.
    done : bool
        Whether the run's table is published to the sink.
    fault : str or None
        Why the sink could not be reached; the run continues without it.
    stage : StagedTable or None
    rows : int
        Counted in the staged table, or in the published one.
    """

    name: str
    content: Content
    place: ScoreStore | None
    held: HeldTable | None = None
    done: bool = False
    fault: str | None = None
    stage: StagedTable | None = None
    rows: int = 0

    @property
    def pending(self) -> bool:
        """Return whether the table has yet to be published to this sink, and can be."""
        return not self.done and self.fault is None

    @contextlib.contextmanager
    def trying(self) -> Iterator[None]:
        """Store the fault if this sink cannot be reached, and continue with the others."""
        try:
            yield
        except StoreUnreachable as error:
            self.fault = str(error)


@dataclass(slots=True)
class PublishedCounts:
    """Counts and totals of a run, added up over its blocks in order."""

    customers: int = 0
    refused: int = 0
    new_since_fit: int = 0
    not_yet_bought: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    collector: StatisticsCollector | None = None

    def add(self, rows: pa.Table, columns: Sequence[ScoreColumn], collector: StatisticsCollector) -> None:
        """Add the counts of a block."""
        self.customers += len(rows)
        self.new_since_fit += pc.sum(rows["new_since_fit"]).as_py() or 0
        self.not_yet_bought += pc.sum(rows["not_yet_bought"]).as_py() or 0
        for reason in pc.value_counts(rows["reason"].drop_null()).to_pylist():
            self.refused += reason["counts"]
            self.reasons[reason["values"]] = self.reasons.get(reason["values"], 0) + reason["counts"]
        for column in columns:
            if column.additive:
                total = float(np.nansum(rows[column.name].to_numpy()))
                self.totals[column.name] = self.totals.get(column.name, 0.0) + total
        self.collector = collector if self.collector is None else self.collector + collector


@contextlib.contextmanager
def staged(
    outlets: Sequence[SinkWriter], run_id: str, tables: Mapping[Content, Sequence[TableColumn]]
) -> Iterator[None]:
    """Stage a table in every pending sink; staged tables are gone at the end whatever happens.

    Parameters
    ----------
    tables : mapping of str to sequence of TableColumn
        The columns of the table by content.
    """
    try:
        for outlet in outlets:
            if outlet.pending and outlet.place is not None:
                columns = tables[outlet.content]
                with outlet.trying():
                    outlet.stage = outlet.place.stage(run_id, schema(columns), column_comments(columns))
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
    columns: Sequence[ScoreColumn],
    outlets: Sequence[SinkWriter],
    at_once: int,
    since_last: int,
    progress: Progress,
) -> PublishedCounts:
    """Score every customer, write the rows to the staged tables, and check their number.

    Raises
    ------
    StoreUnreachable
        If the number of rows in a sink is not the number of customers, which is a fault of the store.
    """
    counts = PublishedCounts()
    outlets = [outlet for outlet in outlets if outlet.content == "scores"]

    def scored(block: KnownCustomers) -> tuple[pa.Table, StatisticsCollector]:
        rows = score_table.score(model, block, predictions, stamp, columns)
        # Gates use customers with a history that the model accepts.
        readable = block.bought & ~rows["probability_alive"].is_null().to_numpy()
        collector = StatisticsCollector.of(
            block.rfm if readable.all() else block.rfm[readable],
            since_last=since_last,
            model=model.purchases,
            since_fit=stamp.since_fit,
        )
        return rows, collector

    chunk = score_table.BLOCK * max(1, at_once // score_table.BLOCK)
    for start in range(0, len(customers), chunk):
        done = in_threads(scored, score_table.blocks(customers[start : start + chunk]))
        for rows, collector in done:
            counts.add(rows, columns, collector)
        _write(outlets, pa.concat_tables([rows for rows, _ in done]))
        progress(f"Scoring: {counts.customers:,} of {len(customers):,} customers")
    _check_counts(outlets, len(customers))
    return counts


def write_cohorts(outlets: Sequence[SinkWriter], rows: pa.Table) -> None:
    """Write the table of cohorts to the sinks that get it, and check how many rows arrived.

    Raises
    ------
    StoreUnreachable
        When a sink has another number of rows.
    """
    outlets = [outlet for outlet in outlets if outlet.content == "cohorts"]
    _write(outlets, rows)
    _check_counts(outlets, len(rows))


def _check_counts(outlets: Sequence[SinkWriter], expected: int) -> None:
    """Count the rows of the staged tables, and record a fault of every sink that has another number than expected."""
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.rows = outlet.stage.count()
                if outlet.rows != expected:
                    raise StoreUnreachable(
                        f"{outlet.name}: {outlet.rows:,} of {expected:,} rows arrived; nothing was published."
                    )


def _write(outlets: Sequence[SinkWriter], rows: pa.Table) -> None:
    """Append rows to the staged table of every pending sink."""
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.stage.write(rows)

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
from clvmodels.scoring import chunks
from clvmodels.scoring.chunks import Customers, Stamp
from clvmodels.scoring.events import Tell
from clvmodels.scoring.evidence import Tally
from clvmodels.scoring.sections import Predictions
from clvmodels.scoring.stores import Place, Stage

__all__ = ["Counted", "Outlet", "score_all", "staged"]


@dataclass(slots=True)
class Outlet:
    """A sink during a run.

    Attributes
    ----------
    name : str
    place : Place or None
        None where it could not be reached to begin with.
    done : bool
        Whether the run's table is published there.
    fault : str or None
        Why it could not be reached; it is left out from then on.
    stage : Stage or None
    rows : int
        Counted in the staged table.
    """

    name: str
    place: Place | None
    done: bool = False
    fault: str | None = None
    stage: Stage | None = None
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
class Counted:
    """What a run is made of, added up over the blocks in their order."""

    customers: int = 0
    refused: int = 0
    new_since_fit: int = 0
    not_yet_bought: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    tally: Tally | None = None

    def add(self, rows: pa.Table, tally: Tally) -> None:
        """Count a block."""
        self.customers += len(rows)
        self.new_since_fit += pc.sum(rows["new_since_fit"]).as_py() or 0
        self.not_yet_bought += pc.sum(rows["not_yet_bought"]).as_py() or 0
        for told in pc.value_counts(rows["reason"].drop_null()).to_pylist():
            self.refused += told["counts"]
            self.reasons[told["values"]] = self.reasons.get(told["values"], 0) + told["counts"]
        for name in rows.column_names:
            if name.startswith(chunks.QUANTITIES) and not name.endswith(chunks.ENDS):  # a sum of ends is none
                values = rows[name].to_numpy()
                self.totals[name] = self.totals.get(name, 0.0) + float(np.nansum(values))
        self.tally = tally if self.tally is None else self.tally + tally


@contextlib.contextmanager
def staged(outlets: Sequence[Outlet], run_id: str, schema: pa.Schema) -> Iterator[None]:
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
    customers: Customers,
    predictions: Predictions,
    stamp: Stamp,
    schema: pa.Schema,
    outlets: Sequence[Outlet],
    at_once: int,
    since_last: int,
    tell: Tell,
) -> Counted:
    """Score every customer, write the rows to the staged tables, and reconcile what arrived.

    Raises
    ------
    StoreUnreachable
        When a sink holds another number of rows than there are customers: a fault of the store.
    """
    counted, held = Counted(), list[pa.Table]()
    each = max(1, at_once // chunks.BLOCK)
    for block in chunks.blocks(customers):
        rows = chunks.score(model, block, predictions, stamp, schema)
        # Gates look at those who have a history that the model can read.
        judged = block.bought & ~rows["probability_alive"].is_null().to_numpy()
        tally = Tally.of(
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


def _write(outlets: Sequence[Outlet], rows: pa.Table) -> None:
    for outlet in outlets:
        if outlet.pending and outlet.stage is not None:
            with outlet.trying():
                outlet.stage.write(rows)

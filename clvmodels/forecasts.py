"""What was known at a cut, in any window before it: what rivals and the challenger learn from, and nothing later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.transactions.holdout import Holdout, split_at
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["KnownHistory"]


@dataclass(frozen=True, slots=True, eq=False)
class KnownHistory:
    """The purchases of a log up to a cut.

    Attributes
    ----------
    record : Purchases
        The log, or only what was known of it at the cut.
    cut : int
        Last tick known.
    include_first_transaction, intertimes : bool
        How the log is summarized.
    attributes : frame, or function of a date (ISO text), optional
        Attributes of customers; of the function, as they were known on that date.
    later : Purchases or None
        The log from which is told what came after the cut; None: the record.
    """

    record: PurchaseLog
    cut: int
    include_first_transaction: bool = False
    intertimes: bool = False
    attributes: Any = None
    later: PurchaseLog | None = None

    @property
    def length(self) -> int:
        """Ticks from the first purchase of all to the cut."""
        return self.cut - self.record.first_tick

    @property
    def has_money(self) -> bool:
        return self.record.paid is not None

    def repeated(self, since: int, until: int, *, spent: bool = False) -> Array:
        """Repeat purchases, or the money spent in them, in (since, until] of each customer known at the cut, (n,)."""
        self._refuse_later(until)
        known = self.record.first <= self.cut
        begin = np.maximum(self.record.up_to(since), self.record.start[:-1] + 1)[known]
        end = np.maximum(self.record.up_to(until)[known], begin)
        return money(self.record.spent(begin, end)) if spent else (end - begin).astype(float)

    def known_at(self, tick: int) -> npt.NDArray[np.bool_]:
        """Which of the customers known at the cut were known at an earlier tick, (n,)."""
        self._refuse_later(tick)
        first = self.record.first
        return first[first <= self.cut] <= tick

    def earlier(self, cut: int) -> KnownHistory:
        """What was known at an earlier cut; what came after that is told as it was known at this one."""
        self._refuse_later(cut)
        return replace(self, cut=cut, later=None)

    def thinned(self, most: int) -> KnownHistory:
        """The same of every second, third ... customer known at the cut, so that they are no more than so many."""
        known = np.flatnonzero(self.record.first <= self.cut)
        if len(known) <= most:
            return self
        rows = known[:: -(-len(known) // most)]
        return replace(self, record=self.record.of(rows))

    def followed(self, until: int) -> Holdout:
        """The customers known at the cut, and what they did up to a later tick: the one step beyond the cut."""
        how = (self.include_first_transaction, self.intertimes)
        split = split_at(self.record, self.cut, until, *how, later=self.later)
        if self.attributes is None:
            return split
        known = self.attributes(split.calibration_end) if callable(self.attributes) else self.attributes
        return split.with_columns(known)

    def _refuse_later(self, tick: int) -> None:
        if tick > self.cut:
            raise AssertionError(f"tick {tick} is after the cut, {self.cut}, and was not known")

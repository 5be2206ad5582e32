"""What was known of a log at a cutoff: forecasters learn from it, and cannot see anything later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from clvmodels.processes.contract import Array
from clvmodels.transactions.amounts import money
from clvmodels.transactions.holdout import Holdout, split_at
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["ForecasterIdentity", "ForecasterKind", "KnownHistory"]

ForecasterKind = Literal["process", "rule", "boosted_trees", "blend", "spend"]


@dataclass(frozen=True, slots=True)
class ForecasterIdentity:
    """Who makes a forecast: the id by which code recognizes it, and the title that people read.

    Attributes
    ----------
    id : str
        Such as "bgnbd", "bgnbd+gamma_gamma" or "own_rate"; the same at every cutoff.
    title : str
        Used for drawing and printing only.
    kind : {"process", "rule", "boosted_trees", "blend", "spend"}
        "spend" is a spend model by itself, which has parameters and no forecasts of its own.
    process, spend : str or None
        Ids of the purchase process and the spend model that the forecast is made with.
    """

    id: str
    title: str
    kind: ForecasterKind
    process: str | None = None
    spend: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KnownHistory:
    """The purchases of a log up to a cutoff.

    Attributes
    ----------
    log : PurchaseLog
        The log, or only what was known of it at the cutoff.
    cutoff : int
        The last tick that is known.
    include_first_transaction, intertimes : bool
        How the log is summarized.
    attributes : frame, or function of a date (ISO text), optional
        Attributes of customers; a function returns what was known on a date.
    later : PurchaseLog or None
        The log with what happened after the cutoff; None means `log`.
    """

    log: PurchaseLog
    cutoff: int
    include_first_transaction: bool = False
    intertimes: bool = False
    attributes: Any = None
    later: PurchaseLog | None = None

    @property
    def length(self) -> int:
        """Ticks from the first purchase in the log to the cutoff."""
        return self.cutoff - self.log.first_tick

    @property
    def has_money(self) -> bool:
        return self.log.paid is not None

    def repeated(self, since: int, until: int, *, spent: bool = False) -> Array:
        """Return repeat purchases, or money spent in them, in (since, until] of each customer at the cutoff, (n,)."""
        self._refuse_later(until)
        customers = self.log.first <= self.cutoff
        begin = np.maximum(self.log.up_to(since), self.log.start[:-1] + 1)[customers]
        end = np.maximum(self.log.up_to(until)[customers], begin)
        return money(self.log.spent(begin, end)) if spent else (end - begin).astype(float)

    def known_at(self, tick: int) -> npt.NDArray[np.bool_]:
        """Return which of the customers at the cutoff had bought by an earlier tick, (n,)."""
        self._refuse_later(tick)
        first = self.log.first
        return first[first <= self.cutoff] <= tick

    def earlier(self, cutoff: int) -> KnownHistory:
        """Return what was known at an earlier cutoff; what happened after it is taken as known at this one."""
        self._refuse_later(cutoff)
        return replace(self, cutoff=cutoff, later=None)

    def thinned(self, most: int) -> KnownHistory:
        """Return the history of every second, third, ... customer, so that there are at most `most`."""
        customers = np.flatnonzero(self.log.first <= self.cutoff)
        if len(customers) <= most:
            return self
        rows = customers[:: -(-len(customers) // most)]
        return replace(self, log=self.log.of(rows))

    def followed(self, until: int) -> Holdout:
        """Return the customers at the cutoff and what they did up to a later tick: the only look beyond the cutoff."""
        how = (self.include_first_transaction, self.intertimes)
        split = split_at(self.log, self.cutoff, until, *how, later=self.later)
        if self.attributes is None:
            return split
        attributes = self.attributes(split.calibration_end) if callable(self.attributes) else self.attributes
        return split.with_columns(attributes)

    def _refuse_later(self, tick: int) -> None:
        if tick > self.cutoff:
            raise AssertionError(f"tick {tick} is after the cutoff {self.cutoff} and was not known then")

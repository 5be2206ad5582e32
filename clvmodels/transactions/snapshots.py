"""A log as it was known on a day, where what was learned later changed it, and as it is known now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.transactions.log import LATEST, MissingId
from clvmodels.transactions.purchase_log import PurchaseLog, purchases_of

__all__ = ["CleanedLog", "LogSource", "SnapshotReader"]


class CleanedLog:
    """The result of cleaning a log; its `transactions` are what a summary reads."""

    __slots__ = ()
    transactions: frames.Frame


LogTable = frames.Frame | str | Path
LogSource = LogTable | Callable[[str], LogTable | CleanedLog]
"""A log, or a function that gives the log as it was known on a day, told as ISO text."""


@dataclass(frozen=True, slots=True)
class SnapshotReader:
    """A log and how it is read, once or as of a day.

    Attributes
    ----------
    log : frame, path, or function of a day
        The function is given `LATEST` for all that is known now.
    clock : Clock
    customer_id, date, amount, date_format, on_missing_id
        As for `rfm_summary`.
    """

    log: LogSource
    clock: Clock
    customer_id: str
    date: str
    amount: str | None
    date_format: str | None
    on_missing_id: MissingId

    @property
    def changes(self) -> bool:
        """Whether the log is another one on each day."""
        return callable(self.log)

    def whole(self) -> PurchaseLog:
        """The log as it is known now."""
        return self._read(LATEST)

    def at(self, cut: int) -> PurchaseLog:
        """The log as it was known at tick `cut`, of a function.

        Raises
        ------
        InvalidOption
            When it holds what came later.
        """
        day = self.clock.describe_tick(cut)
        record = self._read(day)
        if record.last_tick > cut:
            raise InvalidOption(
                f"log({day!r}) gave rows up to {self.clock.describe_tick(record.last_tick)}, which nobody could know "
                f"then: leave out what is later before cleaning, as clean(..., until={day!r}) does."
            )
        return record

    def misses_its_day(self, known: PurchaseLog, whole: PurchaseLog, cut: int) -> str | None:
        """A warning where the log as known at a cut lacks the cut's own day, as `date <= day` makes moments do."""
        if not self.changes or known.last_tick >= cut or cut not in whole.rows_by_tick[0]:
            return None
        return (
            f"The log as known on {self.clock.describe_tick(cut)} has no row of that {self.clock.merge_within}, and "
            "the log as known now has some: are they left out?"
        )

    def _read(self, day: str) -> PurchaseLog:
        log = self.log(day) if callable(self.log) else self.log
        if isinstance(log, CleanedLog):
            log = log.transactions
        return purchases_of(
            log, self.clock, self.customer_id, self.date, self.amount, self.date_format, self.on_missing_id
        )

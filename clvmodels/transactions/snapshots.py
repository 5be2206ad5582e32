"""Read a log as it was known on a day, before later refunds and corrections, and as it is known now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clvmodels import frames
from clvmodels.clock import Clock
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding
from clvmodels.transactions.ids import MissingIds
from clvmodels.transactions.log import LATEST, MissingId
from clvmodels.transactions.purchase_log import PurchaseLog, purchases_of
from clvmodels.transactions.stray_dates import PeriodArguments

__all__ = ["CleanedLog", "LogSource", "LogTable", "SnapshotReader"]


class CleanedLog:
    """The result of cleaning a log; a summary reads its `transactions`."""

    __slots__ = ()
    transactions: frames.Frame


LogTable = frames.Frame | str | Path
LogSource = LogTable | Callable[[str], LogTable | CleanedLog]
"""A log, or a function that returns the log as it was known on a day (ISO text)."""


@dataclass(frozen=True, slots=True)
class SnapshotReader:
    """A log and how to read it, once or as it was known on a day.

    Attributes
    ----------
    log : frame, path, or function of a day
        A function is called with `LATEST` for the log as it is known now.
    clock : Clock
    customer_id, date, amount, date_format, on_missing_id, missing_ids
        As for `rfm_summary`.
    """

    log: LogSource
    clock: Clock
    customer_id: str
    date: str
    amount: str | None
    date_format: str | None
    on_missing_id: MissingId
    missing_ids: MissingIds = None

    @property
    def changes(self) -> bool:
        """Whether the log depends on the day as of which it is read."""
        return callable(self.log)

    def whole(self, period: PeriodArguments | None = None) -> PurchaseLog:
        """Return the log as it is known now; arguments and errors are those of `purchases_of`."""
        return self._read(LATEST, period)

    def at(self, cutoff: int) -> PurchaseLog:
        """Return the log as it was known at tick `cutoff`.

        Raises
        ------
        InvalidOption
            If the log has later rows.
        """
        day = self.clock.describe_tick(cutoff)
        log = self._read(day)
        if log.last_tick > cutoff:
            raise InvalidOption(
                f"log({day!r}) returned rows up to {self.clock.describe_tick(log.last_tick)}, which were not known "
                f"then: leave out later rows before cleaning, as clean(..., until={day!r}) does."
            )
        return log

    def missing_cutoff_day(self, snapshot: PurchaseLog, whole: PurchaseLog, cutoff: int) -> Finding | None:
        """Return a finding if the log as known at a cutoff lacks the day of the cutoff, which the whole log has.

        A function that filters timestamps by `date <= day` makes this mistake.
        """
        if not self.changes or snapshot.last_tick >= cutoff or cutoff not in whole.rows_by_tick[0]:
            return None
        figures = {"day": self.clock.describe_tick(cutoff), "period": self.clock.merge_within}
        return Finding("log-misses-cutoff-day", figures, "caution")

    def _read(self, day: str, period: PeriodArguments | None = None) -> PurchaseLog:
        log = self.log(day) if callable(self.log) else self.log
        if isinstance(log, CleanedLog):
            log = log.transactions
        return purchases_of(
            log,
            self.clock,
            self.customer_id,
            self.date,
            self.amount,
            self.date_format,
            self.on_missing_id,
            self.missing_ids,
            period=period,
        )

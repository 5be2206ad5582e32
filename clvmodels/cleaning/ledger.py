"""The ledger of cleaning: what each rule did with rows and money, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "KEPT", "ROWS_IN", "UNITS", "Entry", "LedgerTally", "ledger_table", "met"]

UNITS = 1_000_000  # money is counted in millionths, so that what is refunded adds up to what was bought
ROWS_IN, KEPT = "rows in", "kept"
COLUMNS = ("rule", "rows", "changed", "money", "example")


@dataclass(slots=True)
class Entry:
    """What one rule did.

    Attributes
    ----------
    rows : int
        Rows of the log it took out.
    changed : int
        Rows or orders it left in, with other money or a flag.
    units : int
        Money it took out, in millionths; refunds count as negative.
    examples : list of (sort key, words)
        The first by content.
    """

    rows: int = 0
    changed: int = 0
    units: int = 0
    examples: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    @property
    def example(self) -> str:
        """One row or order in words; empty where the rule met none."""
        return min(self.examples)[1] if self.examples else ""


class LedgerTally:
    """Entries by rule, in the order applied, added up over parts of the log."""

    def __init__(self, rules: Iterable[str]) -> None:
        self.entries = {rule: Entry() for rule in rules}

    def add(
        self,
        rule: str,
        rows: int = 0,
        units: int = 0,
        changed: int = 0,
        example: tuple[tuple[str, ...], str] | None = None,
    ) -> None:
        """Add what a rule did with a part of the log."""
        entry = self.entries[rule]
        entry.rows, entry.units, entry.changed = entry.rows + rows, entry.units + units, entry.changed + changed
        if example is not None:
            entry.examples = [min([*entry.examples, example])]

    def set_aside(self) -> tuple[int, int]:
        """Rows and units taken out by all rules."""
        taken = [entry for rule, entry in self.entries.items() if rule not in (ROWS_IN, KEPT)]
        return sum(entry.rows for entry in taken), sum(entry.units for entry in taken)


def ledger_table(entries: dict[str, Entry], has_money: bool) -> pd.DataFrame:
    """The ledger as a table: columns rule, rows, changed, money (missing without money), example."""
    import pandas as pd

    rows = [
        (rule, entry.rows, entry.changed, entry.units / UNITS if has_money else float("nan"), entry.example)
        for rule, entry in entries.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def met(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger without the rules that met nothing; rows in and kept always stand."""
    ends = ledger["rule"].isin([ROWS_IN, KEPT])
    return ledger[ends | (ledger["rows"] != 0) | (ledger["changed"] != 0)]

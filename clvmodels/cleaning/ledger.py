"""The ledger of cleaning: what each rule did with rows and money, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clvmodels.cleaning.ledger_rules import KEPT, ROWS_IN, current_code, describe_rule

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "UNITS", "Entry", "LedgerTally", "applied_rules", "ledger_table", "with_current_codes"]

UNITS = 1_000_000  # per unit of money: sums of integers of millionths are exact
COLUMNS = ("rule", "description", "rows", "changed", "money", "example")

Example = tuple[tuple[str, ...], str]  # a sort key and the text


@dataclass(slots=True)
class Entry:
    """What one rule did.

    Attributes
    ----------
    rows : int
        Rows of the log that it set aside or merged.
    changed : int
        Rows or orders that stayed, with a different amount or a flag.
    units : int
        Money that it removed, in millionths; refunds count as negative.
    examples : list of (sort key, text)
        The first example in the order of the rows' content.
    """

    rows: int = 0
    changed: int = 0
    units: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def example(self) -> str:
        """One row or order as text; empty if the rule matched none."""
        return min(self.examples)[1] if self.examples else ""


class LedgerTally:
    """Entries by rule, in the order applied, added up over the partitions of a log."""

    def __init__(self, rules: Iterable[str]) -> None:
        self.entries = {rule: Entry() for rule in rules}

    def add(self, rule: str, rows: int = 0, units: int = 0, changed: int = 0, example: Example | None = None) -> None:
        """Add what a rule did in one partition of the log."""
        entry = self.entries[rule]
        entry.rows, entry.units, entry.changed = entry.rows + rows, entry.units + units, entry.changed + changed
        if example is not None:
            entry.examples = [min([*entry.examples, example])]


def ledger_table(entries: Mapping[str, Entry], has_money: bool) -> pd.DataFrame:
    """Return the ledger as a table with the columns of `COLUMNS`; money is missing if the log has none."""
    import pandas as pd

    rows = [
        (
            rule,
            describe_rule(rule),
            entry.rows,
            entry.changed,
            entry.units / UNITS if has_money else float("nan"),
            entry.example,
        )
        for rule, entry in entries.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def applied_rules(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger without the rules that matched no row; its first and last line always stay."""
    ends = ledger["rule"].isin([ROWS_IN, KEPT])
    return ledger[ends | (ledger["rows"] != 0) | (ledger["changed"] != 0)]


def with_current_codes(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return a ledger that names its rules by code and describes them, whichever version wrote it.

    Version 0.1.0 wrote a phrase in the column `rule`, and no description.
    """
    codes = [current_code(str(rule)) for rule in ledger["rule"]]
    table = ledger.drop(columns="description", errors="ignore").assign(rule=codes)
    table.insert(1, "description", [describe_rule(code) for code in codes])
    return table

"""Decide how to treat every status of a log: by the user's lists, by known words, or by asking the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from clvmodels import frames
from clvmodels.cleaning.ledger import UNITS
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.language import message
from clvmodels.transactions.statuses import (
    StatusMeaning,
    is_blank,
    meaning_of,
    normalize_status,
    unknown_statuses_fault,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUS_COLUMNS", "ClassifiedStatuses", "classify_counts", "classify_statuses"]

Treatment = Literal["counted", "void", "refund"]
Reason = Literal["listed", "known", "part", "amount_stated", "rows_of_refunds", "blank", "unknown"]
STATUS_COLUMNS = ("status", "rows", "money", "treatment", "reason", "why")
SHOWN = 10  # unknown statuses that a message lists
LISTS: Mapping[str, Treatment] = {"count_statuses": "counted", "void_statuses": "void", "refund_statuses": "refund"}


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One status of a log.

    Attributes
    ----------
    status : str or None
        As the log has it; None for rows without one.
    rows : int
    units : int or None
        Money of these rows in millionths, refunds negative; None if the log has no money.
    treatment : {"counted", "void", "refund"}
    reason : str
        "listed": by a rule of the user; "known": a known status; "part": a known word in it; "amount_stated": the
        order was refunded, and its row says how much; "rows_of_refunds": part of it was refunded, in rows of their own;
        "blank": the row has no status; "unknown": the meaning is not known.
    word : str
        The known status or word, normalized; for "listed", the rule.
    """

    status: str | None
    rows: int
    units: int | None
    treatment: Treatment
    reason: Reason
    word: str


@dataclass(frozen=True, slots=True)
class ClassifiedStatuses:
    """How the statuses of a log are treated.

    Attributes
    ----------
    entries : tuple of StatusEntry
        Most frequent first.
    unknown : tuple of StatusEntry
        Those that stop the run.
    void, void_unless_stated, refund : tuple of str
        Statuses, as the log has them, of rows that are not a sale; of rows that are not unless the row itself states
        how much was refunded; and of rows that are refunds.
    """

    entries: tuple[StatusEntry, ...] = ()
    unknown: tuple[StatusEntry, ...] = ()
    void: tuple[str, ...] = ()
    void_unless_stated: tuple[str, ...] = ()
    refund: tuple[str, ...] = ()

    @property
    def is_void(self) -> nw.Expr:
        """Whether the status says that a row is not a sale."""
        unstated = nw.col("refund_units").is_null()
        return _status_in(self.void) | (_status_in(self.void_unless_stated) & unstated)

    @property
    def is_refund(self) -> nw.Expr:
        """Whether the status says that a row is a refund."""
        return _status_in(self.refund)

    def table(self) -> pd.DataFrame:
        """Return one row per status with the columns of `STATUS_COLUMNS`."""
        import pandas as pd

        rows = [
            (
                "" if each.status is None else each.status,
                each.rows,
                float("nan") if each.units is None else each.units / UNITS,
                each.treatment,
                each.reason,
                message(f"status-{each.reason.replace('_', '-')}", {"word": each.word}),
            )
            for each in self.entries
        ]
        return pd.DataFrame(rows, columns=list(STATUS_COLUMNS))

    def fault(self, column: str) -> str | None:
        """Return what is wrong with the statuses of a column and what to do; None if all are classified."""
        if not self.unknown:
            return None
        rows = sum(each.rows for each in self.unknown)
        return unknown_statuses_fault(column, rows, _list_statuses(self.unknown))

    def all_void(self, column: str) -> str:
        """Return an error for a log in which no status is a sale."""
        void = tuple(each for each in self.entries if each.treatment == "void")
        return (
            f"No row is a sale by its status in {column!r}: {_list_statuses(void)}. If some of them are, as with cash "
            "on delivery, name them in count_statuses= (in Python, a field of CleaningRules)."
        )


def classify_statuses(
    lazy: nw.LazyFrame[Any], columns: Mapping[str, str], rules: CleaningRules, has_money: bool
) -> ClassifiedStatuses:
    """Return how the statuses of a log are treated; the plan has `units` before any status changes their sign."""
    if "status" not in columns:
        return ClassifiedStatuses()
    return classify_counts(_count(lazy, columns), columns, rules, has_money)


def classify_counts(
    counts: Sequence[Mapping[str, Any]], columns: Mapping[str, str], rules: CleaningRules, has_money: bool
) -> ClassifiedStatuses:
    """Return how statuses are treated, from the rows and the money of each: see the result of `_count`."""
    counts = sorted(counts, key=lambda row: (-row["rows"], row["status"] or ""))
    refunds = "column" if "refunded" in columns else "rows" if any(row["negative"] for row in counts) else None
    entries, unknown = [], []
    lists: dict[str, list[str]] = {"void": [], "void_unless_stated": [], "refund": []}
    for row in counts:
        entry = _entry(row, rules, refunds, has_money)
        entries.append(entry)
        if entry.reason == "unknown" and rules.unknown_statuses == "raise" and row["with_customer"]:
            unknown.append(entry)
        if entry.treatment != "counted" and entry.status is not None:
            stated = entry.treatment == "void" and entry.reason == "amount_stated"
            lists["void_unless_stated" if stated else entry.treatment].append(entry.status)
    return ClassifiedStatuses(tuple(entries), tuple(unknown), **{name: tuple(texts) for name, texts in lists.items()})


def _count(lazy: nw.LazyFrame[Any], columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return rows and money by status."""
    units = nw.col("units").cast(nw.Int128)
    negative = nw.col("units") < 0
    if "quantity" in columns:
        negative = negative | (nw.col("quantity") < 0).fill_null(False)
    rows = lazy.select(
        status=nw.col("status").cast(nw.String),
        with_customer=~nw.col("customer_id").is_null(),
        negative=negative.fill_null(False),
        positive=(~negative & (nw.col("units") > 0)).fill_null(False),
        units=units,
        size=units.abs(),
    )
    names = ("with_customer", "negative", "positive", "units", "size")
    counts = rows.group_by("status").agg(nw.len().alias("rows"), *(nw.col(name).sum() for name in names))
    return frames.collect(counts).rows(named=True)


def _entry(row: Mapping[str, Any], rules: CleaningRules, refunds: str | None, has_money: bool) -> StatusEntry:
    """Return how one status is treated; `refunds` says where the log states refunds: in a column or rows of its own."""
    treatment, reason, word = _treat(row, rules, refunds, has_money)
    units = None if not has_money else -row["size"] if treatment == "refund" else row["units"]
    return StatusEntry(row["status"], row["rows"], units, treatment, reason, word)


def _treat(
    row: Mapping[str, Any], rules: CleaningRules, refunds: str | None, has_money: bool
) -> tuple[Treatment, Reason, str]:
    """Return the treatment of one status, its reason, and the word or rule that decided."""
    status = row["status"]
    text = "" if status is None else normalize_status(status)
    for rule, treatment in LISTS.items():
        if text and text in map(normalize_status, getattr(rules, rule)):
            return treatment, "listed", rule
    if is_blank(status):
        return "counted", "blank", ""
    recognized = meaning_of(status)
    decided = None if recognized is None else _decide(recognized, refunds, has_money, bool(row["positive"]))
    if recognized is None or decided is None:
        return ("void" if rules.unknown_statuses == "void" else "counted"), "unknown", ""
    return *decided, recognized.word


def _decide(
    recognized: StatusMeaning, refunds: str | None, has_money: bool, positive: bool
) -> tuple[Treatment, Reason] | None:
    """Return the treatment that the meaning of a status leads to, and why; None if the rows do not fit it.

    If part of a sale was refunded, the log must state how much. A refund with a positive amount may instead be a
    refunded order whose sale has no row of its own.
    """
    reason: Reason = "known" if recognized.whole else "part"
    if recognized.meaning == "sale":
        return "counted", reason
    if recognized.meaning == "refunded" and refunds == "column":
        return "void", "amount_stated"
    if recognized.meaning in ("void", "refunded") or (recognized.meaning == "refund" and not has_money):
        return "void", reason
    if recognized.meaning == "refund":
        return None if positive else ("refund", reason)
    if refunds is None:
        return None
    return "counted", "amount_stated" if refunds == "column" else "rows_of_refunds"


def _status_in(statuses: Iterable[str]) -> nw.Expr:
    """Return whether the status is one of those of the log."""
    return nw.col("status").cast(nw.String).is_in(list(statuses)).fill_null(False)


def _list_statuses(entries: tuple[StatusEntry, ...]) -> str:
    """Return statuses with their rows and money, as text."""
    texts = []
    for each in entries[:SHOWN]:
        money = "" if each.units is None else f", {each.units / UNITS:,.2f}"
        texts.append(f"{each.status!r} ({each.rows:,} {'row' if each.rows == 1 else 'rows'}{money})")
    more = len(entries) - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more else "")
